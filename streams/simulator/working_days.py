"""On which days and at which hours a department's crews close requests, and how fast they are at it. It knows of no request."""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from math import exp, pi, sin
from random import Random

from streams.simulator.city import City
from streams.simulator.city_file import WEEKDAYS, hours_of
from streams.simulator.days import ONE_DAY, falls_on
from streams.simulator.request_city import Department, Work

PHASES_COUNT_FROM = date(2026, 1, 1)
DAYS_PER_WEEK = 7
A_YEAR = timedelta(days=366)
SHORTEST_VISIT = timedelta(minutes=12)  # from the request to its closing, when somebody is at work
SAME_DAY_MEDIAN_HOURS, SAME_DAY_SPREAD = 2.5, 0.7


class Holidays(Container[date]):
    """The city's holidays, as dates."""

    def __init__(self, city: City) -> None:
        self._holidays = city.holidays
        self._known: dict[date, bool] = {}

    def __contains__(self, on: object) -> bool:
        if not isinstance(on, date):
            return False
        found = self._known.get(on)
        if found is None:
            found = self._known[on] = any(falls_on(holiday, on) for holiday in self._holidays)
        return found


class WorkingDays:
    """One department's crews."""

    def __init__(self, city: City, department: Department, work: Work, holidays: Holidays) -> None:
        self._zone = city.zone
        self._department = department
        self._weekdays = {WEEKDAYS.index(name) for name in department.works_on}
        self._off: Container[date] = holidays if work.holidays_off else ()
        self._opens, self._closes = (hours_of(clock) for clock in work.hours.split("-"))
        self._next_of: dict[date, date] = {}

    def works(self, on: date) -> bool:
        """Whether they work on a date."""
        return on.weekday() in self._weekdays and on not in self._off

    def slowness(self, on: date) -> float:
        """How many times as long as usual the work takes that is asked for on a date."""
        department = self._department
        weeks = (on - PHASES_COUNT_FROM).days / DAYS_PER_WEEK
        return exp(department.swing * sin(2 * pi * (weeks / department.period_weeks + department.phase)))

    def done_after(self, asked_at: datetime, days: float, dice: Random) -> datetime:
        """When work is done that takes so many working days; always after `asked_at`, within the hours of work.

        Args:
            asked_at: timezone-aware.
            days: 0.4 is the first working day on which there is still time, 1.4 the one after that.
            dice: draws the hour.
        """
        on, earliest = self._first_day(asked_at)
        for _ in range(int(days)):
            on, earliest = self._next(on), self._opens
        return self._at(on, dice.uniform(earliest, self._closes))

    def done_same_day(self, asked_at: datetime, dice: Random) -> datetime:
        """When work is done that is begun at once, or first thing when work begins again."""
        on, earliest = self._first_day(asked_at)
        return self._at(on, min(earliest + dice.lognormvariate(0, SAME_DAY_SPREAD) * SAME_DAY_MEDIAN_HOURS, self._closes))

    def _first_day(self, asked_at: datetime) -> tuple[date, float]:
        """The first day on which there is time for it, and from which hour on."""
        local = (asked_at + SHORTEST_VISIT).astimezone(self._zone)
        on, hour = local.date(), local.hour + local.minute / 60 + local.second / 3600
        if self.works(on) and hour < self._closes:
            return on, max(hour, self._opens)
        return self._next(on), self._opens

    def _next(self, on: date) -> date:
        found = self._next_of.get(on)
        if found is None:
            found = on + ONE_DAY
            while not self.works(found) and found - on < A_YEAR:  # a city may have nothing but holidays
                found += ONE_DAY
            self._next_of[on] = found
        return found

    def _at(self, on: date, hours: float) -> datetime:
        local = datetime.combine(on, time(), self._zone) + timedelta(seconds=int(hours * 3600))
        return local.astimezone(UTC)
