"""What is told of a simulated day: the same whenever it is asked for, complete, in order, and of the shape of a real centre."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

import msgspec
import pytest

from streams import events
from streams.events import AgentStateChanged, ContactAnswered, ContactEnded, ContactLeftQueue, ContactQueued
from streams.simulator.agents import shifts
from streams.simulator.arrivals import arrivals, closings
from streams.simulator.centre import AgentHappened, Centre, ContactHappened, Happening
from streams.simulator.city import Defects, load_city
from streams.simulator.days import Day
from streams.simulator.telling import Told, simulate_day, tellings

CITY = load_city()
FAULTLESS = msgspec.structs.replace(CITY, defects=Defects(0, 0, 0, 0, 0, 0, 0))
MONDAY, SHORT, LONG = date(2026, 9, 14), date(2026, 3, 7), date(2026, 10, 31)
DAYS = {"ordinary": MONDAY, "clocks go forward": SHORT, "clocks go back": LONG}


@cache
def day_of_events(on: date) -> tuple[Told, ...]:
    return tuple(simulate_day(CITY, 311, Day(CITY, on)))


@cache
def what_happened(on: date) -> tuple[Happening, ...]:
    day = Day(CITY, on)
    return tuple(Centre(shifts(CITY, 311, day), closings=closings(CITY, day)).run(arrivals(CITY, 311, day)))


def as_bytes(told: Iterable[Told]) -> list[tuple[datetime, bytes]]:
    return [(one.at, events.encode(one.event)) for one in told]


def test_the_same_city_seed_and_day_are_the_same_bytes() -> None:
    assert as_bytes(simulate_day(load_city(), 311, Day(CITY, MONDAY))) == as_bytes(day_of_events(MONDAY))
    assert as_bytes(simulate_day(CITY, 312, Day(CITY, MONDAY))) != as_bytes(day_of_events(MONDAY))


@pytest.mark.parametrize("on", [MONDAY, LONG], ids=["ordinary", "clocks go back"])
def test_whenever_it_starts_it_tells_the_same(on: date) -> None:
    begins, ends = Day(CITY, on).begins, Day(CITY, on).ends + timedelta(hours=8)
    whole = as_bytes(tellings(CITY, 311, begins, ends))
    assert [at for at, _ in whole] == sorted(at for at, _ in whole)
    for hours in (0.01, 9.5, 23.99, 24.01, 26.3):
        starts = begins + timedelta(hours=hours)
        assert as_bytes(tellings(CITY, 311, starts, ends)) == [one for one in whole if one[0] >= starts]


@pytest.mark.parametrize("on", DAYS.values(), ids=DAYS.keys())
def test_every_event_decodes_to_itself_and_is_told_in_order(on: date) -> None:
    told = day_of_events(on)
    assert [one.at for one in told] == sorted(one.at for one in told)
    for one in told:
        assert events.decode(events.encode(one.event)) == one.event
        assert (
            timedelta(0) <= one.at - one.event.time <= timedelta(seconds=CITY.defects.told_late_seconds + CITY.defects.told_twice_seconds)
        )


@pytest.mark.parametrize("on", DAYS.values(), ids=DAYS.keys())
def test_ids_are_told_once_but_for_the_repeats(on: date) -> None:
    first = [one.event.id for one in day_of_events(on) if not one.again]
    assert len(first) == len(set(first))
    again = [one for one in day_of_events(on) if one.again]
    assert 0 < len(again) < 0.01 * len(first)
    known = {one.event.id: one.event for one in day_of_events(on) if not one.again}
    assert all(known[one.event.id] == one.event for one in again)


@pytest.mark.parametrize("on", [SHORT, LONG], ids=["clocks go forward", "clocks go back"])
def test_a_clock_change_leaves_no_gap_and_repeats_no_id(on: date) -> None:
    begins = Day(CITY, on).begins
    told = list(tellings(CITY, 311, begins, begins + timedelta(hours=48)))
    longest = max(after.at - before.at for before, after in pairwise(told))
    assert longest < timedelta(hours=1, minutes=30)  # a week-end's night
    ids = [one.event.id for one in told if not one.again]
    assert len(ids) == len(set(ids))


def test_the_same_clock_hour_comes_twice_in_the_long_night_and_never_in_the_short_one() -> None:
    """Summed over seeds, so that the few calls of a night are enough to tell."""
    nights: Counter[tuple[date, int]] = Counter()
    for seed in range(40):
        for on in (SHORT, LONG):
            nights.update(
                (on, int(Day(CITY, on).clock_hours(at)))
                for at, contact in arrivals(CITY, seed, Day(CITY, on))
                if contact.queue == "general"
            )
    assert nights[SHORT, 2] == 0
    assert nights[LONG, 1] > 1.4 * nights[SHORT, 1] > 0


@pytest.mark.parametrize("on", DAYS.values(), ids=DAYS.keys())
def test_at_every_hour_offered_is_answered_abandoned_left_and_waiting(on: date) -> None:
    happened = [one for one in what_happened(on) if isinstance(one, ContactHappened)]
    begun: Counter[str] = Counter()
    waiting: set[str] = set()
    for hour in range(1, 30):
        for one in happened:
            if not (hour - 1) * 3600 <= one.at < hour * 3600 or one.what == "ended":
                continue
            begun[one.what] += 1
            (waiting.add if one.what == "queued" else waiting.remove)(one.contact.contact_id)
        assert begun["queued"] == begun["answered"] + begun["left"] + len(waiting)
    assert not waiting
    assert begun["queued"] > 1000


@pytest.mark.parametrize("on", DAYS.values(), ids=DAYS.keys())
def test_no_agent_is_in_two_contacts_at_once_and_every_state_follows_from_the_one_before(on: date) -> None:
    may_follow = {
        "offline": {"available", "on_contact", "away"},
        "available": {"on_contact", "away", "offline"},
        "on_contact": {"wrap_up"},
        "wrap_up": {"available", "on_contact", "away", "offline"},
        "away": {"available", "on_contact", "away", "offline"},
    }
    state: dict[str, str] = defaultdict(lambda: "offline")
    talking_to: dict[str, str] = {}
    served_by: dict[str, str] = {}
    for one in what_happened(on):
        if isinstance(one, AgentHappened):
            assert one.state in may_follow[state[one.shift.agent_id]], (one.shift.agent_id, one.at)
            state[one.shift.agent_id] = one.state
        elif one.what == "answered" and one.agent_id is not None:
            assert state[one.agent_id] == "on_contact"
            assert one.agent_id not in talking_to
            talking_to[one.agent_id] = one.contact.contact_id
            served_by[one.contact.contact_id] = one.agent_id
        elif one.what == "ended":
            assert talking_to.pop(served_by[one.contact.contact_id]) == one.contact.contact_id
    assert not talking_to
    assert set(state.values()) == {"offline"}  # everybody went home


def test_what_is_told_adds_up_for_each_contact() -> None:
    found: dict[str, list[events.Event]] = defaultdict(list)
    for one in simulate_day(FAULTLESS, 311, Day(CITY, MONDAY)):
        if not isinstance(one.event.data, AgentStateChanged):
            found[one.event.data.contact_id].append(one.event)  # type: ignore[union-attr]
    for contact_id, told in found.items():
        queued, *rest = told
        assert isinstance(queued.data, ContactQueued)
        if isinstance(rest[0].data, ContactLeftQueue):
            assert len(rest) == 1
            assert rest[0].data.wait_seconds == (rest[0].time - queued.time).total_seconds()
            continue
        answered, ended = rest
        assert isinstance(answered.data, ContactAnswered)
        assert isinstance(ended.data, ContactEnded)
        assert answered.data.wait_seconds == (answered.time - queued.time).total_seconds()
        handled = (ended.data.talk_seconds or 0) + (ended.data.hold_seconds or 0) + (ended.data.wrap_up_seconds or 0)
        assert handled == pytest.approx((ended.time - answered.time).total_seconds(), abs=0.005), contact_id
    passed_on = [contact_id for contact_id in found if contact_id.endswith("/2")]
    assert len(passed_on) > 20
    assert all(contact_id.removesuffix("/2") in found for contact_id in passed_on)


def test_the_defects_are_there_and_bounded() -> None:
    counted: Counter[str] = Counter()
    for on in (MONDAY + timedelta(days=number) for number in range(7)):
        told = day_of_events(on)
        first = [one.event for one in told if not one.again]
        counted["events"] += len(first)
        counted["again"] += len(told) - len(first)
        counted["late"] += sum(one.at != one.event.time for one in told if not one.again)
        data = [event.data for event in first]
        answered = {one.contact_id for one in data if isinstance(one, ContactAnswered)}
        left = {one.contact_id for one in data if isinstance(one, ContactLeftQueue)}
        ended = {one.contact_id for one in data if isinstance(one, ContactEnded)}
        queued = {one.contact_id for one in data if isinstance(one, ContactQueued)}
        counted["never ended"] += len(answered - ended)
        counted["only ended"] += len(ended - answered - left)
        counted["lost"] += len(queued - answered - left - ended)
    assert 0.001 < counted["again"] / counted["events"] < 0.004
    assert 0.002 < counted["late"] / counted["events"] < 0.006
    assert 5 < counted["never ended"] < 60
    assert 1 < counted["only ended"] < 60
    assert counted["lost"] <= 3


def test_a_week_has_the_shape_of_a_week() -> None:
    """Over six ordinary weeks: Monday most, Sunday least, two humps in a day, quiet nights, and everything under the promises it was made for."""
    offered: Counter[int] = Counter()
    by_clock: Counter[int] = Counter()
    outcome: Counter[str] = Counter()
    for number in range(42):
        day = Day(CITY, date(2026, 9, 14) + timedelta(days=number))
        if day.holiday:
            continue
        for at, _ in (came := arrivals(CITY, 311, day)):
            by_clock[int(day.clock_hours(at))] += day.date.weekday() < 5
        offered[day.date.weekday()] += len(came)
        for one in Centre(shifts(CITY, 311, day), closings=closings(CITY, day)).run(came):
            if isinstance(one, ContactHappened) and one.contact.queue not in ("walkin", "chat"):
                outcome[one.contact.leaves_as if one.what == "left" else one.what] += 1
                outcome["within"] += one.what == "answered" and one.at - one.contact.queued_at <= 30
    a_day = {weekday: count / (5 if weekday == 0 else 6) for weekday, count in offered.items()}  # one Monday was a holiday
    assert max(a_day, key=a_day.__getitem__) == 0
    assert all(3500 < a_day[weekday] < 4600 for weekday in range(5))
    assert 1200 < a_day[5] < 1900
    assert a_day[6] < a_day[5]
    assert by_clock[10] > 1.1 * by_clock[12] < by_clock[14]
    assert 0 < by_clock[3] < 0.08 * by_clock[10]
    assert 0.82 < outcome["within"] / (outcome["answered"] + outcome["abandoned"]) < 0.93
    assert 0.02 < outcome["abandoned"] / outcome["queued"] < 0.08
    assert outcome["callback"] > 10


def test_every_language_comes_and_spanish_has_its_queue() -> None:
    spoken: Counter[str | None] = Counter()
    queues: Counter[str] = Counter()
    for number in range(14):
        for _, contact in arrivals(CITY, 311, Day(CITY, MONDAY + timedelta(days=number))):
            spoken[contact.language] += 1
            if contact.language == "Spanish":
                queues[contact.queue] += 1
    assert set(spoken) == set(CITY.languages)
    assert max(queues, key=queues.__getitem__) == "spanish"
