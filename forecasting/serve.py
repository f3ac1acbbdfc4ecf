"""Forecasts on schedule: a cycle every few hours and when the weather changes the picture, today's correction, scenarios at once.

It listens to the database and holds the fitted models; a database that goes away is waited for.
"""

import logging
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from forecasting import cycle, hindcast, outlook, scenarios, staffing, store, telemetry, workers
from forecasting.days import TOTAL, day_of
from forecasting.demand import NothingToLearnFrom
from forecasting.learning import Learned, gapless, learn, weather_ahead
from sql import queries
from sql.engine import DatabaseUnavailable, connect, engine, first_line
from sql.health import Pulse
from sql.settings import settings

log = logging.getLogger(__name__)

CHANNEL = "city311_forecasting"
TODAY_EVERY = timedelta(minutes=15)
LOOK_EVERY_SECONDS, LOOK_AGAIN = 5.0, timedelta(minutes=1)
BETWEEN_HINDCASTS_SECONDS = 0.1  # whoever asks meanwhile is answered first
WAIT_AFTER_ERROR_SECONDS = 10.0
LOOKED_WITHIN_SECONDS = 60.0


@dataclass(slots=True)
class State:
    """What the service holds between cycles; `looked` beats whenever it did what was due, `busy` while it is at it."""

    learned: Learned | None = None
    run_id: int = 0
    weather_looked_at: datetime | None = None
    hindcasts: Generator[bool] | None = None  # under way
    hindcast_done: bool = False
    nothing_until: datetime | None = None  # there was nothing to learn from: look again then
    looked: Pulse = field(default_factory=Pulse)
    busy: bool = False

    def unready(self) -> str | None:
        """Why the service is not ready: it has no forecast, or could not look at what is due for some time."""
        if self.learned is None:
            return "There is nothing to learn from yet." if self.nothing_until else "The first forecast is not made yet."
        if self.busy or self.looked.silent_seconds <= LOOKED_WITHIN_SECONDS:
            return None
        return f"The database has not answered for {self.looked.silent_seconds:.0f} s."


def run_once(zone: ZoneInfo, reason: str) -> tuple[Learned, int]:
    """One cycle: fit, forecast, and set the scores beside by what came; the model learned and the run's id.

    Raises:
        NothingToLearnFrom: no queue has two weeks of counts.
    """
    began, at = time.perf_counter(), datetime.now(UTC)
    with engine().begin() as connection:
        learned = learn(connection, at, zone)
        telemetry.FIT_SECONDS.set(time.perf_counter() - began)
        run_id = cycle.full(connection, learned, zone, reason, began)
        scenarios.answer_all(connection, run_id, learned, zone)
    telemetry.tell_made(at.timestamp())
    telemetry.CYCLE_SECONDS.observe(time.perf_counter() - began)
    telemetry.QUEUES.set(len(learned.fitted))
    log.info("forecast %s: %s, %.1f s", run_id, reason, time.perf_counter() - began)
    return learned, run_id


def run_afterwards(at: datetime, zone: ZoneInfo) -> tuple[Learned, int]:
    """A forecast as it would have been made at an instant of the past, kept as a hindcast: the model learned and the run's id.

    Raises:
        NothingToLearnFrom: no queue had two weeks of counts then.
    """
    began = time.perf_counter()
    with engine().begin() as connection:
        learned = learn(connection, at, zone)
        return learned, cycle.full(connection, learned, zone, "made afterwards, with what was known then", began, afterwards=True)


def serve(stop: threading.Event, state: State) -> None:
    """Go on until `stop` is set; `state` is told how it goes."""
    zone = settings().zone
    try:
        _serve(state, zone, stop)
    finally:
        if state.hindcasts is not None:
            state.hindcasts.close()


