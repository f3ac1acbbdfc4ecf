"""From incidents, lifelines, the log and approved answers to what the Incident page says of them."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import approved_figures, incident_editing, incident_figures, incident_log, incident_posts, incident_session, lifeline_figures
from dashboard.alert_feeds import AlertFeed
from dashboard.approved_editing import lines
from dashboard.incident_rows import Answer, Change, Entry, Incident, IncidentDesk, Lifeline, Post, Suggestion, rows, shown
from dashboard.writing import NotKept

ZONE = ZoneInfo("America/New_York")
AT = datetime(2026, 1, 25, 20, 42, tzinfo=UTC)  # 15:42 in New York
HOUR = timedelta(hours=1)
ANNA = Incident(1, "Anna", "snow", "Full activation", AT - 18 * HOUR, None, "North", None, AT, "Ann", None, None)
LINE = Lifeline("Energy", "stable", "lights on", None, AT - HOUR, "Ann", 12, 3, 2)
ENTRY = Entry(5, AT, AT, "Ann", "Planning", "entry", "Plows out", None, None, False, None, None, None)
ANSWER = Answer(1, 1, "plowing", "When?", "Soon", "plow", "Streets", "plan", AT - HOUR, AT + 48 * HOUR, AT, "Ann", overdue=False)
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:alert(1)) =cmd()"
FEED = AlertFeed("Weather alerts", AT, 60)
DESK = IncidentDesk(AT, ZONE, ("Monitoring", "Full activation"), (ANNA,), ANNA, (), (), (), (LINE,), (), (), (), (), (), AT - HOUR, (FEED,))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "T+0:00"), (59, "T+0:59"), (1122, "T+18:42"), (6005, "T+100:05"), (-1, "T−0:01"), (-300, "T−5:00")],
)
def test_the_storm_clock(minutes: int, words: str) -> None:
    assert incident_figures.storm_clock(AT - timedelta(minutes=minutes), AT) == words


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({}, "**Anna**: Full activation, **T+18:00** (onset Sat, Jan 24, 21:42). Nothing is overdue.", id="runs"),
        pytest.param(
            {"lifelines": (replace(LINE, status="unstable", next_update_at=AT - HOUR), LINE), "answers": (replace(ANSWER, overdue=True),)},
            "1 lifeline unstable, 1 lifeline update overdue and 1 approved answer past review.",
            id="asks for somebody",
        ),
        pytest.param({"incident": None}, "**No incident is open**. No alert suggests one.", id="none"),
        pytest.param(
            {"incident": None, "alert_feeds": (replace(FEED, as_of=AT - HOUR),)},
            "**No incident is open**. No alert is known that suggests one: nothing from **Weather alerts** for 1 h 00 min.",
            id="none is heard",
        ),
        pytest.param({"incident": replace(ANNA, ended_at=AT - HOUR)}, "**Anna** is over since 14:42, after 17 h 00 min.", id="over"),
        pytest.param({"incident": replace(ANNA, name="**A** <b>")}, "**A <b>**: Full activation", id="stars of a name"),
        pytest.param({"incident": replace(ANNA, level="**Full**")}, "Anna**: Full, ", id="stars of a level"),
    ],
)
def test_the_verdict(changes: dict[str, Any], says: str) -> None:
    assert says in incident_figures.verdict(replace(DESK, **changes))["title"]


def test_another_open_incident_is_named() -> None:
    other = replace(ANNA, incident_id=2, name="Flood")
    assert incident_figures.verdict(replace(DESK, incidents=(ANNA, other)))["note"] == "Open too: Flood."
    assert shown((ANNA, replace(other, onset_at=AT)), None) == replace(other, onset_at=AT), "the running one that began last"
    assert shown((ANNA, other), 2) == other
    assert shown((replace(ANNA, ended_at=AT),), None) is None


def test_a_suggestion_in_words() -> None:
    one = Suggestion("a", "snow", "Winter Storm Warning", "Severe", HOSTILE, "Philadelphia", AT + HOUR, AT + 30 * HOUR, "Bo")
    first, second = incident_figures.suggestion_words(one, DESK)
    assert first == "Winter Storm Warning, severe: snow, onset 16:42, until Mon, Jan 26, 21:42"
    assert second == f"{HOSTILE}. Philadelphia. entered by Bo"


def test_changes_stand_newest_first_with_who_and_why() -> None:
    change = Change(1, AT, "Ann", "more snow", "Anna", "Full activation", AT - HOUR, None, "")
    board = incident_figures.change_board(replace(DESK, changes=tuple(replace(change, change_id=n) for n in range(10))))
    assert [row["key"] for row in board["rows"]] == ["9", "8", "7", "6", "5", "4", "3", "2"]
    assert board["note"] == "2 earlier changes more."
    assert board["rows"][0]["why"] == "more snow"


@pytest.mark.parametrize(
    ("status", "shape", "word"),
    [
        ("stable", "ok", "Stable"),
        ("stabilizing", "watch", "Stabilizing"),
        ("unstable", "act", "Unstable"),
        ("unknown", "unknown", "Unknown"),
    ],
)
def test_a_lifeline_has_shape_and_word(status: str, shape: str, word: str) -> None:
    row = lifeline_figures.board(replace(DESK, lifelines=(replace(LINE, status=status),)))["rows"][0]
    assert (row["status"], row["state"]) == (shape, {"mark": shape, "text": word})


def test_an_update_that_is_late_says_since_when_and_no_types_are_no_zero() -> None:
    late = replace(LINE, next_update_at=AT - timedelta(minutes=20))
    board = lifeline_figures.board(replace(DESK, lifelines=(late, replace(LINE, lifeline="Communications", types=0, requests=0))))
    assert board["rows"][0]["next"] == "Overdue 20:00, since 15:22"
    assert [row["requests"] for row in board["rows"]] == ["12", None]
    assert board["note"] == "No type of requests tells of Communications."
    assert "sql load lifelines" in lifeline_figures.board(replace(DESK, lifelines=(replace(LINE, types=0),)))["note"]


def test_the_log_shows_a_correction_under_what_it_corrects() -> None:
    corrected = replace(ENTRY, corrected_text="12 plows out", corrected_by="Bo", corrected_at=AT, significant=True)
    message = replace(ENTRY, entry_id=6, kind="message", text=HOSTILE, audience="All", channel="Web", happened_at=AT - HOUR)
    found = incident_log.log_board(replace(DESK, log=(corrected, message)))["rows"]
    assert [(row["name"], row["what"], row["mark"]) for row in found] == [
        ("15:42", "Plows out", "Significant"),
        ("", "12 plows out", "Correction"),
        ("14:42", f"To All by Web: {HOSTILE}", ""),
    ]
    assert found[2]["who"] == "Ann, noted 15:42"
    long = incident_log.log_board(replace(DESK, log=(ENTRY,) * 70))
    assert (len(long["rows"]), long["note"]) == (60, "10 earlier entries more; the CSV has all.")


def test_the_csv_has_every_row_and_no_formula() -> None:
    record = pd.DataFrame(
        {
            "entry_id": [1, 2],
            "recorded_at": pd.to_datetime([AT, AT]),
            "happened_at": pd.to_datetime([AT, AT]),
            "recorded_by": ["=cmd()", "Bo"],
            "position": ["Planning", "Planning"],
            "kind": ["entry", "correction"],
            "text": ['@sum, or "more"\nlines', "right"],
            "significant": [True, False],
            "audience": [None, None],
            "channel": [None, None],
            "concerns": [float("nan"), 1.0],
        }
    )
    found = list(csv.DictReader(io.StringIO(incident_log.csv_text(record, ZONE))))
    assert (found[0]["recorded_by"], found[0]["text"]) == ("'=cmd()", '\'@sum, or "more"\nlines')
    assert [one["happened_at"] for one in found] == ["2026-01-25T15:42:00-0500"] * 2
    assert [one["concerns_entry"] for one in found] == ["", "1"]


def test_answers_past_their_review_stand_first_and_shout() -> None:
    old = replace(ANSWER, answer_id=2, question="Old?", review_by=AT - 3 * HOUR, overdue=True)
    older = replace(ANSWER, answer_id=3, question="Older?", review_by=AT - 72 * HOUR, overdue=True)
    soon = replace(ANSWER, answer_id=4, question="Soon?", review_by=AT + 2 * HOUR)
    every = (ANSWER, old, soon, older)
    told = approved_figures.answer_list(every, replace(DESK, answers=every), "")
    assert [(row["question"], row["status"], row["word"]) for row in told["rows"]] == [
        ("Older?", "act", "Review overdue 3 d"),
        ("Old?", "act", "Review overdue 3 h 00 min"),
        ("When?", "ok", "Verified"),
        ("Soon?", "watch", "Review due in 2 h 00 min"),
    ]
    assert told["title"] == "**2 approved answers** past review: check before you say it."
    assert "Owner: Streets" in told["rows"][2]["meta"]
    many = approved_figures.answer_list((ANSWER,) * 50, replace(DESK, answers=(ANSWER,) * 50), "")
    assert (len(many["rows"]), many["note"]) == (40, "10 answers more: search for words of yours.")


def test_an_empty_list_says_why() -> None:
    assert approved_figures.answer_list((), DESK, "")["empty"] == "No answer is approved yet."
    assert approved_figures.answer_list((), replace(DESK, answers=(ANSWER,)), "x")["empty"] == "No approved answer has these words."
    assert approved_figures.asked_board((), DESK)["empty"] == "Nothing was looked up in vain."


def test_lists_of_texts_become_one_text() -> None:
    known: dict[str, Any] = {"change_id": 1, "changed_at": AT, "changed_by": "A", "reason": "", "name": "n", "level": "l", "onset_at": AT}
    frame = pd.DataFrame([known | {"ended_at": None, "areas": ["North", "East, Side"]}])
    assert rows(Change, frame)[0].areas == "North; East, Side"


@pytest.mark.parametrize(
    ("day", "at", "seen", "wanted"),
    [
        pytest.param(None, None, None, AT, id="nothing is now"),
        pytest.param(date(2026, 1, 25), None, None, AT, id="today without a time is now"),
        pytest.param(date(2026, 1, 25), time(15, 0), None, datetime(2026, 1, 25, 20, 0, tzinfo=UTC), id="a time of the city"),
        pytest.param(
            date(2026, 1, 25), time(15, 42), AT + timedelta(seconds=17), AT + timedelta(seconds=17), id="as it was, to the second"
        ),
        pytest.param(date(2026, 7, 1), time(9, 0), None, datetime(2026, 7, 1, 13, 0, tzinfo=UTC), id="in summer"),
    ],
)
def test_a_typed_instant(day: date | None, at: time | None, seen: datetime | None, wanted: datetime) -> None:
    assert incident_session.instant(day, at, ZONE, now=AT, seen=seen) == wanted


def test_another_day_without_a_time_is_no_instant() -> None:
    with pytest.raises(NotKept, match="the time is missing"):
        incident_session.instant(date(2026, 1, 24), None, ZONE, now=AT)


TYPED = incident_editing.Typed(name="Anna", level="Monitoring", onset_at=AT, areas="", reason="snow", who="Ann")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"name": " \n"}, "the name is missing", id="no name"),
        pytest.param({"name": "x" * 81}, "the name has 81 characters. Write at most 80", id="a long name"),
        pytest.param({"level": "Panic"}, "'Panic' is not one of ACTIVATION_LEVELS", id="no level"),
        pytest.param({"reason": ""}, "the reason is missing", id="no reason"),
        pytest.param({"who": ""}, "your name is missing", id="nobody"),
        pytest.param({"onset_at": AT + 15 * 24 * HOUR}, "more than 14 days ahead", id="far ahead"),
        pytest.param({"areas": "x;" * 5 + ";".join(map(str, range(101)))}, "102 areas. Name at most 100", id="many areas"),
    ],
)
def test_an_incident_that_is_not_opened(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(NotKept, match=says):
        incident_editing.open_incident(replace(TYPED, **changes), "snow", None, DESK.levels, AT)


@pytest.mark.parametrize(
    ("ended_at", "says"),
    [
        pytest.param(AT - 20 * HOUR, "its end is not after its onset", id="before the onset"),
        pytest.param(AT + HOUR, "its end lies ahead", id="ahead"),
    ],
)
def test_an_incident_that_is_not_closed(ended_at: datetime, says: str) -> None:
    with pytest.raises(NotKept, match=says):
        incident_editing.change_incident(ANNA, replace(TYPED, onset_at=ANNA.onset_at), ended_at, (), AT)


def test_a_change_that_changes_nothing_is_not_kept() -> None:
    same = replace(TYPED, name=ANNA.name, level=ANNA.level, onset_at=ANNA.onset_at, areas=" North ;")
    with pytest.raises(NotKept, match="nothing is different"):
        incident_editing.change_incident(ANNA, same, None, (), AT)


def test_a_name_that_another_incident_has_is_not_taken() -> None:
    with pytest.raises(NotKept, match="another incident called 'Flood'"):
        incident_editing.change_incident(ANNA, replace(TYPED, name=" Flood "), None, ("Flood",), AT)


NOTED = incident_editing.Noted(happened_at=AT, position="Planning", text="x", significant=False, audience="", channel="", who="Ann")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"text": ""}, "what happened is missing", id="no text"),
        pytest.param({"position": ""}, "your position is missing", id="no position"),
        pytest.param({"position": "King"}, "your position is missing", id="an unknown position"),
        pytest.param({"audience": "All"}, "by which way the message went is missing", id="no channel"),
        pytest.param({"channel": "Web"}, "to whom the message went is missing", id="no audience"),
        pytest.param({"happened_at": AT + HOUR}, "it has not happened yet", id="ahead"),
    ],
)
def test_an_entry_that_is_not_kept(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(NotKept, match=says):
        incident_editing.note(ANNA, replace(NOTED, **changes), AT)


def test_a_correction_says_something_else_and_an_entry_is_marked_once() -> None:
    with pytest.raises(NotKept, match="it says the same"):
        incident_editing.correct(ANNA, ENTRY, " Plows  out", "Planning", "Ann")
    with pytest.raises(NotKept, match="marked as significant already"):
        incident_editing.promote(ANNA, replace(ENTRY, significant=True), "why", "Planning", "Ann")


def test_an_answer_keeps_its_lines_without_what_cannot_be_seen() -> None:
    assert lines("\n One \x00 two \n\n three\n", "the answer", 100) == "One two\n\nthree"
    with pytest.raises(NotKept, match="the answer is missing"):
        lines(" \n ", "the answer", 100)
    with pytest.raises(NotKept, match="has 11 characters"):
        lines("x" * 11, "the answer", 10)


def test_posts_without_an_answer_questions_first_and_their_source_unverified() -> None:
    ask = Post("p1", AT - HOUR - timedelta(minutes=6), "When will **my** street be plowed? <b>", "plowing", "en", True, False, False, 3)
    said = replace(ask, post_id="p2", posted_at=AT - 3 * HOUR, text="x" * 400, question=False, verified=True, language=None, reposts=0)
    rumor = replace(said, post_id="p3", posted_at=AT - timedelta(minutes=1), text=None, rumor=True, topics="other")
    shown = incident_posts.board(replace(DESK, posts=(said, rumor, ask)))
    assert [(row["name"], row["status"], row["topics"], row["source"]) for row in shown["rows"]] == [
        ("1 h 06 min old", "watch", "Plowing", "Not verified, en"),
        ("3 h 00 min old", "none", "Plowing", "Verified"),
        ("1:00 old", "watch", "Other, rumor to check", "Verified"),
    ]
    assert shown["rows"][0]["text"] == "When will **my** street be plowed? <b>"
    assert len(shown["rows"][1]["text"]) <= incident_posts.LONGEST + 2
    assert shown["rows"][2]["text"] == incident_posts.GONE
    assert shown["note"] == "1 question among them."
    assert incident_posts.board(DESK)["rows"] == []


def test_that_no_alert_holds_is_said_only_while_the_feeds_that_bring_alerts_are_heard() -> None:
    assert incident_figures.alert_board(DESK)["empty"] == "No alert holds."
    silent = replace(DESK, alert_feeds=(replace(FEED, as_of=AT - HOUR),))
    assert incident_figures.alert_board(silent)["empty"] == "No alert is known: nothing from Weather alerts for 1 h 00 min."
