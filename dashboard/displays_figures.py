"""From the displays' tokens to the board of the page Displays. Pure; see dashboard/figure.py for what a figure is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.figure import Figure
from dashboard.rows import Display

SOON = timedelta(days=14)
COLUMNS = [
    {"key": "name", "kind": "name", "title": "Displays", "width": "minmax(280px, 1fr)"},
    {"key": "state", "kind": "text", "title": "State", "width": "170px"},
    {"key": "until", "kind": "text", "title": "Holds until", "width": "190px"},
    {"key": "made", "kind": "text", "title": "Made", "width": "420px"},
    {"key": "revoked", "kind": "text", "title": "Revoked", "width": "420px"},
]


def board(displays: Sequence[Display], now: datetime, zone: ZoneInfo) -> Figure:
    """A row for each display, the newest first."""

    def moment(at: datetime) -> str:
        return f"{at.astimezone(zone):%b %d, %Y, %H:%M}"

    rows = []
    for one in displays:
        status, state = state_of(one, now)
        row: Figure = {"key": str(one.display_id), "name": f"{one.display_id}: {one.name}", "status": status, "unmarked": status == "ok"}
        row |= {"state": state, "until": moment(one.expires_at), "made": f"{moment(one.made_at)}, {one.made_by}"}
        row["revoked"] = "" if one.revoked_at is None else f"{moment(one.revoked_at)}, {one.revoked_by}"
        rows.append(row)
    return {"title": "", "columns": COLUMNS, "rows": rows, "empty": "No display has a token yet."}


def state_of(display: Display, now: datetime) -> tuple[str, str]:
    """A status and a word."""
    if display.revoked_at is not None:
        return "none", "Revoked"
    if display.expires_at <= now:
        return "none", "Expired"
    return ("watch", "Ends soon") if display.expires_at - now < SOON else ("ok", "Holds")
