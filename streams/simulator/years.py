"""The simulated city's past as files: how many contacts came in each half hour, and what the weather was, years before any event is told.

The contacts are drawn from the same demand as those that are published, and their days have the same weather; only who came is not
drawn, so that years take seconds. It publishes nothing.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.simulator.arrivals import BUCKET_SECONDS, MINUTES_OPEN_TO_PASS_ON, Surge, day_factor, opening, surge_on, usual_day
from streams.simulator.city import City
from streams.simulator.days import ONE_DAY, Day
from streams.simulator.weather_felt import Felt, sky_of

Numbers = NDArray[np.float64]

VOLUME_FILE, OBSERVATIONS_FILE = "volume.csv", "observations.csv"
VOLUME_COLUMNS = ("queue", "interval_start", "contacts")
OBSERVATION_COLUMNS = ("date", "snow_in", "snwd_in", "prcp_in", "tmax_f", "tmin_f", "awnd_mph", "wsfg_mph")
BUCKETS_A_HALF_HOUR = 2
ANSWERED_SHARE = 0.95  # of the contacts, on a usual day: only who was answered is passed on
_VOLUME = 6  # what a die is for


class Written(NamedTuple):
    """What was written, and where."""

    volume: Path
    half_hours: int
    observations: Path | None  # None: the city has no weather
    days: int


@dataclass(frozen=True, slots=True)
class _Usual:
    """What a queue expects on such a day, by quarter hour."""

    arrives: Numbers
    takes: Numbers  # the share of the quarter hour in which it takes those who are passed on
    is_open: NDArray[np.bool_]


def write(city: City, seed: int, directory: Path, *, first: date, until: date) -> Written:
    """Write `volume.csv` and `observations.csv` of the days from `first` on and before `until`.

    Args:
        city: the city.
        seed: the same seed gives the same files.
        directory: it is made if it is not there; files of these names in it are replaced.
        first: a local date.
        until: a later one.

    Raises:
        OSError: they cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    volume = directory / VOLUME_FILE
    rows = 0
    with volume.open("w", encoding="utf-8", newline="") as out:
        out.write(",".join(VOLUME_COLUMNS) + "\n")
        for queue, starts_at, contacts in half_hours(city, seed, first=first, until=until):
            out.write(f"{queue},{starts_at},{contacts}\n")
            rows += 1
    observations = _write_observations(city, seed, directory, first, until)
    return Written(volume, rows, observations, (until - first).days)


