"""What Streamlit runs for each browser: which screens are open to whoever asks.

It never touches the database, so it cannot fail with it.
"""

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import desk
from dashboard.access import session
from dashboard.loader import current

HERE = Path(__file__).resolve().parent
VIEWS = HERE / "views"
FIRST = "wall" if "wall" in st.query_params else "live"  # a display shows several pages at one address

st.set_page_config(page_title=current().snapshot.city, layout="wide", initial_sidebar_state="collapsed")
st.html(HERE / "static" / "tokens.css")
st.html(HERE / "static" / "app.css")
visitor = session.present()
st.navigation(
    [
        st.Page(
            VIEWS / f"{FIRST if name == 'live' else name}.py"
            if visitor is not None and visitor.may_see(name)
            else partial(desk.closed, name),
            title=title,
            url_path=name,
            default=name == "live",
        )
        for name, title in desk.PAGES.items()
    ],
    position="hidden",
).run()
