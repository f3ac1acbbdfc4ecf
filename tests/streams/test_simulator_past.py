"""The past told beside the present: together they tell what one telling would, in whatever pieces, and nothing twice but what stands open."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from streams import events
from streams.events import ContactAnswered, ContactQueued, RequestSnapshot
from streams.simulator import past, present
from streams.simulator.backlog import Considerate
from streams.simulator.city import load_city
from streams.simulator.spans import Past, Present, Span, by_day, joined, missing, read, write
from streams.simulator.telling import Told
from streams.simulator.whole_city import Starts, all_tellings

WHOLE_CITY = load_city()
assert WHOLE_CITY.requests is not None
CITY = msgspec.structs.replace(  # which begins nearly all at once and forgets soon: it is begun often here
    WHOLE_CITY, requests=msgspec.structs.replace(WHOLE_CITY.requests, begins_weeks_earlier=1 / 7, remembered_days=5)
)
SEED = 311
NOW = datetime(2026, 9, 15, 14, 30, tzinfo=UTC)  # a Tuesday at 10:30
MIDNIGHT = datetime(2026, 9, 15, 4, tzinfo=UTC)
WEEKS = 2 / 7


class Stopped(Exception):
    """Somebody ended the telling."""


class Paper(Considerate):
    """Writes down what is told; it may be stopped in the middle."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.told: list[bytes] = []
        self._stop_after = stop_after

    def send(self, event: events.Event) -> None:
        if self._stop_after is not None and len(self.told) >= self._stop_after:
            raise Stopped
        self.told.append(events.encode(event))

    def flush(self) -> None:
        pass


def at(hour: float) -> datetime:
    return datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=hour)


def spans_of(*hours: tuple[float, float]) -> list[Span]:
    return [Span(at(begins), at(ends)) for begins, ends in hours]


some_spans = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda pair: Span(at(min(pair)), at(max(pair)))), max_size=8)


@given(told=some_spans)
def test_what_is_missing_and_what_was_told_are_the_whole_and_never_the_same(told: list[Span]) -> None:
    wanted = Span(at(20), at(80))
    gaps = missing(wanted, told)
    for hour in range(100):
        inside = [span for span in gaps if span.begins <= at(hour) < span.ends]
        known = any(span.begins <= at(hour) < span.ends for span in told)
        assert len(inside) == (20 <= hour < 80 and not known)
        assert any(span.begins <= at(hour) < span.ends for span in joined(told)) == known
    assert list(joined(gaps)) == gaps


def test_spans_are_cut_at_the_midnights_of_the_city_also_when_its_clocks_change() -> None:
    begins = datetime(2026, 10, 31, 12, tzinfo=UTC)
    days = by_day([Span(begins, begins + timedelta(days=3))], CITY.zone)
    assert [span.begins.astimezone(CITY.zone).strftime("%d %H") for span in days] == ["31 08", "01 00", "02 00", "03 00"]
    assert [(span.ends - span.begins) / timedelta(hours=1) for span in days] == [16, 25, 24, 7]


def begin(tmp_path: Path, now: datetime, known: datetime | None = None, requests: datetime | None = None) -> tuple[Starts, Present]:
    file = tmp_path / "present.json"
    starts = present.begin(CITY, SEED, now, present.Known(known, requests or known, known, known), file=file)
    note = read(file, Present, present.key_of(CITY, SEED))
    assert note is not None
    return starts, note


def test_the_present_begins_at_the_citys_midnight_and_soon_after_it_some_hours_before(tmp_path: Path) -> None:
    starts, note = begin(tmp_path, NOW)
    assert starts == Starts(MIDNIGHT, MIDNIGHT, None, weather=MIDNIGHT, only_open=True, emergency=MIDNIGHT)
    assert note == Present(present.key_of(CITY, SEED), MIDNIGHT, NOW, (), requests_begin=MIDNIGHT)
    soon = MIDNIGHT + timedelta(minutes=10)
    assert begin(tmp_path, soon)[0].contacts == soon - timedelta(hours=present.LEAST_HOURS)


