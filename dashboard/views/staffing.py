"""Staffing: how many people in each half hour of two weeks, with what chance, where is the gap, what if it snows? A desk page, layout only.

The address carries the whole view: `?queue=general&chance=0.9&day=2026-11-27&scenario=12&weather=asked`.
"""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard import (
    data,
    desk,
    staffing_boards,
    staffing_charts,
    staffing_csv,
    staffing_figures,
    staffing_forms,
    staffing_gaps,
    staffing_heat,
    staffing_page,
    staffing_rows,
    staffing_weathers,
)
from dashboard.figure import Figure, definition_of
from dashboard.loader import current
from dashboard.rows import UnexpectedFrame
from dashboard.staffing_page import CHANCES, USUAL_CHANCE, View
from dashboard.staffing_rows import ASKED, FORECAST, NO_STORM, Staffing
from dashboard.tokens import Mode
from dashboard.wording import bold

REFRESH_SECONDS = 30.0
TILE, PLAN, LEGEND = 112, 560, 60  # px
PEOPLE, CONTACTS, BACKLOG, BACKLOG_ROOM = 236, 104, 54, 106
SHOWN = "staffing_shown"  # what is on the page, for the downloads
KEPT = "staffing_kept"
ALL = ""


def put(name: str, value: str, default: str = ALL) -> None:
    """Write a choice into the address; the default is left out of it."""
    if value == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def read(view: View) -> Staffing | None:
    """Everything that the page shows; the last good figures while the database is away."""
    try:
        st.session_state[KEPT] = (view.scenario_id, view.chance, staffing_page.whole(data.now(), view))
    except (data.NoAnswer, UnexpectedFrame) as error:
        st.text(str(error))
        kept = st.session_state.get(KEPT)
        if kept is None or kept[:2] != (view.scenario_id, view.chance):
            return None
        st.text(f"Shown is what was known on {staffing_figures.at_words(kept[2].at, kept[2])}.")
    staffing: Staffing = st.session_state[KEPT][2]
    return staffing


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """The page."""
    view = staffing_page.view_of(st.query_params.to_dict())
    widths = [860, 300, 200, 340] + ([130] if view.scenario_id is not None else [])
    title, *boxes = st.columns(widths, gap="small", vertical_alignment="bottom")
    with title:
        st.title("Staffing", anchor=False)
    staffing = read(view)
    if staffing is None:
        return
    queue, shown = choices(boxes, view, staffing)
    plan = staffing_rows.of_queue(staffing.plans[shown], queue)
    days = staffing.days()
    gaps = staffing_gaps.gaps(plan)
    worst = staffing_gaps.largest(gaps, 1)
    day = view.day if view.day in days else worst[0].day if worst else days[0]
    heading(staffing, plan, shown)
    if plan.empty:
        knowledge(staffing)
        return
    for column, (name, figure) in zip(
        st.columns(4, gap="small"), staffing_figures.tiles(staffing, plan, queue, view.chance).items(), strict=True
    ):
        with column:
            defined = definition_of(current().snapshot, staffing_figures.DEFINED_AS[name])
            desk.show("tile", f"staffing_{name}", figure | defined, height=TILE)
    halves = staffing_rows.by_half_hour(plan)
    left, right = st.columns([1216, 624], gap="small")
    with left.container(key="panel_staffing_fortnight", height=PLAN, gap="xxsmall", border=False):
        st.markdown("### People short, by half hour")
        staffing_heat.show(staffing_heat.figure(halves, days, day), PLAN - LEGEND, lambda picked: put("day", picked))
    with right.container(key="panel_staffing_day", height=PLAN, gap="xxsmall", border=False):
        detail(staffing, halves, queue, day)
    left, right = st.columns([1216, 624], gap="small")
    with left:
        carried_on = {name: value for name, value in st.query_params.to_dict().items() if name != "day"}
        link = f"/staffing?{urlencode(carried_on)}{'&' if carried_on else ''}"
        desk.show("board", "staffing_gaps", staffing_boards.gap_board(staffing, gaps, link))
        desk.show("board", "staffing_scores", staffing_boards.score_board(staffing, queue))
    with right:
        desk.show("board", "staffing_calls", staffing_boards.call_board(staffing, staffing_gaps.calls(plan), day))
    weathers(staffing, queue, day)
    knowledge(staffing)
    st.session_state.setdefault(SHOWN, {}).update(staffing=staffing, plan=plan)


