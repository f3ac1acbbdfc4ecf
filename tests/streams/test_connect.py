"""Amazon Connect: contact and agent events, every written rule, and that nothing ever raises or gets lost."""

import json
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from streams import events, records
from streams.sources.connect import Connect
from streams.sources.mapping import Mapping
from tests.streams.queue_log_lines import Said, said

ARN = "arn:aws:connect:us-west-2:123456789012:instance/inst"
NOW = datetime(2025, 11, 26, tzinfo=UTC)


def time(seconds: float) -> str:
    """An instant so many seconds after noon, as Amazon writes it."""
    return datetime.fromtimestamp(1_764_072_000 + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def detail(event_type: str, **fields: Any) -> dict[str, Any]:
    """The detail of a contact event."""
    return {"contactId": "c1", "channel": "VOICE", "initiationMethod": "INBOUND", "eventType": event_type} | fields


def queue(at: float | None = None, name: str = "general", kind: str = "STANDARD") -> dict[str, Any]:
    """A queueInfo."""
    return {"queueArn": f"{ARN}/queue/{name}", "queueType": kind} | ({"enqueueTimestamp": time(at)} if at is not None else {})


def agent(at: float, **fields: Any) -> dict[str, Any]:
    """An agentInfo."""
    return {"agentArn": f"{ARN}/agent/ann", "connectedToAgentTimestamp": time(at)} | fields


def envelope(body: dict[str, Any], at: float) -> dict[str, Any]:
    """What EventBridge delivers."""
    return {"version": "0", "detail-type": "Amazon Connect Contact Event", "source": "aws.connect", "time": time(at), "detail": body}


def connect(**options: Any) -> Connect:
    """A source whose clock stands still."""
    return Connect("connect/test", clock=lambda: NOW, **options)


def read(*documents: dict[str, Any], source: Connect | None = None) -> list[events.Event]:
    """The events of some documents."""
    source = source or connect()
    return [event for document in documents for event in source.read(json.dumps(document).encode())]


QUEUED = detail("QUEUED", queueInfo=queue(4))
TAKEN = detail("CONNECTED_TO_AGENT", queueInfo=queue(4), agentInfo=agent(9))
GONE = detail("DISCONNECTED", queueInfo=queue(4), agentInfo=agent(9), disconnectTimestamp=time(69))
WRAPPED = {"afterContactWorkStartTimestamp": time(69), "afterContactWorkEndTimestamp": time(99), "afterContactWorkDuration": 30}
DONE = detail("COMPLETED", queueInfo=queue(4), agentInfo=agent(9, agentInitiatedHoldDuration=10, **WRAPPED), disconnectTimestamp=time(69))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([detail("INITIATED", initiationTimestamp=time(0))], [], id="INITIATED tells nothing of a queue"),
        pytest.param([detail("CONNECTED_TO_SYSTEM")], [], id="CONNECTED_TO_SYSTEM"),
        pytest.param([QUEUED], [(4, "c1", "queued general")], id="QUEUED"),
        pytest.param([envelope(QUEUED, 6)], [(4, "c1", "queued general")], id="its own time before the envelope's"),
        pytest.param(
            [envelope(detail("QUEUED", queueInfo=queue()), 6)], [(6, "c1", "queued general")], id="the envelope's time when it has none"
        ),
        pytest.param([TAKEN], [(4, "c1", "queued general"), (9, "c1", "answered ann 5")], id="CONNECTED_TO_AGENT tells of the wait too"),
        pytest.param(
            [envelope(detail("CONNECTED_TO_AGENT", agentInfo={"agentArn": f"{ARN}/agent/ann"}), 9)],
            [(9, "c1", "answered ann -")],
            id="CONNECTED_TO_AGENT with nothing but the envelope's time",
        ),
        pytest.param([GONE], [(4, "c1", "queued general"), (9, "c1", "answered ann 5"), (69, "c1", "ended 60")], id="DISCONNECTED"),
        pytest.param(
            [DONE], [(4, "c1", "queued general"), (9, "c1", "answered ann 5"), (69, "c1", "ended 50")], id="COMPLETED, its hold not talk"
        ),
        pytest.param(
            [QUEUED, detail("DISCONNECTED", queueInfo=queue(4), disconnectTimestamp=time(30))],
            [(4, "c1", "queued general"), (4, "c1", "queued general"), (30, "c1", "ended -")],
            id="an abandon that nobody reports is an end without an answer",
        ),
        pytest.param(
            [detail("DISCONNECTED", queueInfo=queue(4), disconnectTimestamp=time(30), disconnectReason="CONTACT_FLOW_DISCONNECT")],
            [(4, "c1", "queued general"), (30, "c1", "ended -"), (30, "c1", "left closed -")],
            id="the flow hung up",
        ),
        pytest.param(
            [detail("DISCONNECTED", queueInfo=queue(4), disconnectTimestamp=time(30), disconnectReason="EXPIRED")],
            [(4, "c1", "queued general"), (30, "c1", "ended -"), (30, "c1", "left timeout -")],
            id="it expired",
        ),
        pytest.param(
            [detail("PAUSED"), detail("RESUMED"), detail("CONTACT_DATA_UPDATED"), detail("AMD_DISABLED")],
            [],
            id="events without meaning here",
        ),
        pytest.param(
            [detail("QUEUED", queueInfo=queue(4), initialContactId="c0")],
            [(4, "c0/c1", "queued general")],
            id="a later contact of the same call",
        ),
        pytest.param(
            [detail("QUEUED", queueInfo=queue(4), initialContactId="c1")], [(4, "c1", "queued general")], id="the first contact of a call"
        ),
        pytest.param(
            [
                detail(
                    "QUEUED",
                    initiationMethod="QUEUE_TRANSFER",
                    initialContactId="c0",
                    previousContactId="c0",
                    initiationTimestamp=time(3),
                    queueInfo=queue(4, "permits"),
                )
            ],
            [(3, "c0", "left transferred -"), (4, "c0/c1", "queued permits")],
            id="a queue transfer ends the wait before it",
        ),
        pytest.param(
            [detail("INITIATED", initiationMethod="CALLBACK", initialContactId="c0", previousContactId="c9", initiationTimestamp=time(3))],
            [(3, "c0/c9", "left callback -")],
            id="a booked callback ends the wait before it",
        ),
        pytest.param(
            [detail("CONNECTED_TO_AGENT", initiationMethod="OUTBOUND", agentInfo=agent(9))], [], id="an agent's own call is no contact"
        ),
        pytest.param([detail("QUEUED", queueInfo=queue(4, "agent/ann", "AGENT"))], [], id="an agent's own queue is no queue"),
        pytest.param(
            [envelope(QUEUED, 4) | {"detail-type": "Contact Lens Analysis State Change"}], [], id="other events of Amazon Connect"
        ),
        pytest.param(
            [{"ContactId": "c1", "EventType": "QUEUED", "QueueInfo": {"QueueARN": f"{ARN}/queue/general", "EnqueueTimestamp": time(4)}}],
            [(4, "c1", "queued general")],
            id="the case of other versions",
        ),
    ],
)
def test_contacts(documents: list[dict[str, Any]], expected: list[Said]) -> None:
    assert said(read(*documents)) == expected


