"""What the reports on an incident know at an instant, and how it is read: in one transaction, nothing that came later. It draws nothing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection

from dashboard import data, emergency_rows
from dashboard.alert_feeds import AlertFeed
from dashboard.emergency_page import KINDS, MOST_TERMS, Reader, storm_hours
from dashboard.emergency_rows import Emergency, StormNow
from dashboard.emergency_verdict import StormVerdict, judge
from dashboard.ics_period import Period, period_of
from dashboard.incident_rows import PARTED, Answer, Change, Entry, Lifeline, Search, Topic, rows
from dashboard.rows import FeedNow, read
from sql.queries import frame
from sql.settings import settings

HOUR = timedelta(hours=1)
OUTLOOK_HOURS = 72


class NoSuchIncident(LookupError):
    """The incident that is asked for is not there; the message says which are."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a report on an incident says, as it was known at `known.at`.

    Attributes:
        known: as the Emergency screen shows it.
        incident: the one it is about.
        areas: of it, in words.
        period: the operational period of the instant.
        hours: one row an hour since the onset that was over, as `storm_hours` gives it.
        ahead: the same of the 48 hours to come: expected, expected_low, expected_high, no_storm.
        weather: as `storm-weather` gives it, from the onset to 72 hours ahead.
        entries: the log, the newest first.
        changes: of the incident, the oldest first.
        feeds: how old each is; None: the instant is past, and that is not kept.
        asked_from: since when searches and topics are counted.
    """

    known: Emergency
    incident: emergency_rows.Incident
    verdict: StormVerdict
    areas: str
    period: Period
    hours: pd.DataFrame
    ahead: pd.DataFrame
    weather: pd.DataFrame
    entries: tuple[Entry, ...]
    lifelines: tuple[Lifeline, ...]
    changes: tuple[Change, ...]
    answers: tuple[Answer, ...]
    searches: tuple[Search, ...]
    topics: tuple[Topic, ...]
    feeds: tuple[FeedNow, ...] | None
    asked_from: datetime
    city_name: str
    state: str
    zone: ZoneInfo
    metrics_version: str

    @property
    def at(self) -> datetime:
        """The instant."""
        return self.known.at


def read_situation(connection: Connection, incident_id: int | None, as_of: datetime | None = None) -> Situation:
    """Everything on an incident as it was known at an instant.

    Args:
        connection: open; all is read in its transaction.
        incident_id: which incident; None: the running one that began last.
        as_of: the instant; None: now.

    Raises:
        NoSuchIncident: there is no incident of that number, or none runs.
        UnexpectedFrame: the queries are of another version.
    """
    at = as_of or data.now()
    asked = asked_incident(connection, incident_id, at)
    known = Reader()(connection, asked, at)
    if as_of is None:
        known = replace(known, alert_feeds=read(AlertFeed, frame("alert-feeds", connection)))
    incident = known.incident or asked
    about = {"incident_id": incident.incident_id, "as_of": at}
    since = min(incident.onset_at, at - HOUR)
    over = max(0, int((at - incident.onset_at) // HOUR))
    to_come = {"from": at, "to": at + 48 * HOUR, "as_of": at}
    changes = rows(Change, frame("incident-changes", connection, **about))
    span = frame("weekly-span", connection)["metrics_version"]
    return Situation(
        known=known,
        incident=incident,
        verdict=judge(known),
        areas=changes[-1].areas if changes else "",
        period=period_of(at, incident.opened_at, settings().zone),
        hours=told(storm_hours(connection, incident.onset_at, incident.onset_at + over * HOUR, at), known.now),
        ahead=frame("storm-expected", connection, **to_come),
        weather=frame("storm-weather", connection, **{"from": since, "to": at + OUTLOOK_HOURS * HOUR}, as_of=at),
        entries=rows(Entry, frame("activity-log", connection, **about)),
        lifelines=rows(Lifeline, frame("lifelines", connection, **about, **{"from": since})),
        changes=changes,
        answers=rows(Answer, frame("approved-answers", connection, as_of=at)),
        searches=rows(Search, frame("storm-searches", connection, **{"from": since}, as_of=at, most=MOST_TERMS)),
        topics=rows(Topic, frame("social-topics", connection, **{"from": since, "to": at}, as_of=at)),
        feeds=read(FeedNow, frame("feeds", connection, as_of=at)) if as_of is None else None,
        asked_from=since,
        city_name=settings().city_name,
        state=settings().alert_area,
        zone=settings().zone,
        metrics_version=str(span[0]) if len(span) and span[0] else "unknown",
    )


def asked_incident(connection: Connection, incident_id: int | None, at: datetime) -> emergency_rows.Incident:
    """The incident of a number, or the running one that began last.

    Raises:
        NoSuchIncident: there is none.
    """
    if incident_id is None:
        standing = read(emergency_rows.Incident, frame("incidents", connection, as_of=at))
        running = emergency_rows.shown(standing, None)
        if running is None:
            raise NoSuchIncident("no incident runs at that time: name one with --incident")
        return running
    every = read(emergency_rows.Incident, frame("incidents", connection))
    found = next((one for one in every if one.incident_id == incident_id), None)
    if found is None:
        there = PARTED.join(f"{one.incident_id} ({one.name})" for one in every[:5]) or "none"
        raise NoSuchIncident(f"there is no incident {incident_id}; there are: {there}")
    return found


def told(hours: pd.DataFrame, now: StormNow) -> pd.DataFrame:
    """The same hours, without the zeros of what nobody ever told anything of."""
    untold = [kind for kind in KINDS if getattr(now, f"{kind}_hour") is None]
    return hours.assign(**dict.fromkeys(untold, float("nan")))
