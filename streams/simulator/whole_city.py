"""The contact centre and the requests of a simulated city in one telling, each from where its own feeds have come. It draws nothing."""

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
    """

    contacts: datetime
    requests: datetime
    requests_known_until: datetime | None = None

    @property
    def earliest(self) -> datetime:
        """The earlier of both."""
        return min(self.contacts, self.requests)

    def after(self, instant: datetime) -> "Starts":
        """Where to go on when everything until `instant` is safely told; what is told before either beginning is never told again."""
        requests = max(self.requests, instant)
        return Starts(max(self.contacts, instant), requests, requests if instant > self.requests else self.requests_known_until)


def contact_feeds(city: City) -> list[Spoken]:
    """The feeds of the contact centre."""
    return [Spoken(feed, events.AGENTS if key == AGENTS_FEED else events.CONTACTS) for key, feed in city.feeds.items()]


def request_feeds(city: City) -> list[Spoken]:
    """The feeds of requests, surveys and searches; none in a city without requests."""
    if city.requests is None:
        return []
    feeds = city.requests.feeds
    return [Spoken(feeds.requests, events.REQUESTS), Spoken(feeds.surveys, events.SURVEYS), Spoken(feeds.searches, events.SEARCHES)]


def all_tellings(city: City, seed: int, starts: Starts, ends: datetime | None = None) -> Iterator[Told]:
    """Everything told from the starts on and before `ends`, in the order of the telling; without an end it never ends."""
    contacts = tellings(city, seed, starts.contacts, ends)
    if city.requests is None:
        return contacts
    requests = request_tellings(city, city.requests, seed, starts.requests, ends, known_until=starts.requests_known_until)
    return merge(contacts, requests, key=lambda one: one.at)
