"""Following Mastodon and Bluesky through cuts, garbage and restarts: nothing is lost, and nothing is told twice. Real servers, a real Kafka."""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from sql.settings import PROJECT, settings
from streams import events
from streams.__main__ import main
from streams.broker import BrokerUnavailable
from streams.follow import InvalidCheckpoint
from streams.social import follower as followers
from streams.social.authors import Authors
from streams.social.feed import Feed
from streams.social.follower import SocialFollower
from streams.social.jetstream import Jetstream
from streams.social.mastodon import Mastodon
from streams.social.records import Records
from streams.social.statuses import Statuses
from tests.servers import Services
from tests.streams.social_servers import OWN_ID, JetstreamServer, MastodonServer, jetstream, mastodon

KEY = Authors(b"0123456789abcdef", own=["city@m.example", "did:plc:city"])
SOON_SECONDS = 20.0


class Place:
    """A broker's topic, and a folder of state."""

    def __init__(self, kafka: str, topic: str, state_dir: Path) -> None:
        self.kafka = kafka
        self.state_dir = state_dir
        self._topic = topic

    @contextmanager
    def following(self, feed: Feed) -> Iterator[SocialFollower]:
        """A follower in a thread of its own, ended in an orderly way."""
        stop, failed = threading.Event(), []
        follower = SocialFollower(feed, state_dir=self.state_dir, stop=stop, servers=lambda: self.kafka, first_pause_seconds=0.05)

        def run() -> None:
            try:
                follower.run()
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield follower
        finally:
            stop.set()
            thread.join(SOON_SECONDS)
        assert not thread.is_alive()
        assert failed == []

    def told(self) -> list[events.Event]:
        """Everything on the topic."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False)
        try:
            place = TopicPartition(self._topic, 0)
            consumer.assign([place])
            consumer.seek_to_beginning(place)
            end, found = consumer.end_offsets([place])[place], []
            while consumer.position(place) < end:
                found += [events.decode(one.value) for many in consumer.poll(timeout_ms=300).values() for one in many]
        finally:
            consumer.close()
        return found

    def texts(self) -> list[str]:
        return [event.data.text for event in self.told() if isinstance(event, events.SocialPostedEvent) and event.data.repost_of is None]

    def until(self, texts: set[str]) -> None:
        """Wait until these were told."""
        ends = time.monotonic() + SOON_SECONDS
        while not texts <= set(self.texts()):
            assert time.monotonic() < ends, self.told()
            time.sleep(0.1)


@pytest.fixture
def place(services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("TOPIC_PREFIX", topics)
    monkeypatch.setattr(followers, "HEARTBEAT_EVERY_SECONDS", 0.1)
    settings.cache_clear()
    yield Place(services.kafka.address, topics + events.SOCIAL, tmp_path / "state")
    settings.cache_clear()


@pytest.fixture
def server() -> Iterator[MastodonServer]:
    with mastodon() as started:
        yield started


@pytest.fixture
def stream() -> Iterator[JetstreamServer]:
    with jetstream() as started:
        yield started


def toots(server: MastodonServer, *tags: str, **more: Any) -> Mastodon:
    source = Statuses("mastodon/m.example", KEY, server="m.example")
    return Mastodon(server.address, tags or ("snow",), source, **more)


def skeets(stream: JetstreamServer, clock: Callable[[], datetime] | None = None) -> Jetstream:
    source = Records("bluesky/test", KEY, wanted=["plow*"], tags=[])
    return Jetstream(stream.url, source, clock=clock or (lambda: datetime.now(UTC)))


def test_what_is_posted_is_told_once_and_the_feed_lives(server: MastodonServer, place: Place) -> None:
    server.post("before", "snow")
    with place.following(toots(server, "snow", "plow", token="secret")) as follower:
        server.wait_for_streams(2)
        server.post("one", "snow")
        server.post("both", "snow", "plow")
        server.post("other", "cats")
        server.post("two", "plow")
        place.until({"before", "one", "both", "two"})
        assert follower.unreadable == 0
    assert sorted(place.texts()) == ["before", "both", "one", "two"]
    beats = [event for event in place.told() if isinstance(event, events.FeedHeartbeatEvent)]
    assert beats
    assert beats[0].data.name == "Mastodon m.example"
    assert {key for path, _, key in server.asked} == {"Bearer secret"}
    assert "secret" not in repr(place.told())


def test_a_cut_in_the_middle_of_a_post_loses_nothing(server: MastodonServer, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.following(toots(server)):
        server.wait_for_streams(1)
        server.post("one", "snow")
        place.until({"one"})
        server.cut()
        server.post("cut", "snow")
        server.wait_for_streams(2)
        server.post("two", "snow")
        place.until({"one", "cut", "two"})
    assert sorted(place.texts()) == ["cut", "one", "two"]
    assert "it is tried again" in caplog.text


def test_a_restart_tells_what_came_meanwhile_once(server: MastodonServer, place: Place) -> None:
    with place.following(toots(server)):
        server.wait_for_streams(1)
        server.post("one", "snow")
        place.until({"one"})
    for number in range(100):  # more than a page
        server.post(f"gap {number}", "snow")
    with place.following(toots(server)):
        server.wait_for_streams(2)
        server.post("two", "snow")
        place.until({"two", "gap 0", "gap 99"})
    assert sorted(place.texts()) == sorted(["one", "two", *(f"gap {number}" for number in range(100))])
    since = [params["since_id"][0] for path, params, _ in server.asked if "since_id" in params]
    assert since, "only what is new is asked for"


def test_garbage_on_the_stream_is_kept_or_read_over(server: MastodonServer, place: Place) -> None:
    feed = toots(server)
    with place.following(feed) as follower:
        server.wait_for_streams(1)
        for raw in (
            b'event: update\ndata: {"id": \n\n',
            b"event: delete\ndata: 12\n\n",
            b"\xff\xfe\n\n",
            b"event: update\ndata: [1]\n\n",
            b"data\n\n",
        ):
            server.say(raw)
        server.post("after", "snow")
        place.until({"after"})
        assert follower.unreadable == 2
    assert feed.source.ignored == {"message delete": 1, "message message": 1}
    kept = [event for event in place.told() if isinstance(event, events.SourceUnreadableEvent)]
    assert [event.data.reason.partition(":")[0] for event in kept] == ["it is no JSON", "a JSON object is expected"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "status 401; the server wants an access token: --token-env"),
        ("429", "status 429"),
        ("503", "status 503"),
        ("html", "'text/html' in place of a stream"),
        ("nothing", "no stream (ConnectionError)"),
    ],
)
def test_a_server_that_fails_is_asked_again(
    server: MastodonServer, place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(threading.Event, "wait", _counted(threading.Event.wait, waited))
    server.faults.append(fault)
    with place.following(toots(server)):
        server.wait_for_streams(1)
        server.post("one", "snow")
        place.until({"one"})
    assert said in caplog.text
    assert (7.0 in waited) is (fault == "429"), "as long as the server wants"


def _counted(wait: Callable[..., bool], waited: list[float]) -> Callable[..., bool]:
    """`Event.wait` that does not wait longer than a moment for a server that wants to be left alone."""

    def counted(event: threading.Event, timeout: float | None = None) -> bool:
        if timeout is not None:
            waited.append(timeout)
            timeout = min(timeout, 0.3)
        return wait(event, timeout)

    return counted


def test_the_citys_answers_are_asked_for(server: MastodonServer, place: Place) -> None:
    question = server.post("When will you plow?", "snow")
    server.post("Tonight.", acct="city", account_id=OWN_ID, in_reply_to_id=question, in_reply_to_account_id="9")
    with place.following(toots(server, own=["city"])):
        place.until({"When will you plow?"})
        ends = time.monotonic() + SOON_SECONDS
        while not any(isinstance(event, events.SocialRepliedEvent) for event in place.told()):
            assert time.monotonic() < ends
            time.sleep(0.1)
    (answer,) = [event.data for event in place.told() if isinstance(event, events.SocialRepliedEvent)]
    assert answer.post_id == f"m.example/{question}"


def test_bluesky_from_a_cursor_through_cuts_and_restarts(stream: JetstreamServer, place: Place) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    stream.post("an old plow", at=began - timedelta(hours=1))
    for number in range(6):
        stream.post(f"plow {number}", at=began + timedelta(seconds=number))
        stream.post("cats", at=began + timedelta(seconds=number))
    stream.faults += [3, "429", "503", 9]
    with place.following(skeets(stream, lambda: began + timedelta(seconds=3))):
        place.until({f"plow {number}" for number in range(6)})
    for number in range(6, 9):
        stream.post(f"plow {number}", at=began + timedelta(seconds=number))
    with place.following(skeets(stream)):
        place.until({"plow 8"})
    assert sorted(place.texts()) == [f"plow {number}" for number in range(9)]
    assert stream.asked[0]["wantedCollections"] == ["app.bsky.feed.post", "app.bsky.feed.repost"]
    cursors = [int(asked["cursor"][0]) for asked in stream.asked]
    assert cursors == sorted(cursors)
    assert cursors[-1] > cursors[0]


def test_what_bluesky_may_send_besides(stream: JetstreamServer, place: Place) -> None:
    now = datetime.now(UTC)
    for raw in ("{", b"\x00\xff", '{"kind": "account"}', '{"kind": "new", "time_us": "soon"}', '{"did": 5, "kind": "commit"}', "[]"):
        stream.say(raw, at=now)
    uri = stream.post("a plow", at=now)
    stream.post("", at=now, did="did:plc:b", collection="app.bsky.feed.repost", subject={"uri": uri})
    stream.post("On our way", at=now, did="did:plc:city", reply={"parent": {"uri": uri}})
    stream.post("the last plow", at=now)
    feed = skeets(stream)
    with place.following(feed) as follower:
        place.until({"the last plow"})
        assert follower.unreadable == 3
    kinds = [type(event.data).__name__ for event in place.told() if not isinstance(event, events.FeedHeartbeatEvent)]
    assert kinds == ["SourceUnreadable"] * 3 + ["SocialPosted", "SocialPosted", "SocialReplied", "SocialPosted"]
    assert feed.source.ignored == {"another kind of message": 3}
    assert max(event.time for event in place.told() if isinstance(event, events.FeedHeartbeatEvent)) <= now, "by the service's own clock"


def test_a_backlog_is_bounded(stream: JetstreamServer, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "BACKLOG_ARRIVALS", 5)
    now = datetime.now(UTC)
    for number in range(200):
        stream.post(f"plow {number}", at=now)
    with place.following(skeets(stream)):
        place.until({f"plow {number}" for number in range(200)})
    assert len(place.texts()) == 200


def test_a_crash_before_the_checkpoint_repeats_the_same_events(stream: JetstreamServer, place: Place) -> None:
    """They have the same ids, so the tables do not change."""
    stream.post("a plow", at=datetime.now(UTC))
    for _ in range(2):
        with place.following(skeets(stream)):
            place.until({"a plow"})
            while len(place.texts()) < 1:
                time.sleep(0.1)
        for file in (place.state_dir / "follow").glob("*/checkpoint.json"):
            file.unlink()
    told = [event.id for event in place.told() if isinstance(event, events.SocialPostedEvent)]
    assert len(set(told)) == 1


def test_a_broker_that_goes_away_is_waited_for(
    stream: JetstreamServer, server: MastodonServer, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Both go on from the checkpoint; what is told again has the same id."""
    failures = [True, False] * 2

    class Failing(followers.Publisher):
        """The real one, whose deliveries fail now and then."""

        def flush(self) -> None:
            super().flush()
            if self.sent and failures and failures.pop():
                raise BrokerUnavailable("Kafka went away.")

    monkeypatch.setattr(followers, "Publisher", Failing)
    monkeypatch.setattr(followers, "RETRY_SECONDS", (0.1,))
    began = datetime.now(UTC)
    for number in range(5):
        stream.post(f"plow {number}", at=began + timedelta(seconds=number))
        server.post(f"snow {number}", "snow")
    for feed, word in ((skeets(stream, lambda: began), "plow"), (toots(server), "snow")):
        failures[:] = [False, True, False, True]
        with place.following(feed):
            place.until({f"{word} {number}" for number in range(5)})
            ends = time.monotonic() + SOON_SECONDS
            while len([record for record in caplog.records if "It goes on from the last checkpoint" in record.getMessage()]) < 1:
                assert time.monotonic() < ends
                time.sleep(0.1)
        caplog.clear()
    ids: dict[str, set[str]] = {}
    for event in place.told():
        if isinstance(event, events.SocialPostedEvent):
            ids.setdefault(event.data.text, set()).add(event.id)
    assert {text: len(many) for text, many in ids.items()} == {f"{word} {number}": 1 for word in ("plow", "snow") for number in range(5)}


