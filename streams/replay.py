"""Publishes the events of a recorded file: as they were or as if they began now, as fast as it goes or at a set speed.

A queue_log that is not in time order is sorted first, so a shuffled file gives the same events as the ordered one; so are
service requests, unless they are published as they were and as fast as it goes.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from streams import events, records, rows
from streams.broker import bootstrap_servers
from streams.publisher import Publisher
from streams.social.posts import TEXT_ID
from streams.sources import LONG_AGO, Source, nws_alerts, queue_log
from streams.sources.asterisk import QueueLog
from streams.sources.cloudevents import CloudEvents
from streams.sources.nws_alerts import NwsAlerts
from streams.sources.nws_forecast import CADENCE_SECONDS as FORECAST_CADENCE_SECONDS, NwsForecast
from streams.sources.open311 import Open311
from streams.sources.open311_pages import NoPage, parted
from streams.sources.request_mapping import NEEDED_FIELDS
from streams.sources.request_table import RequestTable
from streams.sources.social_posts import SocialPosts

log = logging.getLogger(__name__)

CADENCE_SECONDS = 5.0
HEARTBEAT_EVERY_SECONDS = 1.0
RECORDS_LOOKED_AT = 1_000  # to tell a wrong file from one with broken lines

WHAT_IS_EXPECTED: dict[type, str] = {
    QueueLog: "a line of a queue_log",
    CloudEvents: "one of our events",
    Open311: "a service request of Open311",
    RequestTable: "a row of the table",
    NwsForecast: "a gridpoint forecast of api.weather.gov",
    NwsAlerts: "an alert of api.weather.gov",
    SocialPosts: "a public post with text and posted_at",
}

_IDS = ("contact_id", "service_request_id", "survey_id", "search_id", "alert_id", "post_id", "reply_id", "repost_of", "in_reply_to")
_TIMES_OF_REQUEST = tuple(field for field in events.RequestSnapshot.__struct_fields__ if field.endswith("_datetime"))
_TIMES_OF_ALERT = tuple(field for field in events.WeatherAlert.__struct_fields__ if field.endswith("_at"))

Progress = Callable[[int], object]


class WrongFile(Exception):
    """The file is not of the kind that was named."""


@dataclass
class Summary:
    """What a replay did: events published, records that could not be read, records that mean nothing here, and how long it took."""

    events: int = 0
    unreadable: int = 0
    ignored: int = 0
    seconds: float = 0.0


@dataclass
class Clock:
    """When an event of the recording is due.

    Attributes:
        speed: recorded seconds in one real second; None is as fast as it goes.
        start_now: the first event happens now, and the others as much later as they did.
    """

    speed: float | None
    start_now: bool
    _first_at: datetime | None = field(default=None, init=False)
    _begun: float = field(default=0.0, init=False)
    _shift: timedelta = field(default=timedelta(0), init=False)

    def begin(self, at: datetime) -> None:
        """The first event was recorded at `at`; a second call changes nothing."""
        if self._first_at is None:
            self._first_at, self._begun = at, time.monotonic()
            if self.start_now:
                self._shift = datetime.now(UTC) - at

    def seconds_until(self, at: datetime) -> float:
        """How long to wait for what was recorded at `at`."""
        if self.speed is None or self._first_at is None:
            return 0.0
        return self._begun + (at - self._first_at).total_seconds() / self.speed - time.monotonic()

    def recorded_now(self) -> datetime | None:
        """The instant of the recording that has been reached, None before the first event or without a speed."""
        if self.speed is None or self._first_at is None:
            return None
        return self._first_at + timedelta(seconds=(time.monotonic() - self._begun) * self.speed)

    def shifted(self, at: datetime) -> datetime:
        """An instant of the recording as it is published."""
        return at + self._shift

    def shift(self, event: events.Event) -> events.Event:
        """The event as it is published. Moved in time it is another event, of another contact, request, survey or search."""
        if not self._shift or self._first_at is None:
            return event
        mark = f"@{_base36(int((self._first_at + self._shift).timestamp()))}"
        data: Any = event.data
        changed: dict[str, Any] = {field: _marked(named, mark) for field in _IDS if (named := getattr(data, field, None)) is not None}
        if isinstance(data, events.RequestSnapshot):
            changed |= {field: at + self._shift for field in _TIMES_OF_REQUEST if (at := getattr(data, field)) is not None}
        if isinstance(data, events.SocialPosted) and (data.repost_of or "").startswith(TEXT_ID):
            changed["repost_of"] = data.repost_of  # known by its words, which stay as they are
        data = _alert_moved(_weather_moved(msgspec.structs.replace(data, **changed), self._shift), self._shift, mark)
        moved: events.Event = msgspec.structs.replace(event, id=event.id + mark, time=event.time + self._shift, data=data)
        return moved


def run(path: Path, source: Source, *, speed: float | None = None, start_now: bool = False, progress: Progress = lambda _: None) -> Summary:
    """Publish a file.

    Args:
        path: the file, plain or gzip.
        source: how to read it.
        speed: recorded seconds in one real second; None is as fast as it goes.
        start_now: move the recording so that it begins now.
        progress: is told how many more records were read.

    Raises:
        UnreadableFile: the file cannot be read.
        WrongFile: none of its first records is of this kind.
        BrokerUnavailable: Kafka is not there, or went away for too long.
    """
    began = time.monotonic()
    look_at(path, source)
    numbered = recorded(path, source)
    told: Iterable[list[events.Event]] = (source.read(record, f"{path.name}:{number}") for number, record in numbered)
    if isinstance(source, (Open311, RequestTable, NwsForecast, NwsAlerts, SocialPosts)) and (start_now or speed is not None):
        told = _by_time(told)
    with Publisher(bootstrap_servers()) as publisher:
        replayed = _Replay(publisher, source, Clock(speed, start_now), keeps_heartbeats=isinstance(source, CloudEvents))
        for many in told:
            replayed.publish(many)
            progress(1)
        replayed.finish()
        publisher.flush()
    return Summary(replayed.events, replayed.unreadable, source.ignored.total(), time.monotonic() - began)


def look_at(path: Path, source: Source) -> None:
    """Check that the file is what it was called.

    Raises:
        UnreadableFile: the file cannot be read.
        WrongFile: it has records, and none of the first ones is of this kind; or a table lacks a column.
    """
    if isinstance(source, RequestTable):
        _look_at_header(path, source)
    seen = b""
    for number, record in _records(path, source):
        if not record.strip():
            continue
        if source.recognises(record):
            return
        seen = seen or record[:60]
        if number >= RECORDS_LOOKED_AT:
            break
    if seen:
        kind = WHAT_IS_EXPECTED.get(type(source), "an event of Amazon Connect")
        raise WrongFile(f"{path}: none of the first records is {kind} (the first is {seen!r}). Nothing was published.")


def recorded(path: Path, source: Source) -> Iterator[records.Numbered]:
    """The records in the order in which they are read: as they stand, but lines of a queue_log by time.

    Raises:
        UnreadableFile: the file cannot be read.
    """
    if not isinstance(source, QueueLog):
        return _records(path, source)
    if queue_log.in_time_order((line for _, line in records.lines(path)), source.zone):
        return queue_log.by_second(records.lines(path), source.zone)
    return queue_log.by_time(records.lines(path), source.zone)


def _records(path: Path, source: Source) -> Iterator[records.Numbered]:
    if isinstance(source, RequestTable):
        return rows.rows(path, source.mapping.layout)
    if isinstance(source, Open311):
        return _requests(path)
    if isinstance(source, NwsAlerts):
        return enumerate((one for _, document in records.documents(path) for one in nws_alerts.parted(document)), start=1)
    return records.lines(path) if isinstance(source, (QueueLog, CloudEvents, SocialPosts)) else records.documents(path)


def _requests(path: Path) -> Iterator[records.Numbered]:
    """The records of stored pages, numbered from 1, however many a document holds; what is no page comes as it is, to be refused."""
    number = 0
    for _, document in records.documents(path, xml=True):
        try:
            found = parted(document) if document.strip() else []
        except NoPage:
            found = [document]
        for record in found:
            number += 1
            yield number, record


def _look_at_header(path: Path, source: RequestTable) -> None:
    header = rows.header(path, source.mapping.layout)
    if not header:
        return
    status = "status" if "status" in source.mapping.columns else "closed_datetime"
    for name in source.lacking(header, (*NEEDED_FIELDS, status)):
        raise WrongFile(
            f"{path}: the header has no column {_columns(source, name)}, which the mapping names for {name}; it has {', '.join(header)}. "
            "Nothing was published."
        )
    for name in source.lacking(header, source.mapping.columns):
        log.warning("%s has no column %s, so that no request has %s", path, _columns(source, name), name)


def _columns(source: RequestTable, name: str) -> str:
    return " or ".join(map(repr, source.mapping.columns_of(name)))


def _by_time(told: Iterable[list[events.Event]]) -> list[list[events.Event]]:
    """All of them by the time of their event, in memory; those that cannot be read come first."""
    return sorted(told, key=lambda many: max((event.time for event in many if not _is_unreadable(event)), default=LONG_AGO))


def _is_unreadable(event: events.Event) -> bool:
    return isinstance(event, events.SourceUnreadableEvent)


class _Replay:
    def __init__(self, publisher: Publisher, source: Source, clock: Clock, *, keeps_heartbeats: bool) -> None:
        self._publisher = publisher
        self._source = source
        self._clock = clock
        self._keeps_heartbeats = keeps_heartbeats
        self._topic = _topic_of(source)  # of what cannot be read
        self._cadence_seconds = FORECAST_CADENCE_SECONDS if isinstance(source, NwsForecast) else CADENCE_SECONDS
        self._topics: dict[str, set[str]] = {}
        self._newest_at: datetime | None = None
        self._beaten = 0.0
        self.events = self.unreadable = 0

    def publish(self, told: list[events.Event]) -> None:
        for event in told:
            if _is_unreadable(event):
                self.unreadable += 1
                self._publisher.send(event, topic=self._topic)
                continue
            self._clock.begin(event.time)
            self._wait_for(event.time)
            if isinstance(event, events.FeedHeartbeatEvent):
                self._repeat_heartbeat(event)
                continue
            topic = events.topic_of(event.data)
            self._topics.setdefault(event.source, set()).add(topic)
            self._newest_at = event.time if self._newest_at is None else max(self._newest_at, event.time)
            self._publisher.send(self._clock.shift(event), topic=topic)
            self.events += 1

    def finish(self) -> None:
        """Tell how far the recording goes: the partitions to which its last events did not belong are as complete as the others."""
        if self._newest_at is not None and not self._keeps_heartbeats:
            self._heartbeat(self._newest_at)

    def _wait_for(self, at: datetime) -> None:
        while (left := self._clock.seconds_until(at)) > 0:
            reached = self._clock.recorded_now()
            if reached is not None and not self._keeps_heartbeats and time.monotonic() - self._beaten >= HEARTBEAT_EVERY_SECONDS:
                self._heartbeat(min(reached, at))
                self._beaten = time.monotonic()
            time.sleep(min(left, HEARTBEAT_EVERY_SECONDS))

    def _heartbeat(self, at: datetime) -> None:
        for source, topics in self._topics.items():
            for topic in sorted(topics):
                self._publisher.heartbeat(
                    source=source, topic=topic, at=self._clock.shifted(at), cadence_seconds=self._cadence_seconds, name=self._source.title
                )

    def _repeat_heartbeat(self, event: events.FeedHeartbeatEvent) -> None:
        for topic in sorted(self._topics.get(event.source, {events.CONTACTS})):
            self._publisher.heartbeat(
                source=event.source,
                topic=topic,
                at=self._clock.shifted(event.time),
                cadence_seconds=event.data.cadence_seconds,
                name=event.data.name,
            )
        self.events += 1


def _topic_of(source: Source) -> str:
    if isinstance(source, (NwsForecast, NwsAlerts)):
        return events.WEATHER
    if isinstance(source, SocialPosts):
        return events.SOCIAL
    return events.REQUESTS if isinstance(source, (Open311, RequestTable)) else events.CONTACTS


def _weather_moved(data: Any, shift: timedelta) -> Any:
    """The hours of a forecast and the day of an observation moved by whole hours and days; anything else as it is."""
    if isinstance(data, events.WeatherForecast):
        hours = timedelta(hours=round(shift / timedelta(hours=1)))
        return msgspec.structs.replace(
            data, hours=tuple(msgspec.structs.replace(hour, hour_start=hour.hour_start + hours) for hour in data.hours)
        )
    if isinstance(data, events.WeatherObserved):
        return msgspec.structs.replace(data, day=data.day + timedelta(days=round(shift / timedelta(days=1))))
    return data


def _alert_moved(data: Any, shift: timedelta, mark: str) -> Any:
    """The times of an alert moved, and the messages that it refers to those that were moved with it; anything else as it is."""
    if not isinstance(data, events.WeatherAlert):
        return data
    moved: dict[str, Any] = {field: at + shift for field in _TIMES_OF_ALERT if (at := getattr(data, field)) is not None}
    return msgspec.structs.replace(data, refers_to=tuple(_marked(named, mark) for named in data.refers_to), **moved)


def _marked(named: str, mark: str) -> str:
    """An id with a mark: before the number of the wait, where a contact has one."""
    root, slash, rest = named.partition("/")
    return f"{root}{mark}{slash}{rest}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
