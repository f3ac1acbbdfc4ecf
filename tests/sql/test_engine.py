"""What an error says in one line: never nothing, never a frame of SQLAlchemy's, and what to do where a person can do something."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from sql.engine import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(TimeoutError(), "TimeoutError", id="says nothing"),
        pytest.param(psycopg.OperationalError("\n  the connection is lost\nmore of it"), "the connection is lost", id="several lines"),
        pytest.param(OperationalError("SELECT 1", {}, psycopg.OperationalError("gone")), "gone", id="wrapped by SQLAlchemy"),
        pytest.param(
            psycopg.errors.UndefinedTable('relation "contact" does not exist'),
            'relation "contact" does not exist: run `python -m sql migrate` first',
            id="no schema",
        ),
    ],
)
def test_the_first_line_of_an_error(error: Exception, line: str) -> None:
    assert first_line(error) == line
