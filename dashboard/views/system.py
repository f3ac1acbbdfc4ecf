"""System: is every feed alive, how far behind are the consumers, what was refused and why? A desk page, layout only."""

import streamlit as st

from dashboard import desk
from dashboard.parts import HEARTBEAT_SECONDS, part

PAGE = "system"


@st.fragment(run_every=HEARTBEAT_SECONDS)
def body() -> None:
    """The page."""
    part("strip", "system_strip", page=PAGE, height=84)
    for column, figure in zip(st.columns(5, gap="small"), ("feeds_live", "lag", "refused", "lost", "snapshot"), strict=True):
        with column:
            part("tile", figure, page=PAGE, height=112, size="desk")
    for figure in ("watch", "feeds", "consumers", "refusals", "defects", "suspects", "migrations"):
        part("table", figure, page=PAGE, size="desk")


with st.container(key="desk", gap="small"):
    desk.links()
    body()
