"""One batch, one transaction: rows, roll-ups, refusals and offsets reach Postgres together or not at all.

It never reads Kafka. What it guarantees is in `docs/guarantees.md`.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection, Cursor

from sql.engine import first_line
from sql.intake import Intake, version_of
from sql.queries import statement
from streams.alert_fold import alert_rows
from streams.fold import Batch, Position
from streams.progress import tell_refused
from streams.request_rows import request_rows, search_rows, survey_rows
from streams.social_fold import post_rows, reply_rows, repost_rows
from streams.weather_fold import day_rows, forecast_rows

log = logging.getLogger(__name__)

NOTIFY_CHANNEL = "city311"
MOST_CONSUMERS = 1_000
TRANSACTION_TIMEOUT_SECONDS = 10
REFUSALS = (psycopg.DataError, psycopg.IntegrityError)  # what a row can be the reason of


class IntakeChanged(Exception):
    """Areas, departments or targets were loaded since the intake was read; nothing was written."""


class Fenced(Exception):
    """Another consumer moved an offset that this one was reading from: what this one holds must be thrown away."""


def prepare(connection: Connection[Any]) -> None:
    """Make the temporary tables that `write` fills; once a connection.

    A consumer that stands still in the middle of a transaction would hold its partitions' rows for ever: the server ends it.
    """
    connection.execute(f"SET transaction_timeout = '{TRANSACTION_TIMEOUT_SECONDS}s'".encode())
    connection.execute(statement("sink-begin").encode())


def take_slot(connection: Connection[Any], group: str, *, wanted: int | None) -> int:
    """The first free place among the processes of a group, held until the connection ends; `wanted` is tried before the others."""
    for slot in [*([] if wanted is None else [wanted]), *range(MOST_CONSUMERS)]:
        taken = connection.execute(b"SELECT pg_try_advisory_lock(hashtext(%s), %s)", (group, slot)).fetchone()
        if taken and taken[0]:
            return int(slot)
    raise Fenced(f"{MOST_CONSUMERS} consumers of the group {group} are running already")


def offsets(connection: Connection[Any], positions: Iterable[Position], *, consumer: str) -> dict[Position, int]:
    """The next offset to read of each partition, as the database knows it; a new partition begins at 0."""
    wanted = list(positions)
    rows = connection.execute(
        statement("sink-offsets-of").encode(),
        {"topics": [p.topic for p in wanted], "partitions": [p.partition for p in wanted], "consumer": consumer},
    )
    return {Position(topic, partition): next_offset for topic, partition, next_offset in rows}


def note_watermarks(connection: Connection[Any], watermarks: dict[Position, int], *, consumer: str) -> None:
    """Write down where the broker's partitions end."""
    connection.execute(
        statement("sink-watermarks").encode(),
        {
            "topics": [p.topic for p in watermarks],
            "partitions": [p.partition for p in watermarks],
            "watermarks": list(watermarks.values()),
            "consumer": consumer,
        },
    )


def write(connection: Connection[Any], batch: Batch, intake: Intake) -> None:
    """Commit one batch.

    Args:
        connection: with the temporary tables of `prepare`.
        batch: what to write.
        intake: what requests get of places, departments and due days.

    Raises:
        IntakeChanged: the intake is not the one that holds; nothing was written.
        Fenced: an offset was moved by somebody else; nothing was written.
        psycopg.DataError, psycopg.IntegrityError: the database refuses a row; nothing was written.
        psycopg.Error: anything else; nothing was written, or all of it was and only the answer was lost.
    """
    with connection.transaction(), connection.cursor() as cursor:
        # The server ends a transaction that takes too long, but not while it waits in a COPY for a client that stands still: so all
        # that is copied comes first, into tables of this connection alone, and no lock that others wait for is held meanwhile.
        parts = list(_parts(batch, intake))
        for part in parts:
            _copy(cursor, part.table, part.lines)
        if batch.requests and version_of(connection) != intake.version:
            raise IntakeChanged
        _move_offsets(cursor, batch)
        for name in (name for part in parts for name in part.statements):
            cursor.execute(statement(name).encode())
        cursor.execute(b"SELECT pg_notify(%s, %s)", (NOTIFY_CHANNEL, ",".join(batch.changed())))
    tell_refused(letter.record.topic for letter in batch.dead_letters)


def write_or_refuse(connection: Connection[Any], batch: Batch, intake: Intake) -> int:
    """Commit one batch; a row that the database refuses is found by halving and kept as a refusal.

    Returns:
        How many of the batch's records were refused, here or before.
    """
    try:
        write(connection, batch, intake)
        return len(batch.dead_letters)
    except REFUSALS as error:
        if len(batch) == 1:
            reason = f"the database refuses it: {first_line(error)}"
            log.warning("refused %s", reason)
            batch.refuse(reason)
            write(connection, batch, intake)
            return 1
    return sum(write_or_refuse(connection, half, intake) for half in batch.halves())


