"""Who comes on a simulated day, when, and with what: contacts drawn from a city's demand. It seats and answers nobody."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import log, pi, sin
from random import Random

from streams.events import LeftReason
from streams.simulator.centre import Contact
from streams.simulator.city import City, Queue
from streams.simulator.city_file import hours_of
from streams.simulator.days import Day
from streams.simulator.storms import StormClock, storms_around, value_of
from streams.simulator.weather_felt import AHEAD_DAYS, FELT_DAYS, felt_in

BUCKET_SECONDS = 900
DAYS_PER_YEAR = 365.25
DRIFT_PERIODS_DAYS = (97.0, 38.0, 17.0)
SURGE_CLOCK_HOURS = (8.5, 17.0)
FIRST_TALK_SHARE = 0.4  # of one that ends with passing the resident on
OFFER_SPREAD_SECONDS = 20.0  # a callback is offered between two announcements
MINUTES_OPEN_TO_PASS_ON = 20.0  # nobody is passed on to a queue that is about to close
SECONDS_PER_DAY = 86_400
IN_PERSON = "walk_in"  # in a storm nobody comes
LEVEL_IS_RIGHT_ON = date(2026, 7, 1)


@dataclass(frozen=True, slots=True)
class Surge:
    """One queue is far above its usual for a while; by the clock, in hours."""

    queue: str
    begins: float
    ends: float
    factor: float


def arrivals(city: City, seed: int, day: Day) -> list[tuple[float, Contact]]:
    """The contacts of a day, the same for the same city, seed and date.

    Returns:
        (seconds since the day's beginning, contact) in order of time, after them those of a storm that is pressed into minutes; the ids
        count each.
    """
    factor = day_factor(city, seed, day)
    surge = surge_on(city, seed, day)
    found: list[tuple[float, Contact]] = []
    for name in city.queues:
        times = _times(city, seed, day, name, factor, surge)
        habits = _Habits(city, day, name, Random(f"{seed}/{day.date}/{name}/contacts"))
        found += [(at, habits.contact(at)) for at in times]
    found.sort(key=lambda arrival: arrival[0])
    prefix = id_prefix(city, seed, day)
    for number, (_, contact) in enumerate(found, 1):
        contact.contact_id = f"{prefix}-{number:05}"
        _name_second(contact)
    for storm in storms_around(city, seed, day.date, day.date):
        if storm.pressed and day.begins <= storm.onset < day.ends:
            found += _of_pressed(city, seed, day, storm, f"{prefix}-w{storm.onset:%H%M%S}")
    return found


def _name_second(contact: Contact) -> None:
    for second in (contact.passed_on_to, contact.overflows_to):
        if second is not None:
            second.contact_id = f"{contact.contact_id}/2"


def _of_pressed(city: City, seed: int, day: Day, storm: StormClock, prefix: str) -> list[tuple[float, Contact]]:
    """The contacts that come on top while a storm passes within minutes; all others stay what they are."""
    assert city.emergency is not None
    curve, least = city.emergency.kinds[storm.kind].calls_curve, city.emergency.pressed.least_rate_share
    begins, ends = ((at - day.begins).total_seconds() for at in (storm.begins, storm.ends))
    factor = max(1.0, day_factor(city, seed, day))  # on a holiday too there is something to see
    found: list[tuple[float, Contact]] = []
    for name in city.queues:
        hours, usual = opening(city, day, name), usual_day(city, day, name)
        if hours is None or city.channels[name] == IN_PERSON:
            continue
        dice = Random(f"{seed}/{storm.name}/{name}/contacts")
        habits, at = _Habits(city, day, name, dice), begins
        most = max(usual) * factor / BUCKET_SECONDS * (max(value for _, value in curve) - 1)
        while most > 0 and (at := at + dice.expovariate(most)) < min(ends, hours[1]):
            there = min(int(at // BUCKET_SECONDS), len(usual) - 1)
            more = value_of(curve, storm.hour(day.begins + timedelta(seconds=at))) - 1
            rate = max(usual[there], least * max(usual)) * factor / BUCKET_SECONDS * more
            if dice.random() * most < rate and at >= hours[0]:
                found.append((at, habits.contact(at)))
    found.sort(key=lambda arrival: arrival[0])
    for number, (_, contact) in enumerate(found, 1):
        contact.contact_id = f"{prefix}-{number:05}"
        _name_second(contact)
    return found


def id_prefix(city: City, seed: int, day: Day) -> str:
    """What the ids of a day begin with: equal ids are equal events only while neither the city nor the seed was changed."""
    stormy = any(-AHEAD_DAYS <= (day.date - storm).days <= FELT_DAYS + 1 for storm in city.storms)  # one that a person put there
    return f"sim-{city.fingerprint(seed)}-{day.date:%Y%m%d}{'s' if stormy else ''}"


def opening(city: City, day: Day, name: str) -> tuple[float, float] | None:
    """When a queue takes new contacts on that day, as seconds since the beginning; None: it stays closed."""
    queue = city.queues[name]
    if not queue.contacts_per_day[day.date.weekday()] or (day.holiday and not queue.open_on_holidays):
        return None
    if queue.open is None:
        return 0.0, day.seconds
    opens, closes = queue.open.split("-")
    return day.seconds_at(opens), day.seconds_at(closes)


def closings(city: City, day: Day) -> list[tuple[float, str]]:
    """When those who still wait in a queue are sent away, for each queue that closes on that day."""
    found = []
    for name, queue in city.queues.items():
        hours = opening(city, day, name)
        if hours is not None and queue.open is not None:
            found.append((hours[1] + 60 * queue.sent_away_after_minutes, name))
    return found


def day_factor(city: City, seed: int, day: Day) -> float:
    """How busy a day is for all queues alike, beside an ordinary day of its weekday; the weather comes on top of it."""
    demand = city.demand
    number = day.date.toordinal()
    phases = Random(f"{seed}/drift")
    season = demand.season_swing * sin(2 * pi * (number - date(day.date.year, 4, 20).toordinal()) / DAYS_PER_YEAR)  # busiest in July
    waves = sum(sin(2 * pi * (number / period + phases.random())) for period in DRIFT_PERIODS_DAYS)
    drift = 1 + season + demand.drift_swing * waves / len(DRIFT_PERIODS_DAYS) ** 0.5
    holiday = demand.holiday_factor if day.holiday else 1.0
    grown = (1 + demand.growth_a_year) ** ((day.date - LEVEL_IS_RIGHT_ON).days / DAYS_PER_YEAR)
    factor: float = grown * drift * holiday * around_one(Random(f"{seed}/{day.date}/day"), demand.day_variation)
    return factor


def around_one(dice: Random, variation: float) -> float:
    """A Gamma factor of mean 1 and that standard deviation."""
    return dice.gammavariate(variation**-2, variation**2) if variation else 1.0


def surge_on(city: City, seed: int, day: Day) -> Surge | None:
    """The surge of a day, if it has one."""
    dice = Random(f"{seed}/{day.date}/surge")
    if dice.random() >= city.demand.surge_chance_per_day:
        return None
    phones = [name for name in city.queues if city.channels[name] == "phone"] or list(city.queues)
    queue, begins = dice.choice(phones), dice.uniform(*SURGE_CLOCK_HOURS)
    return Surge(queue, begins, begins + dice.uniform(*city.demand.surge_minutes) / 60, dice.uniform(*city.demand.surge_factor))


def _times(city: City, seed: int, day: Day, name: str, factor: float, surge: Surge | None) -> list[float]:
    """Arrivals of a Poisson process whose rate is constant within each quarter of an hour."""
    hours = opening(city, day, name)
    if hours is None:
        return []
    dice = Random(f"{seed}/{day.date}/{name}/arrivals")
    factor *= felt_in(city, seed).on(name, day.date) * around_one(dice, city.demand.queue_day_variation)
    found = []
    for bucket, usual in enumerate(usual_day(city, day, name)):
        begins = float(bucket * BUCKET_SECONDS)
        mean = usual * factor * around_one(dice, city.demand.interval_variation)
        if surge is not None and surge.queue == name and surge.begins <= day.clock_hours(begins + BUCKET_SECONDS / 2) < surge.ends:
            mean *= surge.factor
        at = begins
        while mean > 0 and (at := at + dice.expovariate(mean) * BUCKET_SECONDS) < begins + BUCKET_SECONDS:
            if hours[0] <= at < hours[1]:
                found.append(at)
    return found


def usual_day(city: City, day: Day, name: str) -> list[float]:
    """How many contacts a queue expects on an ordinary day of that weekday, by quarter hour from the day's beginning, open or not."""
    queue, weights = city.queues[name], city.profiles[city.queues[name].profile]
    per_weight = queue.contacts_per_day[day.date.weekday()] / (_weight_of_open_hours(queue, weights) or 1.0)
    middles = (BUCKET_SECONDS * (bucket + 0.5) for bucket in range(round(day.seconds / BUCKET_SECONDS)))
    return [per_weight * weight_at(weights, day.clock_hours(middle)) for middle in middles]


def weight_at(weights: tuple[float, ...], clock_hours: float) -> float:
    """The profile at a time of day: straight lines between the middles of the hours; zero stays zero."""
    before = int(clock_hours - 0.5) if clock_hours >= 0.5 else 23
    share = (clock_hours - 0.5) % 1.0
    if not weights[int(clock_hours) % 24]:
        return 0.0
    return (1 - share) * weights[before % 24] + share * weights[(before + 1) % 24]


def _weight_of_open_hours(queue: Queue, weights: tuple[float, ...]) -> float:
    """The sum of the weights of an ordinary day's open quarter hours, so that `contacts_per_day` is what comes on it."""
    opens, closes = (hours_of(clock) for clock in queue.open.split("-")) if queue.open else (0.0, 24.0)
    open_hours = (closes - opens) % 24 or 24.0
    middles = ((bucket + 0.5) * BUCKET_SECONDS / 3600 for bucket in range(SECONDS_PER_DAY // BUCKET_SECONDS))
    return sum(weight_at(weights, clock) for clock in middles if (clock - opens) % 24 < open_hours)


class _Habits:
    """Draws the contacts of one queue on one day."""

    def __init__(self, city: City, day: Day, name: str, dice: Random) -> None:
        self._city, self._name, self._dice = city, name, dice
        self._queue = city.queues[name]
        shares = self._queue.languages or city.languages
        self._languages, self._shares = list(shares), list(shares.values())
        self._open = {other: hours for other in city.queues if (hours := opening(city, day, other)) is not None}

    def contact(self, at: float) -> Contact:
        """A contact that is queued at that second of the day."""
        dice, queue = self._dice, self._queue
        language = dice.choices(self._languages, self._shares)[0]
        contact = self._wait(self._name, language)
        passed_on = dice.random() < queue.passed_on_share
        to = dice.choices(list(queue.passed_on_to), list(queue.passed_on_to.values()))[0] if passed_on else None
        if to is not None and self._takes(to, at):
            contact.talk_seconds *= FIRST_TALK_SHARE
            contact.passed_on_to = self._wait(to, language)
        self._may_leave_otherwise(contact, at)
        return contact

    def _takes(self, name: str, at: float) -> bool:
        hours = self._open.get(name)
        return hours is not None and hours[0] <= at < hours[1] - 60 * MINUTES_OPEN_TO_PASS_ON

    def _wait(self, name: str, language: str) -> Contact:
        dice, queue, work = self._dice, self._city.queues[name], self._city.work
        needs_interpreter = language not in queue.spoken
        wrap_up = _lognormal(dice, queue.wrap_up_seconds, queue.wrap_up_spread)
        return Contact(
            queue=name,
            language=language,
            leaves_after_seconds=dice.expovariate(1 / queue.patience_seconds),
            ring_seconds=dice.uniform(*queue.ring_seconds),
            talk_seconds=_lognormal(dice, queue.talk_seconds, queue.talk_spread) * (queue.interpreter_factor if needs_interpreter else 1),
            hold_seconds=dice.expovariate(1 / queue.hold_seconds) if dice.random() < queue.hold_share and queue.hold_seconds else 0.0,
            wrap_up_seconds=wrap_up * (work.long_wrap_up_factor if dice.random() < work.long_wrap_up_share else 1),
        )

    def _may_leave_otherwise(self, contact: Contact, at: float) -> None:
        """Before patience ends: a callback, another queue, or the system's own limit."""
        dice, queue = self._dice, self._queue
        ways: list[tuple[float, LeftReason]] = [(contact.leaves_after_seconds, "abandoned")]
        if dice.random() < queue.callback_share:
            ways.append((queue.callback_after_seconds + dice.uniform(0, OFFER_SPREAD_SECONDS), "callback"))
        if queue.overflows_to is not None and dice.random() < queue.overflow_share and self._takes(queue.overflows_to, at):
            ways.append((queue.overflows_after_seconds, "transferred"))
        if queue.gives_up_waiting_seconds is not None:
            ways.append((queue.gives_up_waiting_seconds, "timeout"))
        contact.leaves_after_seconds, contact.leaves_as = min(ways)
        if contact.leaves_as == "transferred" and queue.overflows_to is not None:
            contact.overflows_to = self._wait(queue.overflows_to, contact.language or "")


def _lognormal(dice: Random, mean: float, spread: float) -> float:
    return dice.lognormvariate(log(mean) - spread * spread / 2, spread) if mean else 0.0
