"""The list of approved answers as a component with a button that copies an answer. It holds no data and asks no question."""

import time

from dashboard.bundles import component
from dashboard.edition import BOOT
from dashboard.figure import Figure

KEY = "approved_list"


def show(figure: Figure) -> None:
    """Draw the list as `approved_figures.answer_list` gives it."""
    at = time.time()
    message = {"boot": f"{BOOT}-desk-{KEY}", "seq": int(at * 1000), "now": at, "figures": {KEY: figure}}
    component("approved")(key=KEY, data={"part": KEY, "message": message, "height": None, "size": "desk"}, height="content")
