"""Polling a GeoReport server: whatever it does, exactly its records are told, once Kafka has them. A real server on 127.0.0.1, a real Kafka."""

import logging
import os
import random
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from sql.child import AlreadyRunning, only_one
from sql.settings import PROJECT, settings
from streams import events
from streams.__main__ import main
from streams.broker import BrokerUnavailable
from streams.follow import InvalidCheckpoint
from streams.poll import asking, checkpoint as checkpoints
from streams.poll.asking import InvalidAddress, ServerFailed, Stopped
from streams.poll.checkpoint import Checkpoint
from streams.poll.georeport import GeoReport, Refused, base_url
from streams.poll.poller import Poller
from streams.poll.windows import REQUESTED, Windows, looked_up
from streams.sources.open311 import Open311
from tests.servers import Services
from tests.streams.georeport_server import NOON, Habits, Record, Server, many, request, serving

SINCE = NOON - timedelta(days=90)
KEY = "k3y+of/the=city"


@pytest.fixture
def serve() -> Iterator[Callable[[Habits], Server]]:
    """Starts a server with some habits."""
    with ExitStack() as undo:
        yield lambda habits: undo.enter_context(serving(habits))


class Asking:
    """A client of a server; its pauses take no time and are written down."""

    def __init__(self, server: Server, *, stops: bool = False, **options: str) -> None:
        self.paused: list[float] = []
        self.client = GeoReport(
            server.url, pause=lambda seconds: self.paused.append(seconds) or stops, dice=random.Random(3), clock=lambda: NOON, **options
        )


@pytest.fixture
def ask(serve: Callable[[Habits], Server]) -> Iterator[Callable[..., Asking]]:
    """A client of a new server with some habits."""
    with ExitStack() as undo:

        def asking(habits: Habits, **options: object) -> Asking:
            made = Asking(serve(habits), **options)  # type: ignore[arg-type]
            undo.callback(made.client.close)
            return made

        yield asking


def newest(records: list[Record]) -> dict[str, str]:
    """The newest update of each id."""
    found: dict[str, str] = {}
    for record in records:
        one = record["service_request_id"]
        found[one] = max(found.get(one, ""), record["updated_datetime"])
    return found


def read(client: GeoReport) -> dict[str, str]:
    """All records from 90 days before NOON on, by id, each with its newest update."""
    return newest([record for answer in Windows(client).read(REQUESTED, SINCE, NOON) for record in answer])


@pytest.mark.parametrize(
    "habits",
    [
        pytest.param(Habits(many(150)), id="all at once"),
        pytest.param(Habits(many(150), cap=50), id="capped at 50"),
        pytest.param(Habits(many(150), cap=50, order="shuffled"), id="capped, in no order"),
        pytest.param(Habits(many(150), cap=50, order="shuffled", repeats=True), id="capped, in no order, repeating"),
        pytest.param(Habits(many(60), cap=7), id="capped at 7"),
        pytest.param(Habits(many(150), cap=50, has_pages=True), id="in pages"),
        pytest.param(Habits(many(150), cap=50, has_pages=True, repeats=True), id="in pages that repeat"),
        pytest.param(Habits(many(150), cap=50, has_pages=True, order="shuffled"), id="in pages whose order changes"),
        pytest.param(Habits(many(150), cap=50, takes_page_size=False), id="page_size is refused"),
        pytest.param(Habits(many(90), cap=20, form="xml"), id="XML alone"),
        pytest.param(Habits([request(n, minutes_ago=5) for n in range(40)], cap=10, has_pages=True), id="40 in one second, in pages of 10"),
        pytest.param(Habits([]), id="nothing"),
        pytest.param(Habits(many(1)), id="one"),
    ],
)
def test_exactly_the_servers_records_are_read(ask: Callable[..., Asking], habits: Habits) -> None:
    assert read(ask(habits).client) == newest(habits.records)


def test_pages_are_read_one_after_another_where_there_are_any(ask: Callable[..., Asking]) -> None:
    habits = Habits(many(150), cap=50, has_pages=True)
    read(ask(habits).client)
    assert [asked.get("page") for asked in habits.asked] == [None, "2", "3", "4"]


def test_an_answer_much_shorter_than_another_is_not_asked_for_again(ask: Callable[..., Asking]) -> None:
    habits = Habits(many(150), cap=100)
    windows = Windows(ask(habits).client, longest_answer=100)
    list(windows.read(REQUESTED, NOON - timedelta(minutes=1), NOON))
    assert len(habits.asked) == 1


