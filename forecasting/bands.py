"""How far off a forecast may be: quantiles from the series' own past errors, by lead time, wider under snow. No I/O.

Prophet's own bands cover 61 to 93 % of the days for which 80 % were promised, so they are not used. An error is measured in
units of a scale that knows three things: how noisy the series is, that a small count is noisier (Poisson), and that snow makes a day less
certain. How much less is learned from the past errors under snow, beginning from what other series showed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from forecasting.weather_effects import QUIET_LOAD, Numbers

LEVELS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LEAD_GROUPS = ((1, 3), (4, 7), (8, 10_000))  # days ahead, first and last
WINDOW_DAYS = 364
PSEUDO_ERRORS = norm.ppf((np.arange(13) + 0.5) / 13)  # a cold start's
LEAST_ERRORS = 20
COLD_SIGMA, LEAST_SIGMA = 0.12, 0.03
WIDENINGS = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0])
USUAL_WIDENING, WIDENING_SPREAD, ERROR_WEIGHT = 0.6, 0.15, 0.5


@dataclass(frozen=True, slots=True)
class Errors:
    """The calibrated errors of one group of lead times: the scale's noise, the widening under snow, and the past errors in its units."""

    sigma: float
    widening: float
    standardised: Numbers

    def scale(self, log_yhat: Numbers, snow_load: Numbers) -> Numbers:
        """How uncertain each forecast is, in log."""
        return _scale(self.sigma, self.widening, log_yhat, snow_load)

    def quantiles(self, levels: tuple[float, ...] = LEVELS) -> Numbers:
        """Quantiles of the errors in units of the scale."""
        return np.asarray(np.quantile(np.concatenate([self.standardised, PSEUDO_ERRORS]), levels))


def calibrate(past: pd.DataFrame, origin: pd.Timestamp) -> list[Errors]:
    """The errors to expect, for each of `LEAD_GROUPS`.

    Args:
        past: As for `blend.learned_weights`; of its rows those count whose day is before the origin and less than a year old.
        origin: The first day to forecast.
    """
    known = past[(past["ds"] < origin) & (past["ds"] >= origin - pd.Timedelta(days=WINDOW_DAYS)) & past["y"].notna()]
    groups = [known[known["lead_days"].between(first, last)] for first, last in LEAD_GROUPS]
    sigmas = [_sigma(group) for group in groups]
    widening = _widening(groups[:2], sigmas[:2])
    return [
        Errors(sigma, widening, _errors(group) / _scale_of(group, sigma, widening)) for group, sigma in zip(groups, sigmas, strict=True)
    ]


def group_of(lead_days: int) -> int:
    """Which of `LEAD_GROUPS` a lead time is in."""
    return next(number for number, (first, last) in enumerate(LEAD_GROUPS) if first <= lead_days <= last)


def quantiles(log_yhat: Numbers, snow_load: Numbers, lead_days: Numbers, errors: list[Errors]) -> Numbers:
    """The quantiles of each day's contacts.

    Args:
        log_yhat: Forecasts as log(1 + contacts), one value a day, or one row of these a weather scenario.
        snow_load: Of the same shape.
        lead_days: One value a day, 1 for the first.
        errors: As `calibrate` returns them.

    Returns:
        One row a day, one column a level of `LEVELS`; over all scenarios, each as likely as another.
    """
    scenarios, loads = np.atleast_2d(log_yhat), np.atleast_2d(snow_load)
    found = np.empty((scenarios.shape[1], len(LEVELS)))
    for day, lead in enumerate(lead_days):
        group = errors[group_of(int(lead))]
        spread = group.quantiles() if len(scenarios) == 1 else group.quantiles(_EVEN_LEVELS)
        values = scenarios[:, day, None] + group.scale(scenarios[:, day], loads[:, day])[:, None] * spread
        found[day] = values[0] if len(scenarios) == 1 else np.quantile(values, LEVELS)
    return np.maximum(np.expm1(found), 0.0)


_EVEN_LEVELS = tuple(((np.arange(40) + 0.5) / 40).tolist())


def _errors(rows: pd.DataFrame) -> Numbers:
    return np.asarray(np.log1p(rows["y"]) - rows["log_yhat"], dtype="float64")


def _sigma(rows: pd.DataFrame) -> float:
    calm = rows[rows["snow_load"] < QUIET_LOAD]
    if len(calm) < LEAST_ERRORS:
        return COLD_SIGMA
    noise = 1.4826 * float(np.median(np.abs(_errors(calm))))
    of_poisson = 1 / max(float(np.median(np.expm1(calm["log_yhat"]))), 1.0)
    return float(np.sqrt(max(noise**2 - of_poisson, LEAST_SIGMA**2)))


def _widening(groups: list[pd.DataFrame], sigmas: list[float]) -> float:
    """The mean widening after the errors under snow were seen (Student errors, since a storm's miss can be large)."""
    likely = -0.5 * ((WIDENINGS - USUAL_WIDENING) / WIDENING_SPREAD) ** 2
    for rows, sigma in zip(groups, sigmas, strict=True):
        snowy = rows[rows["snow_load"] >= QUIET_LOAD]
        if len(rows) < LEAST_ERRORS or snowy.empty:
            continue
        repeats = snowy.groupby("ds")["ds"].transform("size").to_numpy(dtype="float64")
        for number, widening in enumerate(WIDENINGS):
            variance = _scale_of(snowy, sigma, float(widening)) ** 2
            each = -0.5 * np.log(variance) - 2.5 * np.log1p(_errors(snowy) ** 2 / variance / 4)
            likely[number] += ERROR_WEIGHT * float((each / repeats).sum())
    weight = np.exp(likely - likely.max())
    return float((weight * WIDENINGS).sum() / weight.sum())


def _scale_of(rows: pd.DataFrame, sigma: float, widening: float) -> Numbers:
    return _scale(sigma, widening, rows["log_yhat"].to_numpy(dtype="float64"), rows["snow_load"].to_numpy(dtype="float64"))


def _scale(sigma: float, widening: float, log_yhat: Numbers, snow_load: Numbers) -> Numbers:
    poisson = 1 / np.maximum(np.expm1(log_yhat), 1.0)
    return np.sqrt(sigma**2 * (1 + (widening * snow_load) ** 2) + poisson)
