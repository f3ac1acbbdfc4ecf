"""Live: are we keeping up, which queue is in trouble, who is free, will it get worse? One wall, 1920 x 1080, layout only."""

import streamlit as st

from dashboard.loader import current
from dashboard.parts import HEARTBEAT_SECONDS, agents_figure, day_chart, part

PAGE = "live"
STRIP, HERO, ROW, LOWER, AGENTS = 84, 276, 112, 520, 238  # px; with four gaps of 16 they come to 1056
NEXT = LOWER - AGENTS - 16
CHART, SENTENCE = 212, 30


@st.fragment(run_every=HEARTBEAT_SECONDS)
def body() -> None:
    """The wall."""
    part("strip", "strip", page=PAGE, height=STRIP)
    for column, figure in zip(st.columns(4, gap="small"), ("waiting", "longest", "level", "free"), strict=True):
        with column:
            part("tile", figure, page=PAGE, height=HERO)
    offered, answer, abandoned, languages = st.columns([540, 366, 326, 576], gap="small")
    for column, figure in ((offered, "offered"), (answer, "answer"), (abandoned, "abandoned")):
        with column:
            part("tile", figure, page=PAGE, height=ROW, size="row")
    with languages:
        part("languages", "languages", page=PAGE, height=ROW)
    left, right = st.columns([1210, 630], gap="small")
    with left:
        part("queues", "queues", page=PAGE, height=LOWER)
    with right:
        with st.container(key="panel_next", height=NEXT, border=False, gap=None):
            part("heading", "next", page=PAGE, height=38)
            if current().figures["ahead"]["rows"]:
                chart, ahead = st.columns([360, 216], gap="small")
                with chart:
                    day_chart()
                with ahead:
                    part("ahead", "ahead", page=PAGE, height=CHART)
            else:
                day_chart()
                part("ahead", "ahead", page=PAGE, height=SENTENCE)
        part("people", agents_figure(), page=PAGE, height=AGENTS)


with st.container(key="wall", gap="small"):
    body()
