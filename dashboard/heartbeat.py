"""How a wall is refreshed. It is drawn whole when its layout, or a picture on it, is another; in between, at every heartbeat, one part that
has no place among the panels brings all figures to those that stand there already.

Streamlit's cost is by the part: when every heartbeat drew all of them, a server carried half as many walls (docs/measured.md).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import streamlit as st

from dashboard.parts import HEARTBEAT_SECONDS, Shown, figures


@dataclass(frozen=True, slots=True)
class Due:
    """What a page should be at this moment.

    Attributes:
        layout: what decides which parts there are, and the pictures among them.
        bring: brings the figures to them.
    """

    layout: Hashable
    bring: Callable[[], None]


@st.fragment(run_every=HEARTBEAT_SECONDS)
def heartbeat(drawn: Hashable, due: Callable[[], Due]) -> None:
    """The figures of a page; the whole of it when it must be drawn anew.

    Args:
        drawn: the layout by which the page was drawn.
        due: asked at each beat.
    """
    now = due()
    if now.layout != drawn:
        st.rerun()
    now.bring()


def pulse(shown: Shown) -> None:
    """All figures of a page."""
    figures("pulse", "pulse", shown=shown, pages=(shown.page,))
