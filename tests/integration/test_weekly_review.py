"""The weekly review on a real database: its figures are those of the reports, the command writes them, and people's changes are kept."""

import csv
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, create_engine, text
from streamlit.testing.v1 import AppTest

from dashboard import answers, editing, loader as loader_module, weekly_report, weekly_rows
from dashboard.__main__ import main
from dashboard.data import NoAnswer
from sql import engine as database_engine, queries
from sql.reports import Request, report
from sql.settings import settings
from tests.dashboard import weekly_city
from tests.dashboard.weekly_city import DEPARTMENTS, HOSTILE, WEEK, ZONE
from tests.servers import Services

STARTS, ENDS = WEEK.starts_at(ZONE), WEEK.ends_at(ZONE)
AWAY = "postgresql://x:y@127.0.0.1:1/none"
PAGE = Path(loader_module.__file__).parent / "page.py"


@pytest.fixture(scope="module")
def filled(services: Services, migrated_template: str) -> Iterator[str]:
    """The URL of a database with the made-up city, which every test of this module reads and none changes."""
    name = f"city_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(services.postgres.url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
        url = services.postgres.url.rsplit("/", 1)[0] + f"/{name}"
        with psycopg.connect(url) as connection:
            weekly_city.fill(connection)
        yield url
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def own(services: Services, filled: str) -> Iterator[str]:
    """The URL of a copy of it that only this test uses."""
    name = f"city_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(services.postgres.url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{filled.rsplit("/", 1)[1]}"')
        yield filled.rsplit("/", 1)[0] + f"/{name}"
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def works_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Makes this process work on the database of a URL until the test ends."""

    def forget() -> None:
        settings.cache_clear()
        database_engine.close()
        answers._kept.clear()

    def use(url: str) -> None:
        for name, value in {"DATABASE_URL": url, "CITY_NAME": "Springfield", "STATE_DIR": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        forget()

    yield use
    forget()


@pytest.fixture
def city(filled: str, works_on: Callable[[str], None]) -> str:
    """The made-up city, for this process and by its URL; to be read."""
    works_on(filled)
    return filled


def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as opened:
        yield opened
        opened.rollback()
    engine.dispose()


@pytest.fixture
def connection(city: str) -> Iterator[Connection]:
    """What a test changes is rolled back."""
    yield from connected(city)


@pytest.fixture
def own_connection(own: str, works_on: Callable[[str], None]) -> Iterator[Connection]:
    """A connection to the test's own city, on which this process works too."""
    works_on(own)
    yield from connected(own)


def weekly(connection: Connection, **params: Any) -> pd.DataFrame:
    return queries.frame("weekly-requests", connection, to=ENDS, **params)


def test_open_at_each_week_s_end_is_the_backlog_then(connection: Connection) -> None:
    # a clock that is behind, a closing in the very second, and requests that were opened again
    connection.execute(
        text("UPDATE request SET seen_closed = ARRAY[requested_datetime - interval '9 days'] WHERE service_request_id LIKE 'Water3-%1'")
    )
    connection.execute(text("UPDATE request SET seen_closed = ARRAY[requested_datetime] WHERE service_request_id LIKE 'Water4-%1'"))
    again = (
        "UPDATE request SET seen_open = ARRAY[seen_closed[1] + interval '8 days'], seen_closed = seen_closed || (seen_closed[1] + interval '20 days') "
        "WHERE service_request_id LIKE 'Trash & recycling%7' AND cardinality(seen_closed) = 1"
    )
    connection.execute(text(again))
    found = weekly(connection, weeks=9)
    assert connection.scalar(text("SELECT count(*) FROM request WHERE reopened")) > 20
    for back in range(9):
        at = WEEK.back(back).ends_at(ZONE)
        expected = report("backlog", connection, Request(as_of=at)).set_index("department").open
        ours = found[found.week == WEEK.back(back).name].set_index("department").open
        pd.testing.assert_series_equal(ours, expected.astype("float64"), check_like=True)


def test_every_figure_of_a_week_is_that_of_the_reports(connection: Connection) -> None:
    period = {"starts_at": STARTS, "ends_at": ENDS}
    ours = weekly(connection)
    ours = ours[ours.week == WEEK.name].set_index("department")
    due = report("due-cohort", connection, Request(**period)).set_index("department")
    flow = report("flow", connection, Request(**period)).set_index("department")
    clear = report("weeks-to-clear", connection, Request(as_of=ENDS)).set_index("department")
    closed = report("reopened", connection, Request(**period)).set_index("department")
    for column in ("due", "due_closed_on_time", "due_cohort_on_time", "on_time_target"):
        pd.testing.assert_series_equal(ours[column], due[column], check_like=True)
    for column in ("opened", "closed", "net_flow"):
        pd.testing.assert_series_equal(ours[column], flow[column], check_like=True)
    pd.testing.assert_series_equal(ours.weeks_to_clear, clear.weeks_to_clear, check_like=True)
    pd.testing.assert_series_equal(ours.closed_without_work_share, closed.closed_without_work_share, check_like=True)


