"""The Departments page on a real database: the city, a department, a type, and words of residents that are never markup."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import loader as loader_module
from sql import intake
from sql.engine import connect
from streams import events, sink
from streams.fold import Batch, Position, Record

PAGE = Path(loader_module.__file__).parent / "page.py"
PLACE = Position("311.requests", 0)
HOSTILE = "<img src=x onerror=alert(1)> *Streets* [a](b)"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def fill(count: int) -> None:
    """Requests of two departments: the first has 60 overdue ones of 100, the second's name is hostile."""
    told = [
        events.RequestSnapshot(
            f"r{n}",
            "closed" if n % 5 < 2 else "open",
            NOW - 20 * DAY,
            updated_datetime=NOW - 15 * DAY if n % 5 < 2 else NOW - 20 * DAY,
            expected_datetime=NOW - 10 * DAY,
            service_name="Pothole" if n % 2 else "=Graffiti",
            department="Streets" if n < count else HOSTILE,
            address=f"{n} Main St",
        )
        for n in range(count + 5)
    ]
    records = [
        Record(*PLACE, n, None, events.encode(events.event(one, source="crm", event_id=str(n), at=one.requested_datetime)))
        for n, one in enumerate(told)
    ]
    batch = Batch({PLACE: 0})
    batch.add(PLACE, records)
    with connect(autocommit=True) as connection:
        sink.prepare(connection)
        sink.offsets(connection, [PLACE], consumer="test")
        sink.write(connection, batch, intake.read(connection))


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    st.cache_data.clear()


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=30)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("views/departments.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def figures(app: AppTest) -> dict[str, Any]:
    given = [json.loads(node.proto.json or "{}") for node in app.get("bidi_component")]
    return {data["part"]: data["message"]["figures"][data["part"]] for data in given}


@pytest.mark.usefixtures("in_process")
def test_the_city_then_a_department_then_its_requests() -> None:
    fill(100)
    city = figures(page())
    assert city["departments_overdue"]["value"] == "63"
    assert [row["name"] for row in city["departments_board"]["rows"]] == ["Streets", HOSTILE, "City"]
    assert city["departments_board"]["rows"][0]["status"] == "watch"
    assert city["departments_verdict"]["title"].startswith("**Streets**: 100% overdue")

    app = page(department="Streets", state="overdue")
    assert {row["name"] for row in figures(app)["departments_board"]["rows"]} == {"Pothole", "=Graffiti", "All types"}
    assert len(app.dataframe[0].value) == 60
    assert app.title[0].value == "Streets"

    assert page(department=HOSTILE).title[0].value.count("&#42;") == 2  # no star is left that could make words bold

    app = page(department="Streets", type="=Graffiti", state="closed")
    assert set(app.dataframe[0].value["Type"]) == {"=Graffiti"}
    assert "departments_board" not in figures(app)


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param({}, "No request is known yet.", id="no requests"),
        pytest.param({"department": "<b>"}, "There is no department '<b>' with requests.", id="no such department"),
        pytest.param({"at": "yesterday"}, "'yesterday' is not an ISO 8601 time", id="no instant"),
    ],
)
def test_what_is_not_there_is_said(query: dict[str, str], says: str) -> None:
    assert any(says in one.value for one in page(**query).text)


@pytest.mark.usefixtures("in_process")
def test_as_it_was_before_anything_was_overdue() -> None:
    fill(100)
    at = (NOW - 12 * DAY).isoformat()
    city = figures(page(at=at))
    assert (city["departments_overdue"]["value"], city["departments_open"]["value"]) == ("0", "63")
    assert city["departments_verdict"]["note"].startswith("As it was on ")


def test_a_database_that_is_away_is_a_sentence(database_away: str) -> None:
    assert any(f"{database_away} cannot be used" in one.value for one in page().text)
