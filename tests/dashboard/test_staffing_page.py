"""The Staffing page on a real database: a fortnight with a storm, choices in the address, overrides, and what is not there said in a sentence."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import loader as loader_module, staffing_editing, staffing_forms, staffing_upload
from dashboard.editing import NotKept
from sql.settings import settings
from tests.dashboard import staffing_sample

PAGE = Path(loader_module.__file__).parent / "page.py"
HOSTILE = "<img src=x onerror=alert(1)> *parade*"


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    st.cache_data.clear()


@pytest.fixture
def connection(database: str, in_process: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with a planner's fortnight and a schedule in it."""
    zone = settings().zone
    with psycopg.connect(database) as found:
        staffing_sample.fill(found, datetime.now(UTC), zone)
        staffing_sample.schedule(found, datetime.now(UTC), zone)
        yield found


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.run()
    app.switch_page("views/staffing.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def figures(app: AppTest) -> dict[str, Any]:
    given = [json.loads(node.proto.json or "{}") for node in app.get("bidi_component")]
    return {data["part"]: data["message"]["figures"][data["part"]] for data in given}


def test_the_whole_page(connection: psycopg.Connection[Any]) -> None:
    app = page()
    shown = figures(app)
    assert shown["staffing_verdict"]["title"].startswith("**Short on ")
    assert "No schedule for" in shown["staffing_verdict"]["title"]
    assert int(shown["staffing_short"]["value"]) > 0
    assert shown["staffing_worst"]["status"] == "act"
    assert shown["staffing_error"]["status"] == "ok"
    assert len(shown["staffing_heat"]["rows"]) == 14
    assert [row["name"] for row in shown["staffing_weathers"]["rows"]] == ["No storm", "As forecast"]
    assert len(shown["staffing_scores"]["rows"]) >= 3
    assert "held back" in shown["staffing_known"]["note"]
    assert len(app.get("vega_lite_chart")) == 3
    assert {"Plan", "Gaps", "Whom to call in", "Forecast scores"} <= {button.proto.label for button in app.get("download_button")}


def test_the_address_chooses_queue_chance_day_and_weather(connection: psycopg.Connection[Any]) -> None:
    storm = figures(page(queue="spanish"))
    calm = figures(page(queue="spanish", weather="no storm", chance="0.5"))
    assert int(calm["staffing_short"]["value"]) < int(storm["staffing_short"]["value"])
    assert "Shown is **No storm**" in calm["staffing_verdict"]["title"]
    days = [row["day"] for row in storm["staffing_heat"]["rows"]]
    other = figures(page(queue="spanish", day=days[5]))
    assert [row["day"] for row in other["staffing_heat"]["rows"] if row["picked"]] == [days[5]]
    assert all("queue=spanish" in row["href"] for row in storm["staffing_gaps"]["rows"])
    assert page(queue="<b>", chance="x", day="y", scenario="999", weather="z")


def test_an_upload_is_seen_at_once_and_audited(connection: psycopg.Connection[Any]) -> None:
    before = figures(page())
    zone: ZoneInfo = settings().zone
    day = before["staffing_heat"]["rows"][4]["day"]
    content = "queue,date,start,end,people\n" + "".join(f"{queue},{day},07:00,20:00,400\n" for queue, *_ in staffing_sample.QUEUES)
    slots = staffing_upload.parse(content.encode(), {queue for queue, *_ in staffing_sample.QUEUES}, zone)
    staffing_editing.keep_schedule(slots, "more.csv", " Ann\n")
    after = figures(page())
    assert int(after["staffing_short"]["value"]) < int(before["staffing_short"]["value"])
    assert all(cell[0] == "" for cell in after["staffing_heat"]["rows"][4]["cells"])
    assert (after["staffing_uploads"]["rows"][0]["name"], after["staffing_uploads"]["rows"][0]["who"]) == ("more.csv", "Ann")
    kept = connection.execute("SELECT who, what, after ->> 'half_hours' FROM audit").fetchall()
    assert kept == [("Ann", "schedule_upload", str(len(slots)))]
    told = connection.execute(
        "SELECT count(*), min(agents) FROM schedule JOIN schedule_upload USING (upload_id) WHERE file_name = 'more.csv'"
    )
    assert told.fetchone() == (26 * 8, 400)


def test_an_override_is_kept_shown_as_text_and_withdrawn_once(connection: psycopg.Connection[Any], database: str) -> None:
    with psycopg.connect(database, autocommit=True) as service:
        service.execute("LISTEN city311_forecasting")
        app = page()
        before = figures(app)
        app.text_input(key="staffing_override_0_reason").set_value(HOSTILE)
        button = next(one for one in app.button if one.label == "Override")
        button.click().run()
        assert any("your name is missing" in one.value for one in app.text)
        app.text_input(key="staffing_override_0_who").set_value("Ann")
        app.number_input(key="staffing_override_0_percent").set_value(300)
        next(one for one in app.button if one.label == "Override").click().run()
        assert not app.exception
        after = figures(app)
        assert after["staffing_overrides"]["rows"][0]["reason"] == HOSTILE
        assert int(after["staffing_short"]["value"]) > int(before["staffing_short"]["value"])
        staffing_editing.withdraw(1, "Bo")
        with pytest.raises(NotKept, match="somebody else has withdrawn it"):
            staffing_editing.withdraw(1, "Cy")
        heard = [(note.channel, note.payload) for note in service.notifies(timeout=0.5)]
    assert heard == [("city311_forecasting", "schedule")] * 2
    assert figures(page())["staffing_short"]["value"] == before["staffing_short"]["value"]
    assert connection.execute("SELECT who, before IS NULL FROM audit ORDER BY audit_id").fetchall() == [("Ann", True), ("Bo", False)]


def test_a_service_that_does_not_answer_is_a_sentence(connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staffing_forms, "ANSWER_SECONDS", 0.2)
    app = page()
    app.button(key="staffing_preset").click().run()
    assert not app.exception
    assert any("has not answered within 0.2 s: start `python -m forecasting serve`" in one.value for one in app.text)
    asked = connection.execute(
        "SELECT kind, snow_inches, hours, extract(isodow FROM onset_at AT TIME ZONE %s) FROM scenario", (settings().city_timezone,)
    )
    assert asked.fetchall()[-1] == ("snow", 12.0, 12.0, 6)


@pytest.mark.usefixtures("in_process")
def test_without_a_forecast_the_page_says_how_to_make_one() -> None:
    app = page()
    assert figures(app)["staffing_verdict"]["title"].startswith("**No forecast yet.** `python -m forecasting serve`")
    assert any("Upload a schedule" in expander.label for expander in app.expander)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        pytest.param({"reason": " \n"}, "the reason is missing", id="no reason"),
        pytest.param({"who": ""}, "your name is missing", id="nobody"),
        pytest.param({"to_at": datetime(2026, 11, 24, tzinfo=UTC)}, "its end is not after its beginning", id="backwards"),
        pytest.param({"to_at": datetime(2027, 11, 24, tzinfo=UTC)}, "lasts more than 60 days", id="too long"),
        pytest.param({"factor": 0.0}, "0% of the forecast", id="nothing at all"),
        pytest.param({"factor": 21.0}, "2100% of the forecast. Write more than 0 and at most 2000", id="too much"),
    ],
)
def test_an_override_that_is_not_kept(typed: dict[str, Any], says: str) -> None:
    start = datetime(2026, 11, 25, tzinfo=UTC)
    usual = {"queue": "*", "from_at": start, "to_at": start.replace(hour=3), "factor": 1.2, "reason": "parade", "who": "Ann"}
    with pytest.raises(NotKept, match=says):
        staffing_editing.add_override(staffing_editing.Override(**usual | typed))


def test_a_database_that_is_away_is_a_sentence(database_away: str) -> None:
    assert any(f"{database_away} cannot be used" in one.value for one in page().text)
