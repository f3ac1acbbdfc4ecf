"""The named queries: they are found, each has a meaning, and each runs on an empty database with the columns that are promised."""

import pytest
from sqlalchemy import create_engine, text

from sql import queries, reports
from sql.migrate import migrate
from sql.settings import Settings

READS = [name for name in queries.names() if not name.startswith(("sink-", "intake-", "rebuild-", "write-"))]
PROMISED = {
    "queue-now": "queue name channel position waiting_now longest_wait_now_seconds lost_track_of agents_available offered_30m answered_30m abandoned_30m "
    "service_level_30m offered_today answered_today abandoned_today service_level_today abandon_share_today average_speed_of_answer_today_seconds "
    "answer_threshold_seconds service_level_target longest_wait_limit_seconds wrap_up_limit_seconds feed feed_as_of cadence_seconds",
    "intervals": "interval_start queue offered answered abandoned left_otherwise still_waiting service_level abandon_share "
    "average_speed_of_answer_seconds average_talk_seconds average_handle_seconds answered_within answer_threshold_seconds",
    "consumers": "topic partition next_offset high_watermark lag_messages lag_seconds newest_event_at moved_at checked_at consumer",
}


@pytest.mark.parametrize("name", queries.names())
def test_a_query_says_in_a_sentence_what_it_answers(name: str) -> None:
    meaning = queries.meaning(name)
    assert meaning[0].isupper()
    assert meaning.endswith(".")


def test_every_query_runs_on_a_new_database(database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        for name in READS:
            params = (
                {"most": 5, "include_replayed": False} if name == "dead-letters" else {"dead_letter_id": 1} if name == "dead-letter" else {}
            )
            found = queries.frame(name, connection, **params)
            if name in PROMISED:
                assert list(found.columns) == PROMISED[name].split()
    engine.dispose()


def test_every_report_is_a_named_query() -> None:
    assert set(reports.REPORTS) <= set(queries.names())


def test_a_parameter_that_a_query_does_not_have_is_an_error(database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, pytest.raises(TypeError, match="no parameter day"):
        queries.frame("feeds", connection, day=1)
    engine.dispose()


def test_migrating_twice_changes_nothing_and_a_changed_definition_is_made_anew(empty_database: str) -> None:
    first = migrate(empty_database)
    assert first[0].startswith("0001: ")
    assert migrate(empty_database) == []
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("COMMENT ON SCHEMA metric IS 'older files'"))
    engine.dispose()
    assert [line.split(":")[0] for line in migrate(empty_database)] == ["metrics"]


def test_the_listed_thresholds_are_those_of_the_definition(database: str) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        bounds = {connection.scalar(text("SELECT metric.wait_bound_seconds(:w)"), {"w": wait}) for wait in range(700)}
        exact = [t for t in range(1, 700) if connection.scalar(text("SELECT metric.wait_bound_seconds(:w)"), {"w": t}) == t]
    engine.dispose()
    assert exact == [5, 10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 300, 600]
    assert bounds == {*exact, float("inf")}


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