def choices(boxes: list[Any], view: View, staffing: Staffing) -> tuple[str | None, str]:
    """The queue, the chance and the weather; the two that the plan on the page is of."""
    names = {ALL: "All queues"} | {one.queue: one.name for one in staffing.queues}
    queue_box, chance_box, weather_box = boxes[:3]
    queue = pick(queue_box, "Queue", "queue", names, view.queue if view.queue in names else ALL)
    chances = {f"{one:g}": f"{100 * one:g}%" for one in CHANCES}
    pick(chance_box, "Chance to meet the target", "chance", chances, f"{view.chance:g}", f"{USUAL_CHANCE:g}")
    weathers = {one: staffing_figures.shown_words(one, staffing) for one in (FORECAST, NO_STORM, ASKED) if one in staffing.plans}
    default = ASKED if view.scenario_id is not None else FORECAST
    current = view.shown if view.shown in weathers else FORECAST
    shown = pick(weather_box, "Weather", "weather", weathers, current, default)
    if view.scenario_id is not None:
        with boxes[3]:
            if st.button("Forget it", key="staffing_forget", width="stretch", help="Leave the asked weather out of this view"):
                put("scenario", ALL)
                put("weather", ALL)
                st.rerun()
    return queue or None, shown


def pick(box: Any, label: str, name: str, options: dict[str, str], current: str, default: str = ALL) -> str:
    """One choice, kept in the address."""
    values = list(options)
    with box:
        key = f"staffing_{name}_{'-'.join(values) if name == 'weather' else ''}"
        chosen: str = st.selectbox(
            label, values, index=values.index(current) if current in values else 0, format_func=lambda one: options.get(one, one), key=key
        )
    if chosen != current:
        put(name, chosen, default)
        if name == "chance":
            st.rerun()
    return chosen


def heading(staffing: Staffing, plan: pd.DataFrame, shown: str) -> None:
    """The answer in one sentence, with its age, and what makes it doubtful."""
    headline, why = staffing_figures.verdict(staffing, plan)
    weather = "" if shown == FORECAST else f" Shown is {bold(staffing_figures.shown_words(shown, staffing))}."
    doubts = [staffing_figures.stale_weather(staffing), staffing_figures.beyond(plan)]
    told: Figure = {"title": f"{bold(headline)} {why}{weather}", "columns": [], "rows": [], "empty": ""}
    desk.show("board", "staffing_verdict", told | {"note": " ".join(filter(None, doubts))} | staffing_figures.aged(staffing))


def detail(staffing: Staffing, halves: pd.DataFrame, queue: str | None, day: date) -> None:
    """A day: people, contacts, and who waits over."""
    mode: Mode = "light" if st.context.theme.type == "light" else "dark"
    days = [one.isoformat() for one in staffing.days()]
    words, box = st.columns([380, 180], gap="small", vertical_alignment="center")
    words.markdown(f"### {day:%A}, {day:%B} {day.day}")
    with box:
        chosen = st.selectbox(
            "Day",
            days,
            index=days.index(day.isoformat()),
            format_func=lambda one: staffing_figures.day_words(date.fromisoformat(one)),
            key=f"staffing_day_{day.isoformat()}",
            label_visibility="collapsed",
        )
    if chosen != day.isoformat():
        put("day", chosen)
        st.rerun(scope="fragment")
    frame = staffing_charts.day_frame(halves, day, staffing.zone)
    carry = staffing_rows.waiting_over(staffing.carry, queue)
    st.caption(staffing_figures.day_sentence(frame, carry, staffing, day))
    waits = staffing_charts.backlog(frame, carry, day, staffing.zone, mode, BACKLOG)
    drawn = staffing_charts.people(frame, day, staffing.zone, staffing.at, mode, PEOPLE if waits else PEOPLE + BACKLOG_ROOM)
    if drawn is None:
        st.text("Nobody is required on this day.")
        return
    st.vega_lite_chart(spec=drawn, theme=None, key="staffing_people", width="stretch")
    st.caption("Contacts each half hour: forecast with its 80% band, and what came")
    came = staffing_rows.came(staffing.came, queue)
    drawn = staffing_charts.contacts(frame, came, day, staffing.zone, staffing.at, mode, CONTACTS)
    st.vega_lite_chart(spec=drawn, theme=None, key="staffing_contacts", width="stretch")
    if waits is not None:
        st.caption("People who wait over into the next half hour")
        st.vega_lite_chart(spec=waits, theme=None, key="staffing_backlog", width="stretch")


