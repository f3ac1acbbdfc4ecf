"""What the Live snapshot costs with a hundred thousand contacts of history, and with ten million, asked in turn."""

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from sqlalchemy import create_engine

from sql import queries
from sql.migrate import migrate
from tests import roll_ups
from tests.bench import history
from tests.bench.stack import Stack

SIZES = (100_000, 10_000_000)
ROUNDS = 40
LIVE = ("queue-now", "agents-now", "waiting-by-language", "feeds", "consumers")  # read at every change
SLOW = ("live-trend", "day-intervals", "usual-now")  # read now and then


@dataclass(frozen=True)
class Cost:
    """Median milliseconds of a query, for each size of history."""

    name: str
    milliseconds: tuple[float, float]


def measure(stack: Stack, sizes: tuple[int, int] = SIZES) -> list[Cost]:
    """Fill a database a size, and ask every query of the Live screen in both, turn by turn."""
    urls = [_filled(stack, size) for size in sizes]
    with ExitStack() as undo:
        connections = []
        for url in urls:
            engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
            undo.callback(engine.dispose)
            connections.append(undo.enter_context(engine.connect()))
        costs = []
        for name in LIVE + SLOW:
            times: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for at, connection in enumerate(connections):
                    began = time.perf_counter()
                    queries.frame(name, connection)
                    times[at].append(1000 * (time.perf_counter() - began))
                    connection.rollback()
            costs.append(Cost(name, (statistics.median(times[0]), statistics.median(times[1]))))
    return [*costs, _total("the Live snapshot", costs, LIVE), _total("with day and trend", costs, LIVE + SLOW)]


def _total(name: str, costs: list[Cost], names: tuple[str, ...]) -> Cost:
    chosen = [cost.milliseconds for cost in costs if cost.name in names]
    return Cost(name, (sum(small for small, _ in chosen), sum(large for _, large in chosen)))


def _filled(stack: Stack, contacts: int) -> str:
    name = f"history_{contacts}"
    with psycopg.connect(stack.database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = stack.database.rsplit("/", 1)[0] + f"/{name}"
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        history.fill(connection, contacts=contacts)
        roll_ups.count(connection)
        history.finish(connection)
    return url
