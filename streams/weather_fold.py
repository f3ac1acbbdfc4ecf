"""Tellings of the weather folded into one forecast an issue and one row a station's day, and the lines that are copied into the database.

Like the other folds it depends neither on order nor on number. It talks to nobody; `sql/queries/sink.sql` goes on with it.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from streams.events import WeatherForecast, WeatherForecastEvent, WeatherObserved, WeatherObservedEvent

_encode = msgspec.json.Encoder().encode


class Issue(NamedTuple):
    """One telling of an issue of a forecast; of two the one with the greater version holds."""

    version: str
    source: str
    issued_at: datetime
    data: WeatherForecast


class Day(NamedTuple):
    """One telling of a station's day; of two the later one holds, of two at one instant the one with the greater version."""

    told_at: datetime
    version: str
    source: str
    data: WeatherObserved


class Weather:
    """What the events of a batch tell of the weather."""

    def __init__(self) -> None:
        self.forecasts: dict[tuple[str, datetime], Issue] = {}
        self.days: dict[tuple[str, date], Day] = {}

    def __len__(self) -> int:
        return len(self.forecasts) + len(self.days)

    def add(self, event: WeatherForecastEvent | WeatherObservedEvent) -> None:
        """Fold one event."""
        if isinstance(event, WeatherForecastEvent):
            issue = Issue(_version(event, len(event.data.hours)), event.source, event.time, event.data)
            key = (event.data.grid, event.time)
            if key not in self.forecasts or issue.version > self.forecasts[key].version:
                self.forecasts[key] = issue
        else:
            day = Day(event.time, _version(event, 0), event.source, event.data)
            place = (event.data.station, event.data.day)
            if place not in self.days or day[:2] > self.days[place][:2]:
                self.days[place] = day

    def clear(self) -> None:
        """Forget all of it."""
        self.forecasts.clear()
        self.days.clear()


def _version(event: WeatherForecastEvent | WeatherObservedEvent, hours: int) -> str:
    """What decides between two tellings: the longer forecast, as servers cut off past hours; else any rule that stays the same."""
    digest = blake2b(event.source.encode() + b"\0" + _encode(event.data), digest_size=8).hexdigest()
    return f"{hours:03d}{digest}"


def forecast_rows(forecasts: Iterable[Issue]) -> Iterator[tuple[Any, ...]]:
    """One row an hour, in the columns of `forecast_batch`."""
    for version, source, issued_at, told in forecasts:
        for hour in {hour.hour_start: hour for hour in told.hours}.values():
            yield (
                told.grid, issued_at, version, source, hour.hour_start, hour.temperature_celsius, hour.snow_mm, hour.precipitation_mm,
                hour.wind_kmh, hour.gust_kmh,
            )  # fmt: skip


def day_rows(days: Iterable[Day]) -> Iterator[tuple[Any, ...]]:
    """One row a station's day, in the columns of `weather_day_batch`."""
    for told_at, version, source, told in days:
        yield (
            told.station, told.day, told.snow_mm, told.snow_depth_mm, told.precipitation_mm, told.temperature_max_celsius,
            told.temperature_min_celsius, told.wind_kmh, told.gust_kmh, source, told_at, version,
        )  # fmt: skip
