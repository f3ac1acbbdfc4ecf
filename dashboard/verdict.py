"""Are we keeping up? The rules that turn a snapshot into a verdict, and each queue's and tile's figures into a status. Pure.

A status rises when a limit of the service targets is passed and falls only when the figure is clearly back (hysteresis): the rule of
falling therefore needs the verdict before. A queue whose feed is stale or unknown is left out and named, never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from dashboard import wording
from dashboard.freshness import Freshness
from dashboard.rows import QueueNow, UsualNow
from dashboard.snapshot import Snapshot, agents_source, contacts_carrier, contacts_taken_in, queue_source

Status = Literal["none", "ok", "watch", "act"]
Headline = Literal["Keeping up", "Falling behind", "Overwhelmed", "Not known"]

# Shares of the longest-wait limit at which a status begins and ends.
WAIT_WATCH_BEGINS, WAIT_WATCH_ENDS = 0.75, 0.50
WAIT_ACT_BEGINS, WAIT_ACT_ENDS = 1.0, 0.75
# The service level of all is watched under its target, and acted on under half of it. A queue's own is only watched: it tells of the last
# half hour, and nobody need wait there any more.
LEVEL_WATCH_ENDS_ABOVE_TARGET = 0.02
LEVEL_ACT_BEGINS, LEVEL_ACT_ENDS = 0.5, 0.6
FEWEST_CASES = 30  # fewer answered and abandoned than this: the number is shown, but is no reason for a verdict
FEWEST_WEEKS = 4  # fewer weeks than this are no usual
WAITING_ABOVE_USUAL, WAITING_MORE_THAN_USUAL = 1.25, 3  # times and people above the usual upper limit
OVERWHELMED_SHARE = 0.5  # of today's contacts are in queues whose longest wait is past its limit
KNOWN_SHARE = 0.5  # at least this share of today's contacts must come from feeds that are live or late

_RANK: dict[Status, int] = {"none": 0, "ok": 1, "watch": 2, "act": 3}


@dataclass(frozen=True, slots=True)
class QueueVerdict:
    """One queue: its status (Act comes from a wait alone) and where it comes from; `known` is false when its feed is stale or unknown."""

    status: Status
    wait: Status
    level: Status
    freshness: Freshness

    @property
    def known(self) -> bool:
        """Whether its figures may be used for a verdict."""
        return self.freshness in ("live", "late")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline, its status and reason (`**bold**` is the part to read first), and what each tile and queue is.

    `last_known` is the headline before it became "Not known".
    """

    headline: Headline
    status: Literal["ok", "watch", "act", "unknown"]
    why: str
    queues: Mapping[str, QueueVerdict] = field(default_factory=dict)
    waiting: Status = "none"
    free: Status = "none"
    level: Status = "none"
    last_known: Headline = "Not known"


def worst(*statuses: Status) -> Status:
    """The most serious of them; "none" when there is none."""
    return max(statuses, key=_RANK.__getitem__, default="none")


def wait_status(longest_seconds: float | None, limit_seconds: float | None, before: Status) -> Status:
    """The status of the longest wait against its limit; nobody waiting is ok."""
    if limit_seconds is None:
        return "none"
    share = (longest_seconds or 0) / limit_seconds
    if share >= WAIT_ACT_BEGINS or (before == "act" and share >= WAIT_ACT_ENDS):
        return "act"
    if share >= WAIT_WATCH_BEGINS or (before in ("act", "watch") and share >= WAIT_WATCH_ENDS):
        return "watch"
    return "ok"


def level_status(level: float | None, cases: int, target: float | None, before: Status) -> Status:
    """The status of a service level against its target; "none" without a target or with fewer than FEWEST_CASES cases."""
    if target is None or level is None or cases < FEWEST_CASES:
        return "none"
    if level < LEVEL_ACT_BEGINS * target or (before == "act" and level < LEVEL_ACT_ENDS * target):
        return "act"
    ends = min(1.0, round(target + LEVEL_WATCH_ENDS_ABOVE_TARGET, 6))
    return "watch" if level < target or (before in ("act", "watch") and level < ends) else "ok"


