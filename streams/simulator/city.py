"""What a simulated city is: its queues, demand, people and habits, read from TOML files and checked. It draws no random number."""

import hashlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from streams.simulator.city_file import (
    Clock,
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
from streams.simulator.emergency_city import Emergency, StormKind, load_emergency
from streams.simulator.request_city import Requests, load_requests
from streams.simulator.weather import Storm, planted
from streams.simulator.weather_city import Weather, load_weather

DEFAULT_CITY = Path(__file__).with_name("philadelphia.toml")
_FROM_ELSEWHERE = {
    "channels": "the file that `queue_names` points to",
    "requests": "the file that `requests_file` points to",
    "timezone": "the setting CITY_TIMEZONE",
    "weather": "the file that `weather_file` points to",
    "storms": "the option --storm",
    "scenarios": "the option --scenario",
    "emergency": "the file that `emergency_file` points to",
}
ONSET_ABOUT = timedelta(minutes=5)  # after a scenario was begun: its hour is the one in which the weather has it
AGENTS_FEED = "agents"  # the key of [feeds] that is no channel


class Demand(Struct, frozen=True, forbid_unknown_fields=True):
    """How the number of contacts differs between days and quarter hours; variations are standard deviations of factors around 1."""

    season_swing: Share
    drift_swing: Share
    growth_a_year: Annotated[float, Meta(gt=-0.5, le=0.5)]
    day_variation: Share
    queue_day_variation: Share
    interval_variation: Share
    holiday_factor: NotNegative
    surge_chance_per_day: Share
    surge_minutes: tuple[Positive, Positive]
    surge_factor: tuple[Positive, Positive]


class Queue(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One queue: how many come, what they need, and how long they wait for it.

    Seconds are means; a spread is the logarithm's standard deviation.
    """

    contacts_per_day: Week
    profile: str
    patience_seconds: Positive
    talk_seconds: Positive
    talk_spread: NotNegative
    wrap_up_seconds: NotNegative
    wrap_up_spread: NotNegative
    open: Hours | None = None  # None: day and night
    open_on_holidays: bool = True
    sent_away_after_minutes: NotNegative = 0  # after closing time, those who still wait
    ring_seconds: tuple[NotNegative, NotNegative] = (0, 0)
    hold_share: Share = 0
    hold_seconds: NotNegative = 0
    languages: Weights | None = None  # None: the city's
    spoken: tuple[str, ...] = ("English",)  # by the agents; for the others an interpreter is called
    interpreter_factor: Positive = 1
    callback_share: Share = 0  # of those who would book one when it is offered
    callback_after_seconds: NotNegative = 0
    overflow_share: Share = 0
    overflows_after_seconds: NotNegative = 0
    overflows_to: str | None = None
    gives_up_waiting_seconds: Positive | None = None  # the system ends the wait
    passed_on_share: Share = 0  # of the answered
    passed_on_to: dict[str, Positive] = {}


class Break(Struct, frozen=True, forbid_unknown_fields=True):
    """A break that belongs to every shift that is long enough."""

    after_hours: Positive
    minutes: Positive


class Work(Struct, frozen=True, forbid_unknown_fields=True):
    """How agents work."""

    absent_share: Share
    holiday_share: Share
    login_minutes: tuple[float, float]
    breaks: tuple[Break, ...]
    break_stagger_minutes: NotNegative
    errands_per_shift: NotNegative
    errand_minutes: Positive
    long_wrap_up_share: Share
    long_wrap_up_factor: Positive


class Crew(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Agents of the same skills, one for each begin of a shift; they help where nobody whose own queue it is is free."""

    letter: Annotated[str, Meta(pattern=r"^[A-Z]{1,3}$")]
    queues: Annotated[tuple[str, ...], Meta(min_length=1)]
    helps: tuple[str, ...] = ()
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)]
    hours: Annotated[float, Meta(gt=0, le=12)]
    starts: Annotated[tuple[Clock, ...], Meta(min_length=1)]
    works_on_holidays: bool = False


class Defects(Struct, frozen=True, forbid_unknown_fields=True):
    """What a real feed does to its events, as shares."""

    told_late_share: Share
    told_late_seconds: NotNegative
    told_twice_share: Share
    told_twice_seconds: NotNegative
    end_untold_share: Share
    abandon_untold_share: Share
    lost_share: Share


