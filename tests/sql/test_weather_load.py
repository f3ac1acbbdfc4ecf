"""A station's file in the table, and the weather of days as it was known at an instant."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, text

from sql import observations, queries
from sql.__main__ import main
from sql.reference import InvalidFile
from sql.settings import settings

ZONE = "America/New_York"
GRID = "PHI/49,75"


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "station.csv"
    path.write_text(content)
    return path


def days(connection: Connection, columns: str = "day::text, snow_mm, gust_kmh") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM weather_day ORDER BY station, day"))]


def test_loading_again_changes_only_what_differs(connection: Connection, tmp_path: Path) -> None:
    file = written(tmp_path, "date,snow_in,gust_mph\n2026-01-25,10,50\n2026-01-26,0,\n")
    assert observations.load(file, connection, station="KPHL") == (2, 2, observations.load(file, connection, station="x").missing)
    connection.execute(text("DELETE FROM weather_day WHERE station = 'x'"))
    assert observations.load(file, connection, station="KPHL").changed == 0
    file = written(tmp_path, "date,snow_in,gust_mph\n2026-01-25,10,50\n2026-01-26,1,\n2026-01-27,0,10\n")
    assert observations.load(file, connection, station="KPHL").changed == 2
    assert days(connection) == [("2026-01-25", 254.0, 80.4672), ("2026-01-26", 25.4, None), ("2026-01-27", 0.0, 16.0934)]


def test_a_file_without_a_column_leaves_what_is_known_of_it(connection: Connection, tmp_path: Path) -> None:
    observations.load(written(tmp_path, "date,snow_in,gust_mph\n2026-01-25,10,50\n"), connection, station="KPHL")
    loaded = observations.load(written(tmp_path, "date,snow_in\n2026-01-25,12\n"), connection, station="KPHL")
    assert (loaded.changed, "gust_kmh" in loaded.missing) == (1, True)
    assert days(connection) == [("2026-01-25", 304.8, 80.4672)]


def test_a_wrong_row_loads_nothing(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"line 3: snow_in is 'deep'; a number is expected"):
        observations.load(written(tmp_path, "date,snow_in\n2026-01-25,1\n2026-01-26,deep\n"), connection, station="KPHL")
    assert days(connection) == []


def issue(connection: Connection, issued_at: datetime, first: datetime, hours: int, *, snow: float | None, degrees: float = 0.0) -> None:
    """A forecast of so many equal hours."""
    number = connection.scalar(
        text("INSERT INTO weather_forecast (grid, issued_at, version, source) VALUES (:grid, :at, '', 'nws') RETURNING forecast_id"),
        {"grid": GRID, "at": issued_at},
    )
    connection.execute(
        text("INSERT INTO weather_forecast_hour VALUES (:number, :start, :degrees, :snow, 1, 10, 20)"),
        [{"number": number, "start": first + timedelta(hours=n), "degrees": degrees + n, "snow": snow} for n in range(hours)],
    )


def by_day(connection: Connection, as_of: datetime, **bounds: date) -> list[tuple[Any, ...]]:
    found = queries.frame("weather-by-day", connection, station="KPHL", grid=GRID, zone=ZONE, as_of=as_of, **bounds)
    return [
        (
            str(row.day),
            None if row.snow_mm != row.snow_mm else row.snow_mm,
            bool(row.observed),
            None if row.hours != row.hours else row.hours,
        )
        for row in found.itertuples()
    ]


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_a_day_is_what_was_measured_else_what_was_forecast(connection: Connection, tmp_path: Path) -> None:
    observations.load(written(tmp_path, "date,snow_in\n2026-01-24,1\n2026-01-25,10\n2026-01-26,\n"), connection, station="KPHL")
    issue(connection, at(25, 12), at(25, 5), 48, snow=2.0)  # the local days 25 and 26, whole
    issue(connection, at(25, 18), at(25, 17), 24, snow=1.0)
    assert by_day(connection, at(25, 13)) == [
        ("2026-01-24", 25.4, True, None),
        ("2026-01-25", 48.0, False, 24),
        ("2026-01-26", 48.0, False, 24),
    ]
    assert by_day(connection, at(25, 19)) == [
        ("2026-01-24", 25.4, True, None),
        ("2026-01-25", 12 * 2.0 + 12 * 1.0, False, 24),
        ("2026-01-26", 12 * 1.0 + 12 * 2.0, False, 24),
    ]
    # The day is over: its station counts. Of the next one the station has nothing.
    assert by_day(connection, at(26, 5))[1] == ("2026-01-25", 254.0, True, None)
    assert by_day(connection, at(27, 12))[2] == ("2026-01-26", 36.0, False, 24)
    assert by_day(connection, at(27, 12), **{"from": date(2026, 1, 25), "to": date(2026, 1, 26)}) == [("2026-01-25", 254.0, True, None)]


def test_nothing_is_used_before_it_was_issued(connection: Connection) -> None:
    issue(connection, at(25, 12), at(25, 12), 30, snow=2.0)
    assert by_day(connection, at(25, 11)) == []
    assert by_day(connection, at(25, 12))[0] == ("2026-01-25", 34.0, False, 17)


def test_what_a_forecast_does_not_say_is_missing_and_extremes_are_those_of_the_hours(connection: Connection) -> None:
    issue(connection, at(25, 4), at(25, 5), 24, snow=None, degrees=-12.0)
    (row,) = queries.frame("weather-by-day", connection, station="KPHL", grid=GRID, zone=ZONE, as_of=at(25, 6)).itertuples()
    assert (row.temperature_min_celsius, row.temperature_max_celsius, row.precipitation_mm, row.wind_kmh, row.gust_kmh) == (
        -12,
        11,
        24,
        10,
        20,
    )
    assert row.snow_mm != row.snow_mm
    assert row.issued_at == at(25, 4)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-06-01", 24)])
def test_a_day_has_the_hours_that_the_clocks_give_it(connection: Connection, day: str, hours: int) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=4 if day > "2026-03-08" else 5)
    issue(connection, midnight, midnight, 48, snow=1.0)
    assert by_day(connection, midnight)[0] == (day, float(hours), False, hours)


def test_the_newest_forecast_by_the_hour_tells_how_old_it_is(connection: Connection) -> None:
    issue(connection, at(25, 6), at(25, 6), 3, snow=1.0)
    issue(connection, at(25, 12), at(25, 12), 2, snow=2.0)
    found = queries.frame("weather-hours", connection, grid=GRID, as_of=at(25, 12) + timedelta(hours=88))
    assert [(row.hour_start, row.snow_mm, row.age_seconds, row.state) for row in found.itertuples()] == [
        (at(25, 12), 2.0, 88 * 3600.0, "stale"),
        (at(25, 13), 2.0, 88 * 3600.0, "stale"),
    ]
    earlier = queries.frame("weather-hours", connection, grid=GRID, as_of=at(25, 11))
    assert (len(earlier), set(earlier["state"])) == (3, {"live"})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["observations"], "name the weather station with --station or WEATHER_STATION", id="no station"),
        pytest.param(["observations", "--station", " "], "in 1 to 100 characters", id="a blank station"),
        pytest.param(["queues", "--station", "x"], "--station and --units are for observations", id="a station for queues"),
        pytest.param(["areas", "--units", "us"], "--station and --units are for observations", id="units for areas"),
        pytest.param(["observations", "--kind", "x"], "--kind and --name-property are for areas", id="a kind for observations"),
    ],
)
def test_a_wrong_use_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str) -> None:
    monkeypatch.setenv("WEATHER_STATION", "")
    settings.cache_clear()
    kind, *options = arguments
    result = CliRunner().invoke(main, ["load", kind, str(written(tmp_path, "date,snow_in\n2026-01-25,1\n")), *options])
    settings.cache_clear()
    assert (result.exit_code, says in result.output) == (2, True), result.output
