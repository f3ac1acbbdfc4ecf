"""Tells the city's past beside its present: day by day, what is wanted soonest first, giving way to what happens now; then it ends.

It sends no heartbeat, so no feed looks older or younger for it. What it has told it writes down, and a new start goes on there.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time as clock_time, timedelta
from heapq import merge
from math import ceil
from pathlib import Path

import msgspec

from sql.settings import settings
from streams import events
from streams.broker import BrokerUnavailable, bootstrap_servers
from streams.publisher import Publisher
from streams.simulator.backlog import Backlog, Considerate
from streams.simulator.city import DEFAULT_CITY, City, Scenario, load_city
from streams.simulator.days import ONE_DAY, day_of
from streams.simulator.emergency_telling import emergency_tellings
from streams.simulator.present import key_of, note_file
from streams.simulator.request_telling import told_of_openings
from streams.simulator.spans import Past, Present, Span, by_day, joined, missing, read, write
from streams.simulator.telling import Told, tellings
from streams.simulator.weather_telling import weather_tellings

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
DAYS_A_WEEK = 7
Say = Callable[[str], None]
Send = Callable[[events.Event], None]


class PresentNotBegun(Exception):
    """Nobody tells the city's present, so there is no beginning before which to tell the past."""


@dataclass(frozen=True)
class Plan:
    """What is left to tell.

    Attributes:
        contacts: spans of at most a day, in which contacts and weather are missing, in the order in which they are wanted.
        openings: the days whose requests are missing, newest first.
        requests: the span within which those requests are told.
        today: by the city's clock.
    """

    contacts: list[Span]
    openings: list[date]
    requests: Span
    today: date
    weeks: int


def run(*, seed: int, history_weeks: float, storms: tuple[date, ...] = (), scenarios: tuple[Scenario, ...] = (), say: Say) -> None:
    """Tell what is missing of the weeks before the present, and return.

    It waits for a broker, a database and consumers that are away.

    Args:
        seed: of the telling of the present.
        history_weeks: how far back.
        storms: of the telling of the present.
        scenarios: of the telling of the present.
        say: told now and then, in a few words, how far it is.

    Raises:
        InvalidCity: the city's file cannot be used.
        PresentNotBegun: there is no telling of the present with this city and seed.
        OSError: it cannot be written down how far it is.
    """
    chosen = settings()
    city = load_city(chosen.simulator_city or DEFAULT_CITY, timezone=chosen.city_timezone, storms=storms, scenarios=scenarios)
    file = note_file().with_name("past.json")
    while True:
        try:
            present, past = begun(city, seed, note_file(), file)
            plan = planned(city, present, past, now=datetime.now(UTC), history_weeks=history_weeks)
            servers = bootstrap_servers()
            with Publisher(servers) as publisher, Backlog(servers) as backlog:
                tell(city, seed, plan, past, Considerate(publisher, backlog), file, say)
            return
        except BrokerUnavailable as error:
            log.warning("%s Going on when it is back.", error)
            time.sleep(RETRY_SECONDS)


def begun(city: City, seed: int, present_file: Path, past_file: Path) -> tuple[Present, Past]:
    """What the telling of the present wrote down, and how far the past is.

    Raises:
        PresentNotBegun: there is no telling of the present with this city and seed.
    """
    key = key_of(city, seed)
    present = read(present_file, Present, key)
    if present is None:
        raise PresentNotBegun(f"{present_file} does not tell where this city's present began: start `simulate --tell present` first.")
    past = read(past_file, Past, key)
    if past is None or past.since != present.since:
        past = Past(key, present.since)
    if past.requests_begin != present.requests_begin:
        past = msgspec.structs.replace(past, requests_begin=present.requests_begin, openings_from=None)
    return present, past