def test_reopenings_are_of_the_closings_whose_30_days_are_over(connection: Connection) -> None:
    local = ENDS.replace(tzinfo=None)
    period = Request(
        starts_at=(local - timedelta(days=37)).replace(tzinfo=ZONE), ends_at=(local - timedelta(days=30)).replace(tzinfo=ZONE), as_of=ENDS
    )
    expected = report("reopened", connection, period).set_index("department")
    ours = queries.frame("weekly-reopened", connection, to=ENDS)
    ours = ours[ours.week == WEEK.name].set_index("department")
    assert ours.reopened["city"] > 0
    for column, theirs in (("reopen_eligible", "eligible"), ("reopened", "reopened"), ("reopen_share", "reopen_share")):
        pd.testing.assert_series_equal(ours[column], expected[theirs], check_like=True, check_names=False)


def test_a_real_fall_is_told_from_noise(connection: Connection) -> None:
    newest = weekly(connection).set_index(["week", "department"]).loc[WEEK.name]
    signals = newest.on_time_signal.to_dict()
    assert signals.pop("Streets") == "below"
    assert {signals[name] for name in ("Trash & recycling", "Licenses & inspections", "Water", "Parks & recreation")} == {"none"}
    before = queries.frame("weekly-requests", connection, to=STARTS).set_index(["week", "department"]).loc[WEEK.back(1).name]
    assert before.on_time_signal["Streets"] == "none"


def test_calls_are_those_of_the_intervals(connection: Connection) -> None:
    connection.execute(text("INSERT INTO service_target (queue, valid_from, answer_threshold_seconds, service_level_target) VALUES ('spanish', :at, 100, 0.5)"),
                       {"at": STARTS + timedelta(days=3)})  # fmt: skip
    ours = queries.frame("weekly-calls", connection, to=ENDS).iloc[-1]
    intervals = report("intervals", connection, Request(starts_at=STARTS, ends_at=ENDS))
    total = intervals[intervals.queue == "all"]
    answered, abandoned = total.answered.sum(), total.abandoned.sum()
    assert (ours.offered, ours.answered, ours.abandoned) == (total.offered.sum(), answered, abandoned)
    assert ours.service_level == pytest.approx(total.answered_within.sum() / (answered + abandoned))
    # an interval an hour in the made-up city
    assert (ours.hours_below_target, ours.hours_judged) == ((total.service_level < 0.8).sum(), len(total))
    assert 0 < ours.hours_below_target < ours.hours_judged


def test_a_week_before_the_data_has_no_figures_and_no_zero(connection: Connection) -> None:
    early = queries.frame("weekly-requests", connection, to=WEEK.back(200).ends_at(ZONE), weeks=3)
    assert early[["due_cohort_on_time", "open", "open_change", "weeks_to_clear"]].isna().all().all()
    assert set(early.on_time_signal.dropna()) == {"no_data"}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["weekly-review", *arguments])


