"""What a map shows, as its address says it: period, filters, counts or times the usual. Pure; whatever the address holds, it is a view."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sql.reports import InvalidRequest, instant

PERIODS = {"1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "range": "From … to …"}
LENGTHS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
STATES = {"all": "All requests", "open": "Open only", "overdue": "Overdue only"}
SHOWN = {"counts": "Counts", "ratio": "Times the usual"}
DEFAULT_PERIOD = "24h"
LONGEST_RANGE = timedelta(days=92)  # with its eight earlier weeks it is still read at once
INCIDENT = "incident:"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident that can be chosen as a period."""

    name: str
    onset_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class View:
    """One view of the map.

    Attributes:
        period: of PERIODS, or `incident:NAME`.
        starts_at, ends_at: the period, half-open.
        is_now: it moves with the clock.
        area: of the kind, the one that is looked at; None: the whole city.
        problem: what of the address could not be used, in a sentence; empty: nothing.
    """

    period: str
    starts_at: datetime
    ends_at: datetime
    is_now: bool
    department: str | None
    service_name: str | None
    channel: str | None
    state: str
    shown: str
    cell: str | None
    kind: str | None
    area: str | None
    problem: str

    def params(self) -> dict[str, Any]:
        """The parameters of the map's queries."""
        return {
            "from": self.starts_at,
            "to": self.ends_at,
            "department": self.department,
            "service_name": self.service_name,
            "channel": self.channel,
            "state": self.state,
        }


def view_of(query: Mapping[str, str], now: datetime, zone: ZoneInfo, incidents: Mapping[str, Incident]) -> View:
    """The view that an address says.

    Args:
        query: the address's parameters.
        now: the clock; it is cut to the half minute, so that all readers of one map share its answers.
        zone: in which times without an offset are meant.
        incidents: those that can be chosen.
    """
    problems: list[str] = []

    def moment(name: str) -> datetime | None:
        words = query.get(name)
        if not words:
            return None
        try:
            return instant(words, zone).astimezone(UTC)  # two local times of one zone are as far apart as their clocks
        except InvalidRequest as error:
            problems.append(f"{str(error)[0].upper()}{str(error)[1:]}.")
            return None

    steady = now.replace(second=now.second // 30 * 30, microsecond=0)
    at = moment("at")
    ends_at = at or steady
    period = query.get("period", DEFAULT_PERIOD)
    known = period in PERIODS or period.removeprefix(INCIDENT) in incidents
    if not known:
        problems.append(f"There is no period {period!r}. Shown are the last 24 hours.")
        period = DEFAULT_PERIOD
    starts_at = ends_at - LENGTHS.get(period, LENGTHS[DEFAULT_PERIOD])
    if period == "range":
        starts_at, ends_at = moment("from") or starts_at, moment("to") or ends_at
    elif period.startswith(INCIDENT):
        incident = incidents[period.removeprefix(INCIDENT)]
        starts_at, ends_at = incident.onset_at, min(incident.ended_at or ends_at, ends_at)
    if starts_at >= ends_at:
        problems.append("The period is empty: it ends before it begins. Shown is the day before its end.")
        starts_at = ends_at - LENGTHS[DEFAULT_PERIOD]
    if ends_at - starts_at > LONGEST_RANGE:
        problems.append(f"The period is longer than {LONGEST_RANGE.days} days. Shown are the last {LONGEST_RANGE.days} of it.")
        starts_at = ends_at - LONGEST_RANGE
    return View(
        period=period,
        starts_at=starts_at,
        ends_at=ends_at,
        is_now=at is None and period in LENGTHS,
        department=query.get("department") or None,
        service_name=query.get("type") or None,
        channel=query.get("channel") or None,
        state=_one_of(query.get("state"), STATES, "all"),
        shown=_one_of(query.get("show"), SHOWN, "counts"),
        cell=query.get("cell") or None,
        kind=query.get("areas") or None,
        area=query.get("area") or None,
        problem=" ".join(problems),
    )


def _one_of(words: str | None, known: Mapping[str, str], otherwise: str) -> str:
    return words if words in known else otherwise  # type: ignore[return-value]
