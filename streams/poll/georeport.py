"""Asks a GeoReport v2 server for service requests: one question and its whole answer, with time-outs, retries and limits.

It knows nothing of what was asked before. The key of the interface is in no message and in no log.
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from urllib3.exceptions import HTTPError

from streams.sources import shown, utc_now
from streams.sources.open311 import SHAPE
from streams.sources.open311_pages import NoPage, parted

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
WHOLE_ANSWER_SECONDS = 120.0  # a body that drips never reaches the read time-out
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
ATTEMPTS = 5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
MOST_REDIRECTS = 5
ANOTHER_FORMAT = frozenset((404, 406, 415))
MAY_PASS = frozenset((408, 425, 429, 500, 502, 503, 504))
ACCEPTED = {"json": "application/json", "xml": "text/xml, application/xml"}

Record = dict[str, Any]


class ServerFailed(Exception):
    """The server gave no answer that can be used; the message says what happened and where, in one line, without the key."""


class Refused(ServerFailed):
    """The server understood the question and refuses it: asking again is of no use."""

    def __init__(self, message: str, status: int, told: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.finds_nothing = status == 404 and told is not None  # some say so of an empty answer, and say it in GeoReport's words


class InvalidAddress(Exception):
    """The address of a server or the name of its key cannot be used; the message says what is right."""


class Stopped(Exception):
    """The process was asked to end while it waited."""


class _MayPass(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GeoReport:
    """One server. Its answers are JSON or, where it has nothing else, XML; which one is found out once."""

    def __init__(
        self,
        url: str,
        *,
        jurisdiction_id: str | None = None,
        api_key: str | None = None,
        pause: Callable[[float], bool],
        dice: random.Random,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            url: the server's address, with or without `/requests.json`.
            jurisdiction_id: sent with every question.
            api_key: sent with every question, never shown.
            pause: waits so many seconds; true: the process is to end.
            dice: scatters the pauses between attempts.
            clock: now, for answers that name the time when to come back.

        Raises:
            InvalidAddress: it is none of http or https.
        """
        self._base = base_url(url)
        self._own = {"jurisdiction_id": jurisdiction_id, "api_key": api_key}
        self._key = api_key
        self._pause = pause
        self._dice = dice
        self._clock = clock
        self._format: str | None = None
        self._session = requests.Session()
        self._session.max_redirects = MOST_REDIRECTS
        self._session.headers["User-Agent"] = "city311"
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its warnings hold whole addresses, and so the key

    @property
    def shown_url(self) -> str:
        """The address as it may be shown: without key, name or password."""
        parts = urlsplit(self._base)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def ask(self, **asked: str) -> list[Record]:
        """The records of one answer to a question, in the server's order, as often as it sent them.

        Args:
            asked: parameters of GeoReport's `GET requests`.

        Raises:
            Refused: the server does not take the question.
            ServerFailed: there was no answer that can be used, however often it was asked.
            Stopped: the process is to end.
        """
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._in_either_format(asked)
            except _MayPass as error:
                if attempt == ATTEMPTS:
                    raise ServerFailed(f"{self.shown_url}: {error}; given up after {ATTEMPTS} attempts.") from None
                log.info("%s: %s; asking again", self.shown_url, error)
                scattered = pause * self._dice.uniform(0.5, 1.0)
                if self._pause(scattered if error.retry_after is None else max(error.retry_after, scattered)):
                    raise Stopped from None
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _in_either_format(self, asked: dict[str, str]) -> list[Record]:
        if self._format is not None:
            return self._records(self._format, asked)
        try:
            found = self._records("json", asked)
            self._format = "json"
        except Refused as error:
            if error.status not in ANOTHER_FORMAT:
                raise
            found = self._records("xml", asked)
            self._format = "xml"
        return found

    def _records(self, form: str, asked: dict[str, str]) -> list[Record]:
        """One attempt."""
        began = time.monotonic()
        try:
            with self._session.get(
                f"{self._base}/requests.{form}",
                params={name: value for name, value in (self._own | asked).items() if value is not None},
                headers={"Accept": ACCEPTED[form]},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
            ) as response:
                body = _body(response, began)
                return self._understood(response, body)
        except requests.Timeout:
            raise _MayPass(f"no answer in {READ_SECONDS:.0f} s") from None
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL, requests.TooManyRedirects):
            raise ServerFailed(f"{self.shown_url}: it leads to an address that is not http or https, or in a circle.") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _MayPass(self._said(error)) from None

    def _understood(self, response: requests.Response, body: bytes) -> list[Record]:
        status, kind = response.status_code, response.headers.get("Content-Type", "")
        if status in MAY_PASS:
            raise _MayPass(f"status {status}", _retry_after(response.headers.get("Retry-After"), self._clock()))
        records = _records_of(body) if "html" not in kind.lower() else None
        if status != 200:
            told = _errors(records or [])
            raise Refused(f"{self.shown_url}: status {status}{': ' + told if told else ''}.", status, told)
        if records is None or not (records == [] or _errors(records) or any(map(_is_request, records))):
            raise _MayPass(f"the answer is no JSON and no XML of GeoReport but {kind or 'of no kind'}, and begins with {shown(body[:40])}")
        if told := _errors(records):
            raise Refused(f"{self.shown_url}: {told}.", 404 if told.startswith("404") else status, told)
        return records

    def _said(self, error: BaseException) -> str:
        """An error in one line, without the address: it holds the key."""
        reasons = {
            requests.exceptions.SSLError: "its certificate is not trusted",
            requests.exceptions.ProxyError: "the proxy does not let through",
            requests.ConnectionError: "the connection was refused or broke off",
            requests.exceptions.ChunkedEncodingError: "the answer broke off",
        }
        return next(
            (reason for kind, reason in reasons.items() if isinstance(error, kind)), f"the answer broke off ({type(error).__name__})"
        )


