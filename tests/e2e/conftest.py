"""A real dashboard on a real database with the made-up city in it, seen in a real browser."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e import city
from tests.e2e.server import FLAGS, Dashboard, browser_path

HERE = Path(__file__).parent
BEAT_SECONDS = 0.5
PATIENCE_MILLISECONDS = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser takes a core for itself."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests, with as much patience for what it shows as for what it does."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def wall(browser: Browser) -> Iterator[Page]:
    """A page as large as a wall, dark."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, color_scheme="dark")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context.new_page()
    context.close()


def afternoon_zone() -> str:
    """A time zone in which it is between 14 and 15 o'clock now, so that a test at night finds a day with calls in it."""
    ahead = 14 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The test's environment, in a city where it is afternoon."""
    return environment | {"CITY_TIMEZONE": afternoon_zone()}


@pytest.fixture
def filled(database: str) -> Iterator[psycopg.Connection]:
    """A connection to the database with the city in trouble in it."""
    with psycopg.connect(database) as connection:
        city.fill(connection, datetime.now(UTC), ZoneInfo(afternoon_zone()))
        yield connection


@pytest.fixture
def beating(database: str, filled: psycopg.Connection) -> Iterator[set[str]]:
    """The feeds that speak twice a second; take one out to silence it."""
    feeds, ended = set(city.CADENCE_SECONDS), threading.Event()

    def beat() -> None:
        with psycopg.connect(database) as connection:
            while not ended.wait(BEAT_SECONDS):
                city.beat(connection, datetime.now(UTC), tuple(feeds))

    thread = threading.Thread(target=beat)
    thread.start()
    yield feeds
    ended.set()
    thread.join()


@pytest.fixture
def dashboard(environment: dict[str, str], filled: psycopg.Connection, tmp_path: Path) -> Iterator[Dashboard]:
    """The running dashboard."""
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def opened(dashboard: Dashboard, wall: Page) -> Callable[[str], Page]:
    """Open a screen and wait until it shows figures."""

    def open_(path: str = "/") -> Page:
        wall.goto(dashboard.url + path)
        wall.locator(".strip .verdict b").wait_for()
        return wall

    return open_
