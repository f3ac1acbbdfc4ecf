"""The storms of a simulated city and their clocks: which there are around a date, which hour of a storm an instant is, how strong it is.

A storm is one of the weather's own, one that a person planted on a day, or one that is pressed into minutes. It tells nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from random import Random

import numpy as np

from streams.simulator.city import City, Scenario
from streams.simulator.emergency_city import Emergency, Kind, Ring, StormKind
from streams.simulator.request_city import Requests
from streams.simulator.weather import Storm
from streams.simulator.weather_felt import sky_of

DRAWN_FOR_HOURS = 15.0  # the length of the storm that the curves are drawn for
BEGINS_HOUR, ENDS_HOUR = -48.0, 63.0  # before and after it there is nothing of it
MOST_DAYS_AROUND = 6  # a storm is noticed so many days before and after its onset, at most
OF_SNOW_IN, CALM_MPH, OF_GUST_MPH = 8.0, 35.0, 27.0
LEAST_STRENGTH, LARGEST_STRENGTH = 0.4, 1.5
ONE_HOUR = timedelta(hours=1)
GRID_HOURS = 0.25
AT_NIGHT_SHARE = 0.25  # of those who would by day


@dataclass(frozen=True)
class StormClock:
    """One storm and its clock.

    Attributes:
        kind: snow or hurricane.
        onset: the instant at hour 0.
        storm: how much falls and blows.
        points: (hour of the clock, seconds since the onset), both rising.
        pressed: whether days pass in minutes.
    """

    kind: StormKind
    onset: datetime
    storm: Storm
    points: tuple[tuple[float, float], ...]
    pressed: bool = False

    def at(self, hour: float) -> datetime:
        """The instant of an hour of the clock, to the second."""
        return self.onset + timedelta(seconds=round(_along(self.points, hour)))

    def hour(self, at: datetime) -> float:
        """The hour of the clock at an instant."""
        return _along([(seconds, hour) for hour, seconds in self.points], (at - self.onset).total_seconds())

    @property
    def begins(self) -> datetime:
        """When it is first noticed."""
        return self.at(BEGINS_HOUR)

    @property
    def ends(self) -> datetime:
        """When nothing of it is felt any more."""
        return self.at(ENDS_HOUR)

    @property
    def strength(self) -> float:
        """1 for the storm that the curves are drawn for."""
        snow = np.log1p(2 * self.storm.snow_in) / np.log1p(2 * OF_SNOW_IN)
        blows = (self.storm.gust_mph - CALM_MPH) / OF_GUST_MPH
        return float(np.clip(snow if self.kind == "snow" else blows, LEAST_STRENGTH, LARGEST_STRENGTH))

    @property
    def name(self) -> str:
        """Differs for every storm of a city; part of ids."""
        return f"{self.onset:%Y%m%d%H%M%S}{'p' if self.pressed else ''}"


def storms_around(city: City, seed: int, first: date, last: date) -> list[StormClock]:
    """The storms that may be noticed between two dates, by onset; none in a city that has no emergencies."""
    return [storm for storm in _all(city, seed, first.year - 1, last.year + 1) if _is_near(storm, first, last)]


def _is_near(storm: StormClock, first: date, last: date) -> bool:
    near = timedelta(days=MOST_DAYS_AROUND)
    return first - near <= storm.onset.date() <= last + near


@lru_cache(maxsize=32)
def _all(city: City, seed: int, first_year: int, last_year: int) -> tuple[StormClock, ...]:
    sky, emergency = sky_of(city, seed), city.emergency
    if sky is None or emergency is None:
        return ()
    own = [storm for year in range(first_year - 1, last_year + 1) for storm in sky.storms(year)] + list(sky.planted_storms())
    found = [_clock(city, storm) for storm in own if _is_grave(emergency, storm)]
    found += [pressed_clock(city, scenario) for scenario in city.scenarios]
    return tuple(sorted(found, key=lambda one: one.onset))


def _is_grave(emergency: Emergency, storm: Storm) -> bool:
    return storm.snow_in >= emergency.least_snow_in or storm.gust_mph >= emergency.least_gust_mph


def _clock(city: City, storm: Storm) -> StormClock:
    onset = storm.begins.replace(tzinfo=city.zone).astimezone(UTC)
    hours = float(storm.hours)
    points = ((BEGINS_HOUR, BEGINS_HOUR), (0.0, 0.0), (DRAWN_FOR_HOURS, hours), (ENDS_HOUR, hours + ENDS_HOUR - DRAWN_FOR_HOURS))
    return StormClock("snow" if storm.snow_in else "hurricane", onset, storm, tuple((hour, 3600 * at) for hour, at in points))


def pressed_clock(city: City, scenario: Scenario) -> StormClock:
    """The clock of a storm that was begun at an instant and is over in minutes."""
    assert city.emergency is not None
    minutes = city.emergency.pressed.minutes
    onset_minute = _along(minutes, 0.0)
    points = tuple((hour, 60 * (minute - onset_minute)) for hour, minute in minutes)
    return StormClock(scenario.kind, scenario.begun_at + timedelta(minutes=onset_minute), scenario.storm(city), points, pressed=True)


def value_of(curve: Sequence[tuple[float, float]], hour: float) -> float:
    """A curve at an hour of a storm's clock; 0 outside."""
    hours, values = _columns(curve)
    return float(np.interp(hour, hours, values, left=0.0, right=0.0))


