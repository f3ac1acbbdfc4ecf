"""A display that its address sets up, in a browser: it turns without loading anything, pins, says what is not live, and heals by itself."""

import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from sql.queries import statement
from tests.e2e import city
from tests.e2e.conftest import afternoon_zone
from tests.e2e.server import Dashboard
from tests.tcp_proxy import TcpProxy

TILE = '[class*="st-key-part_{}"] .root'
NAME = "Winter Storm Hale"
# What the browser takes for its clock can be shifted; the counter that only grows goes on, as over a sleep it does not.
SHIFTED_CLOCK = "window.shift = 0; const told = Date.now; Date.now = () => told() + window.shift"
PAGES = """() => {
  window.turns = []
  const note = () => {
    const page = document.documentElement.dataset.wall
    if (page && page !== window.turns.at(-1)) window.turns.push(page)
  }
  note(); setInterval(note, 50)
}"""


@pytest.fixture
def calm(database: str) -> Iterator[psycopg.Connection]:
    """A connection to the database of the city in which nothing says Act."""
    with psycopg.connect(database) as connection:
        city.fill(connection, datetime.now(UTC), ZoneInfo(afternoon_zone()), city.CALM)
        connection.execute("UPDATE service_target SET longest_wait_limit_seconds = 36000")  # however long a test takes
        connection.commit()
        yield connection


@pytest.fixture
def filled(calm: psycopg.Connection) -> psycopg.Connection:
    """What the other fixtures stand on."""
    return calm


def incident(database: str, name: str, params: dict[str, object]) -> int:
    """Write an incident as the page does; its number."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            return int(connection.execute(text(statement(name)), params).one()[0])
    finally:
        engine.dispose()


def loads(page: Page) -> list[str]:
    """Every page that is loaded from now on."""
    found: list[str] = []
    page.on("load", lambda one: found.append(one.url))
    return found


@pytest.mark.usefixtures("beating")
def test_it_turns_without_loading_anything_and_pins_an_incident(
    dashboard: Dashboard, wall: Page, database: str, calm: psycopg.Connection
) -> None:
    wall.add_init_script(
        "window.asked = 0; const lock = { request: async () => { window.asked += 1; return { released: false } } }; Object.defineProperty(navigator, 'wakeLock', { value: lock })"
    )
    wall.goto(f"{dashboard.url}/?wall=live,map&every=5&theme=light&evry=1")
    wall.locator(".st-key-wall_live .strip .verdict b").wait_for()
    loaded, address = loads(wall), wall.url
    assert address.endswith("embed_options=light_theme")
    wall.evaluate(PAGES)
    wall.locator(".st-key-part_wm_types").wait_for(state="attached")
    wall.evaluate("() => { window.map = document.querySelector('.st-key-part_wm_types') }")
    wall.wait_for_function("() => window.turns.length > 3", timeout=60_000)
    assert wall.evaluate("() => window.map.isConnected")  # a map that goes away at each turn never gives back its memory
    turns = wall.evaluate("() => window.turns")
    assert {("live", "map"), ("map", "live")} >= set(pairwise(turns))
    bar = wall.locator(".city311-bar")
    expect(bar).to_contain_text("evry= is not known")
    assert wall.evaluate("() => window.asked") >= 1
    assert wall.evaluate("() => document.querySelector('[data-testid=stApp]').inert")
    assert wall.evaluate("() => getComputedStyle(document.body).cursor") == "none"
    assert wall.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]'); return [main.scrollHeight, main.scrollWidth] }"
    ) == [1080, 1920]

    onset = datetime.now(UTC) - timedelta(hours=1)
    opened = {
        "name": NAME,
        "kind": "snow",
        "level": "Monitoring",
        "onset_at": onset,
        "areas": [],
        "alert_id": None,
        "who": "Ann",
        "reason": "",
    }
    number = incident(database, "write-incident-opened", opened)
    expect(bar).to_contain_text(f"Pinned while {NAME} is active", timeout=30_000)
    expect(wall.locator(TILE.format("em_strip"))).to_contain_text(NAME)
    calm.execute("UPDATE incident SET ended_at = now() WHERE incident_id = %s", (number,))
    calm.execute(
        "INSERT INTO incident_change (incident_id, changed_by, name, level, onset_at, ended_at, areas)"
        " SELECT incident_id, 'Ann', name, level, onset_at, ended_at, areas FROM incident WHERE incident_id = %s",
        (number,),
    )
    calm.commit()
    expect(bar).not_to_contain_text("Pinned", timeout=30_000)
    wall.wait_for_function("() => ['live', 'map'].includes(window.turns.at(-1))", timeout=30_000)
    assert not loaded
    assert wall.url == address


def test_with_the_server_killed_it_says_so_and_goes_on_in_the_same_page(
    dashboard: Dashboard, wall: Page, calm: psycopg.Connection, beating: set[str]
) -> None:
    wall.add_init_script(SHIFTED_CLOCK)
    wall.goto(f"{dashboard.url}/?wall=live")
    tile, banner = wall.locator(TILE.format("waiting")), wall.locator(".city311-banner")
    expect(tile).to_have_attribute("data-fresh", "live")
    expect(banner).to_be_hidden()
    loaded = loads(wall)

    for hours in (1, -2):  # set forward as by a sleep, then back: the figures are as fresh as they were
        wall.evaluate("(hours) => { window.shift += hours * 3_600_000 }", hours)
        wall.wait_for_timeout(1500)
        expect(banner).to_be_hidden(timeout=8000)
        expect(tile).to_have_attribute("data-fresh", "live", timeout=8000)

    dashboard.kill()
    killed = time.monotonic()
    expect(banner).to_be_visible(timeout=15_000)
    assert time.monotonic() - killed < 10
    expect(banner.locator("b")).to_contain_text("No connection for 0:")
    expect(banner.locator("span")).to_contain_text("Figures as of ")
    size, height = banner.evaluate("(node) => [parseFloat(getComputedStyle(node).fontSize), node.getBoundingClientRect().height]")
    assert size >= 54
    assert height > 80
    assert float(wall.locator(".st-key-wall").evaluate("(node) => getComputedStyle(node).opacity")) < 1
    wall.evaluate("() => { window.shift -= 3_600_000 }")  # a clock that is set back makes nothing young
    wall.wait_for_timeout(2500)
    expect(banner.locator("b")).to_contain_text("No connection for 0:")
    wall.evaluate("() => { window.shift += 7_200_000 }")  # two hours of sleep: what was seen before is as old as that
    expect(banner.locator("b")).to_contain_text("No connection for 2 h")
    expect(tile).to_have_attribute("data-fresh", "stale")
    expect(tile.locator(".value b")).to_have_text("5")  # the last good figure, not withdrawn
    assert wall.locator('[data-testid="stDialog"]').filter(visible=True).count() == 0
    dashboard.start()
    expect(banner).to_be_hidden(timeout=40_000)
    expect(tile).to_have_attribute("data-fresh", "live", timeout=20_000)
    assert not loaded


def ask(url: str, form: dict[str, str] | None = None) -> str:
    """A page, or what a form answers."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    headers = {} if form is None else {"Origin": url.rsplit("/plain", 1)[0]}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return str(answer.read().decode())


