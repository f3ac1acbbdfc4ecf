"""A planner's whole path in a browser: upload a schedule, see the gap, try the 12-inch storm, download the plan."""

import csv
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard import staffing_sample
from tests.e2e.conftest import afternoon_zone
from tests.e2e.server import Dashboard

LOOK_SECONDS = 0.1
ANSWER = """
WITH asked AS (SELECT * FROM scenario WHERE answered_at IS NULL FOR UPDATE), filled AS (
    INSERT INTO scenario_interval
    SELECT asked.scenario_id, f.queue, f.interval_start, f.yhat * grown.by, ARRAY(SELECT q * grown.by FROM unnest(f.quantiles) AS q)
    FROM asked CROSS JOIN forecast_interval AS f
    CROSS JOIN LATERAL (SELECT CASE WHEN f.interval_start < asked.onset_at + interval '12 hours' THEN 1 ELSE 2.5 END AS by) AS grown
)
UPDATE scenario AS s SET answered_at = now(), run_id = (SELECT max(run_id) FROM forecast_run WHERE kind = 'full')
FROM asked WHERE s.scenario_id = asked.scenario_id
"""


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
def service(database: str) -> Iterator[None]:
    """Answers every scenario as the forecasting service does: rows first, then that it is answered."""
    ended = threading.Event()

    def answer() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not ended.wait(LOOK_SECONDS):
                connection.execute(ANSWER)

    thread = threading.Thread(target=answer)
    thread.start()
    yield
    ended.set()
    thread.join()


def schedule(first: datetime, days: int, people: int) -> str:
    lines = [
        f"{queue},{(first + timedelta(days=day)).date().isoformat()},07:00,20:00,{people}"
        for day in range(days)
        for queue, *_ in staffing_sample.QUEUES
    ]
    return "\n".join(["queue,date,start,end,people", *lines])


@pytest.mark.usefixtures("service")
def test_a_planners_whole_path(planned: Page, database: str, tmp_path: Path) -> None:
    asked: list[str] = []
    planned.on("request", lambda request: asked.append(request.url))
    verdict = planned.locator(".st-key-desk_staffing_verdict h3")
    expect(verdict).to_contain_text("No schedule yet")
    expect(planned.locator(".heatbox tbody tr")).to_have_count(14)

    planned.get_by_text("Upload a schedule").click()
    first = datetime.now(ZoneInfo(afternoon_zone()))
    text = schedule(first, 14, 12)
    file = tmp_path / "schedule.csv"
    file.write_text(text + "\nnobody,2026-11-27,09:00,10:15,3\n")
    planned.locator('input[type="file"]').set_input_files(file)
    planned.locator(".st-key-staffing_upload").get_by_label("Your name, for the record").fill("Ann")
    planned.get_by_role("button", name="Check and keep the schedule").click()
    expect(planned.get_by_text("Line 114: there is no queue 'nobody'")).to_be_visible()
    file = tmp_path / "better.csv"
    file.write_text(text)
    planned.locator('input[type="file"]').set_input_files(file)
    expect(planned.get_by_text("better.csv")).to_be_visible()
    planned.get_by_role("button", name="Check and keep the schedule").click()
    expect(planned.get_by_text("Kept better.csv: 8 queues")).to_be_visible()

    expect(verdict).to_contain_text("Short on ")
    short = planned.locator('.heatbox td[data-kind="3"]').first
    expect(short).to_have_text("15")  # General needs 27 people at its peak
    day = planned.locator(".heatbox tbody tr").nth(5)
    day.locator("td").first.click()
    expect(day).to_have_attribute("data-picked", "true")
    assert f"day={(first + timedelta(days=5)).date().isoformat()}" in planned.url

    before = int(planned.locator(".st-key-desk_staffing_short .value b").inner_text())
    planned.get_by_text("Try another weather").click()
    planned.get_by_role("button", name="12 inches from Saturday").click()
    expect(verdict).to_contain_text("Shown is Snow 12 in from Sat")
    expect(planned.locator(".st-key-desk_staffing_weathers tbody tr")).to_have_count(3)
    assert int(planned.locator(".st-key-desk_staffing_short .value b").inner_text()) > before
    assert "scenario=" in planned.url

    with planned.expect_download() as download:
        planned.get_by_role("button", name="Plan", exact=True).click()
    with Path(download.value.path()).open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 8 * 14 * 48
    assert max(int(row["short"]) for row in rows) > 15
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT who, what FROM audit").fetchall() == [("Ann", "schedule_upload")]
    assert {url.split("/")[2] for url in asked if not url.startswith(("data:", "blob:"))} == {planned.url.split("/")[2]}


def test_a_link_carries_the_view_and_nothing_is_cut(planned: Page) -> None:
    planned.goto(f"{planned.url.split('?')[0]}?queue=spanish&chance=0.95&weather=no+storm")
    expect(planned.locator(".st-key-desk_staffing_verdict h3")).to_contain_text("Shown is No storm")
    expect(planned.get_by_role("combobox", name="Queue").first).to_have_value("Spanish")
    planned.locator('[data-testid="stVegaLiteChart"] :is(svg, canvas)').first.wait_for()
    wide = planned.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide
