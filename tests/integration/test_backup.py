"""A backup made while a consumer writes, restored into an empty database: the consumer goes on from there, nothing lost and nothing double."""

import re
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dotenv import dotenv_values
from sqlalchemy import create_engine

from sql import accounts
from sql.embedded import _programs
from sql.rebuild import rebuild
from sql.settings import PROJECT
from streams.events import Event
from tests.contact_samples import contacts, encoded, publish
from tests.servers import Services

CONTACTS = 3_000
BEFORE_THE_BACKUP = 4_000  # events; the others come during it and after it
WITHIN_SECONDS = 90


def commands(heading: str) -> list[list[str]]:
    """The pg_dump and pg_restore lines that docs/deploy.md gives, as they stand there."""
    words = (PROJECT / "docs" / "deploy.md").read_text().partition(f"## {heading}")[2].partition("\n## ")[0]
    return [line.split() for line in re.findall(r"^ {4}(pg_(?:dump|restore) .*)$", words, re.MULTILINE)]


def run(command: list[str], environment: dict[str, str]) -> None:
    program = _programs() / "bin" / command[0]
    filled = [re.sub(r"\$(\w+)", lambda name: environment[name[1]], part).strip('"') for part in command[1:]]
    done = subprocess.run([program, *filled], env=environment, capture_output=True, text=True, timeout=WITHIN_SECONDS)
    assert done.returncode == 0, done.stderr


def urls(database: str, files: Path) -> dict[str, str]:
    files.mkdir(exist_ok=True)
    with psycopg.connect(database, autocommit=True) as connection:
        accounts.establish(connection, database, files=files)
    return {path.stem: str(dotenv_values(path)["DATABASE_URL"]) for path in files.glob("*.env")}


def owner(files: Path) -> dict[str, str]:
    """The environment in which the standard tools work on the owner's database."""
    return {name: value for name, value in dotenv_values(files / "owner.env").items() if value and name.startswith("PG")}


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchone()[0]  # type: ignore[index]


def consuming(environment: dict[str, str], url: str, *options: str) -> "subprocess.Popen[str]":
    changed = {"DATABASE_URL": url, "CONSUMER_BATCH_EVENTS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "streams", "consume", *options], env=environment | changed, cwd=PROJECT, stderr=subprocess.PIPE, text=True
    )


def wait_for(condition: Any, what: str) -> None:
    until = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < until, f"{what} did not happen"
        time.sleep(0.02)


@pytest.fixture
def happening() -> list[Event]:
    return list(contacts(CONTACTS))


def test_a_backup_of_a_running_system_is_restored_and_goes_on(
    services: Services, topics: str, environment: dict[str, str], database: str, empty_database: str, happening: list[Event], tmp_path: Path
) -> None:
    (dump,), (restore,) = commands("Backup"), commands("Restore")
    lost = urls(database, tmp_path / "lost")
    file = {"FILE": str(tmp_path / "city311.dump")}
    first, rest = happening[:BEFORE_THE_BACKUP], iter(happening[BEFORE_THE_BACKUP:])
    publish(services.kafka.address, topics, encoded(iter(first)))
    consumer = consuming(environment, lost["streams"])
    going_on = threading.Event()

    def go_on() -> None:
        while not going_on.wait(0.02) and (few := list(islice(rest, 100))):
            publish(services.kafka.address, topics, encoded(iter(few)))

    try:
        wait_for(lambda: ask(database, "SELECT coalesce(sum(next_offset), 0) FROM stream_offset") > 500, "consuming")
        publishing = threading.Thread(target=go_on)
        publishing.start()
        run(dump, environment | file | owner(tmp_path / "lost"))
        going_on.set()
        publishing.join()
        publish(services.kafka.address, topics, encoded(rest))
        wait_for(lambda: ask(database, "SELECT sum(next_offset) FROM stream_offset") == len(happening), "all of it")
    finally:
        going_on.set()
        consumer.kill()
        consumer.communicate()

    found = urls(empty_database, tmp_path / "found")  # the accounts and their owner's empty database, as on a new machine
    run(restore, environment | file | owner(tmp_path / "found"))
    urls(empty_database, tmp_path / "found")
    at_restore = ask(empty_database, "SELECT sum(next_offset) FROM stream_offset")
    assert 500 < at_restore < len(happening), "the backup was made on the way"
    goes_on = consuming(environment, found["streams"], "--until-idle", "2")
    _, errors = goes_on.communicate(timeout=WITHIN_SECONDS)
    assert goes_on.returncode == 0, errors

    assert ask(empty_database, "SELECT sum(next_offset) FROM stream_offset") == len(happening)
    for query in (
        "SELECT count(*) FROM contact",
        "SELECT sum(contacts) FROM contact_interval",
        "SELECT sum(wait_seconds) FROM contact_interval",
        "SELECT sum(handle_seconds) FROM contact_interval",
        "SELECT md5(string_agg(c::text, ';' ORDER BY contact_id)) FROM contact AS c",
    ):
        assert ask(empty_database, query) == ask(database, query), query
    assert ask(empty_database, "SELECT count(*) FROM contact") == CONTACTS
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert rebuild(connection, check_only=True).differences.empty
    engine.dispose()
