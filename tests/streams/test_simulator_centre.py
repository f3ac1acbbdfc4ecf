"""The simulated centre: against Erlang A, and who takes whom."""

from fractions import Fraction
from random import Random
from statistics import fmean, stdev

import pytest

from streams.simulator.centre import AgentHappened, Centre, Contact, ContactHappened, Happening, Shift
from tests.streams.erlang_a import Load, Steady, erlang_a

THRESHOLD_SECONDS = 20.0
BATCHES = 30
T_QUANTILE = 3.66  # two-sided 99.9 % of Student's t with 29 degrees of freedom
LOADS = {
    "light: 10 agents, 8 erlangs": (Load(10, 8 / 240, 240, 180), 1500),
    "full: 30 agents, 30 erlangs": (Load(30, 30 / 240, 240, 300), 2000),
    "overload: 12 agents, 16 erlangs": (Load(12, 16 / 200, 200, 120), 1000),
    "one agent, patient callers": (Load(1, 0.8 / 100, 100, 400), 1000),
}


def test_the_reference_itself_agrees_with_exact_fractions_and_the_published_figures() -> None:
    """metrics.md, Staffing: 100 contacts in 30 minutes of 300 s, patience 150 s, 19 agents: 82 % in 20 s, 5.6 % give up (exactly: 5.664 %)."""
    steady = erlang_a(Load(19, 100 / 1800, 300, 150), threshold_seconds=20)
    weights = [Fraction(1)]
    for present in range(1, 120):
        weights.append(weights[-1] * Fraction(100, 1800) / (min(present, 19) * Fraction(1, 300) + max(0, present - 19) * Fraction(1, 150)))
    served = sum(weight * min(present, 19) for present, weight in enumerate(weights)) / sum(weights) * Fraction(1, 300)
    assert steady.abandon_share == pytest.approx(float(1 - served / Fraction(100, 1800)), abs=1e-10)
    assert 0.056 <= steady.abandon_share < 0.057
    assert steady.wait_seconds == pytest.approx(150 * steady.abandon_share)
    assert steady.answered_within == pytest.approx(0.82, abs=0.005)


def simulated(load: Load, contacts: int, seed: int) -> list[Contact]:
    """Contacts of a centre without shifts, pauses, ringing or wrap-up, in order of arrival; `answered_at` 0: gave up."""
    dice = Random(seed)
    at, arrivals = 0.0, []
    for _ in range(contacts):
        at += dice.expovariate(load.arrivals)
        patience = dice.expovariate(1 / load.patience_seconds)
        arrivals.append((at, Contact("q", dice.expovariate(1 / load.talk_seconds), leaves_after_seconds=patience)))
    Centre([Shift(f"a{number}", ("q",)) for number in range(load.agents)]).run(arrivals)
    return [contact for _, contact in arrivals]


def batch_means(contacts: list[Contact], size: int) -> list[Steady]:
    batches = [contacts[begin : begin + size] for begin in range(size, len(contacts), size)]  # the first is the warm-up
    return [
        Steady(
            fmean(not contact.answered_at for contact in batch),
            fmean(contact.answered_at - contact.queued_at if contact.answered_at else contact.leaves_after_seconds for contact in batch),
            fmean(bool(contact.answered_at) and contact.answered_at - contact.queued_at <= THRESHOLD_SECONDS for contact in batch),
        )
        for batch in batches
    ]


@pytest.mark.parametrize(("load", "size"), LOADS.values(), ids=LOADS.keys())
def test_queues_behave_as_erlang_a_says(load: Load, size: int) -> None:
    expected = erlang_a(load, threshold_seconds=THRESHOLD_SECONDS)
    one_more = erlang_a(Load(load.agents + 1, load.arrivals, load.talk_seconds, load.patience_seconds), threshold_seconds=THRESHOLD_SECONDS)
    means = batch_means(simulated(load, size * (BATCHES + 1), seed=7), size)
    assert len(means) == BATCHES
    for name in ("abandon_share", "wait_seconds", "answered_within"):
        values = [getattr(batch, name) for batch in means]
        off_by_at_most = T_QUANTILE * stdev(values) / BATCHES**0.5
        assert abs(fmean(values) - getattr(expected, name)) <= off_by_at_most, name
        # The interval must be narrow enough to notice a single agent too many.
        assert abs(fmean(values) - getattr(one_more, name)) > off_by_at_most, f"{name} says too little"