def is_committed(connection: Connection[Any], batch: Batch, *, consumer: str) -> bool:
    """Whether a batch whose commit got no answer is in the database.

    Raises:
        Fenced: it is neither there nor does the database stand where the batch began.
    """
    at = offsets(connection, batch.spans, consumer=consumer)
    if all(at[place] == span.first_offset for place, span in batch.spans.items()):
        return False
    if all(at[place] == span.next_offset for place, span in batch.spans.items()):
        return True
    raise Fenced(f"the offsets are at {at}, the batch covers {batch.spans}")


class _Part(NamedTuple):
    """What of a batch goes into one temporary table, and the statements that take it from there."""

    table: str
    lines: Iterable[str]
    statements: tuple[str, ...]


def _parts(batch: Batch, intake: Intake) -> Iterator[_Part]:
    spans = batch.spans
    yield _Part(
        "offset_batch",
        map(_line, ((p.topic, p.partition, s.first_offset, s.next_offset, s.newest_event_at) for p, s in sorted(spans.items()))),
        (),
    )
    if batch.contacts:
        yield _Part("contact_batch", map(_contact_line, batch.contacts.values()), ("sink-horizon", "sink-contacts", "sink-queues"))
    if batch.agents:
        rows = ((agent, at, state, _array(queues), source) for agent, at, state, queues, source in batch.agents)
        yield _Part("agent_batch", map(_line, rows), ("sink-horizon", "sink-agents"))
    if batch.requests:
        yield _Part("request_batch", map(_line, request_rows(batch.requests, intake)), ("sink-requests", "sink-departments"))
    if batch.surveys:
        yield _Part("survey_batch", map(_line, survey_rows(batch.surveys)), ("sink-surveys",))
    if batch.searches:
        yield _Part("search_batch", map(_line, search_rows(batch.searches)), ("sink-searches",))
    if batch.weather.forecasts:
        hours = map(_line, forecast_rows(batch.weather.forecasts.values()))
        yield _Part("forecast_batch", hours, ("sink-forecasts", "sink-forecast-hours-gone", "sink-forecast-hours"))
    if batch.weather.days:
        yield _Part("weather_day_batch", map(_line, day_rows(batch.weather.days.values())), ("sink-weather-days",))
    if batch.alerts:
        yield _Part("alert_batch", map(_line, alert_rows(batch.alerts.tellings.values())), ("sink-alerts",))
    if batch.social.posts:
        yield _Part("social_post_batch", map(_line, post_rows(batch.social.posts.values())), ("sink-social-posts",))
    if batch.social.reposts:
        yield _Part("social_repost_batch", map(_line, repost_rows(batch.social.reposts)), ("sink-social-reposts",))
    if batch.social.replies:
        yield _Part("social_reply_batch", map(_line, reply_rows(batch.social.replies)), ("sink-social-replies",))
    if batch.feeds:
        yield _Part("feed_batch", map(_line, _feed_rows(batch)), ("sink-feeds",))
    if batch.dead_letters:
        yield _Part("dead_letter_batch", map(_line, _dead_letter_rows(batch)), ("sink-dead-letters",))


def _move_offsets(cursor: Cursor[Any], batch: Batch) -> None:
    """Before all other locks: a consumer that lost its partitions must do no work under them."""
    moved = {Position(*row) for row in cursor.execute(statement("sink-offsets").encode())}
    if lost := batch.spans.keys() - moved:
        raise Fenced(f"somebody else moved {', '.join(f'{p.topic}/{p.partition}' for p in sorted(lost))}")


def _copy(cursor: Cursor[Any], table: str, lines: Iterable[str]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        copy.write("".join(lines))


def _text(value: str) -> str:
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return value


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return _text(value.replace("\0", "\N{REPLACEMENT CHARACTER}"))
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _line(row: Sequence[Any]) -> str:
    return "\t".join(map(_field, row)) + "\n"


def _contact_line(row: list[Any]) -> str:
    """The same as `_line`, without asking each field what it is: this is the hottest line of the sink."""
    _, queue, channel, language, agent, source, queued, reported, answered, left, reason, ended, talk, hold, wrap_up = row
    null = "\\N"
    return (
        f"{_text(row[0])}\t{null if queue is None else _text(queue)}\t{null if channel is None else _text(channel)}\t"
        f"{null if language is None else _text(language)}\t{null if agent is None else _text(agent)}\t{_text(source)}\t"
        f"{null if queued is None else queued}\t{reported}\t{null if answered is None else answered}\t{null if left is None else left}\t"
        f"{reason or null}\t{null if ended is None else ended}\t{null if talk is None else talk}\t{null if hold is None else hold}\t"
        f"{null if wrap_up is None else wrap_up}\n"
    )


def _array(values: tuple[str, ...] | None) -> str | None:
    if values is None:
        return None
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _feed_rows(batch: Batch) -> Iterable[tuple[Any, ...]]:
    for (feed, topic, partition), f in batch.feeds.items():
        yield feed, f.name, f.cadence_seconds, topic, partition, f.newest_event_at, f.heartbeat_at, f.events


def _dead_letter_rows(batch: Batch) -> Iterable[tuple[Any, ...]]:
    for letter in batch.dead_letters:
        r = letter.record
        yield r.topic, r.partition, r.offset, r.key, letter.value or r.value, letter.reason, letter.refused_id, letter.source
