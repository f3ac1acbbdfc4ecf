"""A planner's whole path in a browser: upload a schedule, see the gap, try the 12-inch storm, download the plan."""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Page, expect

from sql.settings import PROJECT
from tests import forecast_city
from tests.dashboard import staffing_sample
from tests.e2e.conftest import afternoon_zone
from tests.e2e.server import Dashboard

QUEUES = {"general": 0.5, "spanish": 0.2, "streets": 0.3}
PEOPLE = 9  # scheduled in each queue from 7 to 20 o'clock
SETTLED_MILLISECONDS = 1_000
SERVES_WITHIN_SECONDS = 120


@pytest.fixture
def planned(environment: dict[str, str], database: str, tmp_path: Path, wall: Page) -> Iterator[Page]:
    """The page of a fortnight without a storm and without a schedule."""
    with psycopg.connect(database) as connection:
        staffing_sample.fill(connection, datetime.now(UTC), ZoneInfo(afternoon_zone()), storm_day=None)
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    wall.goto(f"{server.url}/staffing")
    yield wall
    server.kill()


@pytest.fixture
def served(environment: dict[str, str], database: str, tmp_path: Path, wall: Page) -> Iterator[Page]:
    """The page of a city whose forecasting service runs."""
    with psycopg.connect(database) as connection:
        forecast_city.fill(connection, datetime.now(UTC), ZoneInfo(afternoon_zone()), QUEUES, station="airport")
    log = (tmp_path / "forecasting.log").open("w")
    serving = [sys.executable, "-m", "forecasting", "serve"]
    service = subprocess.Popen(serving, env=environment | {"WEATHER_STATION": "airport"}, cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT)
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    wall.goto(f"{server.url}/staffing")
    yield wall
    server.kill()
    service.terminate()
    assert service.wait(30) == 0, (tmp_path / "forecasting.log").read_text()
    log.close()


def schedule(first: datetime, days: int, people: int) -> str:
    lines = [f"{queue},{(first + timedelta(days=day)).date().isoformat()},07:00,20:00,{people}" for day in range(days) for queue in QUEUES]
    return "\n".join(["queue,date,start,end,people", *lines])


def test_a_planners_whole_path(served: Page, database: str, tmp_path: Path) -> None:
    asked: list[str] = []
    served.on("request", lambda request: asked.append(request.url))
    verdict = served.locator(".st-key-desk_staffing_verdict h3")
    expect(verdict).to_contain_text("No schedule yet", timeout=1000 * SERVES_WITHIN_SECONDS)
    expect(served.locator(".heatbox tbody tr")).to_have_count(14)

    served.get_by_text("Upload a schedule").click()
    first = datetime.now(ZoneInfo(afternoon_zone()))
    text = schedule(first, 14, PEOPLE)
    file = tmp_path / "schedule.csv"
    file.write_text(text + "\nnobody,2026-11-27,09:00,10:15,3\n")
    served.locator('input[type="file"]').set_input_files(file)
    expect(served.get_by_role("button", name="Remove schedule.csv")).to_be_visible()  # a form with a file on its way is not sent
    served.wait_for_timeout(SETTLED_MILLISECONDS)
    served.locator(".st-key-staffing_upload").get_by_label("Your name, for the record").fill("Ann")
    served.get_by_role("button", name="Check and keep the schedule").click()
    expect(served.get_by_text(f"Line {14 * len(QUEUES) + 2}: there is no queue 'nobody'")).to_be_visible()
    file = tmp_path / "better.csv"
    file.write_text(text)
    served.locator('input[type="file"]').set_input_files(file)
    expect(served.get_by_role("button", name="Remove better.csv")).to_be_visible()
    served.wait_for_timeout(SETTLED_MILLISECONDS)
    served.get_by_role("button", name="Check and keep the schedule").click()
    expect(served.get_by_text(f"Kept better.csv: {len(QUEUES)} queues")).to_be_visible()

    expect(verdict).to_contain_text("Short on ")
    short = served.locator('.heatbox td[data-kind="3"]').first
    expect(short).to_have_text(re.compile(r"^[1-9]\d*$"))
    day = served.locator(".heatbox tbody tr").nth(5)
    day.locator("td").first.click()
    expect(day).to_have_attribute("data-picked", "true")
    assert f"day={(first + timedelta(days=5)).date().isoformat()}" in served.url

    worst = served.locator(".st-key-desk_staffing_worst .value b")
    before = int(worst.inner_text())
    served.get_by_text("Try another weather").click()
    served.get_by_role("button", name="12 inches from Saturday").click()
    expect(verdict).to_contain_text("Shown is Snow 12 in from Sat", timeout=1000 * SERVES_WITHIN_SECONDS)
    expect(served.locator(".st-key-desk_staffing_weathers tbody tr")).to_have_count(3)
    assert int(worst.inner_text()) > before  # the day after the snow
    assert "scenario=" in served.url

    with served.expect_download() as download:
        served.get_by_role("button", name="Plan", exact=True).click()
    with Path(download.value.path()).open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(QUEUES) * 14 * 48
    assert max(int(row["short"]) for row in rows) >= 1
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT who, what FROM audit").fetchall() == [("Ann", "schedule_upload")]
    assert {url.split("/")[2] for url in asked if not url.startswith(("data:", "blob:"))} == {served.url.split("/")[2]}


def test_a_link_carries_the_view_and_nothing_is_cut(planned: Page) -> None:
    planned.goto(f"{planned.url.split('?')[0]}?queue=spanish&chance=0.95&weather=no+storm")
    expect(planned.locator(".st-key-desk_staffing_verdict h3")).to_contain_text("Shown is No storm")
    expect(planned.get_by_role("combobox", name="Queue").first).to_have_value("Spanish")
    planned.locator('[data-testid="stVegaLiteChart"] :is(svg, canvas)').first.wait_for()
    wide = planned.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide
