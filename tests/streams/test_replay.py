"""Reading recorded files, moving a recording in time, and what the command line says to a wrong use. No broker."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, strategies as st

from sql.settings import settings
from streams import events, records, replay
from streams.__main__ import main
from streams.sources import Source, queue_log as log_order
from streams.sources.cloudevents import CloudEvents
from streams.sources.connect import Connect
from streams.sources.kinds import KINDS, mapping_of, source_of
from streams.sources.mapping import InvalidMapping, Mapping, read_mapping
from tests.event_strategies import EVENTS
from tests.streams.queue_log_lines import contacts_said, line, queue_log

LINES = [line(0, "ENTERQUEUE"), line(3, "CONNECT", 3, "b", 1, agent="ann"), line(9, "COMPLETEAGENT", 3, 6, 1, agent="ann")]
ONE, TWO = {"a": 1, "text": "x\n}{"}, {"b": [2]}


def written(path: Path, content: bytes) -> Path:
    """The file, with a content."""
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["plain.txt", "packed.gz"])
def test_lines_are_numbered_and_without_their_ends(tmp_path: Path, name: str) -> None:
    file = written(tmp_path / name, b"one\r\n\ntwo\nthree")
    assert list(records.lines(file)) == [(1, b"one"), (2, b""), (3, b"two"), (4, b"three")]


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    file = tmp_path / "named_wrongly.txt"
    file.write_bytes(gzip.compress(b"one\n"))
    assert list(records.lines(file)) == [(1, b"one")]


def test_an_endless_line_comes_in_pieces(tmp_path: Path) -> None:
    file = written(tmp_path / "log", b"x" * (2 * records.LONGEST_LINE_BYTES + 5))
    assert [len(piece) for _, piece in records.lines(file)] == [records.LONGEST_LINE_BYTES, records.LONGEST_LINE_BYTES, 5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: path, "cannot be read: No such file or directory", id="not there"),
        pytest.param(lambda path: path.mkdir() or path, "is a folder: name a file in it", id="a folder"),
        pytest.param(lambda path: path.write_bytes(b"plain") and path, "is called .gz and is not gzip", id="not gzip"),
        pytest.param(
            lambda path: path.write_bytes(gzip.compress(random.Random(3).randbytes(9_000))[:-900]) and path,
            "is damaged after line",
            id="cut off",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "log.gz"
    make(path)  # type: ignore[operator]
    with pytest.raises(records.UnreadableFile, match=message) as caught:
        list(records.lines(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["events.json", "events.json.gz"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps(ONE) + "\n" + json.dumps(TWO) + "\n", id="a line each"),
        pytest.param("\n" + json.dumps(ONE) + "\n\n" + json.dumps(TWO), id="a line each, with empty lines"),
        pytest.param(json.dumps([ONE, TWO]), id="a list on one line"),
        pytest.param(json.dumps([ONE, TWO], indent=2), id="a list on many lines"),
        pytest.param(json.dumps(ONE, indent=1) + "\n" + json.dumps(TWO, indent=1), id="one after another on many lines"),
        pytest.param(json.dumps(ONE) + json.dumps(TWO), id="one after another with nothing between"),
    ],
)
def test_json_documents_in_every_layout(tmp_path: Path, name: str, content: str) -> None:
    found = [json.loads(document) for _, document in records.documents(written(tmp_path / name, content.encode())) if document.strip()]
    assert found == [ONE, TWO]


def test_a_packed_document_that_is_cut_off_is_said(tmp_path: Path) -> None:
    whole = gzip.compress(b"[\n" + json.dumps([random.Random(3).random() for _ in range(90_000)]).encode() + b"\n]")
    (tmp_path / "x.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(records.UnreadableFile, match="is damaged"):
        list(records.documents(tmp_path / "x.gz"))


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1}\nbroken\n{"b": 2}\n', b'{"a": \n{"b": 2}\n', b"nothing\n", b""],
    ids=["a broken line", "cut off", "no JSON", "empty"],
)
def test_what_is_no_json_comes_line_by_line(tmp_path: Path, content: bytes) -> None:
    assert [one for _, one in records.documents(written(tmp_path / "x", content))] == content.splitlines()


@given(st.binary(max_size=200))
def test_any_file_gives_records_and_loses_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "file"
    file.write_bytes(content if content[:2] != records.GZIP_MAGIC else content[1:])
    assert (
        b"".join(one for _, one in records.lines(file)) == file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"") or b"\r" in content
    )
    list(records.documents(file))


def test_a_shuffled_log_is_read_in_the_order_in_which_it_was_written(tmp_path: Path) -> None:
    ordered = written(tmp_path / "ordered", b"\n".join(LINES))
    shuffled = written(tmp_path / "shuffled", b"\n".join([LINES[2], LINES[0], LINES[1]]))
    assert [one for _, one in replay.recorded(shuffled, queue_log())] == LINES == [one for _, one in replay.recorded(ordered, queue_log())]
    assert [number for number, _ in replay.recorded(shuffled, queue_log())] == [2, 3, 1]


def new_source(kind: str, name: str | None = None) -> Source:
    """A source of a kind; a table is Boston's."""
    return source_of(kind, name=name, mapping=mapping_of(kind, "boston" if kind == "requests" else None))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    wrong = "the header has no column 'case_enquiry_id'" if kind == "requests" else "none of the first records is "
    with pytest.raises(replay.WrongFile, match=rf"{wrong}.* Nothing was published"):
        replay.look_at(written(tmp_path / "letter", b"Dear city,\nplease mend our street.\n"), new_source(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_file_is_of_every_kind(tmp_path: Path, kind: str) -> None:
    replay.look_at(written(tmp_path / "empty", b"\n"), new_source(kind))


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("asterisk", LINES[0]),
        ("connect", b'{"eventType": "QUEUED", "contactId": "c"}'),
        ("open311", b'{"service_request_id": "1"}'),
        (
            "cloudevents",
            events.encode(events.event(events.ContactEnded("c"), source="s", event_id="e", at=datetime(2025, 1, 1, tzinfo=UTC))),
        ),
    ],
)
def test_one_good_record_among_broken_ones_is_enough(tmp_path: Path, kind: str, good: bytes) -> None:
    replay.look_at(written(tmp_path / "mixed", b"broken\n" * 9 + good + b"\n"), source_of(kind))


