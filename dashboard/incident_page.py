"""What the Incident page asks the database, in one transaction, and which incident the address names. It draws nothing."""

from datetime import timedelta

import pandas as pd
from sqlalchemy import Connection

from dashboard import data
from dashboard.alert_feeds import AlertFeed
from dashboard.incident_rows import (
    Alert,
    Answer,
    Change,
    Entry,
    Incident,
    IncidentDesk,
    Lifeline,
    Post,
    Search,
    Suggestion,
    Topic,
    rows,
    shown,
)
from sql.queries import frame
from sql.settings import settings

ASKED_HOURS_WITHOUT_INCIDENT = 24
MOST_TERMS = 200
MOST_POSTS = 100


def whole(incident_id: int | None) -> IncidentDesk:
    """Everything on the page as it is now, by the database's clock.

    Args:
        incident_id: which incident; None, or one that is not there: the running one that began last.

    Raises:
        NoAnswer: the database is away, or it answered with an error.
    """
    return data.ask(lambda connection: _read(connection, incident_id))


def _read(connection: Connection, incident_id: int | None) -> IncidentDesk:
    at = data.now()
    zones = {"zones": list(settings().alert_zone_codes) or None}
    incidents = rows(Incident, frame("incidents", connection))
    incident = shown(incidents, incident_id)
    about = {"incident_id": incident.incident_id if incident else None}
    latest = at - timedelta(hours=ASKED_HOURS_WITHOUT_INCIDENT)
    asked_from = incident.onset_at if incident and incident.onset_at < at else latest
    since = {"from": asked_from}
    return IncidentDesk(
        at=at,
        zone=settings().zone,
        levels=settings().levels,
        incidents=incidents,
        incident=incident,
        changes=rows(Change, frame("incident-changes", connection, **about)),
        suggestions=rows(Suggestion, frame("incident-suggestions", connection, **zones)),
        alerts=rows(Alert, frame("alerts-active", connection, **zones)),
        lifelines=rows(Lifeline, frame("lifelines", connection, **about, **{"from": incident.onset_at})) if incident else (),
        log=rows(Entry, frame("activity-log", connection, **about)),
        answers=rows(Answer, frame("approved-answers", connection)),
        searches=rows(Search, frame("storm-searches", connection, **since, most=MOST_TERMS)),
        topics=rows(Topic, frame("social-topics", connection, **since, to=at)),
        posts=rows(Post, frame("social-unanswered", connection, **since, most=MOST_POSTS)),
        asked_from=asked_from,
        alert_feeds=rows(AlertFeed, frame("alert-feeds", connection)),
    )


def record(incident_id: int) -> pd.DataFrame:
    """Every row of an incident's log, in the order in which they were recorded.

    Raises:
        NoAnswer: the database is away.
    """
    return data.ask(lambda connection: frame("activity-log-record", connection, incident_id=incident_id))


def number_in(words: str | None) -> int | None:
    """The number of an incident in the address; None: it says none."""
    return int(words) if words and words.isascii() and words.isdigit() and len(words) < 10 else None
