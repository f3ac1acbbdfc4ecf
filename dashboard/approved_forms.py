"""The form for an approved answer: a new one, a new version, or the end of one."""

from datetime import timedelta
from typing import Any

import streamlit as st

from dashboard import approved_editing as editing, approved_figures, data, incident_session as session
from dashboard.access.session import may_do, who_box
from dashboard.incident_rows import Answer, IncidentDesk

FORM, END = "answer", "retire"
NEW = 0  # stands for an answer that is not there yet
USUAL_REVIEW = timedelta(hours=24)


def show(desk: IncidentDesk) -> None:
    """Add, change or end an approved answer."""
    if not may_do("write-answer"):
        return
    with st.expander(
        "Add, change or retire an approved answer", expanded=session.has_said(FORM) or session.has_said(END), key="incident_answer"
    ):
        labels = {NEW: "A new answer"} | {one.answer_id: one.question for one in approved_figures.ordered(desk.answers)}
        which = st.selectbox("Which answer", list(labels), format_func=lambda one: labels.get(one, ""), key="incident_answer_which")
        newest = next((one for one in desk.answers if one.answer_id == which), None)
        _form(desk, newest)
        session.said(FORM)
        if newest is not None:
            _retire(newest)
        session.said(END)


def _version(one: Answer | None) -> str:
    return "new" if one is None else f"{one.answer_id}_{one.version_id}"


def _form(desk: IncidentDesk, newest: Answer | None) -> None:
    seen, key = session.began_from(FORM, newest, _version)
    with st.form(key, border=False):
        typed = _words(key, seen)
        day, at, checked = _review(desk, key, seen)
        who = who_box(key, editing.WHO)
        sent = st.form_submit_button("Approve it" if seen is None else "Keep this version", key=f"{key}_send")
    if sent:
        now = data.now()

        def kept() -> None:
            verified_at = seen.verified_at if seen is not None and not checked else now
            review_by = session.instant(day, at, desk.zone, now=now, seen=seen.review_by if seen else None)
            editing.save(seen, editing.AnswerTyped(verified_at=verified_at, review_by=review_by, who=who, **typed), now)

        session.write(FORM, who, kept, f"Kept: {typed['question']}")


def _words(key: str, seen: Answer | None) -> dict[str, str]:
    """What is asked, what is said, and who keeps it true."""

    def was(name: str) -> str:
        return str(getattr(seen, name)) if seen else ""

    question_box, topic_box = st.columns([1000, 340], gap="small")
    typed = {
        "question": question_box.text_input(
            "Question, as a resident asks it", was("question"), max_chars=editing.QUESTION, key=f"{key}_question"
        ),
        "topic": topic_box.text_input("Topic", was("topic"), max_chars=editing.TOPIC, key=f"{key}_topic"),
        "answer": st.text_area("Answer, word for word", was("answer"), max_chars=editing.ANSWER, key=f"{key}_answer", height=120),
    }
    label = "What residents look up, parted by commas"
    typed["search_words"] = st.text_input(label, was("search_words").replace(";", ","), key=f"{key}_search_words")
    owner_box, source_box = st.columns(2, gap="small")
    typed["owner"] = owner_box.text_input("Owner: who keeps it true", was("owner"), max_chars=editing.OWNER, key=f"{key}_owner")
    typed["source"] = source_box.text_input("Source: where it comes from", was("source"), max_chars=editing.SOURCE, key=f"{key}_source")
    return typed


def _review(desk: IncidentDesk, key: str, seen: Answer | None) -> tuple[Any, Any, bool]:
    """By when it is to be looked at again, and whether it was checked just now; a new one is."""
    # What the boxes begin with is remembered: it must not move on while somebody types.
    usual = st.session_state.setdefault(f"{key}_usual_review", desk.at + USUAL_REVIEW)
    local = (seen.review_by if seen else usual).astimezone(desk.zone)
    day_box, time_box, check_box = st.columns([240, 240, 860], gap="small", vertical_alignment="bottom")
    day = day_box.date_input("Review by", local.date(), format="YYYY-MM-DD", key=f"{key}_day")
    first = local.time().replace(second=0, microsecond=0)
    at = time_box.time_input("At", first, step=timedelta(minutes=1), key=f"{key}_at")
    if seen is None:
        return day, at, True
    return day, at, check_box.checkbox("I have just checked it against its source", key=f"{key}_checked")


def _retire(newest: Answer) -> None:
    seen, key = session.began_from(END, newest, _version)
    with st.form(key, border=False):
        who = who_box(key, editing.WHO)
        sent = st.form_submit_button("Retire this answer: nobody is to say it any more", key=f"{key}_end")
    if sent:
        session.write(END, who, lambda: editing.retire(seen, who), f"Retired: {seen.question}")
