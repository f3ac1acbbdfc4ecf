"""The integrals of Erlang A: how long one of endless patience would wait, found by quadrature that holds for any load and any patience.

With arrivals λ, n agents of rate μ, patience of rate θ, the offered wait v has a density proportional to exp φ(v) with
φ(v) = λ/θ·(1 − exp(−θv)) − nμv (Baccelli and Hebuterne 1981; Zeltyn and Mandelbaum 2005), a concave function. Everything here is measured
relative to its peak, so nothing overflows; every term is positive, so nothing cancels. It knows nothing of targets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEGLIGIBLE = 40.0  # exp(-40) of the peak is less than a double can tell from nothing
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
NEWTON_STEPS = 6
ELEMENTS_AT_ONCE = 8_192  # each takes 128 points: this bounds the memory


@dataclass(frozen=True)
class OfferedWait:
    """The integrals ∫ g(w) exp(φ(w) − φ at its peak) dw over the wait w in units of the mean patience, by name of g and range."""

    at_zero: Array  # exp(φ − peak) at w = 0
    at_threshold: Array  # the same at the threshold
    below: Array  # g = 1, from 0 to the threshold
    above: Array  # g = 1, from the threshold on
    lost: Array  # g = 1 − exp(−w), everywhere
    served_wait: Array  # g = w exp(−w), everywhere


def offered_wait(arrivals: Array, service: Array, threshold: Array) -> OfferedWait:
    """The integrals for arrays of one shape.

    Args:
        arrivals: λ/θ, how many arrive in one mean patience; 0 or more.
        service: nμ/θ, how many contacts all agents end in one mean patience; above 0.
        threshold: the threshold in units of the mean patience; 0 or more.
    """
    flat = [np.ravel(array) for array in np.broadcast_arrays(arrivals, service, threshold)]
    starts = range(0, max(1, flat[0].size), ELEMENTS_AT_ONCE)
    parts = [_integrals(*(array[start : start + ELEMENTS_AT_ONCE] for array in flat)) for start in starts]
    shape = np.broadcast_shapes(np.shape(arrivals), np.shape(service), np.shape(threshold))
    return OfferedWait(*(np.concatenate(columns).reshape(shape) for columns in zip(*parts, strict=True)))


def _integrals(arrivals: Array, service: Array, threshold: Array) -> tuple[Array, ...]:
    peak = np.log1p(np.maximum(arrivals - service, 0) / service)
    bend = np.minimum(arrivals, service)  # the curvature at the peak
    slope = service - bend
    left = np.maximum(0, peak - _reach_left(service, peak))
    right = peak + _reach_right(slope, bend)
    # exp(−w) has died away NEGLIGIBLE after the peak: from there on the density is a plain exponential, of quite another scale perhaps
    inner = np.stack([peak, threshold, peak + NEGLIGIBLE], axis=-1)
    edges = np.sort(np.clip(inner, left[:, None], right[:, None]), axis=-1)
    edges = np.concatenate([left[:, None], edges, right[:, None]], axis=-1)
    half = np.diff(edges, axis=-1)[..., None] / 2
    w = edges[:, :-1, None] + half * (1 + NODES)
    density = half * WEIGHTS * np.exp(-_drop(w - peak[:, None, None], slope[:, None, None], bend[:, None, None]))
    early = w < threshold[:, None, None]
    fading = np.exp(-w)
    return (
        np.exp(-_drop(-peak, slope, bend)),
        np.exp(-_drop(threshold - peak, slope, bend)),
        np.sum(density, axis=(1, 2), where=early),
        np.sum(density, axis=(1, 2), where=~early),
        np.sum(density * -np.expm1(-w), axis=(1, 2)),
        np.sum(density * w * fading, axis=(1, 2)),
    )


def _drop(u: Array, slope: Array, bend: Array) -> Array:
    """By how much φ lies below its peak at the distance u from it: slope·u + bend·(u − 1 + exp(−u))."""
    return slope * u + bend * (u + np.expm1(-u))


def _reach_left(service: Array, peak: Array) -> Array:
    """A distance before the peak beyond which the density is negligible: service·(exp(v) − 1 − v) is above both bounds used."""
    gaussian = np.sqrt(2 * NEGLIGIBLE / service)
    steep = np.maximum(2.0, np.log(2 * NEGLIGIBLE / service))
    return np.minimum(peak, np.minimum(gaussian, steep))


def _reach_right(slope: Array, bend: Array) -> Array:
    """The same after the peak. Newton's steps come from outside on a concave function, so that each is a bound, closer than the last."""
    with np.errstate(divide="ignore", over="ignore"):
        reach = np.minimum((NEGLIGIBLE + bend) / (slope + bend), NEGLIGIBLE / slope)
        gaussian = np.sqrt(NEGLIGIBLE / (0.36 * bend))
    reach = np.where(gaussian <= 1, np.minimum(reach, gaussian), reach)
    for _ in range(NEWTON_STEPS):
        reach = reach - (_drop(reach, slope, bend) - NEGLIGIBLE) / (slope - bend * np.expm1(-reach))
    return np.asarray(reach)
