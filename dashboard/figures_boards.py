"""From a snapshot and its verdict to the board of queues and the agents by state. Pure; see dashboard/figure.py for what a figure is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard import wording
from dashboard.by_hand import ByHand
from dashboard.figure import Figure, definition_of, stamp, threshold_words
from dashboard.freshness import Source
from dashboard.rows import AgentNow, QueueNow
from dashboard.snapshot import Live, Snapshot, agents_source, longest_wait_seconds, queue_source, told_by_hand
from dashboard.verdict import FEWEST_CASES, QueueVerdict, Status, Verdict, wait_status

QUEUES_SHOWN = 7  # more queues than these do not fit in a size that is read at 5 m
NOTE_LENGTH = 48  # characters that fit under the agents
ID_LENGTH = 10
_SEVERITY: dict[Status, int] = {"none": 0, "ok": 0, "watch": 2, "act": 3}
_NOT_KNOWN_SEVERITY = 1


def queue_board(snapshot: Snapshot, verdict: Verdict) -> Figure:
    """The queues in their fixed order; of more than QUEUES_SHOWN the worst, still in that order, and what the others are in one row."""
    queues = snapshot.live.queues if snapshot.live else ()
    agents_known = agents_are_known(snapshot)
    thresholds = {queue.answer_threshold_seconds for queue in queues}
    within = threshold_words(thresholds.pop() if len(thresholds) == 1 else None)
    shown = _worst_in_order(queues, verdict.queues)
    hidden = [queue for queue in queues if queue not in shown]
    return {
        "titles": ["Queue", "Waiting", "Oldest", within[0].upper() + within[1:], "Free"],
        "rows": [queue_row(snapshot, queue, verdict.queues[queue.queue], agents_known=agents_known) for queue in shown],
        "more": _others(hidden, verdict.queues) if hidden else "",
        "empty": "No queue has been seen yet",
        "links": [
            definition_of(snapshot, metric)["href"]
            for metric in ("waiting_now", "longest_wait_now_seconds", "service_level", "agents_available")
        ],
    }


def agents_are_known(snapshot: Snapshot) -> bool:
    """Whether what is told of agents is young enough to be shown."""
    return agents_source(snapshot.live, snapshot.at).freshness(snapshot.at) != "unknown"


def _worst_in_order(queues: Sequence[QueueNow], verdicts: Mapping[str, QueueVerdict]) -> list[QueueNow]:
    if len(queues) <= QUEUES_SHOWN:
        return list(queues)

    def severity(queue: QueueNow) -> int:
        judged = verdicts[queue.queue]
        return _SEVERITY[judged.status] if judged.known else max(_NOT_KNOWN_SEVERITY, _SEVERITY[judged.status])

    chosen = sorted(queues, key=severity, reverse=True)[:QUEUES_SHOWN]  # a stable sort: of equals the first in order
    return [queue for queue in queues if queue in chosen]


def _others(hidden: Sequence[QueueNow], verdicts: Mapping[str, QueueVerdict]) -> str:
    judged = [verdicts[queue.queue] for queue in hidden]
    counts = {
        "act": sum(one.known and one.status == "act" for one in judged),
        "watch": sum(one.known and one.status == "watch" for one in judged),
        "not known": sum(not one.known for one in judged),
    }
    trouble = [f"{number} {word}" for word, number in counts.items() if number]
    waiting = sum(queue.waiting_now for queue in hidden)
    return f"{len(hidden)} more: {wording.listed(trouble) if trouble else 'all OK'}, {wording.count(waiting)} waiting"


def _row_by_hand(snapshot: Snapshot, queue: QueueNow, entry: ByHand) -> Figure:
    """A queue as a person told it, in the form of the board's rows: its own age, and marked."""
    free = None if entry.agents_available is None else wording.count(entry.agents_available)
    at = wording.clock(entry.entered_at.astimezone(snapshot.zone))
    return {
        "key": queue.queue,
        "name": queue.name,
        "status": wait_status(entry.longest_wait_seconds, queue.longest_wait_limit_seconds, "none"),
        "note": "",
        "by_hand": f"by hand, {at}, {entry.entered_by}",
        "cells": [
            {"text": wording.count(entry.waiting)},
            {"text": None if entry.longest_wait_seconds is None else wording.wait(entry.longest_wait_seconds)},
            {"text": None},
            {"text": free},
        ],
        **stamp(entry.source),
    }


