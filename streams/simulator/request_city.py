"""What a simulated city's residents ask for, look up and say: read from a TOML file beside the city's, and checked. It draws nothing."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from streams.simulator.city_file import (
    Feed,
    Hours,
    InvalidCity,
    NotNegative,
    Positive,
    Share,
    Text,
    Week,
    Weekday,
    Weights,
    document,
    hours_of,
)

Point = tuple[Annotated[float, Meta(ge=-90, le=90)], Annotated[float, Meta(ge=-180, le=180)]]  # latitude, longitude
Months = tuple[Annotated[int, Meta(ge=1, le=12)], ...]
Scores = tuple[NotNegative, NotNegative, NotNegative, NotNegative, NotNegative]  # weights of 1 to 5
Notes = Annotated[tuple[Text, ...], Meta(min_length=1)]
MOST_DAYS_REMEMBERED = 120
MOST_BURST_DAYS = 7


class Feeds(Struct, frozen=True, forbid_unknown_fields=True):
    """The three feeds, each of a topic of its own."""

    requests: Feed
    surveys: Feed
    searches: Feed


class Channel(Struct, frozen=True, forbid_unknown_fields=True):
    """A way in: its share of the requests, and when in the day it is used."""

    share: Positive
    profile: str
    on_working_days_only: bool = False


class Department(Struct, frozen=True, forbid_unknown_fields=True):
    """How a department's pace changes: its work takes exp(swing · sin) times as long."""

    swing: NotNegative
    period_weeks: Positive
    phase: Share
    works_on: Annotated[tuple[Weekday, ...], Meta(min_length=1)] = ("Mon", "Tue", "Wed", "Thu", "Fri")


class Work(Struct, frozen=True, forbid_unknown_fields=True):
    """What all departments have in common."""

    hours: Hours
    holidays_off: bool
    reopened_within_days: Annotated[float, Meta(ge=1, le=30)]
    second_time_factor: Positive
    due_untold_share: Share
    done_notes: Notes
    without_work_notes: Notes
    opened_note: Text
    reopened_note: Text


class RequestType(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One type of request: how many on an ordinary weekday, what is promised, and how long it takes in working days."""

    department: str
    code: Text
    per_weekday: NotNegative
    same_day_share: Share
    median_days: Positive
    spread: NotNegative  # of the logarithm
    without_work_share: Share
    reopened_share: Share
    places: str
    never_share: Share = 0
    due_days: Annotated[int, Meta(ge=0, le=365)] | None = None  # None: the city names no day
    days: Literal["calendar", "business"] = "calendar"
    season: Annotated[float, Meta(ge=-1, le=1)] = 0  # above 0: more in winter
    channels: Weights | None = None  # None: the city's shares


class BurstKind(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that happens now and then, with so many more requests on its first day, its second …"""

    name: Text
    type: str
    extra_per_day: Annotated[tuple[NotNegative, ...], Meta(min_length=1, max_length=MOST_BURST_DAYS)]
    weight: Positive
    in_one_neighborhood: bool = False
    months: Months = ()  # none: in every month


class Bursts(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens now and then, and how often."""

    chance_per_week: Share
    kinds: Annotated[tuple[BurstKind, ...], Meta(min_length=1)]


class Locations(Struct, frozen=True, forbid_unknown_fields=True):
    """How well requests are located, as shares of all requests (the last two: of those with a point)."""

    none_share: Share
    default_share: Share
    outside_share: Share
    address_without_point_share: Share  # of those without a point
    repeat_share: Share
    even_share: Share
    default_point: Point


class Neighborhood(Struct, frozen=True, forbid_unknown_fields=True):
    """A center around which requests lie, with a weight for each kind of place."""

    name: Text
    point: Point
    spread_km: Positive
    weights: Weights


class Surveys(Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers a survey after a closing, when, and with which score."""

    answered_share: Share
    after_hours: tuple[NotNegative, NotNegative]
    on_time: Scores
    late: Scores
    without_work: Scores
    reopened: Scores


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """What residents look up: how often, and how many answers there are."""

    term: Text
    weight: Positive
    answers: tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)]]
    in_vain_share: Share = 0
    months: Months = ()


