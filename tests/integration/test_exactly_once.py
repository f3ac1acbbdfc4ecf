"""Nothing lost and nothing double, whatever is killed: real consumers, a real Kafka, a real Postgres, real signals."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from sql.embedded import EmbeddedPostgres
from sql.settings import PROJECT
from streams import events
from streams.embedded import EmbeddedKafka
from tests.contact_samples import contacts, encoded, publish
from tests.servers import Services
from tests.tcp_proxy import TcpProxy

CONTACTS = 6_000
WITHIN_SECONDS = 60


class Consumers:
    """Consumer processes of one test."""

    def __init__(self, environment: dict[str, str], undo: ExitStack) -> None:
        self._environment = environment
        self._undo = undo

    def start(self, *, until_idle: float | None = None, **changed: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "streams", "consume", *(["--until-idle", str(until_idle)] if until_idle is not None else [])]
        process = subprocess.Popen(
            command, env=self._environment | changed, cwd=PROJECT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._undo.callback(self._end, process)
        return process

    @staticmethod
    def _end(process: "subprocess.Popen[str]") -> None:
        if process.poll() is None:
            process.kill()
        process.communicate()

    def finish(self, **changed: str) -> None:
        """Consume what is left."""
        process = self.start(until_idle=2, **changed)
        _, errors = process.communicate(timeout=WITHIN_SECONDS)
        assert process.returncode == 0, errors


@pytest.fixture
def consumers(environment: dict[str, str]) -> Iterator[Consumers]:
    with ExitStack() as undo:
        yield Consumers(environment | {"CONSUMER_BATCH_EVENTS": "300"}, undo)


def ask(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


def moved(database: str) -> int:
    return int(ask(database, "SELECT coalesce(sum(next_offset), 0) FROM stream_offset")[0][0])


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {WITHIN_SECONDS} s"
        time.sleep(0.01)


def restart_after_kill(server: EmbeddedPostgres | EmbeddedKafka, away_seconds: float) -> None:
    """SIGKILL, some time without it, and ready again."""
    assert server.process
    server.process.kill()
    server.process.wait()
    time.sleep(away_seconds)
    server.stop()
    server.start()
    server.wait_ready()


def assert_exact(database: str, environment: dict[str, str], count: int = CONTACTS) -> None:
    """Every contact once, every figure as it was made, and the roll-ups equal to the rows."""
    found = ask(
        database,
        """SELECT count(*), count(answered_at), count(left_at), count(*) FILTER (WHERE talk_seconds = 100 AND wrap_up_seconds = 20),
                  (SELECT sum(contacts) FROM contact_interval), (SELECT sum(talk_seconds) FROM contact_interval),
                  (SELECT sum(wait_seconds) FROM contact_interval), (SELECT sum(contacts) FROM contact_interval WHERE outcome = 'abandoned')
           FROM contact""",
    )[0]
    gone = count // 4
    stayed = count - gone
    assert tuple(map(int, found)) == (count, stayed, gone, stayed, count, stayed * 100, stayed * 10 + gone * 40, gone)
    check = subprocess.run(
        [sys.executable, "-m", "sql", "rebuild", "--check"], env=environment, cwd=PROJECT, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stdout + check.stderr


def publish_contacts(services: Services, topics: str, count: int = CONTACTS) -> int:
    return publish(services.kafka.address, topics, encoded(contacts(count)))


def test_a_consumer_killed_at_a_dozen_random_moments(
    services: Services, topics: str, database: str, consumers: Consumers, environment: Any
) -> None:
    published = publish_contacts(services, topics)
    dice = random.Random(311)
    for kill in range(12):
        process = consumers.start()
        before = moved(database)
        wait_until(lambda before=before: moved(database) > before, "a first commit")  # type: ignore[misc]
        time.sleep(dice.uniform(0, 0.05))
        process.kill()
        process.wait()
        if moved(database) == published:
            assert kill > 2, "everything was consumed before it could be killed: make the batches smaller"
            break
    consumers.finish()
    assert moved(database) == published
    assert_exact(database, environment)


def test_one_of_two_consumers_is_killed(services: Services, topics: str, database: str, consumers: Consumers, environment: Any) -> None:
    pair = [consumers.start(), consumers.start()]
    wait_until(lambda: len(ask(database, "SELECT DISTINCT consumer FROM stream_offset")) == 2, "both having partitions")
    published = publish_contacts(services, topics)
    wait_until(lambda: moved(database) > published // 8, "a beginning")
    pair[0].kill()
    wait_until(lambda: moved(database) == published, "the other one taking over")
    pair[1].send_signal(signal.SIGTERM)
    assert pair[1].wait(timeout=20) == 0
    assert_exact(database, environment)


def test_a_consumer_that_slept_through_a_rebalance_writes_nothing_twice(
    services: Services, topics: str, database: str, consumers: Consumers, environment: Any
) -> None:
    sleeper = consumers.start()
    wait_until(lambda: len(ask(database, "SELECT DISTINCT consumer FROM stream_offset")) == 1, "an assignment")
    published = publish_contacts(services, topics)
    wait_until(lambda: moved(database) > 0, "a first commit")
    os.kill(sleeper.pid, signal.SIGSTOP)
    consumers.finish()
    os.kill(sleeper.pid, signal.SIGCONT)
    time.sleep(1)
    sleeper.send_signal(signal.SIGTERM)
    assert sleeper.wait(timeout=20) == 0
    assert moved(database) == published
    assert_exact(database, environment)


def test_postgres_killed_and_restarted_on_the_way(
    services: Services, topics: str, database: str, consumers: Consumers, environment: Any
) -> None:
    process = consumers.start(until_idle=3)
    published = publish_contacts(services, topics)
    wait_until(lambda: moved(database) > 0, "a first commit")
    restart_after_kill(services.postgres, away_seconds=1)
    _, errors = process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode == 0, errors
    assert moved(database) == published
    assert_exact(database, environment)


@pytest.mark.parametrize("fault", ["cut", "hang"])
def test_the_way_to_postgres_breaks_again_and_again(
    fault: str,
    services: Services,
    topics: str,
    database: str,
    consumers: Consumers,
    environment: Any,
    tcp_proxy: Callable[[str, int], TcpProxy],
) -> None:
    parts = urlsplit(database)
    assert parts.hostname
    assert parts.port
    proxy = tcp_proxy(parts.hostname, parts.port)
    published = publish_contacts(services, topics, 3_000)
    process = consumers.start(until_idle=3, DATABASE_URL=database.replace(f":{parts.port}/", f":{proxy.port}/"))
    dice = random.Random(7)
    for _ in range(6 if fault == "cut" else 2):
        before = moved(database)
        wait_until(lambda before=before: moved(database) > before or moved(database) == published, "a commit")  # type: ignore[misc]
        time.sleep(dice.uniform(0, 0.02))
        getattr(proxy, fault)()
        time.sleep(0.3)
        proxy.cut()  # a connection that hung is dead in the end
        proxy.restore()
    _, errors = process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode == 0, errors
    assert moved(database) == published
    assert_exact(database, environment, 3_000)


def test_the_broker_killed_and_restarted_on_the_way(
    services: Services, topics: str, database: str, consumers: Consumers, environment: Any
) -> None:
    process = consumers.start()
    published = publish_contacts(services, topics)
    wait_until(lambda: moved(database) > 0, "a first commit")
    restart_after_kill(services.kafka, away_seconds=0.5)
    wait_until(lambda: moved(database) == published, "the rest")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert_exact(database, environment)


def test_garbage_among_the_events_is_kept_with_reasons_and_stops_nothing(
    services: Services, topics: str, database: str, consumers: Consumers, environment: Any
) -> None:
    dice = random.Random(1)

    def with_garbage() -> Iterator[tuple[bytes | None, bytes]]:
        for key, value in encoded(contacts(CONTACTS)):
            yield key, value
            if dice.random() < 0.05:
                spoilt = bytearray(value)
                for _ in range(max(1, len(spoilt) // 100)):
                    spoilt[dice.randrange(len(spoilt))] = dice.choice(b"\x00\xff{\n\\")
                yield key, bytes(spoilt) if dice.random() < 0.5 else dice.randbytes(40)

    sent = list(with_garbage())
    published = publish(services.kafka.address, topics, iter(sent))
    consumers.finish()
    assert moved(database) == published
    refused = ask(database, "SELECT value, reason FROM dead_letter")
    unreadable = [value for _, value in sent if not readable(value)]
    assert sorted(bytes(value) for value, _ in refused) == sorted(unreadable)
    assert len(unreadable) > 300
    assert all(reason for _, reason in refused)
    assert (
        ask(database, "SELECT count(*) FROM contact WHERE contact_id ~ '^c[0-9]+$' AND queue ~ '^q[0-9]$' AND source = 'sample'")[0][0]
        == CONTACTS
    )


def readable(value: bytes) -> bool:
    try:
        events.decode(value)
    except events.InvalidEvent:
        return False
    return True


def test_a_feed_of_nothing_but_garbage_stops_the_consumer(services: Services, topics: str, database: str, consumers: Consumers) -> None:
    publish(services.kafka.address, topics, ((None, b"garbage") for _ in range(2_000)))
    process = consumers.start(until_idle=2)
    _, errors = process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode == 1
    assert "refused, more than the limit of 50%" in errors
    assert "Traceback" not in errors
    kept = ask(database, "SELECT count(*) FROM dead_letter")[0][0]
    assert kept == moved(database) >= 1_000
