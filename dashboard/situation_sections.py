"""The boards of a situation report: lifelines, what residents ask, staffing, messages, significant events, what is not known. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from dashboard import emergency_boards, wording
from dashboard.approved_figures import topic_words
from dashboard.approved_matching import answering, unanswered
from dashboard.emergency_boards import HALVES_A_ROW, LIFELINE_STATUS
from dashboard.emergency_rows import StormNow
from dashboard.emergency_verdict import judge
from dashboard.freshness import freshness
from dashboard.ics_period import before, moment
from dashboard.incident_rows import Change, Entry
from dashboard.paper_blocks import Cell, Column, Marked, Section, clipped, named
from dashboard.situation_rows import Situation
from dashboard.verdict import FEWEST_WEEKS

LONGEST_SENTENCE, LONGEST_NAME, MOST_NAMES = 320, 60, 6
LIFELINES = (
    Column("Lifeline", strong=True),
    Column("Status"),
    Column("Why", share=1),
    Column("Requests", "right"),
    Column("Open", "right"),
    Column("Next update"),
)
ASKED = (
    Column("They ask about", share=1, strong=True),
    Column("By"),
    Column("Number", "right"),
    Column("Of usual", "right"),
    Column("Approved answer", share=1),
)
UNANSWERED = (Column("Asked", share=1, strong=True), Column("Searches", "right"), Column("Posts", "right"))
STAFF = (
    Column("Hours", strong=True),
    Column("Required", "right"),
    Column("Scheduled", "right"),
    Column("Short", "right"),
    Column(""),
)
MESSAGES = (Column("Sent", strong=True), Column("To", share=0.5), Column("By", share=0.4), Column("What was said", share=2))
EVENTS = (Column("When", strong=True), Column("Position", share=0.5), Column("What", share=2))
SHAPE_WORDS = {"ok": "Enough", "watch": "Short", "act": "Very short", "none": "No schedule"}


@dataclass(frozen=True, slots=True)
class Room:
    """How many rows have room, how many characters of a text, and how high the chart is."""

    alerts: int
    unanswered: int
    messages: int
    events: int
    letters: int
    chart_px: int
    flows: bool = False  # sections go where there is room, not each to its page


def sentence(found: Situation) -> str:
    """The verdict's reason, in one line; what stands between `**` is read first."""
    incident = replace(found.incident, name=clipped(found.incident.name, LONGEST_NAME), level=clipped(found.incident.level, LONGEST_NAME))
    return clipped(judge(replace(found.known, incident=incident)).why, LONGEST_SENTENCE) + "."


def lifelines(found: Situation, room: Room) -> Section:
    """All eight, in their order."""
    rows: list[tuple[Cell, ...]] = []
    for one in found.lifelines:
        due = "" if one.next_update_at is None else moment(one.next_update_at, found.zone)
        overdue = one.next_update_at is not None and one.next_update_at < found.at
        counted = one.types > 0
        rows.append(
            (
                one.lifeline,
                Marked(LIFELINE_STATUS[one.status], one.status.capitalize()),
                clipped(one.reason or "", room.letters) or ("nobody has judged it" if one.set_at is None else ""),
                wording.count(one.requests) if counted else wording.NOTHING,
                wording.count(one.open_requests or 0) if counted else wording.NOTHING,
                f"{due}, overdue" if overdue else due or wording.NOTHING,
            )
        )
    return Section("How do the community lifelines stand?", LIFELINES, tuple(rows), note="Requests are those since the onset.")


def asked(found: Situation, room: Room) -> Section:
    """What is asked most beyond the usual, with the approved answer to it."""
    letters = min(LONGEST_NAME, room.letters)
    rows: list[tuple[Cell, ...]] = []
    for one in emergency_boards.asked(found.known)["rows"]:
        name = topic_words(str(one["name"]))
        answer = answering(name.strip("“”"), found.answers)
        told = "None" if answer is None else ("Review overdue: " if answer.overdue else "") + clipped(answer.question, letters)
        ratio = wording.NOTHING if one["ratio"] is None else f"{one['ratio']} ×"
        rows.append((clipped(name, letters), str(one["source"]), str(one["count"]), ratio, told))
    return Section("What do residents ask?", ASKED, tuple(rows), empty="Nothing is asked more than usual.")


def missing(found: Situation, room: Room) -> Section:
    """What is asked most and has no approved answer."""
    every = unanswered(found.searches, found.topics, found.answers)
    told = found.searches or found.topics
    empty = "Everything that residents looked up in vain has an approved answer." if told else "Nothing was looked up in vain."
    rows = tuple(
        (
            clipped(topic_words(one.words) if one.posts else one.words, min(LONGEST_NAME, room.letters)),
            wording.count(one.searches) if one.searches else wording.NOTHING,
            wording.count(one.posts) if one.posts else wording.NOTHING,
        )
        for one in every[: room.unanswered]
    )
    return Section(
        "What of it has no approved answer?",
        UNANSWERED,
        rows,
        note=named(len(every) - room.unanswered, "matter"),
        empty=empty,
    )


