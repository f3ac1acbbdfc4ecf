"""Alerts, posts and answers of the simulated city in the order in which their feeds tell them, day after day."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from streams.simulator.alert_telling import alert_tellings
from streams.simulator.city import City
from streams.simulator.days import ONE_DAY, Day, day_of
from streams.simulator.emergency_city import Emergency
from streams.simulator.social_posts import posts_of_day, posts_of_storm
from streams.simulator.storms import StormClock, storms_around
from streams.simulator.telling import Told

KEPT_STORMS, KEPT_DAYS = 8, 4


def emergency_tellings(city: City, emergency: Emergency, seed: int, starts: datetime, ends: datetime | None = None) -> Iterator[Told]:
    """Everything told in [starts, ends), in the order of the telling; without an end it never ends.

    Args:
        city: the city.
        emergency: what it says of emergencies.
        seed: the same seed gives the same events.
        starts: timezone-aware.
        ends: timezone-aware.
    """

    @lru_cache(maxsize=KEPT_STORMS)
    def of_storm(storm: StormClock) -> list[Told]:
        return [*alert_tellings(city, emergency, seed, storm), *posts_of_storm(city, emergency, seed, storm)]

    of_day = lru_cache(maxsize=KEPT_DAYS)(lambda on: posts_of_day(city, emergency, seed, on))
    latest = timedelta(hours=emergency.posts.longest_reply_hours + 1)
    on = day_of(city, starts)
    while ends is None or Day(city, on).begins < ends:
        begins = max(starts, Day(city, on).begins)
        until = Day(city, on).ends if ends is None else min(ends, Day(city, on).ends)
        told = [*of_day(on - ONE_DAY), *of_day(on)]
        for storm in storms_around(city, seed, on, on):
            if storm.begins < until and storm.ends + latest > begins:
                told += of_storm(storm)
        yield from sorted((one for one in told if begins <= one.at < until), key=lambda one: (one.at, one.event.id))
        on += ONE_DAY