def test_a_new_start_goes_on_and_what_was_missed_between_is_left_to_the_past(tmp_path: Path) -> None:
    begin(tmp_path, NOW)
    left_off = NOW + timedelta(hours=2)
    same_day, note = begin(tmp_path, NOW + timedelta(hours=3), left_off)
    assert same_day == Starts(left_off, left_off, left_off, weather=left_off, emergency=left_off)
    assert (note.told, note.requests_begin, note.since) == ((Span(MIDNIGHT, left_off),), MIDNIGHT, NOW)
    later, again = NOW + timedelta(days=2), NOW + timedelta(hours=3)
    starts, note = begin(tmp_path, later, again)
    newest = MIDNIGHT + timedelta(days=2)
    assert starts == Starts(newest, newest, again, weather=newest, emergency=newest)
    plan = past.planned(CITY, note, Past(note.city, note.since), now=later, history_weeks=1)
    assert joined(plan.contacts) == (
        Span(MIDNIGHT - timedelta(days=5), MIDNIGHT),
        Span(again, MIDNIGHT + timedelta(days=2)),
    )


def test_a_database_that_was_filled_by_one_telling_is_known_until_it_left_off(tmp_path: Path) -> None:
    left_off = NOW - timedelta(days=3)
    starts, note = begin(tmp_path, NOW, left_off)
    assert starts == Starts(MIDNIGHT, MIDNIGHT, left_off, weather=MIDNIGHT, emergency=MIDNIGHT)
    plan = past.planned(CITY, note, Past(note.city, note.since), now=NOW, history_weeks=5)
    assert joined(plan.contacts) == (Span(left_off, MIDNIGHT),)
    assert plan.openings == []  # the register of the present says what has changed


def test_in_an_empty_database_what_another_one_was_told_does_not_count(tmp_path: Path) -> None:
    _, note = begin(tmp_path, NOW)
    file = tmp_path / "past.json"
    write(file, Past(note.city, note.since, (Span(MIDNIGHT - timedelta(days=9), MIDNIGHT),), MIDNIGHT, date(2026, 9, 9)))
    assert past.begun(CITY, SEED, tmp_path / "present.json", file)[1].told
    begin(tmp_path, NOW + timedelta(minutes=1))
    assert past.begun(CITY, SEED, tmp_path / "present.json", file)[1].told == ()
    with pytest.raises(past.PresentNotBegun, match="does not tell where"):
        past.begun(CITY, SEED + 1, tmp_path / "present.json", file)


def test_the_weekday_of_today_comes_first_then_week_by_week_and_the_newest_of_each(tmp_path: Path) -> None:
    _, note = begin(tmp_path, NOW)
    plan = past.planned(CITY, note, Past(note.city, note.since), now=NOW, history_weeks=3)
    days = [(plan.today - span.begins.astimezone(CITY.zone).date()).days for span in plan.contacts]
    assert days == [7, 14, 21, *range(1, 7), *range(8, 14), *range(15, 21)]
    openings = [(plan.today - on).days for on in plan.openings]
    assert openings == list(range(1, 21 + 1 + 1 + 5 + 1))  # simulated days begin at 04:00: at midnight it is still yesterday's


def test_what_is_said_is_the_weekday_and_then_the_week(tmp_path: Path) -> None:
    class Silent(Paper):
        def send(self, event: events.Event) -> None:
            pass

    without_requests = msgspec.structs.replace(CITY, requests=None)
    plan = past.Plan(
        [Span(MIDNIGHT - timedelta(days=number), MIDNIGHT - timedelta(days=number, hours=-1)) for number in (7, 14, 1, 9)],
        *([], Span(MIDNIGHT, MIDNIGHT), date(2026, 9, 15), 2),
    )
    said: list[str] = []
    past.tell(without_requests, SEED, plan, Past("city", NOW), Silent(), tmp_path / "past.json", said.append)
    assert said == ["the Tuesdays before this one", "week 1 of 2", "week 2 of 2"]


def tell_past(tmp_path: Path, paper: Paper) -> list[str]:
    """One start of the telling of the past, as `past.run` makes it; what it says."""
    said: list[str] = []
    note, told = past.begun(CITY, SEED, tmp_path / "present.json", tmp_path / "past.json")
    plan = past.planned(CITY, note, told, now=NOW, history_weeks=WEEKS)
    past.tell(CITY, SEED, plan, told, paper, tmp_path / "past.json", said.append)
    return said


