"""The whole stack as it runs in a deployment, each part a process of its own, with a proxy in every way between two of them.

It injects nothing and judges nothing.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import psycopg

from sql import child
from sql.embedded import EmbeddedPostgres
from sql.migrate import migrate
from sql.settings import PROJECT
from streams import broker, events
from streams.embedded import EmbeddedKafka
from tests import servers
from tests.bench.processes import Process, wait_until
from tests.proxied_kafka import ProxiedKafka
from tests.tcp_proxy import TcpProxy

HEALTHY_SECONDS, LAST_WORDS = 180.0, 3000
POSTGRES_SETTINGS = {"track_commit_timestamp": "on"}


class Feed:
    """The process that publishes (tests/bench/feeder.py), and what was asked of it."""

    def __init__(self, environment: dict[str, str], log: Path, **options: float | str) -> None:
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        with log.open("ab") as words:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.feeder", *flags],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )
        self.mark_seconds = float(options.get("mark_seconds", 0.25))
        self.began = float(self._answer()["began"])

    def tell(self, word: str) -> dict[str, Any]:
        """One word; what was published so far. Waits for as long as it takes."""
        _pipe(self._child.stdin).write(word + "\n")
        _pipe(self._child.stdin).flush()
        return self._answer()

    def send(self, word: str) -> None:
        """One word, whose answer is taken by `heard`."""
        _pipe(self._child.stdin).write(word + "\n")
        _pipe(self._child.stdin).flush()

    def heard(self) -> dict[str, Any]:
        """The answer to what was sent."""
        return self._answer()

    def due(self, at: float) -> int:
        """How many marks were due until an instant, seconds since 1970."""
        return int((at - self.began) / self.mark_seconds) + 1

    def at(self, marks: int) -> float:
        """The instant of a mark, seconds since 1970."""
        return self.began + marks * self.mark_seconds

    def _answer(self) -> dict[str, Any]:
        line = _pipe(self._child.stdout).readline()
        if not line:
            raise RuntimeError("the feeder has ended: its log says why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.pid

    def end(self) -> None:
        """Let it end; a broker that is away is not waited for."""
        with contextlib.suppress(OSError):
            _pipe(self._child.stdin).close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None
    return end


@dataclass
class City:
    """Everything that runs."""

    postgres: EmbeddedPostgres
    kafka: ProxiedKafka
    consumer: Process
    dashboard: Process
    ways: dict[str, TcpProxy]
    url: str
    environment: dict[str, str]
    folder: Path

    def ask(self, statement: str) -> tuple[Any, ...]:
        """One row of the database, past all proxies."""
        with psycopg.connect(self.postgres.url) as connection:
            found = connection.execute(statement.encode()).fetchone()
        assert found is not None
        return found

    def start_dashboard(self) -> None:
        """Start it and wait until it answers."""
        self.dashboard.start()
        wait_until(lambda: healthy(self.dashboard_url), "the dashboard's health", HEALTHY_SECONDS)

    @property
    def dashboard_url(self) -> str:
        """Past the proxy."""
        return f"http://{child.LOCALHOST}:{self.dashboard.command[-1]}"

    def restart(self, server: EmbeddedPostgres | EmbeddedKafka) -> None:
        """Start a killed server again, and wait until it answers."""
        server.stop()
        server.start()
        server.wait_ready()

    def feed(self, **options: float | str) -> Feed:
        """A publisher, by its own way to the broker."""
        environment = self.environment | {"KAFKA_BOOTSTRAP_SERVERS": f"{child.LOCALHOST}:{self.kafka.proxies['PUBLISHER'].port}"}
        return Feed(environment, self.folder / "feeder.log", **options)


def healthy(url: str) -> bool:
    """Whether a dashboard answers."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def running(*, settings: dict[str, str] | None = None, postgres_settings: dict[str, str] | None = None, tmpfs: str = "") -> Iterator[City]:
    """Servers, consumer and dashboard for as long as the block lasts; all of them end with it, and the folder goes.

    Args:
        settings: further ones of our processes.
        postgres_settings: further ones of the database's server.
        tmpfs: the size of a file system of its own for the database, such as `900m`: to be filled up. Only root can mount it.
    """
    folder = Path(tempfile.mkdtemp(prefix="city311-bench-"))
    folder.chmod(0o711)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        if tmpfs:
            (folder / "postgres").mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={tmpfs}", "tmpfs", str(folder / "postgres")], check=True)
            undo.callback(subprocess.run, ["umount", "-l", str(folder / "postgres")], check=False)
        postgres = EmbeddedPostgres(folder, extra_settings=POSTGRES_SETTINGS | (postgres_settings or {}))
        kafka = ProxiedKafka(folder)
        undo.callback(lambda: shutil.rmtree(postgres.home, ignore_errors=True))
        for server in (postgres, kafka):
            undo.callback(server.stop)
            server.start()
        postgres.wait_ready()
        kafka.wait_ready()
        migrate(postgres.url)
        broker.ensure_topics(kafka.address, events.TOPICS)
        city = _city(postgres, kafka, folder, settings or {}, undo)
        try:
            city.consumer.start()
            city.start_dashboard()
            yield city
        except BaseException:  # also when it is stopped
            for log in sorted(folder.glob("*.log")):  # they go with the folder
                sys.stderr.write(f"--- the end of {log.name}\n{log.read_text(errors='replace')[-LAST_WORDS:]}\n")
            raise


