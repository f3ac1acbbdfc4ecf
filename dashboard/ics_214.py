"""ICS 214, the activity log of an operational period: its eight blocks, filled from the incident's log, for all positions or one.

The form's numbers and names are FEMA's (2010). Nothing is made up: what the system does not know is to fill in.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dashboard import data, ics_forms, typst_paper
from dashboard.emergency_rows import Incident
from dashboard.ics_forms import Block, Form, form_data
from dashboard.ics_period import Period, asked, form_moment, full_moment
from dashboard.incident_log import NOTED_LATER_SECONDS, said
from dashboard.incident_rows import Entry, rows
from dashboard.paper_blocks import TO_FILL_IN, Column, Section, clipped, plain
from dashboard.situation_rows import asked_incident
from sql.queries import frame
from sql.settings import settings

TEMPLATE = "ics_214.typ"
LONGEST_NAME, LONGEST_WORDS = 200, 60  # letters of the incident, of a person or position; what was noted is in full
RESOURCES = (Column("Name", share=1), Column("ICS Position", share=1), Column("Home Agency (and Unit)", share=1))
ACTIVITIES = (Column("Date/Time"), Column("Notable Activities", share=1))


@dataclass(frozen=True, slots=True)
class PeriodLog:
    """The log of a period as it was recorded by `at`, the oldest first; `position` where it is of one alone."""

    at: datetime
    incident: Incident
    period: Period
    position: str | None
    entries: tuple[Entry, ...]
    city_name: str
    zone: ZoneInfo


def read(
    connection: Connection,
    incident_id: int | None,
    as_of: datetime | None = None,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    position: str | None = None,
) -> PeriodLog:
    """The log of an operational period, as it was known at an instant.

    Args:
        connection: open; all is read in its transaction.
        incident_id: which incident; None: the running one that began last.
        as_of: the instant; None: now.
        starts_at, ends_at: the period; without them, the one in which the instant lies.
        position: whose entries; None: everybody's.

    Raises:
        NoSuchIncident: there is no such incident.
        NoSuchPeriod: the period is none.
    """
    at = as_of or data.now()
    incident = asked_incident(connection, incident_id, at)
    zone = settings().zone
    period = asked(starts_at, ends_at, at, incident.opened_at, zone)
    log = rows(Entry, frame("activity-log", connection, incident_id=incident.incident_id, as_of=at))
    wanted = None if position is None else plain(position).casefold()
    entries = [
        one
        for one in reversed(log)
        if period.starts_at <= one.happened_at < period.ends_at and (wanted is None or plain(one.position).casefold() == wanted)
    ]
    return PeriodLog(at, incident, period, position, tuple(entries), settings().city_name, zone)


def pdf(found: PeriodLog) -> bytes:
    """The form as a PDF of as many pages as it needs."""
    return typst_paper.pdf(TEMPLATE, form_data(form(found)), found.at)


def pictures(found: PeriodLog) -> list[bytes]:
    """Each page as a PNG, to look at."""
    return typst_paper.pictures(TEMPLATE, form_data(form(found)), found.at)


def text(found: PeriodLog) -> str:
    """The form as plain text."""
    return ics_forms.text(form(found))


def form(found: PeriodLog) -> Form:
    """The eight blocks in order."""
    zone, period = found.zone, found.period
    position = "All positions of the log" if found.position is None else plain(found.position)
    bounds = (f"From: {form_moment(period.starts_at, zone)}", f"To: {form_moment(period.ends_at, zone)}")
    prepared = (
        f"Name: {TO_FILL_IN}",
        f"Position/Title: {TO_FILL_IN}",
        f"Signature: {TO_FILL_IN}",
        f"Date/Time: {form_moment(found.at, zone)}",
    )
    blocks = (
        Block(1, "Incident Name", (clipped(found.incident.name, LONGEST_NAME),), span=6),
        Block(2, "Operational Period", bounds, span=6),
        Block(3, "Name", span=4),
        Block(4, "ICS Position", (position,), span=4),
        Block(5, "Home Agency (and Unit)", span=4),
        Block(6, "Resources Assigned", (), sections=(_resources(found),)),
        Block(7, "Activity Log", (), sections=(_activities(found),)),
        Block(8, "Prepared by", prepared),
    )
    footer = f"{found.city_name}. From the activity log as it was recorded by {full_moment(found.at, zone)}."
    return Form("ICS 214", "Activity Log", clipped(found.incident.name, LONGEST_NAME), blocks, footer)


def _resources(found: PeriodLog) -> Section:
    people = sorted({(clipped(one.recorded_by, LONGEST_WORDS), clipped(one.position, LONGEST_WORDS)) for one in found.entries})
    note = f"Whoever wrote in the log in this period. Other people and resources: {TO_FILL_IN}"
    return Section("", RESOURCES, tuple((who, position, TO_FILL_IN) for who, position in people), note=note)


def _activities(found: PeriodLog) -> Section:
    rows = tuple((form_moment(one.happened_at, found.zone), activity(one, found.zone)) for one in found.entries)
    return Section("", ACTIVITIES, rows, empty="Nothing was noted for this period.")


def activity(one: Entry, zone: ZoneInfo) -> str:
    """An entry as a line of the form: what, by whom in which position; a correction with what stood there first."""
    told = said(one)
    if one.corrected_text is not None:
        at = "" if one.corrected_at is None else f", {form_moment(one.corrected_at, zone)}"
        told = f"{one.corrected_text} (corrected by {one.corrected_by}{at}; first: {told})"
    later = (one.recorded_at - one.happened_at).total_seconds() > NOTED_LATER_SECONDS
    noted = f", noted {form_moment(one.recorded_at, zone)}" if later else ""
    mark = "Significant. " if one.significant else ""
    return plain(f"{mark}{told} – {clipped(one.position, LONGEST_WORDS)}, {clipped(one.recorded_by, LONGEST_WORDS)}{noted}")
