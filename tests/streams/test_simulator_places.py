"""Where the simulated city's requests lie, and what stands out among them now and then."""

import json
from collections import Counter
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest
from shapely import Point, Polygon
from shapely.geometry import shape

from sql.settings import PROJECT
from streams.simulator.bursts import Burst, bursts_on
from streams.simulator.city import load_city
from streams.simulator.days import Day
from streams.simulator.openings import Openings
from streams.simulator.places import KM_PER_DEGREE, Place, Places
from streams.simulator.request_city import Requests

CITY = load_city()
assert CITY.requests is not None
REQUESTS: Requests = CITY.requests
SEED = 311
OUTLINE = Polygon([(longitude, latitude) for latitude, longitude in REQUESTS.outline])


@cache
def places() -> tuple[Place, ...]:
    dice, drawn = Random(1), Places(REQUESTS, SEED)
    return tuple(drawn.place("Illegal Dumping", dice) for _ in range(20_000))


@cache
def districts() -> dict[str, Any]:
    features = json.loads((PROJECT / "streams" / "simulator" / "districts.geojson").read_text())["features"]
    return {feature["properties"]["name"]: shape(feature["geometry"]) for feature in features}


def is_outside(place: Place) -> bool:
    return place.point is not None and not OUTLINE.covers(Point(place.point[1], place.point[0]))


@pytest.mark.parametrize(
    ("what", "least", "most"),
    [("none", 0.18, 0.22), ("default", 0.025, 0.035), ("outside", 0.001, 0.005), ("address alone", 0.08, 0.12)],
)
def test_shares_of_places(what: str, least: float, most: float) -> None:
    found = Counter[str]()
    for place in places():
        found["none"] += place.point is None
        found["address alone"] += place.point is None and place.address is not None
        found["default"] += place.point == REQUESTS.locations.default_point
        found["outside"] += is_outside(place)
    assert least < found[what] / len(places()) < most


def test_a_few_percent_are_asked_again_for_the_same_address() -> None:
    openings = Openings(CITY, REQUESTS, SEED)
    seen: set[tuple[str, str]] = set()
    again = total = 0
    for number in range(28):
        for request in openings.of(Day(CITY, date(2026, 9, 14) + timedelta(days=number))):
            address = openings.details(request)[0].place.address
            if address is not None:
                total += 1
                again += (request.type, address) in seen
                seen.add((request.type, address))
    assert 0.01 < again / total < 0.06


def test_the_inside_of_the_outline_is_what_a_geometry_library_says() -> None:
    dice, drawn = Random(2), Places(REQUESTS, SEED)
    south, west, north, east = 39.8, -75.35, 40.2, -74.9
    found = Counter[bool]()
    for _ in range(3_000):
        point = dice.uniform(south, north), dice.uniform(west, east)
        assert drawn.is_inside(point) == OUTLINE.contains(Point(point[1], point[0]))
        found[drawn.is_inside(point)] += 1
    assert min(found[True], found[False]) > 500


def test_every_neighborhood_and_the_default_point_lie_in_the_city() -> None:
    for point in [REQUESTS.locations.default_point, *(neighborhood.point for neighborhood in REQUESTS.neighborhoods)]:
        assert OUTLINE.contains(Point(point[1], point[0]))


def test_the_districts_cover_the_city_without_overlap_and_something_is_asked_for_in_each() -> None:
    assert list(districts()) == [f"District {number}" for number in range(1, 11)]
    assert all(area.is_valid for area in districts().values())
    assert sum(area.area for area in districts().values()) == pytest.approx(OUTLINE.area, rel=0.001)
    found = Counter[str]()
    for place in places():
        if place.point is not None and not is_outside(place):
            here = Point(place.point[1], place.point[0])
            found[min(districts(), key=lambda name: districts()[name].distance(here))] += 1
            assert min(area.distance(here) for area in districts().values()) < 0.001
    assert set(found) == set(districts())
    assert max(found.values()) > 2 * min(found.values())  # it clusters


def kind_of(burst: Burst) -> Any:
    return next(kind for kind in REQUESTS.bursts.kinds if kind.name == burst.name)


def test_something_happens_now_and_then_and_in_its_months() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(730)]
    found = {on: bursts_on(REQUESTS, SEED, on) for on in days}
    assert found == {on: bursts_on(REQUESTS, SEED, on) for on in reversed(days)}
    assert 0.3 < sum(bool(bursts) for bursts in found.values()) / len(days) < 0.7
    names = {burst.name for bursts in found.values() for burst in bursts}
    assert names == {kind.name for kind in REQUESTS.bursts.kinds}
    for on, bursts in found.items():
        for burst in bursts:
            begun = on.month, (on - timedelta(days=14)).month
            assert not kind_of(burst).months or set(begun) & set(kind_of(burst).months)
            assert (burst.neighborhood is None) != kind_of(burst).in_one_neighborhood


def test_a_burst_stands_out_in_its_type_and_its_neighborhood() -> None:
    on, burst = next(
        (on, burst)
        for on in (date(2026, 3, 2) + timedelta(days=number) for number in range(365))
        for burst in bursts_on(REQUESTS, SEED, on)
        if burst.type == "Illegal Dumping" and burst.extra >= 40 and burst.neighborhood is not None
    )
    quiet = msgspec.structs.replace(REQUESTS, bursts=msgspec.structs.replace(REQUESTS.bursts, chance_per_week=0))

    def near(requests: Requests) -> int:
        openings = Openings(CITY, requests, SEED)
        center = REQUESTS.neighborhoods[burst.neighborhood or 0]
        found = 0
        for request in openings.of(Day(CITY, on)):
            point = openings.details(request)[0].place.point
            if request.type == burst.type and point is not None and point != REQUESTS.locations.default_point:
                away = abs(point[0] - center.point[0]) * KM_PER_DEGREE
                found += away < 2 * center.spread_km and abs(point[1] - center.point[1]) * KM_PER_DEGREE < 2.7 * center.spread_km
        return found

    assert near(REQUESTS) > near(quiet) + 15
