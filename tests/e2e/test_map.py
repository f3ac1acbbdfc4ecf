"""The Map in a browser: drawn without the internet, a view that its address carries, and residents' words that stay words."""

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h3
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from shapely import total_bounds
from shapely.geometry import shape

from dashboard import map_cells
from sql import areas
from streams import events
from tests import request_samples
from tests.e2e.conftest import PATIENCE_MILLISECONDS
from tests.e2e.server import Dashboard, browser_path

TRIES, LOOKS = 10, 20
MARKUP = '<img src=x onerror="window.wasRun = true">'
DISTRICTS = Path(__file__).resolve().parents[2] / "streams" / "simulator" / "districts.geojson"


def fill(connection: psycopg.Connection, now: datetime) -> None:
    """Forty requests of one street in the last day, ten of a hostile type, and five without a place."""
    told = [
        events.RequestSnapshot(
            f"r{n}",
            "open",
            now - timedelta(hours=1, minutes=n),
            service_name=MARKUP if n % 5 == 0 else "Pothole",
            department="Streets",
            address=f"{n} Main St",
            lat=39.95 + n * 1e-5 if n < 45 else None,
            long=-75.16 if n < 45 else None,
        )
        for n in range(50)
    ]
    request_samples.write(connection, told)


@pytest.fixture
def city_map(environment: dict[str, str], database: str, tmp_path: Path, wall: Page) -> Iterator[Page]:
    """The map of that street; nobody outside is asked while it is open."""
    from sqlalchemy import create_engine

    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        areas.load(DISTRICTS, connection, kind="district")
    engine.dispose()
    with psycopg.connect(database, autocommit=True) as plain:
        fill(plain, datetime.now(UTC))
    asked: list[str] = []
    wall.on("request", lambda request: asked.append(request.url))
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    wall.goto(f"{server.url}/map")
    yield wall
    here = server.url.removeprefix("http://")
    server.kill()
    web = [url for url in asked if not url.startswith(("blob:", "data:"))]
    assert {url.split("/")[2] for url in web} == {here}


def test_the_map_its_words_and_a_filter_that_survives_a_reload(city_map: Page) -> None:
    said = city_map.locator(".st-key-desk_map_said")
    expect(said).to_contain_text("50 requests: 45 on the map, 5 without a place (10% have no usable place)")
    expect(said).to_contain_text("Reporting rates differ between neighborhoods")
    with city_map.expect_response(re.compile("/api/areas/district.geojson")) as outlines:
        city_map.reload()
    assert outlines.value.status == 200
    expect(city_map.locator(".st-key-map canvas").first).to_be_visible()
    types = city_map.locator(".st-key-desk_map_types")
    expect(types.locator("tbody tr td.name")).to_have_text(["Pothole", MARKUP])
    assert city_map.evaluate("window.wasRun") is None

    types.get_by_role("link", name="Pothole").click()
    expect(city_map).to_have_url(re.compile("type=Pothole"))
    expect(said).to_contain_text("40 requests: 36 on the map")
    city_map.get_by_role("combobox", name="Show").click()
    city_map.get_by_role("option", name="Times the usual").click()
    expect(city_map.locator(".st-key-desk_map_legend")).to_contain_text("as usual")
    expect(city_map).to_have_url(re.compile("show=ratio"))
    city_map.reload()
    expect(said).to_contain_text("40 requests: 36 on the map")
    expect(city_map.locator(".st-key-desk_map_legend")).to_contain_text("as usual")


def test_a_cell_of_the_address_lists_its_requests(city_map: Page) -> None:
    expect(city_map.locator(".st-key-desk_map_said")).to_contain_text("50 requests")
    city_map.goto(re.sub(r"\?.*", "", city_map.url) + "?cell=882a134d49fffff")
    expect(city_map.get_by_text("There are none in this cell.")).to_be_visible()


