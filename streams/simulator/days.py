"""The simulated day: when it begins, how long it is, what the clock says in it, and whether it is a holiday.

A day is called by the local date on which it begins, and it ends where the next one begins: 23 or 25 hours later when the clocks
change in between. All reckoning is in seconds since its beginning, so a clock change repeats or skips a clock time and never a second.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from streams.simulator.city import City, Holiday
from streams.simulator.city_file import WEEKDAYS

ONE_DAY = timedelta(days=1)


class Day:
    """One simulated day of a city.

    Attributes:
        date: the local date on which it begins.
        begins: the instant, in UTC.
        seconds: its length.
        holiday: whether its date is one of the city's holidays.
    """

    def __init__(self, city: City, on: date) -> None:
        self.date = on
        self._zone = city.zone
        self._begins_at = city.begins_at
        self.begins = datetime.combine(on, self._begins_at, self._zone).astimezone(UTC)
        self.ends = datetime.combine(on + ONE_DAY, self._begins_at, self._zone).astimezone(UTC)
        self.seconds = (self.ends - self.begins).total_seconds()
        self.holiday = any(falls_on(holiday, on) for holiday in city.holidays)

    def clock_hours(self, seconds: float) -> float:
        """What the local clock says so many seconds after the beginning, as hours since midnight."""
        local = (self.begins + timedelta(seconds=seconds)).astimezone(self._zone)
        return local.hour + local.minute / 60 + local.second / 3600

    def seconds_at(self, clock: str) -> float:
        """How long after the beginning the local clock first says "HH:MM"; a time before the beginning's belongs to the next morning."""
        at = time.fromisoformat(clock)
        on = self.date if at >= self._begins_at else self.date + ONE_DAY
        return (datetime.combine(on, at, self._zone).astimezone(UTC) - self.begins).total_seconds()


def day_of(city: City, instant: datetime) -> date:
    """The date of the simulated day that an instant (timezone-aware) lies in."""
    local = instant.astimezone(city.zone)
    guess = local.date()
    return guess if datetime.combine(guess, city.begins_at, city.zone) <= instant else guess - ONE_DAY


def falls_on(holiday: Holiday, on: date) -> bool:
    """Whether a date is that holiday."""
    if on.month != holiday.month:
        return False
    if holiday.weekday is None or holiday.nth is None:
        return on.day == holiday.day
    if on.weekday() != WEEKDAYS.index(holiday.weekday):
        return False
    last = on.day + 7 > monthrange(on.year, on.month)[1]
    return last if holiday.nth == -1 else (on.day - 1) // 7 + 1 == holiday.nth