def test_more_in_one_second_than_the_server_gives_is_said(ask: Callable[..., Asking], caplog: pytest.LogCaptureFixture) -> None:
    habits = Habits([*many(30), *(request(n, minutes_ago=5) for n in range(100, 140))], cap=10)
    found = read(ask(habits).client)
    assert {str(n) for n in range(30)} <= found.keys()
    assert "gives no more than 10 requests at once" in caplog.text
    assert len(habits.asked) < 500


def test_a_server_that_heeds_no_window_is_not_asked_for_ever(ask: Callable[..., Asking], caplog: pytest.LogCaptureFixture) -> None:
    habits = Habits(many(30), cap=10)
    for record in habits.records:
        record["requested_datetime"] = NOON.isoformat()
    habits._lies_in = lambda *_: True  # type: ignore[method-assign]
    assert len(read(ask(habits).client)) == 10
    assert "does not heed shorter windows" in caplog.text
    assert len(habits.asked) < 200


@pytest.mark.parametrize("fault", ["500", "503", "429", "html", "html called json", "another json", "half", "half a list", "nothing"])
def test_what_may_pass_is_asked_again(ask: Callable[..., Asking], fault: str) -> None:
    habits = Habits(many(60), cap=20, faults=deque([None, fault, None, None, fault, fault]))
    asking = ask(habits)
    assert read(asking.client) == newest(habits.records)
    assert len(asking.paused) == 3
    assert all(pause == 7 for pause in asking.paused) if fault == "429" else asking.paused[1] < asking.paused[2]


def test_a_body_that_drips_is_given_up(ask: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WHOLE_ANSWER_SECONDS", 0.1)
    habits = Habits(many(4), faults=deque(["slow"]))
    assert read(ask(habits).client) == newest(habits.records)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Asking]) -> None:
    monkeypatch.setattr(asking, "READ_SECONDS", 0.05)
    monkeypatch.setattr(Habits, "answer", lambda *_: threading.Event().wait(0.3) or [])
    with pytest.raises(ServerFailed, match=r"no answer in 0 s; given up after 5 attempts"):
        read(ask(Habits([])).client)


