"""Alerts of our own against a real Postgres and Kafka: once, whole or not at all, sent at least once, whoever is killed when."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy.exc import SQLAlchemyError

from sql import queries
from sql.engine import engine
from sql.settings import settings
from streams import broker, events
from streams.__main__ import main
from streams.watch import store
from streams.watch.judging import Judged, Reading
from streams.watch.metrics import METRICS, TOTAL
from streams.watch.posts import ApprisePost, TopicPost
from streams.watch.quiet_hours import quiet_hours
from streams.watch.reading import Reader, known_subjects
from streams.watch.rules import TOPIC_RECEIVER, RuleFile, read
from streams.watch.telling import Teller, Told
from streams.watch.watcher import Watcher, only_watcher, watcher_of
from tests.servers import Services
from tests.streams.notify_server import NotifyServer, taking

NEW_YORK = ZoneInfo("America/New_York")
RULES = """\
[[receiver]]
name = "desk"
url_env = "DESK_URL"

[[rule]]
name = "waiting"
metric = "waiting_now"
subjects = ["general"]
above = 2
for_minutes = 0
severity = "watch"
send_to = ["desk"]
text = "{subject}: {value} wait, more than {threshold}."
runbook = "known"
"""


@pytest.fixture
def server() -> Iterator[NotifyServer]:
    with taking() as started:
        yield started


@pytest.fixture
def city(in_process: None, database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a city with the queue `general`, whose feed is heard; nobody waits."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO queue (queue, name) VALUES ('general', 'General'), ('chat', 'Chat')")
        connection.execute("INSERT INTO feed (feed, name, cadence_seconds) VALUES ('phone', 'Phone', 60), ('chat', 'Chat', 60)")
        connection.execute("INSERT INTO queue_feed (queue, feed) VALUES ('general', 'phone'), ('chat', 'chat')")
        for feed, age in (("phone", "10 seconds"), ("chat", "10 minutes")):
            connection.execute(
                "INSERT INTO feed_partition (feed, topic, partition, newest_event_at, heartbeat_at, ingested_at, events) "
                "VALUES (%s, %s, 0, now() - %s::interval, now() - %s::interval, now(), 90)",
                (feed, settings().topic_prefix + events.CONTACTS, age, age),
            )
        yield connection


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


@pytest.fixture
def alerts_topic(services: Services, topics: str) -> Iterator[str]:
    """The name of this test's topic of alerts; whoever writes to it first makes it."""
    yield topics + events.ALERTS
    with closing(broker.admin(services.kafka.address)) as client:
        if topics + events.ALERTS in client.list_topics():
            client.delete_topics([topics + events.ALERTS])


def file_of(path: Path) -> RuleFile:
    return read(path, anchors=["known"], subjects=None)


def wait_in(connection: psycopg.Connection[Any], count: int, queue: str = "general") -> None:
    connection.execute(
        "INSERT INTO contact (contact_id, source, queue, queued_at) SELECT gen_random_uuid(), 'phone', %s, now() - interval '2 minutes' FROM generate_series(1, %s)",
        (queue, count),
    )


