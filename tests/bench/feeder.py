"""`python -m tests.bench.feeder`: publish a contact centre's events at a set rate, with a mark in them that a wall shows.

A *mark* is a contact more that waits: number k is queued at its own instant, `began + k × mark_seconds`, however late it can be sent. So the
number of those waiting on a wall tells up to which instant the wall knows. Everything else is contacts that are over: they move every
figure but that one. It obeys one word a line on its standard input, and answers each with one line of JSON.

    rate N        events a second from now on, marks and heartbeats not counted
    skew SECONDS  the clock of the second source is wrong by so much from now on
    backlog N     send so many events of contacts of the last 20 hours, as fast as they go
    garbage N     send so many messages that are no events, as fast as they go
    totals        flush, and tell what was published so far; nothing is sent until the next word
    go            send on
"""

import json
import queue
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import click
from kafka import KafkaProducer

from streams import events
from streams.broker import bootstrap_servers, topic_name
from streams.publisher import Publisher

SOURCE, OTHER = "bench/phone", "bench/chat"
MARKED, BUSY, SECOND = "general", "busy", "chat"
HEARTBEAT_SECONDS, CADENCE_SECONDS = 1.0, 2.0
EVENTS_A_CONTACT = 3
WAIT_SECONDS, TALK_SECONDS, WRAP_UP_SECONDS, OVER_AFTER = 3, 100, 20, 115
BACKLOG_SECONDS = 20 * 3600
AGENTS, AGENT_SHARE = 40, 0.1  # share of the events that are an agent's
STEP_SECONDS = 0.02
PATIENCE_SECONDS = 600.0  # a broker on a busy machine may take minutes to come back
LARGEST_STEP_EVENTS = 4_000  # after a broker was away: what is missing comes in pieces, so that words are still heard


@dataclass
class Totals:
    """What was published so far."""

    began: float
    marks: int = 0
    contacts: int = 0
    agents: int = 0
    garbage: int = 0


class Feeder:
    """Publishes what is due, over and over."""

    def __init__(self, publisher: Publisher, *, rate: float, mark_seconds: float, run: str) -> None:
        self._publisher, self._rate, self._mark_seconds, self._run = publisher, rate, mark_seconds, run
        self._skew = 0.0
        self._dice = random.Random(311)
        self._owed = 0.0  # events that are due by the rate
        self._owed_at = time.time()
        self._heartbeat_at = 0.0
        self.totals = Totals(began=self._owed_at)

    def step(self) -> None:
        """Send what is due now."""
        now = time.time()
        while self.totals.began + self.totals.marks * self._mark_seconds <= now:
            self._send_mark()
        self._owed = min(self._owed + (now - self._owed_at) * self._rate, 60 * self._rate)
        self._owed_at = now
        for _ in range(int(min(self._owed, LARGEST_STEP_EVENTS) / EVENTS_A_CONTACT)):
            self._owed -= EVENTS_A_CONTACT
            self._send_contact(now)
        if now - self._heartbeat_at >= HEARTBEAT_SECONDS:
            self._heartbeat_at = now
            self._heartbeats()

    def rate(self, events_a_second: float) -> None:
        """Events a second from now on."""
        self._owed, self._owed_at, self._rate = 0.0, time.time(), events_a_second

    def skew(self, seconds: float) -> None:
        """What the second source's clock is wrong by."""
        self._skew = seconds

    def rest(self) -> None:
        """Owe nothing for the time in which nothing was sent; marks are owed all the same."""
        self._owed_at = time.time()

    def _send(self, data: events.Data, at: float, source: str = SOURCE) -> None:
        event = events.event(data, source=source, event_id=f"{self._run}-{self._publisher.sent}", at=datetime.fromtimestamp(at, UTC))
        self._publisher.send(event)

    def _send_mark(self) -> None:
        at = self.totals.began + self.totals.marks * self._mark_seconds
        self._send(events.ContactQueued(f"{self._run}-mark-{self.totals.marks}", MARKED), at)
        self.totals.marks += 1

    def backlog(self, count: int) -> None:
        """Contacts of the last hours, evenly, as they wait for a consumer that was away."""
        now, contacts = time.time(), count // EVENTS_A_CONTACT
        for number in range(contacts):
            self._send_over(now - BACKLOG_SECONDS * (1 - number / contacts), SOURCE, BUSY)

    def _send_contact(self, now: float) -> None:
        if self._dice.random() < AGENT_SHARE:
            agent = f"agent{self._dice.randrange(AGENTS)}"
            for _ in range(EVENTS_A_CONTACT):
                self._send(events.AgentStateChanged(agent, self._dice.choice(("on_contact", "wrap_up", "available")), (MARKED, BUSY)), now)
            self.totals.agents += EVENTS_A_CONTACT
            return
        if self._dice.random() < AGENT_SHARE:
            self._send_over(now + self._skew, OTHER, SECOND)
        else:
            self._send_over(now, SOURCE, BUSY)

    def _send_over(self, over: float, source: str, where: str) -> None:
        name = f"{self._run}-{self.totals.contacts}"
        self._send(events.ContactQueued(name, where), over - OVER_AFTER, source)
        self._send(events.ContactAnswered(name, "agent1", where, WAIT_SECONDS), over - OVER_AFTER + WAIT_SECONDS, source)
        self._send(events.ContactEnded(name, where, TALK_SECONDS, 0, WRAP_UP_SECONDS), over, source)
        self.totals.contacts += 1

    def _heartbeats(self) -> None:
        self._publisher.flush()  # a heartbeat says that everything before it is there
        at = datetime.now(UTC)
        for source, topic, name in ((SOURCE, events.CONTACTS, "Calls"), (SOURCE, events.AGENTS, "Calls"), (OTHER, events.CONTACTS, "Chat")):
            told = at + timedelta(seconds=self._skew) if source == OTHER else at
            self._publisher.heartbeat(source=source, topic=topic, at=told, cadence_seconds=CADENCE_SECONDS, name=name)


