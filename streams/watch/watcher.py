"""The watcher: every few seconds one snapshot is read, every rule judged, and everything written in one transaction; sending comes after.

Only one process works at a time; another one waits to take over. A database that goes away is waited for.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import get_args

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from sql.child import AlreadyRunning
from sql.engine import DatabaseUnavailable, engine, first_line
from sql.health import Pulse
from sql.settings import settings
from streams import telemetry
from streams.watch import store
from streams.watch.judging import Judged, judge_all
from streams.watch.posts import ApprisePost, TopicPost, address_of
from streams.watch.reading import Reader
from streams.watch.rules import TOPIC_RECEIVER, Rule, RuleFile, Severity
from streams.watch.telling import Teller, Told

log = logging.getLogger(__name__)

ROUNDS_WITHOUT_GAP = 4
WAIT_AFTER_ERROR_SECONDS = 5.0
LOCK_EVERY_SECONDS = 5.0
TELL_EVERY_SECONDS = 2.0
END_WITHIN_SECONDS = 8.0
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
OUTCOMES = tuple(field.name for field in fields(Told))
AWAY = (psycopg.Error, SQLAlchemyError, DatabaseUnavailable)


@dataclass
class Watcher:
    """The rules of one file, with the ways to its receivers.

    Attributes:
        file: the rules.
        tellers: one a receiver that has an address, and the topic's.
    """

    file: RuleFile
    tellers: list[Teller]
    _reader: Reader = field(init=False)
    _fine: Pulse = field(init=False, default_factory=Pulse)

    def __post_init__(self) -> None:
        self._reader = Reader({rule.metric.name for rule in self.file.rules})
        self._told = {teller.name for teller in self.tellers}

    def round(self, connection: Connection, *, as_of: datetime | None = None) -> Judged:
        """Read, judge and write, in one transaction.

        Args:
            connection: Of isolation REPEATABLE READ, so that all metrics are of one instant; no transaction is open.
            as_of: A past instant to judge; None: now.
        """
        with connection.begin():
            now = as_of or store.now(connection)
            readings = self._reader.read(connection, now, as_of=as_of)
            gap = timedelta(seconds=settings().watch_every_seconds) * ROUNDS_WITHOUT_GAP
            judged = judge_all(self.file.rules, store.standings(connection), readings, now, longest_gap=gap)
            store.write(connection, judged, now, self._receivers_of)
        self._count(judged)
        for fired in judged.fired:
            log.info("%s: %s", fired.rule.severity, fired.text)
        return judged

    def _count(self, judged: Judged) -> None:
        severities = {rule.name: rule.severity for rule in self.file.rules}
        firing = Counter(severities[rule] for (rule, _), standing in judged.standings.items() if standing.fired_at and rule in severities)
        for severity in SEVERITIES:
            telemetry.WATCH_FIRING.labels(severity).set(firing[severity])
        telemetry.WATCH_ROUNDS.inc()

    def unready(self) -> str | None:
        """Why it is not ready: no round was done for some time. Who waits to take over is ready."""
        if self._fine.has_beaten and self._fine.silent_seconds <= ROUNDS_WITHOUT_GAP * settings().watch_every_seconds:
            return None
        return f"No rule has been judged for {self._fine.silent_seconds:.0f} s."

    def _receivers_of(self, rule: Rule) -> list[str]:
        return [TOPIC_RECEIVER, *(name for name in rule.send_to if name in self._told)]

    def once(self) -> tuple[Judged, Told]:
        """One round, and one attempt at everything that is due.

        Raises:
            AlreadyRunning: another watcher works.
            DatabaseUnavailable: there is no database.
        """
        with only_watcher() as connection:
            if connection is None:
                raise AlreadyRunning("A watcher works on this database already.")
            judged = self.round(connection)
            self._drop_gone(connection)
            told = [teller.tell() for teller in self.tellers]
        sums = (sum(getattr(one, name) for one in told) for name in OUTCOMES)
        return judged, Told(*sums)

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set."""
        waiting = False
        while not stop.is_set():
            try:
                with only_watcher() as connection:
                    if connection is not None:
                        self._work(connection, stop)
                        waiting = False
                        continue
                self._fine.beat()
                if not waiting:
                    log.warning("another watcher works on this database: this one waits to take over")
                waiting = True
                stop.wait(LOCK_EVERY_SECONDS)
            except AWAY as error:
                telemetry.WATCH_DATABASE_FAILURES.inc()
                log.warning("the database: %s. Trying again in %.0f s", first_line(error), WAIT_AFTER_ERROR_SECONDS)
                stop.wait(WAIT_AFTER_ERROR_SECONDS)

    def _work(self, connection: Connection, stop: threading.Event) -> None:
        self._drop_gone(connection)
        with _telling(self.tellers), _working():
            while not stop.is_set():
                began = time.monotonic()
                with telemetry.WATCH_ROUND_SECONDS.time():
                    self.round(connection)
                self._fine.beat()
                stop.wait(max(0.0, settings().watch_every_seconds - (time.monotonic() - began)))

    def _drop_gone(self, connection: Connection) -> None:
        known = {TOPIC_RECEIVER, *(receiver.name for receiver in self.file.receivers)}
        with connection.begin():
            gone = store.drop_receivers_gone(connection, known, store.now(connection))
        for name in gone:
            log.warning("messages for %s are dropped: it is no longer in the rule file", name)


def watcher_of(file: RuleFile) -> Watcher:
    """A watcher whose receivers' addresses come from the environment; who has none is named in the log and not told.

    Raises:
        InvalidAddress: an address cannot be used.
    """
    rules, zone = {rule.name: rule for rule in file.rules}, settings().zone
    tellers = [Teller(TOPIC_RECEIVER, TopicPost(), None, rules, zone, engine().begin)]
    for receiver in file.receivers:
        address = address_of(receiver)
        if address is None:
            log.warning("%s is not told of alerts: %s is not set", receiver.name, receiver.url_env)
            continue
        tellers.append(Teller(receiver.name, ApprisePost(receiver, address), receiver, rules, zone, engine().begin))
    return Watcher(file, tellers)


@contextmanager
def only_watcher() -> Iterator[Connection | None]:
    """A connection that holds the lock of the one watcher, as long as the block lasts; None: another process holds it."""
    with engine().connect() as pooled:
        connection = pooled.execution_options(isolation_level="REPEATABLE READ")
        connection.detach()  # closed for good at the end, and the lock with it
        yield connection if store.take_lock(connection) else None


@contextmanager
def _working() -> Iterator[None]:
    """Say in the metrics that this is the watcher that works."""
    telemetry.WATCH_WORKING.set(1)
    try:
        yield
    finally:
        telemetry.WATCH_WORKING.set(0)
        telemetry.WATCH_FIRING.clear()


@contextmanager
def _telling(tellers: list[Teller]) -> Iterator[None]:
    """A thread a receiver, so that one that is slow keeps nobody waiting."""
    ended = threading.Event()
    threads = [threading.Thread(target=_tell, args=(teller, ended), name=f"teller {teller.name}", daemon=True) for teller in tellers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        until = time.monotonic() + END_WITHIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _tell(teller: Teller, ended: threading.Event) -> None:
    while not ended.wait(TELL_EVERY_SECONDS):
        try:
            told = teller.tell()
            for outcome in OUTCOMES:
                telemetry.WATCH_MESSAGES.labels(outcome).inc(getattr(told, outcome))
        except AWAY as error:
            log.warning("nothing is sent to %s while the database is away: %s", teller.name, first_line(error))
            ended.wait(WAIT_AFTER_ERROR_SECONDS)
