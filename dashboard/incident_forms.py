"""The forms for an incident: open one by hand or from an alert, change it, end it, open it again. They have it checked and written."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from dashboard import data, desk as desk_pages, incident_editing as editing, incident_session as session
from dashboard.access.session import may_do, who_box
from dashboard.incident_figures import change_board, suggestion_words
from dashboard.incident_rows import KINDS, Incident, IncidentDesk, Suggestion
from dashboard.wording import day as day_words

CHOSEN = "incident_chosen_alert"  # the suggestion whose form is open
OPEN, CHANGE, END = "open", "change", "end"


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the form for a new incident begins with."""

    alert_id: str | None
    name: str
    kind: str
    onset_at: datetime | None
    areas: str
    reason: str


def suggestions(desk: IncidentDesk) -> None:
    """What alerts suggest, a row each with its button."""
    if not desk.suggestions or not may_do("write-incident-opened"):
        return
    with st.container(key="panel_incident_suggestions", gap="xsmall"):
        st.markdown("### Alerts suggest an incident")
        for number, one in enumerate(desk.suggestions):
            told, button = st.columns([1500, 260], gap="small", vertical_alignment="center")
            first, second = suggestion_words(one, desk)
            with told.container(gap=None):
                st.text(first)
                if second:
                    st.text(second)
            if button.button("Open as incident", key=f"incident_suggestion_{number}_{one.alert_id}", width="stretch"):
                st.session_state[CHOSEN] = one.alert_id
                session.say(OPEN, "")
                st.rerun()


def proposed(desk: IncidentDesk, one: Suggestion | None) -> Proposed:
    """What the form begins with: a suggestion, or nothing."""
    if one is None:
        return Proposed(None, "", "snow", None, "", "")
    local = one.proposed_onset_at.astimezone(desk.zone)
    name = f"{one.event}, {local:%b} {local.day}"[: editing.NAME]
    reason = (one.headline or one.event)[: editing.REASON]
    return Proposed(one.alert_id, name, one.kind, one.proposed_onset_at, one.area_desc or "", reason)


def open_form(desk: IncidentDesk) -> None:
    """Open an incident by hand, or from the suggestion that was chosen."""
    if not may_do("write-incident-opened"):
        return
    chosen = next((one for one in desk.suggestions if one.alert_id == st.session_state.get(CHOSEN)), None)
    if chosen is None:
        st.session_state.pop(CHOSEN, None)
    # Only a new expander begins open, or closed: it is another one for a suggestion, and after an incident was opened.
    place = session.form_key("opener", "" if chosen is None else "suggested")
    with st.expander("Open an incident", expanded=session.is_refused(OPEN) or chosen is not None, key=place):
        first = proposed(desk, chosen)
        key = session.form_key(OPEN, first.alert_id or "")
        if chosen is not None:
            st.text(f"From the alert: {suggestion_words(chosen, desk)[0]}")
        with st.form(key, border=False):
            name_box, kind_box, level_box = st.columns([700, 300, 340], gap="small")
            name = name_box.text_input("Name", first.name, max_chars=editing.NAME, key=f"{key}_name")
            kinds = list(KINDS)
            kind = kind_box.selectbox("Kind", kinds, index=kinds.index(first.kind), format_func=lambda one: KINDS[one], key=f"{key}_kind")
            level = level_box.selectbox("Level", desk.levels, key=f"{key}_level")
            day, at, areas = instant_boxes(desk, key, "Onset", first.onset_at, first.areas)
            reason = st.text_input("Why", first.reason, max_chars=editing.REASON, key=f"{key}_reason")
            who = who_box(key, editing.WHO)
            sent = st.form_submit_button("Open the incident", key=f"{key}_send")
        if sent:
            now = data.now()

            def kept() -> None:
                onset_at = session.instant(day, at, desk.zone, now=now, seen=first.onset_at)
                typed = editing.Typed(name=name, level=level, onset_at=onset_at, areas=areas, reason=reason, who=who)
                st.query_params["incident"] = str(editing.open_incident(typed, kind, first.alert_id, desk.levels, now))
                st.session_state.pop(CHOSEN, None)

            session.write(OPEN, who, kept, f"Opened {name}.")
    session.said(OPEN)