def run(shifts: list[Shift], arrivals: list[tuple[float, Contact]], closings: tuple[tuple[float, str], ...] = ()) -> list[Happening]:
    happened = Centre(shifts, closings=closings).run(arrivals)
    assert [one.at for one in happened] == sorted(one.at for one in happened)
    return happened


def answers(happened: list[Happening]) -> list[tuple[str, str | None, float]]:
    return [
        (one.contact.contact_id, one.agent_id, one.at) for one in happened if isinstance(one, ContactHappened) and one.what == "answered"
    ]


def states(happened: list[Happening], agent_id: str) -> list[tuple[float, str]]:
    return [(one.at, one.state) for one in happened if isinstance(one, AgentHappened) and one.shift.agent_id == agent_id]


def contact(name: str, queue: str = "q", *, talk: float = 100, leaves: float = 1e9, wrap_up: float = 0, ring: float = 0) -> Contact:
    return Contact(queue, talk, leaves, contact_id=name, wrap_up_seconds=wrap_up, ring_seconds=ring)


def test_the_agent_who_was_free_longest_takes_the_contact_that_waited_longest() -> None:
    shifts = [Shift("late", ("q",), starts_at=5), Shift("early", ("q",), starts_at=1)]
    happened = run(shifts, [(10, contact("a")), (11, contact("b")), (12, contact("c")), (13, contact("d"))])
    assert answers(happened) == [("a", "early", 10), ("b", "late", 11), ("c", "early", 110), ("d", "late", 111)]


def test_an_agent_helps_another_queue_only_when_nobody_of_it_is_free_and_the_own_is_empty() -> None:
    shifts = [Shift("helper", ("own",), ("other",), starts_at=1), Shift("other's", ("other",), starts_at=2)]
    happened = run(
        shifts, [(10, contact("a", "other")), (11, contact("b", "other")), (12, contact("c", "other")), (50, contact("d", "own"))]
    )
    assert answers(happened) == [("a", "other's", 10), ("b", "helper", 11), ("c", "other's", 110), ("d", "helper", 111)]


def test_ringing_is_part_of_the_wait_and_wrap_up_is_not_talk() -> None:
    happened = run([Shift("a", ("q",), ends_at=500)], [(10, contact("one", ring=4, talk=60, wrap_up=30)), (20, contact("two", ring=4))])
    assert answers(happened) == [("one", "a", 14), ("two", "a", 108)]
    assert states(happened, "a") == [
        (0, "available"), (10, "on_contact"), (74, "wrap_up"), (104, "on_contact"), (208, "available"), (500, "offline"),
    ]  # fmt: skip


def test_a_break_and_the_end_of_a_shift_wait_for_the_contact() -> None:
    shift = Shift("a", ("q",), ends_at=300, pauses=((50, 20), (60, 30)))
    happened = run(
        [shift],
        [(10, contact("one")), (20, contact("two", leaves=50)), (200, contact("three", talk=150)), (310, contact("four", leaves=5))],
    )
    assert answers(happened) == [("one", "a", 10), ("three", "a", 200)]
    assert states(happened, "a") == [
        (0, "available"), (10, "on_contact"), (110, "away"), (130, "away"), (160, "available"), (200, "on_contact"), (350, "offline"),
    ]  # fmt: skip


def test_who_leaves_as_transferred_or_is_passed_on_waits_a_second_time() -> None:
    overflowing = contact("a", "narrow", leaves=30)
    overflowing.leaves_as, overflowing.overflows_to = "transferred", contact("a/2", "q")
    passed = contact("b", "q", talk=40)
    passed.passed_on_to = contact("b/2", "q", talk=5)
    happened = run([Shift("x", ("q",))], [(0, overflowing), (1, passed)])
    assert answers(happened) == [("b", "x", 1), ("a/2", "x", 41), ("b/2", "x", 141)]
    left = [(one.at, one.contact.contact_id) for one in happened if isinstance(one, ContactHappened) and one.what == "left"]
    assert left == [(30, "a")]


def test_closing_sends_away_those_who_wait_and_nobody_else() -> None:
    happened = run(
        [Shift("a", ("q",))], [(0, contact("served")), (1, contact("waits")), (2, contact("elsewhere", "r", leaves=500))], ((50, "q"),)
    )
    left = [
        (one.at, one.contact.contact_id, one.contact.leaves_as)
        for one in happened
        if isinstance(one, ContactHappened) and one.what == "left"
    ]
    assert left == [(50, "waits", "closed"), (502, "elsewhere", "abandoned")]