class Searches(Struct, frozen=True, forbid_unknown_fields=True):
    """How many searches there are in a day, when, where and for what."""

    per_day: Week
    profile: str
    channels: Weights
    terms: Annotated[tuple[Term, ...], Meta(min_length=1)]


class Requests(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it, as its file says."""

    remembered_days: Annotated[int, Meta(ge=1, le=MOST_DAYS_REMEMBERED)]
    begins_weeks_earlier: Annotated[float, Meta(ge=0, le=52)]
    weekday_factors: Week
    holiday_factor: NotNegative
    day_variation: Share
    type_day_variation: Share
    streets: Annotated[tuple[Text, ...], Meta(min_length=1)]
    house_numbers: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]]
    outline: Annotated[tuple[Point, ...], Meta(min_length=3)]
    feeds: Feeds
    channels: Annotated[dict[str, Channel], Meta(min_length=1)]
    departments: Annotated[dict[str, Department], Meta(min_length=1)]
    work: Work
    types: Annotated[dict[str, RequestType], Meta(min_length=1)]
    bursts: Bursts
    locations: Locations
    neighborhoods: Annotated[tuple[Neighborhood, ...], Meta(min_length=1)]
    surveys: Surveys
    searches: Searches


def load_requests(path: Path, profiles: dict[str, tuple[float, ...]]) -> Requests:
    """Read the file.

    Args:
        path: the file.
        profiles: the city's profiles of the hours of a day.

    Raises:
        InvalidCity: it cannot be read, has an unknown or missing entry, a value out of range, or a name that nothing has.
    """
    try:
        found = msgspec.convert(document(path), Requests)
    except msgspec.ValidationError as error:
        raise InvalidCity(f"{path}: {error}") from None
    for problem in _problems(found, profiles):
        raise InvalidCity(f"{path}: {problem}")
    return found


def _problems(found: Requests, profiles: dict[str, tuple[float, ...]]) -> list[str]:
    """Every name that points to nothing, and every pair of values that contradict each other."""
    used = {f"[channels] {name}": channel.profile for name, channel in found.channels.items()} | {"[searches]": found.searches.profile}
    problems = [
        f"{where} has profile {profile!r}, which is not there or zero all day; there are {', '.join(profiles)}"
        for where, profile in used.items()
        if not any(profiles.get(profile, ()))
    ]
    if next(iter(found.channels.values())).on_working_days_only:
        problems.append(
            f"[channels] {next(iter(found.channels))} stands first and is on_working_days_only; put one there that is always open"
        )
    for name, kind in found.types.items():
        problems += [f"[types.{name!r}] {problem}" for problem in _type_problems(found, kind)]
    problems += [
        f"burst {burst.name!r} is of type {burst.type!r}; there is no such type"
        for burst in found.bursts.kinds
        if burst.type not in found.types
    ]
    opens, closes = (hours_of(clock) for clock in found.work.hours.split("-"))
    if opens >= closes:
        problems.append(f"work.hours is {found.work.hours}; the hours must lie within one day")
    if found.locations.none_share + found.locations.default_share > 1:
        problems.append("[locations] none_share and default_share are more than all requests together")
    ranges: dict[str, tuple[float, float]] = {
        "house_numbers": found.house_numbers,
        "surveys.after_hours": found.surveys.after_hours,
    } | {f"searches.terms {term.term!r} answers": term.answers for term in found.searches.terms}
    problems += [f"{name} is {list(bounds)}; the smaller number stands first" for name, bounds in ranges.items() if bounds[0] > bounds[1]]
    scores = {name: getattr(found.surveys, name) for name in ("on_time", "late", "without_work", "reopened")}
    return problems + [f"surveys.{name} is zero for every score" for name, weights in scores.items() if not any(weights)]


def _type_problems(found: Requests, kind: RequestType) -> list[str]:
    problems = []
    if kind.department not in found.departments:
        problems.append(f"is of department {kind.department!r}; there are {', '.join(found.departments)}")
    if not any(kind.places in neighborhood.weights for neighborhood in found.neighborhoods):
        problems.append(f"is at places {kind.places!r}; no neighborhood has a weight for them")
    problems += [
        f"has channel {name!r}; there are {', '.join(found.channels)}" for name in kind.channels or () if name not in found.channels
    ]
    if kind.same_day_share + kind.never_share > 1:
        problems.append("has same_day_share and never_share of more than all together")
    return problems
