"""Whose turn it is on a wall: pages follow the clock, so that all walls turn together, and stop where something must be looked at. Pure.

The clock is counted in seconds since 1970, which no change of summer time moves.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dashboard.edition import EMERGENCY_KEYS, Edition
from dashboard.freshness import freshness
from dashboard.wall_setup import NAMES, Page, Setup


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page is up.

    Attributes:
        page: the page.
        place: of how many: "2 of 3"; empty where there is but one.
        ends_at: when the next one comes, seconds since 1970; None: it stays.
        why: why it stays, in words; empty: it is its turn, or there is no other.
    """

    page: Page
    place: str
    ends_at: float | None
    why: str = ""


def turn(setup: Setup, at: datetime, incident: str | None, acting: Collection[Page] = ()) -> Turn:
    """The page that is due.

    Args:
        setup: the display.
        at: the clock of the server.
        incident: the name of the running one; None: none runs.
        acting: pages on which something says Act.
    """
    pages = setup.pages
    if setup.pins and incident is not None:
        return Turn("emergency", _place(setup, "emergency"), None, f"Pinned while {incident} is active")
    held = next((page for page in pages if page in acting), None)
    if setup.pins and held is not None and len(pages) > 1:
        return Turn(held, _place(setup, held), None, f"{NAMES[held]} stays while it says Act")
    turns = math.floor(at.timestamp() / setup.every_seconds)
    page = pages[turns % len(pages)]
    return Turn(page, _place(setup, page), None if len(pages) == 1 else float((turns + 1) * setup.every_seconds))


def _place(setup: Setup, page: Page) -> str:
    if len(setup.pages) == 1 or page not in setup.pages:
        return ""
    return f"{setup.pages.index(page) + 1} of {len(setup.pages)}"


def acting_pages(edition: Edition) -> set[Page]:
    """The pages on which a figure that is still known says Act."""
    now = edition.snapshot.at.timestamp()
    judged = edition.verdict.queues.values()
    live = edition.verdict.status == "act" or any(one.known and one.status == "act" for one in judged)
    emergency = any(_acts(edition, key, now) for key in EMERGENCY_KEYS)
    pages: dict[Page, bool] = {"live": live, "emergency": emergency}
    return {page for page, acts in pages.items() if acts}


def _acts(edition: Edition, key: str, now: float) -> bool:
    figure = edition.figures[key]
    as_of = figure.get("as_of")
    age = None if as_of is None else now - as_of
    return figure.get("status") == "act" and freshness(age, figure["cadence"]) in ("live", "late")


def running_incident(edition: Edition) -> str | None:
    """The name of the incident that runs, as it was last read; None: none does."""
    known = edition.snapshot.emergency
    if known is None or known.incident is None or known.incident.ended_at is not None:
        return None
    return known.incident.name
