"""The plan in SQL: chances from quantiles, the schedule that holds, runs that replace each other, overrides, scenarios, and that it is quick."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.dashboard import staffing_sample

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 15, 10, tzinfo=UTC)  # a Tuesday, 10:10 in New York
LEVELS = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
SPREAD = [2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 20.0, 30.0, 60.0]
FEW = [0.0] * 9 + [1.0, 1.0, 2.0, 3.0]
SLOT = datetime(2026, 11, 25, 15, tzinfo=UTC)  # 10:00 tomorrow
PLAN = "SELECT * FROM metric.plan(%(as_of)s, %(from)s, %(to)s, 'America/New_York', %(chance)s, %(scenario)s)"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, row_factory=psycopg.rows.dict_row, options="-c TimeZone=UTC -c jit=off") as found:
        yield found


def one(connection: psycopg.Connection[Any], query: str, *params: Any) -> Any:
    row = connection.execute(query, params).fetchone()
    return next(iter(row.values()))


def run(connection: psycopg.Connection[Any], made_at: datetime = NOW, kind: str = "full", scale: float = 1, slots: int = 1) -> int:
    """A run of one queue whose half hours from SLOT on have the quantiles SPREAD × scale; n people take 2 n contacts, of 10 people at most."""
    number = one(
        connection,
        "INSERT INTO forecast_run (kind, made_at, first_day, reason) VALUES (%s, %s, '2026-11-24', 'test') RETURNING run_id",
        kind,
        made_at,
    )
    for place in range(slots):
        connection.execute(
            "INSERT INTO forecast_interval VALUES (%s, 'general', %s, %s, %s)",
            (number, SLOT + timedelta(minutes=30 * place), 9 * scale, [scale * value for value in SPREAD]),
        )
    if kind == "full":
        connection.execute("INSERT INTO staffing_input VALUES (%s, 'general', 300, 150, 'test', 20, 0.8, NULL, 0.3, NULL)", (number,))
        connection.execute("INSERT INTO staffing_capacity SELECT %s, 'general', n, 2 * n FROM generate_series(0, 10) AS n", (number,))
    return int(number)


def schedule(connection: psycopg.Connection[Any], rows: list[tuple[datetime, int]], uploaded_at: datetime = NOW) -> None:
    upload = one(
        connection,
        "INSERT INTO schedule_upload (file_name, uploaded_at, uploaded_by) VALUES ('a.csv', %s, 'Ann') RETURNING upload_id",
        uploaded_at,
    )
    for at, people in rows:
        connection.execute("INSERT INTO schedule VALUES (%s, 'general', %s, %s)", (upload, at, people))


def plan(
    connection: psycopg.Connection[Any], chance: float = 0.8, as_of: datetime = NOW, scenario: int | None = None, slots: int = 1
) -> list[Any]:
    params = {"as_of": as_of, "from": SLOT, "to": SLOT + timedelta(minutes=30 * slots), "chance": chance, "scenario": scenario}
    return sorted(connection.execute(PLAN, params).fetchall(), key=lambda row: row["interval_start"])


def override(connection: psycopg.Connection[Any], factor: float, **changed: Any) -> None:
    row = {
        "queue": "*",
        "from_at": SLOT,
        "to_at": SLOT + timedelta(hours=1),
        "made_at": NOW - timedelta(minutes=1),
        "withdrawn_at": None,
    } | changed
    connection.execute(
        "INSERT INTO forecast_override (queue, from_at, to_at, factor, reason, made_by, made_at, withdrawn_at)"
        " VALUES (%(queue)s, %(from_at)s, %(to_at)s, %(factor)s, 'parade', 'Ann', %(made_at)s, %(withdrawn_at)s)",
        row | {"factor": factor},
    )


@pytest.mark.parametrize(
    "quantiles", [pytest.param(SPREAD, id="spread"), pytest.param(FEW, id="few contacts"), pytest.param([0.0] * 13, id="none")]
)
def test_a_chance_never_falls_and_lies_between_0_and_1(connection: psycopg.Connection[Any], quantiles: list[float]) -> None:
    found = [one(connection, "SELECT metric.chance_at_most(%s::float8[], %s)", quantiles, most / 4) for most in range(400)]
    assert found == sorted(found)
    assert all(0 <= chance <= 1 for chance in found)
    assert one(connection, "SELECT metric.chance_at_most(%s::float8[], -1)", quantiles) == 0


def test_chance_and_quantile_are_each_others_inverse(connection: psycopg.Connection[Any]) -> None:
    for level in [*LEVELS, 0.02, 0.15, 0.85, 0.97]:
        contacts = one(connection, "SELECT metric.quantile_at(%s::float8[], %s)", SPREAD, level)
        assert one(connection, "SELECT metric.chance_at_most(%s::float8[], %s)", SPREAD, contacts) == pytest.approx(level)


def test_a_quantile_stands_on_straight_lines(connection: psycopg.Connection[Any]) -> None:
    wanted = {0.001: 2.0, 0.01: 2.0, 0.5: 9.0, 0.85: 17.0, 0.99: 60.0, 1.0: 60.0}
    found = {level: one(connection, "SELECT metric.quantile_at(%s::float8[], %s)", SPREAD, level) for level in wanted}
    assert found == pytest.approx(wanted)


def test_what_is_not_known_has_no_chance(connection: psycopg.Connection[Any]) -> None:
    assert one(connection, "SELECT metric.chance_at_most(NULL, 3)") is None
    assert one(connection, "SELECT metric.chance_at_most(%s::float8[], NULL)", SPREAD) is None
    assert one(connection, "SELECT metric.quantile_at(%s::float8[], NULL)", SPREAD) is None


@pytest.mark.parametrize(
    ("chance", "people"),
    [
        pytest.param(0.5, 5, id="9 contacts, 2 each"),
        pytest.param(0.8, 7, id="14 contacts: exactly enough is enough"),
        pytest.param(0.9, 10, id="20 contacts"),
        pytest.param(0.95, 11, id="30 contacts are more than any capacity that was computed"),
    ],
)
def test_the_least_people_whose_capacity_reaches_the_quantile(connection: psycopg.Connection[Any], chance: float, people: int) -> None:
    run(connection)
    row = plan(connection, chance)[0]
    assert (row["required"], row["beyond"]) == (people, people > 10)
    assert row["scheduled"] is None
    assert row["chance_met"] is None


def test_people_required_have_the_chance_that_was_asked_for(connection: psycopg.Connection[Any]) -> None:
    run(connection)
    for people in range(11):
        schedule(connection, [(SLOT, people)])
        row = plan(connection, 0.8)[0]
        assert (row["chance_met"] >= 0.8) == (people >= row["required"])


def test_less_than_half_a_contact_needs_nobody(connection: psycopg.Connection[Any]) -> None:
    run(connection, scale=0.02)
    assert plan(connection, 0.9)[0]["required"] == 0
    assert plan(connection, 0.95)[0]["required"] == 1


def test_a_run_of_today_replaces_its_half_hours_and_rests_on_the_full_run(connection: psycopg.Connection[Any]) -> None:
    run(connection, made_at=NOW - timedelta(hours=2), slots=2)
    run(connection, made_at=NOW - timedelta(hours=1), kind="today", scale=2)
    run(connection, made_at=NOW - timedelta(minutes=30), kind="hindcast", scale=5)
    run(connection, made_at=NOW + timedelta(hours=1), scale=7)
    assert [row["median"] for row in plan(connection, slots=2)] == [18, 9]
    assert [row["median"] for row in plan(connection, as_of=NOW - timedelta(minutes=90), slots=2)] == [9, 9]
    assert plan(connection, 0.5)[0]["required"] == 9


def test_overrides_multiply_while_they_hold(connection: psycopg.Connection[Any]) -> None:
    run(connection, slots=3)
    schedule(connection, [(SLOT, 7)])
    before = plan(connection)[0]
    override(connection, 1.5)
    override(connection, 2, queue="general", to_at=SLOT + timedelta(minutes=30))
    override(connection, 9, queue="spanish")
    override(connection, 9, withdrawn_at=NOW - timedelta(seconds=1))
    override(connection, 9, made_at=NOW + timedelta(hours=1))
    found = plan(connection, slots=3)
    assert [row["factor"] for row in found] == pytest.approx([3, 1.5, 1])
    assert found[0]["yhat"] == pytest.approx(3 * before["yhat"])
    assert found[0]["required"] > before["required"]
    assert found[0]["chance_met"] < before["chance_met"]
    assert plan(connection, as_of=NOW - timedelta(minutes=30)) == []


def test_a_scenario_has_its_own_demand_on_the_same_people(connection: psycopg.Connection[Any]) -> None:
    number = run(connection)
    scenario = one(
        connection, "INSERT INTO scenario (name, kind, asked_by, run_id) VALUES ('Snow', 'snow', 'Ann', %s) RETURNING scenario_id", number
    )
    for queue in ("general", "*"):  # the total of all queues is no queue of the plan
        connection.execute("INSERT INTO scenario_interval VALUES (%s, %s, %s, 18, %s)", (scenario, queue, SLOT, [2 * v for v in SPREAD]))
    schedule(connection, [(SLOT, 7)])
    calm, storm = plan(connection)[0], plan(connection, scenario=scenario)[0]
    assert (calm["required"], storm["required"]) == (7, 11)
    assert storm["chance_met"] < calm["chance_met"] == pytest.approx(0.8)
    assert storm["scheduled"] == 7
    assert [row["queue"] for row in plan(connection, scenario=scenario)] == ["general"]


def test_of_a_local_day_the_newest_upload_holds_whole(connection: psycopg.Connection[Any]) -> None:
    run(connection, slots=4)
    later = SLOT + timedelta(hours=1)
    schedule(connection, [(SLOT, 3), (later, 3)], uploaded_at=NOW - timedelta(hours=2))
    schedule(connection, [(SLOT, 5)], uploaded_at=NOW - timedelta(hours=1))
    assert [row["scheduled"] for row in plan(connection, slots=4)] == [5, 0, 0, 0]
    assert [row["scheduled"] for row in plan(connection, slots=4, as_of=NOW)] == [5, 0, 0, 0]
    found = connection.execute(
        "SELECT * FROM metric.schedule(%s, %s, %s, 'America/New_York')", (NOW - timedelta(minutes=90), SLOT, later + timedelta(minutes=30))
    ).fetchall()
    assert [row["agents"] for row in sorted(found, key=lambda row: row["interval_start"])] == [3, 0, 3]


@pytest.mark.parametrize(
    ("day", "half_hours"), [("2026-11-01", 50), ("2026-11-02", 48), ("2026-03-08", 46)], ids=["25 hours", "24 hours", "23 hours"]
)
def test_a_day_is_as_long_as_the_city_has_it(connection: psycopg.Connection[Any], day: str, half_hours: int) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    schedule(connection, [(midnight + timedelta(hours=12), 4)])
    found = connection.execute("SELECT * FROM metric.schedule(%s, 'America/New_York')", (NOW,)).fetchall()
    assert len(found) == half_hours
    assert sum(row["agents"] for row in found) == 4
    assert {row["interval_start"].astimezone(ZONE).date().isoformat() for row in found} == {day}


def test_an_override_is_scored_against_the_forecast_of_when_it_was_made(connection: psycopg.Connection[Any]) -> None:
    made_at = SLOT - timedelta(days=1)
    run(connection, made_at=made_at - timedelta(hours=1), slots=3)
    run(connection, made_at=made_at + timedelta(hours=1), scale=10, slots=3)
    override(connection, 1.5, made_at=made_at, to_at=SLOT + timedelta(hours=2))
    upload = one(connection, "INSERT INTO volume_import (file_name, imported_by) VALUES ('a', 'b') RETURNING import_id")
    connection.execute("INSERT INTO volume VALUES ('general', %s, 30, 12, %s)", (SLOT, upload))
    found = connection.execute("SELECT * FROM metric.override_effect(%s, 'America/New_York')", (SLOT + timedelta(hours=1),)).fetchone()
    assert found is not None
    # two half hours are over: 12 came, then nobody; 9 were expected each, 13.5 with the override
    assert (found["half_hours"], found["contacts"]) == (2, 12)
    assert (found["without_it"], found["with_it"]) == (18, 27)
    assert (found["error_without"], found["error_with"]) == (3 + 9, 1.5 + 13.5)
    assert connection.execute("SELECT * FROM metric.override_effect(%s, 'America/New_York')", (SLOT,)).fetchall() == []


def test_eight_queues_and_two_weeks_take_well_under_a_second(connection: psycopg.Connection[Any], database: str) -> None:
    with psycopg.connect(database) as filling:
        staffing_sample.fill(filling, NOW, ZONE)
        staffing_sample.schedule(filling, NOW, ZONE)
        filling.execute("ANALYZE")
    start = staffing_sample.midnight(NOW, ZONE)
    params = {"as_of": NOW, "from": start, "to": start + timedelta(days=14), "chance": 0.8, "scenario": None}
    took = []
    for _ in range(3):
        began = time.perf_counter()
        rows = connection.execute(PLAN, params).fetchall()
        took.append(time.perf_counter() - began)
    assert len(rows) == 8 * 14 * 48
    assert all(row["required"] is not None for row in rows)
    assert min(took) < 1
