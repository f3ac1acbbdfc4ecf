"""The reports on an incident say what the queries say, as of their instant; they fit their pages, and no word of a person is markup."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, create_engine

from dashboard import after_action, after_action_sections, emergency_boards, ics_209, paper_text, situation_report, situation_sections
from dashboard.__main__ import main
from dashboard.paper_blocks import Marked, plain
from dashboard.situation_rows import NoSuchIncident, Situation
from dashboard.typst_paper import page_count
from sql import engine as database_engine
from sql.queries import frame
from sql.settings import settings
from tests.dashboard import pdf_words, storm_city
from tests.dashboard.storm_city import ONSET
from tests.dashboard.test_emergency_replay import AT, GRID, OPENED, future, past

HOSTILE = '#import "x.typ": * $x^2$ *b* _i_ <script>alert(1)</script> \\ @ref // no /* - = [c] ``` ~ \u202eabc\u202c \x1b[31m'
LONG = "W" * 2000
INCIDENT = "Winter Storm Hale"


@pytest.fixture(autouse=True)
def city(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WEATHER_GRID", GRID)
    monkeypatch.setenv("DATABASE_URL", database)
    settings.cache_clear()
    database_engine.close()
    yield
    database_engine.close()
    settings.cache_clear()


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def schedule(connection: psycopg.Connection) -> None:
    """Four people in every half hour from the instant on, but six in the first."""
    upload = connection.execute(
        "INSERT INTO schedule_upload (file_name, uploaded_at, uploaded_by) VALUES ('s.csv', %s, 'Ann') RETURNING upload_id", (ONSET,)
    ).fetchone()
    assert upload
    connection.execute(
        "INSERT INTO schedule SELECT %(upload)s, 'general', slot, CASE WHEN slot = %(at)s THEN 6 ELSE 4 END"
        " FROM generate_series(%(at)s::timestamptz, %(to)s::timestamptz, interval '30 minutes') AS slot",
        {"upload": upload[0], "at": AT, "to": AT + timedelta(hours=20)},
    )


def opened(connection: psycopg.Connection, name: str = INCIDENT) -> int:
    row = connection.execute(
        "INSERT INTO incident (name, kind, level, onset_at, opened_at, opened_by) VALUES (%s, 'snow', 'Level 1', %s, %s, 'Ann') RETURNING incident_id",
        (name, ONSET, OPENED),
    ).fetchone()
    assert row
    connection.execute(
        "INSERT INTO incident_change (incident_id, changed_at, changed_by, reason, name, level, onset_at, areas)"
        " SELECT incident_id, opened_at, 'Ann', %s, name, level, onset_at, ARRAY[%s, %s] FROM incident",
        (name, name, name),
    )
    return int(row[0])


def noted(connection: psycopg.Connection, incident: int, count: int, text: str, *, position: str = "Operations") -> None:
    """So many entries up to the instant, each tenth a message, each third significant."""
    for number in range(count):
        at, message = AT - timedelta(minutes=2 * number), number % 10 == 0
        connection.execute(
            "INSERT INTO activity_log (incident_id, recorded_at, happened_at, recorded_by, position, kind, text, significant, audience, channel)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (incident, at, at, f"Ann {text}", position, "message" if message else "entry", f"{number}: {text}", number % 3 == 0)
            + ((text, text) if message else (None, None)),
        )


def every_text(connection: Connection, incident: int) -> str:
    made = [
        situation_report.text(situation_report.read(connection, incident, AT)),
        ics_209.text(ics_209.read(connection, incident, AT)),
        after_action.text(after_action.read(connection, incident, AT)),
    ]
    return "\n".join(made)


def test_reports_say_what_the_queries_say_and_nothing_that_came_later(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as writing:
        past(writing, database)
        schedule(writing)
        with reading(database) as connection:
            report = situation_report.read(connection, 1, AT)
            packet = after_action.read(connection, 1, AT)
            before, paper = every_text(connection, 1), situation_report.pdf(report)
            now = frame("storm-now", connection, onset=ONSET, as_of=AT).iloc[0]
            judged = frame("lifelines", connection, incident_id=1, **{"from": ONSET}, as_of=AT).set_index("lifeline")
        said, mailed = pdf_words.words(paper), " ".join(situation_report.text(report).split())

        assert page_count(paper) == len(pdf_words.pages(paper)) == 2
        for place in (said, mailed):
            assert f"Contacts, last hour {now.contacts_hour} 40 (24 to 56) 20 30" in place
            assert f"{now.contacts_since} contacts, {now.abandoned_since} gave up, {now.requests_since} requests opened" in place
            assert f"Open requests: {now.open_requests:,}, an hour ago {now.open_requests_hour_ago:,}" in place
            assert f"{now.searches_without_answer_since} searches found nothing" in place
            assert "Sat, Jan 24, 2026, 00:00 EST" in place
            assert "T+14:00 from onset Fri, Jan 23, 10:00" in place
            assert "2: Fri, Jan 23, 19:00 to Sat, Jan 24, 07:00" in place
            assert "Level first, since Fri, Jan 23, 13:00" in place
            assert "Winter Storm Warning Severe Sat, Jan 24, 16:00 PAZ071" in place
            assert "Blocked calls: no feed tells of them" in place
            assert "plow map" in place
        assert (
            f"Transportation Unknown nobody has judged it {judged.requests['Transportation']} {judged.open_requests['Transportation']}"
            in said
        )
        assert "Energy Unstable first" in said
        assert "Contacts, 14 whole hours 840 560 280 420 1.5 × expected" in said
        held(report)
        came(packet)

        future(writing, database)
        with reading(database) as connection:
            assert every_text(connection, 1) == before
            assert situation_report.pdf(situation_report.read(connection, 1, AT)) == paper
            later = " ".join(situation_report.text(situation_report.read(connection, 1, AT + timedelta(hours=2))).split())
    assert "Level second" in later
    assert later != mailed


def held(report: Situation) -> None:
    """The staffing table is the wall's, with the people scheduled."""
    rows = situation_sections.staffing(report).rows
    wall = emergency_boards.staff(report.known, report.zone)["rows"]
    assert [row[:2] for row in rows] == [(one["when"], str(one["required"])) for one in wall]
    assert [row[2:4] for row in rows] == [("4", str(one["short"])) for one in wall]
    assert rows[0] == ("00:00–03:00", "6", "4", "2", Marked("act", "Very short"))


