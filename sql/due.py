"""By when a request is due if its source does not say: so many calendar or business days later, at the same local clock time. Pure."""

from collections.abc import Container
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

SATURDAY = 5
DayKind = Literal["calendar", "business"]


def due_at(requested: datetime, days: int, kind: DayKind, *, zone: ZoneInfo, holidays: Container[date] = ()) -> datetime:
    """The instant, timezone-aware, `days` days after `requested`.

    Args:
        requested: timezone-aware.
        days: 0 is the same day; for business days, the end of the next business day if it is none.
        kind: of which days; Saturdays, Sundays and holidays are no business days.
        zone: the city's.
        holidays: local dates.

    Returns:
        The same local clock time on the due day. A clock time that the clocks skip is the instant an hour later; one that comes twice is
        its first occurrence.
    """
    local = requested.astimezone(zone)
    day = local.date()
    if kind == "calendar":
        day += timedelta(days=days)
    else:
        for _ in range(days):
            day = _next_business_day(day, holidays)
        if days == 0 and not _is_business_day(day, holidays):
            day = _next_business_day(day, holidays)
    return datetime.combine(day, local.time(), zone).astimezone(requested.tzinfo)


def _is_business_day(day: date, holidays: Container[date]) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def _next_business_day(day: date, holidays: Container[date]) -> date:
    day += timedelta(days=1)
    while not _is_business_day(day, holidays):
        day += timedelta(days=1)
    return day
