"""Synthetic series whose weather effects are known, since they were planted."""

from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.weather_effects import MEASURES, daily

START = pd.Timestamp("2023-01-02")
STORM_EVERY, FIRST_STORM = 41, 20
ON_THE_DAY, THE_DAY_AFTER = 0.7, 1.6  # what a storm multiplies the contacts with


def storms(days: int) -> np.ndarray:
    """Which days have 8 inches of snow."""
    number = np.arange(days)
    return (number % STORM_EVERY == FIRST_STORM) & (number >= FIRST_STORM)


def weather(days: int, *, snow: bool = True) -> pd.DataFrame:
    """Mild days, and snow on those of `storms`."""
    frame = pd.DataFrame({"day": pd.date_range(START, periods=days)} | dict.fromkeys(MEASURES, 0.0))
    frame = frame.assign(temperature_max_celsius=17.0, temperature_min_celsius=11.0, wind_kmh=5.0, gust_kmh=20.0)
    frame["snow_mm"] = np.where(storms(days) & snow, 203.2, 0.0)
    return daily(frame)


def series(days: int, *, snow: bool = True, contacts: float = 1000.0, noise: float = 0.04, seed: int = 2) -> pd.DataFrame:
    """A weekly shape, and the storms' effect: fewer contacts on the day, more on the day after."""
    rng = np.random.default_rng(seed)
    number = np.arange(days)
    y = contacts * np.where(number % 7 >= 5, 0.6, 1.0) * np.exp(rng.normal(0, noise, days))
    if snow:
        snows = storms(days)
        y = y * np.where(snows, ON_THE_DAY, 1.0) * np.where(np.roll(snows, 1), THE_DAY_AFTER, 1.0)
    return pd.DataFrame({"ds": pd.date_range(START, periods=days), "y": np.round(y)})


def write(path: Path, history: pd.DataFrame, table: pd.DataFrame) -> Path:
    """As a CSV file with counts and weather, in metric units."""
    measures = {"snow_mm": "snow_mm", "temperature_max_celsius": "tmax_c", "temperature_min_celsius": "tmin_c", "gust_kmh": "gust_kmh"}
    merged = history.merge(table, left_on="ds", right_on="day")
    merged.rename(columns={"ds": "date", "y": "contacts"} | measures)[["date", "contacts", *measures.values()]].to_csv(path, index=False)
    return path
