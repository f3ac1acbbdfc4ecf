"""What residents ask for and look up because of a storm, beside what they would anyway: more where it hits. It tells nothing."""

from datetime import datetime
from random import Random
from typing import NamedTuple

from streams.simulator.city import City
from streams.simulator.emergency_city import Emergency
from streams.simulator.lookups import Search
from streams.simulator.openings import Choice
from streams.simulator.places import one_of
from streams.simulator.request_city import Requests
from streams.simulator.storms import StormClock, awake_share, hit_by, hours_drawn


class Wish(NamedTuple):
    """A request that a storm makes: when, of which type, and in which neighborhood of the city's list (None: anywhere)."""

    at: datetime
    type: str
    neighborhood: int | None
    number: int


def wishes_of(city: City, emergency: Emergency, requests: Requests, seed: int, storm: StormClock) -> list[Wish]:
    """The requests of a storm, in order of time."""
    kind, dice = emergency.kinds[storm.kind], Random(f"{seed}/{storm.name}/requests")
    hit = hit_by(storm, kind, requests, seed)
    found: list[tuple[datetime, str, int | None]] = []
    for name, many in kind.requests.items():
        for hour in hours_drawn(kind.requests_curve, many * storm.strength, dice):
            at, neighborhood = storm.at(hour), one_of(hit, dice) if dice.random() < kind.hit_share else None
            if storm.pressed or dice.random() < awake_share(city, emergency, at):
                found.append((at, name, neighborhood))
    found.sort(key=lambda one: one[:2])
    return [Wish(at, name, neighborhood, number) for number, (at, name, neighborhood) in enumerate(found, 1)]


def searches_of(city: City, emergency: Emergency, requests: Requests, seed: int, storm: StormClock) -> list[Search]:
    """What is looked up because of a storm, in order of time."""
    kind, dice = emergency.kinds[storm.kind], Random(f"{seed}/{storm.name}/searches")
    terms, channels, languages = Choice(kind.terms), Choice(requests.searches.channels), Choice(city.languages)
    found = []
    for hour in sorted(hours_drawn(kind.searches_curve, kind.searches * storm.strength, dice)):
        term, at = terms.draw(dice), storm.at(hour)
        answers = 0 if term in kind.terms_in_vain else dice.randint(1, 4)
        if storm.pressed or dice.random() < awake_share(city, emergency, at):
            found.append(Search(at, term, answers, channels.draw(dice), languages.draw(dice)))
    return found
