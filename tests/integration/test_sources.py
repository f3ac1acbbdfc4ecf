"""From files into a real Kafka: nothing lost, through rotation, kills and a broker that goes away."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from sql.settings import PROJECT
from streams import events
from streams.broker import BrokerUnavailable
from streams.publisher import Publisher
from streams.sources.asterisk import QueueLog
from tests.servers import Services
from tests.streams.queue_log_lines import line

WITHIN_SECONDS = 40
NOON = datetime(2025, 11, 25, 12, tzinfo=UTC)


class Topics:
    """What is in this test's topics."""

    def __init__(self, servers: str, prefix: str) -> None:
        self._servers, self._prefix = servers, prefix

    def records(self) -> dict[tuple[str, int], list[tuple[bytes | None, events.Event]]]:
        """The keys and events of every partition, in its order."""
        consumer = KafkaConsumer(bootstrap_servers=self._servers, enable_auto_commit=False)
        try:
            places = [
                TopicPartition(self._prefix + topic, number)
                for topic in events.TOPICS
                for number in consumer.partitions_for_topic(self._prefix + topic)
            ]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found: dict[tuple[str, int], list[tuple[bytes | None, events.Event]]] = {
                (place.topic.removeprefix(self._prefix), place.partition): [] for place in places
            }
            while any(consumer.position(place) < ends[place] for place in places):
                for place, got in consumer.poll(timeout_ms=500).items():
                    found[place.topic.removeprefix(self._prefix), place.partition] += [(one.key, events.decode(one.value)) for one in got]
        finally:
            consumer.close()
        return found

    def told(self) -> list[events.Event]:
        """Every event that is no heartbeat."""
        return [event for many in self.records().values() for _, event in many if not isinstance(event, events.FeedHeartbeatEvent)]

    def heartbeats(self) -> dict[tuple[str, int], list[events.FeedHeartbeatEvent]]:
        """The heartbeats of every partition of a contact centre's topics."""
        return {
            place: [event for _, event in many if isinstance(event, events.FeedHeartbeatEvent)]
            for place, many in self.records().items()
            if place[0] in events.CONTACT_CENTRE_TOPICS
        }


@pytest.fixture
def kafka(services: Services, topics: str) -> Topics:
    return Topics(services.kafka.address, topics)


@pytest.fixture
def streams(environment: dict[str, str]) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `python -m streams …`; what still runs at the end of the test is killed."""
    with ExitStack() as undo:

        def start(*arguments: object, **changed: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-m", "streams", *map(str, arguments)],
                env=environment | {"ASTERISK_CALLBACK_KEYS": "9"} | changed,
                cwd=PROJECT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            undo.callback(process.communicate)
            undo.callback(process.kill)
            return process

        yield start


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """The status and everything that was printed."""
    output, errors = process.communicate(timeout=WITHIN_SECONDS)
    return process.returncode, output + errors


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_SECONDS} s: {what}"
        time.sleep(0.1)


def a_call(number: int) -> list[bytes]:
    """The three lines of one call."""
    at, call, agent = number * 20, f"call{number}", f"agent{number % 7}"
    return [
        line(at, "ENTERQUEUE", "", "2155550100", 1, call=call),
        line(at + 5, "CONNECT", 5, "b", 1, call=call, agent=agent),
        line(at + 15, "COMPLETEAGENT", 5, 10, 1, call=call, agent=agent),
    ]


def calls(first: int, after_last: int) -> list[bytes]:
    """The lines of some calls."""
    return [one for number in range(first, after_last) for one in a_call(number)]


def expected(lines: list[bytes]) -> Counter[str]:
    """The ids of the events of some lines."""
    source = QueueLog("asterisk/pbx1")
    return Counter(event.id for one in lines for event in source.read(one))


def ids(kafka: Topics) -> Counter[str]:
    """The ids of the events in Kafka."""
    return Counter(event.id for event in kafka.told())


def an_event(number: int) -> events.Event:
    """One of many events."""
    return events.event(events.ContactQueued(f"c{number}", "general"), source="test", event_id=f"e{number}", at=NOON)


@pytest.mark.usefixtures("in_process")
def test_the_publisher_delivers_to_the_topic_and_the_key(services: Services, kafka: Topics) -> None:
    with Publisher(services.kafka.address) as publisher:
        for number in range(1000):
            publisher.send(an_event(number))
        publisher.send(events.event(events.AgentStateChanged("ann", "away"), source="test", event_id="a", at=NOON))
        publisher.send(events.event(events.unreadable(b"x", "why"), source="test", event_id="u", at=NOON), topic=events.AGENTS)
    found = kafka.records()
    assert Counter(topic for (topic, _), many in found.items() for _ in many) == {events.CONTACTS: 1000, events.AGENTS: 2}
    assert all(key == events.key_of(event.data) for many in found.values() for key, event in many)
    assert sum(1 for (topic, _), many in found.items() if topic == events.CONTACTS and many) > 1


@pytest.mark.usefixtures("in_process")
def test_a_heartbeat_reaches_every_partition(services: Services, kafka: Topics) -> None:
    with Publisher(services.kafka.address) as publisher:
        publisher.heartbeat(source="test", topic=events.CONTACTS, at=NOON, cadence_seconds=5, name="Test")
    found = kafka.heartbeats()
    assert {place: len(many) for place, many in found.items()} == {place: int(place[0] == events.CONTACTS) for place in found}
    assert {event.data for many in found.values() for event in many} == {events.FeedHeartbeat(5, "Test")}


@pytest.mark.usefixtures("in_process")
def test_an_error_inside_lets_go_of_the_broker_in_time(services: Services) -> None:
    began = time.monotonic()

    def interrupted() -> None:
        with Publisher(services.kafka.address) as publisher:
            publisher.send(an_event(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("in_process")
def test_no_broker_is_said_in_time() -> None:
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        Publisher("127.0.0.1:1")
    assert time.monotonic() - began < 10


# In a process of its own: kafka-python leaves the sockets of failed connections to the garbage collector.
PUBLISH_ON_DEMAND = """
import sys
from datetime import UTC, datetime
from streams import events, publisher
publisher.DELIVERY_TIMEOUT_SECONDS, publisher.REQUEST_TIMEOUT_SECONDS, at = 4, 2, datetime(2025, 11, 25, 12, tzinfo=UTC)
with publisher.Publisher(sys.argv[1], give_up_after_seconds=float(sys.argv[2])) as opened:
    for number, line in enumerate(sys.stdin):
        opened.send(events.event(events.ContactQueued(f"c{number}", "general"), source="test", event_id=line.strip(), at=at))
        if line.startswith("flush"):
            opened.flush()
            print("flushed", flush=True)
