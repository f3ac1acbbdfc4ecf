"""ICS 214 and 209: the form's blocks in order, a period's log and no other, what is not known to fill in; operational periods; plain text."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import Connection

from dashboard import ics_209, ics_214, paper_text
from dashboard.ics_forms import WHOLE, Form
from dashboard.ics_period import NoSuchPeriod, asked, before, period_of, period_words
from dashboard.paper_blocks import TO_FILL_IN, Column, Marked, Section, clipped, plain
from dashboard.typst_paper import page_count
from sql.settings import settings
from tests.dashboard import pdf_words, storm_city
from tests.dashboard.storm_city import ONSET
from tests.dashboard.test_emergency_replay import AT, GRID
from tests.dashboard.test_situation_report import noted, opened, reading

ZONE = ZoneInfo("America/New_York")
SHIFT = timedelta(hours=12)
NAMES_209 = {
    1: "Incident Name",
    11: "For Time Period",
    28: "Significant Events for the Time Period Reported",
    35: "Weather Concerns",
    47: "Remarks",
}


@pytest.fixture
def log(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[psycopg.Connection, Connection, int]]:
    """An open incident: a connection that writes, one that reads, and its number."""
    monkeypatch.setenv("WEATHER_GRID", GRID)
    settings.cache_clear()
    with psycopg.connect(database, autocommit=True) as writing, reading(database) as connection:
        storm_city.write(database, [storm_city.alert("w1", ONSET, AT + timedelta(hours=20)), storm_city.forecast(GRID, ONSET, 10.0)])
        yield writing, connection, opened(writing)
    settings.cache_clear()


def entry(writing: psycopg.Connection, incident: int, at: datetime, text: str, **more: object) -> int:
    values = {
        "recorded_at": at,
        "recorded_by": "Ann",
        "position": "Operations",
        "kind": "entry",
        "audience": None,
        "channel": None,
        "concerns": None,
    }
    row = writing.execute(
        "INSERT INTO activity_log (incident_id, recorded_at, happened_at, recorded_by, position, kind, text, audience, channel, concerns) VALUES"
        " (%(incident)s, %(recorded_at)s, %(at)s, %(recorded_by)s, %(position)s, %(kind)s, %(text)s, %(audience)s, %(channel)s, %(concerns)s) RETURNING entry_id",
        values | {"incident": incident, "at": at, "text": text} | more,
    ).fetchone()
    assert row
    return int(row[0])


def activities(form: Form) -> list[str]:
    return [str(row[1]) for row in form.blocks[6].sections[0].rows]


def test_214_has_the_log_of_its_period_as_it_was_recorded_by_then(log: tuple[psycopg.Connection, Connection, int]) -> None:
    writing, connection, incident = log
    starts, ends = AT - timedelta(hours=5), AT + timedelta(hours=7)
    entry(writing, incident, starts - timedelta(seconds=1), "before the period")
    first = entry(writing, incident, starts, "shelter opens")
    entry(
        writing,
        incident,
        starts + timedelta(hours=1),
        "stay home",
        kind="message",
        audience="residents",
        channel="text",
        position="Public information",
    )
    entry(writing, incident, starts + timedelta(hours=2), "noted late", recorded_at=starts + timedelta(hours=3), recorded_by="Ben")
    entry(writing, incident, starts + timedelta(hours=4), "x", kind="correction", concerns=first, recorded_at=AT + timedelta(hours=1))
    entry(writing, incident, starts + timedelta(hours=4), "recorded after the instant", recorded_at=AT + timedelta(hours=1))
    entry(writing, incident, ends, "after the period", recorded_at=AT)

    made = ics_214.form(ics_214.read(connection, incident, AT))
    assert activities(made) == [
        "shelter opens – Operations, Ann",
        "To residents by text: stay home – Public information, Ann",
        "noted late – Operations, Ben, noted 01/23/2026 22:00",
    ]
    assert [(one.number, one.name) for one in made.blocks] == [
        (1, "Incident Name"), (2, "Operational Period"), (3, "Name"), (4, "ICS Position"), (5, "Home Agency (and Unit)"),
        (6, "Resources Assigned"), (7, "Activity Log"), (8, "Prepared by"),
    ]  # fmt: skip
    assert made.blocks[1].lines == ("From: 01/23/2026 19:00", "To: 01/24/2026 07:00")
    assert made.blocks[2].lines == made.blocks[4].lines == (TO_FILL_IN,)
    people = [("Ann", "Operations", TO_FILL_IN), ("Ann", "Public information", TO_FILL_IN), ("Ben", "Operations", TO_FILL_IN)]
    assert list(made.blocks[5].sections[0].rows) == people

    later = ics_214.form(ics_214.read(connection, incident, AT + timedelta(hours=2)))
    assert activities(later)[0] == "x (corrected by Ann, 01/24/2026 01:00; first: shelter opens) – Operations, Ann"
    assert len(activities(later)) == 4
    of_one = ics_214.form(ics_214.read(connection, incident, AT, position=" public  INFORMATION"))
    assert activities(of_one) == ["To residents by text: stay home – Public information, Ann"]
    earlier = ics_214.form(ics_214.read(connection, incident, AT, starts_at=starts - SHIFT, ends_at=starts))
    assert activities(earlier) == ["before the period – Operations, Ann"]
    nobody = ics_214.read(connection, incident, AT, position="Safety")
    assert "Nothing was noted for this period." in ics_214.text(nobody)
    assert page_count(ics_214.pdf(nobody)) == 1


def test_214_goes_on_over_numbered_pages(log: tuple[psycopg.Connection, Connection, int]) -> None:
    writing, connection, incident = log
    noted(writing, incident, 200, "plows are on their way to the hills")
    found = ics_214.read(connection, incident, AT, starts_at=AT - SHIFT, ends_at=AT + SHIFT)
    pages = pdf_words.pages(ics_214.pdf(found))
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert f"page {number} of {len(pages)}" in page
        assert "Winter Storm Hale" in page
    said = pdf_words.words(ics_214.pdf(found))
    assert all(f" {number}: plows are on their way" in said for number in range(200))
    assert max(len(line) for line in ics_214.text(found).splitlines()) <= paper_text.WIDTH


def test_209_has_its_53_blocks_in_order_with_what_is_known(log: tuple[psycopg.Connection, Connection, int]) -> None:
    writing, connection, incident = log
    noted(writing, incident, 3, "shelter opens")
    found, period = ics_209.read(connection, incident, AT)
    made = ics_209.form(found, period)
    blocks = {one.number: one for one in made.blocks}
    assert [one.number for one in made.blocks] == list(range(1, 54))
    assert {number: blocks[number].name for number in NAMES_209} == NAMES_209
    room = 0
    for one in made.blocks:
        room += one.span
        assert room <= WHOLE, f"block {one.number} leaves its line"
        room %= WHOLE
    assert blocks[1].lines == ("Winter Storm Hale",)
    assert blocks[3].lines == (f"Initial or Update; report number: {TO_FILL_IN}",)
    assert blocks[6].lines == ("01/23/2026 10:00 America/New_York",)
    assert blocks[9].lines == ("Snow",)
    assert blocks[11].lines == ("From: 01/23/2026 19:00", "To: 01/24/2026 07:00")
    assert [row[1] for row in blocks[28].sections[0].rows] == [
        "To Ann".replace("Ann", "shelter opens") + " by shelter opens: 0: shelter opens"
    ]
    assert blocks[38].lines[0].startswith("12 hours: Winter Storm Warning (Severe) until Sat, Jan 24, 20:00")
    assert blocks[38].lines[2] == f"48 hours (from 24 on): no alert is told for them: {TO_FILL_IN}"
    assert (
        blocks[36].lines[0].startswith("12 hours: 4.7 in of snow, 0.5 in of rain and melted snow, 27 °F, gusts to 25 mph")
    )  # 12 h of 10 mm and 1 mm
    assert all(blocks[number].lines == (TO_FILL_IN,) for number in (4, 5, 8, 17, 20, 32, 34, 37, 40, 41, 45, 53))
    said = pdf_words.words(ics_209.pdf((found, period)))
    assert all(f"{one.number}. {one.name}"[:20] in said for one in made.blocks)
    assert max(len(line) for line in ics_209.text((found, period)).splitlines()) <= paper_text.WIDTH

    writing.execute(
        "INSERT INTO incident_change (incident_id, changed_at, changed_by, name, level, onset_at, ended_at, areas)"
        " SELECT incident_id, %s, 'Ann', name, level, onset_at, %s, '{}' FROM incident",
        (AT + timedelta(hours=1), AT + timedelta(hours=1)),
    )
    writing.execute("UPDATE incident SET ended_at = %s", (AT + timedelta(hours=1),))
    assert ics_209.form(*ics_209.read(connection, incident, AT)) == made
    over = ics_209.form(*ics_209.read(connection, incident, AT + timedelta(hours=2)))
    assert over.blocks[2].lines[0].startswith("Final")


@pytest.mark.parametrize(
    ("at", "starts", "hours", "number"),
    [
        pytest.param("2026-01-23T06:59", "2026-01-22T19:00", 12, 1, id="the one in which it was opened"),
        pytest.param("2026-01-23T07:00", "2026-01-23T07:00", 12, 2, id="a bound belongs to the next"),
        pytest.param("2026-01-24T00:00", "2026-01-23T19:00", 12, 3, id="over midnight"),
        pytest.param("2026-03-08T05:00", "2026-03-07T19:00", 11, 89, id="the night that loses an hour"),
        pytest.param("2026-11-01T05:00", "2026-10-31T19:00", 13, 565, id="the night that has an hour more"),
    ],
)
def test_operational_periods_are_half_days_of_the_citys_clock(at: str, starts: str, hours: int, number: int) -> None:
    opened_at = datetime(2026, 1, 23, 3, 0, tzinfo=ZONE).astimezone(UTC)
    found = period_of(datetime.fromisoformat(at).replace(tzinfo=ZONE), opened_at, ZONE)
    assert found.starts_at == datetime.fromisoformat(starts).replace(tzinfo=ZONE)
    assert (found.ends_at - found.starts_at, found.number) == (timedelta(hours=hours), number)
    assert before(found, ZONE).ends_at == found.starts_at


def test_a_period_that_is_none_says_what_to_change() -> None:
    at = AT.replace(tzinfo=UTC)
    assert period_words(asked(None, None, at, None, ZONE), ZONE) == "Fri, Jan 23, 19:00 to Sat, Jan 24, 07:00"
    for starts, ends, told in (
        (at, None, "give both, --from and --to"),
        (at, at, "give a later --to"),
        (at + SHIFT, at + 2 * SHIFT, "give an earlier --from"),
    ):
        with pytest.raises(NoSuchPeriod, match=told):
            asked(starts, ends, at, None, ZONE)


def test_a_table_of_text_is_never_too_wide_and_loses_no_letter() -> None:
    columns = (Column("A long heading", "right"), Column("Item", share=1), Column("Z", share=2), Column("At"), Column("Next update"))
    for letters in (1, 5, 30, 300):
        row = ("x" * letters, "q" * letters, "z z " * letters, "v" * letters, Marked("act", "w" * letters))
        lines = paper_text.table(columns, [row] * 2)
        assert max(len(line) for line in lines) <= paper_text.WIDTH
        assert [sum(line.count(sign) for line in lines[2:]) for sign in "xqzvw"] == [
            2 * letters,
            2 * letters,
            4 * letters,
            2 * letters,
            2 * letters,
        ]


def test_a_text_of_a_person_is_one_line_without_signs_that_cannot_be_seen() -> None:
    assert plain("a\r\n  b\tc\x00\x1b\u202ed\u2066e\ufeff") == "a b cde"
    assert plain("نمی\u200cخواهم 👩\u200d🚒") == "نمی\u200cخواهم 👩\u200d🚒"
    assert clipped("abc def", 5) == "abc…"
    assert paper_text.section(Section("T", empty="None yet.")) == ["T", "-", "None yet."]
