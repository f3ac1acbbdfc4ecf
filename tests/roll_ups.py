"""The roll-ups of contacts that were written into the table itself, as tests and benches do."""

import psycopg

from sql.queries import statement

ALL_OF_THEM = statement("rebuild-intervals").replace(":begins", "'-infinity'").replace(":ends", "'infinity'")


def count(connection: psycopg.Connection) -> None:
    """Count the empty roll-up from every contact, in the connection's transaction."""
    connection.execute(ALL_OF_THEM.encode())
