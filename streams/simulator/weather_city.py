"""What the weather of a simulated city is like and what it does to its queues: read from a TOML file beside the city's, and checked.

It draws nothing.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from streams.simulator.city_file import Clock, Feed, InvalidCity, NotNegative, Positive, Share, Text, document

EVERY_OTHER_QUEUE = "*"
Fahrenheit = Annotated[float, Meta(ge=-60, le=130)]
Inches = Annotated[float, Meta(ge=0, le=60)]
MilesAnHour = Annotated[float, Meta(ge=0, le=200)]
LogFactor = Annotated[float, Meta(ge=-3, le=3)]
Hour = Annotated[int, Meta(ge=0, le=23)]
StormHours = Annotated[int, Meta(ge=1, le=48)]
TwelveMonths = Annotated[tuple[Fahrenheit, ...], Meta(min_length=12, max_length=12)]
Months = Annotated[dict[Annotated[int, Meta(ge=1, le=12)], Positive], Meta(min_length=1)]


class Climate(Struct, frozen=True, forbid_unknown_fields=True):
    """Ordinary days: what is usual by month from January, and how far days are from it."""

    highs_f: TwelveMonths
    lows_f: TwelveMonths
    winds_mph: TwelveMonths
    swings_f: TwelveMonths
    carries_over: Annotated[float, Meta(ge=0, le=0.85)]
    wind_swing_mph: NotNegative
    wet_share: Share
    rain_in: Inches
    light_snow_most_in: Inches


class SnowStorms(Struct, frozen=True, forbid_unknown_fields=True):
    """How many a winter has, when, and how large they are."""

    a_winter: Annotated[tuple[NotNegative, ...], Meta(min_length=1, max_length=15)]
    months: Months
    least_in: Inches
    further_in: Inches
    most_in: Inches
    hours: tuple[StormHours, StormHours]
    gusts_mph: tuple[MilesAnHour, MilesAnHour]


class TropicalStorms(Struct, frozen=True, forbid_unknown_fields=True):
    """One in so many years."""

    every_years: Annotated[int, Meta(ge=1, le=100)]
    months: Months
    rain_in: tuple[Inches, Inches]
    hours: tuple[StormHours, StormHours]
    gusts_mph: tuple[MilesAnHour, MilesAnHour]


class PlantedStorm(Struct, frozen=True, forbid_unknown_fields=True):
    """The storm of a day that a person chose."""

    begins: Hour
    hours: StormHours
    snow_in: Inches
    rain_in: Inches
    snow_gust_mph: MilesAnHour
    tropical_gust_mph: MilesAnHour


class Effects(Struct, frozen=True, forbid_unknown_fields=True):
    """What weather does to a queue's contacts, as logarithms of factors, in the units that the file explains."""

    snow: tuple[LogFactor, LogFactor, LogFactor, LogFactor, LogFactor]
    gust: tuple[LogFactor, LogFactor]
    heat: LogFactor
    cold: LogFactor
    rain: LogFactor
    ahead: LogFactor = 0  # on the day before 8 inches of snow, or before gusts of 50 mph


class Weather(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it, as its file says."""

    station: Text
    grid: Annotated[str, Meta(pattern=r"^[A-Z]{3}/\d{1,4},\d{1,4}$")]
    issued_every_hours: Annotated[int, Meta(ge=1, le=24)]
    reach_days: Annotated[int, Meta(ge=1, le=15)]
    observed_at: Clock
    feed: Feed
    climate: Climate
    snow_storms: SnowStorms
    tropical_storms: TropicalStorms
    planted: PlantedStorm
    effects: dict[str, Effects]

    def effects_on(self, queue: str) -> Effects:
        """What it does to a queue."""
        return self.effects.get(queue) or self.effects[EVERY_OTHER_QUEUE]


def load_weather(path: Path, queues: Collection[str]) -> Weather:
    """Read a file of weather.

    Args:
        path: the file.
        queues: the city's.

    Raises:
        InvalidCity: it cannot be read, has an unknown or missing entry, a value out of range, or a queue that the city has not.
    """
    try:
        found = msgspec.convert(document(path), Weather, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidCity(f"{path}: {error}") from None
    for problem in _problems(found, queues):
        raise InvalidCity(f"{path}: {problem}")
    return found


def _problems(found: Weather, queues: Collection[str]) -> list[str]:
    problems = [
        f"[effects.{name}] is of no queue; there are {', '.join(queues)}, and {EVERY_OTHER_QUEUE!r} for the others"
        for name in found.effects
        if name not in (*queues, EVERY_OTHER_QUEUE)
    ]
    missing = [name for name in queues if name not in found.effects]
    if missing and EVERY_OTHER_QUEUE not in found.effects:
        problems.append(f"[effects] has nothing of {', '.join(missing)}; add them, or {EVERY_OTHER_QUEUE!r} for every other queue")
    if not any(found.snow_storms.a_winter):
        problems.append("snow_storms.a_winter is zero for every number; write [1] for a climate without snow storms")
    ranges = {
        "snow_storms.hours": found.snow_storms.hours,
        "snow_storms.gusts_mph": found.snow_storms.gusts_mph,
        "tropical_storms.rain_in": found.tropical_storms.rain_in,
        "tropical_storms.hours": found.tropical_storms.hours,
        "tropical_storms.gusts_mph": found.tropical_storms.gusts_mph,
    }
    return problems + [f"{name} is {list(pair)}; the smaller number stands first" for name, pair in ranges.items() if pair[0] > pair[1]]
