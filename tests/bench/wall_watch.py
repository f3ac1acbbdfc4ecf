"""A real browser with a wall open in it, and what it showed, ten times a second: the value, its age in words, its state, the head, banners.

It looks at pixels' sources only (the page's own elements), and judges nothing.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.e2e.server import FLAGS, browser_path

SAMPLE_MILLISECONDS = 100
MOST_KEPT = 20_000  # samples in the page that nobody has taken yet
SPAN = re.compile(r"(?:(\d+) h )?(?:(\d+):(\d\d)|(\d+) s|(\d+) min)")

# The clock is the machine's whatever Date says, for a test may put Date wrong.
SAMPLER = f"""(() => {{
  const clock = performance.timeOrigin, shown = (window.wallSamples = [])
  const root = (part) => {{
    const host = document.querySelector(`[class*="st-key-part_${{part}}"]`)
    return host && [...host.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".root")).find(Boolean)
  }}
  const text = (where, what) => where?.querySelector(what)?.textContent.trim() ?? ""
  const note = () => {{
    const tile = root("waiting"), strip = root("strip")
    const over = [...document.querySelectorAll('[role="dialog"], [class*="banner"]')]
    const said = over.filter((one) => one.getClientRects().length).map((one) => one.innerText.trim().replace(/\\s+/g, " "))
    const banners = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector('[class*="banner"]')).filter(Boolean)
    said.push(...banners.filter((one) => one.getClientRects().length).map((one) => one.innerText.trim().replace(/\\s+/g, " ")))
    shown.push([
      clock + performance.now(), text(tile, ".value b"), text(tile, ".age"), tile?.getAttribute("data-fresh") ?? "gone",
      text(tile, ".compare"), text(strip, ".verdict b"), text(strip, ".why"), text(strip, ".feeds span"), said.filter(Boolean).join(" | "),
      text(root("offered"), ".value b"),
    ])
    if (shown.length > {MOST_KEPT}) shown.shift()
  }}
  setInterval(note, {SAMPLE_MILLISECONDS})
}})()"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the wall showed at `at` (seconds since 1970): words of the page; `waiting` None: no number stands there."""

    at: float
    waiting: int | None
    age: str
    fresh: str
    compare: str
    headline: str
    why: str
    feeds: str
    banner: str
    offered: str = ""

    @property
    def told_age(self) -> float | None:
        """The age that the wall tells of its figure, in seconds; None: it tells none."""
        return seconds_in(self.age) if self.fresh != "unknown" else seconds_in(self.compare)

    @property
    def says_live(self) -> bool:
        """Whether a passer-by would take the figure for one of now."""
        return self.fresh == "live" and self.waiting is not None and not self.banner


def seconds_in(words: str) -> float | None:
    """The span in words such as `late 1:05`, `12 s old`, `for 2 h 05 min`; None: there is none."""
    found = SPAN.search(words)
    if found is None:
        return None
    hours, minutes, seconds, only_seconds, only_minutes = (int(one or 0) for one in found.groups())
    return hours * 3600 + (minutes + only_minutes) * 60 + seconds + only_seconds


class Wall:
    """One open wall."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str, script: str = "") -> None:
        """Load it and wait for its first figure; `script` runs before any of the page's."""
        self.page.add_init_script(f"{script};{SAMPLER}")
        self.page.goto(url)
        self.page.locator('[class*="st-key-part_waiting"] .value b').wait_for(timeout=60_000)

    def samples(self) -> list[Sample]:
        """What it showed since this was asked last; nothing while the page cannot be asked."""
        try:
            rows: list[list[Any]] = self.page.evaluate("() => window.wallSamples?.splice(0) ?? []")
        except Error:
            return []
        return [_sample(row) for row in rows]

    def watch(self, seconds: float) -> list[Sample]:
        """What it shows within the next seconds; the page's own events are handled meanwhile."""
        until, found = time.monotonic() + seconds, self.samples()
        while (left := until - time.monotonic()) > 0:
            self.pause(min(0.25, left))
            found += self.samples()
        return found

    def pause(self, seconds: float) -> None:
        """Wait, and let the browser's messages in."""
        try:
            self.page.wait_for_timeout(1000 * seconds)
        except Error:
            time.sleep(seconds)


def _sample(row: list[Any]) -> Sample:
    at, waiting, *words = row
    digits = waiting.replace(",", "").replace(" ", "")
    return Sample(at / 1000, int(digits) if digits.isdigit() else None, *words)


@contextmanager
def opened(url: str, script: str = "") -> Iterator[Wall]:
    """A browser with the wall of that address, until the block ends."""
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        try:
            wall = Wall(browser.new_page(viewport={"width": 1920, "height": 1080}))
            wall.open(url, script)
            yield wall
        finally:
            browser.close()
