"""Tells the simulated events in time: the past as fast as it can be told, then each event at its own moment, with heartbeats throughout.

It decides neither what happens nor where the telling begins, and it knows of the broker only what a publisher can do.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from tqdm import tqdm

from streams import events
from streams.simulator.city import City
from streams.simulator.clock import Clock
from streams.simulator.telling import Told
from streams.simulator.whole_city import Starts, all_feeds, all_tellings

log = logging.getLogger(__name__)

HEARTBEAT_EVERY_SECONDS = 5.0
_JUST_BEFORE = timedelta(milliseconds=1)
_HOUR = timedelta(hours=1)


class Sink(Protocol):
    """What the telling needs of `streams.publisher.Publisher`."""

    def send(self, event: events.Event, *, topic: str | None = None) -> None:
        """Hand over one event."""

    def heartbeat(self, *, source: str, topic: str, at: datetime, cadence_seconds: float, name: str | None = None) -> None:
        """Tell every partition of a topic that a source has told everything until `at`."""

    def flush(self) -> None:
        """Return when everything handed over is safe."""


class ReadAhead:
    """The tellings one after the other, and until when each feed has told everything: an event told late holds its feed back."""

    def __init__(self, stream: Iterable[Told], *, late_seconds: float) -> None:
        self._stream = iter(stream)
        self._late = timedelta(seconds=late_seconds)
        self._ahead: deque[Told] = deque()

    def __iter__(self) -> Iterator[Told]:
        while True:
            if not self._ahead and not self._read():
                return
            yield self._ahead.popleft()

    def complete_until(self, source: str, now: datetime, telling: Told | None) -> datetime:
        """The newest instant, not after `now`, of which this feed has told everything before and at it.

        Args:
            source: the feed.
            now: everything that is told until then was told, but for `telling`.
            telling: the one that comes next and was taken already.
        """
        while not self._ahead or self._ahead[-1].at <= now + self._late:
            if not self._read():
                break
        untold = [*([telling] if telling else []), *self._ahead]
        held_back = (one.event.time - _JUST_BEFORE for one in untold if not one.again and one.event.source == source)
        return min([now, *held_back])

    def _read(self) -> bool:
        for told in self._stream:
            self._ahead.append(told)
            return True
        return False


class Pace:
    """One telling into one sink.

    Attributes:
        settled_at: until when everything is safely told; None: nothing is yet.
    """

    def __init__(self, city: City, seed: int, clock: Clock, sink: Sink) -> None:
        self._city, self._seed, self._clock, self._sink = city, seed, clock, sink
        self._feeds = all_feeds(city)
        self._beaten_at = clock.real_seconds()
        self._caught_up = False
        self.settled_at: datetime | None = None

    def tell(self, starts: Starts, until: datetime | None = None) -> None:
        """Tell everything from `starts` on and before `until`.

        Args:
            starts: in the past or not.
            until: timezone-aware; None: it never returns.

        Raises:
            BrokerUnavailable: by the sink.
        """
        ahead = ReadAhead(all_tellings(self._city, self._seed, starts, until), late_seconds=self._city.defects.told_late_seconds)
        end = min(self._clock.now(), until) if until else self._clock.now()
        # Without a heartbeat first, a partition that gets its first event late looks as if it were complete.
        self._beat(ahead, starts.earliest, None)
        hours = max(0, round((end - starts.earliest) / _HOUR))
        bar: tqdm[Any]
        with tqdm(total=hours, desc="the city's past", unit="h", disable=None, leave=False) as bar:
            for told in ahead:
                self._wait(ahead, told.at, told, bar)
                self._sink.send(told.event)
                bar.update(max(0, int((told.at - starts.earliest) / _HOUR) - bar.n) if not self._caught_up else 0)
            if until is not None:
                self._wait(ahead, until, None, bar)
                self._beat(ahead, until, None)
                self._sink.flush()

    def _wait(self, ahead: ReadAhead, at: datetime, telling: Told | None, bar: "tqdm[Any]") -> None:
        """Until it is time for the next event, beating meanwhile; a past event's time has come long ago."""
        while True:
            since_beat = abs(self._clock.real_seconds() - self._beaten_at)
            now = self._clock.now()
            if not self._caught_up and now < at:
                self._caught_up = True
                bar.close()
                log.info("the city's past is told until %s", now.isoformat(timespec="seconds"))
                since_beat = HEARTBEAT_EVERY_SECONDS
            if since_beat >= HEARTBEAT_EVERY_SECONDS:
                self._beat(ahead, min(now, at), telling)
                continue
            if now >= at:
                return
            self._clock.sleep_until(at, at_most_seconds=HEARTBEAT_EVERY_SECONDS - since_beat)

    def _beat(self, ahead: ReadAhead, now: datetime, telling: Told | None) -> None:
        self._sink.flush()  # a heartbeat says that everything before it is there
        self.settled_at = now
        for feed, topic in self._feeds:
            until = ahead.complete_until(feed.source, now, telling)
            self._sink.heartbeat(source=feed.source, topic=topic, at=until, cadence_seconds=feed.cadence_seconds, name=feed.name)
            self.settled_at = min(self.settled_at, until)
        self._beaten_at = self._clock.real_seconds()