class Holiday(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A day of the year: month and day, or the nth weekday of a month (-1: the last)."""

    name: Text
    month: Annotated[int, Meta(ge=1, le=12)]
    day: Annotated[int, Meta(ge=1, le=31)] | None = None
    weekday: Weekday | None = None
    nth: Literal[-1, 1, 2, 3, 4] | None = None


class Scenario(Struct, frozen=True):
    """A storm that somebody began at an instant (UTC), to be seen within minutes."""

    kind: StormKind
    begun_at: datetime

    def storm(self, city: "City") -> Storm:
        """How much falls and blows: what falls on a planted storm's day, within the hour of its onset."""
        assert city.weather is not None
        begins = (self.begun_at + ONSET_ABOUT).astimezone(city.zone).replace(tzinfo=None, minute=0, second=0, microsecond=0)
        return planted(city.weather, begins, self.kind == "snow", hours=1)


class City(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, eq=False):
    """A whole city: its contact centre as its file says, what residents ask of the departments, and its weather. Two are never equal."""

    name: Text
    day_begins: Clock
    queue_names: str
    feeds: dict[str, Feed]
    demand: Demand
    profiles: dict[str, Annotated[tuple[NotNegative, ...], Meta(min_length=24, max_length=24)]]
    languages: Weights
    queues: Annotated[dict[str, Queue], Meta(min_length=1)]
    work: Work
    crews: tuple[Crew, ...]
    defects: Defects
    holidays: tuple[Holiday, ...] = ()
    requests_file: str | None = None  # beside this file; None: nobody asks for anything but a talk
    weather_file: str | None = None  # beside this file; None: there is no weather
    emergency_file: str | None = None  # beside this file; None: storms have no alerts, posts and requests
    channels: dict[str, str] = {}  # by queue; not from this file, but from `queue_names`
    timezone: str = ""  # not from this file, but from the settings
    requests: Requests | None = None  # not from this file, but from `requests_file`
    weather: Weather | None = None  # not from this file, but from `weather_file`
    emergency: Emergency | None = None  # not from this file, but from `emergency_file`
    storms: tuple[date, ...] = ()  # not from this file, but from whoever starts it
    scenarios: tuple[Scenario, ...] = ()  # not from this file, but from whoever starts it

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that all its clock times are in."""
        return ZoneInfo(self.timezone)

    @property
    def begins_at(self) -> time:
        """The local time at which a simulated day begins."""
        return time.fromisoformat(self.day_begins)

    def fingerprint(self, seed: int) -> str:
        """Eight characters that differ for every other seed, and after every change of the contact centre or its weather."""
        centre = msgspec.to_builtins(self)
        del centre["requests_file"], centre["requests"]  # a new type of request must not make new contacts
        del centre["emergency_file"], centre["emergency"]
        del centre["storms"], centre["scenarios"]  # which change their own days alone: see `arrivals.id_prefix`
        return _fingerprint(seed, centre)

    def requests_fingerprint(self, seed: int) -> str:
        """The same for what residents ask for, look up and say."""
        shared = (self.requests, self.timezone, self.day_begins, self.holidays, self.languages, self.profiles, self.defects)
        return _fingerprint(seed, shared)

    def emergency_fingerprint(self, seed: int) -> str:
        """The same for what storms bring beside their weather, and for what is posted."""
        return _fingerprint(seed, (self.fingerprint(seed), self.requests_fingerprint(seed), self.emergency))


def _fingerprint(seed: int, of: object) -> str:
    return hashlib.sha256(msgspec.json.encode((seed, of))).hexdigest()[:8]


def load_city(
    path: Path = DEFAULT_CITY, *, timezone: str = "America/New_York", storms: tuple[date, ...] = (), scenarios: tuple[Scenario, ...] = ()
) -> City:
    """Read a city's file and the files of queue names, requests, weather and emergencies that it points to.

    Args:
        path: the city's file.
        timezone: an IANA name; all clock times of the file are in it.
        storms: days that get a storm beside those that the weather has of itself.
        scenarios: storms that are pressed into minutes.

    Raises:
        InvalidCity: one of them cannot be read, has an unknown or missing entry, a value out of range, or a name that nothing has.
    """
    found = document(path)
    try:
        city = msgspec.convert(found, City)
    except msgspec.ValidationError as error:
        raise InvalidCity(f"{path}: {error}") from None
    names = path.parent / city.queue_names
    for name in _FROM_ELSEWHERE.keys() & found.keys():
        raise InvalidCity(f"{path}: {name} is not this file's to say; it comes from {_FROM_ELSEWHERE[name]}")
    entries = document(names).get("queue", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidCity(f"{names} has no [[queue]]: write one for each queue")
    channels = {str(entry.get("queue")): str(entry.get("channel", "phone")) for entry in entries}
    for problem in _problems(city, channels, names.name):
        raise InvalidCity(f"{path}: {problem}")
    requests = load_requests(path.parent / city.requests_file, city.profiles) if city.requests_file is not None else None
    weather = load_weather(path.parent / city.weather_file, city.queues) if city.weather_file is not None else None
    channels = {queue: channels[queue] for queue in city.queues}
    city = msgspec.structs.replace(city, channels=channels, timezone=timezone, requests=requests, weather=weather)
    if weather is None:
        return city
    emergency = load_emergency(path.parent / city.emergency_file, requests, city.profiles) if city.emergency_file is not None else None
    scenarios = tuple(sorted(set(scenarios), key=lambda one: one.begun_at)) if emergency is not None else ()
    return msgspec.structs.replace(city, emergency=emergency, storms=tuple(sorted(set(storms))), scenarios=scenarios)


def _problems(city: City, channels: dict[str, str], names: str) -> list[str]:
    """Every name that points to nothing, and every pair of values that contradict each other."""
    found = []
    if AGENTS_FEED not in city.feeds:
        found.append(f"[feeds] has no `{AGENTS_FEED}`; the agents' states need a feed")
    for name, queue in city.queues.items():
        found += [f"[queues.{name}] {problem}" for problem in _queue_problems(city, name, queue, channels, names)]
    for crew in city.crews:
        found += [
            f"crew {crew.letter} serves {name!r}; there is no [queues.{name}]"
            for name in crew.queues + crew.helps
            if name not in city.queues
        ]
    letters = [crew.letter for crew in city.crews]
    found += [f"two crews have the letter {letter}" for letter in sorted(set(letters)) if letters.count(letter) > 1]
    found += [
        f"holiday {holiday.name!r} needs `day`, or `weekday` and `nth`"
        for holiday in city.holidays
        if (holiday.day is None) == (holiday.weekday is None) or (holiday.weekday is None) != (holiday.nth is None)
    ]
    ranges = {
        "demand.surge_minutes": city.demand.surge_minutes,
        "demand.surge_factor": city.demand.surge_factor,
        "work.login_minutes": city.work.login_minutes,
    } | {f"queues.{name}.ring_seconds": queue.ring_seconds for name, queue in city.queues.items()}
    found += [f"{name} is {list(bounds)}; the smaller number stands first" for name, bounds in ranges.items() if bounds[0] > bounds[1]]
    return found


def _queue_problems(city: City, name: str, queue: Queue, channels: dict[str, str], names: str) -> list[str]:
    found = []
    if name not in channels:
        found.append(f"has no [[queue]] in {names}; add its name, channel and position there")
    elif channels[name] not in city.feeds:
        found.append(f"is of channel {channels[name]!r}; there is no [feeds] entry of that name")
    if queue.profile not in city.profiles:
        found.append(f"has profile {queue.profile!r}; there are {', '.join(city.profiles)}")
    elif not any(city.profiles[queue.profile]):
        found.append(f"has profile {queue.profile!r}, which is zero all day")
    if queue.overflow_share and queue.overflows_to is None:
        found.append("has an overflow_share and no `overflows_to`")
    if queue.passed_on_share and not queue.passed_on_to:
        found.append("has a passed_on_share and no `passed_on_to`")
    others = [*queue.passed_on_to, *([queue.overflows_to] if queue.overflows_to else [])]
    if queue.open is not None:
        opens, closes = ((hours_of(clock) - hours_of(city.day_begins)) % 24 for clock in queue.open.split("-"))
        if opens >= closes:
            found.append(f"is open {queue.open}; the hours must lie within one day that begins at {city.day_begins}")
    found += [f"sends people to {other!r}; there is no such other queue" for other in others if other not in city.queues or other == name]
    return found
