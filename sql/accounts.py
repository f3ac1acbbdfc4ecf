"""The accounts of a deployment's database, an own one for each part: made, given their passwords, and granted what `sql.grants` says.

A password comes from a private file or is made and written to one; it reaches the server only as its SCRAM verifier, and is never
printed. A database whose accounts were never made (the embedded one) stays as it is.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from dotenv import dotenv_values
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from sql import grants
from sql.whole_file import write_whole

_OF_WHOEVER_MAKES_THEM = {"user", "password", "passfile", "sslkey", "sslcert", "sslpassword", "options", "application_name"}
_LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
# Whatever the owner makes is used by nobody else until it has a line in the table.
_MINE = """
SELECT c.oid::regclass::text, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
FROM pg_class AS c
WHERE c.relnamespace = ANY(%(schemas)s::regnamespace[]) AND c.relkind IN ('r', 'v', 'S') AND c.relowner <> %(owner)s::regrole
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
UNION ALL
SELECT p.oid::regprocedure::text, 'FUNCTION' FROM pg_proc AS p
WHERE p.pronamespace = ANY(%(schemas)s::regnamespace[]) AND p.proowner <> %(owner)s::regrole
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""
_GRANTED_HERE = """
SELECT EXISTS (
    SELECT FROM pg_database AS d CROSS JOIN LATERAL aclexplode(d.datacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE d.datname = current_database() AND r.rolname = %s
)
"""


class AccountsFailed(Exception):
    """The accounts cannot be made so; the message says why and what to do."""


@dataclass(frozen=True)
class Made:
    """What `establish` did: the accounts that it made, the files that it wrote, and the accounts that got the password of their file."""

    new: tuple[str, ...]
    written: tuple[Path, ...]
    passwords: tuple[str, ...]


def establish(connection: Connection[Any], url: str, *, files: Path | None = None) -> Made:
    """Make the accounts that are missing, hand the schema to its owner, and grant each what the table says. Doing it again does no harm.

    Args:
        connection: autocommit, of somebody who may make accounts; everything happens in one transaction.
        url: where the database is; in the files it stands with each account's own name and password.
        files: the folder of private files, `streams.env` and so on, each with one DATABASE_URL. An account that has a file gets the
            password that stands in it; of one that has none the file is written, with a new password. None: passwords stay as they are.

    Raises:
        AccountsFailed: an account is a superuser's, or a file cannot be used; nothing was changed in the database.
        psycopg.Error: the database refuses.
        OSError: a file cannot be read or written.
    """
    urls = _urls(url, files) if files else {}
    with connection.transaction():
        new = tuple(name for name in grants.ACCOUNTS if _make(connection, name))
        for name, (password, _) in urls.items():
            verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
            connection.execute(SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(name), Literal(verifier)))
        _hand_over(connection)
        grant(connection)
        reader = SQL("ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = on")
        connection.execute(reader.format(Identifier(grants.PREFIX + "reader"), Identifier(connection.info.dbname)))
        written = tuple(_write(path, name, password, url) for name, (password, path) in urls.items() if not path.exists())
    return Made(new, written, tuple(urls))


def grant(connection: Connection[Any]) -> None:
    """Take away what PUBLIC and the parts have, and grant what the table says, where the schema is; the caller commits."""
    if not connection.execute("SELECT to_regnamespace('metric') IS NOT NULL").fetchone()[0]:  # type: ignore[index]
        everybody = ", ".join(grants.PREFIX + part for part in grants.PARTS)  # before the first migration: that they are used here
        _run(connection, f"GRANT CONNECT ON DATABASE {_database(connection)} TO {everybody}")
        return
    for statement in grants.statements(_database(connection)):
        _run(connection, statement)


def are_used(connection: Connection[Any]) -> bool:
    """Whether the accounts were made for this database: only then does a migration grant them anything."""
    row = connection.execute(_GRANTED_HERE, [grants.PREFIX + "streams"]).fetchone()
    return bool(row and row[0])


def _database(connection: Connection[Any]) -> str:
    return Identifier(connection.info.dbname).as_string(connection)


def _run(connection: Connection[Any], statement: str) -> None:
    connection.execute(statement.encode())  # of names in the table of grants, and of the catalogue's own, quoted


def _make(connection: Connection[Any], name: str) -> bool:
    found = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if found and found[0]:
        raise AccountsFailed(f"The account {name} is a superuser: `ALTER ROLE {name} NOSUPERUSER` first, or drop it.")
    if not found:
        connection.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(name)))
    return not found


def _hand_over(connection: Connection[Any]) -> None:
    """Everything that is there becomes the owner's."""
    owner = Identifier(grants.OWNER)
    if not connection.execute("SELECT pg_has_role(%s, 'SET')", [grants.OWNER]).fetchone()[0]:  # type: ignore[index]
        connection.execute(SQL("GRANT {} TO CURRENT_USER").format(owner))
    schemas = [name for name in grants.SCHEMAS if connection.execute("SELECT to_regnamespace(%s)", [name]).fetchone()[0]]  # type: ignore[index]
    connection.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(connection.info.dbname), owner))
    if "metric" in schemas:
        connection.execute(SQL("ALTER SCHEMA metric OWNER TO {}").format(owner))
    for name, kind in connection.execute(_MINE, {"schemas": schemas, "owner": grants.OWNER}).fetchall():
        _run(connection, f"ALTER {kind} {name} OWNER TO {grants.OWNER}")


def _urls(url: str, files: Path) -> Mapping[str, tuple[str, Path]]:
    """Each account's password and its file, which may not be there yet."""
    if not files.is_dir():
        raise AccountsFailed(f"{files} is no folder: make it first, readable by nobody but the one who starts the services.")
    paths = {name: files / f"{name.removeprefix(grants.PREFIX)}.env" for name in grants.ACCOUNTS}
    return {name: (_password_in(path, name) if path.exists() else secrets.token_urlsafe(24), path) for name, path in paths.items()}


def _password_in(path: Path, name: str) -> str:
    if path.stat().st_mode & 0o077:
        raise AccountsFailed(f"{path} can be read by others: `chmod 600` it first.")
    parts = urlsplit(dotenv_values(path, interpolate=False).get("DATABASE_URL") or "")
    if parts.username != name or not parts.password:
        raise AccountsFailed(
            f"{path} has no DATABASE_URL of {name} with a password: write postgresql://{name}:PASSWORD@…, or move it away."
        )
    return unquote(parts.password)


def _write(path: Path, name: str, password: str, url: str) -> Path:
    own = _url_of(name, password, url)
    lines = [f"# The account {name}: {grants.ACCOUNTS[name]}.", f"DATABASE_URL={own}"]
    if name == grants.OWNER:  # pg_dump, pg_restore and psql take theirs from here, so that no password stands in a command
        lines += [f"{_LIBPQ[key]}={value}" for key, value in conninfo_to_dict(own).items() if key in _LIBPQ]
    write_whole(path, ("\n".join(lines) + "\n").encode())
    return path


def _url_of(name: str, password: str, url: str) -> str:
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key not in _OF_WHOEVER_MAKES_THEM]
    return urlunsplit((parts.scheme, f"{name}:{quote(password, safe='')}@{server}", parts.path, urlencode(kept, safe="/:,"), ""))
