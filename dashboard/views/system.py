"""System: is every feed alive, how far behind are the consumers, what was refused and why? A desk page, layout only."""

from functools import partial

import streamlit as st

from dashboard import desk
from dashboard.heartbeat import Due, heartbeat, pulse
from dashboard.parts import Shown, part

SHOWN = Shown("system")


def due() -> Due:
    """The page as it should be: its layout is always the same."""
    return Due(None, partial(pulse, SHOWN))


with st.container(key="desk", gap="small"):
    desk.links()
    part("strip", "system_strip", page=SHOWN, height=84)
    for column, figure in zip(st.columns(5, gap="small"), ("feeds_live", "lag", "refused", "lost", "snapshot"), strict=True):
        with column:
            part("tile", figure, page=SHOWN, height=112, size="desk")
    for figure in ("watch", "feeds", "consumers", "refusals", "defects", "suspects", "migrations"):
        part("table", figure, page=SHOWN, size="desk")
    heartbeat(None, due)