def test_a_body_that_is_too_large_is_given_up(ask: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LARGEST_ANSWER_BYTES", 5_000)
    with pytest.raises(ServerFailed, match="the answer is larger than"):
        read(ask(Habits(many(100))).client)


def test_a_server_that_stays_broken_fails_after_some_attempts(ask: Callable[..., Asking]) -> None:
    asking = ask(Habits([], faults=deque(["500"] * 9)))
    with pytest.raises(ServerFailed, match=r"^http://127\.0\.0\.1:\d+/open311/v2: status 500; given up after 5 attempts\.$"):
        read(asking.client)
    assert len(asking.paused) == 4
    assert asking.paused == sorted(asking.paused)


def test_whoever_is_to_end_does_not_wait(ask: Callable[..., Asking]) -> None:
    with pytest.raises(Stopped):
        read(ask(Habits([], faults=deque(["500"])), stops=True).client)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/requests.json", "file:///etc/hostname", "/open311/v2/requests.json?round=1"])
def test_a_redirect_that_leads_nowhere_is_not_followed(ask: Callable[..., Asking], target: str) -> None:
    with pytest.raises(ServerFailed, match="not http or https, or in a circle"):
        read(ask(Habits([], faults=deque([f"to {target}"] * 30))).client)


def test_what_the_server_refuses_is_not_asked_again(ask: Callable[..., Asking]) -> None:
    habits = Habits([], api_key="right")
    with pytest.raises(Refused, match=r"status 403: 403 wrong api_key\.$"):
        read(ask(habits, api_key="wrong").client)
    assert len(habits.asked) == 1


def test_which_format_a_server_has_is_found_out_once(ask: Callable[..., Asking]) -> None:
    habits = Habits(many(3), form="xml")
    client = ask(habits).client
    read(client)
    read(client)
    assert [asked["path"][-4:] for asked in habits.asked] == ["json", ".xml", ".xml"]


@pytest.mark.parametrize("fault", ["500", "html", "nothing", "half", "403", "to ftp://127.0.0.1/"])
def test_the_key_is_never_told(ask: Callable[..., Asking], caplog: pytest.LogCaptureFixture, fault: str) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(ServerFailed) as caught:
        read(ask(Habits([], faults=deque([fault] * 9)), api_key=KEY).client)
    told = str(caught.value) + caplog.text
    assert told
    assert not any(part in told for part in (KEY, "k3y", "api_key"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("86400", 300.0),
        ("inf", 300.0),
        ("Tue, 10 Mar 2026 12:00:30 GMT", 30.0),
        ("Tue, 10 Mar 2026 11:00:00 GMT", 0.0),
        ("Fri, 10 Mar 2028 11:00:00 GMT", 300.0),
        ("nan", None),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_heeded_up_to_five_minutes(header: str | None, expected: float | None) -> None:
    assert asking.retry_after(header, NOON) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://city.example/open311/v2", "https://city.example/open311/v2"),
        ("https://city.example/open311/v2/", "https://city.example/open311/v2"),
        ("https://city.example/v2/requests.json?jurisdiction_id=x", "https://city.example/v2"),
        (" http://127.0.0.1:80/requests.xml", "http://127.0.0.1:80"),
    ],
)
def test_the_address_may_be_that_of_the_requests(url: str, expected: str) -> None:
    assert base_url(url) == expected


@pytest.mark.parametrize("url", ["", "city.example", "ftp://city.example", "file:///etc", "http://", "http://x:port/", "http://[::1"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidAddress, match="http or https is expected"):
        base_url(url)


def test_ids_that_are_gone_do_not_hide_the_others(ask: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch) -> None:
    habits = Habits(many(8))
    asking = ask(habits)
    read(asking.client)
    answer = habits.answer
    refuses = {"service_request_id": "99"}

    def strict(asked: dict[str, str]) -> list[Record]:
        found = answer(asked)
        if refuses["service_request_id"] in asked["service_request_id"].split(","):
            habits.faults.append("404")
        return found

    monkeypatch.setattr(Habits, "answer", lambda _, asked: strict(asked))
    assert newest(looked_up(asking.client, ["1", "99", "5"]) or []).keys() == {"1", "5"}


def test_a_server_that_does_not_look_up_by_id_is_found_out(ask: Callable[..., Asking]) -> None:
    assert looked_up(ask(Habits(many(8), looks_up=False)).client, ["1", "2"]) is None


class City:
    """A poller in this process over a real Kafka, with a clock of its own."""

    def __init__(self, server: Server, services: Services, prefix: str, state_dir: Path) -> None:
        self.now = NOON
        self.server = server
        self.stop = threading.Event()
        self._services, self._prefix, self._state_dir = services, prefix, state_dir
        self.kafka = services.kafka.address

    def poller(self, *, url: str | None = None) -> Poller:
        source = Open311("open311/test", zone=UTC, clock=lambda: self.now)
        client = GeoReport(url or self.server.url, pause=lambda _: self.stop.is_set(), dice=random.Random(1), clock=lambda: self.now)
        return Poller(
            client,
            source,
            state_dir=self._state_dir,
            every_seconds=60,
            since=SINCE,
            stop=self.stop,
            clock=lambda: self.now,
            servers=lambda: self.kafka,
        )

    @property
    def home(self) -> Path:
        return checkpoints.home_of(self._state_dir, "open311/test")

    @property
    def checkpoint(self) -> Checkpoint:
        found = checkpoints.read(self.home, self.server.url, Checkpoint)
        assert found is not None
        return found

    def told(self) -> list[events.Event]:
        """Everything on the topic of requests, partition by partition."""
        topic = self._prefix + events.REQUESTS
        consumer = KafkaConsumer(bootstrap_servers=self._services.kafka.address, enable_auto_commit=False)
        try:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends, found = consumer.end_offsets(places), []
            while any(consumer.position(place) < ends[place] for place in places):
                for got in consumer.poll(timeout_ms=300).values():
                    found += [events.decode(one.value) for one in got]
        finally:
            consumer.close()
        return found

    def held(self) -> dict[str, tuple[str, datetime]]:
        """What the tables would hold: of each id the status and time of the newest snapshot."""
        found: dict[str, tuple[datetime, str]] = {}
        for event in self.told():
            if isinstance(event, events.RequestSnapshotEvent):
                one = event.data.service_request_id
                found[one] = max(found.get(one, (event.time, "")), (event.time, event.data.status))
        return {one: (status, at) for one, (at, status) in found.items()}

    def heartbeats(self) -> set[datetime]:
        return {event.time for event in self.told() if isinstance(event, events.FeedHeartbeatEvent)}


@pytest.fixture
def city(
    serve: Callable[[Habits], Server], services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Habits], City]]:
    """A city whose server has some habits."""
    monkeypatch.setenv("TOPIC_PREFIX", topics)
    settings.cache_clear()
    yield lambda habits: City(serve(habits), services, topics, tmp_path / "state")
    settings.cache_clear()


