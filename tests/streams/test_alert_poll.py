"""Polling api.weather.gov's alerts: every message once, nothing lost, and no answer makes the feed younger than it is. Real server and Kafka."""

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
from streams.poll.alerts import Alerts, alerts
from streams.sources.nws_alerts import NwsAlerts
from tests.servers import Services
from tests.streams.alert_server import NOON, ZONES, Habits, Server, collection, feature, serving

FEED = "nws/alerts"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def serve() -> Iterator[Callable[[Habits], Server]]:
    """Starts a server with some habits."""
    with ExitStack() as undo:
        yield lambda habits: undo.enter_context(serving(habits))


class City:
    """A poller in this process, with a clock of its own and pauses that take no time."""

    def __init__(self, server: Server, state_dir: Path, *, kafka: str = "127.0.0.1:1", prefix: str = "") -> None:
        self.now = NOON + MINUTE
        self.server = server
        self.habits = server.habits
        self.paused: list[float] = []
        self.kafka = kafka
        self.home = checkpoints.home_of(state_dir, FEED)
        self._topic, self._state_dir = prefix + events.WEATHER, state_dir

    def poller(self, *, area: str | None = "PA") -> Alerts:
        server = asking.Server(
            self.server.address,
            pause=lambda seconds: self.paused.append(seconds) or False,
            dice=random.Random(1),
            clock=lambda: self.now,
            user_agent="city311 (ops@city.example)",
        )
        return Alerts(
            server,
            ZONES,
            area,
            NwsAlerts(FEED, clock=lambda: self.now),
            state_dir=self._state_dir,
            every_seconds=60,
            stop=threading.Event(),
            clock=lambda: self.now,
            servers=lambda: self.kafka,
        )

    def told(self) -> list[events.Event]:
        """Everything on the topic of weather, in order; it has one partition."""
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

    def alerts(self) -> list[str]:
        return [event.data.alert_id for event in self.told() if isinstance(event, events.WeatherAlertEvent)]

    def heartbeats(self) -> list[datetime]:
        return [event.time for event in self.told() if isinstance(event, events.FeedHeartbeatEvent)]


@pytest.fixture
def city(
    serve: Callable[[Habits], Server], services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Habits], City]]:
    """A city whose weather service has some habits."""
    monkeypatch.setenv("TOPIC_PREFIX", topics)
    settings.cache_clear()
    yield lambda habits: City(serve(habits), tmp_path / "state", kafka=services.kafka.address, prefix=topics)
    settings.cache_clear()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "streams.poll.alerts"]


def test_every_message_is_told_once_and_the_server_is_asked_politely(city: Callable[[Habits], City]) -> None:
    here = city(Habits(zones=[feature("a"), feature("test", status="Test")]))
    poller = here.poller()
    assert poller.run(once=True)
    assert poller.run(once=True)
    here.habits.zones = [feature("b", sent=NOON + MINUTE, refers_to=("a",))]
    here.habits.area = [*here.habits.zones, feature("far", geocode={"UGC": ["PAZ001"]}, affectedZones=[])]
    here.habits.updated = NOON + MINUTE
    assert poller.run(once=True)
    assert here.alerts() == ["a", "test", "urn:oid:1", "b"]
    assert (poller.events, poller.unreadable, poller.rounds) == (4, 0, 3)
    assert {asked["path"] for asked in here.habits.asked} == {"/alerts/active?zone=PAZ071%2CPAC101", "/alerts/active?area=PA"}
    assert {asked["user-agent"] for asked in here.habits.asked} == {"city311 (ops@city.example)"}
    assert [asked.get("if-none-match") for asked in here.habits.asked[:4]] == [None, None, f'"zone {NOON}"', f'"area {NOON}"']
    assert here.heartbeats() == [NOON, NOON, NOON + MINUTE]


def test_another_process_tells_no_message_a_second_time_and_other_zones_are_another_list(city: Callable[[Habits], City]) -> None:
    here = city(Habits(tells_changes=False))
    assert here.poller().run(once=True)
    poller = here.poller(area=None)
    assert poller.run(once=True)
    assert (here.alerts(), poller.events, poller.rounds) == (["urn:oid:1"], 0, 1)


def test_an_alert_that_only_the_states_list_has_is_taken_and_told_of_once(
    city: Callable[[Habits], City], caplog: pytest.LogCaptureFixture
) -> None:
    county = feature("county", geocode={"UGC": ["PAC101"]}, affectedZones=[])
    local = feature("local", geocode={"SAME": ["042101"]}, affectedZones=[], event="Civil Emergency Message")
    later = feature("later", sent=NOON + MINUTE)
    far = feature("far", geocode={"UGC": ["PAZ001"]}, affectedZones=[])
    nowhere = feature("nowhere", geocode={}, affectedZones=[])
    here = city(Habits(area=[county, local, later, far, nowhere, feature("urn:oid:1")], tells_changes=False))
    poller = here.poller()
    assert poller.run(once=True)
    assert poller.run(once=True)
    assert here.alerts() == ["urn:oid:1", "county", "local", "later"]
    assert said(caplog) == [
        f"{here.server.address}: {event} ({name}) is in the list of area=PA and missing in that of zone=PAZ071,PAC101; it is taken."
        for name, event in (("county", "Winter Storm Warning"), ("local", "Civil Emergency Message"))
    ]
    here.habits.updated = NOON + MINUTE
    assert poller.run(once=True)
    assert "(later) is in the list of area=PA and missing" in said(caplog)[-1]


