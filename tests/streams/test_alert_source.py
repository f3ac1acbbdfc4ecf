"""An alert of api.weather.gov: its fields as they come, and what decides whether it holds readable or refused with its reason."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streams import events, replay
from streams.replay import Clock
from streams.sources.nws_alerts import NwsAlerts, parted, touches
from streams.sources.same_codes import county_of
from tests.event_strategies import ALERT_EVENTS
from tests.streams.alert_server import NOON, SQUARE, collection, feature


def source() -> NwsAlerts:
    return NwsAlerts("nws/test", clock=lambda: NOON)


def read(told: Any) -> events.Event:
    (event,) = source().read(told if isinstance(told, bytes) else json.dumps(told).encode(), "here")
    assert events.decode(events.encode(event)) == event
    return event


def alert(told: Any) -> events.WeatherAlert:
    event = read(told)
    assert isinstance(event, events.WeatherAlertEvent), event
    return event.data


def test_the_fields_are_kept_as_they_come() -> None:
    event = read(feature("urn:oid:2", refers_to=("urn:oid:1",), geometry=SQUARE))
    assert isinstance(event, events.WeatherAlertEvent)
    assert (event.time, event.source) == (NOON, "nws/test")
    found = event.data
    assert (found.alert_id, found.event, found.status, found.message_type) == ("urn:oid:2", "Winter Storm Warning", "Actual", "Update")
    assert (found.effective_at, found.onset_at) == (NOON, NOON + timedelta(hours=6))
    assert (found.expires_at, found.ends_at) == (NOON + timedelta(hours=8), NOON + timedelta(hours=24))
    assert (found.severity, found.certainty, found.urgency, found.response) == ("Severe", "Likely", "Expected", "Prepare")
    assert (found.sender_name, found.area_desc) == ("NWS Mount Holly NJ", "Philadelphia")
    assert found.description == "* WHAT...Heavy snow.\n\n* WHERE...Philadelphia."
    assert (found.zones, found.refers_to) == (("PAZ071",), ("urn:oid:1",))
    assert found.parameters["BLOCKCHANNEL"] == ("EAS", "NWEM")
    assert json.loads(found.geometry or "") == SQUARE


def test_the_same_message_is_the_same_event_however_it_is_written() -> None:
    told = feature("urn:oid:1")
    other = feature("urn:oid:1", sent=NOON, replacedBy="https://api.weather.gov/alerts/urn:oid:9", note=None)
    other["properties"]["sent"] = "2026-01-25T07:00:00-05:00"
    ids = {read(told).id, read(json.dumps(told, indent=2).encode()).id, read(other).id, read(told["properties"]).id}
    assert len(ids) == 1
    assert read(feature("urn:oid:1", severity="Extreme")).id not in ids


@pytest.mark.parametrize(
    ("geocode", "affected", "zones"),
    [
        ({"UGC": ["PAZ071", "PAC101", "PAZ071"]}, [], ("PAZ071", "PAC101")),
        ({"UGC": ["PAZ071"]}, ["https://api.weather.gov/zones/fire/PAZ106"], ("PAZ071", "PAZ106")),
        ({"SAME": ["042101", "042000", "073355", "1", 7]}, [], ("PAC101", "PAC000")),
        ({"SAME": ["042101"]}, None, ("PAC101",)),
        ({"SAME": ["042101"], "UGC": ["PAZ071"]}, [], ("PAZ071",)),
        (None, None, ()),
        ("PAC101", 7, ()),
    ],
    ids=["each once", "another kind of zone", "SAME codes alone", "no zones told", "both", "nothing", "nonsense"],
)
def test_the_zones_that_a_message_names(geocode: Any, affected: Any, zones: tuple[str, ...]) -> None:
    assert alert(feature("a", geocode=geocode, affectedZones=affected)).zones == zones


def test_messages_that_had_expired_are_replaced_too() -> None:
    """The service lists those among the parameters, in CAP's way of writing references."""
    told = ["w-nws.webmaster@noaa.gov,urn:oid:0,2026-01-25T00:00:00-05:00 w-nws,urn:oid:-1,2026-01-24T00:00:00-05:00 torn,apart"]
    assert alert(feature("b", refers_to=("a",), parameters={"expiredReferences": told})).refers_to == ("a", "urn:oid:0", "urn:oid:-1")


@pytest.mark.parametrize(
    "geometry", [None, {}, [], "x", {"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon", "coordinates": [[["a", 1]]]}]
)
def test_a_shape_that_cannot_be_drawn_is_left_out_and_the_alert_stays(geometry: Any) -> None:
    assert alert(feature("a", geometry=geometry)).geometry is None