def waiting_status(waiting: int, usual: UsualNow | None, before: Status) -> Status:
    """The number waiting against its usual upper limit; "none" while there is no usual."""
    if usual is None or usual.weeks < FEWEST_WEEKS or usual.usual_waiting_upper is None:
        return "none"
    upper = usual.usual_waiting_upper
    high = waiting >= upper * WAITING_ABOVE_USUAL and waiting >= upper + WAITING_MORE_THAN_USUAL
    return "watch" if high or (before == "watch" and waiting > upper) else "ok"


def free_status(free: int | None, wait: Status, before: Status) -> Status:
    """Nobody free is a matter only while people wait too long; one agent coming free does not end it. None: not known how many."""
    if free is None:
        return "none"
    if wait in ("none", "ok"):
        return "ok"
    return "watch" if free == 0 or (before == "watch" and free == 1) else "ok"


def judge(snapshot: Snapshot, before: Verdict | None = None) -> Verdict:
    """The verdict on a snapshot.

    Args:
        snapshot: what is known.
        before: the verdict that stands now: a status falls by another limit than it rises.
    """
    live = snapshot.live
    if live is None or live.total is None:
        return Verdict("Not known", "unknown", _nothing_known(snapshot))
    before = before or Verdict("Not known", "unknown", "")
    queues = {queue.queue: _judge_queue(queue, snapshot.at, before.queues.get(queue.queue)) for queue in live.queues}
    known = [queue for queue in live.queues if queues[queue.queue].known]
    total, usual = live.total, snapshot.history.usual if snapshot.history else None
    level = level_status(total.service_level_30m, total.answered_30m + total.abandoned_30m, total.service_level_target, before.level)
    pressed = worst(*(queues[queue.queue].wait for queue in known))
    headline, status = _headline(known, queues, level, live.queues)
    agents_known = agents_source(live, snapshot.at).freshness(snapshot.at) in ("live", "late")
    return Verdict(
        headline=headline,
        status=status,
        why=_not_known(snapshot, before.last_known) if headline == "Not known" else _why(snapshot, known, queues, level, agents_known),
        queues=queues,
        waiting=waiting_status(total.waiting_now, usual, before.waiting),
        free=free_status(total.agents_available if agents_known else None, pressed, before.free),
        level=level,
        last_known=before.last_known if headline == "Not known" else headline,
    )


def _judge_queue(queue: QueueNow, now: datetime, before: QueueVerdict | None) -> QueueVerdict:
    freshness = queue_source(queue).freshness(now)
    if before is not None and freshness in ("stale", "unknown"):  # only its clock moves: what it was stays
        return replace(before, freshness=freshness)
    wait = wait_status(queue.longest_wait_now_seconds, queue.longest_wait_limit_seconds, before.wait if before else "none")
    cases = queue.answered_30m + queue.abandoned_30m
    level = level_status(queue.service_level_30m, cases, queue.service_level_target, before.level if before else "none")
    return QueueVerdict(status=worst(wait, "watch" if level == "act" else level), wait=wait, level=level, freshness=freshness)


def _weight(queues: list[QueueNow] | tuple[QueueNow, ...]) -> int:
    return sum(queue.offered_today + 1 for queue in queues)


def _headline(
    known: list[QueueNow], queues: Mapping[str, QueueVerdict], level: Status, every: tuple[QueueNow, ...]
) -> tuple[Headline, Literal["ok", "watch", "act", "unknown"]]:
    if _weight(known) < KNOWN_SHARE * max(1, _weight(every)):
        return "Not known", "unknown"
    acting = [queue for queue in known if queues[queue.queue].status == "act"]
    if acting and _weight(acting) >= OVERWHELMED_SHARE * _weight(known) and (len(acting) > 1 or len(known) == 1):
        return "Overwhelmed", "act"
    if acting or level == "act":
        return "Falling behind", "act"
    if level == "watch":
        return "Falling behind", "watch"
    watched = any(queues[queue.queue].status == "watch" for queue in known)
    return "Keeping up", "watch" if watched else "ok"


