"""The sink against a real Postgres: rows, roll-ups, refusals and offsets together or not at all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from sqlalchemy import create_engine

from sql import intake
from sql.engine import connect
from sql.rebuild import rebuild
from streams import events, sink
from streams.fold import Batch, Position
from tests.event_strategies import EPOCH, EVENTS, batches, records

PLACE = Position("t", 0)
CONTACT_ROWS = "SELECT * FROM contact ORDER BY contact_id"
AGENT_ROWS = "SELECT * FROM agent_state_change ORDER BY agent_id, changed_at"
REQUEST_ROWS = "SELECT * FROM request ORDER BY service_request_id"
ROLL_UPS = "SELECT * FROM contact_interval WHERE contacts <> 0 ORDER BY 1, 2, 3, 4"
TABLES = (
    "contact, contact_interval, agent, agent_state_change, request, feed, feed_partition, queue, queue_feed, stream_offset, dead_letter"
)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(url=database, autocommit=True) as opened:
        sink.prepare(opened)
        sink.offsets(opened, [PLACE], consumer="test")
        yield opened


def rows(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def empty(connection: psycopg.Connection[Any]) -> None:
    connection.execute(f"TRUNCATE {TABLES}".encode())
    sink.offsets(connection, [PLACE], consumer="test")


def write(connection: psycopg.Connection[Any], batch: Batch) -> None:
    sink.write(connection, batch, intake.read(connection))


def one(data: events.Data, seconds: float, first: int = 0) -> Batch:
    batch = Batch({PLACE: first})
    batch.add(PLACE, records([events.event(data, source="s", event_id="e", at=EPOCH + timedelta(seconds=seconds))], first))
    return batch


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    many=st.lists(EVENTS, min_size=1, max_size=14), sizes=st.lists(st.integers(1, 6), max_size=4), dice=st.randoms(use_true_random=False)
)
def test_any_order_and_any_batches_give_the_same_rows_and_roll_ups(
    connection: psycopg.Connection[Any], database: str, many: list[events.Event], sizes: list[int], dice: Any
) -> None:
    empty(connection)
    for batch in batches(many, []):
        write(connection, batch)
    once = [rows(connection, query) for query in (CONTACT_ROWS, AGENT_ROWS, REQUEST_ROWS, ROLL_UPS)]
    empty(connection)
    again = many + many[: len(many) // 3]
    dice.shuffle(again)
    for batch in batches(again, sizes):
        write(connection, batch)
    assert [rows(connection, query) for query in (CONTACT_ROWS, AGENT_ROWS, REQUEST_ROWS, ROLL_UPS)] == once
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as reader:
        assert rebuild(reader, check_only=True).differences.empty
    engine.dispose()


def test_a_batch_that_somebody_else_wrote_is_fenced_and_leaves_nothing(connection: psycopg.Connection[Any]) -> None:
    write(connection, one(events.ContactQueued("a", "general"), 0))
    with pytest.raises(sink.Fenced, match="t/0"):
        write(connection, one(events.ContactQueued("zombie", "general"), 0))
    assert rows(connection, "SELECT contact_id FROM contact") == [("a",)]
    assert rows(connection, "SELECT next_offset FROM stream_offset") == [(1,)]


def test_a_lost_answer_to_a_commit_is_found_out(connection: psycopg.Connection[Any]) -> None:
    batch = one(events.ContactQueued("a", "general"), 0)
    assert not sink.is_committed(connection, batch, consumer="test")
    write(connection, batch)
    assert sink.is_committed(connection, batch, consumer="test")
    write(connection, one(events.ContactQueued("b", "general"), 1, first=1))
    with pytest.raises(sink.Fenced):
        sink.is_committed(connection, batch, consumer="test")


def test_a_row_that_the_database_refuses_is_found_and_the_others_are_kept(connection: psycopg.Connection[Any]) -> None:
    connection.execute("ALTER TABLE contact ADD CONSTRAINT no_poison CHECK (contact_id NOT LIKE 'poison%')")
    many = [
        events.event(events.ContactQueued(f"{'poison' if n in (3, 11) else 'c'}{n}", "general"), source="s", event_id=str(n), at=EPOCH)
        for n in range(16)
    ]
    batch = batches(many, [])[0]
    assert sink.write_or_refuse(connection, batch, intake.read(connection)) == 2
    assert rows(connection, "SELECT count(*) FROM contact") == [(14,)]
    found = rows(connection, 'SELECT "offset", value, reason FROM dead_letter ORDER BY 1')
    assert [(offset, value) for offset, value, _ in found] == [(3, events.encode(many[3])), (11, events.encode(many[11]))]
    assert all("no_poison" in reason for _, _, reason in found)
    assert rows(connection, "SELECT next_offset FROM stream_offset") == [(16,)]


def test_text_that_means_something_to_copy_arrives_as_it_was(connection: psycopg.Connection[Any]) -> None:
    odd = 'a\\N"{,}\u2028é\\.'
    write(connection, one(events.ContactQueued(odd, odd, language="\\t"), 0))
    write(connection, one(events.AgentStateChanged(odd, "available", (odd, "x,y")), 0, first=1))
    assert rows(connection, "SELECT contact_id, queue, language FROM contact") == [(odd, odd, "\\t")]
    assert rows(connection, "SELECT agent_id, queues FROM agent_state_change") == [(odd, [odd, "x,y"])]


def test_an_unreadable_line_is_kept_once_however_often_it_is_sent(connection: psycopg.Connection[Any]) -> None:
    write(connection, one(events.unreadable(b"\x00\xff", "no time"), 0))
    write(connection, one(events.unreadable(b"\x00\xff", "no time"), 0, first=1))
    assert rows(connection, "SELECT value, reason FROM dead_letter") == [(b"\x00\xff", "no time")]


def test_one_notification_a_commit_names_what_changed(connection: psycopg.Connection[Any], database: str) -> None:
    with connect(url=database, autocommit=True) as listener:
        listener.execute("LISTEN city311")
        write(connection, one(events.ContactQueued("a", "general"), 0))
        assert [notice.payload for notice in listener.notifies(timeout=2, stop_after=1)] == ["contacts,feeds"]


def test_two_states_at_one_instant_are_the_first_of_the_order(connection: psycopg.Connection[Any]) -> None:
    write(connection, one(events.AgentStateChanged("ann", "available"), 0))
    write(connection, one(events.AgentStateChanged("ann", "on_contact", ("general",)), 0, first=1))
    write(connection, one(events.AgentStateChanged("ann", "offline"), 0, first=2))
    assert rows(connection, "SELECT state, queues FROM agent_state_change") == [("on_contact", ["general"])]


def test_a_feed_whose_clock_was_ahead_is_believed_again_once_it_is_set_right(connection: psycopg.Connection[Any]) -> None:
    as_of = "SELECT as_of < now(), as_of > now() - interval '1 minute' FROM metric.feeds"
    now = (datetime.now(UTC) - EPOCH).total_seconds()
    write(connection, one(events.ContactQueued("a", "q"), now + 3600))
    write(connection, one(events.FeedHeartbeat(10), now + 3600, first=1))
    assert rows(connection, as_of) == [(False, True)]
    write(connection, one(events.FeedHeartbeat(10), now, first=2))
    assert rows(connection, as_of) == [(True, True)]
    write(connection, one(events.FeedHeartbeat(10), now - 600, first=3))  # what comes late makes no feed older
    assert rows(connection, as_of) == [(True, True)]


def test_no_row_that_others_wait_for_is_held_while_a_client_copies(connection: psycopg.Connection[Any], database: str) -> None:
    """The server cannot end a transaction that waits in a COPY for a client that stands still: it must hold nobody up."""
    looked = []

    class Looking(dict[str, list[Any]]):
        def values(self) -> Any:
            with connect(url=database) as other:
                looked.append(other.execute("SELECT next_offset FROM stream_offset FOR UPDATE NOWAIT").fetchall())
            return super().values()

    batch = one(events.ContactQueued("a", "general"), 0)
    batch.contacts = Looking(batch.contacts)
    write(connection, batch)
    assert looked == [[(0,)]]
    assert rows(connection, "SELECT next_offset FROM stream_offset") == [(1,)]
