"""The form with which a person enters an alert while the feed is gone, or updates or cancels one that was entered so."""

from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from dashboard import data, desk as desk_pages, incident_editing as editing, incident_session as session
from dashboard.access.session import may_do, who_box
from dashboard.incident_figures import alert_board, moment
from dashboard.incident_rows import Alert, IncidentDesk
from dashboard.writing import NotKept

FORM = "alert"
NEW, UPDATE, CANCEL = "Alert", "Update", "Cancel"
BUTTONS = {NEW: "Enter the alert", UPDATE: "Keep the update", CANCEL: "Cancel the alert"}
DONE = {NEW: "Entered", UPDATE: "Updated", CANCEL: "Cancelled"}
USUAL_HOURS = 12
MINUTE = timedelta(minutes=1)
GRADES = {  # the choices of CAP, and which stands first in a new alert
    "severity": ("Severity", editing.SEVERITIES, "Severe"),
    "urgency": ("Urgency", editing.URGENCIES, "Expected"),
    "certainty": ("Certainty", editing.CERTAINTIES, "Likely"),
}


def show(desk: IncidentDesk) -> None:
    """The alerts that hold, and the form."""
    if not may_do("write-alert"):
        return
    with st.expander("Enter an alert by hand, while the feed is gone", expanded=session.has_said(FORM), key="incident_alert"):
        desk_pages.show("board", "incident_alerts", alert_board(desk))
        entered = {one.alert_id: one for one in desk.alerts if one.entered_by is not None}
        choices = {NEW: "A new alert"} | {
            f"{what} {one.alert_id}": f"{what}: {one.event}, until {moment(one.until, desk)}"
            for one in entered.values()
            for what in (UPDATE, CANCEL)
        }
        choice = st.selectbox("What", list(choices), format_func=lambda one: choices.get(one, ""), key="incident_alert_what")
        message_type, _, alert_id = choice.partition(" ")
        _form(desk, message_type, entered.get(alert_id))
        session.said(FORM)


def _form(desk: IncidentDesk, message_type: str, seen: Alert | None) -> None:
    key = session.form_key(FORM, f"{message_type}_{seen.alert_id if seen else ''}")
    with st.form(key, border=False):
        chosen = _grades(key, seen)
        onset, end = _times(desk, key, seen)
        told = _words(key, seen)
        who = who_box(key, editing.WHO)
        sent = st.form_submit_button(BUTTONS[message_type], key=f"{key}_send")
    if sent:
        now = data.now()

        def kept() -> None:
            if end[1] is None:
                raise NotKept("Not kept: until when is missing. Choose a time.")
            typed = editing.AlertTyped(
                message_type=message_type,
                onset_at=session.instant(onset[0], onset[1], desk.zone, now=now, seen=seen.onset_at if seen else None),
                ends_at=session.instant(end[0], end[1], desk.zone, now=now, seen=seen.until if seen else None),
                replaces=(seen.alert_id,) if seen else (),
                who=who,
                **chosen,
                **told,
            )
            editing.enter_alert(typed, now)

        session.write(FORM, who, kept, f"{DONE[message_type]}: {chosen['event']}.")


def _grades(key: str, seen: Alert | None) -> dict[str, str]:
    """The event and how grave it is."""
    boxes = st.columns([600, 240, 240, 240], gap="small")
    event = boxes[0].text_input(
        "Event, in the weather service's words", seen.event if seen else "", max_chars=editing.SHORT, key=f"{key}_event"
    )
    chosen = {"event": event}
    for box, (name, (label, options, first)) in zip(boxes[1:], GRADES.items(), strict=True):
        was = getattr(seen, name) if seen else first
        chosen[name] = box.selectbox(label, options, index=options.index(was) if was in options else len(options) - 1, key=f"{key}_{name}")
    return chosen


def _times(desk: IncidentDesk, key: str, seen: Alert | None) -> tuple[Any, Any]:
    """The day and the time of the onset, and of the end."""
    # What the boxes begin with is remembered: it must not move on while somebody types.
    usual = st.session_state.setdefault(f"{key}_usual_end", desk.at + timedelta(hours=USUAL_HOURS))
    onset, end = (seen.onset_at if seen else None), (seen.until if seen else usual)
    boxes = st.columns(4, gap="small")
    first: date = (onset or desk.at).astimezone(desk.zone).date()
    day = boxes[0].date_input("Onset", first, format="YYYY-MM-DD", key=f"{key}_day")
    at = boxes[1].time_input("At, now if empty", _minute(onset, desk), step=MINUTE, key=f"{key}_at")
    last = boxes[2].date_input("Until", end.astimezone(desk.zone).date(), format="YYYY-MM-DD", key=f"{key}_end_day")
    last_at = boxes[3].time_input("At", _minute(end, desk), step=MINUTE, key=f"{key}_end_at")
    return (day, at), (last, last_at)


def _minute(at: datetime | None, desk: IncidentDesk) -> time | None:
    return None if at is None else at.astimezone(desk.zone).time().replace(second=0, microsecond=0)


def _words(key: str, seen: Alert | None) -> dict[str, str]:
    """What it says, where, and by whom."""

    def was(name: str) -> str:
        return str((seen and getattr(seen, name)) or "")

    told = {"headline": st.text_input("Headline", was("headline"), max_chars=editing.REASON, key=f"{key}_headline")}
    where, codes, sender = st.columns([600, 400, 320], gap="small")
    told["area_desc"] = where.text_input("Where", was("area_desc"), max_chars=editing.TEXT, key=f"{key}_area")
    told["zones"] = codes.text_input("Zones, such as PAZ071,PAC101", was("zones").replace(";", ","), key=f"{key}_zones")
    told["sender_name"] = sender.text_input("Who tells of it", was("sender_name"), max_chars=editing.SHORT, key=f"{key}_sender")
    told["description"] = st.text_area("What is told", was("description"), max_chars=editing.TEXT, key=f"{key}_description", height=80)
    told["instruction"] = st.text_area("What to do", was("instruction"), max_chars=editing.TEXT, key=f"{key}_instruction", height=80)
    return told
