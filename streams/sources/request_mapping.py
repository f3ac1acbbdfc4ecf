"""The mapping of a city's published requests: which column is which field, and what its words mean. Reads one TOML file, nothing else.

A new city is such a file, never code. Those that come with the project are in `streams/mappings/`.
"""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta, Struct

from sql.toml_files import parsed
from streams import events
from streams.rows import ENCODINGS, Layout
from streams.sources.mapping import InvalidMapping
from streams.sources.request_fields import Point, folded

SHIPPED = Path(__file__).resolve().parent.parent / "mappings"
NEEDED_FIELDS = ("service_request_id", "requested_datetime")
FIELDS = tuple(field for field in events.RequestSnapshot.__struct_fields__ if field != "usable_location")
_TRIED_AT = datetime(2001, 2, 3, 16, 5, 6)  # noqa: DTZ001 (written and read again, in no zone)

Text = Annotated[str, Meta(min_length=1, max_length=500)]
Texts = Annotated[tuple[Text, ...], Meta(min_length=1)]


class Joined(Struct, frozen=True, forbid_unknown_fields=True):
    """Several columns that make one value."""

    join: Texts
    separator: str = " "


class RequestMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """What a city's mapping file says.

    Attributes:
        time_zone: where a time without an offset is; the city's unless given.
        encoding: how the file is written: utf-8, latin-1 or windows-1252.
        fallback_encoding: how a line is read that is not so written.
        delimiter: what parts the columns.
        date_formats: how times may be written besides ISO 8601, as in `strptime`, tried in this order.
        missing: values that mean that there is none.
        default_geocodes: points at which the city puts what it could not locate, as latitude and longitude.
        jurisdiction_id: which jurisdiction the requests are of.
        columns: a field of an event → the column, or several of which the first that is not empty counts, or several to be joined.
        constants: a field of an event → the same value for every request.
        statuses: the city's word → open or closed.
        channels: the city's word → phone, web, app, walk_in, email, social, employee, …; a word that is not here stays as it is.
    """

    time_zone: str | None = None
    encoding: str = "utf-8"
    fallback_encoding: str | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    date_formats: tuple[Text, ...] = ()
    missing: tuple[str, ...] = ()
    default_geocodes: tuple[Point, ...] = ()
    jurisdiction_id: Text | None = None
    columns: dict[str, Text | Texts | Joined] = {}
    constants: dict[str, Text] = {}
    statuses: dict[str, events.RequestStatus] = {}
    channels: dict[str, Text] = {}

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone, if one is given."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    @property
    def layout(self) -> Layout:
        """How the file is written."""
        return Layout(self.encoding, self.fallback_encoding, self.delimiter)

    def status_words(self, others: dict[str, events.RequestStatus]) -> dict[str, events.RequestStatus]:
        """The words for open and closed, folded: those of the file, and `others` where it says nothing."""
        return {folded(word): status for word, status in (others | self.statuses).items()}

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns that may tell a field."""
        told = self.columns.get(field, ())
        return (told,) if isinstance(told, str) else told.join if isinstance(told, Joined) else told


NO_REQUEST_MAPPING = RequestMapping()


def shipped() -> list[str]:
    """The names of the mappings that come with the project."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def find_mapping(name_or_file: str) -> Path:
    """The file of a mapping that was named.

    Raises:
        InvalidMapping: there is neither a mapping of that name nor such a file.
    """
    if name_or_file in shipped():
        return SHIPPED / f"{name_or_file}.toml"
    if (path := Path(name_or_file)).is_file():
        return path
    raise InvalidMapping(f"There is no mapping {name_or_file!r}: use {', '.join(shipped())}, or the name of a TOML file.")


def read_request_mapping(path: Path) -> RequestMapping:
    """The mapping in a TOML file.

    Raises:
        InvalidMapping: the file cannot be read, is no TOML, or says what cannot be; the message names the file and the entry.
    """
    try:
        mapping = msgspec.convert(parsed(path.read_text("utf-8-sig")), RequestMapping)
    except OSError as error:
        raise InvalidMapping(f"The mapping file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidMapping(f"The mapping file {path} is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        keys = ", ".join(RequestMapping.__struct_fields__)
        raise InvalidMapping(f"The mapping file {path}: {error}. It may have {keys}; docs/connectors.md explains each.") from None
    for problem in _problems(mapping):
        raise InvalidMapping(f"The mapping file {path}: {problem}.")
    return mapping


def _problems(mapping: RequestMapping) -> list[str]:
    """What msgspec cannot see."""
    found = []
    if mapping.time_zone is not None and mapping.time_zone not in available_timezones():
        found.append(f"time_zone is {mapping.time_zone!r}; use a name of the IANA time zone database, such as America/New_York")
    for key in ("encoding", "fallback_encoding"):
        value = getattr(mapping, key)
        if value is not None and value not in ENCODINGS:
            found.append(f"{key} is {value!r}; use {', '.join(ENCODINGS)}")
    if mapping.delimiter in '"\r\n':
        found.append(f"delimiter is {mapping.delimiter!r}; use the character that parts the columns, such as a comma")
    found += [
        f"date_formats has {form!r}; a format with date and year as in strptime is expected, such as %m/%d/%Y %I:%M:%S %p"
        for form in mapping.date_formats
        if not _reads_dates(form)
    ]
    found += [
        f"default_geocodes has {list(point)}; latitude and longitude in degrees are expected, in this order"
        for point in mapping.default_geocodes
        if not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180)
    ]
    tables: dict[str, dict[str, Any]] = {"columns": mapping.columns, "constants": mapping.constants}
    for table, entries in tables.items():
        found += [f"{table}.{field} is no field of a request; there are {', '.join(FIELDS)}" for field in entries if field not in FIELDS]
    found += [f"{field} is in columns and in constants; leave one out" for field in mapping.columns.keys() & mapping.constants.keys()]
    if mapping.columns:
        found += [f"columns.{field} is missing; name the column" for field in NEEDED_FIELDS if field not in mapping.columns]
        if not {"status", "closed_datetime"} & mapping.columns.keys():
            found.append("columns.status is missing; name the column, or that of closed_datetime: with it a request is closed")
    return found


def _reads_dates(form: str) -> bool:
    try:
        return datetime.strptime(_TRIED_AT.strftime(form), form).date() == _TRIED_AT.date()  # noqa: DTZ007
    except ValueError:
        return False