def test_without_a_speed_nothing_is_waited_for() -> None:
    clock = replay.Clock(None, start_now=False)
    clock.begin(datetime(1999, 1, 1, tzinfo=UTC))
    assert clock.seconds_until(datetime(2025, 1, 1, tzinfo=UTC)) == 0
    assert clock.recorded_now() is None


def test_a_speed_divides_the_time() -> None:
    clock, begin = replay.Clock(60, start_now=False), datetime(1999, 1, 1, tzinfo=UTC)
    clock.begin(begin)
    clock.begin(begin + timedelta(days=1))
    assert clock.seconds_until(begin + timedelta(hours=1)) == pytest.approx(60, abs=1)
    assert clock.seconds_until(begin) <= 0
    reached = clock.recorded_now()
    assert reached is not None
    assert reached - begin < timedelta(minutes=1)


@given(EVENTS, EVENTS)
def test_a_recording_moved_to_now_keeps_its_distances(first: events.Event, second: events.Event) -> None:
    clock = replay.Clock(None, start_now=True)
    clock.begin(first.time)
    moved = clock.shift(first), clock.shift(second)
    assert abs(moved[0].time - datetime.now(UTC)) < timedelta(seconds=5)
    assert moved[1].time - moved[0].time == second.time - first.time
    for before, after in zip((first, second), moved, strict=True):
        assert events.decode(events.encode(after)) == after
        assert after.id != before.id
        if not isinstance(before, events.AgentStateChangedEvent):
            assert root_and_rest(after)[0].partition("@")[0] == root_and_rest(before)[0]
            assert root_and_rest(after)[1] == root_and_rest(before)[1]


def test_a_request_moved_in_time_is_another_with_all_its_times_moved() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    times = {"requested_datetime": at, "updated_datetime": at + timedelta(days=2), "expected_datetime": at + timedelta(days=3)}
    before = events.event(events.RequestSnapshot("7", "closed", **times), source="s", event_id="e", at=at + timedelta(days=2))
    clock = replay.Clock(None, start_now=True)
    clock.begin(at)
    after = clock.shift(before)
    assert isinstance(after.data, events.RequestSnapshot)
    assert after.data.service_request_id.startswith("7@")
    moved = clock.shifted(at) - at
    assert {name: getattr(after.data, name) - moved for name in times} == times
    assert (after.data.closed_datetime, after.time) == (None, before.time + moved)
    assert events.decode(events.encode(after)) == after


