"""How good the forecasts were, from sums to shares: error, the best possible, bias, coverage, beside the two baselines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

ALL = "*"
MODEL, NAIVE, MEDIAN = "demand", "seasonal naive", "four-week median"
LEADS = {"1-3": "1 to 3 days ahead", "4-7": "4 to 7 days ahead", "8-14": "8 to 14 days ahead"}
FEWEST_DAYS = 30
COVERED = (0.77, 0.83)  # an 80 % band that holds


@dataclass(frozen=True, slots=True)
class Score:
    """Sums over queue-days: of a model, lead time and kind of day; shares are made of them."""

    queue: str
    model: str
    lead_days: str
    storm: bool
    n: int
    absolute_error: float
    error: float
    contacts: float
    poisson_error: float
    with_band: int
    in_band: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One lead time and kind of day; shares are 0 to 1, None is no data.

    Attributes:
        n: days that were forecast and counted.
        wape: absolute errors ÷ contacts.
        over_floor: the same ÷ that of a perfect forecast of a Poisson count.
        bias: errors with their sign ÷ contacts: above 0 too much was expected.
        coverage: of the days with a band, those inside it.
    """

    lead_days: str
    storm: bool
    n: int
    wape: float | None
    over_floor: float | None
    floor: float | None
    bias: float | None
    coverage: float | None
    naive: float | None
    median: float | None

    @property
    def enough(self) -> bool:
        """Whether there are days enough for a verdict."""
        return self.n >= FEWEST_DAYS

    @property
    def better(self) -> str | None:
        """The baseline that was better, the best first; None: neither, or too little is known."""
        if not self.enough or self.wape is None:
            return None
        known = [(value, name) for value, name in ((self.naive, NAIVE), (self.median, MEDIAN)) if value is not None and value < self.wape]
        return min(known)[1] if known else None


def accuracies(scores: Sequence[Score], queue: str | None) -> list[Accuracy]:
    """One row a lead time and kind of day that something is known of: ordinary days first.

    Args:
        scores: of every queue.
        queue: None: all together, by their own forecast if there is one, else added up.
    """
    chosen = _of_queue(scores, queue)
    found = []
    for storm in (False, True):
        for lead in LEADS:
            rows = [row for row in chosen if row.lead_days == lead and row.storm == storm]
            if rows:
                found.append(_accuracy(lead, storm, rows))
    return found


def of_lead(scores: Sequence[Score], queue: str | None, lead: str) -> Accuracy | None:
    """One lead time, ordinary and storm days together; None: nothing is known."""
    rows = [row for row in _of_queue(scores, queue) if row.lead_days == lead]
    return _accuracy(lead, False, rows) if rows else None


def _of_queue(scores: Sequence[Score], queue: str | None) -> list[Score]:
    if queue is not None:
        return [row for row in scores if row.queue == queue]
    totals = [row for row in scores if row.queue == ALL]
    return totals or [row for row in scores if row.queue != ALL]


def _accuracy(lead: str, storm: bool, rows: Sequence[Score]) -> Accuracy:
    ours = [row for row in rows if row.model == MODEL]
    contacts, floor = sum(row.contacts for row in ours), sum(row.poisson_error for row in ours)
    with_band = sum(row.with_band for row in ours)
    absolute = sum(row.absolute_error for row in ours)
    return Accuracy(
        lead_days=lead,
        storm=storm,
        n=sum(row.n for row in ours),
        wape=_share(absolute, contacts),
        over_floor=_share(absolute, floor),
        floor=_share(floor, contacts),
        bias=_share(sum(row.error for row in ours), contacts),
        coverage=_share(sum(row.in_band for row in ours), with_band),
        naive=_wape(rows, NAIVE),
        median=_wape(rows, MEDIAN),
    )


def _wape(rows: Sequence[Score], model: str) -> float | None:
    of_model = [row for row in rows if row.model == model]
    return _share(sum(row.absolute_error for row in of_model), sum(row.contacts for row in of_model))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
