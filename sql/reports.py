"""The reports that a person or another tool asks for: a named query, its period, and the shape of the answer.

They are the queries that the screens read too. Nothing is computed here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, text

from sql import queries
from sql.weather_columns import FIRST_DAY, LAST_DAY

REPORTS = {
    "service-level": {"from", "to", "as_of", "threshold", "short_abandon"},
    "intervals": {"from", "to", "threshold"},
    "queue-now": {"as_of"},
    "agents-now": {"as_of"},
    "waiting-by-language": {"as_of"},
    "day-intervals": {"as_of"},
    "usual-now": {"as_of"},
    "backlog": {"as_of", "by_type"},
    "flow": {"from", "to", "by_type"},
    "due-cohort": {"from", "to", "as_of", "by_type"},
    "time-to-close": {"as_of", "by_type"},
    "weeks-to-clear": {"as_of", "by_type"},
    "reopened": {"from", "to", "as_of", "by_type"},
    "rising-types": {"as_of"},
    "hot-spots": {"from", "to"},
    "data-quality": {"from", "to"},
    "geocode-suspects": {"from", "to"},
    "feeds": {"as_of"},
    "consumers": {"as_of"},
    "refusals": set(),
    "migrations": set(),
    "metric-definitions": set(),
}
# What a report counts from rows that retention deletes.
FROM_ROWS = {
    "service-level": ("contacts", "agents"),
    "queue-now": ("contacts", "agents"),
    "agents-now": ("agents",),
    "waiting-by-language": ("contacts",),
    "usual-now": ("contacts", "agents"),
    "reopened": ("requests",),
    "geocode-suspects": ("requests",),
}


class InvalidRequest(Exception):
    """A report was asked for in a way that has no answer; the message says what to change."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of a report; None is the report's own default."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    as_of: datetime | None = None
    threshold_seconds: float | None = None
    short_abandon_seconds: float | None = None
    by_type: bool = False

    def params(self) -> dict[str, Any]:
        """The query parameters that were given."""
        given = {
            "from": self.starts_at,
            "to": self.ends_at,
            "as_of": self.as_of,
            "threshold": self.threshold_seconds,
            "short_abandon": self.short_abandon_seconds,
            "by_type": self.by_type or None,
        }
        return {name: value for name, value in given.items() if value is not None}


def instant(words: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 instant; without an offset it is the city's local time, and a repeated one its first occurrence.

    Raises:
        InvalidRequest: it is not an instant, or the clocks skipped it.
    """
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise InvalidRequest(f"{words!r} is not an ISO 8601 time: write for example 2026-11-24T14:30 or 2026-11-24T19:30:00Z") from None
    if not FIRST_DAY <= at.date() <= LAST_DAY:
        raise InvalidRequest(f"{words!r} lies outside the years {FIRST_DAY.year} to {LAST_DAY.year}")
    if at.tzinfo is not None:
        return at
    local = at.replace(tzinfo=zone)
    if local.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != at:
        raise InvalidRequest(f"{words!r} did not happen in {zone.key}: the clocks were put forward over it")
    return local


def report(name: str, connection: Connection, request: Request) -> pd.DataFrame:
    """Ask a report.

    Returns:
        As `queries.frame`: one row a result row, instants in UTC.

    Raises:
        InvalidRequest: the report is unknown, does not take what was given, or the period or threshold has no answer.
    """
    if name not in REPORTS:
        raise InvalidRequest(f"there is no report {name!r}: take one of {', '.join(REPORTS)}")
    params = request.params()
    if "by_type" in REPORTS[name]:
        params["by_type"] = request.by_type
    if unknown := params.keys() - REPORTS[name]:
        raise InvalidRequest(f"the report {name} does not take {', '.join('--' + key.replace('_', '-') for key in sorted(unknown))}")
    if request.starts_at and request.ends_at and request.starts_at >= request.ends_at:
        raise InvalidRequest(f"the period is empty: {request.starts_at.isoformat()} is not before {request.ends_at.isoformat()}")
    if name == "intervals" and request.threshold_seconds is not None:
        _check_listed(connection, request.threshold_seconds)
    _check_kept(name, connection, request)
    found = queries.frame(name, connection, **params)
    return found.drop(columns="service_name") if "by_type" in REPORTS[name] and not request.by_type else found


def _check_kept(name: str, connection: Connection, request: Request) -> None:
    """A count of rows that are deleted would only seem to be an answer."""
    horizons = queries.frame("retention-horizons", connection).set_index("what")["before"]
    begins = max((horizons[what] for what in FROM_ROWS.get(name, ()) if what in horizons), default=None)
    asked = request.starts_at if "from" in REPORTS[name] else request.as_of
    if begins is None or (asked is None and "from" not in REPORTS[name]) or (asked is not None and asked >= begins):
        return
    instead = " (the quarter hours are kept: the report intervals)" if "contacts" in FROM_ROWS[name] else ""
    option = "--from" if "from" in REPORTS[name] else "--as-of"
    raise InvalidRequest(f"what {name} counts is kept from {begins.isoformat()} on{instead}: write {option} with that or a later time")


def _check_listed(connection: Connection, threshold_seconds: float) -> None:
    """Quarter hours are counted by the listed thresholds only: between them there is no exact answer."""
    bound = connection.scalar(text("SELECT metric.wait_bound_seconds(:seconds)"), {"seconds": threshold_seconds})
    if bound != threshold_seconds:
        raise InvalidRequest(
            "intervals are kept for thresholds of 5, 10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 300 and 600 seconds, "
            f"not {threshold_seconds:g}: take one of them, or the report service-level"
        )


def _as_table(found: pd.DataFrame) -> str:
    if found.empty:
        return "no rows"
    return found.to_string(index=False, na_rep="–", float_format=lambda value: f"{value:.4f}")


def _as_csv(found: pd.DataFrame) -> str:
    return found.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ").rstrip("\n")


def _as_json(found: pd.DataFrame) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return value
        if pd.isna(value):
            return None
        return value.isoformat() if isinstance(value, datetime) else value.item() if hasattr(value, "item") else value

    return json.dumps(
        [{str(column): plain(value) for column, value in row.items()} for row in found.to_dict("records")], indent=1, ensure_ascii=False
    )


FORMATS: dict[str, Callable[[pd.DataFrame], str]] = {"table": _as_table, "csv": _as_csv, "json": _as_json}
