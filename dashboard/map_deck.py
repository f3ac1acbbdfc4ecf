"""The map itself: H3 cells on the city's areas, drawn by pydeck with nothing from the internet. Pure: cells in, a deck out."""

from dataclasses import dataclass
from typing import Any

import pydeck as pdk

from dashboard.charts import FONT
from dashboard.map_cells import Cells, rgb
from dashboard.tokens import Mode, colours

LAND: dict[Mode, tuple[str, str]] = {"dark": ("#0C1D2A", "#18232D"), "light": ("#DCE7EC", "#F7F6F1")}  # water, land
CELLS = "cells"  # the layer in which a click finds its cell
TALLEST_METRES = 2_500.0


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


def deck(cells: Cells, base: Base, mode: Mode, *, extruded: bool) -> pdk.Deck:
    """The map.

    Args:
        cells: with their colours.
        base: what lies under them.
        mode: which palette.
        extruded: cells as columns, as high as they have requests.
    """
    tone = colours(mode)
    water, land = LAND[mode]
    latitude, longitude, zoom = base.camera
    layers = []
    if base.outlines:
        layers.append(
            pdk.Layer(
                "GeoJsonLayer", base.outlines, id="land", filled=True, stroked=True, get_fill_color=rgb(land),
                get_line_color=rgb(tone["text3"], 150), line_width_min_pixels=1.5, pickable=False,
            )
        )  # fmt: skip
    tallest = max(1, int(cells.rows["requests"].max())) if len(cells.rows) else 1
    layers.append(
        pdk.Layer(
            "H3HexagonLayer", cells.rows[["cell", "fill", "words", "requests"]], id=CELLS, get_hexagon="cell", get_fill_color="fill",
            extruded=extruded, get_elevation="requests", elevation_scale=TALLEST_METRES / tallest, material=False,
            stroked=not extruded, get_line_color=rgb(land), line_width_min_pixels=1, pickable=True, auto_highlight=True,
        )
    )  # fmt: skip
    loud = cells.rows[cells.rows["loud"]]
    if len(loud) and not extruded:
        layers.append(
            pdk.Layer(
                "H3HexagonLayer", loud[["cell"]], id="loud", get_hexagon="cell", filled=False, extruded=False, stroked=True,
                get_line_color=rgb(tone["text"]), line_width_min_pixels=2.5,
            )
        )  # fmt: skip
    if base.names:
        layers.append(
            pdk.Layer(
                "TextLayer", [{"at": [long, lat], "name": name} for long, lat, name in base.names], id="names", get_position="at",
                get_text="name", get_size=17, get_color=rgb(tone["text"]), font_family=pdk.types.String(FONT), font_weight=600,
                character_set=pdk.types.String("auto"), font_settings={"sdf": True, "fontSize": 64, "buffer": 8}, outline_width=5,
                outline_color=rgb(tone["ground"]),
            )
        )  # fmt: skip
    view = pdk.ViewState(latitude=latitude, longitude=longitude, zoom=zoom, pitch=45 if extruded else 0)
    clear: dict[str, Any] = {"clearColor": [part / 255 for part in rgb(water)]}
    # No map_style: with one, or with None, the page would ask a server in the internet for its base map.
    return pdk.Deck(map_provider=None, initial_view_state=view, layers=layers, tooltip={"text": "{words}"}, parameters=clear)
