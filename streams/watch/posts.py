"""The two ways out: a receiver's address by `apprise` (mail, Slack, Teams, SMS …), and the topic `311.alerts`. Each ends in a bounded time.

An address holds secrets. It comes from the environment, stays in memory, and what `apprise` says of a failure is thrown away.
"""

import logging
import os
import re
import threading
from collections.abc import Callable
from contextvars import ContextVar

import apprise
from dotenv import dotenv_values
from kafka import KafkaProducer
from kafka.errors import KafkaError

from sql.settings import PROJECT, settings
from streams import events
from streams.broker import BrokerUnavailable, bootstrap_servers, client_options, ensure_topics, topic_name
from streams.watch.rules import Receiver
from streams.watch.store import Due

LIMIT_SECONDS = 20.0
KAFKA_TIMEOUT_SECONDS = 10
SOURCE = "city311/watch"
RUNBOOK = "docs/runbook.md"


_http_errors: ContextVar[list[str]] = ContextVar("http errors of one sending")


class _Silent(logging.Filter):
    """Lets nothing through that apprise says, for it names addresses; of a failure it keeps the number of the HTTP error alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        kept = _http_errors.get(None)
        if kept is not None and (found := re.search(r"\berror=(\d{3})\b", record.getMessage())):
            kept.append(found[1])
        return False


logging.getLogger("apprise").addFilter(_Silent())


class InvalidAddress(Exception):
    """The environment holds an address that cannot be used; the message names the variable, never the address."""


def address_of(receiver: Receiver) -> str | None:
    """A receiver's address from the environment, else from `.env`; None: neither has it, and it is not told."""
    name = receiver.url_env
    return os.environ.get(name) or dotenv_values(PROJECT / ".env").get(name) or None


class ApprisePost:
    """A receiver whose address `apprise` knows how to reach."""

    def __init__(self, receiver: Receiver, address: str, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        """Take the address.

        Raises:
            InvalidAddress: apprise does not know such addresses.
        """
        self._limit_seconds = limit_seconds
        self._apprise = apprise.Apprise(asset=apprise.AppriseAsset(app_id="City311", async_mode=False))
        if not self._apprise.add(address) or len(self._apprise) == 0:
            raise InvalidAddress(f"{receiver.url_env}: the address of {receiver.name} is none that apprise knows. See docs/watch.md.")
        self._running: threading.Thread | None = None

    def send(self, due: Due) -> str | None:
        """As `Post.send`. A sending that hangs is left to itself; until it ends there is no other."""
        if self._running is not None and self._running.is_alive():
            return "the attempt before has not ended yet"
        answers: list[str | None] = []
        self._running = threading.Thread(target=lambda: answers.append(self._notify(due)), name="apprise", daemon=True)
        self._running.start()
        self._running.join(self._limit_seconds)
        return answers[0] if answers else f"no answer within {self._limit_seconds:g} s"

    def _notify(self, due: Due) -> str | None:
        kind = apprise.NotifyType.SUCCESS if due.what == "cleared" else apprise.NotifyType.FAILURE
        if due.what == "fired" and due.severity == "watch":
            kind = apprise.NotifyType.WARNING
        errors: list[str] = []
        _http_errors.set(errors)  # apprise's own threads get a copy of the context, with this list in it
        try:
            taken = self._apprise.notify(body=body(due), title=title(due), notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # of any of a hundred services; its words may hold the address
            return f"apprise failed with {type(error).__name__}"
        return None if taken else "the receiver did not take it" + (f" (error {errors[-1]})" if errors else "")


class TopicPost:
    """The topic `311.alerts`: one event a beginning and one an end."""

    def __init__(self, servers: Callable[[], str] = bootstrap_servers) -> None:
        self._servers = servers

    def send(self, due: Due) -> str | None:
        """As `Post.send`."""
        try:
            self._publish(self._servers(), due)
        except (BrokerUnavailable, KafkaError, OSError) as error:
            return " ".join(str(error).split())[:300] or type(error).__name__
        return None

    def _publish(self, servers: str, due: Due) -> None:
        ensure_topics(servers, [events.ALERTS])
        milliseconds = KAFKA_TIMEOUT_SECONDS * 1000
        producer = KafkaProducer(
            **client_options(servers),
            client_id="city311-watch",
            acks="all",
            delivery_timeout_ms=milliseconds,
            request_timeout_ms=milliseconds // 2,
            max_block_ms=milliseconds,
            bootstrap_timeout_ms=milliseconds,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        try:
            key, value = f"{due.rule}/{due.subject}".encode(), events.encode(event_of(due))
            producer.send(topic_name(events.ALERTS), key=key, value=value).get(timeout=KAFKA_TIMEOUT_SECONDS)
        finally:
            producer.close(timeout=KAFKA_TIMEOUT_SECONDS)


def event_of(due: Due) -> events.WatchAlertEvent:
    """The event of a message: the same id however often it is sent."""
    data = events.WatchAlert(
        rule=due.rule,
        subject=due.subject,
        severity="act" if due.severity == "act" else "watch",
        what="cleared" if due.what == "cleared" else "fired",
        text=due.cleared_text or "" if due.what == "cleared" else due.text,
        fired_at=due.fired_at,
        runbook=f"{RUNBOOK}#{due.runbook}",
        value=due.value,
        cleared_at=due.cleared_at if due.what == "cleared" else None,
    )
    return events.WatchAlertEvent(id=f"watch-{due.watch_alert_id}-{due.what}", source=SOURCE, time=due.happened_at, data=data)


def title(due: Due) -> str:
    """City 311, act: long-wait; City 311, cleared: long-wait."""
    return f"{settings().city_name}, {'cleared' if due.what == 'cleared' else due.severity}: {due.rule}"


def body(due: Due) -> str:
    """What happened, when by the city's clock, and what to do about it."""
    since = due.fired_at.astimezone(settings().zone)
    lines = [due.text, f"Since {since:%H:%M} on {since:%a}, {since:%b} {since.day}."]
    if due.what == "cleared":
        lines.append(due.cleared_text or "Cleared.")
    else:
        lines.append(f"What to do: {RUNBOOK}#{due.runbook}")
    return "\n".join(lines)
