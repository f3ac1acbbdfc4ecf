"""What weather does to demand, as numbers a model can weigh: how hard it snows and snowed, how cold, hot, wet and windy it is. No I/O.

Weather comes in the columns of the table `weather_day` (metric); thresholds are those at which people were seen to change their habits.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MM_AN_INCH, KMH_A_MPH = 25.4, 1.609344
LEVELS = ("temperature_max_celsius", "temperature_min_celsius", "wind_kmh")
AMOUNTS = ("snow_mm", "precipitation_mm", "snow_depth_mm")
MEASURES = (*AMOUNTS, *LEVELS, "gust_kmh")
LAGS = 4  # the peak is often the day after the snow, and four days later it is still felt
SNOW = tuple(f"snow_{lag}_days_ago" for lag in range(LAGS + 1))
REGRESSORS = (*SNOW, "heating", "heating_yesterday", "cold", "cold_yesterday", "heat", "rain", "rain_yesterday", "wind", "wind_yesterday")
RAW = (
    *("temperature_max", "temperature_min", "temperature_change", "snow_inches", "snow_inches_of_a_week"),
    *("rain_inches", "wind_mph", "snow_depth_inches"),
)
QUIET_LOAD = 0.3  # with more snow than this a day is not like the days without
DAYS_BEFORE = 7  # so many days before the first one a feature may look back
STORM_SNOW_INCHES, STORM_GUST_MPH, DAYS_AFTER_SNOW = 4.0, 50.0, 3
GUST_TO_MEAN_WIND = 0.5  # where only gusts are known
LONGEST_GAP_DAYS = 3  # a shorter gap of a level is bridged; in a longer one the time of year stands in


def daily(weather: pd.DataFrame) -> pd.DataFrame:
    """Weather without gaps.

    Args:
        weather: One row a local day: `day` (datetime64) and any of `MEASURES`.

    Returns:
        One row a day from the first to the last: `day` and all of `MEASURES` (float64). Amounts that are missing are 0, levels are bridged
        or the mean of that time of year; a level that is nowhere known is NaN throughout. `gust_kmh` stays as it is.
    """
    found = weather.set_index("day").reindex(columns=list(MEASURES)).astype("float64")
    found = found[~found.index.duplicated(keep="last")].sort_index()
    found = found.reindex(pd.date_range(found.index.min(), found.index.max(), name="day"))
    found["wind_kmh"] = found["wind_kmh"].fillna(found["gust_kmh"] * GUST_TO_MEAN_WIND)
    found[list(AMOUNTS)] = found[list(AMOUNTS)].fillna(0.0)
    for level in LEVELS:
        bridged = found[level].interpolate(limit=LONGEST_GAP_DAYS, limit_area="inside")
        usual = bridged.groupby(pd.DatetimeIndex(found.index).day_of_year).transform("mean")
        found[level] = bridged.fillna(usual).fillna(bridged.mean())
    return found.reset_index()


def window(weather: pd.DataFrame, days: pd.DatetimeIndex) -> dict[str, Numbers]:
    """The measures of some days in a row and of those before them, fit for `effects`.

    Days of which nothing is known are like the newest one known, but dry.
    """
    wanted = pd.date_range(days[0] - pd.Timedelta(days=DAYS_BEFORE), days[-1])
    found = weather.set_index("day").reindex(wanted)
    found[list(LEVELS)] = found[list(LEVELS)].ffill().bfill()
    found[list(AMOUNTS)] = found[list(AMOUNTS)].fillna(0.0)
    return {name: found[name].to_numpy(dtype="float64") for name in MEASURES}


def effects(measures: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The regressors and the raw features of days in a row.

    Args:
        measures: One array a measure of `MEASURES`, whose last axis is days in a row; the first `DAYS_BEFORE` only serve to look back.

    Returns:
        One array a name of `REGRESSORS` and `RAW`, without the first `DAYS_BEFORE` days.
    """
    fahrenheit = {name: np.nan_to_num(measures[f"{name}_celsius"] * 1.8 + 32, nan=55.0) for name in ("temperature_max", "temperature_min")}
    mean = (fahrenheit["temperature_max"] + fahrenheit["temperature_min"]) / 2
    snow, rain = measures["snow_mm"] / MM_AN_INCH, measures["precipitation_mm"] / MM_AN_INCH
    wind = np.nan_to_num(measures["wind_kmh"] / KMH_A_MPH)
    found = {name: _ago(np.log1p(2 * snow), lag) for lag, name in enumerate(SNOW)}
    pressing = {
        "heating": np.maximum(55 - mean, 0) / 10,
        "cold": np.maximum(25 - mean, 0) / 10,
        "rain": np.log1p(4 * rain),
        "wind": np.maximum(wind - 8, 0) / 10,
    }
    found |= {name: _ago(values, 0) for name, values in pressing.items()}
    found |= {f"{name}_yesterday": _ago(values, 1) for name, values in pressing.items()}
    found["heat"] = _ago(np.maximum(fahrenheit["temperature_max"] - 85, 0) / 10, 0)
    found |= {name: _ago(values, 0) for name, values in fahrenheit.items()}
    found["temperature_change"] = _ago(mean, 0) - _ago(mean, 1)
    found["snow_inches"], found["rain_inches"], found["wind_mph"] = _ago(snow, 0), _ago(rain, 0), _ago(wind, 0)
    found["snow_inches_of_a_week"] = np.sum([_ago(snow, lag) for lag in range(7)], axis=0)
    found["snow_depth_inches"] = _ago(measures["snow_depth_mm"] / MM_AN_INCH, 0)
    return found


def table(weather: pd.DataFrame) -> pd.DataFrame:
    """The features of each day of a gapless table of weather (`daily`).

    Returns:
        One row a day: `ds` and one float64 column a name of `REGRESSORS` and `RAW`. Before the first day there was no weather.
    """
    measures = {name: weather[name].to_numpy(dtype="float64") for name in MEASURES}
    padded = {name: np.concatenate([np.repeat(values[:1] * (name in LEVELS), DAYS_BEFORE), values]) for name, values in measures.items()}
    return pd.DataFrame({"ds": weather["day"], **effects(padded)})


def snow_load(features: Mapping[str, Numbers] | pd.DataFrame) -> Numbers:
    """How much a day lies under snow: the largest of today's and the four days' before, as log(1 + 2 × inches)."""
    return np.asarray(np.max([np.asarray(features[name], dtype="float64") for name in SNOW], axis=0))


def storm_days(weather: pd.DataFrame) -> "pd.Series[bool]":
    """Which days are storm days: snow of 4 inches or more and the three days after, or a gust of 50 mph or more.

    Args:
        weather: As `daily` returns it.

    Returns:
        One value a day, indexed by the day.
    """
    snowed = weather["snow_mm"] >= STORM_SNOW_INCHES * MM_AN_INCH
    after = snowed.rolling(DAYS_AFTER_SNOW + 1, min_periods=1).max().astype(bool)
    blew = weather["gust_kmh"].fillna(0.0) >= STORM_GUST_MPH * KMH_A_MPH
    return pd.Series(np.asarray(after | blew, dtype=bool), index=pd.DatetimeIndex(weather["day"]))


def _ago(values: Numbers, days: int) -> Numbers:
    """The values of so many days before, for all but the first `DAYS_BEFORE` days."""
    end = values.shape[-1] - days
    return values[..., DAYS_BEFORE - days : end]
