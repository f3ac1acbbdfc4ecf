"""A replay is honest: what happens, is told or is written after an instant changes no digit of the page as of that instant."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import create_engine

from dashboard import emergency_charts, emergency_figures, emergency_verdict
from dashboard.charts import WALL
from dashboard.emergency_page import Reader
from dashboard.emergency_rows import Emergency, Incident
from dashboard.freshness import Source
from dashboard.rows import read
from sql.queries import frame
from sql.settings import settings
from streams import events
from tests.dashboard import storm_city
from tests.dashboard.storm_city import ONSET

AT = ONSET + timedelta(hours=14)
GRID = "SIM/1,1"
OPENED = ONSET - timedelta(hours=1)


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WEATHER_GRID", GRID)
    settings.cache_clear()
    yield
    settings.cache_clear()


def people(connection: psycopg.Connection, at: datetime, word: str) -> None:
    """What people write about the incident at an instant."""
    incident = connection.execute("SELECT incident_id FROM incident").fetchone()
    assert incident
    ours = {"incident": incident[0], "at": at, "word": word, "onset": ONSET}
    connection.execute(
        "INSERT INTO activity_log (incident_id, recorded_at, happened_at, recorded_by, position, kind, text, significant)"
        " VALUES (%(incident)s, %(at)s, %(at)s, 'Ann', 'Operations', 'entry', %(word)s, true)",
        ours,
    )
    connection.execute(
        "INSERT INTO activity_log (incident_id, recorded_at, happened_at, recorded_by, position, kind, text, audience, channel)"
        " VALUES (%(incident)s, %(at)s, %(onset)s, 'Ann', 'Public information', 'message', %(word)s, 'residents', 'text')",
        ours,
    )
    connection.execute(
        "INSERT INTO activity_log (incident_id, recorded_at, happened_at, recorded_by, position, kind, text, concerns)"
        " SELECT %(incident)s, %(at)s, %(at)s, 'Ann', 'Operations', 'correction', 'corrected: ' || %(word)s, min(entry_id) FROM activity_log",
        ours,
    )
    connection.execute(
        "INSERT INTO lifeline_status (incident_id, lifeline, status, reason, set_at, set_by)"
        " VALUES (%(incident)s, 'Energy', 'unstable', %(word)s, %(at)s, 'Ann')",
        ours,
    )
    connection.execute(
        "INSERT INTO incident_change (incident_id, changed_at, changed_by, name, level, onset_at, areas)"
        " VALUES (%(incident)s, %(at)s, 'Ann', 'Winter Storm Hale', 'Level ' || %(word)s, %(onset)s, '{}')",
        ours,
    )


def forecasts(connection: psycopg.Connection, made_at: datetime, level: float) -> None:
    """A forecast that is issued at an instant, with its scenario without a storm and what staffing rests on."""
    run = connection.execute(
        "INSERT INTO forecast_run (kind, made_at, first_day, reason) VALUES ('full', %s, %s, 'test') RETURNING run_id",
        (made_at, made_at.date()),
    ).fetchone()
    assert run
    connection.execute(
        "INSERT INTO staffing_input (run_id, queue, handle_seconds, patience_note, answer_threshold_seconds, service_level_target, shrinkage)"
        " VALUES (%s, 'general', 240, '', 20, 0.8, 0.3)",
        run,
    )
    connection.execute("INSERT INTO staffing_capacity SELECT %s, 'general', n, 5.0 * n FROM generate_series(0, 60) AS n", run)
    rows = (
        "SELECT {}, 'general', slot, {level}, ARRAY(SELECT {level} * (0.5 + l) FROM unnest(metric.quantile_levels()) AS l)"
        " FROM generate_series(%s::timestamptz, %s::timestamptz, interval '30 minutes') AS slot"
    )
    span = (ONSET - timedelta(hours=12), ONSET + timedelta(hours=72))
    connection.execute("INSERT INTO forecast_interval " + rows.format(run[0], level=level), span)
    scenario = connection.execute(
        "INSERT INTO scenario (name, kind, asked_by, run_id, asked_at, answered_at) VALUES ('No storm', 'no storm', 'f', %s, %s, %s) RETURNING scenario_id",
        (run[0], made_at, made_at),
    ).fetchone()
    assert scenario
    connection.execute("INSERT INTO scenario_interval " + rows.format(scenario[0], level=level / 2), span)
    connection.execute(
        "INSERT INTO scenario_interval SELECT scenario_id, '*', interval_start, yhat, quantiles FROM scenario_interval WHERE scenario_id = %s",
        scenario,
    )
    connection.execute(
        "INSERT INTO forecast_interval SELECT run_id, '*', interval_start, yhat, quantiles FROM forecast_interval WHERE run_id = %s", run
    )


def past(connection: psycopg.Connection, url: str) -> None:
    """Everything until the instant."""
    storm_city.write(url, storm_city.weeks_before())
    storm_city.write(url, storm_city.told(ONSET - timedelta(hours=16), AT, salt="storm", busy=2.0))
    storm_city.write(
        url,
        [
            storm_city.alert("w1", ONSET - timedelta(hours=20), ONSET + timedelta(hours=12)),
            storm_city.alert("w2", ONSET + timedelta(hours=2), ONSET + timedelta(hours=30), "w1", kind="Update"),
            storm_city.forecast(GRID, ONSET - timedelta(hours=10), 4.0),
        ],
    )
    connection.execute(
        "INSERT INTO incident (name, kind, level, onset_at, opened_at, opened_by) VALUES ('Winter Storm Hale', 'snow', 'Level 1', %s, %s, 'Ann')",
        (ONSET, OPENED),
    )
    connection.execute(
        "INSERT INTO incident_change (incident_id, changed_at, changed_by, name, level, onset_at, areas)"
        " SELECT incident_id, opened_at, 'Ann', name, level, onset_at, areas FROM incident"
    )
    connection.execute("INSERT INTO lifeline_type VALUES ('Transportation', 'Unplowed street')")
    forecasts(connection, ONSET - timedelta(hours=11), 20.0)
    people(connection, ONSET + timedelta(hours=3), "first")


def future(connection: psycopg.Connection, url: str) -> None:
    """Everything after it: more of each kind, and what would change the page if it were known."""
    storm_city.write(url, storm_city.told(AT + timedelta(seconds=1), AT + timedelta(hours=20), salt="after", busy=2.0))
    storm_city.write(
        url,
        [
            storm_city.one(closed_late(connection), AT + timedelta(minutes=1), "late-close"),
            storm_city.alert("w3", AT + timedelta(minutes=5), AT + timedelta(hours=30), "w1", "w2", kind="Cancel"),
            storm_city.alert("w4", AT + timedelta(minutes=5), AT + timedelta(hours=30)),
            storm_city.forecast(GRID, AT + timedelta(minutes=20), 40.0),
        ],
    )
    forecasts(connection, AT + timedelta(minutes=30), 400.0)
    people(connection, AT + timedelta(minutes=10), "second")
    connection.execute("UPDATE incident SET ended_at = %s, level = 'Level 9'", (AT + timedelta(hours=10),))
    connection.execute(
        "INSERT INTO incident (name, kind, onset_at, opened_at) VALUES ('Another', 'flood', %s, %s)",
        (AT - timedelta(hours=2), AT + timedelta(hours=1)),
    )


def closed_late(connection: psycopg.Connection) -> events.RequestSnapshot:
    """A request of before the instant that is closed after it."""
    row = connection.execute(
        "SELECT service_request_id, requested_datetime, service_name FROM request WHERE closed_at IS NULL ORDER BY 2 DESC LIMIT 1"
    ).fetchone()
    assert row
    return events.RequestSnapshot(
        service_request_id=row[0],
        status="closed",
        requested_datetime=row[1],
        updated_datetime=AT + timedelta(minutes=1),
        service_name=row[2],
    )


def page(url: str) -> tuple[Emergency, str]:
    """All that the page shows as of the instant."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        asked = next(one for one in read(Incident, frame("incidents", connection)) if one.name == "Winter Storm Hale")
        known = Reader()(connection, asked, AT)
    engine.dispose()
    verdict = emergency_verdict.judge(known)
    figures = emergency_figures.emergency_figures(known, verdict, ZoneInfo("America/New_York"), Source(known.at, 3600.0))
    chart = emergency_charts.contacts(known.hours, known.clock, 14.0, "dark", WALL, 150)
    assert chart is not None
    cells = known.cells.to_json(orient="records")
    return known, json.dumps([figures, verdict.headline, verdict.why, chart.data.to_json(), cells], ensure_ascii=False, sort_keys=True)


