"""The contact centre, the requests and the weather of a simulated city in one telling, each from where its own feeds have come.

It draws nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import NamedTuple

from streams import events
from streams.simulator.city import AGENTS_FEED, City
from streams.simulator.city_file import Feed
from streams.simulator.request_telling import request_tellings
from streams.simulator.telling import Told, tellings
from streams.simulator.weather_telling import weather_tellings


class Spoken(NamedTuple):
    """A feed and the topic on which it speaks."""

    feed: Feed
    topic: str


@dataclass(frozen=True)
class Starts:
    """Where the telling begins; all timezone-aware.

    Attributes:
        contacts: of contacts and agents.
        requests: of requests, surveys and searches.
        requests_known_until: until when those are known already; None: nothing is.
        weather: of the weather's forecasts and measurements; None: with the contacts.
    """

    contacts: datetime
    requests: datetime
    requests_known_until: datetime | None = None
    weather: datetime | None = None

    @property
    def weather_begins(self) -> datetime:
        """Where the weather begins."""
        return self.contacts if self.weather is None else self.weather

    @property
    def earliest(self) -> datetime:
        """The earliest of all."""
        return min(self.contacts, self.requests, self.weather_begins)

    def after(self, instant: datetime) -> "Starts":
        """Where to go on when everything until `instant` is safely told; what is told before either beginning is never told again."""
        requests = max(self.requests, instant)
        known_until = requests if instant > self.requests else self.requests_known_until
        return Starts(max(self.contacts, instant), requests, known_until, max(self.weather_begins, instant))


def contact_feeds(city: City) -> list[Spoken]:
    """The feeds of the contact centre."""
    return [Spoken(feed, events.AGENTS if key == AGENTS_FEED else events.CONTACTS) for key, feed in city.feeds.items()]


def request_feeds(city: City) -> list[Spoken]:
    """The feeds of requests, surveys and searches; none in a city without requests."""
    if city.requests is None:
        return []
    feeds = city.requests.feeds
    return [Spoken(feeds.requests, events.REQUESTS), Spoken(feeds.surveys, events.SURVEYS), Spoken(feeds.searches, events.SEARCHES)]


def weather_feeds(city: City) -> list[Spoken]:
    """The feed of the weather; none in a city without weather."""
    return [] if city.weather is None else [Spoken(city.weather.feed, events.WEATHER)]


def all_tellings(city: City, seed: int, starts: Starts, ends: datetime | None = None) -> Iterator[Told]:
    """Everything told from the starts on and before `ends`, in the order of the telling; without an end it never ends."""
    parts = [tellings(city, seed, starts.contacts, ends)]
    if city.requests is not None:
        parts.append(request_tellings(city, city.requests, seed, starts.requests, ends, known_until=starts.requests_known_until))
    if city.weather is not None:
        parts.append(weather_tellings(city, city.weather, seed, starts.weather_begins, ends))
    return merge(*parts, key=lambda one: one.at)
