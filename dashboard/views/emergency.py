"""Emergency: what is the storm doing, where, is it above what was expected, what do residents ask, what was said and done? Layout only.

The wall at `/emergency` shows the running incident as of now. `?incident=3&hour=14` shows an incident as it was known at that hour of its
clock, and plays it on; `&beside=2` draws another incident on the same clock.
"""

import time
from functools import partial
from typing import Any

import streamlit as st

from dashboard import data, emergency_charts, emergency_clock, emergency_figures, emergency_page, emergency_verdict
from dashboard.charts import WALL
from dashboard.edition import STORM_CHART_HEIGHT
from dashboard.emergency_rows import Incident
from dashboard.emergency_wall import SHOWN, Drawn, layout, wall
from dashboard.freshness import Source
from dashboard.heartbeat import Due, heartbeat, pulse
from dashboard.loader import current
from dashboard.parts import palette

REPLAY_EVERY_SECONDS = 2.0
SPEEDS = {"1 min a second": 60, "5 min a second": 300, "15 min a second": 900, "as it went": 1}
STEP = 0.01  # hours
PLAYING = "emergency_playing"


def live() -> None:
    """The wall as of now."""
    drawn, edition = due().layout, current()
    with st.container(gap="small"):
        wall(Drawn(), edition.snapshot.emergency, edition.storm_charts.get(palette()))
    heartbeat(drawn, due)


def due() -> Due:
    """The wall as it should be."""
    return Due(layout(current()), partial(pulse, SHOWN))


@st.fragment(run_every=REPLAY_EVERY_SECONDS)
def replay() -> None:
    """An incident as it was known at an hour of its clock."""
    try:
        incidents = emergency_page.known_incidents()
        view = emergency_page.view_of(st.query_params.to_dict())
        incident = next((one for one in incidents if one.incident_id == view.incident_id), None)
        if incident is None:
            st.text("There is no such incident. Choose one on the page Incident.")
            return
        hour = controls(incident, incidents, view)
        at = emergency_page.instant(incident, hour, data.now())
        known = emergency_page.replayed(incident, at)
        beside = next((one for one in incidents if one.incident_id == view.beside_id and one != incident), None)
        other = None if beside is None else emergency_page.replayed(beside, emergency_page.instant(beside, hour, data.now())).hours
    except data.NoAnswer as error:
        st.text(f"{error} The replay goes on as soon as the database answers.")
        return
    snapshot = current().snapshot
    verdict = emergency_verdict.judge(known)
    source = Source(known.at, 3600.0)
    figures = emergency_figures.emergency_figures(known, verdict, snapshot.zone, source)
    figures["em_strip"] = emergency_figures.replay_strip(snapshot, known, verdict)
    chart = emergency_charts.contacts(
        known.hours, known.clock, known.clock.hour(known.at), palette(), WALL, STORM_CHART_HEIGHT,
        beside=other, beside_name=beside.name if beside else "", said=emergency_clock.messages(known),
    )  # fmt: skip
    wall(Drawn(figures, known.at.timestamp()), known, chart)


def controls(incident: Incident, incidents: tuple[Incident, ...], view: emergency_page.View) -> float:
    """The row above a replay: hour, pause, speed, another incident beside it; the hour to show."""
    end = incident.ended_at or data.now()
    last = max(1.0, (end - incident.onset_at).total_seconds() / 3600)
    boxes = st.columns([150, 230, 860, 330, 150], gap="small", vertical_alignment="bottom")
    playing: dict[str, Any] = st.session_state.setdefault(PLAYING, {"on": False, "hour": view.hour or 0.0, "since": time.time()})
    speed = SPEEDS[boxes[1].selectbox("Speed", list(SPEEDS), index=1, key="emergency_speed")]
    hour = playing["hour"]
    if playing["on"]:
        hour = min(last, hour + (time.time() - playing["since"]) * speed / 3600)
    playing.update(hour=hour, since=time.time(), on=playing["on"] and hour < last)
    if boxes[0].button("Pause" if playing["on"] else "Play", width="stretch", key="emergency_play"):
        playing["on"] = not playing["on"]
        st.rerun(scope="fragment")
    # Without a key it is another slider for each hour, so that a replay can move it.
    chosen = boxes[2].slider(f"Hours from the onset of {incident.name}", -6.0, last, value=min(max(hour, -6.0), last), format="%.1f h")
    if not playing["on"] and abs(chosen - hour) > STEP:
        playing["hour"] = hour = chosen
    others: dict[int, str] = {0: "No other incident"} | {one.incident_id: one.name for one in incidents if one != incident}
    beside = boxes[3].selectbox(
        "Beside it",
        list(others),
        index=list(others).index(view.beside_id or 0) if view.beside_id in others else 0,
        format_func=lambda one: others[one],
        key="emergency_beside",
    )
    put("beside", str(beside) if beside else "")
    put("hour", f"{hour:.2f}")
    boxes[4].link_button("Back to now", "/emergency", width="stretch")
    return float(hour)


def put(name: str, value: str) -> None:
    """Write a choice into the address."""
    if not value:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


with st.container(key="wall", gap=None):
    if "incident" in st.query_params:
        with st.container(gap="small"):
            replay()
    else:
        live()
