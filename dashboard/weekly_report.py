"""The weekly review as a PDF of US Letter pages; no browser, no network.

Every word is handed to the template as data. The same review gives the same bytes: the date of the file is that of the data.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from dashboard import typst_paper, wording
from dashboard.verdict import FEWEST_CASES
from dashboard.weekly_charts import PAGE, backlogs, chosen
from dashboard.weekly_figures import MOST_ROWS, action_state, axis, beside, chance, incomplete, where
from dashboard.weekly_measures import CALLS, REQUESTS, SATISFACTION, AnyWeek, Measure
from dashboard.weekly_rows import Action, Review
from dashboard.weekly_verdict import Judged, ranked, usually, verdict
from dashboard.weekly_week import short
from dashboard.weekly_words import maybe_percent, ratio

TEMPLATE = "weekly.typ"
MOST_DEPARTMENTS, MOST_ACTIONS = 20, 12  # what fits on four pages; all of it is in the CSV
LONGEST_NAME = 60  # characters; a longer one has no room in a table
STATUS_WORDS = {"ok": "OK", "watch": "Watch", "act": "Act"}
READING = {
    "On time": "of the requests whose promised day lay in the week, those closed by it. Still open, or closed later, is late.",
    "Usual range": "the mean of up to 26 weeks before ± 2.66 times their mean change from week to week. The upright line is the target.",
    "Real change": "a week outside the usual range, the eighth in a row on one side of the mean, or one of three of four near a limit.",
    "Marks": "a round point is noise; a square on its corner is outside its usual range.",
    "Reopened": "of the closings whose 30 days ended in the week, those opened again, or followed by the same kind at the same address.",
    "Hasty closing": "raises on time and reopened alike: read them beside each other.",
    "Rising": "more than chance allows beside the weeks before, for the spread that the type has (negative binomial, 1 in 100).",
    "To clear": "weeks: open requests ÷ the closings of a week (mean of four). A dash: no data, or fewer than 30 cases.",
}
Data = dict[str, Any]


def pdf(review: Review) -> bytes:
    """The review as a PDF of at most four pages."""
    return typst_paper.pdf(TEMPLATE, sheet(review), _stamp(review))


def pictures(review: Review, ppi: float = typst_paper.PICTURE_PPI) -> list[bytes]:
    """Each page as a PNG, to look at."""
    return typst_paper.pictures(TEMPLATE, sheet(review), _stamp(review), ppi)


def _stamp(review: Review) -> datetime:
    return review.span.ends_at or datetime(1970, 1, 1, tzinfo=UTC)


def sheet(review: Review) -> Data:
    """Everything that the template sets, as words and numbers."""
    departments = ranked(review)
    said = verdict(review, departments)
    first, last = axis(departments)
    chart = backlogs(chosen(departments), "light", PAGE)
    left_out = len(departments) - MOST_DEPARTMENTS
    actions_left = len(review.actions) - MOST_ACTIONS
    return {
        "city": f"{review.city_name}, weekly review",
        "period": f"{review.week.long} ({review.week.name})",
        "title": said.headline,
        "why": said.why,
        "incomplete": incomplete(review),
        "footer": _footer(review),
        "requests": [_figure(one, review.city, review.city_year_ago) for one in REQUESTS],
        "calls": [_figure(one, review.calls, review.calls_year_ago) for one in CALLS],
        "axis": {"from": first, "to": last},
        "departments": [_department(one) for one in departments[:MOST_DEPARTMENTS]],
        "departments_more": f"{wording.plural(left_out, 'more department')}, with less to see, in the CSV." if left_out > 0 else "",
        "backlogs": None if chart is None else typst_paper.svg(chart),
        **_rising(review),
        "satisfaction": _figure(SATISFACTION, review.surveys, None) | _mean(review),
        **_searches(review),
        "actions": [_action(one, review.at.astimezone(review.zone).date()) for one in review.actions[:MOST_ACTIONS]],
        "actions_more": f"{wording.plural(actions_left, 'more action')} in the CSV." if actions_left > 0 else "",
        "reading": [{"name": name, "words": words} for name, words in READING.items()],
    }


def _footer(review: Review) -> str:
    reached = {"requests": review.span.requests_to, "contacts": review.span.contacts_to}
    days = {name: _day(at, review) for name, at in reached.items() if at}
    together = f"requests and contacts to {days['requests']}" if len(days) == 2 and len(set(days.values())) == 1 else ""
    to = [together] if together else [f"{name} to {day}" for name, day in days.items()]
    known = f"As known on {_day(review.at, review)}."
    version = f"Metrics version {review.span.metrics_version or 'unknown'}."
    return f"{review.city_name}, {review.week.days}, {review.week.sunday.year}. Data: {wording.listed(to) or 'none'}. {known} {version}"


def _day(at: datetime, review: Review) -> str:
    local = at.astimezone(review.zone)
    return f"{local:%b} {local.day}, {local.year}"


def _named(words: str) -> str:
    return words if len(words) <= LONGEST_NAME else words[: LONGEST_NAME - 1] + "…"


def _figure(measure: Measure, rows: Sequence[AnyWeek], year_ago: AnyWeek | None) -> Data:
    value = measure.of(rows[-1]) if rows else None
    if value is None:
        return {
            "label": measure.label,
            "value": None,
            "of": "",
            "status": "nodata",
            "word": "No data",
            "against": measure.empty,
            "beside": [],
        }
    row = rows[-1]
    status = measure.status_of(row)
    return {
        "label": measure.label,
        "value": measure.written(value) + measure.unit,
        "of": measure.out_of(row),
        "status": status,
        "word": measure.words_of(row).get(status, STATUS_WORDS.get(status, "")),
        "against": measure.against(row),
        "beside": beside(measure, rows, year_ago),
    }


def _mean(review: Review) -> Data:
    row = review.surveys[-1] if review.surveys else None
    if row is None or row.mean_score is None or row.scale is None:
        return {}
    return {"beside": [f"mean score {row.mean_score:.1f} of {row.scale:g}"]}


def _department(one: Judged) -> Data:
    row, place = one.row, where(one.row)
    return {
        "name": _named(row.name),
        "on": wording.NOTHING if row.due < FEWEST_CASES else maybe_percent(row.due_cohort_on_time),
        "range": None if place is None else place | {"worse": one.fell},
        "due": wording.count(row.due),
        "open": wording.NOTHING if row.open is None else wording.count(row.open),
        "change": wording.NOTHING if row.open_change is None else wording.change(row.open_change),
        "clear": wording.NOTHING if row.weeks_to_clear is None else f"{wording.weeks(row.weeks_to_clear)} wk",
        "reopened": wording.NOTHING if row.reopen_eligible < FEWEST_CASES else maybe_percent(row.reopen_share),
        "mark": one.status,
        "verdict": one.words,
    }


def _rising(review: Review) -> Data:
    shown, rest = review.rising[:MOST_ROWS], len(review.rising) - MOST_ROWS
    rows = [
        {
            "name": _named(one.service_name),
            "requests": wording.count(one.requests),
            "usual": usually(one),
            "ratio": ratio(one.ratio) if one.baseline_requests else "new",
            "words": chance(one.p_adjusted),
        }
        for one in shown
    ]
    note = f"{wording.plural(rest, 'more type')} rose; all are in the CSV." if rest > 0 else ""
    if not rows:
        note = f"None of {wording.plural(review.types_tested, 'type')} rose more than chance allows."
        if not review.types_tested:
            note = "There are no 4 earlier weeks without an incident to compare with."
    return {"rising": rows, "rising_note": note}


def _searches(review: Review) -> Data:
    total = review.searches
    rows = [
        {"name": _named(one.term or ""), "vain": wording.count(one.searches_without_answer), "searches": wording.count(one.searches)}
        for one in review.terms[:MOST_ROWS]
    ]
    note = "Nobody searched in the week."
    if total.searches:
        note = f"{wording.count(total.searches_without_answer)} of {wording.plural(total.searches, 'search', 'searches')} found nothing. "
        note += "Words looked up fewer than 5 times are not shown."
    return {"searches": rows, "searches_note": note}


def _action(one: Action, today: date) -> Data:
    status, words = action_state(one, today)
    due, decided = date.fromisoformat(one.due_on), date.fromisoformat(one.decided_on)
    return {"what": one.what, "who": one.owner, "decided": short(decided, today), "due": short(due, today), "mark": status, "state": words}
