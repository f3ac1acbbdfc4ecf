"""The city's days and half hours, and the name for all queues together. No I/O."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

TOTAL = "*"  # all queues together
HALF_HOUR = timedelta(minutes=30)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The local day in which an instant lies."""
    return at.astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, datetime.min.time(), zone)


def half_hour_of(at: datetime) -> datetime:
    """When the half hour began in which an instant lies."""
    return at - timedelta(minutes=at.minute % 30, seconds=at.second, microseconds=at.microsecond)


def half_hours(day: pd.Timestamp, zone: ZoneInfo) -> pd.DatetimeIndex:
    """The half hours of a local day, in the city's time: 46 or 50 of them when the clocks change."""
    start, end = (pd.Timestamp(midnight(one.date(), zone)).tz_convert("UTC") for one in (day, day + pd.Timedelta(days=1)))
    return pd.date_range(start, end, freq=HALF_HOUR, inclusive="left").tz_convert(zone)
