"""What people edit in files and the database keeps: names of queues and departments, promises, incidents, approved answers, lifelines.

A file is TOML; loading it again changes only what differs, and nothing is deleted but types that a lifeline has no more. Areas come as
GeoJSON: `sql.areas`.
"""

import math
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from sql.queries import statement
from sql.toml_files import parsed


class InvalidFile(Exception):
    """A file cannot be loaded; the message names the entry, the value and what would be right."""


@dataclass(frozen=True)
class Table:
    """One kind of entry in a file.

    Attributes:
        entry: what the file calls it: `[[entry]]`, or a list of texts where `of_texts`.
        query: the named statement for one entry.
        required: its columns and their types.
        optional: those that may be missing.
        choices: the values that a column may have.
        of_texts: an entry is a text, its only column.
        after: columns whose instant must lie after that of another column.
    """

    entry: str
    query: str
    required: dict[str, type | tuple[type, ...]]
    optional: dict[str, type | tuple[type, ...]]
    choices: dict[str, tuple[str, ...]]
    of_texts: bool = False
    after: dict[str, str] = field(default_factory=dict)


_NUMBER = (int, float)
_DAY = (date, datetime)
LIFELINES = (  # FEMA's community lifelines, in their order; the query `lifelines` has the same
    "Safety and security",
    "Food, hydration, shelter",
    "Health and medical",
    "Energy",
    "Communications",
    "Transportation",
    "Hazardous materials",
    "Water systems",
)
KINDS: dict[str, tuple[Table, ...]] = {
    "queues": (Table("queue", "write-queue", {"queue": str, "name": str}, {"channel": str, "position": int}, {}),),
    "targets": (
        Table(
            "target",
            "write-service-target",
            {"queue": str, "answer_threshold_seconds": _NUMBER},
            {
                "valid_from": _DAY,
                "service_level_target": _NUMBER,
                "short_abandon_seconds": _NUMBER,
                "longest_wait_limit_seconds": _NUMBER,
                "wrap_up_limit_seconds": _NUMBER,
                "max_occupancy": _NUMBER,
                "shrinkage": _NUMBER,
                "hourly_cost": _NUMBER,
            },
            {},
        ),
        Table(
            "request_target",
            "write-request-target",
            {},
            {"department": str, "service": str, "valid_from": _DAY, "due_days": int, "days": str, "on_time_target": _NUMBER},
            {"days": ("calendar", "business")},
        ),
    ),
    "departments": (
        Table("department", "write-department", {"department": str, "name": str}, {"position": int}, {}),
        Table("service", "write-service", {"service": str}, {"department": str, "left_out_of_reopening": bool}, {}),
        Table("closed_without_work", "write-closing-phrase", {"phrase": str}, {}, {}, of_texts=True),
    ),
    "incidents": (
        Table(
            "incident",
            "write-incident",
            {"name": str, "kind": str, "onset_at": _DAY},
            {"ended_at": _DAY},
            {"kind": ("snow", "hurricane", "heat", "flood", "other")},
        ),
    ),
    "answers": (
        Table(
            "answer",
            "write-answer-loaded",
            {"topic": str, "question": str, "answer": str, "owner": str, "source": str, "verified_at": _DAY, "review_by": _DAY},
            {"search_words": list},
            {},
            after={"review_by": "verified_at"},
        ),
    ),
    "lifelines": (Table("lifeline", "write-lifeline-types", {"name": str, "services": list}, {}, {"name": LIFELINES}),),
}
SHOWN_CHARACTERS = 100  # of a value in a sentence
AT_INTAKE = {"targets", "departments"}  # what requests get from these changes with them
RANGES = {
    "answer_threshold_seconds": (0, 86_400),
    "service_level_target": (0, 1),
    "short_abandon_seconds": (0, 86_400),
    "longest_wait_limit_seconds": (1, 86_400),
    "wrap_up_limit_seconds": (1, 86_400),
    "max_occupancy": (0.01, 1),
    "shrinkage": (0, 0.95),
    "hourly_cost": (0, 100_000),
    "due_days": (0, 3_650),
    "on_time_target": (0, 1),
}


