"""The metrics of service requests on a few requests whose figures can be counted by hand, and against a second reading of the same snapshots."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from sqlalchemy import create_engine

from sql import intake, queries
from sql.engine import connect
from streams import events, sink
from streams.fold import Batch, Position, Record

PLACE = Position("311.requests", 0)
MONDAY = datetime(2026, 8, 3, 4, tzinfo=UTC)  # 00:00 in New York
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Requests:
    """A database of one test, filled through the sink."""

    def __init__(self, url: str, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._url, self._next = url, 0

    def tell(self, *snapshots: events.RequestSnapshot) -> None:
        records = [
            Record(*PLACE, self._next + n, None, events.encode(events.event(told, source="crm", event_id="e", at=told.requested_datetime)))
            for n, told in enumerate(snapshots)
        ]
        batch = Batch({PLACE: self._next})
        batch.add(PLACE, records)
        sink.write(self.connection, batch, intake.read(self.connection))
        self._next += len(records)

    def report(self, name: str, **params: Any) -> pd.DataFrame:
        engine = create_engine(self._url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as reader:
            found = queries.frame(name, reader, **params)
        engine.dispose()
        return found

    def city(self, name: str, **params: Any) -> dict[str, Any]:
        found = self.report(name, by_type=False, **params)
        return {str(key): value for key, value in found[found["department"] == "city"].iloc[0].items()}

    def empty(self) -> None:
        self.connection.execute("TRUNCATE request")


@pytest.fixture
def requests(database: str) -> Iterator[Requests]:
    with connect(url=database, autocommit=True) as connection:
        sink.prepare(connection)
        sink.offsets(connection, [PLACE], consumer="test")
        yield Requests(database, connection)


def seen(name: str, status: str, at: datetime, requested: datetime = MONDAY, **fields: Any) -> events.RequestSnapshot:
    return events.RequestSnapshot(
        name,
        status,
        requested,
        updated_datetime=at,
        **{"department": "Streets", "service_name": "Pothole", **fields},  # type: ignore[arg-type]
    )


def reopened_once() -> list[events.RequestSnapshot]:
    """Requested on Monday, closed on Tuesday, seen open again on Thursday, closed for good on Saturday; due on Wednesday."""
    due = MONDAY + 2 * DAY
    return [
        seen("r", "open", MONDAY, expected_datetime=due),
        seen("r", "closed", MONDAY + DAY, expected_datetime=due),
        seen("r", "open", MONDAY + 3 * DAY, expected_datetime=due),
        seen("r", "closed", MONDAY + 5 * DAY, expected_datetime=due),
        seen("r", "closed", MONDAY + 6 * DAY, expected_datetime=due, status_notes="a note that came later"),
    ]


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        pytest.param(MONDAY, 0, id="not before it is requested"),
        pytest.param(MONDAY + HOUR, 1, id="requested"),
        pytest.param(MONDAY + DAY, 1, id="until the instant of its close"),
        pytest.param(MONDAY + DAY + HOUR, 0, id="closed"),
        pytest.param(MONDAY + 3 * DAY + HOUR, 1, id="reopened"),
        pytest.param(MONDAY + 5 * DAY + HOUR, 0, id="closed for good"),
    ],
)
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["in order", "backwards"])
def test_a_reopened_request_as_of_any_instant(requests: Requests, at: datetime, is_open: int, order: slice) -> None:
    for told in reopened_once()[order]:
        requests.tell(told)
    assert requests.city("backlog", as_of=at)["open"] == is_open
    assert requests.city("weeks-to-clear", as_of=at)["open"] == is_open


def test_a_reopened_request_was_closed_twice_and_is_late(requests: Requests) -> None:
    requests.tell(*reopened_once())
    week = requests.report("flow", by_type=False, **{"from": MONDAY, "to": MONDAY + 7 * DAY})
    assert week[week["department"] == "city"][["opened", "closed", "net_flow"]].to_numpy().tolist() == [[1, 2, -1]]
    due = requests.city("due-cohort", **{"from": MONDAY, "to": MONDAY + 7 * DAY})
    assert (due["due"], due["due_closed_on_time"]) == (1, 0)
    known_on_wednesday = requests.city("due-cohort", as_of=MONDAY + 2 * DAY + HOUR, **{"from": MONDAY, "to": MONDAY + 7 * DAY})
    assert (known_on_wednesday["due"], known_on_wednesday["due_closed_on_time"]) == (1, 1)
    again = requests.city("reopened", **{"from": MONDAY, "to": MONDAY + 7 * DAY})
    assert (again["closed"], again["eligible"], again["reopened"], again["reopen_share"]) == (2, 1, 1, 1.0)
    took = requests.city("time-to-close", as_of=MONDAY + 7 * DAY)
    assert (took["n"], took["time_to_close_median_hours"]) == (1, 120.0)


def test_the_same_type_at_the_same_address_is_a_reopening_however_it_is_written(requests: Requests) -> None:
    requests.tell(
        seen("a", "closed", MONDAY + DAY, address=" 12  Main st "),
        seen("b", "open", MONDAY + 3 * DAY, requested=MONDAY + 3 * DAY, address="12 MAIN ST"),
        seen("c", "closed", MONDAY + DAY, address="14 Main St"),
        seen("d", "closed", MONDAY + DAY, address="12 Main St", service_name="Graffiti"),
        seen("e", "closed", MONDAY + DAY),
        seen("f", "closed", MONDAY + DAY, address="16 Main St", service_name="Bulk pickup"),
        seen("g", "open", MONDAY + 3 * DAY, requested=MONDAY + 3 * DAY, address="16 Main St", service_name="Bulk pickup"),
    )
    requests.connection.execute("UPDATE service SET left_out_of_reopening = true WHERE service_name = 'Bulk pickup'")
    again = requests.city("reopened", **{"from": MONDAY, "to": MONDAY + 7 * DAY})
    assert (again["closed"], again["eligible"], again["reopened"]) == (5, 3, 1)


@pytest.mark.parametrize(
    ("after", "reopened"),
    [
        pytest.param(timedelta(0), 0, id="at the instant of the closing"),
        pytest.param(timedelta(seconds=1), 1, id="a second later"),
        pytest.param(30 * DAY + HOUR, 1, id="30 days of the clock, which goes back in between"),
        pytest.param(30 * DAY + HOUR + timedelta(seconds=1), 0, id="more than 30 days"),
    ],
)
def test_the_same_place_counts_for_thirty_days_of_the_clock(requests: Requests, after: timedelta, reopened: int) -> None:
    closed = datetime(2026, 10, 20, 16, tzinfo=UTC)  # noon; the clocks go back on 1 November
    requests.tell(
        seen("a", "closed", closed, requested=closed - DAY, address="12 Main St"),
        seen("b", "open", closed + after, requested=closed + after, address="12 Main St"),
    )
    period = {"from": closed, "to": closed + DAY}
    assert requests.city("reopened", **period)["reopened"] == reopened
    assert requests.city("reopened", as_of=closed + after, **period)["reopened"] == 0, "it is known only after it was asked for"


def test_nothing_divided_by_nothing_is_no_data(requests: Requests) -> None:
    requests.tell(seen("a", "open", MONDAY))
    assert math.isnan(requests.city("due-cohort")["due_cohort_on_time"])
    assert math.isnan(requests.city("weeks-to-clear")["weeks_to_clear"])
    assert math.isnan(requests.city("reopened")["reopen_share"])
    assert math.isnan(requests.city("time-to-close", as_of=MONDAY + DAY)["time_to_close_median_hours"])


def test_half_of_the_requests_closed_is_a_median(requests: Requests) -> None:
    """Two of four closed after 1 and 2 hours: the share that is still open reaches a half at 2 hours, and never a tenth."""
    requests.tell(
        seen("a", "closed", MONDAY + HOUR),
        seen("b", "closed", MONDAY + 2 * HOUR),
        seen("c", "open", MONDAY),
        seen("d", "open", MONDAY),
        seen("x", "closed", MONDAY - 5 * HOUR, closed_datetime=MONDAY - 5 * HOUR),
    )
    took = requests.city("time-to-close", as_of=MONDAY + DAY)
    assert (took["n"], took["closed"], took["censored"], took["closed_before_requested"]) == (4, 2, 2, 1)
    assert took["time_to_close_median_hours"] == 2.0
    assert math.isnan(took["time_to_close_p90_hours"])


def product_limit(lives: list[tuple[int, bool]], share: Fraction) -> float:
    """The smallest time by which no more than this share is still open, of (hours, closed); infinite: not reached."""
    surviving = Fraction(1)
    for hours in sorted({hours for hours, _ in lives}):
        at_risk = sum(1 for one, _ in lives if one >= hours)
        surviving *= 1 - Fraction(sum(1 for one, closed in lives if closed and one == hours), at_risk)
        if surviving <= share:
            return hours
    return math.inf


def test_the_time_to_close_is_the_product_limit_of_a_second_reading(requests: Requests) -> None:
    """Few hours and many requests: most end together, closed and still open at one instant."""
    random, now = Random(311), MONDAY + 20 * DAY
    lives: dict[str, list[tuple[int, bool]]] = {"city": []}
    told = []
    for n in range(300):
        department, hours, closed = f"Department {random.randrange(12)}", random.randrange(1, 12), random.random() < 0.8
        requested = now - hours * HOUR if not closed else now - 12 * HOUR
        at = requested + hours * HOUR if closed else requested
        told.append(seen(f"r{n}", "closed" if closed else "open", at, requested=requested, department=department))
        lives.setdefault(department, []).append((hours, closed))
        lives["city"].append((hours, closed))
    requests.tell(*told)
    found = requests.report("time-to-close", by_type=False, as_of=now).set_index("department")
    assert set(found.index) == set(lives)
    for department, ended in lives.items():
        for share, column in ((Fraction(1, 2), "time_to_close_median_hours"), (Fraction(1, 10), "time_to_close_p90_hours")):
            shown = float(found[column][department])
            assert (math.inf if math.isnan(shown) else shown) == product_limit(ended, share), (department, column)


def test_the_open_by_week_are_the_backlog_at_the_end_of_each_week(requests: Requests) -> None:
    random, weeks = Random(311), [MONDAY + n * 7 * DAY for n in range(2, 7)]
    told: list[events.RequestSnapshot] = []
    for n in range(120):
        requested = MONDAY + random.randrange(45 * 24) * HOUR
        moments = sorted(requested + random.choice([-2, 0, 1, 30, 170, 400]) * HOUR for _ in range(random.randrange(5)))
        told.append(seen(f"r{n}", "open", requested, requested=requested, department=f"D{n % 3}"))
        told += [seen(f"r{n}", random.choice(["open", "closed"]), at, requested=requested, department=f"D{n % 3}") for at in moments]
    requests.tell(*told)
    found = requests.report("open-by-week", to=weeks[-1], weeks=len(weeks))
    for place, ends_at in enumerate(weeks):
        backlog = requests.report("backlog", by_type=False, as_of=ends_at)
        week = found.iloc[4 * place : 4 * place + 4]
        assert week["department"].tolist() == backlog["department"].tolist()
        assert week["open"].tolist() == backlog["open"].tolist()


def test_seconds_that_a_server_cut_off_do_not_close_a_request_before_it_was_made(requests: Requests) -> None:
    requested = MONDAY + timedelta(seconds=38)
    requests.tell(seen("a", "closed", MONDAY, requested=requested))
    took = requests.city("time-to-close", as_of=MONDAY + DAY)
    assert (took["closed"], took["closed_before_requested"], took["time_to_close_median_hours"]) == (1, 0, 0.0)


def test_days_before_are_the_same_clock_time_over_a_change_of_the_clocks(requests: Requests) -> None:
    """The clocks go back on 1 November 2026: 7 days before noon on the 4th is noon on the 28th, 169 hours earlier."""
    noon = datetime(2026, 11, 4, 17, tzinfo=UTC)
    requests.tell(
        *(
            seen(name, "open", at, requested=at)
            for name, at in (("in", noon - 169 * HOUR), ("out", noon - 169 * HOUR - timedelta(seconds=1)))
        )
    )
    found = requests.city("backlog", as_of=noon)
    assert (found["age_0_7_days"], found["age_8_30_days"]) == (1, 1)


@pytest.mark.parametrize(
    ("count", "mean", "variance"),
    [(5, 1.0, 1.0), (1, 0.0714, 0.0816), (780, 28.7143, 28.7143 * 6.9735 * 8 / 7), (3, 10.0, 25.0), (0, 4.0, 8.0), (40, 40.0, 40.0)],
)
def test_the_chance_of_so_many_equals_a_sum_of_the_others(requests: Requests, count: int, mean: float, variance: float) -> None:
    def term(k: int) -> float:
        if variance <= mean:
            return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
        size = mean**2 / (variance - mean)
        return math.exp(
            math.lgamma(k + size)
            - math.lgamma(k + 1)
            - math.lgamma(size)
            + size * math.log(mean / variance)
            + k * math.log(1 - mean / variance)
        )

    found = requests.connection.execute("SELECT metric.chance_of_at_least(%s, %s, %s)", (count, mean, variance)).fetchone()
    assert found
    assert found[0] == pytest.approx(sum(map(term, range(count, count + 5_000))), rel=1e-9, abs=1e-300)


instants = st.integers(0, 200).map(lambda hours: MONDAY + hours * HOUR)
snapshots = st.builds(
    lambda name, status, at: seen(name, status, at), st.sampled_from(["a", "b", "c"]), st.sampled_from(["open", "closed"]), instants
)


@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(many=st.lists(snapshots, min_size=1, max_size=12), at=instants)
def test_open_and_closed_are_what_a_second_reading_of_the_snapshots_says(
    requests: Requests, many: list[events.RequestSnapshot], at: datetime
) -> None:
    requests.empty()
    requests.tell(*many)
    still_open, closings = 0, []
    for name in {told.service_request_id for told in many}:
        is_open = True  # since it was requested
        moments = sorted({(told.updated_datetime, told.status == "closed") for told in many if told.service_request_id == name})
        was_open = at > MONDAY
        for moment, closed in moments:
            assert moment
            if closed and is_open:
                closings.append(moment)
            is_open = not closed and (moment > MONDAY or is_open)
            if moment < at:
                was_open = is_open and at > MONDAY
        still_open += was_open
    assert requests.city("backlog", as_of=at)["open"] == still_open
    found = requests.connection.execute("SELECT closed_at FROM metric.closings('-infinity', 'infinity') ORDER BY 1").fetchall()
    assert [row[0] for row in found] == sorted(closings)


@pytest.mark.parametrize("weeks", [0, 1, 3])
def test_with_fewer_than_four_weeks_nothing_is_said_of_chance(requests: Requests, weeks: int) -> None:
    found = requests.connection.execute("SELECT metric.chance_beside(5, %s::bigint[], %s)", ([2] * weeks, weeks)).fetchone()
    assert found == (None,)


def test_weeks_in_an_incident_or_before_the_data_are_not_compared(requests: Requests) -> None:
    now = MONDAY + 70 * DAY
    requests.tell(seen("old", "open", MONDAY - 400 * DAY, requested=MONDAY - 400 * DAY), seen("first", "closed", MONDAY + DAY))
    requests.connection.execute(
        "INSERT INTO incident (name, kind, onset_at, ended_at, opened_at) VALUES ('storm', 'snow', %s, %s, now())",
        (now - 15 * DAY, now - 14 * DAY),
    )
    ask = "SELECT number FROM metric.comparable_weeks(%s, %s, 'America/New_York') ORDER BY 1"
    week = [row[0] for row in requests.connection.execute(ask, (now - 7 * DAY, now)).fetchall()]
    assert week == [0, 1, 3, 4, 5, 6, 7, 8]
    fortnight = [row[0] for row in requests.connection.execute(ask, (now - 14 * DAY, now)).fetchall()]
    assert fortnight == [0, 4, 6]  # the eighth begins before the first closing that is known
    assert requests.connection.execute("SELECT metric.requests_known_from()").fetchone() == (MONDAY + DAY,)
