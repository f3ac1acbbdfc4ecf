"""From fitted models and weather to what is expected: days and half hours, by queue and in total, adding up. No I/O."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from forecasting import bands, baselines, blend
from forecasting.bands import LEVELS, Errors
from forecasting.days import TOTAL, half_hours
from forecasting.demand import DailyDemand, Explained
from forecasting.profile import Profile
from forecasting.weather_effects import Numbers

Flags = NDArray[np.bool_]

MODEL = "demand"
_EVEN = (np.arange(20) + 0.5) / 20  # of a half hour's count, when the day's total is known
_DAY_EVEN = (np.arange(25) + 0.5) / 25


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learned of one queue, and what its baselines say.

    Attributes:
        model: explains days.
        weights: of its parts.
        errors: of its past forecasts, by lead.
        profile: how its days spread over half hours.
        baselines: name → the days from the model's first day on.
        planned: the model that the plan uses: `MODEL`, or the baseline that was better.
    """

    model: DailyDemand
    weights: dict[str, float]
    errors: list[Errors]
    profile: Profile
    baselines: dict[str, Numbers]
    planned: str = MODEL


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one queue: what the model expects, and what the plan uses.

    Attributes:
        yhat: contacts a day by the model.
        quantiles: one row a day, one column a level of `bands.LEVELS`, of the plan.
        planned: contacts a day by the plan.
        explained: the model's parts with the expected weather.
        log_yhat: log(1 + contacts) of the model before queues were made to add up.
    """

    yhat: Numbers
    quantiles: Numbers
    planned: Numbers
    explained: Explained
    log_yhat: Numbers


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather of the days to forecast, as `weather_effects.effects` gives it.

    Attributes:
        line: what is expected, one value a day.
        ensemble: what may come, one row a scenario.
        storm: which days are storm days by the line.
        known: which days the line is a forecast for; on the others every scenario is as good, and their middle is taken.
    """

    line: dict[str, Numbers]
    ensemble: dict[str, Numbers]
    storm: Flags
    known: Flags


def days(fitted: dict[str, Fitted], wanted: pd.DatetimeIndex, weather: Weather) -> dict[str, Days]:
    """What is expected of each queue and, as `*`, of all together; the queues add up to the total.

    The total has a model of its own, which is better than a sum of many; the queues are scaled to it.
    """
    found = {queue: _days(one, wanted, weather) for queue, one in fitted.items()}
    if TOTAL not in found or len(found) == 1:
        return found
    for name in ("yhat", "planned"):
        parts = sum((getattr(one, name) for queue, one in found.items() if queue != TOTAL), np.zeros(len(wanted)))
        scale = np.divide(getattr(found[TOTAL], name), parts, out=np.ones(len(wanted)), where=parts > 0)
        for queue, one in found.items():
            if queue != TOTAL:
                scaled = {name: getattr(one, name) * scale}
                if name == "planned":
                    scaled["quantiles"] = one.quantiles * scale[:, None]
                found[queue] = replace(one, **scaled)
    return found


def _days(one: Fitted, wanted: pd.DatetimeIndex, weather: Weather) -> Days:
    lead = np.arange(1.0, len(wanted) + 1)
    explained = one.model.explain(wanted, weather.line)
    around = one.model.explain(wanted, weather.ensemble)
    scenarios = blend.combine(around, one.weights)
    log_yhat = np.where(weather.known, blend.combine(explained, one.weights), np.median(scenarios, axis=0))
    quantiles = bands.quantiles(scenarios, around.snow_load, lead, one.errors)
    yhat = np.maximum(np.expm1(log_yhat), 0.0)
    planned = yhat
    if one.planned != MODEL:
        other = one.baselines[one.planned][: len(wanted)]
        planned = np.where(np.isnan(other) | weather.storm, yhat, other)
        quantiles = quantiles * np.divide(planned, yhat, out=np.ones_like(yhat), where=yhat > 0)[:, None]
    return Days(yhat, quantiles, planned, explained, log_yhat)


def intervals(fitted: dict[str, Fitted], expected: dict[str, Days], wanted: pd.DatetimeIndex, storm: Flags, zone: ZoneInfo) -> pd.DataFrame:
    """Every half hour of the days.

    Returns:
        One row a queue and half hour: `queue`, `interval_start` (UTC), `yhat`, `quantiles` (array at `bands.LEVELS`).
    """
    frames = []
    starts_of = [half_hours(day, zone) for day in wanted]
    for queue, one in expected.items():
        profile = fitted[queue].profile
        for number, starts in enumerate(starts_of):
            special = bool(fitted[queue].model.calendar.special(wanted[number : number + 1])[0])
            share = profile.of(starts, special=special, storm=bool(storm[number]))
            spread = interval_quantiles(one.quantiles[number], share, profile.dispersion)
            frames.append(
                pd.DataFrame(
                    {
                        "queue": queue,
                        "interval_start": starts.tz_convert("UTC"),
                        "yhat": one.planned[number] * share,
                        "quantiles": list(spread),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def interval_quantiles(day: Numbers, share: Numbers, dispersion: float) -> Numbers:
    """The quantiles of each half hour's count: the day may be busier or quieter, and a half hour varies by itself (a gamma count).

    Args:
        day: The day's quantiles at `bands.LEVELS`.
        share: Of the day, one a half hour.
        dispersion: Variance ÷ mean of a half hour's count.

    Returns:
        One row a half hour, one column a level.
    """
    totals = np.interp(_DAY_EVEN, LEVELS, day)
    mean = np.maximum(totals[None, :] * share[:, None], 1e-9)[:, :, None]
    shape = mean / dispersion
    z = norm.ppf(_EVEN)[None, None, :]
    counts = mean * np.maximum(1 - 1 / (9 * shape) + z / (3 * np.sqrt(shape)), 0.0) ** 3  # Wilson and Hilferty 1931
    return np.asarray(np.quantile(counts.reshape(len(share), -1), LEVELS, axis=1, method="hazen").T)


def baselines_of(history: pd.DataFrame, count: int) -> dict[str, Numbers]:
    """What the baselines say of the days after a history."""
    return {
        baselines.SEASONAL_NAIVE: baselines.seasonal_naive(history, count),
        baselines.FOUR_WEEK_MEDIAN: baselines.four_week_median(history, count),
    }
