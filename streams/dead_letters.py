"""The refused events: list them, look at one, send them again once the reason is gone.

An event that is sent again keeps its row, with when; if it is refused again, that is a new row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from kafka import KafkaProducer
from kafka.errors import KafkaError
from sqlalchemy import text

from sql import queries
from sql.engine import engine
from streams.broker import BrokerUnavailable, bootstrap_servers, client_options, require

SEND_WITHIN_SECONDS = 30


class NoSuchDeadLetter(Exception):
    """There is no refused event of that number."""


@dataclass(frozen=True)
class DeadLetter:
    """One refused event, whole. `value` is the event's bytes, or the unreadable line's own."""

    dead_letter_id: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    source: str | None


def listed(*, most: int = 50, include_replayed: bool = False) -> pd.DataFrame:
    """The refused events, newest first: dead_letter_id, topic, partition, offset, reason, refused_at, replayed_at, bytes, source."""
    with engine().connect() as connection:
        return queries.frame("dead-letters", connection, most=most, include_replayed=include_replayed)


def show(dead_letter_id: int) -> DeadLetter:
    """One refused event.

    Raises:
        NoSuchDeadLetter: the number is not known.
    """
    with engine().connect() as connection:
        found = connection.execute(text(queries.statement("dead-letter")), {"dead_letter_id": dead_letter_id}).mappings().first()
    if found is None:
        raise NoSuchDeadLetter(
            f"there is no dead letter {dead_letter_id}: `python -m streams dead-letters list` shows those that are there"
        )
    names = ("dead_letter_id", "topic", "partition", "offset", "key", "value", "reason", "source")
    return DeadLetter(**{name: found[name] for name in names})


def replay(ids: Sequence[int] = ()) -> tuple[int, int]:
    """Send refused events to their topic again: those named, else all that were not yet sent again.

    A line that a source could not read is not sent: the broker never held it as an event. `show --raw` gives it back for `replay`.

    Returns:
        How many were sent, and how many are lines and were left.

    Raises:
        NoSuchDeadLetter: a number is not known; nothing was sent.
        BrokerUnavailable: Kafka is not there, or did not take all of it; what it took may be sent again, which does no harm.
    """
    letters = [show(number) for number in ids] if ids else [show(int(number)) for number in _waiting()]
    events = [letter for letter in letters if letter.source is None and letter.value is not None]
    if events:
        _send(events)
        with engine().begin() as connection:
            connection.execute(
                text(queries.statement("write-dead-letters-replayed")),
                {"ids": [event.dead_letter_id for event in events]},
            )
    return len(events), len(letters) - len(events)


def _waiting() -> list[int]:
    with engine().connect() as connection:
        return list(connection.scalars(text(queries.statement("dead-letters-waiting"))))


def _send(letters: list[DeadLetter]) -> None:
    servers = bootstrap_servers()
    require(servers)
    producer = KafkaProducer(**client_options(servers), acks="all")
    try:
        sent = [producer.send(letter.topic, key=letter.key, value=letter.value) for letter in letters]
        producer.flush(timeout=SEND_WITHIN_SECONDS)
        for future in sent:
            future.get(timeout=SEND_WITHIN_SECONDS)
    except KafkaError as error:
        raise BrokerUnavailable(f"Kafka at {servers} did not take the events: {error}. Send them again.") from None
    finally:
        producer.close(timeout=5)