def test_requests_at_a_speed_come_by_the_time_of_their_event() -> None:
    told = [
        source_of("open311").read(json.dumps({"service_request_id": n, "status": "open", "requested_datetime": at}).encode())
        for n, at in ((1, "2026-01-03T00:00:00Z"), (2, "2026-01-01T00:00:00Z"), (3, "never"), (4, "2026-01-02T00:00:00Z"))
    ]
    times = [event.time.day for (event,) in replay._by_time(told) if isinstance(event, events.RequestSnapshotEvent)]
    assert times == [1, 2, 3]


def root_and_rest(event: events.Event) -> tuple[str, str]:
    """The two parts of the id of a contact, a request, a survey or a search."""
    named = next(getattr(event.data, name) for name in replay._IDS if getattr(event.data, name, None) is not None)
    root, _, rest = named.partition("/")
    return root, rest


def test_a_recording_as_recorded_is_not_touched() -> None:
    clock, event = replay.Clock(None, start_now=False), queue_log().read(LINES[0])[0]
    clock.begin(event.time)
    assert clock.shift(event) is event


def test_the_longest_ids_can_still_be_moved() -> None:
    clock = replay.Clock(None, start_now=True)
    call = "c" * 170
    found = [event for one in (line(0, "ENTERQUEUE", call=call), line(1, "ENTERQUEUE", call=call)) for event in queue_log().read(one)]
    contact = {
        "eventType": "QUEUED",
        "contactId": "c" * 94,
        "initialContactId": "i" * 94,
        "queueInfo": {"queueArn": "x/q", "enqueueTimestamp": "2025-01-01T00:00:00Z"},
    }
    request = {"service_request_id": "r" * 190, "status": "open", "requested_datetime": "2025-01-01T00:00:00Z"}
    found += source_of("open311").read(json.dumps(request).encode())
    for event in [*found, *Connect("connect/test").read(json.dumps(contact).encode())]:
        clock.begin(event.time)
        assert events.decode(events.encode(clock.shift(event)))


