"""Connections to the database: where it is, that it is new enough, that a dead one is noticed. It holds no SQL of the schema."""

import threading
import time
from functools import cache
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from sql.embedded import address_file
from sql.settings import settings

MINIMUM_MAJOR_VERSION = 18  # RETURNING old/new makes exact roll-up deltas possible
CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_MILLISECONDS = 5_000
CLOSE_WITHIN_SECONDS = 2.0
_making = threading.Lock()
_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


class DatabaseUnavailable(Exception):
    """The database cannot be used now; the message is one sentence that says why and what to do."""


def database_url(*, read: bool = False) -> str:
    """Where the database is: the setting, else the running embedded server's.

    Args:
        read: For reading only (DATABASE_READ_URL, where it is set).

    Raises:
        DatabaseUnavailable: neither is there.
    """
    chosen = settings()
    url = (chosen.database_read_url if read else None) or chosen.database_url
    if not url:
        try:
            url = address_file(chosen.state_dir).read_text().strip()
        except FileNotFoundError:
            raise DatabaseUnavailable("No database: start `make demo` or `make services`, or set DATABASE_URL.") from None
        except PermissionError as error:
            raise DatabaseUnavailable(f"{error.filename} is of another user, who runs the embedded Postgres: set DATABASE_URL.") from None
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def connect(*, read: bool = False, url: str | None = None, application_name: str = "city311", **options: Any) -> psycopg.Connection[Any]:
    """A plain psycopg connection, for COPY and LISTEN; its time zone is UTC, and a dead peer is noticed within half a minute.

    Args:
        read: A read-only session whose statements end after 5 s.
        url: Another database than `database_url(read=read)`.
        application_name: What the server's list of sessions shows.
        options: For `psycopg.connect`, for example `autocommit=True`.

    Raises:
        DatabaseUnavailable: no address, no answer, no entry, or a server older than Postgres 18.
    """
    url = url or database_url(read=read)
    parameters = conninfo_to_dict(url)
    # Compiling a query takes longer than any of ours runs, and begins by itself once a history is long.
    session = ["-c TimeZone=UTC", "-c jit=off"]
    if read:
        session += [f"-c statement_timeout={READ_TIMEOUT_MILLISECONDS}", "-c default_transaction_read_only=on"]
    merged: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": application_name, **_KEEPALIVES, **options}
    merged["options"] = " ".join([str(parameters.get("options") or ""), *session]).strip()
    try:
        connection: psycopg.Connection[Any] = psycopg.connect(url, **merged)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"Postgres at {_where(parameters)} cannot be used: {_reason(error)}. Is it running?") from None
    version = connection.info.server_version
    if version < MINIMUM_MAJOR_VERSION * 10_000:
        connection.close()
        needed = f"{MINIMUM_MAJOR_VERSION} or newer is needed"
        raise DatabaseUnavailable(f"Postgres at {_where(parameters)} is version {version // 10_000}: {needed}.")
    return connection


def first_line(error: BaseException) -> str:
    """What an error of a database or a broker says, in one line that is never empty; a schema that is not there is told how to come."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    line = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    if isinstance(cause, (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName)):
        return f"{line}: run `python -m sql migrate` first"
    return line


def _where(parameters: dict[str, Any]) -> str:
    return f"{parameters.get('host', 'localhost')}:{parameters.get('port', 5432)}/{parameters.get('dbname', '')}"


def _reason(error: Exception) -> str:
    """What libpq says, without its frame: `connection to server at … failed: FATAL:  …`, and without its hint on the next line."""
    first = str(error).strip().partition("\n")[0]
    return first.rpartition("failed: ")[2].removeprefix("FATAL:").strip().rstrip(".") or type(error).__name__


def engine(*, read: bool = False) -> Engine:
    """The pool of connections of this process. It asks for the address at each connect: a server may come back on another port.

    Args:
        read: Read-only sessions whose statements end after 5 s.

    Connecting raises DatabaseUnavailable; a connection lost on the way, SQLAlchemy's OperationalError.
    """
    with _making:  # two who ask first at once must not make two, of which nobody would close one
        return _pool(read)


@cache
def _pool(read: bool) -> Engine:
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(read=read, application_name="city311 reader" if read else "city311"),
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
    )


def close() -> None:
    """Give back this process's connections, those in use as soon as their question is answered; the next `engine()` begins anew."""
    deadline = time.monotonic() + CLOSE_WITHIN_SECONDS
    for read in (False, True):
        pool = _pool(read).pool
        while isinstance(pool, QueuePool) and pool.checkedout() and time.monotonic() < deadline:
            time.sleep(0.02)  # one that comes back to a pool that is gone is closed by nobody
        _pool(read).dispose()
    _pool.cache_clear()
