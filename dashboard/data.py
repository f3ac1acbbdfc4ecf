"""The only reader of the database: asks the named queries and makes the parts of a snapshot of them. It holds no SQL and draws nothing."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dashboard.ahead import Ahead, PlannedHalfHour
from dashboard.rows import (
    AgentNow,
    ConsumerPartition,
    Defect,
    Definition,
    Display,
    FeedNow,
    GeocodeSuspect,
    LanguageNow,
    Migration,
    QueueNow,
    Refusal,
    TrendMinute,
    UnexpectedFrame,
    UsualNow,
    read,
)
from dashboard.snapshot import History, Live, Plant, Quality, split_total
from dashboard.watch import Watch, WatchAlert, WatchNow
from sql.engine import DatabaseUnavailable, connect, engine, first_line
from sql.queries import frame

log = logging.getLogger(__name__)

CHANNEL = "city311"  # the NOTIFY channel on which a commit says what changed
BELL_RETRY_SECONDS = 5.0
QUALITY_PERIOD = timedelta(days=90)

Part = TypeVar("Part")
Row = TypeVar("Row")


class NoAnswer(Exception):
    """The database did not answer; the message is one sentence for a screen."""


def now() -> datetime:
    """This process's clock, in UTC: all ages on the screens are told by it."""
    return datetime.now(UTC)


def ask(part: Callable[[Connection], Part]) -> Part:
    """One part of the snapshot, read in one transaction.

    Raises:
        NoAnswer: the database is away, or it answered with an error; the message says which.
    """
    try:
        with engine(read=True).connect() as connection:
            return part(connection)
    except DatabaseUnavailable as error:
        raise NoAnswer(str(error)) from error
    except SQLAlchemyError as error:
        broke = isinstance(error, DBAPIError) and error.connection_invalidated
        what = "The connection to the database broke" if broke else "The database answered with an error"
        raise NoAnswer(f"{what}: {first_line(error)}") from error
    except UnexpectedFrame as error:
        raise NoAnswer(str(error)) from error


def live(connection: Connection) -> Live:
    """What moves with every event: four small queries."""
    started, at = time.perf_counter(), now()
    queues, total = split_total(_rows(QueueNow, "queue-now", connection))
    return Live(
        at=at,
        queues=queues,
        total=total,
        agents=_rows(AgentNow, "agents-now", connection),
        languages=_rows(LanguageNow, "waiting-by-language", connection),
        feeds=_rows(FeedNow, "feeds", connection),
        load_seconds=time.perf_counter() - started,
    )


def history(connection: Connection) -> History:
    """The day in quarter hours beside the usual one, the last 40 minutes, and what is usual now."""
    started, at = time.perf_counter(), now()
    intervals = frame("day-intervals", connection)
    trend = _rows(TrendMinute, "live-trend", connection)
    usual = _rows(UsualNow, "usual-now", connection)
    return History(at=at, intervals=intervals, trend=trend, usual=usual[0] if usual else None, load_seconds=time.perf_counter() - started)


def plant(connection: Connection) -> Plant:
    """Consumers, refusals and migrations."""
    started, at = time.perf_counter(), now()
    consumers = _rows(ConsumerPartition, "consumers", connection)
    refusals = _rows(Refusal, "refusals", connection)
    migrations = _rows(Migration, "migrations", connection)
    return Plant(at=at, consumers=consumers, refusals=refusals, migrations=migrations, load_seconds=time.perf_counter() - started)


def quality(connection: Connection) -> Quality:
    """What is wrong with the requests of the last 90 days."""
    at = now()
    since = {"from": at - QUALITY_PERIOD}
    defects = read(Defect, frame("data-quality", connection, **since))
    return Quality(at=at, defects=defects, suspects=read(GeocodeSuspect, frame("geocode-suspects", connection, **since)))


def ahead(connection: Connection) -> Ahead:
    """The plan of the next hours; empty while there is no forecast."""
    return Ahead(at=now(), halves=_rows(PlannedHalfHour, "staffing-next", connection))


def watch(connection: Connection) -> Watch:
    """Alerts of our own, and whether the rules are judged."""
    return Watch(at=now(), alerts=_rows(WatchAlert, "watch-alerts", connection), now=_rows(WatchNow, "watch-now", connection)[0])


def displays(connection: Connection) -> tuple[Display, ...]:
    """The screens on walls, with what is kept of their tokens."""
    return _rows(Display, "displays", connection)


def definitions(connection: Connection) -> Mapping[str, Definition]:
    """What each metric means, by name, in the query's order."""
    return {row.name: row for row in _rows(Definition, "metric-definitions", connection)}


def _rows(kind: type[Row], name: str, connection: Connection) -> tuple[Row, ...]:
    return read(kind, frame(name, connection))


class Bell:
    """Waits for a commit that changed something. While nobody rings (a replica, a database that is away) it only waits."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self._retry_at = 0.0

    @property
    def listening(self) -> bool:
        """Whether commits are heard, or only time passes."""
        return self._connection is not None

    def wait(self, seconds: float) -> bool:
        """True as soon as a commit rang, False when the time is over; several rings are one."""
        deadline = time.monotonic() + seconds
        try:
            if self._connection is None:
                self._listen()
            if self._connection is not None:
                heard = list(self._connection.notifies(timeout=max(0.0, deadline - time.monotonic()), stop_after=1))
                list(self._connection.notifies(timeout=0))  # several rings are one
                return bool(heard)
        except (psycopg.Error, DatabaseUnavailable, OSError) as error:
            log.warning("nobody rings for new events, reading every second instead: %s", str(error).strip().partition("\n")[0])
            self.close()
            self._retry_at = time.monotonic() + BELL_RETRY_SECONDS
        time.sleep(max(0.0, deadline - time.monotonic()))
        return False

    def _listen(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        self._connection = connect(autocommit=True, application_name="city311 dashboard bell")
        self._connection.execute(f"LISTEN {CHANNEL}")

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
