"""Service requests: how fast they come in, and what the pages' questions cost with a hundred thousand and with ten million of them."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd
import psycopg
from sqlalchemy import Engine, create_engine

from dashboard import departments_rows, weekly_rows
from dashboard.map_view import view_of
from dashboard.weekly_week import last_full
from sql import queries
from sql.engine import connect
from sql.migrate import migrate
from sql.settings import PROJECT, settings
from streams import events
from tests.bench.snapshot import SIZES, Cost
from tests.bench.stack import Stack
from tests.contact_samples import publish

REQUESTS = 1_000_000
REQUESTS_A_DAY = 1_500  # so that the smallest history measured, 100,000, is longer than the nine weeks that a page looks at
DEPARTMENTS, TYPES, DISTRICTS = 11, 120, 9
ROUNDS = 5
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ZONE = settings().zone

Ask = Callable[..., pd.DataFrame]


def _departments(ask: Ask) -> None:
    departments_rows.read(ask, NOW, ZONE, is_now=True)


def _one_department(ask: Ask) -> None:
    departments_rows.read(ask, NOW, ZONE, "Department 3", is_now=True)


def _map(ask: Ask, period: str) -> None:
    params = view_of({"period": period}, NOW, ZONE, {}).params()
    ask("map-choices")
    ask("hot-spots", **params)
    for kind in (None, "district"):
        ask("hot-groups", kind=kind, **params)


def _weekly_review(ask: Ask) -> None:
    weekly_rows.review(ask, last_full(NOW, ZONE), city_name="Bench", zone=ZONE, at=NOW)


# Each page asks by itself, so that what is measured is what it asks; of the Map, which asks while it draws, the questions are repeated here.
PAGES: dict[str, Callable[[Ask], None]] = {
    "Departments": _departments,
    "one department": _one_department,
    "Map, 24 hours": lambda ask: _map(ask, "24h"),
    "Map, 7 days": lambda ask: _map(ask, "7d"),
    "Weekly review": _weekly_review,
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
    small, large = (_filled(stack, size) for size in sizes)
    return compare_pages((small, large))


def compare_pages(urls: tuple[str, str]) -> list[Cost]:
    """What each page's questions cost in two filled databases, asked turn by turn over sessions such as the pages have."""
    with ExitStack() as undo:
        engines = [_reader(url, undo) for url in urls]
        costs = []
        for page, asked in PAGES.items():
            times: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for at, engine in enumerate(engines):
                    began = time.perf_counter()
                    asked(partial(_ask, engine))
                    times[at].append(1000 * (time.perf_counter() - began))
            costs.append(Cost(page, (statistics.median(times[0]), statistics.median(times[1]))))
    return costs


def _reader(url: str, undo: ExitStack) -> Engine:
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(read=True, url=url), pool_pre_ping=True)
    undo.callback(engine.dispose)
    return engine


def _ask(engine: Engine, name: str, **params: Any) -> pd.DataFrame:
    with engine.connect() as connection:
        return queries.frame(name, connection, **params)


def fill(connection: psycopg.Connection[object], *, requests: int) -> None:
    """Fill an empty migrated database with requests up to now: half closed within hours, some within weeks, few never.

    One in fifty is opened again three days after its closing, and closed again two or forty days later.
    """
    connection.execute(
        f"""INSERT INTO request (service_request_id, status, requested_datetime, updated_datetime, snapshot_version, expected_told, expected_datetime,
                                 service_name, department, address, lat, long, usable_location, cell, areas, source, channel,
                                 first_requested, last_requested, seen_closed, seen_open)
            SELECT 'r' || n, CASE WHEN t.closed_at < now() THEN 'closed' ELSE 'open' END, t.at, t.at, '0', t.at + interval '5 days', t.at + interval '5 days',
                   'Type ' || n % {TYPES}, 'Department ' || n % {DEPARTMENTS}, n % 40000 || ' Main St', 39.95 + (n % 331) / 3000.0, -75.2 + (n % 571) / 3000.0,
                   true, '88' || lpad(to_hex(n % 331 * 571 % 400), 3, '0'), jsonb_build_object('district', 'District ' || n % {DISTRICTS}), 'bench', 'app',
                   t.at, t.at, ARRAY(SELECT c FROM unnest(ARRAY[t.closed_at, CASE WHEN t.reopened_at < now() THEN t.closed_again_at END]) AS c WHERE c < now()),
                   ARRAY(SELECT t.reopened_at WHERE t.reopened_at < now())
            FROM generate_series({requests}, 1, -1) AS n
            CROSS JOIN LATERAL (
                SELECT s.at, first.closed_at, CASE WHEN n % 50 = 0 THEN first.closed_at + interval '3 days' END AS reopened_at,
                       CASE WHEN n % 50 = 0 THEN first.closed_at + make_interval(days => CASE WHEN n % 100 = 0 THEN 5 ELSE 43 END) END AS closed_again_at
                FROM (SELECT now() - make_interval(secs => n * {86_400 / REQUESTS_A_DAY}) AS at) AS s
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN n % 1000 < 3 THEN NULL WHEN n % 10 < 5 THEN s.at + make_interval(secs => n % 20000)
                                ELSE s.at + make_interval(secs => (n::bigint * 7919 % 3456000)) END AS closed_at) AS first
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
