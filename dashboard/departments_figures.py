"""From standings to what the Departments page shows: four tiles and a board. Pure."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import wording
from dashboard.departments_rows import ON_TIME_WEEKS, TREND_WEEKS, Standing, Standings
from dashboard.departments_verdict import FEWEST_CASES, Judged, judge
from dashboard.figure import Figure, definition_of, stamp
from dashboard.freshness import Source
from dashboard.snapshot import Snapshot

CADENCE_SECONDS = 60.0  # the page asks every half minute
DAYS_FROM_HOURS = 48
FEWEST_FOLDED = 3  # fewer take no more room than the line that would stand for them

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "", "width": "minmax(190px, 1.3fr)"},
    {"key": "open", "kind": "num", "title": "Open", "width": "66px", "strong": True},
    {"key": "overdue", "kind": "num", "title": "Overdue", "width": "78px"},
    {"key": "soon", "kind": "num", "title": "Due in 7 days", "width": "102px"},
    {"key": "untargeted", "kind": "num", "title": "No due day", "width": "90px"},
    {"key": "ages", "kind": "parts", "title": "Age, faint to strong", "width": "138px"},
    {"key": "oldest", "kind": "num", "title": "Oldest", "width": "76px"},
    {"key": "flow", "kind": "num", "title": "Last week", "width": "84px"},
    {"key": "trend", "kind": "spark", "title": f"Open, {TREND_WEEKS} weeks", "width": "126px"},
    {"key": "clear", "kind": "num", "title": "To clear", "width": "88px"},
    {"key": "on_time", "kind": "num", "unit": "%", "title": "On time", "width": "78px", "strong": True},
    {"key": "promise", "kind": "text", "title": "Due, target", "width": "118px"},
    {"key": "median", "kind": "num", "title": "Half closed in", "width": "104px"},
    {"key": "p90", "kind": "num", "title": "90% closed in", "width": "108px"},
    {"key": "reopened", "kind": "num", "unit": "%", "title": "Reopened", "width": "86px"},
    {"key": "idle", "kind": "num", "unit": "%", "title": "No work", "width": "76px"},
    {"key": "verdict", "kind": "word", "title": "What needs attention", "width": "minmax(180px, 1fr)"},
]
TYPE_NOTE = (
    "Age: up to 7, 30, 90 days, and older. Last week: opened less closed in the last full week. "
    f"On time: of those due in the last {ON_TIME_WEEKS} full weeks. Closed in: of the last 28 days' requests, those still open counted. "
    "Reopened and No work (closed without work): of closings whose 30 days are over."
)
NOTE = f"{TYPE_NOTE} Open, {TREND_WEEKS} weeks: at each week's end, each on its own scale from 0."
TYPE_COLUMNS = [column for column in COLUMNS if column["key"] != "trend"]

# Of the table of requests, as Streamlit's column_config: px, so that no time is cut off.
REQUEST_COLUMNS: dict[str, Any] = {
    "Request": {"width": 214},
    "Type": {"width": 256},
    "Requested": {"width": 136},
    "Due": {"width": 136},
    "Closed": {"width": 136},
    "Days open": {"width": 86, "type_config": {"type": "number", "format": "%.1f"}},
    "Address": {"width": 190},
    "Zip": {"width": 70},
    "Came by": {"width": 84},
    "Notes, as known today": {"width": 420},
}


def hours(value: float | None, cases: int) -> str:
    """By when a share is closed: 18 h, 9.0 d; "not reached" is an answer, no cases are none."""
    if value is None:
        return "not reached" if cases else wording.NOTHING
    if value < 1:
        return f"{60 * value:.0f} min"
    return f"{value:.1f} h" if value < DAYS_FROM_HOURS else f"{value / 24:.1f} d"


def tiles(standings: Standings, snapshot: Snapshot, asked_at: datetime) -> dict[str, Figure]:
    """Open, overdue, on time and weeks to clear, of the whole."""
    whole, aged = standings.whole, stamp(Source(asked_at, CADENCE_SECONDS))
    judged = judge(whole)
    under = judged.words.startswith("Under target")
    target = "" if whole.on_time_target is None else f"target {100 * whole.on_time_target:.4g}%"
    trend = {"spark": list(whole.open_by_week)} if len(whole.open_by_week) > 1 else {}
    on_time: Figure = {
        "label": "Closed by the day promised",
        "value": None if whole.on_time is None else f"{100 * whole.on_time:.1f}",
        "unit": "%",
        "over": f"{whole.due_closed_on_time:,} of\n{whole.due:,} due",
        "status": "watch" if under else "none" if whole.on_time_target is None or whole.due < FEWEST_CASES else "ok",
        "compare": f"{target or 'last'} {'in the last ' if target else ''}{ON_TIME_WEEKS} full weeks",
        "empty": f"Nothing was due in the last {ON_TIME_WEEKS} full weeks",
    }
    return {
        "open": {
            "label": "Open",
            "value": f"{whole.open:,}",
            "status": "none",
            "words": {"none": ""},
            "compare": f"{wording.change(whole.net_flow)} in the last full week",
            **trend,
            **definition_of(snapshot, "open"),
            **aged,
        },
        "overdue": {
            "label": "Overdue",
            "value": f"{whole.overdue:,}",
            "status": "watch" if whole.open >= FEWEST_CASES and whole.overdue > 0.25 * whole.open else "ok",
            "compare": f"{whole.due_next_7_days:,} more are due in 7 days",
            **definition_of(snapshot, "overdue"),
            **aged,
        },
        "on_time": on_time | definition_of(snapshot, "due_cohort_on_time") | aged,
        "clear": {
            "label": "Weeks to clear",
            "value": None if whole.weeks_to_clear is None else wording.weeks(whole.weeks_to_clear),
            "status": "none",
            "words": {"none": ""},
            "compare": _half_closed(whole),
            "empty": "Nothing was closed in the last 28 days",
            **definition_of(snapshot, "weeks_to_clear"),
            **aged,
        },
    }


def board(standings: Standings, parts: list[Judged], asked_at: datetime, link: dict[str, str]) -> Figure:
    """One row a department, or a type of one, what needs attention first; the whole is the last row.

    Those with nothing open and nothing due are folded into one line, which the reader may open.

    Args:
        standings: all of them.
        parts: the ranked parts.
        asked_at: when the database was asked.
        link: what the URL of a row carries besides.
    """
    of_types = standings.whole.service_name is None and not standings.whole.is_city
    columns = TYPE_COLUMNS if of_types else COLUMNS
    named = [{**columns[0], "title": "Type of request" if of_types else "Department"}, *columns[1:]]
    whole = judge(standings.whole)
    rows = _folded([_row(one, link) for one in parts], [is_quiet(one.standing) for one in parts], "type" if of_types else "department")
    total = _row(whole, {}) | {"total": True, "name": "All types" if of_types else "City", "href": None}
    return {
        "title": "",
        "columns": named,
        "rows": [*rows, total],
        "note": TYPE_NOTE if of_types else NOTE,
        **stamp(Source(asked_at, CADENCE_SECONDS)),
    }


def is_quiet(one: Standing) -> bool:
    """Nothing is open, and nothing was due in the last full weeks."""
    return not one.open and not one.due


def _folded(rows: list[Figure], quiet: list[bool], noun: str) -> list[Figure]:
    """The rows in their order, the quiet ones last, behind a line that says how many they are; as they are, if few are quiet or all."""
    if sum(quiet) < FEWEST_FOLDED or all(quiet):
        return rows
    behind = [row | {"folded": True} for row, still in zip(rows, quiet, strict=True) if still]
    words = f"{wording.plural(len(behind), f'more {noun}')} with nothing open and nothing due"
    fold = {"key": "\nfold", "fold": True, "name": words}
    return [*(row for row, still in zip(rows, quiet, strict=True) if not still), fold, *behind]


def _row(judged: Judged, link: dict[str, str]) -> Figure:
    one = judged.standing
    chosen = {"department": one.department} | ({"type": one.service_name} if one.service_name else {})
    few = one.eligible < FEWEST_CASES
    return {
        "key": f"{one.department}\n{one.service_name}",
        "status": judged.status,
        "name": one.name,
        "href": f"/departments?{urlencode(chosen | link)}",
        "open": f"{one.open:,}",
        "overdue": f"{one.overdue:,}",
        "soon": f"{one.due_next_7_days:,}",
        "untargeted": f"{one.no_target:,}",
        "ages": _ages(one),
        "oldest": None if one.oldest_age_hours is None else _oldest(one.oldest_age_hours),
        "flow": wording.change(one.net_flow),
        "trend": {"values": list(one.open_by_week), "band": None, "floor": 0} if len(one.open_by_week) > 1 else None,
        "clear": None if one.weeks_to_clear is None else f"{wording.weeks(one.weeks_to_clear)} wk",
        "on_time": None if one.on_time is None else f"{100 * one.on_time:.1f}",
        "promise": _promise(one),
        "median": hours(one.median_hours, one.recent),
        "p90": hours(one.p90_hours, one.recent),
        "reopened": None if few or one.reopen_share is None else f"{100 * one.reopen_share:.1f}",
        "idle": None if few or one.without_work_share is None else f"{100 * one.without_work_share:.1f}",
        "verdict": {"mark": judged.status, "text": judged.words},
    }


def _half_closed(one: Standing) -> str:
    if not one.recent:
        return "nothing was asked for in the last 28 days"
    return "half are not closed yet" if one.median_hours is None else f"half closed in {hours(one.median_hours, one.recent)}"


def _ages(one: Standing) -> list[Figure] | None:
    return [{"share": count / one.open, "step": step} for step, count in enumerate(one.ages)] if one.open else None


def _promise(one: Standing) -> str:
    return f"{one.due:,}" + ("" if one.on_time_target is None else f", {100 * one.on_time_target:.4g}%")


def _oldest(age_hours: float) -> str:
    return f"{age_hours:.0f} h" if age_hours < DAYS_FROM_HOURS else f"{age_hours / 24:,.0f} d"


def told(requests: pd.DataFrame) -> list[str]:
    """The columns of a table of requests that say something; one that is empty is not shown."""
    return [str(name) for name in requests if (requests[name].notna() & (requests[name] != "")).any()]


def request_table(found: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """The requests as people read them: one row each, in the order of the query, times in the city's clock."""

    def local(column: str) -> pd.Series:
        times = pd.DatetimeIndex(found[column]).tz_convert(zone).strftime("%Y-%m-%d %H:%M")
        return pd.Series(times, index=found.index).fillna("")

    return pd.DataFrame(
        {
            "Request": found["service_request_id"],
            "Type": found["service_name"],
            "Requested": local("requested_datetime"),
            "Due": local("expected_datetime"),
            "Closed": local("closed_at"),
            "Days open": found["age_days"].round(1),
            "Address": found["address"].fillna(""),
            "Zip": found["zipcode"].fillna(""),
            "Came by": found["channel"].fillna(""),
            "Notes, as known today": found["status_notes"].fillna(""),
        }
    )
