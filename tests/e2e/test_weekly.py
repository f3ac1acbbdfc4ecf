"""The weekly review in a browser: every part is drawn, words stay words, an action is added and kept, both files come."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard import weekly_city
from tests.dashboard.weekly_city import HOSTILE, WEEK
from tests.e2e.server import Dashboard

DIGITS = re.compile(r"^[\d,.]+$")
TILES = (
    "due_cohort_on_time",
    "open",
    "reopen_share",
    "closed_without_work_share",
    "offered",
    "service_level",
    "abandon_share",
    "hours_below_target",
)


@pytest.fixture
def review(environment: dict[str, str], database: str, tmp_path: Path, wall: Page) -> Iterator[Page]:
    """The page of the made-up week."""
    with psycopg.connect(database) as connection:
        weekly_city.fill(connection)
    server = Dashboard(environment | {"CITY_TIMEZONE": weekly_city.ZONE.key}, tmp_path / "dashboard.log")
    server.start()
    wall.goto(f"{server.url}/weekly?week={WEEK.name}")
    yield wall
    server.kill()


def test_the_review_is_drawn_an_action_is_added_and_both_files_come(review: Page, database: str) -> None:
    asked: list[str] = []
    review.on("request", lambda request: asked.append(request.url))
    expect(review.locator(".st-key-desk_week_verdict h3 b")).to_have_text("Streets fell below its own limits")
    for metric in TILES:
        expect(review.locator(f".st-key-desk_week_{metric} .value b")).to_have_text(DIGITS)
    expect(review.locator(".st-key-desk_week_departments tbody tr").first).to_contain_text("Real fall: below its limits")
    actions = review.locator(".st-key-desk_week_actions")
    expect(actions).to_contain_text(HOSTILE)
    expect(review.locator('[data-testid="stVegaLiteChart"] :is(svg, canvas)').first).to_be_visible()

    review.get_by_text("Add or change an action").click()
    review.get_by_label("What is to be done").fill("<i>Call</i> the *clerks* back")
    review.get_by_label("Who does it").fill("Streets")
    review.get_by_role("button", name="Add the action").click()
    expect(review.get_by_text("Not kept: your name is missing.")).to_be_visible()
    review.get_by_label("Your name, for the record").fill("Ann")
    review.get_by_role("button", name="Add the action").click()
    expect(actions).to_contain_text("<i>Call</i> the *clerks* back")
    expect(review.get_by_label("What is to be done")).to_have_value("")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT who, after ->> 'what' FROM audit").fetchall() == [("Ann", "<i>Call</i> the *clerks* back")]

    for shape, begins in (("PDF", b"%PDF"), ("CSV", b"week,section")):
        with review.expect_download() as download:
            review.get_by_role("button", name=shape, exact=True).click()
        assert download.value.suggested_filename == f"weekly-review-{WEEK.name}.{shape.lower()}"
        assert Path(download.value.path()).read_bytes().startswith(begins)
    assert {url.split("/")[2] for url in asked} == {review.url.split("/")[2]}, "nobody outside is asked"


def test_another_week_is_chosen_and_its_link_carries_it(review: Page) -> None:
    review.get_by_role("combobox", name="Week").click()
    review.get_by_role("option").filter(has_text="2025-W44").click()
    expect(review.locator(".st-key-desk_week_verdict h3")).not_to_contain_text("Streets fell")
    assert "week=2025-W44" in review.url
    review.reload()
    expect(review.locator(".st-key-desk_week_verdict h3")).to_contain_text("Licenses & inspections is under target")
