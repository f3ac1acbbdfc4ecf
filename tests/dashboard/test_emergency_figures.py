"""The Emergency wall: verdict, storm clock, tiles and boards from what is known; pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import emergency_boards, emergency_charts, emergency_clock, emergency_figures
from dashboard.ahead import PlannedHalfHour
from dashboard.alert_feeds import AlertFeed
from dashboard.charts import WALL
from dashboard.emergency_page import instant, view_of
from dashboard.emergency_rows import NOT_OPEN, Emergency, Expected, Incident, StormNow, Usual, clock_of, shown
from dashboard.emergency_verdict import judge
from dashboard.freshness import Source
from dashboard.incident_rows import Entry, Lifeline
from dashboard.rows import FeedNow
from dashboard.snapshot import Live, Snapshot

ZONE = ZoneInfo("America/New_York")
ONSET = datetime(2026, 1, 24, 1, 0, tzinfo=UTC)  # 20:00 in the city
AT = ONSET + timedelta(hours=18, minutes=30)
STORM = Incident(1, "Winter Storm Hale", "snow", "Partial activation", ONSET, None, ONSET, "Ann")
QUIET = StormNow(600, 550, 30, 0.05, 9_000, 450, 4, 65.0, 50, 700, 20, 40, 12, 2_214, 1_904)
BAR = ("chain_id", "event", "sent_at", "onset_at", "until", "held_until", "outcome")
GROUPS = ("name", "requests", "usual", "ratio", "p", "stands_out")
WEATHER = ("hour_start", "snow_mm", "precipitation_mm", "gust_kmh", "is_past", "measured", "issued_at")
NWS = AlertFeed("Weather alerts", AT - timedelta(seconds=30), 60)


def weather(*snow: float, issued_at: datetime | None = AT - timedelta(hours=2)) -> pd.DataFrame:
    rows = [(ONSET + timedelta(hours=n), mm, mm / 10, 40.0, n < 18, False, issued_at) for n, mm in enumerate(snow)]
    found = pd.DataFrame(rows, columns=list(WEATHER))
    return found.assign(**{name: pd.to_datetime(found[name], utc=True) for name in ("hour_start", "issued_at")})


def hours(known: Incident | None = STORM) -> pd.DataFrame:
    clock = clock_of(known, AT)
    count = clock.last - clock.first
    over = [n + clock.first + 1 <= clock.hour(AT) for n in range(count)]
    return pd.DataFrame(
        {
            "hour": range(clock.first, clock.last),
            "contacts": [500.0 if past else None for past in over],
            **dict.fromkeys(("expected", "expected_low", "expected_high", "no_storm", "usual"), [450.0] * count),
        }
    )


def known(**changed: Any) -> Emergency:
    incident = changed.get("incident", STORM)
    usual = {kind: Usual(kind, level, 0.8 * level, 1.2 * level, 8) for kind, level in (("requests", 40), ("posts", 15), ("searches", 38))}
    base: dict[str, Any] = {
        "at": AT,
        "incident": STORM,
        "running": 1,
        "clock": clock_of(incident, AT),
        "now": QUIET,
        "expected": Expected(590.0, 520.0, 660.0, 250.0, False),
        "usual": usual,
        "hours": hours(incident),
        "weather": weather(*[5.0] * 24),
        "alerts": pd.DataFrame({"event": []}),
        "shapes": pd.DataFrame({"geometry": []}),
        "bars": pd.DataFrame(columns=list(BAR)),
        "log": (),
        "lifelines": (),
        "types": pd.DataFrame(columns=list(GROUPS)),
        "districts": pd.DataFrame(columns=list(GROUPS)),
        "cells": pd.DataFrame(),
        "topics": pd.DataFrame(columns=["topic", "posts", "ratio"]),
        "searches": pd.DataFrame(columns=["term", "searches", "without_answer"]),
        "staff": (),
    }
    return Emergency(**(base | changed))


def figures(what: Emergency) -> dict[str, Any]:
    return emergency_figures.emergency_figures(what, judge(what), ZONE, Source(what.at, 10))


@pytest.mark.parametrize(
    ("contacts", "share", "longest", "headline", "status"),
    [
        pytest.param(600, 0.05, 65.0, "As planned", "ok", id="within the forecast's band"),
        pytest.param(661, 0.05, 65.0, "Worse than planned", "watch", id="above the band"),
        pytest.param(826, 0.05, 65.0, "Worse than planned", "act", id="above one and a quarter of it"),
        pytest.param(600, 0.10, 65.0, "Worse than planned", "watch", id="one in ten gives up"),
        pytest.param(600, 0.15, 65.0, "Worse than planned", "act", id="three in twenty give up"),
        pytest.param(600, 0.05, 300.0, "Worse than planned", "watch", id="five minutes of waiting"),
        pytest.param(600, 0.05, 900.0, "Worse than planned", "act", id="a quarter of an hour of waiting"),
        pytest.param(10, 0.5, 65.0, "As planned", "ok", id="too few contacts to judge"),
    ],
)
def test_the_verdict(contacts: int, share: float, longest: float, headline: str, status: str) -> None:
    verdict = judge(known(now=replace(QUIET, contacts_hour=contacts, abandon_share_hour=share, longest_wait_now_seconds=longest)))
    assert (verdict.headline, verdict.status) == (headline, status)


def test_the_reason_names_the_storm_what_was_expected_and_the_worst_district() -> None:
    districts = pd.DataFrame([("North", 90, 20.0, 4.2, 0.0, True), ("South", 90, 30.0, 2.9, 0.0, True)], columns=list(GROUPS))
    verdict = judge(known(now=replace(QUIET, contacts_hour=790), districts=districts))
    assert verdict.why == "**Winter Storm Hale**, partial activation. Contacts are 34% over what was expected of it; **North** is worst"


def test_without_a_forecast_the_usual_stands_in() -> None:
    usual = {"contacts": Usual("contacts", 200.0, 180.0, 220.0, 8)}
    what = known(expected=Expected(None, None, None, None, False), usual=usual)
    assert "3.0 times the usual" in judge(what).why
    assert judge(what).contacts == "watch"
    assert (figures(what)["em_contacts"]["of"], figures(what)["em_contacts"]["compare"]) == ("3.0 ×", "usual 180 to 220")


def test_without_an_incident_alerts_suggest_one_and_the_clock_counts_from_now() -> None:
    what = known(incident=None, running=0, suggested=("Winter Storm Warning",))
    verdict = judge(what)
    assert (verdict.headline, verdict.status) == ("No incident", "watch")
    assert "**Winter Storm Warning** in force" in verdict.why
    clock = figures(what)["em_clock"]
    assert (clock["is_storm"], clock["from"], clock["to"], clock["since"]) == (False, -24, 24, "No incident is open")


@pytest.mark.parametrize(
    ("feeds", "status", "why", "unheard"),
    [
        pytest.param(None, "ok", "No alert is in force", "", id="an instant of the past"),
        pytest.param((NWS,), "ok", "No alert is in force", "", id="heard"),
        pytest.param((), "ok", "No alert is known: no feed brings alerts", "no feed brings alerts", id="none"),
        pytest.param(
            (NWS, replace(NWS, name="**Sirens**", as_of=AT - timedelta(minutes=125))),
            "watch",
            "No alert is known: nothing from **Sirens** for 2 h 05 min",
            "nothing from **Sirens** for 2 h 05 min",
            id="one of two is silent",
        ),
        pytest.param(
            (replace(NWS, as_of=None),), "watch", "No alert is known: nothing from **Weather alerts** yet", "nothing from **Weather alerts** yet",
            id="never heard",
        ),
        pytest.param(
            (replace(NWS, as_of=AT + timedelta(hours=1)),), "watch", "No alert is known: the clock of **Weather alerts** is ahead",
            "the clock of **Weather alerts** is ahead", id="clock ahead",
        ),
    ],
)  # fmt: skip
def test_no_alert_is_a_finding_only_while_the_feeds_that_bring_alerts_are_heard(
    feeds: tuple[AlertFeed, ...] | None, status: str, why: str, unheard: str
) -> None:
    what = known(incident=None, running=0, alert_feeds=feeds)
    verdict = judge(what)
    assert (verdict.headline, verdict.status, verdict.why) == ("No incident", status, why)
    assert figures(what)["em_clock"]["unheard"] == unheard


def test_alerts_that_hold_are_told_beside_a_feed_that_is_silent() -> None:
    silent = replace(NWS, as_of=AT - timedelta(minutes=10))
    what = known(incident=None, running=0, alert_feeds=(silent,), alerts=pd.DataFrame({"event": ["Wind Advisory"]}))
    assert judge(what).why == "1 alert in force, none of them grave; nothing from **Weather alerts** for 10:00"
    assert judge(what).status == "watch"


def test_an_incident_that_is_over_says_so_and_its_clock_stands() -> None:
    what = known(incident=replace(STORM, ended_at=AT - timedelta(hours=2)))
    assert judge(what).headline == "Over"
    clock = figures(what)["em_clock"]
    assert (clock["stopped_at"], clock["since"]) == (16.5, "Over since Sat 12:30")


def test_a_long_incident_keeps_its_last_sixty_hours() -> None:
    clock = clock_of(STORM, ONSET + timedelta(hours=100))
    assert (clock.first, clock.last) == (40, 112)


def chain(name: str, event: str, *messages: tuple[float, float, str, float | None]) -> list[tuple[Any, ...]]:
    """Messages of one event: sent at hour, until hour, outcome, held until hour."""
    at = {hour: ONSET + timedelta(hours=hour) for one in messages for hour in (one[0], one[1], one[3] or 0)}
    return [(name, event, at[sent], None, at[until], at[held] if held is not None else None, how) for sent, until, how, held in messages]


def test_the_updates_of_one_event_are_one_bar_and_what_holds_stands_first() -> None:
    rows = [
        *chain("a", "Wind Advisory", (-4, 10, "over", 10)),
        *chain("b", "Winter Storm Warning", (-10, 20, "replaced", 2), (2, 29, "holds", None)),
        *chain("c", "Flood Watch", (1, 40, "cancelled", 6)),
        *chain("d", "Ice Storm Warning", (-90, -80, "over", -80)),
    ]
    bars = emergency_clock.bars(known(bars=pd.DataFrame(rows, columns=list(BAR))), ZONE)
    assert [(one["label"], one["from"], one["to"], one["level"]) for one in bars] == [
        ("Winter Storm Warning, until Sun 01:00", -6, 29, "warning"),
        ("Flood Watch, cancelled", 1, 6, "over"),
        ("Wind Advisory", -4, 10, "over"),
    ]


def test_snow_is_added_up_and_told_by_hour_seen_and_to_come() -> None:
    clock = figures(known())["em_clock"]
    assert clock["measure"].startswith("Snow fallen, inches by forecast")
    assert clock["seen"][-1] == (18.0, 3.54)
    assert clock["ahead"][0] == clock["seen"][-1]
    assert [one["text"] for one in clock["points"]] == ["3.5 in", "4.7 in expected"]


def test_no_weather_forecast_is_said() -> None:
    assert figures(known(weather=weather()))["em_clock"]["measure"] == "No weather forecast"


@pytest.mark.parametrize(
    ("issued_at", "says"),
    [
        (AT - timedelta(hours=12), "gusts to 25 mph ahead"),
        (AT - timedelta(hours=13), "gusts to 25 mph ahead, forecast of Sat 01:30"),
        (None, ", no forecast ahead"),
    ],
)
def test_an_old_weather_forecast_says_of_when_it_is(issued_at: datetime | None, says: str) -> None:
    hours = weather(*[5.0] * 24, issued_at=issued_at)
    if issued_at is None:
        hours = hours[hours["is_past"]]
    assert figures(known(weather=hours))["em_clock"]["measure"].endswith(says)


def test_every_figure_has_a_comparison_and_nothing_is_no_percentage() -> None:
    found = figures(known())
    assert (found["em_contacts"]["of"], found["em_contacts"]["compare"]) == ("1.0 ×", "expected 520 to 660")
    assert found["em_open"]["compare"] == "+310 in 1 h"
    assert found["em_give_up"] | {"value": "5", "compare": "450 since onset"} == found["em_give_up"]
    assert (found["em_requests"]["of"], found["em_requests"]["compare"]) == ("1.2 ×", "usual 32 to 48")
    nobody = figures(known(now=replace(QUIET, contacts_hour=0, abandon_share_hour=None, longest_wait_now_seconds=None)))
    assert (nobody["em_give_up"]["value"], nobody["em_give_up"]["empty"]) == (None, "Nobody called in 1 h")
    assert (nobody["em_wait"]["value"], nobody["em_wait"]["empty"]) == (None, "Nobody waits")


def test_what_residents_ask_comes_from_requests_posts_and_searches() -> None:
    types = pd.DataFrame([("Unplowed street", 120, 10.0, 10.2, 0.0, True), ("Pothole", 9, 8.0, 1.1, 0.4, False)], columns=list(GROUPS))
    topics = pd.DataFrame([("street_cleaning", 40, 6.0), ("trash", 4, 9.0), ("parking", 30, 1.5)], columns=["topic", "posts", "ratio"])
    searches = pd.DataFrame([("warming center", 30, 22), ("plow map", 9, 4), ("ice", 3, 1)], columns=["term", "searches", "without_answer"])
    rows = emergency_boards.asked(known(types=types, topics=topics, searches=searches))["rows"]
    assert [(one["name"], one["source"], one["count"], one["ratio"], one["status"]) for one in rows] == [
        ("Unplowed street", "requests", "120", "10.2", "act"),
        ("Street cleaning", "posts", "40", "6.0", "watch"),
        ("“warming center”", "searches", "22", None, "watch"),
        ("“plow map”", "searches", "4", None, "watch"),
    ]


def test_said_and_done_is_what_is_significant_in_its_newest_wording() -> None:
    def entry(hour: float, text: str, **more: Any) -> Entry:
        at = ONSET + timedelta(hours=hour)
        base = Entry(1, at, at, "Ann", "Operations", "entry", text, None, None, True, None, None, None)
        return replace(base, **more)

    log = (
        entry(3, "Plows out", corrected_text="Plows out at 23:00"),
        entry(2, "Small talk", significant=False),
        entry(1, "Text", kind="message"),
    )
    rows = emergency_boards.said(known(log=log), ZONE)["rows"]
    assert [(one["time"], one["what"]) for one in rows] == [("23:00", "Plows out at 23:00"), ("21:00", "Text")]
    assert figures(known(log=log))["em_clock"]["said"] == [1.0]


def test_lifelines_that_are_not_stable_are_named_and_the_others_counted() -> None:
    def line(name: str, status: str, **more: Any) -> Lifeline:
        return replace(Lifeline(name, status, "why", None, AT, "Ann", 3, 1, 2), **more)

    lines = (
        line("Energy", "unstable"), line("Communications", "stable"), line("Transportation", "stable", next_update_at=AT - timedelta(minutes=1)),
        line("Water systems", "unknown"), line("Health and medical", "unknown"),
    )  # fmt: skip
    board = emergency_boards.lifelines(known(lifelines=lines))
    assert [(one["name"], one["status"], one["word"]) for one in board["rows"]] == [
        ("Energy", "act", "unstable: why"),
        ("Transportation", "ok", "stable, update overdue"),
    ]
    assert board["others"] == "1 stable and 2 unknown"


def test_people_of_the_next_hours_and_that_blocked_calls_are_not_known() -> None:
    def half(hour: float, required: int, scheduled: int | None) -> PlannedHalfHour:
        return PlannedHalfHour("q", "Q", AT + timedelta(hours=hour), 1.0, 1.0, 1.0, required, scheduled, 0.5, AT)

    board = emergency_boards.staff(known(staff=tuple(half(n / 2, 20, 20 if n < 6 else 12) for n in range(12))), ZONE)
    assert [(one["required"], one["short"], one["status"]) for one in board["rows"]] == [(20, 0, "ok"), (20, 8, "act")]
    assert board["line"] == "Blocked calls: no feed tells of them"
    unplanned = emergency_boards.staff(known(staff=(half(0, 20, None),)), ZONE)
    assert (unplanned["rows"][0]["short"], unplanned["rows"][0]["status"]) == (None, "none")


def test_before_anything_was_read_every_part_is_there_and_unknown() -> None:
    found = emergency_figures.wall_figures(Snapshot(at=AT, city="City", zone=ZONE))
    assert set(found) == {"em_strip", *emergency_figures.KEYS}
    assert all(one["as_of"] is None for one in found.values())


def test_no_figure_is_younger_than_the_reading_it_comes_from() -> None:
    old = known()
    found = emergency_figures.wall_figures(Snapshot(at=AT + timedelta(minutes=5), city="City", zone=ZONE, emergency=old))
    assert all(one["as_of"] is None or one["as_of"] <= AT.timestamp() for one in found.values())


def test_the_chart_is_on_the_storm_clock_with_another_incident_beside() -> None:
    what = known()
    other = hours().assign(contacts=300.0)
    chart = emergency_charts.contacts(what.hours, what.clock, 18.5, "dark", WALL, 150, beside=other, beside_name="2016", said=(3.5, 90.0))
    assert chart is not None
    assert chart.spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [-6, 36]
    assert set(chart.data["word"].dropna()) == {"now", "seen", "expected", "calm", "beside", "message"}
    assert chart.data.loc[chart.data["word"] == "message", "hour"].tolist() == [3.5]
    assert chart.data.loc[chart.data["word"] == "beside", "text"].tolist() == ["2016"]
    empty = hours().assign(contacts=None, expected=None, expected_low=None, expected_high=None, no_storm=None, usual=None)
    assert emergency_charts.contacts(empty, what.clock, 18.5, "dark", WALL, 150) is None


def test_where_what_is_to_come_lies_low_its_two_words_stand_over_each_other() -> None:
    what, coming = known(), {"expected": 60.0, "expected_low": 50.0, "expected_high": 80.0, "no_storm": 40.0, "usual": None}
    quiet = hours()
    for column, value in coming.items():
        quiet[column] = quiet["hour"].map(lambda hour, value=value: value if hour >= 19 else None).astype("float64")
    chart = emergency_charts.contacts(quiet, what.clock, 18.5, "dark", WALL, 150)
    assert chart is not None
    words = chart.data.dropna(subset=["text"]).set_index("word")
    assert words["text"].to_dict() == {"seen": "seen", "expected": "expected", "calm_over": "without a storm"}
    assert words.loc["calm_over", ["hour", "height"]].tolist() == words.loc["expected", ["hour", "height"]].tolist()


def test_the_incident_that_is_shown() -> None:
    earlier = replace(STORM, incident_id=2, onset_at=ONSET - timedelta(days=1))
    over = replace(STORM, incident_id=3, onset_at=ONSET + timedelta(days=1), ended_at=AT)
    assert shown((earlier, STORM, over), None) == STORM
    assert shown((over,), None) is None
    assert shown((earlier,), over) == replace(over, level=NOT_OPEN, ended_at=None)


def test_an_address_carries_the_view_and_nonsense_is_left_out() -> None:
    view = view_of({"incident": "3", "hour": "14.5", "beside": "2"})
    assert (view.incident_id, view.hour, view.beside_id) == (3, 14.5, 2)
    view = view_of({"incident": "1;drop", "hour": "inf", "beside": "-1"})
    assert (view.incident_id, view.hour, view.beside_id) == (None, None, None)
    assert instant(STORM, 14.04, AT) == ONSET + timedelta(hours=14)
    assert instant(STORM, 99, AT) == AT


def test_figures_are_no_fresher_than_the_feed_that_brings_them() -> None:
    def feed(name: str, topic: str, age: float, cadence: float) -> FeedNow:
        at = AT - timedelta(seconds=age)
        return FeedNow(name, name, topic, cadence, at, at, at, 9, 0)

    feeds = (
        feed("crm", "test.311.requests", 1_600, 60),
        feed("old export", "test.311.requests", 90_000, 60),
        feed("posts", "test.311.social", 3, 30),
    )
    live = Live(AT, (), None, (), (), feeds, 0.0)
    found = emergency_figures.wall_figures(Snapshot(at=AT, city="City", zone=ZONE, live=live, emergency=known()))
    for key in ("em_open", "em_requests", "em_map", "em_asked"):
        assert found[key]["as_of"] == AT.timestamp() - 1_600
        assert found[key]["cadence"] == 60
    assert found["em_posts"]["as_of"] == AT.timestamp() - 3
    assert found["em_searches"]["as_of"] == AT.timestamp()  # no feed tells of them: as old as the reading
