"""Turns what happened in the simulated contact centre into events, told as real feeds tell them: nearly in order, nearly once, nearly all.

The events of a day depend on the city, the seed and the date alone, never on when they are asked for: told again, they are the same bytes.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from streams import events
from streams.events import Data
from streams.simulator.agents import shifts
from streams.simulator.arrivals import arrivals, closings, id_prefix
from streams.simulator.centre import AgentHappened, Centre, Contact, ContactHappened, Happening
from streams.simulator.city import AGENTS_FEED, City, Defects
from streams.simulator.days import ONE_DAY, Day, day_of

_EVENT_SUFFIX = {"queued": "q", "answered": "a", "left": "l", "ended": "e"}


class Told(NamedTuple):
    """An event, and when its feed tells it; never before it happened."""

    at: datetime
    event: events.Event
    again: bool = False  # it was told before


def tellings(city: City, seed: int, starts: datetime, ends: datetime | None = None) -> Iterator[Told]:
    """Everything told in [starts, ends), in the order of the telling; without an end it never ends.

    Args:
        starts: timezone-aware.
        ends: timezone-aware.
    """
    on = day_of(city, starts) - ONE_DAY  # whose last contacts may end in the day that follows
    tail: list[Told] = []
    while ends is None or Day(city, on).begins < ends:
        day = Day(city, on)
        told = sorted(tail + simulate_day(city, seed, day), key=lambda one: one.at)
        cut = bisect_left(told, day.ends, key=lambda one: one.at)
        tail = told[cut:]
        for one in told[:cut]:
            if one.at >= starts and (ends is None or one.at < ends):
                yield one
        on += ONE_DAY


def simulate_day(city: City, seed: int, day: Day) -> list[Told]:
    """Everything that is ever told of the contacts that come, and the agents who work, on a simulated day.

    Returns:
        In the order of the telling. The last contacts and shifts end a while after the day itself.
    """
    centre = Centre(shifts(city, seed, day), closings=closings(city, day))
    happened = centre.run(arrivals(city, seed, day))
    return _Teller(city, day, Random(f"{seed}/{day.date}/telling"), id_prefix(city, seed, day)).tell(happened)


def told_at(happened_at: datetime, dice: Random, defects: Defects) -> tuple[datetime, datetime | None]:
    """When its feed tells something: at once or a little later, and when it tells it a second time, if it does."""
    chance, at = dice.random(), happened_at
    if chance < defects.told_late_share:
        at += timedelta(milliseconds=round(dice.uniform(0, defects.told_late_seconds) * 1000))
    if chance > 1 - defects.told_twice_share:
        return at, at + timedelta(milliseconds=round(dice.uniform(0, defects.told_twice_seconds) * 1000))
    return at, None


class _Teller:
    """One day's feeds."""

    def __init__(self, city: City, day: Day, dice: Random, prefix: str) -> None:
        self._begins, self._dice, self._prefix = day.begins, dice, prefix
        self._sources = {queue: city.feeds[channel].source for queue, channel in city.channels.items()}
        self._agents_source = city.feeds[AGENTS_FEED].source
        self._channels = city.channels
        self._defects: Defects = city.defects
        self._numbers = count(1)

    def tell(self, happened: list[Happening]) -> list[Told]:
        found: list[Told] = []
        for one in happened:
            if isinstance(one, AgentHappened):
                source, event_id, data = self._agent(one)
            elif (said := self._contact(one)) is not None:
                source, event_id, data = said
            else:
                continue
            at = self._begins + timedelta(milliseconds=round(one.at * 1000))
            self._told(found, events.event(data, source=source, event_id=event_id, at=at))
        found.sort(key=lambda telling: telling.at)
        return found

    def _told(self, found: list[Told], event: events.Event) -> None:
        at, again_at = told_at(event.time, self._dice, self._defects)
        found.append(Told(at, event))
        if again_at is not None:
            found.append(Told(again_at, event, again=True))

    def _agent(self, one: AgentHappened) -> tuple[str, str, Data]:
        shift = one.shift
        data = events.AgentStateChanged(shift.agent_id, one.state, shift.queues + shift.helps)
        return self._agents_source, f"{self._prefix}-{shift.agent_id}-{next(self._numbers)}", data

    def _contact(self, one: ContactHappened) -> tuple[str, str, Data] | None:
        contact = one.contact
        if one.what == "queued":
            data: Data = events.ContactQueued(contact.contact_id, contact.queue, self._channels[contact.queue], contact.language)
        elif one.what == "answered":
            data = events.ContactAnswered(contact.contact_id, one.agent_id, contact.queue, _wait_seconds(contact, contact.answered_at))
        elif one.what == "left":
            return self._left(one)
        elif self._dice.random() < self._defects.end_untold_share:
            return None
        else:
            data = events.ContactEnded(
                contact.contact_id, None, round(contact.talk_seconds, 3), round(contact.hold_seconds, 3), round(contact.wrap_up_seconds, 3)
            )
        return self._sources[contact.queue], f"{contact.contact_id}-{_EVENT_SUFFIX[one.what]}", data

    def _left(self, one: ContactHappened) -> tuple[str, str, Data] | None:
        contact = one.contact
        source = self._sources[contact.queue]
        if contact.leaves_as == "abandoned":
            chance = self._dice.random()
            if chance < self._defects.lost_share:
                return None
            if chance > 1 - self._defects.abandon_untold_share:
                return source, f"{contact.contact_id}-e", events.ContactEnded(contact.contact_id, contact.queue)
        data = events.ContactLeftQueue(contact.contact_id, contact.leaves_as, contact.queue, _wait_seconds(contact, one.at))
        return source, f"{contact.contact_id}-l", data


def _wait_seconds(contact: Contact, at: float) -> float:
    """Exactly the difference of the two event times, which are whole milliseconds."""
    return (round(at * 1000) - round(contact.queued_at * 1000)) / 1000
