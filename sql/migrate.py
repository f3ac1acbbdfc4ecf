"""Bring a database to the newest schema, and the metrics' definitions to the files of `sql/metrics`.

Tables change by Alembic migrations. Metrics hold no data, so they are dropped and made again whenever their files differ.
"""

import hashlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from sql import accounts

HERE = Path(__file__).parent
LOCK = 311_000_311  # any number that no other program takes for its advisory lock
LOCK_TIMEOUT_SECONDS = 30


def migrate(url: str) -> list[str]:
    """Apply what is missing, all of it or nothing, one process at a time.

    Args:
        url: SQLAlchemy URL of a Postgres 18 or newer.

    Returns:
        A line for each change that was made; empty when there was nothing to do.
    """
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        done = _tables(connection) + _metrics(connection)
        driver = connection.connection.driver_connection
        if done and driver and accounts.are_used(driver):  # what is new belongs to nobody's account yet
            accounts.grant(driver)
    engine.dispose()
    return done


def _tables(connection: Connection) -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    before = _applied(connection)
    command.upgrade(config, "head")
    return [f"{version}: {description}" for version, description in _applied(connection).items() if version not in before]


def _applied(connection: Connection) -> dict[str, str]:
    if connection.scalar(text("SELECT to_regclass('migration')")) is None:
        return {}
    rows = connection.execute(text("SELECT version, description FROM migration ORDER BY version"))
    return {row.version: row.description for row in rows}


def _metrics(connection: Connection) -> list[str]:
    files = sorted((HERE / "metrics").glob("*.sql"))
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    present = connection.scalar(text("SELECT obj_description(to_regnamespace('metric'), 'pg_namespace')"))
    if present == digest:
        return []
    connection.execute(text("DROP SCHEMA IF EXISTS metric CASCADE"))
    connection.execute(text("CREATE SCHEMA metric"))
    for file in files:
        connection.exec_driver_sql(file.read_text().replace("%", "%%"))
    connection.exec_driver_sql(f"COMMENT ON SCHEMA metric IS '{digest}'")
    return [f"metrics: {len(files)} files, {digest[:12]}"]