@pytest.mark.parametrize("content", [b"{", b"[" * 9_000, b'{"address": 7}', b'{"address": "x", "cursors": {}, "state": "{"}'])
def test_a_damaged_checkpoint_is_said(stream: JetstreamServer, tmp_path: Path, content: bytes) -> None:
    follower = SocialFollower(skeets(stream), state_dir=tmp_path, stop=threading.Event(), servers=lambda: "127.0.0.1:1")
    follower._home.mkdir(parents=True)
    (follower._home / "checkpoint.json").write_bytes(content)
    with pytest.raises(InvalidCheckpoint, match=r"checkpoint\.json is damaged"):
        follower.run()


def test_without_a_broker_it_ends_with_a_sentence(stream: JetstreamServer, tmp_path: Path) -> None:
    follower = SocialFollower(skeets(stream), state_dir=tmp_path, stop=threading.Event(), servers=lambda: "127.0.0.1:1")
    with pytest.raises(BrokerUnavailable, match=r"Kafka at 127\.0\.0\.1:1 cannot be reached"):
        follower.run()


def test_no_name_is_in_a_log(server: MastodonServer, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with place.following(toots(server)):
        server.wait_for_streams(1)
        server.post("one", "snow", acct="nightowl_jenny")
        server.post("broken", "snow", acct="nightowl_jenny", created_at="nightowl_jenny")
        server.post("two", "snow", acct="nightowl_jenny", account={"acct": 5, "username": "nightowl_jenny"})
        server.post("three", "snow")
        place.until({"three"})
    assert "nightowl_jenny" not in caplog.text + repr(place.told())


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
def test_the_command_ends_cleanly(
    environment: dict[str, str], place: Place, server: MastodonServer, stream: JetstreamServer, kind: str
) -> None:
    stream.post("a plow", at=datetime.now(UTC) + timedelta(seconds=1))
    server.post("a plow", "snow")
    arguments = (
        ["mastodon", "--server", server.address, "--tags", "snow"]
        if kind == "mastodon"
        else ["bluesky", "--url", stream.url, "--words", "plow"]
    )
    command = subprocess.Popen(
        [sys.executable, "-m", "streams", "follow", *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        if kind == "bluesky":
            ends = time.monotonic() + SOON_SECONDS
            while "a plow" not in place.texts() and time.monotonic() < ends:
                stream.post("a plow", at=datetime.now(UTC))
                time.sleep(0.3)
        place.until({"a plow"})
        command.send_signal(signal.SIGTERM)
        output, _ = command.communicate(timeout=SOON_SECONDS)
    finally:
        command.kill()
        command.wait()
    assert command.returncode == 0, output
    assert "events published, 0 messages unreadable" in output
    assert "Traceback" not in output
    state = Path(environment["STATE_DIR"])
    assert (state / "social_hash.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mastodon", "--server", "ftp://x", "--tags", "a"],
            "--server: an address of http or https is expected, such as https://mastodon.example",
        ),
        (["mastodon", "--server", "https://m.example", "--tags", "two words"], "'two words' is no hashtag"),
        (["mastodon", "--server", "https://m.example", "--tags", ","], "at least one hashtag is needed"),
        (["mastodon", "--server", "https://m.example", "--tags", "a", "--token-env", "NO_SUCH"], "the environment has no variable NO_SUCH"),
        (["mastodon"], "Missing option '--server'"),
        (["bluesky"], "--words or --tags: at least one of them is needed"),
        (["bluesky", "--words", "pl*ow"], "--words: 'pl*ow': 'pl*ow' is no word"),
        (["bluesky", "--words", "plow", "--url", "https://x"], "an address of ws or wss is expected"),
        (["fax", "x"], "'fax' is not one of 'asterisk', 'connect', 'mastodon', 'bluesky'"),
    ],
)
def test_a_wrong_use_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    settings.cache_clear()
    result = CliRunner().invoke(main, ["follow", *arguments])
    settings.cache_clear()
    assert (result.exit_code, message in result.output) == (2, True), result.output
    assert result.output.strip().splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    "order", [["asterisk", "{log}", "--from-end"], ["--from-end", "asterisk", "{log}"], ["--source", "a/b", "asterisk", "{log}"]]
)
def test_logs_are_followed_by_the_command_lines_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: list[str]) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    settings.cache_clear()
    with ExitStack() as undo:
        for number in (signal.SIGTERM, signal.SIGINT):
            undo.callback(signal.signal, number, signal.getsignal(number))
        result = CliRunner().invoke(main, ["follow", *(word.format(log=tmp_path / "log") for word in order)])
    settings.cache_clear()
    assert (result.exit_code, "Kafka at 127.0.0.1:1 cannot be reached" in result.output) == (1, True), result.output
    assert {file.name for file in tmp_path.iterdir()} == {"follow"}