def in_one_telling() -> list[Told]:
    """What a telling that begins with the past tells."""
    first = MIDNIGHT - timedelta(days=2)
    return list(all_tellings(CITY, SEED, Starts(first, first - timedelta(days=1)), NOW))


def kinds(told: Iterable[bytes]) -> tuple[Counter[bytes], set[bytes]]:
    """The events of the contact centre and the weather, each as often as it was told; and those of requests, once."""
    decoded = [(one, events.decode(one)) for one in told]
    ours = ("sim/crm", "sim/surveys", "sim/searches")
    return Counter(one for one, event in decoded if event.source not in ours), {one for one, event in decoded if event.source in ours}


def test_past_and_present_together_tell_what_one_telling_does(tmp_path: Path) -> None:
    starts, _ = begin(tmp_path, NOW)
    now_told = [events.encode(one.event) for one in all_tellings(CITY, SEED, starts, NOW)]
    paper = Paper()
    said = tell_past(tmp_path, paper)
    assert said == ["week 1 of 1", "what was asked for before that"]
    whole = [events.encode(one.event) for one in in_one_telling()]
    assert kinds([*now_told, *paper.told]) == kinds(whole)
    queued = {event.data.contact_id for event in map(events.decode, paper.told) if isinstance(event.data, ContactQueued)}
    answered = [event.data.contact_id for event in map(events.decode, now_told) if isinstance(event.data, ContactAnswered)]
    opened = {event.data.service_request_id for event in map(events.decode, now_told) if isinstance(event.data, RequestSnapshot)}
    assert len(queued) > 4_000
    assert len(answered) > 100
    assert len(opened) > 1_000  # what stands open at midnight, and what is new
    assert not tell_past(tmp_path, Paper())  # a second start finds nothing to do


def test_what_stands_open_at_the_beginning_of_the_present_is_what_the_past_left_open(tmp_path: Path) -> None:
    starts, _ = begin(tmp_path, NOW)
    before = [one.event.data for one in in_one_telling() if one.at < MIDNIGHT and isinstance(one.event.data, RequestSnapshot)]
    stands: dict[str, RequestSnapshot] = {}
    for snapshot in sorted(before, key=lambda one: one.updated_datetime or one.requested_datetime):
        stands[snapshot.service_request_id] = snapshot
    register = [
        one.event.data
        for one in all_tellings(CITY, SEED, starts, MIDNIGHT + timedelta(seconds=1))
        if isinstance(one.event.data, RequestSnapshot) and one.event.time < MIDNIGHT
    ]
    remembered = datetime(2026, 9, 9, 8, tzinfo=UTC)  # of what was opened earlier nothing more is told
    still_open = {key: one for key, one in stands.items() if one.status == "open" and one.requested_datetime >= remembered}
    assert {one.service_request_id: one for one in register} == still_open
    assert len(register) > 1_000


@pytest.mark.parametrize("stop_after", [0, 3_000, 12_000], ids=["at once", "on its first day", "late"])
def test_stopped_in_the_middle_it_goes_on_and_only_the_day_it_was_at_comes_again(tmp_path: Path, stop_after: int) -> None:
    begin(tmp_path, NOW)
    first, second, whole = Paper(stop_after), Paper(), Paper()
    with pytest.raises(Stopped):
        tell_past(tmp_path, first)
    tell_past(tmp_path, second)
    (tmp_path / "past.json").unlink()
    tell_past(tmp_path, whole)
    assert len(first.told) == stop_after
    assert {*first.told, *second.told} == set(whole.told)
    again = len(first.told) + len(second.told) - len(whole.told)
    assert 0 <= again < 30_000  # a day's events
    assert second.told == whole.told[stop_after - again :]


def test_a_damaged_note_is_as_good_as_none(tmp_path: Path) -> None:
    begin(tmp_path, NOW)
    (tmp_path / "past.json").write_bytes(b'{"city": 1')
    assert past.begun(CITY, SEED, tmp_path / "present.json", tmp_path / "past.json")[1].told == ()
