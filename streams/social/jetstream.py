"""Listens to Bluesky by Jetstream: a websocket of everything that is posted, from a cursor on.

What of it belongs here is said in `streams.social.records`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import msgspec
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from streams.poll.asking import InvalidAddress, retry_after
from streams.social.feed import Arrival, Broken
from streams.social.records import POSTS, REPOSTS, Records
from streams.sources import utc_now

SERVICE = "wss://jetstream2.us-east.bsky.network/subscribe"
CHANNEL = "jetstream"
CADENCE_SECONDS = 15.0
OPEN_SECONDS, SILENT_SECONDS, LOOK_SECONDS = 10.0, 60.0, 0.5
LONGEST_MESSAGE_BYTES = 1_000_000
REWIND_MICROSECONDS = 5_000_000  # what came twice is told once, what came between not at all


class _Dated(msgspec.Struct):
    time_us: int


class Jetstream:
    """All of Bluesky's posts and reposts."""

    cadence_seconds = CADENCE_SECONDS
    channels: tuple[str, ...] = (CHANNEL,)
    live_channels: tuple[str, ...] = (CHANNEL,)

    def __init__(self, url: str, source: Records, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Prepare; nothing is asked yet.

        Args:
            url: of the websocket.
            source: how its messages are read.
            clock: now.
        """
        self.source = source
        self._url = url
        parts = urlsplit(url)
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._clock = clock

    def begin(self) -> dict[str, str]:
        """The first time, it begins now."""
        return {CHANNEL: str(round(self._clock().timestamp() * 1e6))}

    def listen(self, channel: str, cursor: str | None, *, stop: threading.Event) -> Iterator[Arrival]:
        """See `Feed.listen`."""
        try:
            with self._opened(cursor) as connection:
                yield from self._messages(connection, int(cursor or 0), stop)
        except InvalidStatus as error:
            wait = retry_after(error.response.headers.get("Retry-After"), self._clock())
            raise Broken(f"{self.address}: status {error.response.status_code}", wait) from None
        except (WebSocketException, OSError) as error:
            raise Broken(f"{self.address}: the connection failed or broke off ({type(error).__name__})") from None

    def _opened(self, cursor: str | None) -> ClientConnection:
        asked = [("wantedCollections", POSTS), ("wantedCollections", REPOSTS)]
        if cursor:
            asked.append(("cursor", str(max(0, int(cursor) - REWIND_MICROSECONDS))))
        joint = "&" if urlsplit(self._url).query else "?"
        return connect(
            f"{self._url}{joint}{urlencode(asked)}",
            open_timeout=OPEN_SECONDS,
            close_timeout=1,
            max_size=LONGEST_MESSAGE_BYTES,
            user_agent_header="city311",
        )

    def _messages(self, connection: ClientConnection, newest: int, stop: threading.Event) -> Iterator[Arrival]:
        heard_at = time.monotonic()
        while not stop.is_set():
            try:
                message = connection.recv(timeout=LOOK_SECONDS, decode=False)
            except TimeoutError:
                if time.monotonic() - heard_at > SILENT_SECONDS:
                    raise Broken(f"{self.address}: nothing came for {SILENT_SECONDS:.0f} s") from None
                continue
            heard_at = time.monotonic()
            at = _dated(message)
            newest = max(newest, at or 0)  # what comes again is older: the cursor stays, or a service that cuts often would never get on
            yield Arrival(message, str(newest) if newest else None, _instant(at))


def address_of(url: str) -> str:
    """The address of a Jetstream.

    Raises:
        InvalidAddress: it is none of ws or wss.
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidAddress(f"--url: an address of ws or wss is expected, such as {SERVICE}")
    return url.strip()


def _dated(message: bytes) -> int | None:
    try:
        at = msgspec.json.decode(message, type=_Dated).time_us
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return at if 0 < at < 253_000_000_000_000_000 else None


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1e6, UTC)
