"""Polling api.weather.gov: every issue is told once, and the feed is as old as the newest one. A real server on 127.0.0.1, a real Kafka."""

import json
import logging
import random
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaConsumer, TopicPartition

from sql.settings import settings
from streams import events
from streams.__main__ import main
from streams.follow import InvalidCheckpoint
from streams.poll import asking, checkpoint as checkpoints
from streams.poll.checkpoint import ForecastCheckpoint
from streams.poll.forecasts import Forecasts, forecasts
from streams.sources.nws_forecast import CADENCE_SECONDS, NwsForecast
from tests.servers import Services
from tests.streams.gridpoint_server import GRID, NOON, Habits, Server, answer, layer, serving

FEED = f"nws/{GRID}"


@pytest.fixture
def serve() -> Iterator[Callable[[Habits], Server]]:
    """Starts a server with some habits."""
    with ExitStack() as undo:
        yield lambda habits: undo.enter_context(serving(habits))


class City:
    """A poller in this process, with a clock of its own and pauses that take no time."""

    def __init__(self, server: Server, state_dir: Path, *, kafka: str = "127.0.0.1:1", prefix: str = "") -> None:
        self.now = NOON + timedelta(minutes=20)
        self.server = server
        self.paused: list[float] = []
        self.kafka = kafka
        self.home = checkpoints.home_of(state_dir, FEED)
        self._topic, self._state_dir = prefix + events.WEATHER, state_dir

    def ask(self) -> asking.Answer:
        """What the poller gets, without a round: that needs no Kafka."""
        poller = self.poller()
        return poller._server.patiently(poller._asked)

    def poller(self) -> Forecasts:
        server = asking.Server(
            self.server.url,
            pause=lambda seconds: self.paused.append(seconds) or False,
            dice=random.Random(1),
            clock=lambda: self.now,
            user_agent="city311 (ops@city.example)",
        )
        return Forecasts(
            server,
            GRID,
            NwsForecast(FEED, clock=lambda: self.now),
            state_dir=self._state_dir,
            every_seconds=900,
            stop=threading.Event(),
            clock=lambda: self.now,
            servers=lambda: self.kafka,
        )

    def told(self) -> list[events.Event]:
        """Everything on the topic of weather, heartbeats of one partition alone."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False)
        try:
            places = [TopicPartition(self._topic, number) for number in consumer.partitions_for_topic(self._topic)]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends, found = consumer.end_offsets(places), []
            while any(consumer.position(place) < ends[place] for place in places):
                for place, got in consumer.poll(timeout_ms=300).items():
                    many = [events.decode(one.value) for one in got]
                    found += [event for event in many if place.partition == 0 or not isinstance(event, events.FeedHeartbeatEvent)]
        finally:
            consumer.close()
        return found

    def issues(self) -> list[datetime]:
        return [event.time for event in self.told() if isinstance(event, events.WeatherForecastEvent)]

    def heartbeats(self) -> list[events.FeedHeartbeatEvent]:
        return [event for event in self.told() if isinstance(event, events.FeedHeartbeatEvent)]


@pytest.fixture
def city(
    serve: Callable[[Habits], Server], services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Habits], City]]:
    """A city whose weather service has some habits."""
    monkeypatch.setenv("TOPIC_PREFIX", topics)
    settings.cache_clear()
    yield lambda habits: City(serve(habits), tmp_path / "state", kafka=services.kafka.address, prefix=topics)
    settings.cache_clear()


@pytest.fixture
def alone(serve: Callable[[Habits], Server], tmp_path: Path) -> Callable[[Habits], City]:
    """A city whose weather service has some habits, and that has no Kafka."""
    return lambda habits: City(serve(habits), tmp_path / "state")


def test_every_issue_is_told_once_and_the_server_is_asked_politely(city: Callable[[Habits], City]) -> None:
    habits = Habits()
    here = city(habits)
    poller = here.poller()
    assert poller.run(once=True)
    assert poller.run(once=True)
    assert here.issues() == [NOON]
    habits.issued_at = NOON + timedelta(hours=3)
    here.now += timedelta(hours=3)
    assert poller.run(once=True)
    assert sorted(here.issues()) == [NOON, habits.issued_at]
    assert (poller.events, poller.rounds) == (2, 3)
    assert {asked["path"] for asked in habits.asked} == {f"/gridpoints/{GRID}"}
    assert {asked["user-agent"] for asked in habits.asked} == {"city311 (ops@city.example)"}
    assert [asked.get("if-none-match") for asked in habits.asked] == [None, f'"{NOON.isoformat()}"', f'"{NOON.isoformat()}"']


def test_another_process_tells_an_issue_no_second_time(city: Callable[[Habits], City]) -> None:
    here = city(Habits(tells_changes=False))
    assert here.poller().run(once=True)
    poller = here.poller()
    assert poller.run(once=True)
    assert (here.issues(), poller.events, poller.rounds) == ([NOON], 0, 1)


def test_the_feed_is_as_old_as_its_forecast_however_lately_it_was_asked(
    city: Callable[[Habits], City], caplog: pytest.LogCaptureFixture
) -> None:
    here = city(Habits(faults=deque(["88 hours old", "88 hours old"])))
    poller = here.poller()
    assert poller.run(once=True)
    assert poller.run(once=True)
    old = NOON - timedelta(hours=88)
    assert here.issues() == [old]
    assert {(beat.time, beat.data.cadence_seconds, beat.data.name) for beat in here.heartbeats()} == {
        (old, CADENCE_SECONDS, f"Forecast {GRID}")
    }
    assert [record.getMessage() for record in caplog.records if record.name == "streams.poll.forecasts"] == [
        f"{here.server.url}/gridpoints/{GRID}: its newest forecast is 88 hours old; the screens say so."
    ]
    assert poller.run(once=True)
    assert sorted(here.issues()) == [old, NOON]


@pytest.mark.parametrize("fault", ["500", "503", "429", "html", "html called json", "another json", "half", "half an object", "nothing"])
def test_what_may_pass_is_asked_again(alone: Callable[[Habits], City], fault: str) -> None:
    habits = Habits(faults=deque([fault, fault]))
    here = alone(habits)
    assert here.ask().body == habits.body()
    assert here.paused == [7, 7] if fault == "429" else here.paused[0] < here.paused[1] < 3


@pytest.mark.parametrize(
    ("faults", "limits", "failure"),
    [
        pytest.param(["500"] * 5, {}, r"status 500; given up after 5 attempts\.$", id="broken for good"),
        pytest.param(["404"], {}, r"/gridpoints/PHI/49,75: status 404: There is no such grid\.$", id="no such grid"),
        pytest.param(["304"], {}, r"status 304", id="nothing new, when nothing was known"),
        pytest.param(["slow"] * 5, {"WHOLE_ANSWER_SECONDS": 0.05}, "not complete after 0 s", id="a body that drips"),
        pytest.param(["slow"] * 5, {"READ_SECONDS": 0.01}, "no answer in 0 s", id="a silent server"),
        pytest.param(["large"] * 5, {"LARGEST_ANSWER_BYTES": 50_000}, "the answer is larger than", id="a body that is too large"),
    ],
)
def test_what_does_not_pass_is_said_in_one_line(
    alone: Callable[[Habits], City], monkeypatch: pytest.MonkeyPatch, faults: list[str | None], limits: dict[str, Any], failure: str
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(asking, name, value)
    with pytest.raises(asking.ServerFailed, match=failure) as caught:
        alone(Habits(faults=deque(faults))).ask()
    assert "\n" not in str(caught.value)


def test_a_round_that_fails_tells_no_heartbeat_and_the_next_one_goes_on(city: Callable[[Habits], City]) -> None:
    here = city(Habits(grid="OKX/33,37", faults=deque(["404"])))
    poller = here.poller()
    assert not poller.run(once=True)
    assert not poller.run(once=True)
    assert str(poller.failure).endswith(f"/gridpoints/{GRID}: the answer is of OKX/33,37.")
    assert here.told() == []
    here.server.habits.grid = GRID
    assert poller.run(once=True)
    assert (here.issues(), poller.failure) == ([NOON], None)


def test_a_forecast_that_cannot_be_read_is_kept_once_and_the_next_one_is_told(city: Callable[[Habits], City]) -> None:
    habits = Habits(layers={"windGust": layer("furlong", (f"{NOON.isoformat()}/PT1H", 1.0))})
    here = city(habits)
    poller = here.poller()
    assert not poller.run(once=True)
    assert not poller.run(once=True)
    assert "windGust is in 'wmoUnit:furlong'" in str(poller.failure)
    (kept,) = here.told()
    assert isinstance(kept, events.SourceUnreadableEvent)
    assert json.loads(kept.data.line)["properties"]["gridId"] == "PHI"
    habits.layers = {}
    assert poller.run(once=True)
    assert (here.issues(), poller.unreadable) == ([NOON], 1)


@pytest.mark.parametrize("content", [b"{", b'{"url": 7}', b'{"url": "https://other.example", "issued_at": "2026-01-25T12:00:00Z"}'])
def test_a_checkpoint_that_is_damaged_or_anothers_is_said(alone: Callable[[Habits], City], content: bytes) -> None:
    here = alone(Habits())
    here.home.mkdir(parents=True)
    (here.home / "checkpoint.json").write_bytes(content)
    with pytest.raises(InvalidCheckpoint, match=r"checkpoint\.json is (damaged|of https://other.example)"):
        here.poller().run(once=True)


def invoke(arguments: list[str]) -> Result:
    """The command, in this process; it sets signal handlers, which are put back."""
    settings.cache_clear()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    result = CliRunner().invoke(main, arguments)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    settings.cache_clear()
    return result


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "--grid: '' is no grid square; write OFFICE/X,Y, such as PHI/49,75, or set WEATHER_GRID"),
        (["--grid", "Philadelphia"], 2, "'PHILADELPHIA' is no grid square"),
        (["--grid", GRID, "--url", "ftp://x"], 2, "an address of http or https is expected, such as https://api.weather.gov"),
        (["--grid", GRID, "--every", "0"], 2, "0.0 is not in the range"),
        (["--grid", GRID, "--url", "http://127.0.0.1:1", "--once"], 1, "Kafka at 127.0.0.1:1 cannot be reached"),
    ],
    ids=["no grid", "no square", "another scheme", "no pause", "no broker"],
)
def test_a_wrong_use_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    result = invoke(["poll", "nws-forecast", *arguments])
    assert (result.exit_code, message in result.output) == (status, True), result.output
    assert result.output.strip().splitlines()[-1].startswith("Error: ")


def test_the_command_asks_for_the_citys_grid_and_says_what_it_did(
    serve: Callable[[Habits], Server], services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    habits = Habits(issued_at=NOON - timedelta(days=1))
    server = serve(habits)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": services.kafka.address,
        "TOPIC_PREFIX": topics,
        "STATE_DIR": str(tmp_path),
        "WEATHER_GRID": GRID,
        "OPERATOR_CONTACT": "ops@city.example",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = invoke(["poll", "nws-forecast", "--url", server.url, "--once"])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "1 events published, 0 records unreadable, 1 complete rounds")
    assert habits.asked[0]["user-agent"] == "city311 (ops@city.example)"
    habits.faults.append("404")
    result = invoke(["poll", "nws-forecast", "--url", server.url, "--once"])
    assert result.exit_code == 1
    assert (
        result.output.strip().splitlines()[-1].startswith(f"Error: The round is not complete: {server.url}/gridpoints/{GRID}: status 404")
    )
    stored = tmp_path / "answers.jsonl"
    stored.write_text("\n".join(json.dumps(answer(issued_at=NOON + timedelta(hours=n))) for n in range(3)))
    result = invoke(["replay", "nws-forecast", str(stored)])
    assert result.output.startswith("3 events published, 0 records unreadable"), result.output
    stored.write_text('{"service_request_id": "1"}\n')
    result = invoke(["replay", "nws-forecast", str(stored)])
    assert (result.exit_code, "none of the first records is a gridpoint forecast of api.weather.gov" in result.output) == (1, True)


def test_who_asks_without_a_contact_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OPERATOR_CONTACT", "")
    settings.cache_clear()
    caplog.set_level(logging.WARNING)
    forecasts(GRID, url="https://api.weather.gov", every=900, name=None, stop=threading.Event())
    settings.cache_clear()
    assert "OPERATOR_CONTACT is not set: https://api.weather.gov asks every program" in caplog.text


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = ForecastCheckpoint("http://x", NOON, '"a"', "Sun, 25 Jan 2026 12:00:00 GMT")
    checkpoints.write(tmp_path, written)
    assert checkpoints.read(tmp_path, "http://x", ForecastCheckpoint) == written
