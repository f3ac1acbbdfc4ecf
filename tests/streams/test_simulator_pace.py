"""The telling in time, with an injected clock: the past at once, the present in its moment, and heartbeats that never promise too much."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from streams import events
from streams.simulator.city import load_city
from streams.simulator.clock import Clock
from streams.simulator.pace import HEARTBEAT_EVERY_SECONDS, Pace, ReadAhead
from streams.simulator.telling import Told
from streams.simulator.whole_city import Starts, all_feeds, all_tellings

WHOLE_CITY = load_city()
assert WHOLE_CITY.requests is not None
CITY = msgspec.structs.replace(  # which forgets soon, because it is begun often here
    WHOLE_CITY, requests=msgspec.structs.replace(WHOLE_CITY.requests, remembered_days=4)
)
FEEDS = all_feeds(CITY)
TOPICS = {spoken.feed.source: spoken.topic for spoken in FEEDS}
NOW = datetime(2026, 9, 14, 15, 0, tzinfo=UTC)  # a Monday at 11:00
SEED = 311


class Time:
    """A real time that passes only in sleep, and a little with every look."""

    def __init__(self, look_seconds: float = 0.0) -> None:
        self.seconds = NOW.timestamp()
        self._look_seconds = look_seconds
        self.slept = 0.0

    def real(self) -> float:
        self.seconds += self._look_seconds
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= HEARTBEAT_EVERY_SECONDS
        self.slept += seconds
        self.seconds += seconds


class Paper:
    """Writes down what is told, and when."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.told: list[tuple[float, events.Event]] = []
        self.beats: list[tuple[float, str, datetime, int]] = []  # when, which feed, until when, and how many events had been told

    def send(self, event: events.Event, *, topic: str | None = None) -> None:
        self.told.append((self._time.seconds, event))

    def heartbeat(self, *, source: str, topic: str, at: datetime, cadence_seconds: float, name: str | None = None) -> None:
        assert name
        assert topic == TOPICS[source]
        self.beats.append((self._time.seconds, source, at, len(self.told)))

    def flush(self) -> None:
        pass


def from_(instant: datetime) -> Starts:
    """Everything begins at that instant, and what was before is known."""
    return Starts(instant, instant, instant)


def plan_of(starts: datetime, until: datetime) -> list[Told]:
    return list(all_tellings(CITY, SEED, from_(starts), until))


def tell(*, starts: datetime, until: datetime, time: Time | None = None, speed: float = 1.0) -> tuple[Paper, Time, Pace]:
    time = time or Time()
    paper = Paper(time)
    pace = Pace(CITY, SEED, Clock(speed=speed, real=time.real, sleep=time.sleep), paper)
    pace.tell(from_(starts), until)
    return paper, time, pace


@pytest.fixture(scope="module")
def hour() -> tuple[Paper, Time, Pace]:
    """Half an hour of past and half an hour of the present."""
    return tell(starts=NOW - timedelta(minutes=30), until=NOW + timedelta(minutes=30))


def test_everything_is_told_once_in_order(hour: tuple[Paper, Time, Pace]) -> None:
    paper, _, _ = hour
    expected = [one.event for one in plan_of(NOW - timedelta(minutes=30), NOW + timedelta(minutes=30))]
    assert [event for _, event in paper.told] == expected
    assert len(expected) > 500


def test_the_past_takes_no_time_and_each_event_of_the_present_comes_in_its_moment(hour: tuple[Paper, Time, Pace]) -> None:
    paper, time, _ = hour
    assert time.slept == pytest.approx(1800, abs=0.1)
    plan = plan_of(NOW - timedelta(minutes=30), NOW + timedelta(minutes=30))
    for (seconds, _), planned in zip(paper.told, plan, strict=True):
        assert seconds == pytest.approx(max(NOW, planned.at).timestamp(), abs=0.001)


def test_every_feed_beats_at_the_start_at_the_end_and_every_five_seconds_between(hour: tuple[Paper, Time, Pace]) -> None:
    paper, _, _ = hour
    assert {spoken.topic for spoken in FEEDS} == set(events.TOPICS)
    for feed, _ in FEEDS:
        beats = [(when, at) for when, source, at, _ in paper.beats if source == feed.source]
        assert beats[0][1] == NOW - timedelta(minutes=30)
        assert beats[-1][1] == NOW + timedelta(minutes=30)
        whens = [when for when, _ in beats]
        assert max(after - before for before, after in pairwise(whens)) <= HEARTBEAT_EVERY_SECONDS + 0.001


