"""Retention against a real database: what a person wrote is gone, what was counted stays to the digit, and a consumer goes on beside it."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from sql import accounts, queries, reports, retention
from sql.rebuild import rebuild
from sql.settings import PROJECT, Settings
from streams import events
from tests.contact_samples import contacts, encoded, publish
from tests.dashboard import storm_city
from tests.servers import Services

NOW = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0)
OLD = NOW - timedelta(days=900)
YOUNG = NOW - timedelta(days=20)
PRIVATE = "Jane Doe"
WITHIN_SECONDS = 60


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    yield opened
    opened.dispose()


def private_request(name: str, at: datetime, notes: str) -> tuple[str, events.Event]:
    """A closed request full of somebody's words."""
    data = events.RequestSnapshot(
        service_request_id=name, status="closed", requested_datetime=at, updated_datetime=at + timedelta(hours=3), service_name="Pothole",
        description=f"{PRIVATE} fell here", status_notes=notes, service_notice=f"call {PRIVATE}", address=f"1 Main St, {PRIVATE}",
        media_url=f"https://pictures.example/{PRIVATE}", address_id="7", lat=39.95, long=-75.16,
    )  # fmt: skip
    return storm_city.one(data, at, name)


def fill(database: str) -> list[tuple[str, events.Event]]:
    """The same happenings long ago and lately; those of long ago."""
    told = {}
    for name, begins in (("old", OLD), ("young", YOUNG)):
        told[name] = [
            *storm_city.told(begins, begins + timedelta(hours=5), salt=name),
            private_request(f"{name}-private", begins, f"{PRIVATE} said: No Work Needed here"),
            private_request(f"{name}-private-2", begins, f"done by {PRIVATE}"),
            storm_city.one(events.SearchPerformed(f"{name}-search", PRIVATE, 0), begins, f"{name}-search"),
            storm_city.one(events.AgentStateChanged(f"{name}-agent", "available", ("general",)), begins, f"{name}-agent"),
            storm_city.one(events.unreadable(PRIVATE.encode(), "no time"), begins, f"{name}-line"),
            storm_city.one(events.SocialPosted(f"{name}-post", f"{PRIVATE}: no power", "hash"), begins, f"{name}-post"),
            storm_city.one(events.SurveyAnswered(f"{name}-survey", 4, 5, contact_id=f"{name}-0"), begins, f"{name}-survey"),
            storm_city.forecast("PHI/1,1", begins, 2.0),
        ]
        storm_city.write(database, told[name])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO closing_phrase (phrase) VALUES ('no work needed')")
        for table, at in (("social_post", "received_at = posted_at"), ("dead_letter", "refused_at = now() - interval '1 day'")):
            connection.execute(f"UPDATE {table} SET {at}".encode())
        connection.execute("UPDATE dead_letter SET refused_at = %s WHERE source = 'storm' AND mod(\"offset\", 2) = 0", [OLD])
        connection.execute(
            "INSERT INTO audit (changed_at, who, what, subject) VALUES (%s, 'Ann', 'incident', 'old'), (now(), 'Ann', 'incident', 'new')",
            [NOW - timedelta(days=4000)],
        )
        connection.execute(
            "INSERT INTO forecast_run (kind, made_at, first_day, reason) VALUES ('full', %s, %s, 'old'), ('full', now(), now(), 'new')",
            [NOW - timedelta(days=2000), NOW - timedelta(days=2000)],
        )
        connection.execute("INSERT INTO forecast_interval SELECT min(run_id), 'general', %s, 1, '{1}' FROM forecast_run", [OLD])
    return told["old"]


def figures(engine: Engine) -> dict[str, pd.DataFrame]:
    """Everything that a report says of the old day, and of now, without what docs/retention.md says is lost."""
    old, after = OLD - timedelta(hours=2), OLD + timedelta(days=1)
    asked = {
        "intervals": reports.Request(),
        "day-intervals": reports.Request(as_of=OLD + timedelta(hours=4)),
        **{name: reports.Request(as_of=OLD + timedelta(hours=4), by_type=True) for name in ("backlog", "time-to-close", "weeks-to-clear")},
        "flow": reports.Request(starts_at=old, ends_at=after, by_type=True),
        "due-cohort": reports.Request(starts_at=old, ends_at=after, by_type=True),
        "data-quality": reports.Request(starts_at=old, ends_at=after),
        "hot-spots": reports.Request(starts_at=old, ends_at=after),
        "reopened": reports.Request(starts_at=YOUNG - timedelta(hours=1)),
        "service-level": reports.Request(starts_at=YOUNG - timedelta(hours=1)),
    }
    with engine.connect() as connection:
        found = {name: reports.report(name, connection, request) for name, request in asked.items()}
        found["weekly without work"] = pd.read_sql(
            text(
                "SELECT department, count(*) FILTER (WHERE EXISTS (SELECT FROM closing_phrase WHERE strpos(lower(status_notes), phrase) > 0)) AS n FROM request GROUP BY 1"
            ),
            connection,
        )
        found["topics"] = queries.frame("social-topics", connection, **{"from": old, "to": after, "as_of": after})
    return found


