"""Weather that may come: an ensemble around a forecast, drawn from how wrong forecasts are by lead time. No I/O.

The same error model makes an ensemble around an issued forecast, and, for backtests on observed weather, a forecast as it might have been
issued. Beyond a week a forecast says little, and past years at the same time of year stand in.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.weather_effects import AMOUNTS, DAYS_BEFORE, LEVELS, MEASURES, Numbers

LAST_FORECAST_DAY = 7
SEASON_DAYS = 10  # so many days before and after the same day of another year are the same time of year
CORRELATION = 0.7  # of a temperature's error from one day to the next
FIVE_DAYS = 5


@dataclass(frozen=True, slots=True)
class WeatherError:
    """How wrong a weather forecast is.

    Attributes:
        amount_first, amount_fifth: standard deviation of log(amount that came ÷ forecast) one and five days ahead.
        shifted_share: share of forecasts whose snow and rain come a day early or late.
        celsius_first, celsius_fifth: standard deviation of the temperature's error one and five days ahead.
    """

    amount_first: float = 0.35
    amount_fifth: float = 0.8
    shifted_share: float = 0.15
    celsius_first: float = 1.1
    celsius_fifth: float = 2.8

    def amount(self, lead_days: Numbers) -> Numbers:
        """The spread of an amount, by lead time."""
        return np.interp(lead_days, [1, FIVE_DAYS], [self.amount_first, self.amount_fifth])

    def celsius(self, lead_days: Numbers) -> Numbers:
        """The spread of a temperature, by lead time."""
        return np.interp(lead_days, [1, FIVE_DAYS], [self.celsius_first, self.celsius_fifth])


def around(
    weather: pd.DataFrame, first_day: pd.Timestamp, days: int, size: int, rng: np.random.Generator, error: WeatherError
) -> dict[str, Numbers]:
    """Scenarios around the weather of some days.

    Args:
        weather: As `weather_effects.daily` returns it, through the last day wanted that anything is known of; what stands there from
            `first_day` on is the forecast, and days after its end are left to past years.
        first_day: The first day that is not known yet.
        days: How many days are wanted.
        size: How many scenarios.
        rng: Where chance comes from.
        error: How wrong the forecast may be.

    Returns:
        One array a measure of `MEASURES`, one row a scenario: `DAYS_BEFORE` days as they were, then the days wanted. Fit for
        `weather_effects.effects`.
    """
    known = weather.set_index("day")
    wanted = pd.date_range(first_day, periods=days)
    past = known[known.index < first_day]
    issued = known.reindex(wanted[:LAST_FORECAST_DAY]).dropna(subset=["snow_mm"])
    ahead = len(issued)
    later = _past_years(past if len(past) else known, wanted[ahead:], size, rng)
    errors = _forecast_errors(ahead, size, rng, error)
    before = past.reindex(pd.date_range(end=first_day - pd.Timedelta(days=1), periods=DAYS_BEFORE))
    found = {}
    for name in MEASURES:
        forecast = _with_error(name, issued[name].to_numpy(dtype="float64"), errors, error.shifted_share)
        start = before[name].fillna(0.0 if name in AMOUNTS else past[name].mean()).to_numpy(dtype="float64")
        found[name] = np.concatenate([np.broadcast_to(start, (size, DAYS_BEFORE)), forecast, later[name]], axis=1)
    return found


@dataclass(frozen=True, slots=True)
class _Errors:
    factor: Numbers  # of amounts, one row a scenario
    celsius: Numbers
    shift: Numbers  # -1, 0 or 1 days, one a scenario


def _forecast_errors(ahead: int, size: int, rng: np.random.Generator, error: WeatherError) -> _Errors:
    lead = np.arange(1, ahead + 1, dtype="float64")
    spread = error.amount(lead)
    storm = rng.standard_normal((size, 1))  # a forecast that has too little has too little on each day
    factor = np.exp(spread * storm - spread**2 / 2)
    step = rng.standard_normal((size, ahead))
    walk = np.zeros((size, ahead))
    for day in range(ahead):
        walk[:, day] = step[:, day] if day == 0 else CORRELATION * walk[:, day - 1] + np.sqrt(1 - CORRELATION**2) * step[:, day]
    shift = np.where(rng.random(size) < error.shifted_share, rng.choice([-1.0, 1.0], size), 0.0)
    return _Errors(factor, walk * error.celsius(lead), shift)


def _with_error(name: str, forecast: Numbers, errors: _Errors, shifted_share: float) -> Numbers:
    size, ahead = errors.celsius.shape
    values = np.broadcast_to(forecast, (size, ahead)).copy()
    if name in LEVELS[:2]:
        return values + errors.celsius
    if name == "snow_depth_mm" or not ahead:
        return values
    if name in AMOUNTS and shifted_share:
        early, late = np.append(forecast[1:], 0.0), np.insert(forecast[:-1], 0, 0.0)
        shift = errors.shift[:, None]
        values = np.where(shift < 0, early, np.where(shift > 0, late, values))
    return values * (errors.factor if name in AMOUNTS else np.sqrt(errors.factor))


def _past_years(past: pd.DataFrame, days: pd.DatetimeIndex, size: int, rng: np.random.Generator) -> dict[str, Numbers]:
    """Days of past years at the same time of year, in a row as they were."""
    values = {name: past[name].to_numpy(dtype="float64") for name in MEASURES}
    if not len(days):
        return {name: np.empty((size, 0)) for name in MEASURES}
    position = np.arange(len(past) - len(days) + 1)
    if not len(position):
        return {name: np.broadcast_to(np.nanmean(values[name]) if len(past) else 0.0, (size, len(days))) for name in MEASURES}
    day_of_year = pd.DatetimeIndex(past.index).day_of_year.to_numpy()[position]
    apart = np.abs(day_of_year - days[0].day_of_year)
    near = position[np.minimum(apart, 365 - apart) <= SEASON_DAYS]
    start = rng.choice(near if len(near) else position, size)
    return {name: values[name][start[:, None] + np.arange(len(days))] for name in MEASURES}
