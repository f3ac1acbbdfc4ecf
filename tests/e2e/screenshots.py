"""Pictures of a running dashboard for the documentation: `python -m tests.e2e.screenshots` (`make screenshots`) writes docs/pictures/.

It looks at the dashboard that runs already (`make demo`), waits until a screen shows figures, and changes nothing. The pages of the weekly
review's PDF and of the situation report are set from the same database, side by side in one picture.
"""

import io
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Error as BrowserError, sync_playwright

from dashboard import situation_report, weekly_report
from dashboard.situation_rows import NoSuchIncident
from dashboard.weekly_command import review_of
from dashboard.weekly_week import NoSuchWeek
from sql.engine import DatabaseUnavailable, engine
from sql.queries import frame
from sql.settings import PROJECT, settings
from tests.e2e.server import FLAGS, browser_path

LARGEST_BYTES = 300_000
SETTLED_SECONDS = 6.0  # the chart is drawn and every tile has had an event
COLOURS = (256, 128, 64, 32)
GROUNDS = 4  # large areas of one colour: ground, panels
PAGES_PPI, PAGES_GAP, DESK_COLOUR = 110, 24, "#F4F2EC"  # the pages lie on the ground of the light mode


@dataclass(frozen=True)
class Picture:
    """One screen in one mode; scale 2 is a 4K panel."""

    name: str
    path: str
    mode: Literal["dark", "light"]
    scale: float = 1


PICTURES = (
    Picture("live_dark", "/", "dark"),
    Picture("live_light", "/", "light"),
    Picture("live_4k", "/", "dark", 2),
    Picture("emergency_dark", "/emergency", "dark"),
    Picture("emergency_light", "/emergency", "light"),
    Picture("display_dark", "/?wall=live,emergency&theme=dark", "dark"),
    Picture("incident_light", "/incident", "light"),
    Picture("staffing_dark", "/staffing", "dark"),
    Picture("staffing_light", "/staffing", "light"),
    Picture("map_dark", "/map?period=7d", "dark"),
    Picture("map_light", "/map?period=7d&show=ratio", "light"),
    Picture("departments_dark", "/departments", "dark"),
    Picture("departments_light", "/departments", "light"),
    Picture("weekly_light", "/weekly", "light"),
    Picture("weekly_dark", "/weekly", "dark"),
    Picture("system_dark", "/system", "dark"),
    Picture("displays_light", "/displays", "light"),
    Picture("definitions_light", "/definitions?metric=service_level", "light"),
)


def take(browser: Browser, address: str, picture: Picture) -> bytes:
    """One picture as PNG."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, device_scale_factor=picture.scale, color_scheme=picture.mode)
    page = context.new_page()
    page.goto(address + picture.path)
    page.locator(".strip .verdict b, .st-key-desk h3, .boardbox td").first.wait_for(timeout=30_000)
    page.wait_for_timeout(1000 * SETTLED_SECONDS)
    shot = page.screenshot()
    context.close()
    return shot


def small(shot: bytes) -> bytes:
    """The same picture with as many colours as LARGEST_BYTES allows."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        _with_its_grounds(image, image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)).save(
            out, "PNG", optimize=True
        )
        if out.tell() <= LARGEST_BYTES:
            break
    return out.getvalue()


def _with_its_grounds(image: Image.Image, reduced: Image.Image) -> Image.Image:
    """The colours that most of the picture has, as they were: a palette may have moved them."""
    shown, places = np.asarray(image), np.asarray(reduced)
    palette = np.asarray(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3).copy()
    for _, colour in sorted(image.getcolors(image.width * image.height) or [], reverse=True)[:GROUNDS]:
        palette[places[(shown == colour).all(axis=-1)][0]] = colour
    reduced.putpalette(palette.tobytes())
    return reduced


def side_by_side(pages: list[bytes]) -> bytes:
    """The pages of a file in one picture."""
    images = [Image.open(io.BytesIO(page)).convert("RGB") for page in pages]
    width = sum(image.width + PAGES_GAP for image in images) + PAGES_GAP
    sheet = Image.new("RGB", (width, images[0].height + 2 * PAGES_GAP), DESK_COLOUR)
    left = PAGES_GAP
    for image in images:
        sheet.paste(image, (left, PAGES_GAP))
        left += image.width + PAGES_GAP
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def weekly_pages() -> bytes:
    """The pages of the last week's review.

    Raises:
        DatabaseUnavailable: the database is away.
        NoSuchWeek: nothing is known of the last week.
    """
    with engine(read=True).connect() as connection:
        review = review_of(connection, None, datetime.now(UTC))
    return side_by_side(weekly_report.pictures(review, PAGES_PPI))


def situation_pages() -> bytes:
    """The pages of the situation report on the running incident, else on the last one.

    Raises:
        DatabaseUnavailable: the database is away.
        NoSuchIncident: none was ever opened.
    """
    with engine(read=True).connect() as connection:
        known = frame("incidents", connection)
        newest = None if known.empty else int(known["incident_id"].iloc[0])
        return side_by_side(situation_report.pictures(situation_report.read(connection, newest)))


def keep(shot: bytes, name: str, folder: Path) -> None:
    """Write one picture, and say so."""
    packed = small(shot)
    (folder / f"{name}.png").write_bytes(packed)
    click.echo(f"{name}.png  {len(packed) / 1000:.0f} kB")


@click.command()
@click.option("--url", help="The running dashboard; 127.0.0.1 and DASHBOARD_PORT if not given.")
@click.option(
    "--to", type=click.Path(path_type=Path), default=PROJECT / "docs" / "pictures", help="The folder; docs/pictures if not given."
)
def main(url: str | None, to: Path) -> None:
    """Save pictures of the running dashboard."""
    address = (url or f"http://127.0.0.1:{settings().dashboard_port}").rstrip("/")
    to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for picture in PICTURES:
            try:
                keep(take(browser, address, picture), picture.name, to)
            except BrowserError as error:
                click.echo(
                    f"Error: {address}{picture.path} cannot be seen: {error.message.splitlines()[0]}. Is `make demo` running?", err=True
                )
                sys.exit(1)
        browser.close()
    try:
        keep(weekly_pages(), "weekly_pdf", to)
        keep(situation_pages(), "situation_pdf", to)
    except (DatabaseUnavailable, NoSuchIncident, NoSuchWeek) as error:
        click.echo(f"Error: the reports cannot be set: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
