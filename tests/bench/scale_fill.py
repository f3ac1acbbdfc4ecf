"""Databases of a given size, filled while they have the first schema, so that the migrations to the newest are timed on all the rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import sql.migrate
from tests import roll_ups
from tests.bench import history, requests
from tests.bench.processes import load

FIRST_SCHEMA = "0002"  # the first that has contacts and requests
KINDS: dict[str, Callable[[psycopg.Connection[object], int], None]] = {
    "contact": lambda connection, count: history.fill(connection, contacts=count),
    "request": lambda connection, count: requests.fill(connection, requests=count),
}
# A session that fills a table may take more than one that answers pages; the server itself stays as it is.
SESSION = "SET maintenance_work_mem = '1GB'; SET synchronous_commit = off"


@dataclass(frozen=True)
class Size:
    """How much a database holds."""

    contacts: int
    requests: int

    @property
    def name(self) -> str:
        """Of the database."""
        return f"scale_{self.contacts}_{self.requests}"


@dataclass
class Filled:
    """A filled database, what each step of making it took, and what its tables take on disk."""

    url: str
    size: Size
    seconds: dict[str, float] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)

    def bytes_of(self, table: str) -> int:
        """A table with its indexes, on disk."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT pg_total_relation_size(%s::regclass)", [table]).fetchone()
        return int(found[0]) if found else 0


def filled(server_url: str, size: Size, say: Callable[[str], None]) -> Filled:
    """The database of that size: one that an earlier run has finished, or made now.

    Args:
        server_url: a database of the server in which it is to be.
        say: told each step's seconds, for it takes long.
    """
    made = Filled(server_url.rsplit("/", 1)[0] + f"/{size.name}", size)
    with psycopg.connect(server_url, autocommit=True) as connection:
        known = connection.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", [[size.name, f"{size.name}_part"]]).fetchall()
        if (size.name,) in known:
            return made
        if (f"{size.name}_part",) not in known:
            connection.execute(f'CREATE DATABASE "{size.name}_part"'.encode())
    part = Filled(f"{made.url}_part", size)
    _fill(part, say)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{size.name}_part" RENAME TO "{size.name}"'.encode())  # the mark of a complete one
    made.seconds, made.migrations = part.seconds, part.migrations
    return made


def _fill(made: Filled, say: Callable[[str], None]) -> None:
    """Step by step; a database on which an earlier run was interrupted goes on with the step that it had not finished."""
    steps: dict[str, Callable[[], object]] = {
        "first schema": lambda: _first_schema(made.url),
        "fill contact": lambda: _fill_table(made.url, "contact", made.size.contacts),
        "fill request": lambda: _fill_table(made.url, "request", made.size.requests),
        "migrate": lambda: made.migrations.extend(sql.migrate.migrate(made.url)),
        "count the roll-ups": lambda: _run(made.url, f"TRUNCATE contact_interval; {roll_ups.ALL_OF_THEM}"),
        "vacuum": lambda: _run(made.url, "VACUUM ANALYZE"),
    }
    done = _done(made.url)
    for name, step in steps.items():
        if name in done:
            continue
        began = time.perf_counter()
        step()
        made.seconds[name] = time.perf_counter() - began
        done.append(name)
        _run(made.url, f"COMMENT ON DATABASE \"{made.size.name}_part\" IS '{', '.join(done)}'")
        say(f"{made.size.name}: {name} {made.seconds[name]:.1f} s; {load()}")


def _done(url: str) -> list[str]:
    """The steps that are finished."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    return str(found[0]).split(", ") if found and found[0] else []


def _first_schema(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(sql.migrate.__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST_SCHEMA)
    engine.dispose()


def _fill_table(url: str, table: str, count: int) -> None:
    """Without the indexes, which are made afterwards in one go; all of it or nothing."""
    with psycopg.connect(url) as connection:
        connection.execute(SESSION.encode())
        wanted = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname <> %s"
        indexes = connection.execute(wanted, [table, f"{table}_pkey"]).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        KINDS[table](connection, count)
        for _, definition in indexes:
            connection.execute(definition.encode())


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SESSION.encode())
        connection.execute(statement.encode())
