"""A queue carried from interval to interval: against a simulation, the matrix exponential, the steady state, and what must add up."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from scipy.linalg import expm

from forecasting.birth_death import Present, Rates, fluid_end, spread
from forecasting.erlang import InvalidLoad, Work, steady_state
from forecasting.required import Target
from forecasting.transient import Carried, carried_over
from tests.forecasting.simulation import Day, played

TARGET = Target(0.8, 20)
PLAYS = 400
DAYS = {
    "a storm for an hour": Day((60, 150, 160, 60, 60), (12,) * 5, 300, 150, 1_800),
    "a storm, patient callers": Day((50, 130, 60, 50, 50), (11,) * 5, 300, 900, 1_800),
    "half the agents go home, and come back": Day((70, 70, 70, 70, 70), (14, 7, 7, 14, 14), 240, 300, 1_800),
    "opened to a crowd, few agents": Day((60, 12, 12, 12, 12), (2, 3, 3, 3, 3), 200, 600, 1_800),
}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS.keys())
def test_a_day_goes_as_it_is_simulated(day: Day) -> None:
    dice = np.random.default_rng(len(day.contacts))
    plays = [played(day, dice, threshold_seconds=20) for _ in range(PLAYS)]
    came, in_time, waited, abandoned, waiting = (
        np.mean([getattr(play, name) for play in plays], axis=0) for name in ("came", "in_time", "waited", "abandoned", "waiting_at_end")
    )
    found = carried_over(day.contacts, day.agents, Work(day.handle_seconds, day.patience_seconds, day.interval_seconds), TARGET)
    np.testing.assert_allclose(found.service_level, in_time / came, atol=0.025)
    np.testing.assert_allclose(found.average_wait_seconds, waited / came, rtol=0.06, atol=2)
    np.testing.assert_allclose(found.abandoned, abandoned, rtol=0.05, atol=0.5)
    np.testing.assert_allclose(found.waiting_at_end, waiting, rtol=0.06, atol=0.5)


@pytest.mark.parametrize(
    ("rates", "start"),
    [
        (Rates(0.055, 20, 1 / 300, 1 / 150), 0),
        (Rates(0.133, 20, 1 / 300, 1 / 150), 20),
        (Rates(0.01, 5, 1 / 300, 0.0), 0),
        (Rates(0.5, 100, 1 / 300, 1 / 600), 90),
        (Rates(0.1, 100, 1 / 300, 1 / 100), 250),
        (Rates(0.01, 0, 1 / 300, 1 / 400), 3),
        (Rates(0.0, 4, 1 / 300, 1 / 20), 9),
    ],
    ids=["fills", "overload", "nobody gives up", "large", "clears a backlog", "no agents", "no arrivals"],
)
def test_the_spread_equals_the_matrix_exponential(rates: Rates, start: int) -> None:
    size, seconds = 420, 1_800.0
    numbers = np.arange(size, dtype=float)
    leaving = rates.leaving(numbers)
    flows = np.diag(np.full(size - 1, rates.arrivals), -1) + np.diag(leaving[1:], 1)
    expected = expm((flows - np.diag(flows.sum(axis=0))) * seconds)[:, start]
    end, on_average = spread(Present(start, np.ones(1)), rates, seconds)
    np.testing.assert_allclose(np.interp(numbers, end.numbers, end.chances, left=0, right=0), expected, atol=1e-6)
    # what came and did not leave is present: the average of the outflow is exact only if the average distribution is
    left = float(on_average.chances @ rates.leaving(on_average.numbers)) * seconds
    assert start + rates.arrivals * seconds - left == pytest.approx(expected @ numbers, abs=1e-4)


@pytest.mark.parametrize(
    ("agents", "contacts", "patience"),
    [(19, 100, 150), (21, 100, None), (5, 20, 60), (110, 600, 600), (4, 40, 200)],
    ids=["check value", "nobody gives up", "small", "large", "overload"],
)
def test_after_some_hours_without_change_it_is_the_steady_state(agents: int, contacts: float, patience: float | None) -> None:
    work = Work(300, patience)
    found = carried_over([contacts] * 16, agents, work, TARGET)
    steady = steady_state(agents, contacts, work, threshold_seconds=20)
    assert found.service_level[-1] == pytest.approx(float(steady.service_level), abs=2e-5)
    assert found.abandoned[-1] / contacts == pytest.approx(float(steady.abandon_share), abs=2e-5)
    assert found.occupancy[-1] == pytest.approx(float(steady.occupancy), abs=2e-5)
    assert found.average_wait_seconds[-1] == pytest.approx(float(steady.average_wait_seconds), abs=0.01)
    assert found.service_level[0] >= found.service_level[-1]  # it began empty


intervals = st.lists(st.tuples(st.one_of(st.just(0.0), st.floats(0.001, 400)), st.integers(0, 60)), min_size=1, max_size=8)


@settings(max_examples=60)
@given(intervals=intervals, patience=st.one_of(st.none(), st.floats(10, 5_000)), handle=st.floats(30, 1_000), start=st.integers(0, 200))
@example(intervals=[(191.0, 1), (0.0, 0)], patience=None, handle=670.0, start=0)  # one agent, and a crowd that nobody serves and that stays
def test_who_came_was_served_gave_up_or_is_there(
    intervals: list[tuple[float, int]], patience: float | None, handle: float, start: int
) -> None:
    contacts, agents = np.array([each[0] for each in intervals]), np.array([each[1] for each in intervals])
    found = carried_over(contacts, agents, Work(handle, patience), TARGET, present_at_start=start)
    served = np.nan_to_num(found.occupancy) * agents * 1_800 / handle
    assert start + contacts.sum() - served.sum() - found.abandoned.sum() == pytest.approx(
        found.present_at_end[-1], abs=1e-4 * (1 + start + contacts.sum())
    )
    assert (np.isnan(found.service_level) == (contacts == 0)).all()
    assert ((found.waiting_at_end >= 0) & (found.waiting_at_end <= found.present_at_end + 1e-6)).all()


@given(
    present=st.floats(0, 300),
    arrivals=st.floats(0, 1),
    agents=st.integers(0, 100),
    service=st.floats(0.001, 0.05),
    giving_up=st.one_of(st.just(0.0), st.floats(0.0005, 0.05)),
)
def test_the_liquid_equals_its_equation_in_small_steps(
    present: float, arrivals: float, agents: int, service: float, giving_up: float
) -> None:
    rates = Rates(arrivals, agents, service, giving_up)
    stepped, steps = present, 2_000
    for _ in range(steps):
        stepped += (arrivals - service * min(stepped, agents) - giving_up * max(stepped - agents, 0)) * 1_800 / steps
    assert fluid_end(present, rates, 1_800) == pytest.approx(stepped, rel=0.01, abs=0.2)


def test_a_very_large_centre_flows_like_a_liquid() -> None:
    contacts, agents = [24_000, 40_000, 24_000], [4_100] * 3
    found = carried_over(contacts, agents, Work(300, 200), TARGET)
    present, expected = 0.0, []
    for each in contacts:
        present = fluid_end(present, Rates(each / 1_800, 4_100, 1 / 300, 1 / 200), 1_800)
        expected.append(present)
    np.testing.assert_allclose(found.present_at_end, expected, rtol=0.003)


def test_hours_until_the_target_is_met_again() -> None:
    work = Work(300, 600)
    found = carried_over([100, 100, 400, 100, 100, 100, 400], 20, work, TARGET)
    assert found.missed.tolist() == [False, False, True, True, True, False, True]
    assert found.hours_until_met.tolist() == [0, 0, 1.5, 1, 0.5, 0, inf]


def test_the_backlog_costs_the_next_interval_its_service_level() -> None:
    calm = carried_over([100] * 3, 20, Work(300, 600), TARGET)
    after = carried_over([100, 400, 100], 20, Work(300, 600), TARGET)
    assert after.service_level[2] < calm.service_level[2] - 0.2
    assert after.waiting_at_end[1] > 10


def test_more_people_at_the_start_never_help() -> None:
    levels = [carried_over([100], 19, Work(300, 150), TARGET, present_at_start=start).service_level[0] for start in range(0, 60, 5)]
    assert levels == sorted(levels, reverse=True)


def test_closed_hours_are_no_data() -> None:
    found: Carried = carried_over([0, 60], [0, 14], Work(300, 150), TARGET)
    np.testing.assert_equal([found.service_level[0], found.average_wait_seconds[0], found.occupancy[0]], [nan, nan, nan])
    assert (found.waiting_at_end[0], found.missed[0], found.hours_until_met[0]) == (0, False, 0)
    assert found.service_level[1] > 0.8


def test_intervals_of_several_lengths_and_negative_agents_are_refused() -> None:
    with pytest.raises(InvalidLoad, match="the intervals last 900 to 1800 s: give one length"):
        carried_over([1, 2], [1, 1], Work(300, None, np.array([900.0, 1_800.0])), TARGET)
    with pytest.raises(InvalidLoad, match="the number of agents is -1"):
        carried_over([1], [-1], Work(300), TARGET)
