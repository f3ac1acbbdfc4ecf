"""Every figure of a weekly review as CSV: one row a figure, so that a spreadsheet can filter it. Pure; nothing is rounded.

Columns: week, section, name (department, type, term or action), figure, value, unit, part and cases (value = part ÷ cases for a share),
last_week, year_ago, usual_lower, usual_upper, target, signal. No data is an empty cell.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.weekly_measures import CALLS, REQUESTS, SATISFACTION, AnyWeek, Measure
from dashboard.weekly_rows import RequestWeek, Review

COLUMNS = (
    "week",
    "section",
    "name",
    "figure",
    "value",
    "unit",
    "part",
    "cases",
    "last_week",
    "year_ago",
    "usual_lower",
    "usual_upper",
    "target",
    "signal",
)
COUNTS = ("opened", "closed", "net_flow", "open_change", "weeks_to_clear")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Line = dict[str, Any]


def text(review: Review) -> str:
    """The CSV, with a header line; lines end in a line feed."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for line in lines(review):
        writer.writerow({"week": review.week.name} | {key: _cell(value) for key, value in line.items()})
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A name that a spreadsheet would take for a formula is marked as words; None is an empty cell."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


def lines(review: Review) -> Iterable[Line]:
    """The figures in the order of the page."""
    yield from _group("requests", "City", review.city, review.city_year_ago)
    for measure in CALLS:
        yield from _measured("calls", "All queues", measure, review.calls, review.calls_year_ago)
    for weeks in review.departments:
        yield from _group("departments", weeks[-1].name, weeks, None)
    for one in review.rising:
        yield {
            "section": "rising types",
            "name": one.service_name,
            "figure": "rising",
            "value": one.requests,
            "unit": "requests",
            "usual_upper": one.usual,
            "signal": f"p {one.p_adjusted:.3g}",
        }
    yield from _measured("residents", "City", SATISFACTION, review.surveys, None)
    for term in (review.searches, *review.terms):
        yield {
            "section": "searches",
            "name": term.term or "all searches",
            "figure": "searches_without_answer",
            "value": term.searches_without_answer,
            "unit": "searches",
            "cases": term.searches,
        }
    for action in review.actions:
        for figure in ("owner", "decided_on", "due_on", "done_on"):
            yield {"section": "actions", "name": action.what, "figure": figure, "value": getattr(action, figure)}


def _group(section: str, name: str, rows: Sequence[RequestWeek], year_ago: RequestWeek | None) -> Iterable[Line]:
    for measure in REQUESTS:
        yield from _measured(section, name, measure, rows, year_ago)
    for figure in COUNTS:
        if not rows:
            continue
        line: Line = {"section": section, "name": name, "figure": figure, "unit": "weeks" if figure == "weeks_to_clear" else "requests"}
        line |= {"value": getattr(rows[-1], figure), "last_week": getattr(rows[-2], figure) if len(rows) > 1 else None}
        line |= {"year_ago": getattr(year_ago, figure) if year_ago and year_ago.open is not None else None}
        if figure in ("opened", "open_change"):
            stem = figure
            line |= {"usual_lower": getattr(rows[-1], f"{stem}_lower"), "usual_upper": getattr(rows[-1], f"{stem}_upper")}
            line |= {"signal": getattr(rows[-1], f"{stem}_signal")}
        yield line


def _measured(section: str, name: str, measure: Measure, rows: Sequence[AnyWeek], year_ago: AnyWeek | None) -> Iterable[Line]:
    if not rows:
        return
    row = rows[-1]
    limits = measure.limits_of(row) if measure.metric != "open" else None
    yield {
        "section": section,
        "name": name,
        "figure": measure.metric,
        "value": measure.of(row),
        "unit": "share" if measure.unit else f"{measure.noun}s",
        "part": getattr(row, measure.part) if measure.part else None,
        "cases": measure.number_of(row) if measure.metric not in ("open", "offered") else None,
        "last_week": measure.of(rows[-2]) if len(rows) > 1 else None,
        "year_ago": measure.of(year_ago) if year_ago is not None else None,
        "usual_lower": limits[0] if limits else None,
        "usual_upper": limits[1] if limits else None,
        "target": measure.target_of(row),
        "signal": measure.signal_of(row) if measure.metric != "open" else None,
    }