def truth(habits: Habits) -> dict[str, tuple[str, datetime]]:
    """What the server has."""
    return {
        record["service_request_id"]: (record["status"], datetime.fromisoformat(record["updated_datetime"])) for record in habits.records
    }


def close(record: Record, at: datetime) -> None:
    """The server closes a request."""
    record.update(status="closed", updated_datetime=at.isoformat())


@pytest.mark.parametrize(
    "habits",
    [
        pytest.param(Habits(many(80), cap=20), id="capped, looks up by id"),
        pytest.param(Habits(many(80), cap=20, looks_up=False), id="capped, does not look up"),
        pytest.param(Habits(many(80), cap=20, has_pages=True, heeds_updated_after=True), id="in pages, tells updates"),
        pytest.param(Habits(many(60), cap=20, form="xml", looks_up=False), id="XML"),
    ],
)
def test_rounds_tell_what_is_new_and_what_has_changed(city: Callable[[Habits], City], habits: Habits) -> None:
    here = city(habits)
    poller = here.poller()
    assert poller.run(once=True)
    first = poller.events
    assert (here.held(), here.heartbeats(), here.checkpoint.read_until) == (truth(habits), {NOON}, NOON)
    here.now += timedelta(hours=2)
    for record in habits.records[::3]:
        close(record, here.now - timedelta(minutes=30))
    changed = len(habits.records[::3])
    habits.records += [request(1000 + n, minutes_ago=-n) for n in range(1, 50)]
    habits.faults.extend(["500", None, "html", "half", None, "nothing"])
    assert poller.run(once=True)
    assert here.held() == truth(habits)
    assert here.heartbeats() == {NOON, here.now}
    assert here.checkpoint.open.keys() == {one for one, (status, _) in truth(habits).items() if status == "open"}
    assert poller.events == len([event for event in here.told() if not isinstance(event, events.FeedHeartbeatEvent)])
    assert poller.events == first + changed + 49  # what has not changed is not told again


def test_updates_are_told_at_once_where_the_server_tells_them(city: Callable[[Habits], City]) -> None:
    habits = Habits(many(50), heeds_updated_after=True)
    here = city(habits)
    poller = here.poller()
    poller.run(once=True)
    here.now += timedelta(minutes=1)
    close(habits.records[0], here.now)
    habits.asked.clear()
    here.now += timedelta(seconds=1)
    poller.run(once=True)
    assert here.held() == truth(habits)
    assert [("updated_after" in asked, "service_request_id" in asked) for asked in habits.asked] == [(False, False), (True, False)]


def test_a_round_that_fails_tells_no_heartbeat_and_the_next_goes_on(
    city: Callable[[Habits], City], caplog: pytest.LogCaptureFixture
) -> None:
    habits = Habits(many(40), cap=10)
    here = city(habits)
    habits.faults.extend([None] * 6 + ["500"] * 5)
    poller = here.poller()
    assert not poller.run(once=True)
    assert "status 500" in str(poller.failure)
    assert here.heartbeats() == set()
    assert [record.levelname for record in caplog.records if record.name.startswith("streams.")] == ["WARNING"]
    assert poller.run(once=True)
    assert (here.held(), here.heartbeats()) == (truth(habits), {NOON})


def test_another_process_goes_on_where_the_last_stood(city: Callable[[Habits], City]) -> None:
    habits = Habits(many(100), cap=20)
    here = city(habits)
    here.poller().run(once=True)
    here.now += timedelta(minutes=5)
    habits.records.append(request(500, minutes_ago=-3))
    habits.asked.clear()
    poller = here.poller()
    assert poller.run(once=True)
    assert here.held() == truth(habits)
    assert min(datetime.fromisoformat(asked["start_date"]) for asked in habits.asked if "start_date" in asked) == NOON - timedelta(hours=1)


def test_records_that_cannot_be_read_are_kept_once(city: Callable[[Habits], City]) -> None:
    habits = Habits([request(1, minutes_ago=3), request(2, minutes_ago=4, status="melted")])
    here = city(habits)
    poller = here.poller()
    poller.run(once=True)
    poller.run(once=True)
    refused = [event for event in here.told() if isinstance(event, events.SourceUnreadableEvent)]
    assert [event.data.reason[:20] for event in refused] == ["status is 'melted': "]
    assert (poller.unreadable, refused[0].data.position) == (1, here.server.url)


