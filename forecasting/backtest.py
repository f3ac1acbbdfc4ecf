"""How good the forecasts would have been: the model and its baselines from many origins of the past, each knowing only what was known then.

It prints nothing, and asks no database.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting import bands, demand, weather_scenarios
from forecasting.bands import calibrate, quantiles
from forecasting.blend import PAST_COLUMNS, combine, learned_weights
from forecasting.demand import Explained
from forecasting.outlook import MODEL, baselines_of
from forecasting.weather_effects import DAYS_BEFORE, Numbers, effects, storm_days, window
from forecasting.weather_scenarios import LAST_FORECAST_DAY
from forecasting.workers import spread

ISSUED_WEATHER_MODEL = f"{MODEL}, forecast weather"
SCENARIOS = 60
WARM_UP_DAYS = 364  # origins before the first one tested, whose errors calibrate the bands and weigh the parts
LEAST_DAYS_TO_WARM_UP_ON = 365
LEAST_DAYS_BEFORE = 28  # known ones, before the first origin: with less not even the four-week median is one


class NothingToTest(Exception):
    """The history holds nothing to test, or nothing to learn from before it: the message says why."""


@dataclass(frozen=True, slots=True)
class Series:
    """One daily series with the weather that came.

    Attributes:
        history: one row a day without gaps: `ds`, `y`.
        weather: as `weather_effects.daily` returns it, of the history's days at least; all NaN where no weather is known.
        country: whose holidays count.
    """

    history: pd.DataFrame
    weather: pd.DataFrame
    country: str


@dataclass(frozen=True, slots=True)
class _Task:
    series: Series
    origin: pd.Timestamp
    horizon: int


@dataclass(frozen=True, slots=True)
class _Answer:
    origin: pd.Timestamp
    days: pd.DatetimeIndex
    seen: Explained  # with the weather that came
    issued: Explained  # with a forecast of it that might have been issued
    ensemble: Explained  # with scenarios around that forecast
    baselines: dict[str, Numbers]
    seconds: float


def fits(series: Series, test_from: pd.Timestamp, test_to: pd.Timestamp, every: int) -> int:
    """How many fits `run` makes.

    Raises:
        NothingToTest: as `run`.
    """
    return sum(map(len, _origins(series, test_from, test_to, every)))


def run(
    series: Series,
    test_from: pd.Timestamp,
    test_to: pd.Timestamp,
    *,
    horizon: int,
    every: int,
    each: Callable[[], object],
    scheduler: str | None,
) -> pd.DataFrame:
    """Forecast from each origin, and set beside it what came.

    Args:
        series: The series; days after the last one known are not scored.
        test_from: The first origin, and the first day scored.
        test_to: The last day scored.
        horizon: Days ahead.
        every: Days between origins.
        each: Called after each fit.
        scheduler: Address of a Dask scheduler; None: the machine's processes.

    Returns:
        One row a model, origin and day: `model`, `origin`, `ds`, `lead_days` (1 is the first), `y`, `yhat`, one column a level of
        `bands.LEVELS` (NaN for baselines), `storm`, `seconds` (of the fit).

    Raises:
        NothingToTest: no day of the test is known, or too few before it.
        ClusterUnavailable: as `workers.spread`.
    """
    warm_up, tested = _origins(series, test_from, test_to, every)
    answers = []
    for answer in spread(_answer, [_Task(series, origin, horizon) for origin in (*warm_up, *tested)], scheduler=scheduler):
        answers.append(answer)
        each()
    rows = _in_order(series, answers)
    rows["storm"] = storm_days(series.weather).reindex(pd.DatetimeIndex(rows["ds"]), fill_value=False).to_numpy()
    return rows[(rows["origin"] >= test_from) & (rows["ds"] <= test_to) & rows["y"].notna()].reset_index(drop=True)


def _origins(series: Series, test_from: pd.Timestamp, test_to: pd.Timestamp, every: int) -> tuple[list[pd.Timestamp], list[pd.Timestamp]]:
    """The origins that warm up, as far back as the history can carry them, and those that are tested."""
    known = series.history.loc[series.history["y"].notna(), "ds"]
    if known.empty or not known.between(test_from, test_to).any():
        there = "it has no counts" if known.empty else f"its counts are of {known.iloc[0]:%Y-%m-%d} to {known.iloc[-1]:%Y-%m-%d}"
        raise NothingToTest(f"no day from {test_from:%Y-%m-%d} to {test_to:%Y-%m-%d} can be tested: {there}")
    before = int((known < test_from).sum())
    if before < LEAST_DAYS_BEFORE:
        raise NothingToTest(
            f"{before} days are known before {test_from:%Y-%m-%d}, and {LEAST_DAYS_BEFORE} are needed to learn from: "
            "choose a later --test-from"
        )
    first = known.iloc[0]
    earliest = max(
        test_from - pd.Timedelta(days=WARM_UP_DAYS), first + pd.Timedelta(days=min(LEAST_DAYS_TO_WARM_UP_ON, (test_from - first).days // 2))
    )
    tested = list(pd.date_range(test_from, min(test_to, known.iloc[-1]), freq=f"{every}D"))
    warm_up = pd.date_range(end=test_from, periods=WARM_UP_DAYS // every + 1, freq=f"{every}D")[:-1]
    return [day for day in warm_up if day >= earliest], tested


def _answer(task: _Task) -> _Answer:
    began = time.perf_counter()
    history = task.series.history
    known = history[history["ds"] < task.origin]
    weather = task.series.weather
    model = demand.fit(known, weather[weather["day"] < task.origin], task.series.country)
    days = pd.date_range(task.origin, periods=task.horizon)
    seen = model.explain(days, effects(window(weather, days)))
    seconds = time.perf_counter() - began
    rng = np.random.default_rng(task.origin.toordinal())
    error = weather_scenarios.WeatherError()
    line = weather_scenarios.around(weather, task.origin, task.horizon, 1, rng, error)
    forecast = pd.concat([weather[weather["day"] < task.origin], _as_table(days, line)], ignore_index=True)
    ensemble = weather_scenarios.around(forecast, task.origin, task.horizon, SCENARIOS, rng, error)
    return _Answer(
        task.origin,
        days,
        seen,
        model.explain(days, {name: values[0] for name, values in effects(line).items()}),
        model.explain(days, effects(ensemble)),
        baselines_of(known, task.horizon),
        seconds,
    )


def _as_table(days: pd.DatetimeIndex, line: dict[str, Numbers]) -> pd.DataFrame:
    return pd.DataFrame({"day": days} | {name: values[0, DAYS_BEFORE:] for name, values in line.items()})


def _in_order(series: Series, answers: list[_Answer]) -> pd.DataFrame:
    """Each origin's forecast with what the origins before it taught."""
    y = series.history.set_index("ds")["y"]
    rows: list[pd.DataFrame] = []
    for name in (MODEL, ISSUED_WEATHER_MODEL):
        past: list[pd.DataFrame] = []
        for answer in answers:
            explained = answer.seen if name == MODEL else answer.issued
            lead = np.arange(1.0, len(answer.days) + 1)
            frame = pd.DataFrame({"model": name, "origin": answer.origin, "ds": answer.days, "lead_days": lead})
            frame["y"] = y.reindex(answer.days).to_numpy(dtype="float64")
            learned = pd.concat(past, ignore_index=True) if past else _nothing_yet()
            weights, errors = learned_weights(learned, answer.origin), calibrate(learned, answer.origin)
            log_yhat = combine(explained, weights)
            around = explained
            if name == ISSUED_WEATHER_MODEL:
                around = answer.ensemble
                log_yhat = np.where(lead <= LAST_FORECAST_DAY, log_yhat, np.median(combine(around, weights), axis=0))
            band = quantiles(combine(around, weights), around.snow_load, lead, errors)
            past.append(
                frame.drop(columns="model").assign(base=explained.base, **explained.parts, snow_load=explained.snow_load, log_yhat=log_yhat)
            )
            rows.append(frame.assign(yhat=np.expm1(log_yhat), seconds=answer.seconds, **_columns(band)))
    for answer in answers:
        for name, values in answer.baselines.items():
            frame = pd.DataFrame(
                {"model": name, "origin": answer.origin, "ds": answer.days, "lead_days": np.arange(1, len(answer.days) + 1)}
            )
            rows.append(frame.assign(y=y.reindex(answer.days).to_numpy(dtype="float64"), yhat=values, seconds=0.0))
    return pd.concat(rows, ignore_index=True)


def _columns(band: Numbers) -> dict[str, Numbers]:
    return {str(level): band[:, number] for number, level in enumerate(bands.LEVELS)}


def _nothing_yet() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="datetime64[ns]" if name in ("origin", "ds") else "float64") for name in PAST_COLUMNS})
