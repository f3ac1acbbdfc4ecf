"""Open311 records become snapshots: liberal where real servers are, and nothing impossible passes. No broker."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from streams import events, replay
from streams.sources import Source
from streams.sources.open311 import STATUS_WORDS, Open311
from streams.sources.open311_pages import NoPage, parted
from streams.sources.request_fields import LONGEST_ID
from streams.sources.request_mapping import RequestMapping

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BOSTON = ZoneInfo("America/New_York")
WHOLE: dict[str, Any] = {
    "service_request_id": "101003146578",
    "status": "open",
    "status_notes": "seen",
    "service_name": "Illegal Parking",
    "service_code": "4f38",
    "description": "in the fire lane",
    "agency_responsible": "BTDT",
    "service_notice": "3 days",
    "requested_datetime": "2019-12-29T10:18:38-05:00",
    "updated_datetime": "2019-12-29T10:18:00-05:00",
    "expected_datetime": "2020-01-02T10:18:38-05:00",
    "address": "Peter Parley Rd",
    "address_id": "9",
    "zipcode": "02130",
    "lat": 42.31,
    "long": -71.1,
    "media_url": "https://311.example/1.jpg",
}
SHORT = {"service_request_id": "1", "status": "open", "requested_datetime": "2026-01-01T00:00:00Z"}


def source(**options: Any) -> Open311:
    return Open311("open311/test", zone=BOSTON, clock=lambda: NOW, **options)


def written(record: object) -> bytes:
    return json.dumps(record).encode()


def snapshot(reader: Source | None = None, **changed: object) -> events.RequestSnapshot:
    """The snapshot of a short record with some fields changed; it went through an event's bytes."""
    (event,) = (reader or source()).read(written(SHORT | changed))
    assert isinstance(event, events.RequestSnapshotEvent), event
    assert events.decode(events.encode(event)) == event
    return event.data


def refusal(record: object, reader: Source | None = None) -> events.SourceUnreadable:
    (event,) = (reader or source()).read(record if isinstance(record, bytes) else written(record), "page:7")
    assert isinstance(event, events.SourceUnreadableEvent), event
    return event.data


def test_a_whole_record() -> None:
    (event,) = source(jurisdiction_id="boston.gov").read(written(WHOLE | {"extended_attributes": {"ward": "7"}, "notes": []}))
    at = datetime(2019, 12, 29, 15, 18, tzinfo=UTC)
    times = {"requested_datetime": at + timedelta(seconds=38), "updated_datetime": at, "closed_datetime": None}
    assert event.time == at
    assert event.data == events.RequestSnapshot(
        **WHOLE | times | {"expected_datetime": at + timedelta(days=4, seconds=38), "jurisdiction_id": "boston.gov"}
    )


def test_the_shortest_record_that_can_be_read() -> None:
    assert snapshot() == events.RequestSnapshot("1", "open", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changed", "time"),
    [
        ({"updated_datetime": "2026-01-03T00:00:00Z", "closed_datetime": "2026-01-02T00:00:00Z"}, 3),
        ({"closed_datetime": "2026-01-02T00:00:00Z"}, 2),
        ({}, 1),
    ],
    ids=["the update", "else the close", "else the request"],
)
def test_an_event_is_dated_by(changed: dict[str, str], time: int) -> None:
    assert source().read(written(SHORT | changed))[0].time == datetime(2026, 1, time, tzinfo=UTC)


def test_a_closed_request_without_a_close_has_its_update_alone() -> None:
    found = snapshot(status="closed", updated_datetime="2026-01-03T00:00:00Z")
    assert (found.updated_datetime, found.closed_datetime) == (datetime(2026, 1, 3, tzinfo=UTC), None)


def test_a_target_at_the_end_of_time_is_none() -> None:
    assert snapshot(expected_datetime="9999-12-31T00:00:00Z") == snapshot()


@pytest.mark.parametrize("missing", [None, "", "   "])
def test_what_is_empty_is_missing(missing: object) -> None:
    rest = WHOLE.keys() - SHORT.keys()
    assert snapshot(**dict.fromkeys(rest, missing)) == snapshot()


@pytest.mark.parametrize(("word", "expected"), [("OPEN", "open"), (" Closed ", "closed"), ("In_Progress", "open"), ("Resolved", "closed")])
def test_the_words_for_open_and_closed(word: str, expected: str) -> None:
    assert snapshot(status=word).status == expected