def place_of(cell: str, page: Page) -> tuple[float, float]:
    """Where the middle of a cell is on the page, in px: in Mercator's projection, from the middle of the map."""
    west, south, east, north = total_bounds([shape(one["geometry"]) for one in json.loads(DISTRICTS.read_text())["features"]])
    camera = map_cells.camera(south, west, north, east)
    box = page.locator(".st-key-map canvas").first.bounding_box()
    assert box is not None
    degrees = 512 * 2 ** camera["zoom"] / 360  # px of a degree of longitude

    def up(latitude: float) -> float:
        return math.degrees(math.asinh(math.tan(math.radians(latitude))))

    latitude, longitude = h3.cell_to_latlng(cell)
    right, down = (longitude - camera["longitude"]) * degrees, (up(camera["latitude"]) - up(latitude)) * degrees
    return box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down


def until(page: Page, act: Callable[[int], None], holds: Callable[[], bool], what: str) -> None:
    """Do something again and again until something holds: a map is drawn some time after its canvas is there, and a busy browser
    takes the two halves of a click for something else.
    """
    for time in range(TRIES):
        act(time)
        for _ in range(LOOKS):
            if holds():
                return
            page.wait_for_timeout(PATIENCE_MILLISECONDS / TRIES / LOOKS)
    pytest.fail(f"{what}, in {TRIES} times")


def test_a_click_on_a_cell_lists_its_requests_and_the_address_carries_it(city_map: Page) -> None:
    expect(city_map.locator(".st-key-desk_map_said")).to_contain_text("45 on the map")
    expect(city_map.locator(".st-key-map canvas").first).to_be_visible()
    cell = h3.latlng_to_cell(39.95, -75.16, 8)
    says, listed = city_map.get_by_text("45 requests, no usual yet"), city_map.locator(".st-key-panel_map_requests")

    def at(time: int) -> tuple[float, float]:
        x, y = place_of(cell, city_map)  # asked each time: what stands above the map moves it until the page is whole
        return x + time % 2, y

    until(city_map, lambda time: city_map.mouse.move(*at(time)), says.is_visible, "the map did not say what is in the cell")
    until(city_map, lambda time: city_map.mouse.click(*at(time)), lambda: f"cell={cell}" in city_map.url, "the click was lost")
    expect(listed.get_by_role("heading", name="45 requests in the cell")).to_be_visible()
    city_map.reload()
    expect(listed.get_by_role("heading", name="45 requests in the cell")).to_be_visible()
    listed.get_by_role("button", name="Close the list").press("Enter")
    expect(listed).to_have_count(0)
    expect(city_map).not_to_have_url(re.compile("cell="))


LOSE = "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
IN_ITS_PLACE = "chart => getComputedStyle(chart, '::after').content"


def test_a_map_that_the_browser_lost_is_drawn_anew_and_one_lost_again_says_so(city_map: Page) -> None:
    canvas, whole = city_map.locator(".st-key-map canvas").first, city_map.locator("html")
    watched = city_map.locator(".st-key-desk_map_legend")  # what looks after the map
    expect(watched).to_contain_text("up to the number")
    with city_map.expect_navigation():
        canvas.evaluate(LOSE)
    expect(watched).to_contain_text("up to the number")
    assert canvas.evaluate("canvas => canvas.getContext('webgl2').isContextLost()") is False
    city_map.wait_for_timeout(3000)  # a map that stays says nothing
    assert whole.get_attribute("data-map") is None
    canvas.evaluate(LOSE)
    expect(whole).to_have_attribute("data-map", "lost")
    assert "lost its graphics memory" in city_map.get_by_test_id("stDeckGlJsonChart").evaluate(IN_ITS_PLACE)


def test_a_browser_that_draws_no_map_says_so_in_its_place(browser: Browser, city_map: Page) -> None:
    bare = browser.browser_type.launch(executable_path=browser_path(), args=["--no-sandbox", "--disable-3d-apis"])
    page = bare.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(city_map.url)
    expect(page.locator("html")).to_have_attribute("data-map", "none")
    assert "has no WebGL" in page.get_by_test_id("stDeckGlJsonChart").evaluate(IN_ITS_PLACE)
    bare.close()


def test_the_outlines_are_for_browsers_on_this_machine_alone(city_map: Page) -> None:
    where = re.sub(r"/map.*", "", city_map.url) + "/api/areas/district.geojson"
    assert city_map.request.get(where).status == 200
    assert city_map.request.get(where, headers={"Host": "elsewhere.example"}).status == 403