def send_garbage(count: int) -> None:
    """Messages that are no events: no JSON, JSON of another kind, an event with a wrong type, bytes."""
    producer = KafkaProducer(bootstrap_servers=bootstrap_servers().split(","), linger_ms=20)
    dice = random.Random(count)
    kinds = (b"{", b"[1, 2, 3]", b'{"type": "city311.contact.queued.v1", "id": 7}', b'{"specversion": "1.0", "type": "other"}')
    for number in range(count):
        value = dice.choice(kinds) if number % 2 else dice.randbytes(dice.randrange(1, 400))
        producer.send(topic_name(events.CONTACTS), key=str(number).encode(), value=value)
    producer.close()


def _words(heard: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        heard.put(line.strip())
    heard.put("end")


@click.command()
@click.option("--rate", type=float, default=5.0, show_default=True, help="Events a second, marks and heartbeats not counted.")
@click.option("--mark-seconds", type=float, default=0.25, show_default=True, help="Seconds from one mark to the next.")
@click.option("--run", default="run", show_default=True, help="What every id begins with.")
def main(rate: float, mark_seconds: float, run: str) -> None:
    """Publish until the standard input ends."""
    heard: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_words, args=(heard,), daemon=True).start()
    with Publisher(bootstrap_servers(), give_up_after_seconds=PATIENCE_SECONDS) as publisher:
        feeder = Feeder(publisher, rate=rate, mark_seconds=mark_seconds, run=run)
        answer(feeder)
        resting = False
        while True:
            try:
                word, _, value = heard.get(timeout=None if resting else STEP_SECONDS).partition(" ")
            except queue.Empty:
                feeder.step()
                continue
            if word == "end":
                return
            resting = word == "totals"
            obey(feeder, publisher, word, value)
            answer(feeder)


def obey(feeder: Feeder, publisher: Publisher, word: str, value: str) -> None:
    """Do what one line says."""
    if word == "rate":
        feeder.rate(float(value))
    elif word == "skew":
        feeder.skew(float(value))
    elif word == "backlog":
        feeder.backlog(int(value))
    elif word == "garbage":
        send_garbage(int(value))
        feeder.totals.garbage += int(value)
    elif word == "totals":
        publisher.flush()
    elif word == "go":
        feeder.rest()
    else:
        raise click.UsageError(f"there is no word {word!r}")


def answer(feeder: Feeder) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(asdict(feeder.totals)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
