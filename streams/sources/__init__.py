"""What every source has in common: lines of a vendor go in, our events come out. No I/O, no broker, no database.

A source never raises on what it reads and never drops it: a line that cannot be read becomes a `source.unreadable` event
with its reason. The same line of the same source always becomes the same events with the same ids, so that reading it
twice changes nothing.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from streams import events

FUTURE_TOLERATED_SECONDS = 86_400.0  # a clock may be wrong by hours; further ahead it is not a time but a broken field
SHOWN_CHARACTERS = 60
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """A line cannot be read; the message names the field, its value and what is expected."""


class Source(Protocol):
    """One way of reading lines.

    Attributes:
        name: the CloudEvents source of the events, for example `asterisk/pbx1`.
        title: the name of the feed on the screens.
        ignored: how many lines were understood and change nothing, by kind.
    """

    name: str
    title: str
    ignored: Counter[str]

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The events of one line; `position` is kept with a line that cannot be read."""
        ...

    def recognises(self, line: bytes) -> bool:
        """Whether the line has this source's shape, to tell a wrong file from one with a few broken lines."""
        ...

    def state(self) -> bytes:
        """What the source remembers of earlier lines."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on from an earlier `state`.

        Raises:
            ValueError: the state is not one of this source's.
        """
        ...


class Envelopes:
    """Puts events and unreadable lines of one source into envelopes whose ids depend only on the source and the line."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._salt = blake2b(source.encode(), digest_size=16).digest()

    def seal(self, line: bytes, told: list[tuple[events.Data, datetime]]) -> list[events.Event]:
        """Events of one line; the second and later ones have the line's id with a number."""
        line_id = blake2b(line, digest_size=12, key=self._salt).hexdigest()
        return [
            events.event(data, source=self._source, event_id=f"{line_id}-{number}" if number else line_id, at=at)
            for number, (data, at) in enumerate(told)
        ]

    def refuse(self, line: bytes, reason: str, *, position: str | None, at: datetime, kept: bytes | None = None) -> list[events.Event]:
        """The event of a line that cannot be read; `kept` is what to keep of it when that is not the whole line."""
        return self.seal(line, [(events.unreadable(line if kept is None else kept, reason, position), at)])


class Horizon:
    """Tells times that may be real from those too far in the future."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._until = LONG_AGO

    def check(self, at: datetime, field: str) -> datetime:
        """The instant itself.

        Raises:
            Unreadable: it lies more than a day ahead of the clock.
        """
        if at > self._until:
            self._until = self._clock() + timedelta(seconds=FUTURE_TOLERATED_SECONDS)
            if at > self._until:
                raise Unreadable(f"{field} is {at:%Y-%m-%dT%H:%M:%SZ}: a time more than a day ahead cannot be right")
        return at


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def shown(value: bytes | str) -> str:
    """A value as it is quoted in a reason: short, and in quotes."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")
