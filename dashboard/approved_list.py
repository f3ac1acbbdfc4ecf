"""The list of approved answers as a component with a button that copies an answer. It holds no data and asks no question."""

import time
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.edition import BOOT
from dashboard.figure import Figure

HERE = Path(__file__).resolve().parent / "components"
KEY = "approved_list"


@cache
def _component() -> Any:
    def source(*names: str) -> str:
        return "".join((HERE / name).read_text(encoding="utf-8") for name in names)

    return st.components.v2.component(
        "city311_approved",
        html='<div class="mount"></div>',
        css=source("common.css", "approved.css"),
        js=source("common.js", "approved.js"),
    )


def show(figure: Figure) -> None:
    """Draw the list as `approved_figures.answer_list` gives it."""
    at = time.time()
    message = {"boot": f"{BOOT}-desk-{KEY}", "seq": int(at * 1000), "now": at, "figures": {KEY: figure}}
    _component()(key=KEY, data={"part": KEY, "message": message, "height": None, "size": "desk"}, height="content")
