"""Contacts whose figures are known beforehand, for tests that break things on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from kafka import KafkaProducer

from streams import events

BEGIN = datetime(2026, 1, 5, 13, 0, tzinfo=UTC)
EVENTS_A_CONTACT = 2.75  # every fourth is abandoned: two events instead of three


def contacts(count: int) -> Iterator[events.Event]:
    """`count` contacts, one every 7 s; every fourth gives up after 40 s, the others are answered after 10 s and talk 100 s."""
    for number in range(count):
        queued_at = BEGIN + timedelta(seconds=7 * number)
        name, queue = f"c{number}", f"q{number % 3}"

        def event(data: events.Data, seconds: float, at: datetime = queued_at, name: str = name) -> events.Event:
            return events.event(data, source="sample", event_id=f"{name}-{seconds:g}", at=at + timedelta(seconds=seconds))

        yield event(events.ContactQueued(name, queue, language="en"), 0)
        if number % 4 == 3:
            yield event(events.ContactLeftQueue(name, "abandoned", queue, 40), 40)
        else:
            yield event(events.ContactAnswered(name, "ann", queue, 10), 10)
            yield event(events.ContactEnded(name, queue, 100, 0, 20), 110)


def publish(servers: str, prefix: str, values: Iterator[tuple[bytes | None, bytes]], topic: str = events.CONTACTS) -> int:
    """Send keys and values to a topic, whatever they are; returns how many."""
    producer = KafkaProducer(bootstrap_servers=servers.split(","), linger_ms=20, acks="all")
    count = 0
    for key, value in values:
        producer.send(prefix + topic, key=key, value=value)
        count += 1
    producer.flush()
    producer.close()
    return count


def encoded(many: Iterator[events.Event]) -> Iterator[tuple[bytes | None, bytes]]:
    """As they go to Kafka."""
    return ((events.key_of(event.data), events.encode(event)) for event in many)