def test_a_mapping_explains_other_words() -> None:
    reader = source(mapping=RequestMapping(statuses={"Abgeschlossen": "closed", "Pending": "closed"}, missing=("null",)))
    assert snapshot(reader, status="ABGESCHLOSSEN", description="NULL") == snapshot(status="closed")
    assert snapshot(reader, status="pending").status == "closed"
    assert STATUS_WORDS["pending"] == "open"


@pytest.mark.parametrize(
    ("told", "expected"), [(7, "7"), (7.0, "7"), (" 7 ", "7"), ("12-00031", "12-00031"), ("x" * LONGEST_ID, "x" * 190)]
)
def test_an_id_may_be_a_number(told: object, expected: str) -> None:
    assert snapshot(service_request_id=told).service_request_id == expected


@pytest.mark.parametrize(
    ("lat", "long", "expected"),
    [
        pytest.param("42.3", "-71.1", (42.3, -71.1), id="as texts"),
        pytest.param(0, 0, None, id="0/0"),
        pytest.param("0.0", "0", None, id="0/0 as texts"),
        pytest.param(95, 10, None, id="beyond the pole"),
        pytest.param(42.3, -190, None, id="beyond the date line"),
        pytest.param("north", "west", None, id="words"),
        pytest.param("nan", "nan", None, id="not a number"),
        pytest.param("inf", 3, None, id="infinite"),
        pytest.param(42.3, None, None, id="half a point"),
        pytest.param(True, True, None, id="truth values"),
        pytest.param([42.3], {}, None, id="a list"),
        pytest.param(10**400, 1, None, id="a number too large"),
    ],
)
def test_places(lat: object, long: object, expected: tuple[float, float] | None) -> None:
    found = snapshot(lat=lat, long=long)
    assert (found.lat, found.long) == (expected or (None, None))


@pytest.mark.parametrize(("lat", "usable"), [(42.3594, False), (42.35943, False), (42.3596, True), (None, True)])
def test_a_default_geocode_is_no_place_that_can_be_used(lat: float | None, usable: bool) -> None:
    reader = source(mapping=RequestMapping(default_geocodes=((42.3594, -71.0587),)))
    assert snapshot(reader, lat=lat, long=-71.0587).usable_location is usable


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("2026-01-05T10:00:00-05:00", "2026-01-05T15:00", id="with an offset"),
        pytest.param("2026-01-05T15:00:00Z", "2026-01-05T15:00", id="with Z"),
        pytest.param("2026-01-05 15:00:00 UTC", "2026-01-05T15:00", id="with UTC"),
        pytest.param("2026-01-05T10:00:00.000-0500", "2026-01-05T15:00", id="with thousandths"),
        pytest.param("2026-01-05 10:00:00", "2026-01-05T15:00", id="the city's local time"),
        pytest.param("2025-07-05T10:00", "2025-07-05T14:00", id="the city's summer time"),
        pytest.param("2026-01-05", "2026-01-05T05:00", id="a day alone"),
        pytest.param("2025-11-02T01:30:00", "2025-11-02T05:30", id="a time that comes twice is its first"),
    ],
)
def test_times(told: str, expected: str) -> None:
    assert snapshot(requested_datetime=told).requested_datetime == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_texts_too_long_are_cut_and_a_url_too_long_is_none() -> None:
    found = snapshot(description="d" * 30_000, address="a" * 501, service_name="s" * 500, media_url="https://x/" + "u" * 2_000)
    assert (len(found.description or ""), len(found.address or ""), found.service_name, found.media_url) == (20_000, 500, "s" * 500, None)
    assert (found.address or "")[-2:] == "a…"


