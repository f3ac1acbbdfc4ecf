"""ISO weeks of the city's calendar: what one is called, when it begins and ends, and which one a review is of. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_NAME = re.compile(r"(\d{4})-?[Ww](\d{1,2})")
EARLIEST_YEAR, LATEST_YEAR = 1900, 9000  # beyond these, time zones and databases have no instants for a week's ends
MOST_CHOICES = 104


class NoSuchWeek(Exception):
    """A week was asked for that is none, or that cannot be reviewed; the message says what to write."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """Monday 00:00 to Monday 00:00 of the city."""

    monday: date

    @property
    def name(self) -> str:
        """2011-W35."""
        year, number, _ = self.monday.isocalendar()
        return f"{year:04}-W{number:02}"

    @property
    def sunday(self) -> date:
        """The last day."""
        return self.monday + timedelta(days=6)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Its first instant."""
        return datetime.combine(self.monday, time(), zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The first instant after it."""
        return datetime.combine(self.monday + timedelta(days=7), time(), zone)

    def back(self, weeks: int) -> "Week":
        """So many weeks earlier."""
        return Week(self.monday - timedelta(weeks=weeks))

    @property
    def year_ago(self) -> "Week":
        """The week of the same number in the year before; of a 53rd week that is not there, the 52nd."""
        year, number, _ = self.monday.isocalendar()
        try:
            return Week(date.fromisocalendar(year - 1, number, 1))
        except ValueError:
            return Week(date.fromisocalendar(year - 1, 52, 1))

    @property
    def days(self) -> str:
        """Aug 29 to Sep 4."""
        return f"{short(self.monday)} to {short(self.sunday) if self.sunday.month != self.monday.month else self.sunday.day}"

    @property
    def long(self) -> str:
        """August 29 to September 4, 2011."""
        first, last = self.monday, self.sunday
        begin = f"{first:%B} {first.day}" + (f", {first.year}" if first.year != last.year else "")
        return f"{begin} to {f'{last:%B} ' if first.month != last.month else ''}{last.day}, {last.year}"


def short(day: date, beside: date | None = None) -> str:
    """Aug 29; with its year where that is not the year of the day beside it."""
    return f"{day:%b} {day.day}" + (f", {day.year}" if beside is not None and day.year != beside.year else "")


def parse(words: str) -> Week:
    """The week of a name such as 2011-W35.

    Raises:
        NoSuchWeek: it is not the name of a week; the message says how to write one.
    """
    found = _NAME.fullmatch(words.strip())
    if found is None:
        raise NoSuchWeek(f"{words!r} is no ISO week: write for example 2026-W47")
    year, number = int(found[1]), int(found[2])
    try:
        if not EARLIEST_YEAR <= year <= LATEST_YEAR:
            raise ValueError
        return Week(date.fromisocalendar(year, number, 1))
    except ValueError:
        raise NoSuchWeek(f"there is no week {words.strip()!r}: a year has the weeks 01 to 52, some have a 53rd") from None


def last_full(now: datetime, zone: ZoneInfo) -> Week:
    """The newest week that is over in the city."""
    today = now.astimezone(zone).date()
    return Week(today - timedelta(days=today.weekday() + 7))


def choices(data_from: datetime | None, data_to: datetime | None, now: datetime, zone: ZoneInfo) -> list[Week]:
    """The weeks that are over and of which something is known, newest first, at most two years of them.

    Args:
        data_from: the first instant of which anything is known; None: nothing is.
        data_to: the last one.
        now: the clock.
        zone: the city's.
    """
    if data_from is None or data_to is None:
        return []
    newest = min(last_full(now, zone), containing(data_to, zone))
    oldest = max(containing(data_from, zone), newest.back(MOST_CHOICES - 1))
    return [newest.back(number) for number in range((newest.monday - oldest.monday).days // 7 + 1)]


def containing(at: datetime, zone: ZoneInfo) -> Week:
    """The week in which an instant lies."""
    day = at.astimezone(zone).date()
    return Week(day - timedelta(days=day.weekday()))


def reviewable(words: str, data_from: datetime | None, data_to: datetime | None, now: datetime, zone: ZoneInfo) -> Week:
    """The week of that name, if it is over and something is known of it.

    Raises:
        NoSuchWeek: it is none, it is not over, or the data begin later or end earlier; the message says which weeks there are.
    """
    week = parse(words)
    if week > last_full(now, zone):
        raise NoSuchWeek(f"the week {week.name} is not over: take {last_full(now, zone).name} or an earlier one")
    if data_from is None or data_to is None:
        raise NoSuchWeek(f"there is nothing to say about {week.name}: no request and no contact is known yet")
    first, last = containing(data_from, zone), containing(data_to, zone)
    if not first <= week <= last:
        raise NoSuchWeek(f"there is nothing to say about {week.name}: the data are of {first.name} to {last.name}")
    return week
