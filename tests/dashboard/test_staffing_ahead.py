"""The next two hours on the Live screen: people short, the chance, how old the forecast is, and the forecast on the day's chart."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dashboard.ahead import Ahead, PlannedHalfHour, short, together, troubled
from dashboard.ahead_figures import figure, label
from dashboard.charts import DayChart
from dashboard.edition import first
from dashboard.snapshot import Snapshot
from tests.dashboard import sample

STARTS = datetime(2026, 11, 24, 19, 30, tzinfo=sample.NOW.tzinfo)  # 14:30 in New York; it is 14:32
MADE_AT = sample.NOW - timedelta(minutes=12)


def half(place: int, required: int | None = 10, scheduled: int | None = 10, **changed: Any) -> PlannedHalfHour:
    made = PlannedHalfHour(
        queue="general", name="General", interval_start=STARTS + place * timedelta(minutes=30), yhat=80, low=60, high=110,
        required=required, scheduled=scheduled, chance_met=0.85, made_at=MADE_AT,
    )  # fmt: skip
    return replace(made, **changed)


def shown(*halves: PlannedHalfHour) -> Snapshot:
    return replace(sample.snapshot(sample.BUSY), ahead=Ahead(at=sample.NOW, halves=halves))


def spanish(place: int, required: int, scheduled: int | None, **changed: Any) -> PlannedHalfHour:
    return half(place, required, scheduled, queue="spanish", name="Spanish", **changed)


def test_queues_are_added_up_and_the_lowest_chance_counts() -> None:
    one = together([half(0, 10, 8), spanish(0, 3, 9, chance_met=0.4)])[0]
    assert (one.yhat, one.low, one.high, one.required, one.short, one.chance) == (160, 120, 220, 13, 2, 0.4)
    assert short(half(0, 10, None)) is None
    assert together([half(0, 10, None), spanish(0, 4, 1)])[0].short == 3
    assert troubled([half(n, 10, 8) for n in range(4)] + [spanish(1, 9, 2)] + [spanish(5, 99, 0)]) == [("Spanish", 7), ("General", 2)]


def test_the_panel_says_who_is_missing_from_when() -> None:
    snapshot = shown(*(half(n, 10, 10 if n == 0 else 10 - 2 * n) for n in range(6)), spanish(2, 4, 3, chance_met=0.1))
    found = figure(snapshot)
    assert [row["from"] for row in found["rows"]] == ["14:30", "15:00", "15:30", "16:00"]
    assert [row["short"] for row in found["rows"]] == ["0", "2", "5", "6"]
    assert [row["chance"] for row in found["rows"]] == ["85%", "85%", "10%", "85%"]
    assert [row["status"] for row in found["rows"]] == ["ok", "watch", "act", "watch"]
    assert found["line"] == "General 6, Spanish 1"
    assert found["as_of"] == MADE_AT.timestamp()
    assert label(snapshot, "usual") == "Next two hours: **6 short from 15:00**"


@pytest.mark.parametrize(
    ("snapshot", "heading", "line"),
    [
        pytest.param(shown(*(half(n) for n in range(5))), "Next two hours: **enough people**", "", id="enough"),
        pytest.param(shown(*(half(n, 10, None, chance_met=None) for n in range(5))), "usual", "No schedule", id="no schedule"),
        pytest.param(shown(), "usual", "No forecast yet: the band is the usual Tuesday", id="no forecast"),
        pytest.param(
            shown(half(0, made_at=sample.NOW - timedelta(hours=30))), "usual", "No forecast: the newest is 30 h 00 min old", id="too old"
        ),
        pytest.param(shown(half(-3)), "usual", "No forecast: the newest is 12:00 old", id="over"),
        pytest.param(sample.snapshot(sample.BUSY), "usual", "No forecast yet: the band is the usual Tuesday", id="not read yet"),
    ],
)
def test_what_else_it_says(snapshot: Snapshot, heading: str, line: str) -> None:
    assert label(snapshot, "usual") == heading
    assert figure(snapshot)["line"] == line


def test_many_queues_fit_on_the_line() -> None:
    names = ("Trash & recycling", "Streets & snow", "Permits & housing")
    found = figure(shown(*(half(0, 9, 3, queue=name, name=name) for name in names)))
    assert found["line"] == "3 queues"


def words(chart: DayChart) -> set[str]:
    return {layer["mark"]["text"] for layer in chart.spec["layer"] if "text" in layer["mark"]}


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_forecast_goes_on_from_the_last_count_and_fits(mode: Any) -> None:
    plain = first(sample.snapshot(sample.BUSY)).charts[mode]
    drawn = first(shown(*(half(n, yhat=900, low=700, high=1300) for n in range(9)))).charts[mode]
    assert plain is not None
    assert drawn is not None
    assert "forecast" in words(drawn) - words(plain)
    expected = drawn.data.dropna(subset=["expected"])
    seen = drawn.data.dropna(subset=["offered"]).iloc[-1]
    assert (expected["minute"].iloc[0], expected["expected"].iloc[0]) == (seen["minute"], seen["offered"])
    assert expected["minute"].is_monotonic_increasing
    assert expected["expected"].iloc[1] == 450  # the chart counts quarter hours
    tops = {layer["encoding"]["y"]["scale"]["domain"][1] for layer in drawn.spec["layer"] if "scale" in layer["encoding"].get("y", {})}
    assert len(tops) == 1
    assert tops.pop() >= 1300 / 2
    assert expected["minute"].max() <= plain.data["minute"].max()
    assert "expected" not in plain.data


def test_without_a_forecast_the_chart_is_as_it_was_and_makes_room_for_the_sentence() -> None:
    plain = first(sample.snapshot(sample.BUSY)).charts["dark"]
    ahead = first(shown(half(0), half(1), half(2))).charts["dark"]
    assert plain is not None
    assert ahead is not None
    assert plain.spec["height"] < ahead.spec["height"]
    assert "forecast" not in words(plain)
