"""Follows a service of public posts and publishes them: through cuts, restarts and a broker that goes away, without loss.

How far each channel came is written down only after Kafka has it, so a crash can repeat events (their ids are the same, and the tables
do not change) but lose none that the service still has; an orderly stop repeats none. It never answers a post.
"""

import hashlib
import logging
import os
import queue
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from sql.child import only_one
from sql.health import Pulse
from streams import events, telemetry
from streams.broker import BrokerUnavailable, bootstrap_servers
from streams.follow import RETRY_SECONDS, InvalidCheckpoint
from streams.publisher import Publisher
from streams.social.feed import Arrival, Broken, Feed

log = logging.getLogger(__name__)

BACKLOG_ARRIVALS = 2_000  # then nothing more is read: the service keeps it, or it is asked for later
BATCH_ARRIVALS = 500
LOOK_SECONDS = 0.2
CHECKPOINT_EVERY_SECONDS = 5.0
HEARTBEAT_EVERY_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
JOIN_SECONDS = 2.0
ALIVE_WITHIN_CADENCES, ALIVE_WITHIN_SECONDS = 3, 60.0  # whichever is longer


class Checkpoint(msgspec.Struct, frozen=True):
    """Everything up to the cursor of each channel has been published; `state` is what the source remembered then."""

    address: str
    cursors: dict[str, str]
    state: str


class _Listening:
    """The threads that listen to the channels of a feed, and what they heard, until they are told to end."""

    def __init__(self, feed: Feed, cursors: dict[str, str], *, first_pause_seconds: float) -> None:
        self._feed = feed
        self._first_pause_seconds = first_pause_seconds
        self._heard: queue.Queue[tuple[str, Arrival | BaseException]] = queue.Queue(BACKLOG_ARRIVALS)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._hold, args=(channel, cursors.get(channel)), name=f"listen {channel}", daemon=True)
            for channel in feed.channels
        ]
        for thread in self._threads:
            thread.start()

    def take(self) -> list[tuple[str, Arrival]]:
        """What was heard, after waiting a little for the first of it."""
        found: list[tuple[str, Arrival]] = []
        try:
            channel, heard = self._heard.get(timeout=LOOK_SECONDS)
            while True:
                if isinstance(heard, BaseException):
                    raise heard
                found.append((channel, heard))
                if len(found) >= BATCH_ARRIVALS:
                    return found
                channel, heard = self._heard.get_nowait()
        except queue.Empty:
            return found

    def end(self) -> None:
        """Tell them to end; one that waits for its server is left to itself."""
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_SECONDS / len(self._threads))

    def _hold(self, channel: str, cursor: str | None) -> None:
        """Listen to a channel, again and again."""
        pause, said = self._first_pause_seconds, ""
        while not self._stop.is_set():
            try:
                for arrival in self._feed.listen(channel, cursor, stop=self._stop):
                    if not self._put(channel, arrival):
                        return
                    cursor, pause, said = arrival.cursor or cursor, self._first_pause_seconds, ""
                failure = Broken(f"{self._feed.address}: {channel}: it ended")
            except Broken as error:
                failure = error
            except Exception as error:  # a defect of ours: the process ends with it, rather than going deaf
                self._put(channel, error)
                return
            if self._stop.is_set():
                return
            telemetry.INTERRUPTIONS.labels(self._feed.source.name, "source").inc()
            log.log(logging.INFO if str(failure) == said else logging.WARNING, "%s; it is tried again.", failure)
            said = str(failure)
            scattered = pause * random.uniform(0.5, 1.0)
            self._stop.wait(scattered if failure.retry_after is None else max(failure.retry_after, scattered))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _put(self, channel: str, heard: Arrival | BaseException) -> bool:
        while not self._stop.is_set():
            try:
                self._heard.put((channel, heard), timeout=LOOK_SECONDS)
                return True
            except queue.Full:
                continue
        return False


