"""A broker that a proxy stands before: it takes connections for a broker that is gone, or hands nothing on; nobody ends, nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sql.settings import PROJECT
from streams import broker, events, publisher
from streams.publisher import Publisher
from tests.contact_samples import contacts, encoded, publish
from tests.proxied_kafka import ProxiedKafka

WITHIN_SECONDS = 60
FEW = 40


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedKafka]:
    """A broker of this module alone, with its topics."""
    kafka = ProxiedKafka(tmp_path_factory.mktemp("proxied"))
    kafka.start()
    try:
        kafka.wait_ready()
        with closing(broker.admin(kafka.address)) as client:
            client.create_topics({topic: {"num_partitions": 2} for topic in events.TOPICS}, wait_for_metadata=True)
        yield kafka
    finally:
        for proxy in kafka.proxies.values():
            proxy.cut()
        kafka.stop()


def address(kafka: ProxiedKafka, client: str) -> str:
    return f"127.0.0.1:{kafka.proxies[client].port}"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {WITHIN_SECONDS} s"
        time.sleep(0.02)


def kept(database: str) -> int:
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT count(*) FROM contact").fetchone()
    return int(found[0]) if found else 0


def test_a_consumer_outlives_a_broker_that_is_gone_behind_its_proxy(
    proxied: ProxiedKafka, environment: dict[str, str], database: str, tmp_path: Path
) -> None:
    ours = environment | {"KAFKA_BOOTSTRAP_SERVERS": address(proxied, "CONSUMER"), "TOPIC_PREFIX": ""}
    way = proxied.proxies["CONSUMER"]
    publish(proxied.address, "", encoded(contacts(FEW)))
    with (tmp_path / "consumer.log").open("wb") as log:
        consumer = subprocess.Popen([sys.executable, "-m", "streams", "consume"], env=ours, cwd=PROJECT, stderr=log)
    try:
        wait_until(lambda: kept(database) == FEW, "the first commit")
        way.drop()
        before = way.accepted
        wait_until(lambda: way.accepted > before + 8 or consumer.poll() is not None, "trying again and again")
        assert consumer.poll() is None, (tmp_path / "consumer.log").read_text()
        way.restore()
        publish(proxied.address, "", encoded(contacts(2 * FEW)))
        wait_until(lambda: kept(database) == 2 * FEW, "what came later")
    finally:
        way.restore()
        os.kill(consumer.pid, signal.SIGTERM)
        consumer.wait(20)


def test_a_publisher_outlives_a_broker_that_was_silent(
    proxied: ProxiedKafka, environment: dict[str, str], database: str, in_process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "DELIVERY_TIMEOUT_SECONDS", 3)
    monkeypatch.setattr(publisher, "REQUEST_TIMEOUT_SECONDS", 2)
    monkeypatch.setattr(publisher, "topic_name", lambda topic: topic)
    way = proxied.proxies["PUBLISHER"]
    every = list(contacts(FEW))
    with Publisher(address(proxied, "PUBLISHER"), give_up_after_seconds=40) as sender:
        for event in every[: FEW // 2]:
            sender.send(event)
        sender.flush()
        way.hang()
        for event in every[FEW // 2 :]:
            sender.send(event)
        time.sleep(6)  # longer than a delivery may take
        way.restore()
        restored = time.monotonic()
        sender.flush()
        took = time.monotonic() - restored
    subprocess.run(
        [sys.executable, "-m", "streams", "consume", "--until-idle", "2"],
        env=environment | {"KAFKA_BOOTSTRAP_SERVERS": proxied.address, "TOPIC_PREFIX": "", "CONSUMER_GROUP": "second"},
        cwd=PROJECT,
        check=True,
        timeout=WITHIN_SECONDS,
    )
    assert took < 3, "it waited for another delivery to fail"
    assert kept(database) >= FEW // 3
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT count(*) FROM contact WHERE contact_id = ANY(%s)", [[f"c{n}" for n in range(FEW // 3)]]
        ).fetchone()
    assert found == (FEW // 3,)
