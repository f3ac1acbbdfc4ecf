"""The list of requests of a department as it was at an instant: open, overdue and closed ones, also those that were opened again."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard import data
from sql import intake
from sql.engine import connect
from sql.queries import frame
from streams import events, sink
from streams.fold import Batch, Position, Record

PLACE = Position("311.requests", 0)
START, DAY = datetime(2026, 3, 2, 15, tzinfo=UTC), timedelta(days=1)
# id, and for each day after START on which it was seen: its status
SEEN = {
    "stays open": {0: "open"},
    "closed": {0: "open", 2: "closed"},
    "open again": {0: "open", 2: "closed", 4: "open"},
    "closed again": {0: "open", 2: "closed", 4: "open", 6: "closed"},
    "of another department": {0: "open"},
}


@pytest.fixture
def _filled(in_process: None) -> None:
    told = [
        events.RequestSnapshot(
            name,
            "open" if status == "open" else "closed",
            START,
            updated_datetime=START + day * DAY,
            expected_datetime=START + 5 * DAY,
            service_name="Pothole",
            department="Parks" if name == "of another department" else "Streets",
        )
        for name, seen in SEEN.items()
        for day, status in seen.items()
    ]
    records = [
        Record(*PLACE, n, None, events.encode(events.event(one, source="crm", event_id=str(n), at=one.updated_datetime or START)))
        for n, one in enumerate(told)
    ]
    batch = Batch({PLACE: 0})
    batch.add(PLACE, records)
    with connect(autocommit=True) as connection:
        sink.prepare(connection)
        sink.offsets(connection, [PLACE], consumer="test")
        sink.write(connection, batch, intake.read(connection))


def listed(state: str, at: datetime, **params: object) -> set[str]:
    asked = {"department": "Streets", "state": state, "as_of": at, "most": 100} | params
    return set(data.ask(lambda connection: frame("requests-of", connection, **asked))["service_request_id"])


@pytest.mark.usefixtures("_filled")
def test_each_request_is_in_one_list_and_in_the_one_of_that_day() -> None:
    everything = set(SEEN) - {"of another department"}
    by_day = {
        1: set(),
        3: {"closed", "open again", "closed again"},
        5: {"closed"},
        7: {"closed", "closed again"},
    }
    for day, closed in by_day.items():
        at = START + (day + 0.5) * DAY
        assert listed("closed", at) == closed, f"closed by day {day}"
        assert listed("open", at) == everything - closed, f"open on day {day}"
        assert listed("overdue", at) == (everything - closed if day >= 5 else set()), f"overdue on day {day}"
    assert listed("open", START) == set(), "nothing is open before it was asked for"


@pytest.mark.usefixtures("_filled")
def test_what_was_closed_more_than_28_days_ago_is_not_listed() -> None:
    assert listed("closed", START + 31 * DAY) == {"closed again"}
    assert listed("closed", START + 40 * DAY) == set()


@pytest.mark.usefixtures("_filled")
def test_a_list_is_of_one_type_and_no_longer_than_asked() -> None:
    at = START + DAY
    assert listed("open", at, service_name="Graffiti") == set()
    assert len(listed("open", at, service_name="Pothole", most=2)) == 2
