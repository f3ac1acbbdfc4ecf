"""Service requests: how fast they come in, and what the pages' questions cost with a hundred thousand and with ten million of them."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import create_engine

from sql import queries
from sql.migrate import migrate
from sql.settings import PROJECT
from streams import events
from tests.bench.snapshot import SIZES, Cost
from tests.bench.stack import Stack
from tests.contact_samples import publish

REQUESTS = 1_000_000
REQUESTS_A_DAY = 1_500  # so that the smallest history measured, 100,000, is longer than the nine weeks that a page looks at
DEPARTMENTS, TYPES = 11, 120
ROUNDS = 5
NOW = datetime.now(UTC)
DAY = timedelta(days=1)

# What each page asks, with the parameters that it asks with.
PAGES: dict[str, list[tuple[str, dict[str, object]]]] = {
    "Departments": [
        ("backlog", {"by_type": False}),
        ("due-cohort", {"by_type": False, "from": NOW - 28 * DAY, "to": NOW}),
        ("time-to-close", {"by_type": False}),
        ("weeks-to-clear", {"by_type": False}),
        ("reopened", {"by_type": False, "from": NOW - 28 * DAY, "to": NOW}),
        ("flow", {"by_type": False, "from": NOW - 84 * DAY, "to": NOW}),
    ],
    "Map of a week": [("hot-spots", {"from": NOW - 7 * DAY, "to": NOW})],
    "Rising types": [("rising-types", {})],
}


def measure_intake(stack: Stack, count: int = REQUESTS) -> float:
    """Publish snapshots of `count` requests and bring them into the tables; requests a second, from start to exit of the consumer."""
    sent = publish(stack.servers, stack.prefix, _snapshots(count), topic=events.REQUESTS)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "streams", "consume", "--until-idle", "1"],
        env=stack.environment,
        cwd=PROJECT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    took = time.perf_counter() - began - 1
    with psycopg.connect(stack.database) as connection:
        kept = connection.execute("SELECT count(*) FROM request").fetchone()
    if kept != (sent,):
        raise RuntimeError(f"{kept} of {sent} requests are in the table")
    return sent / took


def measure_pages(stack: Stack, sizes: tuple[int, int] = SIZES) -> list[Cost]:
    """Fill a database a size, and ask what each page asks in both, turn by turn."""
    with ExitStack() as undo:
        connections = []
        for size in sizes:
            engine = create_engine(_filled(stack, size).replace("postgresql://", "postgresql+psycopg://"))
            undo.callback(engine.dispose)
            connections.append(undo.enter_context(engine.connect()))
        costs = []
        for page, asked in PAGES.items():
            times: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for at, connection in enumerate(connections):
                    began = time.perf_counter()
                    for name, params in asked:
                        queries.frame(name, connection, **params)
                    times[at].append(1000 * (time.perf_counter() - began))
                    connection.rollback()
            costs.append(Cost(page, (statistics.median(times[0]), statistics.median(times[1]))))
    return costs


def fill(connection: psycopg.Connection[object], *, requests: int) -> None:
    """Fill an empty migrated database with requests up to now: half closed within hours, some within weeks, few never."""
    connection.execute(
        f"""INSERT INTO request (service_request_id, status, requested_datetime, updated_datetime, snapshot_version, expected_told, expected_datetime,
                                 service_name, department, address, lat, long, usable_location, cell, source, channel, first_requested, last_requested,
                                 seen_closed, seen_open)
            SELECT 'r' || n, CASE WHEN t.closed_at < now() THEN 'closed' ELSE 'open' END, t.at, t.at, '0', t.at + interval '5 days', t.at + interval '5 days',
                   'Type ' || n % {TYPES}, 'Department ' || n % {DEPARTMENTS}, n % 40000 || ' Main St', 39.95 + (n % 331) / 3000.0, -75.2 + (n % 571) / 3000.0,
                   true, '88' || lpad(to_hex(n % 331 * 571 % 400), 3, '0'), 'bench', 'app', t.at, t.at,
                   CASE WHEN t.closed_at < now() THEN ARRAY[t.closed_at] ELSE '{{}}' END,
                   CASE WHEN n % 50 = 0 AND t.closed_at < now() THEN ARRAY[t.at + interval '1 minute'] ELSE '{{}}' END
            FROM generate_series({requests}, 1, -1) AS n
            CROSS JOIN LATERAL (
                SELECT s.at, CASE WHEN n % 1000 < 3 THEN NULL WHEN n % 10 < 5 THEN s.at + make_interval(secs => n % 20000)
                                  ELSE s.at + make_interval(secs => (n::bigint * 7919 % 3456000)) END AS closed_at
                FROM (SELECT now() - make_interval(secs => n * {86_400 / REQUESTS_A_DAY}) AS at) AS s
            ) AS t""".encode()
    )
    connection.execute("INSERT INTO department (department, name) SELECT DISTINCT department, department FROM request LIMIT 100")
    connection.execute("INSERT INTO service (service_name) SELECT DISTINCT service_name FROM request LIMIT 1000")


def _filled(stack: Stack, requests: int) -> str:
    name = f"requests_{requests}"
    with psycopg.connect(stack.database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = stack.database.rsplit("/", 1)[0] + f"/{name}"
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, requests=requests)
        connection.execute("VACUUM ANALYZE request")
    return url


def _snapshots(count: int) -> Iterator[tuple[bytes, bytes]]:
    start = NOW - count / REQUESTS_A_DAY * DAY
    for number in range(count):
        at = start + number / REQUESTS_A_DAY * DAY
        data = events.RequestSnapshot(
            f"r{number}",
            "closed" if number % 3 else "open",
            at,
            updated_datetime=at + timedelta(hours=number % 500),
            expected_datetime=at + 5 * DAY,
            service_name=f"Type {number % TYPES}",
            department=f"Department {number % DEPARTMENTS}",
            address=f"{number % 40_000} Main St",
            lat=39.95 + number % 331 / 3000,
            long=-75.2 + number % 571 / 3000,
        )
        yield data.service_request_id.encode(), events.encode(events.event(data, source="bench", event_id=str(number), at=at))
