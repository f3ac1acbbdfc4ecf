"""From send to committed, at a steady rate: the event's own time beside the time of its commit, which Postgres keeps (track_commit_timestamp)."""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from kafka import KafkaProducer

from sql.settings import PROJECT
from streams import events
from tests.bench.stack import Stack

EVENTS_A_SECOND = 2_000
SECONDS = 20
SLICES_A_SECOND = 100
COMMITTED = """SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(xmin) - queued_at) FROM contact WHERE contact_id LIKE 'run-%'"""


@dataclass(frozen=True)
class Latency:
    """Milliseconds from send to committed."""

    median: float
    p99: float
    largest: float
    events: int


def measure(stack: Stack, *, rate: int = EVENTS_A_SECOND, seconds: int = SECONDS) -> Latency:
    """Send `rate` events a second; afterwards ask when each was committed."""
    consumer = subprocess.Popen([sys.executable, "-m", "streams", "consume"], env=stack.environment, cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        producer = KafkaProducer(bootstrap_servers=stack.servers.split(","), linger_ms=0, acks="all")
        _send(producer, stack, rate=rate, seconds=5, name="warm")  # the group is joined, the statements are prepared
        time.sleep(3)
        sent = _send(producer, stack, rate=rate, seconds=seconds, name="run")
        producer.close()
        time.sleep(2)
    finally:
        consumer.terminate()
        consumer.wait(20)
    with psycopg.connect(stack.database) as connection:
        found = connection.execute(COMMITTED).fetchall()
    waits = sorted(float(milliseconds) for (milliseconds,) in found)
    if len(waits) != sent:
        raise RuntimeError(f"{len(waits)} of {sent} events were committed")
    return Latency(statistics.median(waits), waits[int(len(waits) * 0.99)], waits[-1], len(waits))


def _send(producer: Any, stack: Stack, *, rate: int, seconds: int, name: str) -> int:
    began = time.perf_counter()
    for piece in range(seconds * SLICES_A_SECOND):
        for number in range(rate // SLICES_A_SECOND):
            contact = f"{name}-{piece}-{number}"
            event = events.event(events.ContactQueued(contact, "general"), source="bench", event_id=contact, at=datetime.now(UTC))
            producer.send(stack.prefix + events.CONTACTS, key=contact.encode(), value=events.encode(event))
        time.sleep(max(0.0, began + (piece + 1) / SLICES_A_SECOND - time.perf_counter()))
    return seconds * rate
