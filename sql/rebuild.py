"""Hold the roll-ups against the rows, and count them anew; what is older than the horizon of retention has no rows any more, and stays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, text

from sql import queries

MOST_SHOWN = 1_000
STEP = timedelta(days=28)  # so that each sort fits into memory, and all of it takes as long as there are contacts


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        differing: how many roll-ups were not equal to a count of their rows.
        differences: the first of them, at most MOST_SHOWN.
        contacts: how many are counted in the roll-ups now.
    """

    differing: int
    differences: pd.DataFrame
    contacts: int


def rebuild(connection: Connection, *, check_only: bool = False) -> Rebuilt:
    """Compare the roll-ups with the rows and, unless only checking, count anew where they differ; consumers wait meanwhile.

    Args:
        connection: Open, in a transaction that the caller commits.
    """
    if not check_only:
        connection.execute(text("LOCK TABLE contact, contact_interval IN SHARE ROW EXCLUSIVE MODE"))
    differing, shown = 0, pd.DataFrame()
    for begins, ends in _steps(connection):
        span = {"begins": begins, "ends": ends}
        found = queries.frame("rebuild-compare", connection, **span)
        if found.empty:
            continue
        differing += len(found)
        shown = pd.concat([shown, found.head(MOST_SHOWN - len(shown))], ignore_index=True)
        if not check_only:
            for name in ("rebuild-emptied", "rebuild-intervals"):
                connection.execute(text(queries.statement(name)), span)
    contacts = int(connection.scalar(text("SELECT coalesce(sum(contacts), 0) FROM contact_interval")) or 0)
    return Rebuilt(differing, shown, contacts)


def _steps(connection: Connection) -> Iterator[tuple[datetime, datetime]]:
    """The time of which there are contacts or roll-ups, in steps from a quarter hour to another."""
    begins, last = connection.execute(text(queries.statement("rebuild-span"))).one()
    while begins is not None and last is not None and begins <= last:
        yield begins, begins + STEP
        begins += STEP
