"""The events: CloudEvents 1.0 in structured JSON, decoded into frozen structs or refused with `InvalidEvent`. No I/O."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

CONTACTS, AGENTS, REQUESTS = "311.contacts", "311.agents", "311.requests"
SURVEYS, SEARCHES, WEATHER = "311.surveys", "311.searches", "311.weather"
CONTACT_CENTRE_TOPICS = (CONTACTS, AGENTS)
QUIET_TOPICS = (SURVEYS, SEARCHES, WEATHER)  # of so few events that one partition does
TOPICS = (*CONTACT_CENTRE_TOPICS, REQUESTS, *QUIET_TOPICS)

AgentState = Literal["on_contact", "wrap_up", "away", "available", "offline"]
LeftReason = Literal["abandoned", "transferred", "callback", "timeout", "closed"]
Id = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]
Instant = Annotated[datetime, Meta(tz=True)]
RequestStatus = Literal["open", "closed"]
Words = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=20_000)]
Celsius = Annotated[float, Meta(ge=-100, le=70)]
Millimetres = Annotated[float, Meta(ge=0, le=20_000)]
KilometresAnHour = Annotated[float, Meta(ge=0, le=500)]


class InvalidEvent(Exception):
    """The bytes are not an event of ours."""


class ContactQueued(Struct, frozen=True, gc=False, omit_defaults=True):
    """A resident begins to wait in a queue. A second queue is a second contact: `ROOT/2`."""

    contact_id: Id
    queue: Name
    channel: Name = "phone"
    language: Name | None = None


class ContactAnswered(Struct, frozen=True, gc=False, omit_defaults=True):
    """An agent takes the contact. `wait_seconds` dates the wait if the queued event never came."""

    contact_id: Id
    agent_id: Name | None = None
    queue: Name | None = None
    wait_seconds: Seconds | None = None


class ContactLeftQueue(Struct, frozen=True, gc=False, omit_defaults=True):
    """The wait ends without an answer."""

    contact_id: Id
    reason: LeftReason
    queue: Name | None = None
    wait_seconds: Seconds | None = None


class ContactEnded(Struct, frozen=True, gc=False, omit_defaults=True):
    """The contact is over. Told more than once, the largest of each duration counts; never answered, it was abandoned."""

    contact_id: Id
    queue: Name | None = None
    talk_seconds: Seconds | None = None
    hold_seconds: Seconds | None = None
    wrap_up_seconds: Seconds | None = None


class AgentStateChanged(Struct, frozen=True, omit_defaults=True):
    """An agent went into `state` at the event's time and serves `queues` (None: not told)."""

    agent_id: Name
    state: AgentState
    queues: Annotated[tuple[Name, ...], Meta(max_length=200)] | None = None


class RequestSnapshot(Struct, frozen=True, gc=False, omit_defaults=True):
    """A service request as its system showed it; the fields are Open311 GeoReport v2's, and those below the blank line are not.

    Of several snapshots the one with the newest `updated_datetime` holds; without one, the close or the opening dates it. Open311 gives a
    closed request no other time of closing than `updated_datetime`. `usable_location` is false where the source knows that the point is
    not the place (a default geocode).
    """

    service_request_id: Id
    status: RequestStatus
    requested_datetime: Instant
    updated_datetime: Instant | None = None
    expected_datetime: Instant | None = None
    service_code: Words | None = None
    service_name: Words | None = None
    agency_responsible: Words | None = None
    description: Text | None = None
    status_notes: Text | None = None
    service_notice: Text | None = None
    address: Words | None = None
    address_id: Words | None = None
    zipcode: Words | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    long: Annotated[float, Meta(ge=-180, le=180)] | None = None
    media_url: Annotated[str, Meta(max_length=2_000)] | None = None

    closed_datetime: Instant | None = None
    usable_location: bool = True
    channel: Words | None = None
    language: Words | None = None
    department: Words | None = None
    jurisdiction_id: Words | None = None


class SurveyAnswered(Struct, frozen=True, gc=False, omit_defaults=True):
    """A resident said how satisfied they were: `score` of `scale`, the best being `scale` and the worst 1."""

    survey_id: Id
    score: Annotated[int, Meta(ge=1, le=10)]
    scale: Annotated[int, Meta(ge=2, le=10)] = 5
    service_request_id: Id | None = None
    contact_id: Id | None = None
    channel: Words | None = None
    language: Words | None = None


class SearchPerformed(Struct, frozen=True, gc=False, omit_defaults=True):
    """A resident looked something up, and got `answers` answers."""

    search_id: Id
    term: Annotated[str, Meta(min_length=1, max_length=200)]
    answers: Annotated[int, Meta(ge=0, le=1_000_000_000)]
    channel: Words | None = None
    language: Words | None = None


class ForecastHour(Struct, frozen=True, gc=False, omit_defaults=True):
    """The weather that is forecast for the hour that begins at `hour_start`, on the full hour; None: the forecast does not say.

    Snow and precipitation (as liquid: rain and melted snow) are what falls within the hour.
    """

    hour_start: Instant
    temperature_celsius: Celsius | None = None
    snow_mm: Millimetres | None = None
    precipitation_mm: Millimetres | None = None
    wind_kmh: KilometresAnHour | None = None
    gust_kmh: KilometresAnHour | None = None


class WeatherForecast(Struct, frozen=True, omit_defaults=True):
    """One issue of a forecast for a grid square (`OFFICE/X,Y`); the event's time is when the weather service issued it."""

    grid: Name
    hours: Annotated[tuple[ForecastHour, ...], Meta(min_length=1, max_length=400)]


class WeatherObserved(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a station measured on a day of its own clock. Told more than once, the newest telling holds.

    Wind is the day's mean, gust its highest; None: not measured.
    """

    station: Name
    day: date
    snow_mm: Millimetres | None = None
    snow_depth_mm: Millimetres | None = None
    precipitation_mm: Millimetres | None = None
    temperature_max_celsius: Celsius | None = None
    temperature_min_celsius: Celsius | None = None
    wind_kmh: KilometresAnHour | None = None
    gust_kmh: KilometresAnHour | None = None


class FeedHeartbeat(Struct, frozen=True, omit_defaults=True):
    """The source looked at the event's time and has told everything until then. Sent to every partition of its topic."""

    cadence_seconds: Annotated[float, Meta(gt=0, le=31_536_000)]
    name: Name | None = None


class SourceUnreadable(Struct, frozen=True, omit_defaults=True):
    """A line of a source that could not be read: kept with its reason, never used."""

    line: bytes
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    position: str | None = None


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


class FeedHeartbeatEvent(_Envelope, frozen=True, tag="city311.feed.heartbeat.v1"):
    """The envelope of `FeedHeartbeat`."""

    data: FeedHeartbeat


class SourceUnreadableEvent(_Envelope, frozen=True, tag="city311.source.unreadable.v1"):
    """The envelope of `SourceUnreadable`."""

    data: SourceUnreadable


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
        return found
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidEvent(str(error)[:500]) from None


def encode(event: Event) -> bytes:
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
    return data.contact_id.encode()


def unreadable(line: bytes, reason: str, position: str | None = None) -> SourceUnreadable:
    """What to publish for a line of a source that cannot be read."""
    return SourceUnreadable(line=line[:100_000], reason=reason[:500] or "unreadable", position=position)
