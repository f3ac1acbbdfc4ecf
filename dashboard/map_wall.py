"""The panels of the Map on a wall: 1920 x 1080, no controls, large type, layout only. It knows no figures and asks no database for them."""

import streamlit as st

from dashboard.emergency_rows import Emergency
from dashboard.emergency_wall import Drawn, Place, city

STRIP, LOWER, HEADING, MAP, LEGEND = 84, 956, 40, 828, 72  # px; strip, a gap of 16 and the lower part come to 1056
BOARD = (LOWER - 16) // 2
PLACE = Place(key="wm", height=MAP, legend=LEGEND, names=28, zoomed_out=0.1)


def draw(drawn: Drawn, known: Emergency | None) -> None:
    """The wall: the map, and beside it what stands out and where."""
    drawn.part("strip", "wm_strip", STRIP)
    left, right = st.columns([1210, 630], gap="small")
    with left, st.container(key="panel_wm_map", height=LOWER, border=False, gap=None):
        drawn.part("heading", "wm_map", HEADING)
        if known is not None:
            city(known, drawn, PLACE)
    with right:
        drawn.part("board", "wm_types", BOARD, "far")
        drawn.part("board", "wm_areas", BOARD, "far")
