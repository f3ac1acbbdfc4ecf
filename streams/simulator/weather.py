"""The simulated weather itself, by the hour and by the day: drawn from the climate, the seed and the year alone, in any order of years.

Its clock is the city's wall clock with 24 hours on every day: where the clocks change, an hour is asked for twice, or never. Units are
inches, °F and miles an hour. It tells nothing and knows of no contact.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.simulator.weather_city import Months, Weather

Numbers = NDArray[np.float64]

HOURS_A_DAY = 24
REMEMBERED_DAYS = 40  # what is carried over from longer ago is nothing
COLDEST_HOUR, WARMEST_HOUR = 6, 15
GUST_TO_WIND = 1.5
MEAN_FURTHER_GUST_MPH = 5.0
STORM_WIND_TO_GUST = 0.55
INCHES_OF_SNOW_AN_INCH_OF_WATER = 11.0
LIGHT_SNOW_BELOW_F = 31.0  # of the day's middle temperature
STORM_HIGH_F, STORM_LOW_F, AFTER_HIGH_F, AFTER_LOW_F, COLD_DAYS_AFTER = 31.0, 22.0, 37.0, 20.0, 2
MELTS_ABOVE_F, MELTS_IN_A_DEGREE, LEAST_MELT_IN = 33.0, 0.12, 0.1
SNOW_MONTHS = (11, 12, 1, 2, 3, 4)  # in which a planted storm is of snow
WINTER_ENDS_MONTH = 6
DAYS_APART = 5  # of two storms
EDGE_DAYS = 3  # how far a year's neighbours reach into it
TRIES = 20

_NORMAL, _UNIFORM, _SNOW, _TROPICAL = 1, 2, 3, 4  # what a die is for


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours in a row, from midnight on; amounts are what falls within the hour."""

    temperature_f: Numbers
    snow_in: Numbers
    rain_in: Numbers  # as liquid: melted snow too
    wind_mph: Numbers
    gust_mph: Numbers


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a row, as a station measures them."""

    snow_in: Numbers
    depth_in: Numbers
    rain_in: Numbers
    high_f: Numbers
    low_f: Numbers
    wind_mph: Numbers
    gust_mph: Numbers


@dataclass(frozen=True, slots=True)
class Storm:
    """Snow, or a tropical storm; both blow."""

    begins: datetime  # on the full hour, by the wall clock
    hours: int
    snow_in: float
    rain_in: float
    gust_mph: float


@dataclass(frozen=True, slots=True)
class _Ordinary:
    """What a year's days would be without storms, one value a day."""

    high_f: Numbers
    low_f: Numbers
    wind_mph: Numbers
    further_gust_mph: Numbers
    rain_in: Numbers
    snows: NDArray[np.bool_]  # what falls is snow
    rain_begins: NDArray[np.int64]
    rain_hours: NDArray[np.int64]


