"""What an error says in one line: never nothing, never a frame of SQLAlchemy's, and what to do where a person can do something."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from sql import engine
from sql.engine import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(TimeoutError(), "TimeoutError", id="says nothing"),
        pytest.param(psycopg.OperationalError("\n  the connection is lost\nmore of it"), "the connection is lost", id="several lines"),
        pytest.param(OperationalError("SELECT 1", {}, psycopg.OperationalError("gone")), "gone", id="wrapped by SQLAlchemy"),
        pytest.param(
            psycopg.errors.UndefinedTable('relation "contact" does not exist'),
            'relation "contact" does not exist: run `python -m sql migrate` first',
            id="no schema",
        ),
    ],
)
def test_the_first_line_of_an_error(error: Exception, line: str) -> None:
    assert first_line(error) == line


@pytest.mark.usefixtures("in_process")
def test_a_connection_in_use_is_given_back_before_the_pool_goes(database: str) -> None:
    def ask() -> None:
        with engine.engine(read=True).connect() as connection:
            connection.execute(text("SELECT pg_sleep(0.5)"))

    asking = threading.Thread(target=ask)
    asking.start()
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(database, autocommit=True) as other:
        deadline = time.monotonic() + 15
        while other.execute(sessions + " AND state = 'active'").fetchone() == (0,) and time.monotonic() < deadline:
            time.sleep(0.01)
        engine.close()
        asking.join()
        while other.execute(sessions).fetchone() != (0,):
            assert time.monotonic() < deadline, "a connection is left that nobody closes"
            time.sleep(0.05)


@pytest.mark.usefixtures("in_process")
def test_all_who_ask_first_at_once_get_the_same_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    create = engine.create_engine

    def slowly(*args: Any, **options: Any) -> Any:
        time.sleep(0.1)
        return create(*args, **options)

    monkeypatch.setattr(engine, "create_engine", slowly)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: engine.engine(read=True), range(4)))
    assert len({id(one) for one in found}) == 1
