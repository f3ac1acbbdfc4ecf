"""Follows a growing log and publishes its events: through rotation, restarts and a broker that goes away, without loss.

What was read is written down only after the broker has it, so a crash can repeat events (their ids are the same, and the
tables do not change) but never lose one; an orderly stop repeats none.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sql.child import only_one
from sql.health import Pulse
from streams import events, telemetry
from streams.broker import BrokerUnavailable, bootstrap_servers
from streams.publisher import Publisher
from streams.sources import Source
from streams.tail import Place, Tail

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
CHECKPOINT_EVERY_SECONDS = 5.0  # a busy day's open calls are some megabytes
LOG_CLOCK_SECONDS = 1  # logs are dated in whole seconds: a line of this second may still come
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0)
TURNS_WITHIN_SECONDS = 30.0


class InvalidCheckpoint(Exception):
    """A checkpoint cannot be used."""


class Checkpoint(msgspec.Struct, frozen=True):
    """Everything up to `place` has been published; `state` is what the source remembered then."""

    log: str
    place: Place | None
    state: str


class Follower:
    """One log, one source, one process.

    Attributes:
        events: events published since the start.
        unreadable: lines that could not be read since the start.
    """

    def __init__(
        self,
        path: Path,
        source: Source,
        *,
        state_dir: Path,
        from_end: bool,
        heartbeat_seconds: float,
        stop: threading.Event,
        servers: Callable[[], str] = bootstrap_servers,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            path: the log; it may not be there yet.
            source: how to read its lines.
            state_dir: where the checkpoint is kept.
            from_end: without a checkpoint, leave out what is in the log already.
            heartbeat_seconds: how often to tell that the log was read to its end.
            stop: ends `run` in an orderly way.
            servers: where Kafka is, asked again after it went away.
        """
        self._path = path.absolute()
        self._source = source
        self._from_end = from_end
        self._heartbeat_seconds = heartbeat_seconds
        self._stop = stop
        self._servers = servers
        mark = hashlib.sha256(os.fsencode(self._path) + f"\n{source.name}".encode()).hexdigest()[:16]
        self._home = state_dir / "follow" / f"{self._path.name}-{mark}"
        self._checkpoint: Checkpoint | None = None
        self._noted_at = self._beaten_at = float("-inf")
        self._turned = Pulse()
        self.events = self.unreadable = 0

    def unready(self) -> str | None:
        """Why it is not ready: it could not read on for some time, because Kafka takes nothing or the log stands still."""
        if self._turned.has_beaten and self._turned.silent_seconds <= TURNS_WITHIN_SECONDS:
            return None
        return f"Nothing of the log has reached Kafka for {self._turned.silent_seconds:.0f} s."

    def run(self) -> None:
        """Follow until `stop` is set.

        Raises:
            BrokerUnavailable: Kafka is not there at the start; later it is waited for.
            AlreadyRunning: another process follows this log.
            InvalidCheckpoint: the checkpoint is damaged.
            OSError: the log or the checkpoint cannot be read or written.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        with only_one(self._home, what=f"`follow` of {self._path}"):
            self._checkpoint = self._read_checkpoint()
            if self._checkpoint is None:  # begin there again, should the broker go away before the first lines are delivered
                with closing(Tail(self._path, None, from_end=self._from_end)) as tail:
                    self._checkpoint = self._note(tail.place)
            failures = 0
            while not self._stop.is_set():
                published = self.events
                try:
                    self._follow()
                except BrokerUnavailable as error:
                    if self._noted_at == float("-inf"):
                        raise
                    failures = 0 if self.events > published else failures + 1
                    telemetry.INTERRUPTIONS.labels(self._source.name, "kafka").inc()
                    log.warning("%s The log is read again from its last checkpoint.", error)
                    self._stop.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    def _follow(self) -> None:
        assert self._checkpoint is not None
        self._source.restore(self._checkpoint.state.encode())
        with Publisher(self._servers()) as publisher, closing(Tail(self._path, self._checkpoint.place)) as tail:
            self._noted_at = time.monotonic()
            while True:
                stopping = self._stop.is_set()
                looked_at = datetime.now(UTC) - timedelta(seconds=LOG_CLOCK_SECONDS)
                lines = [] if stopping else tail.read()
                for position, line in lines:
                    self._publish(publisher, line, position)
                if tail.at_end:
                    self._beat(publisher, looked_at)
                if lines or stopping:
                    publisher.flush()
                    self._write_down(tail.place, now=stopping)
                if stopping:
                    return
                self._turned.beat()
                if not lines:
                    self._write_down(tail.place, now=False)
                    self._stop.wait(POLL_SECONDS)

    def _publish(self, publisher: Publisher, line: bytes, position: str) -> None:
        for event in self._source.read(line, position):
            publisher.send(event)
            self.events += 1
            self.unreadable += isinstance(event, events.SourceUnreadableEvent)

    def _beat(self, publisher: Publisher, at: datetime) -> None:
        if time.monotonic() - self._beaten_at < self._heartbeat_seconds:
            return
        for topic in events.CONTACT_CENTRE_TOPICS:
            publisher.heartbeat(
                source=self._source.name, topic=topic, at=at, cadence_seconds=self._heartbeat_seconds, name=self._source.title
            )
        publisher.flush()
        self._beaten_at = time.monotonic()

    def _write_down(self, place: Place | None, *, now: bool) -> None:
        """Keep the place and the source's state; the broker has everything before it."""
        if self._checkpoint is not None and self._checkpoint.place == place:
            return
        if now or time.monotonic() - self._noted_at >= CHECKPOINT_EVERY_SECONDS:
            self._checkpoint = self._note(place)
            self._noted_at = time.monotonic()

    def _note(self, place: Place | None) -> Checkpoint:
        checkpoint = Checkpoint(os.fsencode(self._path).decode(errors="backslashreplace"), place, self._source.state().decode())
        part = self._home / "checkpoint.part"
        with part.open("wb") as opened:
            opened.write(msgspec.json.encode(checkpoint))
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(self._home / "checkpoint.json")
        return checkpoint

    def _read_checkpoint(self) -> Checkpoint | None:
        file = self._home / "checkpoint.json"
        try:
            checkpoint = msgspec.json.decode(file.read_bytes(), type=Checkpoint)
            self._source.restore(checkpoint.state.encode())
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError) as error:
            raise InvalidCheckpoint(f"{file} is damaged ({error}): delete it to begin anew; what is read twice does no harm.") from None
        return checkpoint