def test_the_page_as_of_hour_14_does_not_change_by_a_digit(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        past(connection, database)
        known, before = page(database)
        future(connection, database)
    _, after = page(database)
    assert after == before

    hours = known.hours.set_index("hour")
    assert hours.loc[0, "contacts"] == 60  # one a minute
    assert hours.loc[0, "usual"] == pytest.approx(30, abs=1)  # the weeks before: one in two minutes
    assert (hours.loc[0, "expected"], hours.loc[0, "no_storm"]) == (40, 20)
    assert hours.loc[13, "contacts"] == 60
    assert hours.loc[14:, "contacts"].isna().all()
    assert known.now.contacts_hour == 60
    assert [one["event"] for one in known.alerts.to_dict("records")] == ["Winter Storm Warning"]
    assert known.incident is not None
    assert known.incident.level == "Level first"
    assert known.incident.ended_at is None
    assert [one.corrected_text for one in known.log] == ["corrected: first", None]
    energy = next(one for one in known.lifelines if one.lifeline == "Energy")
    assert (energy.status, energy.reason) == ("unstable", "first")
    assert next(one for one in known.lifelines if one.lifeline == "Transportation").requests > 20


def test_what_was_known_then_differs_from_what_is_known_now(database: str) -> None:
    """The same page an hour later does see what came: the test above cannot pass by seeing nothing."""
    with psycopg.connect(database, autocommit=True) as connection:
        past(connection, database)
        future(connection, database)
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        asked = next(one for one in read(Incident, frame("incidents", connection)) if one.name == "Winter Storm Hale")
        later = Reader()(connection, asked, AT + timedelta(hours=2))
    engine.dispose()
    hours = later.hours.set_index("hour")
    assert hours.loc[14, "contacts"] == 60
    assert hours.loc[15, "expected"] == 800
    assert later.incident is not None
    assert later.incident.level == "Level second"
    assert len(later.log) == 4
    assert list(later.alerts["alert_id"]) == ["w4"]