def assert_same(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> None:
    for name, frame in before.items():
        assert not frame.empty, name
        pd.testing.assert_frame_equal(frame, after[name], check_exact=True, obj=name)


def holding(database: str, words: str) -> dict[str, int]:
    """The tables in which words stand, wherever in a row, and in how many rows."""
    with psycopg.connect(database) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        ]
        as_bytes = words.encode().hex()
        counts = {
            table: connection.execute(
                f'SELECT count(*) FROM "{table}" AS t WHERE strpos(t::text, %s) > 0 OR strpos(t::text, %s) > 0'.encode(), [words, as_bytes]
            ).fetchone()[0]  # type: ignore[index]
            for table in tables
        }
    return {table: count for table, count in counts.items() if count}


def count(database: str, query: str) -> Any:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchone()[0]  # type: ignore[index]


def no_difference(engine: Engine) -> bool:
    with engine.connect() as connection:
        return rebuild(connection, check_only=True).differences.empty


def test_words_are_gone_and_figures_stay_to_the_digit(database: str, engine: Engine, tmp_path: Path) -> None:
    told = fill(database)
    assert holding(database, PRIVATE) == {"request": 4, "search": 2, "social_post": 2, "dead_letter": 2}
    before = figures(engine)
    with engine.connect() as connection:
        foreseen = list(retention.would_take(connection, Settings(), NOW))
    deleting = account(database, tmp_path, "retention")
    done = retention.retain(deleting, Settings(), NOW)
    assert [(taken.rule.name, taken.rows) for taken in foreseen] == [(taken.rule.name, taken.rows) for taken in done]
    rows = {taken.rule.name: taken.rows for taken in done}
    assert rows == rows | {
        "contacts": 150,
        "agents": 1,
        "surveys": 1,
        "dead-letters": 1,
        "weather-forecasts": 0,
        "forecasts": 1,
        "audit": 1,
    }
    assert min(rows["requests"], rows["searches"], rows["social-texts"]) >= 2

    assert holding(database, PRIVATE) == {"request": 2, "search": 1, "social_post": 1, "dead_letter": 1}
    assert count(database, "SELECT count(*) FROM contact WHERE contact_id LIKE 'old%'") == 0
    assert count(database, "SELECT string_agg(agent_id, ',') FROM agent WHERE agent_id LIKE '%-agent'") == "young-agent"
    assert count(database, "SELECT count(*) FROM forecast_interval") == 0
    assert_same(before, figures(engine))
    assert no_difference(engine)

    assert [taken.rows for taken in retention.retain(deleting, Settings(), NOW)] == [0] * len(done)
    deleting.dispose()
    storm_city.write(database, told)  # the same events once more: they change nothing that was counted
    assert count(database, "SELECT count(*) FROM contact WHERE contact_id LIKE 'old%'") == 0
    assert_same({name: frame for name, frame in before.items() if name != "topics"}, figures(engine))
    assert no_difference(engine)
    with engine.begin() as connection:
        rebuild(connection)
    assert_same({"intervals": before["intervals"]}, figures(engine))


def account(database: str, tmp_path: Path, part: str) -> Engine:
    folder = tmp_path / "accounts"
    folder.mkdir(exist_ok=True)
    with psycopg.connect(database, autocommit=True) as connection:
        accounts.establish(connection, database, files=folder)
    url = re.search(r"^DATABASE_URL=(.*)$", (folder / f"{part}.env").read_text(), re.MULTILINE)
    assert url
    return create_engine(url[1].replace("postgresql://", "postgresql+psycopg://"))