def staffing(found: Situation) -> Section:
    """People of the next twelve hours, three hours a row, as the Emergency wall counts them."""
    shown = emergency_boards.staff(found.known, found.zone)["rows"]
    have = _scheduled(found)
    rows: list[tuple[Cell, ...]] = []
    for place, one in enumerate(shown):
        status = str(one["status"])
        rows.append(
            (
                str(one["when"]),
                wording.count(one["required"]),
                wording.NOTHING if have[place] is None else wording.count(have[place] or 0),
                wording.NOTHING if one["short"] is None else wording.count(one["short"]),
                Marked(status, SHAPE_WORDS[status]),
            )
        )
    return Section(
        "Are there enough people, next 12 h?",
        STAFF,
        tuple(rows),
        note="People answering contacts, all queues: in three hours the most required, the fewest scheduled, the most short."
        if rows
        else "",
        empty="No forecast says how many people are needed.",
    )


def _scheduled(found: Situation) -> list[int | None]:
    """The fewest people scheduled in a half hour, by the rows of the staffing board; None: a half hour has no schedule."""
    halves: dict[datetime, int | None] = {}
    for one in found.known.staff:
        before_it = halves.get(one.interval_start, 0)
        halves[one.interval_start] = None if before_it is None or one.scheduled is None else before_it + one.scheduled
    starts = sorted(halves)
    groups = [[halves[start] for start in starts[place : place + HALVES_A_ROW]] for place in range(0, len(starts), HALVES_A_ROW)]
    return [min((one for one in group if one is not None), default=None) for group in groups]


def messages(found: Situation, room: Room) -> Section:
    """What was said to residents and others, the newest first."""
    every = [one for one in found.entries if one.kind == "message"]
    rows = tuple(
        (
            moment(one.happened_at, found.zone),
            clipped(one.audience or "not told", min(40, room.letters)),
            clipped(one.channel or "not told", min(30, room.letters)),
            clipped(newest(one), room.letters),
        )
        for one in every[: room.messages]
    )
    more = named(len(every) - room.messages, "message")
    return Section(
        "What have we told residents?", MESSAGES, rows, note=f"{more} in the log." if more else "", empty="No message is in the log."
    )


def newest(one: Entry) -> str:
    """An entry in its newest wording."""
    return one.text if one.corrected_text is None else f"{one.corrected_text} (corrected)"


def events(found: Situation, room: Room) -> Section:
    """Significant entries and changes of the level since the period before this one began, the newest first."""
    since = before(found.period, found.zone).starts_at
    said = [(one.happened_at, one.position, newest(one)) for one in found.entries if one.significant and one.kind != "message"]
    said += [(one.changed_at, "Level", level_change(one)) for one in level_changes(found.changes)]
    every = sorted((one for one in said if one[0] >= since), key=lambda one: one[0], reverse=True)
    rows = tuple((moment(at, found.zone), clipped(who, 30), clipped(what, room.letters)) for at, who, what in every[: room.events])
    more = named(len(every) - room.events, "significant event")
    return Section(
        f"What was significant since {moment(since, found.zone)}?",
        EVENTS,
        rows,
        note=f"{more} in the log." if more else "",
        empty=f"Nothing significant is in the log since {moment(since, found.zone)}.",
    )


def level_changes(changes: tuple[Change, ...]) -> list[Change]:
    """Those that set another level, the opening among them."""
    return [one for place, one in enumerate(changes) if place == 0 or one.level != changes[place - 1].level]


def level_change(one: Change) -> str:
    """A change of the level in words."""
    return f"{one.level}, set by {one.changed_by}" + (f": {one.reason}" if one.reason else "")


def unknown(found: Situation) -> Section:
    """What these figures do not know."""
    known = found.known
    lines = [
        "Blocked calls: no feed tells of them. Whoever heard a busy tone is in no figure here, so demand may be higher than contacts.",
        "Injuries, damage and the number of people affected: no feed tells of them.",
    ]
    if known.expected.expected is None:
        lines.append("What this hour was expected to bring: no forecast was made before it.")
    elif known.expected.afterwards:
        lines.append("The forecast of the last hour was made afterwards, with what was known before.")
    untold = [name for name, count in _counted(known.now) if count is None]
    if untold:
        lines.append(f"Nothing was ever told of {wording.listed(untold)}: they are in no figure here.")
    few = [
        name
        for name in ("contacts", "requests", "posts", "searches")
        if (usual := known.usual.get(name)) is None or usual.weeks < FEWEST_WEEKS
    ]
    if few:
        lines.append(f"What is usual of {wording.listed(few)}: fewer than {FEWEST_WEEKS} comparable weeks are known.")
    unjudged = [one.lifeline for one in found.lifelines if one.set_at is None]
    if unjudged:
        lines.append(f"Lifelines that nobody has judged in this incident: {wording.listed(unjudged)}.")
    if known.staff and any(one.scheduled is None for one in known.staff):
        lines.append("People scheduled: of some of the next 12 hours there is no schedule.")
    lines.append(_feeds(found))
    return Section("What is not known?", lines=tuple(line for line in lines if line))


def _counted(now: StormNow) -> tuple[tuple[str, int | None], ...]:
    return ("requests", now.requests_hour), ("posts", now.posts_hour), ("searches", now.searches_hour)


def _feeds(found: Situation) -> str:
    if found.feeds is None:
        return "How late each feed was at that time is not kept."
    late = [
        one.name
        for one in found.feeds
        if freshness(None if one.as_of is None else (found.at - one.as_of).total_seconds(), one.cadence_seconds) != "live"
    ]
    return f"Feeds that are late, so that figures may be too low: {_some(late)}." if late else ""


def _some(names: list[str]) -> str:
    """The first of many names, and how many more."""
    shown = [clipped(one, 40) for one in names[:MOST_NAMES]]
    more = len(names) - len(shown)
    return wording.listed([*shown, f"{more} more"] if more else shown)
