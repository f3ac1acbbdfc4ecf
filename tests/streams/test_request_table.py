"""Published tables of requests, read by a mapping: columns, words, dates, quotes and encodings."""

import csv
import gzip
import io
import json
import logging
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from kafka import KafkaConsumer, TopicPartition

from sql.settings import settings
from streams import events, replay, rows
from streams.rows import Layout
from streams.sources.kinds import mapping_of, source_of
from streams.sources.mapping import InvalidMapping
from streams.sources.request_mapping import SHIPPED, RequestMapping, find_mapping, read_request_mapping, shipped
from streams.sources.request_table import RequestTable
from tests.servers import Services

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SHORT = """
[columns]
service_request_id = "Id"
requested_datetime = "Opened"
closed_datetime = "Closed"
status = "State"
address = { join = ["House", "Street"] }
zipcode = ["Zip", "Old zip"]
lat = "Lat"
long = "Long"
channel = "Via"

[constants]
language = "en"

[statuses]
"In Progress" = "open"
DONE = "closed"

[channels]
"Constituent Call" = "phone"
"""
OPTIONS = """
time_zone = "America/New_York"
date_formats = ["%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y"]
missing = ["NULL", "N/A"]
default_geocodes = [[42.3594, -71.0587]]
jurisdiction_id = "boston.gov"
"""
ROW = {"Id": "7", "Opened": "2026-01-05 10:00:00", "State": "done", "Closed": "2026-01-06 10:00:00"}


def mapping(tmp_path: Path, text: str = OPTIONS + SHORT) -> RequestMapping:
    file = tmp_path / "city.toml"
    file.write_text(text)
    return read_request_mapping(file)


@pytest.fixture
def table(tmp_path: Path) -> RequestTable:
    return RequestTable("requests/test", mapping=mapping(tmp_path), zone=UTC, clock=lambda: NOW)


def snapshot(table: RequestTable, **changed: str) -> events.RequestSnapshot:
    (event,) = table.read(json.dumps(ROW | changed).encode())
    assert isinstance(event, events.RequestSnapshotEvent), event
    assert events.decode(events.encode(event)) == event
    return event.data


def test_a_row(table: RequestTable) -> None:
    (event,) = table.read(json.dumps(ROW | {"House": "3", "Street": " Elm St ", "Via": "constituent call"}).encode())
    closed = datetime(2026, 1, 6, 15, tzinfo=UTC)
    assert event.time == closed
    assert event.data == events.RequestSnapshot(
        service_request_id="7",
        status="closed",
        requested_datetime=datetime(2026, 1, 5, 15, tzinfo=UTC),
        updated_datetime=closed,
        closed_datetime=closed,
        address="3 Elm St",
        language="en",
        channel="phone",
        jurisdiction_id="boston.gov",
    )


def test_without_an_update_and_a_close_the_request_dates_it(table: RequestTable) -> None:
    found = snapshot(table, Closed="", State="in progress")
    assert (found.status, found.updated_datetime, found.closed_datetime) == ("open", found.requested_datetime, None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("01/31/2018 02:15:00 PM", "2018-01-31T19:15"),
        ("31.01.2018", "2018-01-31T05:00"),
        ("2018-01-31T14:15:00.000", "2018-01-31T19:15"),
        ("2018-01-31 14:15:00+00", "2018-01-31T14:15"),
        ("2025-11-02 01:30:00", "2025-11-02T05:30"),
    ],
    ids=["American", "German", "ISO", "ISO with an offset", "a time that comes twice"],
)
def test_dates_are_tried_in_every_format(table: RequestTable, told: str, expected: str) -> None:
    assert snapshot(table, Opened=told).requested_datetime == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_columns_and_words(table: RequestTable) -> None:
    found = snapshot(table, **{"Zip": "null", "Old zip": "02130", "House": "N/A", "Street": "Elm St", "Via": "Pigeon"})
    assert (found.zipcode, found.address, found.channel) == ("02130", "Elm St", "Pigeon")
    found = snapshot(table, Zip="02131", **{"Old zip": "02130", "Lat": "42.3594", "Long": "-71.0587"})
    assert (found.zipcode, found.address, found.usable_location) == ("02131", None, False)


