"""The events: CloudEvents 1.0 in structured JSON, decoded into frozen structs or refused with `InvalidEvent`. No I/O."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from sql.weather_columns import FIRST_DAY, LAST_DAY
from streams.event_data import (  # the names are public here too
    EARLIEST as EARLIEST,
    LATEST as LATEST,
    WIDEST_OFFSET as WIDEST_OFFSET,
    AgentState as AgentState,
    AgentStateChanged as AgentStateChanged,
    ContactAnswered as ContactAnswered,
    ContactEnded as ContactEnded,
    ContactLeftQueue as ContactLeftQueue,
    ContactQueued as ContactQueued,
    FeedHeartbeat as FeedHeartbeat,
    ForecastHour as ForecastHour,
    Id as Id,
    Instant as Instant,
    LeftReason as LeftReason,
    Name as Name,
    RequestSnapshot as RequestSnapshot,
    RequestStatus as RequestStatus,
    SearchPerformed as SearchPerformed,
    SocialPosted as SocialPosted,
    SocialReplied as SocialReplied,
    SourceUnreadable as SourceUnreadable,
    SurveyAnswered as SurveyAnswered,
    WeatherAlert as WeatherAlert,
    WeatherForecast as WeatherForecast,
    WeatherObserved as WeatherObserved,
)

CONTACTS, AGENTS, REQUESTS = "311.contacts", "311.agents", "311.requests"
SURVEYS, SEARCHES, WEATHER, SOCIAL = "311.surveys", "311.searches", "311.weather", "311.social"
ALERTS = "311.alerts"  # of our own: written by the watcher, read by whoever wants to
CONTACT_CENTRE_TOPICS = (CONTACTS, AGENTS)
QUIET_TOPICS = (SURVEYS, SEARCHES, WEATHER, SOCIAL)  # of so few events that one partition does
TOPICS = (*CONTACT_CENTRE_TOPICS, REQUESTS, *QUIET_TOPICS)


class InvalidEvent(Exception):
    """The bytes are not an event of ours."""


Data = (
    ContactQueued
    | ContactAnswered
    | ContactLeftQueue
    | ContactEnded
    | AgentStateChanged
    | RequestSnapshot
    | SurveyAnswered
    | SearchPerformed
    | WeatherForecast
    | WeatherObserved
    | WeatherAlert
    | SocialPosted
    | SocialReplied
    | FeedHeartbeat
    | SourceUnreadable
)


class _Envelope(Struct, frozen=True, gc=False, tag_field="type", omit_defaults=True, kw_only=True):
    id: Id
    source: Name
    time: Instant
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: str | None = None
    subject: str | None = None


class ContactQueuedEvent(_Envelope, frozen=True, gc=False, tag="city311.contact.queued.v1"):
    """The envelope of `ContactQueued`."""

    data: ContactQueued


class ContactAnsweredEvent(_Envelope, frozen=True, gc=False, tag="city311.contact.answered.v1"):
    """The envelope of `ContactAnswered`."""

    data: ContactAnswered


class ContactLeftQueueEvent(_Envelope, frozen=True, gc=False, tag="city311.contact.left_queue.v1"):
    """The envelope of `ContactLeftQueue`."""

    data: ContactLeftQueue


class ContactEndedEvent(_Envelope, frozen=True, gc=False, tag="city311.contact.ended.v1"):
    """The envelope of `ContactEnded`."""

    data: ContactEnded


class AgentStateChangedEvent(_Envelope, frozen=True, tag="city311.agent.state_changed.v1"):
    """The envelope of `AgentStateChanged`."""

    data: AgentStateChanged


class RequestSnapshotEvent(_Envelope, frozen=True, gc=False, tag="city311.request.snapshot.v1"):
    """The envelope of `RequestSnapshot`."""

    data: RequestSnapshot


class SurveyAnsweredEvent(_Envelope, frozen=True, gc=False, tag="city311.survey.answered.v1"):
    """The envelope of `SurveyAnswered`."""

    data: SurveyAnswered


class SearchPerformedEvent(_Envelope, frozen=True, gc=False, tag="city311.search.performed.v1"):
    """The envelope of `SearchPerformed`."""

    data: SearchPerformed


class WeatherForecastEvent(_Envelope, frozen=True, tag="city311.weather.forecast.v1"):
    """The envelope of `WeatherForecast`."""

    data: WeatherForecast


class WeatherObservedEvent(_Envelope, frozen=True, gc=False, tag="city311.weather.observed.v1"):
    """The envelope of `WeatherObserved`."""

    data: WeatherObserved


class WeatherAlertEvent(_Envelope, frozen=True, tag="city311.weather.alert.v1"):
    """The envelope of `WeatherAlert`."""

    data: WeatherAlert


class SocialPostedEvent(_Envelope, frozen=True, tag="city311.social.posted.v1"):
    """The envelope of `SocialPosted`."""

    data: SocialPosted


class SocialRepliedEvent(_Envelope, frozen=True, gc=False, tag="city311.social.replied.v1"):
    """The envelope of `SocialReplied`."""

    data: SocialReplied


class FeedHeartbeatEvent(_Envelope, frozen=True, tag="city311.feed.heartbeat.v1"):
    """The envelope of `FeedHeartbeat`."""

    data: FeedHeartbeat


class SourceUnreadableEvent(_Envelope, frozen=True, tag="city311.source.unreadable.v1"):
    """The envelope of `SourceUnreadable`."""

    data: SourceUnreadable


class WatchAlert(Struct, frozen=True, omit_defaults=True):
    """An alert of our own began or ended. We publish it and never read it, so it is no `Event`."""

    rule: Name
    subject: str
    severity: Literal["watch", "act"]
    what: Literal["fired", "cleared"]
    text: str
    fired_at: Instant
    runbook: str
    value: float | None = None
    cleared_at: Instant | None = None


class WatchAlertEvent(_Envelope, frozen=True, tag="city311.watch.alert.v1"):
    """The envelope of `WatchAlert`."""

    data: WatchAlert


Event = (
    ContactQueuedEvent
    | ContactAnsweredEvent
    | ContactLeftQueueEvent
    | ContactEndedEvent
    | AgentStateChangedEvent
    | RequestSnapshotEvent
    | SurveyAnsweredEvent
    | SearchPerformedEvent
    | WeatherForecastEvent
    | WeatherObservedEvent
    | WeatherAlertEvent
    | SocialPostedEvent
    | SocialRepliedEvent
    | FeedHeartbeatEvent
    | SourceUnreadableEvent
)
_ENVELOPE_OF: dict[type, Any] = {
    ContactQueued: ContactQueuedEvent,
    ContactAnswered: ContactAnsweredEvent,
    ContactLeftQueue: ContactLeftQueueEvent,
    ContactEnded: ContactEndedEvent,
    AgentStateChanged: AgentStateChangedEvent,
    RequestSnapshot: RequestSnapshotEvent,
    SurveyAnswered: SurveyAnsweredEvent,
    SearchPerformed: SearchPerformedEvent,
    WeatherForecast: WeatherForecastEvent,
    WeatherObserved: WeatherObservedEvent,
    WeatherAlert: WeatherAlertEvent,
    SocialPosted: SocialPostedEvent,
    SocialReplied: SocialRepliedEvent,
    FeedHeartbeat: FeedHeartbeatEvent,
    SourceUnreadable: SourceUnreadableEvent,
}
_decoder = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


def decode(value: bytes) -> Event:
    """One event from its bytes.

    Raises:
        InvalidEvent: the bytes are no JSON, no CloudEvent, of an unknown type, or a field is missing or
            out of range; the message says which.
    """
    try:
        found: Event = _decoder.decode(value)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidEvent(str(error)[:500]) from None
    if found.time.tzinfo is not UTC or not EARLIEST <= found.time <= LATEST:
        _check_instant(found.time, "time")
    if (check := _CHECK_OF.get(type(found))) is not None:
        check(found)
    return found


def _check_instant(at: datetime | None, field: str) -> None:
    if at is not None and not (EARLIEST <= at <= LATEST and abs(at.utcoffset() or timedelta(0)) <= WIDEST_OFFSET):
        raise InvalidEvent(
            f"{at.isoformat()} is no time that can be kept: the years 2 to 9998, and an offset that a zone has - at `$.{field}`"
        )


def _check_request(event: RequestSnapshotEvent) -> None:
    told = event.data
    _check_instant(told.requested_datetime, "data.requested_datetime")
    _check_instant(told.updated_datetime, "data.updated_datetime")
    _check_instant(told.expected_datetime, "data.expected_datetime")
    _check_instant(told.closed_datetime, "data.closed_datetime")


def _check_forecast(event: WeatherForecastEvent) -> None:
    for hour in event.data.hours:
        _check_instant(hour.hour_start, "data.hours[...].hour_start")


def _check_observed(event: WeatherObservedEvent) -> None:
    if not FIRST_DAY <= event.data.day <= LAST_DAY:
        raise InvalidEvent(f"{event.data.day} is no day on which anybody measured: {FIRST_DAY} to {LAST_DAY} is expected - at `$.data.day`")


def _check_alert(event: WeatherAlertEvent) -> None:
    for field in ("effective_at", "onset_at", "expires_at", "ends_at"):
        _check_instant(getattr(event.data, field), f"data.{field}")


_CHECK_OF: dict[type, Callable[[Any], None]] = {
    RequestSnapshotEvent: _check_request,
    WeatherForecastEvent: _check_forecast,
    WeatherObservedEvent: _check_observed,
    WeatherAlertEvent: _check_alert,
}


def encode(event: Event | WatchAlertEvent) -> bytes:
    """The bytes of one event, as they go to Kafka."""
    return _encoder.encode(event)


def event(data: Data, *, source: str, event_id: str, at: datetime) -> Event:
    """Put an envelope around what happened `at` (timezone-aware; the source's own time)."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone: event times are instants")
    built: Event = _ENVELOPE_OF[type(data)](id=event_id, source=source, time=at.astimezone(UTC), data=data)
    return built


_TOPIC_OF: dict[type, str] = {
    AgentStateChanged: AGENTS,
    RequestSnapshot: REQUESTS,
    SurveyAnswered: SURVEYS,
    SearchPerformed: SEARCHES,
    WeatherForecast: WEATHER,
    WeatherObserved: WEATHER,
    WeatherAlert: WEATHER,
    SocialPosted: SOCIAL,
    SocialReplied: SOCIAL,
}


def topic_of(data: Data) -> str:
    """The topic on which such an event is published; a heartbeat or an unreadable line goes where its source's events go."""
    return _TOPIC_OF.get(type(data), CONTACTS)


def key_of(data: Data) -> bytes | None:
    """The partition key: the subject's id, so that one contact, agent, request, grid or station stays in one partition."""
    if isinstance(data, (FeedHeartbeat, SourceUnreadable, SurveyAnswered, SearchPerformed)):
        return None
    if isinstance(data, AgentStateChanged):
        return data.agent_id.encode()
    if isinstance(data, RequestSnapshot):
        return data.service_request_id.encode()
    if isinstance(data, (WeatherForecast, WeatherObserved)):
        return (data.grid if isinstance(data, WeatherForecast) else data.station).encode()
    if isinstance(data, WeatherAlert):
        return data.alert_id.encode()
    if isinstance(data, (SocialPosted, SocialReplied)):
        return data.post_id.encode()
    return data.contact_id.encode()


def unreadable(line: bytes, reason: str, position: str | None = None) -> SourceUnreadable:
    """What to publish for a line of a source that cannot be read."""
    return SourceUnreadable(line=line[:100_000], reason=reason[:500] or "unreadable", position=position)
