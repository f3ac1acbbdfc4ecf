"""Whether the feeds that bring alerts are heard: "no alert is in force" is a finding only while they are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard import wording
from dashboard.by_hand import is_lost
from dashboard.freshness import Source, oldest


@dataclass(frozen=True, slots=True)
class AlertFeed:
    """One feed that brings alerts, and up to when it has told everything (None: never)."""

    name: str
    as_of: datetime | None
    cadence_seconds: float

    @property
    def source(self) -> Source:
        """What its alerts are as fresh as."""
        return Source(self.as_of, self.cadence_seconds)


def unheard(feeds: Sequence[AlertFeed], at: datetime) -> str:
    """Why it is not known which alerts are in force, as the end of a sentence; empty: every feed is heard.

    Args:
        feeds: all that bring alerts.
        at: the instant at which they were asked for.
    """
    if not feeds:
        return "no feed brings alerts"
    silent = {feed.source: feed.name for feed in feeds if is_lost(feed.source, at)}
    if not silent:
        return ""
    worst = oldest(list(silent), at)
    name, age = wording.bold(silent[worst]), worst.age_seconds(at)
    if age is None:
        return f"nothing from {name} yet"
    return f"the clock of {name} is ahead" if age < 0 else f"nothing from {name} for {wording.age(age)}"
