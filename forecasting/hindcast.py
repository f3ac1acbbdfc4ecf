"""Forecasts made afterwards for instants of the past, so that a new installation knows from the first day how far off it usually is.

A hindcast knows the counts of its instant and the weather that came, since nobody kept what was forecast then. It is marked as one, and is
kept apart from forecasts that were issued.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from forecasting import demand, outlook, store
from forecasting.blend import USUAL_WEIGHTS, combine
from forecasting.days import day_of, midnight
from forecasting.demand import Explained
from forecasting.learning import DAYS_AHEAD, gapless
from forecasting.weather_effects import Numbers, effects, storm_days, window
from sql import queries
from sql.settings import settings

# Two weeks apart over a year; closer over the eight weeks by which the screen judges the forecast: a verdict needs days enough.
DAYS_BACK = (*range(364, 56, -14), *range(56, 0, -4))
LEAST_HISTORY_DAYS = 200

Told = tuple[Explained, dict[str, Numbers]]


def missing(origins: int) -> bool:
    """Whether so few origins are known that hindcasts are worth their time."""
    return origins < len(DAYS_BACK) // 2


def each(engine: Engine, at: datetime, zone: ZoneInfo, pool: Executor) -> Iterator[bool]:
    """Hindcast every queue from origins of the last year, one after the other, and keep them: there may be other work between two.

    Args:
        engine: The database.
        at: Now.
        zone: The city's.
        pool: Where the fits run.

    Returns:
        One value an origin of `DAYS_BACK`: whether it is kept. One without enough history before it is not. None at all without counts.
    """
    today = pd.Timestamp(day_of(at, zone))
    with engine.connect() as connection:
        histories, known = store.histories(connection, at, zone), store.weather(connection, at)
        kept = set(queries.frame("hindcast-days", connection)["first_day"])
    if not histories:
        return
    weather = gapless(known.days, histories, today)
    for back in DAYS_BACK:
        origin = today - pd.Timedelta(days=back)
        usable = {queue: series for queue, series in histories.items() if (origin - series["ds"].iloc[0]).days >= LEAST_HISTORY_DAYS}
        if usable and origin.date() not in kept:
            told = dict(zip(usable, pool.map(_told, usable.values(), [weather] * len(usable), [origin] * len(usable)), strict=True))
            _keep(engine, origin, zone, told, weather)
        yield bool(usable)


def _told(history: pd.DataFrame, weather: pd.DataFrame, origin: pd.Timestamp) -> Told:
    known = history[history["ds"] < origin]
    model = demand.fit(known, weather[weather["day"] < origin], settings().holidays)
    days = pd.date_range(origin, periods=DAYS_AHEAD)
    return model.explain(days, effects(window(weather, days))), outlook.baselines_of(known, DAYS_AHEAD)


def _keep(engine: Engine, origin: pd.Timestamp, zone: ZoneInfo, told: dict[str, Told], weather: pd.DataFrame) -> None:
    days = pd.date_range(origin, periods=DAYS_AHEAD)
    storm = storm_days(weather).reindex(days, fill_value=False).to_numpy()
    instant = midnight(origin.date(), zone) + timedelta(seconds=1)
    with engine.begin() as connection:
        run_id = store.write_run(
            connection,
            kind="hindcast",
            made_at=instant,
            first_day=origin.date(),
            reason="hindcast: made afterwards, with the weather that came",
            data_until=instant,
        )
        for queue, (explained, baselines) in told.items():
            log_yhat = combine(explained, USUAL_WEIGHTS)
            yhat = np.maximum(np.expm1(log_yhat), 0.0)
            expected = outlook.Days(yhat, np.empty((len(days), 0)), yhat, explained, log_yhat)
            store.write_days(connection, run_id, days, queue, expected, baselines, outlook.MODEL, storm)
