"""The components of the screens. Each shows one figure of the newest edition; they hold no data and ask no questions of a database.

A component gets its figure twice: from Streamlit when the page is drawn and at every heartbeat, and from the stream the moment it changes.
Both go the same way in the browser, where the newer edition wins; so a page whose stream is cut lives on at the heartbeat's pace.
"""

import time
from functools import cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from dashboard import stream
from dashboard.charts import DATASET, DayChart
from dashboard.edition import BOOT
from dashboard.loader import current
from dashboard.tokens import Mode

HERE = Path(__file__).resolve().parent / "components"
HEARTBEAT_SECONDS = 5.0

Kind = Literal["tile", "strip", "queues", "people", "languages", "heading", "table", "board", "legend", "ahead"]
Size = Literal["wall", "row", "desk"]


@cache
def component(kind: Kind) -> Any:
    """The component of a kind; it is registered once."""
    return st.components.v2.component(
        f"city311_{kind}",
        html='<div class="mount"></div>',
        css=_source("common.css") + _source(f"{kind}.css"),
        js=_source("common.js") + _source(f"{kind}.js"),
    )


@cache
def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def part(kind: Kind, figure: str, *, page: str, height: int | None = None, size: Size = "wall") -> None:
    """One figure of the newest edition, drawn by a component.

    Args:
        kind: the component.
        figure: the figure's key in the edition.
        page: whose stream brings the changes.
        height: px; None: as high as its contents.
        size: which type sizes.
    """
    edition = current()
    message = {"boot": BOOT, "seq": edition.number, "now": time.time(), "figures": {figure: edition.figures[figure]}}
    data = {"part": figure, "message": message, "stream": stream.address(page), "height": height, "size": size}
    component(kind)(key=f"part_{figure}", data=data, height=height or "content")


def day_chart() -> None:
    """Today by quarter hour beside the usual day."""
    mode: Mode = "light" if st.context.theme.type == "light" else "dark"
    chart: DayChart | None = current().charts.get(mode)
    if chart is not None:
        st.vega_lite_chart(spec=chart.spec | {"datasets": {DATASET: chart.data}}, theme=None, key="day", width="stretch")