def test_what_means_nothing_is_counted() -> None:
    source = connect()
    read(
        detail("PAUSED"), envelope(QUEUED, 4) | {"detail-type": "Contact Lens"}, detail("QUEUED", initiationMethod="MONITOR"), source=source
    )
    assert source.ignored == {"PAUSED": 1, "Contact Lens": 1, "QUEUED": 1}


def test_hold_and_wrap_up_are_told() -> None:
    ended = read(DONE)[-1].data
    assert ended == events.ContactEnded("c1", "general", talk_seconds=50, hold_seconds=10, wrap_up_seconds=30)


def test_wrap_up_is_the_time_between_its_ends_when_its_length_is_missing() -> None:
    body = detail("COMPLETED", agentInfo={"afterContactWorkStartTimestamp": time(69), "afterContactWorkEndTimestamp": time(99)})
    assert read(body)[-1].data == events.ContactEnded("c1", wrap_up_seconds=30)


@pytest.mark.parametrize(("channel", "ours"), [("VOICE", "phone"), ("CHAT", "chat"), ("TASK", "task"), ("EMAIL", "email"), ("FAX", "fax")])
def test_channels(channel: str, ours: str) -> None:
    [event] = read(detail("QUEUED", channel=channel, queueInfo=queue(4)))
    assert isinstance(event.data, events.ContactQueued)
    assert event.data.channel == ours


