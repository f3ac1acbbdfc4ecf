"""Reads our own events, one CloudEvent in JSON a line, as another system or an earlier export wrote them. No I/O."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from streams import events
from streams.sources import LONG_AGO, Envelopes, Horizon, Unreadable, utc_now


class CloudEvents:
    """Lines that are events already: each keeps its own source, id and time. It remembers nothing."""

    def __init__(self, name: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the source of the lines that cannot be read; the others name their own.
            clock: now; an event more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = name[:100]
        self.ignored: Counter[str] = Counter()
        self._horizon = Horizon(clock)
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of one line; a blank line has none."""
        line = line.strip()
        if not line:
            return []
        try:
            event = events.decode(line)
            self._last_at = self._horizon.check(event.time, "time")
        except (events.InvalidEvent, Unreadable) as error:
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at)
        return [event]

    def recognises(self, line: bytes) -> bool:
        """Whether it is one of our events."""
        try:
            events.decode(line)
        except events.InvalidEvent:
            return False
        return True

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""
