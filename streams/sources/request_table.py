"""Reads rows of a city's published requests by a mapping of its columns and words: one row becomes one snapshot. No I/O.

A row is a JSON object of column and value, as `streams.rows` makes it. Case, blanks and signs in the names of columns do not
count, so that a file and the same table from an interface (`Created Date`, `created_date`) need one mapping.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from functools import lru_cache

import msgspec

from streams import events
from streams.sources import LONG_AGO, Envelopes, Unreadable, utc_now
from streams.sources.request_fields import (
    LONGEST_TEXT,
    STATUSES,
    Instants,
    dated,
    folded,
    is_default,
    place,
    request_id,
    status,
    url,
    words,
)
from streams.sources.request_mapping import NEEDED_FIELDS, Joined, RequestMapping

WORDS_OF_STATUS: dict[str, events.RequestStatus] = {word: word for word in STATUSES}

_Row = dict[str, str | None]
_decoder = msgspec.json.Decoder(_Row | list[str])


class RequestTable:
    """The rows of one table. It remembers nothing from one row to the next."""

    def __init__(self, name: str, *, mapping: RequestMapping, zone: tzinfo, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            mapping: the city's columns and words.
            zone: where a time without an offset is, unless the mapping says.
            clock: now; a request, update or close more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = f"Requests {name.removeprefix('requests/')}"[:100]
        self.ignored: Counter[str] = Counter()
        self.mapping = mapping
        self._instants = Instants(mapping.zone or zone, mapping.date_formats, clock)
        self._missing = frozenset(word.strip().casefold() for word in mapping.missing)
        self._statuses = mapping.status_words(WORDS_OF_STATUS)
        self._channels = {folded(word): channel for word, channel in mapping.channels.items()}
        self._columns = {field: tuple(plain(column) for column in mapping.columns_of(field)) for field in mapping.columns}
        self._separators = {field: told.separator for field, told in mapping.columns.items() if isinstance(told, Joined)}
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of one row; blanks have none."""
        line = line.strip()
        if not line:
            return []
        kept = None
        try:
            row = _row(line)
            if isinstance(row, list):
                kept = "\n".join(row[1:]).encode()
                raise Unreadable(row[0] if row else "an object of column and value is expected")
            snapshot = self._snapshot({plain(column): value for column, value in row.items()})
        except Unreadable as error:
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at, kept=kept)
        at = dated(snapshot)
        self._last_at = max(self._last_at, at)
        return self._envelopes.seal(line, [(snapshot, at)])

    def recognises(self, line: bytes) -> bool:
        """Whether it is a row with an id and the time of the request."""
        try:
            row = _row(line.strip())
        except Unreadable:
            return False
        return isinstance(row, dict) and not self.lacking(row, NEEDED_FIELDS)

    def lacking(self, header: Iterable[str], fields: Iterable[str]) -> list[str]:
        """Which of some fields have none of their columns in a header; a field without columns in the mapping lacks nothing."""
        there = {plain(column) for column in header}
        return [field for field in fields if field in self._columns and there.isdisjoint(self._columns[field])]

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""

    def _snapshot(self, row: _Row) -> events.RequestSnapshot:
        told = {field: value for field in self._columns if (value := self._value(field, row)) is not None}
        told = {**self.mapping.constants, **told}
        requested = self._happened("requested_datetime", told)
        if requested is None:
            raise Unreadable(f"requested_datetime (column {self._named('requested_datetime')}) is missing: a time is expected")
        closed = self._happened("closed_datetime", told)
        point = place(told.get("lat"), told.get("long"))
        channel = told.get("channel")
        return events.RequestSnapshot(
            service_request_id=request_id(told.get("service_request_id")),
            status=self._status(told, closed),
            requested_datetime=requested,
            updated_datetime=self._happened("updated_datetime", told) or closed or requested,
            expected_datetime=self._instants.told(told.get("expected_datetime"), "expected_datetime"),
            service_code=words(told.get("service_code")),
            service_name=words(told.get("service_name")),
            agency_responsible=words(told.get("agency_responsible")),
            description=words(told.get("description"), LONGEST_TEXT),
            status_notes=words(told.get("status_notes"), LONGEST_TEXT),
            service_notice=words(told.get("service_notice"), LONGEST_TEXT),
            address=words(told.get("address")),
            address_id=words(told.get("address_id")),
            zipcode=words(told.get("zipcode")),
            lat=point and point[0],
            long=point and point[1],
            media_url=url(told.get("media_url")),
            closed_datetime=closed,
            usable_location=point is None or not is_default(point, self.mapping.default_geocodes),
            channel=channel and words(self._channels.get(folded(channel), channel)),
            language=words(told.get("language")),
            department=words(told.get("department")),
            jurisdiction_id=words(told.get("jurisdiction_id")) or self.mapping.jurisdiction_id,
        )

    def _status(self, told: dict[str, str], closed: datetime | None) -> events.RequestStatus:
        if "status" in self._columns or "status" in told:
            return status(told.get("status"), self._statuses)
        return "closed" if closed else "open"  # of a table without a status

    def _happened(self, field: str, told: dict[str, str]) -> datetime | None:
        return self._instants.happened(told.get(field), field)

    def _value(self, field: str, row: _Row) -> str | None:
        """What the columns of a field say: the first of them that says something, or all of them joined."""
        separator = self._separators.get(field)
        found = []
        for column in self._columns[field]:
            value = (row.get(column) or "").strip()
            if value and value.casefold() not in self._missing:
                if separator is None:
                    return value
                found.append(value)
        return separator.join(found) if separator is not None and found else None

    def _named(self, field: str) -> str:
        return " or ".join(self.mapping.columns_of(field)) or "none"


@lru_cache(maxsize=4096)
def plain(column: str) -> str:
    """The name of a column in which only letters and digits count."""
    return re.sub(r"\W+", "_", column.casefold()).strip("_")


def _row(line: bytes) -> _Row | list[str]:
    try:
        row: _Row | list[str] = _decoder.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"an object of column and value is expected: {error}") from None
    return row