def test_a_site_has_its_own_names() -> None:
    mapping = Mapping(queues={"q-9": "spanish"}, agents={"ann": "Ann"}, languages={"spanish": "es"}, channels={"spanish": "text"})
    found = read(detail("CONNECTED_TO_AGENT", queueInfo=queue(4, "q-9"), agentInfo=agent(9)), source=connect(mapping=mapping))
    assert found[0].data == events.ContactQueued("c1", "spanish", "text", "es")
    assert found[1].data == events.ContactAnswered("c1", "Ann", "spanish", 5)


def test_any_order_tells_the_same() -> None:
    whole = set(said(read(QUEUED, TAKEN, GONE, DONE)))
    for order in permutations((QUEUED, TAKEN, GONE, DONE)):
        assert set(said(read(*order))) == whole


AVAILABLE = {"Name": "Available", "Type": "ROUTABLE", "StartTimestamp": time(0)}
LUNCH = {"Name": "Lunch", "Type": "CUSTOM", "StartTimestamp": time(50)}
OFFLINE = {"Name": "Offline", "Type": "OFFLINE", "StartTimestamp": time(100)}


def contact(state: str, since: float, connected: float | None = None) -> dict[str, Any]:
    """A contact in an agent's snapshot."""
    return {
        "ContactId": "c1",
        "State": state,
        "StateStartTimestamp": time(since),
        "ConnectedToAgentTimestamp": connected and time(connected),
    }


def snapshot(status: dict[str, Any], *contacts: dict[str, Any], queues: tuple[str, ...] = ("general",)) -> dict[str, Any]:
    """What an agent event says of the agent."""
    profile = {"InboundQueues": [{"ARN": f"{ARN}/queue/{name}", "Name": name} for name in queues]}
    return {"AgentStatus": status, "Configuration": {"Username": "ann@example.org", "RoutingProfile": profile}, "Contacts": list(contacts)}


