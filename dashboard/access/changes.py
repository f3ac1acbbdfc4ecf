"""The way to every change that a person makes: whether who asks may make it, then the statement, which notes it in `audit`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from dashboard.access import session
from dashboard.writing import NotKept, execute


def written(name: str, params: Mapping[str, object]) -> Row[Any] | None:
    """Run a writing statement for whoever asks; the row that it returns, None: it changed nothing.

    Raises:
        NotKept: who asks may not make this change.
        NoAnswer: the database is away.
    """
    if not session.may_do(name):
        raise NotKept(f"Not kept. {session.refusal(name)}")
    return execute(name, params)
