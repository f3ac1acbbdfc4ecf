"""What the Departments page says: who needs attention and why, no verdict from few cases, and no figure made of nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import departments_figures, departments_rows, departments_verdict
from dashboard.departments_rows import Standing, Standings
from dashboard.departments_verdict import Status
from tests.dashboard import sample

NEW_YORK = ZoneInfo("America/New_York")
CALM = Standing(
    department="Streets",
    service_name=None,
    name="Streets",
    open=400,
    overdue=40,
    due_next_7_days=60,
    due_later=280,
    no_target=20,
    ages=(100, 200, 60, 40),
    oldest_age_hours=2_400.0,
    opened=120,
    closed=130,
    net_flow=-10,
    open_by_week=(420.0, 430.0, 425.0, 410.0, 400.0),
    weeks_to_clear=3.1,
    due=500,
    due_closed_on_time=450,
    on_time=0.9,
    on_time_target=0.85,
    recent=480,
    median_hours=17.63,
    p90_hours=None,
    eligible=300,
    reopen_share=0.05,
    closed_recently=310,
    without_work_share=0.08,
)
UNDER = {"on_time": 0.7, "due_closed_on_time": 350}
GROWING = {"open_by_week": (300.0, 320.0, 350.0, 380.0, 400.0)}
OVERDUE = {"overdue": 200}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({}, "ok", "As promised", id="calm"),
        pytest.param(UNDER, "watch", "Under target", id="one reason is watch"),
        pytest.param({"on_time": 0.85}, "ok", "As promised", id="exactly the target is kept"),
        pytest.param(UNDER | {"due": 29}, "none", "Too few to judge: 29 due", id="29 due say nothing"),
        pytest.param(UNDER | {"due": 30}, "watch", "Under target", id="30 due do"),
        pytest.param({"due": 0, "on_time": None}, "none", "Nothing was due", id="nothing was due"),
        pytest.param({"on_time_target": None}, "none", "No target", id="no target is a state of its own"),
        pytest.param(GROWING, "watch", "Backlog grows", id="four weeks of growth"),
        pytest.param({"open_by_week": (300.0, 320.0, 319.0, 380.0, 400.0)}, "ok", "As promised", id="growth with a break"),
        pytest.param({"open_by_week": (396.0, 397.0, 398.0, 399.0, 400.0)}, "ok", "As promised", id="growth of four in four hundred"),
        pytest.param({"open_by_week": (1.0, 2.0, 3.0, 4.0, 5.0)}, "ok", "As promised", id="growth of four in all"),
        pytest.param({"open_by_week": (320.0, 350.0, 380.0, 400.0)}, "ok", "As promised", id="too few weeks"),
        pytest.param(OVERDUE, "watch", "50% overdue", id="half is overdue"),
        pytest.param({"overdue": 100}, "ok", "As promised", id="a quarter is not more than a quarter"),
        pytest.param(OVERDUE | {"open": 29, "overdue": 29}, "ok", "As promised", id="of 29 open"),
        pytest.param(UNDER | GROWING, "act", "Under target and backlog grows", id="two reasons are act"),
        pytest.param(UNDER | GROWING | OVERDUE, "act", "Under target, backlog grows and 50% overdue", id="all three"),
    ],
)
def test_who_needs_attention(changes: dict[str, object], status: Status, words: str) -> None:
    judged = departments_verdict.judge(replace(CALM, **changes))  # type: ignore[arg-type]
    assert (judged.status, judged.words) == (status, words)


def test_trouble_comes_first_then_what_is_overdue() -> None:
    standings = (
        CALM,
        replace(CALM, name="A little overdue", overdue=60),
        replace(CALM, name="Act", **UNDER, **GROWING),  # type: ignore[arg-type]
        replace(CALM, name="Watch", **UNDER),  # type: ignore[arg-type]
        replace(CALM, name="No target", on_time_target=None, overdue=50),
    )
    ranked = departments_verdict.ranked(standings)
    assert [one.standing.name for one in ranked] == ["Act", "Watch", "A little overdue", "No target", "Streets"]
    said = departments_verdict.sentence(replace(CALM, department="city", open=2_000, overdue=390), ranked, "departments")
    assert said == "**Act**: under target and backlog grows, and 1 more department to look at. 390 of 2,000 open requests are overdue."


def test_calm_is_said_in_words() -> None:
    assert departments_verdict.sentence(CALM, departments_verdict.ranked((CALM,)), "types").startswith(
        "**No types need attention**: 40 of 400"
    )


def test_small_parts_that_add_up_to_trouble_are_not_called_calm() -> None:
    part = replace(CALM, open=22, overdue=20, due=20)
    whole = replace(CALM, open=44, overdue=40, due=40)
    said = departments_verdict.sentence(whole, departments_verdict.ranked((part, part)), "types")
    assert said == "**91% overdue** in all, though no type stands out by itself: 40 of 44 open requests are overdue."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "half closed in 17.6 h", id="reached"),
        pytest.param({"median_hours": None}, "half are not closed yet", id="not reached"),
        pytest.param({"median_hours": None, "recent": 0}, "nothing was asked for in the last 28 days", id="of nothing"),
    ],
)
def test_when_half_are_closed_is_said_beside_the_weeks_to_clear(changes: dict[str, object], words: str) -> None:
    whole = replace(CALM, **changes)  # type: ignore[arg-type]
    tiles = departments_figures.tiles(Standings(sample.NOW, NEW_YORK, whole, (CALM,)), sample.snapshot(), sample.NOW)
    assert tiles["clear"]["compare"] == words


@pytest.mark.parametrize(
    ("hours", "cases", "words"),
    [(None, 9, "not reached"), (None, 0, "–"), (0.47, 9, "28 min"), (17.63, 9, "17.6 h"), (216.54, 9, "9.0 d")],
)
def test_the_time_to_close_in_words(hours: float | None, cases: int, words: str) -> None:
    assert departments_figures.hours(hours, cases) == words


def test_a_board_has_a_row_each_and_the_whole_last_and_links_that_keep_the_instant() -> None:
    nothing = replace(
        CALM, department="No <b>Q</b>", name="No <b>Q</b>", open=0, overdue=0, ages=(0, 0, 0, 0), oldest_age_hours=None, due=0, on_time=None,
        weeks_to_clear=None, recent=0, median_hours=None, eligible=3,
    )  # fmt: skip
    whole = replace(CALM, department="city", name="City")
    standings = Standings(sample.NOW, NEW_YORK, whole, (CALM, nothing))
    board = departments_figures.board(standings, departments_verdict.ranked(standings.parts), sample.NOW, {"at": "2026-11-23T00:00"})
    assert [row["name"] for row in board["rows"]] == ["Streets", "No <b>Q</b>", "City"]
    first, empty, total = board["rows"]
    assert first["href"] == "/departments?department=Streets&at=2026-11-23T00%3A00"
    assert [part["share"] for part in first["ages"]] == [0.25, 0.5, 0.15, 0.1]
    assert (first["promise"], first["median"], first["p90"], first["reopened"]) == ("500, 85%", "17.6 h", "not reached", "5.0")
    assert [empty[key] for key in ("ages", "oldest", "on_time", "clear", "median", "reopened")] == [None, None, None, None, "–", None]
    assert total["total"]
    assert {column["key"] for column in board["columns"]} <= set(first)


def test_types_have_no_trend_and_say_what_they_are() -> None:
    whole, part = CALM, replace(CALM, service_name="Pothole", name="Pothole", open_by_week=())
    board = departments_figures.board(Standings(sample.NOW, NEW_YORK, whole, (part,)), departments_verdict.ranked((part,)), sample.NOW, {})
    assert board["columns"][0]["title"] == "Type of request"
    assert "trend" not in {column["key"] for column in board["columns"]}
    assert board["rows"][0]["href"] == "/departments?department=Streets&type=Pothole"
    assert board["rows"][-1]["name"] == "All types"


def test_the_tiles_of_a_city_of_which_nothing_was_due_or_closed() -> None:
    whole = replace(CALM, department="city", due=0, on_time=None, weeks_to_clear=None)
    tiles = departments_figures.tiles(Standings(sample.NOW, NEW_YORK, whole, (CALM,)), sample.snapshot(), sample.NOW)
    assert (tiles["on_time"]["value"], tiles["clear"]["value"]) == (None, None)
    assert tiles["on_time"]["empty"] == "Nothing was due in the last 4 full weeks"


def test_a_list_of_requests_is_in_the_citys_clock_and_has_no_time_where_there_is_none() -> None:
    at = pd.to_datetime([datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)], utc=True)
    nothing = pd.to_datetime(pd.Series([None, None]), utc=True)
    found = pd.DataFrame(
        {
            "service_request_id": ["1", "2"], "service_name": ["=1+1", "<b>"], "requested_datetime": at, "expected_datetime": nothing,
            "closed_at": nothing, "age_days": [1.26, 2.0], "address": [None, "1 Main St"], "zipcode": [None, None], "channel": [None, "app"],
            "status_notes": [None, None],
        }
    )  # fmt: skip
    shown = departments_figures.request_table(found, NEW_YORK)
    assert shown["Requested"].tolist() == ["2026-11-01 01:30", "2026-11-01 01:30"]
    assert (shown["Due"].tolist(), shown["Address"].tolist(), shown["Days open"].tolist()) == (["", ""], ["", "1 Main St"], [1.3, 2.0])


def test_the_local_week_of_an_instant_begins_on_monday_even_when_the_clocks_change() -> None:
    sunday_night = datetime(2026, 11, 2, 4, 59, tzinfo=UTC)  # 23:59 on Sunday the 1st, when the clocks went back
    assert departments_rows.monday_of(sunday_night, NEW_YORK) == datetime(2026, 10, 26, tzinfo=NEW_YORK)
