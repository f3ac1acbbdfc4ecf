"""What if: no storm, so many inches of snow, or a hurricane. The fitted models answer; nothing is fitted anew."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from forecasting import outlook, store
from forecasting.learning import Learned, weather_ahead
from forecasting.weather_effects import GUST_TO_MEAN_WIND, KMH_A_MPH, MM_AN_INCH
from sql import queries

USUAL_HOURS = 12.0
FREEZING_CELSIUS, SNOW_DAY_LOW_CELSIUS = -1.0, -6.0
HEAVY_RAIN_MM, STRONG_GUST_KMH = 25.0, 60.0


def without_storm(learned: Learned) -> pd.DataFrame:
    """The weather of the days to forecast without snow, heavy rain or strong wind."""
    weather = learned.past_weather.copy()
    ahead = weather["day"] >= learned.first_day
    weather.loc[ahead, "snow_mm"] = 0.0
    weather.loc[ahead, "snow_depth_mm"] = 0.0
    weather.loc[ahead, "precipitation_mm"] = weather.loc[ahead, "precipitation_mm"].clip(upper=HEAVY_RAIN_MM)
    weather.loc[ahead, "gust_kmh"] = weather.loc[ahead, "gust_kmh"].clip(upper=STRONG_GUST_KMH)
    weather.loc[ahead, "wind_kmh"] = weather.loc[ahead, "wind_kmh"].clip(upper=STRONG_GUST_KMH * GUST_TO_MEAN_WIND)
    return weather


def weather_of(learned: Learned, asked: Mapping[str, Any], zone: ZoneInfo) -> pd.DataFrame:
    """The weather that somebody asks about, laid over a time without a storm.

    Args:
        learned: What is known.
        asked: A row of `scenario`: `kind`, `snow_inches`, `gust_mph`, `rain_inches`, `onset_at`, `hours`.
        zone: The city's, in which days begin.
    """
    weather = without_storm(learned)
    if asked["kind"] == "no storm":
        return weather
    weather = _reaching(weather, learned.days[-1])
    onset: datetime = asked["onset_at"].astimezone(zone)
    shares = _day_shares(onset, float(_or(asked["hours"], USUAL_HOURS)), zone)
    snow, rain, gust = (float(_or(asked[name], 0.0)) for name in ("snow_inches", "rain_inches", "gust_mph"))
    for day, share in shares.items():
        here = weather["day"] == day
        weather.loc[here, "snow_mm"] = snow * MM_AN_INCH * share
        weather.loc[here, "precipitation_mm"] = max(rain * MM_AN_INCH, snow * MM_AN_INCH / 10) * share
        weather.loc[here, "gust_kmh"] = gust * KMH_A_MPH
        mean = max(gust * KMH_A_MPH * GUST_TO_MEAN_WIND, 0.0)
        weather.loc[here, "wind_kmh"] = np.fmax(weather.loc[here, "wind_kmh"], mean)
        if snow > 0:
            weather.loc[here, "temperature_max_celsius"] = np.fmin(weather.loc[here, "temperature_max_celsius"], FREEZING_CELSIUS)
            weather.loc[here, "temperature_min_celsius"] = np.fmin(weather.loc[here, "temperature_min_celsius"], SNOW_DAY_LOW_CELSIUS)
    return weather


def answer(connection: Connection, scenario_id: int, run_id: int, learned: Learned, weather: pd.DataFrame, zone: ZoneInfo) -> None:
    """Forecast under a weather, and say that the scenario is answered."""
    ahead = weather_ahead(learned, weather)
    expected = outlook.days(learned.fitted, learned.days, ahead)
    rows = outlook.intervals(learned.fitted, expected, learned.days, ahead.storm, zone)
    store.write_intervals(connection, "scenario_interval", scenario_id, rows)
    store.execute(connection, "write-scenario-answer", {"scenario_id": scenario_id, "run_id": run_id, "message": None})


def answer_all(connection: Connection, run_id: int, learned: Learned, zone: ZoneInfo) -> int:
    """Answer every scenario that waits; how many there were."""
    waiting = queries.frame("scenarios-waiting", connection)
    for row in waiting.to_dict("records"):
        asked = {str(name): value for name, value in row.items()}
        scenario_id = int(asked["scenario_id"])
        onset = asked["onset_at"]
        last = pd.Timestamp(learned.days[-1]).tz_localize(zone) + timedelta(days=1)
        if asked["kind"] != "no storm" and (pd.isna(onset) or not learned.at - timedelta(days=1) <= onset < last):
            message = f"The onset must lie between now and {last:%a, %b} {last.day}: the forecast reaches no further."
            store.execute(connection, "write-scenario-answer", {"scenario_id": scenario_id, "run_id": run_id, "message": message})
            continue
        answer(connection, scenario_id, run_id, learned, weather_of(learned, asked, zone), zone)
    return len(waiting)


def _reaching(weather: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Days up to the last one; those that nothing is known of are like the newest known, without snow and rain."""
    days = pd.date_range(weather["day"].iloc[0], max(last, weather["day"].iloc[-1]), name="day")
    found = weather.set_index("day").reindex(days)
    amounts = ["snow_mm", "snow_depth_mm", "precipitation_mm", "gust_kmh"]
    found[amounts] = found[amounts].fillna(0.0)
    return found.ffill().reset_index()


def _day_shares(onset: datetime, hours: float, zone: ZoneInfo) -> dict[pd.Timestamp, float]:
    """How much of a storm falls on which local day, at an even rate."""
    shares: dict[pd.Timestamp, float] = {}
    for number in range(max(1, round(hours))):
        at = (pd.Timestamp(onset).tz_convert("UTC") + pd.Timedelta(hours=number)).tz_convert(zone)
        day = at.tz_localize(None).normalize()
        shares[day] = shares.get(day, 0.0) + 1 / max(1, round(hours))
    return shares


def _or(value: object, otherwise: float) -> Any:
    return otherwise if value is None or pd.isna(value) else value  # type: ignore[call-overload]