def rows(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


ALERTS = "SELECT rule, subject, text, value, cleared_at IS NULL FROM watch_alert ORDER BY watch_alert_id"
DELIVERIES = "SELECT receiver, what, attempts, sent_at IS NOT NULL, dropped_at IS NOT NULL, error FROM watch_delivery ORDER BY receiver, watch_alert_id, what DESC"
FIRED = [("waiting", "general", "General: 3 wait, more than 2.", 3.0, True)]


def watcher(path: Path, *tellers: Teller) -> Watcher:
    return Watcher(file_of(path), list(tellers))


def teller(path: Path, url: str, *, at: list[datetime] | None = None, **changes: Any) -> Teller:
    """The desk's; `at[0]` is its clock."""
    receiver = replace(file_of(path).receivers[0], **changes)
    clock = (lambda _: at[0]) if at else store.now
    by_name = {rule.name: rule for rule in file_of(path).rules}
    return Teller("desk", ApprisePost(receiver, url, limit_seconds=5), receiver, by_name, NEW_YORK, engine().begin, clock)


def one_round(of: Watcher, as_of: datetime | None = None) -> Judged:
    with only_watcher() as connection:
        assert connection is not None
        return of.round(connection, as_of=as_of)


# ---- reading ----


def test_the_values_are_those_of_the_screens(city: psycopg.Connection[Any]) -> None:
    wait_in(city, 3)
    wait_in(city, 5, "chat")
    city.execute(
        "INSERT INTO contact (contact_id, source, queue, queued_at, answered_at, left_at, left_reason) "
        "SELECT gen_random_uuid(), 'phone', 'general', now() - interval '10 minutes', CASE WHEN n < 4 THEN now() - interval '595 seconds' END, "
        "CASE WHEN n = 4 THEN now() - interval '8 minutes' END, CASE WHEN n = 4 THEN 'abandoned' END FROM generate_series(1, 4) AS n"
    )
    city.execute("INSERT INTO dead_letter (topic, partition, \"offset\", reason, source) VALUES ('t', 0, 1, 'r', 'phone')")
    with engine().connect() as connection:
        found = Reader(METRICS).read(connection, store.now(connection))
        screen = queries.frame("queue-now", connection).set_index("queue")
    assert found["waiting_now"]["general"] == Reading("General", float(screen.loc["general", "waiting_now"])) == Reading("General", 3.0)
    assert found["waiting_now"]["chat"] == Reading("Chat", None)  # its feed has been silent for ten minutes
    assert found["longest_wait_now_seconds"]["general"].value == pytest.approx(120, abs=5)
    assert found["service_level_30m"]["general"] == Reading("General", 0.75, 4)
    assert found["abandon_share_30m"]["general"] == Reading("General", pytest.approx(1 / 7), 7)
    assert found["agents_available"]["general"].value is None  # no feed of agents
    assert found["feed_age_cadences"]["chat"].value == pytest.approx(10, abs=0.5)
    assert found["refused_events"] == {"t": Reading("t", 1.0), TOTAL: Reading("All topics", 1.0)}
    assert found["refused_share"]["phone"] == Reading("Phone", 0.0, 90)  # it was refused on another topic
    assert found["consumer_lag_events"] == {}
    assert found["forecast_age_minutes"] == {TOTAL: Reading("The forecast", None)}
    assert found["open_requests"][TOTAL] == Reading("City", 0.0)
    assert found["overdue_share"][TOTAL].value is None


def test_a_total_has_no_value_while_feeds_that_carry_most_contacts_are_silent(city: psycopg.Connection[Any]) -> None:
    wait_in(city, 3)
    with engine().connect() as connection:
        assert Reader(["waiting_now"]).read(connection, store.now(connection))["waiting_now"][TOTAL].value == 3
    wait_in(city, 5, "chat")
    with engine().connect() as connection:
        assert Reader(["waiting_now"]).read(connection, store.now(connection))["waiting_now"][TOTAL].value is None


def test_requests_consumers_and_forecasts_are_read(city: psycopg.Connection[Any]) -> None:
    city.execute("INSERT INTO department (department, name, position) VALUES ('streets', 'Streets', 1)")
    city.execute(
        "INSERT INTO request (service_request_id, status, requested_datetime, updated_datetime, snapshot_version, expected_datetime, service_name, department, "
        "usable_location, source, first_requested, last_requested) "
        "SELECT n::text, 'open', opened, opened, '', now() + (n - 2.5) * interval '1 day', 'Pothole', 'streets', true, 's', opened, opened "
        "FROM generate_series(1, 4) AS n CROSS JOIN (SELECT now() - interval '9 days') AS o (opened)"
    )
    for partition, lag in ((0, 40), (1, 2)):
        city.execute(
            "INSERT INTO stream_offset (topic, partition, next_offset, high_watermark) VALUES ('t', %s, 10, %s)", (partition, 10 + lag)
        )
    city.execute(
        "INSERT INTO forecast_run (kind, made_at, first_day, reason, seconds) VALUES ('full', now() - interval '90 minutes', current_date, 'r', 1)"
    )
    with engine().connect() as connection:
        found = Reader(METRICS).read(connection, store.now(connection))
        known = known_subjects(connection)
    assert found["overdue_share"]["streets"] == Reading("Streets", 0.5, 4)
    assert found["open_requests"] == {"streets": Reading("Streets", 4.0), TOTAL: Reading("City", 4.0)}
    assert found["consumer_lag_events"] == {"t": Reading("t", 42.0), TOTAL: Reading("All topics", 42.0)}
    assert found["forecast_age_minutes"][TOTAL].value == pytest.approx(90, abs=1)
    assert known == {"queue": {"general", "chat"}, "department": {"streets"}, "feed": {"phone", "chat"}, "topic": {"t"}}
    city.execute("UPDATE stream_offset SET checked_at = now() - interval '3 minutes' WHERE partition = 1")
    with engine().connect() as connection:
        assert Reader(METRICS).read(connection, store.now(connection))["consumer_lag_events"][TOTAL].value is None


def test_the_oldest_question_without_an_answer_is_read_while_posts_are_heard(city: psycopg.Connection[Any]) -> None:
    for post, question, age in (("a", True, 3), ("b", True, 1), ("c", False, 9), ("d", True, 30)):
        city.execute(
            "INSERT INTO social_post (post_id, source, posted_at, text, topics, question, version) VALUES (%s, 's', now() - make_interval(hours => %s), %s, '{power}', %s, '')",
            (post, age, post, question),
        )

    def oldest() -> float | None:
        with engine().connect() as connection:
            found = Reader(["unanswered_question_seconds"]).read(connection, store.now(connection))
        return found["unanswered_question_seconds"][TOTAL].value

    assert oldest() is None
    city.execute("UPDATE feed_partition SET topic = %s WHERE feed = 'phone'", (settings().topic_prefix + events.SOCIAL,))
    assert oldest() == pytest.approx(3 * 3600, abs=5)
    city.execute("INSERT INTO social_reply (reply_id, post_id, replied_at, source) VALUES ('r', 'a', now(), 's')")
    assert oldest() == pytest.approx(3600, abs=5)


def test_the_chance_is_the_lowest_of_the_half_hours_that_the_live_screen_shows(city: psycopg.Connection[Any]) -> None:
    now = datetime(2026, 11, 24, 15, 10, tzinfo=UTC)
    city.execute("INSERT INTO forecast_run (kind, made_at, first_day, reason) VALUES ('full', %s, '2026-11-24', 'test')", (now,))
    city.execute("INSERT INTO staffing_input SELECT run_id, 'general', 300, 150, 'test', 20, 0.8, NULL, 0.3, NULL FROM forecast_run")
    city.execute(
        "INSERT INTO staffing_capacity SELECT run_id, 'general', n, 2 * n FROM forecast_run CROSS JOIN generate_series(0, 10) AS n"
    )
    city.execute("INSERT INTO schedule_upload (file_name, uploaded_at, uploaded_by) VALUES ('a.csv', %s, 'Ann')", (now,))
    spread = [2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 20.0, 30.0, 60.0]
    for place, people in enumerate((10, 10, 10, 5, 1)):  # so many take 20, 20, 20, 10, 2 contacts: the fifth half hour is not shown
        starts_at = now.replace(minute=0) + place * timedelta(minutes=30)
        city.execute("INSERT INTO forecast_interval SELECT run_id, 'general', %s, 9, %s FROM forecast_run", (starts_at, spread))
        city.execute("INSERT INTO schedule SELECT upload_id, 'general', %s, %s FROM schedule_upload", (starts_at, people))

    def chances(at: datetime) -> dict[str, Reading]:
        with engine().connect() as connection:
            return Reader(["chance_of_target_next_2h"]).read(connection, at, as_of=at)["chance_of_target_next_2h"]

    assert chances(now) == {"general": Reading("General", pytest.approx(0.6)), TOTAL: Reading("All queues", pytest.approx(0.6))}
    assert chances(now + timedelta(minutes=30))["general"].value == pytest.approx(0.01)
    assert chances(now + timedelta(days=1)) == {}


# ---- once, whole or not at all ----


def test_it_fires_once_through_rounds_and_restarts_and_clears_once(city: psycopg.Connection[Any], rules: Path, database: str) -> None:
    wait_in(city, 3)
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("LISTEN city311")
        assert len(one_round(watcher(rules)).fired) == 1
        assert [notice.payload for notice in listener.notifies(timeout=5, stop_after=1)] == ["watch"]
    for _ in range(3):
        assert one_round(watcher(rules)).fired == []
    assert rows(city, ALERTS) == FIRED
    city.execute("DELETE FROM contact")
    with engine().connect() as connection:
        state = queries.frame("watch-now", connection).iloc[0]
    assert (state["rules"], state["firing"], state["not_taken"]) == (1, 1, 0)
    assert datetime.now(UTC) - state["judged_at"] < timedelta(minutes=1)
    assert len(one_round(watcher(rules)).cleared) == 1
    assert one_round(watcher(rules)).cleared == []
    assert rows(city, ALERTS) == [(*FIRED[0][:4], False)]
    assert rows(city, "SELECT what, receiver FROM watch_delivery ORDER BY what DESC") == [
        ("fired", TOPIC_RECEIVER),
        ("cleared", TOPIC_RECEIVER),
    ]


def test_a_round_that_fails_in_the_middle_leaves_nothing_and_the_next_one_fires(city: psycopg.Connection[Any], rules: Path) -> None:
    wait_in(city, 3)
    city.execute("CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$")
    city.execute("CREATE TRIGGER away BEFORE INSERT ON watch_state FOR EACH ROW EXECUTE FUNCTION away()")
    with pytest.raises(SQLAlchemyError, match="the disk is full"):
        one_round(watcher(rules))
    assert rows(city, ALERTS) == rows(city, DELIVERIES) == []
    city.execute("DROP TRIGGER away ON watch_state")
    assert len(one_round(watcher(rules)).fired) == 1
    assert rows(city, ALERTS) == FIRED


def test_minutes_are_counted_over_restarts_but_not_over_a_gap(city: psycopg.Connection[Any], rules: Path) -> None:
    rules.write_text(RULES.replace("for_minutes = 0", "for_minutes = 1"))
    wait_in(city, 3)
    city.execute("UPDATE watch_state SET evaluated_at = now()")
    now = datetime.now(UTC)
    seen = [len(one_round(watcher(rules), as_of=now + timedelta(seconds=second)).fired) for second in (0, 15, 30, 100, 115, 145)]
    assert seen == [0, 0, 0, 0, 0, 0]
    assert len(one_round(watcher(rules), as_of=now + timedelta(seconds=160)).fired) == 1


def test_a_rule_that_leaves_the_file_clears_its_alert(city: psycopg.Connection[Any], rules: Path) -> None:
    wait_in(city, 3)
    one_round(watcher(rules))
    rules.write_text(RULES.replace('name = "waiting"', 'name = "another"').replace("above = 2", "above = 20"))
    one_round(watcher(rules))
    assert rows(city, "SELECT rule, cleared_text FROM watch_alert") == [
        ("waiting", "Cleared: the rule, or this subject of it, is no longer in the rule file.")
    ]
    assert rows(city, "SELECT rule FROM watch_state") == [("another",)]


def test_lost_standings_do_not_fire_an_open_alert_again(city: psycopg.Connection[Any], rules: Path) -> None:
    wait_in(city, 3)
    one_round(watcher(rules))
    city.execute("DELETE FROM watch_state")
    one_round(watcher(rules))
    assert rows(city, ALERTS) == FIRED
    assert len(rows(city, DELIVERIES)) == 1
    city.execute("DELETE FROM watch_state")
    city.execute("DELETE FROM contact")
    assert len(one_round(watcher(rules)).cleared) == 1
    assert rows(city, "SELECT state FROM watch_state") == [("clear",)]


def test_the_screens_query_shows_what_fires_first_and_the_last_day_also_as_of_then(city: psycopg.Connection[Any], rules: Path) -> None:
    for subject, fired, cleared in (("old", 50, 30), ("ended late", 40, 20), ("ended", 3, 2), ("now", 30, None)):
        city.execute(
            "INSERT INTO watch_alert (rule, subject, severity, text, runbook, fired_at, cleared_at) "
            "VALUES ('r', %s, 'act', 't', 'a', now() - make_interval(hours => %s), now() - make_interval(hours => %s))",
            (subject, fired, cleared),
        )
    with engine().connect() as connection:
        shown = queries.frame("watch-alerts", connection)
        then = queries.frame("watch-alerts", connection, as_of=datetime.now(UTC) - timedelta(hours=35))
    assert list(shown["subject"]) == ["now", "ended", "ended late"]
    assert list(shown.columns) == ["rule", "subject", "severity", "text", "value", "fired_at", "cleared_at", "cleared_text", "runbook"]
    assert list(then["subject"]) == ["ended late", "old"]
    assert then["cleared_at"].isna().all()


# ---- sending ----


def test_whoever_is_told_hears_of_the_beginning_and_the_end(city: psycopg.Connection[Any], rules: Path, server: NotifyServer) -> None:
    desk = teller(rules, server.url())
    watching = watcher(rules, desk)
    wait_in(city, 3)
    one_round(watching)
    assert desk.tell() == Told(sent=1)
    assert desk.tell() == Told()
    city.execute("DELETE FROM contact")
    one_round(watching)
    assert desk.tell() == Told(sent=1)
    assert [one["title"] for one in server.came] == ["City 311, watch: waiting", "City 311, cleared: waiting"]
    assert server.came[0]["message"].startswith("General: 3 wait, more than 2.\n")


def test_a_failure_is_tried_again_later_and_given_up_after_a_day(
    city: psycopg.Connection[Any], rules: Path, server: NotifyServer, caplog: pytest.LogCaptureFixture
) -> None:
    at = [datetime.now(UTC) + timedelta(seconds=5)]
    desk = teller(rules, server.url("secret-token"), at=at)
    wait_in(city, 3)
    one_round(watcher(rules, desk))
    server.answers = ["500"] * 50
    assert desk.tell() == Told(failed=1)
    assert desk.tell() == Told()  # not yet
    at[0] += timedelta(seconds=31)
    assert desk.tell() == Told(failed=1)
    assert [row for row in rows(city, DELIVERIES) if row[0] == "desk"] == [
        ("desk", "fired", 2, False, False, "the receiver did not take it (error 500)")
    ]
    with engine().connect() as connection:
        assert list(queries.frame("watch-undelivered", connection)["receiver"]) == ["desk"]
    at[0] += timedelta(days=1)
    assert desk.tell() == Told(failed=1)
    assert rows(city, DELIVERIES)[1][4:] == (True, "given up after a day: the receiver did not take it (error 500)")
    assert "given up after 3 attempts: desk was not told that waiting fired" in caplog.text
    at[0] += timedelta(days=1)
    assert desk.tell() == Told()
    assert "secret-token" not in caplog.text
    assert "secret-token" not in str(rows(city, "SELECT d, a FROM watch_delivery AS d, watch_alert AS a"))


def test_a_failure_that_ends_is_made_up_for(city: psycopg.Connection[Any], rules: Path, server: NotifyServer) -> None:
    at = [datetime.now(UTC) + timedelta(seconds=5)]
    desk = teller(rules, server.url(), at=at)
    wait_in(city, 3)
    one_round(watcher(rules, desk))
    server.answers = ["503"]
    assert desk.tell() == Told(failed=1)
    city.execute("DELETE FROM contact")
    one_round(watcher(rules, desk))
    assert desk.tell() == Told()  # the end waits for the beginning
    at[0] += timedelta(seconds=31)
    assert desk.tell() == Told(sent=2)
    assert [one["type"] for one in server.came] == ["warning", "warning", "success"]


@pytest.mark.parametrize("still_firing", [True, False], ids=["still firing", "cleared meanwhile"])
def test_quiet_hours_put_off_the_message_but_not_the_screens(
    city: psycopg.Connection[Any], rules: Path, server: NotifyServer, still_firing: bool
) -> None:
    now = datetime.now(UTC) + timedelta(seconds=5)
    local = now.astimezone(NEW_YORK)
    hours = quiet_hours(f"{local - timedelta(hours=1):%H:%M}-{local + timedelta(hours=2):%H:%M}")
    at = [now]
    desk = teller(rules, server.url(), at=at, quiet_hours=hours)
    watching = watcher(rules, desk)
    wait_in(city, 3)
    one_round(watching)
    assert desk.tell() == Told(put_off=1)
    with engine().connect() as connection:
        assert len(queries.frame("watch-alerts", connection)) == 1
    at[0] += timedelta(hours=1)
    assert desk.tell() == Told()
    if not still_firing:
        city.execute("DELETE FROM contact")
        one_round(watching)
    at[0] += timedelta(hours=1)
    assert desk.tell() == (Told(sent=1) if still_firing else Told(dropped=2))
    assert len(server.came) == int(still_firing)


def test_a_message_that_is_being_sent_is_nobody_elses(city: psycopg.Connection[Any], rules: Path, server: NotifyServer) -> None:
    desk = teller(rules, server.url())
    wait_in(city, 3)
    one_round(watcher(rules, desk))
    with engine().begin() as connection:
        assert store.next_due(connection, "desk", store.now(connection)) is not None
        assert desk.tell() == Told()
    assert desk.tell() == Told(sent=1)


def read_topic(services: Services, topic: str) -> list[Any]:
    with closing(KafkaConsumer(bootstrap_servers=services.kafka.address, consumer_timeout_ms=3000)) as consumer:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        return [msgspec.json.decode(record.value, type=events.WatchAlertEvent) for record in consumer]


def test_the_topic_is_told_without_anybody_in_the_file(
    city: psycopg.Connection[Any], rules: Path, services: Services, alerts_topic: str
) -> None:
    topic = Teller(TOPIC_RECEIVER, TopicPost(), None, {}, NEW_YORK, engine().begin)
    wait_in(city, 3)
    one_round(watcher(rules))
    away = replace(topic, post=TopicPost(lambda: "127.0.0.1:1"))
    assert away.tell() == Told(failed=1)
    assert "127.0.0.1:1 cannot be reached" in rows(city, DELIVERIES)[0][5]
    city.execute("UPDATE watch_delivery SET not_before = now()")
    assert topic.tell() == Told(sent=1)
    city.execute("DELETE FROM contact")
    one_round(watcher(rules))
    assert topic.tell() == Told(sent=1)
    fired, cleared = read_topic(services, alerts_topic)
    number = rows(city, "SELECT watch_alert_id FROM watch_alert")[0][0]
    assert (fired.id, cleared.id) == (f"watch-{number}-fired", f"watch-{number}-cleared")
    assert (fired.data.what, fired.data.text, fired.data.value, fired.data.runbook) == (
        "fired",
        "General: 3 wait, more than 2.",
        3.0,
        "docs/runbook.md#known",
    )
    assert cleared.data.cleared_at is not None


def test_what_waits_for_a_receiver_that_left_the_file_is_dropped(city: psycopg.Connection[Any], rules: Path, server: NotifyServer) -> None:
    wait_in(city, 3)
    one_round(watcher(rules, teller(rules, server.url())))
    rules.write_text(RULES.replace('"desk"', '"front"'))
    of = watcher(rules)
    with only_watcher() as connection:
        assert connection is not None
        of._drop_gone(connection)
    assert [(row[0], row[4]) for row in rows(city, DELIVERIES)] == [(TOPIC_RECEIVER, False), ("desk", True)]


# ---- the process: killed, twice, refused ----

PARAGRAPH = 'runbook = "somebody-waits-too-long"'


@pytest.fixture
def told(environment: dict[str, str], rules: Path, server: NotifyServer, alerts_topic: str) -> dict[str, str]:
    """The environment of a watcher's process that tells the desk, whose rules are in `rules`."""
    assert alerts_topic
    rules.write_text(RULES.replace('runbook = "known"', PARAGRAPH))
    return environment | {"DESK_URL": server.url(), "WATCH_RULES": str(rules), "WATCH_EVERY_SECONDS": "5"}


COMMAND = (sys.executable, "-m", "streams", "watch")
DIES_AFTER_THE_COMMIT = """
import os, signal
from pathlib import Path
from streams.watch.rules import read
from streams.watch.runbook import anchors
from streams.watch.watcher import only_watcher, watcher_of
watching = watcher_of(read(Path(os.environ["WATCH_RULES"]), anchors=anchors(), subjects=None))
with only_watcher() as connection:
    watching.round(connection)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run_once(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, "--once"], env=environment, capture_output=True, text=True, timeout=90, check=False)


def test_a_watcher_killed_between_the_commit_and_the_sending_has_sent_nothing_and_the_next_one_sends_once(
    city: psycopg.Connection[Any], told: dict[str, str], server: NotifyServer, services: Services, alerts_topic: str
) -> None:
    wait_in(city, 3)
    killed = subprocess.run([sys.executable, "-c", DIES_AFTER_THE_COMMIT], env=told, timeout=90, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows(city, ALERTS) == FIRED
    assert server.came == []
    first = run_once(told)
    assert (first.returncode, first.stdout) == (0, "0 fired, 0 cleared, 2 sent, 0 not taken\n"), first.stderr
    assert run_once(told).stdout == "0 fired, 0 cleared, 0 sent, 0 not taken\n"
    assert rows(city, ALERTS) == FIRED
    assert [one["message"].splitlines()[0] for one in server.came] == ["General: 3 wait, more than 2."]
    assert [event.data.what for event in read_topic(services, alerts_topic)] == ["fired"]


def test_a_watcher_killed_while_it_sends_leaves_the_message_to_the_next_one(
    city: psycopg.Connection[Any], told: dict[str, str], server: NotifyServer
) -> None:
    wait_in(city, 3)
    server.answers = ["hang"]
    process = subprocess.Popen(COMMAND, env=told)
    try:
        assert server.arrived.wait(60)
        process.kill()
        process.wait(10)
    finally:
        process.kill()
    server.let_go.set()
    again = run_once(told)
    assert again.returncode == 0, again.stderr
    assert rows(city, ALERTS) == FIRED
    assert [row[3] for row in rows(city, DELIVERIES)] == [True, True]
    assert len(server.came) == 2  # at least once: of the first nobody knows whether it was read


def test_of_two_watchers_one_works_and_the_other_takes_over(city: psycopg.Connection[Any], told: dict[str, str], tmp_path: Path) -> None:
    wait_in(city, 3)
    said = tmp_path / "said"
    with only_watcher() as ours:
        assert ours is not None
        with only_watcher() as theirs:
            assert theirs is None
        once = run_once(told)
        assert (once.returncode, once.stderr.splitlines()[-1]) == (1, "Error: A watcher works on this database already.")
        with said.open("w") as output:
            process = subprocess.Popen(COMMAND, env=told, stderr=output)
        try:
            wait_until(lambda: "waits to take over" in said.read_text())
            assert rows(city, ALERTS) == []
        except BaseException:
            process.kill()
            raise
    try:
        wait_until(lambda: rows(city, ALERTS) == FIRED and all(row[3] for row in rows(city, DELIVERIES)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()


def wait_until(true: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_database_that_goes_away_is_waited_for(
    city: psycopg.Connection[Any], rules: Path, server: NotifyServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.watch.watcher.WAIT_AFTER_ERROR_SECONDS", 0.2)
    monkeypatch.setenv("WATCH_EVERY_SECONDS", "5")
    settings.cache_clear()
    stop = threading.Event()
    running = threading.Thread(target=watcher(rules, teller(rules, server.url())).run, args=(stop,), daemon=True)
    running.start()
    try:
        wait_until(lambda: rows(city, "SELECT 1 FROM watch_state") != [])
        city.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        wait_in(city, 3)
        wait_until(lambda: len(server.came) == 1)
    finally:
        stop.set()
        running.join(20)
    assert "Trying again in" in caplog.text
    assert not running.is_alive()


def test_a_wrong_file_is_refused_whole_before_anything_is_judged(city: psycopg.Connection[Any], told: dict[str, str], rules: Path) -> None:
    wait_in(city, 3)
    rules.write_text(rules.read_text().replace('["general"]', '["generl"]').replace("above = 2", 'above = "two"'))
    refused = run_once(told)
    assert refused.returncode == 1
    assert "line 8: subjects" not in refused.stderr  # what is of the wrong kind is told first
    assert "line 9: above is 'two'; write a number" in refused.stderr
    rules.write_text(rules.read_text().replace('"two"', "2"))
    assert "line 8: subjects names 'generl', which is no queue that is known; there are chat, general" in run_once(told).stderr
    assert rows(city, "SELECT 1 FROM watch_state") == []


def test_an_address_that_cannot_be_used_or_is_not_set_is_told_by_its_name(
    city: psycopg.Connection[Any], rules: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rules.write_text(RULES.replace('runbook = "known"', PARAGRAPH))
    monkeypatch.delenv("DESK_URL", raising=False)
    assert [one.name for one in watcher_of(file_of_runbook(rules)).tellers] == [TOPIC_RECEIVER]
    assert "desk is not told of alerts: DESK_URL is not set" in caplog.text
    monkeypatch.setenv("DESK_URL", "carrier-pigeon://secret-token")
    refused = CliRunner().invoke(main, ["watch", "--check", str(rules)])
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: DESK_URL: the address of desk is none that apprise knows")
    assert "secret-token" not in refused.output + caplog.text


def file_of_runbook(path: Path) -> RuleFile:
    return read(path, anchors=["somebody-waits-too-long"], subjects=None)


def test_the_rules_that_come_with_it_run_on_a_city_that_is_new(in_process: None, environment: dict[str, str], alerts_topic: str) -> None:
    assert alerts_topic
    found = subprocess.run(
        [*COMMAND, "--once"], env=environment | {"WATCH_OPERATIONS_URL": ""}, capture_output=True, text=True, timeout=90, check=False
    )
    assert (found.returncode, found.stdout) == (0, "0 fired, 0 cleared, 0 sent, 0 not taken\n"), found.stderr
    assert "operations is not told of alerts: WATCH_OPERATIONS_URL is not set" in found.stderr
    assert os.environ["DATABASE_URL"] == environment["DATABASE_URL"]
