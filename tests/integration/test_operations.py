"""Every process that runs until it is stopped: it tells its health and its metrics, and a signal ends it in time with status 0."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sql.settings import PROJECT
from tests.contact_samples import contacts, encoded, publish
from tests.e2e.server import free_port
from tests.servers import Services
from tests.tcp_proxy import TcpProxy

READY_WITHIN_SECONDS = 90.0  # imports alone take long on a busy machine
ENDS_WITHIN_SECONDS = 10.0


class Process:
    """One command with its health server; the dashboard has it at its own port."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.log = log
        port = ["--port", str(self.port)] if command == ["dashboard"] else []
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command, *port],
                env=environment | {"METRICS_PORT": str(self.port), "LOG_FORMAT": "json"},
                cwd=PROJECT,
                stdout=output,
                stderr=output,
            )

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; 0: nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait while it runs."""
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not true():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{what}: {self.get('/health/ready')}, {self.log.read_text()}"
            time.sleep(0.05)

    def until_ready(self) -> None:
        self.until(lambda: self.get("/health/ready")[0] == 200, "it is not ready")

    def metrics(self) -> dict[str, float]:
        """The values by name and labels."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return {
            sample.name + "".join(f" {label}" for _, label in sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def ended(self, number: signal.Signals) -> float:
        """The seconds from the signal to the end; the status is 0, and the port is free again."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(30)
        took = time.monotonic() - began
        assert status == 0, self.log.read_text()
        assert self.get("/health/live")[0] == 0
        assert "Traceback" not in self.log.read_text()
        return took


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Process]]:
    with ExitStack() as undo:

        def begin(*command: str, **changed: str) -> Process:
            process = Process(list(command), environment | changed, tmp_path / "log")
            undo.callback(process.process.wait)
            undo.callback(process.process.kill)
            return process

        yield begin


class _Empty(BaseHTTPRequestHandler):
    """A GeoReport server without requests."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def city() -> Iterator[str]:
    """The address of a city's server that has no requests."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_consumer(number: signal.Signals, services: Services, topics: str, start: Callable[..., Process]) -> None:
    sent = publish(services.kafka.address, topics, encoded(contacts(200)))
    consumer = start("streams", "consume")
    consumer.until_ready()
    topic = f"{topics}311.contacts"
    consumer.until(lambda: consumer.metrics().get(f"city311_consumer_events_total {topic}") == sent, "not all is consumed")
    publish(services.kafka.address, topics, [(b"k", b"garbage")])
    consumer.until(lambda: consumer.metrics().get(f"city311_consumer_refused_total {topic}") == 1, "the garbage is not refused")
    consumer.until(lambda: consumer.metrics().get(f"city311_consumer_lag_events 0 {topic}") == 0, "no lag is told")
    found = consumer.metrics()
    assert found["city311_consumer_batch_events_sum"] == sent + 1
    assert found["city311_consumer_commit_seconds_count"] == found["city311_consumer_batch_events_count"]
    assert found["city311_consumer_partitions"] > 6
    assert found[f"city311_consumer_lag_seconds 0 {topic}"] == 0
    assert time.time() - found["city311_consumer_last_commit_timestamp_seconds"] < READY_WITHIN_SECONDS
    assert found["city311_process_info consume"] == 1
    assert consumer.ended(number) < ENDS_WITHIN_SECONDS


def test_a_consumer_whose_database_hangs_says_so_and_ends_all_the_same(
    services: Services, topics: str, database: str, start: Callable[..., Process], tcp_proxy: Callable[[str, int], TcpProxy]
) -> None:
    parts = urlsplit(database)
    assert parts.hostname
    assert parts.port
    proxy = tcp_proxy(parts.hostname, parts.port)
    consumer = start("streams", "consume", DATABASE_URL=proxy.url(database))
    consumer.until_ready()
    topic = f"{topics}311.contacts"
    proxy.hang()
    publish(services.kafka.address, topics, encoded(contacts(200)))
    consumer.until(lambda: consumer.get("/health/ready")[0] == 503, "it does not see the database hang")
    assert json.loads(consumer.get("/health/ready")[1])["reason"].startswith("The database has taken nothing for ")
    assert consumer.get("/health/live")[0] == 200

    def lags() -> list[float]:
        return [value for name, value in consumer.metrics().items() if name.startswith("city311_consumer_lag_seconds") and topic in name]

    assert max(lags()) > 10
    assert consumer.ended(signal.SIGTERM) < ENDS_WITHIN_SECONDS


def test_a_poller(city: str, start: Callable[..., Process]) -> None:
    poller = start("streams", "poll", "open311", "--url", city, "--source", "open311/a", "--every", "3600")
    poller.until_ready()
    found = poller.metrics()
    assert found["city311_poll_rounds_total open311/a"] == 1
    assert found["city311_poll_round_seconds_count open311/a"] == 1
    assert [value for name, value in found.items() if name.startswith("city311_feed_told_until_timestamp_seconds open311/a")]
    assert poller.ended(signal.SIGTERM) < ENDS_WITHIN_SECONDS


def test_a_poller_whose_server_never_answers_ends_all_the_same(start: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        poller = start("streams", "poll", "open311", "--url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection:
            assert json.loads(poller.get("/health/ready")[1]) == {"status": "not ready", "reason": "No round is complete yet."}
            assert poller.ended(signal.SIGTERM) < ENDS_WITHIN_SECONDS


def test_a_follower(tmp_path: Path, start: Callable[..., Process]) -> None:
    follower = start("streams", "follow", "asterisk", str(tmp_path / "queue_log"), "--heartbeat-seconds", "0.5")
    follower.until_ready()
    follower.until(lambda: "city311_published_last_acknowledged_timestamp_seconds" in follower.metrics(), "nothing is told")
    assert follower.ended(signal.SIGINT) < ENDS_WITHIN_SECONDS


def test_a_watcher(start: Callable[..., Process]) -> None:
    watcher = start("streams", "watch")
    watcher.until_ready()
    found = watcher.metrics()
    assert found["city311_watch_working"] == 1
    assert found["city311_watch_rounds_total"] >= 1
    assert {"city311_watch_alerts_firing act", "city311_watch_alerts_firing watch"} <= found.keys()
    assert watcher.ended(signal.SIGTERM) < ENDS_WITHIN_SECONDS


def test_the_simulator(start: Callable[..., Process]) -> None:
    simulator = start("streams", "simulate", "--tell", "present")
    simulator.until_ready()
    simulator.until(lambda: simulator.metrics()["city311_published_events_total"] > 0, "it publishes nothing")
    assert simulator.ended(signal.SIGTERM) < ENDS_WITHIN_SECONDS


def test_the_forecasting(start: Callable[..., Process]) -> None:
    service = start("forecasting", "serve")
    service.until(lambda: "nothing to learn" in service.get("/health/ready")[1], "it has not looked")
    assert service.get("/health/ready")[0] == 503
    found = service.metrics()
    assert found["city311_forecast_failures_total nothing to learn from"] >= 1
    assert found["city311_forecast_age_seconds"] != found["city311_forecast_age_seconds"]
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert [(line["level"], line["process"]) for line in lines] == [("WARNING", "serve")]
    assert service.ended(signal.SIGINT) < ENDS_WITHIN_SECONDS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_the_dashboard(
    number: signal.Signals, database: str, start: Callable[..., Process], tcp_proxy: Callable[[str, int], TcpProxy]
) -> None:
    parts = urlsplit(database)
    assert parts.hostname
    assert parts.port
    proxy = tcp_proxy(parts.hostname, parts.port)
    dashboard = start("dashboard", DATABASE_URL=proxy.url(database))
    dashboard.until_ready()
    assert dashboard.get("/health/live") == (200, '{"status": "live"}\n')
    assert dashboard.get("/api/stream?page=nowhere")[0] == 403
    dashboard.until(lambda: dashboard.metrics().get("city311_dashboard_part_load_seconds_count quality", 0) > 0, "not every part is read")
    found = dashboard.metrics()
    assert found["city311_dashboard_refused_requests_total stream"] == 1
    assert (found["city311_dashboard_sessions"], found["city311_dashboard_streams"]) == (0, 0)
    assert found["city311_dashboard_database_trouble"] == 0
    assert 0 <= found["city311_dashboard_part_age_seconds live"] < READY_WITHIN_SECONDS
    assert found["city311_dashboard_editions_total"] > 1
    assert found["city311_process_info dashboard"] == 1
    proxy.cut()
    dashboard.until(lambda: dashboard.metrics()["city311_dashboard_database_trouble"] == 1, "the database is not missed")
    if number == signal.SIGTERM:
        dashboard.until(lambda: dashboard.get("/health/ready")[0] == 503, "it stays ready without a database")
        reason = json.loads(dashboard.get("/health/ready")[1])["reason"]
        assert reason.startswith("The database has not answered since 20")
        assert "127.0.0.1" not in reason
        proxy.restore()
        dashboard.until_ready()
    assert dashboard.ended(number) < ENDS_WITHIN_SECONDS
    lines = [json.loads(line) for line in dashboard.log.read_text().splitlines()]
    assert {line["process"] for line in lines} == {"dashboard"}
    told = ("cannot be used", "The connection to the database broke")  # the second where a question was on its way
    assert any(words in line["message"] for line in lines for words in told)


def test_an_address_that_cannot_be_used_is_one_sentence(start: Callable[..., Process]) -> None:
    watcher = start("streams", "watch", METRICS_ADDRESS="192.0.2.1")
    assert watcher.process.wait(READY_WITHIN_SECONDS) == 1
    said = watcher.log.read_text().splitlines()[-1]
    assert said.startswith(f"Error: METRICS_PORT: port {watcher.port} of 192.0.2.1 cannot be used")
