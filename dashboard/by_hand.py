"""What a person tells of a queue whose feed is lost, and when it stands on a screen. Pure; it is never part of a metric or a roll-up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.freshness import Source

CADENCE_SECONDS = 600.0  # whoever counts by hand tells it every ten minutes
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ByHand:
    """One queue as a person saw it; None: not told."""

    entry_id: str
    queue: str
    waiting: int
    longest_wait_seconds: float | None
    agents_available: int | None
    entered_at: datetime
    entered_by: str

    @property
    def source(self) -> Source:
        """What it is as fresh as."""
        return Source(self.entered_at, CADENCE_SECONDS)


def is_lost(feed: Source, now: datetime) -> bool:
    """Whether a feed tells nothing any more, so that a person may."""
    return feed.freshness(now) in ("stale", "unknown")


def holds(entry: ByHand, feed: Source, now: datetime) -> bool:
    """Whether an entry stands in place of what the feed last told: the feed is lost, and the entry is newer."""
    told_at = None if feed.as_of is None or feed.as_of > now else feed.as_of  # a clock that is ahead tells nothing
    newer = told_at is None or entry.entered_at > told_at
    return newer and is_lost(feed, now) and now - entry.entered_at < FORGOTTEN_AFTER


def newest(*many: tuple[ByHand, ...]) -> tuple[ByHand, ...]:
    """Of each queue the newest entry, by queue."""
    found: dict[str, ByHand] = {}
    for entry in sorted((entry for entries in many for entry in entries), key=lambda entry: entry.entered_at):
        found[entry.queue] = entry
    return tuple(found[queue] for queue in sorted(found))
