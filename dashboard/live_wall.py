"""The panels of the Live screen, for the page and for a display of its own: 1920 x 1080, layout only. It knows no figures."""

from collections.abc import Hashable

import streamlit as st

from dashboard.parts import Shown, agents_figure, day_chart, palette, part

STRIP, HERO, ROW, LOWER, AGENTS = 84, 276, 112, 520, 238  # px; with four gaps of 16 they come to 1056
NEXT = LOWER - AGENTS - 16
CHART, SENTENCE = 212, 30
WHOLE, GAP = 1056, 16
HERO_ENLARGED = 232  # without its trend


def layout(shown: Shown) -> Hashable:
    """What decides which parts there are and where."""
    return bool(shown.edition.figures["ahead"]["rows"]), agents_figure(), palette()


def draw_enlarged(shown: Shown, height: int) -> None:
    """What of the wall fits when it is enlarged: the verdict, the four large tiles and the queues, each whole.

    Args:
        shown: whose figures.
        height: px that all of it may take, less than WHOLE.
    """
    part("strip", "strip", page=shown, height=STRIP)
    _heroes(shown, HERO_ENLARGED)
    part("queues", "queues", page=shown, height=height - STRIP - HERO_ENLARGED - 2 * GAP)


def draw(shown: Shown) -> None:
    """The wall. Of some queues alone it leaves out what is known of the whole city only: the languages and the day."""
    part("strip", "strip", page=shown, height=STRIP)
    _heroes(shown, HERO)
    widths = [616, 612, 596] if shown.queues else [540, 366, 326, 576]
    boxes = st.columns(widths, gap="small")
    for column, figure in zip(boxes, ("offered", "answer", "abandoned"), strict=False):
        with column:
            part("tile", figure, page=shown, height=ROW, size="row")
    if not shown.queues:
        with boxes[3]:
            part("languages", "languages", page=shown, height=ROW)
    left, right = st.columns([1210, 630], gap="small")
    with left:
        part("queues", "queues", page=shown, height=LOWER)
    with right:
        with st.container(key="panel_next", height=NEXT, border=False, gap=None):
            part("heading", "next", page=shown, height=38)
            _next_hours(shown)
        part("people", agents_figure(), page=shown, height=AGENTS)


def _heroes(shown: Shown, height: int) -> None:
    for column, figure in zip(st.columns(4, gap="small"), ("waiting", "longest", "level", "free"), strict=True):
        with column:
            part("tile", figure, page=shown, height=height)


def _next_hours(shown: Shown) -> None:
    """The day so far with the next hours; of some queues their next hours alone."""
    planned = bool(shown.edition.figures["ahead"]["rows"])
    if shown.queues:
        part("ahead", "ahead", page=shown, height=CHART if planned else SENTENCE)
    elif planned:
        chart, ahead = st.columns([360, 216], gap="small")
        with chart:
            day_chart()
        with ahead:
            part("ahead", "ahead", page=shown, height=CHART)
    else:
        day_chart()
        part("ahead", "ahead", page=shown, height=SENTENCE)
