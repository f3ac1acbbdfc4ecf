"""How a consumer is doing, for whoever watches it: its lag in events and in seconds, and whether it is ready. It decides nothing.

It is told once a second and once a batch, never once an event.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sql.health import Pulse
from streams import telemetry
from streams.fold import Batch, Position

MEASURE_EVERY_SECONDS = 1.0
JOINED_WITHIN_SECONDS = 30.0
TURNS_WITHIN_SECONDS = 15.0  # at most as long as the others: who stands still asks nobody either
BROKER_WITHIN_SECONDS = 15.0
DATABASE_WITHIN_SECONDS = 15.0


class Waiting(NamedTuple):
    """What waits of a partition: how many events, and when Kafka got the oldest of them that was read (seconds since 1970)."""

    events: int
    oldest_at: float | None


class Progress:
    """One consumer's.

    Attributes:
        database: beats whenever the database did what was asked; by the writer.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._caught_up_at: dict[Position, float] = {}
        self._measured_at = float("-inf")
        self._holds = 0
        self._turned, self._joined, self._broker, self._took_up = Pulse(), Pulse(), Pulse(), Pulse()
        self.database = Pulse()

    def is_due(self) -> bool:
        """Whether it is time to `tell`; called in each turn of the loop."""
        return time.monotonic() - self._measured_at >= MEASURE_EVERY_SECONDS

    def tell(self, waiting: Mapping[Position, Waiting], *, unplaced: int, joined: bool, connected: bool) -> None:
        """Take how it stands.

        Args:
            waiting: what waits of each partition that is read.
            unplaced: how many more it holds, of which the database has not said yet where to begin.
            joined: whether the group was joined.
            connected: whether a broker is connected.
        """
        self._measured_at = time.monotonic()
        self._turned.beat()
        if joined:
            self._joined.beat()
        if connected:
            self._broker.beat()
        before, self._holds = self._holds, len(waiting) + unplaced
        if self._holds and not before:  # a spare asked the database nothing
            self._took_up.beat()
        telemetry.PARTITIONS.set(len(waiting))
        for gone in self._caught_up_at.keys() - waiting.keys():
            del self._caught_up_at[gone]
            for gauge in (telemetry.LAG_EVENTS, telemetry.LAG_SECONDS):
                gauge.remove(gone.topic, gone.partition)
        now = self._clock()
        for place, what in waiting.items():
            telemetry.LAG_EVENTS.labels(place.topic, place.partition).set(what.events)
            telemetry.LAG_SECONDS.labels(place.topic, place.partition).set(self._seconds(place, what, now))

    def _seconds(self, place: Position, what: Waiting, now: float) -> float:
        if what.events <= 0:
            self._caught_up_at[place] = now
            return 0.0
        since = self._caught_up_at.setdefault(place, now)
        return max(0.0, now - (since if what.oldest_at is None else what.oldest_at))

    def unready(self) -> str | None:
        """Why it is not ready: it stands still, is in no group, or one of its servers is away; a spare without partitions is ready."""
        if self._turned.silent_seconds > TURNS_WITHIN_SECONDS:
            return f"The consumer has stood still for {self._turned.silent_seconds:.0f} s."
        if not self._joined.has_beaten or self._joined.silent_seconds > JOINED_WITHIN_SECONDS:
            return f"The consumer is in no group: it has been joining for {self._joined.silent_seconds:.0f} s."
        if self._broker.silent_seconds > BROKER_WITHIN_SECONDS:
            return f"Kafka has been away for {self._broker.silent_seconds:.0f} s."
        silent = min(self.database.silent_seconds, self._took_up.silent_seconds)
        if self._holds and silent > DATABASE_WITHIN_SECONDS:
            return f"The database has taken nothing for {silent:.0f} s."
        return None


def tell_committed(batch: Batch, seconds: float) -> None:
    """Count a batch that is in the database.

    Args:
        batch: whole.
        seconds: from handing it over until it was committed.
    """
    telemetry.BATCH_EVENTS.observe(len(batch))
    telemetry.COMMIT_SECONDS.observe(seconds)
    telemetry.LAST_COMMIT.set_to_current_time()
    for place, span in batch.spans.items():
        telemetry.CONSUMED.labels(place.topic).inc(span.next_offset - span.first_offset)


def tell_refused(topics: Iterable[str]) -> None:
    """Count events that were refused, by the topic of each."""
    for topic, count in Counter(topics).items():
        telemetry.REFUSED.labels(topic).inc(count)
