"""The Incident page on a real database: from an alert to an incident, its lifelines, answers and log, and words that are never markup."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import incident_editing, incident_log, incident_page, loader as loader_module
from sql.settings import settings

PAGE = Path(loader_module.__file__).parent / "page.py"
HOSTILE = "=cmd() <script>alert(1)</script> **bold** [x](javascript:alert(1))"
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    st.cache_data.clear()


@pytest.fixture
def connection(database: str, in_process: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with a winter storm warning and searches in vain in it."""
    with psycopg.connect(database, autocommit=True) as found:
        found.execute(
            "INSERT INTO alert (alert_id, source, sent_at, onset_at, expires_at, ends_at, status, message_type, event, severity, headline, area_desc,"
            " zones, version) VALUES ('a1', 'nws/alerts', %s, %s, %s, %s, 'Actual', 'Alert', 'Winter Storm Warning', 'Severe', %s, 'North; South', '{PAZ071}', '1')",
            (NOW - 3 * HOUR, NOW - 2 * HOUR, NOW + 12 * HOUR, NOW + 12 * HOUR, HOSTILE),
        )
        for term, times in (("bulk pickup", 3), ("plow", 2), (HOSTILE, 1)):
            for number in range(times):
                found.execute(
                    "INSERT INTO search (search_id, performed_at, term, answers, source) VALUES (%s, %s, %s, 0, 'web')",
                    (f"{term}{number}", NOW - HOUR, term),
                )
        yield found


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.run()
    app.switch_page("views/incident.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def figures(app: AppTest) -> dict[str, Any]:
    given = [json.loads(node.proto.json or "{}") for node in app.get("bidi_component")]
    return {data["part"].removeprefix("desk_"): data["message"]["figures"][data["part"]] for data in given}


def of_form(app: AppTest, kind: str, form: str, ends: str) -> Any:
    """The one widget of a form."""
    found = [one for one in app.get(kind) if one.key and one.key.startswith(f"incident_{form}_") and one.key.endswith(ends)]
    assert len(found) == 1, [one.key for one in app.get(kind)]
    return found[0]


def press(app: AppTest, label: str) -> AppTest:
    next(one for one in app.button if one.label == label).click().run()
    assert not app.exception, app.exception[0].message
    return app


def says(app: AppTest, words: str) -> bool:
    return any(words in one.value for one in app.text)


def opened(**changed: Any) -> int:
    """An incident that somebody else has opened."""
    typed: dict[str, Any] = {
        "name": "Anna",
        "level": "Monitoring",
        "onset_at": NOW - 2 * HOUR,
        "areas": "North",
        "reason": "snow",
        "who": "Bo",
    } | changed
    return incident_editing.open_incident(incident_editing.Typed(**typed), "snow", None, settings().levels, NOW)


def test_an_alert_suggests_an_incident_which_opens_only_when_a_person_says_so(connection: psycopg.Connection[Any]) -> None:
    began = datetime.now(UTC)
    app = page()
    assert figures(app)["incident_verdict"]["title"] == "**No incident is open**. One alert suggests one."
    assert "incident_lifelines" not in figures(app)
    press(app, "Open as incident")
    assert connection.execute("SELECT count(*) FROM incident").fetchone() == (0,)
    assert says(app, "From the alert: Winter Storm Warning, severe: snow")
    assert of_form(app, "text_input", "open", "_areas").value == "North; South"
    assert of_form(app, "text_input", "open", "_reason").value == HOSTILE
    press(app, "Open the incident")
    assert says(app, "Not kept: your name is missing.")
    of_form(app, "text_input", "open", "_name").set_value("**Anna** <b>")
    of_form(app, "text_input", "open", "_who").set_value("Ann")
    press(app, "Open the incident")
    assert says(app, "Opened **Anna** <b>.")
    kept = connection.execute("SELECT name, kind, level, areas, alert_id, onset_at, opened_by FROM incident").fetchone()
    assert kept == ("**Anna** <b>", "snow", "Monitoring", ["North", "South"], "a1", NOW - 2 * HOUR, "Ann"), "the onset to the second"
    shown = figures(app)
    minutes = [int((at - NOW).total_seconds() // 60) for at in (began, datetime.now(UTC))]
    told = re.match(r"\*\*Anna <b>\*\*: Monitoring, \*\*T\+(\d+):(\d\d)\*\*", shown["incident_verdict"]["title"])
    assert told
    assert minutes[0] <= 60 * (int(told[1]) - 2) + int(told[2]) <= minutes[1]
    assert shown["incident_lifelines"]["rows"][0]["name"] == "Safety and security"
    assert "Open as incident" not in [one.label for one in app.button]
    assert connection.execute("SELECT who, what FROM audit").fetchall() == [("Ann", "incident")]


def test_the_level_changes_once_for_two_who_saw_the_same(connection: psycopg.Connection[Any]) -> None:
    number = opened()
    app = page()
    seen = incident_page.whole(number).incident
    assert seen is not None
    typed = incident_editing.Typed(name="Anna", level="Partial activation", onset_at=seen.onset_at, areas="North", reason="more", who="Cy")
    incident_editing.change_incident(seen, typed, None, (), NOW)
    of_form(app, "selectbox", "change", "_level").set_value("Full activation")
    of_form(app, "text_input", "change", "_reason").set_value("worse")
    of_form(app, "text_input", "change", "_who").set_value("Ann")
    press(app, "Keep the change")
    assert says(app, "Not kept: somebody else changed 'Anna' meanwhile.")
    assert of_form(app, "selectbox", "change", "_level").value == "Partial activation", "the form begins from the newest"
    of_form(app, "selectbox", "change", "_level").set_value("Full activation")
    of_form(app, "text_input", "change", "_reason").set_value(HOSTILE)
    of_form(app, "text_input", "change", "_who").set_value("Ann")
    press(app, "Keep the change")
    assert figures(app)["incident_verdict"]["title"].startswith("**Anna**: Full activation")
    changes = figures(app)["incident_changes"]["rows"]
    assert [(row["who"], row["level"], row["why"]) for row in changes] == [
        ("Ann", "Full activation", HOSTILE),
        ("Cy", "Partial activation", "more"),
        ("Bo", "Monitoring", "snow"),
    ]
    assert connection.execute("SELECT onset_at FROM incident").fetchone() == (NOW - 2 * HOUR,), "nobody touched it"


def test_an_incident_is_closed_looked_at_and_opened_again(connection: psycopg.Connection[Any]) -> None:
    number = opened()
    app = page()
    of_form(app, "text_input", "end", "_reason").set_value("it stopped")
    of_form(app, "text_input", "end", "_who").set_value("Ann")
    press(app, "Close the incident")
    assert figures(app)["incident_verdict"]["title"].startswith("**No incident is open**")
    app = page(incident=str(number))
    assert figures(app)["incident_verdict"]["title"].startswith("**Anna** is over since ")
    of_form(app, "text_input", "end", "_reason").set_value("it goes on")
    of_form(app, "text_input", "end", "_who").set_value("Ann")
    press(app, "Open it again")
    assert figures(app)["incident_verdict"]["title"].startswith("**Anna**: Monitoring")
    assert connection.execute("SELECT reason, ended_at IS NULL FROM incident_change ORDER BY change_id").fetchall() == [
        ("snow", True),
        ("it stopped", False),
        ("it goes on", True),
    ]


def test_a_lifeline_is_judged(connection: psycopg.Connection[Any]) -> None:
    opened()
    app = page()
    assert {row["status"] for row in figures(app)["incident_lifelines"]["rows"]} == {"unknown"}
    press(app, "Keep the judgement")
    assert says(app, "its status is missing")
    of_form(app, "selectbox", "lifeline", "_lifeline").set_value("Energy")
    of_form(app, "selectbox", "lifeline", "_status").set_value("unstable")
    of_form(app, "text_input", "lifeline", "_reason").set_value(HOSTILE)
    of_form(app, "text_input", "lifeline", "_who").set_value("Ann")
    press(app, "Keep the judgement")
    row = figures(app)["incident_lifelines"]["rows"][3]
    assert (row["name"], row["status"], row["state"]["text"], row["why"]) == ("Energy", "act", "Unstable", HOSTILE)
    assert "1 lifeline unstable." in figures(app)["incident_verdict"]["title"]


def test_an_answer_is_approved_found_changed_and_retired(connection: psycopg.Connection[Any]) -> None:
    app = page()
    assert [row["name"] for row in figures(app)["incident_asked"]["rows"]] == ["bulk pickup", "plow", HOSTILE.lower()]
    typed = {"question": "When?", "topic": "plowing", "search_words": "plow, snow plow", "owner": "Streets", "source": "plan", "who": "Ann"}
    for name, value in typed.items():
        of_form(app, "text_input", "answer", f"_{name}").set_value(value)
    of_form(app, "text_area", "answer", "_answer").set_value(f"First line\n{HOSTILE}")
    press(app, "Approve it")
    shown = figures(app)
    assert shown["approved_list"]["rows"][0]["answer"] == f"First line\n{HOSTILE}"
    assert [row["name"] for row in shown["incident_asked"]["rows"]] == ["bulk pickup", HOSTILE.lower()], "plow is answered now"
    app.text_input(key="incident_search").set_value("nothing of it").run()
    assert (figures(app)["approved_list"]["rows"], figures(app)["approved_list"]["empty"]) == ([], "No approved answer has these words.")
    app.text_input(key="incident_search").set_value("snow").run()
    assert len(figures(app)["approved_list"]["rows"]) == 1

    number = connection.execute("SELECT answer_id FROM approved_answer").fetchone()
    assert number is not None
    app.selectbox(key="incident_answer_which").set_value(number[0]).run()
    of_form(app, "text_area", "answer", "_answer").set_value("By Tuesday")
    press(app, "Keep this version")
    assert figures(app)["approved_list"]["rows"][0]["answer"] == "By Tuesday"
    versions = connection.execute("SELECT answer, verified_at, search_words FROM approved_answer ORDER BY version_id").fetchall()
    assert [one[0] for one in versions] == [f"First line\n{HOSTILE}", "By Tuesday"]
    assert versions[0][1] == versions[1][1], "nobody said that it was checked"
    assert versions[1][2] == ["plow", "snow plow"]
    press(app, "Retire this answer: nobody is to say it any more")
    assert figures(app)["approved_list"]["rows"] == []
    assert connection.execute("SELECT count(*) FROM audit WHERE what = 'approved_answer'").fetchone() == (3,)


def test_an_answer_past_its_review_shouts(connection: psycopg.Connection[Any]) -> None:
    params = {
        "topic": "t",
        "question": "Old?",
        "answer": "a",
        "search_words": [],
        "owner": "o",
        "source": "s",
        "retired": False,
        "who": "Ann",
    }
    write = "INSERT INTO approved_answer (answer_id, topic, question, answer, owner, source, verified_at, review_by, saved_by)"
    write += (
        " VALUES (nextval('approved_answer_number'), %(topic)s, %(question)s, %(answer)s, %(owner)s, %(source)s, %(at)s, %(by)s, %(who)s)"
    )
    connection.execute(write, params | {"at": NOW - 30 * HOUR, "by": NOW - 3 * HOUR})
    connection.execute(write, params | {"question": "Are we open?", "at": NOW - 30 * HOUR, "by": NOW + 30 * HOUR})
    told = figures(page())["approved_list"]
    assert [(row["question"], row["status"]) for row in told["rows"]] == [("Old?", "act"), ("Are we open?", "ok")]
    assert told["title"].startswith("**1 approved answer** past review")


def test_the_log_is_noted_corrected_marked_and_downloaded(connection: psycopg.Connection[Any]) -> None:
    number = opened()
    app = page()
    of_form(app, "text_area", "note", "_text").set_value(HOSTILE)
    of_form(app, "text_input", "note", "_who").set_value("=Ann")
    press(app, "Note it")
    assert says(app, "your position is missing")
    of_form(app, "selectbox", "note", "_position").set_value("Operations")
    press(app, "Note it")
    of_form(app, "text_area", "note", "_text").set_value("Stay at home")
    of_form(app, "text_input", "note", "_audience").set_value("All residents")
    of_form(app, "text_input", "note", "_channel").set_value("Web")
    press(app, "Note it")
    rows = figures(app)["incident_log"]["rows"]
    assert [(row["who"], row["position"], row["what"]) for row in rows] == [
        ("=Ann", "Operations", "To All residents by Web: Stay at home"),
        ("=Ann", "Operations", HOSTILE),
    ], "the name and the position are proposed again"

    first = connection.execute("SELECT min(entry_id) FROM activity_log").fetchone()
    assert first is not None
    app.selectbox(key="incident_amend_which").set_value(first[0]).run()
    of_form(app, "text_area", "amend", "_text").set_value("12 plows out")
    press(app, "Add the correction")
    app.radio(key="incident_amend_what").set_value("Mark it as significant").run()
    of_form(app, "text_area", "amend", "_text").set_value("the council asked")
    press(app, "Mark it")
    rows = figures(app)["incident_log"]["rows"]
    assert [(row["what"], row["mark"]) for row in rows[1:]] == [(HOSTILE, "Significant"), ("12 plows out", "Correction")]
    told = list(csv.DictReader(io.StringIO(incident_log.csv_text(incident_page.record(number), settings().zone))))
    assert [(one["kind"], one["text"]) for one in told] == [
        ("entry", f"'{HOSTILE}"),
        ("message", "Stay at home"),
        ("correction", "12 plows out"),
        ("promotion", "the council asked"),
    ]
    assert {one["recorded_by"] for one in told} == {"'=Ann"}
    assert "The log as CSV" in [button.proto.label for button in app.get("download_button")]


def test_an_alert_is_entered_updated_and_cancelled_by_hand(connection: psycopg.Connection[Any]) -> None:
    app = page()
    press(app, "Enter the alert")
    assert says(app, "the event is missing")
    of_form(app, "text_input", "alert", "_event").set_value("Flash Flood Warning")
    of_form(app, "text_input", "alert", "_area").set_value(HOSTILE)
    of_form(app, "text_input", "alert", "_zones").set_value("here")
    of_form(app, "text_input", "alert", "_who").set_value("Ann")
    press(app, "Enter the alert")
    assert says(app, "'HERE' is no zone or county")
    of_form(app, "text_input", "alert", "_zones").set_value("PAZ071")
    press(app, "Enter the alert")
    rows = figures(app)["incident_alerts"]["rows"]
    assert [(row["name"], row["areas"]) for row in rows if row["name"].startswith("Flash")] == [("Flash Flood Warning", HOSTILE)]
    assert figures(app)["incident_verdict"]["title"].endswith("2 alerts suggest one.")

    number = connection.execute("SELECT alert_id FROM alert WHERE entered_by = 'Ann'").fetchone()
    assert number is not None
    app.selectbox(key="incident_alert_what").set_value(f"Cancel {number[0]}").run()
    press(app, "Cancel the alert")
    assert [row["name"] for row in figures(app)["incident_alerts"]["rows"]] == ["Winter Storm Warning"]
    assert connection.execute("SELECT who, what FROM audit").fetchall() == [("Ann", "alert")] * 2


def test_no_words_of_people_are_markup(connection: psycopg.Connection[Any]) -> None:
    number = opened(name=HOSTILE, reason=HOSTILE, who="<b>Bo</b>")
    app = page(incident=str(number))
    for place in [*app.markdown, *app.title, *app.subheader, *app.caption, *app.expander, *app.button]:
        said = str(getattr(place, "value", None) or getattr(place, "label", ""))
        assert "script" not in said
        assert "javascript" not in said


@pytest.mark.parametrize("asked", ["<b>", "99999", "-1", "x" * 50])
def test_an_address_that_names_no_incident_shows_the_running_one(connection: psycopg.Connection[Any], asked: str) -> None:
    opened()
    assert figures(page(incident=asked))["incident_verdict"]["title"].startswith("**Anna**")


@pytest.mark.usefixtures("in_process")
def test_a_new_city_has_a_page_too() -> None:
    shown = figures(page())
    assert shown["incident_verdict"]["title"] == "**No incident is open**. No alert is known that suggests one: no feed brings alerts."
    assert shown["approved_list"]["empty"] == "No answer is approved yet."


def test_a_database_that_is_away_is_a_sentence(database_away: str) -> None:
    app = page()
    assert any(f"{database_away} cannot be used" in one.value for one in app.text)
    assert figures(app) == {}
