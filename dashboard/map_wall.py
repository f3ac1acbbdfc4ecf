"""The panels of the Map on a wall: 1920 x 1080, no controls, large type, layout only. It knows no figures and asks no database for them."""

import streamlit as st

from dashboard.emergency_rows import Emergency
from dashboard.emergency_wall import Drawn, Place, city

STRIP, HEADING, GAP = 84, 40, 16  # px
WHOLE, AROUND = 1056, 128  # px: of all panels; of what stands around the map in its own
PLACE = Place(key="wm", height=WHOLE - STRIP - GAP - AROUND, legend=72, names=28, zoomed_out=0.1)


def draw(drawn: Drawn, known: Emergency | None, height: int = WHOLE) -> None:
    """The wall: the map, and beside it what stands out and where.

    Args:
        drawn: what draws the parts.
        known: what the map shows.
        height: px that all of it may take; an enlarged wall has fewer.
    """
    drawn.part("strip", "wm_strip", STRIP)
    lower = height - STRIP - GAP
    left, right = st.columns([1210, 630], gap="small")
    with left, st.container(key="panel_wm_map", height=lower, border=False, gap=None):
        drawn.part("heading", "wm_map", HEADING)
        if known is not None:
            city(known, drawn, PLACE.lower(lower - AROUND))
    with right:
        for key in ("wm_types", "wm_areas"):
            drawn.part("board", key, (lower - GAP) // 2, "far")
