"""Turns the simulated weather into events: an issue of the forecast every few hours, and each morning what was measured the day before.

A forecast is the weather that will come, off by an error that grows with the lead and changes little from one issue to the next. The events
depend on the city, the seed and their own time alone.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams import events
from streams.events import ForecastHour, WeatherForecast, WeatherObserved
from streams.simulator.city import City
from streams.simulator.days import ONE_DAY
from streams.simulator.storms import pressed_clock
from streams.simulator.telling import Told
from streams.simulator.weather import HOURS_A_DAY, Sky
from streams.simulator.weather_city import Weather
from streams.simulator.weather_felt import pressed_sky, sky_of

Numbers = NDArray[np.float64]

ONE_HOUR = timedelta(hours=1)
SEEN_AGAIN_HOUR = -12.0  # of a storm's clock
MM_AN_INCH, KMH_A_MPH = 25.4, 1.609344
# Of the logarithm of an amount, of °F and of the logarithm of a wind: now, and more a day of lead.
AMOUNT_ERROR, AMOUNT_ERROR_A_DAY = 0.15, 0.10
TEMPERATURE_ERROR_F, TEMPERATURE_ERROR_A_DAY_F = 0.8, 0.7
WIND_ERROR, WIND_ERROR_A_DAY = 0.05, 0.025
ONSET_ERROR_HOURS_A_DAY = 0.8
LARGEST_ERROR = 1.2  # times those: the simulated forecast is never quite wrong
MIND_CHANGES_EVERY = timedelta(hours=24)  # so long it takes until an error is another one
_FORECAST = 5  # what a die is for


class _Error(NamedTuple):
    """How far off the forecast of a day is, in units of the usual error."""

    amount: float
    temperature: float
    wind: float
    onset: float


def weather_tellings(city: City, weather: Weather, seed: int, starts: datetime, ends: datetime | None = None) -> Iterator[Told]:
    """Everything told of the weather in [starts, ends), in the order of the telling; without an end it never ends.

    Args:
        city: the city.
        weather: its own.
        seed: the same seed gives the same weather.
        starts: timezone-aware.
        ends: timezone-aware.
    """
    source, prefix = weather.feed.source, f"sim-{city.fingerprint(seed)}-weather"
    forecasts = _Forecasts(city, weather, seed)
    extra = _issued_in_between(city)
    hour = starts.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while ends is None or hour < ends:
        if hour.hour % weather.issued_every_hours == 0 and hour >= starts:
            yield Told(hour, events.event(forecasts.issued(hour), source=source, event_id=f"{prefix}-{hour:%Y%m%dT%HZ}", at=hour))
        told = [
            Told(at, events.event(observed(_sky_as_of(city, seed, at), weather, on), source=source, event_id=f"{prefix}-{on}", at=at))
            for on in _measured_between(city, weather, hour, hour + ONE_HOUR)
            for at in (_observed_at(city, weather, on),)
        ]
        told += [
            Told(at, events.event(forecasts.issued(at), source=source, event_id=f"{prefix}-{at:%Y%m%dT%H%M%SZ}", at=at))
            for at in extra
            if hour <= at < hour + ONE_HOUR
        ]
        yield from (one for one in sorted(told, key=lambda one: one.at) if one.at >= starts and (ends is None or one.at < ends))
        hour += ONE_HOUR


def _issued_in_between(city: City) -> list[datetime]:
    """When a forecast is issued out of turn: a storm that was begun is first seen, and seen again shortly before it comes."""
    clocks = [(one.begun_at, pressed_clock(city, one).at(SEEN_AGAIN_HOUR)) for one in city.scenarios]
    return [at.replace(microsecond=0) + timedelta(seconds=1) for both in clocks for at in both]


def _sky_as_of(city: City, seed: int, at: datetime) -> Sky:
    """The weather with those storms that were begun by an instant."""
    begun = tuple(one for one in city.scenarios if one.begun_at <= at)
    sky = pressed_sky(city, seed, begun) if begun else sky_of(city, seed)
    assert sky is not None  # a city with weather has a sky
    return sky


def observed(sky: Sky, weather: Weather, on: date) -> WeatherObserved:
    """What the station measured on a day."""
    day = sky.days(on, 1)
    return WeatherObserved(
        weather.station,
        on,
        snow_mm=_rounded(day.snow_in[0] * MM_AN_INCH),
        snow_depth_mm=_rounded(day.depth_in[0] * MM_AN_INCH),
        precipitation_mm=_rounded(day.rain_in[0] * MM_AN_INCH),
        temperature_max_celsius=_rounded((day.high_f[0] - 32) / 1.8),
        temperature_min_celsius=_rounded((day.low_f[0] - 32) / 1.8),
        wind_kmh=_rounded(day.wind_mph[0] * KMH_A_MPH),
        gust_kmh=_rounded(day.gust_mph[0] * KMH_A_MPH),
    )


def _observed_at(city: City, weather: Weather, on: date) -> datetime:
    """When a day's measurements are told: on the next morning."""
    return datetime.combine(on + ONE_DAY, time.fromisoformat(weather.observed_at), city.zone).astimezone(UTC)


