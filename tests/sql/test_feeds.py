"""A source that has ended for good is missed no more; one that is heard, or was never, is not retired."""

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, text

from sql import feeds, queries
from sql.__main__ import main
from sql.engine import engine

OLD, NEW = "asterisk/old", "asterisk/new"
CONTACTS, AGENTS, BEFORE = "311.contacts", "311.agents", "old.311.contacts"


def told(connection: Connection, feed: str, topic: str, age: timedelta) -> None:
    """A feed of two partitions that was heard last so long ago."""
    connection.execute(
        text("INSERT INTO feed (feed, name, cadence_seconds) VALUES (:feed, :feed, 10) ON CONFLICT DO NOTHING"), {"feed": feed}
    )
    for partition in (0, 1):
        connection.execute(
            text(
                "INSERT INTO feed_partition (feed, topic, partition, newest_event_at, ingested_at, events)"
                " VALUES (:feed, :topic, :partition, now() - :age, now(), 5)"
            ),
            {"feed": feed, "topic": topic, "partition": partition, "age": age},
        )


def heard(connection: Connection) -> list[tuple[str, str]]:
    found = queries.frame("feeds", connection)
    return sorted(zip(found["feed"], found["topic"], strict=True))


def alert(connection: Connection, feed: str) -> int:
    """A rule that fires about a feed, and one receiver who heard so."""
    number = connection.execute(
        text(
            "INSERT INTO watch_alert (rule, subject, severity, text, runbook, fired_at)"
            " VALUES ('silent-feed', :feed, 'watch', 'It is silent', 'a-feed-is-silent', now()) RETURNING watch_alert_id"
        ),
        {"feed": feed},
    ).scalar_one()
    connection.execute(text("INSERT INTO watch_state VALUES ('silent-feed', :feed, 'firing', now(), 99, now())"), {"feed": feed})
    connection.execute(
        text("INSERT INTO watch_delivery (watch_alert_id, what, receiver, not_before) VALUES (:number, 'fired', 'desk', now())"),
        {"number": number},
    )
    return int(number)


def test_a_feed_that_has_ended_is_gone_with_its_alerts_and_noted(connection: Connection) -> None:
    told(connection, OLD, CONTACTS, timedelta(days=3))
    told(connection, OLD, AGENTS, timedelta(days=3))
    told(connection, NEW, CONTACTS, timedelta(seconds=2))
    connection.execute(text("INSERT INTO queue_feed VALUES ('general', :old), ('trash', :new)"), {"old": OLD, "new": NEW})
    number, other = alert(connection, OLD), alert(connection, NEW)

    assert feeds.retire(connection, OLD, "Ann") == feeds.Retired((AGENTS, CONTACTS), whole=True, cleared=("silent-feed",))
    assert heard(connection) == [(NEW, CONTACTS)]
    assert connection.execute(text("SELECT queue FROM queue_feed")).scalars().all() == ["trash"]
    assert connection.execute(text("SELECT feed FROM feed")).scalars().all() == [NEW]
    open_ = connection.execute(text("SELECT watch_alert_id FROM watch_alert WHERE cleared_at IS NULL")).scalars().all()
    assert open_ == [other]
    hears = connection.execute(text("SELECT receiver FROM watch_delivery WHERE what = 'cleared' AND watch_alert_id = :n"), {"n": number})
    assert hears.scalars().all() == ["desk"]
    assert connection.execute(text("SELECT subject FROM watch_state")).scalars().all() == [NEW]
    noted = connection.execute(
        text("SELECT who, subject, jsonb_array_length(before) FROM audit WHERE what = 'feed' ORDER BY audit_id")
    ).all()
    assert [tuple(row) for row in noted] == [("Ann", OLD, 2), ("Ann", OLD, 2)]


def test_a_topic_of_an_earlier_prefix_goes_alone(connection: Connection) -> None:
    told(connection, NEW, BEFORE, timedelta(days=3))
    told(connection, NEW, CONTACTS, timedelta(seconds=2))
    assert feeds.retire(connection, NEW, "Ann", BEFORE) == feeds.Retired((BEFORE,), whole=False, cleared=())
    assert heard(connection) == [(NEW, CONTACTS)]


@pytest.mark.parametrize("age", [timedelta(seconds=2), timedelta(seconds=40)], ids=["live", "late"])
def test_a_feed_that_is_heard_is_not_retired(connection: Connection, age: timedelta) -> None:
    told(connection, OLD, AGENTS, timedelta(days=3))
    told(connection, OLD, CONTACTS, age)
    with pytest.raises(feeds.NotRetired, match="end its source first"):
        feeds.retire(connection, OLD, "Ann")
    assert heard(connection) == [(OLD, AGENTS), (OLD, CONTACTS)]


def test_a_feed_that_there_never_was_is_named_beside_those_that_there_are(connection: Connection) -> None:
    with pytest.raises(feeds.NotRetired, match="none was ever heard"):
        feeds.retire(connection, OLD, "Ann")
    told(connection, NEW, CONTACTS, timedelta(days=3))
    with pytest.raises(feeds.NotRetired, match=f"there is no feed {OLD}; there are: {NEW}"):
        feeds.retire(connection, OLD, "Ann")
    with pytest.raises(feeds.NotRetired, match=f"no feed {NEW} in the topic {AGENTS}"):
        feeds.retire(connection, NEW, "Ann", AGENTS)


@pytest.mark.usefixtures("in_process")
def test_the_command_says_what_it_did() -> None:
    with engine().begin() as connection:
        told(connection, OLD, CONTACTS, timedelta(days=3))
        alert(connection, OLD)
    runner = CliRunner()
    done = runner.invoke(main, ["retire-feed", OLD, "--by", "Ann"])
    assert done.output == f"{OLD} is missed no more in {CONTACTS}\nalerts cleared: silent-feed\n"
    again = runner.invoke(main, ["retire-feed", OLD, "--by", "Ann"])
    assert (again.exit_code, again.output) == (1, f"Error: there is no feed {OLD}; there are: none was ever heard\n")
