"""Live: are we keeping up, which queue is in trouble, who is free, will it get worse? One wall, 1920 x 1080, layout only."""

import streamlit as st

from dashboard import live_wall
from dashboard.parts import HEARTBEAT_SECONDS, Shown


@st.fragment(run_every=HEARTBEAT_SECONDS)
def body() -> None:
    """The wall."""
    live_wall.draw(Shown("live"))


with st.container(key="wall", gap="small"):
    body()
