"""The accounts of a deployment: each part works with its own, and can do nothing that it does not need."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text

from sql import accounts, engine as database_engine, grants, queries, reports
from sql.migrate import migrate
from sql.settings import PROJECT, settings
from tests.contact_samples import contacts, encoded, publish
from tests.dashboard import storm_city
from tests.servers import Services

PARTS = {"streams": ("streams",), "forecasting": ("forecasting",), "dashboard": ("dashboard",)}


@pytest.fixture
def urls(database: str, tmp_path: Path) -> dict[str, str]:
    """Part to the URL of its account in a database with the accounts."""
    return made(database, tmp_path / "accounts")


def made(database: str, files: Path) -> dict[str, str]:
    files.mkdir(exist_ok=True)
    with psycopg.connect(database, autocommit=True) as connection:
        accounts.establish(connection, database, files=files)
    found = {path.stem: re.search(r"^DATABASE_URL=(.*)$", path.read_text(), re.MULTILINE) for path in files.glob("*.env")}
    return {part: line[1] for part, line in found.items() if line}


def named_by(part: str) -> list[str]:
    """The named queries that a part's code speaks of."""
    code = "\n".join(file.read_text() for file in sorted((PROJECT / part).rglob("*.py")))
    return [name for name in queries.names() if f'"{name}"' in code]


