"""The charts of the Staffing page: a day's people, contacts and backlog, and the people that several weathers require. Pure.

Time is drawn in minutes since local midnight with the labels of the city's clock; a half hour is a step.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard.charts import DESK, look
from dashboard.staffing_rows import ASKED, FORECAST, NO_STORM, midnight
from dashboard.tokens import Mode, colours

AXIS_WIDTH = 38  # px for the numbers, the same on every chart of a day, so that their hours stand under each other
MINUTES = 30
ROOM = 1.12  # above the highest value
ROOM_FOR_A_WORD = 34  # px of height


def day_frame(halves: pd.DataFrame, day: date, zone: ZoneInfo) -> pd.DataFrame:
    """One row a half hour of a day with its minute since local midnight, and a last row that ends the last step.

    Returns:
        The columns of `halves`, and minute, covered (people required less those short), now float64.
    """
    rows = halves[halves["day"] == day]
    if rows.empty:
        return rows.assign(minute=pd.Series(dtype="float64"), covered=pd.Series(dtype="float64"))
    start = pd.Timestamp(midnight(day, zone))
    rows = rows.assign(minute=_minutes(rows, start))
    used = rows[(rows["required"] > 0) | (rows["scheduled"] > 0)]
    if len(used):
        rows = rows[rows["minute"].between(used["minute"].min(), used["minute"].max())]
    rows = rows.assign(covered=rows["required"] - rows["short"].fillna(0))
    end = rows.iloc[[-1]].assign(minute=rows["minute"].iloc[-1] + MINUTES)
    return pd.concat([rows, end], ignore_index=True)


def people(frame: pd.DataFrame, day: date, zone: ZoneInfo, now: datetime, mode: Mode, height: int) -> dict[str, Any] | None:
    """People required with their band, people scheduled as steps, and who is missing between them; None: nothing to draw."""
    if frame.empty:
        return None
    tone, top = colours(mode), _top(frame[["required_high", "scheduled", "required"]].max().max())
    base = alt.Chart(_plain(frame, "minute", "required", "required_low", "required_high", "scheduled", "covered")).encode(
        x=_hours(frame, day, zone)
    )
    step: dict[str, Any] = {"interpolate": "step-after"}
    layers: list[alt.Chart] = [
        base.mark_area(color=tone["data"], opacity=0.22, **step).encode(y=_y("required_low", top), y2="required_high:Q"),
        base.mark_area(color=tone["watch_mark"], opacity=0.55, **step).encode(y=_y("covered", top), y2="required:Q"),
        base.mark_line(color=tone["data"], strokeWidth=2, strokeDash=[4, 4], **step).encode(y=_y("required", top)),
    ]
    peak = _highest(frame, "required_high")
    words: list[tuple[Any, Any, str, str, float]] = [
        (peak["minute"], peak["required_high"], "required, with its 80% band", tone["data"], -6)
    ]
    if frame["scheduled"].notna().any():
        layers.append(
            base.transform_filter("isValid(datum.scheduled)")
            .mark_line(color=tone["text"], strokeWidth=2.5, **step)
            .encode(y=_y("scheduled", top))
        )
        words.append(_under(frame, "scheduled", "scheduled", tone["text"]))
        if frame["short"].max() > 0:
            worst = _highest(frame, "short")
            if worst["short"] * height > ROOM_FOR_A_WORD * top:
                words.append((worst["minute"] + MINUTES / 2, (worst["covered"] + worst["required"]) / 2, "short", tone["text"], 4))
    reach, x = (float(frame["minute"].min()), float(frame["minute"].max())), _hours(frame, day, zone)
    for one in words:
        layers += _word(*one, x=x, reach=reach, top=top, mode=mode)
    layers += _now(frame, day, zone, now, top, tone)
    return _drawn(layers, mode, height)


def contacts(
    frame: pd.DataFrame, came: pd.DataFrame, day: date, zone: ZoneInfo, now: datetime, mode: Mode, height: int
) -> dict[str, Any] | None:
    """Contacts expected in each half hour with the 80 % band, and those that came; None: nothing to draw.

    Args:
        frame: as `day_frame` gives it.
        came: interval_start and contacts of whole half hours.
        day: the day.
        zone: the city's.
        now: the clock.
        mode: which palette.
        height: px.
    """
    if frame.empty:
        return None
    tone = colours(mode)
    counted = came.assign(minute=_minutes(came, pd.Timestamp(midnight(day, zone))) + MINUTES / 2)
    counted = counted[counted["minute"].between(frame["minute"].min(), frame["minute"].max())]
    top = _top(max(frame["high"].max(), counted["contacts"].max() if len(counted) else 0))
    middle = frame.iloc[:-1].assign(minute=frame["minute"].iloc[:-1] + MINUTES / 2)
    x = _hours(frame, day, zone)
    base = alt.Chart(_plain(middle, "minute", "yhat", "low", "high")).encode(x=x)
    curve: dict[str, Any] = {"interpolate": "monotone"}
    layers: list[alt.Chart] = [
        base.mark_area(color=tone["data"], opacity=0.22, **curve).encode(y=_y("low", top), y2="high:Q"),
        base.mark_line(color=tone["data"], strokeWidth=2, strokeDash=[4, 4], **curve).encode(y=_y("yhat", top)),
    ]
    if len(counted):
        seen = alt.Chart(_plain(counted, "minute", "contacts")).encode(x=x)
        layers.append(seen.mark_line(color=tone["data"], strokeWidth=2.5, **curve).encode(y=_y("contacts", top)))
    layers += _now(frame, day, zone, now, top, tone, word=False)
    return _drawn(layers, mode, height)


def backlog(frame: pd.DataFrame, carry: pd.DataFrame, day: date, zone: ZoneInfo, mode: Mode, height: int) -> dict[str, Any] | None:
    """People who wait over from one half hour to the next, as bars; None: nobody does.

    Args:
        frame: as `day_frame` gives it.
        carry: interval_start and waiting_at_end, all queues together.
        day: the day.
        zone: the city's.
        mode: which palette.
        height: px.
    """
    if frame.empty or carry.empty:
        return None
    tone = colours(mode)
    start = pd.Timestamp(midnight(day, zone))
    bars = carry.assign(minute=_minutes(carry, start))
    bars = bars[bars["minute"].between(frame["minute"].min(), frame["minute"].max() - MINUTES)]
    if bars.empty or bars["waiting_at_end"].max() < 1:
        return None
    bars = _plain(bars.assign(end=bars["minute"] + MINUTES - 4), "minute", "end", "waiting_at_end")
    top = _top(bars["waiting_at_end"].max())
    marks = alt.Chart(bars).mark_rect(color=tone["watch_mark"], opacity=0.8)
    drawn = marks.encode(x=_hours(frame, day, zone), x2="end:Q", y=_y("waiting_at_end", top), y2=alt.datum(0))
    return _drawn([drawn], mode, height)


def weathers(
    totals: Mapping[str, pd.DataFrame], names: Mapping[str, str], first: date, days: int, zone: ZoneInfo, mode: Mode, height: int
) -> dict[str, Any] | None:
    """People required in each half hour under each weather, and those scheduled, beside each other.

    Args:
        totals: by weather, as `staffing_rows.by_half_hour` gives it.
        names: the words beside its line, by weather.
        first: the first local day.
        days: how many days.
        zone: the city's.
        mode: which palette.
        height: px.
    """
    tone = colours(mode)
    start = pd.Timestamp(midnight(first, zone))
    end = 24 * 60 * days
    timed = {shown: frame.assign(minute=_minutes(frame, start)) for shown, frame in totals.items()}
    frames = {shown: frame[(frame["minute"] >= 0) & (frame["minute"] < end)] for shown, frame in timed.items()}
    frames = {shown: frame for shown, frame in frames.items() if len(frame)}
    if not frames:
        return None
    top = _top(max(frame[["required", "scheduled"]].max().max() for frame in frames.values()))
    marks = range(0, end + 1, 720)
    labels = {minute: (start + timedelta(minutes=minute + 1)).astimezone(zone) for minute in marks if minute < end}
    texts = {minute: f"{at:%a} {at.day}" if minute % 1440 == 0 else "12:00" for minute, at in labels.items()}
    x = alt.X("minute:Q", title=None, scale=alt.Scale(domain=[0, end], nice=False), axis=_axis(texts))
    looks: dict[str, dict[str, Any]] = {
        NO_STORM: {"color": tone["usual"], "strokeWidth": 2},
        FORECAST: {"color": tone["data"], "strokeWidth": 2, "strokeDash": [4, 4]},
        ASKED: {"color": tone["watch_mark"], "strokeWidth": 2.5},
    }
    layers: list[alt.Chart] = []
    for shown in (NO_STORM, ASKED, FORECAST):
        if shown in frames:
            drawn = alt.Chart(_plain(frames[shown], "minute", "required")).encode(x=x, y=_y("required", top))
            layers.append(drawn.mark_line(interpolate="step-after", **looks[shown]))
    scheduled = _plain(next(iter(frames.values())), "minute", "scheduled").dropna()
    if len(scheduled):
        drawn = alt.Chart(scheduled).encode(x=x, y=_y("scheduled", top))
        layers.append(drawn.mark_line(interpolate="step-after", color=tone["text"], strokeWidth=1.5))
    tones = {NO_STORM: tone["text2"], FORECAST: tone["data"], ASKED: tone["watch"]}
    for shown, minute, at in _places(frames):
        layers += _word(minute, at, names[shown], tones[shown], -7, x=x, reach=(0, end), top=top, mode=mode)
    if len(scheduled):
        last = scheduled[scheduled["minute"] >= end - 1440]
        peak = (
            (last if len(last) and last["scheduled"].max() > 0 else scheduled)
            .sort_values("scheduled", ascending=False, kind="stable")
            .iloc[0]
        )
        layers += _word(peak["minute"], peak["scheduled"], "scheduled", tone["text"], 18, x=x, reach=(0, end), top=top, mode=mode)
    return _drawn(layers, mode, height)


def _places(frames: Mapping[str, pd.DataFrame]) -> list[tuple[str, float, float]]:
    """Where the name of each weather stands: at its highest; on another day, if one that is named already is about as high there."""
    found: list[tuple[str, float, float]] = []
    for shown in (ASKED, FORECAST, NO_STORM):
        if shown not in frames:
            continue
        days = frames[shown].assign(day=frames[shown]["minute"] // 1440).sort_values("required", ascending=False, kind="stable")
        peaks = days.drop_duplicates("day")
        room = 0.12 * max(frame["required"].max() for frame in frames.values())
        free = [
            row
            for row in peaks.itertuples()
            if all(row.day != minute // 1440 or abs(float(row.required) - height) > room for _, minute, height in found)  # type: ignore[arg-type]
        ]
        if free:
            found.append((shown, float(free[0].minute), float(free[0].required)))  # type: ignore[arg-type]
    return found


def _minutes(frame: pd.DataFrame, start: pd.Timestamp) -> "pd.Series[float]":
    return (frame["interval_start"] - start).dt.total_seconds() / 60


def _plain(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame[list(columns)].astype("float64")


def _top(value: float) -> float:
    return max(4.0, ROOM * (0 if pd.isna(value) else float(value)))


def _y(column: str, top: float) -> alt.Y:
    step = next(size for size in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2500, 5000, 10_000, 100_000) if top / size < 4)
    values = list(range(0, int(top) + 1, step))
    axis = alt.Axis(values=values, format=",d", minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH)
    return alt.Y(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, top], nice=False), axis=axis)


def _axis(texts: Mapping[int, str]) -> alt.Axis:
    words = "{" + ",".join(f"'{minute}':'{word}'" for minute, word in texts.items()) + "}"
    return alt.Axis(values=list(texts), labelExpr=f"{words}[datum.value]", labelOverlap=False)


def _hours(frame: pd.DataFrame, day: date, zone: ZoneInfo) -> alt.X:
    """The minutes of the day under the hours of the city's clock, which on two days of the year are not the same."""
    first, last = int(frame["minute"].min()), int(frame["minute"].max())
    start, every = midnight(day, zone), 2 if last - first <= 900 else 3
    texts = {}
    for minute in range(first, last + 1, MINUTES):
        local = (start + timedelta(minutes=minute)).astimezone(zone)
        if local.minute == 0 and local.hour % every == 0 and last - minute >= MINUTES:
            texts[minute] = f"{local:%H:%M}"
    return alt.X("minute:Q", title=None, scale=alt.Scale(domain=[first, last], nice=False), axis=_axis(texts))