def told(event_type: str, at: float, now: dict[str, Any] | None, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """An agent event."""
    return {
        "AgentARN": f"{ARN}/agent/ann",
        "EventType": event_type,
        "EventTimestamp": time(at),
        "CurrentAgentSnapshot": now,
        "PreviousAgentSnapshot": before,
    }


FREE, TALKING, WRAPPING = (
    snapshot(AVAILABLE),
    snapshot(AVAILABLE, contact("CONNECTED", 20, 20)),
    snapshot(AVAILABLE, contact("ENDED", 60, 20)),
)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(told("STATE_CHANGE", 1, FREE), (0, "ann", "available general"), id="available since its own start"),
        pytest.param(told("STATE_CHANGE", 51, snapshot(LUNCH), FREE), (50, "ann", "away general"), id="away"),
        pytest.param(told("STATE_CHANGE", 101, snapshot(OFFLINE), FREE), (100, "ann", "offline general"), id="offline"),
        pytest.param(told("STATE_CHANGE", 21, TALKING, FREE), (20, "ann", "on_contact general"), id="on_contact since the connection"),
        pytest.param(
            told("STATE_CHANGE", 41, snapshot(AVAILABLE, contact("CONNECTED_ONHOLD", 40, 20)), TALKING),
            (20, "ann", "on_contact general"),
            id="on hold is on_contact, since the connection",
        ),
        pytest.param(told("STATE_CHANGE", 61, WRAPPING, TALKING), (60, "ann", "wrap_up general"), id="wrap_up since the contact ended"),
        pytest.param(told("STATE_CHANGE", 90, FREE, WRAPPING), (90, "ann", "available general"), id="back from a contact: from now on"),
        pytest.param(
            told("STATE_CHANGE", 90, snapshot(LUNCH), snapshot(LUNCH, contact("ENDED", 60, 20))),
            (90, "ann", "away general"),
            id="away was chosen during the contact, and holds after it",
        ),
        pytest.param(
            told("STATE_CHANGE", 80, snapshot(AVAILABLE, contact("ENDED", 60, 20), contact("CONNECTED", 70, 70)), WRAPPING),
            (70, "ann", "on_contact general"),
            id="on_contact before wrap_up",
        ),
        pytest.param(
            told("STATE_CHANGE", 85, WRAPPING, snapshot(AVAILABLE, contact("ENDED", 60, 20), contact("CONNECTED", 70, 70))),
            (85, "ann", "wrap_up general"),
            id="back to an older wrap_up: from now on",
        ),
        pytest.param(
            told("STATE_CHANGE", 51, snapshot(LUNCH, contact("CONNECTED", 20, 20)), TALKING),
            (20, "ann", "on_contact general"),
            id="on_contact before away",
        ),
        pytest.param(
            told("STATE_CHANGE", 16, snapshot(AVAILABLE, contact("MISSED", 15), contact("INCOMING", 16))),
            (0, "ann", "available general"),
            id="ringing",
        ),
        pytest.param(told("HEART_BEAT", 500, FREE, FREE), (0, "ann", "available general"), id="a heartbeat repeats"),
        pytest.param(told("HEART_BEAT", 500, TALKING, TALKING), (20, "ann", "on_contact general"), id="a heartbeat repeats a contact"),
        pytest.param(
            told("HEART_BEAT", 900, snapshot(OFFLINE), snapshot(OFFLINE)),
            (100, "ann", "offline general"),
            id="a heartbeat after the log-off",
        ),
        pytest.param(
            told("HEART_BEAT", 900, FREE, FREE), (0, "ann", "available general"), id="a heartbeat after the log-off with the old status"
        ),
        pytest.param(told("LOGIN", 200, FREE, None), (200, "ann", "available general"), id="LOGIN into a status of yesterday"),
        pytest.param(told("LOGIN", 200, snapshot(OFFLINE), None), (100, "ann", "offline general"), id="LOGIN, still offline"),
        pytest.param(
            told("LOGOUT", 300, snapshot(OFFLINE), snapshot(OFFLINE)), (100, "ann", "offline general"), id="LOGOUT after going offline"
        ),
        pytest.param(told("LOGOUT", 300, FREE, FREE), (300, "ann", "offline general"), id="LOGOUT without going offline"),
        pytest.param(told("LOGOUT", 300, None), (300, "ann", "offline"), id="LOGOUT without a snapshot"),
        pytest.param(told("ENABLED", 300, FREE), (0, "ann", "available general"), id="ENABLED"),
        pytest.param(
            told("HEART_BEAT", 1, snapshot({"Name": "Available", "StartTimestamp": time(0)})),
            (0, "ann", "available general"),
            id="no type: Available",
        ),
        pytest.param(
            told("HEART_BEAT", 1, snapshot({"Name": "Lunch", "StartTimestamp": time(0)})),
            (0, "ann", "away general"),
            id="no type: another name",
        ),
        pytest.param(
            told("HEART_BEAT", 1, snapshot(AVAILABLE, queues=("b", "a", "agent/ann"))),
            (0, "ann", "available a,b"),
            id="the agent's own queue is left out",
        ),
    ],
)
def test_agents(document: dict[str, Any], expected: Said) -> None:
    assert said(read(document)) == [expected]


