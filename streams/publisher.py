"""Sends events to Kafka: nothing lost silently, memory bounded, an error in time instead of a hang.

It reads nothing from Kafka, and only one thread uses it.
"""

import logging
import time
from collections import deque
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError
from kafka.partitioner import DefaultPartitioner, murmur2

from streams import events, telemetry
from streams.broker import BrokerUnavailable, client_options, ensure_topics, topic_name

log = logging.getLogger(__name__)

UNACKNOWLEDGED_EVENTS = 20_000
UNACKNOWLEDGED_BYTES = 32 * 1024 * 1024
GIVE_UP_AFTER_SECONDS = 60.0
DELIVERY_TIMEOUT_SECONDS = 12
REQUEST_TIMEOUT_SECONDS = 6  # so soon a silent broker is asked anew; whole: the client puts it into requests as it is
SETTLED_SECONDS = 2  # by so much later the client must have said what became of an event
RESEND_PAUSE_SECONDS = 0.5
ABANDONED_CLOSE_SECONDS = 2.0
LINGER_MILLISECONDS = 5
BATCH_BYTES = 64 * 1024
_HOPELESS = (MessageSizeTooLargeError, TopicAuthorizationFailedError)


class _Record(NamedTuple):
    topic: str
    key: bytes | None
    value: bytes
    partition: int | None


class _Sending(NamedTuple):
    record: _Record
    future: Any
    late_at: float  # when the client must have said what became of it, of the clock that only grows


class _Partitioner(DefaultPartitioner):  # type: ignore[misc]
    """The partition that Kafka's own clients choose; a key comes several times, and hashing it is the slowest part of sending."""

    def partition(self, topic: str, key: Any, serialized_key: bytes | None, value: Any, serialized_value: Any, cluster: Any) -> int:
        if serialized_key is None:
            chosen: int = super().partition(topic, key, serialized_key, value, serialized_value, cluster)
            return chosen
        return (_hash(serialized_key) & 0x7FFFFFFF) % len(cluster.partitions_for_topic(topic))


@lru_cache(maxsize=65_536)
def _hash(key: bytes) -> int:
    hashed: int = murmur2(key)
    return hashed


