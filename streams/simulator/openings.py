"""Which requests residents open on a simulated day, and all that ever becomes of each: drawn from the city, the seed and the date alone.

It tells nothing: `request_telling` does.
"""

from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import cos, log, pi
from random import Random
from typing import NamedTuple

from sql.due import SATURDAY, DayKind, due_at
from streams.events import RequestStatus
from streams.simulator.arrivals import BUCKET_SECONDS, DAYS_PER_YEAR, SECONDS_PER_DAY, around_one, weight_at
from streams.simulator.bursts import bursts_on
from streams.simulator.city import City
from streams.simulator.city_file import Weights
from streams.simulator.days import Day
from streams.simulator.places import Place, Places, one_of
from streams.simulator.request_city import Requests, RequestType
from streams.simulator.working_days import Holidays, WorkingDays

MIDWINTER_DAY_OF_YEAR = 15


class Change(NamedTuple):
    """A request from this instant on: its status and what is noted about it."""

    at: datetime
    status: RequestStatus
    notes: str
    without_work: bool = False


@dataclass(slots=True, eq=False)
class Request:
    """One request; the first of its changes is its opening."""

    type: str
    channel: str
    changes: tuple[Change, ...]
    neighborhood: int | None  # None: the details say where
    drawn_as: str  # names the dice of everything else about it
    request_id: str = ""

    @property
    def requested_at(self) -> datetime:
        """When the resident asked."""
        return self.changes[0].at


class Details(NamedTuple):
    """What else there is to say of a request."""

    language: str
    place: Place
    expected_at: datetime | None


class Openings:
    """Draws the requests of one city and seed, a day at a time, in any order of days."""

    def __init__(self, city: City, requests: Requests, seed: int) -> None:
        self._city, self._requests, self._seed = city, requests, seed
        self._holidays = Holidays(city)
        self._crews = {
            name: WorkingDays(city, department, requests.work, self._holidays) for name, department in requests.departments.items()
        }
        self._places = Places(requests, seed)
        self._languages = Choice(city.languages)
        shares = {name: channel.share for name, channel in requests.channels.items()}
        self._channels = {name: Choice(kind.channels or shares) for name, kind in requests.types.items()}
        self._prefix = f"sim-{city.requests_fingerprint(seed)}"
        self._due: dict[tuple[date, int, DayKind], date] = {}

    def prefix(self, day: Day) -> str:
        """What the ids of that day's requests and searches begin with."""
        return f"{self._prefix}-{day.date:%Y%m%d}"

    def slowness(self, department: str, on: date) -> float:
        """How many times as long as usual a department takes for what is asked for on a date."""
        return self._crews[department].slowness(on)

    def of(self, day: Day) -> list[Request]:
        """The requests that are opened on a day, in order of time; the ids count them."""
        hours = {channel.profile: Hours(day, self._city.profiles[channel.profile]) for channel in self._requests.channels.values()}
        factor = self._day_factor(day)
        bursts = bursts_on(self._requests, self._seed, day.date)
        found: list[Request] = []
        for name, kind in self._requests.types.items():
            dice = Random(f"{self._seed}/{day.date}/requests/{name}")
            usual = kind.per_weekday * factor * _season(kind, day.date) * around_one(dice, self._requests.type_day_variation)
            waves: list[tuple[float, int | None]] = [(usual, None)]
            waves += [(burst.extra, burst.neighborhood) for burst in bursts if burst.type == name]
            for mean, neighborhood in waves:
                found += [self._request(name, kind, day, hours, dice, neighborhood) for _ in range(poisson(dice, mean))]
        found.sort(key=lambda request: request.requested_at)
        prefix = self.prefix(day)
        for number, request in enumerate(found, 1):
            request.request_id = f"{prefix}-R{number:04}"
        return found

    def wished(self, name: str, at: datetime, neighborhood: int | None, request_id: str, drawn_as: str) -> Request:
        """A request of a type that is opened at an instant for a reason of its own, and what becomes of it."""
        dice, kind = Random(drawn_as), self._requests.types[name]
        channel = self._channels[name].draw(dice)
        on = at.astimezone(self._city.zone).date()
        return Request(name, channel, self._changes(kind, on, at, dice), neighborhood, f"{drawn_as}/details", request_id)

    def _day_factor(self, day: Day) -> float:
        requests = self._requests
        holiday = requests.holiday_factor if day.holiday else 1.0
        return (
            requests.weekday_factors[day.date.weekday()]
            * holiday
            * around_one(Random(f"{self._seed}/{day.date}/requests"), requests.day_variation)
        )

    def details(self, request: Request) -> tuple[Details, Random]:
        """The rest of a request, and the dice for what is told of it: drawn apart, because most of what was opened long ago is over."""
        dice = Random(request.drawn_as)
        language = self._languages.draw(dice)
        place = self._places.place(request.type, dice, request.neighborhood)
        kind = self._requests.types[request.type]
        untold = dice.random() < self._requests.work.due_untold_share
        expected_at = None if untold or kind.due_days is None else self._due_at(request.requested_at, kind.due_days, kind.days)
        return Details(language, place, expected_at), dice

    def _request(
        self, name: str, kind: RequestType, day: Day, hours: dict[str, "Hours"], dice: Random, neighborhood: int | None
    ) -> Request:
        channel = self._channels[name].draw(dice)
        if self._requests.channels[channel].on_working_days_only and (day.date.weekday() >= SATURDAY or day.holiday):
            channel = next(iter(self._requests.channels))
        at = day.begins + timedelta(seconds=hours[self._requests.channels[channel].profile].draw(dice))
        return Request(name, channel, self._changes(kind, day.date, at, dice), neighborhood, f"{dice.random()}")

    def _due_at(self, at: datetime, days: int, kind: DayKind) -> datetime:
        """The same clock time on the due day, which is counted once for all requests of a date."""
        local = at.astimezone(self._city.zone)
        key = (local.date(), days, kind)
        due = self._due.get(key)
        if due is None:
            noon = datetime.combine(local.date(), time(12), self._city.zone)
            due = self._due[key] = due_at(noon, days, kind, zone=self._city.zone, holidays=self._holidays).date()
        return datetime.combine(due, local.time(), self._city.zone).astimezone(UTC)

    def _changes(self, kind: RequestType, on: date, at: datetime, dice: Random) -> tuple[Change, ...]:
        """The opening and what follows, as far as anything is told of the request."""
        work, crew = self._requests.work, self._crews[kind.department]
        changes = [Change(at, "open", work.opened_note)]
        chance = dice.random()
        if chance >= kind.never_share:
            slowness = crew.slowness(on)
            same_day = chance < kind.never_share + kind.same_day_share
            closed_at = crew.done_same_day(at, dice) if same_day else crew.done_after(at, _days(kind, slowness, dice), dice)
            changes.append(self._closing(closed_at, dice.random() < kind.without_work_share, dice))
            if dice.random() < kind.reopened_share:
                again_at = closed_at + timedelta(seconds=int(dice.uniform(0.2, work.reopened_within_days) * SECONDS_PER_DAY))
                done_at = crew.done_after(again_at, work.second_time_factor * _days(kind, slowness, dice), dice)
                changes += [Change(again_at, "open", work.reopened_note), self._closing(done_at, False, dice)]
        forgotten_at = at + timedelta(days=self._requests.remembered_days - 1)
        return tuple(change for change in changes if change.at < forgotten_at)

    def _closing(self, at: datetime, without_work: bool, dice: Random) -> Change:
        work = self._requests.work
        return Change(at, "closed", one_of(work.without_work_notes if without_work else work.done_notes, dice), without_work)