def hours_drawn(curve: Sequence[tuple[float, float]], mean: float, dice: Random) -> list[float]:
    """Hours of a storm's clock at which something happens, so many on average and spread as the curve says; in no order."""
    grid = np.arange(curve[0][0], curve[-1][0], GRID_HOURS)
    heights = np.interp(grid + GRID_HOURS / 2, *_columns(curve))
    sums = np.cumsum(heights)
    if not sums.size or not sums[-1]:
        return []
    count = max(0, round(dice.gauss(mean, mean**0.5)))
    places = np.searchsorted(sums, [dice.random() * sums[-1] for _ in range(count)], side="right")
    return [float(grid[place]) + dice.random() * GRID_HOURS for place in places]


def hit_by(storm: StormClock, kind: Kind, requests: Requests, seed: int) -> list[int]:
    """The neighborhoods that a storm hits worst, as places in the city's list, the worst first."""
    dice = Random(f"{seed}/{storm.name}/hit")
    names = [neighborhood.name for neighborhood in requests.neighborhoods]
    return [names.index(name) for name in dice.sample(kind.hit, min(kind.hit_neighborhoods, len(kind.hit)))]


def awake_share(city: City, emergency: Emergency, at: datetime) -> float:
    """The share of people who would write or ask that do, by the hour of the day."""
    weights = city.profiles[emergency.posts.profile]
    return AT_NIGHT_SHARE + (1 - AT_NIGHT_SHARE) * weights[at.astimezone(city.zone).hour] / max(weights)


def district_of(emergency: Emergency, latitude: float, longitude: float) -> str:
    """The district in which a point lies; for a point outside all of them, the first."""
    return next(
        (name for name, ring in emergency.districts.items() if _is_inside(ring, latitude, longitude)), next(iter(emergency.districts))
    )


def _is_inside(ring: Ring, latitude: float, longitude: float) -> bool:
    crossed = 0
    for (west, south), (east, north) in pairwise((*ring, ring[0])):
        if (south > latitude) != (north > latitude):
            crossed += longitude < west + (latitude - south) / (north - south) * (east - west)
    return crossed % 2 == 1


def _columns(curve: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [hour for hour, _ in curve], [value for _, value in curve]


def _along(points: Sequence[tuple[float, float]], value: float) -> float:
    """Straight between the points, and on as the last two lie."""
    (x0, y0), (x1, y1) = next(((a, b) for a, b in pairwise(points) if value <= b[0]), (points[-2], points[-1]))
    return y0 + (value - x0) * (y1 - y0) / (x1 - x0)
