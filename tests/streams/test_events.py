"""The envelope and its types: what goes in comes out, and anything else is refused by name."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, strategies as st

from streams import events
from tests.event_strategies import EVENTS, WEATHER_EVENTS

NOON = datetime(2025, 11, 25, 12, tzinfo=UTC)
GOOD = events.encode(events.event(events.ContactQueued("c1", "general"), source="s", event_id="e1", at=NOON))


@given(EVENTS | WEATHER_EVENTS)
def test_what_is_encoded_is_decoded(event: events.Event) -> None:
    assert events.decode(events.encode(event)) == event


@given(st.binary(max_size=200))
@example(b"")
@example(b"null")
@example(b'{"id":"\xff"}')
def test_any_bytes_are_an_event_or_refused(value: bytes) -> None:
    try:
        event = events.decode(value)
    except events.InvalidEvent:
        return
    assert events.decode(events.encode(event)) == event


@pytest.mark.parametrize("start", [b"[", b'{"x":'], ids=["lists", "objects"])
def test_json_nested_too_deep_is_refused(start: bytes) -> None:
    with pytest.raises(events.InvalidEvent):
        events.decode(start * 20_000)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=2))
def test_a_damaged_event_is_an_event_or_refused(at: int, damage: bytes) -> None:
    test_any_bytes_are_an_event_or_refused.hypothesis.inner_test(GOOD[:at] + damage + GOOD[at + len(damage) :])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param(b'"contact_id":"c1"', b'"contact_id":""', r"data.contact_id", id="empty id"),
        pytest.param(b'"contact_id":"c1"', b'"contact_id":"a\\u0000b"', r"data.contact_id", id="control character"),
        pytest.param(b'"contact_id":"c1"', b'"other":"c1"', "contact_id", id="missing field"),
        pytest.param(b"contact.queued.v1", b"contact.queued.v2", "contact.queued.v2", id="unknown type"),
        pytest.param(b"12:00:00Z", b"12:00:00", "time", id="time without a zone"),
        pytest.param(b"2025-11-25", b"2025-02-30", "time", id="impossible date"),
        pytest.param(b'"source":"s"', b'"source":""', "source", id="no source"),
        pytest.param(b'"id":"e1"', b'"id":7', "id", id="number for a text"),
    ],
)
def test_a_refusal_names_the_field(old: bytes, new: bytes, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(events.InvalidEvent, match=reason):
        events.decode(GOOD.replace(old, new))


def test_unknown_fields_are_ignored() -> None:
    more = GOOD.replace(b'"contact_id"', b'"colour":"red","contact_id"').replace(b'"id":', b'"traceparent":"x","id":')
    assert events.decode(more) == events.decode(GOOD)


@pytest.mark.parametrize("seconds", [-1.0, 31_536_001.0, float("nan"), float("inf")])
def test_impossible_durations_are_refused(seconds: float) -> None:
    event = events.event(events.ContactEnded("c", talk_seconds=seconds), source="s", event_id="e", at=NOON)
    if seconds == seconds and abs(seconds) != float("inf"):
        with pytest.raises(events.InvalidEvent, match="talk_seconds"):
            events.decode(events.encode(event))
    else:  # JSON has no such number
        assert events.decode(events.encode(event)).data == events.ContactEnded("c")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        pytest.param(events.WeatherForecast("PHI/49,75", ()), "data.hours", id="a forecast without hours"),
        pytest.param(events.WeatherForecast("PHI/49,75", (events.ForecastHour(NOON),) * 401), "data.hours", id="too many hours"),
        pytest.param(
            events.WeatherForecast("PHI/49,75", (events.ForecastHour(NOON, snow_mm=-1.0),)),
            "hours.*snow_mm",
            id="less than no snow",
        ),
        pytest.param(events.WeatherObserved("KPHL", NOON.date(), temperature_max_celsius=71.0), "temperature_max_celsius", id="too hot"),
        pytest.param(events.WeatherObserved("", NOON.date()), "data.station", id="no station"),
        pytest.param(events.WeatherObserved("KPHL", NOON.date().replace(year=1)), "data.day", id="before anybody measured"),
    ],
)
def test_impossible_weather_is_refused(data: events.Data, field: str) -> None:
    with pytest.raises(events.InvalidEvent, match=field):
        events.decode(events.encode(events.event(data, source="s", event_id="e", at=NOON)))


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+15:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-15:00",
        "2025-11-25T12:00:00+16:00",
        "2025-11-25T12:00:00-23:59",
    ],
)
@pytest.mark.parametrize(
    ("data", "field"),
    [
        pytest.param(events.ContactQueued("c1", "general"), "time", id="the event's"),
        pytest.param(events.RequestSnapshot("1", "open", NOON + timedelta(1)), "requested_datetime", id="a request's"),
        pytest.param(events.RequestSnapshot("1", "open", NOON, NOON + timedelta(1)), "updated_datetime", id="an update's"),
        pytest.param(
            events.RequestSnapshot("1", "open", NOON, expected_datetime=NOON + timedelta(1)), "expected_datetime", id="a target's"
        ),
        pytest.param(events.WeatherForecast("PHI/49,75", (events.ForecastHour(NOON + timedelta(1)),)), "hour_start", id="an hour's"),
        pytest.param(events.WeatherAlert("a", "e", "Actual", "Alert", ends_at=NOON + timedelta(1)), "ends_at", id="an alert's"),
    ],
)
def test_times_that_no_clock_can_reckon_with_are_refused(data: events.Data, field: str, at: str) -> None:
    told = events.encode(events.event(data, source="s", event_id="e", at=NOON))
    plain = b"2025-11-25T12:00:00Z" if field == "time" else b"2025-11-26T12:00:00Z"
    assert plain in told
    with pytest.raises(events.InvalidEvent, match=field):
        events.decode(told.replace(plain, at.encode()))


def test_the_first_and_the_last_times_are_kept() -> None:
    for at in (events.EARLIEST, events.LATEST):
        assert events.decode(events.encode(events.event(events.ContactEnded("c"), source="s", event_id="e", at=at))).time == at


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        events.event(events.ContactEnded("c"), source="s", event_id="e", at=datetime(2025, 1, 1))  # noqa: DTZ001


def test_times_are_utc() -> None:
    at = datetime(2025, 11, 25, 7, tzinfo=timezone(timedelta(hours=-5)))
    assert b"2025-11-25T12:00:00Z" in events.encode(events.event(events.ContactEnded("c"), source="s", event_id="e", at=at))


@pytest.mark.parametrize(
    ("data", "topic", "key"),
    [
        (events.ContactQueued("c/2", "q"), events.CONTACTS, b"c/2"),
        (events.ContactAnswered("c"), events.CONTACTS, b"c"),
        (events.ContactLeftQueue("c", "closed"), events.CONTACTS, b"c"),
        (events.ContactEnded("c"), events.CONTACTS, b"c"),
        (events.AgentStateChanged("ann", "away"), events.AGENTS, b"ann"),
        (events.SearchPerformed("s", "snow", 3), events.SEARCHES, None),
        (events.WeatherForecast("PHI/49,75", (events.ForecastHour(NOON),)), events.WEATHER, b"PHI/49,75"),
        (events.WeatherObserved("KPHL", NOON.date()), events.WEATHER, b"KPHL"),
        (events.FeedHeartbeat(5), events.CONTACTS, None),
        (events.SourceUnreadable(b"x", "why"), events.CONTACTS, None),
    ],
)
def test_where_an_event_goes(data: events.Data, topic: str, key: bytes | None) -> None:
    assert (events.topic_of(data), events.key_of(data)) == (topic, key)


@given(st.binary(max_size=300), st.text(max_size=700))
def test_an_unreadable_line_can_always_be_sent(line: bytes, reason: str) -> None:
    event = events.event(events.unreadable(line, reason), source="s", event_id="e", at=NOON)
    found = events.decode(events.encode(event)).data
    assert isinstance(found, events.SourceUnreadable)
    assert found.line == line
