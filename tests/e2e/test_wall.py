"""The wall in a browser: it fits, it asks nobody outside, it follows a commit, it does not flicker, and it tells what it does not know."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import city
from tests.e2e.server import Dashboard
from tests.tcp_proxy import TcpProxy

TILE = '[class*="st-key-part_{}"] .root'

# Watches every root, also within components, for elements that are taken away, and notes what fades. The inside of a drawing is left out.
WATCH = """() => {
  const seen = { removed: [], faded: 0, roots: [] }
  const inside = (node) => node.nodeType !== 1 || (node.namespaceURI.endsWith('svg') && node.tagName !== 'svg')
  const note = (node) => inside(node) || seen.removed.push(node.tagName + '.' + (node.className?.baseVal ?? node.className))
  const watch = (root) => {
    const observer = new MutationObserver((changes) => changes.forEach((change) => change.removedNodes.forEach(note)))
    observer.observe(root, { childList: true, subtree: true })
    root.querySelectorAll('*').forEach((node) => {
      if (!node.shadowRoot) return
      seen.roots.push([node, node.shadowRoot.querySelector('.root')])
      watch(node.shadowRoot)
    })
  }
  watch(document.body)
  const fade = () => {
    seen.faded += [...document.querySelectorAll('[data-stale="true"]')].filter((node) => getComputedStyle(node).opacity < 0.99).length
    requestAnimationFrame(fade)
  }
  fade()
  window.seen = seen
}"""
SEEN = """() => ({
  removed: window.seen.removed, faded: window.seen.faded,
  moved: window.seen.roots.filter(([host, root]) => !host.isConnected || host.shadowRoot.querySelector('.root') !== root).length,
  charts: document.querySelectorAll('[data-testid="stVegaLiteChart"] :is(svg, canvas)').length,
})"""
SCROLL = "() => { const main = document.querySelector('[data-testid=stMain]'); return [main.scrollHeight, main.scrollWidth] }"
# What components replace within themselves when a figure changes.
SWAPPED = re.compile(r"(SMALL|EM|B|I|SPAN|DIV|P|A|BR|svg)\.(mark|dot|spark|nil|few|g\d)?$")


def tile(page: Page, figure: str) -> Any:
    return page.locator(TILE.format(figure))


@pytest.mark.usefixtures("beating")
def test_the_wall_fits_and_asks_nobody_outside(dashboard: Dashboard, wall: Page) -> None:
    asked: list[str] = []
    errors: list[str] = []
    wall.on("request", lambda request: asked.append(request.url))
    wall.on("pageerror", lambda error: errors.append(str(error)))
    for path in ("/", "/system", "/definitions"):
        wall.goto(dashboard.url + path)
        wall.locator(".st-key-wall, .st-key-desk").first.wait_for()
        wall.wait_for_timeout(2500)
        if path == "/":
            expect(wall.locator('[data-testid="stVegaLiteChart"]')).to_be_visible()
            size = wall.evaluate(SCROLL)
            assert size == [1080, 1920]
    outside = [url for url in asked if not url.startswith((dashboard.url, dashboard.url.replace("http", "ws"), "data:", "blob:"))]
    assert asked
    assert not outside
    assert not errors


@pytest.mark.usefixtures("beating")
def test_a_component_that_could_not_be_loaded_is_asked_for_again(dashboard: Dashboard, wall: Page) -> None:
    failed: list[str] = []

    def fail_twice(route: Route) -> None:
        failed.append(route.request.url)
        route.continue_() if len(failed) > 2 else route.abort()

    wall.route("**/api/components/tile.*", fail_twice)
    wall.goto(dashboard.url)
    expect(tile(wall, "waiting").locator(".value b")).to_have_text("25")
    assert len(failed) == 3


@pytest.mark.usefixtures("beating")
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (2560, 1440), (1920, 1200)])
def test_other_screens_show_the_same_wall_without_scrolling(dashboard: Dashboard, wall: Page, width: int, height: int) -> None:
    wall.set_viewport_size({"width": width, "height": height})
    wall.goto(dashboard.url)
    wall.locator(".strip .verdict b").wait_for()
    wall.wait_for_timeout(1500)
    size = wall.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]'); return [main.scrollHeight, main.scrollWidth] }"
    )
    assert size == [height, width]
    right = wall.evaluate("() => document.querySelector('.st-key-panel_next').getBoundingClientRect().right")
    assert right == pytest.approx(width - 32 * min(width / 1920, height / 1080), abs=6)


@pytest.mark.usefixtures("beating")
def test_a_commit_reaches_the_wall_by_itself_and_nothing_flickers(opened: Callable[[str], Page], filled: psycopg.Connection) -> None:
    page = opened("/")
    waiting = tile(page, "waiting").locator(".value b")
    expect(waiting).to_have_text("25")
    page.locator('[data-testid="stVegaLiteChart"]').wait_for()
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    for i in range(12):
        city.join_queue(filled, f"new-{i}", datetime.now(UTC))
        expect(waiting).to_have_text(str(26 + i), timeout=3000)
        page.wait_for_timeout(800)
    seen = page.evaluate(SEEN)
    swapped = [name for name in seen["removed"] if not SWAPPED.match(name)]
    assert not swapped
    assert seen["moved"] == 0
    assert seen["faded"] == 0
    assert seen["charts"] >= 1


@pytest.mark.usefixtures("beating")
def test_with_the_stream_cut_the_page_lives_on_more_slowly(dashboard: Dashboard, wall: Page, filled: psycopg.Connection) -> None:
    wall.route("**/api/stream*", lambda route: route.abort())
    wall.goto(dashboard.url)
    waiting = tile(wall, "waiting").locator(".value b")
    expect(waiting).to_have_text("25")
    city.join_queue(filled, "slow", datetime.now(UTC))
    expect(waiting).to_have_text("26", timeout=9000)


def quicken(connection: psycopg.Connection) -> None:
    """Let every feed be expected once a second, so that a test sees it age."""
    connection.execute("UPDATE feed SET cadence_seconds = 1")
    connection.commit()


def test_with_the_server_killed_the_wall_ages_by_itself_and_heals(
    opened: Callable[[str], Page], dashboard: Dashboard, filled: psycopg.Connection, beating: set[str]
) -> None:
    quicken(filled)
    page = opened("/")
    waiting, verdict = tile(page, "waiting"), page.locator(".strip .verdict b")
    expect(waiting).to_have_attribute("data-fresh", "live")
    page.evaluate("() => { window.before = document.querySelector('[class*=st-key-part_waiting]') }")
    dashboard.kill()
    killed = time.monotonic()
    reached = {}
    for state in ("late", "stale", "unknown"):
        expect(waiting).to_have_attribute("data-fresh", state, timeout=30_000)
        reached[state] = time.monotonic() - killed
    assert reached["late"] < 5 < reached["unknown"] < 24
    expect(verdict).to_have_text("Not known")
    expect(page.locator(".strip .why")).to_contain_text("Nothing from Calls for")
    expect(waiting.locator(".value b")).to_have_text("?")
    assert page.locator('[data-testid="stDialog"]').filter(visible=True).count() == 0
    dashboard.start()
    expect(waiting).to_have_attribute("data-fresh", "live", timeout=20_000)
    expect(verdict).not_to_have_text("Not known")
    city.join_queue(filled, "after", datetime.now(UTC))
    expect(waiting.locator(".value b")).to_have_text("26", timeout=3000)  # the stream is open again too
    assert page.evaluate("() => window.before === document.querySelector('[class*=st-key-part_waiting]')"), "the page was loaded again"


def test_one_silent_feed_ages_its_own_row_and_is_named(
    opened: Callable[[str], Page], filled: psycopg.Connection, beating: set[str]
) -> None:
    quicken(filled)
    page = opened("/")
    row = page.locator(".queues .row").nth(5)
    expect(row).to_have_attribute("data-fresh", "live")
    beating.discard(city.CHAT)
    expect(row).to_have_attribute("data-fresh", "stale", timeout=15_000)
    expect(page.locator(".queues .row").nth(0)).to_have_attribute("data-fresh", "live")
    expect(tile(page, "waiting")).to_have_attribute("data-fresh", "live")
    expect(page.locator(".strip .feeds")).to_contain_text("1 of 3 feeds stale")
    expect(page.locator(".strip .feeds small")).to_have_text("Chat & text")
    expect(row).to_have_attribute("data-fresh", "unknown", timeout=30_000)
    expect(row.locator(".cell").first).to_have_text("?")


def test_a_clock_that_is_ahead_is_not_live(opened: Callable[[str], Page], filled: psycopg.Connection) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    filled.execute("UPDATE feed_partition SET newest_event_at = %s, heartbeat_at = %s", (ahead, ahead))
    filled.commit()
    page = opened("/")
    expect(tile(page, "waiting").locator(".compare")).to_have_text("clock ahead")
    expect(page.locator(".strip .verdict b")).to_have_text("Not known")


@pytest.mark.usefixtures("beating")
def test_words_from_outside_are_words(opened: Callable[[str], Page], filled: psycopg.Connection) -> None:
    evil = '<img src=x onerror="window.hacked=1">**x**'
    filled.execute("UPDATE queue SET name = %s WHERE queue IN ('spanish', 'general')", (evil,))
    filled.execute("UPDATE contact SET language = %s WHERE contact_id LIKE 'w-%%'", (evil,))
    filled.execute("UPDATE feed SET name = %s", (evil,))
    filled.execute("UPDATE dead_letter SET reason = %s", (evil,))
    filled.commit()
    page = opened("/")
    expect(page.locator(".queues .row b").first).to_have_text(evil)
    page = opened("/system")
    expect(page.locator(".table td").filter(has_text="onerror").first).to_be_visible()
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.usefixtures("beating")
def test_a_definition_is_one_click_away_from_every_label(opened: Callable[[str], Page]) -> None:
    page = opened("/")
    titles = {"waiting": "Waiting now", "level": "Service level", "free": "Agents available", "abandoned": "Abandon share", "next": "Usual"}
    for figure, title in titles.items():
        with page.context.expect_page() as opening:
            tile(page, figure).locator("h2 a").click()
        expect(opening.value.locator("h3").first).to_have_text(title)
        opening.value.close()


def test_the_stream_is_for_pages_on_this_machine_only(dashboard: Dashboard) -> None:
    where = f"{dashboard.url}/api/stream"
    for asked in (where, f"{where}?page=nowhere", urllib.request.Request(f"{where}?page=live", headers={"Host": "elsewhere.example"})):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(asked, timeout=5)


@pytest.mark.usefixtures("beating")
def test_a_stop_signal_ends_it_soon_though_walls_are_open(opened: Callable[[str], Page], dashboard: Dashboard) -> None:
    opened("/").wait_for_timeout(1000)
    status, seconds = dashboard.stop()
    assert seconds < 5
    assert status == 0
    assert "Traceback" not in dashboard.log.read_text()


def test_a_wall_opened_while_the_database_is_away_heals(
    environment: dict[str, str],
    database: str,
    filled: psycopg.Connection,
    tcp_proxy: Callable[[str, int], TcpProxy],
    wall: Page,
    tmp_path: Path,
) -> None:
    proxy = tcp_proxy("127.0.0.1", filled.info.port)
    proxy.cut()
    server = Dashboard(environment | {"DATABASE_URL": proxy.url(database)}, tmp_path / "dashboard.log")
    server.start()
    try:
        wall.goto(server.url)
        expect(wall.locator(".strip .verdict b")).to_have_text("Not known")
        expect(wall.locator(".strip .why")).to_contain_text("cannot be used")
        city.beat(filled, datetime.now(UTC))
        proxy.restore()
        expect(wall.locator(".strip .verdict b")).not_to_have_text("Not known", timeout=15_000)
        expect(wall.locator('[data-testid="stVegaLiteChart"]')).to_be_visible(timeout=30_000)
    finally:
        server.kill()
