"""Live: are we keeping up, which queue is in trouble, who is free, will it get worse? One wall, 1920 x 1080, layout only."""

from functools import partial

import streamlit as st

from dashboard import live_wall
from dashboard.heartbeat import Due, heartbeat, pulse
from dashboard.parts import Shown

SHOWN = Shown("live")


def due() -> Due:
    """The wall as it should be."""
    return Due(live_wall.layout(SHOWN), partial(pulse, SHOWN))


with st.container(key="wall", gap=None):
    drawn = due().layout
    with st.container(gap="small"):
        live_wall.draw(SHOWN)
    heartbeat(drawn, due)
