"""Where a telling begins that tells the present first: at the city's midnight, or where the feeds left off today.

What lies before is left to `streams.simulator.past`, for which it is written down here. It tells nothing itself.
"""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from sql.settings import settings
from streams.simulator.city import City
from streams.simulator.spans import Present, Span, joined, read, write
from streams.simulator.whole_city import Starts

LEAST_HOURS = 3  # what the Live screen looks back; shortly after midnight it begins before it
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


def note_file() -> Path:
    """Where it is written down."""
    return settings().state_dir / "simulator" / "present.json"


def key_of(city: City, seed: int) -> str:
    """Differs for every city and seed whose events are not the same."""
    return f"{city.fingerprint(seed)}-{city.requests_fingerprint(seed)}-{city.emergency_fingerprint(seed)}"


def present_begins(city: City, now: datetime) -> datetime:
    """The city's last midnight, or some hours ago if that is earlier."""
    midnight = datetime.combine(now.astimezone(city.zone).date(), time(), city.zone)
    return min(midnight, now - timedelta(hours=LEAST_HOURS)).astimezone(UTC)


class Known(NamedTuple):
    """Until when all that a part of the city told is in the database; None: nothing is known of it, or the city has no such part."""

    contacts: datetime | None
    requests: datetime | None
    weather: datetime | None
    emergency: datetime | None


def begin(city: City, seed: int, now: datetime, known: Known, *, file: Path) -> Starts:
    """Where to begin, and write down what lies before and is told already.

    Args:
        city: the city.
        seed: the same seed gives the same city.
        now: timezone-aware.
        known: how far the database is.
        file: where to write it down.

    Returns:
        Contacts and weather begin together. Requests begin with a register: of what has changed since they were known, or if nothing is
        known, of what stands open. A database that has contacts and no alerts and posts gets them from now on.
    """
    floor, key = present_begins(city, now), key_of(city, seed)
    until = known.contacts if city.weather is None else _earlier(known.contacts, known.weather)
    before = read(file, Present, key)
    begins = floor if until is None else max(floor, until)
    if until is None:
        told: tuple[Span, ...] = ()
    elif before is None:  # a telling that began with the past
        told = (Span(LONG_AGO, until),)
    else:
        told = joined([*before.told, Span(before.begins, until)])
    requests_begin = floor if known.requests is None else None if before is None else before.requests_begin
    since = now if until is None or before is None else before.since
    write(file, Present(key, begins, since, told, requests_begin if city.requests is not None else None))
    return Starts(
        contacts=begins,
        requests=floor if known.requests is None else max(floor, known.requests),
        requests_known_until=known.requests,
        weather=begins,
        only_open=known.requests is None,
        emergency=begins if known.emergency is None else max(floor, known.emergency),
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else min(one, other)
