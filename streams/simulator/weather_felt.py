"""What the weather of a day does to the contacts of each queue: a factor. It draws nothing and knows no contact."""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streams.simulator.city import City, Scenario
from streams.simulator.days import day_of
from streams.simulator.weather import Days, Sky
from streams.simulator.weather_city import Effects

Numbers = NDArray[np.float64]

FELT_DAYS = 4  # so many days after it, snow is felt
AHEAD_DAYS = 1  # so many days before it, people ask about it
OF_SNOW_IN, OF_RAIN_IN = 8.0, 1.0
GUST_ABOVE_MPH, OF_GUST_MPH = 35.0, 15.0
HEAT_ABOVE_F, COLD_BELOW_F, OF_F = 88.0, 20.0, 10.0
LEAST_FACTOR, LARGEST_FACTOR = 0.1, 4.0
KEPT_DAYS = 64


class Felt:
    """The factors of one city and seed; 1 throughout in a city without weather."""

    def __init__(self, city: City, seed: int) -> None:
        self._city, self._seed = city, seed
        self._sky = sky_of(city, seed)
        self._on = lru_cache(maxsize=KEPT_DAYS)(lambda on: {queue: float(factors[0]) for queue, factors in self.days(on, 1).items()})

    def on(self, queue: str, on: date) -> float:
        """How many times as many contacts come to a queue on a date as would without its weather and that of the days before."""
        found: float = self._on(on)[queue]
        return found

    def days(self, first: date, days: int) -> dict[str, Numbers]:
        """The same for so many days in a row, by queue."""
        if self._city.weather is None or self._sky is None:
            return {queue: np.ones(days) for queue in self._city.queues}
        found = self._of(self._sky, first, days)
        for on in (first + timedelta(days=number) for number in range(days)):
            pressed = tuple(one for one in self._city.scenarios if 0 < (on - day_of(self._city, one.begun_at)).days <= FELT_DAYS)
            if pressed:  # its own day has it within minutes; the days after it as after any storm
                after = self._of(pressed_sky(self._city, self._seed, pressed), on, 1)
                for queue, factors in after.items():
                    found[queue][(on - first).days] = factors[0]
        return found

    def _of(self, sky: Sky, first: date, days: int) -> dict[str, Numbers]:
        weather = self._city.weather
        assert weather is not None
        seen = sky.days(first - timedelta(days=FELT_DAYS), days + FELT_DAYS + AHEAD_DAYS)
        return {queue: _factors(seen, weather.effects_on(queue)) for queue in self._city.queues}


@lru_cache(maxsize=8)
def sky_of(city: City, seed: int) -> Sky | None:
    """The city's weather; None: it has none."""
    return None if city.weather is None else Sky(city.weather, seed, city.storms)


@lru_cache(maxsize=8)
def pressed_sky(city: City, seed: int, pressed: tuple[Scenario, ...]) -> Sky:
    """The city's weather with storms that were begun."""
    assert city.weather is not None
    return Sky(city.weather, seed, city.storms, tuple(one.storm(city) for one in pressed))


@lru_cache(maxsize=8)
def felt_in(city: City, seed: int) -> Felt:
    """The factors of a city, kept, because every day of it asks for them."""
    return Felt(city, seed)


def _factors(seen: Days, effects: Effects) -> Numbers:
    """One a day, but for the first few and the last, which only serve to look back and ahead."""
    snow = np.log1p(2 * seen.snow_in) / np.log1p(2 * OF_SNOW_IN)
    gust = np.maximum(seen.gust_mph - GUST_ABOVE_MPH, 0) / OF_GUST_MPH
    today = (
        effects.heat * np.maximum(seen.high_f - HEAT_ABOVE_F, 0) / OF_F
        + effects.cold * np.maximum(COLD_BELOW_F - seen.low_f, 0) / OF_F
        + effects.rain * np.log1p(4 * seen.rain_in) / np.log1p(4 * OF_RAIN_IN)
    )
    total = today[FELT_DAYS:-AHEAD_DAYS] + effects.ahead * _ago(np.maximum(snow, np.where(gust >= 1, gust, 0)), -1)
    for after, effect in enumerate(effects.snow):
        total = total + effect * _ago(snow, after)
    for after, effect in enumerate(effects.gust):
        total = total + effect * _ago(gust, after)
    factors: Numbers = np.clip(np.exp(total), LEAST_FACTOR, LARGEST_FACTOR)
    return factors


def _ago(values: Numbers, days: int) -> Numbers:
    return values[FELT_DAYS - days : values.size - days - AHEAD_DAYS]
