"""Incidents in the database: as they stood at an instant, changed only by who saw them as they are, with a log to which rows are only added."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import Connection, Row, create_engine, text

from sql import reference
from sql.queries import frame, statement
from sql.reference import InvalidFile
from sql.settings import PROJECT

ZONE = ZoneInfo("America/New_York")
ONSET = datetime(2026, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEMO = PROJECT / "streams" / "simulator"
OPENING = {"name": "Anna", "kind": "snow", "level": "Monitoring", "onset_at": ONSET, "areas": ["North"], "alert_id": None, "reason": "snow"}
ANSWER = {
    "topic": "plowing",
    "question": "When?",
    "answer": "Soon",
    "search_words": ["plow"],
    "owner": "Streets",
    "source": "plan",
    "verified_at": ONSET,
    "review_by": ONSET + 24 * HOUR,
    "retired": False,
}


def run(connection: Connection, query: str, /, **params: object) -> Row[Any] | None:
    return connection.execute(text(statement(query)), params).first()


def opened(connection: Connection, **changed: object) -> int:
    row = run(connection, "write-incident-opened", **OPENING | {"who": "Ann"} | changed)
    assert row is not None
    return int(row[0])


def change(connection: Connection, incident_id: int, seen: dict[str, Any], who: str = "Bo", **changed: object) -> bool:
    as_seen = {"name": "Anna", "level": "Monitoring", "onset_at": ONSET, "ended_at": None, "areas": ["North"]} | seen
    before = {f"seen_{name}": value for name, value in as_seen.items()}
    row = run(connection, "write-incident-change", incident_id=incident_id, who=who, reason="more", **before, **as_seen | changed)
    return row is not None


def note(connection: Connection, incident_id: int, kind: str = "entry", concerns: int | None = None, **changed: object) -> int | None:
    params = {
        "happened_at": None,
        "position": "Planning",
        "text": kind,
        "significant": False,
        "audience": None,
        "channel": None,
        "who": "Ann",
    }
    row = run(connection, "write-log-entry", incident_id=incident_id, kind=kind, concerns=concerns, **params | changed)
    return None if row is None else int(row[0])


def answer(connection: Connection, seen: tuple[int, int] | None = None, **changed: object) -> tuple[int, int] | None:
    """Keep a version of the answer; `seen` is its number and the version that was seen. The number and the version that it has now."""
    about = {"answer_id": seen and seen[0], "seen_version_id": seen and seen[1], "who": "Ann"}
    row = run(connection, "write-answer", **ANSWER | about | changed)
    return None if row is None else (row.answer_id, row.version_id)


def test_an_incident_as_it_stood_at_any_instant(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO incident (name, kind, level, onset_at, ended_at, opened_at, opened_by) VALUES ('Anna', 'snow', 'Full', :onset, :end, :onset, 'Ann')"
        ),
        {"onset": ONSET, "end": ONSET + 3 * HOUR},
    )
    change_at = text(
        "INSERT INTO incident_change (incident_id, changed_at, changed_by, name, level, onset_at, ended_at, areas) "
        "SELECT incident_id, :at, 'Ann', :name, :level, onset_at, :end, '{North}' FROM incident"
    )
    connection.execute(change_at, {"at": ONSET, "name": "Storm", "level": "Monitoring", "end": None})
    connection.execute(change_at, {"at": ONSET + 2 * HOUR, "name": "Anna", "level": "Full", "end": None})
    connection.execute(change_at, {"at": ONSET + 4 * HOUR, "name": "Anna", "level": "Full", "end": ONSET + 3 * HOUR})

    def at(hours: float) -> list[list[Any]]:
        found = frame("incidents", connection, as_of=ONSET + hours * HOUR)
        return [[one.name, one.level, bool(one.ended_at == ONSET + 3 * HOUR), one.hour] for one in found.itertuples()]

    assert at(-1) == []
    assert at(1) == [["Storm", "Monitoring", False, 1.0]]
    assert at(3.5) == [["Anna", "Full", False, 3.5]], "it had ended, but nobody had said so yet"
    assert at(5) == [["Anna", "Full", True, 5.0]]


def test_opening_is_audited_and_no_name_and_no_alert_stands_twice(connection: Connection) -> None:
    number = opened(connection, alert_id="a1")
    assert run(connection, "write-incident-opened", **OPENING | {"who": "Bo"}) is None
    assert run(connection, "write-incident-opened", **OPENING | {"who": "Bo", "name": "Other", "alert_id": "a1"}) is None
    second = opened(connection, name="Second")
    told = connection.execute(text("SELECT who, what, subject, before IS NULL, after ->> 'name' FROM audit ORDER BY audit_id")).all()
    assert [tuple(one) for one in told] == [
        ("Ann", "incident", str(number), True, "Anna"),
        ("Ann", "incident", str(second), True, "Second"),
    ]
    changes = frame("incident-changes", connection, incident_id=number)
    assert changes[["changed_by", "reason", "name"]].to_numpy().tolist() == [["Ann", "snow", "Anna"]]


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param({"level": "Full"}, id="level"),
        pytest.param({"name": "Anne"}, id="name"),
        pytest.param({"onset_at": ONSET - HOUR}, id="onset"),
        pytest.param({"ended_at": ONSET + HOUR}, id="end"),
        pytest.param({"areas": []}, id="areas"),
    ],
)
def test_who_saw_an_older_incident_changes_nothing(connection: Connection, seen: dict[str, Any]) -> None:
    number = opened(connection)
    assert not change(connection, number, seen, level="Partial")
    assert frame("incidents", connection)["level"].tolist() == ["Monitoring"]
    assert connection.scalar(text("SELECT count(*) FROM audit")) == 1
    assert connection.scalar(text("SELECT count(*) FROM incident_change")) == 1


def test_a_change_is_kept_with_before_and_after(connection: Connection) -> None:
    number = opened(connection)
    opened(connection, name="Second")
    assert change(connection, number, {}, level="Full", areas=["North", "East"])
    assert not change(connection, number, {}, level="Partial"), "a second one who saw the first state"
    seen = {"level": "Full", "areas": ["North", "East"]}
    assert not change(connection, number, seen, name="Second"), "a name that another incident has"
    assert change(connection, number, seen, ended_at=ONSET + HOUR)
    shown = frame("incidents", connection).set_index("name").loc["Anna"]
    assert (shown["level"], shown["ended_at"]) == ("Full", ONSET + HOUR)
    told = connection.execute(
        text("SELECT who, before ->> 'level', after ->> 'level' FROM audit WHERE before IS NOT NULL ORDER BY audit_id")
    ).all()
    assert [tuple(one) for one in told] == [("Bo", "Monitoring", "Full"), ("Bo", "Full", "Full")]


def test_a_correction_stands_beside_the_entry_and_a_promotion_marks_it(connection: Connection) -> None:
    number, other = opened(connection), opened(connection, name="Other")
    first = note(connection, number, text="plows out", happened_at=ONSET)
    message = note(connection, number, "message", text="stay in", audience="All", channel="Web", happened_at=ONSET + HOUR)
    assert first is not None
    assert message is not None
    assert note(connection, number, "correction", first, text="12 plows out", who="Bo")
    assert note(connection, number, "correction", first, text="14 plows out", who="Cy")
    assert note(connection, number, "promotion", first, significant=True)
    assert note(connection, other, "correction", first, text="of another incident") is None
    correction = connection.scalar(text("SELECT max(entry_id) FROM activity_log WHERE kind = 'correction'"))
    assert note(connection, number, "correction", correction, text="of a correction") is None

    log = frame("activity-log", connection, incident_id=number)
    assert log["entry_id"].tolist() == [message, first], "the newest first"
    row = log.set_index("entry_id").loc[first]
    assert (row["text"], row["corrected_text"], row["corrected_by"], row["significant"]) == ("plows out", "14 plows out", "Cy", True)
    assert not log.set_index("entry_id").loc[message]["significant"]
    record = frame("activity-log-record", connection, incident_id=number)
    assert record["kind"].tolist() == ["entry", "message", "correction", "correction", "promotion"]
    assert record["concerns"].dropna().tolist() == [first] * 3
    audited = connection.execute(
        text("SELECT who, before ->> 'text', after ->> 'text' FROM audit WHERE what = 'activity_log' AND before IS NOT NULL")
    )
    assert [tuple(one) for one in audited.all()][:2] == [("Bo", "plows out", "12 plows out"), ("Cy", "plows out", "14 plows out")]


def test_the_log_as_it_was_known_before_the_correction(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO incident (name, kind, onset_at, opened_at) VALUES ('Anna', 'snow', %s, %s)", (ONSET, ONSET))
        for kind, concerns, hours in (("entry", None, 1), ("correction", 1, 2)):
            connection.execute(
                "INSERT INTO activity_log (incident_id, recorded_at, happened_at, recorded_by, position, kind, text, concerns)"
                " VALUES (1, %s, %s, 'Ann', 'Planning', %s, %s, %s)",
                (ONSET + hours * HOUR, ONSET, kind, kind, concerns),
            )
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as reader:
        texts = [
            frame("activity-log", reader, incident_id=1, as_of=ONSET + hours * HOUR)["corrected_text"].tolist() for hours in (0.5, 1.5, 2.5)
        ]
    engine.dispose()
    assert texts == [[], [None], ["correction"]]


@pytest.fixture
def filled(database: str) -> Iterator[psycopg.Connection[Any]]:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        number = opened(connection)
        note(connection, number)
        answer(connection)
        run(
            connection,
            "write-lifeline",
            incident_id=number,
            lifeline="Energy",
            status="stable",
            reason="ok",
            next_update_at=None,
            who="Ann",
        )
    engine.dispose()
    with psycopg.connect(database, autocommit=True) as plain:
        yield plain


@pytest.mark.parametrize("table", ["activity_log", "incident_change", "approved_answer", "lifeline_status", "audit"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_rows_are_only_ever_added(filled: psycopg.Connection[Any], table: str, change: str) -> None:
    column = {"activity_log": "text", "incident_change": "reason", "approved_answer": "answer", "lifeline_status": "reason", "audit": "who"}
    before = filled.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert before is not None
    assert before[0] >= 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="are only ever added"):
        filled.execute(change.format(table, column=column[table]))
    assert filled.execute(f"SELECT count(*) FROM {table}").fetchone() == before


def test_a_newer_version_of_an_answer_is_never_written_over(connection: Connection) -> None:
    first = answer(connection)
    second = answer(connection, first, answer="Now", who="Bo")
    assert second is not None
    assert answer(connection, first, answer="Never", who="Cy") is None
    held = frame("approved-answers", connection, as_of=ONSET + 100_000 * HOUR)
    assert held[["answer", "saved_by", "overdue"]].to_numpy().tolist() == [["Now", "Bo", True]]
    assert answer(connection, second, answer="Now", retired=True) is not None
    assert frame("approved-answers", connection, as_of=ONSET + 100_000 * HOUR).empty
    told = connection.execute(text("SELECT who, before ->> 'answer', after ->> 'answer' FROM audit ORDER BY audit_id")).all()
    assert [tuple(one) for one in told] == [("Ann", None, "Soon"), ("Bo", "Soon", "Now"), ("Ann", "Now", "Now")]


def test_of_two_who_save_at_once_one_is_told(database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        first = answer(connection)
    with engine.connect() as one, engine.connect() as other:
        assert answer(one, first, answer="of one") is not None
        assert answer(other, first, answer="of the other") is None, "while the first is not committed"
        one.commit()
        other.rollback()
        assert answer(other, first, answer="of the other") is None, "and after it is"
    engine.dispose()


def test_lifelines_hold_the_newest_judgement_and_count_their_types(connection: Connection) -> None:
    number = opened(connection)
    for status in ("unstable", "stabilizing"):
        run(
            connection,
            "write-lifeline",
            incident_id=number,
            lifeline="Energy",
            status=status,
            reason=status,
            next_update_at=None,
            who="Ann",
        )
    connection.execute(text(statement("write-lifeline-types")), {"name": "Energy", "services": ["Light", "Signal"]})
    found = frame("lifelines", connection, incident_id=number, **{"from": ONSET}).set_index("lifeline")
    assert list(found.index) == list(reference.LIFELINES)
    assert (found["status"]["Energy"], found["types"]["Energy"]) == ("stabilizing", 2)
    assert (found["status"]["Water systems"], found["types"]["Water systems"]) == ("unknown", 0)
    told = connection.execute(
        text("SELECT before ->> 'status', after ->> 'status' FROM audit WHERE what = 'lifeline_status' ORDER BY audit_id")
    )
    assert [tuple(one) for one in told.all()] == [(None, "unstable"), ("unstable", "stabilizing")]


ANSWERS = """[[answer]]
topic = "plowing"
question = "When?"
answer = "{answer}"
owner = "Streets"
source = "plan"
search_words = ["plow"]
verified_at = 2026-01-05
review_by = 2026-02-01"""


def loaded(connection: Connection, tmp_path: Path, kind: str, content: str) -> None:
    file = tmp_path / "file.toml"
    file.write_text(content)
    reference.load(kind, file, connection, ZONE)


def versions(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT answer FROM approved_answer ORDER BY version_id")))


def test_loading_answers_again_adds_a_version_only_where_words_changed(connection: Connection, tmp_path: Path) -> None:
    loaded(connection, tmp_path, "answers", ANSWERS.format(answer="Soon"))
    loaded(connection, tmp_path, "answers", ANSWERS.format(answer="Soon"))
    assert versions(connection) == ["Soon"]
    first = connection.execute(text("SELECT answer_id, version_id FROM approved_answer")).one()
    assert answer(connection, (first[0], first[1]), answer="By a person") is not None
    loaded(connection, tmp_path, "answers", ANSWERS.format(answer="Soon"))
    assert versions(connection) == ["Soon", "By a person"], "what a person changed since stays"
    loaded(connection, tmp_path, "answers", ANSWERS.format(answer="Later"))
    assert versions(connection) == ["Soon", "By a person", "Later"]
    assert connection.scalar(text("SELECT count(DISTINCT answer_id) FROM approved_answer")) == 1


def test_a_lifeline_has_the_types_of_the_file_alone(connection: Connection, tmp_path: Path) -> None:
    loaded(connection, tmp_path, "lifelines", '[[lifeline]]\nname = "Energy"\nservices = ["Light", "Signal", "Light"]')
    loaded(connection, tmp_path, "lifelines", '[[lifeline]]\nname = "Energy"\nservices = ["Signal", "Wire"]')
    assert list(connection.scalars(text("SELECT service_name FROM lifeline_type ORDER BY 1"))) == ["Signal", "Wire"]


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        pytest.param(
            "lifelines",
            '[[lifeline]]\nname = "Power"\nservices = []',
            "name is 'Power'; it is one of Safety and security",
            id="no lifeline",
        ),
        pytest.param("lifelines", '[[lifeline]]\nname = "Energy"\nservices = [1]', r"services is \[1\]; write texts", id="no texts"),
        pytest.param("lifelines", '[[lifeline]]\nname = "Energy"', "services is missing", id="no services"),
        pytest.param(
            "answers", ANSWERS.replace("2026-02-01", "2026-01-05"), "review_by is 2026-01-05T00:00:00-05:00; it lies after", id="no time"
        ),
        pytest.param(
            "answers", '[[answer]]\ntopic = "x"', "answer, owner, question, review_by, source, verified_at is missing", id="little"
        ),
    ],
)
def test_a_wrong_file_is_refused(connection: Connection, tmp_path: Path, kind: str, content: str, says: str) -> None:
    with pytest.raises(InvalidFile, match=says):
        loaded(connection, tmp_path, kind, content)


def test_the_files_of_the_demo_load(connection: Connection) -> None:
    assert reference.load("answers", DEMO / "answers.toml", connection, ZONE) >= 8
    assert reference.load("lifelines", DEMO / "lifelines.toml", connection, ZONE) >= 6
    known = (DEMO / "requests.toml").read_text()
    services = connection.scalars(text("SELECT DISTINCT service_name FROM lifeline_type")).all()
    assert [name for name in services if f'[types."{name}"]' not in known and f"[types.{name}]" not in known] == []
