"""What Streamlit runs for each browser: which screens there are. It never touches the database, so it cannot fail with it."""

from pathlib import Path

import streamlit as st

from dashboard.loader import current

HERE = Path(__file__).resolve().parent
FIRST = "wall.py" if "wall" in st.query_params else "live.py"  # a display shows several pages at one address

st.set_page_config(page_title=current().snapshot.city, layout="wide", initial_sidebar_state="collapsed")
st.html(HERE / "static" / "tokens.css")
st.html(HERE / "static" / "app.css")
st.navigation(
    [
        st.Page(HERE / "views" / FIRST, title="Live", url_path="live", default=True),
        st.Page(HERE / "views" / "emergency.py", title="Emergency", url_path="emergency"),
        st.Page(HERE / "views" / "map.py", title="Map", url_path="map"),
        st.Page(HERE / "views" / "departments.py", title="Departments", url_path="departments"),
        st.Page(HERE / "views" / "incident.py", title="Incident", url_path="incident"),
        st.Page(HERE / "views" / "staffing.py", title="Staffing", url_path="staffing"),
        st.Page(HERE / "views" / "weekly.py", title="Weekly review", url_path="weekly"),
        st.Page(HERE / "views" / "system.py", title="System", url_path="system"),
        st.Page(HERE / "views" / "definitions.py", title="Definitions", url_path="definitions"),
    ],
    position="hidden",
).run()
