"""How many wall displays one dashboard process, or several behind a sticky proxy, carry at a refresh every 2 s, on a filled database with events coming in."""

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from sql import child
from sql.settings import PROJECT
from tests import roll_ups
from tests.bench import history, whole_city
from tests.bench.processes import Process, cpu_seconds, load, rss_megabytes, wait_until
from tests.bench.whole_city import City

NUMBERS = (40, 80, 120, 160, 240, 320, 400)
CONTACTS = 500_000
RATE = 5.0  # events a second meanwhile: the usual rate of tests/bench/surge.py
WARM_SECONDS, SECONDS = 30.0, 40.0
WANTED_P95_SECONDS = 1.0
CLIENTS_A_PROCESS = 120


@dataclass(frozen=True)
class Carried:
    """What so many walls cost. Seconds; shares of one core."""

    walls: int
    refresh: tuple[float, float, float]  # median, 95th and 99th percentile
    refreshes: int
    missed: int
    failed: int
    stream_delay_p95: float
    server_cpu: float
    clients_cpu: float
    server_megabytes: float
    kilobytes_a_refresh: float
    load: str

    @property
    def holds(self) -> bool:
        """Whether all are refreshed as wanted."""
        return self.refresh[1] <= WANTED_P95_SECONDS and self.missed <= self.refreshes // 1000 and not self.failed


def measure(numbers: Sequence[int] = NUMBERS, path: str = "/", *, processes: int = 1, refresh_seconds: float = 2.0) -> Iterator[Carried]:
    """So many walls in turn, each time opened anew, until twice in a row they are too many.

    Args:
        numbers: how many walls, for each process.
        path: the page, with its parameters.
        processes: dashboards; more than one stand behind a sticky proxy.
        refresh_seconds: how often each wall asks.
    """
    with whole_city.running() as city, contextlib.ExitStack() as undo:
        fill(city)
        servers = [city.dashboard, *(_another(city, undo, number) for number in range(1, processes))]
        url = city.dashboard_url if processes == 1 else _proxy(city, servers, undo)
        feed = city.feed(rate=RATE, mark_seconds=2.0, run="walls")
        try:
            broken = 0
            for number in numbers:
                found = _carry(city, servers, url + path, number * processes, refresh_seconds)
                yield found
                broken = 0 if found.holds else broken + 1
                if broken == 2:
                    return
        finally:
            feed.end()


def fill(city: City) -> None:
    """The past that a running city has."""
    with psycopg.connect(city.postgres.url, autocommit=True) as connection:
        history.fill(connection, contacts=CONTACTS)
        roll_ups.count(connection)
        history.finish(connection)


def _another(city: City, undo: contextlib.ExitStack, number: int) -> Process:
    """A further dashboard on the same database."""
    command = [*city.dashboard.command[:-1], str(child.free_port())]
    made = Process(f"dashboard {number}", command, city.dashboard.environment, city.folder / f"dashboard-{number}.log")
    undo.callback(made.stop)
    made.start()
    wait_until(lambda: whole_city.healthy(f"http://{child.LOCALHOST}:{command[-1]}"), made.name, whole_city.HEALTHY_SECONDS)
    return made


def _proxy(city: City, servers: Sequence[Process], undo: contextlib.ExitStack) -> str:
    port = child.free_port()
    command = [sys.executable, "-m", "tests.bench.sticky_proxy", str(port), *(server.command[-1] for server in servers)]
    proxy = Process("sticky proxy", command, city.environment, city.folder / "proxy.log")
    undo.callback(proxy.stop)
    proxy.start()
    url = f"http://{child.LOCALHOST}:{port}"
    wait_until(lambda: whole_city.healthy(url), proxy.name, whole_city.HEALTHY_SECONDS)
    return url


def _carry(city: City, servers: Sequence[Process], url: str, number: int, refresh_seconds: float) -> Carried:
    whole, rest = divmod(number, CLIENTS_A_PROCESS)
    shares = [CLIENTS_A_PROCESS] * whole + ([rest] if rest else [])
    command = [sys.executable, "-m", "tests.bench.wall_client", url]
    options = ["--warm-seconds", str(WARM_SECONDS), "--refresh-seconds", str(refresh_seconds)]
    clients = [
        subprocess.Popen(
            [*command, str(share), str(SECONDS), *options], cwd=PROJECT, env=city.environment, stdout=subprocess.PIPE, text=True
        )
        for place, share in enumerate(shares)
    ]
    time.sleep(WARM_SECONDS + 2)
    before, began = _cpu(servers), time.monotonic()
    clients_before = sum(cpu_seconds(client.pid) for client in clients)
    time.sleep(SECONDS - 4)
    elapsed = time.monotonic() - began
    server_cpu = (_cpu(servers) - before) / elapsed
    clients_cpu = (sum(cpu_seconds(client.pid) for client in clients) - clients_before) / elapsed
    said, memory = load(), sum(rss_megabytes(server.pid) for server in servers)
    answers = [json.loads(client.communicate()[0] or "{}") for client in clients]
    refresh = sorted(one for answer in answers for one in answer.get("refresh", [])) or [float("inf")]
    delays = sorted(one for answer in answers for one in answer.get("stream_delay", [])) or [float("inf")]
    return Carried(
        walls=number,
        refresh=(statistics.median(refresh), _share(refresh, 0.95), _share(refresh, 0.99)),
        refreshes=len(refresh),
        missed=sum(answer.get("missed", 0) for answer in answers),
        failed=sum(answer.get("failed", 0) for answer in answers),
        stream_delay_p95=_share(delays, 0.95),
        server_cpu=server_cpu,
        clients_cpu=clients_cpu,
        server_megabytes=memory,
        kilobytes_a_refresh=sum(answer.get("bytes", 0) for answer in answers) / 1000 / len(refresh),
        load=said,
    )


def _cpu(servers: Sequence[Process]) -> float:
    return sum(cpu_seconds(server.pid) for server in servers)


def _share(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def line(found: Carried) -> str:
    """One line of the table."""
    median, p95, p99 = (1000 * one for one in found.refresh)
    return (
        f"  {found.walls:4} walls: refresh {median:6.0f} {p95:6.0f} {p99:6.0f} ms (median, 95 %, 99 %), {found.missed} of {found.refreshes} missed, "
        f"{found.failed} failed; stream {1000 * found.stream_delay_p95:.0f} ms (95 %); server {found.server_cpu:4.0%} of a core, "
        f"{found.server_megabytes:.0f} MB; clients {found.clients_cpu:.0%}; {found.kilobytes_a_refresh:.0f} kB a refresh; {found.load}"
    )