def load(kind: str, path: Path, connection: Connection, zone: ZoneInfo) -> int:
    """Load a file.

    Args:
        kind: One of `KINDS`.
        path: The file.
        connection: Open, in a transaction that the caller commits.
        zone: In which a day or time without an offset is meant.

    Returns:
        The number of entries.

    Raises:
        InvalidFile: it cannot be read, or an entry is wrong; nothing was loaded.
    """
    checked = read(kind, path, zone)
    for table, entry in checked:
        connection.execute(text(statement(table.query)), entry)
    if kind in AT_INTAKE:
        connection.execute(text(statement("write-intake-version")))
    return len(checked)


def read(kind: str, path: Path, zone: ZoneInfo) -> list[tuple[Table, dict[str, Any]]]:
    """The entries of a file, each with the table that it belongs to and a value (or None) for each of its columns.

    Raises:
        InvalidFile: it cannot be read, or an entry is wrong.
    """
    return [
        (table, _checked(table, entry, f"{path.name}, {table.entry} {number}", zone))
        for table, many in _entries(KINDS[kind], path)
        for number, entry in enumerate(many, 1)
    ]


def _entries(tables: tuple[Table, ...], path: Path) -> list[tuple[Table, list[dict[str, Any]]]]:
    try:
        found = parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(f"{path} is not TOML: {error}") from None
    known = {table.entry: table for table in tables}
    if unknown := [name for name in found if name not in known]:
        raise InvalidFile(f"{path}: {unknown[0]} is not known; there are {', '.join(known)}")
    if not found:
        raise InvalidFile(f"{path} has no [[{tables[0].entry}]]: write one for each {tables[0].entry}")
    return [(known[name], _members(known[name], entries, path)) for name, entries in found.items()]


def _members(table: Table, entries: Any, path: Path) -> list[dict[str, Any]]:
    of_kind = str if table.of_texts else dict
    if not isinstance(entries, list) or not all(isinstance(entry, of_kind) for entry in entries):
        shape = f'{table.entry} = ["…", "…"]' if table.of_texts else f"[[{table.entry}]]: write one for each {table.entry}"
        raise InvalidFile(f"{path} has no {shape}")
    return [dict.fromkeys(table.required, entry) for entry in entries] if table.of_texts else entries


def _shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= SHOWN_CHARACTERS else told[:SHOWN_CHARACTERS] + "…"


def _checked(table: Table, entry: dict[str, Any], where: str, zone: ZoneInfo) -> dict[str, Any]:
    columns = table.required | table.optional
    for name, value in entry.items():
        if name not in columns:
            raise InvalidFile(f"{where}: {name} is not known; there are {', '.join(columns)}")
        if not isinstance(value, columns[name]) or (isinstance(value, bool) and columns[name] is not bool) or value == "":
            raise InvalidFile(f"{where}: {name} is {_shown(value)}, of the wrong kind")
        if isinstance(value, list) and not all(isinstance(one, str) and one.strip() for one in value):
            raise InvalidFile(f'{where}: {name} is {_shown(value)}; write texts, such as ["…", "…"]')
        if name in table.choices and value not in table.choices[name]:
            raise InvalidFile(f"{where}: {name} is {_shown(value)}; it is one of {', '.join(table.choices[name])}")
        least, largest = RANGES.get(name, (-math.inf, math.inf))
        if isinstance(value, (int, float)) and not least <= value <= largest:
            raise InvalidFile(f"{where}: {name} is {_shown(value)}; it lies between {least:g} and {largest:g}")
    if missing := table.required.keys() - entry.keys():
        raise InvalidFile(f"{where}: {', '.join(sorted(missing))} is missing")
    checked: dict[str, Any] = {name: entry.get(name) for name in columns}
    for name, value in checked.items():
        if isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime.combine(value, time(), zone)
            checked[name] = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    for name, earlier in table.after.items():
        if checked[name] <= checked[earlier]:
            raise InvalidFile(f"{where}: {name} is {checked[name].isoformat()}; it lies after {earlier}, {checked[earlier].isoformat()}")
    return checked