def test_case_blanks_and_signs_of_columns_do_not_count(table: RequestTable) -> None:
    row = {"ID": "7", " opened ": "2026-01-05", "STATE": "DONE", "old_zip": "1"}
    (event,) = table.read(json.dumps(row).encode())
    assert event.data.zipcode == "1"  # type: ignore[union-attr]


def test_a_table_without_a_status_is_told_by_the_close(tmp_path: Path) -> None:
    columns = '[columns]\nservice_request_id = "Id"\nrequested_datetime = "Opened"\nclosed_datetime = "Closed"\n'
    table = RequestTable("requests/test", mapping=mapping(tmp_path, columns), zone=UTC, clock=lambda: NOW)
    assert [snapshot(table, Closed=closed).status for closed in ("", ROW["Closed"])] == ["open", "closed"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Id": ""}, "service_request_id is missing"),
        ({"Opened": "N/A"}, "requested_datetime (column Opened) is missing"),
        ({"Opened": "13/31/2018 02:15:00 PM"}, "an ISO 8601 time or %m/%d/%Y %I:%M:%S %p or %d.%m.%Y is expected"),
        ({"Opened": "2025-03-09 02:30:00"}, "the clocks in America/New_York skipped that time"),
        ({"Closed": "2031-01-01"}, "more than a day ahead"),
        ({"State": "melted"}, "status is 'melted': open or closed is expected, or a word that [statuses] of the mapping explains"),
    ],
    ids=["no id", "no time", "month 13", "a skipped time", "closed in the future", "an unknown word"],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_place(table: RequestTable, changed: dict[str, str], reason: str) -> None:
    (event,) = table.read(json.dumps(ROW | changed).encode(), "file.csv:12")
    assert isinstance(event, events.SourceUnreadableEvent)
    assert reason in event.data.reason
    assert (json.loads(event.data.line), event.data.position) == (ROW | changed, "file.csv:12")


@given(st.binary() | st.recursive(st.none() | st.floats() | st.text(), lambda more: st.lists(more)).map(lambda x: json.dumps(x).encode()))
def test_any_bytes_give_one_event_or_none(line: bytes) -> None:
    table = RequestTable("requests/test", mapping=read_request_mapping(SHIPPED / "boston.toml"), zone=UTC)
    assert len(table.read(line)) <= 1
    table.recognises(line)


@given(st.dictionaries(st.sampled_from([*ROW, "Zip", "House", "Lat", "Long", "Via"]), st.text() | st.datetimes().map(str)))
def test_any_values_give_an_event_that_can_be_decoded(tmp_path_factory: pytest.TempPathFactory, changed: dict[str, str]) -> None:
    table = RequestTable("requests/test", mapping=mapping(tmp_path_factory.getbasetemp()), zone=UTC, clock=lambda: NOW)
    (event,) = table.read(json.dumps(ROW | changed).encode())
    assert events.decode(events.encode(event)) == event


