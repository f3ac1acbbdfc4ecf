"""Where a point lies: its H3 cell, its areas, and whether it can be used at all. Pure: `sql.intake` reads what is known."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import h3
from shapely import STRtree, buffer, make_valid, union_all
from shapely.errors import GEOSException
from shapely.geometry import Point, shape

RESOLUTION = 8  # H3 cells of about 0.7 km²
NEAR_THE_CITY_DEGREES = 0.01  # about a kilometre: outlines are drawn coarsely
SAME_POINT_DIGITS = 4  # a default geocode is met to about ten metres

LocationDefect = Literal["no_location", "outside_city", "default_geocode"]


class Place(NamedTuple):
    """A point's cell and areas (kind to area), or why it has none."""

    cell: str | None
    areas: Mapping[str, str]
    defect: LocationDefect | None


class InvalidGeometry(Exception):
    """A geometry is no GeoJSON polygon."""


NOWHERE = Place(None, {}, "no_location")


@dataclass(frozen=True)
class Areas:
    """One kind of areas, ready to be asked."""

    kind: str
    names: tuple[str, ...]
    tree: STRtree

    def area_of(self, point: Point) -> str | None:
        """The first area that covers the point."""
        found = self.tree.query(point, predicate="intersects")
        return self.names[min(found)] if len(found) else None


class Places:
    """What is known of the city's places. Points come again and again, so what was found is remembered."""

    def __init__(
        self,
        kinds: tuple[Areas, ...] = (),
        default_geocodes: Collection[tuple[float, float]] = (),
        bounds: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Begin.

        Args:
            kinds: the areas, by kind; the city is what they cover together, and a little around it.
            default_geocodes: points (latitude, longitude) that stand for "no place known".
            bounds: (south, west, north, east) of the city where no areas are known; None: every point is in it.
        """
        self._kinds, self._bounds = kinds, bounds
        self._default_geocodes = frozenset(_rounded(lat, long) for lat, long in default_geocodes)
        outlines = [drawn for kind in kinds for drawn in kind.tree.geometries]
        self._city = buffer(union_all(outlines), NEAR_THE_CITY_DEGREES) if outlines else None
        self._found = lru_cache(maxsize=100_000)(self._find)

    def place(self, lat: float | None, long: float | None, *, usable: bool = True) -> Place:
        """The place of a point in degrees.

        Args:
            lat: None: not told.
            long: None: not told.
            usable: false where the source says that the point is not the place.
        """
        if lat is None or long is None or (lat == 0 and long == 0):
            return NOWHERE
        return self._found(lat, long) if usable else Place(None, {}, "default_geocode")

    def _find(self, lat: float, long: float) -> Place:
        if _rounded(lat, long) in self._default_geocodes:
            return Place(None, {}, "default_geocode")
        point = Point(long, lat)
        areas = {kind.kind: area for kind in self._kinds if (area := kind.area_of(point)) is not None}
        if not areas and not self._is_in_city(lat, long, point):
            return Place(None, {}, "outside_city")
        return Place(h3.latlng_to_cell(lat, long, RESOLUTION), areas, None)

    def _is_in_city(self, lat: float, long: float, point: Point) -> bool:
        if self._city is not None:
            return bool(self._city.intersects(point))
        if self._bounds is None:
            return True
        south, west, north, east = self._bounds
        return south <= lat <= north and west <= long <= east


def _rounded(lat: float, long: float) -> tuple[float, float]:
    return round(lat, SAME_POINT_DIGITS), round(long, SAME_POINT_DIGITS)


def areas_of(areas: Iterable[tuple[str, str, Mapping[str, Any]]]) -> tuple[Areas, ...]:
    """The areas by kind, from (kind, area, GeoJSON geometry).

    Raises:
        InvalidGeometry: a geometry is no polygon.
    """
    by_kind: dict[str, list[tuple[str, Any]]] = {}
    for kind, area, geometry in areas:
        by_kind.setdefault(kind, []).append((area, outline(geometry)))
    return tuple(
        Areas(kind, tuple(name for name, _ in members), STRtree([drawn for _, drawn in members]))
        for kind, members in sorted(by_kind.items())
    )


def outline(geometry: Mapping[str, Any]) -> Any:
    """A GeoJSON polygon or multipolygon as a shape.

    Raises:
        InvalidGeometry: it is none, or its points are no longitude and latitude.
    """
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise InvalidGeometry(f"a {geometry.get('type')!r} is no area: a Polygon or a MultiPolygon is expected")
    try:
        drawn = make_valid(shape(dict(geometry)))
        west, south, east, north = drawn.bounds
    except (GEOSException, ValueError, OverflowError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InvalidGeometry(f"the polygon cannot be drawn: {error}") from None
    if drawn.is_empty:
        raise InvalidGeometry("the polygon has no points")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidGeometry(f"it reaches from {west}, {south} to {east}, {north}: degrees of longitude and latitude are expected")
    return drawn
