"""Records of Kafka folded into the rows of one batch, in memory: the same contact's events become one row.

The fold does not depend on the order or the number of an event's arrivals, and is the one that `sql/queries/sink.sql` goes on with.
It never talks to Kafka or to the database.
"""

from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from streams.alert_fold import Alerts
from streams.events import (
    AgentStateChangedEvent,
    ContactAnsweredEvent,
    ContactEndedEvent,
    ContactLeftQueueEvent,
    ContactQueuedEvent,
    Event,
    FeedHeartbeatEvent,
    InvalidEvent,
    RequestSnapshotEvent,
    SearchPerformedEvent,
    SocialPostedEvent,
    SocialRepliedEvent,
    SourceUnreadableEvent,
    SurveyAnsweredEvent,
    WeatherAlertEvent,
    WeatherForecastEvent,
    WeatherObservedEvent,
    decode,
)
from streams.request_fold import RequestRow, merge, row_of
from streams.social_fold import Social
from streams.weather_fold import Weather


class Record(NamedTuple):
    """What is read of a record of Kafka; kafka-python's own records have the same names and pass as they are."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Position(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


# One contact's row is a list, because ten thousand of them are made and changed a batch; these are its places.
CONTACT_COLUMNS = (
    "contact_id", "queue", "channel", "language", "agent_id", "source", "queued_at", "queued_at_reported", "answered_at", "left_at",
    "left_reason", "ended_at", "talk_seconds", "hold_seconds", "wrap_up_seconds",
)  # fmt: skip
QUEUE, CHANNEL, LANGUAGE, AGENT, SOURCE, QUEUED, REPORTED, ANSWERED, LEFT, REASON, ENDED, TALK, HOLD, WRAP_UP = range(1, 15)


class DeadLetter(NamedTuple):
    """A refused event."""

    record: Record
    reason: str
    refused_id: str | None = None
    source: str | None = None
    value: bytes | None = None


@dataclass(slots=True)
class FeedProgress:
    """How far a feed came in one partition."""

    events: int = 0
    newest_event_at: datetime | None = None
    heartbeat_at: datetime | None = None
    name: str | None = None
    cadence_seconds: float | None = None


@dataclass(slots=True)
class Span:
    """What a batch covers of one partition: [first_offset, next_offset)."""

    first_offset: int
    next_offset: int
    newest_event_at: datetime | None = None


@dataclass
class Batch:
    """The rows of some records. `first` says from which offset each partition was read."""

    first: dict[Position, int]
    records: list[Record] = field(default_factory=list)
    contacts: dict[str, list[Any]] = field(default_factory=dict)
    agents: list[tuple[str, datetime, str, tuple[str, ...] | None, str]] = field(default_factory=list)
    requests: dict[str, RequestRow] = field(default_factory=dict)
    surveys: list[SurveyAnsweredEvent] = field(default_factory=list)
    searches: list[SearchPerformedEvent] = field(default_factory=list)
    weather: Weather = field(default_factory=Weather)
    alerts: Alerts = field(default_factory=Alerts)
    social: Social = field(default_factory=Social)
    feeds: dict[tuple[str, str, int], FeedProgress] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    spans: dict[Position, Span] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records)

    def add(self, place: Position, records: Sequence[Record]) -> None:
        """Fold records of one partition, in the order of their offsets."""
        if not records:
            return
        self.records += records
        span = self.spans.get(place)
        if span is None:
            span = self.spans[place] = Span(self.first[place], 0)
        span.next_offset = records[-1].offset + 1
        newest = span.newest_event_at
        for record in records:
            try:
                event = decode(record.value or b"")
            except InvalidEvent as error:
                self.dead_letters.append(DeadLetter(record, str(error)))
                continue
            if newest is None or event.time > newest:
                newest = event.time
            self._fold(record, event)
        span.newest_event_at = newest

    def refuse(self, reason: str) -> None:
        """Turn the whole batch into refusals: for one record that the database would not take."""
        self.dead_letters = [DeadLetter(record, reason) for record in self.records]
        self.contacts.clear()
        self.agents.clear()
        self.requests.clear()
        self.surveys.clear()
        self.searches.clear()
        self.weather.clear()
        self.alerts.clear()
        self.social.clear()
        self.feeds.clear()

    def halves(self) -> tuple["Batch", "Batch"]:
        """The same records as two batches, one after the other."""
        middle = len(self.records) // 2
        early = _batch_of(self.first, self.records[:middle])
        first = self.first | {place: span.next_offset for place, span in early.spans.items()}
        return early, _batch_of(first, self.records[middle:])

    def changed(self) -> Sequence[str]:
        """What a listener may want to read again."""
        kinds: tuple[tuple[str, Sized], ...] = (
            ("contacts", self.contacts),
            ("agents", self.agents),
            ("requests", self.requests),
            ("surveys", self.surveys),
            ("searches", self.searches),
            ("weather", self.weather),
            ("alerts", self.alerts),
            ("social", self.social),
            ("feeds", self.feeds),
            ("dead_letter", self.dead_letters),
        )
        return [name for name, rows in kinds if rows]

    def _fold(self, record: Record, event: Event) -> None:
        if isinstance(event, SourceUnreadableEvent):
            self.dead_letters.append(DeadLetter(record, event.data.reason, event.id, event.source, event.data.line))
            return
        feed_key = (event.source, record.topic, record.partition)
        feed = self.feeds.get(feed_key)
        if feed is None:
            feed = self.feeds[feed_key] = FeedProgress()
        if isinstance(event, FeedHeartbeatEvent):
            feed.heartbeat_at = event.time if feed.heartbeat_at is None else max(feed.heartbeat_at, event.time)
            feed.name, feed.cadence_seconds = event.data.name or feed.name, event.data.cadence_seconds
            return
        feed.events += 1
        if feed.newest_event_at is None or event.time > feed.newest_event_at:
            feed.newest_event_at = event.time
        if isinstance(event, AgentStateChangedEvent):
            self.agents.append((event.data.agent_id, event.time, event.data.state, event.data.queues, event.source))
        elif isinstance(event, RequestSnapshotEvent):
            self._fold_request(event)
        elif isinstance(event, SurveyAnsweredEvent):
            self.surveys.append(event)
        elif isinstance(event, SearchPerformedEvent):
            self.searches.append(event)
        elif isinstance(event, (WeatherForecastEvent, WeatherObservedEvent)):
            self.weather.add(event)
        elif isinstance(event, WeatherAlertEvent):
            self.alerts.add(event)
        elif isinstance(event, (SocialPostedEvent, SocialRepliedEvent)):
            self.social.add(event)
        else:
            self._fold_contact(event)

    def _fold_request(self, event: RequestSnapshotEvent) -> None:
        key, row = event.data.service_request_id, row_of(event)
        before = self.requests.get(key)
        self.requests[key] = row if before is None else merge(before, row)

    def _fold_contact(self, event: ContactQueuedEvent | ContactAnsweredEvent | ContactLeftQueueEvent | ContactEndedEvent) -> None:
        data = event.data
        row = self.contacts.get(data.contact_id)
        if row is None:
            row = self.contacts[data.contact_id] = [
                data.contact_id, None, None, None, None, event.source, None, False, None, None, None, None, None, None, None
            ]  # fmt: skip
        elif event.source < row[SOURCE]:
            row[SOURCE] = event.source
        if data.queue is not None and (row[QUEUE] is None or data.queue < row[QUEUE]):
            row[QUEUE] = data.queue
        if isinstance(event, ContactQueuedEvent):
            _begin_wait(row, event.time, reported=True)
            _least(row, CHANNEL, event.data.channel)
            _least(row, LANGUAGE, event.data.language)
        elif isinstance(event, ContactAnsweredEvent):
            _least(row, ANSWERED, event.time)
            _least(row, AGENT, event.data.agent_id)
            _begin_wait_before(row, event.time, event.data.wait_seconds)
        elif isinstance(event, ContactLeftQueueEvent):
            left = (event.time, event.data.reason)
            if row[LEFT] is None or left < (row[LEFT], row[REASON]):
                row[LEFT], row[REASON] = left
            _begin_wait_before(row, event.time, event.data.wait_seconds)
        else:
            _greatest(row, ENDED, event.time)
            _greatest(row, TALK, event.data.talk_seconds)
            _greatest(row, HOLD, event.data.hold_seconds)
            _greatest(row, WRAP_UP, event.data.wrap_up_seconds)


def _batch_of(first: dict[Position, int], records: list[Record]) -> Batch:
    batch = Batch(first)
    for place, group in groupby(records, key=lambda record: Position(record.topic, record.partition)):
        batch.add(place, list(group))
    return batch


def _least(row: list[Any], place: int, value: Any) -> None:
    if value is not None and (row[place] is None or value < row[place]):
        row[place] = value


def _greatest(row: list[Any], place: int, value: Any) -> None:
    if value is not None and (row[place] is None or value > row[place]):
        row[place] = value


def _begin_wait(row: list[Any], at: datetime, *, reported: bool) -> None:
    """A beginning that was reported goes before one that was only worked out; of two of a kind the earlier counts."""
    if row[QUEUED] is None or (reported and not row[REPORTED]) or (reported == row[REPORTED] and at < row[QUEUED]):
        row[QUEUED], row[REPORTED] = at, reported


def _begin_wait_before(row: list[Any], at: datetime, wait_seconds: float | None) -> None:
    if wait_seconds is not None and not row[REPORTED]:
        try:
            _begin_wait(row, at - timedelta(seconds=wait_seconds), reported=False)
        except OverflowError:  # before the year 1: no beginning is better than an impossible one
            return