def _city(postgres: EmbeddedPostgres, kafka: ProxiedKafka, folder: Path, settings: dict[str, str], undo: ExitStack) -> City:
    where = urlsplit(postgres.url)
    ways = {name: undo.enter_context(TcpProxy(child.LOCALHOST, where.port or 0)) for name in ("dashboard-postgres", "consumer-postgres")}
    ways |= {"consumer-kafka": kafka.proxies["CONSUMER"], "publisher-kafka": kafka.proxies["PUBLISHER"]}
    port = child.free_port(None)
    ways["browser-dashboard"] = undo.enter_context(TcpProxy(child.LOCALHOST, port))
    for proxy in kafka.proxies.values():
        undo.enter_context(proxy)
    common = servers.without_settings(os.environ) | {
        "KAFKA_BOOTSTRAP_SERVERS": f"{child.LOCALHOST}:{kafka.proxies['CONSUMER'].port}",
        "STATE_DIR": str(folder / "processes"),
        "PYTHONPATH": str(PROJECT),
    }
    common |= settings

    def process(name: str, way: str, *command: str) -> Process:
        environment = common | {"DATABASE_URL": ways[way].url(postgres.url)}
        made = Process(name, [sys.executable, "-m", *command], environment, folder / f"{name}.log")
        undo.callback(made.stop)
        return made

    consumer = process("consumer", "consumer-postgres", "streams", "consume")
    dashboard = process("dashboard", "dashboard-postgres", "dashboard", "--port", str(port))
    url = f"http://{child.LOCALHOST}:{ways['browser-dashboard'].port}"
    return City(postgres, kafka, consumer, dashboard, ways, url, common | {"DATABASE_URL": postgres.url}, folder)


def drained(city: City, totals: dict[str, Any], run: str, seconds: float) -> dict[str, int]:
    """Wait until the tables hold what was published, or time is over.

    Returns:
        `lost` and `doubled` events' subjects: contacts that are not there, or that the roll-ups count more than once. Both 0 when exact.
    """
    wanted = int(totals["contacts"]) + int(totals["marks"])
    found = (0, 0, 0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            found = city.ask(  # type: ignore[assignment]
                f"""SELECT count(*), count(*) FILTER (WHERE ended_at IS NOT NULL), (SELECT coalesce(sum(contacts), 0)::bigint FROM contact_interval) - (SELECT count(*) FROM contact)
                    FROM contact WHERE contact_id LIKE '{run}-%'"""
            )
            if found[0] >= wanted and found[1] >= int(totals["contacts"]):
                break
        time.sleep(0.2)
    lost = max(wanted - found[0], int(totals["contacts"]) - found[1], 0)
    return {"lost": lost, "doubled": max(found[0] - wanted, found[2], 0)}
