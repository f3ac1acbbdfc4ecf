"""Give the requests that are in the tables what they would get at intake now: after areas, departments or targets were loaded.

It reads them in batches and changes only what differs, so that consumers go on meanwhile; they hold the new intake from its loading on.
"""

from collections.abc import Callable
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sql import intake
from sql.intake import Intake
from sql.queries import statement

BATCH_REQUESTS = 20_000


def reapply(connection: Connection[Any], progress: Callable[[int], object] = lambda _: None) -> int:
    """Bring every request to the intake that holds.

    Args:
        connection: plain psycopg in autocommit mode; each batch is a transaction.
        progress: is told how many more requests were looked at.

    Returns:
        How many were changed.
    """
    known, after, changed = intake.read(connection), "", 0
    while rows := _batch(connection, after):
        wanted = [(row, _wanted(row, known)) for row in rows]
        different = [row | {**now, "areas": Jsonb(now["areas"])} for row, now in wanted if any(row[name] != now[name] for name in now)]
        if different:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(statement("write-intake").encode(), different)
        after, changed = rows[-1]["service_request_id"], changed + len(different)
        progress(len(rows))
    connection.execute(statement("write-departments").encode())
    return changed


def _batch(connection: Connection[Any], after: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("intake-requests").encode(), {"after": after, "most": BATCH_REQUESTS}).fetchall()


def _wanted(row: dict[str, Any], known: Intake) -> dict[str, Any]:
    department = known.department(row["department_told"], row["agency_responsible"], row["service_name"])
    place = known.places.place(row["lat"], row["long"], usable=row["usable_location"])
    return {
        "department": department,
        "expected_datetime": known.expected(row["expected_told"], department, row["service_name"], row["requested_datetime"]),
        "cell": place.cell,
        "areas": dict(place.areas),
        "location_defect": place.defect,
    }
