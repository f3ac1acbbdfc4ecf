"""The boards of the Emergency wall: what residents ask, what was said and done, the lifelines, and the people of the next hours. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import wording
from dashboard.emergency_rows import Emergency
from dashboard.figure import Figure, stamp
from dashboard.freshness import Source
from dashboard.verdict import Status

CADENCE_SECONDS = 60.0
ROWS_ASKED, ROWS_SAID, ROWS_OF_LIFELINES = 4, 3, 4
LOUD_RATIO, LEAST_POSTS, LEAST_POST_RATIO = 4.0, 5, 2.0
HALVES_A_ROW = 6
SHORT_ACTS = 0.25  # of the people required
LIFELINE_STATUS: dict[str, Status | str] = {"stable": "ok", "stabilizing": "watch", "unstable": "act", "unknown": "unknown"}


def aged(known: Emergency) -> Figure:
    """The age of what was read from the database at the instant."""
    return stamp(Source(known.at, CADENCE_SECONDS))


def asked(known: Emergency) -> Figure:
    """What residents ask: the types of requests, topics of posts and searches that are most beyond the usual, the most beyond it first."""
    rows: list[tuple[float, Figure]] = []
    types = known.types[known.types["stands_out"].astype(bool)] if len(known.types) else known.types
    for row in types.to_dict("records"):
        rows.append(
            (
                float(row["ratio"]),
                _asked_row(str(row["name"]), "requests", int(row["requests"]), float(row["ratio"]), status=_loud(float(row["ratio"]))),
            )
        )
    for row in known.topics.to_dict("records"):
        ratio = row.get("ratio")
        if row["posts"] >= LEAST_POSTS and ratio is not None and not pd.isna(ratio) and ratio >= LEAST_POST_RATIO:
            rows.append(
                (
                    float(ratio),
                    _asked_row(str(row["topic"]).replace("_", " ").capitalize(), "posts", int(row["posts"]), float(ratio), status="watch"),
                )
            )
    rows.sort(key=lambda one: -one[0])
    chosen = [row for _, row in rows[:ROWS_ASKED]]
    for term in known.searches.head(max(1, ROWS_ASKED - len(chosen))).to_dict("records"):
        if len(chosen) >= ROWS_ASKED:
            break
        chosen.append(_asked_row(f"“{term['term']}”", "searches", int(term["without_answer"]), None, status="watch"))
    columns = [
        {"key": "name", "kind": "name", "title": "They ask about", "width": "1fr"},
        {"key": "source", "kind": "text", "title": "By", "width": "106px"},
        {"key": "count", "kind": "num", "title": "Number", "width": "100px"},
        {"key": "ratio", "kind": "num", "title": "Of usual", "unit": " ×", "width": "110px", "strong": True},
    ]
    return {"columns": columns, "rows": chosen, "title": "", "empty": "Nothing is asked more than usual", **aged(known)}


def _asked_row(name: str, source: str, count: int, ratio: float | None, *, status: Status) -> Figure:
    return {
        "key": f"{source}/{name}",
        "name": name,
        "source": source,
        "count": wording.count(count),
        "ratio": None if ratio is None else f"{ratio:.1f}",
        "status": status,
    }


def _loud(ratio: float) -> Status:
    return "act" if ratio >= LOUD_RATIO else "watch"


def said(known: Emergency, zone: ZoneInfo) -> Figure:
    """The last significant events and messages to residents, the newest first."""
    chosen = [one for one in known.log if one.significant or one.kind == "message"][:ROWS_SAID]
    rows = [
        {"time": f"{one.happened_at.astimezone(zone):%H:%M}", "who": one.position, "what": one.corrected_text or one.text} for one in chosen
    ]
    return {"title": "Said and done", "rows": rows, "empty": "Nothing significant is in the log yet", **aged(known)}


def lifelines(known: Emergency) -> Figure:
    """The community lifelines that are not stable, with the reason; the others are counted. One whose next update is overdue says so."""
    rows, calm = [], {"stable": 0, "unknown": 0}
    for one in known.lifelines:
        overdue = one.next_update_at is not None and one.next_update_at < known.at
        if one.status in calm and not overdue:
            calm[one.status] += 1
            continue
        word = f"{one.status}, update overdue" if overdue else f"{one.status}: {one.reason}"
        rows.append({"name": one.lifeline, "status": LIFELINE_STATUS[one.status], "word": word})
    more = len(rows) - ROWS_OF_LIFELINES
    others = [f"{more} more not stable"] if more > 0 else []
    others += [f"{count} {status}" for status, count in calm.items() if count]
    said = wording.listed(others)
    return {"title": "Community lifelines", "rows": rows[:ROWS_OF_LIFELINES], "others": said[:1].upper() + said[1:], **aged(known)}


def staff(known: Emergency, zone: ZoneInfo) -> Figure:
    """People required and short in the next hours, three hours a row; and that no feed tells of blocked calls."""
    halves: dict[datetime, tuple[int, int | None]] = {}
    for one in known.staff:
        required, scheduled = halves.get(one.interval_start, (0, 0))
        told = None if scheduled is None or one.scheduled is None else scheduled + one.scheduled
        halves[one.interval_start] = required + (one.required or 0), told
    rows = []
    starts = sorted(halves)
    for place in range(0, len(starts), HALVES_A_ROW):
        group = [halves[start] for start in starts[place : place + HALVES_A_ROW]]
        required = max(need for need, _ in group)
        lacks = [need - have for need, have in group if have is not None]
        begins = starts[place].astimezone(zone)
        ends = (starts[min(place + HALVES_A_ROW, len(starts)) - 1] + timedelta(minutes=30)).astimezone(zone)
        short = max(lacks) if lacks else None
        rows.append(
            {
                "when": f"{begins:%H:%M}–{ends:%H:%M}",
                "required": required,
                "short": None if short is None else max(0, short),
                "status": "none" if short is None else "ok" if short <= 0 else "act" if short >= SHORT_ACTS * required else "watch",
            }
        )
    line = "Blocked calls: no feed tells of them"
    return {"title": "People, next 12 h", "rows": rows, "line": line, "empty": "No forecast yet", **aged(known)}
