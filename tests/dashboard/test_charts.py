"""The specification, not the picture: what is drawn, on which scale, with which words; and the sentence above it."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import charts
from dashboard.charts import DESK, WALL, DayChart, outlook
from dashboard.tokens import MODES, Mode, colours
from tests.dashboard import sample


def drawn(intervals: pd.DataFrame | None = None, at: datetime = sample.NOW, mode: Mode = "dark", **options: Any) -> DayChart:
    frame = sample.intervals() if intervals is None else intervals
    chart = charts.day(frame, at, sample.ZONE, mode, options.get("size", WALL), 200)
    assert chart is not None
    return chart


def marks(chart: DayChart) -> list[str]:
    return [layer["mark"]["type"] for layer in chart.spec["layer"]]


def words(chart: DayChart) -> list[str]:
    return [layer["mark"]["text"] for layer in chart.spec["layer"] if layer["mark"]["type"] == "text"]


def test_band_line_rule_and_words_and_no_forecast() -> None:
    chart = drawn()
    assert marks(chart) == ["area", "line", "rule", "text", "text", "text"]
    assert words(chart) == ["now", "usual Tuesday", "today"]
    assert "forecast" not in str(chart.spec)


@pytest.mark.parametrize("mode", MODES)
def test_today_is_the_one_blue_and_the_usual_is_grey(mode: Mode) -> None:
    band, line = drawn(mode=mode).spec["layer"][:2]
    assert line["mark"]["color"] == colours(mode)["data"]
    assert band["mark"]["color"] == colours(mode)["usual"]
    assert 0.28 <= band["mark"]["opacity"] <= 0.38


def test_the_axis_begins_at_zero_and_has_no_title_and_no_legend() -> None:
    chart = drawn()
    scale = chart.spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert scale[0] == 0
    assert scale[1] >= 1.25 * chart.data[["offered", "usual_upper"]].max().max() * 0.99
    assert chart.spec["layer"][0]["encoding"]["y"]["title"] is None
    assert chart.spec["config"]["legend"]["disable"]


def test_the_running_quarter_hour_is_not_drawn_and_the_future_has_no_line() -> None:
    data = drawn().data
    seen = data.dropna(subset=["offered"])
    assert seen["minute"].max() == 14 * 60 + 15 + 7.5  # 14:15 to 14:30, at its middle
    assert data["minute"].max() > 17 * 60


def test_data_stand_apart_so_that_a_redraw_changes_no_specification() -> None:
    first, later = drawn(), drawn(at=sample.NOW + timedelta(seconds=40))
    assert first.spec == later.spec
    assert "datasets" not in first.spec
    assert first.spec["layer"][0].get("data", first.spec.get("data")) == {"name": charts.DATASET}


@pytest.mark.parametrize(
    ("local", "first", "last"),
    [("2026-11-24 00:20", 0, 9), ("2026-11-24 14:32", 9.5, 18.5), ("2026-11-24 23:50", 15, 24)],
    ids=["after midnight", "afternoon", "before midnight"],
)
def test_the_window_stays_within_the_day(local: str, first: float, last: float) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=sample.ZONE)
    domain = drawn(sample.intervals(day=at), at=at).spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert domain == pytest.approx([60 * first, 60 * last], abs=15)


def test_labels_are_the_citys_clock_on_a_day_of_25_hours() -> None:
    at = datetime(2026, 11, 1, 14, 32, tzinfo=sample.ZONE)
    axis = drawn(sample.intervals(day=at), at=at).spec["layer"][0]["encoding"]["x"]["axis"]
    assert "'780':'12:00'" in axis["labelExpr"]  # an hour was lived twice: noon is 13 hours after midnight


def usual_word(chart: DayChart) -> tuple[dict[str, Any], float]:
    """How the words beside the band are placed, and the minutes between them and now."""
    mark = next(layer["mark"] for layer in chart.spec["layer"] if layer["mark"].get("text", "").startswith("usual"))
    minute = {word: chart.data.loc[chart.data["word"] == word, "minute"].iloc[0] for word in ("now", "usual")}
    return mark, abs(minute["usual"] - minute["now"])


@pytest.mark.parametrize(("local", "align"), [("2026-11-24 14:32", "right"), ("2026-11-24 22:10", "left"), ("2026-11-24 00:20", "right")])
def test_words_keep_clear_of_now(local: str, align: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=sample.ZONE)
    mark, apart = usual_word(drawn(sample.intervals(day=at), at=at))
    assert mark["align"] == align
    assert apart >= charts.WORD_MINUTES - 8


def test_with_no_room_under_the_band_the_words_stand_above_it() -> None:
    frame = sample.intervals()
    frame["usual_lower"] = 0.0
    chart = drawn(frame)
    mark, _ = usual_word(chart)
    ahead = chart.data[chart.data["minute"] > 14 * 60 + 32]
    assert mark["baseline"] == "bottom"
    assert ahead["height"].max() >= ahead["usual_upper"].max()


def test_without_a_usual_only_today_is_drawn() -> None:
    data = drawn(sample.intervals(weeks=0)).data
    assert data["usual_lower"].isna().all()
    assert not (data["word"] == "usual").any()


def test_nothing_to_draw_is_no_chart() -> None:
    assert charts.day(sample.intervals().iloc[:0], sample.NOW, sample.ZONE, "dark", WALL, 200) is None


def test_type_is_as_large_as_the_screen_needs() -> None:
    assert drawn().spec["config"]["axis"]["labelFontSize"] >= 26
    assert drawn(size=DESK).spec["config"]["axis"]["labelFontSize"] == 13


@pytest.mark.parametrize(
    ("local", "said"),
    [
        ("2026-11-24 08:02", "Next two hours: **usually busier**"),
        ("2026-11-24 15:02", "Next two hours: **usually much the same**"),
        ("2026-11-24 17:32", "Next two hours: **usually quieter**"),
        ("2026-11-24 22:50", "Rest of the day: **usually much the same**"),
    ],
)
def test_the_heading_answers_from_the_usual_curve(local: str, said: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("America/New_York"))
    assert outlook(sample.intervals(day=at), at) == said


def test_the_heading_invents_no_usual() -> None:
    assert outlook(sample.intervals(weeks=3), sample.NOW) == "Today by quarter hour: **no usual yet**"
    assert outlook(None, sample.NOW) == "Today by quarter hour: **no usual yet**"
