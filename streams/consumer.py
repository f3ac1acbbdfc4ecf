"""Bring events from Kafka into Postgres: poll, fold, hand the batch to the writer, and read on while the database works.

Where to read is decided by the database's `stream_offset` alone; the offsets committed to Kafka are for tools that show lag.
"""

import logging
import os
import socket
import threading
import time
from concurrent.futures import Future, wait
from typing import Any

import psycopg
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata
from tqdm import tqdm

from sql.engine import DatabaseUnavailable, first_line
from sql.health import served
from sql.settings import Settings, settings
from sql.stopping import on_signal
from streams import sink, telemetry
from streams.broker import bootstrap_servers, client_options, ensure_topics, topic_name
from streams.events import TOPICS
from streams.fold import Batch, Position
from streams.progress import Progress, Waiting
from streams.refusals import RefusedShare
from streams.writer import Writer

log = logging.getLogger(__name__)

NOTE_EVERY_SECONDS = 1.0
PAUSE_AFTER_SECONDS = 1.0
ASSIGNMENT_WITHIN_SECONDS = 60.0
JOIN_POLL_MILLISECONDS = 1_000
BROKER_AWAY_SECONDS = 0.2
PLACE_WITHIN_SECONDS = 0.05  # the database usually says at once where to read
FETCH_WAIT_MILLISECONDS = 20  # a fetch of quiet partitions holds back the next one of busy partitions for so long
SESSION_TIMEOUT_MILLISECONDS = 6_000  # how long a killed consumer keeps its partitions
REQUEST_TIMEOUT_MILLISECONDS = 6_000  # so soon a silent broker is asked anew; with the client's own 30 s a wall stood still for that long