def weathers(staffing: Staffing, queue: str | None, day: date) -> None:
    """What another weather would ask for, beside the forecast."""
    mode: Mode = "light" if st.context.theme.type == "light" else "dark"
    with st.container(key="panel_staffing_weathers", gap="xsmall"):
        st.markdown("### What if? People by weather, the half hours to come")
        desk.show("board", "staffing_weathers", staffing_weathers.board(staffing, queue))
        totals = {shown: staffing_rows.by_half_hour(plan) for shown, plan in staffing_weathers.alike(staffing.plans, queue).items()}
        names = {
            shown: staffing_figures.shown_words(shown, staffing).lower()
            if shown != ASKED
            else staffing_figures.shown_words(shown, staffing)
            for shown in totals
        }
        first, days = staffing_weathers.chart_days(staffing, day)
        drawn = staffing_charts.weathers(totals, names, first, days, staffing.zone, mode, 200)
        if drawn is not None:
            st.caption("People required in each half hour")
            st.vega_lite_chart(spec=drawn, theme=None, key="staffing_weather_chart", width="stretch")
        staffing_forms.weather(staffing)


def knowledge(staffing: Staffing) -> None:
    """What the forecast knew, what changed and why."""
    said = "\n".join(staffing_figures.known(staffing))
    shown: Figure = {"title": "What the forecast knew", "columns": [], "rows": [], "note": said}
    shown["empty"] = "" if said else "There is no forecast yet."
    desk.show("board", "staffing_known", shown)


@st.fragment
def downloads() -> None:
    """Everything as CSV, as it is shown when somebody clicks.

    Drawn once, apart from the page: a button that is drawn anew with every refresh may be clicked a moment after its file is gone.
    """
    shown: dict[str, Any] = st.session_state.setdefault(SHOWN, {})
    if not shown:
        return
    name = f"{shown['staffing'].days()[0].isoformat()}.csv"
    files = {
        "Plan": ("staffing-plan", lambda: staffing_csv.plan_text(shown["plan"], shown["staffing"].zone)),
        "Gaps": ("staffing-gaps", lambda: staffing_csv.gaps_text(shown["plan"], shown["staffing"].zone)),
        "Whom to call in": ("staffing-calls", lambda: staffing_csv.calls_text(shown["plan"], shown["staffing"].zone)),
        "Forecast scores": ("staffing-scores", lambda: staffing_csv.scores_text(shown["staffing"])),
    }
    with st.container(horizontal=True, key="staffing_downloads", vertical_alignment="center"):
        st.text("As CSV")
        for label, (file, made) in files.items():
            st.download_button(label, made, f"{file}-{name}", "text/csv", on_click="ignore", key=f"staffing_csv_{file}")


@st.fragment
def edit() -> None:
    """The forms: a schedule, an override."""
    kept = st.session_state.get(KEPT)
    if kept is None:
        return
    staffing: Staffing = kept[2]
    left, right = st.columns(2, gap="small")
    with left:
        staffing_forms.schedule(staffing)
    with right:
        staffing_forms.override(staffing)
    desk.show("board", "staffing_overrides", staffing_boards.override_board(staffing))


with st.container(key="desk", gap="small"):
    desk.links()
    body()
    downloads()
    edit()
