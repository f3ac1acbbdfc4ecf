"""How the number of people present in a queue spreads in time: the exact equations of M/M/n+M, step by step. No targets, no intervals.

The distribution p(t) obeys dp/dt = Qp with a tridiagonal Q. A step multiplies it by a rational function that agrees with exp(hQ) to the
order 2·POLES − 1 and, unlike a power series, damps what is too fast to matter (subdiagonal Padé approximation; Moler and Van Loan 2003).
In partial fractions it is a few tridiagonal solutions, and the same ones give the integral of p over the step.
"""

from dataclasses import dataclass
from math import ceil, factorial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import zgttrf, zgttrs

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

POLES = 6
STEP = 1.0  # in units of the shorter of mean handle time and mean patience
STEP_ARRIVALS, STEP_ARRIVALS_STUCK = 32.0, 4.0  # in a step at most; where nobody ever leaves, nothing damps what a step gets wrong
SPREAD = 8.0  # standard deviations that are kept on both sides
MARGIN_STATES = 25


def _pade(poles: int) -> tuple[Complex, Complex]:
    """The poles in the upper half-plane and their residues, of the approximation of exp with one degree less above than below."""
    above, order = poles - 1, 2 * poles - 1
    top = [factorial(order - j) * factorial(above) / (factorial(order) * factorial(j) * factorial(above - j)) for j in range(above + 1)]
    bottom = [
        (-1) ** j * factorial(order - j) * factorial(poles) / (factorial(order) * factorial(j) * factorial(poles - j))
        for j in range(poles + 1)
    ]
    numerator, denominator = np.polynomial.Polynomial(top), np.polynomial.Polynomial(bottom)
    roots = np.asarray(denominator.roots(), complex)
    upper = roots[roots.imag > 0]
    return upper, np.asarray(numerator(upper) / denominator.deriv()(upper), complex)


_POLES, _RESIDUES = _pade(POLES)


@dataclass(frozen=True)
class Rates:
    """What happens each second while nothing changes.

    Args:
        arrivals: contacts.
        agents: at work; who they serve when they become fewer goes back to wait.
        service: contacts that one agent ends.
        giving_up: how often one waiting person does; 0: never.
    """

    arrivals: float
    agents: int
    service: float
    giving_up: float

    def leaving(self, present: Array) -> Array:
        """How many leave each second, of so many present."""
        return self.service * np.minimum(present, self.agents) + self.giving_up * np.maximum(present - self.agents, 0)


@dataclass(frozen=True)
class Present:
    """The chances that `first`, `first` + 1, … people are present, waiting or served."""

    first: int
    chances: Array

    @property
    def numbers(self) -> Array:
        """The numbers of people that the chances belong to."""
        return self.first + np.arange(self.chances.size, dtype=float)

    @property
    def mean(self) -> float:
        """How many are present on average."""
        return float(self.chances @ self.numbers)

    @property
    def variance(self) -> float:
        """How much that varies; the chances of far numbers are only known to about a thousandth, and may be below 0."""
        return max(0.0, float(self.chances @ (self.numbers - self.mean) ** 2))


def spread(start: Present, rates: Rates, seconds: float) -> tuple[Present, Present]:
    """Where the number of people present is after so many seconds, and where it was on average in them."""
    start = _framed(start, rates, seconds)
    numbers = start.numbers
    stuck = rates.agents == 0 and rates.giving_up == 0
    arrivals = rates.arrivals / (STEP_ARRIVALS_STUCK if stuck else STEP_ARRIVALS)
    steps = max(1, ceil(seconds * max(arrivals, 0.0 if stuck else max(rates.service, rates.giving_up) / STEP)))
    h = seconds / steps
    up, down = np.full(numbers.size, rates.arrivals * h), rates.leaving(numbers) * h
    up[-1], down[0] = 0.0, 0.0  # nobody leaves the frame
    factors = [zgttrf(up[:-1].astype(complex), -(up + down) - pole, down[1:].astype(complex))[:5] for pole in _POLES]
    now, total = start.chances, np.zeros(numbers.size, complex)
    for _ in range(steps):
        before, after = now.astype(complex), np.zeros(numbers.size, complex)
        for factor, pole, residue in zip(factors, _POLES, _RESIDUES, strict=True):
            part = 2 * residue * zgttrs(*factor, before)[0]  # twice, for the pole in the lower half-plane
            after += part
            total += part / pole
        now = after.real
    return Present(start.first, now), Present(start.first, total.real / steps)


def fluid_end(present: float, rates: Rates, seconds: float) -> float:
    """How many would be present after so many seconds if people were a liquid: the exact solution of the equation of the mean flows."""
    n, left = rates.agents, seconds
    for _ in range(2):  # it crosses the number of agents at most once
        waiting = present > n or (present == n and rates.arrivals > n * rates.service)
        decay = rates.giving_up if waiting else rates.service
        push = rates.arrivals - n * (rates.service - rates.giving_up) if waiting else rates.arrivals
        crossing = _time_to(n, present, push, decay)
        if crossing >= left or crossing == 0:
            return _relaxed(present, push, decay, left)
        present, left = float(n), left - crossing
    return _relaxed(present, push, decay, left)


def _relaxed(present: float, push: float, decay: float, seconds: float) -> float:
    if decay == 0:
        return present + push * seconds
    return push / decay + (present - push / decay) * float(np.exp(-decay * seconds))


def _time_to(level: float, present: float, push: float, decay: float) -> float:
    """When the level is reached; infinite if never."""
    if decay == 0:
        seconds = (level - present) / push if push else -1.0
        return seconds if seconds >= 0 else np.inf
    rest = push / decay
    ratio = (present - rest) / (level - rest) if level != rest else -1.0
    return float(np.log(ratio) / decay) if ratio >= 1 else np.inf


def _framed(start: Present, rates: Rates, seconds: float) -> Present:
    """The same chances over all numbers of people that are possible in so many seconds, and no others."""
    mean = start.mean
    end = fluid_end(mean, rates, seconds)
    flow = max(rates.arrivals, float(rates.leaving(np.array(max(mean, end)))))
    slowest = min(rates.service, rates.giving_up)
    grown = start.variance + 2 * flow * seconds
    variance = min(grown, start.variance + 2 * flow / slowest) if slowest else grown
    width = SPREAD * np.sqrt(variance) + MARGIN_STATES
    first, last = max(0, int(min(mean, end) - width)), int(max(mean, end) + width)
    chances = np.zeros(last - first + 1)
    low, high = max(first, start.first), min(last, start.first + start.chances.size - 1)
    chances[low - first : high - first + 1] = start.chances[low - start.first : high - start.first + 1]
    return Present(first, chances / chances.sum())
