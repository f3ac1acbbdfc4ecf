"""What a person may ask, and what comes back."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import create_engine

from sql import reports
from sql.reports import InvalidRequest, Request, instant

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("words", "utc"),
    [
        pytest.param("1999-01-01T00:00:00Z", datetime(1999, 1, 1, tzinfo=UTC), id="with an offset"),
        pytest.param("2026-11-24T14:30", datetime(2026, 11, 24, 19, 30, tzinfo=UTC), id="local"),
        pytest.param("2026-11-24", datetime(2026, 11, 24, 5, tzinfo=UTC), id="local midnight"),
        pytest.param("2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), id="repeated: the first"),
        pytest.param("2026-11-01T01:30-05:00", datetime(2026, 11, 1, 6, 30, tzinfo=UTC), id="repeated: the second, by its offset"),
    ],
)
def test_an_instant(words: str, utc: datetime) -> None:
    assert instant(words, NEW_YORK).astimezone(UTC) == utc


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("yesterday", "not an ISO 8601 time"),
        ("2026-03-08T02:30", "clocks were put forward"),
        ("0001-01-01", "outside the years 1800 to 2199"),
        ("9999-12-31T23:59:59-15:59", "outside the years 1800 to 2199"),
    ],
)
def test_what_is_no_instant(words: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        instant(words, NEW_YORK)


@pytest.mark.parametrize(
    ("name", "request_", "why"),
    [
        ("nonsense", Request(), "there is no report"),
        ("feeds", Request(threshold_seconds=20), "does not take --threshold"),
        (
            "service-level",
            Request(starts_at=datetime(2026, 2, 1, tzinfo=UTC), ends_at=datetime(2026, 1, 1, tzinfo=UTC)),
            "the period is empty",
        ),
        ("intervals", Request(threshold_seconds=25), "not 25"),
    ],
)
def test_a_request_without_an_answer(name: str, request_: Request, why: str, database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, pytest.raises(InvalidRequest, match=why):
        reports.report(name, connection, request_)
    engine.dispose()


def test_the_shapes_of_an_answer() -> None:
    found = pd.DataFrame(
        {"at": pd.to_datetime(["2026-01-01T00:00:00Z"], utc=True), "share": [float("nan")], "n": [3], "queues": [["a", "b"]]}
    )
    assert json.loads(reports.FORMATS["json"](found)) == [{"at": "2026-01-01T00:00:00+00:00", "share": None, "n": 3, "queues": ["a", "b"]}]
    assert reports.FORMATS["csv"](found).splitlines()[0] == "at,share,n,queues"
    assert "–" in reports.FORMATS["table"](found)
    assert reports.FORMATS["table"](found.iloc[:0]) == "no rows"
