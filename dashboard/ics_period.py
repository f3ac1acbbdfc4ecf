"""Operational periods: the half days of the city's clock in which an incident is worked, 07:00 to 19:00 and 19:00 to 07:00. Pure.

A city with other hours gives the period's beginning and end itself; nothing is stored of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard import wording

SHIFTS = (time(7), time(19))
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """[starts_at, ends_at); `number` counts from 1, the one in which the incident was opened. None: not counted."""

    starts_at: datetime
    ends_at: datetime
    number: int | None = None


class NoSuchPeriod(ValueError):
    """The period that is asked for is none; the message says what to change."""


def period_of(at: datetime, opened_at: datetime | None, zone: ZoneInfo) -> Period:
    """The period in which an instant lies, counted from the one in which the incident was opened."""
    starts, ends = _around(at, zone)
    number = None
    if opened_at is not None and opened_at <= at:
        first = _around(opened_at, zone)[0].astimezone(zone)
        local = starts.astimezone(zone)
        days = (local.date() - first.date()).days
        number = 1 + len(SHIFTS) * days + SHIFTS.index(local.time()) - SHIFTS.index(first.time())
    return Period(starts, ends, number)


def before(period: Period, zone: ZoneInfo) -> Period:
    """The period that ended when this one began."""
    return Period(*_around(period.starts_at - timedelta(seconds=1), zone))


def asked(starts: datetime | None, ends: datetime | None, at: datetime, opened_at: datetime | None, zone: ZoneInfo) -> Period:
    """The period that a person asks for; the running one where nothing is asked.

    Raises:
        NoSuchPeriod: one bound alone was given, or it ends before it begins, or begins after `at`.
    """
    if starts is None and ends is None:
        return period_of(at, opened_at, zone)
    if starts is None or ends is None:
        raise NoSuchPeriod("an operational period has a beginning and an end: give both, --from and --to, or neither")
    if ends <= starts:
        raise NoSuchPeriod(f"the period ends {moment(ends, zone)}, not after it begins ({moment(starts, zone)}): give a later --to")
    if starts > at:
        raise NoSuchPeriod(f"the period begins {moment(starts, zone)}, after the report's time: give an earlier --from")
    return Period(starts.astimezone(UTC), ends.astimezone(UTC))


def _around(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The last change of shifts by an instant, and the next one after it."""
    today = at.astimezone(zone).date()
    changes = [datetime.combine(today + day * DAY, shift, zone).astimezone(UTC) for day in (-1, 0, 1) for shift in SHIFTS]
    starts = max(one for one in changes if one <= at)
    return starts, min(one for one in changes if one > at)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Fri, Jan 23, 14:32 of the city's time."""
    local = at.astimezone(zone)
    return f"{wording.day(local)}, {wording.clock(local)}"


def full_moment(at: datetime, zone: ZoneInfo) -> str:
    """Fri, Jan 23, 2026, 14:32 EST."""
    local = at.astimezone(zone)
    return f"{wording.day(local)}, {local.year}, {wording.clock(local)} {local:%Z}"


def form_moment(at: datetime, zone: ZoneInfo) -> str:
    """01/23/2026 14:32, as the forms have it."""
    return f"{at.astimezone(zone):%m/%d/%Y %H:%M}"


def period_words(period: Period, zone: ZoneInfo) -> str:
    """2, Fri, Jan 23, 07:00 to Fri, Jan 23, 19:00."""
    number = "" if period.number is None else f"{period.number}: "
    starts, ends = period.starts_at.astimezone(zone), period.ends_at.astimezone(zone)
    last = wording.clock(ends) if ends.date() == starts.date() else moment(ends, zone)
    return f"{number}{moment(starts, zone)} to {last}"
