"""What the pages for a desk have in common: the row of links between them, and components that show a figure which the page made itself.

It holds no data and asks no question.
"""

import time

import streamlit as st

from dashboard import parts, watch_figures
from dashboard.access import roles, session, sign_in
from dashboard.access.roles import named
from dashboard.bundles import Kind
from dashboard.edition import BOOT
from dashboard.figure import Figure
from dashboard.loader import current

PAGES = {
    "live": "Live",
    "emergency": "Emergency",
    "map": "Map",
    "departments": "Departments",
    "incident": "Incident",
    "staffing": "Staffing",
    "weekly": "Weekly review",
    "system": "System",
    "displays": "Displays",
    "definitions": "Definitions",
}


def links() -> None:
    """The row of links between the pages that are open to the reader, and under it the alerts of our own that fire.

    The open page is marked by Streamlit itself.
    """
    visitor = session.present()
    with st.container(key="links", horizontal=True, vertical_alignment="center", gap="medium"):
        for name, label in PAGES.items():
            if visitor is not None and visitor.may_see(name):
                st.page_link(f"views/{name}.py", label=label)
        if visitor is not None and visitor.kind == "person":
            show("signed", "signed", {"name": visitor.name, "until": visitor.until, "sign_out": sign_in.LOGOUT})
    snapshot = current().snapshot
    firing = watch_figures.desk_board(snapshot.watch, snapshot.at, snapshot.zone)
    if firing is not None:
        show("board", "watch", firing)


def closed(name: str) -> None:
    """A page that is not open to the reader, or to nobody any more: why, and what to do."""
    visitor = session.present()
    with st.container(key="desk", gap="small"):
        if visitor is None:
            st.title("Your sign-in has ended")
            st.link_button("Sign in again", "/")
            return
        links()
        st.title(PAGES[name])
        st.text(f"This page is not for your roles ({named(visitor.roles) or 'none'}). It is for: {named(roles.PAGES[name])}.")


def plain(words: str) -> str:
    """Words for a title or a link of Streamlit's, which take markup: as they are, whatever a department's name looks like."""
    return "".join(one if one.isalnum() or one == " " else f"&#{ord(one)};" for one in words)


def show(kind: Kind, key: str, figure: Figure, *, height: int | None = None) -> None:
    """A figure that the page made, in desk size.

    Args:
        kind: the component.
        key: the figure's name, one of its own on the page.
        figure: what that component draws; it carries its age (`dashboard.figure.stamp`).
        height: px; None: as high as its contents.
    """
    at = time.time()
    # The components of one page arrive in any order: each is a sequence of its own, lest one that comes late is taken for an old one.
    parts.made(kind, key, figure, place="desk", at=at, boot=f"{BOOT}-desk-{key}", seq=int(at * 1000), size="desk", height=height)
