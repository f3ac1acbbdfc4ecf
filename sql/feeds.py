"""Retire a feed: a source that is not wanted any more, or a topic that has another name now, would be missed on every screen for ever.

Only how far it had come is forgotten. What it told stays, and a feed that speaks again is there again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from sql.queries import statement

HEARD = ("live", "late")  # states of a feed in which its figures count
CLEARED = "Cleared: the feed was retired."


class NotRetired(Exception):
    """A feed cannot be retired; the message says why, and what to do."""


@dataclass(frozen=True)
class Retired:
    """What was retired: the topics, whether the feed is gone with them, and the rules whose alerts about it were cleared."""

    topics: tuple[str, ...]
    whole: bool
    cleared: tuple[str, ...]


def retire(connection: Connection, feed: str, who: str, topic: str | None = None) -> Retired:
    """Miss a feed no more; in the connection's transaction.

    Args:
        connection: of the owner.
        feed: its CloudEvents source.
        who: does it, for the record.
        topic: of this one alone; None: of all.

    Raises:
        NotRetired: there is no such feed, or it is still heard.
    """
    rows = connection.execute(text(statement("feed-topics")), {"feed": feed, "topic": topic}).all()
    if not rows:
        known = ", ".join(connection.execute(text(statement("feed-names"))).scalars()) or "none was ever heard"
        raise NotRetired(f"there is no feed {feed}{f' in the topic {topic}' if topic else ''}; there are: {known}")
    for row in rows:
        if row.state in HEARD:
            raise NotRetired(f"{feed} is {row.state} in the topic {row.topic}: end its source first, or it comes back at once")
    for row in rows:
        connection.execute(text(statement("write-feed-topic-retired")), {"feed": feed, "topic": row.topic, "who": who})
    whole = connection.execute(text(statement("write-feed-retired")), {"feed": feed}).first() is not None
    cleared = tuple(connection.execute(text(statement("feed-alerts")), {"feed": feed}).scalars()) if whole else ()
    if whole:
        _clear(connection, feed, cleared)
    return Retired(tuple(row.topic for row in rows), whole, cleared)


def _clear(connection: Connection, feed: str, rules: tuple[str, ...]) -> None:
    """End what the rules said of it; whoever heard of the beginning hears of the end."""
    for rule in rules:
        ended = {"rule": rule, "subject": feed, "at": datetime.now(UTC), "text": CLEARED}
        connection.execute(text(statement("write-watch-cleared")), ended)
    connection.execute(text(statement("write-feed-unjudged")), {"feed": feed})
    connection.execute(text(statement("write-watch-told")))
