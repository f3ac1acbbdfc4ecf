"""Weather and alerts as a report tells them: what fell since the onset, what is to come, what is in force and until when. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from dashboard import wording
from dashboard.emergency_clock import KMH_A_MPH, MM_AN_INCH
from dashboard.ics_period import moment
from dashboard.paper_blocks import Column, Section, clipped, named
from dashboard.situation_rows import Situation

HOUR = timedelta(hours=1)
SPANS_HOURS = (12, 24, 48)
LEAST_FALLEN_MM = 0.254  # less than a hundredth of an inch is none
WEATHER = (
    Column("", strong=True),
    Column("Snow, in", "right"),
    Column("Water, in", "right"),
    Column("Temp., °F", "right"),
    Column("Gusts, mph", "right"),
)
ALERTS = (Column("Alert", share=1.2, strong=True), Column("Severity"), Column("Until"), Column("Where", share=1))


def weather(found: Situation) -> Section:
    """What fell since the onset, and what the newest forecast expects."""
    frame, at = found.weather, found.at
    past = frame[frame["is_past"].astype(bool) & (frame["hour_start"] >= pd.Timestamp(found.incident.onset_at))]
    rows = [("Since the onset", *_row(past))]
    rows += [(f"Next {hours} h", *_row(ahead(frame, at, 0, hours))) for hours in SPANS_HOURS]
    rows = [row for row in rows if any(cell != wording.NOTHING for cell in row[1:])]
    told = "Water: rain and melted snow. Since the onset: by the forecast issued before each hour, else as measured."
    return Section(
        "What does the weather do?",
        WEATHER,
        tuple(rows),
        note=" ".join(filter(None, [told, reach(found)])) if rows else "",
        empty="No weather forecast is known.",
    )


def ahead(frame: pd.DataFrame, at: datetime, first: int, last: int) -> pd.DataFrame:
    """The hours of the forecast that begin from `first` to before `last` hours after an instant."""
    starts = frame["hour_start"]
    return frame[~frame["is_past"].astype(bool) & (starts >= pd.Timestamp(at + first * HOUR)) & (starts < pd.Timestamp(at + last * HOUR))]


def reach(found: Situation) -> str:
    """Until when the forecast reaches, where that is less than what is told."""
    ends = found.weather["hour_start"].max()
    if pd.isna(ends) or ends + HOUR >= pd.Timestamp(found.at + (SPANS_HOURS[-1] - 1) * HOUR):
        return ""
    return f"The forecast ends {moment((ends + HOUR).to_pydatetime(), found.zone)}."


def _row(hours: pd.DataFrame) -> tuple[str, str, str, str]:
    warm = hours["temperature_celsius"].dropna()
    gust = hours["gust_kmh"].max()
    return (
        _inches(hours["snow_mm"]),
        _inches(hours["precipitation_mm"]),
        wording.NOTHING if warm.empty else wording.both(_fahrenheit(warm.min()), _fahrenheit(warm.max())),
        wording.NOTHING if pd.isna(gust) else wording.count(gust / KMH_A_MPH),
    )


def _inches(millimetres: "pd.Series[float]") -> str:
    if not millimetres.notna().any():
        return wording.NOTHING
    return f"{millimetres.sum() / MM_AN_INCH:.1f}"


def _fahrenheit(celsius: float) -> float:
    return celsius * 9 / 5 + 32


def in_words(hours: pd.DataFrame) -> str:
    """What a span of the forecast brings, in a sentence; "": nothing is known of it."""
    if hours.empty:
        return ""
    snow, rain, warm, gust = _row(hours)
    fallen = float(hours["snow_mm"].fillna(0.0).sum()), float(hours["precipitation_mm"].fillna(0.0).sum())
    said = [f"{snow} in of snow"] if fallen[0] >= LEAST_FALLEN_MM else []
    said += [f"{rain} in of rain and melted snow"] if fallen[1] >= LEAST_FALLEN_MM else []
    said = said or ["no snow or rain"]
    said += [f"{warm} °F"] if warm != wording.NOTHING else []
    said += [f"gusts to {gust} mph"] if gust != wording.NOTHING else []
    return ", ".join(said)


def alerts(found: Situation, most: int, letters: int) -> Section:
    """The alerts that hold, the gravest first."""
    unheard = found.known.alerts_unheard
    every = found.known.alerts.to_dict("records")
    rows = []
    for one in every[:most]:
        until = moment(pd.Timestamp(one["until"]).to_pydatetime(), found.zone) + (", not renewed" if one["lapsed"] else "")
        by_hand = ", entered by hand" if one["source"] == "manual" else ""
        rows.append(
            (
                clipped(str(one["event"]), letters // 2) + by_hand,
                clipped(str(one["severity"] or "not told"), 12),
                until,
                clipped(str(one["area_desc"] or ", ".join(one["zones"]) or "not told"), letters),
            )
        )
    return Section(
        "Which alerts are in force, until when?",
        ALERTS,
        tuple(rows),
        note=named(len(every) - most, "alert"),
        empty=f"No alert is known: {wording.plainly(unheard)}." if unheard else "No alert is in force.",
    )


def alert_words(one: Mapping[Any, Any], found: Situation) -> str:
    """An alert in a sentence."""
    until = pd.Timestamp(one["until"]).to_pydatetime()
    severity = clipped(str(one["severity"] or "severity not told"), 20)
    return f"{clipped(str(one['event']), 80)} ({severity}) until {moment(until, found.zone)}"
