"""The form with which a person says how a community lifeline stands."""

from datetime import timedelta

import streamlit as st

from dashboard import data, incident_editing as editing, incident_session as session
from dashboard.access.session import may_do, who_box
from dashboard.incident_rows import Incident, IncidentDesk
from dashboard.lifeline_figures import STATES

FORM = "lifeline"


def show(desk: IncidentDesk, incident: Incident) -> None:
    """Judge one of the eight."""
    if not may_do("write-lifeline"):
        return
    with st.expander("Judge a lifeline", expanded=session.has_said(FORM), key="incident_lifeline"):
        key = session.form_key(FORM, incident.incident_id)
        with st.form(key, border=False):
            line_box, state_box, day_box, time_box = st.columns([480, 320, 240, 240], gap="small")
            names = [one.lifeline for one in desk.lifelines]
            lifeline = line_box.selectbox("Lifeline", names, key=f"{key}_lifeline")
            states = list(STATES)
            status = state_box.selectbox("Status", states, format_func=lambda one: STATES[one][1], index=None, key=f"{key}_status")
            today = desk.at.astimezone(desk.zone).date()
            day = day_box.date_input("Next update on", today, format="YYYY-MM-DD", key=f"{key}_day")
            at = time_box.time_input("At, none if empty", None, step=timedelta(minutes=1), key=f"{key}_at")
            reason = st.text_input("Why", max_chars=editing.REASON, key=f"{key}_reason")
            who = who_box(key, editing.WHO)
            sent = st.form_submit_button("Keep the judgement", key=f"{key}_send")
        if sent:
            now = data.now()

            def kept() -> None:
                next_at = None if at is None else session.instant(day, at, desk.zone, now=now)
                judged = editing.Judged(lifeline=lifeline, status=status or "", reason=reason, next_update_at=next_at, who=who)
                editing.judge(incident, judged, now)

            session.write(FORM, who, kept, f"Kept: {lifeline}.")
        session.said(FORM)
