"""What bad input is given to, of what comes by itself: the event decoder, every source and poll, with valid samples of each.

A reader returns quietly or raises what it documents; anything else is a finding. What a source makes of an input must itself be an event.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sql.intake import Intake, Promise, holidays_of
from sql.places import Places
from streams import events, sink
from streams.fold import Batch, Position, Record
from streams.poll import asking, georeport
from streams.social import jetstream, mastodon
from streams.social.authors import Authors
from streams.social.plain_text import text_of
from streams.social.records import Records
from streams.social.sse import Events
from streams.social.statuses import Statuses
from streams.social.topics import rules
from streams.sources import Source, nws_alerts
from streams.sources.asterisk import QueueLog
from streams.sources.cloudevents import CloudEvents
from streams.sources.connect import Connect
from streams.sources.mapping import Mapping
from streams.sources.nws_alerts import NwsAlerts
from streams.sources.nws_forecast import NwsForecast
from streams.sources.open311 import Open311
from streams.sources.open311_pages import NoPage, parted
from streams.sources.request_mapping import find_mapping, read_request_mapping, shipped
from streams.sources.request_table import RequestTable
from streams.sources.social_posts import SocialPosts
from tests.streams import alert_server, gridpoint_server

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
CITY = ZoneInfo("America/New_York")
Reader = Callable[[bytes], object]
KEPT_UNREAD = object()  # what a reader returns that keeps an input with a reason instead of refusing it


@dataclass(frozen=True)
class Target:
    """Something that reads.

    Attributes:
        name: what the report calls it.
        samples: valid inputs.
        begin: makes a reader that has read nothing yet.
        refusals: what it may raise.
        share: of the inputs that are asked for; what is slow gets fewer.
    """

    name: str
    samples: tuple[bytes, ...]
    begin: Callable[[], Reader]
    refusals: tuple[type[Exception], ...] = ()
    share: float = 1.0


def _written(*told: Any) -> tuple[bytes, ...]:
    return tuple(json.dumps(one).encode() for one in told)


def _events() -> tuple[bytes, ...]:
    hour = events.ForecastHour(NOON, -3.0, 10.0, 1.0, 20.0, 40.0)
    data: tuple[events.Data, ...] = (
        events.ContactQueued("c1", "general", "phone", "en"),
        events.ContactAnswered("c1", "ann", "general", 12.0),
        events.ContactLeftQueue("c1", "abandoned", "general", 12.0),
        events.ContactEnded("c1", "general", 60.0, 1.0, 30.0),
        events.AgentStateChanged("ann", "away", ("general", "spanish")),
        events.RequestSnapshot("1", "open", NOON, NOON, NOON, "sc", "Pothole", lat=39.9, long=-75.1, media_url="https://x.example/a"),
        events.SurveyAnswered("s", 4, 5, "1"),
        events.SearchPerformed("s", "snow", 3),
        events.WeatherForecast("PHI/49,75", (hour, events.ForecastHour(NOON + timedelta(hours=1)))),
        events.WeatherObserved("KPHL", NOON.date(), 254.0, temperature_max_celsius=-3.9),
        events.WeatherAlert(
            "a", "Winter Storm Warning", "Actual", "Update", ends_at=NOON, zones=("PAC101",), parameters={"VTEC": ("/O/",)}
        ),
        events.SocialPosted("p1", text="No power", author_hash="h", reposts=3, latitude=39.9, longitude=-75.1),
        events.SocialReplied("p1", "r1"),
        events.FeedHeartbeat(5, "phone"),
        events.SourceUnreadable(b"x", "why", "file:1"),
    )
    return tuple(events.encode(events.event(one, source="s", event_id=f"e{number}", at=NOON)) for number, one in enumerate(data))


def _decoder() -> Reader:
    def read(value: bytes) -> None:
        found = events.decode(value)
        assert events.decode(events.encode(found)) == found

    return read


def _consumer() -> Reader:
    """What the consumer makes of a record before the database sees it: a dead letter, or lines of its tables."""
    intake = Intake(1, Places(), {}, {("*", "*"): (Promise(NOON - timedelta(days=9_000), 30, "business"),)}, CITY, holidays_of("US"))
    place = Position("t", 0)

    def read(value: bytes) -> object:
        batch = Batch({place: 0})
        batch.add(place, [Record("t", 0, 0, None, value)])
        for part in sink._parts(batch, intake):
            "".join(part.lines).encode()
        return KEPT_UNREAD if batch.dead_letters else None

    return read


def _source(make: Callable[[], Source], *, parting: Callable[[bytes], list[bytes]] | None = None) -> Callable[[], Reader]:
    """Readers of a source: what it tells can be published, and is read back as the same."""

    def begin() -> Reader:
        source = make()

        def read(value: bytes) -> object:
            unread = False
            for one in parting(value) if parting else [value]:
                source.recognises(one)
                for event in source.read(one, "file:1"):
                    assert events.decode(events.encode(event)) == event
                    unread = unread or isinstance(event, events.SourceUnreadableEvent)
            return KEPT_UNREAD if unread else None

        return read

    return begin


def _state(make: Callable[[], Source], sample: bytes) -> Callable[[], Reader]:
    """Readers of what a source wrote down of itself: the state is refused, or the source goes on with it."""

    def begin() -> Reader:
        def read(value: bytes) -> None:
            source = make()
            source.restore(value)
            for event in source.read(sample):
                events.decode(events.encode(event))
            source.restore(source.state())

        return read

    return begin


def _state_after(make: Callable[[], Source], samples: tuple[bytes, ...]) -> bytes:
    source = make()
    for sample in samples:
        source.read(sample)
    return source.state()


def _clock() -> datetime:
    return NOON


def _authors() -> Authors:
    return Authors(b"0123456789abcdef", verified=["a@m.example"], own=["city@m.example"])


def _queue_log() -> Source:
    return QueueLog("asterisk/test", zone=CITY, callback_keys="1", mapping=Mapping(queues={"q1": "general"}), clock=_clock)


def _mastodon() -> Source:
    return Statuses("mastodon/m.example", _authors(), server="m.example", clock=_clock)


def _bluesky() -> Source:
    return Records("bluesky/test", _authors(), wanted=["plow*", "no power", "tree ~ street"], tags=["PhillySnow"], clock=_clock)


_AT = 1_769_338_800
QUEUE_LOG = tuple(
    line.encode()
    for line in (
        f"{_AT}|c1|general|NONE|ENTERQUEUE||2155550100|1",
        f"{_AT + 12}|c1|general|ann|CONNECT|12|b1|3",
        f"{_AT + 72}|c1|general|ann|COMPLETEAGENT|12|60|1",
        f"{_AT + 80}|c2|q1|NONE|ABANDON|1|1|9",
        f"{_AT + 81}|c3|general|NONE|EXITWITHKEY|1|1|1|7",
        f"{_AT + 90}|c1|general|ann|BLINDTRANSFER|200|default|12|60|1",
        f"{_AT + 91}|NONE|general|ann|ADDMEMBER|",
        f"{_AT + 92}|NONE|NONE|ann|PAUSEALL|",
        f"{_AT}|NONE|NONE|NONE|QUEUESTART|",
        "2026-01-25 07:00:01.123456|c9|general|NONE|EXITWITHTIMEOUT|1|1|90",
    )
)
_ARN = "arn:aws:connect:us-west-2:123456789012:instance/inst"
_CONTACT = {
    "contactId": "c1",
    "initialContactId": "c0",
    "channel": "VOICE",
    "initiationMethod": "INBOUND",
    "eventType": "DISCONNECTED",
    "queueInfo": {"queueArn": f"{_ARN}/queue/general", "queueType": "STANDARD", "enqueueTimestamp": "2026-01-25T11:00:04.000Z"},
    "agentInfo": {"agentArn": f"{_ARN}/agent/ann", "connectedToAgentTimestamp": "2026-01-25T11:00:09.000Z", "afterContactWorkDuration": 30},
    "disconnectTimestamp": "2026-01-25T11:01:09.000Z",
    "customerEndpoint": {"address": "+12155550100"},
}
_SNAPSHOT = {
    "AgentStatus": {"Name": "Available", "Type": "ROUTABLE", "StartTimestamp": "2026-01-25T11:00:00.000Z"},
    "Configuration": {"Username": "ann", "RoutingProfile": {"InboundQueues": [{"ARN": f"{_ARN}/queue/general", "Name": "general"}]}},
    "Contacts": [{"ContactId": "c1", "State": "CONNECTED", "StateStartTimestamp": "2026-01-25T11:00:09.000Z"}],
}
CONNECT = _written(
    _CONTACT,
    _CONTACT | {"eventType": "QUEUED"},
    _CONTACT | {"eventType": "CONNECTED_TO_AGENT"},
    {"version": "0", "detail-type": "Amazon Connect Contact Event", "time": "2026-01-25T11:02:00Z", "detail": _CONTACT},
    {
        "AgentARN": f"{_ARN}/agent/ann",
        "EventType": "STATE_CHANGE",
        "EventTimestamp": "2026-01-25T11:00:09.000Z",
        "CurrentAgentSnapshot": _SNAPSHOT,
        "PreviousAgentSnapshot": _SNAPSHOT,
        "Version": "2017-10-01",
    },
)
_REQUEST = {
    "service_request_id": 638344,
    "status": "closed",
    "status_notes": "Done",
    "service_name": "Pothole",
    "service_code": "006",
    "description": "A hole <b>here</b>",
    "agency_responsible": None,
    "requested_datetime": "2026-01-14T06:37:38-08:00",
    "updated_datetime": "2026-01-15T06:37:38Z",
    "expected_datetime": "2026-01-16T06:37:38",
    "address": "8th St",
    "zipcode": 94122,
    "lat": "37.7",
    "long": -122.4,
    "media_url": "https://x.example/1.jpg",
    "extended_attributes": {"ward": 7},
}
_OPEN311_XML = (
    b'<?xml version="1.0" encoding="utf-8"?><service_requests><request><service_request_id>638344</service_request_id>'
    b"<status>open</status><requested_datetime>2026-01-14T06:37:38-08:00</requested_datetime><description>5 &lt; 7 &amp; caf\xc3\xa9"
    b"</description><lat>37.7</lat><long>-122.4</long><agency_responsible/></request><request><service_request_id>2</service_request_id>"
    b"</request></service_requests>"
)
_GEOREPORT_ERROR = [{"code": 404, "description": "service_request_id not found"}]
TABLE_ROWS = {
    "boston": {
        "case_enquiry_id": "101",
        "open_dt": "2026-01-02 10:00:00",
        "target_dt": "2026-01-09 10:00:00",
        "closed_dt": "2026-01-03 10:00:00",
        "case_status": "Closed",
        "type": "Pothole",
        "reason": "Streets",
        "department": "PWDX",
        "latitude": "42.3",
        "longitude": "-71.0",
        "source": "Citizens Connect App",
    },
    "new_york": {
        "Unique Key": "5",
        "Created Date": "01/02/2026 10:00:00 AM",
        "Closed Date": "01/03/2026 10:00:00 AM",
        "Status": "Closed",
        "Agency": "DOT",
        "Complaint Type": "Pothole",
        "Descriptor": "Hole",
        "Latitude": "40.7",
        "Longitude": "-73.9",
        "Open Data Channel Type": "ONLINE",
    },
    "philadelphia": {
        "service_request_id": "16",
        "status": "Open",
        "service_name": "Pothole",
        "requested_datetime": "2026-01-02 10:00:00+00",
        "updated_datetime": "2026-01-02 11:00:00+00",
        "expected_datetime": "2026-01-09 10:00:00+00",
        "lat": "39.9",
        "lon": "-75.1",
        "agency_responsible": "Streets",
        "zipcode": "19104",
    },
}
_STATUS = {
    "id": "115000000000000001",
    "created_at": "2026-01-25T11:00:00.000Z",
    "content": "<p>No plow yet<br>on <a href='https://m.example/tags/x'>#<span>PhillySnow</span></a></p><p>Day 3 &amp; counting</p>",
    "account": {"id": "7", "acct": "jenny", "username": "jenny", "url": "https://m.example/@jenny"},
    "language": "en",
    "visibility": "public",
    "reblogs_count": 4,
    "in_reply_to_id": "114",
    "in_reply_to_account_id": "7",
    "edited_at": None,
    "url": "https://m.example/@jenny/115000000000000001",
    "uri": "https://m.example/users/jenny/statuses/115000000000000001",
}
MASTODON = _written(_STATUS, _STATUS | {"reblog": _STATUS}, _STATUS | {"account": {"acct": "city", "id": "1"}})
_COMMIT = {
    "operation": "create",
    "collection": "app.bsky.feed.post",
    "rkey": "3k",
    "cid": "c1",
    "record": {
        "text": "no plow, no power on our block",
        "createdAt": "2026-01-25T11:00:00.000Z",
        "langs": ["en"],
        "reply": {"parent": {"uri": "at://did:plc:a/app.bsky.feed.post/3j"}, "root": {"uri": "at://did:plc:a/app.bsky.feed.post/3j"}},
        "facets": [{"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "PhillySnow"}]}],
        "subject": {"uri": "at://did:plc:a/app.bsky.feed.post/3j"},
    },
}
_MESSAGE = {"did": "did:plc:jenny", "time_us": 1769338800000000, "kind": "commit", "commit": _COMMIT}
BLUESKY = _written(
    _MESSAGE, _MESSAGE | {"commit": _COMMIT | {"collection": "app.bsky.feed.repost"}}, {"did": "d", "time_us": 1, "kind": "identity"}
)
_POST = {
    "text": "No plow yet RT @x: y",
    "posted_at": "2026-01-25T11:00:00Z",
    "author": "jenny",
    "latitude": 39.95,
    "longitude": -75.16,
    "id": 12,
    "language": "en",
    "in_reply_to": "a",
    "reposts": 3,
    "url": "https://x.com/jenny/status/12",
}
ALERTS = _written(
    alert_server.feature("urn:oid:2", refers_to=("urn:oid:1",), geometry=alert_server.SQUARE),
    alert_server.collection(alert_server.feature("urn:oid:1"), alert_server.feature("urn:oid:3")),
)
FORECASTS = _written(gridpoint_server.answer())
STREAM = (b"event: update\r\ndata: {}\r\n\r\n:thump\n\ndata: a\ndata: b\n\n", b"\xef\xbb\xbfdata: x\n\n")


def _table(named: str) -> Target:
    mapping = read_request_mapping(find_mapping(named))

    def make() -> Source:
        return RequestTable("requests/test", mapping=mapping, zone=CITY, clock=_clock)

    rows = _written(TABLE_ROWS[named], ["the row has 3 columns, and the header 2", "a,b,c"])
    assert any(isinstance(event, events.RequestSnapshotEvent) for event in make().read(rows[0])), f"the sample of {named} is none"
    return Target(f"request table, {named}", rows, _source(make))


def _server_sent() -> Reader:
    def read(value: bytes) -> None:
        parser = Events()
        for start in range(0, len(value), 4096):
            parser.take(value[start : start + 4096])

    return read


def _mastodon_answers(value: bytes) -> None:
    """What is read of an answer and of a message before the source sees it."""
    mastodon._object(asking.Answer(200, {}, value))
    number = mastodon._number(value)
    if number:
        mastodon._earlier(number)
    mastodon.statuses_of(value)


def _words(value: bytes) -> None:
    text = text_of(value.decode("utf-8", "replace"))
    rules().read(text[:5_000], None)


def _weather_answers(value: bytes) -> None:
    """What is read of an answer beside what the source reads of it."""
    from streams.poll.weather_service import problem

    problem(value)
    nws_alerts.features(nws_alerts.document(value))


TARGETS: tuple[Target, ...] = (
    Target("event decoder", _events(), _decoder, (events.InvalidEvent,)),
    Target("consumer", _events(), _consumer),
    Target("CloudEvents", _events(), _source(lambda: CloudEvents("export", clock=_clock))),
    Target("Asterisk", QUEUE_LOG, _source(_queue_log)),
    Target("Amazon Connect", CONNECT, _source(lambda: Connect("connect/test", clock=_clock))),
    Target("Open311 JSON", _written(_REQUEST), _source(lambda: Open311("open311/test", zone=CITY, clock=_clock))),
    Target(
        "Open311 pages, JSON and XML",
        (*_written([_REQUEST, _REQUEST], {"service_requests": [_REQUEST]}, _GEOREPORT_ERROR), _OPEN311_XML),
        _source(lambda: Open311("open311/test", zone=CITY, clock=_clock), parting=parted),
        (NoPage,),
    ),
    *map(_table, shipped()),
    Target("weather alerts", ALERTS, _source(lambda: NwsAlerts("nws/test", clock=_clock), parting=nws_alerts.parted)),
    Target("weather forecasts", FORECASTS, _source(lambda: NwsForecast("nws/test", clock=_clock))),
    Target("posts, Mastodon", MASTODON, _source(_mastodon)),
    Target("posts, Bluesky", BLUESKY, _source(_bluesky)),
    Target("posts, files", _written(_POST), _source(lambda: SocialPosts("social/test", _authors(), zone=CITY, clock=_clock))),
    Target("poll: Open311 answers", (*_written([_REQUEST], _GEOREPORT_ERROR), _OPEN311_XML), lambda: _georeport),
    Target(
        "poll: weather answers",
        (*ALERTS, *_written({"title": "Bad", "detail": "zone"})),
        lambda: _weather_answers,
        (nws_alerts.Unreadable,),
    ),
    Target("poll: Retry-After", (b"120", b"Sun, 25 Jan 2026 12:00:00 GMT", b"1.5"), lambda: _retry_after),
    Target("stream: server-sent events", STREAM, _server_sent),
    Target("stream: Mastodon answers", (b"[" + b",".join(MASTODON) + b"]", b'[{"id":"7"}]'), lambda: _mastodon_answers, (ValueError,)),
    Target("stream: Bluesky cursors", BLUESKY, lambda: lambda value: jetstream._instant(jetstream._dated(value))),
    Target("words and topics of posts", (b"<p>No power &amp; no plow</p>", "¿Cuándo pasan la nieve?".encode()), lambda: _words, share=0.2),
    Target("state: Asterisk", (_state_after(_queue_log, QUEUE_LOG),), _state(_queue_log, QUEUE_LOG[2]), (ValueError,), 0.2),
    Target("state: Mastodon", (_state_after(_mastodon, MASTODON),), _state(_mastodon, MASTODON[0]), (ValueError,), 0.2),
    Target("state: Bluesky", (_state_after(_bluesky, BLUESKY),), _state(_bluesky, BLUESKY[0]), (ValueError,), 0.2),
)


def _georeport(value: bytes) -> None:
    records = georeport._records_of(value)
    if records is not None:
        georeport._errors(records)
        any(map(georeport._is_request, records))


def _retry_after(value: bytes) -> None:
    found = asking.retry_after(value.decode("latin-1"), NOON)
    assert found is None or 0 <= found <= asking.LONGEST_RETRY_AFTER_SECONDS
