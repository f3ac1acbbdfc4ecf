"""The activity log of an incident as a board, and as CSV with every row that was ever added. Pure."""

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import csv_export, wording
from dashboard.figure import Figure
from dashboard.incident_figures import aged, moment
from dashboard.incident_rows import Entry, IncidentDesk

MOST_SHOWN = 60
NOTED_LATER_SECONDS = 600
POSITIONS = (
    "Incident commander",
    "Public information",
    "Liaison",
    "Safety",
    "Operations",
    "Planning",
    "Logistics",
    "Finance/administration",
    "Contact centre",
)
LOG_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Activity log", "width": "210px"},
    {"key": "who", "kind": "text", "title": "Who", "width": "210px"},
    {"key": "position", "kind": "text", "title": "Position", "width": "190px"},
    {"key": "what", "kind": "text", "title": "What", "width": "minmax(300px, 1fr)"},
    {"key": "mark", "kind": "text", "title": "", "width": "120px"},
]


def log_board(desk: IncidentDesk) -> Figure:
    """The newest entries, in the city's time, each correction under what it corrects."""
    rows: list[Figure] = []
    for one in desk.log[:MOST_SHOWN]:
        rows.append(_row(one, desk))
        if one.corrected_text is not None:
            rows.append(_correction(one, desk))
    more = len(desk.log) - MOST_SHOWN
    note = f"{wording.plural(more, 'earlier entry', 'earlier entries')} more; the CSV has all." if more > 0 else ""
    told: Figure = {"title": "", "columns": LOG_COLUMNS, "rows": rows, "empty": "Nothing was noted in this incident yet.", "note": note}
    return told | aged(desk)


def _row(one: Entry, desk: IncidentDesk) -> Figure:
    later = (one.recorded_at - one.happened_at).total_seconds() > NOTED_LATER_SECONDS
    return {
        "key": str(one.entry_id),
        "unmarked": True,
        "name": moment(one.happened_at, desk),
        "who": f"{one.recorded_by}, noted {moment(one.recorded_at, desk)}" if later else one.recorded_by,
        "position": one.position,
        "what": said(one),
        "mark": "Significant" if one.significant else "",
    }


def _correction(one: Entry, desk: IncidentDesk) -> Figure:
    at = "" if one.corrected_at is None else moment(one.corrected_at, desk)
    return {
        "key": f"{one.entry_id}-corrected",
        "unmarked": True,
        "name": "",
        "who": one.corrected_by,
        "position": f"corrected {at}",
        "what": one.corrected_text,
        "mark": "Correction",
    }


def said(one: Entry) -> str:
    """What was noted; of a message to whom and by which way it went."""
    return f"To {one.audience} by {one.channel}: {one.text}" if one.kind == "message" else one.text


def label(one: Entry, desk: IncidentDesk) -> str:
    """An entry in a choice: its time, who, and its first words."""
    return f"{moment(one.happened_at, desk)} {one.recorded_by}: {said(one)}"[:120]


CSV_COLUMNS = (
    "entry",
    "happened_at",
    "recorded_at",
    "recorded_by",
    "position",
    "kind",
    "text",
    "significant",
    "audience",
    "channel",
    "concerns_entry",
)


def csv_text(record: pd.DataFrame, zone: ZoneInfo) -> str:
    """Every row of a log as CSV: instants in the city's time with their offset, texts that no spreadsheet takes for a formula.

    Args:
        record: as the query `activity-log-record` gives it.
        zone: the city's.
    """
    told = record.rename(columns={"entry_id": "entry", "concerns": "concerns_entry"})[list(CSV_COLUMNS)]
    for name in ("happened_at", "recorded_at"):
        told[name] = told[name].dt.tz_convert(zone)
    told["concerns_entry"] = told["concerns_entry"].astype("Int64")
    return csv_export.text(told)
