"""What each page's data costs with 50 million contacts and 20 million requests, and with a hundredth of them, asked in turn; and what it
takes to migrate such a database, to count its roll-ups anew, and to keep it.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
from sqlalchemy import create_engine

from dashboard import data, emergency_page, incident_page, staffing_page
from sql import embedded, engine, queries
from sql.rebuild import rebuild
from sql.settings import settings
from tests.bench import requests
from tests.bench.processes import load
from tests.bench.scale_fill import Filled, Size, filled
from tests.bench.snapshot import Cost

LARGE = Size(50_000_000, 20_000_000)
HUNDREDTH = 100
ROUNDS = 7
WANTED_TIMES = 1.5
SERVER_SETTINGS = {"track_commit_timestamp": "on", "autovacuum": "off"}  # filling ends with a vacuum of its own
NOW = datetime.now(UTC)

# What the pages of forecasts and incidents show beside contacts and requests: as much in each database.
BESIDE = """
INSERT INTO incident (name, kind, onset_at, opened_at, level) VALUES ('Bench storm', 'snow', now() - interval '30 hours', now() - interval '30 hours', 'Monitoring');
INSERT INTO incident_change (incident_id, changed_at, changed_by, name, level, onset_at, areas)
SELECT incident_id, opened_at, 'bench', name, level, onset_at, '{}' FROM incident;
INSERT INTO lifeline_type SELECT 'Transportation', service_name FROM service LIMIT 20;
INSERT INTO forecast_run (kind, made_at, first_day, reason, data_until)
SELECT 'full', d, (d AT TIME ZONE 'UTC')::date, 'bench', d FROM generate_series(date_trunc('day', now()) - interval '56 days', now(), interval '1 day') AS d;
INSERT INTO forecast_day (run_id, queue, model, day, lead_days, yhat, quantiles, planned, storm)
SELECT r.run_id, q.queue, 'demand', r.first_day + lead, lead + 1, 230, array_fill(230.0::double precision, ARRAY[cardinality(metric.quantile_levels())]), true, false
FROM forecast_run AS r CROSS JOIN queue AS q CROSS JOIN generate_series(0, 13) AS lead;
INSERT INTO forecast_interval (run_id, queue, interval_start, yhat, quantiles)
SELECT r.run_id, q.queue, r.made_at + n * interval '30 minutes', 5, array_fill(5.0::double precision, ARRAY[cardinality(metric.quantile_levels())])
FROM (SELECT * FROM forecast_run ORDER BY run_id DESC LIMIT 3) AS r CROSS JOIN queue AS q CROSS JOIN generate_series(0, 14 * 48 - 1) AS n;
INSERT INTO staffing_input SELECT max(run_id), queue, 210, 300, '', 20, 0.8, 0.85, 0.3, 30 FROM forecast_run CROSS JOIN queue GROUP BY queue;
"""


def _asked(name: str, **params: Any) -> pd.DataFrame:
    return data.ask(lambda connection: queries.frame(name, connection, **params))


def _reader(connection: Any) -> Any:
    return emergency_page.Reader()(connection)


# Each page asks by itself, through its own functions.
PAGES: dict[str, Callable[[], object]] = {
    "Live": lambda: data.ask(data.live),
    "Live, day and trend": lambda: data.ask(data.history),
    "Live, the hours ahead": lambda: data.ask(data.ahead),
    "Emergency": lambda: data.ask(_reader),
    "Incident": lambda: incident_page.whole(None),
    "Staffing": lambda: staffing_page.whole(data.now(), staffing_page.view_of({})),
    "System": lambda: (data.ask(data.plant), data.ask(data.watch)),
    "System, quality": lambda: data.ask(data.quality),
    **{name: partial(page, _asked) for name, page in requests.PAGES.items()},
}


@dataclass
class Scale:
    """What was found: each page's cost in both, and the larger one's making."""

    small: Filled
    large: Filled
    bytes: dict[str, int] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    rebuild_seconds: float = 0.0

    @property
    def too_slow(self) -> list[str]:
        """The pages that a long history makes slower than wanted."""
        return [cost.name for cost in self.costs if cost.milliseconds[1] > WANTED_TIMES * cost.milliseconds[0]]


def measure(size: Size = LARGE, *, state_dir: Path, say: Callable[[str], None], with_rebuild: bool = True) -> Scale:
    """Fill both databases, unless an earlier run has, and ask each page in both, turn by turn.

    Args:
        state_dir: the folder of the server; it stays there, so that a second run need not fill again.
        say: told what takes long.
        with_rebuild: count the roll-ups of the larger one anew, and compare them.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    state_dir.chmod(0o711)
    with embedded.running(state_dir, extra_settings=SERVER_SETTINGS) as server:
        sizes = Size(size.contacts // HUNDREDTH, size.requests // HUNDREDTH), size
        small, large = (filled(server.url, one, say) for one in sizes)
        found = Scale(small, large, {table: large.bytes_of(table) for table in ("contact", "contact_interval", "request")})
        for one in (small, large):
            _beside(one.url)
        for cost in _costs((small.url, large.url)):
            found.costs.append(cost)
            say(line(cost))
        if with_rebuild:
            found.rebuild_seconds, differing = _rebuild(large.url, check_only=False)
            say(f"rebuild of {size.contacts:,} contacts: {found.rebuild_seconds:.0f} s, {differing:,} roll-ups differed; {load()}")
            seconds, differing = _rebuild(large.url, check_only=True)
            say(f"compared again: {seconds:.0f} s")
            if differing:
                raise RuntimeError(f"{differing:,} roll-ups differed")
        return found


def summary(found: Scale) -> list[str]:
    """What it takes on disk, and whether it is as wanted."""
    sizes = {"contact": found.large.size.contacts, "contact_interval": found.large.size.contacts, "request": found.large.size.requests}
    lines = [
        f"  {table}: {found.bytes[table] / 1e9:.1f} GB with its indexes, {found.bytes[table] / count:.0f} MB a million"
        for table, count in sizes.items()
    ]
    slow = ", ".join(found.too_slow)
    return [*lines, f"  more than {WANTED_TIMES} times as slow as with a hundredth: {slow or 'none'}"]


def line(cost: Cost) -> str:
    """One line of the table."""
    small, large = cost.milliseconds
    return f"  {cost.name:24} {small:8.1f} ms {large:8.1f} ms {large / small:6.2f} ×  {load()}"


def _beside(url: str) -> None:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT 1 FROM incident WHERE name = 'Bench storm'").fetchone() is None:
            connection.execute(BESIDE.encode())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        newest = connection.execute("SELECT extract(epoch FROM now() - max(queued_at)) / 3600 FROM contact").fetchone()
    if newest is None or newest[0] is None or newest[0] > 12:
        raise RuntimeError(
            "these databases were filled more than half a day ago, and today is empty in them: remove the folder and fill anew"
        )


def _costs(urls: tuple[str, str], rounds: int = ROUNDS) -> Iterator[Cost]:
    for name, page in PAGES.items():
        times: list[list[float]] = [[], []]
        for number in range(rounds + 1):
            for at, url in enumerate(urls):
                _look_at(url)
                began = time.perf_counter()
                try:
                    page()
                    took = 1000 * (time.perf_counter() - began)
                except data.NoAnswer:
                    took = float("inf")
                if number:  # the first fills caches
                    times[at].append(took)
        yield Cost(name, (statistics.median(times[0]), statistics.median(times[1])))


def _look_at(url: str) -> None:
    """From now on this process's pages read that database, over a session that is open already."""
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    engine.close()
    for kept in (staffing_page._plan, staffing_page._scores):
        kept.clear()
    data.ask(data.watch)


def _rebuild(url: str, *, check_only: bool) -> tuple[float, int]:
    """How many seconds it took, and how many roll-ups were not as counted."""
    began = time.perf_counter()
    made = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with made.begin() as connection:
        found = rebuild(connection, check_only=check_only)
    made.dispose()
    return time.perf_counter() - began, found.differing
