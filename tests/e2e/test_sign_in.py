"""Sign in, make a display its address, open it in another browser, and revoke it: in real browsers, at a real provider."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import Dashboard
from tests.integration import test_access
from tests.integration.test_access import provider  # noqa: F401 (a fixture)

dashboard = test_access.dashboard  # the one with sign-in


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    """The browser of a screen on a wall."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, color_scheme="dark")
    yield context.new_page()
    context.close()


@pytest.mark.timeout(300)
def test_an_administrator_makes_a_display_its_address_and_revokes_it(
    beating: set[str], dashboard: Dashboard, wall: Page, screen: Page
) -> None:
    wall.goto(f"{dashboard.url}/displays")
    wall.get_by_role("button", name="admin").first.click()
    wall.wait_for_url(f"{dashboard.url}/**")
    wall.goto(f"{dashboard.url}/displays")
    expect(wall.get_by_text("The admin (admin@example.gov)").first).to_be_visible()
    wall.get_by_label("Where it hangs").fill("Lobby, <b>north</b>")
    wall.get_by_role("button", name="Make its address").click()
    address = wall.locator("code").inner_text()
    expect(wall.get_by_text("1: Lobby, <b>north</b>")).to_be_visible()

    screen.goto(address)
    expect(screen.locator(".strip .verdict b")).to_have_text("Falling behind")
    assert "display=" not in screen.url
    assert screen.evaluate("document.cookie").find("city311_display") == -1, "no script reads the token"
    screen.goto(f"{dashboard.url}/departments")
    expect(screen.get_by_role("heading", name="Not on a display")).to_be_visible()
    screen.goto(f"{dashboard.url}/?wall=live")
    expect(screen.locator(".strip .verdict b")).to_have_text("Falling behind")

    wall.get_by_role("combobox", name="Revoke").click()
    wall.get_by_role("option", name="Lobby").click()
    wall.get_by_role("button", name="Revoke it").click()
    expect(wall.get_by_text("its screen is closed within seconds")).to_be_visible()
    expect(screen.get_by_role("heading", name="This display may not")).to_be_visible()
