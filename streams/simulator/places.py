"""Where requests of the simulated city lie: points around made-up neighborhoods inside its outline, and addresses that nobody lives at."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from math import cos, radians
from random import Random
from typing import NamedTuple, TypeVar

from streams.simulator.request_city import Point, Requests, RequestType

KM_PER_DEGREE = 111.2
TRIES = 30
DIGITS = 5  # of a degree: about a metre
ASKED_OFTEN_PER_WEEKDAY = 0.6  # addresses of a type that are asked for again and again, for each request on a weekday
FAR_KM = (8.0, 40.0)  # from the default point, when it is not in the city


Thing = TypeVar("Thing")


class Place(NamedTuple):
    """Where something is, as far as the CRM knows."""

    address: str | None
    point: Point | None


class Places:
    """Draws places for one city; the addresses that are asked for often belong to the city and the seed, not to a day."""

    def __init__(self, requests: Requests, seed: int) -> None:
        self._requests = requests
        self._weights = {
            places: list(accumulate(neighborhood.weights.get(places, 0.0) for neighborhood in requests.neighborhoods))
            for places in {kind.places for kind in requests.types.values()}
        }
        latitudes, longitudes = zip(*requests.outline, strict=True)
        self._bounds = min(latitudes), max(latitudes), min(longitudes), max(longitudes)
        self._cuts = sorted(set(latitudes))
        self._bands = _bands(requests.outline, self._cuts)
        self._stretch = 1 / cos(radians(requests.locations.default_point[0]))
        self._often = {name: self._asked_often(kind, Random(f"{seed}/{name}/addresses")) for name, kind in requests.types.items()}

    def place(self, name: str, dice: Random, neighborhood: int | None = None) -> Place:
        """Where a request of a type lies.

        Args:
            name: the type.
            dice: draws.
            neighborhood: the one in which it lies, as a place in the city's list; None: any.
        """
        locations, chance = self._requests.locations, dice.random()
        if chance < locations.none_share:
            return Place(self._address(dice) if dice.random() < locations.address_without_point_share else None, None)
        if chance < locations.none_share + locations.default_share:
            return Place(self._address(dice), locations.default_point)
        if dice.random() < locations.outside_share:
            return Place(self._address(dice), self._far(dice))
        if neighborhood is None and dice.random() < locations.repeat_share:
            return one_of(self._often[name], dice)
        return Place(self._address(dice), self._point(self._requests.types[name].places, dice, neighborhood))

    def is_inside(self, point: Point) -> bool:
        """Whether a point lies within the outline: a line from it to the east crosses the outline an odd number of times."""
        latitude, longitude = point
        band = self._bands.get(bisect(self._cuts, latitude), ())
        return sum(longitude < east + (latitude - north) * slope for north, east, slope in band) % 2 == 1

    def _asked_often(self, kind: RequestType, dice: Random) -> list[Place]:
        many = max(3, round(ASKED_OFTEN_PER_WEEKDAY * kind.per_weekday))
        return [Place(self._address(dice), self._point(kind.places, dice, None)) for _ in range(many)]

    def _point(self, places: str, dice: Random, neighborhood: int | None) -> Point:
        if neighborhood is None and dice.random() < self._requests.locations.even_share:
            return self._anywhere(dice)
        if neighborhood is None:
            weights = self._weights[places]
            neighborhood = bisect(weights, dice.random() * weights[-1])
        center = self._requests.neighborhoods[neighborhood]
        spread = center.spread_km / KM_PER_DEGREE
        for _ in range(TRIES):
            point = _rounded(dice.gauss(center.point[0], spread), dice.gauss(center.point[1], spread * self._stretch))
            if self.is_inside(point):
                return point
        return center.point

    def _anywhere(self, dice: Random) -> Point:
        south, north, west, east = self._bounds
        for _ in range(TRIES):
            point = _rounded(dice.uniform(south, north), dice.uniform(west, east))
            if self.is_inside(point):
                return point
        return self._requests.neighborhoods[0].point

    def _far(self, dice: Random) -> Point:
        """Somewhere else: another place of the same street name, or two digits the wrong way round."""
        latitude, longitude = self._requests.locations.default_point
        point = latitude, longitude
        for _ in range(TRIES):
            away = [dice.choice((-1, 1)) * dice.uniform(*FAR_KM) / KM_PER_DEGREE for _ in range(2)]
            point = _rounded(latitude + away[0], longitude + away[1] * self._stretch)
            if not self.is_inside(point):
                break
        return point

    def _address(self, dice: Random) -> str:
        least, largest = self._requests.house_numbers
        return f"{least + int(dice.random() * (largest + 1 - least))} {one_of(self._requests.streets, dice)}"


def one_of(many: Sequence[Thing], dice: Random) -> Thing:
    """One of them, each as likely; three times as fast as `Random.choice`."""
    return many[int(dice.random() * len(many))]


def _bands(outline: tuple[Point, ...], cuts: list[float]) -> dict[int, list[tuple[float, float, float]]]:
    """The lines of the outline in each band between two latitudes of its corners: a corner and the longitude gained in a degree."""
    found: dict[int, list[tuple[float, float, float]]] = {}
    for (south, west), (north, east) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if south != north:
            for band in range(bisect(cuts, min(south, north)), bisect(cuts, max(south, north))):
                found.setdefault(band, []).append((north, east, (east - west) / (north - south)))
    return found


def _rounded(latitude: float, longitude: float) -> Point:
    return round(latitude, DIGITS), round(longitude, DIGITS)
