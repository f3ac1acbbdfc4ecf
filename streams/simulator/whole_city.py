"""The contact centre, requests, weather and emergencies of a simulated city in one telling, each from where its feeds have come.

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
from streams.simulator.emergency_telling import emergency_tellings
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
        emergency: of alerts and posts; None: with the contacts.
        only_open: of the requests before that, the register tells only those that stand open; somebody else tells the rest.
    """

    contacts: datetime
    requests: datetime
    requests_known_until: datetime | None = None
    weather: datetime | None = None
    only_open: bool = False
    emergency: datetime | None = None

    @property
    def emergency_begins(self) -> datetime:
        """Where alerts and posts begin."""
        return self.contacts if self.emergency is None else self.emergency

    @property
    def weather_begins(self) -> datetime:
        """Where the weather begins."""
        return self.contacts if self.weather is None else self.weather

    @property
    def earliest(self) -> datetime:
        """The earliest of all."""
        return min(self.contacts, self.requests, self.weather_begins, self.emergency_begins)

    def after(self, instant: datetime) -> "Starts":
        """Where to go on when everything until `instant` is safely told; what is told before either beginning is never told again."""
        requests = max(self.requests, instant)
        known_until = requests if instant > self.requests else self.requests_known_until
        return Starts(
            max(self.contacts, instant),
            requests,
            known_until,
            weather=max(self.weather_begins, instant),
            only_open=self.only_open and known_until is None,
            emergency=max(self.emergency_begins, instant),
        )


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


def emergency_feeds(city: City) -> list[Spoken]:
    """The feeds of alerts and posts; none in a city without emergencies."""
    feeds = None if city.emergency is None else city.emergency.feeds
    return [] if feeds is None else [Spoken(feeds.alerts, events.WEATHER), Spoken(feeds.social, events.SOCIAL)]


def all_feeds(city: City) -> list[Spoken]:
    """Every feed of a city."""
    return contact_feeds(city) + request_feeds(city) + weather_feeds(city) + emergency_feeds(city)


def all_tellings(city: City, seed: int, starts: Starts, ends: datetime | None = None) -> Iterator[Told]:
    """Everything told from the starts on and before `ends`, in the order of the telling; without an end it never ends."""
    parts = [tellings(city, seed, starts.contacts, ends)]
    if city.requests is not None:
        known_until, only_open = starts.requests_known_until, starts.only_open
        parts.append(request_tellings(city, city.requests, seed, starts.requests, ends, known_until=known_until, only_open=only_open))
    if city.weather is not None:
        parts.append(weather_tellings(city, city.weather, seed, starts.weather_begins, ends))
    if city.emergency is not None:
        parts.append(emergency_tellings(city, city.emergency, seed, starts.emergency_begins, ends))
    return merge(*parts, key=lambda one: one.at)
