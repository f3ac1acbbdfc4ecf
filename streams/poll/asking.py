"""Asks one server over HTTP, politely: time-outs, limits, retries with scattered pauses, Retry-After. It understands no answer.

A secret may stand in the parameters and in the address's user part: neither is in any message or log.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from streams.sources import utc_now

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
WHOLE_ANSWER_SECONDS = 120.0  # a body that drips never reaches the read time-out
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
ATTEMPTS = 5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
MOST_REDIRECTS = 5
MAY_PASS = frozenset((408, 425, 429, 500, 502, 503, 504))

T = TypeVar("T")


class ServerFailed(Exception):
    """The server gave no answer that can be used; the message says what happened and where, in one line, without secrets."""


class InvalidAddress(Exception):
    """The address of a server or the name of its key cannot be used; the message says what is right."""


class Stopped(Exception):
    """The process was asked to end while it waited."""


class MayPass(Exception):
    """An attempt failed in a way that may pass; `retry_after` is for how many seconds the server wants to be left alone."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Answer(NamedTuple):
    """A whole answer, its body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """Its Content-Type."""
        return self.headers.get("Content-Type", "")


class Server:
    """One server and the connections to it."""

    def __init__(
        self,
        base: str,
        *,
        pause: Callable[[float], bool],
        dice: random.Random,
        clock: Callable[[], datetime] = utc_now,
        user_agent: str = "city311",
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            base: the address before the paths that are asked for.
            pause: waits so many seconds; true: the process is to end.
            dice: scatters the pauses between attempts.
            clock: now, for answers that name the time when to come back.
            user_agent: who asks.
        """
        self._base = base
        self._pause = pause
        self._dice = dice
        self._clock = clock
        self._session = requests.Session()
        self._session.max_redirects = MOST_REDIRECTS
        self._session.headers["User-Agent"] = user_agent
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its warnings hold whole addresses, and so the key

    @property
    def shown_url(self) -> str:
        """The address as it may be shown: without key, name or password."""
        parts = urlsplit(self._base)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def patiently(self, attempt: Callable[[], T]) -> T:
        """What an attempt returns, which is made anew as long as it fails in a way that may pass.

        Raises:
            ServerFailed: it failed however often it was made; whatever else the attempt raises passes.
            Stopped: the process is to end.
        """
        pause = FIRST_PAUSE_SECONDS
        for number in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except MayPass as error:
                if number == ATTEMPTS:
                    raise ServerFailed(f"{self.shown_url}: {error}; given up after {ATTEMPTS} attempts.") from None
                log.info("%s: %s; asking again", self.shown_url, error)
                scattered = pause * self._dice.uniform(0.5, 1.0)
                if self._pause(scattered if error.retry_after is None else max(error.retry_after, scattered)):
                    raise Stopped from None
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def get(self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One attempt at one question.

        Raises:
            MayPass: there was no whole answer, or its status says that it may be another one soon.
            ServerFailed: the address leads nowhere.
        """
        began = time.monotonic()
        try:
            with self._session.get(
                self._base + path, params=params, headers=headers, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True
            ) as response:
                answer = Answer(response.status_code, response.headers, _body(response, began))
        except (requests.Timeout, ReadTimeoutError):
            raise MayPass(f"no answer in {READ_SECONDS:.0f} s") from None
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL, requests.TooManyRedirects):
            raise ServerFailed(f"{self.shown_url}: it leads to an address that is not http or https, or in a circle.") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise MayPass(_said(error)) from None
        if answer.status in MAY_PASS:
            raise MayPass(f"status {answer.status}", retry_after(answer.headers.get("Retry-After"), self._clock()))
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()


def plain_address(url: str, *, example: str) -> str:
    """The address of a server without question and trailing slash.

    Args:
        url: what was written.
        example: what would be right.

    Raises:
        InvalidAddress: it is none of http or https.
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidAddress(f"--url: an address of http or https is expected, such as {example}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def retry_after(value: str | None, now: datetime) -> float | None:
    """How many seconds the server wants to be left alone, at most five minutes."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS) if seconds == seconds else None


def _body(response: requests.Response, began: float) -> bytes:
    """The whole body, unpacked.

    Raises:
        MayPass: it is too large, too slow, or shorter than was said.
    """
    chunks, size = [], 0
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER_BYTES:
            raise MayPass(f"the answer is larger than {LARGEST_ANSWER_BYTES // 2**20} MB")
        if time.monotonic() - began > WHOLE_ANSWER_SECONDS:
            raise MayPass(f"the answer was not complete after {WHOLE_ANSWER_SECONDS:.0f} s")
    return b"".join(chunks)


def _said(error: BaseException) -> str:
    """An error in one line, without the address: it may hold a key."""
    reasons = {
        requests.exceptions.SSLError: "its certificate is not trusted",
        requests.exceptions.ProxyError: "the proxy does not let through",
        requests.ConnectionError: "the connection was refused or broke off",
        requests.exceptions.ChunkedEncodingError: "the answer broke off",
    }
    return next((reason for kind, reason in reasons.items() if isinstance(error, kind)), f"the answer broke off ({type(error).__name__})")
