"""From a plan to the boards of the Staffing page: gaps, whom to call in, accuracy, overrides. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dashboard import wording
from dashboard.figure import Figure
from dashboard.staffing_figures import at_words, day_words, percent, tenths
from dashboard.staffing_gaps import ACT_UNDER_CHANCE, Call, Gap, called, largest, span
from dashboard.staffing_rows import Staffing
from dashboard.staffing_scores import COVERED, FEWEST_DAYS, LEADS, Accuracy, accuracies

GAPS_SHOWN = 7
QUEUES_IN_A_GAP, QUEUES_IN_A_CALL = 4, 2  # by name: more do not fit on a line

GAP_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Largest gaps", "width": "170px"},
    {"key": "between", "kind": "text", "title": "Between", "width": "150px"},
    {"key": "most", "kind": "num", "title": "Most short", "width": "110px", "strong": True},
    {"key": "hours", "kind": "num", "title": "People-hours", "width": "120px"},
    {"key": "chance", "kind": "num", "unit": "%", "title": "Lowest chance", "width": "120px"},
    {"key": "who", "kind": "text", "title": "Whom to call in at its worst", "width": "minmax(200px, 1fr)"},
]


def gap_board(staffing: Staffing, found: Sequence[Gap], link: str) -> Figure:
    """The gaps that cost the most, each with a link to its day; `link` is the address without the day."""
    rows = [
        {
            "key": gap.starts_at.isoformat(),
            "name": day_words(gap.day),
            "href": f"{link}day={gap.day.isoformat()}",
            "status": "act" if gap.chance is not None and gap.chance < ACT_UNDER_CHANCE else "watch",
            "between": span(gap.starts_at, gap.ends_at, staffing.zone),
            "most": wording.count(gap.most),
            "hours": f"{gap.people_hours:,.1f}",
            "chance": percent(gap.chance),
            "who": called(gap.lacks, QUEUES_IN_A_GAP),
        }
        for gap in largest(found, GAPS_SHOWN)
    ]
    more = len(found) - len(rows)
    note = f"{wording.plural(more, 'smaller gap')} more; the CSV has all." if more > 0 else ""
    return {"title": "", "columns": GAP_COLUMNS, "rows": rows, "empty": "No gap in the half hours that have a schedule", "note": note}


CALL_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Call in from", "width": "112px"},
    {"key": "people", "kind": "num", "title": "People", "width": "70px", "strong": True},
    {"key": "chance", "kind": "num", "unit": "%", "title": "Chance now", "width": "104px"},
    {"key": "who", "kind": "text", "title": "By queue", "width": "minmax(150px, 1fr)"},
]


def call_board(staffing: Staffing, wanted: Sequence[Call], day: date) -> Figure:
    """Whom to call in on a day, hour by hour."""
    rows = [
        {
            "key": call.starts_at.isoformat(),
            "name": f"{call.starts_at.astimezone(staffing.zone):%H:%M}",
            "status": "act" if call.chance is not None and call.chance < ACT_UNDER_CHANCE else "watch",
            "people": wording.count(call.people),
            "chance": percent(call.chance),
            "who": called(call.lacks, QUEUES_IN_A_CALL),
        }
        for call in wanted
        if call.starts_at.astimezone(staffing.zone).date() == day
    ]
    return {"title": "", "columns": CALL_COLUMNS, "rows": rows, "empty": f"Nobody need be called in on {day_words(day)}"}


SCORE_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Forecast made", "width": "minmax(190px, 1.1fr)"},
    {"key": "n", "kind": "num", "title": "Days", "width": "64px"},
    {"key": "wape", "kind": "num", "unit": "%", "title": "Error", "width": "76px", "strong": True},
    {"key": "floor", "kind": "num", "unit": "×", "title": "Best possible", "width": "106px"},
    {"key": "naive", "kind": "num", "unit": "%", "title": "Last week's day", "width": "116px"},
    {"key": "median", "kind": "num", "unit": "%", "title": "4-week median", "width": "116px"},
    {"key": "bias", "kind": "num", "unit": "%", "title": "Bias", "width": "72px"},
    {"key": "coverage", "kind": "num", "unit": "%", "title": "In the 80% band", "width": "118px"},
    {"key": "verdict", "kind": "word", "title": "", "width": "minmax(170px, 1fr)"},
]
SCORE_NOTE = (
    "Error: absolute errors ÷ contacts, of the last eight weeks' days. Best possible: times the error of a perfect forecast of a count. "
    f"Bias above 0: too much was expected. Fewer than {FEWEST_DAYS} days: no verdict."
)


def score_board(staffing: Staffing, queue: str | None) -> Figure:
    """How good the forecasts were, ordinary and storm days apart."""
    rows = [_score_row(one) for one in accuracies(staffing.scores, queue)]
    return {
        "title": "How good was the forecast?",
        "columns": SCORE_COLUMNS,
        "rows": rows,
        "empty": "No forecast has been scored yet: the first is, the day after it was made.",
        "note": SCORE_NOTE if rows else "",
    }


def _score_row(one: Accuracy) -> Figure:
    row: Figure = {
        "key": f"{one.lead_days} {one.storm}",
        "name": f"{LEADS[one.lead_days]}{', storms' if one.storm else ''}",
        "n": wording.count(one.n),
        "status": "none",
        "verdict": {"mark": "none", "text": "Too few days"},
    }
    if not one.enough:
        return row
    words = {"seasonal naive": "Last week's day was better", "four-week median": "4-week median was better"}.get(one.better or "")
    words = words or _band(one.coverage)
    return row | {
        "status": "watch" if words else "ok",
        "verdict": {"mark": "watch" if words else "ok", "text": words or "Better than both"},
        "wape": tenths(one.wape),
        "floor": None if one.over_floor is None else f"{one.over_floor:.1f}",
        "naive": tenths(one.naive),
        "median": tenths(one.median),
        "bias": None if one.bias is None else _signed(100 * one.bias),
        "coverage": percent(one.coverage),
    }


def _band(coverage: float | None) -> str | None:
    """What is wrong with the band; None: nothing."""
    if coverage is None or COVERED[0] <= coverage <= COVERED[1]:
        return None
    return "Band too wide" if coverage > COVERED[1] else "Band too narrow"


def _signed(value: float) -> str:
    rounded = round(value, 1)
    return f"{'+' if rounded > 0 else wording.MINUS if rounded < 0 else ''}{abs(rounded):.1f}"


OVERRIDE_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Override", "width": "150px"},
    {"key": "factor", "kind": "num", "title": "Forecast ×", "width": "90px", "strong": True},
    {"key": "time", "kind": "text", "title": "From, to", "width": "330px"},
    {"key": "reason", "kind": "text", "title": "Reason", "width": "minmax(160px, 1fr)"},
    {"key": "who", "kind": "text", "title": "By", "width": "170px"},
    {"key": "effect", "kind": "text", "title": "What it did", "width": "minmax(210px, 1fr)"},
]


def override_board(staffing: Staffing) -> Figure:
    """Every override of the last weeks and the fortnight, and of those whose time has begun, whether it was right."""
    names = {one.queue: one.name for one in staffing.queues} | {"*": "Every queue"}
    effects = {one.override_id: one for one in staffing.effects}
    rows = []
    for one in staffing.overrides:
        effect = effects.get(one.override_id)
        withdrawn = "" if one.withdrawn_at is None else f"withdrawn by {one.withdrawn_by}"
        rows.append(
            {
                "key": str(one.override_id),
                "name": names.get(one.queue, one.queue),
                "unmarked": True,
                "factor": f"{one.factor:.2f}",
                "time": f"{at_words(one.from_at, staffing)} to {at_words(one.to_at, staffing)}",
                "reason": one.reason,
                "who": f"{one.made_by}{', ' + withdrawn if withdrawn else ''}",
                "effect": _effect(effect.error_with, effect.error_without, effect.contacts)
                if effect
                else "not begun"
                if one.from_at > staffing.at
                else wording.NOTHING,
            }
        )
    return {"title": "", "columns": OVERRIDE_COLUMNS, "rows": rows, "empty": "Nobody has overridden the forecast."}


def _effect(with_it: float, without_it: float, contacts: float) -> str:
    if not contacts:
        return "nothing came"
    words = "better" if with_it < without_it else "worse" if with_it > without_it else "the same"
    return f"error {100 * with_it / contacts:.1f}% with it, {100 * without_it / contacts:.1f}% without: {words}"