"""


@pytest.fixture
def publish(services: Services, environment: dict[str, str]) -> Iterator[Callable[[float], "subprocess.Popen[str]"]]:
    """Starts a process that publishes an event for every line that it is given."""
    with ExitStack() as undo:

        def start(give_up_after_seconds: float) -> "subprocess.Popen[str]":
            command = [sys.executable, "-c", PUBLISH_ON_DEMAND, services.kafka.address, str(give_up_after_seconds)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            process = subprocess.Popen(command, env=environment, cwd=PROJECT, text=True, **pipes)  # type: ignore[call-overload]
            undo.callback(process.communicate)
            undo.callback(process.kill)
            return process  # type: ignore[no-any-return]

        yield start


@contextlib.contextmanager
def broker_away(services: Services) -> Iterator[None]:
    """The broker is stopped inside, and ready again afterwards."""
    services.kafka.stop()
    try:
        yield
    finally:
        services.kafka.start()
        services.kafka.wait_ready()


def said_to(process: "subprocess.Popen[str]", names: list[str]) -> None:
    """Publish events with these ids."""
    assert process.stdin is not None
    process.stdin.write("".join(f"{name}\n" for name in names))
    process.stdin.flush()


def test_a_broker_that_is_restarted_loses_nothing(
    services: Services, kafka: Topics, publish: Callable[[float], "subprocess.Popen[str]"]
) -> None:
    before, during, after = ([f"{when}{number}" for number in range(1000)] for when in ("before", "during", "after"))
    process = publish(60)
    said_to(process, [*before, "flush1"])
    assert process.stdout is not None
    assert process.stdout.readline() == "flushed\n"
    said_to(process, before)  # on their way when the broker goes
    with broker_away(services):
        said_to(process, during)
        time.sleep(6)  # longer than an event may take to be delivered: they are sent again
    said_to(process, after)
    assert ended(process)[0] == 0
    assert set(ids(kafka)) == {*before, "flush1", *during, *after}


def test_a_broker_that_stays_away_is_said(services: Services, publish: Callable[[float], "subprocess.Popen[str]"]) -> None:
    process = publish(5)
    said_to(process, ["flush1"])
    assert process.stdout is not None
    assert process.stdout.readline() == "flushed\n"
    with broker_away(services):
        began = time.monotonic()
        said_to(process, ["flush2"])
        status, output = ended(process)
        assert (status, time.monotonic() - began < 30) == (1, True)
    assert "did not acknowledge 1 events" in output.splitlines()[-1]


def test_a_replayed_file_is_in_kafka_and_twice_is_the_same(
    kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    lines = calls(0, 200)
    log = tmp_path / "queue_log"
    log.write_bytes(b"\n".join([*lines, b"garbage"]))
    status, output = ended(streams("replay", "asterisk", log))
    assert (status, output.splitlines()[-1].partition(", ")[0]) == (0, f"{expected(lines).total():,} events published"), output
    assert "1 records unreadable" in output
    shuffled = lines[:]
    random.Random(3).shuffle(shuffled)
    log.write_bytes(b"\n".join([*shuffled, b"garbage"]))
    assert ended(streams("replay", "asterisk", log, "--speed", "max", "--start", "as-recorded"))[0] == 0
    found = kafka.told()
    assert {event.id for event in found} >= set(expected(lines))
    assert len({event.data for event in found if events.topic_of(event.data) == events.CONTACTS}) == 3 * 200 + 1
    assert all(b"2155550100" not in events.encode(event) for event in found)


def test_a_replay_says_how_far_it_came_in_every_partition(
    kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    log = tmp_path / "queue_log"
    log.write_bytes(b"\n".join(calls(0, 5)))
    assert ended(streams("replay", "asterisk", log, "--source", "asterisk/pbx2"))[0] == 0
    last = max(event.time for event in kafka.told())
    assert {(event.source, event.time) for many in kafka.heartbeats().values() for event in many} == {("asterisk/pbx2", last)}
    assert all(kafka.heartbeats().values())


def test_a_recording_can_begin_now_at_a_speed(kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_bytes(b"\n".join(calls(0, 10)))
    began = datetime.now(UTC)
    status, output = ended(streams("replay", "asterisk", log, "--start", "now", "--speed", "60"))
    took = datetime.now(UTC) - began
    assert status == 0, output
    assert took.total_seconds() >= 195 / 60
    first = min(event.time for event in kafka.told())
    assert began < first < began + took
    assert all("@" in event.data.contact_id for event in kafka.told() if isinstance(event.data, events.ContactQueued))


def test_amazon_connect_and_our_own_events(kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    queued = {
        "eventType": "QUEUED",
        "contactId": "c1",
        "queueInfo": {"queueArn": "arn:aws:connect:x/queue/q-9", "enqueueTimestamp": "2025-11-25T12:00:00Z"},
    }
    names, connect, own = tmp_path / "names.toml", tmp_path / "events.json", tmp_path / "own.jsonl"
    names.write_text('[queues]\n"q-9" = "General"\n')
    connect.write_text(json.dumps([queued, queued | {"contactId": "c2"}], indent=2))
    beat = events.event(events.FeedHeartbeat(2, "Chat"), source="sim/chat", event_id="h", at=NOON)
    own.write_bytes(events.encode(an_event(1)) + b"\n" + events.encode(beat) + b"\n{}\n")
    assert ended(streams("replay", "connect", connect, "--mapping", names))[0] == 0
    assert ended(streams("replay", "cloudevents", own))[0] == 0
    found = kafka.told()
    assert {event.data for event in found if event.source == "connect/instance1"} == {
        events.ContactQueued("c1", "General"),
        events.ContactQueued("c2", "General"),
    }
    assert an_event(1) in found
    assert Counter(type(event.data).__name__ for event in found) == {"ContactQueued": 3, "SourceUnreadable": 1}
    assert all(beat.data in {event.data for event in many} for (topic, _), many in kafka.heartbeats().items() if topic == events.CONTACTS)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_replay_ends_quietly_when_asked(
    kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path, number: signal.Signals, status: int
) -> None:
    log = tmp_path / "queue_log"
    log.write_bytes(b"\n".join(calls(0, 1000)))
    process = streams("replay", "asterisk", log, "--speed", "1")
    until(lambda: bool(ids(kafka)), "the first event")
    process.send_signal(number)
    assert ended(process) == (status, "")


class Written:
    """A log that a test writes as Asterisk does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[bytes] = []

    def write(self, lines: list[bytes]) -> None:
        with self.path.open("ab") as opened:
            opened.write(b"".join(one + b"\n" for one in lines))
        self.lines += lines


