"""Incident: what runs, at which level; lifelines, approved answers, the activity log, alerts by hand. A desk page, layout only.

`?incident=7` in the address is the incident; without it, the running one that began last.
"""

import streamlit as st

from dashboard import (
    approved_figures,
    approved_forms,
    approved_list,
    approved_matching,
    data,
    desk,
    incident_alert_form,
    incident_figures,
    incident_forms,
    incident_log,
    incident_log_forms,
    incident_page,
    incident_posts,
    incident_reports,
    incident_session as session,
    lifeline_figures,
    lifeline_forms,
)
from dashboard.access.session import may_do
from dashboard.incident_rows import IncidentDesk
from dashboard.rows import UnexpectedFrame

REFRESH_SECONDS = incident_figures.CADENCE_SECONDS
DRAWN = "incident_drawn"  # which incident the forms on the page are of


def read() -> IncidentDesk | None:
    """Everything on the page; the last good one while the database is away."""
    asked = incident_page.number_in(st.query_params.get("incident"))
    try:
        st.session_state[session.KEPT] = incident_page.whole(asked)
    except (data.NoAnswer, UnexpectedFrame) as error:
        st.text(str(error))
    return session.kept()


@st.fragment(run_every=REFRESH_SECONDS)
def head() -> None:
    """The answer, the choice of the incident, and what alerts suggest."""
    title, box = st.columns([1340, 480], gap="small", vertical_alignment="bottom")
    with title:
        st.title("Incident", anchor=False)
    found = read()
    if found is None:
        return
    drawn_anew_for(found)
    if len(found.incidents) > 1 or (found.incidents and found.incident is None):
        with box:
            choose(found)
    desk.show("board", "incident_verdict", incident_figures.verdict(found))
    incident_forms.suggestions(found)


def drawn_anew_for(found: IncidentDesk) -> None:
    """Draw the whole page when somebody else has opened or closed what it shows: the forms are not drawn with the figures."""
    current = (found.incident.incident_id, found.incident.ended_at is None) if found.incident else ()
    drawn = st.session_state.get(DRAWN)
    st.session_state[DRAWN] = current
    if drawn is not None and drawn != current:
        st.rerun()


def choose(found: IncidentDesk) -> None:
    """Which incident is shown, kept in the address."""
    labels = incident_figures.labels(found.incidents, found)
    numbers = list(labels)
    current = found.incident.incident_id if found.incident else None
    key = f"incident_choice_{current}_{len(labels)}"
    chosen = st.selectbox(
        "Which incident",
        numbers,
        index=numbers.index(current) if current is not None else None,
        format_func=lambda one: labels.get(one, ""),
        placeholder="Look at one that is over",
        key=key,
    )
    if chosen is not None and chosen != current:
        st.query_params["incident"] = str(chosen)
        st.rerun()


@st.fragment
def incident() -> None:
    """Open an incident, change the one that is shown."""
    found = session.kept()
    if found is None:
        return
    incident_forms.open_form(found)
    if found.incident is not None:
        incident_forms.change_form(found, found.incident)


@st.fragment
def reports() -> None:
    """What there is to take away, and the way to the replay."""
    found = session.kept()
    if found is not None and found.incident is not None:
        incident_reports.buttons(found.incident)


@st.fragment(run_every=REFRESH_SECONDS)
def lifelines() -> None:
    """FEMA's eight."""
    found = session.kept()
    if found is not None and found.incident is not None:
        desk.show("board", "incident_lifelines", lifeline_figures.board(found))


@st.fragment
def judge() -> None:
    """The form for a lifeline."""
    found = session.kept()
    if found is not None and found.incident is not None:
        lifeline_forms.show(found, found.incident)


@st.fragment(run_every=REFRESH_SECONDS)
def answers() -> None:
    """What has no approved answer, and those that are approved."""
    found = session.kept()
    if found is None:
        return
    missing = approved_matching.unanswered(found.searches, found.topics, found.answers)
    desk.show("board", "incident_asked", approved_figures.asked_board(missing, found))
    desk.show("board", "incident_posts", incident_posts.board(found))
    heading, box = st.columns([1340, 480], gap="small", vertical_alignment="bottom")
    heading.markdown("### Approved answers")
    with box:
        typed = st.text_input("Search the answers", key="incident_search", placeholder="Words of the question or the answer")
    approved_list.show(approved_figures.answer_list(approved_matching.found(found.answers, typed), found, typed))


@st.fragment
def approve() -> None:
    """The form for an approved answer."""
    found = session.kept()
    if found is not None:
        approved_forms.show(found)


@st.fragment
def note() -> None:
    """The form for an entry in the log."""
    found = session.kept()
    if found is not None and found.incident is not None and may_do("write-log-entry"):
        with st.container(key="panel_incident_note", gap="xsmall"):
            st.markdown("### Note what is done, said or decided")
            incident_log_forms.entry_form(found, found.incident)


@st.fragment(run_every=REFRESH_SECONDS)
def log() -> None:
    """The log itself."""
    found = session.kept()
    if found is not None and found.incident is not None:
        desk.show("board", "incident_log", incident_log.log_board(found))


@st.fragment
def amend() -> None:
    """Corrections, the log as a file, and alerts by hand.

    Drawn once, apart from the log: a button that is drawn anew with every refresh may be clicked a moment after its file is gone.
    """
    found = session.kept()
    if found is None:
        return
    if found.incident is not None:
        incident_log_forms.amend_form(found, found.incident)
        incident_log_forms.download(found, found.incident)
    incident_alert_form.show(found)


with st.container(key="desk", gap="small"):
    st.session_state[DRAWN] = None
    desk.links()
    head()
    incident()
    reports()
    lifelines()
    judge()
    answers()
    approve()
    note()
    log()
    amend()
