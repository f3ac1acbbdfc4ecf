"""FEMA's community lifelines as a board: how each stands by a person's judgement, why, and what residents report. Pure."""

from typing import Any

from dashboard import wording
from dashboard.figure import Figure
from dashboard.incident_figures import aged, moment
from dashboard.incident_rows import IncidentDesk, Lifeline

# status in the database: the shape, the word
STATES = {
    "stable": ("ok", "Stable"),
    "stabilizing": ("watch", "Stabilizing"),
    "unstable": ("act", "Unstable"),
    "unknown": ("unknown", "Unknown"),
}
COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Lifeline", "width": "240px"},
    {"key": "state", "kind": "word", "title": "Status", "width": "140px"},
    {"key": "requests", "kind": "num", "title": "Requests since onset", "width": "160px", "strong": True},
    {"key": "open", "kind": "num", "title": "Of these open", "width": "120px"},
    {"key": "why", "kind": "text", "title": "Why", "width": "minmax(240px, 1fr)"},
    {"key": "next", "kind": "text", "title": "Next update", "width": "260px"},
    {"key": "by", "kind": "text", "title": "Judged", "width": "220px"},
]


def board(desk: IncidentDesk) -> Figure:
    """The eight in their fixed order."""
    told: Figure = {"title": "", "columns": COLUMNS, "rows": [_row(one, desk) for one in desk.lifelines], "empty": "", "note": _note(desk)}
    return told | aged(desk)


def _row(one: Lifeline, desk: IncidentDesk) -> Figure:
    shape, word = STATES.get(one.status, STATES["unknown"])
    counted = one.types > 0
    return {
        "key": one.lifeline,
        "status": shape,
        "name": one.lifeline,
        "state": {"mark": shape, "text": word},
        "requests": wording.count(one.requests) if counted else None,
        "open": wording.count(one.open_requests or 0) if counted else None,
        "why": one.reason or "Nobody has judged it in this incident yet",
        "next": _next(one, desk),
        "by": None if one.set_by is None or one.set_at is None else f"{moment(one.set_at, desk)}, {one.set_by}",
    }


def _next(one: Lifeline, desk: IncidentDesk) -> str | None:
    """When the next update is due; that it is overdue, and since when, where that is past."""
    if one.next_update_at is None:
        return None
    if one.next_update_at < desk.at:
        late = wording.age((desk.at - one.next_update_at).total_seconds())
        return f"Overdue {late}, since {moment(one.next_update_at, desk)}"
    return moment(one.next_update_at, desk)


def _note(desk: IncidentDesk) -> str:
    untold = [one.lifeline for one in desk.lifelines if not one.types]
    if len(untold) == len(desk.lifelines):
        return "No type of requests is known to tell of a lifeline: `python -m sql load lifelines FILE` says which do."
    return f"No type of requests tells of {wording.listed(untold)}." if untold else ""
