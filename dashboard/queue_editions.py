"""Editions of some queues alone, for walls that show a part of the city. Pure but for the editions that it keeps; it asks no database.

What is known of the whole city only is left out of them: its usual day, its trends, who waits in which language. Nothing of the whole
stands beside a figure of the part.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import replace

from dashboard.edition import Edition, first, follow
from dashboard.rows import ALL_QUEUES, AgentNow, QueueNow
from dashboard.snapshot import AGENT_TOPIC, Snapshot

MOST_KEPT = 32


def of_queues(snapshot: Snapshot, queues: Collection[str]) -> Snapshot:
    """The same moment, but of these queues alone."""
    live, ahead = snapshot.live, snapshot.ahead
    if live is None:
        return snapshot
    rows = tuple(row for row in live.queues if row.queue in queues)
    agents = tuple(agent for agent in live.agents if set(agent.queues or ()) & set(queues))
    speaking = {row.feed for row in rows}
    feeds = tuple(feed for feed in live.feeds if feed.feed in speaking or (feed.topic or "").endswith(AGENT_TOPIC))
    halves = tuple(half for half in ahead.halves if half.queue in queues) if ahead else ()
    part = replace(live, queues=rows, total=together(rows, agents), agents=agents, languages=(), feeds=feeds, is_part=True)
    return replace(snapshot, live=part, history=None, ahead=replace(ahead, halves=halves) if ahead else None)


def together(rows: tuple[QueueNow, ...], agents: tuple[AgentNow, ...]) -> QueueNow | None:
    """The row that adds these queues up; None without any. Shares are weighed by what they are shares of, as the whole city's are.

    An agent who serves two of the queues is one person.
    """
    if not rows:
        return None
    waits = [row.longest_wait_now_seconds for row in rows if row.longest_wait_now_seconds is not None]

    def mean(value: Callable[[QueueNow], float | None], weight: Callable[[QueueNow], int]) -> float | None:
        known = [(value(row) or 0.0, weight(row)) for row in rows if value(row) is not None]
        total = sum(each for _, each in known)
        return sum(share * each for share, each in known) / total if total else None

    def same(value: Callable[[QueueNow], float | None]) -> float | None:
        found = {value(row) for row in rows}
        return found.pop() if len(found) == 1 else None

    return QueueNow(
        queue=ALL_QUEUES,
        name="These queues",
        channel=None,
        position=0,
        waiting_now=sum(row.waiting_now for row in rows),
        longest_wait_now_seconds=max(waits, default=None),
        lost_track_of=sum(row.lost_track_of for row in rows),
        agents_available=sum(agent.state == "available" for agent in agents),
        offered_30m=sum(row.offered_30m for row in rows),
        answered_30m=sum(row.answered_30m for row in rows),
        abandoned_30m=sum(row.abandoned_30m for row in rows),
        service_level_30m=mean(lambda row: row.service_level_30m, lambda row: row.answered_30m + row.abandoned_30m),
        offered_today=sum(row.offered_today for row in rows),
        answered_today=sum(row.answered_today for row in rows),
        abandoned_today=sum(row.abandoned_today for row in rows),
        service_level_today=mean(lambda row: row.service_level_today, lambda row: row.answered_today + row.abandoned_today),
        abandon_share_today=mean(lambda row: row.abandon_share_today, lambda row: row.offered_today),
        average_speed_of_answer_today_seconds=mean(lambda row: row.average_speed_of_answer_today_seconds, lambda row: row.answered_today),
        answer_threshold_seconds=same(lambda row: row.answer_threshold_seconds),
        service_level_target=same(lambda row: row.service_level_target),
        longest_wait_limit_seconds=same(lambda row: row.longest_wait_limit_seconds),
        wrap_up_limit_seconds=same(lambda row: row.wrap_up_limit_seconds),
        feed=None,
        feed_as_of=None,
        cadence_seconds=None,
    )


class QueueEditions:
    """The newest edition of each part of the city that somebody looks at. It has the number of the edition that it was made of."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], Edition] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, whole: Edition, asked: Collection[str]) -> Edition:
        """The edition of the queues that were asked for; of the whole where none of them is known.

        Args:
            whole: the newest edition.
            asked: queues, known or not.
        """
        live = whole.snapshot.live
        queues = tuple(row.queue for row in live.queues if row.queue in asked) if live else ()
        if not queues:
            return whole
        with self._lock:
            before = self._kept.get(queues)
            if before is None or before.number < whole.number:
                part = of_queues(whole.snapshot, queues)
                # Numbered like the whole, so that one that was let go and is made anew is no older than what a page has seen.
                before = follow(replace(before or first(part), number=whole.number - 1), part)
                self._kept[queues] = before
            self._kept.move_to_end(queues)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return before


EDITIONS = QueueEditions()
