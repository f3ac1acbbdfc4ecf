"""Erlang C and Erlang A: published figures, exact fractions, another computation, a simulation, and what must hold for any load."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pyworkforce.queuing import ErlangC
from scipy.special import betainc

from forecasting.erlang import InvalidLoad, Work, erlang_b, steady_state
from forecasting.required import Target, agents_required, capacity, scheduled
from tests.forecasting.simulation import Centre, simulated
from tests.streams.erlang_a import Load, erlang_a

EIGHTY_IN_TWENTY = Target(0.8, 20)
PATIENT = Work(300, 150)
FIELDS = ("waiting_probability", "service_level", "abandon_share", "occupancy", "waiting_longer_share")


def test_the_check_values_of_erlang_a() -> None:
    steady = steady_state(19, 100, PATIENT, threshold_seconds=20)
    assert steady.service_level == pytest.approx(0.818325, abs=1e-6)
    assert steady.abandon_share == pytest.approx(0.056644, abs=1e-6)
    assert agents_required([100, 200], PATIENT, EIGHTY_IN_TWENTY).tolist() == [19, 36]


def test_the_check_values_of_erlang_c() -> None:
    assert agents_required([100, 200], Work(300), EIGHTY_IN_TWENTY).tolist() == [21, 39]
    required = agents_required(100, Work(180), Target(0.8, 20, 0.85))
    steady = steady_state(required, 100, Work(180), threshold_seconds=20)
    assert (int(required), int(scheduled(required, 0.3))) == (14, 20)
    assert steady.service_level == pytest.approx(0.8884, abs=5e-5)
    assert steady.occupancy == pytest.approx(0.714, abs=5e-4)


@pytest.mark.parametrize("agents", [0, 1, 2, 7, 30, 60])
@pytest.mark.parametrize("erlangs", [Fraction(1, 1000), Fraction(1), Fraction(29), Fraction(5000)], ids=str)
def test_erlang_b_equals_exact_fractions(agents: int, erlangs: Fraction) -> None:
    term = total = Fraction(1)
    for number in range(1, agents + 1):
        term = term * erlangs / number
        total += term
    assert float(erlang_b(agents, float(erlangs))) == pytest.approx(float(term / total), rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("erlangs", [1.0, 2_500.0, 4_990.0, 5_200.0, 9_000.0, 1e9])
def test_erlang_b_equals_its_recursion_up_to_5000_agents(erlangs: float) -> None:
    expected = [1.0]
    for number in range(1, 5_001):
        expected.append(erlangs * expected[-1] / (number + erlangs * expected[-1]))
    np.testing.assert_allclose(erlang_b(np.arange(5_001), erlangs), expected, rtol=1e-9, atol=1e-290)


@pytest.mark.parametrize("calls", [1, 20, 100, 700])
@pytest.mark.parametrize("handle_minutes", [0.5, 3, 12])
@pytest.mark.parametrize(("share", "threshold_minutes", "occupancy"), [(0.8, 1 / 3, 0.85), (0.95, 0.5, 1.0), (0.6, 2, 0.7)])
def test_erlang_c_agrees_with_pyworkforce(
    calls: int, handle_minutes: float, share: float, threshold_minutes: float, occupancy: float
) -> None:
    other = ErlangC(transactions=calls, aht=handle_minutes, asa=threshold_minutes, interval=30)
    expected = other.required_positions(service_level=share, max_occupancy=occupancy)
    target, work = Target(share, threshold_minutes * 60, occupancy), Work(handle_minutes * 60)
    required = int(agents_required(calls, work, target))
    if required < round(other.intensity + 1):  # where it begins to search, though fewer may do
        assert expected["raw_positions"] == round(other.intensity + 1)
    else:
        assert required == expected["raw_positions"]
    steady = steady_state(expected["raw_positions"], calls, work, threshold_seconds=threshold_minutes * 60)
    assert steady.service_level == pytest.approx(expected["service_level"], abs=1e-9)
    assert steady.occupancy == pytest.approx(expected["occupancy"], abs=1e-12)
    assert steady.waiting_probability == pytest.approx(expected["waiting_probability"], rel=1e-9)


@pytest.mark.parametrize("patience", [20.0, 150.0, 1_200.0], ids="patience {:g} s".format)
@pytest.mark.parametrize("erlangs_an_agent", [0.5, 0.9, 1.0, 1.3, 2.5], ids="{:g} erlangs an agent".format)
@pytest.mark.parametrize("agents", [1, 5, 40, 100])
def test_erlang_a_agrees_with_its_chain_summed_state_by_state(agents: int, erlangs_an_agent: float, patience: float) -> None:
    erlangs = agents * erlangs_an_agent
    expected = erlang_a(Load(agents, erlangs / 240, 240, patience), threshold_seconds=20)
    steady = steady_state(agents, erlangs, Work(240, patience, 240), threshold_seconds=20)
    assert steady.abandon_share == pytest.approx(expected.abandon_share, abs=1e-10)
    assert steady.service_level == pytest.approx(expected.answered_within, abs=1e-9)
    assert steady.average_wait_seconds == pytest.approx(expected.wait_seconds, abs=1e-7)


def summed_in_logarithms(agents: int, erlangs: float, handle: float, patience: float, threshold: float) -> tuple[float, float]:
    """Service level and abandon share; one with k people ahead is answered in time if a Beta variable is large enough (docs/staffing.md)."""
    arrivals, service, giving_up = erlangs / handle, 1 / handle, 1 / patience
    ahead = np.arange(int(max(0, arrivals - agents * service) / giving_up + 12 * np.sqrt(arrivals / giving_up) + 400), dtype=float)
    leaving = np.concatenate([np.arange(1, agents + 1) * service, agents * service + (ahead + 1) * giving_up])
    logs = np.concatenate([[0.0], np.cumsum(np.log(arrivals) - np.log(leaving))])
    chances = np.exp(logs - logs.max())
    free, waiting = np.split(chances / chances.sum(), [agents])
    ratio = agents * service / giving_up
    in_time = ratio / (ratio + ahead + 1) * betainc(ahead + 1, ratio + 1, -np.expm1(-threshold * giving_up))
    lost = giving_up / arrivals * np.sum(waiting * np.arange(waiting.size))
    return float(free.sum() + waiting[:-1] @ in_time), float(lost)


@pytest.mark.parametrize("patience", [0.5, 30.0, 3_000.0, 1e5], ids="patience {:g} s".format)
@pytest.mark.parametrize("distance", [-3, -1, 0, 1, 8], ids="{} standard deviations too few agents".format)
@pytest.mark.parametrize("agents", [300, 1_500, 5_000])
def test_erlang_a_of_a_large_centre_agrees_with_its_chain_in_logarithms(agents: int, distance: int, patience: float) -> None:
    erlangs = agents + distance * np.sqrt(agents)
    level, lost = summed_in_logarithms(agents, erlangs, 300, patience, 20)
    steady = steady_state(agents, erlangs, Work(300, patience, 300), threshold_seconds=20)
    assert steady.service_level == pytest.approx(level, abs=1e-8)
    assert steady.abandon_share == pytest.approx(lost, rel=1e-7, abs=1e-12)


GRID = [
    Centre(agents, agents * load, 300, patience)
    for agents, load in [(1, 0.4), (1, 1.5), (3, 0.7), (5, 1.0), (8, 1.4), (12, 0.85), (20, 0.95), (30, 2.0), (40, 0.9), (40, 1.1)]
    for patience in (15, 60, 150, 300, 900)
]


@pytest.mark.parametrize("centre", GRID, ids="{0.agents} agents, {0.erlangs:g} erlangs, {0.patience_seconds} s".format)
def test_erlang_a_is_within_one_point_of_a_simulation(centre: Centre) -> None:
    found = simulated(centre, threshold_seconds=20, replications=800, seed=GRID.index(centre))
    assert found.error < 0.003  # three of them are less than a point
    work = Work(centre.handle_seconds, centre.patience_seconds, centre.handle_seconds)
    steady = steady_state(centre.agents, centre.erlangs, work, threshold_seconds=20)
    assert steady.service_level == pytest.approx(found.service_level, abs=0.01)
    assert steady.abandon_share == pytest.approx(found.abandon_share, abs=0.01)
    assert steady.waiting_probability == pytest.approx(found.waiting_probability, abs=0.015)
    assert steady.average_wait_seconds == pytest.approx(found.wait_seconds, rel=0.05, abs=0.2)
    assert steady.average_speed_of_answer_seconds == pytest.approx(found.answered_wait_seconds, rel=0.05, abs=0.2)


def test_the_grid_has_fifty_cases() -> None:
    assert len(GRID) == 50


loads = st.floats(0.0, 20_000.0)
agents_numbers = st.integers(1, 5_000)
patiences = st.floats(-4, 9).map(lambda power: 10.0**power)
thresholds = st.one_of(st.just(0.0), st.floats(0.001, 3_600))


@given(agents=agents_numbers, erlangs=loads, patience=st.one_of(st.none(), patiences), threshold=thresholds)
def test_any_load_gives_shares(agents: int, erlangs: float, patience: float | None, threshold: float) -> None:
    steady = steady_state(agents, erlangs, Work(300, patience, 300), threshold_seconds=threshold)
    for field in FIELDS:
        assert 0 <= getattr(steady, field) <= 1, field
    assert steady.average_wait_seconds >= 0
    if patience is not None:
        assert steady.service_level <= 1 - steady.abandon_share + 1e-12
        # everyone is answered in time, gave up in time, or is still waiting at the threshold
        gave_up_in_time = 1 - steady.service_level - steady.waiting_longer_share
        assert -1e-9 <= gave_up_in_time <= steady.abandon_share + 1e-9


@given(agents=agents_numbers, erlangs=loads, patience=st.one_of(st.none(), patiences), threshold=thresholds)
def test_one_more_agent_never_lowers_the_service_level(agents: int, erlangs: float, patience: float | None, threshold: float) -> None:
    fewer, more = steady_state([agents, agents + 1], erlangs, Work(300, patience, 300), threshold_seconds=threshold).service_level
    assert more >= fewer - 1e-10


@given(agents=st.integers(1, 300), relative=st.floats(0.1, 0.95), threshold=st.floats(0, 300))
def test_endless_patience_is_erlang_c(agents: int, relative: float, threshold: float) -> None:
    a = steady_state(agents, agents * relative, Work(300, 1e13, 300), threshold_seconds=threshold)
    c = steady_state(agents, agents * relative, Work(300, None, 300), threshold_seconds=threshold)
    for field in (*FIELDS, "average_wait_seconds", "average_speed_of_answer_seconds"):
        assert getattr(a, field) == pytest.approx(getattr(c, field), rel=1e-5, abs=1e-7), field


@given(agents=agents_numbers, relative=st.floats(0.1, 3))
def test_no_patience_is_erlang_b(agents: int, relative: float) -> None:
    steady = steady_state(agents, agents * relative, Work(300, 1e-9, 300), threshold_seconds=20)
    assert steady.abandon_share == pytest.approx(float(erlang_b(agents, agents * relative)), abs=1e-8)
    assert steady.service_level == pytest.approx(1 - float(steady.abandon_share), abs=1e-8)


targets = st.builds(Target, st.floats(0.05, 0.99), st.floats(0, 120), st.one_of(st.just(1.0), st.floats(0.5, 1)))
works = st.builds(Work, st.floats(10, 2_000), st.one_of(st.none(), st.floats(1, 10_000)), st.sampled_from([900.0, 1_800.0, 3_600.0]))


@given(contacts=st.floats(0.01, 3_000), work=works, target=targets)
def test_the_required_agents_meet_the_target_and_one_fewer_do_not(contacts: float, work: Work, target: Target) -> None:
    required = int(agents_required(contacts, work, target))
    assert required >= 1
    assert target.margin(required, contacts, work) >= 0
    assert target.margin(required - 1, contacts, work) < 0


@settings(max_examples=50)
@given(work=works, target=targets)
def test_capacity_is_the_inverse_of_the_required_agents(work: Work, target: Target) -> None:
    most = capacity(np.arange(31), work, target)
    assert most[0] == 0
    assert (np.diff(most) > 0).all()
    np.testing.assert_array_equal(agents_required(most, work, target), np.arange(31))
    np.testing.assert_array_equal(agents_required(most[1:-1] * (1 + 1e-6), work, target), np.arange(2, 31))


def test_capacity_looked_up_is_the_required_agents() -> None:
    contacts = np.random.default_rng(5).gamma(3, 60, 500)
    most = capacity(np.arange(400), PATIENT, EIGHTY_IN_TWENTY)
    np.testing.assert_array_equal(np.searchsorted(most, contacts), agents_required(contacts, PATIENT, EIGHTY_IN_TWENTY))


def test_arrays_of_queues_and_agents_give_what_each_gives_alone() -> None:
    work = Work(np.array([[240.0], [300.0]]), np.array([[60.0], [400.0]]), 1_800)
    together = steady_state(np.arange(8_000) % 50 + 1, np.array([[30.0], [90.0]]), work, threshold_seconds=20).service_level
    assert together.shape == (2, 8_000)
    alone = steady_state(20, 90, Work(300, 400), threshold_seconds=20).service_level
    assert together[1, 19] == alone == together[1, 7_969]
    assert capacity(np.arange(4), work, EIGHTY_IN_TWENTY).shape == (2, 4)


def test_without_agents_everyone_gives_up_and_without_contacts_nobody_is_needed() -> None:
    steady = steady_state(0, 10, PATIENT, threshold_seconds=20)
    assert (steady.service_level, steady.abandon_share, steady.average_wait_seconds) == (0, 1, 150)
    assert np.isnan(steady.occupancy)
    assert agents_required([0, 1e-9], PATIENT, EIGHTY_IN_TWENTY).tolist() == [0, 1]


def test_an_overloaded_erlang_c_queue_grows_on() -> None:
    steady = steady_state(10, 10, Work(300, None, 300), threshold_seconds=20)
    assert (steady.service_level, steady.occupancy, steady.average_wait_seconds) == (0, 1, np.inf)


@pytest.mark.parametrize(
    ("required", "shrinkage", "expected"),
    [(14, 0.3, 20), (7, 0.3, 10), (21, 0.3, 30), (15, 0.3, 22), (0, 0.3, 0), (5, 0, 5)],
    ids=lambda value: f"{value:g}",
)
def test_scheduled_is_rounded_up_and_never_because_of_the_last_bit(required: int, shrinkage: float, expected: int) -> None:
    assert scheduled(required, shrinkage) == expected


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Work(0), "the mean handle time in seconds is 0: it must be a number above 0"),
        (lambda: Work(300, -5), "the mean patience in seconds is -5: it must be a number above 0"),
        (lambda: Work(300, None, float("inf")), "the interval in seconds is inf: it must be a number above 0"),
        (lambda: Target(80, 20), "the target is 80: it must be a share above 0 and below 1, such as 0.8 for 80 %"),
        (lambda: Target(0.8, -1), "the threshold in seconds is -1: it must be 0 or a number above 0"),
        (lambda: Target(0.8, 20, 85), "the maximum occupancy is 85: it must be a share above 0 and up to 1, such as 0.85"),
        (
            lambda: steady_state(5, float("nan"), Work(300), threshold_seconds=20),
            "the number of contacts is nan: it must be 0 or a number above 0",
        ),
        (lambda: steady_state([5, -1], 5, Work(300), threshold_seconds=20), "the number of agents is -1: it must be 0 or a number above 0"),
        (lambda: scheduled(5, 1), "the shrinkage is 1: it must be a share from 0 to below 1, such as 0.3 for 30 %"),
    ],
    ids=["no handle time", "negative patience", "endless interval", "percent", "threshold", "occupancy", "contacts", "agents", "shrinkage"],
)
def test_what_no_centre_can_have_is_refused_with_its_value(wrong, message: str) -> None:
    with pytest.raises(InvalidLoad) as refused:
        wrong()
    assert str(refused.value) == message