def _serve(state: State, zone: ZoneInfo, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with connect(autocommit=True, application_name="city311 forecasting") as listening:
                listening.execute(f"LISTEN {CHANNEL}".encode())
                while not stop.is_set():
                    state.busy = True
                    _look(state, zone)
                    state.busy = False
                    state.looked.beat()
                    pause = LOOK_EVERY_SECONDS if state.hindcasts is None else BETWEEN_HINDCASTS_SECONDS
                    for notice in listening.notifies(timeout=pause, stop_after=1):
                        if notice.payload == "schedule":
                            _carry(zone)
        except (psycopg.Error, SQLAlchemyError, DatabaseUnavailable) as error:
            state.busy = False
            telemetry.FAILURES.labels("database").inc()
            log.warning("the database: %s. Trying again in %.0f s", first_line(error), WAIT_AFTER_ERROR_SECONDS)
            stop.wait(WAIT_AFTER_ERROR_SECONDS)


def _look(state: State, zone: ZoneInfo) -> None:
    """Do what is due."""
    now = datetime.now(UTC)
    with engine().connect() as connection:
        due = queries.frame("forecast-due", connection).iloc[0]
    reason = reason_now(state, due, now, zone)
    if reason is not None:
        try:
            state.learned, state.run_id = run_once(zone, reason)
        except NothingToLearnFrom as error:
            telemetry.FAILURES.labels("nothing to learn from").inc()
            if state.nothing_until is None:
                log.warning("no forecast: %s", error)
            state.nothing_until = now + LOOK_AGAIN
            return
        if hindcast.missing(int(due["origins"])) and not state.hindcast_done:
            state.hindcast_done, state.hindcasts = True, _hindcasts(now, zone)
        return
    if state.learned is None:
        return
    if due["scenarios_waiting"]:
        with engine().begin() as connection:
            scenarios.answer_all(connection, state.run_id, state.learned, zone)
    if pd.isna(due["any_at"]) or now - due["any_at"] >= TODAY_EVERY:
        with engine().begin() as connection:
            cycle.today(connection, now, zone)
        telemetry.TODAY_CORRECTIONS.inc()
    if state.hindcasts is not None and next(state.hindcasts, None) is None:
        state.hindcasts = None
        state.learned, state.run_id = run_once(zone, "the errors of the past year are known now")


def _hindcasts(at: datetime, zone: ZoneInfo) -> Generator[bool]:
    """One step an origin, in a process of its own: the dashboard and the consumers want the other CPUs."""
    with workers.processes(1) as pool:
        yield from hindcast.each(engine(), at, zone, pool)


def reason_now(state: State, due: "pd.Series[Any]", now: datetime, zone: ZoneInfo) -> str | None:
    """Why a full cycle is due now; None: it is not."""
    if state.learned is None:
        return None if state.nothing_until is not None and now < state.nothing_until else "the service has started"
    if now - state.learned.at >= timedelta(minutes=settings().forecast_every_minutes):
        return "on schedule"
    if pd.Timestamp(day_of(now, zone)) != state.learned.first_day:
        return "a new day"
    if not pd.isna(due["alert_event"]):
        return f"a new alert: {due['alert_event']}"
    issued = due["weather_issued_at"]
    if pd.isna(issued) or issued == state.weather_looked_at or issued == state.learned.expected.issued_at:
        return None
    state.weather_looked_at = issued
    change = _change(state.learned, now)
    if change < settings().forecast_change_share:
        return None
    return f"a new weather forecast changes a day by {100 * change:.0f}%"


def _change(learned: Learned, now: datetime) -> float:
    """By what share the newest weather changes the day that it changes most, in total."""
    with engine().connect() as connection:
        known = store.weather(connection, now)
    table = gapless(known.days, learned.histories, learned.first_day)
    queue = TOTAL if TOTAL in learned.fitted else next(iter(learned.fitted))
    only = {queue: learned.fitted[queue]}
    before, after = (
        outlook.days(only, learned.days, weather_ahead(learned, weather))[queue].yhat for weather in (learned.past_weather, table)
    )
    return float(np.max(np.abs(after / np.maximum(before, 1.0) - 1)))


def _carry(zone: ZoneInfo) -> None:
    with engine().begin() as connection:
        staffing.carry(connection, datetime.now(UTC), zone)
        connection.exec_driver_sql("SELECT pg_notify('city311', 'forecast')")
