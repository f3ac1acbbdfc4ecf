"""A forecasting cycle on a real database: what it writes, what it may know, and what people ask of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from forecasting import cycle, hindcast, learning, scenarios, staffing, store
from forecasting.demand import NothingToLearnFrom
from sql import queries
from tests import forecast_city
from tests.servers import Services

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 10, 18, 10, tzinfo=UTC)  # 14:10, two days after the clocks went forward
QUEUES = {"general": 0.7, "streets": 0.3}


@pytest.fixture(scope="module")
def module_database(services: Services, migrated_template: str) -> str:
    url = services.postgres.url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE forecasting_cycle TEMPLATE {migrated_template}".encode())
    return url.rsplit("/", 1)[0] + "/forecasting_cycle"


@pytest.fixture(scope="module")
def city(module_database: str) -> Iterator[Engine]:
    """Four hundred days of two queues that fall on a snow day and rise after it, and this morning's contacts by the stream's own count."""
    engine = create_engine(module_database.replace("postgresql://", "postgresql+psycopg://"))
    with psycopg.connect(module_database) as connection:
        forecast_city.fill(connection, NOW, ZONE, QUEUES)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def learned(city: Engine) -> learning.Learned:
    with city.connect() as connection:
        return learning.learn(connection, NOW, ZONE)


@pytest.fixture(scope="module")
def run_id(city: Engine, learned: learning.Learned) -> int:
    with city.begin() as connection:
        return cycle.full(connection, learned, ZONE, "a test", 0.0)


def test_a_run_forecasts_every_half_hour_of_fourteen_days_and_queues_add_up(city: Engine, run_id: int) -> None:
    with city.connect() as connection:
        rows = pd.read_sql(
            text("SELECT queue, interval_start, yhat, quantiles FROM forecast_interval WHERE run_id = :r"), connection, params={"r": run_id}
        )
    assert rows.groupby("queue").size().to_dict() == dict.fromkeys(("*", *QUEUES), 14 * 48)
    by_day = rows.assign(day=rows["interval_start"].dt.tz_convert(ZONE).dt.date).pivot_table(
        index="day", columns="queue", values="yhat", aggfunc="sum"
    )
    np.testing.assert_allclose(by_day["*"], by_day[list(QUEUES)].sum(axis=1), rtol=1e-6)
    quantiles = np.stack(rows["quantiles"].to_numpy())
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert 350 < by_day.loc[pd.Timestamp("2026-03-12").date(), "*"] < 900  # a Thursday of about 600


def test_the_plan_requires_more_people_at_noon_than_at_night(city: Engine, run_id: int) -> None:
    day = datetime(2026, 3, 12, tzinfo=ZONE)
    with city.connect() as connection:
        plan = queries.frame("staffing-plan", connection, **{"as_of": NOW, "from": day, "to": day + timedelta(days=1), "chance": 0.8})
    general = plan[plan["queue"] == "general"].set_index(plan[plan["queue"] == "general"]["interval_start"].dt.tz_convert(ZONE).dt.hour)
    assert general.loc[13, "required"].max() > general.loc[3, "required"].max() >= 1
    assert run_id in set(general["run_id"])


def test_without_a_weather_forecast_and_with_few_storms_the_run_says_so(learned: learning.Learned) -> None:
    assert any("no weather forecast" in note for note in learned.notes)
    assert learned.storms_seen == len(forecast_city.SNOW_DAYS)


def test_what_was_counted_after_the_instant_changes_nothing(city: Engine) -> None:
    earlier = NOW - timedelta(days=30)
    with city.connect() as connection:
        before = store.histories(connection, earlier, ZONE)["*"]
        connection.execute(
            text("UPDATE volume SET contacts = contacts * 10 WHERE starts_at >= :at"),
            {"at": datetime.combine(earlier.astimezone(ZONE).date(), datetime.min.time(), ZONE)},
        )
        after = store.histories(connection, earlier, ZONE)["*"]
        connection.rollback()
    pd.testing.assert_frame_equal(before, after)
    assert before["ds"].iloc[-1] < pd.Timestamp(earlier.astimezone(ZONE).date())


def test_twelve_inches_of_snow_lower_the_day_and_raise_the_next(city: Engine, learned: learning.Learned, run_id: int) -> None:
    onset = datetime(2026, 3, 14, 3, tzinfo=ZONE)
    with city.begin() as connection:
        scenario_id = connection.execute(
            text(
                "INSERT INTO scenario (name, kind, snow_inches, onset_at, hours, asked_by)"
                " VALUES ('12 inches', 'snow', 12, :at, 12, 'a planner') RETURNING scenario_id"
            ),
            {"at": onset},
        ).scalar_one()
        # the clock of the test stands still in the past, and only what was asked lately is answered
        assert scenarios.answer_all(connection, run_id, learned, ZONE) == 1
        snow = _totals(connection, scenario_id)
        calm = _totals(
            connection,
            int(connection.scalar(text("SELECT max(scenario_id) FROM scenario WHERE kind = 'no storm' AND answered_at IS NOT NULL"))),
        )
    saturday, sunday = pd.Timestamp("2026-03-14").date(), pd.Timestamp("2026-03-15").date()
    assert snow[saturday] < 0.9 * calm[saturday]
    assert snow[sunday] > 1.15 * calm[sunday]


def test_a_scenario_beyond_the_forecast_is_refused_in_a_sentence(city: Engine, learned: learning.Learned, run_id: int) -> None:
    with city.begin() as connection:
        scenario_id = connection.execute(
            text(
                "INSERT INTO scenario (name, kind, snow_inches, onset_at, hours, asked_by)"
                " VALUES ('late', 'snow', 5, :at, 12, 'a planner') RETURNING scenario_id"
            ),
            {"at": NOW + timedelta(days=60)},
        ).scalar_one()
        scenarios.answer_all(connection, run_id, learned, ZONE)
        answered = queries.frame("scenario", connection, scenario_id=scenario_id).iloc[0]
    assert "no further" in answered["message"]


def test_a_busy_morning_raises_the_rest_of_today(city: Engine, run_id: int) -> None:
    noon, night = datetime(2026, 3, 10, 16, tzinfo=ZONE), datetime(2026, 3, 11, tzinfo=ZONE)
    with city.begin() as connection:
        before = queries.frame("forecast-of-day", connection, **{"from": noon, "to": night, "as_of": NOW})
        connection.execute(
            text("UPDATE volume SET contacts = contacts * 3 WHERE starts_at >= :at"), {"at": datetime(2026, 3, 10, tzinfo=ZONE)}
        )
        today_run = cycle.today(connection, NOW, ZONE, quiet=True)
        after = pd.read_sql(text("SELECT queue, yhat FROM forecast_interval WHERE run_id = :r"), connection, params={"r": today_run})
        note = queries.frame("forecast-runs", connection, as_of=NOW + timedelta(seconds=1), most=1).iloc[0]["notes"][0]
        connection.rollback()
    for queue in QUEUES:
        assert after[after["queue"] == queue]["yhat"].sum() > 1.1 * before[before["queue"] == queue]["yhat"].sum()
    assert "came until 14:00" in note


def test_hindcasts_are_kept_apart_and_teach_the_bands(city: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hindcast, "DAYS_BACK", range(84, 0, -14))
    with ThreadPoolExecutor(1) as pool:
        begun = hindcast.each(city, NOW, ZONE, pool)
        assert [next(begun), next(begun)] == [True, True]
        begun.close()  # a service that is stopped and started again goes on
        assert list(hindcast.each(city, NOW, ZONE, pool)) == [True] * 6
    with city.connect() as connection:
        assert len(queries.frame("hindcast-days", connection)) == 6
        assert connection.execute(text("SELECT count(*) FROM forecast_run WHERE kind = 'hindcast'")).scalar_one() == 6
    with city.connect() as connection:
        past = store.past(connection, NOW)
        shown = queries.frame("forecast-runs", connection, as_of=NOW + timedelta(days=1), most=100)
    assert past["origin"].nunique() >= 6
    assert "hindcast" not in set(shown["kind"])
    own = past[(past["queue"] == "*") & (past["model"] == "demand") & past["y"].notna()]
    naive = past[(past["queue"] == "*") & (past["model"] == "seasonal naive") & past["y"].notna()]
    assert (own["yhat"] - own["y"]).abs().mean() < (naive["yhat"] - naive["y"]).abs().mean()


def test_an_empty_database_says_what_is_missing(database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, pytest.raises(NothingToLearnFrom, match="import-volume"):
        learning.learn(connection, NOW, ZONE)
    engine.dispose()


def _totals(connection: object, scenario_id: int) -> "pd.Series[float]":
    rows = pd.read_sql(
        text("SELECT interval_start, yhat FROM scenario_interval WHERE scenario_id = :s AND queue = '*'"),
        connection,
        params={"s": scenario_id},
    )  # type: ignore[call-overload]
    return rows.groupby(rows["interval_start"].dt.tz_convert(ZONE).dt.date)["yhat"].sum()


def test_what_waits_over_is_computed_anew_as_a_whole(city: Engine, run_id: int) -> None:
    noon = datetime(2026, 3, 11, 16, tzinfo=UTC)
    with city.begin() as connection:
        upload = connection.execute(
            text("INSERT INTO schedule_upload (file_name, uploaded_by, uploaded_at) VALUES ('f', 'Ann', :at) RETURNING upload_id"),
            {"at": NOW},
        ).scalar_one()
        slots = [noon + n * timedelta(minutes=30) for n in range(8)]
        connection.execute(
            text("INSERT INTO schedule (upload_id, queue, interval_start, agents) VALUES (:u, 'general', :s, 1)"),
            [{"u": upload, "s": slot} for slot in slots],
        )
        kept = []
        for _ in range(2):
            staffing.carry(connection, NOW + timedelta(minutes=1), ZONE)
            kept.append(
                connection.execute(text("SELECT queue, interval_start, waiting_at_end FROM staffing_carry ORDER BY 1, 2")).fetchall()
            )
        connection.rollback()
    assert len(kept[0]) >= 4
    assert kept[1] == kept[0]
