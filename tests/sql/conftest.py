"""What the tests of the database's side share."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """An open connection to a migrated database that only this test uses; what it does is rolled back."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as opened:
        yield opened
        opened.rollback()
    engine.dispose()
