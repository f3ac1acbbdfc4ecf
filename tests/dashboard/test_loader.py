"""The loader on a real database: a commit rings, the database goes away and comes back, and the last good figures stay meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import text

from dashboard import data
from dashboard.edition import Edition
from dashboard.loader import LONGEST_REST_SECONDS, SHORTEST_GAP_SECONDS, Loader, rest_after
from sql.settings import settings
from tests.e2e import city
from tests.servers import Services
from tests.tcp_proxy import TcpProxy

PATIENCE_SECONDS = 15.0


@pytest.fixture
def filled(database: str) -> Iterator[psycopg.Connection]:
    """A connection to a database with the calm city in it."""
    with psycopg.connect(database) as connection:
        city.fill(connection, datetime.now(UTC), settings().zone, city.CALM)
        yield connection


@pytest.fixture
def running() -> Iterator[Callable[[], Loader]]:
    loaders: list[Loader] = []

    def start() -> Loader:
        loaders.append(Loader())
        loaders[-1].start()
        return loaders[-1]

    yield start
    for one in loaders:
        one.stop()


def until(loader: Loader, reached: Callable[[Edition], bool]) -> Edition:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached(loader.edition):
        assert time.monotonic() < deadline, loader.edition.figures["strip"]
        time.sleep(0.005)
    return loader.edition


@pytest.mark.usefixtures("in_process")
def test_a_commit_is_on_the_screens_at_once(filled: psycopg.Connection, running: Callable[[], Loader]) -> None:
    loader = running()
    before = until(loader, lambda edition: edition.snapshot.live is not None and edition.snapshot.history is not None)
    assert before.snapshot.live is not None
    assert before.snapshot.live.total is not None
    waiting = before.snapshot.live.total.waiting_now
    took = []
    for i in range(5):
        time.sleep(SHORTEST_GAP_SECONDS + 0.1)  # the loader is at rest, as between two events of a quiet minute
        city.join_queue(filled, f"new-{i}", datetime.now(UTC))
        committed = time.monotonic()
        until(loader, lambda edition, expected=waiting + i + 1: edition.figures["waiting"]["value"] == str(expected))  # type: ignore[misc]
        took.append(time.monotonic() - committed)
    assert sorted(took)[2] < 0.5, took


@pytest.mark.usefixtures("in_process")
def test_however_often_commits_ring_the_database_is_read_at_most_every_200_ms(
    filled: psycopg.Connection, running: Callable[[], Loader]
) -> None:
    loader = running()
    until(loader, lambda edition: edition.snapshot.plant is not None)
    readings: list[datetime] = []

    def note() -> None:
        live = loader.edition.snapshot.live
        if live is not None and live.at not in readings:
            readings.append(live.at)

    end = loader.listen(note)
    stop = time.monotonic() + PATIENCE_SECONDS
    while len(readings) < 4 and time.monotonic() < stop:
        filled.execute("SELECT pg_notify('city311', 'contacts')")
        filled.commit()
    end()
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(readings)]
    assert len(readings) >= 4
    assert min(gaps) > SHORTEST_GAP_SECONDS * 0.9


def test_while_the_database_is_away_the_last_good_figures_stay_and_say_so(
    services: Services,
    filled: psycopg.Connection,
    database: str,
    environment: dict[str, str],
    tcp_proxy: Callable[[str, int], TcpProxy],
    monkeypatch: pytest.MonkeyPatch,
    running: Callable[[], Loader],
) -> None:
    from sql import engine

    proxy = tcp_proxy("127.0.0.1", filled.info.port)
    for name, value in (environment | {"DATABASE_URL": proxy.url(database)}).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    engine.close()
    proxy.cut()
    try:
        loader = running()
        assert until(loader, lambda edition: edition.snapshot.trouble is not None).verdict.headline == "Not known"
        proxy.restore()
        good = until(loader, lambda edition: edition.snapshot.live is not None and edition.snapshot.trouble is None)
        proxy.cut()
        away = until(loader, lambda edition: edition.snapshot.trouble is not None)
        assert away.snapshot.live is not None
        assert away.figures["waiting"]["value"] == good.figures["waiting"]["value"]
        assert away.figures["strip"]["away"]
        proxy.restore()
        until(loader, lambda edition: edition.snapshot.trouble is None and not edition.figures["strip"]["away"])
    finally:
        engine.close()
        settings.cache_clear()


@pytest.mark.usefixtures("in_process")
def test_a_connection_that_breaks_under_a_question_is_no_error_of_the_question() -> None:
    with pytest.raises(data.NoAnswer, match="The connection to the database broke: terminating connection"):
        data.ask(lambda connection: connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())")))
    with pytest.raises(data.NoAnswer, match="The database answered with an error: division by zero"):
        data.ask(lambda connection: connection.execute(text("SELECT 1 / 0")))


@pytest.mark.usefixtures("in_process")
def test_the_bell_rings_once_for_many_commits_and_not_without_one(filled: psycopg.Connection) -> None:
    bell = data.Bell()
    assert not bell.wait(0.05)
    ring = threading.Timer(0.1, lambda: city.beat(filled, datetime.now(UTC)))
    ring.start()
    assert bell.wait(5)
    ring.join()
    assert not bell.wait(0.05)
    bell.close()


@pytest.mark.parametrize(("took", "rest"), [(0.01, SHORTEST_GAP_SECONDS - 0.01), (0.3, 0.3), (25.0, LONGEST_REST_SECONDS)])
def test_a_reading_that_hung_with_the_database_is_not_followed_by_a_rest_as_long(took: float, rest: float) -> None:
    assert rest_after(took) == pytest.approx(rest)