def half_hours(city: City, seed: int, *, first: date, until: date) -> Iterator[tuple[str, str, int]]:
    """The contacts of each queue and half hour in which it is open, from the local midnight of `first` to that of `until`.

    Yields:
        (queue, begin of the half hour in ISO 8601 with the city's offset, contacts), in order of time and then of the city's queues.
    """
    counting = _Counting(city, seed)
    begins, ends = (datetime.combine(on, time(), city.zone) for on in (first, until))
    felt = Felt(city, seed).days(first - ONE_DAY, (until - first).days + 1)
    for number in range((until - first).days + 1):  # the simulated day before `first` ends in its morning
        day = Day(city, first - ONE_DAY + number * ONE_DAY)
        counted = counting.of(day, {queue: factors[number] for queue, factors in felt.items()})
        at = day.begins.astimezone(city.zone)
        for half_hour in range(round(day.seconds / BUCKET_SECONDS) // BUCKETS_A_HALF_HOUR):
            at = (day.begins + half_hour * timedelta(seconds=BUCKETS_A_HALF_HOUR * BUCKET_SECONDS)).astimezone(city.zone)
            if not begins <= at < ends:
                continue
            starts_at = at.isoformat(timespec="minutes")
            for queue, contacts in counted.items():
                if contacts[half_hour] >= 0:
                    yield queue, starts_at, int(contacts[half_hour])


class _Counting:
    """Counts the contacts of days: at most a few kinds of days differ but for their factors."""

    def __init__(self, city: City, seed: int) -> None:
        self._city, self._seed = city, seed
        self._kinds: dict[tuple[int, bool, float], dict[str, _Usual]] = {}

    def of(self, day: Day, felt: dict[str, float]) -> dict[str, NDArray[np.int64]]:
        """The contacts of each queue by half hour from the day's beginning; -1 where it is closed."""
        kind = (day.date.weekday(), day.holiday, day.seconds)
        usual = self._kinds.get(kind)
        if usual is None:
            usual = self._kinds[kind] = {queue: _usual(self._city, day, queue) for queue in self._city.queues}
        dice = np.random.default_rng([abs(self._seed), day.date.toordinal(), _VOLUME])
        factor, surge = day_factor(self._city, self._seed, day), surge_on(self._city, self._seed, day)
        demand = self._city.demand
        means = {}
        for queue, expected in usual.items():
            of_queue = factor * felt[queue] * _around_one(dice, demand.queue_day_variation, 1)
            means[queue] = expected.arrives * of_queue * _around_one(dice, demand.interval_variation, expected.arrives.size)
            if surge is not None and surge.queue == queue:
                means[queue] = means[queue] * _surges(day, surge, expected.arrives.size)
        return {queue: self._count(queue, means, usual, dice) for queue in usual}

    def _count(self, queue: str, means: dict[str, Numbers], usual: dict[str, _Usual], dice: np.random.Generator) -> NDArray[np.int64]:
        mean = means[queue].copy()
        for name, other in self._city.queues.items():
            if queue in other.passed_on_to:
                share = other.passed_on_share * other.passed_on_to[queue] / sum(other.passed_on_to.values())
                mean += ANSWERED_SHARE * share * means[name] * usual[queue].takes
        by_half_hour = mean.reshape(-1, BUCKETS_A_HALF_HOUR).sum(axis=1)
        is_open = usual[queue].is_open.reshape(-1, BUCKETS_A_HALF_HOUR).any(axis=1)
        return np.where(is_open, dice.poisson(by_half_hour), -1)


def _usual(city: City, day: Day, queue: str) -> _Usual:
    usual = np.array(usual_day(city, day, queue))
    hours = opening(city, day, queue)
    if hours is None:
        return _Usual(np.zeros_like(usual), np.zeros_like(usual), np.zeros(usual.size, dtype=bool))
    share = _share_before(hours[1], usual.size) - _share_before(hours[0], usual.size)
    until = max(hours[0], hours[1] - 60 * MINUTES_OPEN_TO_PASS_ON)
    return _Usual(usual * share, _share_before(until, usual.size) - _share_before(hours[0], usual.size), share > 0)


def _share_before(second: float, buckets: int) -> Numbers:
    """Which share of each quarter hour lies before a second of the day."""
    return np.clip(second / BUCKET_SECONDS - np.arange(buckets, dtype=np.float64), 0.0, 1.0)


def _surges(day: Day, surge: Surge, buckets: int) -> Numbers:
    clocks = np.array([day.clock_hours(BUCKET_SECONDS * (bucket + 0.5)) for bucket in range(buckets)])
    return np.where((clocks >= surge.begins) & (clocks < surge.ends), surge.factor, 1.0)


def _around_one(dice: np.random.Generator, variation: float, size: int) -> Numbers:
    """Gamma factors of mean 1 and that standard deviation."""
    return dice.gamma(variation**-2, variation**2, size) if variation else np.ones(size)


def _write_observations(city: City, seed: int, directory: Path, first: date, until: date) -> Path | None:
    sky = sky_of(city, seed)
    if sky is None:
        return None
    path = directory / OBSERVATIONS_FILE
    days = sky.days(first, (until - first).days)
    columns = (days.snow_in, days.depth_in, days.rain_in, days.high_f, days.low_f, days.wind_mph, days.gust_mph)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(OBSERVATION_COLUMNS)
        for number, row in enumerate(zip(*columns, strict=True)):
            writer.writerow([first + number * ONE_DAY, *(f"{value:g}" for value in row)])
    return path
