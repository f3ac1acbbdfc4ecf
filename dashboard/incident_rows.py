"""What the Incident page knows at one instant: incidents, what alerts suggest, lifelines, the log, approved answers, what is asked. Pure.

It says what each row is and makes the rows from the queries' frames; it asks nothing and draws nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.alert_feeds import AlertFeed
from dashboard.rows import read

PARTED = "; "  # between areas, as the weather service writes them
KINDS = {"snow": "Snow", "hurricane": "Hurricane", "heat": "Heat", "flood": "Flood", "other": "Other"}

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands; `ended_at` only where it has ended, `areas` parted by semicolons."""

    incident_id: int
    name: str
    kind: str
    level: str
    onset_at: datetime
    ended_at: datetime | None
    areas: str
    alert_id: str | None
    opened_at: datetime
    opened_by: str
    changed_at: datetime | None
    changed_by: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an incident was after a change, who made it and why."""

    change_id: int
    changed_at: datetime
    changed_by: str
    reason: str
    name: str
    level: str
    onset_at: datetime
    ended_at: datetime | None
    areas: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A grave alert for which no incident stands."""

    alert_id: str
    kind: str
    event: str
    severity: str | None
    headline: str | None
    area_desc: str | None
    proposed_onset_at: datetime
    until: datetime
    entered_by: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that holds; `lapsed`: it expired before the end of its event and nobody renewed it."""

    alert_id: str
    event: str
    severity: str | None
    certainty: str | None
    urgency: str | None
    headline: str | None
    description: str | None
    instruction: str | None
    sender_name: str | None
    area_desc: str | None
    zones: str
    onset_at: datetime | None
    until: datetime
    lapsed: bool
    source: str
    entered_by: str | None


@dataclass(frozen=True, slots=True)
class Lifeline:
    """What a person judged of a lifeline last; its requests since the onset, of `types` types of requests (0: none tells of it)."""

    lifeline: str
    status: str
    reason: str | None
    next_update_at: datetime | None
    set_at: datetime | None
    set_by: str | None
    requests: int
    open_requests: int | None
    types: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log or a message to residents, with its newest correction beside it."""

    entry_id: int
    recorded_at: datetime
    happened_at: datetime
    recorded_by: str
    position: str
    kind: str
    text: str
    audience: str | None
    channel: str | None
    significant: bool
    corrected_text: str | None
    corrected_by: str | None
    corrected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The version of an approved answer that holds; `search_words` are parted by semicolons."""

    answer_id: int
    version_id: int
    topic: str
    question: str
    answer: str
    search_words: str
    owner: str
    source: str
    verified_at: datetime
    review_by: datetime
    saved_at: datetime
    saved_by: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A term that residents looked up, and how often it found nothing."""

    term: str
    searches: int
    without_answer: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of public posts, and how many posts ask about it."""

    topic: str
    questions: int


@dataclass(frozen=True, slots=True)
class Post:
    """A public post with a topic, or a question, that the city has not answered; `text` is None once its retention is over."""

    post_id: str
    posted_at: datetime
    text: str | None
    topics: str
    language: str | None
    question: bool
    rumor: bool
    verified: bool
    reposts: int


@dataclass(frozen=True, slots=True)
class IncidentDesk:
    """Everything on the page.

    Attributes:
        at: when the database was asked.
        incidents: all of them, those that run first.
        incident: the one that is shown; None: no one runs and none was chosen.
        changes: of the incident, oldest first.
        lifelines: FEMA's eight in their order; none without an incident.
        log: of the incident, the newest first.
        searches, topics: what residents asked since `asked_from`.
        posts: without an answer, the oldest first.
        alert_feeds: those that bring alerts.
    """

    at: datetime
    zone: ZoneInfo
    levels: tuple[str, ...]
    incidents: tuple[Incident, ...]
    incident: Incident | None
    changes: tuple[Change, ...]
    suggestions: tuple[Suggestion, ...]
    alerts: tuple[Alert, ...]
    lifelines: tuple[Lifeline, ...]
    log: tuple[Entry, ...]
    answers: tuple[Answer, ...]
    searches: tuple[Search, ...]
    topics: tuple[Topic, ...]
    posts: tuple[Post, ...]
    asked_from: datetime
    alert_feeds: tuple[AlertFeed, ...]

    @property
    def running(self) -> tuple[Incident, ...]:
        """Those that have not ended."""
        return tuple(one for one in self.incidents if one.ended_at is None)


def rows(kind: type[Row], frame: pd.DataFrame) -> tuple[Row, ...]:
    """The rows of a frame; a list of texts becomes one text, parted by semicolons.

    Raises:
        UnexpectedFrame: a column is missing, or a value where there must be one.
    """
    lists = [name for name in ("areas", "zones", "search_words", "topics") if name in frame.columns]
    joined: Mapping[str, Callable[[pd.DataFrame], list[str]]] = {
        name: lambda found, name=name: [PARTED.join(one) if isinstance(one, list) else "" for one in found[name]]  # type: ignore[misc]
        for name in lists
    }
    return read(kind, frame.assign(**joined))


def parted(words: str, signs: str = ";") -> list[str]:
    """What a person typed as a list: its parts without blanks around them, each once.

    Args:
        words: the text.
        signs: each of them, and a new line, parts.
    """
    for sign in signs[1:] + "\n":
        words = words.replace(sign, signs[0])
    return list(dict.fromkeys(" ".join(part.split()) for part in words.split(signs[0]) if part.strip()))


def shown(incidents: tuple[Incident, ...], incident_id: int | None) -> Incident | None:
    """The incident that was asked for, else the running one that began last."""
    chosen = next((one for one in incidents if one.incident_id == incident_id), None)
    return chosen or max((one for one in incidents if one.ended_at is None), key=lambda one: one.onset_at, default=None)
