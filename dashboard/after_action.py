"""The after-action packet of an incident: curves on the storm clock, forecast against actual, what held and was said, the log in full.

It is as of an instant, as every report: what came later is not in it.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from dashboard import (
    after_action_charts,
    after_action_sections,
    paper_text,
    situation_chart,
    situation_figures,
    situation_sections,
    typst_paper,
)
from dashboard.after_action_charts import KIND_NAMES
from dashboard.after_action_rows import Packet, read_packet
from dashboard.paper_blocks import Data, Section, Sheet, sheet_data
from dashboard.situation_report import footer

TEMPLATE = "after_action.typ"
CHART_HEIGHT_PX = 100
READING = (
    ("Expected", "by the newest forecast made before each hour, with its 80% band. No storm: the same forecast without one."),
    ("Usual", "the median of the same weekday and hour in up to eight weeks that lie in no incident."),
    ("Mean error", "the sum of the hours' errors without their signs, of the contacts."),
    ("Inside the band", "a good band holds 8 of 10 hours. More: it is too wide. Fewer: too narrow, or the forecast was off."),
    ("Curves", "blue: seen. Dashed: expected. Grey: usual, or without a storm. Triangles: messages and changes of the level."),
    ("Blocked calls", "no feed tells of them. Whoever heard a busy tone is in no figure here."),
)


def read(connection: Connection, incident_id: int | None, as_of: datetime | None = None) -> Packet:
    """Everything that the packet says, as it was known at an instant.

    Args:
        connection: open; all is read in its transaction.
        incident_id: which incident; None: the running one that began last.
        as_of: the instant; None: now.

    Raises:
        NoSuchIncident: there is no such incident.
    """
    return read_packet(connection, incident_id, as_of)


def pdf(packet: Packet) -> bytes:
    """The packet as a PDF of as many pages as it needs."""
    return typst_paper.pdf(TEMPLATE, _data(packet), packet.situation.at)


def pictures(packet: Packet) -> list[bytes]:
    """Each page as a PNG, to look at."""
    return typst_paper.pictures(TEMPLATE, _data(packet), packet.situation.at)


def text(packet: Packet) -> str:
    """The packet as plain text, without its curves."""
    made = sheet(packet)
    columns = made.sections["against"].columns
    return paper_text.text(replace(made, sections=made.sections | {"against": _narrow(made.sections["against"], len(columns))}))


def _narrow(section: Section, many: int) -> Section:
    """The table of forecast and actual without the columns for which a line of text has no room."""
    kept = [place for place in range(many) if section.columns[place].title not in ("Local time", "No storm", "Posts", "Searches")]
    return replace(
        section,
        columns=tuple(section.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in section.rows),
    )


def sheet(packet: Packet) -> Sheet:
    """The packet in the order in which it is read."""
    found = packet.situation
    subject = situation_figures.subject(found)
    parts = after_action_sections
    return Sheet(
        kind="After-action packet",
        subject=subject,
        title=parts.headline(packet),
        why=parts.sentence(packet),
        facts=situation_figures.facts(found),
        tiles=parts.tiles(packet),
        chart=None,
        chart_title="",
        sections={
            "peaks": parts.peaks(packet),
            "against": parts.against(packet),
            "alerts": parts.alerts(packet),
            "levels": parts.levels(packet),
            "messages": parts.messages(packet),
            "lifelines": parts.lifelines(packet),
            "unknown": situation_sections.unknown(found),
            "log": parts.log(packet),
        },
        reading=READING,
        footer=footer(found, subject),
    )


def _data(packet: Packet) -> Data:
    clock = packet.clock
    hours = packet.hours
    contacts = situation_chart.contacts_svg(hours, clock, clock.hour(clock.ends_at), CHART_HEIGHT_PX)
    curves = [
        {"title": "Contacts an hour", "svg": contacts},
        {"title": after_action_charts.TIMELINE, "svg": after_action_charts.timeline_svg(packet)},
    ]
    curves += [{"title": name, "svg": after_action_charts.counts_svg(packet, kind)} for kind, name in KIND_NAMES.items()]
    return sheet_data(sheet(packet)) | {"curves": curves}
