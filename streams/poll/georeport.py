"""Asks a GeoReport v2 server for service requests: one question and its whole answer, with time-outs, retries and limits.

It knows nothing of what was asked before. The key of the interface is in no message and in no log.
"""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from streams.poll.asking import Answer, MayPass, Server, ServerFailed, plain_address
from streams.sources import shown, utc_now
from streams.sources.open311 import SHAPE
from streams.sources.open311_pages import NoPage, parted

ANOTHER_FORMAT = frozenset((404, 406, 415))
ACCEPTED = {"json": "application/json", "xml": "text/xml, application/xml"}

Record = dict[str, Any]


class Refused(ServerFailed):
    """The server understood the question and refuses it: asking again is of no use."""

    def __init__(self, message: str, status: int, told: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.finds_nothing = status == 404 and told is not None  # some say so of an empty answer, and say it in GeoReport's words


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
        self._server = Server(base_url(url), pause=pause, dice=dice, clock=clock)
        self._own = {"jurisdiction_id": jurisdiction_id, "api_key": api_key}
        self._format: str | None = None

    @property
    def shown_url(self) -> str:
        """The address as it may be shown: without key, name or password."""
        return self._server.shown_url

    def ask(self, **asked: str) -> list[Record]:
        """The records of one answer to a question, in the server's order, as often as it sent them.

        Args:
            asked: parameters of GeoReport's `GET requests`.

        Raises:
            Refused: the server does not take the question.
            ServerFailed: there was no answer that can be used, however often it was asked.
            Stopped: the process is to end.
        """
        return self._server.patiently(lambda: self._in_either_format(asked))

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()

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
        params = {name: value for name, value in (self._own | asked).items() if value is not None}
        return self._understood(self._server.get(f"/requests.{form}", params=params, headers={"Accept": ACCEPTED[form]}))

    def _understood(self, answer: Answer) -> list[Record]:
        status, kind = answer.status, answer.kind
        records = _records_of(answer.body) if "html" not in kind.lower() else None
        if status != 200:
            told = _errors(records or [])
            raise Refused(f"{self.shown_url}: status {status}{': ' + told if told else ''}.", status, told)
        if records is None or not (records == [] or _errors(records) or any(map(_is_request, records))):
            begins = shown(answer.body[:40])
            raise MayPass(f"the answer is no JSON and no XML of GeoReport but {kind or 'of no kind'}, and begins with {begins}")
        if told := _errors(records):
            raise Refused(f"{self.shown_url}: {told}.", 404 if told.startswith("404") else status, told)
        return records


def base_url(url: str) -> str:
    """The address of a server without `/requests.json`, question and trailing slash.

    Raises:
        InvalidAddress: it is none of http or https.
    """
    address = plain_address(url, example="https://city.example/open311/v2")
    for end in ("/requests.json", "/requests.xml"):
        address = address.removesuffix(end)
    return address.rstrip("/")


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
