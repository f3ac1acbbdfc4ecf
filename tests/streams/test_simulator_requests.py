"""The simulated city's requests: the same whenever they are asked for, in order, and of the shape of a real city's."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import msgspec
import pytest

from streams import events
from streams.events import RequestSnapshot, SearchPerformed, SurveyAnswered
from streams.simulator.city import City, load_city
from streams.simulator.days import Day
from streams.simulator.openings import Details, Openings, Request
from streams.simulator.request_city import Requests
from streams.simulator.request_telling import request_tellings
from streams.simulator.telling import Told

CITY = load_city()
assert CITY.requests is not None
REQUESTS: Requests = CITY.requests
FORGETFUL = msgspec.structs.replace(CITY, requests=msgspec.structs.replace(REQUESTS, remembered_days=8))  # begun often here
SEED = 311
MONDAY = date(2026, 9, 14)
WEEKS = 5


def begins(on: date) -> datetime:
    return Day(CITY, on).begins


def as_bytes(told: Iterable[Told]) -> list[tuple[datetime, bytes]]:
    return [(one.at, events.encode(one.event)) for one in told]


def all_known(city: City, seed: int, starts: datetime, ends: datetime) -> list[Told]:
    """What is told when everything before is known."""
    assert city.requests is not None
    return list(request_tellings(city, city.requests, seed, starts, ends, known_until=starts))


def snapshots(told: Iterable[Told]) -> list[RequestSnapshot]:
    return [one.event.data for one in told if isinstance(one.event.data, RequestSnapshot)]


@cache
def week_from_nothing() -> tuple[Told, ...]:
    """A week of which nothing before is known."""
    return tuple(request_tellings(CITY, REQUESTS, SEED, begins(MONDAY), begins(MONDAY + timedelta(days=7)), known_until=None))


@cache
def opened() -> tuple[tuple[Day, Request, Details], ...]:
    """Every request of some weeks in autumn, with the day of its opening."""
    openings = Openings(CITY, REQUESTS, SEED)
    days = (Day(CITY, MONDAY + timedelta(days=number)) for number in range(7 * WEEKS))
    return tuple((day, request, openings.details(request)[0]) for day in days for request in openings.of(day))


def test_the_same_city_seed_and_day_are_the_same_bytes() -> None:
    starts, ends = begins(MONDAY), begins(MONDAY) + timedelta(hours=6)
    told = as_bytes(all_known(FORGETFUL, SEED, starts, ends))
    assert len(told) > 200
    assert as_bytes(all_known(msgspec.structs.replace(load_city(), requests=FORGETFUL.requests), SEED, starts, ends)) == told
    assert as_bytes(all_known(FORGETFUL, SEED + 1, starts, ends)) != told


@pytest.mark.parametrize("on", [MONDAY, date(2026, 10, 31)], ids=["ordinary", "clocks go back"])
def test_whenever_it_starts_it_tells_the_same(on: date) -> None:
    ends = Day(CITY, on).ends + timedelta(hours=3)
    whole = as_bytes(all_known(FORGETFUL, SEED, begins(on), ends))
    assert [at for at, _ in whole] == sorted(at for at, _ in whole)
    for hours in (9.5, 24.01):
        starts = begins(on) + timedelta(hours=hours)
        assert as_bytes(all_known(FORGETFUL, SEED, starts, ends)) == [one for one in whole if one[0] >= starts]


def test_every_event_decodes_to_itself_and_is_told_in_order_and_after_it_happened() -> None:
    told = week_from_nothing()
    assert [one.at for one in told] == sorted(one.at for one in told)
    latest = timedelta(seconds=CITY.defects.told_late_seconds + CITY.defects.told_twice_seconds)
    for one in told[::7]:
        assert events.decode(events.encode(one.event)) == one.event
    for one in told:
        assert one.event.time <= one.at
        assert one.at == begins(MONDAY) or one.at - one.event.time <= latest
    first = [one.event.id for one in told if not one.again]
    assert len(first) == len(set(first))
    assert 0 < len(told) - len(first) < 0.01 * len(first)


def test_a_request_is_opened_closed_and_perhaps_opened_and_closed_again() -> None:
    for one in week_from_nothing():
        if isinstance(one.event.data, RequestSnapshot):
            assert one.event.time == one.event.data.updated_datetime
    kinds = Counter[tuple[str, ...]]()
    for _, request, _ in opened():
        kinds[tuple(change.status for change in request.changes)] += 1
        assert all(before.at < after.at for before, after in pairwise(request.changes))
        assert request.changes[-1].at < request.requested_at + timedelta(days=REQUESTS.remembered_days)
    assert set(kinds) == {("open",), ("open", "closed"), ("open", "closed", "open"), ("open", "closed", "open", "closed")}
    assert 0.01 < kinds["open",] / kinds.total() < 0.05


def newest(told: Iterable[Told]) -> dict[str, RequestSnapshot]:
    """The snapshot of each request that holds."""
    found: dict[str, RequestSnapshot] = {}
    for one in snapshots(told):
        before = found.get(one.service_request_id)
        if before is None or (one.updated_datetime or one.requested_datetime) > (before.updated_datetime or before.requested_datetime):
            found[one.service_request_id] = one
    return found


def test_at_the_beginning_the_register_says_how_everything_stands_that_is_remembered() -> None:
    register = [one for one in week_from_nothing() if one.at == begins(MONDAY) > one.event.time]
    assert [one.event.time for one in register] == sorted(one.event.time for one in register)
    stands = newest(register)
    still_open = [one for one in stands.values() if one.status == "open"]
    assert 6_000 < len(still_open) < 13_000
    assert sum(one.requested_datetime < begins(MONDAY - timedelta(days=30)) for one in still_open) > 1_000
    openings = Openings(CITY, REQUESTS, SEED)
    for days in (1, 40, REQUESTS.remembered_days):
        for request in openings.of(Day(CITY, MONDAY - timedelta(days=days))):
            last = [change for change in request.changes if change.at < begins(MONDAY) - timedelta(minutes=1)][-1]
            assert stands[request.request_id].status == last.status
            assert stands[request.request_id].updated_datetime == last.at
            assert stands[request.request_id].requested_datetime == request.requested_at
    assert sum(isinstance(one.event.data, SurveyAnswered) for one in register) > 1_000


def test_the_register_is_what_would_have_been_told() -> None:
    earlier = begins(MONDAY - timedelta(days=3))
    assert FORGETFUL.requests is not None
    told = newest(request_tellings(FORGETFUL, FORGETFUL.requests, SEED, earlier, begins(MONDAY), known_until=None))
    ends = begins(MONDAY) + timedelta(hours=1)
    register = newest(
        one
        for one in request_tellings(FORGETFUL, FORGETFUL.requests, SEED, begins(MONDAY), ends, known_until=None)
        if one.at == begins(MONDAY) > one.event.time
    )
    assert len(register) > 3_000
    assert {request_id: told[request_id] for request_id in register} == register


@pytest.mark.parametrize("gap_days", [2, 10], ids=["short", "longer than requests are remembered"])
def test_after_a_gap_the_register_also_says_what_was_closed_in_it(gap_days: int) -> None:
    starts = begins(MONDAY)
    known_until = starts - timedelta(days=gap_days)
    assert FORGETFUL.requests is not None
    told = request_tellings(FORGETFUL, FORGETFUL.requests, SEED, starts, starts + timedelta(hours=1), known_until=known_until)
    register = newest(one for one in told if one.at == starts)
    missed = newest(all_known(FORGETFUL, SEED, known_until, starts))
    was_open = {request_id: one for request_id, one in missed.items() if one.requested_datetime < known_until}
    assert len(was_open) > 200
    assert all(register[request_id] == one for request_id, one in was_open.items())
    now_open = {request_id: one for request_id, one in missed.items() if one.status == "open"}
    remembered_since = starts - timedelta(days=FORGETFUL.requests.remembered_days)
    assert all(register[request_id] == one for request_id, one in now_open.items() if one.requested_datetime >= remembered_since)


def test_about_nine_hundred_come_on_a_weekday_and_each_type_in_its_proportion() -> None:
    by_day = Counter(day.date for day, _, _ in opened())
    weekdays = [count for on, count in by_day.items() if on.weekday() < 5 and not Day(CITY, on).holiday]
    weekends = [count for on, count in by_day.items() if on.weekday() >= 5]
    assert 800 < sum(weekdays) / len(weekdays) < 1_050
    assert 250 < sum(weekends) / len(weekends) < 480
    assert by_day[date(2026, 10, 12)] < 0.6 * sum(weekdays) / len(weekdays)  # a holiday
    by_type = Counter(request.type for _, request, _ in opened())
    usual = {name: kind.per_weekday for name, kind in REQUESTS.types.items() if kind.per_weekday >= 30}
    for name, per_weekday in usual.items():
        share, expected = by_type[name] / len(opened()), per_weekday / sum(kind.per_weekday for kind in REQUESTS.types.values())
        assert share == pytest.approx(expected, rel=0.3), name
    assert by_type["Salting"] < 20  # it is autumn


def test_winter_and_summer_ask_for_other_things() -> None:
    openings = Openings(CITY, REQUESTS, SEED)

    def fortnight(first: date) -> Counter[str]:
        return Counter(request.type for number in range(14) for request in openings.of(Day(CITY, first + timedelta(days=number))))

    january, july = fortnight(date(2026, 1, 5)), fortnight(date(2026, 7, 6))
    assert january["No Heat (Residential)"] > 10 * july["No Heat (Residential)"]
    assert july["Vacant Lot Clean-Up"] > 1.8 * january["Vacant Lot Clean-Up"]


def test_languages_channels_and_hours() -> None:
    channels = Counter(request.channel for _, request, _ in opened())
    languages = Counter(details.language for _, _, details in opened())
    shares = {name: count / channels.total() for name, count in channels.items()}
    assert set(shares) == set(REQUESTS.channels)
    assert 0.4 < shares["phone"] < 0.6
    assert shares["app"] > shares["web"] > shares["walk_in"]
    assert set(languages) == set(CITY.languages)
    assert languages["English"] / languages.total() == pytest.approx(0.862, abs=0.02)
    walked_in = [request.requested_at.astimezone(CITY.zone) for _, request, _ in opened() if request.channel == "walk_in"]
    assert {at.weekday() for at in walked_in} == {0, 1, 2, 3, 4}
    assert {at.hour for at in walked_in} <= set(range(8, 18))
    clock = Counter(request.requested_at.astimezone(CITY.zone).hour for _, request, _ in opened())
    assert 0 < clock[3] < 0.1 * clock[10]


def test_due_days_are_the_types_and_some_are_missing() -> None:
    missing = sum(details.expected_at is None for _, _, details in opened()) / len(opened())
    assert 0.10 < missing < 0.20
    for _, request, details in opened():
        kind = REQUESTS.types[request.type]
        if details.expected_at is None:
            continue
        assert kind.due_days is not None
        asked, due = request.requested_at.astimezone(CITY.zone), details.expected_at.astimezone(CITY.zone)
        assert asked.time() == due.time()
        assert kind.days == "calendar" or (due.weekday() < 5 and not Day(CITY, due.date()).holiday)
        assert (due.date() - asked.date()).days >= kind.due_days


def test_closings_follow_the_working_days_and_hours_of_the_department() -> None:
    by_weekday: dict[str, Counter[int]] = defaultdict(Counter)
    for _, request, _ in opened():
        for change in request.changes:
            if change.status == "closed":
                local = change.at.astimezone(CITY.zone)
                assert 7 <= local.hour < 16 or (local.hour, local.minute, local.second) == (16, 0, 0)
                assert not any(holiday.month == local.month and holiday.day == local.day for holiday in CITY.holidays)
                by_weekday[REQUESTS.types[request.type].department][local.weekday()] += 1
    assert set(by_weekday["Streets"]) == {0, 1, 2, 3, 4}
    assert set(by_weekday["Sanitation"]) == {0, 1, 2, 3, 4, 5}
    assert set(by_weekday["Water"]) == set(range(7))


def test_a_few_are_reopened_and_some_closed_without_work() -> None:
    closed = [request for _, request, _ in opened() if len(request.changes) > 1]
    reopened = sum(len(request.changes) > 2 for request in closed) / len(closed)
    without_work = sum(request.changes[1].without_work for request in closed) / len(closed)
    assert 0.01 < reopened < 0.06
    assert 0.08 < without_work < 0.25
    notes = {change.notes for request in closed for change in request.changes if change.without_work}
    assert notes == set(REQUESTS.work.without_work_notes)


def test_most_promises_are_kept_and_many_not() -> None:
    first = begins(MONDAY + timedelta(days=14))
    kept: dict[str, Counter[bool]] = defaultdict(Counter)
    for _, request, details in opened():
        if details.expected_at is not None and request.requested_at < first:
            on_time = len(request.changes) > 1 and request.changes[1].at <= details.expected_at
            kept[REQUESTS.types[request.type].department][on_time] += 1
    shares = {department: count[True] / count.total() for department, count in kept.items()}
    assert all(0.5 < share < 0.98 for share in shares.values()), shares
    assert max(shares.values()) - min(shares.values()) > 0.1


def test_at_any_time_some_department_falls_behind_and_another_clears_its_backlog() -> None:
    openings = Openings(CITY, REQUESTS, SEED)
    large = ("Streets", "Sanitation", "Licenses & Inspections", "Community Life Improvement", "Police", "Parks & Recreation")
    for week in range(104):
        on = date(2026, 1, 5) + timedelta(weeks=week)
        changed = [openings.slowness(name, on + timedelta(weeks=4)) / openings.slowness(name, on) for name in large]
        assert max(changed) > 1.15, on
        assert min(changed) < 0.87, on


def test_a_slow_department_has_more_open_than_a_fast_one() -> None:
    """The same department at the crest and in the trough of its wave."""
    openings = Openings(CITY, REQUESTS, SEED)
    days = [date(2026, 1, 5) + timedelta(days=number) for number in range(400)]
    slowest, fastest = (pick(days, key=lambda on: openings.slowness("Streets", on)) for pick in (max, min))

    def median_hours(on: date) -> float:
        took = sorted(
            request.changes[1].at - request.requested_at if len(request.changes) > 1 else timedelta(days=999)
            for number in range(-3, 4)
            for request in openings.of(Day(CITY, on + timedelta(days=number)))
            if request.type == "Street Defect"
        )
        return took[len(took) // 2] / timedelta(hours=1)

    assert median_hours(slowest) > 1.5 * median_hours(fastest)


def test_surveys_come_after_closings_and_late_work_pleases_less() -> None:
    told = [one.event for one in week_from_nothing() if not one.again]
    surveys = [event for event in told if isinstance(event.data, SurveyAnswered)]
    closings = [event for event in told if isinstance(event.data, RequestSnapshot) and event.data.status == "closed"]
    assert 0.03 < len(surveys) / len(closings) < 0.09
    scores: dict[bool, list[int]] = defaultdict(list)
    openings = Openings(CITY, REQUESTS, SEED)
    opened_on = cache(lambda on: {request.request_id: request for request in openings.of(Day(CITY, on))})
    for event in surveys:
        assert isinstance(event.data, SurveyAnswered)
        request_id = event.data.service_request_id or ""
        if "-W" in request_id:  # a storm's
            continue
        request = opened_on(datetime.strptime(request_id.split("-")[2], "%Y%m%d").replace(tzinfo=UTC).date())[request_id]
        assert request.changes[-1].status == "closed"
        assert request.changes[-1].at < event.time
        expected_at = openings.details(request)[0].expected_at
        if len(request.changes) == 2 and not request.changes[-1].without_work and expected_at is not None:
            scores[request.changes[-1].at > expected_at].append(event.data.score)
    assert min(len(some) for some in scores.values()) > 15
    assert sum(scores[True]) / len(scores[True]) + 0.5 < sum(scores[False]) / len(scores[False])


def test_residents_look_things_up_and_some_terms_find_nothing() -> None:
    searches = [one.event.data for one in week_from_nothing() if isinstance(one.event.data, SearchPerformed) and not one.again]
    assert 2_400 < len(searches) < 3_600
    asked, in_vain = Counter(one.term for one in searches), Counter(one.term for one in searches if not one.answers)
    assert asked.most_common(1)[0][0] == "trash day"
    assert in_vain["bulk pickup"] == asked["bulk pickup"] > 60
    assert in_vain["trash day"] == 0
    assert asked["snow emergency routes"] == 0  # in September
    assert 0.05 < in_vain.total() / asked.total() < 0.25


def test_a_city_that_forgets_sooner_tells_no_more() -> None:
    assert FORGETFUL.requests is not None
    ends = begins(MONDAY + timedelta(days=1))
    told = snapshots(request_tellings(FORGETFUL, FORGETFUL.requests, SEED, begins(MONDAY), ends, known_until=None))
    assert len(told) > 2_000
    assert all((one.updated_datetime or ends) - one.requested_datetime < timedelta(days=8) for one in told)
    assert all(one.requested_datetime >= begins(MONDAY - timedelta(days=8)) for one in told)
