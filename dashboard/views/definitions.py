"""Definitions: what each metric on the screens means, in the database's own words. `?metric=NAME` puts that one first. Layout only."""

import streamlit as st

from dashboard import desk
from dashboard.loader import current
from dashboard.rows import Definition

REFRESH_SECONDS = 10.0  # only until the definitions have been read for the first time
LINE_WIDTH = 860  # px: longer lines are hard to read


def entry(row: Definition) -> None:
    """One metric: st.text, because no word of the database is markup."""
    with st.container(key=f"panel_{row.name}", gap="xxsmall"):
        st.subheader(row.name.removesuffix("_seconds").replace("_", " ").capitalize(), anchor=row.name)
        st.text(row.definition)
        st.text(f"{row.name}, in {row.unit or 'no unit'}, version {row.version}")


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """Every definition; the wanted one first."""
    snapshot = current().snapshot
    known = snapshot.definitions
    if not known:
        st.text(f"The definitions have not been read yet. {snapshot.trouble or 'They come with the first answer of the database.'}")
        return
    wanted = known.get(st.query_params.get("metric", ""))
    for row in ([wanted] if wanted else []) + [row for row in known.values() if row is not wanted]:
        entry(row)


with st.container(key="desk", gap="small", width=LINE_WIDTH):
    desk.links()
    st.title("What each figure means")
    body()
