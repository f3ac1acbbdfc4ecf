"""A snow storm as emergency management lives it, in a browser: an alert, a suggestion, an incident, its level, log, answers, and the report."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Error as PlaywrightError, Locator, Page, expect

from tests.dashboard import pdf_words, storm_city
from tests.e2e.server import Dashboard

TILE = '[class*="st-key-part_{}"] .root'
NAME = "Winter Storm Hale"
CHOOSING_TRIED, CHOOSING_MILLISECONDS = 5, 4_000
NOTE = "Salt trucks are out on all primary streets"


@pytest.fixture
def stormy(environment: dict[str, str], database: str, tmp_path: Path, wall: Page) -> Iterator[Page]:
    """A wall of a city in which it began to snow nine hours ago, and for which a warning is in force."""
    now = datetime.now(UTC).replace(microsecond=0)
    for week in range(1, 6):
        begins = now - timedelta(weeks=week)
        storm_city.write(database, storm_city.told(begins - timedelta(hours=10), begins + timedelta(hours=2), salt=f"week{week}"))
    storm_city.write(database, storm_city.told(now - timedelta(hours=9), now, salt="storm", busy=2.0))
    warning = storm_city.alert("w1", now - timedelta(hours=10), now + timedelta(hours=20), onset=now - timedelta(hours=9))
    storm_city.write(database, [warning])
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    wall.goto(f"{server.url}/emergency")
    yield wall
    server.kill()


def choose(page: Page, within: Locator, label: str, option: str) -> None:
    """Choose from a list, as often as the page closes it by drawing itself anew: after a change that may take a moment."""
    box = within.get_by_role("combobox", name=label)
    for _ in range(CHOOSING_TRIED):
        expect(box).to_have_count(1)  # while a form is made anew, the old one may still be there
        try:
            box.press("ControlOrMeta+a")
            box.press_sequentially(option[:4])
            page.get_by_role("option", name=option).click(timeout=CHOOSING_MILLISECONDS)
        except PlaywrightError:  # the form was made anew between two of these
            continue
        if box.input_value() == option:
            break
    expect(box).to_have_value(option)


def test_from_the_alert_to_the_situation_report(stormy: Page, database: str) -> None:
    asked: list[str] = []
    stormy.on("request", lambda request: asked.append(request.url))
    strip = stormy.locator(TILE.format("em_strip"))
    expect(strip).to_contain_text("No incident")
    expect(strip).to_contain_text("Winter Storm Warning in force")
    root = stormy.url.split("/emergency")[0]

    stormy.goto(f"{root}/incident")
    stormy.get_by_role("button", name="Open as incident").click()
    form = stormy.locator(".st-key-desk")
    form.get_by_label("Name", exact=True).first.fill(NAME)
    form.get_by_label("Your name, for the record").first.fill("Ann")
    stormy.get_by_role("button", name="Open the incident").click()
    verdict = stormy.locator(".st-key-desk_incident_verdict h3")
    expect(verdict).to_contain_text(f"{NAME}: Monitoring")

    stormy.get_by_text("Change or close this incident").click()
    change = stormy.locator(".st-key-incident_change")
    choose(stormy, change, "Level", "Full activation")
    change.get_by_label("Why", exact=True).fill("Secondary streets are blocked")
    change.get_by_label("Your name, for the record").first.fill("Ann")
    stormy.get_by_role("button", name="Keep the change").click()
    expect(verdict).to_contain_text(f"{NAME}: Full activation")

    note = stormy.locator(".st-key-panel_incident_note")
    choose(stormy, note, "Your position", "Operations")
    note.get_by_label("What was done, said or decided").fill(NOTE)
    note.get_by_text("Significant").click()
    note.get_by_label("Your name, for the record").fill("Ann")
    stormy.get_by_role("button", name="Note it").click()
    expect(note).to_contain_text("Noted.")
    expect(stormy.locator(".st-key-desk_incident_log")).to_contain_text(NOTE)

    stormy.get_by_text("Add, change or retire an approved answer").click()
    stormy.get_by_label("Question", exact=False).first.fill("When is my street plowed?")
    stormy.get_by_label("Topic").fill("plowing")
    stormy.get_by_label("Answer, word for word").fill("Primary streets first; yours within 24 hours of the last snow.")
    stormy.get_by_label("Owner: who keeps it true").fill("Streets")
    stormy.get_by_label("Source: where it comes from").fill("Snow plan 2026")
    stormy.get_by_role("button", name="Approve it").click()
    expect(stormy.get_by_text("Primary streets first").first).to_be_visible()

    with stormy.expect_download() as download:
        stormy.get_by_role("button", name="Situation report", exact=True).click()
    report = Path(download.value.path()).read_bytes()
    words = pdf_words.words(report)
    assert len(pdf_words.pages(report)) <= 2
    assert NAME in words
    assert "Full activation" in words
    assert NOTE in words
    with psycopg.connect(database) as connection:
        counted = connection.execute("SELECT count(*) FROM contact WHERE queued_at >= now() - interval '1 hour'").fetchone()
        changes = connection.execute("SELECT level FROM incident_change ORDER BY change_id").fetchall()
    assert counted
    told = [int(number.replace(",", "")) for number in re.findall(r"\b[\d,]+\b", words) if number.strip(",")]
    assert any(abs(number - counted[0]) <= 2 for number in told)  # contacts of the last hour, a minute earlier
    assert changes == [("Monitoring",), ("Full activation",)]

    stormy.goto(f"{root}/emergency")
    expect(strip).to_contain_text(NAME)
    expect(strip).to_contain_text("full activation")
    clock = stormy.locator(TILE.format("em_clock"))
    expect(clock.locator(".dial b")).to_have_text(re.compile(r"^T\+9:\d\d$"))
    expect(clock).to_contain_text("Winter Storm Warning, until")
    scrolled = stormy.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]'); return [main.scrollHeight, main.scrollWidth] }"
    )
    assert scrolled == [1080, 1920]
    assert {url.split("/")[2] for url in asked if not url.startswith(("data:", "blob:"))} == {root.split("/")[2]}


def test_a_replay_shows_the_hour_and_plays_on(stormy: Page, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO incident (name, kind, onset_at, opened_at) VALUES ('Hale', 'snow', now() - interval '9 hours', now() - interval '8 hours')"
        )
    root = stormy.url.split("/emergency")[0]
    stormy.goto(f"{root}/emergency?incident=1&hour=3")
    dial = stormy.locator(TILE.format("em_clock")).locator(".dial b")
    expect(dial).to_have_text(re.compile(r"^T\+3:0\d$"))
    expect(stormy.locator(TILE.format("em_strip"))).to_contain_text("Replay")
    stormy.get_by_role("button", name="Play").click()
    expect(dial).not_to_have_text(re.compile(r"^T\+3:0\d$"))
    stormy.get_by_role("button", name="Pause").click()
    assert float(re.findall(r"hour=([\d.]+)", stormy.url)[0]) > 3
