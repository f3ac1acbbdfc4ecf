"""Files that people edit: what is in them is in the tables afterwards, and a wrong one changes nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from sql import areas, intake, reference
from sql.engine import connect
from sql.reference import InvalidFile

ZONE = ZoneInfo("America/New_York")


def written(tmp_path: Path, content: str, name: str = "file.toml") -> Path:
    path = tmp_path / name
    path.write_text(content)
    return path


def test_departments_services_and_phrases_are_one_file(connection: Connection, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """closed_without_work = ["no violation"]
        [[department]]
        department = "PWDx"
        name = "Public Works"
        [[service]]
        service = "Pothole"
        department = "PWDx"
        [[service]]
        service = "Bulk pickup"
        left_out_of_reopening = true""",
    )
    assert reference.load("departments", file, connection, ZONE) == 4
    assert reference.load("departments", file, connection, ZONE) == 4
    assert connection.execute(text("SELECT name, position FROM department")).all() == [("Public Works", 1000)]
    assert connection.execute(text("SELECT * FROM service ORDER BY 1")).all() == [("Bulk pickup", None, True), ("Pothole", "PWDx", False)]
    assert connection.scalars(text("SELECT phrase FROM closing_phrase")).all() == ["no violation"]
    assert connection.scalar(text("SELECT version FROM intake_version")) == 3


def test_targets_of_queues_and_of_requests_are_one_file(connection: Connection, database: str, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """[[target]]
        queue = "general"
        answer_threshold_seconds = 30
        [[request_target]]
        department = "PWDx"
        due_days = 3
        days = "business"
        valid_from = 2026-07-01
        [[request_target]]
        service = "Pothole"
        due_days = 2
        on_time_target = 0.9""",
    )
    assert reference.load("targets", file, connection, ZONE) == 3
    columns = "department, service_name, valid_from::text, due_days, day_kind, on_time_target::text"
    assert connection.execute(text(f"SELECT {columns} FROM request_target ORDER BY 1")).all() == [
        ("*", "Pothole", "-infinity", 2, "calendar", "0.9"),
        ("PWDx", "*", "2026-07-01 04:00:00+00", 3, "business", None),
    ]
    connection.commit()
    with connect(url=database) as reader:
        known = intake.read(reader)
    assert known.expected(None, "PWDx", "Pothole", datetime(2020, 1, 1, tzinfo=UTC)) == datetime(2020, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        pytest.param(
            "departments",
            "[[departments]]\nname='x'",
            r"departments is not known; there are department, service, closed_without_work",
            id="an unknown list",
        ),
        pytest.param("departments", "[[department]]\nname='x'", "department 1: department is missing", id="a missing column"),
        pytest.param("departments", "closed_without_work=[1]", 'has no closed_without_work = \\["…"', id="no texts"),
        pytest.param(
            "targets", "[[request_target]]\ndays='working'", "days is 'working'; it is one of calendar, business", id="an unknown word"
        ),
        pytest.param("targets", "[[request_target]]\ndue_days=-1", "due_days is -1; it lies between 0 and 3650", id="out of range"),
        pytest.param("targets", "[[request_target]]\ndue_days=true", "due_days is True, of the wrong kind", id="a truth for a number"),
        pytest.param(
            "incidents",
            "[[incident]]\nname='Irene'\nkind='wind'\nonset_at=2011-08-27",
            "kind is 'wind'; it is one of snow",
            id="an unknown kind",
        ),
        pytest.param("incidents", "", r"has no \[\[incident\]\]", id="nothing in it"),
        pytest.param("queues", "queue = 1", r"has no \[\[queue\]\]", id="not a list"),
        pytest.param("queues", "= 1", "is not TOML", id="no TOML"),
        pytest.param("queues", "a = " + "[" * 3_000, "is not TOML: it is nested too deep", id="nested too deep"),
        pytest.param(
            "queues", "a = " + "9" * 5_000, "is not TOML: a whole number in it has thousands of digits", id="a number without end"
        ),
        pytest.param("queues", "[[queue]]\nqueue = 0x" + "f" * 5_000, "thousands of digits", id="a number without end, in hexadecimal"),
        pytest.param("queues", "[[queue]]\nqueue = ['" + "x" * 5_000 + "']", "queue is \\['x{98}…, of the wrong kind$", id="a long value"),
    ],
)
def test_a_wrong_file_is_refused_whole(connection: Connection, tmp_path: Path, kind: str, content: str, says: str) -> None:
    with pytest.raises(InvalidFile, match=says):
        reference.load(kind, written(tmp_path, content), connection, ZONE)


def collection(*names: str | None, key: str = "DISTRICT") -> str:
    polygon = {"type": "Polygon", "coordinates": [[[-75, 39], [-74, 39], [-74, 40], [-75, 39]]]}
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {key: name, "n": 1}, "geometry": polygon} for name in names],
        }
    )


def test_areas_are_loaded_as_a_whole_kind(connection: Connection, tmp_path: Path) -> None:
    assert areas.load(written(tmp_path, collection("1", "2")), connection, kind="district") == 2
    assert areas.load(written(tmp_path, collection("North")), connection, kind="ward") == 1
    assert areas.load(written(tmp_path, collection("3")), connection, kind="district") == 1
    assert connection.execute(text("SELECT kind, area FROM area ORDER BY 1, 2")).all() == [("district", "3"), ("ward", "North")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("{", "is no JSON", id="no JSON"),
        pytest.param("[]", "has no features", id="no collection"),
        pytest.param('{"features": [1]}', "feature 1 has no properties", id="no feature"),
        pytest.param(
            collection("1", "1"),
            "which property is an area's name\\? Say it with --name-property; there are DISTRICT, n",
            id="no names of their own",
        ),
        pytest.param(collection("1", key="whatever"), "there are whatever, n", id="an unknown property"),
        pytest.param(collection("1").replace("-75, 39", "450000, 39"), "feature 1 \\(1\\): .*degrees", id="metres"),
        pytest.param(
            collection("1").replace("-75, 39", "9" * 400 + ", 39"), "feature 1 \\(1\\): the polygon cannot be drawn", id="too large"
        ),
    ],
)
def test_a_wrong_file_of_areas_is_refused_whole(connection: Connection, tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(InvalidFile, match=says):
        areas.load(written(tmp_path, content), connection, kind="district")
    assert connection.scalar(text("SELECT count(*) FROM area")) == 0
