"""The situation report of an incident as of an instant: two pages of US Letter, and the same as plain text for an e-mail.

It says what the Emergency screen says, with the same verdict, figures and words; it never has a third page.
"""

from datetime import datetime

from sqlalchemy import Connection

from dashboard import paper_text, situation_chart, situation_figures, situation_sections, situation_weather, typst_paper
from dashboard.ics_period import full_moment
from dashboard.paper_blocks import Sheet, sheet_data
from dashboard.situation_rows import Situation, read_situation
from dashboard.situation_sections import Room

TEMPLATE = "situation.typ"
MOST_PAGES = 2
ROOMS = (  # the next one where a report would have a third page
    Room(alerts=5, unanswered=5, messages=5, events=8, letters=150, chart_px=110),
    Room(alerts=4, unanswered=4, messages=4, events=6, letters=110, chart_px=90),
    Room(alerts=3, unanswered=3, messages=3, events=4, letters=80, chart_px=70, flows=True),
    Room(alerts=2, unanswered=2, messages=2, events=2, letters=32, chart_px=56, flows=True),
    Room(alerts=1, unanswered=1, messages=1, events=1, letters=20, chart_px=44, flows=True),
)
READING = (
    ("Verdict", "worse than planned when a figure of the last hour is watched or acted on; by the limits of the page Emergency."),
    ("Expected", "by the newest forecast made before each hour, its 80% band in brackets. Without storm: the same forecast without one."),
    ("Usual", "the median of the same weekday and hour in up to eight weeks that lie in no incident, 10th to 90th percentile in brackets."),
    ("Gave up", "contacts that left the queue unanswered, of the contacts of the last hour."),
    ("Of usual", "requests or posts since the onset, against the same hours of the weeks before. It is no count of need."),
    ("Lifelines", "a person's judgement, with the reason; the requests beside it decide nothing."),
)


def read(connection: Connection, incident_id: int | None, as_of: datetime | None = None) -> Situation:
    """Everything that the report says, as it was known at an instant.

    Args:
        connection: open; all is read in its transaction.
        incident_id: which incident; None: the running one that began last.
        as_of: the instant; None: now.

    Raises:
        NoSuchIncident: there is no such incident; the message says which there are.
    """
    return read_situation(connection, incident_id, as_of)


def pdf(report: Situation) -> bytes:
    """The report as a PDF of at most two pages."""
    made = b""
    for room in ROOMS:
        made = typst_paper.pdf(TEMPLATE, sheet_data(sheet(report, room, with_chart=True)), report.at)
        if typst_paper.page_count(made) <= MOST_PAGES:
            return made
    return made


def pictures(report: Situation, room: Room = ROOMS[0]) -> list[bytes]:
    """Each page as a PNG, to look at."""
    return typst_paper.pictures(TEMPLATE, sheet_data(sheet(report, room, with_chart=True)), report.at)


def text(report: Situation) -> str:
    """The report as plain text, no line wider than 78 columns."""
    return paper_text.text(sheet(report, ROOMS[0], with_chart=False))


def sheet(report: Situation, room: Room, *, with_chart: bool) -> Sheet:
    """The report in the order in which it is read."""
    known = report.known
    chart = None
    if with_chart:
        chart = situation_chart.contacts_svg(known.hours, known.clock, known.clock.hour(report.at), room.chart_px)
    subject = situation_figures.subject(report)
    return Sheet(
        kind="Situation report",
        subject=subject,
        title=report.verdict.headline,
        why=situation_sections.sentence(report),
        facts=situation_figures.facts(report),
        tiles=situation_figures.tiles(report),
        chart=chart,
        chart_title="Contacts an hour, by hours from the onset; the upright line is now",
        sections={
            "numbers": situation_figures.numbers(report),
            "alerts": situation_weather.alerts(report, room.alerts, room.letters),
            "weather": situation_weather.weather(report),
            "staffing": situation_sections.staffing(report),
            "unknown": situation_sections.unknown(report),
            "lifelines": situation_sections.lifelines(report, room),
            "asked": situation_sections.asked(report, room),
            "missing": situation_sections.missing(report, room),
            "messages": situation_sections.messages(report, room),
            "events": situation_sections.events(report, room),
        },
        reading=READING,
        footer=footer(report, subject),
        more={"flows": room.flows},
    )


def footer(report: Situation, subject: str) -> str:
    """What every page of a report on an incident says at its foot."""
    known = f"As known on {full_moment(report.at, report.zone)}."
    return f"{report.city_name}, {subject}. {known} Metrics version {report.metrics_version}."
