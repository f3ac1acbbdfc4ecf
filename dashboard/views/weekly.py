"""Weekly review: layout only."""

import streamlit as st

from dashboard import desk

with st.container(key="desk", gap="small"):
    desk.links()
    st.title("Weekly review")
