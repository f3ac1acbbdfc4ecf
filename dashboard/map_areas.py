"""The outlines of the city's areas for the map: simplified once, served by address, so that no refresh sends them again.

Who may read them is who was given the page: the address carries the same key as the stream's.
"""

import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import streamlit as st
from shapely import get_coordinates, simplify
from shapely.geometry import mapping, shape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard import answers, data
from dashboard.map_cells import camera
from dashboard.map_deck import Base
from dashboard.stream import KEY

PATH = "/api/areas/{kind}.geojson"
FINEST_DEGREES, LARGEST_BYTES = 0.0002, 300_000  # about 20 metres: finer is not seen on a map of a city
MOST_NAMES = 12
KEPT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Outlines:
    """The areas of one kind, ready to be sent, and what the map needs to know of them."""

    geojson: bytes
    names: tuple[tuple[float, float, str], ...]
    camera: tuple[float, float, float]
    cameras: dict[str, tuple[float, float, float]]


def address(kind: str) -> str:
    """Where a kind's outlines are, for the page that this process sent."""
    return f"/api/areas/{quote(kind, safe='')}.geojson?key={KEY}"


_last: dict[str, Outlines | None] = {}  # a city's outlines hardly ever change: a wall's map keeps them while the database is away
MOST_KINDS = 20


def outlines(kind: str) -> Outlines | None:
    """The outlines of a kind, as they are or as they last were; None if there are none.

    Raises:
        NoAnswer: the database is away, and they were never read.
    """
    try:
        found = _asked(kind)
    except data.NoAnswer:
        if kind not in _last:
            raise
        return _last[kind]
    if kind in _last or len(_last) < MOST_KINDS:
        _last[kind] = found
    return found


@st.cache_data(ttl=KEPT_SECONDS, max_entries=MOST_KINDS, show_spinner=False)
def _asked(kind: str) -> Outlines | None:
    found = answers.ask("intake-areas").frame
    found = found[found["kind"] == kind]
    if found.empty:
        return None
    drawn = [(str(name), shape(geometry)) for name, geometry in zip(found["area"], found["geometry"], strict=True)]
    finest = FINEST_DEGREES
    while len(packed := _geojson(drawn, finest)) > LARGEST_BYTES and finest < 0.05:
        finest *= 2
    points = [one.representative_point() for _, one in drawn]
    names = tuple((point.x, point.y, name) for (name, _), point in zip(drawn, points, strict=True)) if len(drawn) <= MOST_NAMES else ()
    boxes = [one.bounds for _, one in drawn]
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    cameras = {name: _seen_from(*box) for (name, _), box in zip(drawn, boxes, strict=True)}
    return Outlines(packed, names, _seen_from(west, south, east, north), cameras)


def _seen_from(west: float, south: float, east: float, north: float) -> tuple[float, float, float]:
    view = camera(south, west, north, east)
    return view["latitude"], view["longitude"], view["zoom"]


def base_of(kind: str | None, area: str | None, otherwise: dict[str, Any]) -> Base:
    """What lies under the cells: the areas of a kind, seen from above the chosen one, else above all; or nothing, seen from `otherwise`."""
    known = outlines(kind) if kind else None
    if known is None or kind is None:
        return Base(None, (), (otherwise["latitude"], otherwise["longitude"], otherwise["zoom"]))
    return Base(address(kind), known.names, known.cameras.get(area or "", known.camera))


def _geojson(drawn: list[tuple[str, Any]], finest: float) -> bytes:
    features = []
    for name, outline in drawn:
        simple = simplify(outline, finest)
        if len(get_coordinates(simple)):
            rounded = json.loads(json.dumps(mapping(simple)), parse_float=lambda digits: round(float(digits), 5))
            features.append({"type": "Feature", "properties": {"name": name}, "geometry": rounded})
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")).encode()


async def serve(request: Request) -> Response:
    """The outlines of a kind, for a page that this server has sent."""
    if not hmac.compare_digest(request.query_params.get("key", "").encode(), KEY.encode()):
        return PlainTextResponse("These outlines are for a page that this server has sent. Load the page again.", status_code=403)
    try:
        known = await run_in_threadpool(outlines, request.path_params["kind"])
    except data.NoAnswer as error:
        return PlainTextResponse(str(error), status_code=503)
    if known is None:
        return PlainTextResponse("There are no such areas.", status_code=404)
    return Response(known.geojson, media_type="application/geo+json", headers={"Cache-Control": f"private, max-age={KEPT_SECONDS}"})
