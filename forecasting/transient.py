"""What contacts meet from interval to interval when the queue of one is carried into the next: a storm ramp is not steady state.

It solves the equations of the number of people present exactly (`forecasting.birth_death`), with constant rates within an interval; where
people wait longer than an interval, the wait is the one that the staff of their arrival would give. It plans nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammainc

from forecasting.birth_death import Present, Rates, spread
from forecasting.erlang import Array, InvalidLoad, Work, at_least_zero
from forecasting.required import Target


@dataclass(frozen=True)
class Carried:
    """One element an interval, in order."""

    waiting_at_end: Array  # mean number
    present_at_end: Array  # waiting or served, mean number
    abandoned: Array  # how many give up in it, whenever they came
    service_level: Array  # of its contacts: answered within the threshold ÷ all; NaN where none comes
    average_wait_seconds: Array  # of its contacts, until the answer or the giving up; NaN where none comes
    occupancy: Array  # NaN without agents
    missed: NDArray[np.bool_]  # the service level is below the target
    hours_until_met: Array  # from its start to the start of the next that meets the target; 0 if it does; infinite if none does


@dataclass(frozen=True)
class _Interval:
    waiting: float
    present: float
    abandoned: float
    service_level: float
    wait_seconds: float
    occupancy: float


def carried_over(contacts: ArrayLike, agents: ArrayLike, work: Work, target: Target, *, present_at_start: int = 0) -> Carried:
    """Follow one queue through its intervals.

    Args:
        contacts: mean number that comes in each interval.
        agents: at work in each interval; whole numbers, 0 or more.
        work: what the contacts are like; its arrays, if any, have one element an interval, and the intervals are of one length.
        target: of which the share and the threshold count here.
        present_at_start: waiting or served, when the first interval begins.

    Raises:
        InvalidLoad: a negative or endless number, or intervals of several lengths.
    """
    for what, value in (("the number of agents", agents), ("the number of contacts", contacts), ("present_at_start", present_at_start)):
        at_least_zero(what, value)
    if np.ptp(work.interval_seconds):
        raise InvalidLoad(f"the intervals last {np.min(work.interval_seconds):g} to {np.max(work.interval_seconds):g} s: give one length")
    seconds = float(np.max(work.interval_seconds))
    giving_up = 0.0 if work.patience_seconds is None else 1 / np.asarray(work.patience_seconds, float)
    rows = np.broadcast_arrays(
        np.asarray(contacts, float) / seconds, np.asarray(agents, float), 1 / np.asarray(work.handle_seconds), giving_up
    )
    now, found = Present(present_at_start, np.ones(1)), []
    for arrivals, at_work, service, leaving in zip(*(np.ravel(row) for row in rows), strict=True):
        rates = Rates(float(arrivals), int(at_work), float(service), float(leaving))
        now, on_average = spread(now, rates, seconds)
        found.append(_interval(now, on_average, rates, seconds, target.threshold_seconds))
    columns = {name: np.array([getattr(interval, name) for interval in found]) for name in _Interval.__dataclass_fields__}
    missed = columns["service_level"] < target.share
    return Carried(
        waiting_at_end=columns["waiting"],
        present_at_end=columns["present"],
        abandoned=columns["abandoned"],
        service_level=columns["service_level"],
        average_wait_seconds=columns["wait_seconds"],
        occupancy=columns["occupancy"],
        missed=missed,
        hours_until_met=_hours_until_met(missed, seconds / 3_600),
    )


def _interval(end: Present, on_average: Present, rates: Rates, seconds: float, threshold_seconds: float) -> _Interval:
    """Arrivals see the time averages, because they are a Poisson stream."""
    numbers, chances = on_average.numbers, on_average.chances
    waiting = chances @ np.maximum(numbers - rates.agents, 0)
    busy = chances @ np.minimum(numbers, rates.agents)
    level, wait = float(chances @ _in_time(numbers, rates, threshold_seconds)), _wait_seconds(on_average, rates)
    return _Interval(
        waiting=max(0.0, float(end.chances @ np.maximum(end.numbers - rates.agents, 0))),
        present=max(0.0, end.mean),
        abandoned=max(0.0, float(rates.giving_up * waiting * seconds)),
        service_level=min(1.0, max(0.0, level)) if rates.arrivals else np.nan,
        wait_seconds=wait if rates.arrivals else np.nan,
        occupancy=min(1.0, max(0.0, float(busy / rates.agents))) if rates.agents else np.nan,
    )


def _in_time(present: Array, rates: Rates, threshold_seconds: float) -> Array:
    """The chance that one who finds so many present is answered within the threshold.

    With k waiting ahead, an answer needs k + 1 departures at the rates nμ + jθ. In units of the patience, their total time is −log of a
    Beta(nμ/θ, k + 1) variable, and patience that long is again such a variable, so the chance is an incomplete beta function.
    """
    ahead = np.maximum(present - rates.agents, 0)
    if rates.agents == 0:
        return np.zeros_like(present)
    if rates.giving_up == 0:
        queued = gammainc(ahead + 1, rates.agents * rates.service * threshold_seconds)
    else:
        service = rates.agents * rates.service / rates.giving_up
        gone = -np.expm1(-rates.giving_up * threshold_seconds)
        queued = service / (service + ahead + 1) * betainc(ahead + 1, service + 1, gone)
    return np.where(present < rates.agents, 1.0, queued)


def _wait_seconds(found: Present, rates: Rates) -> float:
    """The mean wait, until the answer or the giving up, of those who find so many present."""
    ahead = np.maximum(found.numbers - rates.agents, 0)
    leaving = rates.agents * rates.service + (ahead + 1) * rates.giving_up
    if not np.any(leaving):
        return np.inf
    return max(0.0, float(found.chances @ np.where(found.numbers < rates.agents, 0.0, (ahead + 1) / leaving)))


def _hours_until_met(missed: NDArray[np.bool_], interval_hours: float) -> Array:
    """Counted backwards from the last interval, after which nothing is known."""
    hours = np.empty(missed.size)
    later = np.inf
    for place in range(missed.size - 1, -1, -1):
        later = later + interval_hours if missed[place] else 0.0
        hours[place] = later
    return hours