def test_the_feed_is_as_old_as_its_list_however_lately_it_was_asked(
    city: Callable[[Habits], City], caplog: pytest.LogCaptureFixture
) -> None:
    here = city(Habits())
    poller = here.poller()
    assert poller.run(once=True)
    here.now = NOON + timedelta(minutes=50)
    here.habits.tells_changes = False
    assert poller.run(once=True)
    assert poller.run(once=True)
    assert here.heartbeats() == [NOON] * 3
    assert said(caplog) == [
        f"{here.server.address}/alerts/active?zone=PAZ071,PAC101: its newest list is 50 minutes old; the screens say so."
    ]
    beat = next(event for event in here.told() if isinstance(event, events.FeedHeartbeatEvent))
    assert (beat.source, beat.data.cadence_seconds, beat.data.name) == (FEED, 120, "Weather alerts")


def test_a_list_older_than_one_already_seen_changes_nothing(city: Callable[[Habits], City], caplog: pytest.LogCaptureFixture) -> None:
    here = city(Habits(tells_changes=False))
    poller = here.poller()
    assert poller.run(once=True)
    here.habits.updated, here.habits.zones = NOON - timedelta(hours=3), [feature("older")]
    here.habits.area = [feature("older")]
    assert poller.run(once=True)
    assert here.poller().run(once=True)
    assert (here.alerts(), set(here.heartbeats())) == (["urn:oid:1"], {NOON})
    assert f"{here.server.address}/alerts/active?zone=PAZ071,PAC101: it is of 09:00:00Z, older than one seen; left out." in said(caplog)
    here.habits.updated, here.habits.zones = NOON + MINUTE, [feature("newer")]
    assert poller.run(once=True)
    assert (here.alerts()[1:], here.heartbeats()[-1]) == (["newer", "older"], NOON + MINUTE)


@pytest.mark.parametrize(
    ("updated", "says"),
    [
        (None, "updated is missing, so that nobody knows how old the list is."),
        ("soon", "updated is 'soon': an ISO 8601 time with an offset, after 1970, is expected."),
        (NOON + timedelta(hours=1), "updated is 2026-01-25T13:00:00Z, ahead of this machine's clock."),
    ],
    ids=["missing", "no time", "in the future"],
)
def test_a_list_of_unknown_age_is_taken_and_makes_the_feed_no_younger(city: Callable[[Habits], City], updated: Any, says: str) -> None:
    here = city(Habits(updated=updated))
    poller = here.poller(area=None)
    assert not poller.run(once=True)
    assert not poller.run(once=True)
    assert poller.failure == f"{here.server.address}/alerts/active?zone=PAZ071,PAC101: {says}"
    assert (here.alerts(), here.heartbeats()) == (["urn:oid:1"], [])
    here.habits.updated = NOON
    assert poller.run(once=True)
    assert (here.alerts(), here.heartbeats()) == (["urn:oid:1"], [NOON])


FAULTS = ["500", "503", "429", "html", "html called json", "another json", "half", "half an object", "an empty body", "nothing"]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_may_pass_is_asked_again(serve: Callable[[Habits], Server], tmp_path: Path, fault: str) -> None:
    habits = Habits(faults=deque([fault, fault]))
    here = City(serve(habits), tmp_path / "state")
    poller = here.poller()
    answer = poller._server.patiently(lambda: poller._asked(("zone", "PAZ071")))
    assert answer.body == habits.body("zone")
    assert here.paused == [7, 7] if fault == "429" else here.paused[0] < here.paused[1] < 3


@pytest.mark.parametrize(("fault", "attempts"), [(fault, 5) for fault in FAULTS] + [("400", 1), ("304", 1)])
def test_a_list_that_cannot_be_had_is_told_in_a_line_and_costs_nothing(city: Callable[[Habits], City], fault: str, attempts: int) -> None:
    """The state's list stands in, the feed gets no younger, and the next round goes on."""
    here = city(Habits(faults=deque([fault] * attempts)))
    poller = here.poller()
    assert not poller.run(once=True)
    assert "\n" not in (poller.failure or "\n")
    assert str(poller.failure).startswith(here.server.address)
    if fault == "400":
        assert str(poller.failure).endswith("/alerts/active?zone=PAZ071,PAC101: status 400: There is no such zone.")
    assert (here.alerts(), here.heartbeats()) == (["urn:oid:1"], [])
    assert poller.run(once=True)
    assert (here.alerts(), here.heartbeats(), poller.failure) == (["urn:oid:1"], [NOON], None)


