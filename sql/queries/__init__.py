"""The named queries: SQL stands in the files beside this one, as `-- name --`, one sentence of meaning, and the statement.

Nothing here decides what is asked; `sql.reports` and the screens do.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from sql.settings import settings

HERE = Path(__file__).parent
_HEADER = re.compile(r"^-- ([a-z0-9-]+) --$\n((?:^-- .*$\n)+)", re.MULTILINE)


@cache
def _all() -> dict[str, tuple[str, str]]:
    """Name to (meaning, statement)."""
    found: dict[str, tuple[str, str]] = {}
    for file in sorted(HERE.glob("*.sql")):
        parts = _HEADER.split(file.read_text())
        for name, meaning, statement in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if name in found:
                raise ValueError(f"two queries are named {name}")
            found[name] = (re.sub(r"^-- ", "", meaning, flags=re.MULTILINE).replace("\n", " ").strip(), statement.strip().rstrip(";"))
    return found


def names() -> list[str]:
    """Every named query, in order."""
    return sorted(_all())


def meaning(name: str) -> str:
    """One sentence: what the query answers."""
    return _all()[name][0]


def statement(name: str) -> str:
    """The SQL of a named query.

    Raises:
        KeyError: there is no query of that name.
    """
    return _all()[name][1]


def frame(name: str, connection: Connection, **params: Any) -> pd.DataFrame:
    """Ask a named query.

    Args:
        name: as in `names()`.
        connection: an open connection; the query runs in its transaction.
        **params: the query's parameters; those not given are NULL (for `as_of` that means now). `zone`, `station`, `grid` and the limits
            come from the settings.

    Returns:
        One row a result row, in the query's own order and column names. Instants are timezone-aware UTC, shares and seconds float64
        (NaN: no data), counts integer where they cannot be missing.
    """
    clause = text(statement(name))
    known = {
        "zone": settings().city_timezone,
        "given_up_after": settings().contact_given_up_after_seconds,
        "lost_after": settings().agent_lost_after_seconds,
        "station": settings().weather_station,
        "grid": settings().weather_grid,
    }
    wanted = clause.compile().params
    unknown = params.keys() - wanted.keys()
    if unknown:
        raise TypeError(f"the query {name} has no parameter {', '.join(sorted(unknown))}")
    result = connection.execute(clause, {key: params.get(key, known.get(key)) for key in wanted})
    types: list[Any] = [column[1] for column in result.cursor.description or ()]  # before the rows: reading the last one closes the cursor
    found = pd.DataFrame(result.fetchall(), columns=pd.Index(list(result.keys())))
    return _typed(found, types)


_FLOATS, _INSTANTS, _INTEGERS = {700, 701, 1700}, {1184}, {20, 21, 23}  # Postgres type numbers


def _typed(found: pd.DataFrame, type_codes: list[int]) -> pd.DataFrame:
    """The same columns in the same types, whether rows came or not."""
    for column, code in zip(found.columns, type_codes, strict=True):
        if code in _FLOATS or (code in _INTEGERS and found[column].isna().any()):
            found[column] = found[column].astype("float64")
        elif code in _INTEGERS:
            found[column] = found[column].astype("int64")
        elif code in _INSTANTS:
            found[column] = pd.to_datetime(found[column], utc=True)
    return found
