"""A schedule from the command line: checked as on the screen, kept whole with who brought it, or refused with its lines."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from dashboard.__main__ import main
from sql import engine as database_engine
from sql.settings import settings

GOOD = "queue,date,start,end,people\ngeneral,2026-11-27,07:00,20:00,12\ngeneral,2026-11-28,09:00,12:30,4\n"


@pytest.fixture
def city(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO queue (queue, name) VALUES ('general', 'General')")
    monkeypatch.setenv("DATABASE_URL", database)
    settings.cache_clear()
    database_engine.close()
    yield database
    monkeypatch.undo()
    settings.cache_clear()
    database_engine.close()


def load(file: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["load-schedule", str(file), *options])


def test_a_schedule_is_kept_with_who_brought_it(city: str, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(GOOD)
    result = load(file, "--by", "nightly export")
    assert (result.exit_code, result.output) == (0, "kept 33 half hours of 1 queue, 2026-11-27 to 2026-11-28\n")
    with psycopg.connect(city) as connection:
        assert connection.execute("SELECT count(*), sum(agents) FROM schedule").fetchone() == (33, 26 * 12 + 7 * 4)
        assert connection.execute("SELECT who, what FROM audit").fetchall() == [("nightly export", "schedule_upload")]


def test_a_wrong_line_refuses_all_of_it(city: str, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(GOOD + "nobody,2026-11-27,07:00,20:00,12\n")
    result = load(file, "--by", "nightly export")
    assert result.exit_code == 1
    assert "Line 4: there is no queue 'nobody': the queues are general" in result.output
    with psycopg.connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM schedule_upload").fetchone() == (0,)


def test_the_database_away_is_a_sentence(database_away: str, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(GOOD)
    result = load(file, "--by", "me")
    assert result.exit_code == 1
    assert "secret" not in result.output
    assert result.output.count("\n") == 1
