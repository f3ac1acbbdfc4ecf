"""Departments: which keep their promises, which backlogs grow, down to the types and the requests themselves. A desk page, layout only.

The URL carries the whole view: `?department=…&type=…&state=overdue&at=2026-11-23T00:00` (without `at`: now).
"""

from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import answers, csv_export, data, departments_figures, departments_rows, departments_verdict, desk
from dashboard.departments_rows import Standings
from dashboard.figure import Figure, stamp
from dashboard.freshness import Source
from dashboard.loader import current
from sql.reports import InvalidRequest, instant
from sql.settings import settings

REFRESH_SECONDS = 30.0
TILE, LOW_TILE, MOST_REQUESTS = 144, 112, 500
KEPT = "departments_kept"
STATES = {"open": "Open", "overdue": "Overdue", "closed": "Closed in the last 28 days"}
HEADINGS = {"open": "Open requests", "overdue": "Overdue requests", "closed": "Requests closed in the last 28 days"}


class Asker:
    """Asks the named queries for one drawing of the page, and notes when the oldest answer was given."""

    def __init__(self) -> None:
        self._given: list[datetime] = []  # from several threads: a list takes them all

    @property
    def at(self) -> datetime | None:
        """When the oldest answer was given; None before the first."""
        return min(self._given, default=None)

    def __call__(self, name: str, **params: object) -> pd.DataFrame:
        """The frame of a named query."""
        answer = answers.ask(name, **params)
        self._given.append(answer.at)
        return answer.frame


def wanted_instant() -> datetime | None:
    """The instant in the URL; None is now."""
    words = st.query_params.get("at")
    if not words:
        return None
    try:
        return instant(words, settings().zone)
    except InvalidRequest as error:
        st.text(f"{str(error)[0].upper()}{str(error)[1:]}. Shown is now.")
        return None


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """The page."""
    department, service_name = st.query_params.get("department"), st.query_params.get("type")
    at = wanted_instant()
    key = (department, at)
    asker = Asker()
    try:
        standings = departments_rows.read(asker, at or data.now(), settings().zone, department, is_now=at is None)
        st.session_state[KEPT] = (key, standings, asker.at or data.now())
    except data.NoAnswer as error:
        is_kept = st.session_state.get(KEPT, (None,))[0] == key
        if not is_kept:
            st.title("Departments")
        st.text(str(error))
        if not is_kept:
            return
    _, kept, asked_at = st.session_state[KEPT]
    if kept is None:
        st.title("Departments")
        st.text(f"There is no department {department!r} with requests." if department else "No request is known yet.")
        return
    heading(kept, service_name, asked_at)
    if service_name is None:
        overview(kept, asked_at)
    elif (chosen := next((part for part in kept.parts if part.service_name == service_name), None)) is not None:
        tiles(replace(kept, whole=chosen), asked_at)
    if department:
        requests(department, service_name, at)


def heading(standings: Standings, service_name: str | None, asked_at: datetime) -> None:
    """The title, the way back, and the answer in one sentence."""
    whole = standings.whole
    parts = departments_verdict.ranked(standings.parts)
    st.title(desk.plain(service_name or ("Departments" if whole.is_city else whole.name)), anchor=False)
    if not whole.is_city:
        with st.container(horizontal=True, key="departments_back"):
            st.page_link("views/departments.py", label="All departments", query_params=kept_params())
            if service_name:
                st.page_link(
                    "views/departments.py", label=desk.plain(whole.name), query_params={"department": whole.department, **kept_params()}
                )
    if service_name:
        one = next((part for part in parts if part.standing.service_name == service_name), None)
        said = departments_verdict.of_type(one)
    else:
        said = departments_verdict.sentence(whole, parts, "departments" if whole.is_city else "types")
    when = standings.at.astimezone(standings.zone)
    note = f"As it was on {when:%a, %b} {when.day}, {when:%Y, %H:%M}" if st.query_params.get("at") else ""
    shown: Figure = {"title": said, "columns": [], "rows": [], "empty": "", "note": note}
    desk.show("board", "departments_verdict", shown | stamp(Source(asked_at, departments_figures.CADENCE_SECONDS)))


def kept_params() -> dict[str, str]:
    """What of the URL every link carries on."""
    return {name: st.query_params[name] for name in ("at",) if name in st.query_params}


def tiles(standings: Standings, asked_at: datetime) -> None:
    """Four tiles of the whole."""
    shown = departments_figures.tiles(standings, current().snapshot, asked_at)
    for column, (name, figure) in zip(st.columns(4, gap="small"), shown.items(), strict=True):
        with column:
            desk.show("tile", f"departments_{name}", figure, height=TILE if any("spark" in one for one in shown.values()) else LOW_TILE)


def overview(standings: Standings, asked_at: datetime) -> None:
    """Four tiles, and the board."""
    tiles(standings, asked_at)
    parts = departments_verdict.ranked(standings.parts)
    desk.show("board", "departments_board", departments_figures.board(standings, parts, asked_at, kept_params()))


def requests(department: str, service_name: str | None, at: datetime | None) -> None:
    """The requests themselves, those that are due first."""
    state = st.query_params.get("state", "open")
    state = state if state in STATES else "open"
    with st.container(key="panel_departments_requests", gap="xsmall"):
        title, choice, download = st.columns([1300, 380, 140], gap="small", vertical_alignment="bottom")
        names = list(STATES)
        chosen = choice.selectbox(
            "Which requests", names, index=names.index(state), format_func=lambda one: STATES[one], key="departments_state"
        )
        if chosen != state:
            st.query_params["state"] = chosen
        try:
            asked = {"department": department, "service_name": service_name, "state": chosen, "most": MOST_REQUESTS}
            found = answers.ask("requests-of", **asked, **({"as_of": at} if at else {})).frame
        except data.NoAnswer as error:
            st.text(str(error))
            return
        more = f" (the first {MOST_REQUESTS})" if len(found) == MOST_REQUESTS else ""
        title.markdown(f"### {HEADINGS[chosen]}{more}")
        shown = departments_figures.request_table(found, settings().zone)
        if shown.empty:
            st.text("There are none.")
            return
        download.download_button("CSV", csv_export.text(shown), "requests.csv", "text/csv", on_click="ignore", width="stretch")
        height = min(38 * (len(shown) + 1), 640)
        order, columns = departments_figures.told(shown), departments_figures.REQUEST_COLUMNS
        st.dataframe(shown, hide_index=True, height=height, key="departments_requests", column_order=order, column_config=columns)


with st.container(key="desk", gap="small"):
    desk.links()
    body()
