"""Weekly review: which departments kept their promises, which backlogs grow, what is real, what was decided? A desk page, layout only.

`?week=2026-W47` is the week; without it, the last full one.
"""

from datetime import date, timedelta

import streamlit as st

from dashboard import (
    data,
    desk,
    editing,
    weekly_charts,
    weekly_csv,
    weekly_figures,
    weekly_page,
    weekly_report,
    weekly_rows,
    weekly_verdict,
)
from dashboard.access.session import may_do, who_box
from dashboard.figure import Figure
from dashboard.loader import current
from dashboard.rows import UnexpectedFrame
from dashboard.tokens import Mode
from dashboard.weekly_measures import CALLS, REQUESTS
from dashboard.wording import bold
from dashboard.writing import NotKept

REFRESH_SECONDS = 30.0
TILE, EMPTY = 152, 100  # px
KEPT, CHOSEN, ADDED = "weekly_kept", "weekly_week", "weekly_added"
DUE_AFTER = timedelta(days=14)
NEW = 0  # stands for an action that is not there yet


def head() -> weekly_rows.Review | None:
    """The title, the week and the downloads; the review, or the last good one while the database is away."""
    title, week_box, pdf, csv = st.columns([1180, 380, 130, 130], gap="small", vertical_alignment="bottom")
    with title:
        st.title("Weekly review")
    try:
        asker = weekly_page.Asker()
        choice = weekly_page.choose(weekly_rows.span(asker), st.query_params.get("week"), data.now())
        if choice is None:
            st.text("No request and no contact is known yet: the review begins with the first full week.")
            return None
        with week_box:
            place = choice.weeks.index(choice.week)
            chosen = st.selectbox("Week", choice.weeks, index=place, format_func=lambda week: f"{week.long} ({week.name})", key=CHOSEN)
        if chosen != choice.week:
            st.query_params["week"] = chosen.name
            st.rerun()
        if choice.note:
            st.text(choice.note)
        review: weekly_rows.Review | None = weekly_page.read(asker, choice.week)
        st.session_state[KEPT] = review
    except (data.NoAnswer, UnexpectedFrame) as error:
        st.text(str(error))
        review = st.session_state.get(KEPT)
        if review is not None:
            st.text(f"Shown is what was known on {weekly_figures.moment(review, review.at)}.")
    if review is not None:
        name, shown = f"weekly-review-{review.week.name}", review
        with pdf:
            st.download_button(
                "PDF", lambda: weekly_report.pdf(shown), f"{name}.pdf", "application/pdf", on_click="ignore", width="stretch"
            )
        with csv:
            st.download_button("CSV", lambda: weekly_csv.text(shown), f"{name}.csv", "text/csv", on_click="ignore", width="stretch")
    return review


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """The review, in the same order every week."""
    review = head()
    if review is None:
        return
    mode: Mode = "light" if st.context.theme.type == "light" else "dark"
    departments = weekly_verdict.ranked(review)
    said = weekly_verdict.verdict(review, departments)
    sentence: Figure = {"title": f"{bold(said.headline)}. {said.why}", "columns": [], "rows": [], "empty": ""}
    desk.show("board", "week_verdict", sentence | {"note": weekly_figures.incomplete(review)} | weekly_figures.aged(review))
    tiles = weekly_figures.tiles(review, current().snapshot)
    for measures in (REQUESTS, CALLS):
        height = TILE if any(tiles[measure.metric]["value"] is not None for measure in measures) else EMPTY
        for column, measure in zip(st.columns(4, gap="small"), measures, strict=True):
            with column:
                desk.show("tile", f"week_{measure.metric}", tiles[measure.metric], height=height)
    desk.show("board", "week_departments", weekly_figures.department_board(departments))
    left, right = st.columns([1216, 624], gap="small")
    with left:
        desk.show("board", "week_rising", weekly_figures.rising_board(review))
        chart = weekly_charts.backlogs(weekly_charts.chosen(departments), mode, weekly_charts.DESK)
        if chart is not None:
            with st.container(key="panel_week_backlogs", gap="xxsmall"):
                st.markdown("### Which backlogs grow? Open requests at each week's end")
                st.caption("Twelve weeks, each department on its own scale. Grey: where it lay in 8 of 10 of the weeks before.")
                st.vega_lite_chart(spec=chart, theme=None, key="week_backlogs", width="content")
        desk.show("board", "week_actions", weekly_figures.action_board(review.actions, today(review)))
    with right:
        desk.show("tile", "week_satisfaction", tiles["satisfaction"], height=EMPTY if tiles["satisfaction"]["value"] is None else TILE)
        desk.show("board", "week_searches", weekly_figures.search_board(review))
    st.text(weekly_figures.footer(review))


def today(review: weekly_rows.Review) -> date:
    """The city's date."""
    return data.now().astimezone(review.zone).date()


@st.fragment
def edit() -> None:
    """The form with which an action is added, changed, or marked as done."""
    review: weekly_rows.Review | None = st.session_state.get(KEPT)
    if review is None or not may_do("write-action"):
        return
    with st.expander("Add or change an action", expanded=False, key="week_edit"):
        labels = {NEW: "A new action"} | {one.action_id: f"{one.what} ({one.owner})" for one in review.actions}
        wanted = st.selectbox("Which action", list(labels), format_func=lambda one: labels.get(one, ""), key="week_which")
        form(review, next((one for one in review.actions if one.action_id == wanted), None))


def form(review: weekly_rows.Review, seen: weekly_rows.Action | None) -> None:
    """What a person types about one action."""
    # every change that was kept begins an empty form: nothing is added twice
    key = f"week_form_{review.week.name}_{seen.action_id if seen else NEW}_{st.session_state.get(ADDED, 0)}"
    with st.form(key, clear_on_submit=False, border=False):
        what_box, owner_box, due_box, name_box = st.columns([760, 320, 200, 320], gap="small")
        due = date.fromisoformat(seen.due_on) if seen else max(today(review), review.week.sunday) + DUE_AFTER
        first = date.fromisoformat(seen.decided_on) if seen else review.week.monday
        what = what_box.text_input("What is to be done", seen.what if seen else "", max_chars=editing.LONGEST["what"])
        owner = owner_box.text_input("Who does it", seen.owner if seen else "", max_chars=editing.LONGEST["owner"])
        due_on = due_box.date_input("By when", due, min_value=min(first, due), format="YYYY-MM-DD")
        who = who_box(key, editing.LONGEST["who"], name_box)
        done = st.checkbox("Done", value=seen.done_on is not None) if seen else False
        if not st.form_submit_button("Keep the change" if seen else "Add the action"):
            return
    done_on = None if not done else date.fromisoformat(seen.done_on) if seen and seen.done_on else today(review)
    change = editing.Change(what=what, owner=owner, due_on=due_on, who=who, done_on=done_on)
    try:
        if seen is None:
            editing.add(review.week, change)
        else:
            editing.edit(seen, change)
    except (NotKept, data.NoAnswer) as error:
        st.text(str(error))
        return
    st.session_state[ADDED] = st.session_state.get(ADDED, 0) + 1
    st.rerun()


with st.container(key="desk", gap="small"):
    desk.links()
    body()
    edit()
