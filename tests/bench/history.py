"""A history of any length, made inside the database: the same recent days, and as much past before them as is asked for."""

from typing import Any

import psycopg

CONTACTS_A_DAY = 1_600  # so that the smallest history measured, 100,000, is longer than the eight weeks of what is usual
QUEUES = 7
AGENTS = 50
STATE_CHANGES_A_DAY = 20_000


def fill(connection: psycopg.Connection[Any], *, contacts: int) -> None:
    """Fill an empty migrated database with `contacts` contacts up to now, their roll-ups, and two days of agents' states."""
    every = 86_400 / CONTACTS_A_DAY
    connection.execute(
        f"""INSERT INTO contact (contact_id, queue, channel, language, agent_id, source, queued_at, queued_at_reported, answered_at, left_at, left_reason,
                                 ended_at, talk_seconds, hold_seconds, wrap_up_seconds)
            SELECT 'c' || n, 'q' || n % {QUEUES}, 'phone', 'en', 'agent' || n % {AGENTS}, 'bench', t.at, true,
                   CASE WHEN n % 10 > 0 AND n > 20 THEN t.at + make_interval(secs => n % 60) END,
                   CASE WHEN n % 10 = 0 AND n > 20 THEN t.at + make_interval(secs => n % 90) END,
                   CASE WHEN n % 10 = 0 AND n > 20 THEN 'abandoned' END,
                   CASE WHEN n > 60 THEN t.at + make_interval(secs => n % 60 + 180 + n % 200) END,
                   CASE WHEN n % 10 > 0 THEN 180 + n % 200 END, 0, 30
            FROM generate_series({contacts}, 1, -1) AS n
            CROSS JOIN LATERAL (SELECT now() - make_interval(secs => n * {every}) AS at) AS t""".encode()
    )
    connection.execute(
        f"INSERT INTO queue (queue, name) SELECT 'q' || n, 'Queue ' || n FROM generate_series(0, {QUEUES - 1}) AS n".encode()
    )
    connection.execute("INSERT INTO queue_feed SELECT queue, 'bench' FROM queue")
    connection.execute("INSERT INTO feed VALUES ('bench', 'Calls', 10)")
    connection.execute(
        "INSERT INTO feed_partition SELECT 'bench', '311.contacts', p, now(), now(), now(), 1 FROM generate_series(0, 5) AS p"
    )
    connection.execute(f"INSERT INTO agent SELECT 'agent' || n FROM generate_series(0, {AGENTS - 1}) AS n".encode())
    connection.execute(
        f"""INSERT INTO agent_state_change
            SELECT 'agent' || n % {AGENTS}, now() - make_interval(secs => n * {86_400 / STATE_CHANGES_A_DAY}),
                   (ARRAY['available', 'on_contact', 'wrap_up'])[1 + (n / {AGENTS}) % 3], ARRAY['q0', 'q1', 'q2'], 'bench'
            FROM generate_series(1, {2 * STATE_CHANGES_A_DAY}) AS n""".encode()
    )


def finish(connection: psycopg.Connection[Any]) -> None:
    """What a running system has: statistics and a visibility map."""
    connection.execute("VACUUM ANALYZE contact, contact_interval, agent_state_change")