def read(tmp_path: Path, content: str | bytes, layout: Layout = Layout()) -> list[tuple[int, object]]:  # noqa: B008
    file = tmp_path / "table.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(number, json.loads(row)) for number, row in rows.rows(file, layout)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("a,b\n1,2\n3,4", [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})], id="plain"),
        pytest.param("\ufeffa,b\r\n1,2\r\n", [(2, {"a": "1", "b": "2"})], id="with a byte order mark and \\r\\n"),
        pytest.param('a,b\n"1\n\n,x",2\n3,4\n', [(2, {"a": "1\n\n,x", "b": "2"}), (5, {"a": "3", "b": "4"})], id="line ends in quotes"),
        pytest.param('a,b\n"say ""hi""",2\n', [(2, {"a": 'say "hi"', "b": "2"})], id="quotes in quotes"),
        pytest.param('a,b\n"say" hi,2\n', [(2, {"a": "say hi", "b": "2"})], id="text behind a quote"),
        pytest.param('a,b\n5" pipe,2\n3,4\n', [(2, {"a": '5" pipe', "b": "2"}), (3, {"a": "3", "b": "4"})], id="a stray quote in a value"),
        pytest.param("a,b\n\n , \n1,2\n", [(4, {"a": "1", "b": "2"})], id="empty rows"),
        pytest.param("a,,a\n1,2,3\n", [(2, {"a": "1", "column 2": "2", "a (again)": "3"})], id="a column without a name, and one twice"),
        pytest.param(
            "a,a,a,a (again)\n1,2,3,4\n",
            [(2, {"a": "1", "a (again)": "2", "a (again) (column 3)": "3", "a (again) (again)": "4"})],
            id="a column four times",
        ),
        pytest.param("a" + ",a" * 30_000 + "\n", [], id="a header of thirty thousand columns"),
        pytest.param("", [], id="an empty file"),
        pytest.param("a,b\n", [], id="a header alone"),
    ],
)
def test_rows(tmp_path: Path, content: str, expected: list[object]) -> None:
    assert read(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "reason", "text"),
    [
        ("a,b\n1,2,3\n5,6\n", "the row has 3 columns, and the header 2", "1,2,3"),
        ("a,b\n1\n5,6\n", "the row has 1 columns, and the header 2", "1"),
        ('a,b\n"1,2\n5,6\n', "the row opens a quote that is not closed", '"1,2'),
        ('a,b\n"1,2\n5,6\n7,"8\n', "the row opens a quote that is not closed", '"1,2'),
        (b"a,b\n\xff,2\n5,6\n", "the row is not utf-8: set `encoding` or `fallback_encoding`", "\\xff,2"),
    ],
    ids=["too many", "too few", "an open quote", "an open quote that another closes", "not UTF-8"],
)
def test_a_broken_row_costs_no_other(tmp_path: Path, content: str | bytes, reason: str, text: str) -> None:
    found = read(tmp_path, content)
    number, broken = found[0]
    assert isinstance(broken, list)
    assert (number, broken[0][: len(reason)], broken[1]) == (2, reason, text)
    assert found[1] == (3, {"a": "5", "b": "6"})


def test_a_broken_row_is_refused_as_it_stands(table: RequestTable) -> None:
    (event,) = table.read(json.dumps(["the row has 3 columns, and the header 2", "1,2,3"]).encode(), "f:2")
    assert event.data == events.SourceUnreadable(b"1,2,3", "the row has 3 columns, and the header 2", "f:2")


@pytest.mark.parametrize(
    ("layout", "content"),
    [
        (Layout("latin-1"), "é;\xa0"),
        (Layout("utf-8", "windows-1252"), "é"),
        (Layout("utf-8"), "é"),
    ],
    ids=["latin-1", "utf-8 or else windows-1252", "utf-8"],
)
def test_encodings(tmp_path: Path, layout: Layout, content: str) -> None:
    encoding = layout.fallback_encoding or layout.encoding
    assert read(tmp_path, f"a|b\n{content}|2\n".encode(encoding), layout._replace(delimiter="|")) == [(2, {"a": content, "b": "2"})]


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")), min_size=2, max_size=2), max_size=8))
def test_what_was_written_as_csv_is_read(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["a", "b"], *table])
    expected = [{"a": a, "b": b} for a, b in table if (a + b).strip()]
    assert [row for _, row in read(tmp_path_factory.getbasetemp(), text.getvalue())] == expected


