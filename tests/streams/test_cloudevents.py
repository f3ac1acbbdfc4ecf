"""Our own events as lines: what is one goes through unchanged, what is none is kept with its reason."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given, strategies as st

from streams import events
from streams.sources.cloudevents import CloudEvents
from tests.event_strategies import EVENTS

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def cloudevents() -> CloudEvents:
    """A source whose clock stands still."""
    return CloudEvents("export", clock=lambda: NOW)


@given(EVENTS)
def test_an_event_goes_through_unchanged(event: events.Event) -> None:
    line = events.encode(event) + b"\r\n"
    assert cloudevents().read(line) == [event]
    assert cloudevents().recognises(line)


@given(st.binary(max_size=80))
@example(b'{"type":"city311.contact.exploded.v1","id":"a","source":"s","time":"2024-01-01T00:00:00Z","data":{}}')
def test_what_is_no_event_is_kept_with_its_reason(line: bytes) -> None:
    found = cloudevents().read(line, "file:1")
    if not line.strip():
        assert found == []
        return
    [event] = found
    assert isinstance(event.data, events.SourceUnreadable)
    assert event.data.line == line.strip()[:100_000]
    assert event.data.reason
    assert event.source == "export"
    assert not cloudevents().recognises(line)


def test_the_future_is_refused() -> None:
    at = NOW + timedelta(days=2)
    [event] = cloudevents().read(events.encode(events.event(events.ContactEnded("c"), source="s", event_id="e", at=at)))
    assert isinstance(event.data, events.SourceUnreadable)
    assert "more than a day ahead" in event.data.reason
