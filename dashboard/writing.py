"""How a screen keeps what a person typed: words on one line, one statement, and a sentence where it was not kept. The only writer."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.data import NoAnswer
from sql.engine import DatabaseUnavailable, engine, first_line
from sql.queries import statement


class NotKept(Exception):
    """A change was not kept; the message is one sentence that says why and what to do."""


def words(typed: str, what: str, longest: int) -> str:
    """What a person typed on one line, without what cannot be seen; in any language.

    Raises:
        NotKept: nothing was typed, or too much.
    """
    categories = ((sign, unicodedata.category(sign)) for sign in typed)
    seen = "".join(" " if category in ("Cc", "Zl", "Zp") else sign for sign, category in categories if category != "Cs")
    kept = " ".join(seen.split())
    if not kept:
        raise NotKept(f"Not kept: {what} is missing.")
    if len(kept) > longest:
        raise NotKept(f"Not kept: {what} has {len(kept)} characters. Write at most {longest}.")
    return kept


def execute(name: str, params: Mapping[str, object]) -> Row[Any] | None:
    """Run a writing statement, whoever asks (`access.changes` finds out); the row that it returns, None: it changed nothing.

    Raises:
        NoAnswer: the database is away.
    """
    try:
        with engine().begin() as connection:
            return connection.execute(text(statement(name)), params).first()
    except DatabaseUnavailable as error:
        raise NoAnswer(f"Not kept: {error}") from error
    except SQLAlchemyError as error:
        raise NoAnswer(f"Not kept: the database answered with an error: {first_line(error)}") from error
