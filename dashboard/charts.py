"""From a frame to a chart in the house look, and the sentence that a chart answers. Pure: nothing here knows Streamlit or the database.

Time is drawn in minutes since local midnight with the labels of the city's clock, so that neither the browser's zone nor a day of
23 or 25 hours can shift it. The data stand apart from the specification, so that a redraw changes the lines and not the drawing.
"""

import math
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard.tokens import Mode, colours
from dashboard.verdict import FEWEST_WEEKS

FONT = "IBM Plex Sans"
DATASET = "day"  # the name by which the specification asks for its data
INTERVAL_MINUTES = 15
BACK_MINUTES, AHEAD_MINUTES = 300, 240
OUTLOOK_INTERVALS = 8  # two hours
CLEARLY = 0.10  # less than this share more or less is "about as busy"


ROOM_FOR_A_WORD = 0.3  # of the axis, under a line
WORD_MINUTES = 225  # as wide as "usual Wednesday", the longest words beside the band
WORD_EDGE = 3  # intervals, half of the word today


class Size(NamedTuple):
    """Type and line sizes in px."""

    label: float
    line: float
    mark: float


WALL, DESK = Size(label=26, line=4, mark=26), Size(label=13, line=2, mark=13)


class DayChart(NamedTuple):
    """A chart's specification without data, and the data by the name that it uses."""

    spec: dict[str, Any]
    data: pd.DataFrame


def outlook(intervals: pd.DataFrame | None, at: datetime) -> str:
    """Will it get worse: how busy the next two hours usually are beside the last two; `**bold**` is the answer.

    It is read from the usual curve alone and is no forecast.
    """
    if intervals is None or intervals.empty or intervals["usual_weeks"].max() < FEWEST_WEEKS:
        return "Today by quarter hour: **no usual yet**"
    start = intervals["interval_start"]
    interval = timedelta(minutes=INTERVAL_MINUTES)
    before = intervals[(start > at - (OUTLOOK_INTERVALS + 1) * interval) & (start + interval <= at)]
    after = intervals[start > at].head(OUTLOOK_INTERVALS)
    past, coming = before["usual_offered"].mean(), after["usual_offered"].mean()
    span = "Next two hours" if len(after) == OUTLOOK_INTERVALS else "Rest of the day"
    if len(after) == 0 or len(before) == 0 or pd.isna(past) or pd.isna(coming):
        return "Today by quarter hour"
    if coming > past * (1 + CLEARLY):
        return f"{span}: **usually busier**"
    return f"{span}: **usually quieter**" if coming < past * (1 - CLEARLY) else f"{span}: **usually much the same**"


def look(chart: alt.LayerChart, mode: Mode, size: Size) -> alt.LayerChart:
    """The house look: no frame, no ticks, hairlines, our type and colours."""
    tone = colours(mode)
    axis = {
        "labelColor": tone["text2"],
        "labelFontSize": size.label,
        "labelFontWeight": 400,
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    }
    dressed: alt.LayerChart = (
        chart.configure(background="transparent", font=FONT, padding=0)
        .configure_view(stroke=None)
        .configure_axis(**axis)
        .configure_axisX(grid=False, domain=True, domainColor=tone["text3"])
        .configure_axisY(grid=True, gridColor=tone["line"], gridWidth=1)
        .configure_legend(disable=True)
    )
    return dressed


def _window(minutes: pd.Series, now: float) -> tuple[float, float]:
    """From BACK_MINUTES back to AHEAD_MINUTES ahead, moved to stay within the day."""
    day = float(minutes.max()) + INTERVAL_MINUTES
    first = min(max(0.0, now - BACK_MINUTES), max(0.0, day - BACK_MINUTES - AHEAD_MINUTES))
    first = math.floor(first / INTERVAL_MINUTES) * INTERVAL_MINUTES
    return first, min(day, first + BACK_MINUTES + AHEAD_MINUTES)


def _top(values: float) -> float:
    """The next of 10, 20, 50, 100, … with room above for the word now: few distinct scales, so the axis rarely moves."""
    wanted = max(1.25 * values, 8.0)
    step = 10.0 ** math.floor(math.log10(wanted))
    return next(step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * factor >= wanted)


def _prepared(intervals: pd.DataFrame, at: datetime) -> pd.DataFrame:
    start = intervals["interval_start"]
    minutes = (start - start.iloc[0]).dt.total_seconds() / 60
    complete = start + timedelta(minutes=INTERVAL_MINUTES) <= at  # the running quarter hour is not a count yet
    return pd.DataFrame(
        {
            "minute": minutes + INTERVAL_MINUTES / 2,
            "offered": intervals["offered"].where(complete),
            "usual_lower": intervals["usual_lower"],
            "usual_upper": intervals["usual_upper"],
        }
    ).astype("float64")


