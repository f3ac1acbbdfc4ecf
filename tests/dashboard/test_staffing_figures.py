"""From a plan to words and numbers: gaps, verdict, tiles, heat table, scores, weathers, files. Frames as the named queries give them."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import staffing_boards, staffing_charts, staffing_csv, staffing_figures, staffing_heat, staffing_upload, staffing_weathers
from dashboard.staffing_gaps import Lack, called, calls, gaps, largest, span
from dashboard.staffing_page import View, view_of
from dashboard.staffing_rows import (
    ASKED,
    FORECAST,
    NO_STORM,
    Basis,
    Effect,
    Override,
    Queue,
    Run,
    Scenario,
    Staffing,
    Weather,
    by_half_hour,
    days,
    midnight,
    period,
    prepared,
)
from dashboard.staffing_scores import Score, accuracies, of_lead

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 15, 10, tzinfo=UTC)  # a Tuesday, 10:10 in New York
TODAY = date(2026, 11, 24)
THURSDAY = date(2026, 11, 26)
EMPTY = pd.DataFrame({"queue": [], "interval_start": pd.to_datetime([], utc=True), "contacts": [], "waiting_at_end": []})


def plan(rows: list[dict[str, Any]], now: datetime = NOW, zone: ZoneInfo = ZONE) -> pd.DataFrame:
    """A prepared plan of rows that say at least day, clock, required and scheduled."""
    made = []
    for row in rows:
        day, clock = row.get("day", THURSDAY), row["clock"]
        at = datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), zone).astimezone(UTC)  # noqa: DTZ007  # a time of day
        required = row["required"]
        known: dict[str, Any] = {"queue": "general", "yhat": 10.0 * required, "low": 8.0 * required, "high": 12.0 * required, "factor": 1.0}
        known |= {
            "median": 10.0 * required,
            "required_low": required - 1,
            "required_high": required + 2,
            "beyond": False,
            "chance_met": 0.5,
        }
        known |= {"interval_start": at, "name": str(row.get("queue", "general")).capitalize()}
        made.append(known | {name: value for name, value in row.items() if name not in ("day", "clock")})
    frame = pd.DataFrame(made)
    frame["interval_start"] = pd.to_datetime(frame["interval_start"], utc=True)
    return prepared(frame.astype({"scheduled": "float64", "chance_met": "float64"}), now, zone)


def clocks(first: str, number: int) -> list[str]:
    start = datetime.strptime(first, "%H:%M")  # noqa: DTZ007  # a time of day
    return [f"{start + timedelta(minutes=30 * place):%H:%M}" for place in range(number)]


def day_of(required: list[int], scheduled: list[float | None], **more: Any) -> list[dict[str, Any]]:
    return [
        {"clock": clock, "required": need, "scheduled": there, **more}
        for clock, need, there in zip(clocks("07:00", len(required)), required, scheduled, strict=True)
    ]


def staffing(plans: dict[str, pd.DataFrame], **changed: Any) -> Staffing:
    run = Run(
        7, "full", NOW - timedelta(hours=1), "the daily run", NOW - timedelta(hours=2), NOW - timedelta(hours=3), False, 4, ("A note.",)
    )
    basis = (Basis("general", 300, 150, "", 20, 0.8, None, 0.25, 30.0), Basis("spanish", 300, 150, "", 20, 0.8, None, 0.25, 30.0))
    whole = Staffing(
        at=NOW, zone=ZONE, queues=(Queue("general", "General"), Queue("spanish", "Spanish")), plans=plans, asked=None, basis=basis,
        runs=(run,), uploads=(), overrides=(), effects=(), scores=(), carry=EMPTY, came=EMPTY, weather=None,
    )  # fmt: skip
    return replace(whole, **changed)


SHORT = day_of([10, 10, 14, 12, 10], [10, 8, 5, 12, 9], chance_met=0.4)


def test_gaps_are_half_hours_in_a_row() -> None:
    found = gaps(plan(SHORT))
    assert [(gap.most, gap.people_hours, span(gap.starts_at, gap.ends_at, ZONE)) for gap in found] == [
        (9, 5.5, "07:30 to 08:30"),
        (1, 0.5, "09:00 to 09:30"),
    ]
    assert found[0].worst_at.astimezone(ZONE).hour == 8
    assert largest(found, 1) == [found[0]]


def test_people_of_one_queue_are_no_help_to_another() -> None:
    spanish = day_of([4, 4], [9, 1], queue="spanish", chance_met=0.1)
    rows = by_half_hour(plan(day_of([10, 10], [8, 9]) + spanish))
    assert rows["short"].tolist() == [2, 4]
    assert rows["chance"].tolist() == [0.1, 0.1]
    gap = gaps(plan(day_of([10, 10], [8, 9]) + spanish))[0]
    assert (gap.most, gap.lacks) == (4, (Lack("Spanish", 3), Lack("General", 1)))


def test_what_is_over_is_no_gap_and_neither_is_a_day_without_a_schedule() -> None:
    over = day_of([10], [1], day=TODAY)
    unknown = day_of([10], [None], day=date(2026, 11, 27))
    assert gaps(plan(over + unknown)) == []


def test_a_gap_ends_with_its_day_and_midnight_is_24() -> None:
    rows = [{"clock": "23:30", "required": 2, "scheduled": 1}, {"clock": "00:00", "required": 2, "scheduled": 1, "day": date(2026, 11, 27)}]
    assert [span(gap.starts_at, gap.ends_at, ZONE) for gap in gaps(plan(rows))] == ["23:30 to 24:00", "00:00 to 00:30"]


def test_whom_to_call_in_is_the_worse_half_of_each_hour() -> None:
    found = calls(plan(SHORT + day_of([3, 3, 3], [3, 1, 3], queue="spanish")))
    assert [(call.starts_at.astimezone(ZONE).hour, call.people, called(call.lacks)) for call in found] == [
        (7, 4, "General 2, Spanish 2"),
        (8, 9, "General 9"),
        (9, 1, "General 1"),
    ]


@pytest.mark.parametrize(
    ("most", "words"),
    [(None, "A 4, B 3, C 2, D 1"), (3, "A 4, B 3, C 2, D 1"), (2, "A 4, B 3, others 3")],
    ids=["all", "one over", "two over"],
)
def test_many_queues_are_added_up(most: int | None, words: str) -> None:
    assert called([Lack("A", 4), Lack("B", 3), Lack("C", 2), Lack("D", 1)], most) == words


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        pytest.param(SHORT, ("Short on 3 half hours", "Thu, Nov 26, 07:30 to 08:30 needs up to 9 more people."), id="short"),
        pytest.param(day_of([3], [3]), ("Enough people", "in every half hour that has a schedule."), id="enough"),
        pytest.param(
            day_of([3, 9], [None, None]), ("No schedule yet", "9 people are required at most, Thu, Nov 26, 07:30."), id="no schedule"
        ),
        pytest.param(
            day_of([3], [3]) + day_of([3], [None], day=date(2026, 12, 5)) + day_of([3], [None], day=date(2026, 12, 6)),
            ("Enough people", "No schedule for Dec 5 to Dec 6."),
            id="some days without",
        ),
    ],
)
def test_the_verdict(rows: list[dict[str, Any]], says: tuple[str, str]) -> None:
    shown = plan(rows)
    headline, why = staffing_figures.verdict(staffing({FORECAST: shown}), shown)
    assert headline == says[0]
    assert says[1] in why


def test_the_tiles_say_where_how_bad_and_what_is_usual() -> None:
    shown = plan(SHORT)
    calm = plan(day_of([10, 10, 10, 10, 10], [10, 8, 10, 12, 10]))
    found = staffing_figures.tiles(staffing({FORECAST: shown, NO_STORM: calm}), shown, None, 0.8)
    assert (found["short"]["value"], found["short"]["of"], found["short"]["compare"]) == ("3", "of 5", "1 without a storm")
    assert (found["worst"]["value"], found["worst"]["status"]) == ("9", "watch")
    assert found["worst"]["compare"] == "Thu, Nov 26, 08:00: 40% chance of the target"
    assert (found["chance"]["value"], found["chance"]["compare"]) == ("40", "goal 80%, General, Thu, Nov 26, 07:00")
    assert found["error"]["value"] is None
    assert all(tile["as_of"] == (NOW - timedelta(hours=1)).timestamp() for tile in found.values())


def test_a_chance_under_one_in_five_is_act() -> None:
    shown = plan(day_of([10], [2], chance_met=0.03))
    found = staffing_figures.tiles(staffing({FORECAST: shown}), shown, None, 0.8)
    assert (found["worst"]["status"], found["chance"]["status"]) == ("act", "act")


def test_without_a_schedule_no_tile_makes_a_number_of_nothing() -> None:
    shown = plan(day_of([10], [None], chance_met=None))
    found = staffing_figures.tiles(staffing({FORECAST: shown}), shown, None, 0.8)
    assert {name: (tile["value"], tile["empty"]) for name, tile in found.items() if name != "error"} == dict.fromkeys(
        ("short", "worst", "chance"), (None, "No schedule yet")
    )


def test_the_heat_table_has_a_number_and_a_colour_where_people_are_missing() -> None:
    today = day_of([4], [0], day=TODAY)
    unknown = day_of([2, 0], [None, None], day=date(2026, 11, 27))
    shown = by_half_hour(plan(SHORT + today + unknown))
    found = staffing_heat.figure(shown, days(NOW, ZONE), THURSDAY)
    rows = {row["day"]: [cell[:2] for cell in row["cells"]] for row in found["rows"]}
    assert len(rows) == 14
    assert rows["2026-11-26"] == [["", ""], ["1", "2"], ["3", "9"], ["", ""], ["1", "1"]]
    assert rows["2026-11-24"][0] == ["over", ""]
    assert rows["2026-11-27"][:2] == [["none", ""], ["", ""]]
    assert [row["day"] for row in found["rows"] if row["picked"]] == ["2026-11-26"]
    assert "08:00: 14 required, 5 scheduled, 9 short, 40% lowest chance of the target" in found["rows"][2]["cells"][2][2]
    assert ["none", "no schedule"] in [list(one) for one in found["legend"]]


@pytest.mark.parametrize(("most", "steps"), [(3, (1, 3, 6)), (30, (1, 5, 15)), (80, (1, 10, 30))], ids=["few", "dozens", "a storm"])
def test_the_steps_of_colour_follow_the_worst(most: float, steps: tuple[int, ...]) -> None:
    assert staffing_heat.steps_for(most) == steps


def test_a_half_hour_that_the_clock_shows_twice_is_as_bad_as_its_worse_time() -> None:
    now = datetime(2026, 10, 31, 12, tzinfo=UTC)
    first = datetime(2026, 11, 1, 5, tzinfo=UTC)  # 01:00, and an hour later 01:00 again
    rows = plan([{"day": date(2026, 11, 1), "clock": "01:00", "required": 4, "scheduled": 3} for _ in range(2)], now)
    rows["interval_start"] = pd.to_datetime([first, first + timedelta(hours=1)], utc=True)
    rows.loc[1, "short"] = 3
    cells = staffing_heat.figure(by_half_hour(rows), [date(2026, 11, 1)], date(2026, 11, 1))["rows"][0]["cells"]
    assert cells[0][:2] == ["2", "3"]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 11, 1), 337), (date(2026, 3, 1), 335), (TODAY, 336)], ids=["longer", "shorter", "usual"]
)
def test_a_fortnight_is_of_local_days(day: date, hours: int) -> None:
    start, end = period(midnight(day, ZONE) + timedelta(hours=3), ZONE)
    assert (end - start) / timedelta(hours=1) == hours


def score(model: str, absolute: float, lead: str = "4-7", storm: bool = False, n: int = 40, queue: str = "*") -> Score:
    banded = n if model == "demand" else 0
    return Score(queue, model, lead, storm, n, absolute, 10.0, 1000.0, 50.0, banded, int(0.8 * banded))


SCORES = (score("demand", 100), score("seasonal naive", 150), score("four-week median", 120))


def test_scores_become_shares_beside_the_baselines() -> None:
    found = of_lead(SCORES, None, "4-7")
    assert found is not None
    assert (found.wape, found.over_floor, found.floor, found.bias, found.coverage) == (0.1, 2, 0.05, 0.01, 0.8)
    assert (found.naive, found.median, found.better) == (0.15, 0.12, None)


def test_the_better_baseline_is_named() -> None:
    rows = (score("demand", 130), score("seasonal naive", 125), score("four-week median", 120))
    assert accuracies(rows, None)[0].better == "four-week median"
    row = staffing_boards.score_board(staffing({}, scores=rows), None)["rows"][0]
    assert (row["status"], row["verdict"]["text"]) == ("watch", "4-week median was better")


def test_fewer_than_thirty_days_have_a_number_and_no_verdict() -> None:
    rows = (score("demand", 130, n=29, storm=True), score("seasonal naive", 125, n=29, storm=True))
    row = staffing_boards.score_board(staffing({}, scores=rows), None)["rows"][0]
    assert (row["n"], row["verdict"]["text"], "wape" in row) == ("29", "Too few days", False)


def test_all_queues_are_scored_by_their_own_forecast_else_added_up() -> None:
    rows = (score("demand", 100), score("demand", 300, queue="general"), score("demand", 500, queue="spanish"))
    assert of_lead(rows, None, "4-7").wape == 0.1  # type: ignore[union-attr]
    assert of_lead(rows[1:], None, "4-7").wape == 0.4  # type: ignore[union-attr]
    assert of_lead(rows, "spanish", "4-7").wape == 0.5  # type: ignore[union-attr]
    assert of_lead(rows, "trash", "4-7") is None


def test_weathers_stand_beside_each_other_over_the_same_half_hours() -> None:
    asked = Scenario(3, "Snow 12 in", "snow", 12, 30, None, NOW, 12, NOW, "Ann", NOW, 6, None)
    plans = {
        NO_STORM: plan(day_of([10, 10], [10, 10], chance_met=0.9)),
        FORECAST: plan(day_of([10, 12, 99], [10, 10, None], chance_met=0.6)),
        ASKED: plan(day_of([20, 20], [10, 10], chance_met=0.1)),
    }
    found = staffing_weathers.board(staffing(plans, asked=asked), None)
    assert [row["name"] for row in found["rows"]] == ["No storm", "As forecast", "Snow 12 in"]
    assert [row["hours"] for row in found["rows"]] == ["10", "11", "20"]
    assert [row["more"] for row in found["rows"]] == [None, "+1", "+10"]
    assert [row["cost"] for row in found["rows"]] == ["$400", "$440", "$800"]  # 30 an hour ÷ (1 − 0.25)
    assert [row["short"] for row in found["rows"]] == ["0", "1", "10"]
    assert [row["missed"] for row in found["rows"]] == ["0", "1", "2"]
    assert [row["status"] for row in found["rows"]] == ["ok", "watch", "act"]
    assert "older forecast" in found["note"]


def test_a_queue_without_an_hourly_cost_makes_no_cost() -> None:
    whole = staffing({FORECAST: plan(day_of([10], [10]))}, basis=(Basis("general", 300, None, "", 20, 0.8, None, 0.3, None),))
    found = staffing_weathers.board(whole, None)
    assert found["rows"][0]["cost"] is None
    assert "no hourly cost" in found["note"]


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param("2026-11-24T15:00Z", "2026-11-28T18:00", id="on a Tuesday"),
        pytest.param("2026-11-28T22:59Z", "2026-11-28T18:00", id="a minute before"),
        pytest.param("2026-11-28T23:00Z", "2026-12-05T18:00", id="at it"),
    ],
)
def test_the_next_saturday(now: str, wanted: str) -> None:
    found = staffing_weathers.next_saturday(datetime.fromisoformat(now), ZONE)
    assert found == datetime.fromisoformat(wanted).replace(tzinfo=ZONE)


def test_a_hurricanes_category_gives_gusts_and_rain_that_grow_and_can_be_kept() -> None:
    found = [staffing_weathers.hurricane(category, NOW.astimezone(ZONE), 24) for category in range(1, 6)]
    gusts, rains = [one.gust_mph or 0 for one in found], [one.rain_inches or 0 for one in found]
    assert gusts == sorted(set(gusts))
    assert rains == sorted(set(rains))
    assert gusts[-1] <= 200
    assert rains[-1] <= 30
    assert staffing_weathers.snow(12, 30, NOW.astimezone(ZONE), 12).name == "Snow 12 in from Tue Nov 24, 10:10"


@pytest.mark.parametrize(
    ("params", "view"),
    [
        pytest.param({}, View(None, 0.8, None, None, FORECAST), id="nothing"),
        pytest.param(
            {"queue": "spanish", "chance": "0.9", "day": "2026-11-27", "scenario": "12"},
            View("spanish", 0.9, date(2026, 11, 27), 12, ASKED),
            id="everything",
        ),
        pytest.param(
            {"chance": "<b>", "day": "soon", "scenario": "-1", "weather": "sun"}, View(None, 0.8, None, None, FORECAST), id="nonsense"
        ),
        pytest.param(
            {"scenario": "12", "weather": "no storm", "chance": "0.77"}, View(None, 0.8, None, 12, NO_STORM), id="another weather"
        ),
    ],
)
def test_the_address_carries_the_view(params: dict[str, str], view: View) -> None:
    assert view_of(params) == view


def test_what_the_run_knew_and_a_stale_weather_is_said() -> None:
    whole = staffing({}, weather=Weather(NOW - timedelta(hours=40), 144_000, "stale"))
    said = staffing_figures.known(whole)
    assert said[0] == "Forecast made Tue, Nov 24, 09:10 (the daily run), on contacts until Tue, Nov 24, 08:10."
    assert "stale" in said[1]
    assert said[-1] == "A note."
    assert staffing_figures.stale_weather(whole) == "The weather forecast is 40 h 00 min old: a storm since then is not in this plan."
    assert staffing_figures.stale_weather(staffing({})) == ""
    none = replace(whole.runs[0], weather_issued_at=None, storms_seen=0)
    assert "past years stood in" in staffing_figures.known(staffing({}, runs=(none,)))[1]
    assert "no storm" in staffing_figures.known(staffing({}, runs=(none,)))[2]


def test_half_hours_beyond_what_was_computed_are_said() -> None:
    assert staffing_figures.beyond(plan(day_of([11], [4], beyond=True))).startswith("1 half hour needs more than the 10 people")
    assert staffing_figures.beyond(plan(day_of([11], [4]))) == ""


def test_overrides_are_listed_with_what_they_did() -> None:
    one = Override(1, "*", NOW - timedelta(days=1), NOW, 1.2, "<b>parade</b>", "Ann", NOW - timedelta(days=2), None, None)
    other = replace(
        one,
        override_id=2,
        queue="spanish",
        from_at=NOW + timedelta(days=1),
        to_at=NOW + timedelta(days=2),
        withdrawn_at=NOW,
        withdrawn_by="Bo",
    )
    found = staffing_boards.override_board(staffing({}, overrides=(other, one), effects=(Effect(1, 48, 200.0, 10.0, 30.0),)))["rows"]
    assert (found[1]["name"], found[1]["reason"]) == ("Every queue", "<b>parade</b>")
    assert found[1]["effect"] == "error 5.0% with it, 15.0% without: better"
    assert (found[0]["name"], found[0]["who"], found[0]["effect"]) == ("Spanish", "Ann, withdrawn by Bo", "not begun")


def test_what_is_required_is_a_schedule_that_can_be_uploaded_and_closes_every_gap() -> None:
    shown = plan([*SHORT, {"clock": "23:30", "required": 2, "scheduled": 0}])
    text = staffing_csv.template_text(shown, ZONE, TODAY)
    slots = staffing_upload.parse(text.encode(), {"general"}, ZONE)
    required = dict(zip(shown["interval_start"], shown["required"], strict=True))
    assert {pd.Timestamp(slot.interval_start): slot.agents for slot in slots} == required
    assert text.splitlines()[1] == "general,2026-11-26,07:00,08:00,10"
    assert text.splitlines()[-1].endswith("23:30,24:00,2")


def test_without_a_forecast_the_template_is_an_example() -> None:
    text = staffing_csv.template_text(plan(SHORT[:1])[:0], ZONE, TODAY)
    assert len(staffing_upload.parse(text.encode(), {"general"}, ZONE)) == 25


def test_the_files_hold_everything_and_no_formula() -> None:
    shown = plan(SHORT + day_of([3], [None], queue="=cmd", chance_met=None))
    whole = pd.read_csv(io.StringIO(staffing_csv.plan_text(shown, ZONE)))
    assert len(whole) == 6
    assert whole["queue"].iloc[-1] == "'=cmd"
    assert (whole["date"].iloc[0], whole["start"].iloc[0], whole["required"].iloc[0]) == ("2026-11-26", "07:00", 10)
    assert whole["short"].iloc[:5].tolist() == [0, 2, 9, 0, 1]
    assert pd.read_csv(io.StringIO(staffing_csv.gaps_text(shown, ZONE)))["most_short"].tolist() == [9, 1]
    assert pd.read_csv(io.StringIO(staffing_csv.calls_text(shown, ZONE)))["people"].tolist() == [2, 9, 1]
    scores = pd.read_csv(io.StringIO(staffing_csv.scores_text(staffing({}, scores=SCORES))))
    assert scores["wape"].tolist() == [0.1]


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_charts_of_a_day_share_their_hours_and_fill_what_is_short(mode: Any) -> None:
    frame = staffing_charts.day_frame(by_half_hour(plan(SHORT)), THURSDAY, ZONE)
    assert frame["minute"].tolist() == [420, 450, 480, 510, 540, 570]
    assert (frame["required"] - frame["covered"]).tolist() == [0, 2, 9, 0, 1, 1]
    people = staffing_charts.people(frame, THURSDAY, ZONE, NOW, mode, 200)
    came = pd.DataFrame({"interval_start": pd.to_datetime([], utc=True), "contacts": []})
    contacts = staffing_charts.contacts(frame, came, THURSDAY, ZONE, NOW, mode, 100)
    assert people is not None
    assert contacts is not None
    texts = [layer["mark"].get("text") for layer in people["layer"]]
    assert {"short", "scheduled", "required, with its 80% band"} <= {text for text in texts if text}
    assert people["layer"][0]["encoding"]["x"] == contacts["layer"][0]["encoding"]["x"]


def test_a_day_of_25_hours_has_its_hours_by_the_citys_clock() -> None:
    day = date(2026, 11, 1)
    rows = [{"day": day, "clock": clock, "required": 2, "scheduled": 2} for clock in ("00:00", "06:00")]
    frame = staffing_charts.day_frame(by_half_hour(plan(rows, datetime(2026, 10, 31, tzinfo=UTC))), day, ZONE)
    chart = staffing_charts.people(frame, day, ZONE, NOW, "dark", 200)
    assert chart is not None
    axis = chart["layer"][0]["encoding"]["x"]["axis"]
    assert frame["minute"].tolist() == [0, 420, 450]  # 06:00 is seven hours after midnight
    assert "'420':'06:00'" in axis["labelExpr"]


def test_who_waits_over_is_drawn_only_where_somebody_does() -> None:
    frame = staffing_charts.day_frame(by_half_hour(plan(SHORT)), THURSDAY, ZONE)
    carry = frame[["interval_start"]].iloc[:-1].assign(waiting_at_end=[0.0, 3.0, 20.0, 4.0, 0.0])
    assert staffing_charts.backlog(frame, carry, THURSDAY, ZONE, "dark", 60) is not None
    assert staffing_charts.backlog(frame, carry.assign(waiting_at_end=0.2), THURSDAY, ZONE, "dark", 60) is None
    said = staffing_figures.day_sentence(frame, carry, staffing({}), THURSDAY)
    assert said.startswith("Up to **9 short**, worst from 08:00.")
    assert "Up to 20 wait over" in said
