"""Displays: which screens on walls have a token, until when, and make or revoke one. For administrators. A desk page, layout only."""

import streamlit as st

from dashboard import data, desk, display_editing, displays_figures
from dashboard.access import session, sign_in
from dashboard.display_commands import address
from dashboard.loader import current
from dashboard.rows import Display
from dashboard.writing import NotKept
from sql.settings import settings

REFRESH_SECONDS = 5.0
MADE, SAID, ROUND = "display_made", "display_said", "display_round"
USUAL_DAYS = 365


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """Every display."""
    snapshot = current().snapshot
    if snapshot.displays is None:
        st.text(f"The displays have not been read yet. {snapshot.trouble or 'They come with the first answer of the database.'}")
        return
    desk.show("board", "displays", displays_figures.board(snapshot.displays, snapshot.at, settings().zone))


@st.fragment
def make() -> None:
    """The form for another one."""
    key = f"display_make_{st.session_state.get(ROUND, 0)}"
    with st.container(key="panel_display_make", gap="xsmall"):
        st.subheader("Another display", anchor=False)
        if not sign_in.is_on():
            st.text("Sign-in is off: every browser on this machine sees every page, and a display needs no token.")
        with st.form(key, border=False):
            name_box, days_box, who_box = st.columns([800, 220, 480], gap="small", vertical_alignment="bottom")
            name = name_box.text_input("Where it hangs", max_chars=display_editing.NAME, key=f"{key}_name")
            days = days_box.number_input("Holds for days", 1, display_editing.LONGEST_DAYS, USUAL_DAYS, key=f"{key}_days")
            who = session.who_box(key, display_editing.WHO, who_box)
            sent = st.form_submit_button("Make its address")
        if sent:
            try:
                token, _ = display_editing.add(name, int(days), who)
            except (NotKept, data.NoAnswer) as error:
                st.text(str(error))
                return
            session.remember(who)
            st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
            st.session_state[MADE] = (name, token)
            st.rerun(scope="fragment")
        if MADE in st.session_state:
            name, token = st.session_state[MADE]
            st.text(f"Open this once in the browser of {name}, or make it the browser's start page. It is shown only now.")
            st.code(address(token), language=None, wrap_lines=True)


@st.fragment(run_every=REFRESH_SECONDS)
def revoke() -> None:
    """The form with which one is ended."""
    held = {one.display_id: one for one in current().snapshot.displays or () if one.revoked_at is None and one.expires_at > data.now()}
    if held:
        key = f"display_revoke_{st.session_state.get(ROUND, 0)}"
        with st.container(key="panel_display_revoke", gap="xsmall"), st.form(key, border=False):
            which_box, who_box, button = st.columns([800, 480, 220], gap="small", vertical_alignment="bottom")
            which = which_box.selectbox("Revoke", list(held), format_func=lambda one: label(held, one), index=None, key=f"{key}_which")
            who = session.who_box(key, display_editing.WHO, who_box)
            with button:
                sent = st.form_submit_button("Revoke it")
        if sent:
            _revoke(held, which, who)
    if said := st.session_state.get(SAID):
        st.text(said)


def label(held: dict[int, Display], number: int) -> str:
    """How a display is called among the choices."""
    return f"{number}: {held[number].name}" if number in held else ""


def _revoke(held: dict[int, Display], which: int | None, who: str) -> None:
    try:
        if which is None:
            raise NotKept("Not kept: which display is missing. Choose one.")
        display_editing.revoke(which, who)
    except (NotKept, data.NoAnswer) as error:
        st.session_state[SAID] = str(error)
    else:
        session.remember(who)
        st.session_state[SAID] = f"Revoked {held[which].name}; its screen is closed within seconds."
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    st.rerun(scope="fragment")


with st.container(key="desk", gap="small"):
    desk.links()
    st.title("Displays")
    st.text("Screens on walls open their pages with a token of their own, and nothing else: none holds a person's login.")
    body()
    make()
    revoke()