def _highest(frame: pd.DataFrame, column: str) -> Any:
    return frame.iloc[:-1].sort_values(column, ascending=False, kind="stable", na_position="last").iloc[0]


def _under(frame: pd.DataFrame, column: str, word: str, colour: str) -> tuple[float, float, str, str, float]:
    """Where a word stands under its line: where the line is furthest from what lies below the others."""
    room = frame.iloc[:-1].assign(room=frame[[column, "covered"]].min(axis=1)).dropna(subset=[column])
    inside = room[room["minute"].between(frame["minute"].min() + 90, frame["minute"].max() - 90)]
    place = (inside if len(inside) else room).sort_values("room", ascending=False, kind="stable").iloc[0]
    return float(place["minute"]), float(place["room"]), word, colour, 24


def _word(
    minute: float, height: float, word: str, colour: str, dy: float, *, x: alt.X, reach: tuple[float, float], top: float, mode: Mode
) -> list[alt.Chart]:
    """A word beside its line, with a rim of the panel's colour where it crosses another."""
    share = (minute - reach[0]) / (reach[1] - reach[0] or 1)
    align: Any = "left" if share < 0.2 else "right" if share > 0.8 else "center"
    base = alt.Chart(pd.DataFrame({"minute": [float(minute)], "height": [float(height)]})).encode(x=x, y=_y("height", top))
    placed: dict[str, Any] = {"text": word, "align": align, "dy": dy, "fontSize": DESK.mark, "fontWeight": 600}
    rim = base.mark_text(stroke=colours(mode)["panel"], strokeWidth=3, strokeJoin="round", **placed)
    return [*([] if word == "short" else [rim]), base.mark_text(color=colour, **placed)]


def _now(
    frame: pd.DataFrame, day: date, zone: ZoneInfo, now: datetime, top: float, tone: Mapping[str, str], *, word: bool = True
) -> list[alt.Chart]:
    minute = (now - midnight(day, zone)).total_seconds() / 60
    if not frame["minute"].min() <= minute <= frame["minute"].max():
        return []
    rule = alt.Chart(pd.DataFrame({"minute": [minute]})).encode(x=_hours(frame, day, zone))
    marks = [rule.mark_rule(color=tone["text"], strokeWidth=1.5)]
    if word:
        late = minute > 0.9 * frame["minute"].max()
        placed: dict[str, Any] = {"align": "right", "dx": -6} if late else {"align": "left", "dx": 6}
        text = rule.mark_text(text="now", color=tone["text"], fontSize=DESK.mark, fontWeight=600, baseline="top", **placed)
        marks.append(text.encode(y=alt.value(0)))
    return marks


def _drawn(layers: list[alt.Chart], mode: Mode, height: int) -> dict[str, Any]:
    chart = look(cast(alt.LayerChart, alt.layer(*layers)), mode, DESK)
    spec: dict[str, Any] = chart.properties(width="container", height=height).to_dict(validate=False)  # half of a drawing's time
    return spec
