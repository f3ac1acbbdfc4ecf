"""Erlang C and Erlang A: what contacts meet in the steady state, for arrays of agents and loads at once.

Erlang C is M/M/n: nobody gives up. Erlang A is M/M/n+M: everyone has an exponential patience. The formulas and their sources are in
docs/staffing.md. It knows nothing of targets (`forecasting.required`), of forecasts, or of the database.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, gammaln, xlogy

from forecasting.offered_wait import offered_wait

Array = NDArray[np.float64]

FAR_TAIL = 1e-200  # below this the quotient of two tails would lose its digits


class InvalidLoad(ValueError):
    """A figure that no contact centre can have."""


@dataclass(frozen=True)
class Work:
    """What the contacts of a queue are like. Each may be an array that broadcasts with agents and contacts.

    Args:
        handle_seconds: mean talk + hold + wrap-up.
        patience_seconds: mean time after which a waiting person gives up; None: nobody gives up (Erlang C).
        interval_seconds: the time in which the contacts come.

    Raises:
        InvalidLoad: one of them is not above 0, or not finite.
    """

    handle_seconds: float | Array
    patience_seconds: float | Array | None = None
    interval_seconds: float | Array = 1_800.0

    def __post_init__(self) -> None:
        above_zero("the mean handle time in seconds", self.handle_seconds)
        above_zero("the interval in seconds", self.interval_seconds)
        if self.patience_seconds is not None:
            above_zero("the mean patience in seconds", self.patience_seconds)

    def erlangs(self, contacts: ArrayLike) -> Array:
        """The offered load: how many agents the contacts would keep busy."""
        return np.asarray(contacts, float) * self.handle_seconds / self.interval_seconds


@dataclass(frozen=True)
class Steady:
    """What contacts meet, each field an array of the broadcast shape. Of all who arrive, unless it says otherwise."""

    waiting_probability: Array  # not answered at once
    service_level: Array  # answered within the threshold ÷ (answered + abandoned): the strict definition
    abandon_share: Array
    occupancy: Array  # the share of the agents' time that goes into contacts; NaN without agents
    average_wait_seconds: Array  # until the answer or the giving up
    average_speed_of_answer_seconds: Array  # of the answered; NaN where nobody is
    waiting_longer_share: Array  # still waiting when the threshold has passed


def above_zero(what: str, value: ArrayLike) -> None:
    """Refuse what is not above 0 and finite.

    Raises:
        InvalidLoad: with the value.
    """
    wrong = [number for number in np.ravel(np.asarray(value, float)) if not 0 < number < np.inf]
    if wrong:
        raise InvalidLoad(f"{what} is {wrong[0]:g}: it must be a number above 0")


def at_least_zero(what: str, value: ArrayLike) -> None:
    """Refuse what is below 0 or not finite.

    Raises:
        InvalidLoad: with the value.
    """
    wrong = [number for number in np.ravel(np.asarray(value, float)) if not 0 <= number < np.inf]
    if wrong:
        raise InvalidLoad(f"{what} is {wrong[0]:g}: it must be 0 or a number above 0")


def steady_state(agents: ArrayLike, contacts: ArrayLike, work: Work, *, threshold_seconds: ArrayLike) -> Steady:
    """Erlang A if the work has a patience, else Erlang C.

    Args:
        agents: whole numbers, 0 or more. With 0 nobody is answered.
        contacts: mean number in an interval. With 0, what one contact would meet.
        work: what the contacts are like.
        threshold_seconds: an answer after exactly so long is within it.

    Raises:
        InvalidLoad: a negative or endless number.
    """
    for what, value in (("the number of agents", agents), ("the number of contacts", contacts), ("the threshold", threshold_seconds)):
        at_least_zero(what, value)
    patience = np.inf if work.patience_seconds is None else work.patience_seconds
    handle = np.asarray(work.handle_seconds, float)
    arrays = np.broadcast_arrays(np.asarray(agents, float), work.erlangs(contacts), handle, patience, np.asarray(threshold_seconds, float))
    n, erlangs, handle, patience, threshold = (np.asarray(array, float) for array in arrays)
    if work.patience_seconds is None:
        return _erlang_c(n, erlangs, handle, threshold)
    return _erlang_a(n, erlangs, handle, patience, threshold)


def erlang_b(agents: ArrayLike, erlangs: ArrayLike) -> Array:
    """The share that finds all of so many agents busy where nobody may wait (M/M/n/n). `agents` may be 0; up to 50,000 are exact."""
    n, load = np.broadcast_arrays(np.asarray(agents, float), np.asarray(erlangs, float))
    tail = gammaincc(n + 1, load)  # the chance of n or fewer, where the number of agents has no limit
    with np.errstate(divide="ignore", invalid="ignore"):
        blocked = np.exp(xlogy(n, load) - load - gammaln(n + 1)) / tail
    far = tail < FAR_TAIL
    if np.any(far):
        blocked = np.where(far, 1.0, blocked)
        blocked[far] = _overloaded_erlang_b(n[far], load[far])
    return np.asarray(blocked)


def _overloaded_erlang_b(n: Array, load: Array) -> Array:
    """1 ÷ Σ n(n−1)…(n−j+1) ÷ loadʲ: far above what the agents can carry, the terms fall fast."""
    term, total, j = np.ones_like(load), np.ones_like(load), 0
    while np.any(term > np.finfo(float).eps * total):
        term = term * np.maximum(n - j, 0) / load
        total, j = total + term, j + 1
    return np.asarray(1 / total)


def _erlang_c(n: Array, erlangs: Array, handle: Array, threshold: Array) -> Steady:
    stable = erlangs < n
    with np.errstate(divide="ignore", invalid="ignore"):
        blocked = erlang_b(n, erlangs)
        waits = np.where(stable, blocked / (1 - erlangs / n * (1 - blocked)), 1.0)
        longer = np.where(stable, waits * np.exp(-np.maximum(n - erlangs, 0) * threshold / handle), 1.0)
        average = np.where(stable, waits * handle / (n - erlangs), np.inf)
        occupancy = np.where(n > 0, np.minimum(erlangs / n, 1), np.nan)
    return Steady(waits, 1 - longer, np.zeros_like(n), occupancy, average, np.where(n > 0, average, np.nan), longer)


def _erlang_a(n: Array, erlangs: Array, handle: Array, patience: Array, threshold: Array) -> Steady:
    staffed = n > 0
    servers = np.where(staffed, n, 1.0)
    arrivals, service = erlangs * patience / handle, servers * patience / handle
    wait = offered_wait(arrivals, service, threshold / patience)
    blocked = erlang_b(servers - 1, erlangs)
    waiting = blocked * arrivals  # times an integral: the weight of those who wait, beside those who do not
    everyone = wait.at_zero + waiting * (wait.below + wait.above)
    in_time = ((1 - blocked) * wait.at_zero + blocked * (service * wait.below + wait.at_threshold)) / everyone
    lost = np.where(staffed, np.minimum(waiting * wait.lost / everyone, 1), 1.0)
    gone = np.exp(-threshold / patience)
    with np.errstate(divide="ignore", invalid="ignore"):
        answered_wait = patience * waiting * wait.served_wait / (everyone * (1 - lost))
        occupancy = np.where(staffed, np.minimum(erlangs * (1 - lost) / servers, 1), np.nan)
    return Steady(
        waiting_probability=np.where(staffed, waiting * (wait.below + wait.above) / everyone, 1.0),
        service_level=np.where(staffed, np.minimum(in_time, 1 - lost), 0.0),
        abandon_share=lost,
        occupancy=occupancy,
        average_wait_seconds=patience * lost,
        average_speed_of_answer_seconds=np.where(staffed, answered_wait, np.nan),
        waiting_longer_share=np.where(staffed, waiting * wait.above / everyone, 1.0) * gone,
    )
