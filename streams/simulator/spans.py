"""Spans of time that were told and that are missing, and the two small files in which the present and the past write them down.

Each file has one writer and is replaced in one piece. It tells nothing and asks no server.
"""

import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """From an instant on and before another one; both timezone-aware."""

    begins: datetime
    ends: datetime


class Present(Struct, frozen=True):
    """Where the telling of the present began, and what earlier ones told of contacts and weather.

    Attributes:
        city: the city and the seed, see `key_of` in `streams.simulator.present`.
        begins: contacts and weather are told live from here on.
        told: what was told before, in order.
        requests_begin: before this instant no request was ever told; None: they are known from further back.
        since: when the first of these tellings began in this database; what was told to another one does not count.
    """

    city: str
    begins: datetime
    since: datetime
    told: tuple[Span, ...] = ()
    requests_begin: datetime | None = None


class Past(Struct, frozen=True):
    """How far the telling of the past is.

    Attributes:
        city: as in `Present`.
        told: the spans of which contacts and weather are told.
        requests_begin: of which beginning the next one speaks.
        openings_from: the requests that were opened from this local date on are told; None: of no date yet.
        since: as in `Present`.
    """

    city: str
    since: datetime
    told: tuple[Span, ...] = ()
    requests_begin: datetime | None = None
    openings_from: date | None = None


Note = TypeVar("Note", Present, Past)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in as few spans as possible, in order; empty ones are left out."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.begins < span.ends):
        if found and span.begins <= found[-1].ends:
            found[-1] = Span(found[-1].begins, max(found[-1].ends, span.ends))
        else:
            found.append(span)
    return tuple(found)


def missing(wanted: Span, told: Iterable[Span]) -> list[Span]:
    """What of a span was not told, in order."""
    found, begins = [], wanted.begins
    for span in joined(told):
        if span.begins > begins:
            found.append(Span(begins, min(span.begins, wanted.ends)))
        begins = max(begins, span.ends)
        if begins >= wanted.ends:
            break
    found.append(Span(begins, wanted.ends))
    return [span for span in found if span.begins < span.ends]


def by_day(spans: Iterable[Span], zone: ZoneInfo) -> list[Span]:
    """The same spans cut at the midnights of a time zone, in order."""
    found = []
    for begins, ends in spans:
        while begins < ends:
            midnight = datetime.combine(begins.astimezone(zone).date() + ONE_DAY, time(), zone).astimezone(UTC)
            until = ends if midnight >= ends else midnight
            found.append(Span(begins, until))
            begins = until
    return found


def read(file: Path, kind: type[Note], city: str) -> Note | None:
    """What was written down of this city; None: nothing, or of another city, or it cannot be read (telling again does no harm)."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, ValueError):
        return None
    return found if found.city == city else None


def write(file: Path, note: Present | Past) -> None:
    """Replace a file in one piece.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with part.open("wb") as opened:
        opened.write(msgspec.json.encode(note))
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
