"""From a review to the tiles and boards of the Weekly review page, as small JSON-ready values for their components. Pure; it draws nothing.

Each headline figure stands beside the week before, the same week a year ago, its target or its usual range, and twelve weeks of itself.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime

from dashboard import wording
from dashboard.figure import Figure, definition_of, stamp
from dashboard.freshness import Source
from dashboard.snapshot import Snapshot
from dashboard.verdict import FEWEST_CASES, Status
from dashboard.weekly_measures import CALLS, REQUESTS, SATISFACTION, AnyWeek, Measure
from dashboard.weekly_rows import SHOWN_WEEKS, Action, RequestWeek, Review, SurveyWeek
from dashboard.weekly_verdict import Judged, usually
from dashboard.weekly_week import short
from dashboard.weekly_words import percent, ratio

READ_CADENCE_SECONDS = 60.0  # the page asks every half minute
MOST_ROWS = 8  # of rising types and of searches
SOON_DAYS = 2  # an action that is due so soon is marked


def tiles(review: Review, snapshot: Snapshot) -> dict[str, Figure]:
    """Every tile of the page by the name of its metric; the snapshot knows the definitions."""
    source = aged(review)
    year_ago: dict[str, AnyWeek | None] = dict.fromkeys((one.metric for one in REQUESTS), review.city_year_ago)
    year_ago |= dict.fromkeys((one.metric for one in CALLS), review.calls_year_ago)
    made = {one.metric: tile(one, review.city, year_ago[one.metric]) for one in REQUESTS}
    made |= {one.metric: tile(one, review.calls, year_ago[one.metric]) for one in CALLS}
    made[SATISFACTION.metric] = tile(SATISFACTION, review.surveys, None)
    return {metric: {**figure, **definition_of(snapshot, metric), **source} for metric, figure in made.items()}


def aged(review: Review) -> Figure:
    """What the browser counts the review's age from."""
    return stamp(Source(review.at, READ_CADENCE_SECONDS))


def tile(measure: Measure, rows: Sequence[AnyWeek], year_ago: AnyWeek | None) -> Figure:
    """One figure of the newest week; `rows` are its weeks, oldest first."""
    value = measure.of(rows[-1]) if rows else None
    if value is None:
        return {"label": measure.label, "value": None, "status": "none", "empty": measure.empty}
    row = rows[-1]
    limits = measure.band_of(row)
    over = [measure.out_of(row), *beside(measure, rows, year_ago)]
    if isinstance(row, SurveyWeek) and row.mean_score is not None and row.scale is not None:
        over[2] = f"mean {row.mean_score:.1f} of {row.scale:g}"
    return {
        "label": measure.label,
        "value": measure.written(value),
        "unit": measure.unit,
        "over": "\n".join(over),
        "status": measure.status_of(row),
        "words": measure.words_of(row),
        "compare": measure.against(row),
        "spark": [round(found, 4) for found in map(measure.of, rows[-SHOWN_WEEKS:]) if found is not None],
        "band": list(limits) if limits else None,
        "target": measure.target_of(row),
        "empty": measure.empty,
    }


def beside(measure: Measure, rows: Sequence[AnyWeek], year_ago: AnyWeek | None) -> list[str]:
    """The week before and the same week a year ago, in words."""
    before = measure.of(rows[-2]) if len(rows) > 1 else None
    ago = measure.of(year_ago) if year_ago is not None else None
    return [
        "no data for last week" if before is None else f"last week {measure.written(before)}{measure.unit}",
        "no data for a year ago" if ago is None else f"a year ago {measure.written(ago)}{measure.unit}",
    ]


def axis(departments: Sequence[Judged]) -> tuple[int, int]:
    """From which to which percent the ranges of the board are drawn: whole tens that hold every value, limit and target."""
    shares = [
        share
        for one in departments
        if one.row.due >= FEWEST_CASES
        for share in (one.row.due_cohort_on_time, one.row.on_time_lower, one.row.on_time_target)
        if share is not None
    ]
    return (min(90, math.floor(10 * min(shares)) * 10) if shares else 0), 100