def test_an_agent_whose_heartbeats_outlive_the_log_off_stays_offline() -> None:
    """Whatever the order: the newest state is the one that was told for the latest instant."""
    day = [
        told("LOGIN", 0, FREE, None),
        told("STATE_CHANGE", 21, TALKING, FREE),
        told("STATE_CHANGE", 61, WRAPPING, TALKING),
        told("STATE_CHANGE", 90, FREE, WRAPPING),
        told("LOGOUT", 300, FREE, FREE),
        told("HEART_BEAT", 420, FREE, FREE),
        told("HEART_BEAT", 540, FREE, FREE),
    ]
    for order in (day, day[::-1]):
        assert max(said(read(*order)))[2] == "offline general"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(b"{", "not JSON: ", id="no JSON"),
        pytest.param(b"[1]", "a JSON object is expected", id="no object"),
        pytest.param(b'{"detail": 3}', "detail is not an object", id="a detail of another kind"),
        pytest.param(b"{}", "eventType is missing: a text is expected", id="nothing"),
        pytest.param(
            b'{"eventType": "EXPLODED", "contactId": "c"}', "eventType is 'EXPLODED': not an event of Amazon Connect", id="unknown type"
        ),
        pytest.param(b'{"eventType": "QUEUED"}', "contactId is missing", id="no contact"),
        pytest.param(b'{"eventType": "QUEUED", "contactId": 7}', "contactId is '7': a text", id="a contact of another kind"),
        pytest.param(
            json.dumps(detail("QUEUED", queueInfo=queue())).encode(),
            "queueInfo.enqueueTimestamp is missing, and there is no envelope with a time: QUEUED cannot be dated",
            id="no time at all",
        ),
        pytest.param(json.dumps(envelope(detail("QUEUED"), 4)).encode(), "queueInfo.queueArn is missing", id="no queue"),
        pytest.param(
            json.dumps(detail("QUEUED", queueInfo=queue() | {"enqueueTimestamp": "2025-11-25T12:00:00"})).encode(),
            "queueInfo.enqueueTimestamp is '2025-11-25T12:00:00': an ISO 8601 time with Z or an offset is expected",
            id="a time without a zone",
        ),
        pytest.param(
            json.dumps(detail("QUEUED", queueInfo=queue(9e7))).encode(),
            "a timestamp is 2028-10-02T04:00:00Z: a time more than a day ahead",
            id="the future",
        ),
        pytest.param(
            json.dumps(detail("DISCONNECTED", disconnectTimestamp=time(1), agentInfo={"agentInitiatedHoldDuration": -1})).encode(),
            "agentInfo.agentInitiatedHoldDuration is '-1': seconds from 0",
            id="a negative duration",
        ),
        pytest.param(
            json.dumps(told("HEART_BEAT", 1, FREE) | {"EventTimestamp": None}).encode(),
            "EventTimestamp is missing",
            id="an agent event without a time",
        ),
        pytest.param(
            json.dumps(told("HEART_BEAT", 1, FREE) | {"AgentARN": None}).encode(),
            "AgentARN is missing",
            id="an agent event without an agent",
        ),
        pytest.param(
            json.dumps(told("HEART_BEAT", 1, {"Contacts": "none"})).encode(),
            "CurrentAgentSnapshot.Contacts is 'none': a list of objects",
            id="no list",
        ),
    ],
)
def test_what_cannot_be_read_is_kept_with_its_reason(document: bytes, reason: str) -> None:
    [event] = connect().read(document, "file:3")
    assert isinstance(event.data, events.SourceUnreadable)
    assert event.data.reason.startswith(reason)
    assert event.data.position == "file:3"


