"""From what the Incident page knows to its first figures: the answer in a sentence, changes, alerts that hold. Pure, and JSON-ready."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard import wording
from dashboard.alert_feeds import unheard
from dashboard.figure import Figure, stamp
from dashboard.freshness import Source
from dashboard.incident_rows import KINDS, Incident, IncidentDesk, Suggestion

CADENCE_SECONDS = 15.0
MOST_CHANGES = 8
GRAVE = ("Extreme", "Severe")


def aged(desk: IncidentDesk) -> Figure:
    """What the browser counts the page's age from."""
    return stamp(Source(desk.at, CADENCE_SECONDS))


def moment(at: datetime, desk: IncidentDesk) -> str:
    """14:32 of the city's day, Tue, Nov 24, 14:32 of another one, with its year where that is another."""
    local, today = at.astimezone(desk.zone), desk.at.astimezone(desk.zone)
    if local.date() == today.date():
        return wording.clock(local)
    year = "" if local.year == today.year else f" {local.year},"
    return f"{wording.day(local)},{year} {wording.clock(local)}"


def storm_clock(onset_at: datetime, at: datetime) -> str:
    """T+18:42 in hours and minutes from the onset; before it T−5:00."""
    minutes = int((at - onset_at).total_seconds() // 60)
    sign = "+" if minutes >= 0 else wording.MINUS
    return f"T{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02}"


def verdict(desk: IncidentDesk) -> Figure:
    """The answer: which incident runs, at which level, since when, and what is to be done about it."""
    incident = desk.incident
    if incident is None:
        said = f"{wording.bold('No incident is open')}. {_suggested(desk)}"
    elif incident.ended_at is None:
        clock = f"{wording.bold(storm_clock(incident.onset_at, desk.at))} (onset {moment(incident.onset_at, desk)})"
        said = f"{wording.bold(incident.name)}: {wording.plainly(incident.level)}, {clock}. {_to_do(desk)}"
    else:
        lasted = wording.wait((incident.ended_at - incident.onset_at).total_seconds())
        said = f"{wording.bold(incident.name)} is over since {moment(incident.ended_at, desk)}, after {lasted}."
    told: Figure = {"title": said, "columns": [], "rows": [], "empty": "", "note": _others(desk)}
    return told | aged(desk)


def _suggested(desk: IncidentDesk) -> str:
    number, silent = len(desk.suggestions), unheard(desk.alert_feeds, desk.at)
    if number:
        return f"{'One alert suggests' if number == 1 else f'{number} alerts suggest'} one."
    return f"No alert is known that suggests one: {silent}." if silent else "No alert suggests one."


def _to_do(desk: IncidentDesk) -> str:
    """What asks for somebody: lifelines, updates that are late, answers past their review."""
    unstable = sum(one.status == "unstable" for one in desk.lifelines)
    late = sum(one.next_update_at is not None and one.next_update_at < desk.at for one in desk.lifelines)
    overdue = sum(one.overdue for one in desk.answers)
    parts = [
        wording.plural(unstable, "lifeline") + " unstable" if unstable else "",
        wording.plural(late, "lifeline update") + " overdue" if late else "",
        wording.plural(overdue, "approved answer") + " past review" if overdue else "",
    ]
    listed = wording.listed([part for part in parts if part])
    return f"{listed}." if listed else "Nothing is overdue."


def _others(desk: IncidentDesk) -> str:
    others = [one.name for one in desk.running if desk.incident is None or one.incident_id != desk.incident.incident_id]
    return f"Open too: {wording.listed(others)}." if others else ""


def suggestion_words(one: Suggestion, desk: IncidentDesk) -> tuple[str, str]:
    """A suggestion in two lines: which alert, and what it says."""
    severity = f", {one.severity.lower()}" if one.severity else ""
    when = f"onset {moment(one.proposed_onset_at, desk)}, until {moment(one.until, desk)}"
    first = f"{one.event}{severity}: {KINDS.get(one.kind, one.kind).lower()}, {when}"
    by = f"entered by {one.entered_by}" if one.entered_by else ""
    return first, ". ".join(part for part in (one.headline, one.area_desc, by) if part)


def labels(incidents: tuple[Incident, ...], desk: IncidentDesk) -> Mapping[int, str]:
    """What a choice of incidents shows: the name, and the day of the onset, for names repeat."""
    return {
        one.incident_id: f"{one.name} ({'open' if one.ended_at is None else 'over'}, {wording.day(one.onset_at.astimezone(desk.zone))})"
        for one in incidents
    }


CHANGE_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Changed", "width": "210px"},
    {"key": "who", "kind": "text", "title": "By", "width": "150px"},
    {"key": "level", "kind": "text", "title": "Level", "width": "170px"},
    {"key": "what", "kind": "text", "title": "Then", "width": "minmax(220px, 1fr)"},
    {"key": "why", "kind": "text", "title": "Why", "width": "minmax(220px, 1.4fr)"},
]


def change_board(desk: IncidentDesk) -> Figure:
    """What the incident was after each of its newest changes."""
    rows = [
        {
            "key": str(one.change_id),
            "unmarked": True,
            "name": moment(one.changed_at, desk),
            "who": one.changed_by,
            "level": one.level,
            "what": f"{one.name}, onset {moment(one.onset_at, desk)}" + (f", over {moment(one.ended_at, desk)}" if one.ended_at else ""),
            "why": one.reason or None,
        }
        for one in desk.changes[::-1][:MOST_CHANGES]
    ]
    more = len(desk.changes) - len(rows)
    note = f"{wording.plural(more, 'earlier change')} more." if more > 0 else ""
    return {"title": "", "columns": CHANGE_COLUMNS, "rows": rows, "empty": "It was not changed on this screen.", "note": note}


ALERT_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Alerts that hold", "width": "minmax(220px, 1fr)"},
    {"key": "severity", "kind": "text", "title": "Severity", "width": "110px"},
    {"key": "until", "kind": "text", "title": "Until", "width": "170px"},
    {"key": "areas", "kind": "text", "title": "Where", "width": "minmax(200px, 1fr)"},
    {"key": "from", "kind": "text", "title": "From", "width": "260px"},
]


def alert_board(desk: IncidentDesk) -> Figure:
    """The alerts that hold, the gravest first; one that nobody renewed says so."""
    rows = [
        {
            "key": one.alert_id,
            "status": "watch" if one.severity in GRAVE else "none",
            "name": one.event,
            "severity": one.severity,
            "until": moment(one.until, desk) + (", not renewed" if one.lapsed else ""),
            "areas": one.area_desc or one.zones or None,
            "from": f"{one.sender_name or one.source}, entered by {one.entered_by}" if one.entered_by else one.sender_name or one.source,
        }
        for one in desk.alerts
    ]
    silent = unheard(desk.alert_feeds, desk.at)
    empty = f"No alert is known: {wording.plainly(silent)}." if silent else "No alert holds."
    return {"title": "", "columns": ALERT_COLUMNS, "rows": rows, "empty": empty}