class Choice:
    """One of some names, by their weights."""

    def __init__(self, weights: Weights) -> None:
        self._names = list(weights)
        self._sums = list(accumulate(weights.values()))

    def draw(self, dice: Random) -> str:
        """A name."""
        return self._names[bisect(self._sums, dice.random() * self._sums[-1])]


class Hours:
    """The seconds of a day, by a profile of the hours that the local clock says."""

    def __init__(self, day: Day, weights: tuple[float, ...]) -> None:
        middles = (BUCKET_SECONDS * (bucket + 0.5) for bucket in range(round(day.seconds / BUCKET_SECONDS)))
        self._sums = list(accumulate(weight_at(weights, day.clock_hours(middle)) for middle in middles))

    def draw(self, dice: Random) -> int:
        """A whole second since the day's beginning."""
        bucket = bisect(self._sums, dice.random() * self._sums[-1])
        return BUCKET_SECONDS * bucket + int(dice.random() * BUCKET_SECONDS)


def poisson(dice: Random, mean: float) -> int:
    """How many come, when so many come on average."""
    found, left = 0, mean - dice.expovariate(1)
    while left > 0:
        found, left = found + 1, left - dice.expovariate(1)
    return found


def _days(kind: RequestType, slowness: float, dice: Random) -> float:
    return dice.lognormvariate(log(kind.median_days), kind.spread) * slowness


def _season(kind: RequestType, on: date) -> float:
    return 1 + kind.season * cos(2 * pi * (on.timetuple().tm_yday - MIDWINTER_DAY_OF_YEAR) / DAYS_PER_YEAR)
