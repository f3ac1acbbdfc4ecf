"""Alerts of our own as the screens read them: which fire now, whether they are judged at all, and those of the last day. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

JUDGED_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class WatchAlert:
    """An alert of our own: it fires, or it fired within the last day."""

    rule: str
    subject: str
    severity: str
    text: str
    fired_at: datetime
    cleared_at: datetime | None
    runbook: str


@dataclass(frozen=True, slots=True)
class WatchNow:
    """When the rules were last judged (None: never), and how many messages were not taken yet."""

    judged_at: datetime | None
    rules: int
    firing: int
    not_taken: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything about alerts of our own, read at `at`."""

    at: datetime
    alerts: tuple[WatchAlert, ...]
    now: WatchNow

    @property
    def firing(self) -> list[WatchAlert]:
        """Those that fire, what must be acted on first, then the newest."""
        found = [one for one in self.alerts if one.cleared_at is None]
        return sorted(found, key=lambda one: (one.severity != "act", -one.fired_at.timestamp()))

    def silent(self, at: datetime) -> bool:
        """Whether rules were judged once and are not any more."""
        return self.now.judged_at is not None and at - self.now.judged_at > JUDGED_WITHIN
