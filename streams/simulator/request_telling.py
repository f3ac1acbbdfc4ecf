"""Turns requests, surveys and searches of the simulated city into events, in the order in which their feeds tell them.

The events of a day depend on the city, the seed and the date alone. What was opened earlier goes on: for every request that may still
change, the day of its opening is drawn again, once.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random

from streams import events
from streams.events import Data, RequestSnapshot, SearchPerformed, SurveyAnswered
from streams.simulator.city import City
from streams.simulator.days import ONE_DAY, Day, day_of
from streams.simulator.lookups import Search, answer_to_survey, searches_on
from streams.simulator.openings import Change, Details, Openings, Request
from streams.simulator.request_city import Requests
from streams.simulator.spans import Span
from streams.simulator.storm_wishes import Wish, searches_of, wishes_of
from streams.simulator.storms import StormClock, storms_around
from streams.simulator.telling import Told, told_at

KEPT_STORMS = 8


def request_tellings(
    city: City,
    requests: Requests,
    seed: int,
    starts: datetime,
    ends: datetime | None = None,
    *,
    known_until: datetime | None,
    only_open: bool = False,
) -> Iterator[Told]:
    """Everything told in [starts, ends), in the order of the telling; without an end it never ends.

    First comes the register, unless everything before `starts` is known: how each request stands that is remembered and has changed since
    `known_until`, or is open, and what was answered to surveys. So what is open has its true age from the beginning, the weeks before count
    all that was asked for, and nothing that was closed meanwhile stays open.

    Args:
        city: the city.
        requests: what it says of requests.
        seed: the same seed gives the same requests.
        starts: timezone-aware.
        ends: timezone-aware.
        known_until: until when the requests are known already; None: nothing is.
        only_open: the register leaves out what is not open any more, although it is not known: `told_of_openings` tells it.
    """
    teller = _Teller(city, requests, seed, starts, known_until, only_open=only_open)
    on = day_of(city, starts)
    untold: list[Told] = []
    for opening in _days_before(requests, on, on if known_until is None else day_of(city, known_until)):
        untold += teller.tell(Day(city, opening))
    yield from teller.register()
    while ends is None or Day(city, on).begins < ends:
        until = Day(city, on).ends if ends is None else min(ends, Day(city, on).ends)
        yield from sorted((one for one in untold if one.at < until), key=lambda one: (one.at, one.event.id))
        untold = [one for one in untold if one.at >= until]
        on += ONE_DAY
        untold += teller.tell(Day(city, on))


def told_of_openings(city: City, requests: Requests, seed: int, opened: Iterable[date], span: Span) -> Iterator[tuple[date, list[Told]]]:
    """What is told in a span of the requests that were opened on some days, and of the searches of those days, a day after the other.

    The days together, from `remembered_days` before the span on, tell what `request_tellings` tells within it, its register included.

    Args:
        city: the city.
        requests: what it says of requests.
        seed: the same seed gives the same requests.
        opened: dates of simulated days, in any order.
        span: its end is where the telling of somebody else begins.

    Yields:
        The date, and what is told, in no order.
    """
    teller = _Teller(city, requests, seed, span.begins, None)
    for on in opened:
        told = [one for one in teller.tell(Day(city, on)) if one.at < span.ends]
        yield on, [*teller.register(), *told]


def _days_before(requests: Requests, first: date, known_until: date) -> list[date]:
    """The days up to the first one whose requests may still change, or were not over when they were last known."""
    days = [number * ONE_DAY for number in range(requests.remembered_days + 1)]
    return sorted({first - number for number in days} | {known_until - number for number in days if known_until < first})


class _Teller:
    """The feeds of requests, surveys and searches, from an instant on."""

    def __init__(
        self, city: City, requests: Requests, seed: int, starts: datetime, known_until: datetime | None, *, only_open: bool = False
    ) -> None:
        self._city, self._requests, self._seed, self._starts = city, requests, seed, starts
        self._has_register = known_until is None or known_until < starts
        self._known_until = known_until if self._has_register and not only_open else starts
        self._openings = Openings(city, requests, seed)
        self._of_storm = lru_cache(maxsize=KEPT_STORMS)(self._draw_storm)
        self._register: list[Told] = []
        last_words_hours = requests.surveys.after_hours[1] + (city.defects.told_late_seconds + city.defects.told_twice_seconds) / 3600
        self._over_before = None if self._known_until is None else self._known_until - timedelta(hours=last_words_hours)
        self._remembered = timedelta(days=requests.remembered_days - 1)

    def tell(self, day: Day) -> list[Told]:
        """What is told from `starts` on of the requests that are opened, and the searches that are made, on a day; in no order."""
        found: list[Told] = []
        for request in (*self._openings.of(day), *self._of_storms(day)):
            if not self._is_over(request):
                self._tell_request(request, found)
        if day.ends >= self._starts - ONE_DAY:
            self._tell_searches(day, found)
        return found

    def register(self) -> list[Told]:
        """What happened before `starts` and is not known, as far as it still matters, in order of time."""
        found = sorted(self._register, key=lambda one: (one.event.time, one.event.id))
        self._register.clear()
        return found

    def _is_over(self, request: Request) -> bool:
        """Whether everything about a request is known: most were closed long ago, and their details need not be drawn."""
        last = request.changes[-1]
        return self._over_before is not None and last.at < self._over_before and not (self._has_register and last.status == "open")

    def _tell_request(self, request: Request, found: list[Told]) -> None:
        feeds, before = self._requests.feeds, []
        details, dice = self._openings.details(request)
        for number, change in enumerate(request.changes, 1):
            snapshot, event_id = self._snapshot(request, details, change), f"{request.request_id}-{number}"
            if self._tell(found, change.at, dice, feeds.requests.source, event_id, snapshot):
                before.append((change, event_id, snapshot))
        # A later snapshot says when the request was opened, too.
        for change, event_id, snapshot in before[1:] or before:
            if self._is_news(change.at) or (change.status == "open" and event_id == before[-1][1]):
                self._into_register(change.at, feeds.requests.source, event_id, snapshot)
        answer = answer_to_survey(request, details.expected_at, self._requests.surveys, dice)
        if answer is not None and answer.at < request.requested_at + self._remembered:
            survey_id = f"{request.request_id}-S"
            data = SurveyAnswered(survey_id, answer.score, 5, request.request_id, channel=request.channel, language=details.language)
            if self._tell(found, answer.at, dice, feeds.surveys.source, survey_id, data) and self._is_news(answer.at):
                self._into_register(answer.at, feeds.surveys.source, survey_id, data)

    def _of_storms(self, day: Day) -> list[Request]:
        """The requests that storms make on a day; the ids count those of the storm."""
        found = []
        for prefix, wishes, _ in self._storms(day):
            for wish in wishes:
                if day.begins <= wish.at < day.ends:
                    dice = f"{self._seed}/{prefix}/{wish.number}"
                    found.append(self._openings.wished(wish.type, wish.at, wish.neighborhood, f"{prefix}-W{wish.number:04}", dice))
        return found

    def _storms(self, day: Day) -> list[tuple[str, list[Wish], list[Search]]]:
        """The storms around a day: what the ids of each begin with, and what residents ask for and look up in it."""
        return [self._of_storm(storm) for storm in storms_around(self._city, self._seed, day.date, day.date)]

    def _draw_storm(self, storm: StormClock) -> tuple[str, list[Wish], list[Search]]:
        emergency = self._city.emergency
        assert emergency is not None
        where = (self._city, emergency, self._requests, self._seed, storm)
        return f"sim-{self._city.emergency_fingerprint(self._seed)}-{storm.name}", wishes_of(*where), searches_of(*where)

    def _is_news(self, at: datetime) -> bool:
        return self._known_until is None or at >= self._known_until

    def _into_register(self, at: datetime, source: str, event_id: str, data: Data) -> None:
        if self._has_register:
            self._register.append(Told(self._starts, events.event(data, source=source, event_id=event_id, at=at)))

    def _tell_searches(self, day: Day, found: list[Told]) -> None:
        dice = Random(f"{self._seed}/{day.date}/searches/telling")
        prefix = self._openings.prefix(day)
        for number, search in enumerate(searches_on(self._city, self._requests, self._seed, day), 1):
            data = SearchPerformed(f"{prefix}-Q{number:05}", search.term, search.answers, search.channel, search.language)
            self._tell(found, search.at, dice, self._requests.feeds.searches.source, data.search_id, data)
        for prefix, _, searches in self._storms(day):
            for number, search in enumerate(searches, 1):
                if day.begins <= search.at < day.ends:
                    data = SearchPerformed(f"{prefix}-Q{number:05}", search.term, search.answers, search.channel, search.language)
                    self._tell(found, search.at, Random(data.search_id), self._requests.feeds.searches.source, data.search_id, data)

    def _tell(self, found: list[Told], at: datetime, dice: Random, source: str, event_id: str, data: Data) -> bool:
        """Tell something from `starts` on; whether it was told before `starts` for the first time."""
        first_at, again_at = told_at(at, dice, self._city.defects)
        if max(first_at, again_at or first_at) >= self._starts:
            event = events.event(data, source=source, event_id=event_id, at=at)
            if first_at >= self._starts:
                found.append(Told(first_at, event))
            if again_at is not None and again_at >= self._starts:
                found.append(Told(again_at, event, again=True))
        return first_at < self._starts

    def _snapshot(self, request: Request, details: Details, change: Change) -> RequestSnapshot:
        kind = self._requests.types[request.type]
        latitude, longitude = details.place.point or (None, None)
        return RequestSnapshot(
            request.request_id,
            change.status,
            request.requested_at,
            updated_datetime=change.at,
            expected_datetime=details.expected_at,
            service_code=kind.code,
            service_name=request.type,
            agency_responsible=kind.department,
            status_notes=change.notes,
            address=details.place.address,
            lat=latitude,
            long=longitude,
            channel=request.channel,
            language=details.language,
            department=kind.department,
        )
