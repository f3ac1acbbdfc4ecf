"""What the Emergency screen knows at one instant: an incident, its clock, and everything on it as it was known then. Pure; others fill it.

Hours are counted from the onset. While no incident runs, the clock's zero is now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from dashboard.ahead import PlannedHalfHour
from dashboard.alert_feeds import AlertFeed, unheard
from dashboard.incident_rows import Entry, Lifeline

HOURS_BEFORE, HOURS_SHOWN, HOURS_AHEAD = 6, 36, 12
LONGEST_BEHIND = 60  # hours before now that a long incident still shows
NOT_OPEN = "not open yet"
CALM_BEFORE, CALM_AHEAD = 24, 24  # while no incident runs
TICKS_EVERY, MOST_TICKS = (6, 12, 24, 48), 9  # hours from one labelled hour to the next


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stood at an instant; `ended_at` only where it had ended."""

    incident_id: int
    name: str
    kind: str
    level: str
    onset_at: datetime
    ended_at: datetime | None
    opened_at: datetime
    opened_by: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Hours from the onset (or, while no incident runs, from now) that are shown."""

    zero_at: datetime
    first: int
    last: int
    is_storm: bool

    @property
    def starts_at(self) -> datetime:
        """The instant of the first hour."""
        return self.zero_at + timedelta(hours=self.first)

    @property
    def ends_at(self) -> datetime:
        """The instant after the last hour."""
        return self.zero_at + timedelta(hours=self.last)

    def hour(self, at: datetime) -> float:
        """An instant on this clock."""
        return (at - self.zero_at).total_seconds() / 3600

    @property
    def ticks(self) -> list[int]:
        """The hours that are labelled: as many as are read at a glance, and 0 among them."""
        every = next((one for one in TICKS_EVERY if (self.last - self.first) / one <= MOST_TICKS), TICKS_EVERY[-1])
        return [hour for hour in range(-20 * every, self.last + 1, every) if hour >= self.first]


@dataclass(frozen=True, slots=True)
class StormNow:
    """The hour before an instant, what waited and was open then, and the sums since the onset; None: nothing of the kind was ever told."""

    contacts_hour: int
    answered_hour: int
    abandoned_hour: int
    abandon_share_hour: float | None
    contacts_since: int
    abandoned_since: int
    waiting_now: int
    longest_wait_now_seconds: float | None
    requests_hour: int | None
    requests_since: int | None
    posts_hour: int | None
    searches_hour: int | None
    searches_without_answer_since: int
    open_requests: int | None
    open_requests_hour_ago: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What was expected of the hour before an instant: by the forecast with its 80 % band, by it without a storm; None: no forecast."""

    expected: float | None
    expected_low: float | None
    expected_high: float | None
    no_storm: float | None
    afterwards: bool


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in that hour: the median of `weeks` weeks, 10th and 90th percentile."""

    kind: str
    usual: float
    usual_low: float
    usual_high: float
    weeks: int


@dataclass(frozen=True, slots=True)
class Emergency:
    """Everything as it was known at `at`.

    Attributes:
        at: the instant; live it is when the database was read.
        incident: the one that is shown; None: none runs.
        running: how many run.
        hours: one row an hour of the clock, in order: hour (its beginning), contacts, abandoned (NaN: not over), expected, expected_low,
            expected_high, no_storm, afterwards, usual, usual_low, usual_high, and requests, posts, searches with `KIND_usual`.
        weather: as `storm-weather` gives it.
        alerts: those that hold, as `alerts-active` gives them.
        shapes: where they are in force, as `alert-shapes` gives them.
        bars: the alerts of the clock's time, as `alert-history` gives them.
        types, districts: as `hot-groups` gives them, since the onset.
        cells: as `hot-spots` gives them, since the onset.
        topics: as `social-topics` gives them, since the onset.
        searches: as `storm-searches` gives them, since the onset.
        staff: the plan of the next 12 hours, by queue and half hour.
        suggested: alerts that suggest an incident, in words.
        alert_feeds: those that bring alerts; None: of an instant of the past, of which it is not known how they were heard.
    """

    at: datetime
    incident: Incident | None
    running: int
    clock: Clock
    now: StormNow
    expected: Expected
    usual: dict[str, Usual]
    hours: pd.DataFrame
    weather: pd.DataFrame
    alerts: pd.DataFrame
    shapes: pd.DataFrame
    bars: pd.DataFrame
    log: tuple[Entry, ...]
    lifelines: tuple[Lifeline, ...]
    types: pd.DataFrame
    districts: pd.DataFrame
    cells: pd.DataFrame
    topics: pd.DataFrame
    searches: pd.DataFrame
    staff: tuple[PlannedHalfHour, ...]
    suggested: tuple[str, ...] = ()
    alert_feeds: tuple[AlertFeed, ...] | None = None

    @property
    def alerts_unheard(self) -> str:
        """Why it is not known which alerts are in force; empty: it is."""
        return "" if self.alert_feeds is None else unheard(self.alert_feeds, self.at)


def clock_of(incident: Incident | None, at: datetime) -> Clock:
    """The hours that are shown at an instant: from before the onset to some hours ahead."""
    if incident is None:
        zero = at.replace(minute=0, second=0, microsecond=0)
        return Clock(zero, -CALM_BEFORE, CALM_AHEAD, is_storm=False)
    hour = int((at - incident.onset_at).total_seconds() // 3600)
    first = max(-HOURS_BEFORE, hour - LONGEST_BEHIND)
    return Clock(incident.onset_at, first, max(HOURS_SHOWN, hour + HOURS_AHEAD), is_storm=True)


def shown(incidents: Sequence[Incident], asked: Incident | None) -> Incident | None:
    """The incident that a screen is about: the one that is asked for, else the running one that began last.

    Args:
        incidents: as they stood at the instant.
        asked: as it stands now; before it was opened it has a name and a clock, and no level.
    """
    if asked is not None:
        known = next((one for one in incidents if one.incident_id == asked.incident_id), None)
        return known or replace(asked, level=NOT_OPEN, ended_at=None)
    running = [one for one in incidents if one.ended_at is None]
    return max(running, key=lambda one: one.onset_at, default=None)
