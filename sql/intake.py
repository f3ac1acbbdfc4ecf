"""What a request gets when it is taken in: its place, its department and its due day, from what people loaded and the settings.

`read` asks the database once; the rest is pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays
from psycopg import Connection

from sql.due import DayKind, due_at
from sql.places import Places, areas_of
from sql.queries import statement
from sql.settings import InvalidSetting, Settings, settings

NOT_TOLD = "not told"  # the department or type of a request that names none
ANY = "*"


class Promise(NamedTuple):
    """A due day: so many days after the request, for requests from `valid_from` on."""

    valid_from: datetime
    due_days: int
    day_kind: DayKind


@dataclass(frozen=True)
class Intake:
    """One reading of what is known.

    Attributes:
        version: which loading of files it holds.
        places: areas, default geocodes and bounds.
        departments: type to department, for requests that name none.
        promises: (department, type) to its promises, newest first; `*` is any.
        zone: the city's.
        holidays: local dates that are no business days.
    """

    version: int
    places: Places
    departments: Mapping[str, str]
    promises: Mapping[tuple[str, str], tuple[Promise, ...]]
    zone: ZoneInfo
    holidays: Any

    def department(self, told: str | None, agency: str | None, service_name: str) -> str:
        """The department of a request: as told, else the agency, else the one that is loaded for its type."""
        return told or agency or self.departments.get(service_name) or NOT_TOLD

    def expected(self, told: datetime | None, department: str, service_name: str, requested: datetime) -> datetime | None:
        """By when a request is due: as told, else as promised for its type, its department, or every request, the first that there is."""
        if told is not None:
            return told
        for key in ((department, service_name), (ANY, service_name), (department, ANY), (ANY, ANY)):
            for promise in self.promises.get(key, ()):
                if promise.valid_from <= requested:
                    return due_at(requested, promise.due_days, promise.day_kind, zone=self.zone, holidays=self.holidays)
        return None


def read(connection: Connection[Any], chosen: Settings | None = None) -> Intake:
    """Read what is loaded.

    Args:
        connection: plain psycopg, within or without a transaction.
        chosen: the settings; by default this process's.

    Raises:
        psycopg.Error: the database does not answer.
    """
    chosen = chosen or settings()
    version = version_of(connection)
    areas = connection.execute(statement("intake-areas").encode()).fetchall()
    departments = connection.execute(statement("intake-departments").encode()).fetchall()
    promises: dict[tuple[str, str], list[Promise]] = {}
    for department, service_name, valid_from, due_days, day_kind in connection.execute(statement("intake-promises").encode()):
        promises.setdefault((department, service_name), []).append(Promise(valid_from, due_days, day_kind))
    return Intake(
        version=version,
        places=Places(areas_of(areas), chosen.default_points, chosen.bounds),
        departments=dict(departments),
        promises={key: tuple(many) for key, many in promises.items()},
        zone=chosen.zone,
        holidays=holidays_of(chosen.holidays),
    )


def version_of(connection: Connection[Any]) -> int:
    """Which loading holds. Within a transaction it then holds until that ends."""
    row = connection.execute(statement("intake-version").encode()).fetchone()
    assert row is not None
    return int(row[0])


def holidays_of(words: str) -> Any:
    """The holidays of a country, or of a state of it, as a container of dates.

    Raises:
        InvalidSetting: there is no such country or state.
    """
    country, _, state = words.partition("-")
    try:
        found: Any = holidays.country_holidays(country, subdiv=state or None)
        date.min in found  # noqa: B015 - a state is looked at only when it is used
    except NotImplementedError:
        raise InvalidSetting(f"HOLIDAYS is {words!r}: there are no holidays known for it. Use a country such as US, or US-PA.") from None
    return found
