"""A made-up city in the real tables: nine weekdays of contacts, a day so far, people waiting, agents, feeds. The same dice on every run."""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from tests import roll_ups

PHONE, AGENTS, CHAT = "sim/phone", "sim/agents", "sim/chat"
CONTACT_TOPIC, AGENT_TOPIC = "311.contacts", "311.agents"
LANGUAGES = (("English", 0.72), ("Spanish", 0.17), ("Haitian Creole", 0.05), ("Portuguese", 0.03), ("Vietnamese", 0.02), ("Chinese", 0.01))
CADENCE_SECONDS = {PHONE: 10, AGENTS: 15, CHAT: 60}


@dataclass(frozen=True)
class Queue:
    """A queue, its share of the contacts, and the seconds that each of those waiting now has waited."""

    queue: str
    name: str
    share: float
    waiting: tuple[float, ...]
    slow: float = 0.1  # share of the last half hour's contacts answered too late
    channel: str = "phone"
    feed: str = PHONE


TROUBLE = (
    Queue("general", "General", 0.46, (68, 51, 40, 33, 30, 22, 18, 11, 9, 5, 2), slow=0.33),
    Queue("spanish", "Spanish", 0.17, (277, 190, 166, 120, 71, 38, 12), slow=0.66),
    Queue("trash", "Trash & recycling", 0.14, (14, 3)),
    Queue("streets", "Streets & snow", 0.12, (9,)),
    Queue("walkin", "Walk-in center", 0.0, (), channel="walk_in"),
    Queue("chat", "Chat & text", 0.11, (51, 20, 12, 4), channel="chat", feed=CHAT),
)
CALM = tuple(Queue(q.queue, q.name, q.share, q.waiting and (6.0,), channel=q.channel, feed=q.feed) for q in TROUBLE)
STATES = (("on_contact", 21), ("wrap_up", 4), ("available", 7), ("away", 3))


def fill(connection: psycopg.Connection[Any], now: datetime, zone: ZoneInfo, queues: tuple[Queue, ...] = TROUBLE) -> None:
    """Fill an empty, migrated database so that it looks like this city at `now`, and commit."""
    dice = random.Random(311)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO queue (queue, name, channel, position) VALUES (%s, %s, %s, %s)",
            [(q.queue, q.name, q.channel, place) for place, q in enumerate(queues, start=1)],
        )
        cursor.execute(
            "INSERT INTO service_target"
            " (queue, valid_from, answer_threshold_seconds, service_level_target, longest_wait_limit_seconds, wrap_up_limit_seconds)"
            " VALUES ('*', '2000-01-01', 30, 0.80, 120, 120)"
        )
        _contacts(cursor, dice, now, zone, queues)
        _agents(cursor, now)
        for feed, name in ((PHONE, "Calls"), (AGENTS, "Agents"), (CHAT, "Chat & text")):
            cursor.execute("INSERT INTO feed (feed, name, cadence_seconds) VALUES (%s, %s, %s)", (feed, name, CADENCE_SECONDS[feed]))
        cursor.executemany("INSERT INTO queue_feed (queue, feed) VALUES (%s, %s)", [(q.queue, q.feed) for q in queues])
        _consumed(cursor, now)
        roll_ups.count(connection)
    connection.commit()
    beat(connection, now)


def _rate(minute: float) -> float:
    """Contacts a minute at a minute of the local day."""
    hour = minute / 60
    return 0.3 + 5.2 * (math.exp(-(((hour - 10.2) / 2.4) ** 2)) + math.exp(-(((hour - 15.2) / 2.6) ** 2)))


def _contacts(cursor: psycopg.Cursor[Any], dice: random.Random, now: datetime, zone: ZoneInfo, queues: tuple[Queue, ...]) -> None:
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    busy = [q for q in queues if q.share]
    rows: list[tuple[Any, ...]] = []
    for week in range(9):
        start = midnight - timedelta(days=7 * week)
        lift = 1.15 if week == 0 else dice.uniform(0.88, 1.12)
        minutes = 24 * 60 if week else (now - midnight).total_seconds() / 60
        clock = 0.0
        while (clock := clock + dice.expovariate(_rate(clock) * lift)) < minutes - 0.5:
            queue = dice.choices(busy, [q.share for q in busy])[0]
            queued_at = start + timedelta(minutes=clock)
            recent = week == 0 and minutes - clock < 32
            rows.append(_contact(dice, f"{week}-{len(rows)}", queue, queued_at, now, recent=recent))
    for queue in queues:
        rows += [
            (
                f"w-{queue.queue}-{i}",
                queue.queue,
                queue.channel,
                _language(dice, queue),
                None,
                queue.feed,
                now - timedelta(seconds=age),
                *(None,) * 6,
            )
            for i, age in enumerate(queue.waiting)
        ]
    with cursor.copy(
        "COPY contact (contact_id, queue, channel, language, agent_id, source, queued_at,"
        " answered_at, left_at, left_reason, ended_at, talk_seconds, wrap_up_seconds) FROM STDIN"
    ) as copy:
        for row in rows:
            copy.write_row(row)


