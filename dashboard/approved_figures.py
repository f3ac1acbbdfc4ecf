"""Approved answers as figures: the list, those past their review first and loud, and what residents ask that has none. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dashboard import wording
from dashboard.approved_matching import Asked
from dashboard.figure import Figure
from dashboard.incident_figures import aged, moment
from dashboard.incident_rows import Answer, IncidentDesk

DUE_SOON = timedelta(hours=12)
MOST_SHOWN, MOST_ASKED = 40, 8
ASKED_COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "What residents ask most that has no approved answer", "width": "minmax(260px, 1fr)"},
    {"key": "searches", "kind": "num", "title": "Searches that found nothing", "width": "230px"},
    {"key": "posts", "kind": "num", "title": "Posts that ask", "width": "150px"},
]


def ordered(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Those past their review first, the longest overdue on top; the others by topic and question, as they come."""
    overdue = sorted((one for one in answers if one.overdue), key=lambda one: one.review_by)
    return (*overdue, *(one for one in answers if not one.overdue))


def topic_words(topic: str) -> str:
    """A topic as a word on the screen: street_cleaning is Street cleaning."""
    spaced = topic.replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def answer_list(answers: Sequence[Answer], desk: IncidentDesk, typed: str) -> Figure:
    """The answers that are shown, each with its words as they are copied.

    Args:
        answers: those that were found, in any order.
        desk: the page.
        typed: what was searched for; "": nothing.
    """
    chosen = ordered(answers)
    overdue = sum(one.overdue for one in desk.answers)
    title = f"{wording.bold(wording.plural(overdue, 'approved answer'))} past review: check before you say it." if overdue else ""
    more = len(chosen) - MOST_SHOWN
    empty = "No approved answer has these words." if typed and desk.answers else "No answer is approved yet."
    return {
        "title": title,
        "rows": [_row(one, desk) for one in chosen[:MOST_SHOWN]],
        "empty": empty,
        "note": f"{wording.plural(more, 'answer')} more: search for words of yours." if more > 0 else "",
    } | aged(desk)


def _row(one: Answer, desk: IncidentDesk) -> Figure:
    status, word = _review(one, desk)
    return {
        "key": str(one.answer_id),
        "status": status,
        "word": word,
        "topic": topic_words(one.topic),
        "question": one.question,
        "answer": one.answer,
        "meta": [
            f"Owner: {one.owner}",
            f"Source: {one.source}",
            f"Verified {moment(one.verified_at, desk)}",
            f"Review by {moment(one.review_by, desk)}",
            f"Saved by {one.saved_by}",
        ],
    }


def _review(one: Answer, desk: IncidentDesk) -> tuple[str, str]:
    """The status of an answer and its words."""
    if one.overdue:
        return "act", f"Review overdue {wording.age((desk.at - one.review_by).total_seconds())}"
    if one.review_by - desk.at < DUE_SOON:
        return "watch", f"Review due in {wording.age((one.review_by - desk.at).total_seconds())}"
    return "ok", "Verified"


def asked_board(missing: Sequence[Asked], desk: IncidentDesk) -> Figure:
    """What residents ask most that has no approved answer."""
    rows = [
        {
            "key": one.words,
            "unmarked": True,
            "name": topic_words(one.words) if one.posts else one.words,
            "searches": wording.count(one.searches) if one.searches else None,
            "posts": wording.count(one.posts) if one.posts else None,
        }
        for one in missing[:MOST_ASKED]
    ]
    more = len(missing) - len(rows)
    parts = [f"Since {moment(desk.asked_from, desk)}.", f"{wording.count(more)} more." if more > 0 else ""]
    told = desk.searches or desk.topics
    empty = "Everything that residents looked up in vain has an approved answer." if told else "Nothing was looked up in vain."
    return {"title": "", "columns": ASKED_COLUMNS, "rows": rows, "empty": empty, "note": " ".join(filter(None, parts))}