def worst_queue(known: list[QueueNow], queues: Mapping[str, QueueVerdict]) -> QueueNow | None:
    """The queue to name first: the worst status, then the longest wait for its limit."""

    def order(queue: QueueNow) -> tuple[int, float]:
        limit = queue.longest_wait_limit_seconds or float("inf")
        return _RANK[queues[queue.queue].status], (queue.longest_wait_now_seconds or 0) / limit

    return max(known, key=order, default=None)


def _nothing_known(snapshot: Snapshot) -> str:
    if snapshot.trouble:
        return f"{wording.bold('No figures yet')}: {snapshot.trouble}"
    return f"{wording.bold('No figures yet')}: no event of any queue has come in"


def _not_known(snapshot: Snapshot, last_known: Headline) -> str:
    feed, source = contacts_carrier(snapshot.live, snapshot.at)
    names = {row.feed: row.name for row in snapshot.live.feeds} if snapshot.live else {}
    name = wording.bold(names.get(feed or "", "any queue"))
    age = source.age_seconds(snapshot.at)
    told = (
        f"Nothing from {name}"
        if age is None
        else f"The clock of {name} is ahead"
        if age < 0
        else f"Catching up with {name}, {wording.age(age)} behind"
        if contacts_taken_in(snapshot.live, feed).freshness(snapshot.at) == "live"
        else f"Nothing from {name} for {wording.age(age)}"
    )
    return told if last_known == "Not known" else f"{told}. Before that: {last_known.lower()}"


def _why(snapshot: Snapshot, known: list[QueueNow], queues: Mapping[str, QueueVerdict], level: Status, agents_known: bool) -> str:
    live = snapshot.live
    if live is None or live.total is None:
        return _nothing_known(snapshot)
    worst_one = worst_queue(known, queues)
    parts = []
    if worst_one is not None and queues[worst_one.queue].status in ("act", "watch"):
        parts.append(_trouble(worst_one, queues[worst_one.queue], agents_known))
        others = sum(queues[queue.queue].status == "act" for queue in known) - 1
        if others > 0:
            parts.append(f"{wording.plural(others, 'more queue')} must act")
    elif level in ("act", "watch"):
        parts.append(_under_target(live.total))
    else:
        parts.append(_calm(live.total, agents_known))
    silent = [queue.name for queue in live.queues if not queues[queue.queue].known]
    if silent:
        parts.append(f"Not known: {wording.listed([wording.bold(name) for name in silent[:2]])}" + (" and more" if len(silent) > 2 else ""))
    return ". ".join(parts)


def _trouble(queue: QueueNow, verdict: QueueVerdict, agents_known: bool) -> str:
    if verdict.wait in ("act", "watch") and queue.longest_wait_now_seconds is not None:
        free = ", nobody free" if queue.agents_available == 0 else f", {queue.agents_available} free"
        oldest = f"the oldest {wording.wait(queue.longest_wait_now_seconds)}"
        return f"{wording.bold(queue.name)}: {wording.count(queue.waiting_now)} waiting, {oldest}{free if agents_known else ''}"
    return f"{wording.bold(queue.name)}: {_level_words(queue)}"


def _under_target(total: QueueNow) -> str:
    return f"{wording.bold('All queues')}: {_level_words(total)}"


def _level_words(queue: QueueNow) -> str:
    threshold = "in time" if queue.answer_threshold_seconds is None else f"within {wording.seconds(queue.answer_threshold_seconds)}"
    level = wording.percent(queue.service_level_30m or 0)
    target = wording.percent(queue.service_level_target or 0)
    return f"{level}% answered {threshold} in the last 30 min, target {target}%"


def _calm(total: QueueNow, agents_known: bool) -> str:
    free = f", {wording.plural(total.agents_available, 'agent')} free" if agents_known else ""
    if total.waiting_now == 0 or total.longest_wait_now_seconds is None:
        return f"Nobody is waiting{free}"
    return f"{wording.count(total.waiting_now)} waiting, the oldest {wording.wait(total.longest_wait_now_seconds)}{free}"