@given(st.binary(max_size=300))
def test_any_file_gives_rows(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    read(tmp_path_factory.getbasetemp(), b'a,b\n"' + content)
    read(tmp_path_factory.getbasetemp(), content if content[:2] != b"\x1f\x8b" else content[1:])


def test_a_header_without_a_needed_column_is_refused(tmp_path: Path, table: RequestTable) -> None:
    file = tmp_path / "table.csv"
    file.write_text("Id,State\n7,done\n")
    with pytest.raises(replay.WrongFile, match=r"has no column 'Opened', which the mapping names for requested_datetime; it has Id, State"):
        replay.look_at(file, table)


def test_a_header_without_another_column_is_said(tmp_path: Path, table: RequestTable, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "table.csv"
    file.write_text("Id,State,Opened,House,Old zip,Lat,Via,More\n7,done,2026-01-05,3,1,2,x,y\n")
    caplog.set_level(logging.WARNING)
    replay.look_at(file, table)
    assert [record.args[1:] for record in caplog.records if record.args] == [("'Closed'", "closed_datetime"), ("'Long'", "long")]


@pytest.mark.parametrize("name", ["boston", "new_york", "philadelphia"])
def test_the_shipped_mappings_can_be_used(name: str) -> None:
    assert name in shipped()
    source = source_of("requests", mapping=mapping_of("requests", name))
    assert isinstance(source, RequestTable)
    assert source.mapping.time_zone == "America/New_York"


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        (
            "new_york",
            {
                "Unique Key": "38309853",
                "Created Date": "01/31/2018 02:15:00 PM",
                "Closed Date": "02/01/2018 09:00:00 AM",
                "Agency": "DOT",
                "Agency Name": "Department of Transportation",
                "Complaint Type": "Street Condition",
                "Descriptor": "Pothole",
                "Status": "Closed",
                "Due Date": "02/10/2018 02:15:00 PM",
                "Resolution Action Updated Date": "02/01/2018 09:30:00 AM",
                "Incident Zip": "N/A",
                "Open Data Channel Type": "ONLINE",
            },
            {
                "status": "closed",
                "requested_datetime": datetime(2018, 1, 31, 19, 15, tzinfo=UTC),
                "updated_datetime": datetime(2018, 2, 1, 14, 30, tzinfo=UTC),
                "closed_datetime": datetime(2018, 2, 1, 14, tzinfo=UTC),
                "service_name": "Street Condition",
                "department": "DOT",
                "zipcode": None,
                "channel": "web",
            },
        ),
        (
            "new_york",
            {
                "unique_key": "38309853",
                "created_date": "2018-01-31T14:15:00.000",
                "status": "In Progress",
                "problem_formerly_complaint_type": "Noise",
            },
            {"status": "open", "service_name": "Noise", "updated_datetime": datetime(2018, 1, 31, 19, 15, tzinfo=UTC)},
        ),
        (
            "philadelphia",
            {
                "objectid": "1",
                "service_request_id": "15000001",
                "status": "Closed",
                "service_name": "Illegal Dumping",
                "agency_responsible": "Streets Department",
                "service_notice": "5 Business Days",
                "requested_datetime": "2022-12-01 15:00:00+00",
                "updated_datetime": "2022-12-09 15:00:00+00",
                "expected_datetime": "2022-12-08 15:00:00+00",
                "closed_datetime": "",
                "lat": "39.95",
                "lon": "-75.16",
            },
            {
                "status": "closed",
                "updated_datetime": datetime(2022, 12, 9, 15, tzinfo=UTC),
                "closed_datetime": None,
                "department": "Streets Department",
                "service_notice": "5 Business Days",
                "long": -75.16,
            },
        ),
    ],
    ids=["New York's export", "New York's interface since 2025", "Philadelphia's export"],
)
def test_rows_of_the_shipped_cities(name: str, row: dict[str, str], expected: dict[str, object]) -> None:
    (event,) = source_of("requests", mapping=mapping_of("requests", name)).read(json.dumps(row).encode())
    assert isinstance(event, events.RequestSnapshotEvent), event
    assert {field: getattr(event.data, field) for field in expected} == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns", "is not TOML"),
        ('colour = "red"', "unknown field `colour`.*It may have time_zone"),
        ('time_zone = "Mars/Olympus"', "time_zone is 'Mars/Olympus'; use a name of the IANA"),
        ('encoding = "ebcdic"', "encoding is 'ebcdic'; use utf-8, latin-1, windows-1252"),
        ('delimiter = ";;"', r"\$.delimiter"),
        ("delimiter = '\"'", "delimiter is '\"'"),
        ('date_formats = ["day %d"]', "date_formats has 'day %d'; a format with date and year"),
        ("default_geocodes = [[-71.0587, 142.0], [142.3, -71.0]]", "default_geocodes has .142.3, -71.0.; latitude and longitude"),
        ("default_geocodes = [[1.0]]", r"\$.default_geocodes"),
        ('[statuses]\nDone = "finished"', r"\$.statuses"),
        ('[columns]\ncolour = "c"', "columns.colour is no field of a request; there are service_request_id,"),
        ('[columns]\nlat = { joined = ["a"] }', "joined"),
        ('[columns]\nservice_request_id = "Id"', "columns.requested_datetime is missing"),
        ('[columns]\nservice_request_id = "Id"\nrequested_datetime = "Opened"', "columns.status is missing"),
        ('[constants]\ncolour = "c"', "constants.colour is no field"),
        (SHORT + '\n[constants.more]\na = "b"', "constants"),
        (SHORT.replace("language", "zipcode"), "zipcode is in columns and in constants"),
    ],
)
def test_a_wrong_mapping_is_said_with_file_and_entry(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidMapping, match=message) as caught:
        mapping(tmp_path, text)
    assert str(tmp_path / "city.toml") in str(caught.value)


