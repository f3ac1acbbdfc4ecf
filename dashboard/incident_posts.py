"""Posts that nobody has answered, the questions first and of these the oldest: text as text, and that its source is not verified. Pure."""

from dashboard import wording
from dashboard.approved_figures import topic_words
from dashboard.figure import Figure
from dashboard.incident_figures import aged
from dashboard.incident_rows import PARTED, IncidentDesk, Post

SHOWN = 6
LONGEST = 160  # characters
GONE = "Its text is past its retention"
LATE_SECONDS = 3600.0  # from here on a question without an answer is to be looked at
COLUMNS = [
    {"key": "name", "kind": "name", "title": "Posts without an answer", "width": "150px"},
    {"key": "text", "kind": "text", "title": "", "width": "minmax(400px, 1fr)"},
    {"key": "topics", "kind": "text", "title": "About", "width": "220px"},
    {"key": "source", "kind": "text", "title": "Source", "width": "170px"},
    {"key": "reposts", "kind": "num", "title": "Repeated", "width": "100px"},
]


def board(desk: IncidentDesk) -> Figure:
    """The posts; nothing is ever done because of one by itself."""
    ordered = sorted(desk.posts, key=lambda one: (not one.question, one.posted_at))
    questions = sum(one.question for one in ordered)
    more = len(ordered) - SHOWN
    said = f"{wording.plural(questions, 'question')} among them" if ordered else ""
    note = f"{said}; {wording.plural(more, 'more post')} without an answer." if more > 0 else f"{said}." if said else ""
    return {
        "title": "",
        "columns": COLUMNS,
        "rows": [_row(one, desk) for one in ordered[:SHOWN]],
        "empty": "Every post with a topic of the city's is answered",
        "note": note,
    } | aged(desk)


def _row(one: Post, desk: IncidentDesk) -> Figure:
    age = (desk.at - one.posted_at).total_seconds()
    text = GONE if one.text is None else " ".join(one.text.split())
    topics = [topic_words(topic) for topic in one.topics.split(PARTED) if topic]
    return {
        "key": one.post_id,
        "status": "watch" if one.rumor or (one.question and age > LATE_SECONDS) else "none",
        "name": f"{wording.age(age)} old",
        "text": text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} …",
        "topics": ", ".join([*topics, *(["rumor to check"] if one.rumor else [])]),
        "source": f"{'Verified' if one.verified else 'Not verified'}{f', {one.language}' if one.language else ''}",
        "reposts": wording.count(one.reposts),
    }
