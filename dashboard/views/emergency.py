"""Emergency: what is the storm doing, where, is it above what was expected, what do residents ask, what was said and done? Layout only.

The wall at `/emergency` shows the running incident as of now. `?incident=3&hour=14` shows an incident as it was known at that hour of its
clock, and plays it on; `&beside=2` draws another incident on the same clock.
"""

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import (
    data,
    emergency_charts,
    emergency_clock,
    emergency_figures,
    emergency_page,
    emergency_verdict,
    map_areas,
    map_cells,
    map_deck,
)
from dashboard.charts import WALL, DayChart
from dashboard.edition import BOOT, STORM_CHART_HEIGHT
from dashboard.emergency_rows import Emergency, Incident
from dashboard.figure import Figure
from dashboard.freshness import Source
from dashboard.loader import current
from dashboard.parts import HEARTBEAT_SECONDS, Kind, Size, made, part
from dashboard.tokens import Mode

PAGE = "emergency"
STRIP, CLOCK, LOWER = 84, 180, 760  # px; with two gaps of 16 they come to 1056
TILE, ROW, CHART, BOARD = 152, 116, STORM_CHART_HEIGHT + 52, 240
MAP, LEGEND, NAMES = 624, 72, 24
ZOOMED_OUT = 0.3  # the map is smaller than the one of the page Map
ROTATE_SECONDS = 20.0
ROTATING: tuple[tuple[Kind, str], ...] = (("log", "em_said"), ("lifelines", "em_lifelines"), ("shifts", "em_staff"))
REPLAY_EVERY_SECONDS = 2.0
OUTLINED = "Outlined: 4 × usual; amber: an alert"
SPEEDS = {"1 min a second": 60, "5 min a second": 300, "15 min a second": 900, "as it went": 1}
STEP = 0.01  # hours
PLAYING, KEPT_CAMERA, KEPT_BASE = "emergency_playing", "emergency_camera", "emergency_base"


class Drawn:
    """Draws parts: of the newest edition, or figures of a replay."""

    def __init__(self, figures: dict[str, Figure] | None = None, at: float = 0.0) -> None:
        self._figures, self._at = figures, at

    def now(self) -> float:
        """The clock by which ages are told, seconds since 1970."""
        return time.time() if self._figures is None else self._at

    def part(self, kind: Kind, key: str, height: int, size: Size = "wall") -> None:
        """One part of the wall."""
        if self._figures is None:
            part(kind, key, page=PAGE, height=height, size=size)
        else:
            made(kind, key, self._figures[key], place="part", at=self._at, boot=f"{BOOT}-replay-{self._at}", size=size, height=height)


def wall(drawn: Drawn, known: Emergency | None, chart: DayChart | None) -> None:
    """The wall's panels."""
    drawn.part("strip", "em_strip", STRIP)
    drawn.part("stormclock", "em_clock", CLOCK)
    left, right = st.columns([760, 1080], gap="small")
    with left, st.container(key="panel_em_map", height=LOWER, border=False, gap=None):
        drawn.part("heading", "em_map", 40)
        if known is not None:
            city(known, drawn)
    with right:
        for column, key in zip(st.columns(3, gap="small"), ("em_contacts", "em_give_up", "em_open"), strict=True):
            with column:
                drawn.part("tile", key, TILE, "mid")
        for column, key in zip(st.columns(4, gap="small"), ("em_wait", "em_requests", "em_posts", "em_searches"), strict=True):
            with column:
                drawn.part("tile", key, ROW, "small")
        with st.container(key="panel_em_calls", height=CHART, border=False, gap=None):
            drawn.part("heading", "em_calls", 38)
            if chart is not None:
                st.vega_lite_chart(spec=chart.spec | {"datasets": {emergency_charts.DATASET: chart.data}}, theme=None, key="storm_calls")
        asked, rotating = st.columns([600, 464], gap="small")
        with asked:
            drawn.part("board", "em_asked", BOARD)
        with rotating:
            kind, key = ROTATING[int(time.time() / ROTATE_SECONDS) % len(ROTATING)]
            drawn.part(kind, key, BOARD)


def palette() -> Mode:
    """Which palette the page is drawn in."""
    return "light" if st.context.theme.type == "light" else "dark"


def city(known: Emergency, drawn: Drawn) -> None:
    """Requests since the onset against the usual, on the city's districts."""
    if known.now.open_requests is None:
        nothing = {"title": "", "columns": [], "rows": [], "empty": "No requests are told"}
        made("board", "em_nothing", nothing, place="part", at=drawn.now(), boot=f"{BOOT}-nothing-{drawn.now()}", size="wall", height=MAP)
        return
    mode = palette()
    cells = map_cells.cells_of(known.cells, mode, "ratio")
    if KEPT_CAMERA not in st.session_state and len(cells.rows):
        st.session_state[KEPT_CAMERA] = map_cells.centre_of(cells.rows["cell"].tolist())
    with suppress(data.NoAnswer):  # the outlines of before stay
        camera = st.session_state.get(KEPT_CAMERA) or map_cells.centre_of([])
        st.session_state[KEPT_BASE] = map_areas.base_of(emergency_page.DISTRICT, None, camera)
    base: map_deck.Base | None = st.session_state.get(KEPT_BASE)
    if base is not None:
        latitude, longitude, zoom = base.camera
        base = replace(base, camera=(latitude, longitude, zoom - ZOOMED_OUT))
        warned = emergency_clock.shapes(known)
        st.pydeck_chart(map_deck.deck(cells, base, mode, extruded=False, text_pixels=NAMES, warned=warned), height=MAP, key="em_city")
    said = map_cells.legend(cells, mode, "ratio") | {"note": f"{emergency_figures.placed_words(cells)}. {OUTLINED}"}
    made("legend", "em_legend", said, place="part", at=drawn.now(), boot=f"{BOOT}-legend-{drawn.now()}", size="wall", height=LEGEND)


@st.fragment(run_every=HEARTBEAT_SECONDS)
def live() -> None:
    """The wall as of now."""
    edition = current()
    wall(Drawn(), edition.snapshot.emergency, edition.storm_charts.get(palette()))


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


with st.container(key="wall", gap="small"):
    if "incident" in st.query_params:
        replay()
    else:
        live()
