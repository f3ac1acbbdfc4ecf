"""Sends what waits in `watch_delivery`: at least once, later in quiet hours, again with growing pauses after a failure, a day at most.

A message is locked while it is sent and marked in the same transaction, so a process that is killed leaves it to be sent again. It
judges no rule, and no address of a receiver is ever logged or stored.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from streams.watch import store
from streams.watch.quiet_hours import QuietHours
from streams.watch.rules import Receiver, Rule
from streams.watch.store import Due

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(days=1)


class Post(Protocol):
    """A way to a receiver."""

    def send(self, due: Due) -> str | None:
        """Send a message; None, or in words without secrets why it was not taken. It raises nothing and ends in a bounded time."""


@dataclass(frozen=True)
class Send:
    """It is to be sent now."""


@dataclass(frozen=True)
class PutOff:
    """It waits for the end of quiet hours."""

    until: datetime


@dataclass(frozen=True)
class Drop:
    """It is never sent."""

    reason: str


@dataclass
class Told:
    """What one pass did."""

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    dropped: int = 0


def decide(due: Due, rule: Rule | None, receiver: Receiver | None, now: datetime, zone: ZoneInfo) -> Send | PutOff | Drop:
    """What to do with a message that is due.

    Args:
        due: The message.
        rule: Its rule; None: it is no longer in the file.
        receiver: Whose quiet hours hold; None: the topic, which has none.
        now: The instant.
        zone: The city's, by whose clock hours are quiet.
    """
    if due.what == "cleared" and due.beginning_dropped:
        return Drop("of the alert's beginning nothing was sent")
    if due.what == "fired" and due.quiet and due.cleared_at is not None:
        return Drop("it cleared within the quiet hours")
    if receiver is None:
        return Send()
    ends = [_quiet_until(receiver.quiet_hours, receiver.quiet_hours_except, due, now, zone)]
    if rule is not None:
        ends.append(_quiet_until(rule.quiet_hours, rule.quiet_hours_except, due, now, zone))
    quiet = [end for end in ends if end is not None]
    return PutOff(max(quiet)) if quiet else Send()


def _quiet_until(hours: QuietHours | None, excepted: tuple[str, ...], due: Due, now: datetime, zone: ZoneInfo) -> datetime | None:
    return None if hours is None or due.severity in excepted else hours.until(now, zone)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failures: 30 s, 1, 2, 4, 8, then 15 minutes."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


@dataclass
class Teller:
    """Sends to one receiver.

    Attributes:
        name: the receiver's, as `watch_delivery` has it.
        post: the way to it.
        receiver: None: the topic.
        rules: those of the file, by name.
        zone: the city's.
        transaction: begins one; its connection is nobody else's.
        clock: the instant of a transaction.
    """

    name: str
    post: Post
    receiver: Receiver | None
    rules: dict[str, Rule]
    zone: ZoneInfo
    transaction: Callable[[], AbstractContextManager[Connection]]
    clock: Callable[[Connection], datetime] = store.now

    def tell(self) -> Told:
        """Send everything that is due; each message in a transaction of its own."""
        told = Told()
        while self._next(told):
            pass
        return told

    def _next(self, told: Told) -> bool:
        with self.transaction() as connection:
            at = self.clock(connection)
            due = store.next_due(connection, self.name, at)
            if due is None:
                return False
            decision = decide(due, self.rules.get(due.rule), self.receiver, at, self.zone)
            if isinstance(decision, Drop):
                told.dropped += 1
                store.settle(connection, due, attempts=due.attempts, quiet=due.quiet, dropped_at=at, error=decision.reason)
            elif isinstance(decision, PutOff):
                told.put_off += 1
                store.settle(connection, due, attempts=due.attempts, quiet=True, not_before=decision.until)
            else:
                self._send(connection, due, at, told)
        return True

    def _send(self, connection: Connection, due: Due, at: datetime, told: Told) -> None:
        attempts = due.attempts + 1
        error = self.post.send(due)
        if error is None:
            told.sent += 1
            store.settle(connection, due, attempts=attempts, quiet=due.quiet, sent_at=at)
            return
        told.failed += 1
        if at - due.happened_at >= GIVEN_UP_AFTER:
            log.error("given up after %s attempts: %s was not told that %s %s: %s", attempts, self.name, due.rule, due.what, error)
            store.settle(connection, due, attempts=attempts, quiet=due.quiet, dropped_at=at, error=f"given up after a day: {error}")
            return
        log.warning("%s was not told that %s %s (attempt %s): %s", self.name, due.rule, due.what, attempts, error)
        store.settle(connection, due, attempts=attempts, quiet=due.quiet, not_before=at + pause_after(attempts), error=error)