def test_what_is_too_much_for_one_event_is_cut() -> None:
    endless = {"type": "Polygon", "coordinates": [[[-75.123456789, 39.123456789]] * 40_000]}
    many = {f"p{n}": ["x" * 1_000] for n in range(500)}
    found = alert(feature("a", geometry=endless, parameters=many, headline="h" * 900, description="d" * 99_999, areaDesc="a; " * 9_999))
    assert (found.geometry, len(found.headline or ""), len(found.description or "")) == (None, 500, 20_000)
    assert 0 < len(found.parameters) < 200


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft", "System"])
def test_what_is_not_real_is_kept_as_what_it_is(status: str) -> None:
    assert alert(feature("a", status=status)).status == status


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param(feature(""), "id is '': 1 to 180 printable characters", id="no id"),
        pytest.param(feature("a\nb"), "id is 'a\\nb'", id="an id on two lines"),
        pytest.param(feature("x" * 181), "id is 'xxxx", id="an endless id"),
        pytest.param(feature("a", event=None), "event is 'null': a word is expected", id="no event"),
        pytest.param(feature("a", status=7), "status is '7'", id="a number for a status"),
        pytest.param(feature("a", messageType=" "), "messageType is ' '", id="no type"),
        pytest.param(feature("a") | {"properties": {"id": "a"}}, "sent is missing", id="no time"),
        pytest.param(feature("a", ends="date:now +425 minutes"), "ends is 'date:now +425 minutes': an ISO 8601 time", id="a template"),
        pytest.param(feature("a", expires="2026-01-25T12:00:00"), "expires is '2026-01-25T12:00:00'", id="no offset"),
        pytest.param(feature("a", onset=1769342400), "onset is '1769342400'", id="a number for a time"),
        pytest.param(feature("a", sent=NOON + timedelta(days=2)), "sent is 2026-01-27T12:00:00Z: a time more than a day ahead", id="ahead"),
        pytest.param(feature("a", references="b"), "references is 'b': a list is expected", id="no list of references"),
        pytest.param(feature("a", references=[{"@id": "b"}]), "references.identifier is 'null'", id="a reference to nothing"),
        pytest.param([1], "a JSON object is expected", id="a list"),
        pytest.param(b"<html>", "not JSON", id="a web page"),
    ],
)
def test_what_is_broken_is_refused_with_its_reason_and_kept(told: Any, reason: str) -> None:
    event = read(told)
    assert isinstance(event, events.SourceUnreadableEvent), event
    assert reason in event.data.reason
    assert event.data.position == "here"
    assert event == read(told)


def test_a_broken_feature_costs_no_other() -> None:
    answer = collection(feature("a"), feature("b", ends="soon"), "no feature", None, feature("c"))
    found = source().read(json.dumps(answer).encode())
    assert [type(event).__name__.removesuffix("Event") for event in found] == [
        "WeatherAlert",
        "SourceUnreadable",
        "SourceUnreadable",
        "SourceUnreadable",
        "WeatherAlert",
    ]


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_bytes_give_events_that_can_be_sent(line: bytes) -> None:
    for event in source().read(line):
        assert events.decode(events.encode(event)) == event
    source().recognises(line)
    parted(line)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.just(NOON.isoformat()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["UGC", "SAME", "identifier", "type", "coordinates", "expiredReferences", "\0"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
FIELDS = [*feature("a")["properties"], "geometry"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.booleans())
def test_any_message_is_an_alert_that_can_be_sent_or_refused(changed: dict[str, Any], within: bool) -> None:
    told = feature("a")
    told = {**told, "geometry": changed.get("geometry"), "properties": told["properties"] | changed}
    for event in source().read(json.dumps(collection(told, changed) if within else told).encode()):
        assert events.decode(events.encode(event)) == event
        assert b"\\u0000" not in events.encode(event) or isinstance(event, events.SourceUnreadableEvent)


@pytest.mark.parametrize(
    ("zones", "wanted", "expected"),
    [
        (["PAZ071"], ["PAZ071", "PAC101"], True),
        (["PAC000"], ["PAZ071"], True),
        (["NJC000", "PAZ070"], ["PAZ071"], False),
        ([], ["PAZ071"], True),
    ],
    ids=["it names it", "the whole state", "another", "none at all"],
)
def test_whether_an_alert_is_the_citys(zones: list[str], wanted: list[str], expected: bool) -> None:
    assert touches(zones, wanted) is expected


@pytest.mark.parametrize(
    ("code", "county"), [("042101", "PAC101"), ("342101", "PAC101"), ("036061", "NYC061"), ("099101", None), ("x", None)]
)
def test_the_county_of_a_same_code(code: str, county: str | None) -> None:
    assert county_of(code) == county


@given(ALERT_EVENTS, ALERT_EVENTS)
def test_a_recording_moved_to_now_keeps_its_chains(first: events.Event, second: events.Event) -> None:
    clock = Clock(None, start_now=True)
    clock.begin(first.time)
    one, other = clock.shift(first).data, clock.shift(second).data
    assert isinstance(one, events.WeatherAlert)
    assert isinstance(other, events.WeatherAlert)
    assert isinstance(first.data, events.WeatherAlert)
    assert isinstance(second.data, events.WeatherAlert)
    assert (one.alert_id in other.refers_to) == (first.data.alert_id in second.data.refers_to)
    assert (one.alert_id == other.alert_id) == (first.data.alert_id == second.data.alert_id)
    shift = clock.shifted(first.time) - first.time
    assert abs(first.time + shift - datetime.now(UTC)) < timedelta(seconds=5)
    assert one.ends_at == (first.data.ends_at and first.data.ends_at + shift)
    assert one.expires_at == (first.data.expires_at and first.data.expires_at + shift)


@pytest.mark.parametrize("laid_out", ["one answer", "indented", "lines", "a list"])
def test_a_stored_answer_or_lines_of_features(tmp_path: Path, laid_out: str) -> None:
    told = [feature(f"urn:oid:{n}") for n in range(3)]
    text = {
        "one answer": json.dumps(collection(*told)),
        "indented": json.dumps(collection(*told), indent=2),
        "lines": "\n".join(map(json.dumps, told)),
        "a list": json.dumps(told),
    }[laid_out]
    file = tmp_path / "alerts.json"
    file.write_text(text)
    replay.look_at(file, source())
    found = [event for _, one in replay.recorded(file, source()) for event in source().read(one)]
    assert [event.data.alert_id for event in found if isinstance(event, events.WeatherAlertEvent)] == [
        "urn:oid:0",
        "urn:oid:1",
        "urn:oid:2",
    ]
