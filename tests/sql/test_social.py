"""Posts by topic and hour, and those without an answer, as they were known at any instant; figures worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from sql import queries
from streams.social.posts import text_id

NOON = datetime(2026, 1, 28, 17, 0, tzinfo=UTC)  # a Wednesday, noon in New York
HOUR = timedelta(hours=1)
FROM, TO = NOON - 6 * HOUR, NOON


def post(connection: Connection, post_id: str, at: datetime, topics: str = "{plowing}", **more: Any) -> None:
    row = {
        "post_id": post_id, "source": "s", "posted_at": at, "author_hash": post_id, "text": f"post {post_id}", "language": "en", "topics": topics,
        "question": False, "rumor": False, "verified": False, "reposts": 0, "version": "", **more,
    }  # fmt: skip
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO social_post ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)


def reply(connection: Connection, post_id: str, at: datetime) -> None:
    statement = "INSERT INTO social_reply VALUES (:reply, :post, :at, 's')"
    connection.execute(text(statement), {"reply": f"r {post_id} {at}", "post": post_id, "at": at})


def repost(connection: Connection, post_id: str, at: datetime) -> None:
    statement = "INSERT INTO social_repost VALUES (:repost, :post, :at)"
    connection.execute(text(statement), {"repost": f"p {post_id} {at}", "post": post_id, "at": at})


def topics(connection: Connection, **params: Any) -> dict[str, dict[str, Any]]:
    found = queries.frame("social-topics", connection, **({"from": FROM, "to": TO, "as_of": TO} | params))
    return {row["topic"]: row for row in found.to_dict("records")}


def unanswered(connection: Connection, **params: Any) -> list[str]:
    return queries.frame("social-unanswered", connection, **({"from": FROM, "as_of": TO} | params))["post_id"].tolist()


def test_posts_of_a_topic_beside_what_is_usual(connection: Connection) -> None:
    zone = ZoneInfo("America/New_York")
    for week in range(1, 9):
        at = (NOON.astimezone(zone) - timedelta(weeks=week)).astimezone(UTC) - 2 * HOUR
        for number in range(2):
            post(connection, f"w{week}-{number}", at + timedelta(minutes=number))
    post(connection, "first", NOON - timedelta(weeks=9), "{}")
    for number in range(10):
        post(connection, f"n{number}", NOON - timedelta(minutes=10 + number), question=number < 4, reposts=number)
    row = topics(connection)["plowing"]
    assert (row["posts"], row["usual"], row["ratio"]) == (10, 2.0, 12 / 4)
    assert (row["questions"], row["unanswered"], row["reposts"]) == (4, 4, 45)
    assert row["oldest_unanswered_seconds"] == 13 * 60
    assert row["p"] < 0.01


def test_a_week_within_an_incident_is_no_usual_week(connection: Connection) -> None:
    post(connection, "first", NOON - timedelta(weeks=3), "{}")
    post(connection, "stormy", NOON - timedelta(weeks=1) - HOUR)
    post(connection, "now", NOON - HOUR)
    before = topics(connection)["plowing"]
    connection.execute(
        text(
            "INSERT INTO incident (name, kind, onset_at, ended_at, opened_at) "
            "VALUES ('Storm', 'snow', cast(:at AS timestamptz), cast(:at AS timestamptz) + interval '1 day', :at)"
        ),
        {"at": NOON - timedelta(weeks=1, days=1) + 20 * HOUR},
    )
    assert (before["usual"], topics(connection)["plowing"]["usual"]) == (0.5, 0.0)


def test_without_earlier_posts_nothing_is_usual(connection: Connection) -> None:
    post(connection, "now", NOON - HOUR)
    row = topics(connection)["plowing"]
    assert row["posts"] == 1
    assert row["usual"] != row["usual"]
    assert row["ratio"] != row["ratio"]


def test_a_topic_that_is_quiet_now_is_there_with_0(connection: Connection) -> None:
    post(connection, "first", NOON - timedelta(weeks=2), "{}")
    post(connection, "before", NOON - timedelta(weeks=1) - HOUR, "{trash}")
    row = topics(connection)["trash"]
    assert (row["posts"], row["usual"], row["questions"], row["unanswered"]) == (0, 1.0, 0, 0)


def test_answers_and_reposts_count_from_when_they_came(connection: Connection) -> None:
    post(connection, "q", NOON - 3 * HOUR, question=True)
    reply(connection, "q", NOON - HOUR)
    reply(connection, "q", NOON - 2 * HOUR)
    repost(connection, "q", NOON - 2.5 * HOUR)
    repost(connection, "q", NOON - HOUR)
    for as_of, open_, reposts in ((NOON - 2.4 * HOUR, 1, 1), (NOON - 2 * HOUR, 0, 1), (NOON, 0, 2)):
        row = topics(connection, as_of=as_of)["plowing"]
        assert (row["unanswered"], row["reposts"]) == (open_, reposts)
        assert unanswered(connection, as_of=as_of) == (["q"] if open_ else [])
    assert topics(connection, as_of=NOON - 3.1 * HOUR) == {}
    assert topics(connection, as_of=NOON - 3 * HOUR)["plowing"]["posts"] == 1, "posted at that very instant"


def test_what_an_author_repeats_within_a_day_counts_once(connection: Connection) -> None:
    same = {"author_hash": "bot", "text": "Plow us!"}
    post(connection, "a", NOON - 20 * HOUR, **same)
    post(connection, "b", NOON - 2 * HOUR, **same)
    post(connection, "c", NOON - HOUR, **same)
    post(connection, "d", NOON - HOUR, text="Plow us!", author_hash="another")
    post(connection, "e", NOON - HOUR, text="Plow us!", author_hash=None)
    assert topics(connection)["plowing"]["posts"] == 2
    assert unanswered(connection) == ["d", "e"]
    assert sorted(unanswered(connection, **{"from": None})) == ["a", "d", "e"]


def test_a_repetition_by_words_counts_for_the_posts_of_these_words(connection: Connection) -> None:
    words = "Plow  us!\nNow – por favor, ñandú"
    post(connection, "a", NOON - 2 * HOUR, text=words)
    repost(connection, text_id("Plow us! Now – por favor, ñandú"), NOON - HOUR)
    repost(connection, text_id("Plow us! Now – por favor, ñandú"), NOON - 3 * HOUR)
    assert topics(connection)["plowing"]["reposts"] == 1, "one came before there was anything to repeat"


def test_without_an_answer_oldest_first_with_what_a_person_needs(connection: Connection) -> None:
    post(connection, "b", NOON - HOUR, "{power,plowing}", rumor=True, language="es", url="https://x.example/1")
    post(connection, "a", NOON - 2 * HOUR, "{}", question=True, verified=True)
    post(connection, "none", NOON - HOUR, "{}")
    post(connection, "later", NOON + HOUR)
    found = queries.frame("social-unanswered", connection, **{"from": FROM, "as_of": NOON, "most": 5})
    assert found["post_id"].tolist() == ["a", "b"]
    assert found["age_seconds"].tolist() == [7200.0, 3600.0]
    assert found["topics"].tolist() == [["other"], ["power", "plowing"]]
    assert found["verified"].tolist() == [True, False]
    assert found["rumor"].tolist() == [False, True]
    assert (found["language"].tolist()[1], found["url"].tolist()[1], found["text"].tolist()[0]) == ("es", "https://x.example/1", "post a")
    assert unanswered(connection, most=1) == ["a"]


def test_by_hour_and_topic(connection: Connection) -> None:
    post(connection, "a", NOON - timedelta(minutes=90), "{power,plowing}", question=True)
    post(connection, "b", NOON - timedelta(minutes=80), "{power}")
    post(connection, "c", NOON - timedelta(minutes=10), "{power}")
    found = queries.frame("social-by-hour", connection, **{"from": FROM, "to": TO, "as_of": NOON - timedelta(minutes=20)})
    rows = [(row["hour_start"].to_pydatetime(), row["topic"], row["posts"], row["questions"]) for row in found.to_dict("records")]
    assert rows == [(NOON - 2 * HOUR, "plowing", 1, 1), (NOON - 2 * HOUR, "power", 2, 1)]


@pytest.mark.parametrize("words", ["a", "  a  b ", "ñ – 停电", "a\n\tb", "", "\\'%", "😀"])
def test_the_id_of_words_is_the_same_in_both_places(connection: Connection, words: str) -> None:
    assert connection.scalar(text("SELECT metric.social_text_id(:words)"), {"words": words}) == text_id(words)
