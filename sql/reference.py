"""What people edit in files and the database keeps: the queues' names and places, and the service targets.

A file is TOML; loading it again changes only what differs, and nothing is deleted.
"""

import math
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text


class InvalidFile(Exception):
    """A file cannot be loaded; the message names the entry, the value and what would be right."""


@dataclass(frozen=True)
class Kind:
    """A table that is loaded from a file: the file's list, its columns, and the statement for one entry."""

    entry: str
    required: dict[str, type | tuple[type, ...]]
    optional: dict[str, type | tuple[type, ...]]
    statement: str


_NUMBER = (int, float)
KINDS = {
    "queues": Kind(
        "queue",
        {"queue": str, "name": str},
        {"channel": str, "position": int},
        """INSERT INTO queue (queue, name, channel, position) VALUES (:queue, :name, coalesce(:channel, 'phone'), coalesce(:position, 1000))
           ON CONFLICT (queue) DO UPDATE SET name = excluded.name, channel = excluded.channel, position = excluded.position""",
    ),
    "targets": Kind(
        "target",
        {"queue": str, "answer_threshold_seconds": _NUMBER},
        {
            "valid_from": (date, datetime),
            "service_level_target": _NUMBER,
            "short_abandon_seconds": _NUMBER,
            "longest_wait_limit_seconds": _NUMBER,
            "wrap_up_limit_seconds": _NUMBER,
        },
        """INSERT INTO service_target (queue, valid_from, answer_threshold_seconds, service_level_target, short_abandon_seconds,
                                       longest_wait_limit_seconds, wrap_up_limit_seconds)
           VALUES (:queue, coalesce(:valid_from, '-infinity'), :answer_threshold_seconds, :service_level_target,
                   coalesce(:short_abandon_seconds, 5), :longest_wait_limit_seconds, :wrap_up_limit_seconds)
           ON CONFLICT (queue, valid_from) DO UPDATE SET
               answer_threshold_seconds = excluded.answer_threshold_seconds, service_level_target = excluded.service_level_target,
               short_abandon_seconds = excluded.short_abandon_seconds, longest_wait_limit_seconds = excluded.longest_wait_limit_seconds,
               wrap_up_limit_seconds = excluded.wrap_up_limit_seconds""",
    ),
}
RANGES = {
    "answer_threshold_seconds": (0, 86_400),
    "service_level_target": (0, 1),
    "short_abandon_seconds": (0, 86_400),
    "longest_wait_limit_seconds": (1, 86_400),
    "wrap_up_limit_seconds": (1, 86_400),
}


def load(kind: str, path: Path, connection: Connection, zone: ZoneInfo) -> int:
    """Load a file.

    Args:
        kind: One of `KINDS`.
        zone: In which a `valid_from` without an offset is meant.

    Returns:
        The number of entries.

    Raises:
        InvalidFile: it cannot be read, or an entry is wrong; nothing was loaded.
    """
    table = KINDS[kind]
    entries = [
        _checked(table, entry, f"{path.name}, {table.entry} {number}", zone) for number, entry in enumerate(_entries(table, path), 1)
    ]
    for entry in entries:
        connection.execute(text(table.statement), entry)
    return len(entries)


def _entries(table: Kind, path: Path) -> list[dict[str, Any]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(f"{path} is not TOML: {error}") from None
    entries = found.get(table.entry)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidFile(f"{path} has no [[{table.entry}]]: write one for each {table.entry}")
    return entries


def _checked(table: Kind, entry: dict[str, Any], where: str, zone: ZoneInfo) -> dict[str, Any]:
    columns = table.required | table.optional
    for name, value in entry.items():
        if name not in columns:
            raise InvalidFile(f"{where}: {name} is not known; there are {', '.join(columns)}")
        if not isinstance(value, columns[name]) or isinstance(value, bool) or value == "":
            raise InvalidFile(f"{where}: {name} is {value!r}, of the wrong kind")
        least, largest = RANGES.get(name, (-math.inf, math.inf))
        if isinstance(value, (int, float)) and not least <= value <= largest:
            raise InvalidFile(f"{where}: {name} is {value!r}; it lies between {least:g} and {largest:g}")
    if missing := table.required.keys() - entry.keys():
        raise InvalidFile(f"{where}: {', '.join(sorted(missing))} is missing")
    checked = {name: entry.get(name) for name in columns}
    if (from_day := checked.get("valid_from")) is not None:
        moment = from_day if isinstance(from_day, datetime) else datetime.combine(from_day, time(), zone)
        checked["valid_from"] = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return checked
