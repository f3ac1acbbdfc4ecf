"""What a storm does to a simulated city beside the weather and the calls: read from TOML files beside the city's, and checked.

It draws nothing.
"""

import json
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from streams.simulator.city_file import Feed, InvalidCity, NotNegative, Positive, Share, Text, Week, Weights, document
from streams.simulator.request_city import Requests

StormKind = Literal["snow", "hurricane"]
Curve = Annotated[tuple[tuple[float, NotNegative], ...], Meta(min_length=2)]
Words = Annotated[str, Meta(max_length=2_000)]
Ring = tuple[tuple[float, float], ...]  # longitude, latitude
CHATTER, RUMORS = "chatter", "rumors"


class Feeds(Struct, frozen=True, forbid_unknown_fields=True):
    """The two feeds."""

    alerts: Feed
    social: Feed


class Pressed(Struct, frozen=True, forbid_unknown_fields=True):
    """How the days of a storm are pressed into minutes: (hour of the storm's clock, minute since it was begun)."""

    minutes: Annotated[tuple[tuple[float, NotNegative], ...], Meta(min_length=2)]
    least_rate_share: Share
    reply_speed: Positive


class Posts(Struct, frozen=True, forbid_unknown_fields=True):
    """What is posted on an ordinary day, and how the city answers."""

    per_day: Week
    profile: str
    spanish_share: Share
    with_place_share: Share
    reposted_share: Share
    reposts_mean: Positive
    verified_share: Share
    reply_share: Share
    reply_minutes: Positive
    reply_spread: NotNegative
    calm_reply_share: Share
    calm_reply_minutes: Positive
    calm_reply_spread: NotNegative
    longest_reply_hours: Positive
    topics: Weights


class AlertStep(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One message: when it is sent, how grave it is, and until when it holds.

    `levels` are CAP's severity, certainty, urgency and response.
    """

    chain: Text
    hour: float
    event: Text
    message: Literal["Alert", "Update", "Cancel"]
    levels: tuple[Text, Text, Text, Text]
    until: float
    expires: float
    phenomenon: Text
    headline: Words
    description: Words
    instruction: Words
    place: Literal["city", "district"] = "city"


class Kind(Struct, frozen=True, forbid_unknown_fields=True):
    """What a kind of storm does, as curves over the storm's clock."""

    posts: NotNegative
    posts_curve: Curve
    calls_curve: Curve
    absent_curve: Curve
    comes_back_hours: tuple[float, float]
    searches: NotNegative
    searches_curve: Curve
    hit_neighborhoods: Annotated[int, Meta(ge=1)]
    hit_share: Share
    topics_before: Weights
    topics_during: Weights
    topics_after: Weights
    requests: Weights
    requests_curve: Curve
    hit: Annotated[tuple[Text, ...], Meta(min_length=1)]
    terms: Weights
    terms_in_vain: tuple[Text, ...]
    alerts: Annotated[tuple[AlertStep, ...], Meta(min_length=1)]


class Sentences(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written about a topic, by language."""

    en: Annotated[tuple[Words, ...], Meta(min_length=1)]
    es: Annotated[tuple[Words, ...], Meta(min_length=1)]


class Emergency(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it, as its files say."""

    posts_file: str
    districts_file: str
    zone: Text
    sender: Text
    office: Text
    least_snow_in: Positive
    least_gust_mph: Positive
    pressed: Pressed
    feeds: Feeds
    posts: Posts
    kinds: dict[StormKind, Kind]
    sentences: dict[str, Sentences] = {}  # by topic; not from this file, but from `posts_file`
    districts: dict[str, Ring] = {}  # by name; not from this file, but from `districts_file`


def load_emergency(path: Path, requests: Requests | None, profiles: Collection[str]) -> Emergency:
    """Read the files.

    Args:
        path: the file; the others lie beside it.
        requests: what residents ask for in this city.
        profiles: the city's profiles of the hours of a day.

    Raises:
        InvalidCity: one cannot be read, has an unknown or missing entry, a value out of range, or a name that nothing has.
    """
    try:
        found = msgspec.convert(document(path), Emergency, strict=False)
        sentences = msgspec.convert(document(path.parent / found.posts_file), dict[str, Sentences])
    except msgspec.ValidationError as error:
        raise InvalidCity(f"{path}: {error}") from None
    found = msgspec.structs.replace(found, sentences=sentences, districts=_districts(path.parent / found.districts_file))
    for problem in _problems(found, requests, profiles):
        raise InvalidCity(f"{path}: {problem}")
    return found


def _districts(path: Path) -> dict[str, Ring]:
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return {str(one["properties"]["name"]): tuple((x, y) for x, y, *_ in one["geometry"]["coordinates"][0]) for one in features}
    except OSError as error:
        raise InvalidCity(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InvalidCity(f"{path} is no GeoJSON of named polygons: {error}") from None


def _problems(found: Emergency, requests: Requests | None, profiles: Collection[str]) -> list[str]:
    problems = [] if found.posts.profile in profiles else [f"posts.profile is {found.posts.profile!r}; there are {', '.join(profiles)}"]
    if {"snow", "hurricane"} != set(found.kinds):
        problems.append(f"[kinds] has {', '.join(found.kinds) or 'nothing'}; write [kinds.snow] and [kinds.hurricane]")
    if not found.districts:
        problems.append(f"{found.districts_file} has no district")
    minutes = found.pressed.minutes
    if any(before[0] >= after[0] or before[1] >= after[1] for before, after in pairwise(minutes)):
        problems.append("pressed.minutes goes back; hours and minutes must both rise")
    for name, kind in found.kinds.items():
        problems += [f"[kinds.{name}] {problem}" for problem in _kind_problems(found, kind, requests)]
    return problems


def _kind_problems(found: Emergency, kind: Kind, requests: Requests | None) -> list[str]:
    problems = []
    for which in ("posts_curve", "calls_curve", "absent_curve", "searches_curve", "requests_curve"):
        curve = getattr(kind, which)
        if any(before[0] >= after[0] for before, after in pairwise(curve)):
            problems.append(f"{which} goes back; hours must rise")
    topics = {*found.posts.topics, *kind.topics_before, *kind.topics_during, *kind.topics_after}
    problems += [
        f"has the topic {topic!r}; {found.posts_file} has no sentences for it" for topic in sorted(topics - found.sentences.keys())
    ]
    if requests is not None:
        problems += [f"has requests of {name!r}; there is no such type" for name in kind.requests if name not in requests.types]
        names = {neighborhood.name for neighborhood in requests.neighborhoods}
        problems += [f"hits {name!r}; there is no such neighborhood" for name in kind.hit if name not in names]
    begun: set[str] = set()
    for step in kind.alerts:
        if (step.message == "Alert") == (step.chain in begun):
            problems.append(
                f"alert at hour {step.hour:g} is an {step.message} of {step.chain!r}; a chain begins with an Alert, and with one only"
            )
        begun.add(step.chain)
    return problems
