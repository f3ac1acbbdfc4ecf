"""Weather alerts from the answer to the set that holds: the same as a second reading of the same messages, whatever the order and the number."""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from sqlalchemy import Connection, create_engine

from sql import intake, queries
from sql.engine import connect, engine
from streams import consumer, events, sink
from streams.fold import Batch, Position
from streams.publisher import Publisher
from streams.replay import run as replay
from streams.sources.nws_alerts import NwsAlerts
from tests.conftest import REFERENCE_DATA
from tests.event_strategies import ALERT_EVENTS, batches, records
from tests.servers import Services
from tests.streams.alert_server import NOON, collection, feature

PLACE = Position("t", 0)
REAL = REFERENCE_DATA / "alerts/nws_active_alerts.json"
TEMPLATE = re.compile(r'"date:now ([+-]\d+) (minutes|seconds)"')
ALERTS = "SELECT alert_id, source, sent_at, status, message_type, event, ends_at, zones, refers_to, geometry, parameters, version FROM alert ORDER BY 1"
FEEDS = "SELECT feed, as_of FROM metric.feeds ORDER BY feed"

Message = dict[str, Any]


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(url=database, autocommit=True) as opened:
        sink.prepare(opened)
        empty(opened)
        yield opened


@pytest.fixture
def reader(database: str) -> Iterator[Connection]:
    made = create_engine(database.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with made.connect() as opened:
        yield opened
    made.dispose()


def empty(connection: psycopg.Connection[Any]) -> None:
    connection.execute(b"TRUNCATE alert, feed, feed_partition, stream_offset, dead_letter")
    sink.offsets(connection, [PLACE], consumer="test")


def rows(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def write(connection: psycopg.Connection[Any], many: list[events.Event], sizes: list[int]) -> None:
    for batch in batches(many, sizes):
        sink.write(connection, batch, intake.read(connection))


def real_alerts() -> list[Message]:
    """The stored alerts with real times in place of their templates; where they are not, a few of the same shape."""
    if REAL.is_file():
        units = {"minutes": 60, "seconds": 1}
        text = TEMPLATE.sub(lambda found: f'"{(NOON + timedelta(seconds=int(found[1]) * units[found[2]])).isoformat()}"', REAL.read_text())
        found: list[Message] = json.loads(text)["features"]
        assert len(found) == 55
        return found
    ends = [None, 30, -5, 600]
    return [
        feature(
            f"urn:sample:{n}",
            sent=NOON - timedelta(minutes=7 * n),
            expires=NOON + timedelta(minutes=20 * n),
            ends=end and NOON + timedelta(minutes=end),
        )
        for n, end in enumerate(ends)
    ]


def chains(dice: random.Random, count: int = 25) -> list[Message]:
    """Events told by an alert and its updates, some cancelled; a message refers to the one before it or to all, and some never come."""
    found = []
    for chain in range(count):
        sent, ids, told = NOON + timedelta(minutes=dice.randrange(-900, 900)), [], []
        for step in range(dice.randrange(1, 7)):
            alert_id = f"urn:chain:{chain}.{step}"
            expires = sent + timedelta(minutes=dice.randrange(10, 400))
            changed: dict[str, Any] = {
                "expires": expires,
                "ends": dice.choice([None, expires, sent + timedelta(minutes=dice.randrange(5, 900))]),
            }
            if ids and dice.random() < 0.25:
                changed["messageType"] = dice.choice(["Cancel", "Cancel", "Ack", "Alert"])
            if dice.random() < 0.1:
                changed["status"] = dice.choice(["Test", "Exercise", "Draft", "System"])
            refers_to = tuple(ids) if dice.random() < 0.5 else tuple(ids[-1:])
            told.append(feature(alert_id, sent=sent, refers_to=refers_to, **changed))
            ids.append(alert_id)
            sent += timedelta(minutes=dice.randrange(0, 240))
        if len(told) > 2 and dice.random() < 0.4:
            del told[dice.randrange(1, len(told) - 1)]
        found += told
    return found


def holding(messages: list[Message], at: datetime) -> dict[str, bool]:
    """A second reading of the messages themselves: the ids that hold at an instant, and whether they lapsed."""

    def when(message: Message, field: str) -> datetime | None:
        written = message["properties"].get(field)
        return datetime.fromisoformat(written) if written else None

    known = {
        message["properties"]["id"]: message
        for message in messages
        if message["properties"]["status"] == "Actual" and (sent := when(message, "sent")) is not None and sent <= at
    }
    gone: set[str] = set()
    for message in known.values():
        if message["properties"]["messageType"] in ("Update", "Cancel"):
            todo = [one["identifier"] for one in message["properties"]["references"]]
            while todo:
                named = todo.pop()
                if named not in gone:
                    gone.add(named)
                    todo += [one["identifier"] for one in known[named]["properties"]["references"]] if named in known else []
    found = {}
    for alert_id, message in known.items():
        expires, ends = when(message, "expires"), when(message, "ends")
        until = ends or expires
        if message["properties"]["messageType"] in ("Alert", "Update") and alert_id not in gone and until is not None and at < until:
            found[alert_id] = expires is not None and expires <= at
    return found


@pytest.mark.parametrize("seed", range(4))
def test_what_holds_equals_a_second_reading_at_any_instant(connection: psycopg.Connection[Any], reader: Connection, seed: int) -> None:
    dice = random.Random(seed)
    messages = [*real_alerts(), *chains(dice)]
    source = NwsAlerts("nws/test", clock=lambda: NOON + timedelta(days=3))
    told = [source.event(one) for one in messages]
    again = told + dice.sample(told, len(told) // 2)
    dice.shuffle(again)
    write(connection, again, [dice.randrange(1, 40) for _ in range(6)])
    assert rows(connection, "SELECT count(*) FROM alert") == [(len(messages),)]
    instants = [NOON + timedelta(minutes=dice.randrange(-1_000, 3_000)) for _ in range(16)]
    boundaries = [datetime.fromisoformat(dice.choice(messages)["properties"][field]) for field in ("sent", "sent", "expires", "expires")]
    seen, lapsed = 0, 0
    for at in [*instants, *boundaries]:
        active = queries.frame("alerts-active", reader, as_of=at)
        found = dict(zip(active["alert_id"], active["lapsed"], strict=True))
        assert found == holding(messages, at), at
        seen, lapsed = seen + len(found), lapsed + sum(found.values())
        history = queries.frame("alert-history", reader, as_of=at)
        assert set(history.loc[history["held_until"].isna(), "alert_id"]) == set(found)
        assert set(history.loc[history["outcome"] == "lapsed", "alert_id"]) == {name for name, is_lapsed in found.items() if is_lapsed}
    assert seen > 20
    assert lapsed > 0


def test_what_held_within_a_period_is_what_held_at_some_instant_of_it(connection: psycopg.Connection[Any], reader: Connection) -> None:
    messages = chains(random.Random(9))
    source = NwsAlerts("nws/test", clock=lambda: NOON + timedelta(days=3))
    write(connection, [source.event(one) for one in messages], [])
    later = NOON + timedelta(days=5)
    everything = queries.frame("alert-history", reader, as_of=later)
    for hours in range(-10, 20, 3):
        starts = NOON + timedelta(hours=hours)
        within = {"from": starts, "to": starts + timedelta(hours=1)}
        found = set(queries.frame("alert-history", reader, as_of=later, **within)["alert_id"])
        assert found == set(everything.loc[(everything["sent_at"] < within["to"]) & (everything["held_until"] > starts), "alert_id"])
        assert found >= holding(messages, starts).keys()
        assert found >= holding(messages, starts + timedelta(minutes=30)).keys()


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    many=st.lists(ALERT_EVENTS, min_size=1, max_size=12),
    sizes=st.lists(st.integers(1, 6), max_size=4),
    dice=st.randoms(use_true_random=False),
)
def test_any_order_and_any_batches_give_the_same_rows(
    connection: psycopg.Connection[Any], many: list[events.Event], sizes: list[int], dice: Any
) -> None:
    empty(connection)
    write(connection, many, [])
    once = [rows(connection, query) for query in (ALERTS, FEEDS)]
    assert len(once[0]) == len({event.data.alert_id for event in many if isinstance(event, events.WeatherAlertEvent)})
    empty(connection)
    again = many + many
    dice.shuffle(again)
    write(connection, again, sizes)
    assert [rows(connection, query) for query in (ALERTS, FEEDS)] == once


def test_a_shape_that_is_no_json_is_refused_alone(connection: psycopg.Connection[Any]) -> None:
    data = [
        events.WeatherAlert(name, "Flood Warning", "Actual", "Alert", geometry=shape)
        for name, shape in (("a", "{"), ("b", '{"type":"Polygon"}'))
    ]
    batch = Batch({PLACE: 0})
    batch.add(PLACE, records([events.event(one, source="s", event_id=one.alert_id, at=NOON) for one in data]))
    assert sink.write_or_refuse(connection, batch, intake.read(connection)) == 1
    assert rows(connection, "SELECT alert_id FROM alert") == [("b",)]
    assert "invalid input syntax for type json" in rows(connection, "SELECT reason FROM dead_letter")[0][0]


def test_what_a_person_entered_is_not_overwritten_by_a_feed(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        b"INSERT INTO alert (alert_id, source, sent_at, status, message_type, event, version, entered_by) "
        b"VALUES ('manual/1', 'manual', now(), 'Actual', 'Alert', 'Flood Warning', '', 'Ann')"
    )
    data = events.WeatherAlert("manual/1", "Nothing", "Test", "Cancel")
    write(connection, [events.event(data, source="s", event_id="e", at=NOON)], [])
    assert rows(connection, "SELECT event, source FROM alert") == [("Flood Warning", "manual")]


def test_a_commit_says_that_the_alerts_changed(connection: psycopg.Connection[Any], database: str) -> None:
    with connect(url=database, autocommit=True) as listener:
        listener.execute("LISTEN city311")
        write(connection, [NwsAlerts("nws/test").event(feature("a"))], [])
        assert [notice.payload for notice in listener.notifies(timeout=2, stop_after=1)] == ["alerts,feeds"]


def test_through_the_broker_from_a_stored_answer(in_process: None, services: Services, tmp_path: Path) -> None:
    """A chain and a broken feature: the newest message holds, the broken one is kept, and the feed ages by its own clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    hour = timedelta(hours=1)
    told = [
        feature("c", sent=now - hour, refers_to=("b",), expires=now + hour),
        feature("a", sent=now - 5 * hour),
        feature("broken", sent=now, ends="soon"),
        feature("b", sent=now - 3 * hour, refers_to=("a",)),
    ]
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(collection(*told, updated=now)))
    for _ in range(2):
        assert replay(file, NwsAlerts()).unreadable == 1
    with Publisher(services.kafka.address) as publisher:
        publisher.heartbeat(
            source="nws/alerts", topic=events.WEATHER, at=now - timedelta(minutes=6), cadence_seconds=120, name="Weather alerts"
        )
    assert consumer.run(until_idle_seconds=1)[1] == 2
    with engine().connect() as asked:
        (active,) = queries.frame("alerts-active", asked, zones=["PAZ071"]).itertuples()
        assert (active.alert_id, active.lapsed, active.first_sent_at, active.until) == ("c", False, now - 5 * hour, now + 23 * hour)
        (feed,) = queries.frame("feeds", asked).itertuples()
        assert (feed.feed, feed.as_of, feed.state) == ("nws/alerts", now - timedelta(minutes=6), "late")
        assert set(queries.frame("dead-letters", asked, most=5, include_replayed=False)["source"]) == {"nws/alerts"}
