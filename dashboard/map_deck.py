"""The map itself: H3 cells on the city's areas, drawn by pydeck with nothing from the internet. Pure: cells in, a deck out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h3
import pandas as pd
import pydeck as pdk

from dashboard.charts import FONT
from dashboard.map_cells import Cells, rgb
from dashboard.tokens import Mode, colours

LAND: dict[Mode, tuple[str, str]] = {"dark": ("#0C1D2A", "#18232D"), "light": ("#DCE7EC", "#F7F6F1")}  # water, land
TALLEST_METRES = 6_000.0
MATERIAL = {"ambient": 0.83, "diffuse": 0.3, "shininess": 1, "specularColor": [0, 0, 0]}  # the top of a column in the colour of the legend
AROUND_DEGREES = 20.0  # so far reaches the water around the city
LOUD_PIXELS, CHOSEN_PIXELS, WARNED_PIXELS = 2.5, 5, 4
TEXT_PIXELS = 17
HOVER_ALPHA, BORDER_ALPHA = 110, 170


@dataclass(frozen=True, slots=True)
class Base:
    """What lies under the cells.

    Attributes:
        outlines: the address of the areas' GeoJSON; None: no areas are loaded.
        names: longitude, latitude and name of each area, if they are few enough to be read.
        camera: latitude, longitude, zoom.
    """

    outlines: str | None
    names: tuple[tuple[float, float, str], ...]
    camera: tuple[float, float, float]


def cells_layer(clicks: int) -> str:
    """The name of the layer of the cells after so many clicks.

    Streamlit keeps what was clicked as a row of a layer: it pales all other rows, and follows the row when the cells are ordered anew. It
    lets go when there is no layer of that name any more; the chosen cell is drawn by us, wherever the choice came from.
    """
    return f"cells-{clicks}"


def deck(
    cells: Cells,
    base: Base,
    mode: Mode,
    *,
    extruded: bool,
    chosen: str | None = None,
    clicks: int = 0,
    text_pixels: int = TEXT_PIXELS,
    warned: Sequence[dict[str, Any]] = (),
) -> pdk.Deck:
    """The map.

    Args:
        cells: with their colours.
        base: what lies under them.
        mode: which palette.
        extruded: cells as columns, as high as they have requests.
        chosen: the cell whose requests are listed.
        clicks: how many there were so far.
        text_pixels: how large the names of areas are.
        warned: shapes for which an alert is in force, as GeoJSON geometries.
    """
    tone = colours(mode)
    latitude, longitude, zoom = base.camera
    layers = [*_ground(base, mode), *_cells(cells, mode, extruded=extruded, name=cells_layer(clicks))]
    if base.outlines:
        line = {"get_line_color": rgb(tone["text3"], BORDER_ALPHA), "line_width_min_pixels": 1.5}
        layers.append(pdk.Layer("GeoJsonLayer", base.outlines, id="borders", filled=False, stroked=True, pickable=False, **line))
    if warned:
        edge = {"get_line_color": rgb(tone["watch_mark"]), "line_width_min_pixels": WARNED_PIXELS}
        shapes = [{"type": "Feature", "properties": {}, "geometry": one} for one in warned]
        layers.append(pdk.Layer("GeoJsonLayer", shapes, id="warned", filled=False, stroked=True, pickable=False, **edge))
    if base.names:
        names = [{"at": [long, lat], "name": name} for long, lat, name in base.names]
        layers.append(_texts("names", names, mode, get_size=text_pixels))
    layers += _chosen(cells.rows[cells.rows["cell"] == chosen], _metres(cells), mode, extruded=extruded)
    view = pdk.ViewState(latitude=latitude, longitude=longitude, zoom=zoom, pitch=45 if extruded else 0)
    words = {"backgroundColor": tone["raised"], "color": tone["text"], "fontFamily": FONT, "fontSize": "15px", "padding": "6px 10px"}
    tooltip: dict[str, Any] = {"text": "{words}", "style": words}
    # No map_style: with one, or with None, the page would ask a server in the internet for its base map.
    return pdk.Deck(map_provider=None, initial_view_state=view, layers=layers, tooltip=tooltip)


def _ground(base: Base, mode: Mode) -> list[pdk.Layer]:
    """Water as far as one sees, and on it the land of the areas."""
    water, land = LAND[mode]
    latitude, longitude, _ = base.camera
    south, north = max(-85.0, latitude - AROUND_DEGREES), min(85.0, latitude + AROUND_DEGREES)
    west, east = longitude - AROUND_DEGREES, longitude + AROUND_DEGREES
    around = [{"around": [[west, south], [east, south], [east, north], [west, north]]}]
    layers = [pdk.Layer("PolygonLayer", around, id="water", get_polygon="around", get_fill_color=rgb(water), stroked=False, pickable=False)]
    if base.outlines:
        layers.append(
            pdk.Layer("GeoJsonLayer", base.outlines, id="land", filled=True, stroked=False, get_fill_color=rgb(land), pickable=False)
        )
    return layers


def _metres(cells: Cells) -> float:
    """How high a column stands for each request."""
    return TALLEST_METRES / max(1, int(cells.rows["requests"].max())) if len(cells.rows) else 1.0


def _cells(cells: Cells, mode: Mode, *, extruded: bool, name: str) -> list[pdk.Layer]:
    """The cells, flat with the loud ones outlined, or as columns."""
    ink, land = rgb(colours(mode)["text"]), rgb(LAND[mode][1])
    tall = {"extruded": extruded, "get_elevation": "requests", "elevation_scale": _metres(cells), "material": MATERIAL}
    hover = {"pickable": True, "auto_highlight": True, "highlight_color": [*ink[:3], HOVER_ALPHA]}
    edge = {"stroked": not extruded, "get_line_color": land, "line_width_min_pixels": 1}
    data = cells.rows[["cell", "fill", "words", "requests"]]
    layers = [pdk.Layer("H3HexagonLayer", data, id=name, get_hexagon="cell", get_fill_color="fill", **tall, **hover, **edge)]
    loud = cells.rows[cells.rows["loud"]]
    return layers if extruded or loud.empty else [*layers, _outline("loud", loud, LOUD_PIXELS, mode)]


def _outline(name: str, rows: pd.DataFrame, pixels: float, mode: Mode) -> pdk.Layer:
    line = {"stroked": True, "get_line_color": rgb(colours(mode)["text"]), "line_width_min_pixels": pixels}
    return pdk.Layer("H3HexagonLayer", rows[["cell"]], id=name, get_hexagon="cell", filled=False, extruded=False, **line)


def _chosen(rows: pd.DataFrame, metres: float, mode: Mode, *, extruded: bool) -> list[pdk.Layer]:
    """The mark of the chosen cell, one row or none: a strong outline; on the top of its column its words."""
    if rows.empty:
        return []
    if not extruded:
        return [_outline("chosen", rows, CHOSEN_PIXELS, mode)]
    row = rows.iloc[0]
    lat, long = h3.cell_to_latlng(row["cell"])
    behind = {"background": True, "get_background_color": rgb(colours(mode)["panel"]), "background_padding": [8, 4]}
    return [_texts("chosen", [{"at": [long, lat, row["requests"] * metres], "name": row["words"]}], mode, **behind)]


def _texts(name: str, data: list[dict[str, Any]], mode: Mode, **more: Any) -> pdk.Layer:
    """Words with a halo, before everything else: a column would hide what stands on the ground."""
    tone = colours(mode)
    letters = {"sdf": True, "fontSize": 64, "buffer": 12, "radius": 16}
    halo = {"outline_width": 8, "outline_color": rgb(tone["ground"])}
    font = {"font_family": pdk.types.String(FONT), "font_weight": 600, "character_set": pdk.types.String("auto"), "font_settings": letters}
    look = {"get_size": TEXT_PIXELS, "get_color": rgb(tone["text"]), "parameters": {"depthCompare": "always"}, "pickable": False}
    return pdk.Layer("TextLayer", data, id=name, get_position="at", get_text="name", **(look | font | halo | more))
