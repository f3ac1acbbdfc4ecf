"""Contacts an hour on the storm clock: seen, expected in this storm with its band, without a storm, and another incident beside it. Pure.

The x axis is hours from the onset and nothing else.
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import altair as alt
import pandas as pd

from dashboard.charts import DayChart, Size, look
from dashboard.emergency_rows import Clock
from dashboard.tokens import Mode, colours

DATASET = "storm"
SAME = 0.5  # contacts an hour
ROOM_ABOVE = 1.18
EDGE, WIDE = 2, 6  # hours within which a word, or a long one, would touch the edge
LOW_SHARE = 0.3  # of the height: under a lower point there is no room for a word


def contacts(
    hours: pd.DataFrame,
    clock: Clock,
    now_hour: float,
    mode: Mode,
    size: Size,
    height: int,
    *,
    beside: pd.DataFrame | None = None,
    beside_name: str = "",
    said: Sequence[float] = (),
) -> DayChart | None:
    """The chart's specification and its data.

    Args:
        hours: as `Emergency.hours`.
        clock: the hours that are shown.
        now_hour: now on that clock.
        mode: which palette.
        size: WALL or DESK.
        height: of the drawing, px.
        beside: the hours of another incident, on its own clock: hour, contacts.
        beside_name: what to call it.
        said: when messages went to residents, in hours of the clock.

    Returns:
        The chart, or None when nothing is known to draw.
    """
    calm = hours["no_storm"].where(hours["no_storm"].notna(), hours["usual"])
    if bool((hours["no_storm"] - hours["expected"]).abs().max() < SAME):  # no storm was foreseen: one line for both
        calm = hours["usual"]
    data = pd.DataFrame(
        {
            "hour": hours["hour"] + 0.5,
            "seen": hours["contacts"],
            "expected": hours["expected"],
            "low": hours["expected_low"],
            "high": hours["expected_high"],
            "calm": calm,
        }
    ).astype("float64")
    if beside is not None:
        data = data.merge(
            pd.DataFrame({"hour": beside["hour"] + 0.5, "beside": beside["contacts"].astype("float64")}), on="hour", how="left"
        )
    drawn = [column for column in ("seen", "high", "calm", "beside") if column in data]
    top = data[drawn].max().max()
    if pd.isna(top) or top <= 0:
        return None
    top = _round(float(top) * ROOM_ABOVE)
    words = _words(data, now_hour, clock, top, beside_name, calm_word="usual" if calm.equals(hours["usual"]) else "without a storm")
    told = [hour for hour in said if clock.first <= hour <= clock.last]
    marks = pd.DataFrame({"hour": [now_hour, *told], "word": ["now", *["message"] * len(told)], "height": [None, *[0.0] * len(told)]})
    data = pd.concat([data, marks, words], ignore_index=True)
    chart = look(_layers(data, clock, top, mode, size, height), mode, size)
    return DayChart(spec=chart.properties(width="container", height=height).to_dict(), data=data)


def _round(value: float) -> float:
    step: float = 10.0 ** max(0, len(str(int(value))) - 1) / 2
    return max(4.0, math.ceil(value / step) * step)


def _words(data: pd.DataFrame, now: float, clock: Clock, top: float, beside_name: str, *, calm_word: str) -> pd.DataFrame:
    """Where each line's word stands: at its own highest point, kept off the edges and off each other."""
    inside = data[(data["hour"] > clock.first + EDGE) & (data["hour"] < clock.last - 4 * EDGE)]
    places: list[dict[str, Any]] = []
    for column, word in (("seen", "seen"), ("expected", "expected"), ("calm", calm_word), ("beside", beside_name)):
        if column not in inside:
            continue
        line = inside[column].dropna()
        if column == "calm":  # the longest word, in the middle over its point
            hour = inside["hour"][line.index]
            apart = line[(hour > clock.first + WIDE) & (hour < now - WIDE)]  # "expected" stands after now
            line = apart if len(apart) else line[(hour > clock.first + WIDE) & (hour < clock.last - WIDE)]
        if line.empty:
            continue
        coming = line[inside["hour"][line.index] > now]
        line = coming if column == "expected" and len(coming) else line
        at = line.index[-1] if column == "seen" else line.index[int(line.to_numpy().argmax())]
        beneath = column == "calm" and float(data["hour"][at]) > now  # "expected" stands over its line there
        name = "calm_beneath" if beneath else column
        if beneath and float(data[column][at]) < LOW_SHARE * top and places and places[-1]["word"] == "expected":
            places.append(places[-1] | {"word": "calm_over", "text": word})
            continue
        places.append({"hour": float(data["hour"][at]), "height": float(data[column][at]), "word": name, "text": word})
    return pd.DataFrame(places, columns=["hour", "height", "word", "text"])


