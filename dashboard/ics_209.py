"""ICS 209, the incident status summary: its 53 blocks in order, filled with what the system knows; everything else is to fill in.

The form's numbers and names are FEMA's (2010). Nothing is made up, and nothing is sent anywhere.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from dashboard import ics_forms, situation_figures, situation_report, situation_sections, situation_weather, typst_paper, wording
from dashboard.ics_forms import Block, Form, form_data
from dashboard.ics_period import Period, asked, form_moment
from dashboard.incident_log import said
from dashboard.incident_rows import KINDS
from dashboard.paper_blocks import TO_FILL_IN, Column, Section, clipped, named, plain
from dashboard.situation_rows import Situation, read_situation
from dashboard.situation_sections import Room

TEMPLATE = "ics_209.typ"
LONGEST_NAME = 200
MOST_EVENTS = 30
ROOM = Room(alerts=10, unanswered=10, messages=10, events=MOST_EVENTS, letters=300, chart_px=0)
SPANS_HOURS = ((0, 12), (12, 24), (24, 48), (48, 72))
HOUR = timedelta(hours=1)
EVENTS = (Column("Date/Time"), Column("Event", share=1))


def read(
    connection: Connection,
    incident_id: int | None,
    as_of: datetime | None = None,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> tuple[Situation, Period]:
    """Everything that the form says, as it was known at an instant, and the period that it reports.

    Args:
        connection: open; all is read in its transaction.
        incident_id: which incident; None: the running one that began last.
        as_of: the instant; None: now.
        starts_at, ends_at: the period; without them, the operational period in which the instant lies.

    Raises:
        NoSuchIncident: there is no such incident.
        NoSuchPeriod: the period is none.
    """
    found = read_situation(connection, incident_id, as_of)
    return found, asked(starts_at, ends_at, found.at, found.incident.opened_at, found.zone)


def pdf(report: tuple[Situation, Period]) -> bytes:
    """The form as a PDF of as many pages as it needs."""
    return typst_paper.pdf(TEMPLATE, form_data(form(*report)), report[0].at)


def pictures(report: tuple[Situation, Period]) -> list[bytes]:
    """Each page as a PNG, to look at."""
    return typst_paper.pictures(TEMPLATE, form_data(form(*report)), report[0].at)


def text(report: tuple[Situation, Period]) -> str:
    """The form as plain text."""
    return ics_forms.text(form(*report))


def form(found: Situation, period: Period) -> Form:
    """The blocks in order."""
    blocks = (*_head(found, period), *_where(found), *_summary(found, period), *_outlook(found), *_resources(found))
    return Form(
        "ICS 209",
        "Incident Status Summary",
        clipped(found.incident.name, LONGEST_NAME),
        blocks,
        situation_report.footer(found, situation_figures.subject(found)),
    )


def _head(found: Situation, period: Period) -> tuple[Block, ...]:
    incident, zone = found.incident, found.zone
    version = "Final" if incident.ended_at is not None else "Initial or Update"
    level = f"{TO_FILL_IN}; the city's activation level: {situation_figures.level_words(found)}"
    ended = () if incident.ended_at is None else (f"Ended: {form_moment(incident.ended_at, zone)}",)
    bounds = (f"From: {form_moment(period.starts_at, zone)}", f"To: {form_moment(period.ends_at, zone)}")
    return (
        Block(1, "Incident Name", (clipped(incident.name, LONGEST_NAME),), span=6),
        Block(2, "Incident Number", (f"{incident.incident_id} in this system; official number: {TO_FILL_IN}",), span=6),
        Block(3, "Report Version", (f"{version}; report number: {TO_FILL_IN}",), span=4),
        Block(4, "Incident Commander(s) & Agency or Organization", span=4),
        Block(5, "Incident Management Organization", span=4),
        Block(6, "Incident Start Date/Time", (f"{form_moment(incident.onset_at, zone)} {zone.key}", *ended), span=4),
        Block(7, "Current Incident Size or Area Involved", (_areas(found), f"Size, with its unit: {TO_FILL_IN}"), span=4),
        Block(8, "Percent (%) Contained or Completed", span=4),
        Block(9, "Incident Definition", (KINDS.get(incident.kind, plain(incident.kind)),), span=4),
        Block(10, "Incident Complexity Level", (level,), span=4),
        Block(11, "For Time Period", bounds, span=4),
        Block(
            12, "Prepared By", (f"Name, position: {TO_FILL_IN}", f"Date/Time Prepared: {form_moment(found.at, zone)} {zone.key}"), span=6
        ),
        Block(13, "Date/Time Submitted", span=6),
        Block(14, "Approved By", (f"Name, position, signature: {TO_FILL_IN}",), span=6),
        Block(15, "Primary Location, Organization, or Agency Sent To", span=6),
    )


def _areas(found: Situation) -> str:
    return f"Areas: {clipped(found.areas, ROOM.letters)}" if found.areas else f"Areas: {TO_FILL_IN}"


def _where(found: Situation) -> tuple[Block, ...]:
    told = [str(one["area_desc"] or ", ".join(one["zones"])) for one in found.known.alerts.to_dict("records")]
    zones = [clipped(one, ROOM.letters) for one in dict.fromkeys(told) if one]
    alerts = (f"Zones of the alerts in force: {'; '.join(zones)}",) if zones else ()
    return (
        Block(16, "State", (found.state or TO_FILL_IN,), span=3),
        Block(17, "County/Parish/Borough", span=3),
        Block(18, "City", (plain(found.city_name),), span=3),
        Block(19, "Unit or Other", span=3),
        Block(20, "Incident Jurisdiction", span=6),
        Block(21, "Incident Location Ownership (if different than jurisdiction)", span=6),
        Block(22, "Longitude, Latitude", span=4),
        Block(23, "US National Grid Reference", span=4),
        Block(24, "Legal Description (township, section, range)", span=4),
        Block(25, "Short Location or Area Description", (_areas(found), *alerts)),
        Block(26, "UTM Coordinates", span=4),
        Block(27, "Note any electronic geospatial data included or attached", span=8),
    )


def _summary(found: Situation, period: Period) -> tuple[Block, ...]:
    hazard = f"{KINDS.get(found.incident.kind, plain(found.incident.kind))}; other materials: {TO_FILL_IN}"
    lifelines = situation_sections.lifelines(found, ROOM)
    return (
        Block(28, "Significant Events for the Time Period Reported", (), sections=(_events(found, period),)),
        Block(29, "Primary Materials or Hazards Involved", (hazard,)),
        Block(30, "Damage Assessment Information", (f"No feed tells of damage: {TO_FILL_IN}",)),
        Block(31, "Public Status Summary", (f"No feed tells of casualties, evacuation or shelter: {TO_FILL_IN}",), span=6),
        Block(32, "Responder Status Summary", span=6),
        Block(33, "Life, Safety, and Health Status/Threat Remarks", (TO_FILL_IN,), sections=(lifelines,)),
        Block(34, "Life, Safety, and Health Threat Management"),
        Block(35, "Weather Concerns", (), sections=(situation_weather.weather(found), situation_weather.alerts(found, ROOM.alerts, 80))),
    )


def _events(found: Situation, period: Period) -> Section:
    told = [
        (one.happened_at, said(one) if one.corrected_text is None else situation_sections.newest(one))
        for one in found.entries
        if one.significant
    ]
    told += [(one.changed_at, f"Level: {situation_sections.level_change(one)}") for one in situation_sections.level_changes(found.changes)]
    inside = sorted((one for one in told if period.starts_at <= one[0] < period.ends_at), key=lambda one: one[0])
    rows = tuple((form_moment(at, found.zone), clipped(what, ROOM.letters)) for at, what in inside[:MOST_EVENTS])
    more = named(len(inside) - MOST_EVENTS, "event")
    return Section("", EVENTS, rows, note=f"{more} in ICS 214." if more else "", empty="Nothing significant is in the log of this period.")


def _outlook(found: Situation) -> tuple[Block, ...]:
    later = f"Anticipated after 72 hours: {TO_FILL_IN}"
    spans = tuple(f"{last} hours: {TO_FILL_IN}" for _, last in SPANS_HOURS)
    projected = "Projected Incident Activity, Potential, Movement, Escalation, or Spread and influencing factors"
    threat = "Current Incident Threat Summary and Risk Information in 12-, 24-, 48-, and 72-hour timeframes and beyond"
    needs = "Critical Resource Needs in 12-, 24-, 48-, and 72-hour timeframes and beyond to meet critical incident objectives"
    return (
        Block(36, projected, (*(_projected(found, *span) for span in SPANS_HOURS), later)),
        Block(37, "Strategic Objectives (define planned end-state for incident)"),
        Block(38, threat, (*(_threat(found, *span) for span in SPANS_HOURS), later)),
        Block(39, needs, (_short(found), *spans[1:], later)),
        Block(40, "Strategic Discussion"),
        Block(41, "Planned Actions for Next Operational Period"),
        Block(42, "Projected Final Incident Size/Area", span=4),
        Block(43, "Anticipated Incident Management Completion Date", span=4),
        Block(44, "Projected Significant Resource Demobilization Start Date", span=4),
        Block(45, "Estimated Incident Costs to Date", span=6),
        Block(46, "Projected Final Incident Cost Estimate", span=6),
        Block(
            47,
            "Remarks",
            (TO_FILL_IN,),
            sections=(situation_figures.numbers(found), situation_sections.asked(found, ROOM), situation_sections.unknown(found)),
        ),
    )


def _projected(found: Situation, first: int, last: int) -> str:
    """What a span of hours to come is forecast to bring: contacts and weather."""
    hours = found.ahead[(found.ahead["number"] >= first) & (found.ahead["number"] < last)]
    whole = len(hours) == last - first and bool(hours["expected"].notna().all())
    said_of = [f"{wording.count(hours['expected'].sum())} contacts expected"] if whole else []
    weather = situation_weather.in_words(situation_weather.ahead(found.weather, found.at, first, last))
    told = "; ".join([*said_of, *([weather] if weather else [])])
    return f"{_span(first, last)}: {told or f'no forecast reaches so far: {TO_FILL_IN}'}"


def _threat(found: Situation, first: int, last: int) -> str:
    """The alerts that hold in a span of hours to come."""
    begins = found.at + first * HOUR
    holding = [one for one in found.known.alerts.to_dict("records") if first == 0 or one["until"] > begins]
    if not holding:
        return f"{_span(first, last)}: no alert is told for them: {TO_FILL_IN}"
    told = "; ".join(situation_weather.alert_words(one, found) for one in holding[: ROOM.alerts])
    return f"{_span(first, last)}: {told}; other threats: {TO_FILL_IN}"


def _span(first: int, last: int) -> str:
    return f"{last} hours" if not first else f"{last} hours (from {first} on)"


def _short(found: Situation) -> str:
    lacks = [int(str(row[3]).replace(",", "")) for row in situation_sections.staffing(found).rows if row[3] != wording.NOTHING]
    if not lacks:
        return f"12 hours: {TO_FILL_IN}"
    most = max(lacks)
    people = (
        f"{wording.plural(most, 'person', 'people')} more to answer contacts" if most else "enough people are scheduled to answer contacts"
    )
    return f"12 hours: {people}; others: {TO_FILL_IN}"


def _resources(found: Situation) -> tuple[Block, ...]:
    return (
        Block(48, "Agency or Organization", (f"{plain(found.city_name)}, contact center", f"Others: {TO_FILL_IN}"), span=4),
        Block(49, "Resources", (f"Others: {TO_FILL_IN}",), span=8, sections=(situation_sections.staffing(found),)),
        Block(50, "Additional Personnel not assigned to a resource", span=4),
        Block(51, "Total Personnel", span=4),
        Block(52, "Total Resources", span=4),
        Block(53, "Additional Cooperating and Assisting Organizations Not Listed Above"),
    )
