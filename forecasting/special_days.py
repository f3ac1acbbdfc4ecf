"""The days on which a city is not itself: holidays, and the days around them that no list of holidays has. No I/O."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

import holidays
import pandas as pd

MONDAY = 0
OBSERVED = " (observed)"  # the weekday on which offices close for a holiday of the weekend: it is the one that counts
KEPT_ON_THE_DAY = ("Christmas Day", "New Year's Day", "Independence Day")  # on the weekend too


@cache
def special_days(country: str, first_year: int, last_year: int) -> pd.DataFrame:
    """The special days of some years.

    Args:
        country: A country, or country and state, such as `US-PA` (the setting HOLIDAYS).
        first_year: The first one.
        last_year: The last one.

    Returns:
        One row a special day and name, in Prophet's form: `ds` (datetime64, no time zone), `holiday` (text). Callers take a copy: Prophet
        changes the frame that it is given.
    """
    named = _holidays(country, range(first_year, last_year + 1))
    moved = {(name.removesuffix(OBSERVED), day.year) for day, name in named if name.endswith(OBSERVED)}
    days = [
        (day, f"{name} on a weekend" if (name, day.year) in moved and name not in KEPT_ON_THE_DAY else name.removesuffix(OBSERVED))
        for day, name in named
    ]
    for year in range(first_year, last_year + 1):
        days.append((date(year, 12, 24), "Christmas Eve"))
        days.append((date(year, 12, 31), "New Year's Eve"))
        days += [(date(year, 12, day), "after Christmas") for day in range(26, 31)]
    for day, name in named:
        if name.startswith("Thanksgiving"):
            days.append((day + timedelta(days=1), "Friday after Thanksgiving"))
        elif day.weekday() == MONDAY:
            days.append((day + timedelta(days=1), "day after a Monday holiday"))
    frame = pd.DataFrame(days, columns=pd.Index(["ds", "holiday"])).drop_duplicates()
    return frame.assign(ds=pd.to_datetime(frame["ds"])).sort_values(["ds", "holiday"], ignore_index=True)


def _holidays(country: str, years: Iterable[int]) -> list[tuple[date, str]]:
    code, _, subdivision = country.partition("-")
    found = holidays.country_holidays(code, subdiv=subdivision or None, years=years, observed=True)
    return sorted((day, name) for day, names in found.items() for name in names.split("; "))