class Sky:
    """The weather of one climate and seed, with the storms that a person planted, and further ones."""

    def __init__(self, weather: Weather, seed: int, planted: tuple[date, ...] = (), further: tuple[Storm, ...] = ()) -> None:
        self._weather, self._seed = weather, abs(seed) * 2 + (seed < 0)
        self._planted, self._further = planted, further
        self._ordinary = lru_cache(maxsize=None)(self._draw_ordinary)
        self._storms = lru_cache(maxsize=None)(self._draw_storms)
        self._hours_of = lru_cache(maxsize=None)(self._draw_hours)

    def hours(self, first: date, days: int) -> Hours:
        """The hours of so many days."""
        years = range(first.year, (first + timedelta(days=days - 1)).year + 1)
        begins = (first - date(first.year, 1, 1)).days * HOURS_A_DAY
        found = [self._hours_of(year) for year in years]
        return Hours(
            *(
                np.concatenate([getattr(hours, field.name) for hours in found])[begins : begins + days * HOURS_A_DAY]
                for field in fields(Hours)
            )
        )

    def days(self, first: date, days: int) -> Days:
        """So many days, rounded as stations round."""
        september = date(first.year if first.month >= 9 else first.year - 1, 9, 1)  # there is no snow on the ground
        before = (first - september).days
        hours = self.hours(september, before + days)
        snow = _by_day(hours.snow_in).sum(axis=1).round(1)
        high, low = _by_day(hours.temperature_f).max(axis=1).round(), _by_day(hours.temperature_f).min(axis=1).round()
        measured = Days(
            snow_in=snow,
            depth_in=_depth(snow, high),
            rain_in=_by_day(hours.rain_in).sum(axis=1).round(2),
            high_f=high,
            low_f=low,
            wind_mph=_by_day(hours.wind_mph).mean(axis=1).round(1),
            gust_mph=_by_day(hours.gust_mph).max(axis=1).round(),
        )
        return Days(*(getattr(measured, field.name)[before:] for field in fields(Days)))

    def storms(self, year: int) -> tuple[Storm, ...]:
        """The storms that begin in the winter that begins in `year`, and in its summer; no planted ones."""
        return self._storms(year)

    def planted_storms(self) -> list[Storm]:
        """The storms that a person planted: of snow from November to April, otherwise tropical ones."""
        begins = [datetime(on.year, on.month, on.day, self._weather.planted.begins) for on in self._planted]  # noqa: DTZ001 (the wall clock's)
        return [planted(self._weather, at, at.month in SNOW_MONTHS) for at in begins]

    def _dice(self, year: int, what: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, year, what])

    def _draw_ordinary(self, year: int) -> _Ordinary:
        climate = self._weather.climate
        noise = np.concatenate([self._noise(year - 1)[-REMEMBERED_DAYS:], self._noise(year)])
        share = climate.carries_over ** np.arange(REMEMBERED_DAYS + 1)
        share /= np.sqrt((share**2).sum())
        slow, wind = (np.convolve(noise[:, column], share, "valid") for column in (0, 1))
        days = slow.size
        middle_of_month = np.array([(date(year, month, 15) - date(year, 1, 1)).days for month in range(1, 13)], dtype=np.float64)

        def usual(months: tuple[float, ...]) -> Numbers:
            return np.interp(np.arange(days), middle_of_month, months, period=days)

        fresh, narrow = noise[REMEMBERED_DAYS:, 2], noise[REMEMBERED_DAYS:, 3]
        chance = self._dice(year, _UNIFORM).random((366, 5))[:days]
        wet = chance[:, 0] < climate.wet_share
        high, low, swing = usual(climate.highs_f), usual(climate.lows_f), usual(climate.swings_f)
        closer = np.clip(1 + 0.15 * narrow - 0.25 * wet, 0.4, 1.5) * (high - low) / 2  # clouds keep the days cool and the nights warm
        middle = (high + low) / 2 + swing * (0.95 * slow + 0.31 * fresh)
        snows = middle < LIGHT_SNOW_BELOW_F
        most = np.where(snows, climate.light_snow_most_in / INCHES_OF_SNOW_AN_INCH_OF_WATER, np.inf)
        wind_mph = np.maximum(usual(climate.winds_mph) + climate.wind_swing_mph * (0.5 * wind + 0.87 * noise[REMEMBERED_DAYS:, 4]), 1.5)
        return _Ordinary(
            high_f=middle + closer,
            low_f=middle - closer,
            wind_mph=wind_mph,
            further_gust_mph=-MEAN_FURTHER_GUST_MPH * np.log1p(-chance[:, 1]),
            rain_in=np.where(wet, np.minimum(-climate.rain_in * np.log1p(-chance[:, 2]), most), 0.0),
            snows=snows,
            rain_begins=(chance[:, 3] * HOURS_A_DAY).astype(np.int64),
            rain_hours=3 + (chance[:, 4] * 8).astype(np.int64),
        )

    def _noise(self, year: int) -> Numbers:
        days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
        return self._dice(year, _NORMAL).standard_normal((366, 5))[:days]

    def _draw_storms(self, year: int) -> tuple[Storm, ...]:
        return (*self._snow_storms(year), *self._tropical_storms(year))

    def _snow_storms(self, year: int) -> list[Storm]:
        kind, dice = self._weather.snow_storms, self._dice(year, _SNOW)
        count = dice.choice(len(kind.a_winter), p=_shares(kind.a_winter))
        found: list[Storm] = []
        for _ in range(TRIES * int(count)):
            begins = _some_hour(year, kind.months, dice)
            inches = min(kind.least_in + dice.exponential(kind.further_in), kind.most_in)
            storm = Storm(
                begins,
                int(dice.integers(kind.hours[0], kind.hours[1] + 1)),
                inches,
                inches / INCHES_OF_SNOW_AN_INCH_OF_WATER,
                dice.uniform(*kind.gusts_mph),
            )
            if len(found) < count and all(abs(storm.begins - other.begins) >= timedelta(days=DAYS_APART) for other in found):
                found.append(storm)
        return sorted(found, key=lambda storm: storm.begins)

    def _tropical_storms(self, year: int) -> list[Storm]:
        kind, dice = self._weather.tropical_storms, self._dice(year, _TROPICAL)
        if (year + self._seed) % kind.every_years:
            return []
        begins = _some_hour(year, kind.months, dice)
        hours = int(dice.integers(kind.hours[0], kind.hours[1] + 1))
        return [Storm(begins, hours, 0.0, dice.uniform(*kind.rain_in), dice.uniform(*kind.gusts_mph))]

    def _draw_hours(self, year: int) -> Hours:
        """A year's hours, seen together with a few days of its neighbours, whose rain and storms reach into it."""
        before, this, after = (self._ordinary(number) for number in (year - 1, year, year + 1))
        days = {
            field.name: np.concatenate(
                [getattr(before, field.name)[-EDGE_DAYS:], getattr(this, field.name), getattr(after, field.name)[:EDGE_DAYS]]
            )
            for field in fields(_Ordinary)
        }
        first = datetime(year, 1, 1) - timedelta(days=EDGE_DAYS)  # noqa: DTZ001 (the wall clock's)
        storms = [storm for number in (year - 1, year) for storm in self._storms(number)]
        storms += [*self.planted_storms(), *self._further]
        stormy = [(round((storm.begins - first).total_seconds() / 3600), storm) for storm in storms]
        size = days["high_f"].size * HOURS_A_DAY
        stormy = [(begins, storm) for begins, storm in stormy if begins >= 0 and begins + storm.hours < size]
        for begins, storm in stormy:
            _freeze(days, begins, storm)
        hours = _ordinary_hours(days)
        for begins, storm in stormy:
            _let_storm(hours, begins, storm)
        kept = slice(EDGE_DAYS * HOURS_A_DAY, size - EDGE_DAYS * HOURS_A_DAY)
        return Hours(*(getattr(hours, field.name)[kept] for field in fields(Hours)))


