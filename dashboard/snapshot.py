"""One immutable picture of the city at an instant, and what a part of it is as fresh as. It asks nobody: dashboard/data.py fills it.

The parts have their own cadence: what moves with every event (`Live`), what moves with the clock (`History`), the plan of the next hours
(`Ahead`), a storm on its clock (`Emergency`), and what whoever runs the system looks at (`Plant`). A part that could not be read again
stays as it was, and the snapshot says since when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.ahead import Ahead
from dashboard.by_hand import ByHand, holds
from dashboard.emergency_rows import Emergency
from dashboard.freshness import NEVER, Source, carrying, oldest
from dashboard.rows import (
    ALL_QUEUES,
    AgentNow,
    ConsumerPartition,
    Defect,
    Definition,
    Display,
    FeedNow,
    GeocodeSuspect,
    LanguageNow,
    Migration,
    QueueNow,
    Refusal,
    TrendMinute,
    UsualNow,
)
from dashboard.watch import Watch

AGENT_TOPIC, CONTACT_TOPIC = "311.agents", "311.contacts"  # how the topics end whose feeds tell of agents, of contacts


@dataclass(frozen=True, slots=True)
class Live:
    """What moves with every event, read at `at`; `is_part`: of some queues alone, of which no usual is known."""

    at: datetime
    queues: tuple[QueueNow, ...]  # without the row of all, in their fixed order
    total: QueueNow | None
    agents: tuple[AgentNow, ...]
    languages: tuple[LanguageNow, ...]
    feeds: tuple[FeedNow, ...]
    load_seconds: float
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What moves with the clock: the day in quarter hours beside the usual one, and the last 40 minutes."""

    at: datetime
    intervals: pd.DataFrame
    trend: tuple[TrendMinute, ...]
    usual: UsualNow | None
    load_seconds: float


@dataclass(frozen=True, slots=True)
class Plant:
    """Consumers, refusals and migrations, read at `at`."""

    at: datetime
    consumers: tuple[ConsumerPartition, ...]
    refusals: tuple[Refusal, ...]
    migrations: tuple[Migration, ...]
    load_seconds: float


@dataclass(frozen=True, slots=True)
class Quality:
    """What is wrong with the requests of the last 90 days, read at `at`."""

    at: datetime
    defects: tuple[Defect, ...]
    suspects: tuple[GeocodeSuspect, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All parts as last read; None is not read yet. `trouble` says why the newest attempt failed, `trouble_since` since when."""

    at: datetime
    city: str
    zone: ZoneInfo
    live: Live | None = None
    history: History | None = None
    plant: Plant | None = None
    quality: Quality | None = None
    ahead: Ahead | None = None
    emergency: Emergency | None = None
    watch: Watch | None = None
    displays: tuple[Display, ...] | None = None
    by_hand: tuple[ByHand, ...] = ()
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    trouble: str | None = None
    trouble_since: datetime | None = None

    @property
    def local(self) -> datetime:
        """The city's wall clock at `at`."""
        return self.at.astimezone(self.zone)


def split_total(rows: tuple[QueueNow, ...]) -> tuple[tuple[QueueNow, ...], QueueNow | None]:
    """The queues in their order, and the row that adds them up.

    Each contact is held against its own queue's threshold; so where these differ, the sum has none of its own.
    """
    total = next((row for row in rows if row.queue == ALL_QUEUES), None)
    queues = tuple(row for row in rows if row.queue != ALL_QUEUES)
    thresholds = {queue.answer_threshold_seconds for queue in queues}
    if total is not None and queues:
        total = replace(total, answer_threshold_seconds=thresholds.pop() if len(thresholds) == 1 else None)
    return queues, total


def queue_source(queue: QueueNow) -> Source:
    """What a queue's figures are as fresh as."""
    return Source(queue.feed_as_of, queue.cadence_seconds or NEVER.cadence_seconds)


def told_by_hand(snapshot: Snapshot, queue: QueueNow) -> ByHand | None:
    """What a person told of a queue, where it stands in place of a lost feed's figures."""
    source = queue_source(queue)
    return next((entry for entry in snapshot.by_hand if entry.queue == queue.queue and holds(entry, source, snapshot.at)), None)


def longest_wait_seconds(queue: QueueNow, now: datetime) -> float | None:
    """The longest wait in a queue; of a silent feed as it last was, for nobody knows who was answered since."""
    if queue.longest_wait_now_seconds is None:
        return None
    silent = (now - queue_source(queue).told_at(now)).total_seconds()
    return max(0.0, queue.longest_wait_now_seconds - silent)


def contacts_carrier(live: Live | None, now: datetime) -> tuple[str | None, Source]:
    """The feed that a figure over all queues is as fresh as, and its source.

    Each feed weighs the contacts that it brought today and, lest one contact after midnight decide, in the last half hour.
    """
    weighed: dict[str | None, tuple[Source, float]] = {}
    for queue in live.queues if live else ():
        weight = weighed.get(queue.feed, (NEVER, 0.0))[1]
        weighed[queue.feed] = queue_source(queue), weight + queue.offered_today + queue.offered_30m
    feed = carrying(weighed, now)
    return feed, weighed[feed][0] if weighed else NEVER


def contacts_source(live: Live | None, now: datetime) -> Source:
    """What a figure over all queues is as fresh as."""
    return contacts_carrier(live, now)[1]


def contacts_taken_in(live: Live | None, feed: str | None) -> Source:
    """When contacts of a feed came into the database last: a feed that is behind while they do has piled up, and is not silent."""
    rows = [row for row in (live.feeds if live else ()) if row.feed == feed and (row.topic or "").endswith(CONTACT_TOPIC)]
    newest = max(rows, key=lambda row: row.as_of.timestamp() if row.as_of else 0.0, default=None)  # of several prefixes one is in use
    return NEVER if newest is None else Source(newest.ingested_at, newest.cadence_seconds)


def agents_source(live: Live | None, now: datetime) -> Source:
    """What a figure about agents is as fresh as: the oldest feed that tells of those shown, or of any agent when nobody is there."""
    if live is None:
        return NEVER
    feeds = [feed for feed in live.feeds if (feed.topic or "").endswith(AGENT_TOPIC)]
    speaking = {agent.source for agent in live.agents}
    chosen = [feed for feed in feeds if feed.feed in speaking] or feeds
    return oldest([Source(feed.as_of, feed.cadence_seconds) for feed in chosen], now)