def queue_row(snapshot: Snapshot, queue: QueueNow, verdict: QueueVerdict, *, agents_known: bool) -> Figure:
    """A queue in the form of the board's rows: waiting, oldest, level, free; or as a person told it, where its feed is lost."""
    entry = told_by_hand(snapshot, queue)
    if entry is not None:
        return _row_by_hand(snapshot, queue, entry)
    cases = queue.answered_30m + queue.abandoned_30m
    idle = queue.offered_today == 0 and queue.waiting_now == 0
    level: Figure = {"text": None}
    if queue.service_level_30m is not None:
        few = cases < FEWEST_CASES
        in_time = round(queue.service_level_30m * cases)
        level = {"text": f"{in_time} of {cases}", "few": True} if few else {"text": wording.percent(queue.service_level_30m), "unit": "%"}
    longest = longest_wait_seconds(queue, snapshot.at)
    return {
        "key": queue.queue,
        "name": queue.name,
        "status": "nodata" if idle and verdict.status in ("none", "ok") else verdict.status,
        "note": "nobody yet today" if idle else "",
        "cells": [
            {"text": wording.count(queue.waiting_now)},
            {"text": None if longest is None else wording.wait(longest)},
            level,
            {"text": wording.count(queue.agents_available) if agents_known else "?"},
        ],
        **stamp(queue_source(queue)),
    }


def agents_by_state(snapshot: Snapshot, total: QueueNow | None, source: Source) -> Figure:
    """How many agents are in each state, and who has been in wrap-up longer than the limit."""
    agents = snapshot.live.agents if snapshot.live else ()
    counts = {state: sum(agent.state == state for agent in agents) for state in ("on_contact", "wrap_up", "available", "away")}
    words = {"on_contact": "On contact", "wrap_up": "Wrap-up", "available": "Free", "away": "Away"}
    limit = total.wrap_up_limit_seconds if total else None
    told_at = source.told_at(snapshot.at)
    over = _over_limit(told_at, agents, limit)
    return {
        "label": "Agents, one mark a person",
        "groups": [[words[state], number] for state, number in counts.items()],
        "status": "watch" if over else "ok",
        "note": _wrap_up_note(told_at, over, limit) if agents else nobody(snapshot.live),
        **definition_of(snapshot, "agents_available"),
        **stamp(source),
    }


def _over_limit(at: datetime, agents: Sequence[AgentNow], limit_seconds: float | None) -> list[AgentNow]:
    if limit_seconds is None:
        return []
    late = [agent for agent in agents if agent.state == "wrap_up" and (at - agent.since).total_seconds() > limit_seconds]
    return sorted(late, key=lambda agent: agent.since)


def nobody(live: Live | None) -> str:
    """What is said where no agent is told of."""
    return "Nobody serves these queues" if live and live.is_part else "Nobody is signed in"


def _wrap_up_note(at: datetime, over: Sequence[AgentNow], limit_seconds: float | None) -> str:
    if limit_seconds is None:
        return ""
    if not over:
        return f"Nobody over {wording.wait(limit_seconds)} in wrap-up"
    told = f"{len(over)} in wrap-up over {wording.wait(limit_seconds)}: "
    names = [f"{_short(agent.agent_id)} {wording.wait((at - agent.since).total_seconds())}" for agent in over]
    for shown in range(len(names), 0, -1):
        rest = [f"{len(names) - shown} more"] if shown < len(names) else []
        note = told + wording.listed(names[:shown] + rest)
        if len(note) <= NOTE_LENGTH:
            break
    return note


def _short(agent_id: str) -> str:
    """The part of an id that people say: SIP/1042 is 1042; of a long one the end, where ids differ."""
    return agent_id.rpartition("/")[2][-ID_LENGTH:]
