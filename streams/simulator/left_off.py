"""How far the simulator's feeds have come in the database, so that a new run goes on where the last one ended. It writes nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from sql.engine import DatabaseUnavailable, engine, first_line
from sql.queries import statement
from streams.broker import topic_name
from streams.events import TOPICS


def left_off_at(sources: Collection[str]) -> datetime | None:
    """Until when everything of all these feeds is in the database.

    A feed is as far as its slowest partition; feeds of which fewer partitions are known than of another one are not complete yet.

    Returns:
        The instant in UTC; None: at least one of the feeds has never told anything, or not to all of its partitions.

    Raises:
        DatabaseUnavailable: there is no database, or no schema in it.
    """
    try:
        with engine().connect() as connection:
            topics = [topic_name(topic) for topic in TOPICS]
            rows = connection.execute(text(statement("feeds-left-off")), {"sources": list(sources), "topics": topics}).all()
    except ProgrammingError as error:
        raise DatabaseUnavailable(f"{first_line(error)}.") from None
    partitions = {topic: max(row.partitions for row in rows if row.topic == topic) for topic in {row.topic for row in rows}}
    if {row.feed for row in rows} < set(sources) or any(row.partitions < partitions[row.topic] for row in rows):
        return None
    oldest: datetime = min(row.as_of for row in rows)
    return oldest