def test_the_command_writes_the_pdf(city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []
    sheet = weekly_report.sheet
    monkeypatch.setattr(weekly_report, "sheet", lambda review: given.append(sheet(review)) or given[-1])
    result = run("--week", WEEK.name, "--output", str(tmp_path / "week.pdf"))
    assert (result.exit_code, result.output) == (0, f"wrote {tmp_path / 'week.pdf'}: 2025-W45, November 3 to 9, 2025\n")
    assert (tmp_path / "week.pdf").read_bytes().startswith(b"%PDF")
    [data] = given
    assert data["title"] == "Streets fell below its own limits"
    assert data["requests"][0]["value"] == "80.1%"
    assert [row["name"] for row in data["departments"]][:2] == ["Streets", "Licenses & inspections"]
    assert HOSTILE in json.dumps(data, ensure_ascii=False).replace("\\\\", "\\")
    assert list(tmp_path.glob(".week*")) == [], "nothing half-made is left"


def test_the_pages_can_be_counted_and_are_few(connection: Connection) -> None:
    def ask(name: str, **params: Any) -> pd.DataFrame:
        return queries.frame(name, connection, **params)

    review = weekly_rows.review(ask, WEEK, city_name="Springfield", zone=ZONE, at=ENDS)
    assert 1 <= len(weekly_report.pictures(review, ppi=20)) <= 4


def test_the_csv_has_the_figures_of_the_reports(connection: Connection, tmp_path: Path) -> None:
    assert run("--week", WEEK.name, "--output", str(tmp_path / "week.csv")).exit_code == 0
    with (tmp_path / "week.csv").open(newline="") as file:
        rows = {(row["section"], row["name"], row["figure"]): row for row in csv.DictReader(file)}
    due = report("due-cohort", connection, Request(starts_at=STARTS, ends_at=ENDS)).set_index("name")
    for name, *_ in DEPARTMENTS:
        assert float(rows["departments", name, "due_cohort_on_time"]["value"]) == pytest.approx(due.due_cohort_on_time[name])
    assert rows["searches", "snow emergency routes", "searches_without_answer"]["value"] == "12"
    assert not any("aunt mary" in name for _, name, _ in rows), "a search of few could tell of one person"
    assert rows["rising types", "Tree down", "rising"]["value"] == "45"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        pytest.param(["--week", "2025-W54", "--output", "x.pdf"], 2, "there is no week '2025-W54'", id="no such week"),
        pytest.param(["--week", "last", "--output", "x.pdf"], 2, "write for example 2026-W47", id="no week at all"),
        pytest.param(["--week", "1999-W01", "--output", "x.pdf"], 2, "the data are of 2024-W44 to 2025-W45", id="before the data"),
        pytest.param(["--week", "2999-W01", "--output", "x.pdf"], 2, "is not over", id="in the future"),
        pytest.param(["--week", WEEK.name, "--output", "/nowhere/x.csv"], 1, "/nowhere/x.csv cannot be written", id="cannot write"),
        pytest.param(["--week", WEEK.name], 2, "Missing option '--output'", id="no file"),
    ],
)
def test_what_the_command_refuses(city: str, arguments: list[str], status: int, says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == status
    assert says in result.output
    assert "Traceback" not in result.output


def test_the_command_without_a_database_says_so(works_on: Callable[[str], None], tmp_path: Path) -> None:
    works_on(AWAY)
    result = run("--output", str(tmp_path / "x.pdf"))
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "127.0.0.1:1/none cannot be used" in result.output


def actions(connection: Connection) -> tuple[weekly_rows.Action, ...]:
    return weekly_rows.actions(lambda name, **params: queries.frame(name, connection, **params), WEEK)


def change(**typed: Any) -> editing.Change:
    return editing.Change(**{"what": "Call back", "owner": "Streets", "due_on": date(2025, 12, 1), "who": "Ann"} | typed)


def test_actions_are_carried_over_until_they_are_done(connection: Connection) -> None:
    assert [one.what for one in actions(connection)] == [
        "Publish the pothole cohort by district",
        HOSTILE,
        "Hire back two plow-route clerks",
    ]
    earlier = weekly_rows.actions(lambda name, **params: queries.frame(name, connection, **params), WEEK.back(2))
    assert earlier == (), "decided later"


def test_a_change_is_kept_with_who_what_before_and_after(own_connection: Connection) -> None:
    editing.add(WEEK, change(what=f"  {HOSTILE}\n", who="Ann"))
    added = next(one for one in actions(own_connection) if one.decided_on == WEEK.monday.isoformat())
    assert added.what == HOSTILE
    editing.edit(added, change(what="Call back", who="Bob", done_on=date(2025, 11, 20)))
    own_connection.rollback()
    rows = own_connection.execute(text("SELECT who, what, subject, before, after FROM audit ORDER BY audit_id")).all()
    assert [(row.who, row.what, row.subject) for row in rows] == [(who, "review_action", str(added.action_id)) for who in ("Ann", "Bob")]
    assert (rows[0].before, rows[0].after["what"], rows[1].before["what"]) == (None, HOSTILE, HOSTILE)
    assert (rows[1].after["what"], rows[1].after["done_on"]) == ("Call back", "2025-11-20")


def test_of_two_who_change_one_action_the_slower_is_told(own_connection: Connection) -> None:
    seen = actions(own_connection)[0]
    editing.edit(seen, change(owner="Water"))
    with pytest.raises(editing.NotKept, match="Somebody else changed"):
        editing.edit(seen, change(owner="Parks"))
    assert own_connection.scalar(text("SELECT count(*) FROM audit")) == 1
    assert own_connection.scalar(text("SELECT owner FROM review_action WHERE action_id = :id"), {"id": seen.action_id}) == "Water"


def test_without_a_database_nothing_is_kept_and_the_person_is_told(works_on: Callable[[str], None]) -> None:
    works_on(AWAY)
    with pytest.raises(NoAnswer, match="Not kept: Postgres at 127"):
        editing.add(WEEK, change())


def page(week: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params["week"] = week
    app.run()
    app.switch_page("views/weekly.py")
    app.query_params["week"] = week
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def figures(app: AppTest) -> dict[str, Any]:
    given = [json.loads(node.proto.json or "{}") for node in app.get("bidi_component")]
    return {data["part"]: data["message"]["figures"][data["part"]] for data in given}


def test_the_page_shows_the_week_of_the_url_and_keeps_it_when_the_database_goes(city: str, works_on: Callable[[str], None]) -> None:
    app = page(WEEK.name)
    given = figures(app)
    assert given["week_verdict"]["title"].startswith("**Streets fell below its own limits**.")
    assert given["week_due_cohort_on_time"]["value"] == "80.1"
    assert [row["name"] for row in given["week_actions"]["rows"]][1] == HOSTILE
    works_on(AWAY)
    app.run()
    assert not app.exception
    assert any("127.0.0.1:1/none cannot be used" in told.value for told in app.text)
    assert figures(app)["week_due_cohort_on_time"] == given["week_due_cohort_on_time"]


def test_the_page_of_no_week_says_which_it_shows(city: str) -> None:
    app = page("2031-W99")
    assert any("there is no week '2031-W99'" in told.value.lower().replace("2031-w99", "2031-W99") for told in app.text)
    assert figures(app)["week_due_cohort_on_time"]["value"] == "80.1"


def test_the_page_before_any_data_says_so(database: str, works_on: Callable[[str], None]) -> None:
    works_on(database)
    app = page(WEEK.name)
    assert any("No request and no contact is known yet" in told.value for told in app.text)


TRUTH_WEEKS = ("2011-W27", "2011-W31", "2011-W34", "2011-W38")


@pytest.mark.reference
def test_boston_s_weeks_are_those_of_the_reference(database: str, reference_data: Path) -> None:
    """The quarter is loaded straight into the tables: here only the figures count, not the way there."""
    truth = json.loads((reference_data / "requests" / "boston_2011_q3.truth.json").read_text())
    with psycopg.connect(database) as connection:
        _load_boston(connection, reference_data / "requests" / "boston_2011_q3.csv.gz")
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as opened:
        found = queries.frame("weekly-requests", opened, to=datetime(2011, 9, 26, tzinfo=ZONE)).set_index(["week", "department"])
        rising = queries.frame("rising-types", opened, as_of=datetime(2011, 8, 29, tzinfo=ZONE))
    engine.dispose()
    for department in truth["1_weekly_flow"]:
        flow = {row["week"]: row for row in truth["1_weekly_flow"][department]["weeks"]}
        due = {row["week"]: row for row in truth["3_on_time"][department]["weeks"]}
        for week in TRUTH_WEEKS:
            ours = found.loc[week, department]
            assert (ours.opened, ours.closed, ours.net_flow) == (flow[week]["opened"], flow[week]["closed"], flow[week]["net_flow"])
            assert (ours.due, ours.due_closed_on_time) == (due[week]["due"], due[week]["due_closed_on_time"])
            expected = due[week]["due_cohort_on_time"]
            assert (
                pd.isna(ours.due_cohort_on_time)
                if expected is None
                else round(ours.due_cohort_on_time, 4) == pytest.approx(expected, abs=1e-9)
            )
        assert found.loc["2011-W34", department].open == truth["2_backlog"]["2011-08-29 00:00:00"][department]["open"]
        clear = truth["5_weeks_to_clear"]["2011-08-29 00:00:00"][department]["weeks_to_clear"]
        ours_clear = found.loc["2011-W34", department].weeks_to_clear
        assert pd.isna(ours_clear) if clear is None else round(ours_clear, 4) == pytest.approx(clear, abs=1e-9)
    assert rising.iloc[0].service_name == "Tree Emergencies"


def _load_boston(connection: psycopg.Connection, file: Path) -> None:
    frame = pd.read_csv(file, dtype="str", keep_default_na=False)
    connection.execute(
        "CREATE TEMPORARY TABLE given (id text, opened text, closed text, due text, type text, department text, notes text, address text)"
    )
    columns = ["case_enquiry_id", "open_dt", "closed_dt", "target_dt", "type", "department", "closure_reason", "location"]
    with connection.cursor().copy("COPY given FROM STDIN") as copy:
        for row in frame[columns].itertuples(index=False):
            copy.write_row(row)
    connection.execute("INSERT INTO department SELECT DISTINCT department, department FROM given")
    connection.execute("INSERT INTO service (service_name) SELECT DISTINCT type FROM given")
    connection.execute("SET TIME ZONE 'America/New_York'")
    connection.execute(
        """INSERT INTO request (service_request_id, status, requested_datetime, updated_datetime, snapshot_version, expected_datetime, service_name, department,
                                status_notes, address, usable_location, source, first_requested, last_requested, seen_closed)
           SELECT id, CASE WHEN closed = '' THEN 'open' ELSE 'closed' END, opened::timestamptz, opened::timestamptz, '', nullif(due, '')::timestamptz, type,
                  department, notes, nullif(address, ''), true, 'boston', opened::timestamptz, opened::timestamptz,
                  CASE WHEN closed = '' THEN '{}'::timestamptz[] ELSE ARRAY[closed::timestamptz] END
           FROM given"""
    )
    connection.commit()
