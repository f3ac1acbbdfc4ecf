"""The next hours as they are forecast and staffed: what the Live screen reads of the plan, and what it makes of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_HOUR = timedelta(minutes=30)
SHOWN = 4  # half hours: two hours, the running one among them
CADENCE_SECONDS = 3600.0  # a forecast that corrects itself every quarter hour is late after two hours


@dataclass(frozen=True, slots=True)
class PlannedHalfHour:
    """A queue's half hour: contacts with the 80 % band, people required and scheduled (None: no schedule), their chance, 0 to 1."""

    queue: str
    name: str
    interval_start: datetime
    yhat: float
    low: float
    high: float
    required: int | None
    scheduled: int | None
    chance_met: float | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Ahead:
    """The plan from the running half hour on, read at `at`."""

    at: datetime
    halves: tuple[PlannedHalfHour, ...]

    @property
    def made_at(self) -> datetime | None:
        """When the newest forecast behind it was made; None: there is none."""
        return max((one.made_at for one in self.halves), default=None)


@dataclass(frozen=True, slots=True)
class Together:
    """A half hour of all queues: `short` is the sum of what each queue lacks (None: no schedule), `chance` the lowest of them."""

    starts_at: datetime
    yhat: float
    low: float
    high: float
    required: int
    short: int | None
    chance: float | None


def short(one: PlannedHalfHour) -> int | None:
    """People missing; None: there is no schedule."""
    return None if one.scheduled is None or one.required is None else max(0, one.required - one.scheduled)


def together(halves: Sequence[PlannedHalfHour]) -> list[Together]:
    """All queues together, in the order of time; bands are added up, the careful side."""
    found = []
    for starts_at in sorted({one.interval_start for one in halves}):
        rows = [one for one in halves if one.interval_start == starts_at]
        lacks = [number for one in rows if (number := short(one)) is not None]
        chances = [one.chance_met for one in rows if one.chance_met is not None and one.required]
        found.append(
            Together(
                starts_at=starts_at,
                yhat=sum(one.yhat for one in rows),
                low=sum(one.low for one in rows),
                high=sum(one.high for one in rows),
                required=sum(one.required or 0 for one in rows),
                short=sum(lacks) if lacks else None,
                chance=min(chances, default=None),
            )
        )
    return found


def still_to_come(ahead: Ahead | None, now: datetime) -> list[PlannedHalfHour]:
    """The half hours that have not ended."""
    return [one for one in ahead.halves if one.interval_start + HALF_HOUR > now] if ahead else []


def troubled(halves: Sequence[PlannedHalfHour]) -> list[tuple[str, int]]:
    """The queues in which people will be missing in the next two hours and how many at most, the worst first."""
    starts = sorted({one.interval_start for one in halves})[:SHOWN]
    most: dict[str, int] = {}
    for one in halves:
        lack = short(one)
        if one.interval_start in starts and lack:
            most[one.name] = max(most.get(one.name, 0), lack)
    return sorted(most.items(), key=lambda item: -item[1])
