"""How many agents meet a target, and how many contacts so many agents can take: one the inverse of the other, both by `forecasting.erlang`.

The capacity turns a forecast distribution into a chance: n people meet the target with the probability that no more contacts come than
`capacity(n)`. It knows nothing of forecasts or of schedules.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import elementwise

from forecasting.erlang import Array, InvalidLoad, Work, at_least_zero, steady_state

OCCUPANCY_ROUNDING = 1e-9  # 5.6 erlangs of 7 agents are 80 %, whatever the last bit of the quotient says
CEILING_ROUNDING = 1e-9
CAPACITY_PRECISION = 1e-12  # relative
ROOM_FOR_ROUNDING = 1e-11  # so that the target is met at the capacity itself, also after it was turned into contacts


@dataclass(frozen=True)
class Target:
    """What an interval must reach.

    Args:
        share: of all contacts, answered within the threshold; above 0 and below 1.
        threshold_seconds: an answer after exactly so long is within it.
        max_occupancy: the largest share of their time that agents may spend in contacts; above 0, up to 1.

    Raises:
        InvalidLoad: one of them is out of its range.
    """

    share: float
    threshold_seconds: float
    max_occupancy: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InvalidLoad(f"the target is {self.share:g}: it must be a share above 0 and below 1, such as 0.8 for 80 %")
        if not 0 < self.max_occupancy <= 1:
            raise InvalidLoad(f"the maximum occupancy is {self.max_occupancy:g}: it must be a share above 0 and up to 1, such as 0.85")
        at_least_zero("the threshold in seconds", self.threshold_seconds)

    def margin(self, agents: ArrayLike, contacts: ArrayLike, work: Work) -> Array:
        """By how much the service level or the occupancy, whichever is worse, is better than asked; the target is met at 0 and above."""
        steady = steady_state(agents, contacts, work, threshold_seconds=self.threshold_seconds)
        spare = np.where(np.isnan(steady.occupancy), 0, self.max_occupancy + OCCUPANCY_ROUNDING - steady.occupancy)
        return np.asarray(np.minimum(steady.service_level - self.share, spare))


def agents_required(contacts: ArrayLike, work: Work, target: Target) -> NDArray[np.int64]:
    """The least number of agents that meets the target, for each number of contacts; 0 where no contact comes.

    Args:
        contacts: mean number in an interval, of any shape.
        work: what the contacts are like; its arrays broadcast with `contacts`.

    Raises:
        InvalidLoad: a negative or endless number of contacts.
    """
    at_least_zero("the number of contacts", contacts)
    erlangs = work.erlangs(contacts)
    wanted = np.broadcast_to(np.asarray(contacts, float), erlangs.shape)
    enough = np.ceil(erlangs).astype(np.int64) + 1
    while np.any(short := target.margin(enough, wanted, work) < 0):
        enough = np.where(short, 2 * enough, enough)
    too_few = np.zeros_like(enough)
    while np.any(enough - too_few > 1):
        middle = (enough + too_few + 1) // 2
        met = target.margin(middle, wanted, work) >= 0
        enough, too_few = np.where(met, middle, enough), np.where(met, too_few, np.minimum(middle, enough - 1))
    return np.where(wanted > 0, enough, 0)


def capacity(agents: ArrayLike, work: Work, target: Target) -> Array:
    """The largest mean number of contacts in an interval with which so many agents meet the target; it grows with the agents.

    `np.searchsorted(capacity(np.arange(N), …), contacts)` is `agents_required(contacts, …)`, wherever it is below N.

    Args:
        agents: whole numbers, 0 or more, of any shape; its shape broadcasts with the work's arrays.

    Returns:
        Contacts, not rounded; 0 for 0 agents.

    Raises:
        InvalidLoad: a negative number of agents.
    """
    at_least_zero("the number of agents", agents)
    patience = np.nan if work.patience_seconds is None else work.patience_seconds
    arrays = np.broadcast_arrays(np.asarray(agents, float), work.handle_seconds, work.interval_seconds, patience)
    n, handle, interval, patient = (np.ravel(array) for array in arrays)
    found = np.zeros(n.shape)
    staffed = n > 0
    if np.any(staffed):
        found[staffed] = _largest_load(n[staffed], handle[staffed], patient[staffed], target)
    return np.asarray(found * interval / handle).reshape(arrays[0].shape)


def _largest_load(n: Array, handle: Array, patience: Array, target: Target) -> Array:
    """In erlangs: the end, on the side of the target, of a bracket that has become as narrow as doubles tell."""
    endless = bool(np.all(np.isnan(patience)))

    def margin(erlangs: Array, agents: Array, each_handle: Array, each_patience: Array) -> Array:
        # one contact lasts its handle time: in an interval of that length, contacts are erlangs
        work = Work(each_handle, None if endless else each_patience, each_handle)
        return target.margin(agents, erlangs, work)

    most = n if endless else n / target.share * 1.001  # beyond it, agents who never rest answer too few
    root = elementwise.find_root(
        margin, (np.zeros_like(n), most), args=(n, handle, patience), tolerances={"xrtol": CAPACITY_PRECISION, "fatol": 0, "frtol": 0}
    )
    ends = ((root.x, root.f_x), *zip(root.bracket, root.f_bracket, strict=True))  # an exact root ends the search before it is an end
    return np.asarray(np.max([np.where(value >= 0, load, 0.0) for load, value in ends], axis=0) * (1 - ROOM_FOR_ROUNDING))


def scheduled(required: ArrayLike, shrinkage: ArrayLike) -> NDArray[np.int64]:
    """How many must be scheduled so that the required number is there: required ÷ (1 − shrinkage), rounded up.

    Args:
        required: agents at work.
        shrinkage: the share of scheduled time in which people are not there for contacts; 0 or more, below 1.

    Raises:
        InvalidLoad: the shrinkage is out of its range.
    """
    absent = np.asarray(shrinkage, float)
    if not np.all((absent >= 0) & (absent < 1)):
        wrong = np.ravel(absent)[~np.ravel((absent >= 0) & (absent < 1))][0]
        raise InvalidLoad(f"the shrinkage is {wrong:g}: it must be a share from 0 to below 1, such as 0.3 for 30 %")
    at_least_zero("the number of required agents", required)
    return np.asarray(np.ceil(np.asarray(required, float) / (1 - absent) - CEILING_ROUNDING), np.int64)