def base_url(url: str) -> str:
    """The address of a server without `/requests.json`, question and trailing slash.

    Raises:
        InvalidAddress: it is none of http or https.
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidAddress("--url: an address of http or https is expected, such as https://city.example/open311/v2")
    path = parts.path.rstrip("/")
    for end in ("/requests.json", "/requests.xml"):
        path = path.removesuffix(end)
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}"


def _body(response: requests.Response, began: float) -> bytes:
    """The whole body, unpacked.

    Raises:
        _MayPass: it is too large, too slow, or shorter than was said.
    """
    chunks, size = [], 0
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER_BYTES:
            raise _MayPass(f"the answer is larger than {LARGEST_ANSWER_BYTES // 2**20} MB")
        if time.monotonic() - began > WHOLE_ANSWER_SECONDS:
            raise _MayPass(f"the answer was not complete after {WHOLE_ANSWER_SECONDS:.0f} s")
    return b"".join(chunks)


def _records_of(body: bytes) -> list[Record] | None:
    """The records of an answer, None if it is none; what is no object in it is kept as one that nobody can read."""
    try:
        members = [msgspec.json.decode(record) for record in parted(body)]
    except (NoPage, msgspec.DecodeError, ValueError, RecursionError):
        return None
    return [member if isinstance(member, dict) else {"not_a_request": member} for member in members]


def _is_request(record: Record) -> bool:
    return not SHAPE.isdisjoint(record)


def _errors(records: list[Record]) -> str | None:
    """What the server complains of, if its records are GeoReport's errors."""
    if not records or not all("code" in record and "description" in record and "service_code" not in record for record in records):
        return None
    if any("service_request_id" in record or "status" in record for record in records):
        return None
    return "; ".join(f"{record['code']} {record['description']}" for record in records)[:200].removesuffix(".")


def _retry_after(value: str | None, now: datetime) -> float | None:
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
