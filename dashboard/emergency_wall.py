"""The panels of the Emergency screen, for the page, a replay and a display of its own: 1920 x 1080, layout only. It knows no figures."""

import math
import time
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, replace

import streamlit as st

from dashboard import data, emergency_charts, emergency_clock, emergency_figures, emergency_page, map_areas, map_cells, map_deck
from dashboard.bundles import Kind
from dashboard.charts import DayChart
from dashboard.edition import BOOT, STORM_CHART_HEIGHT, Edition
from dashboard.emergency_rows import Emergency
from dashboard.figure import Figure
from dashboard.parts import Shown, Size, lasting_chart, made, palette, part

SHOWN = Shown("emergency")
STRIP, CLOCK, LOWER = 84, 180, 760  # px; with two gaps of 16 they come to 1056
GAP = 16
TILE, ROW, CHART, BOARD = 152, 116, STORM_CHART_HEIGHT + 52, 240
ROTATE_SECONDS = 20.0
ROTATING: tuple[tuple[Kind, str], ...] = (("log", "em_said"), ("lifelines", "em_lifelines"), ("shifts", "em_staff"))
OUTLINED = "Outlined: 4 × usual; amber: an alert"
KEPT_CAMERA, KEPT_BASE = "emergency_camera", "emergency_base"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a map stands: the beginning of its keys, px of map, legend and names, and by how much it shows more than the page Map."""

    key: str
    height: int
    legend: int
    names: int
    zoomed_out: float

    def lower(self, height: int) -> "Place":
        """The same map in less height: it shows the same land."""
        return replace(self, height=height, zoomed_out=self.zoomed_out + math.log2(self.height / height))


PLACE = Place(key="em", height=624, legend=72, names=24, zoomed_out=0.3)


class Drawn:
    """Draws parts: of the newest edition, or figures of a replay."""

    def __init__(self, figures: dict[str, Figure] | None = None, at: float = 0.0, page: Shown = SHOWN) -> None:
        self._figures, self._at, self._page = figures, at, page

    def now(self) -> float:
        """The clock by which ages are told, seconds since 1970."""
        return time.time() if self._figures is None else self._at

    def part(self, kind: Kind, key: str, height: int, size: Size = "wall") -> None:
        """One part of the wall."""
        if self._figures is None:
            part(kind, key, page=self._page, height=height, size=size)
        else:
            made(kind, key, self._figures[key], place="part", at=self._at, boot=f"{BOOT}-replay-{self._at}", size=size, height=height)


def layout(edition: Edition) -> Hashable:
    """What decides which parts there are, and the pictures among them."""
    return pictures(edition), _rotating()


def pictures(edition: Edition) -> Hashable:
    """What decides the map and the chart: they are drawn anew with each reading."""
    known = edition.snapshot.emergency
    return None if known is None else known.at, palette()


def _rotating() -> int:
    return int(time.time() / ROTATE_SECONDS) % len(ROTATING)


def wall(drawn: Drawn, known: Emergency | None, chart: DayChart | None) -> None:
    """The wall's panels."""
    drawn.part("strip", "em_strip", STRIP)
    drawn.part("stormclock", "em_clock", CLOCK)
    left, right = st.columns([760, 1080], gap="small")
    with left, st.container(key="panel_em_map", height=LOWER, border=False, gap=None):
        drawn.part("heading", "em_map", 40)
        if known is not None:
            city(known, drawn)
    with right:
        for column, key in zip(st.columns(3, gap="small"), ("em_contacts", "em_give_up", "em_open"), strict=True):
            with column:
                drawn.part("tile", key, TILE, "mid")
        for column, key in zip(st.columns(4, gap="small"), ("em_wait", "em_requests", "em_posts", "em_searches"), strict=True):
            with column:
                drawn.part("tile", key, ROW, "small")
        with st.container(key="panel_em_calls", height=CHART, border=False, gap=None):
            drawn.part("heading", "em_calls", 38)
            if chart is not None:
                lasting_chart(chart, emergency_charts.DATASET, "storm_calls")
        asked, rotating = st.columns([600, 464], gap="small")
        with asked:
            drawn.part("board", "em_asked", BOARD)
        with rotating:
            kind, key = ROTATING[_rotating()]
            drawn.part(kind, key, BOARD)


def wall_enlarged(drawn: Drawn, known: Emergency | None, height: int) -> None:
    """What of the wall fits when it is enlarged: the verdict, the storm clock, the map and four tiles, each whole.

    Args:
        drawn: what draws the parts.
        known: what the map shows.
        height: px that all of it may take.
    """
    drawn.part("strip", "em_strip", STRIP)
    drawn.part("stormclock", "em_clock", CLOCK)
    lower = height - STRIP - CLOCK - 2 * GAP
    left, right = st.columns([760, 1080], gap="small")
    with left, st.container(key="panel_em_map", height=lower, border=False, gap=None):
        drawn.part("heading", "em_map", 40)
        if known is not None:
            city(known, drawn, PLACE.lower(PLACE.height - (LOWER - lower)))
    with right:
        for keys in (("em_contacts", "em_give_up"), ("em_wait", "em_open")):
            for column, key in zip(st.columns(2, gap="small"), keys, strict=True):
                with column:
                    drawn.part("tile", key, (lower - GAP) // 2, "mid")


def city(known: Emergency, drawn: Drawn, place: Place = PLACE) -> None:
    """Requests since the onset against the usual, on the city's districts."""
    if known.now.open_requests is None:
        nothing = {"title": "", "columns": [], "rows": [], "empty": "No requests are told"}
        at, key = drawn.now(), f"{place.key}_nothing"
        made("board", key, nothing, place="part", at=at, boot=f"{BOOT}-nothing-{at}", size="wall", height=place.height)
        return
    mode = palette()
    cells = map_cells.cells_of(known.cells, mode, "ratio")
    if KEPT_CAMERA not in st.session_state and len(cells.rows):
        st.session_state[KEPT_CAMERA] = map_cells.centre_of(cells.rows["cell"].tolist())
    with suppress(data.NoAnswer):  # the outlines of before stay
        camera = st.session_state.get(KEPT_CAMERA) or map_cells.centre_of([])
        st.session_state[KEPT_BASE] = map_areas.base_of(emergency_page.DISTRICT, None, camera)
    base: map_deck.Base | None = st.session_state.get(KEPT_BASE)
    if base is not None:
        latitude, longitude, zoom = base.camera
        base = replace(base, camera=(latitude, longitude, zoom - place.zoomed_out))
        warned = emergency_clock.shapes(known)
        picture = map_deck.deck(cells, base, mode, extruded=False, text_pixels=place.names, warned=warned)
        st.pydeck_chart(picture, height=place.height, key=f"{place.key}_city")
    said = map_cells.legend(cells, mode, "ratio") | {"note": f"{emergency_figures.placed_words(cells)}. {OUTLINED}"}
    at, key = drawn.now(), f"{place.key}_legend"
    made("legend", key, said, place="part", at=at, boot=f"{BOOT}-legend-{at}", size="wall", height=place.legend)
