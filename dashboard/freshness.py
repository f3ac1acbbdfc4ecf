"""How old is too old: live, late, stale, unknown by a feed's own cadence. The browser counts by the same rule (components/common.js)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

Freshness = Literal["live", "late", "stale", "unknown"]
Feed = TypeVar("Feed")

LATE_AFTER_CADENCES = 2
STALE_AFTER_CADENCES = 5
UNKNOWN_AFTER_CADENCES = 20
CLOCK_AHEAD_SECONDS = 60  # a source whose newest event lies further in the future than this has a wrong clock
CARRIED_SHARE = 0.8  # a figure of the whole city is as fresh as the feeds that together carry this share of its contacts


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from: known complete up to `as_of` (None: never), expected every `cadence_seconds`."""

    as_of: datetime | None
    cadence_seconds: float

    def age_seconds(self, now: datetime) -> float | None:
        """Seconds since `as_of`; negative when the source's clock is ahead; None when never seen."""
        return None if self.as_of is None else (now - self.as_of).total_seconds()

    def freshness(self, now: datetime) -> Freshness:
        """The state of a figure from this source."""
        return freshness(self.age_seconds(now), self.cadence_seconds)

    def told_at(self, now: datetime) -> datetime:
        """The instant that its figures are of: now, or, once it is silent, the instant that it last told of."""
        return now if self.as_of is None or self.freshness(now) in ("live", "late") else min(now, self.as_of)


NEVER = Source(as_of=None, cadence_seconds=60)


def freshness(age_seconds: float | None, cadence_seconds: float) -> Freshness:
    """The state of a figure of that age; an age of None (never seen) or far in the future is unknown."""
    if age_seconds is None or age_seconds < -CLOCK_AHEAD_SECONDS:
        return "unknown"
    if age_seconds <= LATE_AFTER_CADENCES * cadence_seconds:
        return "live"
    if age_seconds <= STALE_AFTER_CADENCES * cadence_seconds:
        return "late"
    return "stale" if age_seconds <= UNKNOWN_AFTER_CADENCES * cadence_seconds else "unknown"


def _lateness(source: Source, now: datetime) -> float:
    age = source.age_seconds(now)
    return float("inf") if age is None or age < -CLOCK_AHEAD_SECONDS else age / source.cadence_seconds


def carrying(sources: Mapping[Feed, tuple[Source, float]], now: datetime) -> Feed | None:
    """The feed that tells how fresh a sum over several is; None when there is none.

    Args:
        sources: each feed with its weight (contacts); the freshest that together weigh CARRIED_SHARE count, and of these the oldest.
        now: the instant at which ages are compared.
    """
    total = sum(weight for _, weight in sources.values())
    carried = 0.0
    for feed, (_, weight) in sorted(sources.items(), key=lambda item: _lateness(item[1][0], now)):
        carried += weight
        if carried >= CARRIED_SHARE * total:
            return feed
    return None


def oldest(sources: Sequence[Source], now: datetime) -> Source:
    """The one furthest behind its own cadence; NEVER when there is none."""
    return max(sources, key=lambda source: _lateness(source, now), default=NEVER)