def test_values_of_other_shapes_are_read_as_texts() -> None:
    found = snapshot(
        service_code=7, zipcode=2130.0, agency_responsible={"recipient": ["PWD", "Parks"]}, address_id={}, description=" a\0b\nc "
    )
    assert (found.service_code, found.zipcode, found.agency_responsible, found.address_id) == ("7", "2130", "PWD, Parks", None)
    assert found.description == "ab\nc"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param({"token": "abc"}, "service_request_id is missing: the server has given no more than a token yet, 'abc'", id="a token"),
        pytest.param({"service_request_id": ""}, "service_request_id is missing", id="no id"),
        pytest.param({"service_request_id": True}, "service_request_id is 'True'", id="a truth value for an id"),
        pytest.param({"service_request_id": "x" * 191}, "1 to 190 characters", id="an endless id"),
        pytest.param({"service_request_id": "a\nb"}, "none of them a control character", id="a line end in an id"),
        pytest.param({"status": "melted"}, "status is 'melted': open or closed is expected, or a word that", id="an unknown word"),
        pytest.param({"status": None}, "status is missing", id="no status"),
        pytest.param({"status": 1}, "status is '1'", id="a number for a status"),
        pytest.param({"requested_datetime": ""}, "requested_datetime is missing: an ISO 8601 time is expected", id="no time"),
        pytest.param({"requested_datetime": "2026-02-30T00:00:00Z"}, "is '2026-02-30T00:00:00Z': an ISO 8601 time", id="30 February"),
        pytest.param({"requested_datetime": "2025-03-09T02:30:00"}, "the clocks in America/New_York skipped", id="a skipped time"),
        pytest.param({"requested_datetime": "2026-03-12T00:00:00Z"}, "a time more than a day ahead cannot be right", id="in the future"),
        pytest.param({"updated_datetime": "soon"}, "updated_datetime is 'soon'", id="an update in words"),
        pytest.param({"closed_datetime": "1900-01-01T00:00:00Z"}, "a time after 1970 is expected", id="closed in 1900"),
        pytest.param({"expected_datetime": "9999-12-31T23:59:59"}, "a time after 1970 is expected", id="due after the end of time"),
        pytest.param({"requested_datetime": 1770000000}, "requested_datetime is '1770000000'", id="a number for a time"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_reason(record: dict[str, object], reason: str) -> None:
    whole = record if "token" in record else SHORT | record
    found = refusal(whole)
    assert reason in found.reason
    assert (json.loads(found.line), found.position) == (whole, "page:7")


def test_a_due_date_may_lie_ahead() -> None:
    assert snapshot(expected_datetime="2059-12-31T19:00:00-05:00").expected_datetime == datetime(2060, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line", [b"{", b"[1]", b"7", b"\xff", b"null", b"[" * 100_000], ids=["half", "a list", "7", "bytes", "null", "deep"]
)
def test_what_is_no_object_is_refused(line: bytes) -> None:
    assert "JSON" in refusal(line).reason


def test_what_reaches_a_person_is_withheld() -> None:
    found = refusal(SHORT | {"status": "melted", "email": "a@b.example", "Phone": "1", "first_name": "Ann"})
    assert json.loads(found.line) == SHORT | {"status": "melted", "email": "(withheld)", "Phone": "(withheld)", "first_name": "(withheld)"}


def test_the_same_record_has_the_same_id_however_it_is_laid_out() -> None:
    one, other = json.dumps(WHOLE, indent=3), json.dumps(dict(reversed(WHOLE.items())))
    assert source().read(one.encode()) == source().read(other.encode())
    assert source().read(one.encode())[0].id != Open311("open311/other", zone=BOSTON).read(one.encode())[0].id


@given(st.binary() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda more: st.lists(more)).map(written))
def test_any_bytes_give_one_event_or_none(line: bytes) -> None:
    assert len(source().read(line)) <= 1
    source().recognises(line)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=3) | st.datetimes().map(str)


@given(st.dictionaries(st.sampled_from([*WHOLE, "token", "closed_datetime", "channel"]), VALUES))
def test_any_values_give_an_event_that_can_be_decoded(changed: dict[str, object]) -> None:
    (event,) = source().read(written(SHORT | changed))
    assert events.decode(events.encode(event)) == event


XML = b"""<?xml version="1.0" encoding="utf-8"?>
<service_requests xmlns="urn:x"><request>
  <service_request_id>638344</service_request_id><status>closed</status><requested_datetime>2010-04-14T06:37:38-08:00</requested_datetime>
  <description>5 &lt; 7 &amp; caf\xc3\xa9</description><lat>37.7</lat><long>-122.4</long><agency_responsible/>
  <extended_attributes><ward>7</ward></extended_attributes>
</request><request><service_request_id>2</service_request_id></request></service_requests>"""


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        (b'\xef\xbb\xbf {"service_requests": [{"a": 1}]}', [{"a": 1}]),
        (b'{"requests": [{"request": {"a": 1}}], "count": 1}', [{"request": {"a": 1}}]),
        (b'{"service_request_id": 1}', [{"service_request_id": 1}]),
        (b"<service_requests/>", []),
        (b"[]", []),
    ],
    ids=["a list", "a list in an object", "requests in an object", "one", "no XML", "none"],
)
def test_pages_are_parted(page: bytes, expected: list[object]) -> None:
    assert [json.loads(record) for record in parted(page)] == expected


