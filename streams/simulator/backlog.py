"""A publisher that gives way: it sends a little at a time, and only while the consumers have little left to do.

So what is told beside the present never holds it up for long. It knows no event of its own and writes nothing to the database.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from sql.engine import DatabaseUnavailable, engine
from sql.queries import statement
from streams import events
from streams.broker import BrokerUnavailable, client_options, topic_name
from streams.publisher import Publisher

PIECE_EVENTS = 500
MOST_WAITING_EVENTS = 250
LOOK_EVERY_SECONDS = 0.05
REQUEST_TIMEOUT_MILLISECONDS = 10_000

Place = tuple[str, int]  # topic, partition


class Backlog:
    """How many events wait between the broker and the tables. Use it as a context manager."""

    def __init__(self, servers: str) -> None:
        """Connect to the broker.

        Args:
            servers: comma-separated HOST:PORT.

        Raises:
            BrokerUnavailable: Kafka cannot be used.
        """
        self._servers = servers
        self._topics = [topic_name(topic) for topic in events.TOPICS]
        try:
            self._kafka = KafkaConsumer(
                **client_options(servers),
                client_id="city311-backlog",
                enable_auto_commit=False,
                request_timeout_ms=REQUEST_TIMEOUT_MILLISECONDS,
                reconnect_backoff_max_ms=1_000,
                metrics_enabled=False,
            )
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"Kafka at {servers} cannot be used: {error}.") from None

    def ends(self) -> dict[Place, int]:
        """Where the partitions of our topics end now.

        Raises:
            BrokerUnavailable: Kafka does not answer.
        """
        try:
            partitions = [
                TopicPartition(topic, number) for topic in self._topics for number in self._kafka.partitions_for_topic(topic) or ()
            ]
            return {(one.topic, one.partition): end for one, end in self._kafka.end_offsets(partitions).items()}
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka at {self._servers} does not say how much it holds: {error}.") from None

    def waiting(self, ends: Mapping[Place, int]) -> int | None:
        """How many events before these ends are not in the tables; None: the database does not say.

        A partition that was never read waits whole.
        """
        try:
            with engine().connect() as connection:
                rows = connection.execute(text(statement("consumers")), {"as_of": None}).all()
        except (DatabaseUnavailable, SQLAlchemyError):
            return None
        read = {(row.topic, row.partition): int(row.next_offset) for row in rows}
        return sum(max(0, end - read.get(place, 0)) for place, end in ends.items())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._kafka.close(autocommit=False)


class Considerate:
    """A publisher behind which little waits: after each piece it stops until the consumers have nearly caught up."""

    def __init__(self, publisher: Publisher, backlog: Backlog, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._publisher, self._backlog, self._sleep = publisher, backlog, sleep
        self._in_piece = 0

    def send(self, event: events.Event) -> None:
        """Hand over one event; it may take as long as the consumers take.

        Raises:
            BrokerUnavailable: events could not be delivered.
        """
        self._publisher.send(event)
        self._in_piece += 1
        if self._in_piece >= PIECE_EVENTS:
            self.flush()

    def flush(self) -> None:
        """Return when everything handed over is safe, and little of it waits.

        Raises:
            BrokerUnavailable: events could not be delivered, or Kafka does not answer.
        """
        self._in_piece = 0
        self._publisher.flush()
        ends = self._backlog.ends()
        while (waiting := self._backlog.waiting(ends)) is None or waiting > MOST_WAITING_EVENTS:
            self._sleep(LOOK_EVERY_SECONDS)