def test_without_the_states_list_the_feed_goes_on_and_the_round_is_not_complete(city: Callable[[Habits], City]) -> None:
    here = city(Habits(faults=deque([None, "400"])))
    poller = here.poller()
    assert not poller.run(once=True)
    assert str(poller.failure).endswith("/alerts/active?area=PA: status 400: There is no such zone.")
    assert (here.alerts(), here.heartbeats()) == (["urn:oid:1"], [NOON])


def test_what_cannot_be_read_is_kept_once_and_costs_no_other(city: Callable[[Habits], City]) -> None:
    broken = feature("broken", ends="soon")
    here = city(Habits(zones=[feature("a"), broken, feature("c")], area=[broken], tells_changes=False))
    poller = here.poller()
    assert poller.run(once=True)
    assert poller.run(once=True)
    assert here.alerts() == ["a", "c"]
    (kept,) = (event for event in here.told() if isinstance(event, events.SourceUnreadableEvent))
    assert "ends is 'soon'" in kept.data.reason
    assert json.loads(kept.data.line)["properties"]["id"] == "broken"
    assert (poller.events, poller.unreadable) == (3, 1)


@pytest.mark.parametrize("content", [b"{", b'{"url": 7}', b'{"url": "https://other.example"}'])
def test_a_checkpoint_that_is_damaged_or_anothers_is_said(serve: Callable[[Habits], Server], tmp_path: Path, content: bytes) -> None:
    here = City(serve(Habits()), tmp_path / "state")
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
    ("arguments", "environment", "status", "message"),
    [
        ([], {}, 2, "--zones: none is given; write the codes of the city's zone and county, such as PAZ071,PAC101, or set ALERT_ZONES"),
        (["--zones", "Philadelphia"], {}, 2, "--zones: 'PHILADELPHIA' is no zone or county of the weather service"),
        (["--zones", "PAZ071", "--area", "Penn"], {}, 2, "--area: 'PENN' is no state; write its two letters, such as PA"),
        (["--zones", "PAZ071", "--url", "ftp://x"], {}, 2, "an address of http or https is expected, such as https://api.weather.gov"),
        ([], {"ALERT_ZONES": "PAZ71"}, 1, "ALERT_ZONES is 'PAZ71': 'PAZ71' is no zone or county of the weather service"),
        ([], {"ALERT_AREA": "pa"}, 1, "ALERT_AREA is 'pa': "),
        (["--zones", "paz071", "--url", "http://127.0.0.1:1", "--once"], {}, 1, "Kafka at 127.0.0.1:1 cannot be reached"),
    ],
    ids=["no zones", "no zone", "no state", "another scheme", "a wrong setting", "a wrong state", "no broker"],
)
def test_a_wrong_use_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], status: int, message: str
) -> None:
    for name, value in ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "STATE_DIR": str(tmp_path / "state")} | environment).items():
        monkeypatch.setenv(name, value)
    result = invoke(["poll", "nws-alerts", *arguments])
    assert (result.exit_code, message in result.output) == (status, True), result.output
    assert result.output.strip().splitlines()[-1].startswith("Error: ")


def test_the_command_asks_for_the_citys_zones_and_says_what_it_did(
    serve: Callable[[Habits], Server], services: Services, topics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    habits = Habits()
    server = serve(habits)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": services.kafka.address,
        "TOPIC_PREFIX": topics,
        "STATE_DIR": str(tmp_path),
        "ALERT_ZONES": " paz071, PAC101,",
        "ALERT_AREA": "PA",
        "OPERATOR_CONTACT": "ops@city.example",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = invoke(["poll", "nws-alerts", "--url", server.address, "--once"])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "1 events published, 0 records unreadable, 1 complete rounds")
    assert [asked["path"] for asked in habits.asked] == ["/alerts/active?zone=PAZ071%2CPAC101", "/alerts/active?area=PA"]
    assert habits.asked[0]["user-agent"] == "city311 (ops@city.example)"
    stored = tmp_path / "answer.json"
    stored.write_text(json.dumps(collection(feature("x"), feature("y", ends="soon"), feature("z"))))
    result = invoke(["replay", "nws", str(stored)])
    assert result.output.startswith("2 events published, 1 records unreadable"), result.output
    stored.write_text('{"service_request_id": "1"}\n')
    result = invoke(["replay", "nws", str(stored)])
    assert (result.exit_code, "none of the first records is an alert of api.weather.gov" in result.output) == (1, True)


def test_who_asks_without_a_contact_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OPERATOR_CONTACT", "")
    settings.cache_clear()
    caplog.set_level(logging.WARNING)
    alerts("PAZ071", None, url="https://api.weather.gov", every=60, name=None, stop=threading.Event())
    settings.cache_clear()
    assert "OPERATOR_CONTACT is not set: https://api.weather.gov asks every program" in caplog.text
