"""Listens to hashtags on a Mastodon server: its stream of server-sent events, and its timelines for what came while nobody listened.

It also asks, again and again, what the city's own accounts on that server posted: their answers carry no hashtag. The access token is
in no message. How statuses are read is said in `streams.social.statuses`.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import requests
from urllib3.exceptions import HTTPError

from streams.poll.asking import Answer, MayPass, Server, ServerFailed, retry_after
from streams.social.feed import Arrival, Broken
from streams.social.sse import Events
from streams.social.statuses import Statuses, statuses_of
from streams.sources import utc_now

log = logging.getLogger(__name__)

CADENCE_SECONDS = 30.0  # a sign of life comes every 15 s
CONNECT_SECONDS, SILENT_SECONDS = 5.0, 60.0
CHUNK_BYTES = 64 * 1024
PAGE_STATUSES, MOST_PAGES = 40, 50
OWN_EVERY_SECONDS = 30.0
OVERLAP_SECONDS = 600  # statuses of other servers come late, under ids of when they were written
_SNOWFLAKE_FROM = 1 << 40
_FOUND, _TOLD = 200, frozenset(("update", "status.update"))


class Mastodon:
    """Some hashtags of one server, and the city's accounts there."""

    cadence_seconds = CADENCE_SECONDS

    def __init__(
        self,
        server: str,
        tags: Sequence[str],
        source: Statuses,
        *,
        own: Sequence[str] = (),
        streaming: str | None = None,
        token: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            server: its address.
            tags: hashtags without `#`.
            source: how its statuses are read.
            own: names of the city's accounts there.
            streaming: the address of its streams, where that is another.
            token: an access token with the scope read:statuses, which most servers want for streams.
            clock: now.
        """
        self.source = source
        self._server, self._streaming = server, streaming or server
        parts = urlsplit(server)
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.live_channels = tuple(f"#{tag}" for tag in tags)
        self.channels = (*self.live_channels, *(f"@{name}" for name in own))
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._clock = clock

    def begin(self) -> dict[str, str]:
        """None: the first time, the newest page comes."""
        return {}

    def listen(self, channel: str, cursor: str | None, *, stop: threading.Event) -> Iterator[Arrival]:
        """See `Feed.listen`."""
        asked = Server(self._server, pause=stop.wait, dice=random.Random(), clock=self._clock)
        try:
            if channel.startswith("@"):
                yield from self._account(asked, channel[1:], cursor, stop)
            else:
                yield from self._hashtag(asked, channel[1:], cursor, stop)
        finally:
            asked.close()

    def _hashtag(self, asked: Server, tag: str, cursor: str | None, stop: threading.Event) -> Iterator[Arrival]:
        newest = cursor
        with requests.Session() as session, self._stream(session, tag) as response:
            # The stream is open already, so nothing falls between it and what is asked for now.
            for number, status in self._since(asked, f"/api/v1/timelines/tag/{quote(tag, safe='')}", newest):
                newest = _newer(newest, number)
                yield Arrival(status, newest)
            yield Arrival(None, newest, self._clock())
            for kind, data in self._events(response, stop):
                if kind == ":":
                    yield Arrival(None, None, self._clock())
                elif kind in _TOLD:
                    if kind == "update":
                        newest = _newer(newest, _number(data))
                    yield Arrival(data, newest, self._clock())
                else:
                    self.source.ignored[f"message {kind[:20]}"] += 1
        if not stop.is_set():
            raise Broken(f"{self.address}: #{tag}: the server ended the stream")

    def _stream(self, session: requests.Session, tag: str) -> requests.Response:
        headers = {**self._headers, "Accept": "text/event-stream", "User-Agent": "city311"}
        address = f"{self._streaming}/api/v1/streaming/hashtag"
        try:
            response = session.get(
                address, params={"tag": tag}, headers=headers, timeout=(CONNECT_SECONDS, SILENT_SECONDS), stream=True
            )  # the address of an error would show a password
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Broken(f"{self.address}: #{tag}: no stream ({type(error).__name__})") from None
        kind = response.headers.get("Content-Type", "")
        if response.status_code != _FOUND or not kind.startswith("text/event-stream"):
            wait = retry_after(response.headers.get("Retry-After"), self._clock())
            response.close()
            what = f"status {response.status_code}" if response.status_code != _FOUND else f"{kind[:40]!r} in place of a stream"
            wanted = "; the server wants an access token: --token-env" if response.status_code in (401, 403) else ""
            raise Broken(f"{self.address}: #{tag}: {what}{wanted}", wait)
        return response

    def _events(self, response: requests.Response, stop: threading.Event) -> Iterator[tuple[str, bytes]]:
        parser, dropped = Events(), 0
        while not stop.is_set():
            try:
                chunk = response.raw.read1(CHUNK_BYTES, decode_content=True)
            except (HTTPError, OSError) as error:
                raise Broken(f"{self.address}: the stream broke off ({type(error).__name__})") from None
            if not chunk:
                return
            yield from parser.take(chunk)
            if parser.dropped > dropped:
                self.source.ignored["message too long"] += parser.dropped - dropped
                dropped = parser.dropped

    def _account(self, asked: Server, name: str, cursor: str | None, stop: threading.Event) -> Iterator[Arrival]:
        found = _object(self._asked(asked, "/api/v1/accounts/lookup", {"acct": name}))
        number = found.get("id")
        if not isinstance(number, str) or not number.isalnum():
            raise Broken(f"{self.address}: the server does not know an account of SOCIAL_OWN_ACCOUNTS")
        newest = cursor
        while not stop.is_set():
            began = time.monotonic()
            for one, status in self._since(asked, f"/api/v1/accounts/{number}/statuses", newest):
                newest = _newer(newest, one)
                yield Arrival(status, newest)
            yield Arrival(None, newest, self._clock())
            stop.wait(max(0.0, OWN_EVERY_SECONDS - (time.monotonic() - began)))

    def _since(self, asked: Server, path: str, cursor: str | None) -> list[tuple[str, bytes]]:
        """What a timeline has after a cursor, oldest first; without one, its newest page.

        Raises:
            Broken: it does not answer, or with something else.
        """
        found: list[tuple[str, bytes]] = []
        before: str | None = None
        for _ in range(MOST_PAGES if cursor else 1):
            params = {"limit": str(PAGE_STATUSES)}
            params |= {"since_id": _earlier(cursor)} if cursor else {}
            params |= {"max_id": before} if before else {}
            try:
                page = statuses_of(self._asked(asked, path, params).body)
            except (msgspec.DecodeError, ValueError):
                raise Broken(f"{self.address}: {path}: a list of statuses is expected") from None
            page = [(number, status) for number, status in page if number]
            fresh = [one for one in page if before is None or _rank(one[0]) < _rank(before)]
            found += fresh
            if not fresh:
                break
            before = min((number for number, _ in fresh), key=_rank)
        else:
            if cursor:
                log.warning("%s: %s: more than %d posts came while nobody listened; the oldest are lost.", self.address, path, len(found))
        return sorted(found, key=lambda one: _rank(one[0]))

    def _asked(self, asked: Server, path: str, params: Mapping[str, str]) -> Answer:
        try:
            answer = asked.get(path, params=params, headers=self._headers)
        except MayPass as error:
            raise Broken(f"{self.address}: {path}: {error}", error.retry_after) from None
        except ServerFailed as error:
            raise Broken(str(error).removesuffix(".")) from None
        if answer.status != _FOUND:
            wait = retry_after(answer.headers.get("Retry-After"), self._clock())
            raise Broken(f"{self.address}: {path}: status {answer.status}", wait)
        return answer


def _object(answer: Answer) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}


def _number(status: bytes) -> str | None:
    """The id of a status; None where it has none: that is for the source to say."""
    try:
        number = msgspec.json.decode(status, type=dict[str, Any]).get("id")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return number if isinstance(number, str) and number.isalnum() else None


def _rank(number: str) -> tuple[int, str]:
    """Ids are numbers of growing length, or strings that sort so."""
    return len(number), number


def _newer(one: str | None, other: str | None) -> str | None:
    return max((number for number in (one, other) if number), key=_rank, default=None)


def _earlier(number: str) -> str:
    """An id of some minutes before, where ids are times."""
    if not number.isdecimal() or int(number) < _SNOWFLAKE_FROM:
        return number
    return str(max(0, int(number) - (OVERLAP_SECONDS * 1000 << 16)))