def came(packet: Any) -> None:
    """The packet holds each hour against its forecast: 60 came, 40 were expected, the band ends at 56."""
    made = after_action.sheet(packet)
    assert made.title == "50% more contacts than expected"
    rows = made.sections["against"].rows
    assert len(rows) == 14
    assert rows[0] == ("+0 h", "Fri, Jan 23, 10:00", "60", "40", "24 to 56", "+50%", "0 of 1", "20", "6", "20", "6", "6")
    assert made.tiles[1].value == "33%"  # 20 of 60, every hour
    assert (made.tiles[2].value, made.tiles[2].against) == ("0%", "0 of 14 hours, too few to judge")
    assert made.sections["peaks"].rows[0] == ("Contacts", "60", "+0 h, Fri, Jan 23, 10:00", "2.0 ×")
    assert [row[4] for row in made.sections["alerts"].rows] == ["replaced Fri, Jan 23, 12:00", "in force"]
    assert [row[:3] for row in made.sections["lifelines"].rows] == [("Fri, Jan 23, 13:00", "Energy", Marked("act", "Unstable"))]
    assert len(made.sections["log"].rows) == 3  # the entry, the message, the correction
    assert made.sections["log"].rows[2][4] == f"Correction of {packet.record['entry_id'].min()}: corrected: first"
    hours = packet.hours.assign(expected_high=[70.0] * 10 + [50.0] * 10)
    assert after_action_sections.tiles(replace(packet, hours=hours))[2].value == "29%"  # four of fourteen
    said = pdf_words.words(after_action.pdf(packet))
    assert "+0 h Fri, Jan 23, 10:00 60 40 24 to 56 +50% 0 of 1 20 6 20 6 6" in said


