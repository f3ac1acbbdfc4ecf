"""Load the city's areas from a GeoJSON file: districts, zip codes, neighborhoods, or any other kind. A kind is loaded as a whole."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from sql.places import InvalidGeometry, outline
from sql.queries import statement
from sql.reference import InvalidFile

# Where files keep the name of an area, in the order of preference.
NAME_PROPERTIES = ("name", "mapname", "listname", "label", "district", "code", "zipcode", "zip", "ward", "area", "id")
MOST_AREAS = 10_000


def load(path: Path, connection: Connection, *, kind: str, name_property: str | None = None) -> int:
    """Load a file in place of what was loaded of its kind before.

    Args:
        path: A GeoJSON FeatureCollection of polygons, in degrees of longitude and latitude.
        connection: Open, in a transaction that the caller commits.
        kind: What these areas are, for example `district`.
        name_property: Which property is an area's name; None: the first of NAME_PROPERTIES that names every area.

    Returns:
        The number of areas.

    Raises:
        InvalidFile: it cannot be read, or a feature is no named polygon; nothing was loaded.
    """
    areas = read(path, name_property)
    connection.execute(text(statement("write-areas-of-kind-gone")), {"kind": kind})
    connection.execute(
        text(statement("write-area")), [{"kind": kind, "area": name, "geometry": json.dumps(drawn)} for name, drawn in areas.items()]
    )
    connection.execute(text(statement("write-intake-version")))
    return len(areas)


def read(path: Path, name_property: str | None = None) -> dict[str, dict[str, Any]]:
    """The areas of a file: each one's name and GeoJSON geometry.

    Raises:
        InvalidFile: it cannot be read, or a feature is no named polygon.
    """
    features = _features(path)
    name_property = name_property or _name_property(features, path)
    areas: dict[str, dict[str, Any]] = {}
    for number, feature in enumerate(features, 1):
        name = str(feature["properties"].get(name_property) or "").strip()
        if not name:
            raise InvalidFile(f"{path.name}, feature {number}: the property {name_property} is missing or empty")
        if name in areas:
            raise InvalidFile(f"{path.name}, feature {number}: a second area is named {name!r}; name another property with --name-property")
        try:
            outline(feature["geometry"])
        except InvalidGeometry as error:
            raise InvalidFile(f"{path.name}, feature {number} ({name}): {error}") from None
        areas[name] = feature["geometry"]
    return areas


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InvalidFile(f"{path} is no JSON: a GeoJSON FeatureCollection is expected") from None
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list) or not 0 < len(features) <= MOST_AREAS:
        raise InvalidFile(f"{path} has no features: a GeoJSON FeatureCollection of 1 to {MOST_AREAS:,} areas is expected")
    for number, feature in enumerate(features, 1):
        if not (isinstance(feature, dict) and isinstance(feature.get("properties"), dict) and isinstance(feature.get("geometry"), dict)):
            raise InvalidFile(f"{path.name}, feature {number} has no properties or no geometry")
    return features


def _name_property(features: list[dict[str, Any]], path: Path) -> str:
    """The property that names every area, and each another."""
    known: dict[str, Any] = features[0]["properties"]
    by_lower = {name.lower(): name for name in known}
    for wanted in NAME_PROPERTIES:
        if (name := by_lower.get(wanted)) and len({str(feature["properties"].get(name)) for feature in features}) == len(features):
            return name
    raise InvalidFile(f"{path.name}: which property is an area's name? Say it with --name-property; there are {', '.join(known)}")