class SocialFollower:
    """One feed, one process.

    Attributes:
        events: events published since the start.
        unreadable: messages that could not be read since the start.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        state_dir: Path,
        stop: threading.Event,
        servers: Callable[[], str] = bootstrap_servers,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            feed: what is followed.
            state_dir: where the checkpoint is kept.
            stop: ends `run` in an orderly way.
            servers: where Kafka is, asked again after it went away.
            first_pause_seconds: before the second attempt to listen; later ones wait longer.
        """
        self._feed = feed
        self._stop = stop
        self._servers = servers
        self._first_pause_seconds = first_pause_seconds
        mark = hashlib.sha256(f"{feed.address}\n{feed.source.name}".encode()).hexdigest()[:16]
        self._home = state_dir / "follow" / f"social-{mark}"
        self._checkpoint = Checkpoint(feed.address, {}, "")
        self._noted_at = self._beaten_at = float("-inf")
        self._beaten: datetime | None = None
        self._had_broker = False
        self._alive = Pulse()
        self.events = self.unreadable = 0

    def unready(self) -> str | None:
        """Why it is not ready: for some time not every channel was heard and told to Kafka."""
        if self._alive.has_beaten and self._alive.silent_seconds <= max(
            ALIVE_WITHIN_CADENCES * self._feed.cadence_seconds, ALIVE_WITHIN_SECONDS
        ):
            return None
        return f"Not every channel of the feed has been heard for {self._alive.silent_seconds:.0f} s."

    def run(self) -> None:
        """Follow until `stop` is set.

        Raises:
            BrokerUnavailable: Kafka is not there at the start; later it is waited for.
            AlreadyRunning: another process follows this feed.
            InvalidCheckpoint: the checkpoint is damaged.
            OSError: the checkpoint cannot be read or written.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        with only_one(self._home, what=f"`follow` of {self._feed.address} as {self._feed.source.name}"):
            self._checkpoint = self._read_checkpoint()
            failures, first_state = 0, self._feed.source.state()
            while not self._stop.is_set():
                published = self.events
                try:
                    self._feed.source.restore(self._checkpoint.state.encode() or first_state)
                    self._follow()
                except BrokerUnavailable as error:
                    if not self._had_broker:
                        raise
                    failures = 0 if self.events > published else failures + 1
                    telemetry.INTERRUPTIONS.labels(self._feed.source.name, "kafka").inc()
                    log.warning("%s It goes on from the last checkpoint.", error)
                    self._stop.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    def _follow(self) -> None:
        cursors, alive = dict(self._checkpoint.cursors), dict[str, datetime]()
        with Publisher(self._servers()) as publisher:
            self._had_broker = True
            listening = _Listening(self._feed, cursors, first_pause_seconds=self._first_pause_seconds)
            try:
                while not self._stop.is_set():
                    heard = listening.take()
                    for channel, arrival in heard:
                        self._publish(publisher, channel, arrival)
                        if arrival.cursor:
                            cursors[channel] = arrival.cursor
                        if arrival.alive_at:
                            alive[channel] = arrival.alive_at
                    self._beat(publisher, alive)
                    if heard:
                        publisher.flush()
                    self._write_down(cursors, now=False)
                publisher.flush()
                self._write_down(cursors, now=True)
            finally:
                listening.end()

    def _publish(self, publisher: Publisher, channel: str, arrival: Arrival) -> None:
        if arrival.line is None:
            return
        for event in self._feed.source.read(arrival.line, channel):
            publisher.send(event, topic=events.SOCIAL)
            self.events += 1
            self.unreadable += isinstance(event, events.SourceUnreadableEvent)

    def _beat(self, publisher: Publisher, alive: dict[str, datetime]) -> None:
        """Tell until when everything was told: as far as the channel that is furthest behind."""
        if time.monotonic() - self._beaten_at < HEARTBEAT_EVERY_SECONDS or not alive.keys() >= set(self._feed.live_channels):
            return
        at = min(alive[channel] for channel in self._feed.live_channels)
        if self._beaten is not None and at <= self._beaten:
            return
        source = self._feed.source
        publisher.heartbeat(source=source.name, topic=events.SOCIAL, at=at, cadence_seconds=self._feed.cadence_seconds, name=source.title)
        self._beaten, self._beaten_at = at, time.monotonic()
        self._alive.beat()

    def _write_down(self, cursors: dict[str, str], *, now: bool) -> None:
        """Keep the cursors and the source's state; the broker has everything before them."""
        if cursors == self._checkpoint.cursors or not (now or time.monotonic() - self._noted_at >= CHECKPOINT_EVERY_SECONDS):
            return
        checkpoint = Checkpoint(self._feed.address, dict(cursors), self._feed.source.state().decode())
        part = self._home / "checkpoint.part"
        with part.open("wb") as opened:
            opened.write(msgspec.json.encode(checkpoint))
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(self._home / "checkpoint.json")
        self._checkpoint, self._noted_at = checkpoint, time.monotonic()

    def _read_checkpoint(self) -> Checkpoint:
        file = self._home / "checkpoint.json"
        try:
            checkpoint = msgspec.json.decode(file.read_bytes(), type=Checkpoint)
            self._feed.source.restore(checkpoint.state.encode())
        except FileNotFoundError:
            return Checkpoint(self._feed.address, self._feed.begin(), "")
        except (ValueError, RecursionError) as error:
            raise InvalidCheckpoint(f"{file} is damaged ({error}): delete it to begin anew; what is read twice does no harm.") from None
        return checkpoint
