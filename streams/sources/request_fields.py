"""The values of a service request as cities publish them, read one by one and checked; shared by every source of requests. No I/O.

Texts too long for an event are cut, a place that cannot be one is no place; an id, a status or a date that cannot be right is refused.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, get_args

from streams import events
from streams.sources import LONG_AGO, Horizon, Unreadable, shown

LONGEST_ID = 190  # leaves room for the mark of a replay
LONGEST_WORDS = 500
LONGEST_TEXT = 20_000
LONGEST_URL = 2_000
SAME_POINT_DEGREES = 0.00006  # five metres: points are published with four decimals or more
STATUSES: tuple[events.RequestStatus, ...] = get_args(events.RequestStatus)

Point = tuple[float, float]


class Instants:
    """Reads dates and times; one without an offset is the city's local time."""

    def __init__(self, zone: tzinfo, formats: Iterable[str], clock: Callable[[], datetime]) -> None:
        """Begin.

        Args:
            zone: where a time without an offset is.
            formats: how a time may be written besides ISO 8601, as in `datetime.strptime`, tried in their order.
            clock: now.
        """
        self._zone = zone
        self._formats = tuple(formats)
        self._horizon = Horizon(clock)

    def happened(self, value: Any, field: str) -> datetime | None:
        """An instant that has passed, None when it is missing.

        Raises:
            Unreadable: it is no time, before 1970, or more than a day ahead of the clock.
        """
        at = self._told(value, field)
        return at and self._horizon.check(at, field)

    def told(self, value: Any, field: str) -> datetime | None:
        """An instant, None when it is missing; it may lie ahead. After the year 9998 it is how some tables say that there is none.

        Raises:
            Unreadable: it is no time, before 1970, or one that the clocks skipped.
        """
        at = self._told(value, field)
        return at if at is None or at <= events.LATEST else None

    def _told(self, value: Any, field: str) -> datetime | None:
        if value is None or value == "":
            return None
        at = self._read(value) if isinstance(value, str) else None
        if at is None:
            raise Unreadable(f"{field} is {_quoted(value)}: {self._expected()} is expected")
        try:
            instant = self._instant(at, field)
        except OverflowError:
            instant = LONG_AGO
        if instant <= LONG_AGO:
            raise Unreadable(f"{field} is {_quoted(value)}: a time after 1970 is expected")
        return instant

    def _read(self, value: str) -> datetime | None:
        text = value.strip()
        if text[-4:] in (" UTC", " GMT"):
            text = text[:-4] + "Z"
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
        for form in self._formats:
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007 (the city's zone follows)
            except ValueError:
                continue
        return None

    def _instant(self, at: datetime, field: str) -> datetime:
        """The instant of a time; a local time that comes twice is its first occurrence."""
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        instant = at.replace(tzinfo=self._zone).astimezone(UTC)
        if instant.astimezone(self._zone).replace(tzinfo=None) != at:
            raise Unreadable(f"{field} is {at:%Y-%m-%dT%H:%M:%S}: the clocks in {self._zone} skipped that time, write it with an offset")
        return instant

    def _expected(self) -> str:
        return " or ".join(("an ISO 8601 time", *self._formats))


def cut(text: str, longest: int) -> str | None:
    """A text without blanks around it and with at most so many characters; None when nothing is left."""
    text = text.replace("\0", "").strip()  # Postgres has no texts with a zero byte
    return (text if len(text) <= longest else text[: longest - 1] + "…") or None


def words(value: Any, longest: int = LONGEST_WORDS) -> str | None:
    """What a field says, None when it is missing; of a list or an object what is in it, with commas."""
    if isinstance(value, str):
        return cut(value, longest)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return cut(number_as_text(value), longest)
    if isinstance(value, (list, dict)):
        return cut(", ".join(_leaves(value)), longest)
    return None


def url(value: Any) -> str | None:
    """An address, None when it is missing or longer than 2,000 characters: a part of one leads nowhere."""
    found = words(value, LONGEST_URL)
    return None if found is None or found.endswith("…") else found


def number_as_text(value: float) -> str:
    """A number as people write it: 101, also for 101.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def request_id(value: Any) -> str:
    """The id of a request.

    Raises:
        Unreadable: it is missing, or cannot be an id.
    """
    found = value.strip() if isinstance(value, str) else value
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        found = number_as_text(found)
    if not isinstance(found, str) or not found or len(found) > LONGEST_ID or any(letter < " " for letter in found):
        raise Unreadable(
            f"service_request_id is {_quoted(value)}: 1 to {LONGEST_ID} characters, none of them a control character, are expected"
        )
    return found


def status(value: Any, known: dict[str, events.RequestStatus]) -> events.RequestStatus:
    """Open or closed, by a city's own words in any case.

    Args:
        value: the word.
        known: words as `folded` gives them.

    Raises:
        Unreadable: the word is missing or not known.
    """
    found = known.get(folded(value)) if isinstance(value, str) else None
    if found is None:
        raise Unreadable(f"status is {_quoted(value)}: open or closed is expected, or a word that [statuses] of the mapping explains")
    return found


def place(lat: Any, long: Any) -> Point | None:
    """A point in degrees, None when it is missing, not on this earth, or 0/0, where computers put what they cannot find."""
    if isinstance(lat, bool) or isinstance(long, bool):
        return None
    try:
        north, east = float(lat), float(long)
    except (TypeError, ValueError, OverflowError):
        return None
    on_earth = -90 <= north <= 90 and -180 <= east <= 180  # also false for what is not a number
    return (north, east) if on_earth and (north, east) != (0, 0) else None


def is_default(point: Point, defaults: Iterable[Point]) -> bool:
    """Whether a point is one of those at which a city puts what it could not locate."""
    return any(abs(point[0] - lat) <= SAME_POINT_DEGREES and abs(point[1] - long) <= SAME_POINT_DEGREES for lat, long in defaults)


def dated(snapshot: events.RequestSnapshot) -> datetime:
    """When a snapshot holds, by the city's clock: its update, else its close, else its request."""
    return snapshot.updated_datetime or snapshot.closed_datetime or snapshot.requested_datetime


def folded(word: str) -> str:
    """A word so that case, blanks around it, and whether blanks or _ or - part it, do not count."""
    return " ".join(word.casefold().replace("_", " ").replace("-", " ").split())


def _leaves(value: Any) -> Iterable[str]:
    """The texts in a list or an object. It is read from JSON, whose depth the decoder bounds."""
    if isinstance(value, (list, dict)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)
    elif (text := words(value)) is not None:
        yield text


def _quoted(value: Any) -> str:
    return "missing" if value is None or value == "" else shown(value if isinstance(value, str) else repr(value))