def _language(dice: random.Random, queue: Queue) -> str:
    return "Spanish" if queue.queue == "spanish" else dice.choices([name for name, _ in LANGUAGES], [share for _, share in LANGUAGES])[0]


def _contact(dice: random.Random, contact_id: str, queue: Queue, queued_at: datetime, now: datetime, *, recent: bool) -> tuple[Any, ...]:
    late = dice.random() < (queue.slow if recent else 0.12)
    wait = dice.uniform(31, 110) if late else dice.uniform(2, 28)
    ends = min(queued_at + timedelta(seconds=wait), now - timedelta(seconds=1))
    known = (contact_id, queue.queue, queue.channel, _language(dice, queue))
    if dice.random() < 0.04:
        return (*known, None, queue.feed, queued_at, None, ends, "abandoned", ends, None, None)
    talk = dice.uniform(60, 400)
    over = ends + timedelta(seconds=talk)
    if over > now:
        return (*known, "a001", queue.feed, queued_at, ends, None, None, None, None, None)
    return (*known, "a001", queue.feed, queued_at, ends, None, None, over, talk, dice.uniform(5, 60))


def _agents(cursor: psycopg.Cursor[Any], now: datetime) -> None:
    number = 0
    for state, count in STATES:
        for i in range(count):
            number += 1
            since = now - timedelta(seconds=(35, 52, 148, 252)[i] if state == "wrap_up" else 20 + 17 * i)
            serves = ["general", "trash"] if state != "available" or i < 3 else ["streets", "chat", "walkin"]
            agent = f"a{number:03}"
            cursor.execute("INSERT INTO agent (agent_id) VALUES (%s)", (agent,))
            history = [(now - timedelta(hours=3), "available", serves), (since, state, serves)]
            cursor.executemany(
                "INSERT INTO agent_state_change (agent_id, changed_at, state, queues, source) VALUES (%s, %s, %s, %s, %s)",
                [(agent, at, told, queues, AGENTS) for at, told, queues in history],
            )


def _consumed(cursor: psycopg.Cursor[Any], now: datetime) -> None:
    for topic in (CONTACT_TOPIC, AGENT_TOPIC):
        for partition in range(3):
            cursor.execute(
                "INSERT INTO stream_offset (topic, partition, next_offset, high_watermark, newest_event_at, moved_at, checked_at, consumer)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, 'city311-1')",
                (
                    topic,
                    partition,
                    4000 + partition,
                    4000 + partition + (12 if topic == CONTACT_TOPIC and partition == 1 else 0),
                    now,
                    now,
                    now,
                ),
            )
    cursor.executemany(
        'INSERT INTO dead_letter (topic, partition, "offset", value, reason, source, refused_at) VALUES (%s, %s, %s, %s, %s, %s, %s)',
        [
            (CONTACT_TOPIC, 0, i, b"<script>", "Expected `object`, got `str` - at `$.data`", PHONE, now - timedelta(minutes=i))
            for i in range(7)
        ],
    )


def beat(connection: psycopg.Connection[Any], at: datetime, feeds: tuple[str, ...] = (PHONE, AGENTS, CHAT)) -> None:
    """Say that these feeds are complete up to `at`, and ring."""
    with connection.cursor() as cursor:
        for feed in feeds:
            topic = AGENT_TOPIC if feed == AGENTS else CONTACT_TOPIC
            cursor.execute(
                "INSERT INTO feed_partition (feed, topic, partition, newest_event_at, heartbeat_at, ingested_at, events)"
                " VALUES (%s, %s, 0, %s, %s, %s, 4000) ON CONFLICT (feed, topic, partition)"
                " DO UPDATE SET heartbeat_at = excluded.heartbeat_at, ingested_at = excluded.ingested_at",
                (feed, topic, at, at, at),
            )
        cursor.execute("UPDATE stream_offset SET checked_at = %s", (at,))
        cursor.execute("SELECT pg_notify('city311', 'contacts,feeds')")
    connection.commit()


def join_queue(connection: psycopg.Connection[Any], contact_id: str, at: datetime, queue: str = "general") -> None:
    """Somebody begins to wait; rings."""
    connection.execute(
        "INSERT INTO contact (contact_id, queue, channel, language, source, queued_at, queued_at_reported)"
        " VALUES (%s, %s, 'phone', 'English', %s, %s, true)",
        (contact_id, queue, PHONE, at),
    )
    connection.execute("SELECT pg_notify('city311', 'contacts')")
    connection.commit()