def _measured_between(city: City, weather: Weather, begins: datetime, ends: datetime) -> list[date]:
    """The days whose measurements are told in [begins, ends): one or none."""
    yesterday = begins.astimezone(city.zone).date() - ONE_DAY
    return [on for on in (yesterday, yesterday + ONE_DAY) if begins <= _observed_at(city, weather, on) < ends]


class _Forecasts:
    """The issues of one city's forecast."""

    def __init__(self, city: City, weather: Weather, seed: int) -> None:
        self._city, self._sky_seed = city, seed
        self._zone, self._weather, self._seed = city.zone, weather, abs(seed)
        self._drawn = lru_cache(maxsize=256)(self._draw)

    def issued(self, at: datetime) -> WeatherForecast:
        """The issue of an instant, for the hours from then on."""
        full_hour = at.replace(minute=0, second=0, microsecond=0)
        starts = [full_hour + number * ONE_HOUR for number in range(self._weather.reach_days * HOURS_A_DAY)]
        walls = [start.astimezone(self._zone) for start in starts]
        first = walls[0].date() - ONE_DAY
        truth = _sky_as_of(self._city, self._sky_seed, at).hours(first, (walls[-1].date() - first).days + 2)
        wall_hours = np.array([(wall.date() - first).days * HOURS_A_DAY + wall.hour for wall in walls])
        lead_days = np.arange(len(starts)) / HOURS_A_DAY
        errors = {on: self._error(on, at) for on in {wall.date() for wall in walls}}
        off = {name: np.array([getattr(errors[wall.date()], name) for wall in walls]) for name in _Error._fields}
        moved = np.clip(
            wall_hours + np.rint(off["onset"] * ONSET_ERROR_HOURS_A_DAY * lead_days).astype(np.int64), 0, truth.snow_in.size - 1
        )
        amount = np.exp(off["amount"] * (AMOUNT_ERROR + AMOUNT_ERROR_A_DAY * lead_days))
        blows = np.exp(off["wind"] * (WIND_ERROR + WIND_ERROR_A_DAY * lead_days))
        warmer = off["temperature"] * (TEMPERATURE_ERROR_F + TEMPERATURE_ERROR_A_DAY_F * lead_days)
        columns = (
            (truth.temperature_f[wall_hours] + warmer - 32) / 1.8,
            truth.snow_in[moved] * amount * MM_AN_INCH,
            truth.rain_in[moved] * amount * MM_AN_INCH,
            truth.wind_mph[wall_hours] * blows * KMH_A_MPH,
            truth.gust_mph[moved] * blows * KMH_A_MPH,
        )
        hours = zip(starts, *(column.round(2).tolist() for column in columns), strict=True)
        return WeatherForecast(self._weather.grid, tuple(ForecastHour(*hour) for hour in hours))

    def _error(self, on: date, at: datetime) -> _Error:
        """The error for a day as of an instant: it glides from one draw to the next."""
        number, share = divmod(at.timestamp() / MIND_CHANGES_EVERY.total_seconds(), 1)
        before, after = self._drawn(on, int(number)), self._drawn(on, int(number) + 1)
        glided = ((1 - share) * before + share * after) / np.hypot(1 - share, share)
        return _Error(*np.clip(glided, -LARGEST_ERROR, LARGEST_ERROR).tolist())

    def _draw(self, on: date, number: int) -> Numbers:
        return np.random.default_rng([self._seed, on.toordinal(), number, _FORECAST]).standard_normal(len(_Error._fields))


def _rounded(value: float) -> float:
    return round(float(value), 2)