def department_board(departments: Sequence[Judged]) -> Figure:
    """The departments, worst first, and what is real about their change."""
    first, last = axis(departments)
    columns = [
        _column("name", "name", "Department", "minmax(190px, 1.1fr)"),
        _column("on", "num", "On time", "92px", unit="%", strong=True),
        _column("where", "range", f"{first} to {last}%: usual range, target line", "300px", **{"from": first, "to": last}),
        _column("trend", "spark", f"{SHOWN_WEEKS} weeks", "190px"),
        _column("due", "num", "Due", "90px"),
        _column("open", "num", "Open", "90px"),
        _column("change", "num", "In the week", "118px", strong=True),
        _column("clear", "num", "Weeks to clear", "132px"),
        _column("reopened", "num", "Reopened", "112px", unit="%"),
        _column("verdict", "word", "Real, or noise?", "minmax(440px, 2.2fr)"),
    ]
    rows = [_department(one) for one in departments]
    return {"title": "Which departments kept their promises?", "columns": columns, "rows": rows, "empty": "No department had a request"}


def _column(key: str, kind: str, title: str, width: str, **more: object) -> Figure:
    return {"key": key, "kind": kind, "title": title, "width": width, **more}


def _department(one: Judged) -> Figure:
    row = one.row
    row_figure: Figure = {
        "name": row.name,
        "status": one.status,
        "on": None if row.due_cohort_on_time is None or row.due < FEWEST_CASES else percent(row.due_cohort_on_time),
        "where": where(row),
        "trend": _trend(one),
        "due": wording.count(row.due),
        "open": None if row.open is None else wording.count(row.open),
        "change": None if row.open_change is None else wording.change(row.open_change),
        "clear": None if row.weeks_to_clear is None else wording.weeks(row.weeks_to_clear),
        "reopened": None if row.reopen_share is None or row.reopen_eligible < FEWEST_CASES else percent(row.reopen_share),
        "verdict": {"mark": one.status, "text": one.words},
    }
    return row_figure


def where(row: RequestWeek) -> Figure | None:
    """A department's share in percent between its usual limits, with its target; None: too few cases, or no usual range."""
    if row.due_cohort_on_time is None or row.due < FEWEST_CASES or row.on_time_lower is None or row.on_time_upper is None:
        return None
    return {
        "value": round(100 * row.due_cohort_on_time, 2),
        "low": round(100 * row.on_time_lower, 2),
        "high": round(100 * row.on_time_upper, 2),
        "target": None if row.on_time_target is None else round(100 * row.on_time_target, 2),
    }


def _trend(one: Judged) -> Figure | None:
    values = [row.due_cohort_on_time for row in one.weeks[-SHOWN_WEEKS:] if row.due_cohort_on_time is not None]
    if len(values) < 2 or one.row.due < FEWEST_CASES:
        return None
    lower, upper = one.row.on_time_lower, one.row.on_time_upper
    band = None if lower is None or upper is None else [lower, upper]
    return {"values": [round(value, 4) for value in values], "band": band, "target": one.row.on_time_target}


def rising_board(review: Review) -> Figure:
    """The types of request that rose more than chance allows."""
    shown = review.rising[:MOST_ROWS]
    columns = [
        _column("name", "name", "Type", "minmax(220px, 1.4fr)"),
        _column("requests", "num", "This week", "110px", strong=True),
        _column("usual", "num", "Usual week", "110px"),
        _column("ratio", "num", "Ratio", "100px"),
        _column("words", "text", "Chance of so many if nothing had changed", "1fr"),
    ]
    rows = [
        {
            "name": one.service_name,
            "status": "watch",
            "requests": wording.count(one.requests),
            "usual": usually(one),
            "ratio": ratio(one.ratio) if one.baseline_requests else "new",
            "words": chance(one.p_adjusted),
        }
        for one in shown
    ]
    rest = len(review.rising) - len(shown)
    note = f"{wording.plural(rest, 'more type')} rose; all are in the CSV." if rest else ""
    empty = f"None of {wording.plural(review.types_tested, 'type')} rose more than chance allows"
    if not review.types_tested:
        empty = "There are no 4 earlier weeks without an incident to compare with"
    return {"title": "Which types of request rise?", "columns": columns, "rows": rows, "note": note, "empty": empty}


