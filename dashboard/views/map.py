"""Map: where do residents ask for what, and where is it more than usual? A desk page, layout only. Its address carries the whole view."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import answers, csv_export, data, departments_figures, desk, map_areas, map_cells, map_deck, map_figures
from dashboard.departments_figures import REQUEST_COLUMNS
from dashboard.map_view import INCIDENT, PERIODS, SHOWN, STATES, Incident, View, view_of
from dashboard.tokens import Mode
from dashboard.wording import plural
from sql.settings import settings

REFRESH_SECONDS = 30.0
MAP_HEIGHT, LIST_HEIGHT, ROW, MOST_REQUESTS = 700, 300, 36, 200
CELL_ORDER = ("Type", "Requested", "Address", "Closed", "Due", "Days open", "Zip", "Came by", "Notes, as known today", "Request")
ALL = ""
CAMERA, CLICKS = "map_camera", "map_clicks"


def choices() -> dict[str, dict[str, str]]:
    """What can be chosen, by kind: value to label."""
    found = answers.ask("map-choices").frame
    return {str(kind): dict(zip(many["value"], many["label"], strict=True)) for kind, many in found.groupby("choice")}


def incidents() -> dict[str, Incident]:
    """The incidents by name."""
    found = answers.ask("map-choices").frame
    found = found[found["choice"] == "incident"]
    return {
        str(row["value"]): Incident(str(row["value"]), row["starts_at"], None if pd.isna(row["ends_at"]) else row["ends_at"])
        for row in found.to_dict("records")
    }


def put(name: str, value: str, default: str = ALL) -> None:
    """Write a choice into the address; the default is left out of it."""
    if value == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def pick(box: Any, label: str, name: str, options: dict[str, str], default: str = ALL) -> None:
    """One choice, kept in the address."""
    values = list(options)
    current = st.query_params.get(name, default)
    chosen = box.selectbox(
        label,
        values,
        index=values.index(current) if current in values else 0,
        format_func=lambda one: options.get(one, one),
        key=f"map_{name}",
    )
    if chosen != current:
        put(name, chosen, default)


def filters(known: dict[str, dict[str, str]], kinds: list[str]) -> None:
    """The row of choices."""
    boxes = st.columns([190, 150, 300, 300, 170, 170, 170, 130], gap="small", vertical_alignment="bottom")
    periods = PERIODS | {f"{INCIDENT}{name}": label for name, label in known.get("incident", {}).items()}
    pick(boxes[0], "Period", "period", periods, "24h")
    pick(boxes[1], "Show", "show", SHOWN, "counts")
    pick(boxes[2], "Department", "department", {ALL: "All departments"} | known.get("department", {}))
    pick(boxes[3], "Type of request", "type", {ALL: "All types"} | known.get("service_name", {}))
    pick(boxes[4], "Came by", "channel", {ALL: "All channels"} | known.get("channel", {}))
    pick(boxes[5], "Which requests", "state", STATES, "all")
    if kinds:
        pick(boxes[6], "Areas", "areas", {kind: kind.replace("_", " ").capitalize() for kind in kinds}, kinds[0])
    with boxes[7]:
        tall = st.toggle("Columns", value=st.query_params.get("tall") == "1", key="map_tall")
        put("tall", "1" if tall else "")
    if st.query_params.get("period") == "range":
        first, last, _ = st.columns([190, 190, 1470], gap="small")
        today = data.now().astimezone(settings().zone).date()
        day("from", first.date_input("From", _date("from", today - timedelta(days=7)), key="map_from"))
        day("to", last.date_input("Until (not included)", _date("to", today + timedelta(days=1)), key="map_to"))


def _date(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(st.query_params.get(name, "")[:10])
    except ValueError:
        return otherwise


def day(name: str, chosen: Any) -> None:
    """Write a chosen day into the address, unless the address holds that day already."""
    if isinstance(chosen, date) and not st.query_params.get(name, "").startswith(chosen.isoformat()):
        st.query_params[name] = chosen.isoformat()


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """The page."""
    try:
        known = choices()
        kinds = list(known.get("areas", {}))
        filters(known, kinds)
        view = view_of(st.query_params, data.now(), settings().zone, incidents())
        kind = view.kind if view.kind in kinds else kinds[0] if kinds else None
        found = answers.ask("hot-spots", **view.params())
        types = answers.ask("hot-groups", kind=None, **view.params())
        areas = answers.ask("hot-groups", kind=kind, **view.params()) if kind else None
        drawing(view, found, types, areas, kind)
    except data.NoAnswer as error:
        st.text(f"{error} The map is drawn again as soon as the database answers.")


def drawing(view: View, found: answers.Answer, types: answers.Answer, areas: answers.Answer | None, kind: str | None) -> None:
    """The map with its legend, and beside it what stands out."""
    mode: Mode = "light" if st.context.theme.type == "light" else "dark"
    cells = map_cells.cells_of(found.frame, mode, view.shown)
    local = view.ends_at.astimezone(settings().zone)
    said = {"title": map_figures.verdict(types.frame, areas.frame if areas else None), "columns": [], "rows": [], "empty": ""}
    note = f"{map_figures.heading(view, local)}. {map_cells.located_words(cells)}.\n{map_figures.CAVEAT} {view.problem}"
    desk.show("board", "map_said", said | {"note": note})
    left, right = st.columns([1180, 660], gap="small")
    with left, st.container(key="panel_map", gap="xxsmall"):
        base, clicks = map_areas.base_of(kind, view.area, camera_of(cells)), st.session_state.get(CLICKS, 0)
        tall = st.query_params.get("tall") == "1"
        picture = map_deck.deck(cells, base, mode, extruded=tall, chosen=view.cell, clicks=clicks)
        picked = st.pydeck_chart(picture, height=MAP_HEIGHT, on_select="rerun", selection_mode="single-object", key="map")
        desk.show("legend", "map_legend", map_cells.legend(cells, mode, view.shown, extruded=tall))
        chosen = picked.selection.get("objects", {}).get(map_deck.cells_layer(clicks), []) if picked else []
        if chosen:
            st.session_state[CLICKS] = clicks + 1
            put("cell", str(chosen[0].get("cell", ALL)))
            st.rerun(scope="fragment")
    with right:
        if view.cell:
            requests(view)
        names = types.frame["name"].astype(str)
        links = {name: map_figures.address(st.query_params.to_dict(), type=name) for name in names}
        desk.show("board", "map_types", map_figures.board(types.frame, "Types", types.at, links))
        if areas is not None and kind:
            names = areas.frame["name"].astype(str)
            query = st.query_params.to_dict()
            links = {name: map_figures.address(query, area=None if name == view.area else name) for name in names}
            label = kind.replace("_", " ").capitalize()
            note = f"The map looks at {view.area}; the same link leads back to the whole city." if view.area in links else ""
            desk.show("board", "map_areas", map_figures.board(areas.frame, label, areas.at, links) | {"note": note})
        csv = csv_export.text(cells.rows[["cell", "requests", "usual", "ratio"]])
        st.download_button("Cells as CSV", csv, "map.csv", "text/csv", on_click="ignore")


def camera_of(cells: map_cells.Cells) -> dict[str, Any]:
    """A camera over the first cells that were seen: it stays, whatever comes later."""
    if CAMERA not in st.session_state and len(cells.rows):
        st.session_state[CAMERA] = map_cells.centre_of(cells.rows["cell"].tolist())
    camera: dict[str, Any] = st.session_state.get(CAMERA) or map_cells.centre_of([])
    return camera


def requests(view: View) -> None:
    """The requests of the chosen cell."""
    found = answers.ask("cell-requests", cell=view.cell, most=MOST_REQUESTS, **view.params()).frame
    shown = departments_figures.request_table(found, settings().zone)
    with st.container(key="panel_map_requests", gap="xsmall"):
        title, download, back = st.columns([370, 100, 150], gap="small", vertical_alignment="center")
        how_many = f"The newest {MOST_REQUESTS} requests" if len(found) == MOST_REQUESTS else plural(len(found), "request")
        with title:
            st.subheader(f"{how_many} in the cell", anchor=False)
        download.download_button("CSV", csv_export.text(shown), "cell.csv", "text/csv", on_click="ignore", width="stretch")
        if back.button("Close the list", width="stretch"):
            st.query_params.pop("cell", None)
            st.rerun(scope="fragment")
        if shown.empty:
            st.text("There are none in this cell.")
        else:
            height = min(ROW * (len(shown) + 1), LIST_HEIGHT)
            st.dataframe(shown, hide_index=True, height=height, key="map_requests", column_order=CELL_ORDER, column_config=REQUEST_COLUMNS)


with st.container(key="desk", gap="small"):
    desk.links()
    st.title("Map")
    body()