def day(intervals: pd.DataFrame, at: datetime, zone: ZoneInfo, mode: Mode, size: Size, height: int) -> DayChart | None:
    """Contacts offered per quarter hour today, the band of usual days, and now.

    Args:
        intervals: as the query day-intervals gives it, one row a quarter hour of the local day.
        at: now.
        zone: the city's.
        mode: which palette.
        size: WALL or DESK.
        height: of the drawing, px.

    Returns:
        The chart, or None when there is nothing to draw.
    """
    if intervals.empty:
        return None
    data = _prepared(intervals, at)
    midnight: pd.Timestamp = intervals["interval_start"].iloc[0]
    now = (at - midnight).total_seconds() / 60
    first, last = _window(data["minute"] - INTERVAL_MINUTES / 2, now)
    shown = data[(data["minute"] >= first) & (data["minute"] <= last)]
    peak = shown[["offered", "usual_upper"]].max().max()
    top = _top(0 if pd.isna(peak) else float(peak))
    usual = _usual_word(shown, now, top)
    data = pd.concat([shown, pd.DataFrame({"minute": [now], "word": ["now"]}), _places(shown, usual)], ignore_index=True)
    weekday = at.astimezone(zone).strftime("%A")
    placed = {
        "align": "right" if usual["ahead"] else "left",
        "baseline": "top" if usual["below"] else "bottom",
        "dy": 4 if usual["below"] else -4,
    }
    hours = _hours(midnight, first, last, zone)
    layers = _layers((first, last), top, hours, weekday, mode, size, now_left=now - first < 0.12 * (last - first), usual=placed)
    chart = look(layers, mode, size)
    spec = chart.properties(width="container", height=height).to_dict()
    return DayChart(spec=spec, data=data)


def _hours(midnight: pd.Timestamp, first: float, last: float, zone: ZoneInfo) -> dict[int, str]:
    """Every third full hour of the city's clock within the window: minute since midnight to its label."""
    labels: dict[int, str] = {}
    for minute in range(int(first), int(last) + 1, INTERVAL_MINUTES):
        local = (midnight + timedelta(minutes=minute)).astimezone(zone)
        if local.minute == 0 and local.hour % 3 == 0 and first + 20 <= minute <= last - 20:
            labels[minute] = f"{local:%H:%M}"
    return labels


def _usual_word(shown: pd.DataFrame, now: float, top: float) -> dict[str, Any]:
    """Where "usual Tuesday" stands: ahead of now or, late in the day, at the beginning; under the band if there is room, else above."""
    first, last = float(shown["minute"].min()), float(shown["minute"].max())
    ahead = last - now >= WORD_MINUTES
    near = shown[shown["minute"] >= now] if ahead else shown[shown["minute"] <= first + WORD_MINUTES]
    floor, roof = near[["offered", "usual_lower"]].min().min(), near[["offered", "usual_upper"]].max().max()
    below = bool(floor >= ROOM_FOR_A_WORD * top)
    return {"minute": last if ahead else first, "height": floor if below else roof, "ahead": ahead, "below": below}


def _places(shown: pd.DataFrame, usual: dict[str, Any]) -> pd.DataFrame:
    """The points at which words stand: the usual's, and today's above the line where that rises most over the usual."""
    places = []
    if shown["usual_upper"].notna().any():
        places.append({"minute": usual["minute"], "height": usual["height"], "word": "usual"})
    roof = shown[["offered", "usual_upper"]].max(axis=1).rolling(2 * WORD_EDGE - 1, center=True, min_periods=1).max()
    above = (shown["offered"] - shown["usual_upper"].fillna(0)).dropna().iloc[WORD_EDGE:-WORD_EDGE]
    if len(above):
        minute = _middle(shown, above)
        places.append({"minute": minute, "height": float(roof[shown["minute"] == minute].iloc[0]), "word": "today"})
    return pd.DataFrame(places, columns=["minute", "height", "word"])


def _middle(shown: pd.DataFrame, heights: pd.Series) -> float:
    """The minute at which the series is highest."""
    return float(shown["minute"].reindex(heights.index).to_numpy()[heights.to_numpy().argmax()])


def _layers(
    window: tuple[float, float],
    top: float,
    hours: dict[int, str],
    weekday: str,
    mode: Mode,
    size: Size,
    *,
    now_left: bool,
    usual: dict[str, Any],
) -> alt.LayerChart:
    tone = colours(mode)
    texts = "{" + ",".join(f"'{minute}':'{word}'" for minute, word in hours.items()) + "}"
    x = alt.X(
        "minute:Q",
        title=None,
        scale=alt.Scale(domain=list(window), nice=False),
        axis=alt.Axis(values=list(hours), labelExpr=f"{texts}[datum.value]", labelOverlap=False),
    )

    def y(column: str) -> alt.Y:
        axis = alt.Axis(values=[0, top / 2], format=",.0f")
        return alt.Y(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, top], nice=False), axis=axis)

    def words(name: str, text: str, colour: str, **placed: Any) -> alt.Chart:
        chart: alt.Chart = base.transform_filter(f"datum.word == '{name}'").mark_text(text=text, color=colour, fontSize=size.mark, **placed)
        return chart

    base = alt.Chart(alt.NamedData(name=DATASET)).encode(x=x)
    beside = {"align": "left", "dx": 8} if now_left else {"align": "right", "dx": -8}
    layers = [
        base.transform_filter("isValid(datum.usual_lower)")
        .mark_area(color=tone["usual"], opacity=0.3, interpolate="monotone")
        .encode(y=y("usual_lower"), y2="usual_upper:Q"),
        base.transform_filter("isValid(datum.offered)")
        .mark_line(color=tone["data"], strokeWidth=size.line, interpolate="monotone")
        .encode(y=y("offered")),
        base.transform_filter("datum.word == 'now'").mark_rule(color=tone["text"], strokeWidth=size.line * 0.6),
        words("now", "now", tone["text"], fontWeight=600, baseline="top", **beside).encode(y=alt.value(0)),
        words("usual", f"usual {weekday}", tone["text2"], fontWeight=500, **usual).encode(y=y("height")),
        words("today", "today", tone["data"], fontWeight=500, baseline="bottom", dy=-4).encode(y=y("height")),
    ]
    return cast(alt.LayerChart, alt.layer(*layers))