def test_a_mapping_file(tmp_path: Path) -> None:
    file = written(tmp_path / "names.toml", b'ignored_verbs = ["SURVEY"]\n[queues]\n"7" = "general"\n[languages]\nspanish = "es"\n')
    assert read_mapping(file) == Mapping(queues={"7": "general"}, languages={"spanish": "es"}, ignored_verbs=("SURVEY",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[queues", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"[colours]\na = 1\n", "colours"),
        (b"[queues]\na = 1\n", r"\$.queues"),
        (b'[queues]\na = ""\n', r"\$.queues"),
    ],
    ids=["no TOML", "no text", "an unknown table", "a number for a name", "an empty name"],
)
def test_a_wrong_mapping_file(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidMapping, match=message):
        read_mapping(written(tmp_path / "names.toml", content))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_source(kind: str) -> None:
    source = new_source(kind, "pbx9")
    assert source.name == "pbx9"
    source.restore(source.state())


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that name a broker that is not there."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    settings.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        pytest.param(
            ["replay", "morse", "{log}"],
            2,
            "'morse' is not one of 'asterisk', 'connect', 'cloudevents', 'open311', 'requests'",
            id="wrong kind",
        ),
        pytest.param(["replay", "asterisk", "{folder}/none"], 2, "does not exist", id="no file"),
        pytest.param(["replay", "asterisk", "{folder}"], 2, "is a directory", id="a folder"),
        pytest.param(["replay", "asterisk", "{log}", "--speed", "0"], 2, "'0' is neither `max` nor a number above 0", id="speed 0"),
        pytest.param(["replay", "asterisk", "{log}", "--speed", "fast"], 2, "'fast' is neither", id="speed in words"),
        pytest.param(["replay", "asterisk", "{log}", "--speed", "nan"], 2, "'nan' is neither", id="speed nan"),
        pytest.param(["replay", "asterisk", "{log}", "--start", "then"], 2, "'then' is not one of", id="wrong start"),
        pytest.param(["replay", "asterisk", "{log}", "--source", ""], 2, "1 to 100 printable characters", id="empty source"),
        pytest.param(["replay", "asterisk", "{log}", "--mapping", "{log}"], 1, "is not TOML", id="wrong mapping"),
        pytest.param(["replay", "asterisk", "{log}", "--mapping", "boston"], 2, "'boston' does not exist", id="no mapping file"),
        pytest.param(
            ["replay", "requests", "{log}"], 1, "needs a mapping with [columns]: --mapping boston, ", id="a table without a mapping"
        ),
        pytest.param(["replay", "requests", "{log}", "--mapping", "gotham"], 1, "There is no mapping 'gotham'", id="no such city"),
        pytest.param(["replay", "requests", "{log}", "--mapping", "{log}"], 1, "is not TOML", id="wrong mapping of a table"),
        pytest.param(
            ["replay", "requests", "{log}", "--mapping", "boston"], 1, "has no column 'case_enquiry_id'", id="a table of another city"
        ),
        pytest.param(["replay", "open311", "{log}"], 1, "none of the first records is a service request of Open311", id="no Open311"),
        pytest.param(
            ["replay", "connect", "{log}"], 1, "none of the first records is an event of Amazon Connect", id="file of another kind"
        ),
        pytest.param(["replay", "asterisk", "{log}.gz"], 1, "is called .gz and is not gzip", id="not gzip"),
        pytest.param(["replay", "asterisk", "{log}"], 1, "Kafka at 127.0.0.1:1 cannot be reached: Connection refused", id="no broker"),
        pytest.param(
            ["follow", "asterisk", "{log}"], 1, "Kafka at 127.0.0.1:1 cannot be reached: Connection refused", id="follow without a broker"
        ),
        pytest.param(["follow", "cloudevents", "{log}"], 2, "'cloudevents' is not one of", id="a kind that is not followed"),
        pytest.param(["follow", "requests", "{log}"], 2, "'requests' is not one of 'asterisk', 'connect'", id="requests are not followed"),
        pytest.param(["consume", "--until-idle", "-1"], 2, "-1", id="negative idle time"),
        pytest.param(["dead-letters", "show", "first"], 2, "'first' is not a valid integer", id="a number in words"),
        pytest.param(["simulate", "--speed", "0"], 2, "0.0 is not in the range", id="a simulator that stands still"),
        pytest.param(["dance"], 2, "No such command 'dance'", id="unknown command"),
    ],
)
@pytest.mark.usefixtures("no_broker")
def test_a_wrong_use_gets_a_sentence_and_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    log = written(tmp_path / "queue_log", b"\n".join(LINES))
    (tmp_path / "queue_log.gz").write_bytes(log.read_bytes())
    result = CliRunner().invoke(main, [argument.format(log=log, folder=tmp_path) for argument in arguments])
    settings.cache_clear()
    assert (result.exit_code, message in result.output) == (status, True), result.output
    assert "Traceback" not in result.output
    assert result.output.strip().splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    "command",
    [[], ["consume"], ["replay"], ["follow"], ["poll"], ["poll", "open311"], ["simulate"], ["dead-letters"], ["dead-letters", "show"]],
)
def test_help(command: list[str]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert (result.exit_code, result.output.startswith("Usage:")) == (0, True)


@pytest.mark.reference
def test_a_shuffled_month_gives_the_same_contacts(reference_data: Path, tmp_path: Path) -> None:
    month = reference_data / "calls" / "queue_log_1999-01.txt.gz"
    lines = [one for _, one in records.lines(month)]
    assert log_order.in_time_order(lines, UTC)
    dice = random.Random(311)
    shuffled = lines + lines[:1000]
    dice.shuffle(shuffled)
    told = [
        {said for _, one in replay.recorded(file, source) for said in contacts_said(source.read(one))}
        for file, source in ((month, queue_log()), (written(tmp_path / "shuffled.gz", b"\n".join(shuffled)), queue_log()))
    ]
    assert told[0] == told[1]


def test_cloudevents_are_read_line_by_line(tmp_path: Path) -> None:
    file = written(tmp_path / "export", b"[\n]\n")
    assert [one for _, one in replay.recorded(file, CloudEvents("x"))] == [b"[", b"]"]
