"""The storm clock: hours from the onset with alerts in force, the weather, messages to residents, and now. Pure; it draws nothing."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.emergency_rows import Emergency
from dashboard.figure import Figure, stamp
from dashboard.freshness import Source

MM_AN_INCH, KMH_A_MPH = 25.4, 1.609344
BAR_LETTERS = 46
OLD_FORECAST = timedelta(hours=12)  # a weather service issues one every few hours
GRAVE_WORDS = ("warning", "emergency")


def storm_clock(known: Emergency, zone: ZoneInfo, source: Source) -> Figure:
    """Hours from the onset: alerts in force, snow or rain seen and to come, messages to residents, now."""
    clock = known.clock
    weather = _weather(known, zone)
    local = clock.zero_at.astimezone(zone)
    if known.incident is None:
        since = "No incident is open"
    elif known.incident.ended_at is not None:
        since = f"Over since {known.incident.ended_at.astimezone(zone):%a %H:%M}"
    else:
        since = f"Onset {local:%a %H:%M}"
    return {
        "is_storm": clock.is_storm,
        "zero_at": clock.zero_at.timestamp(),
        "stopped_at": None if known.incident is None or known.incident.ended_at is None else round(clock.hour(known.incident.ended_at), 3),
        "since": since,
        "from": clock.first,
        "to": clock.last,
        "ticks": clock.ticks,
        "alerts": bars(known, zone),
        "unheard": known.alerts_unheard,
        "said": messages(known),
        **weather,
        **stamp(source),
    }


def messages(known: Emergency) -> list[float]:
    """When messages went to residents, in hours of the clock."""
    clock = known.clock
    found = [one.happened_at for one in known.log if one.kind == "message"]
    return [round(clock.hour(at), 2) for at in found if clock.starts_at <= at <= clock.ends_at]


def bars(known: Emergency, zone: ZoneInfo) -> list[Figure]:
    """The events that alerts told of, a bar a chain of messages: those that hold first, of these the gravest, then the newest."""
    found = [_bar(known, chain, zone) for _, chain in known.bars.groupby("chain_id", sort=False)]
    ordered = sorted((one for one in found if one is not None), key=lambda one: one[0])
    return [figure for _, figure in ordered]


def _bar(known: Emergency, chain: pd.DataFrame, zone: ZoneInfo) -> tuple[tuple[bool, bool, float], Figure] | None:
    """One event with its rank; None: it lies outside the clock's hours."""
    clock, last = known.clock, chain.iloc[-1]
    holds = last["outcome"] in ("holds", "lapsed")
    begins = min(_instant(one) or known.at for one in chain["onset_at"].fillna(chain["sent_at"]))
    told = _instant(last["until"]) if holds else _instant(last["held_until"])
    ends = told or clock.ends_at
    left, right = max(float(clock.first), clock.hour(begins)), min(float(clock.last), clock.hour(ends))
    if right <= left:
        return None
    until = f", until {ends.astimezone(zone):%a %H:%M}" if holds and told else ""
    how = {"lapsed": ", not renewed", "cancelled": ", cancelled"}.get(str(last["outcome"]), "")
    event = str(last["event"])
    grave = any(word in event.lower() for word in GRAVE_WORDS)
    level = "warning" if grave and holds else "advisory" if holds else "over"
    figure = {"from": round(left, 2), "to": round(right, 2), "label": f"{event}{until}{how}"[:BAR_LETTERS], "level": level}
    return (not holds, not grave, -begins.timestamp()), figure


def shapes(known: Emergency) -> list[dict[str, Any]]:
    """Where the alerts that hold are in force, as GeoJSON geometries."""
    return [one for one in known.shapes["geometry"] if isinstance(one, dict)]


def _instant(value: object) -> datetime | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).to_pydatetime()  # type: ignore[call-overload,arg-type]


def _weather(known: Emergency, zone: ZoneInfo) -> Figure:
    """Snow or, where none falls, rain, added up over the clock: seen, and to come."""
    clock, weather = known.clock, known.weather
    nothing: Figure = {"measure": "No weather forecast", "seen": [], "ahead": [], "points": [], "top": 1.0}
    if weather.empty:
        return nothing
    snow, rain = weather["snow_mm"].fillna(0.0).sum(), weather["precipitation_mm"].fillna(0.0).sum()
    name, column = ("Snow fallen", "snow_mm") if snow >= MM_AN_INCH / 2 else ("Rain fallen", "precipitation_mm")
    hours = [clock.hour(one.to_pydatetime()) + 1 for one in weather["hour_start"]]
    fallen = (weather[column].fillna(0.0).cumsum() / MM_AN_INCH).round(2).tolist()
    line = [(round(hour, 2), amount) for hour, amount in zip(hours, fallen, strict=True) if clock.first <= hour <= clock.last]
    now = clock.hour(known.at)
    seen = [one for one in line if one[0] <= now]
    ahead = ([seen[-1]] if seen else []) + [one for one in line if one[0] > now]
    points = [{"h": one[0], "v": one[1], "text": f"{one[1]:.1f} in"} for one in ([seen[-1]] if seen else [])]
    if ahead and ahead[-1][1] > (seen[-1][1] if seen else 0):
        points.append({"h": ahead[-1][0], "v": ahead[-1][1], "text": f"{ahead[-1][1]:.1f} in expected"})
    gust = weather.loc[~weather["is_past"].astype(bool), "gust_kmh"].max()
    wind = ("" if pd.isna(gust) else f", gusts to {gust / KMH_A_MPH:.0f} mph ahead") + _old_forecast(known, zone)
    if snow + rain < 1:
        return nothing | {"measure": f"No snow or rain{wind}"}
    how = "measured by day" if bool(weather["measured"].all()) else "by forecast"
    return {
        "measure": f"{name}, inches {how}{wind}",
        "seen": seen,
        "ahead": ahead,
        "points": points,
        "top": max(1.0, max(fallen) * 1.15),
    }


def _old_forecast(known: Emergency, zone: ZoneInfo) -> str:
    """Of when the forecast of the hours ahead is, where it is old; that there is none, where there is none."""
    ahead = known.weather.loc[~known.weather["is_past"].astype(bool), "issued_at"]
    issued = _instant(ahead.max())
    if issued is None:
        return "" if known.incident is not None and known.incident.ended_at is not None else ", no forecast ahead"
    return f", forecast of {issued.astimezone(zone):%a %H:%M}" if known.at - issued > OLD_FORECAST else ""