def planned(city: City, present: Present, past: Past, *, now: datetime, history_weeks: float) -> Plan:
    """What is left to tell of so many weeks before the present.

    Args:
        city: the city.
        present: what the telling of the present wrote down.
        past: what was told already.
        now: timezone-aware.
        history_weeks: how far back contacts and weather go; requests begin some weeks earlier, as the city's file says.
    """
    today = now.astimezone(city.zone).date()
    begins = _midnight(city, today - timedelta(weeks=history_weeks))
    spans = by_day(missing(Span(begins, present.begins), (*present.told, *past.told)), city.zone)
    if present.requests_begin is None or city.requests is None or not history_weeks:
        return Plan(_wanted_first(city, spans, today), [], Span(now, now), today, ceil(history_weeks))
    first = _midnight(city, today - timedelta(weeks=history_weeks + city.requests.begins_weeks_earlier))
    newest = day_of(city, present.requests_begin) if past.openings_from is None else past.openings_from - ONE_DAY
    oldest = day_of(city, first) - timedelta(days=city.requests.remembered_days)
    openings = [newest - number * ONE_DAY for number in range((newest - oldest).days + 1)]
    return Plan(_wanted_first(city, spans, today), openings, Span(first, present.requests_begin), today, ceil(history_weeks))


def _wanted_first(city: City, spans: Iterable[Span], today: date) -> list[Span]:
    """Today's weekday first, because the Live screen compares with it; then week by week; of each the newest first."""

    def order(span: Span) -> tuple[bool, float]:
        on = _date(city, span)
        return (today - on).days % DAYS_A_WEEK != 0, -span.begins.timestamp()

    return sorted(spans, key=order)


def tell(city: City, seed: int, plan: Plan, past: Past, sink: Considerate, file: Path, say: Say) -> None:
    """Tell a plan, and write down after each day that it is told.

    Raises:
        BrokerUnavailable: by the sink; what was written down is told.
        OSError: it cannot be written down.
    """
    teller = _Teller(city, seed, plan, past, sink, file)
    weekday = [span for span in plan.contacts if (plan.today - _date(city, span)).days % DAYS_A_WEEK == 0]
    if weekday:
        say(f"the {plan.today:%A}s before this one")
    for span in weekday:
        teller.contacts(span)
    others = plan.contacts[len(weekday) :]
    for week in range(1, plan.weeks + 1):
        until = plan.today - timedelta(weeks=week)
        in_week = [span for span in others if _date(city, span) >= until]
        others = others[len(in_week) :]
        if in_week or teller.has_openings(until):
            say(f"week {week} of {plan.weeks}")
        for span in in_week:
            teller.contacts(span)
        teller.openings(until)
    if teller.has_openings(date.min):
        say("what was asked for before that")
        teller.openings(date.min)


class _Teller:
    """Tells pieces of a plan and writes down what is told."""

    def __init__(self, city: City, seed: int, plan: Plan, past: Past, sink: Considerate, file: Path) -> None:
        self._city, self._seed, self._past, self._sink, self._file = city, seed, past, sink, file
        self._left = list(reversed(plan.openings))  # the newest at the end
        self._days: Iterator[tuple[date, list[Told]]] = iter(())
        if city.requests is not None and plan.openings:
            self._days = told_of_openings(city, city.requests, seed, plan.openings, plan.requests)

    def contacts(self, span: Span) -> None:
        """Contacts, agents, weather, alerts and posts of a span."""
        parts = [tellings(self._city, self._seed, *span)]
        if self._city.weather is not None:
            parts.append(weather_tellings(self._city, self._city.weather, self._seed, *span))
        if self._city.emergency is not None:
            parts.append(emergency_tellings(self._city, self._city.emergency, self._seed, *span))
        self._send(merge(*parts, key=lambda one: one.at))
        self._note(msgspec.structs.replace(self._past, told=joined([*self._past.told, span])))

    def has_openings(self, since: date) -> bool:
        """Whether requests that were opened on that date or later are left to tell."""
        return bool(self._left) and self._left[-1] >= since

    def openings(self, since: date) -> None:
        """The requests that were opened on that date or later."""
        while self.has_openings(since):
            on, told = next(self._days)
            self._left.pop()
            self._send(sorted(told, key=lambda one: one.event.time))
            self._note(msgspec.structs.replace(self._past, openings_from=on))

    def _send(self, told: Iterable[Told]) -> None:
        for one in told:
            self._sink.send(one.event)
        self._sink.flush()

    def _note(self, past: Past) -> None:
        self._past = past
        write(self._file, past)


def _date(city: City, span: Span) -> date:
    return span.begins.astimezone(city.zone).date()


def _midnight(city: City, on: date) -> datetime:
    return datetime.combine(on, clock_time(), city.zone).astimezone(UTC)