def planted(weather: Weather, begins: datetime, snow: bool, *, hours: int | None = None) -> Storm:
    """A storm that a person wished for, as the weather's file has it.

    Args:
        weather: the file.
        begins: on the full hour, by the wall clock.
        snow: of snow, or a tropical storm.
        hours: how long; as in the file unless given.
    """
    kind = weather.planted
    if snow:
        return Storm(begins, hours or kind.hours, kind.snow_in, kind.snow_in / INCHES_OF_SNOW_AN_INCH_OF_WATER, kind.snow_gust_mph)
    return Storm(begins, hours or kind.hours, 0.0, kind.rain_in, kind.tropical_gust_mph)


def _ordinary_hours(days: dict[str, Any]) -> Hours:
    size = days["high_f"].size * HOURS_A_DAY
    at, midnight = np.arange(size, dtype=np.float64), np.arange(0, size, HOURS_A_DAY)
    turns = np.stack([midnight + COLDEST_HOUR, midnight + WARMEST_HOUR], axis=1).ravel()
    temperature = np.interp(at, turns, np.stack([days["low_f"], days["high_f"]], axis=1).ravel())
    breeze = 1 + 0.25 * np.sin(2 * np.pi * (at % HOURS_A_DAY - 9) / HOURS_A_DAY)  # strongest in the afternoon
    wind = np.interp(at, midnight + HOURS_A_DAY / 2, days["wind_mph"]) * breeze
    gust = wind * GUST_TO_WIND + np.repeat(days["further_gust_mph"], HOURS_A_DAY) * breeze / breeze.max()
    rain, snow = np.zeros(size), np.zeros(size)
    for number in np.flatnonzero(days["rain_in"]):
        hours = int(days["rain_hours"][number])
        begins = int(midnight[number] + days["rain_begins"][number])
        water = days["rain_in"][number] * _swell(hours)[: size - begins]
        rain[begins : begins + hours] += water
        if days["snows"][number]:
            snow[begins : begins + hours] += water * INCHES_OF_SNOW_AN_INCH_OF_WATER
    return Hours(temperature, snow, rain, wind, gust)