def test_what_is_personal_is_never_published() -> None:
    endpoint = {"address": "+12155550100", "type": "TELEPHONE_NUMBER"}
    found = read(
        detail("QUEUED", queueInfo=queue(4), customerEndpoint=endpoint),
        detail("BROKEN", customerEndpoint=endpoint),
        told("BROKEN", 1, FREE),
        told("LOGIN", 1, FREE),
    )
    for event in found:
        kept = event.data.line if isinstance(event.data, events.SourceUnreadable) else b""
        for personal in (b"2155550100", b"example.org"):
            assert personal not in events.encode(event)
            assert personal not in kept


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from([time(4), "QUEUED", f"{ARN}/agent/x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["queueArn", "State", "AgentStatus", "Contacts", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def broken_documents(draw: st.DrawFn) -> bytes:
    """A real document with some of its fields replaced by anything."""
    document: dict[str, Any] = json.loads(
        json.dumps(draw(st.sampled_from([QUEUED, TAKEN, DONE, envelope(GONE, 70), told("STATE_CHANGE", 61, WRAPPING, TALKING)])))
    )
    for _ in range(draw(st.integers(0, 3))):
        part = document
        while draw(st.booleans()) and (inner := [value for value in part.values() if isinstance(value, dict) and value]):
            part = draw(st.sampled_from(inner))
        part[draw(st.sampled_from(sorted(part)))] = draw(JSON)
    return json.dumps(document).encode()


def test_a_wait_and_a_talk_of_years_are_not_told() -> None:
    """A clock was wrong: the contact is answered and ends all the same."""
    began = {"queueInfo": queue(-500 * 86_400), "agentInfo": agent(-450 * 86_400)}
    for document in (detail("CONNECTED_TO_AGENT", queueInfo=queue(-500 * 86_400), agentInfo=agent(9)), GONE | began):
        found = read(document)
        assert [events.decode(events.encode(event)) for event in found] == found
        assert any(isinstance(event, (events.ContactAnsweredEvent, events.ContactEndedEvent)) for event in found)


def test_a_time_before_1970_is_unreadable() -> None:
    [event] = read(GONE | {"disconnectTimestamp": "0001-01-01T00:00:00Z"})
    assert isinstance(event.data, events.SourceUnreadable)
    assert "disconnectTimestamp" in event.data.reason


@given(st.binary(max_size=60) | broken_documents())
@example(b'{"eventType": "\\ud800", "contactId": "c"}')
def test_any_bytes_become_events_or_an_unreadable_line(document: bytes) -> None:
    source = connect()
    found = source.read(document)
    assert found or source.ignored or not document.strip(), "a document was lost"
    for event in found:
        assert events.decode(events.encode(event)) == event


@pytest.mark.parametrize("start", [b"[", b'{"a":'], ids=["lists", "objects"])
def test_json_nested_too_deep_is_unreadable(start: bytes) -> None:
    [event] = connect().read(start * 20_000)
    assert isinstance(event.data, events.SourceUnreadable)


@given(broken_documents())
def test_reading_twice_gives_the_same_events(document: bytes) -> None:
    assert connect().read(document) == connect().read(document)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(
            "real_capture_QUEUED.json",
            [("2021-08-11T07:43:00+00:00", "f65d6e8b-7a8d-4140-9c88-a7041333a39c", "queued 1a7164b5-3846-4a7d-a328-71437aa75f57")],
            id="a capture from production",
        ),
        pytest.param(
            "test_fixture_DISCONNECTED.json",
            [("2021-08-29T18:39:44+00:00", "58092a11-6075-4025-a57d-6ada88b26d5b", "ended -")],
            id="a fixture",
        ),
        pytest.param(
            "awsdoc_CONNECTED_TO_AGENT.json",
            [
                ("2021-08-04T17:29:04+00:00", "11111111-1111-1111-1111-111111111111", "queued 12345678-1234-1234-1234-123456789012"),
                ("2021-08-04T17:29:09+00:00", "11111111-1111-1111-1111-111111111111", "answered 12345678-1234-1234-1234-123456789012 5"),
            ],
            id="the vendor's documentation",
        ),
    ],
)
def test_real_samples(reference_data: Path, file: str, expected: list[tuple[str, str, str]]) -> None:
    source = Connect("connect/test")
    found = [event for _, document in records.documents(reference_data / "calls" / file) for event in source.read(document)]
    assert [(event.time.isoformat(), *rest[1:]) for event, rest in zip(found, said(found), strict=True)] == expected
