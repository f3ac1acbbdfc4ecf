"""The forms of the activity log: an entry, a message to residents, a correction, a promotion, and the log as a file."""

from datetime import timedelta

import streamlit as st

from dashboard import data, incident_editing as editing, incident_log, incident_page, incident_session as session
from dashboard.access.session import may_do, who_box
from dashboard.incident_log import POSITIONS
from dashboard.incident_rows import Entry, Incident, IncidentDesk

NOTE, AMEND = "note", "amend"
CORRECT, PROMOTE = "Correct its wording", "Mark it as significant"
POSITION = "incident_position"  # proposed again in the next form
MOST_TO_CHOOSE = 200


def entry_form(desk: IncidentDesk, incident: Incident) -> None:
    """Add an entry, or what was told to residents."""
    key = session.form_key(NOTE, incident.incident_id)
    with st.form(key, border=False):
        text = st.text_area("What was done, said or decided", max_chars=editing.TEXT, key=f"{key}_text", height=80)
        position_box, name_box, day_box, time_box = st.columns([340, 340, 220, 220], gap="small")
        position = _position(position_box, key)
        who = who_box(key, editing.WHO, name_box)
        today = desk.at.astimezone(desk.zone).date()
        day = day_box.date_input("On", today, format="YYYY-MM-DD", key=f"{key}_day")
        at = time_box.time_input("At, now if empty", None, step=timedelta(minutes=1), key=f"{key}_at")
        audience_box, channel_box, mark_box = st.columns([480, 480, 240], gap="small", vertical_alignment="bottom")
        audience = audience_box.text_input(
            "A message: to whom", max_chars=editing.SHORT, key=f"{key}_audience", placeholder="All residents"
        )
        channel = channel_box.text_input("By which way", max_chars=editing.SHORT, key=f"{key}_channel", placeholder="Web, phone greeting")
        significant = mark_box.checkbox("Significant", key=f"{key}_significant")
        sent = st.form_submit_button("Note it", key=f"{key}_send")
    if sent:
        now = data.now()

        def kept() -> None:
            noted = editing.Noted(
                happened_at=session.instant(day, at, desk.zone, now=now),
                position=position,
                text=text,
                significant=significant,
                audience=audience,
                channel=channel,
                who=who,
            )
            editing.note(incident, noted, now)
            st.session_state[POSITION] = position

        session.write(NOTE, who, kept, "Noted.")
    session.said(NOTE)


def _position(box: object, key: str) -> str:
    held = st.session_state.get(POSITION)
    place = POSITIONS.index(held) if held in POSITIONS else None
    chosen: str | None = box.selectbox("Your position", POSITIONS, index=place, key=f"{key}_position", placeholder="Choose one")  # type: ignore[attr-defined]
    return chosen or ""


def amend_form(desk: IncidentDesk, incident: Incident) -> None:
    """Correct an entry, or mark it as significant; the entry itself stays."""
    if not may_do("write-log-entry"):
        return
    with st.expander("Correct an entry, or mark it as significant", expanded=session.has_said(AMEND), key="incident_amend"):
        entries = {one.entry_id: one for one in desk.log[:MOST_TO_CHOOSE]}
        if not entries:
            st.text("Nothing was noted in this incident yet.")
            return
        labels = {number: incident_log.label(one, desk) for number, one in entries.items()}
        which = st.selectbox("Which entry", list(labels), format_func=lambda one: labels.get(one, ""), key="incident_amend_which")
        what = st.radio("What", (CORRECT, PROMOTE), horizontal=True, key="incident_amend_what")
        _amend(incident, entries[which], what == CORRECT)
        session.said(AMEND)


def _amend(incident: Incident, entry: Entry, is_correction: bool) -> None:
    key = session.form_key(AMEND, f"{entry.entry_id}_{is_correction}")
    with st.form(key, border=False):
        first = (entry.corrected_text or entry.text) if is_correction else ""
        label = "The right wording" if is_correction else "Why it is significant"
        text = st.text_area(label, first, max_chars=editing.TEXT, key=f"{key}_text", height=80)
        position_box, name_box = st.columns(2, gap="small")
        position = _position(position_box, key)
        who = who_box(key, editing.WHO, name_box)
        sent = st.form_submit_button("Add the correction" if is_correction else "Mark it", key=f"{key}_send")
    if sent:
        change = editing.correct if is_correction else editing.promote
        told = "Corrected; the first wording stays above it." if is_correction else "Marked as significant."
        session.write(AMEND, who, lambda: change(incident, entry, text, position, who), told)


def download(desk: IncidentDesk, incident: Incident) -> None:
    """Every row of the log as CSV, read when somebody clicks."""
    zone, number = desk.zone, incident.incident_id
    st.download_button(
        "The log as CSV",
        lambda: incident_log.csv_text(incident_page.record(number), zone),
        f"activity-log-{number}.csv",
        "text/csv",
        on_click="ignore",
        key="incident_csv",
    )
