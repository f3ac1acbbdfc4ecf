"""What each event tells: frozen structs whose types say what is allowed. `streams.events` puts the envelope around them. No I/O."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

AgentState = Literal["on_contact", "wrap_up", "away", "available", "offline"]
LeftReason = Literal["abandoned", "transferred", "callback", "timeout", "closed"]
Id = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]
Instant = Annotated[datetime, Meta(tz=True)]
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)  # what every clock and zone can still reckon with
WIDEST_OFFSET = timedelta(hours=15, minutes=59)  # from UTC; the database knows no wider one
RequestStatus = Literal["open", "closed"]
Words = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=20_000)]
Celsius = Annotated[float, Meta(ge=-100, le=70)]
Millimetres = Annotated[float, Meta(ge=0, le=20_000)]
KilometresAnHour = Annotated[float, Meta(ge=0, le=500)]


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


class WeatherAlert(Struct, frozen=True, omit_defaults=True):
    """A message of the Common Alerting Protocol as api.weather.gov gives it; the event's time is when it was sent.

    `expires_at` is when the message ends, `ends_at` when the event does (None: until further notice, or not told). `refers_to` are the
    identifiers of the messages that it replaces, `zones` the UGC codes of its zones and counties, `geometry` its shape (GeoJSON as JSON
    text; None: the zones' shapes stand in), `parameters` what else the sender gave.
    """

    alert_id: Id
    event: Words
    status: Name
    message_type: Name
    effective_at: Instant | None = None
    onset_at: Instant | None = None
    expires_at: Instant | None = None
    ends_at: Instant | None = None
    severity: Name | None = None
    certainty: Name | None = None
    urgency: Name | None = None
    response: Name | None = None
    headline: Words | None = None
    description: Text | None = None
    instruction: Text | None = None
    sender_name: Words | None = None
    area_desc: Text | None = None
    zones: Annotated[tuple[Name, ...], Meta(max_length=2_000)] = ()
    refers_to: Annotated[tuple[Id, ...], Meta(max_length=500)] = ()
    geometry: Annotated[str, Meta(max_length=1_000_000)] | None = None
    parameters: Annotated[dict[str, tuple[str, ...]], Meta(max_length=200)] = {}


class SocialPosted(Struct, frozen=True, omit_defaults=True):
    """A public post, or with `repost_of` somebody's repetition of one. Whoever wrote it is a keyed hash before it comes here."""

    post_id: Id
    text: Annotated[str, Meta(max_length=5_000)] = ""
    author_hash: Name | None = None
    verified: bool = False
    repost_of: Id | None = None
    in_reply_to: Id | None = None
    language: Name | None = None
    reposts: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    url: Annotated[str, Meta(max_length=2_000)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


class SocialReplied(Struct, frozen=True, gc=False, omit_defaults=True):
    """The city answered the post `post_id` with the post `reply_id`."""

    post_id: Id
    reply_id: Id


class FeedHeartbeat(Struct, frozen=True, omit_defaults=True):
    """The source looked at the event's time and has told everything until then. Sent to every partition of its topic."""

    cadence_seconds: Annotated[float, Meta(gt=0, le=31_536_000)]
    name: Name | None = None


class SourceUnreadable(Struct, frozen=True, omit_defaults=True):
    """A line of a source that could not be read: kept with its reason, never used."""

    line: bytes
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    position: str | None = None
