"""The demand of a day: Prophet on the logarithm with the weather's effects, and what it leaves over boosted. One series at a time. No I/O.

A fitted model explains a day as parts on the scale of log(1 + contacts). How much each part counts is decided in `forecasting.blend`, how
far off the sum may be in `forecasting.bands`.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from forecasting import weather_effects
from forecasting.baselines import four_week_median
from forecasting.special_days import special_days
from forecasting.weather_effects import MM_AN_INCH, QUIET_LOAD, RAW, REGRESSORS, SNOW, Numbers

logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # that Plotly is not there

from prophet import Prophet  # noqa: E402 (it speaks while it is imported)
from prophet.utilities import regressor_coefficients  # noqa: E402

logging.getLogger("prophet").setLevel(logging.ERROR)  # that less than two years are known; an import sets it to speak
logging.getLogger("cmdstanpy").disabled = True  # each fit; its level is set anew when it first speaks

PARTS = ("level", "boost", "recent")
LEAST_DAYS_FOR_PROPHET, LEAST_DAYS_FOR_BOOSTING = 60, 200
LEAST_DAYS_FOR_YEARLY, YEAR_DAYS = 250, 365
CHANGEPOINT_PRIOR_SCALE, REGRESSOR_PRIOR_SCALE = 0.03, 0.5
ABOVE_HIGHEST = 0.4  # how far above the highest day seen a forecast may go, in log
LARGEST_SNOW = 1.5  # times the largest snow seen: beyond it the effect is not known to go on growing
STORM_SNOW_INCHES = 2.0  # from this on a day's snow tells how the city takes snow
LEVEL_HALF_LIFE_DAYS, LEVEL_PSEUDO_DAYS, LEVEL_LIMIT, LEVEL_FADES_TO = 3.0, 2.0, 0.3, 0.9
RESIDUAL_LIMIT = 1.0
SHORT_HISTORY_TO_RECENT = 2 / 3  # so much of the way to the last four weeks where no season is known at all; none from a year on


class NothingToLearnFrom(Exception):
    """The history holds no day to learn from."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Days as parts on the scale of log(1 + contacts); every array ends in one value a day, and may have scenarios before.

    Attributes:
        base: the model's own answer.
        parts: what may be added to it, by the names of `PARTS`.
        snow_load: how much snow lies on the day (`weather_effects.snow_load`).
        limit: no forecast goes beyond it.
    """

    base: Numbers
    parts: dict[str, Numbers]
    snow_load: Numbers
    limit: float


@dataclass(frozen=True, slots=True)
class DailyDemand:
    """A fitted model of one daily series; `fit` makes it."""

    first_day: pd.Timestamp  # the first day after the history
    calendar: "_Calendar"
    coefficients: dict[str, float]
    storms_seen: int
    largest_snow_mm: float
    boosted: HistGradientBoostingRegressor | None
    level: float
    usual: Numbers  # log of the four-week median, for a week
    to_usual: float  # how much of the way from Prophet to it
    limit: float

    def explain(self, days: pd.DatetimeIndex, features: Mapping[str, Numbers]) -> Explained:
        """Explain days from `first_day` on.

        Args:
            days: Local days in a row, without a time zone.
            features: As `weather_effects.effects` gives them: one value a day, or one row of these a scenario.
        """
        snow_seen = float(np.log1p(2 * LARGEST_SNOW * self.largest_snow_mm / MM_AN_INCH))
        effects = {name: np.minimum(features[name], snow_seen) if name in SNOW else features[name] for name in REGRESSORS}
        trust = self.storms_seen / (self.storms_seen + 1)
        weights = {name: value * (trust if name in SNOW else 1.0) for name, value in self.coefficients.items()}
        weather = sum((weights[name] * effects[name] for name in weights), np.zeros_like(features["heat"]))
        ahead = np.asarray((days - self.first_day).days, dtype="float64")
        base = np.minimum(self.calendar.of(days) + weather, self.limit)
        load = weather_effects.snow_load(effects)
        boost = np.zeros_like(base)
        if self.boosted is not None:
            rows = _boost_rows(days, features)
            with threadpool_limits(1, "openmp"):
                boost = self.boosted.predict(rows.reshape(-1, rows.shape[-1])).reshape(base.shape)
        usual = self.usual[ahead.astype(int) % len(self.usual)]
        alike = (load <= QUIET_LOAD) & ~self.calendar.special(days)
        recent = np.where(alike & ~np.isnan(usual), usual - base, 0.0)
        base, recent = base + self.to_usual * recent, (1 - self.to_usual) * recent
        level = np.broadcast_to(self.level * LEVEL_FADES_TO ** (ahead + 1), base.shape)
        return Explained(base, {"level": level, "boost": boost, "recent": recent}, load, self.limit)


def fit(history: pd.DataFrame, weather: pd.DataFrame, country: str) -> DailyDemand:
    """Fit the model of a series.

    Args:
        history: One row a local day without gaps, in order: `ds` (datetime64, no time zone), `y` (contacts, NaN: not known).
        weather: As `weather_effects.daily` returns it, from the history's first day to its last; days of before and after do no harm.
        country: Whose holidays count, for example `US-PA`.

    Raises:
        NothingToLearnFrom: no day has a value.
    """
    known = history["y"].notna().to_numpy()
    if not known.any():
        raise NothingToLearnFrom("the history has no day with a count")
    features = weather_effects.table(weather).set_index("ds").reindex(pd.DatetimeIndex(history["ds"])).fillna(0.0).reset_index()
    days, first_day = pd.DatetimeIndex(history["ds"]), history["ds"].iloc[-1] + pd.Timedelta(days=1)
    logs = np.log1p(history["y"].to_numpy(dtype="float64"))
    usual = np.log1p(four_week_median(history, 7))
    limit = float(np.nanmax(logs)) + ABOVE_HIGHEST
    if known.sum() < LEAST_DAYS_FOR_PROPHET:
        weekly = np.where(np.isnan(usual), np.log1p(history["y"].mean()), usual)
        return DailyDemand(first_day, _Weekly(first_day, weekly), {}, 0, 0.0, None, 0.0, usual, 0.0, limit)
    used = [name for name in REGRESSORS if features[name].abs().max() > 0]
    model = _prophet(features[["ds", *used]].assign(y=logs), used, country, int(known.sum()))
    coefficients = _coefficients(model)
    calendar = _Calendar(model, tuple(used))
    fitted = calendar.of(days) + sum((value * features[name].to_numpy() for name, value in coefficients.items()), np.zeros(len(days)))
    residuals = logs - fitted
    storm = weather_effects.storm_days(weather).reindex(days, fill_value=False).to_numpy()
    snow = features["snow_inches"].to_numpy() * known
    return DailyDemand(
        first_day,
        calendar,
        coefficients,
        storms_seen=_runs(snow >= STORM_SNOW_INCHES),
        largest_snow_mm=float(snow.max()) * MM_AN_INCH,
        boosted=_boosted(features, residuals) if known.sum() >= LEAST_DAYS_FOR_BOOSTING else None,
        level=_level(residuals, storm),
        usual=usual,
        to_usual=SHORT_HISTORY_TO_RECENT * max(0.0, 1 - int(known.sum()) / YEAR_DAYS),
        limit=limit,
    )


class _Calendar:
    """What the trend and the calendar alone say of a day: Prophet with every weather regressor at 0."""

    def __init__(self, model: Prophet, regressors: tuple[str, ...]) -> None:
        self._model, self._regressors = model, regressors
        self._days, self._values = pd.DatetimeIndex([]), np.empty(0)

    def of(self, days: pd.DatetimeIndex) -> Numbers:
        """log(1 + contacts) of days in a row; asked again for the same days, the answer is at hand."""
        if not days.equals(self._days):
            still = pd.DataFrame({"ds": days} | dict.fromkeys(self._regressors, 0.0))
            with _without_warnings():
                self._days, self._values = days, np.asarray(self._model.predict(still)["yhat"], dtype="float64")
        return self._values

    def special(self, days: pd.DatetimeIndex) -> NDArray[np.bool_]:
        """Which days are holidays or the like."""
        holidays = self._model.holidays
        return np.zeros(len(days), dtype=bool) if holidays is None else np.asarray(days.isin(holidays["ds"]))


class _Weekly(_Calendar):
    """The calendar of a history too short for Prophet: each weekday as it was."""

    def __init__(self, first_day: pd.Timestamp, weekly: Numbers) -> None:
        self._first_day, self._weekly = first_day, weekly

    def of(self, days: pd.DatetimeIndex) -> Numbers:
        """log(1 + contacts) of days."""
        return np.asarray(self._weekly[np.asarray((days - self._first_day).days) % len(self._weekly)])

    def special(self, days: pd.DatetimeIndex) -> NDArray[np.bool_]:
        """None: so short a history knows no holiday."""
        return np.zeros(len(days), dtype=bool)


def _prophet(data: pd.DataFrame, regressors: list[str], country: str, known_days: int) -> Prophet:
    yearly = 10 if known_days >= YEAR_DAYS else 3 if known_days >= LEAST_DAYS_FOR_YEARLY else False
    model = Prophet(
        changepoint_prior_scale=CHANGEPOINT_PRIOR_SCALE,
        yearly_seasonality=yearly,
        weekly_seasonality=True,
        daily_seasonality=False,
        holidays=special_days(country, data["ds"].min().year, data["ds"].max().year + 2).copy(),
        uncertainty_samples=0,
    )
    for name in regressors:
        model.add_regressor(name, prior_scale=REGRESSOR_PRIOR_SCALE)
    with _without_warnings():
        model.fit(data)
    return model


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Prophet uses what pandas is about to leave behind: it is pinned, and nobody here can mend it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _coefficients(model: Prophet) -> dict[str, float]:
    if not model.extra_regressors:
        return {}
    found = regressor_coefficients(model)
    return dict(zip(found["regressor"], found["coef"].astype(float), strict=True))


def _boosted(features: pd.DataFrame, residuals: Numbers) -> HistGradientBoostingRegressor:
    """What the model leaves over, learned from the same features and the raw weather."""
    rows = _boost_rows(pd.DatetimeIndex(features["ds"]), {name: features[name].to_numpy() for name in (*REGRESSORS, *RAW)})
    known = ~np.isnan(residuals)
    model = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=150, max_leaf_nodes=12, min_samples_leaf=15, learning_rate=0.1, random_state=0
    )
    with threadpool_limits(1, "openmp"):
        return model.fit(rows[known], np.clip(residuals[known], -RESIDUAL_LIMIT, RESIDUAL_LIMIT))


def _boost_rows(days: pd.DatetimeIndex, features: Mapping[str, Numbers]) -> Numbers:
    shape = features["heat"].shape
    calendar = [np.broadcast_to(np.asarray(values, dtype="float64"), shape) for values in (days.day_of_week, days.day_of_year)]
    return np.stack([*(features[name] for name in (*REGRESSORS, *RAW)), *calendar], axis=-1)


def _level(residuals: Numbers, storm: NDArray[np.bool_]) -> float:
    """How far above the model the last days were, storm days left out."""
    age = np.arange(len(residuals))[::-1]
    weight = 0.5 ** (age / LEVEL_HALF_LIFE_DAYS) * ~storm * ~np.isnan(residuals)
    mean = float(np.nansum(weight * np.nan_to_num(residuals)) / (weight.sum() + LEVEL_PSEUDO_DAYS))
    return float(np.clip(mean, -LEVEL_LIMIT, LEVEL_LIMIT))


def _runs(hit: NDArray[np.bool_]) -> int:
    """How many runs of days in a row there are."""
    return int(hit[0]) + int((hit[1:] & ~hit[:-1]).sum())
