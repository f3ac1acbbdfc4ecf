"""Contact centres played contact by contact, to hold the formulas against; they share no formula with them."""

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np


@dataclass(frozen=True)
class Centre:
    agents: int
    erlangs: float
    handle_seconds: float
    patience_seconds: float

    @property
    def arrivals(self) -> float:
        """Each second."""
        return self.erlangs / self.handle_seconds


@dataclass(frozen=True)
class Simulated:
    """Means over replications, and the standard error of the service level."""

    service_level: float
    abandon_share: float
    wait_seconds: float
    waiting_probability: float
    answered_wait_seconds: float
    error: float


def simulated(centre: Centre, *, threshold_seconds: float, replications: int, seed: int) -> Simulated:
    """A steady centre: each arrival waits for the agent who is free first, or gives up (all replications at once).

    Each replication warms up for several handle times and patiences, and then counts for several times as long.
    """
    dice = np.random.default_rng(seed)
    warm = int(4 * centre.arrivals * (centre.handle_seconds + centre.patience_seconds)) + 20
    contacts = 150 + 7 * warm
    now, free = np.zeros(replications), np.zeros((replications, centre.agents))
    rows = np.arange(replications)
    waits, answered = np.empty((contacts, replications)), np.empty((contacts, replications), bool)
    for number in range(-warm, contacts):
        now += dice.exponential(1 / centre.arrivals, replications)
        patience = dice.exponential(centre.patience_seconds, replications)
        first = free.argmin(axis=1)
        offered = np.maximum(free[rows, first] - now, 0)
        stays = patience >= offered
        free[rows[stays], first[stays]] = (now + offered + dice.exponential(centre.handle_seconds, replications))[stays]
        if number >= 0:
            waits[number], answered[number] = np.minimum(offered, patience), stays
    level = (answered & (waits <= threshold_seconds)).mean(axis=0)
    return Simulated(
        service_level=float(level.mean()),
        abandon_share=float(1 - answered.mean()),
        wait_seconds=float(waits.mean()),
        waiting_probability=float((waits > 0).mean()),
        answered_wait_seconds=float(waits[answered].mean()),
        error=float(level.std(ddof=1) / np.sqrt(replications)),
    )


@dataclass(frozen=True)
class Day:
    """One element an interval."""

    contacts: tuple[float, ...]
    agents: tuple[int, ...]
    handle_seconds: float
    patience_seconds: float
    interval_seconds: float


@dataclass(frozen=True)
class PlayedDay:
    """Sums over one play of the day, one element an interval."""

    came: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    in_time: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    waited: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    abandoned: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    waiting_at_end: "np.ndarray[tuple[int], np.dtype[np.float64]]"


def played(day: Day, dice: np.random.Generator, *, threshold_seconds: float) -> PlayedDay:
    """One play, event by event. Agents who go home finish their contact first."""
    intervals, length = len(day.contacts), day.interval_seconds
    events: list[tuple[float, int, int]] = []  # (when, 0: the staff changes, 1: an agent is done, 2: contact number … comes)
    for interval, mean in enumerate(day.contacts):
        heappush(events, (interval * length, 0, interval))
        for at in interval * length + dice.uniform(0, length, dice.poisson(mean)):
            heappush(events, (float(at), 2, interval))
    came_at, gives_up_at, answered_at = [], [], []
    queue: deque[int] = deque()
    agents = busy = 0
    while events:
        now, kind, interval = heappop(events)
        if kind == 0:
            agents = day.agents[interval]
        elif kind == 1:
            busy -= 1
        else:
            queue.append(len(came_at))
            came_at.append(now)
            gives_up_at.append(now + dice.exponential(day.patience_seconds))
            answered_at.append(np.inf)
        while queue and busy < agents:
            contact = queue.popleft()
            if gives_up_at[contact] >= now:
                answered_at[contact] = now
                busy += 1
                heappush(events, (now + dice.exponential(day.handle_seconds), 1, -1))
    came, gone, answered = np.array(came_at), np.array(gives_up_at), np.array(answered_at)
    waits = np.minimum(gone, answered) - came
    ends = np.arange(1, intervals + 1) * length
    edges = np.arange(intervals + 1) * length
    return PlayedDay(
        came=np.histogram(came, edges)[0].astype(float),
        in_time=np.histogram(came[(answered < np.inf) & (waits <= threshold_seconds)], edges)[0].astype(float),
        waited=np.histogram(came, edges, weights=waits)[0],
        abandoned=np.histogram(gone[answered == np.inf], edges)[0].astype(float),
        waiting_at_end=np.array(
            [np.sum((came <= end) & (np.minimum(gone, answered) >= end)) for end in ends], float
        ),  # before the staff changes
    )