def test_without_a_database_the_last_good_figures_stand_and_a_person_may_tell_newer_ones(
    environment: dict[str, str],
    database: str,
    calm: psycopg.Connection,
    beating: set[str],
    tcp_proxy: Callable[[str, int], TcpProxy],
    wall: Page,
    tmp_path: Path,
) -> None:
    calm.execute("UPDATE feed SET cadence_seconds = 1")
    calm.commit()
    proxy = tcp_proxy("127.0.0.1", calm.info.port)
    server = Dashboard(environment | {"DATABASE_URL": proxy.url(database)}, tmp_path / "dashboard.log")
    server.start()
    try:
        wall.goto(f"{server.url}/?wall=live")
        tile, banner = wall.locator(TILE.format("waiting")), wall.locator(".city311-banner")
        expect(tile).to_have_attribute("data-fresh", "live")
        kept = Path(environment["STATE_DIR"]) / "last_good.msgpack"
        wall.wait_for_timeout(1000)
        deadline = time.monotonic() + 30
        while not kept.exists() and time.monotonic() < deadline:
            wall.wait_for_timeout(200)
        proxy.cut()
        expect(banner.locator("b")).to_contain_text("No answer from the database for 0:", timeout=15_000)
        server.kill()
        server.start()
        expect(banner.locator("b")).to_contain_text("No answer from the database for", timeout=40_000)
        expect(tile.locator(".value b")).to_have_text("5")
        deadline = time.monotonic() + 15  # the banner is of before: the new server may not have asked yet
        while "No answer from the database" not in (plain := ask(f"{server.url}/plain")):
            assert time.monotonic() < deadline
            wall.wait_for_timeout(200)
        assert "Trash &amp; recycling" in plain
        told = {"queue": "trash", "waiting": "31", "longest": "9:59", "free": "1", "who": "Ann"}
        assert "waits on this server" in ask(f"{server.url}/plain/entry", told)
        assert "by hand" in ask(f"{server.url}/plain")
        expect(wall.locator(".queues .row").nth(2)).to_contain_text("31", timeout=15_000)
        expect(wall.locator(".queues .row").nth(2)).to_contain_text(", Ann")
        proxy.restore()
        expect(banner).to_be_hidden(timeout=30_000)
        expect(wall.locator(".queues .row").nth(2)).not_to_contain_text("Ann")  # the feed speaks again
        deadline = time.monotonic() + 20
        while (found := calm.execute("SELECT waiting FROM queue_by_hand").fetchone()) is None and time.monotonic() < deadline:
            wall.wait_for_timeout(200)
        assert found == (31,)
    finally:
        server.kill()