def test_a_mapping_is_a_name_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(SHORT)
    assert find_mapping(str(tmp_path / "city.toml")) == tmp_path / "city.toml"
    assert find_mapping("boston") == SHIPPED / "boston.toml"
    with pytest.raises(
        InvalidMapping, match=r"There is no mapping 'gotham': use boston, new_york, philadelphia, or the name of a TOML file"
    ):
        find_mapping("gotham")


def test_a_table_needs_a_mapping() -> None:
    with pytest.raises(InvalidMapping, match="needs a mapping with"):
        source_of("requests")


def test_a_replay_goes_to_the_topic_of_requests_with_what_cannot_be_read(
    services: Services, topics: str, table: RequestTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"KAFKA_BOOTSTRAP_SERVERS": services.kafka.address, "TOPIC_PREFIX": topics}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    file = tmp_path / "table.csv"
    file.write_text("Id,State,Opened\n7,in progress,2026-01-05\n8,melted,2026-01-05\n9\n10,in progress,2026-01-06\n")
    summary = replay.run(file, table)
    settings.cache_clear()
    assert (summary.events, summary.unreadable) == (2, 2)
    consumer = KafkaConsumer(bootstrap_servers=services.kafka.address, enable_auto_commit=False)
    places = [TopicPartition(topics + topic, n) for topic in events.TOPICS for n in consumer.partitions_for_topic(topics + topic)]
    ends = consumer.end_offsets(places)
    consumer.close()
    told = {topic: sum(ends[place] for place in places if place.topic == topics + topic) for topic in events.TOPICS}
    assert told == {**dict.fromkeys(events.TOPICS, 0), events.REQUESTS: 4 + settings().topic_partitions}  # and a heartbeat a partition


@pytest.mark.reference
def test_a_quarter_of_boston(reference_data: Path) -> None:
    file = reference_data / "requests" / "boston_2011_q3.csv.gz"
    table = source_of("requests", mapping=mapping_of("requests", "boston"))
    replay.look_at(file, table)
    told = [event for number, row in replay.recorded(file, table) for event in table.read(row, f"{file.name}:{number}")]
    snapshots = [event.data for event in told if isinstance(event, events.RequestSnapshotEvent)]
    assert (len(told), len(snapshots), len({one.service_request_id for one in snapshots})) == (31_828, 31_828, 31_828)
    assert Counter(one.status for one in snapshots) == {"closed": 30_081, "open": 1_747}
    assert sum(not one.usable_location for one in snapshots) == 2_462
    assert sum(one.expected_datetime is None for one in snapshots) == 5_013
    assert sum(one.closed_datetime == one.requested_datetime for one in snapshots) == 1_548
    assert Counter(one.channel for one in snapshots)["phone"] == 15_281
    first = snapshots[0]
    assert (first.service_request_id, first.department, first.service_name) == ("101000295613", "PWDx", "Street Light Outages")
    assert (first.requested_datetime, first.expected_datetime, first.closed_datetime) == (
        datetime(2011, 7, 1, 5, 32, 33, tzinfo=UTC),
        datetime(2011, 7, 15, 5, 32, 32, tzinfo=UTC),
        datetime(2011, 7, 1, 9, 6, 58, tzinfo=UTC),
    )
    assert (first.lat, first.long, first.channel) == (42.2715, -71.0772, "employee")
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        assert [row["case_enquiry_id"] for row in csv.DictReader(opened)] == [one.service_request_id for one in snapshots]