def instant_boxes(desk: IncidentDesk, key: str, label: str, at: datetime | None, areas: str | None) -> tuple[Any, Any, str]:
    """A day and a time of the city's clock, without a time meaning now, and the areas beside them."""
    day_box, time_box, areas_box = st.columns([240, 220, 880], gap="small")
    local = None if at is None else at.astimezone(desk.zone)
    today = desk.at.astimezone(desk.zone).date()
    day = day_box.date_input(label, local.date() if local else today, format="YYYY-MM-DD", key=f"{key}_day")
    shown = None if local is None else local.time().replace(second=0, microsecond=0)
    time = time_box.time_input("At, now if empty", shown, step=timedelta(minutes=1), key=f"{key}_at")
    typed = "" if areas is None else areas_box.text_input("Areas, parted by semicolons", areas, key=f"{key}_areas")
    return day, time, typed


def change_form(desk: IncidentDesk, newest: Incident) -> None:
    """Change what is known of the incident, end it, or open it again; and what was changed before."""
    if not may_do("write-incident-change"):
        desk_pages.show("board", "incident_changes", change_board(desk))
        return
    words = "Change or close this incident" if newest.ended_at is None else "Open this incident again"
    with st.expander(words, expanded=session.has_said(CHANGE) or session.has_said(END), key="incident_change"):
        if newest.ended_at is None:
            _change(desk, newest)
            _end(desk, newest)
        else:
            _again(desk, newest)
        desk_pages.show("board", "incident_changes", change_board(desk))


def _version(one: Incident) -> str:
    return f"{one.incident_id}_{one.changed_at or one.opened_at}_{one.ended_at}"


def _others(desk: IncidentDesk, seen: Incident) -> tuple[str, ...]:
    return tuple(one.name for one in desk.incidents if one.incident_id != seen.incident_id)


def _change(desk: IncidentDesk, newest: Incident) -> None:
    seen, key = session.began_from(CHANGE, newest, _version)
    with st.form(key, border=False):
        name_box, level_box = st.columns([1000, 340], gap="small")
        name = name_box.text_input("Name", seen.name, max_chars=editing.NAME, key=f"{key}_name")
        levels = [*desk.levels, *([] if seen.level in desk.levels else [seen.level])]
        level = level_box.selectbox("Level", levels, index=levels.index(seen.level), key=f"{key}_level")
        day, at, areas = instant_boxes(desk, key, "Onset", seen.onset_at, seen.areas)
        reason = st.text_input("Why", max_chars=editing.REASON, key=f"{key}_reason")
        who = who_box(key, editing.WHO)
        sent = st.form_submit_button("Keep the change", key=f"{key}_send")
    if sent:
        now = data.now()

        def kept() -> None:
            onset_at = session.instant(day, at, desk.zone, now=now, seen=seen.onset_at)
            typed = editing.Typed(name=name, level=level, onset_at=onset_at, areas=areas, reason=reason, who=who)
            editing.change_incident(seen, typed, None, _others(desk, seen), now)

        session.write(CHANGE, who, kept, f"Changed: {name} is at {level}.")
    session.said(CHANGE)


def _end(desk: IncidentDesk, newest: Incident) -> None:
    seen, key = session.began_from(END, newest, _version)
    with st.form(key, border=False):
        day, at, _ = instant_boxes(desk, key, "Over since", None, None)
        reason = st.text_input("Why it is over", max_chars=editing.REASON, key=f"{key}_reason")
        who = who_box(key, editing.WHO)
        sent = st.form_submit_button("Close the incident", key=f"{key}_end")
    if sent:
        now = data.now()

        def kept() -> None:
            ended_at = session.instant(day, at, desk.zone, now=now)
            editing.change_incident(seen, _as_it_is(seen, reason, who), ended_at, _others(desk, seen), now)

        session.write(END, who, kept, f"Closed {seen.name}.")
    session.said(END)


def _again(desk: IncidentDesk, newest: Incident) -> None:
    seen, key = session.began_from(END, newest, _version)
    local = (seen.ended_at or desk.at).astimezone(desk.zone)
    st.text(f"It is over since {day_words(local)}, {local:%H:%M}.")
    with st.form(key, border=False):
        reason = st.text_input("Why it goes on", max_chars=editing.REASON, key=f"{key}_reason")
        who = who_box(key, editing.WHO)
        sent = st.form_submit_button("Open it again", key=f"{key}_send")
    if sent:
        now = data.now()

        def kept() -> None:
            editing.change_incident(seen, _as_it_is(seen, reason, who), None, _others(desk, seen), now)

        session.write(END, who, kept, f"Opened again: {seen.name}.")
    session.said(END)


def _as_it_is(seen: Incident, reason: str, who: str) -> editing.Typed:
    """Nothing but the end of an incident changes."""
    return editing.Typed(name=seen.name, level=seen.level, onset_at=seen.onset_at, areas=seen.areas, reason=reason, who=who)
