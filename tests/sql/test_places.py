"""Where a point lies: cells, areas, the default geocode, and what is outside the city."""

from typing import Any

import pytest

from sql.places import InvalidGeometry, Places, areas_of, outline


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}


CITY = areas_of(
    [
        ("district", "west", box(-75.2, 39.9, -75.1, 40.0)),
        ("district", "east", box(-75.1, 39.9, -75.0, 40.0)),
        ("zip", "19107", box(-75.17, 39.94, -75.15, 39.96)),
    ]
)
PLACES = Places(CITY, default_geocodes=[(39.9526, -75.1652)])


@pytest.mark.parametrize(
    ("lat", "long", "areas", "defect"),
    [
        pytest.param(39.95, -75.16, {"district": "west", "zip": "19107"}, None, id="in areas of two kinds"),
        pytest.param(39.95, -75.05, {"district": "east"}, None, id="in one"),
        pytest.param(39.95, -75.1, {"district": "west"}, None, id="on a border: the first"),
        pytest.param(40.005, -75.1, {}, None, id="just beyond an outline, which is drawn coarsely"),
        pytest.param(42.36, -71.06, {}, "outside_city", id="in another city"),
        pytest.param(39.95261, -75.16521, {}, "default_geocode", id="the default geocode, within ten metres"),
        pytest.param(0.0, 0.0, {}, "no_location", id="zero, zero"),
        pytest.param(None, -75.1, {}, "no_location", id="half a point"),
    ],
)
def test_a_place(lat: float | None, long: float | None, areas: dict[str, str], defect: str | None) -> None:
    place = PLACES.place(lat, long)
    assert (dict(place.areas), place.defect) == (areas, defect)
    assert (place.cell is None) == (defect is not None)


def test_a_cell_is_that_of_h3_at_resolution_8() -> None:
    assert Places().place(42.3594, -71.0587).cell == "882a306603fffff"


def test_a_point_that_the_source_disowns_is_no_place() -> None:
    assert PLACES.place(39.95, -75.16, usable=False).defect == "default_geocode"


def test_without_areas_the_bounds_decide() -> None:
    places = Places(bounds=(39.8, -75.3, 40.2, -74.9))
    assert places.place(39.95, -75.16).defect is None
    assert places.place(42.36, -71.06).defect == "outside_city"


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        pytest.param({"type": "Point", "coordinates": [0, 0]}, "a Polygon or a MultiPolygon is expected", id="a point"),
        pytest.param({"type": "Polygon", "coordinates": []}, "has no points", id="no points"),
        pytest.param({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "cannot be drawn", id="too few points"),
        pytest.param(box(450_000, 39.0, 460_000, 40.0), "degrees of longitude and latitude", id="metres of a projection"),
    ],
)
def test_what_is_no_area_is_refused(geometry: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidGeometry, match=says):
        outline(geometry)