def _freeze(days: dict[str, Any], begins: int, storm: Storm) -> None:
    """Days of a storm have no other rain; when it snows, they and those that follow are cold."""
    first, last = begins // HOURS_A_DAY, (begins + storm.hours - 1) // HOURS_A_DAY
    days["rain_in"][first : last + 1] = 0.0
    if storm.snow_in:
        for span, high, low in (
            (slice(first, last + 1), STORM_HIGH_F, STORM_LOW_F),
            (slice(last + 1, last + 1 + COLD_DAYS_AFTER), AFTER_HIGH_F, AFTER_LOW_F),
        ):
            days["high_f"][span] = np.minimum(days["high_f"][span], high)
            days["low_f"][span] = np.minimum(days["low_f"][span], low)


def _let_storm(hours: Hours, begins: int, storm: Storm) -> None:
    """A storm on top of ordinary hours: it swells and calms down again."""
    span, swell = slice(begins, begins + storm.hours), _swell(storm.hours)
    hours.snow_in[span] += storm.snow_in * swell
    hours.rain_in[span] += storm.rain_in * swell
    force = np.sqrt(swell / swell.max())
    hours.gust_mph[span] = np.maximum(hours.gust_mph[span], storm.gust_mph * force)
    hours.wind_mph[span] = np.maximum(hours.wind_mph[span], storm.gust_mph * STORM_WIND_TO_GUST * force)


def _swell(hours: int) -> Numbers:
    """Shares of so many hours, which add up to 1: little at the ends, much in the middle."""
    found: Numbers = np.sin(np.pi * (np.arange(hours) + 0.5) / hours) ** 2
    found /= found.sum()
    return found


def _depth(snow_in: Numbers, high_f: Numbers) -> Numbers:
    """What lies on the ground at the end of each day, from none before the first."""
    found, depth = np.zeros_like(snow_in), 0.0
    for number, (fallen, high) in enumerate(zip(snow_in, high_f, strict=True)):
        melted = max(LEAST_MELT_IN, MELTS_IN_A_DEGREE * (high - MELTS_ABOVE_F))
        depth = max(0.0, depth - melted) + fallen
        found[number] = depth
    return found.round()


def _by_day(values: Numbers) -> Numbers:
    return values.reshape(-1, HOURS_A_DAY)


def _shares(weights: Collection[float]) -> Numbers:
    found = np.array(list(weights), dtype=np.float64)
    found /= found.sum()
    return found


def _some_hour(year: int, months: Months, dice: np.random.Generator) -> datetime:
    """An hour in one of the months, which are those of the summer of `year` or of the winter that begins in it."""
    month = int(dice.choice(list(months), p=_shares(months.values())))
    in_year = year + 1 if month < WINTER_ENDS_MONTH else year
    day, hour = int(dice.integers(1, 29)), int(dice.integers(HOURS_A_DAY))
    return datetime(in_year, month, day, hour)  # noqa: DTZ001 (the wall clock's)
