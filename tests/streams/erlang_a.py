"""Erlang A computed straight from its definition, to hold the simulator against: Poisson arrivals, exponential talks and patience, n agents."""

from dataclasses import dataclass
from math import exp

import numpy as np

WAITING_MOST = 2_000  # the chain is cut where its probability is far below what doubles can tell
NEGLIGIBLE = 1e-13


@dataclass(frozen=True)
class Load:
    """Rates per second."""

    agents: int
    arrivals: float
    talk_seconds: float
    patience_seconds: float


@dataclass(frozen=True)
class Steady:
    """Of all who arrive: the share who give up, the mean wait, the share answered within the threshold."""

    abandon_share: float
    wait_seconds: float
    answered_within: float


def erlang_a(load: Load, *, threshold_seconds: float) -> Steady:
    """The steady state of the birth-death chain of the people present, and from it what an arrival meets (PASTA)."""
    ends, gives_up = 1 / load.talk_seconds, 1 / load.patience_seconds
    weights = [1.0]
    for present in range(1, load.agents + WAITING_MOST + 1):
        leave = min(present, load.agents) * ends + max(0, present - load.agents) * gives_up
        weights.append(weights[-1] * load.arrivals / leave)
        if present > load.agents and weights[-1] < NEGLIGIBLE * max(weights):
            break
    chances = np.array(weights) / np.sum(weights)
    waiting = np.maximum(0, np.arange(len(chances)) - load.agents)
    queue_length = float(np.sum(chances * waiting))
    within = _served_within(load, len(chances) - load.agents, threshold_seconds)
    answered = float(np.sum(chances[: load.agents]) + np.sum(chances[load.agents :] * within))
    return Steady(gives_up * queue_length / load.arrivals, queue_length / load.arrivals, answered)


def _served_within(load: Load, positions: int, seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The chance that one who finds k others waiting is answered within so many seconds, for k = 0 … positions - 1, by uniformisation."""
    gives_up = 1 / load.patience_seconds
    moves_up = load.agents / load.talk_seconds + np.arange(positions) * gives_up
    fastest = float(moves_up[-1] + gives_up)
    served = np.zeros(positions)  # after so many jumps of the uniformised chain
    total, chance, jumps, mass = np.zeros(positions), exp(-fastest * seconds), 0, 0.0
    while mass < 1 - 1e-12 and jumps < 100_000:
        total += chance * served
        mass += chance
        ahead = np.concatenate([[1.0], served[:-1]])
        served = (moves_up * ahead + (fastest - moves_up - gives_up) * served) / fastest
        jumps += 1
        chance *= fastest * seconds / jumps
    return total
