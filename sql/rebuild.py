"""Hold the roll-ups against the rows, and count them anew; what is older than the horizon of retention has no rows any more, and stays."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, text

from sql import queries


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild found. `differences` has a row for each roll-up that was not equal to a count of its rows."""

    differences: pd.DataFrame
    contacts: int


def rebuild(connection: Connection, *, check_only: bool = False) -> Rebuilt:
    """Compare the roll-ups with the rows and, unless only checking, replace them; consumers wait meanwhile.

    Args:
        connection: Open, in a transaction that the caller commits.
    """
    if not check_only:
        connection.execute(text("LOCK TABLE contact, contact_interval IN SHARE ROW EXCLUSIVE MODE"))
    differences = queries.frame("rebuild-compare", connection)
    if not check_only:
        horizon = connection.scalar(text("SELECT count(*) FROM retention WHERE what = 'contacts'"))
        connection.execute(text(queries.statement("rebuild-emptied") if horizon else "TRUNCATE contact_interval"))
        connection.execute(text(queries.statement("rebuild-intervals")))
    contacts = int(connection.scalar(text("SELECT coalesce(sum(contacts), 0) FROM contact_interval")) or 0)
    return Rebuilt(differences, contacts)
