"""Tiles, boards, charts, paper and CSV of the weekly review, from a review that is at hand."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dashboard import weekly_csv, weekly_report
from dashboard.snapshot import Snapshot
from dashboard.weekly_charts import DESK, PAGE, backlogs, chosen
from dashboard.weekly_figures import action_board, action_state, department_board, footer, incomplete, rising_board, search_board, tiles
from dashboard.weekly_rows import Action, SearchTerm, Span
from dashboard.weekly_verdict import ranked
from dashboard.weekly_words import percent
from tests.dashboard.weekly_rows_sample import CALLS, CALM, NOW, RISING, WEEK, ZONE, named, review, weeks

SNAPSHOT = Snapshot(at=NOW, city="Springfield", zone=ZONE)
HOSTILE = "<script>alert(1)</script> #panic() $x$ *all* \\ \u202e"


@pytest.mark.parametrize(("share", "words"), [(0.8413, "84.1"), (1, "100.0"), (0.99999, "99.9"), (0.00001, "0.1"), (0, "0.0")])
def test_a_percent_has_one_decimal_and_is_full_only_when_it_is(share: float, words: str) -> None:
    assert percent(share) == words


def test_a_tile_stands_beside_last_week_a_year_ago_its_target_and_its_usual_range() -> None:
    made = tiles(review(city=weeks()), SNAPSHOT)["due_cohort_on_time"]
    assert (made["value"], made["unit"], made["status"]) == ("85.0", "%", "ok")
    assert made["over"].splitlines() == ["170 of 200 due", "last week 85.0%", "a year ago 80.0%"]
    assert made["compare"] == "target 80%, usual 78.0 to 90.0%"
    assert (len(made["spark"]), made["band"], made["target"]) == (12, [0.78, 0.9], 0.8)


def test_open_is_judged_by_its_change() -> None:
    made = tiles(review(city=weeks(open_change=-25.0)), SNAPSHOT)["open"]
    assert (made["value"], made["compare"]) == ("400", "−25 in the week, usual −30 to +30")
    assert tiles(review(city=weeks(open_change=95.0, open_change_signal="above")), SNAPSHOT)["open"]["status"] == "watch"


@pytest.mark.parametrize("metric", ["service_level", "abandon_share", "offered", "hours_below_target"])
def test_a_week_without_contacts_is_a_dash_and_a_sentence(metric: str) -> None:
    nothing: dict[str, Any] = {"offered": 0, "answered": 0, "abandoned": 0, "answered_within": 0, "hours_judged": 0}
    empty = replace(CALLS, **nothing, service_level=None, abandon_share=None, hours_below_target=None)
    made = tiles(review(calls=(CALLS, empty)), SNAPSHOT)[metric]
    assert (made["value"], made["empty"]) == (None, "No contact in the week")


def test_few_surveys_are_counted_and_not_judged() -> None:
    few = replace(review().surveys[0], answers=12, satisfied=3, satisfaction=0.25, satisfaction_signal="below")
    made = tiles(review(surveys=(few, few)), SNAPSHOT)["satisfaction"]
    assert (made["status"], made["words"]["none"], made["compare"]) == ("none", "Too few", "12 surveys only")
    assert "mean 3.6 of 5" in made["over"]


def test_a_year_without_data_says_so() -> None:
    assert "no data for a year ago" in tiles(review(city_year_ago=None), SNAPSHOT)["due_cohort_on_time"]["over"]


def test_figures_are_json() -> None:
    shown = review(named(HOSTILE, on_time_signal="below"))
    departments = ranked(shown)
    boards = [department_board(departments), rising_board(shown), search_board(shown), action_board(shown.actions, date(2026, 11, 24))]
    json.dumps([boards, tiles(shown, SNAPSHOT)], allow_nan=False)


def test_the_department_board_shows_where_a_share_lies() -> None:
    board = department_board(ranked(review(named("Streets", due_cohort_on_time=0.71, on_time_signal="below"), named("Few", due=12))))
    streets, few = board["rows"]
    assert (streets["on"], streets["where"]) == ("71.0", {"value": 71.0, "low": 78.0, "high": 90.0, "target": 80.0})
    assert streets["verdict"] == {"mark": "act", "text": "Real fall: below its limits"}
    assert (few["on"], few["where"], few["due"]) == (None, None, "12")
    scale = next(column for column in board["columns"] if column["kind"] == "range")
    assert (scale["from"], scale["to"]) == (70, 100)


def test_rising_types_that_are_not_shown_are_counted() -> None:
    board = rising_board(review(rising=(RISING,) * 10))
    assert (len(board["rows"]), board["note"]) == (8, "2 more types rose; all are in the CSV.")
    assert board["rows"][0]["ratio"] == "27 ×"
    assert "40 types" in rising_board(review())["empty"]
    assert "4 earlier weeks" in rising_board(review(types_tested=0))["empty"]


def test_searches_say_what_is_not_shown() -> None:
    board = search_board(review(searches=SearchTerm(None, 100, 20)))
    assert board["note"].startswith("20 of 100 searches found nothing; 11 by words that are not shown")
    assert search_board(review(searches=SearchTerm(None, 0, 0), terms=()))["empty"] == "Nobody searched in the week"


@pytest.mark.parametrize(
    ("due", "done", "status", "words"),
    [
        ("2026-11-20", None, "act", "4 days late"),
        ("2026-11-24", None, "watch", "Due today"),
        ("2026-11-25", None, "watch", "Due in 1 day"),
        ("2026-12-04", None, "ok", "On track"),
        ("2026-11-20", "2026-11-19", "ok", "Done Nov 19"),
    ],
)
def test_the_state_of_an_action(due: str, done: str | None, status: str, words: str) -> None:
    action = Action(1, "2026-11-09", "2026-W46", "x", "y", due, done)
    assert action_state(action, date(2026, 11, 24)) == (status, words)


def test_a_week_whose_data_end_early_says_so() -> None:
    assert incomplete(review()) == ""
    early = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC), None, None, None)
    assert incomplete(review(span=early)) == "The week is not whole: the requests end on Nov 20, 2026, 07:00."
    assert "Metrics version abc1234" in footer(review())


@pytest.mark.parametrize("sheet", [DESK, PAGE], ids=["desk", "page"])
def test_the_chart_of_backlogs(sheet: Any) -> None:
    departments = chosen(ranked(review(*(named(name) for name in "ABCDE"), named("Small", open=29.0))))
    spec = backlogs(departments, "light", sheet)
    assert spec is not None
    assert [chart["title"] for chart in spec["hconcat"]] == ["A", "B", "C", "D"]
    rows = [row for name, rows in spec["datasets"].items() for row in rows if row.get("department") == "A"]
    assert [row["week"] for row in rows] == list(range(-11, 1))
    assert backlogs([], "dark", DESK) is None


def test_every_figure_is_in_the_csv_and_no_name_is_a_formula() -> None:
    made = weekly_csv.text(review(named("=cmd()"), rising=(RISING,)))
    rows = list(csv.DictReader(io.StringIO(made)))
    found = {(row["section"], row["name"], row["figure"]): row for row in rows}
    city = found["requests", "City", "due_cohort_on_time"]
    assert (float(city["value"]), city["part"], city["cases"], float(city["year_ago"])) == (0.85, "170", "200", 0.8)
    assert found["departments", "'=cmd()", "weeks_to_clear"]["value"] == "2.0"
    assert found["rising types", "Tree emergencies", "rising"]["value"] == "780"
    assert found["actions", "Hire two clerks", "done_on"]["value"] == ""
    assert {row["week"] for row in rows} == {WEEK.name}


def test_paper_has_the_same_figures_and_takes_no_word_for_markup() -> None:
    shown = review(named(HOSTILE, on_time_signal="below"), terms=(SearchTerm(HOSTILE, 9, 9),))
    data = weekly_report.sheet(shown)
    assert data["requests"][0]["value"] == "85.0%"
    assert data["departments"][0]["name"].startswith("<script>")
    assert data["departments"][0]["range"]["worse"]
    assert data["title"].endswith("fell below its own limits")
    assert weekly_report.pdf(shown) == weekly_report.pdf(shown), "the same review gives the same bytes"


def test_the_largest_review_has_four_pages_at_most() -> None:
    long = "An action with as many words as fit, " * 5
    crowd = tuple(
        named(f"A department with a long name, number {number}", open_change_signal="above", reopen_signal="above") for number in range(60)
    )
    actions = tuple(Action(number, "2026-11-09", "2026-W46", long[:200], "Streets", "2026-11-20", None) for number in range(40))
    terms = tuple(SearchTerm("w" * 300, 9, 9) for _ in range(30))
    shown = review(*crowd, rising=(replace(RISING, service_name="M" * 200),) * 30, terms=terms, actions=actions)
    pages = weekly_report.pictures(shown, ppi=20)
    assert 2 <= len(pages) <= 4
    assert "40 more departments" in weekly_report.sheet(shown)["departments_more"]


def test_an_empty_review_is_a_page() -> None:
    nothing = replace(
        CALM, due=0, due_cohort_on_time=None, open=None, opened=0, closed=0, reopen_share=None, closed_without_work_share=None
    )
    shown = review(
        (nothing,), city=(nothing,), calls=(), surveys=(), terms=(), actions=(), searches=SearchTerm(None, 0, 0), city_year_ago=None
    )
    assert len(weekly_report.pictures(shown, ppi=20)) == 1