def _layers(data: pd.DataFrame, clock: Clock, top: float, mode: Mode, size: Size, height: int) -> alt.LayerChart:
    tone = colours(mode)
    zero = "onset" if clock.is_storm else "now"
    x = alt.X(
        "hour:Q",
        title=None,
        scale=alt.Scale(domain=[clock.first, clock.last], nice=False),
        axis=alt.Axis(
            values=clock.ticks,
            labelExpr=f"datum.value == 0 ? '{zero}' : (datum.value > 0 ? '+' : '\N{MINUS SIGN}') + abs(datum.value) + ' h'",
            labelFlush=True,
        ),
    )

    def y(column: str) -> alt.Y:
        axis = alt.Axis(values=[0, top / 2, top], format=",.0f")
        return alt.Y(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, top], nice=False), axis=axis)

    base = alt.Chart(alt.NamedData(name=DATASET)).encode(x=x)

    def line(column: str, **marked: Any) -> alt.Chart:
        return cast(alt.Chart, base.transform_filter(f"isValid(datum.{column})").mark_line(**marked).encode(y=y(column)))

    def word(name: str, colour: str, **placed: Any) -> alt.Chart:
        text: dict[str, Any] = {"color": colour, "fontSize": size.mark, "fontWeight": 500} | placed
        return cast(alt.Chart, base.transform_filter(f"datum.word == '{name}'").mark_text(**text).encode(y=y("height"), text="text:N"))

    dash = [size.line * 1.5, size.line * 1.7]
    layers = [
        line("calm", color=tone["usual"], strokeWidth=size.line * 0.8),
        base.transform_filter("isValid(datum.low)").mark_area(color=tone["data"], opacity=0.22).encode(y=y("low"), y2="high:Q"),
        line("expected", color=tone["data"], strokeWidth=size.line * 0.75, strokeDash=dash),
        *([line("beside", color=tone["text2"], strokeWidth=size.line * 0.75)] if "beside" in data else []),
        line("seen", color=tone["data"], strokeWidth=size.line * 1.4),
        base.transform_filter("datum.word == 'now'").mark_rule(color=tone["text"], strokeWidth=size.line * 0.7),
        base.transform_filter("datum.word == 'message'")
        .mark_point(shape="triangle-up", filled=True, color=tone["text"], size=size.mark * 7, opacity=1, yOffset=-size.mark * 0.2)
        .encode(y=y("height")),
        word("calm", tone["text2"], dy=-size.mark * 0.55, align="center"),
        word("calm_beneath", tone["text2"], dy=size.mark * 0.8, align="center"),
        word("calm_over", tone["text2"], dy=-size.mark * 1.6, align="left", dx=8),  # over the word "expected"
        word("seen", tone["data"], dy=-size.mark * 0.65, align="right", dx=-4),
        word("expected", tone["data"], dy=-size.mark * 0.5, align="left", dx=8),
        *([word("beside", tone["text2"], dy=-size.mark * 0.45, align="left")] if "beside" in data else []),
    ]
    return cast(alt.LayerChart, alt.layer(*layers))