def test_xml_is_parted() -> None:
    first, second = parted(XML)
    (event,) = source().read(first)
    assert (event.data.service_request_id, event.data.description) == ("638344", "5 < 7 & café")  # type: ignore[union-attr]
    assert (event.data.lat, event.data.agency_responsible) == (37.7, None)  # type: ignore[union-attr]
    assert json.loads(second) == {"service_request_id": "2"}


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"7",
        b"null",
        XML[:-9],
        b"<html><body/></html>",
        b"<empty/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><service_requests>&b;</service_requests>',
        b'<?xml version="1.0" encoding="no-such"?><service_requests/>',
    ],
    ids=["nothing", "7", "null", "half", "a web page", "other XML", "entities", "unknown encoding"],
)
def test_what_is_no_page_is_said(page: bytes) -> None:
    with pytest.raises(NoPage):
        parted(page)


@given(st.binary() | st.text().map(lambda text: f"<service_requests>{text}</service_requests>".encode()))
def test_any_bytes_are_parted_or_no_page(page: bytes) -> None:
    try:
        for record in parted(page):
            source().read(record)
    except NoPage:
        pass


def told_by(file: Path) -> list[events.Event]:
    """What a replay of a file would tell."""
    reader = source()
    replay.look_at(file, reader)
    return [event for number, record in replay.recorded(file, reader) for event in reader.read(record, f"{file.name}:{number}")]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize(
    ("content", "count"),
    [
        (json.dumps([WHOLE, SHORT]), 2),
        (json.dumps([WHOLE, SHORT], indent=1), 2),
        (json.dumps(WHOLE) + "\n\n" + json.dumps(SHORT), 2),
        (json.dumps([WHOLE]) + "\n" + json.dumps([SHORT, WHOLE]), 3),
        (json.dumps({"service_requests": [WHOLE, SHORT]}), 2),
        (XML.decode(), 2),
    ],
    ids=["a list", "a list on many lines", "lines", "a page a line", "an object with a list", "XML"],
)
def test_stored_pages_in_every_layout(tmp_path: Path, content: str, count: int, packed: bool) -> None:
    file = tmp_path / "pages"
    file.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    found = told_by(file)
    assert (len(found), found[0].data.service_request_id) == (count, "638344" if content[0] == "<" else WHOLE["service_request_id"])  # type: ignore[union-attr]


@pytest.mark.reference
def test_every_stored_record_is_read_and_the_newest_update_wins(reference_data: Path, tmp_path: Path) -> None:
    files = sorted((reference_data / "requests").glob("open311_*.json"))
    raw = [record for file in files for record in json.loads(file.read_text())]
    told = [event for file in files for event in told_by(file)]
    refused = [event for event in told if isinstance(event, events.SourceUnreadableEvent)]
    assert (len(raw), len(told), len(refused)) == (3000, 3000, 2)  # those two have no id yet
    assert {event.data.reason[:30] for event in refused} == {"service_request_id is missing:"}
    shuffled = raw + raw
    random.Random(311).shuffle(shuffled)
    (tmp_path / "shuffled.json").write_text(json.dumps(shuffled))
    again = told_by(tmp_path / "shuffled.json")
    assert {event.id for event in again} == {event.id for event in told}
    assert newest(again) == newest(told)
    assert newest(told).keys() == {record["service_request_id"] for record in raw if "service_request_id" in record}


def newest(told: list[events.Event]) -> dict[str, datetime]:
    """The newest update of each id."""
    found: dict[str, datetime] = {}
    for event in told:
        if isinstance(event, events.RequestSnapshotEvent):
            one = event.data.service_request_id
            found[one] = max(found.get(one, event.time), event.time)
    return found
