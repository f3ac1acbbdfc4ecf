"""How long people wait before they give up, from waits of which most were ended by an answer. Pure: arrays in, figures out.

Who was answered after w seconds had a patience of more than w: the observation is censored, not missing. The mean of the abandons' own
waits would be far too short, because only the impatient are among them.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, gamma

from forecasting.erlang import Array, at_least_zero

CONFIDENCE = 0.95
BANDS = 4  # of equally many abandons, whose rates are compared
FEWEST_ABANDONS_TO_JUDGE = 40
FEWEST_WAITING = 20  # fewer say little about the curve


class UnequalLength(ValueError):
    """Not one mark of abandonment for each wait."""


@dataclass(frozen=True)
class Patience:
    """The exponential patience that fits best.

    Args:
        mean_seconds: total time waited ÷ abandons; None where nobody gave up: then there is only a lower bound.
        standard_error_seconds: of it; None where it is.
        lower_seconds: the 95 % interval, from the exact one of a Poisson rate. Without abandons, the mean is above it with 97.5 %.
        upper_seconds: infinite without abandons.
        abandons: how many gave up, of those who count.
        contacts: how many waited longer than the short-abandon limit.
    """

    mean_seconds: float | None
    standard_error_seconds: float | None
    lower_seconds: float
    upper_seconds: float
    abandons: int
    contacts: int

    @property
    def sentence(self) -> str:
        """What may be said of it."""
        if self.mean_seconds is not None:
            return (
                f"mean patience {self.mean_seconds:.0f} s ({self.lower_seconds:.0f} to {self.upper_seconds:.0f} s), "
                f"from {self.abandons:,} who gave up among {self.contacts:,} who waited"
            )
        if not self.contacts:
            return "nobody waited: nothing is known of their patience"
        return f"nobody of {self.contacts:,} who waited gave up: the mean patience is above {self.lower_seconds:.0f} s; plan with Erlang C"


@dataclass(frozen=True)
class Fit:
    """Whether an exponential patience fits.

    Args:
        largest_gap: between the Kaplan–Meier curve and the exponential one, as a share of people.
        p_value: of the test that people give up at one rate in early and late waits. Thousands of contacts make a small gap significant:
            look at the gap too.
    """

    largest_gap: float
    p_value: float


def estimated(wait_seconds: ArrayLike, abandoned: ArrayLike, *, short_abandon_seconds: float = 0.0) -> Patience:
    """The maximum-likelihood mean of an exponential patience.

    Args:
        wait_seconds: of every contact, whether answered or not; those that left otherwise or still wait count as not abandoned.
        abandoned: which of them gave up.
        short_abandon_seconds: waits up to this long are left out, and of the longer ones only the time after it counts: a caller who
            hangs up at once has misdialled, and one who did not has said nothing yet.

    Raises:
        InvalidLoad: a wait is negative or not finite.
        UnequalLength: not one mark for each wait.
    """
    waits, gave_up = _counted(wait_seconds, abandoned, short_abandon_seconds)
    total, events = float(waits.sum()), int(gave_up.sum())
    tail = (1 - CONFIDENCE) / 2
    lower = total / float(gamma.ppf(1 - tail, events + 1))
    if events == 0:
        return Patience(None, None, lower, np.inf, 0, waits.size)
    mean = total / events
    return Patience(mean, mean / np.sqrt(events), lower, total / float(gamma.ppf(tail, events)), events, waits.size)


def kaplan_meier(
    wait_seconds: ArrayLike, abandoned: ArrayLike, *, short_abandon_seconds: float = 0.0
) -> tuple[Array, Array, NDArray[np.int64]]:
    """The share of people whose patience is longer than each wait at which somebody gave up (after the short-abandon limit).

    Returns:
        Seconds, ascending; the share just after each; how many still waited just before it.
    """
    waits, gave_up = _counted(wait_seconds, abandoned, short_abandon_seconds)
    seconds, events = np.unique(waits[gave_up], return_counts=True)
    waiting = waits.size - np.searchsorted(np.sort(waits), seconds, side="left")
    return seconds + short_abandon_seconds, np.asarray(np.cumprod(1 - events / waiting), float), np.asarray(waiting, np.int64)


def exponential_fit(wait_seconds: ArrayLike, abandoned: ArrayLike, *, short_abandon_seconds: float = 0.0) -> Fit | None:
    """How far the patience is from exponential; None with too few abandons to judge."""
    found = estimated(wait_seconds, abandoned, short_abandon_seconds=short_abandon_seconds)
    if found.mean_seconds is None or found.abandons < FEWEST_ABANDONS_TO_JUDGE:
        return None
    seconds, surviving, waiting = kaplan_meier(wait_seconds, abandoned, short_abandon_seconds=short_abandon_seconds)
    expected = np.exp(-(seconds - short_abandon_seconds) / found.mean_seconds)
    before = np.concatenate([[1.0], surviving[:-1]])
    gaps = np.maximum(np.abs(surviving - expected), np.abs(before - expected))[waiting >= FEWEST_WAITING]
    waits, gave_up = _counted(wait_seconds, abandoned, short_abandon_seconds)
    return Fit(float(gaps.max(initial=0.0)), _one_rate(waits, gave_up))


def _one_rate(waits: Array, gave_up: NDArray[np.bool_]) -> float:
    """The p-value of the likelihood-ratio test of one rate against a rate for each band of waits."""
    inner = np.unique(np.quantile(waits[gave_up], np.arange(1, BANDS) / BANDS))
    edges = np.concatenate([[0.0], inner, [np.inf]])
    exposure = np.array([np.clip(waits - low, 0, high - low).sum() for low, high in pairwise(edges)])
    events = np.histogram(waits[gave_up], np.nextafter(edges, np.inf))[0]  # a band ends with its upper edge
    used = events > 0
    rates = events[used] / exposure[used]
    ratio = 2 * float(np.sum(events[used] * np.log(rates * exposure.sum() / events.sum())))
    return float(chi2.sf(ratio, max(1, len(inner))))


def _counted(wait_seconds: ArrayLike, abandoned: ArrayLike, short_abandon_seconds: float) -> tuple[Array, NDArray[np.bool_]]:
    """The waits beyond the short-abandon limit, less it, and which of them ended in giving up."""
    at_least_zero("the short-abandon limit", short_abandon_seconds)
    at_least_zero("a wait", wait_seconds)
    waits, gave_up = np.ravel(np.asarray(wait_seconds, float)), np.ravel(np.asarray(abandoned, bool))
    if waits.size != gave_up.size:
        raise UnequalLength(f"{waits.size} waits, but {gave_up.size} marks of who gave up: there must be one for each")
    longer = waits > short_abandon_seconds
    return waits[longer] - short_abandon_seconds, gave_up[longer]