def test_a_heartbeat_never_says_complete_while_an_event_is_untold(hour: tuple[Paper, Time, Pace]) -> None:
    paper, _, pace = hour
    plan = plan_of(NOW - timedelta(minutes=30), NOW + timedelta(minutes=30))
    held_back = 0
    for when, source, at, count in paper.beats:
        untold = [one.event.time for one in plan[count:] if one.event.source == source and not one.again]
        assert all(at < time for time in untold), (source, at)
        held_back += when > NOW.timestamp() and at.timestamp() < when - 0.01
    assert held_back  # it does happen in this hour, or this test says nothing
    assert pace.settled_at == NOW + timedelta(minutes=30)


def test_while_the_past_is_told_slowly_the_heartbeats_say_how_far_it_is() -> None:
    time = Time(look_seconds=0.02)
    paper, _, _ = tell(starts=NOW - timedelta(hours=3), until=NOW, time=time)
    beats = [at for _, source, at, _ in paper.beats if source == "sim/phone"]
    assert len(beats) > 5
    assert beats == sorted(beats)
    assert all(at <= NOW for at in beats)


def test_after_a_long_sleep_of_the_machine_it_catches_up_at_once() -> None:
    class Asleep(Time):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.slept > 60 and self.seconds < NOW.timestamp() + 600:
                self.seconds += 1200  # the lid was closed for 20 minutes

    time = Asleep()
    paper, _, _ = tell(starts=NOW, until=NOW + timedelta(minutes=30), time=time)
    expected = [one.event for one in plan_of(NOW, NOW + timedelta(minutes=30))]
    assert [event for _, event in paper.told] == expected
    assert time.slept == pytest.approx(600, abs=HEARTBEAT_EVERY_SECONDS)


def test_what_is_new_is_told_from_its_beginning_while_the_rest_goes_on_where_it_is() -> None:
    time = Time()
    paper = Paper(time)
    pace = Pace(CITY, SEED, Clock(real=time.real, sleep=time.sleep), paper)
    pace.tell(Starts(contacts=NOW - timedelta(minutes=10), requests=NOW - timedelta(hours=30)), NOW)
    told = [event for _, event in paper.told]
    contacts = [event for event in told if event.source in {feed.source for feed in CITY.feeds.values()}]
    requests = [event for event in told if event.source == "sim/crm"]
    assert min(event.time for event in contacts) > NOW - timedelta(minutes=11)
    assert sum(event.time >= NOW - timedelta(hours=30) for event in requests) > 500
    assert sum(event.time < NOW - timedelta(hours=30) for event in requests) > 800  # what was open already
    assert paper.beats[0][2] <= NOW - timedelta(hours=30)  # nothing is claimed that is not told
    assert pace.settled_at == NOW


def test_faster_time_sleeps_less() -> None:
    paper, time, _ = tell(starts=NOW, until=NOW + timedelta(minutes=30), speed=60)
    assert time.slept == pytest.approx(30, abs=0.1)
    assert paper.told
    with pytest.raises(ValueError, match="speed is 0"):
        Clock(speed=0)


def test_an_event_told_late_holds_back_its_own_feed_only_and_a_repeat_none() -> None:
    def told(at: float, happened: float, source: str, *, again: bool = False) -> Told:
        data = events.ContactQueued("c", "q")
        event = events.event(data, source=source, event_id=f"{at}", at=NOW + timedelta(seconds=happened))
        return Told(NOW + timedelta(seconds=at), event, again)

    def stream() -> Iterator[Told]:
        yield told(1, 1, "a")
        yield told(11, 9, "b")
        yield told(12, 12, "a")
        yield told(12.5, 2, "a", again=True)
        yield told(40, 40, "a")

    ahead = ReadAhead(stream(), late_seconds=3)
    assert next(iter(ahead)).at == NOW + timedelta(seconds=1)
    now = NOW + timedelta(seconds=10)
    assert ahead.complete_until("a", now, None) == now
    assert ahead.complete_until("b", now, None) == NOW + timedelta(seconds=8.999)
    assert [one.at.second for one in ahead] == [11, 12, 12, 40]
