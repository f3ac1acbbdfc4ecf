"""The consumer's way to the database: a thread that commits one batch at a time and outlives the database's absences.

It never reads Kafka and decides nothing about what is read next; what a commit is stands in `streams.sink`.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg

from sql import intake
from sql.engine import DatabaseUnavailable, connect, first_line
from sql.intake import Intake
from streams import sink, telemetry
from streams.fold import Batch, Position
from streams.progress import Progress, tell_committed, tell_refused

log = logging.getLogger(__name__)

RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)


class Writer:
    """The database's side, in a thread of its own: it commits one batch at a time and outlives the database's absences."""

    def __init__(self, name: str, group: str, progress: Progress) -> None:
        self.name = name
        self._progress = progress
        self._group = group
        self._slot: int | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._connection: psycopg.Connection[Any] | None = None
        self._intake: Intake | None = None
        self._stop = threading.Event()

    def commit(self, batch: Batch) -> "Future[int]":
        """Commit a batch, however long the database is away; the result is how many events were refused."""
        return self._pool.submit(self._commit_and_count, batch, time.perf_counter())

    def note_watermarks(self, watermarks: dict[Position, int]) -> "Future[None]":
        """Write down where the partitions end; not worth a second try."""
        return self._pool.submit(self._note, watermarks)

    def slot(self) -> int:
        """This process's place among those of its group: the first that no living process holds.

        The database's lock goes with the connection, so a killed process's successor takes its place, and Kafka hands the
        partitions over at once instead of waiting for the dead member's session to time out.
        """
        self._pool.submit(self._connected).result()
        assert self._slot is not None
        return self._slot

    def offsets(self, places: set[Position]) -> "Future[dict[Position, int]]":
        """Where to read from."""
        return self._pool.submit(self._offsets, places)

    def close(self) -> None:
        """Give up what is not committed and close the connection."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._disconnect()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            connection = connect(autocommit=True, application_name=f"city311 {self.name}")
            sink.prepare(connection)
            self._slot = sink.take_slot(connection, self._group, wanted=self._slot)
            self._connection = connection
        return self._connection

    def _known(self, connection: psycopg.Connection[Any]) -> Intake:
        if self._intake is None:
            self._intake = intake.read(connection)
        return self._intake

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit_and_count(self, batch: Batch, handed_over_at: float) -> int:
        refused = self._commit(batch)
        self._progress.database.beat()
        tell_committed(batch, time.perf_counter() - handed_over_at)
        return refused

    def _commit(self, batch: Batch) -> int:
        unsure = False
        for attempt in range(1_000_000_000):
            try:
                connection = self._connected()
                if unsure and sink.is_committed(connection, batch, consumer=self.name):
                    tell_refused(letter.record.topic for letter in batch.dead_letters)
                    return len(batch.dead_letters)
                unsure = True
                return sink.write_or_refuse(connection, batch, self._known(connection))
            except sink.IntakeChanged:
                self._intake = None
                continue
            except (psycopg.Error, DatabaseUnavailable) as error:
                is_away = (
                    isinstance(error, (psycopg.OperationalError, DatabaseUnavailable))
                    or self._connection is None
                    or self._connection.closed
                )
                self._disconnect()
                if not is_away:
                    raise
                telemetry.DATABASE_FAILURES.inc()
                log.warning("the database is away, %s events wait: %s", len(batch), first_line(error))
            if self._stop.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]):
                raise DatabaseUnavailable("stopped while the database was away; nothing is lost, the events are read again")
        raise AssertionError("unreachable")

    def _offsets(self, places: set[Position]) -> dict[Position, int]:
        try:
            found = sink.offsets(self._connected(), places, consumer=self.name)
        except psycopg.OperationalError:
            self._disconnect()
            raise
        self._progress.database.beat()
        return found

    def _note(self, watermarks: dict[Position, int]) -> None:
        try:
            sink.note_watermarks(self._connected(), watermarks, consumer=self.name)
        except (psycopg.Error, DatabaseUnavailable):
            telemetry.DATABASE_FAILURES.inc()
            self._disconnect()
            return
        self._progress.database.beat()