class Publisher:
    """One producer. Use it as a context manager: leaving it flushes, and raises if anything could not be delivered.

    Attributes:
        sent: events handed over so far, heartbeats not counted.
    """

    def __init__(self, servers: str, *, give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS) -> None:
        """Connect, and create topics that are missing.

        Args:
            servers: comma-separated HOST:PORT.
            give_up_after_seconds: how long a broker may be away in the middle before this raises.

        Raises:
            BrokerUnavailable: Kafka cannot be reached or used.
        """
        ensure_topics(servers)
        self._servers = servers
        self._give_up_after_seconds = give_up_after_seconds
        self._unacknowledged: deque[_Sending] = deque()
        self._unacknowledged_bytes = 0
        self._failing_since: float | None = None
        self._paused_at = float("-inf")
        self._names: dict[str, str] = {}
        self._told = 0
        self.sent = 0
        try:
            self._producer = _connected(servers)
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"Kafka at {servers} cannot be used: {_said(error)}.") from None

    def send(self, event: events.Event, *, topic: str | None = None) -> None:
        """Hand over one event; it is delivered when `flush` has returned.

        Args:
            event: the event.
            topic: a topic of `events.TOPICS` without its prefix; by default the one that the event belongs to.

        Raises:
            BrokerUnavailable: earlier events could not be delivered, and there is no room for more.
        """
        self._post(_Record(self._name(topic or events.topic_of(event.data)), events.key_of(event.data), events.encode(event), None))
        self.sent += 1
        if isinstance(event, events.SourceUnreadableEvent):
            telemetry.UNREADABLE.inc()

    def heartbeat(self, *, source: str, topic: str, at: datetime, cadence_seconds: float, name: str | None = None) -> None:
        """Tell every partition of a topic that a source has told everything until `at`.

        Args:
            source: the feed.
            topic: a topic of `events.TOPICS` without its prefix.
            at: the instant, timezone-aware, by the source's clock.
            cadence_seconds: how often the source is expected to speak.
            name: the feed's name on the screens.

        Raises:
            BrokerUnavailable: earlier events could not be delivered, and there is no room for more.
        """
        data = events.FeedHeartbeat(cadence_seconds=cadence_seconds, name=name)
        value = events.encode(events.event(data, source=source, event_id=f"heartbeat-{at.timestamp():.6f}", at=at))
        topic = self._name(topic)
        try:
            partitions = self._producer.partitions_for(topic)
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka at {self._servers} does not tell the partitions of {topic}: {_said(error)}.") from None
        for partition in sorted(partitions or ()):
            self._post(_Record(topic, None, value, partition))
        telemetry.TOLD_UNTIL.labels(source, topic).set(at.timestamp())

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything that was handed over.

        Raises:
            BrokerUnavailable: it did not, in the time given.
        """
        self._settle(0)
        telemetry.PUBLISHED.inc(self.sent - self._told)
        self._told = self.sent
        telemetry.LAST_ACKNOWLEDGED.set_to_current_time()
        telemetry.acknowledged.beat()

    def close(self) -> None:
        """Flush and let go of the broker.

        Raises:
            BrokerUnavailable: not everything was delivered.
        """
        try:
            self.flush()
        except BaseException:
            self._let_go(0)
            raise
        self._let_go(DELIVERY_TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:  # what was handed over may still arrive; nobody is told that it did
            self._let_go(0 if isinstance(error, BrokerUnavailable) else ABANDONED_CLOSE_SECONDS)

    def _let_go(self, timeout_seconds: float) -> None:
        try:
            self._producer.close(timeout=timeout_seconds)
        except KafkaError as error:  # raised before it ended its thread, which would try on for ever
            log.debug("close: %s", error)
            self._producer._sender.force_close()
            self._producer._sender.join(ABANDONED_CLOSE_SECONDS)
            self._producer.close(timeout=ABANDONED_CLOSE_SECONDS)

    def _name(self, topic: str) -> str:
        name = self._names.get(topic)
        if name is None:
            name = self._names[topic] = topic_name(topic)
        return name

    def _post(self, record: _Record) -> None:
        if len(self._unacknowledged) >= UNACKNOWLEDGED_EVENTS or self._unacknowledged_bytes >= UNACKNOWLEDGED_BYTES:
            self._settle(len(self._unacknowledged) // 2)
        self._hand_over(record)

    def _hand_over(self, record: _Record) -> None:
        try:
            future = self._producer.send(record.topic, value=record.value, key=record.key, partition=record.partition)
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka at {self._servers} takes no event on {record.topic}: {_said(error)}.") from None
        self._unacknowledged.append(_Sending(record, future, time.monotonic() + DELIVERY_TIMEOUT_SECONDS + SETTLED_SECONDS))
        self._unacknowledged_bytes += len(record.value)

    def _settle(self, leave: int) -> None:
        """Wait for the oldest ones until `leave` are left; those that failed are sent again, before anything newer."""
        while len(self._unacknowledged) > leave:
            record, future, late_at = self._unacknowledged[0]
            try:
                future.get(timeout=max(0.0, late_at - time.monotonic()))
            except KafkaError as error:
                self._failed(record, error)  # raises when it is time to give up
                self._begin_anew()
            else:
                self._failing_since = None
                self._unacknowledged.popleft()
                self._unacknowledged_bytes -= len(record.value)

    def _begin_anew(self) -> None:
        """Send what is not acknowledged by another producer: after a silence the old one stands still (kafka-python 3.0.12).

        It may neither deliver nor give up, or hold back what follows on an event that it gave up, until that is too late as well.
        """
        try:
            another = _connected(self._servers)
        except (KafkaError, OSError) as error:
            log.debug("no other producer yet: %s", error)
            return
        self._let_go(0)
        self._producer = another
        waiting = [one.record for one in self._unacknowledged if not one.future.succeeded()]
        self._unacknowledged, self._unacknowledged_bytes = deque(), 0
        telemetry.PUBLISHED_AGAIN.inc(len(waiting))
        for record in waiting:
            self._hand_over(record)

    def _failed(self, record: _Record, error: KafkaError) -> None:
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now - DELIVERY_TIMEOUT_SECONDS
            log.warning("an event on %s was not acknowledged, sending it again: %s", record.topic, _said(error))
        if isinstance(error, _HOPELESS) or now - self._failing_since > self._give_up_after_seconds:
            raise BrokerUnavailable(
                f"Kafka at {self._servers} did not acknowledge {len(self._unacknowledged):,} events on {record.topic}: {_said(error)}."
            )
        if now - self._paused_at > RESEND_PAUSE_SECONDS:  # once for all that failed together
            time.sleep(RESEND_PAUSE_SECONDS)
            self._paused_at = time.monotonic()


def _connected(servers: str) -> KafkaProducer:
    return KafkaProducer(
        **client_options(servers),
        client_id="city311-publisher",
        acks="all",
        enable_idempotence=True,
        linger_ms=LINGER_MILLISECONDS,
        batch_size=BATCH_BYTES,
        partitioner=_Partitioner(),
        delivery_timeout_ms=DELIVERY_TIMEOUT_SECONDS * 1000,
        request_timeout_ms=REQUEST_TIMEOUT_SECONDS * 1000,
        max_block_ms=REQUEST_TIMEOUT_SECONDS * 1000,
        bootstrap_timeout_ms=REQUEST_TIMEOUT_SECONDS * 1000,
        reconnect_backoff_max_ms=1000,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def _said(error: BaseException) -> str:
    """An error in one line."""
    return (" ".join(str(error).split()) or type(error).__name__).removesuffix(".")
