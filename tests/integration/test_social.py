"""Public posts through the broker, the sink and the tables: each once, with its topics, whatever the order, the number and the batches."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from sqlalchemy import create_engine

from sql import intake, queries
from sql.engine import connect, engine
from sql.retention import forget_texts
from sql.settings import settings
from streams import consumer, events, sink
from streams.__main__ import main
from streams.fold import Batch, Position
from streams.social import topics
from streams.social.stored import reclassify
from streams.social.topics import load
from tests.event_strategies import EPOCH, SOCIAL_EVENTS, batches, records
from tests.streams.social_posts import WRITTEN

PLACE = Position("t", 0)
POSTS = (
    "SELECT post_id, source, posted_at, author_hash, text, language, topics, question, rumor, verified, reposts, in_reply_to, url, latitude, "
    "longitude, version FROM social_post ORDER BY 1"
)
REPOSTS = "SELECT * FROM social_repost ORDER BY 1"
REPLIES = "SELECT * FROM social_reply ORDER BY 1"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(url=database, autocommit=True) as opened:
        sink.prepare(opened)
        empty(opened)
        yield opened


def empty(connection: psycopg.Connection[Any]) -> None:
    connection.execute(b"TRUNCATE social_post, social_repost, social_reply, feed, feed_partition, stream_offset, dead_letter")
    sink.offsets(connection, [PLACE], consumer="test")


def rows(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def everything(connection: psycopg.Connection[Any]) -> list[list[tuple[Any, ...]]]:
    return [rows(connection, query) for query in (POSTS, REPOSTS, REPLIES)]


def write(connection: psycopg.Connection[Any], many: list[events.Event], sizes: list[int]) -> None:
    for batch in batches(many, sizes):
        sink.write(connection, batch, intake.read(connection))


def posted(post_id: str, text: str, at: datetime = EPOCH, **more: Any) -> events.Event:
    return events.event(events.SocialPosted(post_id, text=text, **more), source="s", event_id=post_id, at=at)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    many=st.lists(SOCIAL_EVENTS, min_size=1, max_size=12),
    sizes=st.lists(st.integers(1, 6), max_size=4),
    dice=st.randoms(use_true_random=False),
)
def test_any_order_and_any_batches_give_the_same_rows(
    connection: psycopg.Connection[Any], many: list[events.Event], sizes: list[int], dice: Any
) -> None:
    empty(connection)
    write(connection, many, [])
    once = everything(connection)
    empty(connection)
    again = many + many
    dice.shuffle(again)
    write(connection, again, sizes)
    assert everything(connection) == once


def test_a_post_gets_its_topics_where_it_is_folded(connection: psycopg.Connection[Any]) -> None:
    write(connection, [posted(str(number), post.text) for number, post in enumerate(WRITTEN)], [7, 50])
    told = {int(row[0]): row for row in rows(connection, "SELECT post_id, topics, question, rumor, language FROM social_post")}
    rules = topics.rules()
    for number, post in enumerate(WRITTEN):
        reading = rules.read(post.text)
        assert told[number][1:] == (list(reading.topics), reading.question, reading.rumor, reading.language)


def test_what_the_database_refuses_is_kept_with_its_reason(connection: psycopg.Connection[Any]) -> None:
    batch = Batch({PLACE: 0})
    batch.add(PLACE, records([posted("a", "fine"), posted("b" * 90, "no power"), posted("c", "x", at=EPOCH + timedelta(days=1))]))
    connection.execute(b"ALTER TABLE social_post ADD CHECK (length(post_id) < 50)")
    assert sink.write_or_refuse(connection, batch, intake.read(connection)) == 1
    assert [row[0] for row in rows(connection, POSTS)] == ["a", "c"]
    assert len(rows(connection, "SELECT reason FROM dead_letter")) == 1


def test_other_rules_change_the_topics_that_are_stored(connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    write(connection, [posted("a", "The ferry has no power"), posted("b", "nothing")], [])
    file = tmp_path / "topics.toml"
    file.write_text('[topics.ferry]\ntitle = "Ferry"\n[topics.ferry.words.any]\n"ferry" = 1\n')
    assert reclassify(connection, load(file)) == (2, 1)
    assert rows(connection, "SELECT post_id, topics FROM social_post ORDER BY 1") == [("a", ["ferry"]), ("b", [])]
    assert reclassify(connection, load(file)) == (2, 0)
    assert reclassify(connection) == (2, 1)
    assert rows(connection, "SELECT topics FROM social_post ORDER BY post_id") == [(["power"],), ([],)]


def test_texts_are_forgotten_and_stay_so_and_the_counts_stay(connection: psycopg.Connection[Any], database: str) -> None:
    same = {"author_hash": "h", "text": "No power here"}
    told = [
        posted("a", **same),
        posted("b", **same, at=EPOCH + timedelta(hours=1)),
        posted("c", "No power either", at=EPOCH + timedelta(hours=2)),
        events.event(
            events.SocialPosted("x", repost_of=topics_text_id("No power either")), source="s", event_id="x", at=EPOCH + timedelta(hours=3)
        ),
    ]
    write(connection, told, [])
    connection.execute(b"UPDATE social_post SET received_at = now() - interval '31 days' WHERE post_id < 'c'")
    before = counted(database)
    assert before == {"power": (2, 1)}
    assert forget(database) == 2
    assert rows(connection, "SELECT post_id, text FROM social_post ORDER BY 1") == [("a", None), ("b", None), ("c", "No power either")]
    assert counted(database) == before
    connection.execute(b"UPDATE social_post SET received_at = now() - interval '31 days'")
    assert forget(database) == 1
    assert counted(database) == before
    write_again = batches(told, [])[0]
    connection.execute(b"UPDATE stream_offset SET next_offset = 0")
    sink.write(connection, write_again, intake.read(connection))
    assert rows(connection, "SELECT count(*) FROM social_post WHERE text IS NOT NULL") == [(0,)], "told again it stays forgotten"
    assert reclassify(connection) == (0, 0)
    assert forget(database) == 0


def forget(database: str) -> int:
    opened = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with opened.begin() as connection:
        forgotten = forget_texts(connection, before=datetime.now(UTC) - timedelta(days=30))
    opened.dispose()
    return forgotten


def topics_text_id(words: str) -> str:
    from streams.social.posts import text_id

    return text_id(words)


def counted(database: str) -> dict[str, tuple[int, int]]:
    """Posts and reposts by topic."""
    from sqlalchemy import create_engine

    reader = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with reader.connect() as opened:
        found = queries.frame(
            "social-topics", opened, **{"from": EPOCH, "to": EPOCH + timedelta(days=1), "as_of": EPOCH + timedelta(days=1)}
        )
    reader.dispose()
    return {row["topic"]: (row["posts"], row["reposts"]) for row in found.to_dict("records")}


def test_a_commit_says_that_posts_changed(connection: psycopg.Connection[Any], database: str) -> None:
    with connect(url=database, autocommit=True) as listener:
        listener.execute("LISTEN city311")
        write(connection, [posted("a", "x")], [])
        assert [notice.payload for notice in listener.notifies(timeout=2, stop_after=1)] == ["social,feeds"]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def sample(file: Path, posts: int) -> list[dict[str, Any]]:
    """A file of posts in no order of time, some of them broken."""
    told = [
        {"text": f"No power on block {number}", "posted_at": (EPOCH + timedelta(minutes=7 * number % 60)).isoformat(), "author": f"neighbor{number}",
         "latitude": 39.95, "longitude": -75.16}
        for number in range(posts)
    ]  # fmt: skip
    broken = ["{", '{"text": "x", "posted_at": "never", "author": "neighbor1"}']
    file.write_text("\n".join([*map(json.dumps, told), *broken]) + "\n")
    return told


def test_a_file_is_replayed_once_however_often(in_process: None, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    sample(file, 30)
    for _ in range(2):
        assert run("replay", "social", str(file)).startswith("30 events published, 2 records unreadable")
    assert consumer.run(until_idle_seconds=1)[1] == 4, "unreadable lines, told twice"
    with engine().connect() as reader:
        found = queries.frame("social-unanswered", reader, as_of=EPOCH + timedelta(days=1))
        assert len(found) == 30
        assert found["posted_at"].is_monotonic_increasing
        assert set(map(tuple, found["topics"])) == {("power",)}
        feeds = queries.frame("feeds", reader)
        assert feeds.loc[0, "feed"] == "social/posts1"
        everything_stored = reader.connection.cursor().execute("SELECT row_to_json(p)::text FROM social_post AS p").fetchall()
        refused = reader.connection.cursor().execute("SELECT convert_from(value, 'UTF8') || reason FROM dead_letter").fetchall()
    assert len(refused) == 2
    assert "neighbor" not in repr(everything_stored) + repr(refused)
    assert run("reclassify-posts") == "30 posts read again, 0 of them changed\n"
    assert run("forget-posts") == "the texts of 0 posts forgotten that came more than 30 days ago\n"


def test_a_file_is_replayed_as_if_it_began_now(in_process: None, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    told = sample(file, 12)
    began = datetime.now(UTC)
    run("replay", "social", str(file), "--start", "now", "--speed", "max")
    assert consumer.run(until_idle_seconds=1)[1] == 2
    with engine().connect() as reader:
        found = queries.frame("social-unanswered", reader, as_of=began + timedelta(days=2))
    assert abs(found["posted_at"].iloc[0].to_pydatetime() - began) < timedelta(minutes=1)
    first = min(datetime.fromisoformat(one["posted_at"]) for one in told)
    offsets = sorted(datetime.fromisoformat(one["posted_at"]) - first for one in told)
    assert [at - found["posted_at"].iloc[0] for at in found["posted_at"]] == offsets


@pytest.mark.reference
def test_the_real_posts_of_a_storm(in_process: None, reference_data: Path) -> None:
    file = reference_data / "social" / "storm_posts_2014-11.jsonl"
    assert run("replay", "social", str(file)).startswith("6,321 events published, 0 records unreadable")
    committed, refused = consumer.run(until_idle_seconds=2)
    assert (committed >= 6321, refused) == (True, 0)
    with engine().connect() as reader:
        as_of = datetime(2014, 12, 1, tzinfo=UTC)
        found = queries.frame("social-topics", reader, **{"from": datetime(2014, 11, 16, tzinfo=UTC), "to": as_of, "as_of": as_of})
        hours = queries.frame("social-by-hour", reader, **{"from": datetime(2014, 11, 16, tzinfo=UTC), "to": as_of, "as_of": as_of})
        stored = reader.connection.cursor().execute("SELECT count(*), count(*) FILTER (WHERE topics <> '{}') FROM social_post").fetchone()
    assert stored is not None
    assert 6280 <= stored[0] <= 6321, "a few are told twice, word for word and second for second"
    assert 0.03 < stored[1] / stored[0] < 0.08, "most ask the city for nothing"
    assert found["topic"].tolist()[:2] == ["plowing", "flooding"] or set(found["topic"].tolist()[:3]) == {"plowing", "flooding", "closures"}
    assert hours["posts"].sum() == found["posts"].sum()


def test_rules_that_cannot_be_used_are_said(in_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_TOPICS", str(tmp_path / "none.toml"))
    settings.cache_clear()
    sample(tmp_path / "posts.jsonl", 3)
    run("replay", "social", str(tmp_path / "posts.jsonl"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for arguments in (["reclassify-posts"], ["consume", "--until-idle", "1"]):
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, "SOCIAL_TOPICS" in result.output) == (1, True), result.output
        assert "Traceback" not in result.output
    monkeypatch.delenv("SOCIAL_TOPICS")
    settings.cache_clear()
    assert consumer.run(until_idle_seconds=1)[1] == 2
    with engine().connect() as reader:
        assert len(queries.frame("social-unanswered", reader, as_of=EPOCH + timedelta(days=1))) == 3, "nothing was lost meanwhile"
    for number, handler in handlers.items():
        signal.signal(number, handler)
