"""From the rows of `hot-spots` to a map: cells with their colours, the legend in words, and what is on no map. Pure.

Counts are coloured by quantile. The ratio to the usual is coloured by its logarithm, from a fifth to five times; a cell of which too little
is usual to compare is drawn without colour, and one of four times the usual or more has an outline that greyscale keeps.
"""

import math
from dataclasses import dataclass
from typing import Any

import h3
import pandas as pd

from dashboard import wording
from dashboard.figure import Figure
from dashboard.tokens import COUNTS, RATIO, Mode, colours

STEPS = 10
LEAST_USUAL, LOUD_RATIO, LARGEST_RATIO = 4.2, 4.0, 5.0
ROOM = 1.2  # a map shows so much more than what it is made for
CELL_ALPHA, THIN_ALPHA = 235, 70
DEFECTS = {"no_location": "without a place", "default_geocode": "at a default geocode", "outside_city": "outside the city"}


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a map, and the requests that are on none.

    Attributes:
        rows: cell, requests, usual, ratio, fill (RGBA), words; one row a cell with requests (or, of ratios, with a usual).
        located: requests on the map.
        left_out: how many are on none, by reason.
        bounds: smallest and largest count, for the legend.
    """

    rows: pd.DataFrame
    located: int
    left_out: dict[str, int]
    bounds: list[int]


def cells_of(found: pd.DataFrame, mode: Mode, shown: str) -> Cells:
    """Colour the cells of an answer.

    Args:
        found: as `hot-spots` gives it.
        mode: which palette.
        shown: `counts` or `ratio`.
    """
    on_map = found[found["cell"].notna()]
    left_out = {
        str(reason): int(many.sum()) for reason, many in found[found["cell"].isna()].groupby("location_defect")["requests"] if many.sum()
    }
    located = int(on_map["requests"].sum())
    rows = on_map[on_map["requests"] > 0] if shown == "counts" else on_map[(on_map["requests"] > 0) | (on_map["usual"] >= LEAST_USUAL)]
    rows = rows[["cell", "requests", "usual", "ratio"]].copy()
    bounds = quantiles(rows["requests"].tolist())
    if shown == "counts":
        rows["fill"] = [rgb(COUNTS[mode][_step(count, bounds)], CELL_ALPHA) for count in rows["requests"]]
    else:
        rows["fill"] = [_ratio_fill(ratio, usual, mode) for ratio, usual in zip(rows["ratio"], rows["usual"], strict=True)]
    rows["words"] = [_words(count, usual) for count, usual in zip(rows["requests"], rows["usual"], strict=True)]
    rows["loud"] = (rows["ratio"] >= LOUD_RATIO) & (rows["usual"].fillna(0) >= LEAST_USUAL)
    return Cells(rows.reset_index(drop=True), located, left_out, bounds)


def quantiles(counts: list[int]) -> list[int]:
    """The upper ends of at most ten classes of about the same number of cells, each larger than the one before."""
    ordered = sorted(counts)
    ends = [ordered[min(len(ordered) - 1, math.ceil(len(ordered) * (step + 1) / STEPS) - 1)] for step in range(STEPS)] if ordered else []
    return sorted(set(ends))


def _step(count: int, bounds: list[int]) -> int:
    """Which of the ten colours: few classes are spread over all of them."""
    place = next((n for n, end in enumerate(bounds) if count <= end), len(bounds) - 1)
    return STEPS - 1 if len(bounds) == 1 else round(place * (STEPS - 1) / (len(bounds) - 1))


def _ratio_fill(ratio: float, usual: float, mode: Mode) -> list[int]:
    if pd.isna(ratio) or pd.isna(usual) or usual < LEAST_USUAL:
        return rgb(RATIO[mode][STEPS // 2 - 1], THIN_ALPHA)
    reach = math.log2(LARGEST_RATIO)
    place = (math.log2(ratio) + reach) / (2 * reach)
    return rgb(RATIO[mode][min(STEPS - 1, max(0, int(place * STEPS)))], CELL_ALPHA)


def _words(count: int, usual: float) -> str:
    beside = "no usual yet" if pd.isna(usual) else f"usually {usual:.1f}"
    return f"{wording.plural(int(count), 'request')}, {beside}"


def rgb(colour: str, alpha: int = 255) -> list[int]:
    """#RRGGBB as deck.gl wants it."""
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)] + [alpha]


def legend(cells: Cells, mode: Mode, shown: str, *, extruded: bool = False) -> Figure:
    """What the colours mean, in words with numbers, and the height of the columns."""
    tall = " A column is as high as its cell has requests." if extruded else ""
    outlined = "" if extruded else f"Outlined: {LOUD_RATIO:.0f} times the usual or more. "
    if shown == "ratio":
        return {
            "steps": RATIO[mode],
            "marks": ["a fifth", "half", "as usual", "2 ×", "5 × the usual"],
            "note": f"{outlined}Pale: usually under {LEAST_USUAL:g}, too few to compare.{tall}",
        }
    used = [COUNTS[mode][_step(end, cells.bounds)] for end in cells.bounds]
    marks = [wording.count(end) for end in cells.bounds]
    return {
        "steps": used or [colours(mode)["raised"]],
        "marks": marks or ["no requests"],
        "note": f"Requests in a cell of about 0.7 km², up to the number.{tall}",
    }


def located_words(cells: Cells) -> str:
    """How many requests are on the map, and why the others are not."""
    missing = sum(cells.left_out.values())
    total = cells.located + missing
    if not total:
        return "No requests in this period"
    reasons = [f"{count:,} {DEFECTS.get(reason, reason)}" for reason, count in sorted(cells.left_out.items(), key=lambda one: -one[1])]
    share = f" ({100 * missing / total:.0f}% have no usable place)" if missing else ""
    return f"{wording.plural(total, 'request')}: {cells.located:,} on the map" + "".join(f", {one}" for one in reasons) + share


def centre_of(cells: list[str]) -> dict[str, Any]:
    """A camera (latitude, longitude, zoom) over these cells, but for the outermost in a hundred."""
    points = [h3.cell_to_latlng(cell) for cell in cells if h3.is_valid_cell(cell)]
    if not points:
        return {"latitude": 0.0, "longitude": 0.0, "zoom": 1.0}
    sides = [sorted(values) for values in zip(*points, strict=True)]
    (south, north), (west, east) = ((side[len(side) // 100], side[-1 - len(side) // 100]) for side in sides)
    return camera(south, west, north, east)


def camera(south: float, west: float, north: float, east: float) -> dict[str, Any]:
    """A camera that shows a box with some room around it, on a map of about 1,180 × 760 px."""
    latitude = (south + north) / 2
    width = max(east - west, 0.01) * ROOM
    height = max(north - south, 0.01) * ROOM / math.cos(math.radians(latitude))
    zoom = min(math.log2(360 / width * 1180 / 512), math.log2(360 / height * 760 / 512))
    return {"latitude": latitude, "longitude": (west + east) / 2, "zoom": round(min(zoom, 13.0), 2)}