def test_a_followed_log_loses_and_repeats_nothing(kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    log = Written(tmp_path / "queue_log")

    def all_there() -> bool:
        return set(ids(kafka)) >= set(expected(log.lines))

    follower = streams("follow", "asterisk", log.path, "--heartbeat-seconds", "0.5")
    log.write(calls(0, 50))
    until(all_there, "the first calls")
    log.write(calls(50, 60)[:-1])  # a call is still going on when the log is rotated and the follower stopped
    log.path.rename(tmp_path / "queue_log.1")
    log.write(calls(59, 60)[-1:] + calls(60, 80))
    until(all_there, "the calls after the log was renamed")
    follower.send_signal(signal.SIGTERM)
    status, output = ended(follower)
    assert (status, output.splitlines()[-1].endswith("0 lines unreadable")) == (0, True), output

    log.write(calls(80, 90)[:-1])
    (tmp_path / "queue_log.2").write_bytes((tmp_path / "queue_log.1").read_bytes())
    (tmp_path / "queue_log.1").write_bytes(log.path.read_bytes())
    os.utime(tmp_path / "queue_log.2", (1, 1))
    os.truncate(log.path, 0)
    log.write(calls(89, 90)[-1:] + calls(90, 100))
    follower = streams("follow", "asterisk", log.path, "--heartbeat-seconds", "0.5")
    until(all_there, "the calls after the log was copied and cut while nobody followed")
    follower.send_signal(signal.SIGINT)
    assert ended(follower)[0] == 0
    assert ids(kafka) == expected(log.lines)

    beats = kafka.heartbeats()
    assert all(beats.values())
    assert {event.data for many in beats.values() for event in many} == {events.FeedHeartbeat(0.5, "Asterisk pbx1")}
    assert all(datetime.now(UTC) > event.time > NOON for many in beats.values() for event in many)


def test_a_follower_that_is_killed_loses_nothing(kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    log, dice = Written(tmp_path / "queue_log"), random.Random(311)
    for number in range(6):
        follower = streams("follow", "asterisk", log.path)
        log.write(calls(number * 200, number * 200 + 100))
        if not number:  # a log that was never followed is not looked for where it was moved to
            until(lambda: any((tmp_path / "state").rglob("checkpoint.json")), "the first checkpoint")
        time.sleep(dice.uniform(0.5, 2))
        log.write(calls(number * 200 + 100, number * 200 + 200))
        follower.kill()
        follower.communicate()
        if number % 2:
            log.path.rename(tmp_path / f"queue_log.{10 - number}")
    follower = streams("follow", "asterisk", log.path)
    until(lambda: set(ids(kafka)) >= set(expected(log.lines)), "all calls")
    follower.send_signal(signal.SIGTERM)
    assert ended(follower)[0] == 0
    contacts = {event.data for event in kafka.told() if events.topic_of(event.data) == events.CONTACTS}
    assert len(contacts) == 3 * 1200, "an event that came twice must be the same event"


def test_a_follower_outlives_the_broker(
    services: Services, kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    log = Written(tmp_path / "queue_log")
    follower = streams("follow", "asterisk", log.path)
    log.write(calls(0, 20))
    until(lambda: set(ids(kafka)) >= set(expected(log.lines)), "the calls before")
    with broker_away(services):
        log.write(calls(20, 40))
        time.sleep(2)
    log.write(calls(40, 60))
    until(lambda: set(ids(kafka)) >= set(expected(log.lines)), "the calls after")
    follower.send_signal(signal.SIGTERM)
    assert ended(follower)[0] == 0


def test_only_one_follower_a_log(streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    first = streams("follow", "asterisk", log)
    until(lambda: any((tmp_path / "state").rglob("checkpoint.json")), "the first follower's checkpoint")
    status, output = ended(streams("follow", "asterisk", log))
    assert (status, "is already running" in output) == (1, True), output
    first.send_signal(signal.SIGTERM)
    assert ended(first)[0] == 0


def test_a_damaged_checkpoint_is_said(streams: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    log = Written(tmp_path / "queue_log")
    log.write(calls(0, 1))
    first = streams("follow", "asterisk", log.path)
    until(lambda: any((tmp_path / "state").rglob("checkpoint.json")), "the checkpoint")
    first.send_signal(signal.SIGTERM)
    assert ended(first)[0] == 0
    [checkpoint] = (tmp_path / "state").rglob("checkpoint.json")
    checkpoint.write_text("{")
    status, output = ended(streams("follow", "asterisk", log.path))
    assert (status, "is damaged" in output, output.count("\n")) == (1, True, 1), output


@pytest.mark.alone
@pytest.mark.reference
def test_a_month_of_real_calls_in_time(kafka: Topics, streams: Callable[..., "subprocess.Popen[str]"], reference_data: Path) -> None:
    began = time.monotonic()
    status, output = ended(streams("replay", "asterisk", reference_data / "calls" / "queue_log_1999-01.txt.gz", "--speed", "max"))
    assert (status, time.monotonic() - began < 30) == (0, True), output
    kinds = Counter(type(event.data).__name__ for event in kafka.told())
    kinds.pop("AgentStateChanged")
    assert kinds == {"ContactQueued": 30_140, "ContactAnswered": 27_060, "ContactEnded": 27_060, "ContactLeftQueue": 3_080}