def test_the_fullest_report_has_two_pages_and_every_sign_is_text(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as writing:
        incident = opened(writing, f"{HOSTILE} {LONG}"[:1000])
        noted(writing, incident, 180, HOSTILE, position=f"Position {HOSTILE}")
        noted(writing, incident, 20, f"{HOSTILE} {LONG}", position=f"Position {HOSTILE} {LONG}")
        for line in ("Energy", "Transportation", "Communications", "Water systems", "Health and medical", "Hazardous materials"):
            writing.execute(
                "INSERT INTO lifeline_status (incident_id, lifeline, status, reason, next_update_at, set_at, set_by) VALUES (%s, %s, 'unstable', %s, %s, %s, 'Ann')",
                (incident, line, f"{HOSTILE} {LONG}", AT - timedelta(hours=1), AT - timedelta(hours=5)),
            )
        storm_city.write(database, [storm_city.alert(f"{HOSTILE} {n}", ONSET, AT + timedelta(hours=9 + n)) for n in range(12)])
        searches = [storm_city.events.SearchPerformed(f"s{n}", f"{n % 20} {HOSTILE} {LONG}"[:150], 0) for n in range(100)]
        storm_city.write(database, [storm_city.one(one, ONSET + timedelta(minutes=n), f"s{n}") for n, one in enumerate(searches)])
    with reading(database) as connection:
        report = situation_report.read(connection, incident, AT)
        form = ics_209.read(connection, incident, AT)
        packet = after_action.read(connection, incident, AT)
    types = pd.DataFrame([{"name": LONG, "requests": 900, "usual": 10.0, "ratio": 9.0, "p": 0.0, "stands_out": True}] * 6)
    paper = situation_report.pdf(replace(report, known=replace(report.known, types=types)))
    assert page_count(paper) == 2
    said = [pdf_words.words(made) for made in (paper, ics_209.pdf(form), after_action.pdf(packet))]
    shown = plain(HOSTILE)
    for sign in ('#import "x.typ": * $x^2$ *b*', "<script>", "\\ @ref // no /*"):
        assert sign in shown
        missing = [words[:3000] for words in said if _dense(sign) not in _dense(words)]  # a narrow column may part it anywhere
        assert not missing
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    for text in (situation_report.text(report), ics_209.text(form), after_action.text(packet)):
        assert max(len(line) for line in text.splitlines()) <= paper_text.WIDTH
        assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert "15 more messages in the log" in situation_report.text(report)
    entries = after_action.text(packet)
    assert all(f"{number}: #import" in entries for number in (0, 101, 179)), "the log is in full"


def test_an_incident_of_which_nothing_is_known_is_still_a_report(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as writing:
        incident = opened(writing)
    with reading(database) as connection:
        report = situation_report.read(connection, incident, OPENED + timedelta(minutes=1))
        live = situation_report.read(connection, None)
        packet = after_action.read(connection, incident, OPENED + timedelta(minutes=1))
        with pytest.raises(NoSuchIncident, match=r"there is no incident 99; there are: 1 \(Winter Storm Hale\)"):
            situation_report.read(connection, 99, AT)
        with pytest.raises(NoSuchIncident, match="no incident runs"):
            situation_report.read(connection, None, OPENED - timedelta(days=1))
    assert live.incident.name == INCIDENT
    text = situation_report.text(report)
    assert "No alert is in force." in text, "of the past it is not known how alerts were heard"
    assert "No alert is known: no feed brings alerts." in situation_report.text(live)
    assert "No weather forecast is known." in text
    assert "No forecast says how many people are needed." in text
    assert "T−0:59" in text
    assert "Nothing was ever told of requests, posts and searches" in text
    assert "Requests opened, last hour – – – – None are told" in " ".join(text.split()).replace(
        "Requests opened, last – – – – None are told hour", "Requests opened, last hour – – – – None are told"
    )
    assert "%" not in text.split("HOW TO READ")[0]
    assert page_count(situation_report.pdf(report)) == 2
    assert after_action.sheet(packet).title == "No forecast to hold it against"
    assert page_count(after_action.pdf(packet)) >= 1


@pytest.mark.parametrize("name", ["situation-report", "ics-214", "ics-209", "after-action"])
def test_a_command_writes_the_file_or_says_what_is_wrong(name: str, database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as writing:
        incident = opened(writing)
    run = CliRunner()

    def asked(output: str, *more: str) -> Any:
        return run.invoke(main, [name, "--output", str(tmp_path / output), *more])

    for output in ("a.pdf", "a.txt"):
        done = asked(output, "--incident", str(incident), "--as-of", "2026-01-23T20:00")
        assert done.exit_code == 0, done.output
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    assert INCIDENT in (tmp_path / "a.txt").read_text()
    for wrong, told in (
        (("--incident", "77"), "there is no incident 77"),
        (("--as-of", "tomorrow"), "is not an ISO 8601 time"),
        (("--as-of", "2150-01-01"), "lies ahead"),
    ):
        refused = asked("b.pdf", *wrong)
        assert (refused.exit_code, told in refused.output) == (2, True), refused.output
    assert "ends neither in .pdf nor in .txt" in asked("b.doc").output
    assert asked("none/b.txt", "--incident", str(incident)).exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.txt"]


def _dense(words: str) -> str:
    return "".join(words.split())