def refused_to(url: str, names: list[str]) -> dict[str, str]:
    """Which of the named queries an account has no right to; what they lack of values is no matter."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    refused = {}
    with engine.connect() as connection:
        if any(name.startswith("sink-") for name in names):
            connection.exec_driver_sql(queries.statement("sink-begin"))
        for name in names:
            clause = queries.statement(name)
            with connection.begin_nested() as undo:
                try:
                    if "%(" in clause:
                        wanted = dict.fromkeys(re.findall(r"%\((\w+)\)s", clause))
                        connection.exec_driver_sql(clause, wanted)
                    else:
                        known = {"zone": "UTC", "given_up_after": 3600, "lost_after": 43200, "as_of": storm_city.ONSET + timedelta(hours=6)}
                        found = text(clause)
                        connection.execute(found, {key: known.get(key) for key in found.compile().params})
                except Exception as error:
                    cause = getattr(error, "orig", error)
                    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
                        refused[name] = str(cause).splitlines()[0]
                undo.rollback()
    engine.dispose()
    return refused


@pytest.fixture
def storm(urls: dict[str, str]) -> dict[str, str]:
    """The same, with something in the tables: written by the account of the streams."""
    storm_city.write(urls["streams"], storm_city.told(storm_city.ONSET, storm_city.ONSET + timedelta(hours=6), salt="storm"))
    storm_city.write(
        urls["streams"], [storm_city.forecast("PHI/1,1", storm_city.ONSET, 3.0), storm_city.alert("a", storm_city.ONSET, storm_city.ONSET)]
    )
    return urls


@pytest.mark.parametrize("part", PARTS)
def test_a_part_may_do_everything_that_its_code_speaks_of(part: str, storm: dict[str, str]) -> None:
    named = named_by(part)
    assert len(named) >= 15
    assert refused_to(storm[part], named) == {}


def test_the_reader_reads_the_reports(storm: dict[str, str]) -> None:
    assert refused_to(storm["reader"], list(reports.REPORTS)) == {}


def test_the_check_of_rights_can_fail(storm: dict[str, str]) -> None:
    assert list(refused_to(storm["dashboard"], ["write-forecast-run", "queue-now"])) == ["write-forecast-run"]


FORBIDDEN = [
    ("dashboard", "INSERT INTO contact (contact_id, source) VALUES ('a', 'b')"),
    ("dashboard", "UPDATE contact_interval SET contacts = 0"),
    ("dashboard", "DELETE FROM request"),
    ("dashboard", "DROP TABLE contact"),
    ("dashboard", "ALTER TABLE contact ADD COLUMN x integer"),
    ("dashboard", "CREATE TABLE mine (x integer)"),
    ("dashboard", "CREATE FUNCTION metric.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    ("dashboard", "CREATE TEMPORARY TABLE mine (x integer)"),
    ("dashboard", "SELECT value FROM dead_letter"),
    ("dashboard", "UPDATE audit SET who = 'somebody else'"),
    ("dashboard", "DELETE FROM audit"),
    ("dashboard", "UPDATE activity_log SET text = 'nothing happened'"),
    ("dashboard", "UPDATE stream_offset SET next_offset = 0"),
    ("dashboard", "INSERT INTO forecast_run (kind, made_at, first_day, reason) VALUES ('full', now(), now(), 'x')"),
    ("dashboard", "SET ROLE city311_owner"),
    ("dashboard", "SELECT rolpassword FROM pg_authid"),
    ("streams", "DROP TABLE contact"),
    ("streams", "DELETE FROM contact"),
    ("streams", "SELECT * FROM audit"),
    ("streams", "SELECT * FROM activity_log"),
    ("streams", "UPDATE incident SET name = 'x'"),
    ("streams", "INSERT INTO forecast_override (queue, from_at, to_at, factor, reason, made_by) VALUES ('*', now(), now(), 1, 'x', 'x')"),
    ("forecasting", "SELECT contact_id FROM contact"),
    ("forecasting", "SELECT description FROM request"),
    ("forecasting", "SELECT text FROM social_post"),
    ("forecasting", "SELECT * FROM audit"),
    ("forecasting", "INSERT INTO contact (contact_id, source) VALUES ('a', 'b')"),
    ("forecasting", "INSERT INTO schedule_upload (file_name, uploaded_by) VALUES ('a', 'b')"),
    ("reader", "SELECT * FROM audit"),
    ("reader", "SELECT text FROM social_post"),
    ("reader", "SELECT value FROM dead_letter"),
    ("reader", "SET default_transaction_read_only = off; INSERT INTO queue (queue, name) VALUES ('a', 'a')"),
    ("retention", "DELETE FROM contact_interval"),
    ("retention", "INSERT INTO contact (contact_id, source) VALUES ('a', 'b')"),
    ("retention", "DELETE FROM incident"),
]


@pytest.mark.parametrize("part", ["dashboard", "streams", "forecasting", "reader", "retention"])
def test_what_an_account_cannot_do(part: str, urls: dict[str, str]) -> None:
    with psycopg.connect(urls[part], autocommit=True) as connection:
        for statement in (statement for whose, statement in FORBIDDEN if whose == part):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                connection.execute(statement.encode())
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_consumer_consumes_as_its_account(
    services: Services, topics: str, environment: dict[str, str], urls: dict[str, str], database: str
) -> None:
    publish(services.kafka.address, topics, encoded(contacts(200)))
    command = [sys.executable, "-m", "streams", "consume", "--until-idle", "1"]
    done = subprocess.run(
        command, env=environment | {"DATABASE_URL": urls["streams"]}, cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*), (SELECT sum(contacts)::integer FROM contact_interval) FROM contact").fetchone() == (
            200,
            200,
        )


def test_a_person_edits_through_the_account_of_the_dashboard(urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.access.changes import written

    monkeypatch.setenv("DATABASE_URL", urls["dashboard"])
    settings.cache_clear()
    database_engine.close()
    try:
        row = written(
            "write-action", {"decided_on": "2026-11-23", "what": "call back", "owner": "Ann", "due_on": "2026-12-01", "who": "Ann"}
        )
        assert row is not None
    finally:
        database_engine.close()
        monkeypatch.undo()
        settings.cache_clear()


SCHEMA = """
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, c.relkind::text
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
"""


def test_everything_in_the_schema_has_a_line_in_the_table_and_nothing_else_has(database: str) -> None:
    with psycopg.connect(database) as connection:
        found = connection.execute(SCHEMA).fetchall()
        schemas = {
            row[0]
            for row in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")
        }
        functions = {row[0] for row in connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")}
        definers = connection.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text IN ('public', 'metric')"
        ).fetchall()
    assert {name for name, kind in found if kind != "S"} == grants.tables()
    assert {name for name, kind in found if kind == "S"} == set(grants.SEQUENCES)
    assert schemas == set(grants.SCHEMAS)
    assert functions == set(grants.FUNCTIONS)
    assert definers == [], "a function with its owner's rights is a way round the table"


def test_a_migration_grants_what_is_new_and_the_owner_can_make_it(urls: dict[str, str]) -> None:
    with psycopg.connect(urls["owner"], autocommit=True) as connection:
        connection.execute("COMMENT ON SCHEMA metric IS 'older files'")
    assert [line.split(":")[0] for line in migrate(urls["owner"])] == ["metrics"]
    with psycopg.connect(urls["dashboard"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM metric.definition").fetchone() == (True,)


def test_a_new_database_from_accounts_to_the_first_report(empty_database: str, tmp_path: Path) -> None:
    urls = made(empty_database, tmp_path / "accounts")
    assert migrate(urls["owner"])
    assert migrate(urls["owner"]) == []
    assert refused_to(urls["reader"], ["queue-now", "intervals"]) == {}


def test_a_database_without_accounts_stays_as_it_is(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert not accounts.are_used(connection)
        granted = connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'contact' AND relacl IS NOT NULL").fetchone()
    assert granted == (0,)


@pytest.fixture
def command(environment: dict[str, str], tmp_path: Path) -> Any:
    folder = tmp_path / "accounts"
    folder.mkdir()

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "sql", "accounts", "--files", str(folder)], env=environment, cwd=PROJECT, capture_output=True, text=True
        )

    return run, folder


def test_passwords_stand_in_private_files_alone_and_stay(command: Any) -> None:
    run, folder = command
    first = run()
    assert first.returncode == 0, first.stderr
    files = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(files) == {f"{name.removeprefix(grants.PREFIX)}.env" for name in grants.ACCOUNTS}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    passwords = [re.search(r"//\w+:([^@]+)@", words)[1] for words in files.values()]  # type: ignore[index]
    again = run()
    assert again.returncode == 0, again.stderr
    assert {path.name: path.read_text() for path in folder.iterdir()} == files
    said = first.stdout + first.stderr + again.stdout + again.stderr
    assert not [password for password in passwords if password in said]
    assert len(set(passwords)) == len(passwords)


def test_a_password_of_the_operators_own_is_taken(command: Any, database: str) -> None:
    run, folder = command
    url = database.replace("//city311:", "//city311_reader:").partition("@")
    mine = f"postgresql://city311_reader:my%20own%2F1@{url[2]}"
    (folder / "reader.env").write_text(f"DATABASE_URL={mine}\n")
    refused = run()
    assert (refused.returncode, "chmod 600" in refused.stderr) == (1, True)
    (folder / "reader.env").chmod(0o600)
    assert run().returncode == 0
    psycopg.connect(mine).close()
    (folder / "reader.env").write_text("DATABASE_URL=postgresql://somebody@nowhere/x\n")
    wrong = run()
    assert wrong.returncode == 1
    assert "city311_reader" in wrong.stderr
    assert "Traceback" not in wrong.stderr