def chance(p: float) -> str:
    """Less than 1 in a million, 1 in 4,200: the chance of a rise, corrected for the number of types."""
    return "less than 1 in a million" if p < 1e-6 else f"1 in {wording.count(1 / p)}"


def search_board(review: Review) -> Figure:
    """What residents looked up in vain, often enough that it tells of no single person."""
    shown = review.terms[:MOST_ROWS]
    total, vain = review.searches.searches, review.searches.searches_without_answer
    rest = vain - sum(one.searches_without_answer for one in shown)
    columns = [
        _column("name", "name", "Looked up, and nothing found", "1fr"),
        _column("vain", "num", "Without answer", "130px", strong=True),
        _column("searches", "num", "Searches", "100px"),
    ]
    rows = [
        {"name": one.term, "unmarked": True, "vain": wording.count(one.searches_without_answer), "searches": wording.count(one.searches)}
        for one in shown
    ]
    note = f"{wording.count(vain)} of {wording.plural(total, 'search', 'searches')} found nothing"
    note += f"; {wording.count(rest)} by words that are not shown, most of them looked up fewer than 5 times." if rest else "."
    empty = "No words were looked up in vain 5 times or more" if total else "Nobody searched in the week"
    return {"title": "What did residents not find?", "columns": columns, "rows": rows, "note": note if total else "", "empty": empty}


def action_board(actions: Sequence[Action], today: date) -> Figure:
    """What the reviews decided: carried over until it is done."""
    columns = [
        _column("name", "name", "What", "1fr"),
        _column("owner", "text", "Who", "minmax(110px, 0.35fr)"),
        _column("decided", "text", "Decided in the review of", "210px"),
        _column("due", "text", "By", "130px"),
        _column("state", "word", "State", "190px"),
    ]
    rows = []
    for one in actions:
        status, words = action_state(one, today)
        due = short(date.fromisoformat(one.due_on), today)
        decided = short(date.fromisoformat(one.decided_on), today)
        state = {"mark": status, "text": words}
        rows.append({"name": one.what, "status": status, "owner": one.owner, "decided": decided, "due": due, "state": state})
    return {"title": "What did we decide?", "columns": columns, "rows": rows, "empty": "No action is open"}


def action_state(action: Action, today: date) -> tuple[Status, str]:
    """The mark and the word of an action: done, on track, due soon, or so many days late."""
    if action.done_on is not None:
        return "ok", f"Done {short(date.fromisoformat(action.done_on), today)}"
    left = (date.fromisoformat(action.due_on) - today).days
    if left < 0:
        return "act", f"{wording.plural(-left, 'day')} late"
    if left == 0:
        return "watch", "Due today"
    return ("watch", f"Due in {wording.plural(left, 'day')}") if left <= SOON_DAYS else ("ok", "On track")


def footer(review: Review) -> str:
    """How fresh everything is: up to when the data reach, when they were read, and by which definitions."""
    parts = [f"{review.city_name}, {review.week.long}."]
    for name, at in (("Requests", review.span.requests_to), ("Contacts", review.span.contacts_to)):
        # the running interval ends after now, which no data do
        parts.append(f"{name}: data to {moment(review, min(at, review.at))}." if at else f"{name}: no data.")
    parts.append(f"As known on {moment(review, review.at)}. Metrics version {review.span.metrics_version or 'unknown'}.")
    return " ".join(parts)


def moment(review: Review, at: datetime) -> str:
    """Sep 30, 2011, 23:57 of the city."""
    local = at.astimezone(review.zone)
    return f"{local:%b} {local.day}, {local.year}, {local:%H:%M}"


def incomplete(review: Review) -> str:
    """Why the week is not whole, or nothing."""
    starts, ends, span = review.week.starts_at(review.zone), review.week.ends_at(review.zone), review.span
    said = []
    if span.requests_from is not None and starts < span.requests_from and ends > span.requests_from:
        said.append(f"the requests begin on {moment(review, span.requests_from)}")
    for name, at in (("requests", span.requests_to), ("contacts", span.contacts_to)):
        if at is not None and (ends - at).total_seconds() > 86_400:
            said.append(f"the {name} end on {moment(review, at)}")
    return f"The week is not whole: {wording.listed(said)}." if said else ""