class Consumer:
    """One member of the consumer group."""

    def __init__(self, chosen: Settings, *, until_idle_seconds: float | None) -> None:
        self._most = chosen.consumer_batch_events
        self._until_idle = until_idle_seconds
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._topics = [topic_name(topic) for topic in TOPICS]
        servers = bootstrap_servers()
        ensure_topics(servers)
        group = chosen.topic_prefix + chosen.consumer_group
        self.progress = Progress()
        self._writer = Writer(self._name, group, self.progress)
        self._kafka = KafkaConsumer(
            **client_options(servers),
            client_id=self._name,
            group_id=group,
            group_instance_id=f"{group}-{self._writer.slot()}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MILLISECONDS,
            heartbeat_interval_ms=SESSION_TIMEOUT_MILLISECONDS // 3,
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
            request_timeout_ms=REQUEST_TIMEOUT_MILLISECONDS,
            reconnect_backoff_max_ms=1_000,
            metrics_enabled=False,
        )
        self._places: dict[Position, int] = {}  # where reading goes on, by what was handed over
        self._unplaced: set[Position] = set()  # assigned, but the database has not yet said from where
        self._placing: Future[dict[Position, int]] | None = None  # what was asked about them
        self._batch = Batch({})
        self._oldest: dict[Position, int] = {}  # of each partition in the batch: when Kafka got its first event there, in milliseconds
        self._oldest_in_flight: dict[Position, int] = {}
        self._in_flight: Future[Any] | None = None
        self._in_flight_batch: Batch | None = None
        self._refused_share = RefusedShare(chosen.refused_share_limit)
        self._stop = threading.Event()
        self._rebalanced = threading.Event()
        self._joining = threading.Event()
        self._joining.set()
        self._heard_at = self._started_at = time.monotonic()
        self._noted_at = self._busy_since = 0.0
        self.committed = self.refused = 0

    def stop(self) -> None:
        """End after the batch that is on its way."""
        self._stop.set()

    def run(self) -> None:
        """Consume until stopped, or idle for as long as was asked.

        Raises:
            TooManyRefused: more than the set share was refused; all of it is kept in dead_letter.
        """
        self._kafka.subscribe(self._topics, listener=_Listener(self._rebalanced, self._joining))
        for topic in self._topics:
            # Joining without knowing the partitions means joining twice.
            self._kafka.partitions_for_topic(topic)
        bar = tqdm(desc="consumed", unit=" events", unit_scale=True, disable=None)
        try:
            while not self._stop.is_set() and not self._is_idle():
                self._collect()
                self._hand_over()
                if self._rebalanced.is_set():
                    self._rebalanced.clear()
                    telemetry.REBALANCES.inc()
                    self._forget()
                self._place()
                self._poll()
                if self.progress.is_due():
                    self._tell()
                bar.update(self.committed - bar.n)
            self._finish()
            bar.update(self.committed - bar.n)
        finally:
            bar.close()
            self._writer.close()
            self._kafka.close(autocommit=False)

    def _poll(self) -> None:
        room = self._most - len(self._batch)
        busy = self._in_flight is not None
        if room <= 0:
            self._wait_for_writer()
            return
        # kafka-python 3.0.12 forgets a join that ends between two calls of poll() and begins another, for ever if it always does: so while
        # one is on its way it is waited for within poll().
        timeout = JOIN_POLL_MILLISECONDS if self._joining.is_set() else 5 if busy else 100
        try:
            polled = self._kafka.poll(timeout_ms=timeout, max_records=room)
        except KafkaError as error:
            self._outlive(error)
            return
        if self._rebalanced.is_set():
            return
        for partition, records in polled.items():
            place = Position(partition.topic, partition.partition)
            if place not in self._places:
                continue
            if records[0].offset != self._places[place] and not self._is_gap(place, records[0].offset):
                self._forget()
                return
            if place not in self._batch.first:
                self._batch.first[place] = self._places[place]
                self._oldest[place] = records[0].timestamp
            self._batch.add(place, records)
            self._places[place] = records[-1].offset + 1
            self._heard_at = time.monotonic()

    def _outlive(self, error: KafkaError) -> None:
        """The broker's absence is waited out; the client raises it where a proxy takes its connections for a broker that is gone.

        Raises:
            KafkaError: waiting does not mend it.
        """
        if not error.retriable:
            raise error
        log.warning("the broker is away: %s", first_line(error))
        self._stop.wait(BROKER_AWAY_SECONDS)

    def _is_gap(self, place: Position, offset: int) -> bool:
        """Whether Kafka has nothing between where reading went on and `offset`; otherwise somebody moved the reader back."""
        expected = self._places[place]
        if offset > expected:
            log.error(
                "%s/%s: offsets %s to %s are no longer in Kafka: its retention is shorter than the consumer was away",
                *place,
                expected,
                offset - 1,
            )
        return offset > expected

    def _wait_for_writer(self) -> None:
        """The batch is full: read no further, but stay a member of the group."""
        if self._in_flight is None:
            return
        wait([self._in_flight], timeout=0.05)
        if not self._in_flight.done() and time.monotonic() - self._busy_since > PAUSE_AFTER_SECONDS:
            assigned = self._kafka.assignment()
            self._kafka.pause(*assigned)
            self._kafka.poll(timeout_ms=50)
            self._kafka.resume(*self._kafka.paused())

    def _hand_over(self) -> None:
        if self._in_flight is not None:
            return
        now = time.monotonic()
        if len(self._batch):
            self._in_flight, self._in_flight_batch, self._oldest_in_flight = self._writer.commit(self._batch), self._batch, self._oldest
            self._batch, self._oldest, self._busy_since = Batch({}), {}, now
        elif now - self._noted_at > NOTE_EVERY_SECONDS:
            self._note(now)

    def _note(self, now: float) -> None:
        self._noted_at = now
        if self._places:
            self._in_flight = self._writer.note_watermarks(self._ends())

    def _ends(self) -> dict[Position, int]:
        """Where the partitions end, of those of which Kafka has said so."""
        ends = {place: self._kafka.highwater(TopicPartition(*place)) for place in self._places}
        return {place: end for place, end in ends.items() if end is not None}

    def _tell(self) -> None:
        """Tell what waits, and whether Kafka is there."""
        ends, oldest, written = self._ends(), self._oldest | self._oldest_in_flight, self._written()
        waiting = {
            place: Waiting(max(ends.get(place, 0), offset) - written[place], oldest[place] / 1000 if oldest.get(place, -1) >= 0 else None)
            for place, offset in self._places.items()
        }
        client = self._kafka._client
        connected = any(client.connected(broker.node_id) for broker in client.cluster.brokers())
        self.progress.tell(waiting, unplaced=len(self._unplaced), joined=not self._joining.is_set(), connected=connected)

    def _written(self) -> dict[Position, int]:
        """The first offset of each partition that is not in the tables yet."""
        in_flight = self._in_flight_batch.first if self._in_flight_batch else {}
        held = self._batch.first | in_flight
        return {place: held.get(place, offset) for place, offset in self._places.items()}

    def _collect(self) -> None:
        """Take the writer's answer, if there is one."""
        if self._in_flight is None or not self._in_flight.done():
            return
        future, batch = self._in_flight, self._in_flight_batch
        self._in_flight, self._in_flight_batch, self._oldest_in_flight = None, None, {}
        if batch is None:
            return
        try:
            refused = future.result()
        except sink.Fenced as error:
            telemetry.FENCED.inc()
            log.warning("%s: reading again from where the database stands", error)
            self._forget()
            return
        self.committed += len(batch)
        self.refused += refused
        now = time.monotonic()
        if now - self._noted_at > NOTE_EVERY_SECONDS:  # a busy consumer must tell its lag too
            self._note(now)
            self._tell_kafka()
        self._refused_share.add(len(batch), refused)

    def _tell_kafka(self) -> None:
        offsets = {TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in self._written().items() if offset}
        try:
            self._kafka.commit_async(offsets)
        except KafkaError as error:
            log.debug("offsets not told to Kafka: %s", error)

    def _place(self) -> None:
        """Seek the partitions that were assigned to where the database stands, as soon as it has said so.

        It may take its time: a stopped consumer that holds the same partitions keeps the rows until the server ends its transaction.
        """
        if self._placing is None:
            if not self._unplaced or self._in_flight is not None:
                return
            self._placing = self._writer.offsets(set(self._unplaced))
        wait([self._placing], timeout=PLACE_WITHIN_SECONDS)
        if not self._placing.done():
            return
        asked, self._placing = self._placing, None
        try:
            found = asked.result()
        except (psycopg.Error, DatabaseUnavailable) as error:
            log.warning("cannot ask the database where to read: %s", first_line(error))
            self._stop.wait(0.2)
            return
        if self._rebalanced.is_set():
            return
        for place, offset in found.items():
            self._kafka.seek(TopicPartition(*place), offset)
        self._places |= found
        self._unplaced.clear()
        self._heard_at = time.monotonic()

    def _forget(self) -> None:
        """Throw away what was read and not handed over, and ask the database anew where to read. A batch on its way is fenced by itself."""
        self._batch, self._oldest = Batch({}), {}
        self._places.clear()
        self._placing = None
        self._unplaced = {Position(p.topic, p.partition) for p in self._kafka.assignment()}

    def _is_idle(self) -> bool:
        if self._until_idle is None or self._in_flight_batch is not None or len(self._batch):
            return False
        now = time.monotonic()
        if self._unplaced or not self._places:
            return now - self._started_at > max(self._until_idle, ASSIGNMENT_WITHIN_SECONDS)
        if now - self._heard_at < self._until_idle:
            return False
        ends = self._kafka.end_offsets([TopicPartition(*place) for place in self._places])
        return all(ends[TopicPartition(*place)] <= offset for place, offset in self._places.items())

    def _finish(self) -> None:
        """Commit what was read, unless the database is away: then it is read again the next time."""
        for _ in range(2):
            if self._in_flight is not None:
                wait([self._in_flight], timeout=5)
                self._collect()
            self._hand_over()
        self._tell_kafka()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Kafka's client calls this in its own thread: only flags are set, and the loop looks at them."""

    def __init__(self, rebalanced: threading.Event, joining: threading.Event) -> None:
        self._rebalanced = rebalanced
        self._joining = joining

    def on_partitions_revoked(self, revoked: object) -> None:
        self._joining.set()
        self._rebalanced.set()

    def on_partitions_assigned(self, assigned: object) -> None:
        self._rebalanced.set()
        self._joining.clear()


def run(*, until_idle_seconds: float | None) -> tuple[int, int]:
    """Consume until SIGTERM or SIGINT, or until nothing came for so long and everything is in the tables.

    Returns:
        How many events were committed, and how many of them were refused.

    Raises:
        TooManyRefused, BrokerUnavailable, DatabaseUnavailable: the message is a sentence for the person who started it.
    """
    consumer = Consumer(settings(), until_idle_seconds=until_idle_seconds)
    on_signal(consumer.stop)
    with served("consume", (telemetry.CONSUMER,), consumer.progress.unready):
        consumer.run()
    return consumer.committed, consumer.refused
