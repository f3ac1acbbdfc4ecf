"""The commands of the forecasting part on a real database: volumes from elsewhere, one cycle, and the service that answers scenarios."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, create_engine, text

from forecasting import serve
from forecasting.__main__ import main
from forecasting.days import day_of
from sql import queries
from sql.settings import settings

WITHIN_SECONDS = 60.0


@pytest.fixture
def connection(in_process: None) -> Iterator[Connection]:
    engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_importing_again_changes_only_what_differs_and_a_wrong_file_nothing(connection: Connection, tmp_path: Path) -> None:
    file = tmp_path / "volume.csv"
    file.write_text("interval_start,queue,contacts\n2025-01-06T08:00-05:00,general,10\n2025-01-06T08:30-05:00,general,12\n")
    told = [CliRunner().invoke(main, ["import-volume", str(file), "--queue-column", "queue"], catch_exceptions=False) for _ in range(2)]
    assert "2 new or changed" in told[0].output
    assert "0 new or changed" in told[1].output
    assert connection.scalar(text("SELECT sum(contacts) FROM volume")) == 22
    file.write_text("interval_start,queue,contacts\n2025-01-06T09:00-05:00,general,7\n2025-01-06T09:30-05:00,general,many\n")
    refused = CliRunner().invoke(main, ["import-volume", str(file), "--queue-column", "queue"])
    assert refused.exit_code == 1
    assert "line 3: 'many' is no count" in refused.output
    assert connection.scalar(text("SELECT sum(contacts) FROM volume")) == 22


def test_one_day_comes_from_the_finest_file_and_the_total_from_the_queues(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "hours.csv").write_text("interval_start,contacts\n2025-01-06T08:00,10\n2025-01-06T09:00,12\n")
    (tmp_path / "days.csv").write_text("date,contacts\n2025-01-06,99\n2025-01-07,50\n")
    for name, queue in (("hours.csv", "general"), ("days.csv", "general"), ("days.csv", "streets")):
        done = CliRunner().invoke(main, ["import-volume", str(tmp_path / name), "--queue", queue], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    days = queries.frame("volume-by-day", connection)
    found = {(row.queue, str(row.day)): row.contacts for row in days.itertuples()}
    assert found == {
        ("general", "2025-01-06"): 22,
        ("general", "2025-01-07"): 50,
        ("streets", "2025-01-06"): 99,
        ("streets", "2025-01-07"): 50,
        ("*", "2025-01-06"): 121,
        ("*", "2025-01-07"): 100,
    }


def test_without_counts_a_run_says_what_to_do(in_process: None) -> None:
    told = CliRunner().invoke(main, ["run"])
    assert told.exit_code == 1
    assert "import-volume FILE" in told.output
    assert "Traceback" not in told.output


def test_the_service_forecasts_by_itself_and_answers_a_scenario(connection: Connection, tmp_path: Path) -> None:
    connection.execute(text("INSERT INTO queue (queue, name, position) VALUES ('general', 'General', 1)"))
    connection.commit()
    today = datetime.now(settings().zone).date()
    days = [today - timedelta(days=n) for n in range(40, 0, -1)]  # too short for Prophet: this is about the service
    (tmp_path / "days.csv").write_text("date,contacts\n" + "".join(f"{day},{300 + 20 * day.weekday()}\n" for day in days))
    assert CliRunner().invoke(main, ["import-volume", str(tmp_path / "days.csv"), "--queue", "general"]).exit_code == 0
    stopped = threading.Event()
    thread = threading.Thread(target=serve.serve, args=(stopped, serve.State()))
    thread.start()
    try:
        _until(connection, "SELECT count(*) FROM forecast_run WHERE kind = 'full'")
        onset = datetime.now(UTC) + timedelta(days=2)
        asked = {
            "name": "12 inches",
            "kind": "snow",
            "snow_inches": 12,
            "gust_mph": 35,
            "rain_inches": None,
            "onset_at": onset,
            "hours": 12,
            "who": "a planner",
        }
        connection.execute(text(queries.statement("write-scenario")), asked)
        connection.commit()
        _until(connection, "SELECT count(*) FROM scenario WHERE kind = 'snow' AND answered_at IS NOT NULL AND message IS NULL")
    finally:
        stopped.set()
        thread.join(WITHIN_SECONDS)
    assert not thread.is_alive()
    assert (
        connection.scalar(text("SELECT count(DISTINCT queue) FROM scenario_interval JOIN scenario USING (scenario_id) WHERE kind = 'snow'"))
        == 2
    )


def _until(connection: Connection, query: str) -> None:
    end = time.monotonic() + WITHIN_SECONDS
    while not connection.scalar(text(query)):
        connection.rollback()
        assert time.monotonic() < end, query
        time.sleep(0.2)
    connection.rollback()


DUE = {"alert_event": None, "weather_issued_at": pd.NaT, "scenarios_waiting": 0, "any_at": pd.NaT, "origins": 26}


def test_a_service_that_has_just_started_forecasts_at_once() -> None:
    reason = serve.reason_now(serve.State(), pd.Series(DUE), datetime(2026, 3, 10, 15, tzinfo=UTC), settings().zone)
    assert reason == "the service has started"


def test_a_grave_alert_that_is_no_renewal_is_a_reason(database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    alert = (
        "INSERT INTO alert (alert_id, source, sent_at, ends_at, status, message_type, event, severity, refers_to, version, received_at)"
        " VALUES (:id, 'nws', now() - interval '1 hour', now() + interval '1 day', 'Actual', :type, :event, :severity, :refers_to, '', now() - :ago)"
    )

    def came(name: str, event: str, minutes: int, *refers_to: str, severity: str = "Severe") -> str | None:
        with engine.begin() as connection:
            told = {"id": name, "event": event, "severity": severity, "refers_to": list(refers_to), "ago": timedelta(minutes=minutes)}
            connection.execute(text(alert), told | {"type": "Update" if refers_to else "Alert"})
            found = queries.frame("forecast-due", connection).iloc[0]["alert_event"]
        return None if pd.isna(found) else str(found)

    with engine.begin() as connection:
        assert pd.isna(queries.frame("forecast-due", connection).iloc[0]["alert_event"])
        connection.execute(
            text(
                "INSERT INTO forecast_run (kind, made_at, first_day, reason) VALUES ('full', now() - interval '30 minutes', now()::date, 'test')"
            )
        )
    assert came("w1", "Winter Storm Watch", 40) is None  # the newest run knew it
    assert came("w2", "Winter Storm Watch", 20, "w1") is None  # a renewal
    assert came("a1", "Wind Advisory", 20, severity="Moderate") is None
    assert came("w3", "Winter Storm Warning", 10, "w2") == "Winter Storm Warning"
    engine.dispose()


def test_an_alert_makes_a_service_forecast_again() -> None:
    zone, at = settings().zone, datetime(2026, 3, 10, 15, tzinfo=UTC)
    learned = SimpleNamespace(at=at, first_day=pd.Timestamp(day_of(at, zone)))
    due = pd.Series(DUE | {"alert_event": "Blizzard Warning"})
    assert serve.reason_now(serve.State(learned=learned), due, at + timedelta(minutes=1), zone) == "a new alert: Blizzard Warning"