def test_what_was_interrupted_goes_on(database: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(database)
    before = figures(engine)
    short = tuple(replace(rule, most=40) for rule in retention.rules(Settings()) if rule.name == "contacts")
    monkeypatch.setattr(retention, "rules", lambda _: short)
    note, noted = retention._note, []

    def interrupted(connection: Any, of: retention.Rule, rows: int) -> None:
        noted.append(rows)
        if len(noted) == 3:
            raise KeyboardInterrupt
        note(connection, of, rows)

    monkeypatch.setattr(retention, "_note", interrupted)
    with pytest.raises(KeyboardInterrupt):
        retention.retain(engine, Settings(), NOW)
    left = count(database, "SELECT count(*) FROM contact WHERE contact_id LIKE 'old%'")
    assert left == 150 - 2 * 40, "two batches are committed, the third is not"
    assert no_difference(engine)
    monkeypatch.setattr(retention, "_note", note)
    assert [taken.rows for taken in retention.retain(engine, Settings(), NOW)] == [left]
    assert count(database, "SELECT rows FROM retention WHERE what = 'contacts'") == 150
    assert_same({"intervals": before["intervals"]}, figures(engine))


def test_a_consumer_goes_on_beside_it(
    services: Services, topics: str, database: str, environment: dict[str, str], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO contact (contact_id, queue, source, queued_at, queued_at_reported, answered_at) "
            "SELECT 'old' || n, 'q0', 's', %s::timestamptz + n * interval '1 s', true, %s::timestamptz + n * interval '1 s' FROM generate_series(1, 30000) AS n",
            [OLD - timedelta(days=1)] * 2,
        )
    with engine.begin() as counted:
        rebuild(counted)
    command = [sys.executable, "-m", "streams", "consume", "--until-idle", "4"]
    consumer = subprocess.Popen(command, env=environment | {"CONSUMER_BATCH_EVENTS": "200"}, cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    held: list[float] = []
    ended = threading.Event()
    watching = threading.Thread(target=watch_locks, args=(database, ended, held))
    watching.start()
    try:
        expected = publish(services.kafka.address, topics, encoded(contacts(3000)))
        wait_for(lambda: count(database, "SELECT coalesce(sum(next_offset), 0) FROM stream_offset") > 0, "a first commit")
        began = count(database, "SELECT sum(next_offset) FROM stream_offset")
        done = retention.retain(engine, Settings(), NOW)
        assert {taken.rule.name: taken.rows for taken in done}["contacts"] == 30_000
        _, errors = consumer.communicate(timeout=WITHIN_SECONDS)
        assert consumer.returncode == 0, errors
    finally:
        ended.set()
        watching.join()
        if consumer.poll() is None:
            consumer.kill()
            consumer.communicate()
    assert began < expected == count(database, "SELECT sum(next_offset) FROM stream_offset")
    assert count(database, "SELECT count(*) FROM contact") == 3000
    assert max(held, default=0.0) < 1.0, "the consumer waited for retention"
    assert no_difference(engine)
    assert count(database, "SELECT sum(contacts)::integer FROM contact_interval") == 33_000


def watch_locks(database: str, ended: threading.Event, held: list[float]) -> None:
    """How long the consumer's statements have waited for a lock, looked at again and again."""
    waiting = (
        "SELECT max(extract(epoch FROM clock_timestamp() - query_start))::float FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name LIKE 'city311 %' AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        while not ended.wait(0.02):
            row = connection.execute(waiting.encode()).fetchone()
            if row and row[0] is not None:
                held.append(row[0])


def wait_for(condition: Any, what: str) -> None:
    until = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < until, f"{what} did not happen"
        time.sleep(0.02)


def test_the_command_says_what_it_would_do_and_does_it(database: str, environment: dict[str, str]) -> None:
    fill(database)

    def run(*options: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "sql", "retain", *options],
            env=environment | {"SEARCH_DAYS": "0"},
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    foreseen = run("--dry-run")
    assert any(line.startswith("would be: 150 contacts deleted") and line.endswith("(CONTACT_DAYS)") for line in foreseen)
    assert "would be: 0 searches deleted that were made: SEARCH_DAYS says for ever" in foreseen
    assert count(database, "SELECT count(*) FROM contact") == 300
    assert run() == [line.removeprefix("would be: ") for line in foreseen]
    assert count(database, "SELECT count(*) FROM contact") == 150


def test_a_report_of_what_is_deleted_is_refused_in_a_sentence(database: str, engine: Engine) -> None:
    fill(database)
    retention.retain(engine, Settings(), NOW)
    refused = [
        ("service-level", reports.Request()),
        ("service-level", reports.Request(starts_at=OLD)),
        ("queue-now", reports.Request(as_of=OLD)),
        ("reopened", reports.Request(starts_at=OLD)),
    ]
    with engine.connect() as connection:
        for name, request in refused:
            with pytest.raises(reports.InvalidRequest, match="is kept from"):
                reports.report(name, connection, request)
        assert not reports.report("queue-now", connection, reports.Request()).empty


def test_the_audit_keeps_what_is_young_and_is_deleted_by_retention_alone(database: str) -> None:
    fill(database)
    with psycopg.connect(database, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"):
            connection.execute("DELETE FROM audit WHERE subject = 'old'")
        connection.execute("SET city311.retention = 'audit'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="two years"):
            connection.execute("DELETE FROM audit WHERE subject = 'new'")
        for statement in ("UPDATE audit SET who = 'x'", "TRUNCATE audit", "DELETE FROM activity_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"):
                connection.execute(statement.encode())


@pytest.mark.parametrize("days", [1, 69])
def test_too_few_days_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="at least 70 days, or write 0"):
        Settings(contact_days=days)


def test_every_table_has_a_row_in_the_docs(database: str) -> None:
    words = (PROJECT / "docs" / "retention.md").read_text()
    named = set(re.findall(r"`([a-z_]+)`", "\n".join(line.split("|")[1] for line in words.splitlines() if line.startswith("| `"))))
    with psycopg.connect(database) as connection:
        tables = {
            row[0]
            for row in connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        }
    assert named == tables - {"alembic_version"}


def test_every_rule_has_its_statements() -> None:
    for rule in retention.rules(Settings()):
        assert f"retention-{rule.name}" in queries.names()
        assert rule.name == "social-texts" or f"write-retention-{rule.name}" in queries.names()