def test_a_broker_that_is_not_there(city: Callable[[Habits], City]) -> None:
    here = city(Habits(many(10)))
    here.kafka = "127.0.0.1:1"
    with pytest.raises(BrokerUnavailable):
        here.poller().run()
    assert not (here.home / "checkpoint.json").exists()


def test_a_second_poller_of_the_same_feed_is_refused(city: Callable[[Habits], City]) -> None:
    here = city(Habits([]))
    here.home.mkdir(parents=True)
    with only_one(here.home, what="the first"), pytest.raises(AlreadyRunning, match=r"`poll` of open311/test is already running"):
        here.poller().run(once=True)


@pytest.mark.parametrize(
    "content", [b"{", b"[" * 9_000, b'{"url": ' + b"[" * 9_000, msgspec.json.encode(Checkpoint("https://other.example", NOON))]
)
def test_a_checkpoint_that_is_damaged_or_anothers_is_said(city: Callable[[Habits], City], content: bytes) -> None:
    here = city(Habits([]))
    here.home.mkdir(parents=True)
    (here.home / "checkpoint.json").write_bytes(content)
    with pytest.raises(InvalidCheckpoint, match=r"checkpoint\.json is (damaged|of https://other.example)"):
        here.poller().run(once=True)


@pytest.mark.parametrize(("name", "folder"), [("phila", "phila"), ("open311/x", "open311_x-"), ("..", "..-"), ("é" * 100, "_" * 60)])
def test_a_feed_has_a_folder_of_its_own(tmp_path: Path, name: str, folder: str) -> None:
    home = checkpoints.home_of(tmp_path, name)
    assert home.parent == tmp_path / "poll"
    assert home.name.startswith(folder)


def test_the_command_polls_and_ends_when_it_is_told(serve: Callable[[Habits], Server], city: Callable[[Habits], City]) -> None:
    now = datetime.now(UTC)
    recent = [record | dict.fromkeys(("requested_datetime", "updated_datetime"), now.isoformat()) for record in many(5)]
    habits = Habits(recent, api_key=KEY)
    here = city(habits)
    command = [sys.executable, "-m", "streams", "-v", "poll", "open311", "--url", here.server.url, "--api-key-env", "CITY_KEY"]
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": here.kafka,
        "TOPIC_PREFIX": settings().topic_prefix,
        "STATE_DIR": str(here.home.parent.parent),
        "CITY_KEY": KEY,
    }
    with subprocess.Popen(
        [*command, "--source", "open311/test", "--since", f"{now - timedelta(days=2):%Y-%m-%d}"],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while not (here.home / "checkpoint.json").exists() and process.poll() is None:
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert "5 events published, 0 records unreadable" in output
    assert here.held() == truth(habits)
    assert KEY not in output
    assert "k3y" not in output


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "Missing option '--url'"),
        (["--url", "ftp://x"], 2, "an address of http or https is expected"),
        (["--url", "http://127.0.0.1:1", "--api-key-env", "NOT_SET_AT_ALL"], 2, "the environment variable NOT_SET_AT_ALL is not set"),
        (["--url", "http://127.0.0.1:1", "--every", "0"], 2, "0.0 is not in the range"),
        (["--url", "http://127.0.0.1:1", "--since", "yesterday"], 2, "does not match the format"),
        (["--url", "http://127.0.0.1:1", "--mapping", "atlantis"], 1, "There is no mapping 'atlantis': use boston, new_york, philadelphia"),
        (["--url", "http://127.0.0.1:1", "--once"], 1, "Kafka at 127.0.0.1:1 cannot be reached"),
    ],
    ids=["no url", "another scheme", "no key", "no pause", "since in words", "no such mapping", "no broker"],
)
def test_a_wrong_use_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    result = CliRunner().invoke(main, ["poll", "open311", *arguments])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    settings.cache_clear()
    assert (result.exit_code, message in result.output) == (status, True), result.output
    assert result.output.strip().splitlines()[-1].startswith("Error: ")


def test_one_round_that_fails_ends_with_status_1(
    serve: Callable[[Habits], Server], services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(Habits([], faults=deque(["403"] * 3)))
    for name, value in {"KAFKA_BOOTSTRAP_SERVERS": services.kafka.address, "TOPIC_PREFIX": topics, "STATE_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    result = CliRunner().invoke(main, ["poll", "open311", "--url", server.url, "--once"])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    settings.cache_clear()
    assert result.exit_code == 1
    assert result.output.strip().splitlines()[-1] == f"Error: The round is not complete: {server.url}: status 403."
