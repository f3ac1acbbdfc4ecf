"""The components of the screens. Each shows one figure of the newest edition; they hold no data and ask no questions of a database.

A component gets its figure twice: from Streamlit when the page is drawn and at every heartbeat (dashboard/heartbeat.py), and from the
stream the moment it changes. Both go the same way in the browser, where the newer edition wins; so a page whose stream is cut lives on
at the heartbeat's pace.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard import stream
from dashboard.access import session
from dashboard.bundles import Kind, component
from dashboard.charts import DATASET, DayChart
from dashboard.edition import BOOT, PAGES, Edition
from dashboard.figure import Figure
from dashboard.loader import current
from dashboard.queue_editions import EDITIONS
from dashboard.tokens import Mode

HEARTBEAT_SECONDS = 5.0
CHART_EVERY_SECONDS = 15.0  # it has a point a quarter hour

Size = Literal["wall", "mid", "small", "row", "desk", "far"]


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose figures a screen shows: the page whose stream brings the changes, and of which queues (none: of all)."""

    page: str
    queues: tuple[str, ...] = ()

    @property
    def edition(self) -> Edition:
        """The newest edition of it."""
        return EDITIONS.of(current(), self.queues) if self.queues else current()

    @property
    def stream(self) -> str:
        """Where the browser hears of changes."""
        return stream.address(self.page, self.queues)


def part(kind: Kind, figure: str, *, page: Shown, height: int | None = None, size: Size = "wall") -> None:
    """One figure of the newest edition, drawn by a component.

    Args:
        kind: the component.
        figure: the figure's key in the edition.
        page: whose stream brings the changes.
        height: px; None: as high as its contents.
        size: which type sizes.
    """
    edition = page.edition
    data = {"part": figure, "message": _message(edition, (figure,)), "stream": page.stream, "height": height, "size": size}
    component(kind)(key=f"part_{figure}", data=data, height=height or "content")


def _message(edition: Edition, keys: Iterable[str]) -> dict[str, Any]:
    return {"boot": BOOT, "seq": edition.number, "now": time.time(), "figures": {key: edition.figures[key] for key in keys}}


def agents_figure() -> str:
    """Which figure of the agents the reader may see: with or without who it is."""
    visitor = session.present()
    return "agents_named" if visitor is not None and visitor.sees_agents else "agents"


def made(
    kind: Kind, key: str, figure: Figure, *, place: str, at: float, boot: str, seq: int = 1, size: Size, height: int | None = None
) -> None:
    """A figure that the page made itself; no stream brings it changes.

    Args:
        kind: the component.
        key: of the figure, one of its own on the page.
        figure: what that component draws.
        place: what the component's own key begins with: `part` on a wall, `desk` on a desk.
        at: the clock by which ages are told, seconds since 1970: now, or in a replay the instant that is shown.
        boot: which sequence of figures it belongs to.
        seq: its number there.
        size: which type sizes.
        height: px; None: as high as its contents.
    """
    message = {"boot": boot, "seq": seq, "now": at, "figures": {key: figure}}
    component(kind)(
        key=f"{place}_{key}", data={"part": key, "message": message, "height": height, "size": size}, height=height or "content"
    )


def figures(
    kind: Kind,
    key: str,
    *,
    shown: Shown,
    pages: Collection[str],
    more: Mapping[str, Any] | None = None,
    on: Mapping[str, Any] | None = None,
) -> None:
    """All figures of some pages for the parts that are drawn already; the component itself has no place among the panels.

    Args:
        kind: the component.
        key: the figure that it draws itself, if there is one.
        shown: whose figures they are.
        pages: which figures: keys of PAGES.
        more: what else the component reads.
        on: what the component may ask for.
    """
    edition = shown.edition
    keys = frozenset[str]().union(*(PAGES[stream.for_reader(page)] for page in pages)) | ({key} & edition.figures.keys())
    data = {"part": key, "message": _message(edition, keys), "stream": shown.stream, "height": None, "size": "wall", **(more or {})}
    component(kind)(key=f"part_{key}", data=data, height="content", **(on or {}))


def palette() -> Mode:
    """Which palette the page is drawn in."""
    return "light" if st.context.theme.type == "light" else "dark"


@st.fragment(run_every=CHART_EVERY_SECONDS)
def day_chart() -> None:
    """Today by quarter hour beside the usual day."""
    drawn = current().charts.get(palette())
    if drawn is not None:
        lasting_chart(drawn, DATASET, "day")


def lasting_chart(drawn: DayChart, dataset: str, key: str) -> None:
    """A chart that goes on for as long as the page is open; data that are as they were cost the browser nothing.

    Vega remembers each row that it ever drew. A specification that changes by the hour makes a view anew, and forgets.
    """
    hour = int(time.time() // 3600)
    st.vega_lite_chart(
        spec=drawn.spec | {"datasets": {dataset: drawn.data}, "usermeta": {"hour": hour}}, theme=None, key=key, width="stretch"
    )
