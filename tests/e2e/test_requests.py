"""The Departments page in a browser: from the city down to the requests, a filter that survives a reload, and words that stay words."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from streams import events
from tests import request_samples
from tests.e2e.server import Dashboard

DAY = timedelta(days=1)
MARKUP = '<img src=x onerror="window.wasRun = true">'
FORMULA = "=1+1"
OVERDUE, SOON = 40, 5  # of the first department
QUIET_TYPES = 58  # of the first department, with nothing open and nothing due
LOADED = 20_000  # ms: a page on a busy machine


def fill(connection: psycopg.Connection, now: datetime) -> None:
    """Two departments through the sink: Streets with 40 overdue requests of 45, and one whose name, type and address are hostile."""
    told = [
        events.RequestSnapshot(
            f"s{n}",
            "open",
            now - 20 * DAY,
            expected_datetime=now + (-10 if n < OVERDUE else 3) * DAY,
            service_name="Pothole" if n % 2 else "Street light",
            department="Streets",
            address=f"{n} Main St",
        )
        for n in range(OVERDUE + SOON)
    ]
    told += [
        events.RequestSnapshot(
            f"q{n}", "closed", now - 60 * DAY, updated_datetime=now - 50 * DAY, service_name=f"Quiet type {n:02}", department="Streets"
        )
        for n in range(QUIET_TYPES)
    ]
    told += [
        events.RequestSnapshot(
            f"{FORMULA}-{n}",
            "open",
            now - 20 * DAY,
            expected_datetime=now - n * DAY,
            service_name=(MARKUP, FORMULA)[n % 2],
            department=MARKUP,
            address=(MARKUP, FORMULA)[n % 2],
            status_notes=FORMULA,
        )
        for n in range(4)
    ]
    request_samples.write(connection, told)


def csv_lines(page: Page) -> list[str]:
    """The lines of the file that the button beside the list gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8").splitlines()


@pytest.fixture
def asked(wall: Page) -> list[str]:
    """Every address that the page asks."""
    found: list[str] = []
    wall.on("request", lambda request: found.append(request.url))
    wall.on("websocket", lambda socket: found.append(socket.url))
    return found


@pytest.fixture
def departments(environment: dict[str, str], database: str, tmp_path: Path, wall: Page, asked: list[str]) -> Iterator[Page]:
    """The page of the two departments."""
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, datetime.now(UTC))
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    wall.goto(f"{server.url}/departments")
    yield wall
    here = server.url.removeprefix("http://")
    server.kill()
    assert {url.split("/")[2] for url in asked} == {here}, "nobody outside is asked"


def test_a_department_leads_to_its_requests_and_the_filter_survives_a_reload(departments: Page) -> None:
    board = departments.locator(".st-key-desk_departments_board")
    expect(departments.locator(".st-key-desk_departments_overdue .value b")).to_have_text("44", timeout=LOADED)
    expect(board.locator("tbody tr").first).to_contain_text("Streets")

    board.get_by_role("link", name="Streets").click()
    expect(departments).to_have_url(re.compile("department=Streets"))
    expect(departments.locator(".st-key-desk_departments_overdue .value b")).to_have_text(str(OVERDUE), timeout=LOADED)
    shown = board.locator("tbody tr td.name:visible")
    quiet = f"{QUIET_TYPES} more types with nothing open and nothing due"
    expect(shown).to_have_text(["Street light", "Pothole", quiet, "All types"], timeout=LOADED)
    board.get_by_role("button", name=quiet).press("Enter")
    expect(shown).to_have_count(QUIET_TYPES + 4)
    board.get_by_role("button", name=quiet).press("Enter")
    expect(shown).to_have_count(4)
    expect(departments.get_by_role("heading", name="Open requests", exact=True)).to_be_visible(timeout=LOADED)

    departments.get_by_role("combobox", name="Which requests").click()
    departments.get_by_role("option", name="Overdue").click()
    expect(departments.get_by_role("heading", name="Overdue requests", exact=True)).to_be_visible(timeout=LOADED)
    expect(departments).to_have_url(re.compile("department=Streets.*state=overdue"))
    departments.reload()
    expect(departments.get_by_role("heading", name="Overdue requests", exact=True)).to_be_visible(timeout=LOADED)
    assert len(csv_lines(departments)) == OVERDUE + 1, "the names, and a row for each"


def test_what_residents_and_systems_write_is_text_on_the_page_and_in_the_file(departments: Page) -> None:
    board = departments.locator(".st-key-desk_departments_board")
    expect(board).to_contain_text(MARKUP, timeout=LOADED)
    board.get_by_role("link", name=MARKUP).click()
    expect(departments.get_by_role("heading", level=1)).to_have_text(MARKUP, timeout=LOADED)
    expect(departments.locator(".st-key-departments_back")).to_be_visible()
    expect(board.locator("tbody tr td.name")).to_have_text([MARKUP, FORMULA, "All types"], timeout=LOADED)
    lines = csv_lines(departments)
    assert len(lines) == 5
    assert all(line.startswith(f"'{FORMULA}-") for line in lines[1:])

    # the table's toolbar is there, without its own download, which guards nothing
    expect(departments.get_by_role("button", name="Fullscreen")).to_have_count(1)
    expect(departments.get_by_role("button", name="Download as CSV")).to_have_count(0)

    board.get_by_role("link", name=FORMULA).click()
    expect(departments.get_by_role("heading", level=1)).to_have_text(FORMULA, timeout=LOADED)
    # `img` of that address: anything that took the name for markup
    expect(departments.locator('img[src="x"]')).to_have_count(0)
    assert departments.evaluate("window.wasRun") is None
