"""What every service that is followed has in common: channels that are listened to, and what arrives on them. No I/O."""

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from streams.sources import Source


class Broken(Exception):
    """A channel ended or never began; the message is one line without secrets and names.

    Attributes:
        retry_after: for how many seconds the service wants to be left alone.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Arrival(NamedTuple):
    """What came on a channel.

    Attributes:
        line: what the source reads; None: only a sign of life.
        cursor: everything up to it has come; None: as before.
        alive_at: until when everything was told, by the service's clock where it tells one.
    """

    line: bytes | None = None
    cursor: str | None = None
    alive_at: datetime | None = None


class Feed(Protocol):
    """One service, and what is wanted of it.

    Attributes:
        source: how its posts are read.
        address: where it is, as it may be shown.
        channels: what is listened to, each on its own.
        live_channels: those whose signs of life say how old the feed is.
        cadence_seconds: how often it is expected to give one.
    """

    @property
    def source(self) -> Source:
        """See above."""
        ...

    address: str
    channels: tuple[str, ...]
    live_channels: tuple[str, ...]
    cadence_seconds: float

    def begin(self) -> dict[str, str]:
        """The cursors with which it is listened to the first time."""
        ...

    def listen(self, channel: str, cursor: str | None, *, stop: threading.Event) -> Iterator[Arrival]:
        """Everything after `cursor`, and then what comes, until it breaks or `stop` is set.

        Args:
            channel: one of `channels`.
            cursor: of the last arrival that was kept; None: this is the first time.
            stop: ends it at the next opportunity.

        Raises:
            Broken: the service did not answer, refused, or ended it.
        """
        ...
