"""How far behind a consumer says it is, and when it says that it is ready."""

from collections.abc import Callable, Iterator

import pytest

from sql.health import Pulse
from streams import telemetry
from streams.fold import Position
from streams.progress import (
    BROKER_WITHIN_SECONDS,
    DATABASE_WITHIN_SECONDS,
    JOINED_WITHIN_SECONDS,
    TURNS_WITHIN_SECONDS,
    Progress,
    Waiting,
)

HERE, THERE = Position("test.progress", 0), Position("test.progress", 1)
CLOSELY = pytest.approx


class Clock:
    """Both clocks at once."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Progress]:
    monkeypatch.setattr("streams.progress.Pulse", lambda: Pulse(clock))
    made = Progress(clock)
    yield made
    made.tell({}, unplaced=0, joined=True, connected=True)


def tell(progress: Progress, *, unplaced: int = 0, joined: bool = True, connected: bool = True, **waiting: Waiting) -> None:
    places = {"here": HERE, "there": THERE}
    progress.tell({places[name]: what for name, what in waiting.items()}, unplaced=unplaced, joined=joined, connected=connected)


def told() -> dict[str, tuple[float, float]]:
    """Events and seconds by partition."""
    seconds = {sample.labels["partition"]: sample.value for sample in samples(telemetry.LAG_SECONDS)}
    return {sample.labels["partition"]: (sample.value, seconds[sample.labels["partition"]]) for sample in samples(telemetry.LAG_EVENTS)}


def samples(gauge: object) -> list[object]:
    return [sample for family in gauge.collect() for sample in family.samples if sample.labels["topic"] == HERE.topic]  # type: ignore[attr-defined]


def test_the_lag_is_the_age_of_the_oldest_event_that_was_read_and_is_not_committed(progress: Progress, clock: Clock) -> None:
    tell(progress, here=Waiting(40, clock.now - 7.5), there=Waiting(0, None))
    assert told() == {"0": (40, CLOSELY(7.5)), "1": (0, 0)}
    clock.now += 100
    tell(progress, here=Waiting(40, clock.now - 107.5), there=Waiting(0, None))
    assert told() == {"0": (40, CLOSELY(107.5)), "1": (0, 0)}


def test_of_what_was_not_read_yet_it_counts_since_nothing_waited(progress: Progress, clock: Clock) -> None:
    tell(progress, here=Waiting(0, None))
    clock.now += 4
    tell(progress, here=Waiting(3, None), there=Waiting(9, None))
    assert told() == {"0": (3, CLOSELY(4)), "1": (9, 0)}  # there: since it was assigned
    clock.now += 2
    tell(progress, here=Waiting(0, None), there=Waiting(9, None))
    assert told() == {"0": (0, 0), "1": (9, CLOSELY(2))}


def test_a_clock_of_the_broker_that_is_ahead_makes_no_lag_below_zero(progress: Progress, clock: Clock) -> None:
    tell(progress, here=Waiting(1, clock.now + 60))
    assert told() == {"0": (1, 0)}


def test_a_partition_that_goes_to_another_consumer_is_told_no_longer(progress: Progress) -> None:
    tell(progress, here=Waiting(1, None), there=Waiting(2, None))
    tell(progress, there=Waiting(2, None))
    assert set(told()) == {"1"}
    tell(progress)
    assert told() == {}


@pytest.mark.parametrize(
    ("lasts", "goes_on", "reason"),
    [
        (TURNS_WITHIN_SECONDS, lambda progress: None, "The consumer has stood still for"),
        (JOINED_WITHIN_SECONDS, lambda progress: tell(progress, joined=False, here=Waiting(0, None)), "The consumer is in no group"),
        (BROKER_WITHIN_SECONDS, lambda progress: tell(progress, connected=False, here=Waiting(0, None)), "Kafka has been away for"),
        (DATABASE_WITHIN_SECONDS, lambda progress: tell(progress, here=Waiting(5, None)), "The database has taken nothing for"),
        (DATABASE_WITHIN_SECONDS, lambda progress: tell(progress, unplaced=3), "The database has taken nothing for"),
    ],
    ids=["stands still", "in no group", "no broker", "no database", "no database to say where to begin"],
)
def test_it_is_not_ready_once_something_is_amiss_for_too_long(
    progress: Progress, clock: Clock, lasts: float, goes_on: Callable[[Progress], None], reason: str
) -> None:
    assert progress.unready() is not None, "it has not begun"
    tell(progress, here=Waiting(0, None))
    progress.database.beat()
    assert progress.unready() is None
    for _ in range(int(lasts)):
        clock.now += 1
        goes_on(progress)
        if "database" not in reason:
            progress.database.beat()
        assert progress.unready() is None
    clock.now += 1
    goes_on(progress)
    assert (progress.unready() or "").startswith(reason)
    tell(progress, here=Waiting(0, None))
    progress.database.beat()
    assert progress.unready() is None


def test_a_spare_is_ready_without_the_database(progress: Progress, clock: Clock) -> None:
    for _ in range(100):
        clock.now += 1
        tell(progress)
    assert progress.unready() is None
    tell(progress, unplaced=3)
    assert progress.unready() is None, "it takes over, and the database has its time to answer"
