"""Who works on a simulated day: each agent's shift, breaks and errands, drawn from the crews of the city. It serves nobody itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from streams.simulator.centre import Shift
from streams.simulator.city import City, Crew
from streams.simulator.city_file import WEEKDAYS
from streams.simulator.days import Day
from streams.simulator.emergency_city import Curve
from streams.simulator.storms import StormClock, storms_around, value_of

SECONDS_PER_HOUR = 3600
SECONDS_PER_MINUTE = 60
BREAK_VARIATION_MINUTES = 2.0  # how far a day's break may be from the agent's usual length and time
MOST_KEPT_AWAY = 0.6
KEPT_FREE_MINUTES = 10.0  # before the end of a shift nobody begins a break


def shifts(city: City, seed: int, day: Day) -> list[Shift]:
    """The shifts of a day, the same for the same city, seed and date.

    Returns:
        One for each agent who comes to work, in the order of the crews.
    """
    weekday = WEEKDAYS[day.date.weekday()]
    storms = storms_around(city, seed, day.date, day.date)
    found = []
    for crew in city.crews:
        if weekday not in crew.days:
            continue
        for number, starts in enumerate(crew.starts, 1):
            agent_id = f"{crew.letter}{number:02}"
            dice = Random(f"{seed}/{day.date}/agent/{agent_id}")
            begins = day.seconds_at(starts)
            if _comes(city, crew, day, dice, kept_away_share(city, storms, day.begins + timedelta(seconds=begins))):
                shift = _shift(city, crew, agent_id, begins, dice, Random(f"{seed}/agent/{agent_id}"))
                found.append(_kept_away(city, seed, day, storms, shift))
    return found


def kept_away_share(city: City, storms: list[StormClock], begins: datetime) -> float:
    """The share of those whose shift begins at an instant whom storms keep from coming in."""
    if city.emergency is None:
        return 0.0
    shares = (value_of(city.emergency.kinds[one.kind].absent_curve, one.hour(begins)) * one.strength for one in storms if not one.pressed)
    return min(MOST_KEPT_AWAY, max(shares, default=0.0))


def _comes(city: City, crew: Crew, day: Day, dice: Random, kept_away: float) -> bool:
    draw = dice.random()
    if day.holiday and not crew.works_on_holidays:
        return draw < city.work.holiday_share * (1 - kept_away)
    return draw >= city.work.absent_share + kept_away


def _kept_away(city: City, seed: int, day: Day, storms: list[StormClock], shift: Shift) -> Shift:
    """The same shift, with what a storm that is pressed into minutes takes of it."""
    found = []
    for storm in storms:
        if not storm.pressed or city.emergency is None or not day.begins <= storm.onset < day.ends:
            continue
        kind, dice = city.emergency.kinds[storm.kind], Random(f"{seed}/{storm.name}/agent/{shift.agent_id}")
        most = max(share for _, share in kind.absent_curve) * storm.strength
        leaves, returns = (dice.uniform(*hours) for hours in (_rises(kind.absent_curve), kind.comes_back_hours))
        if dice.random() < most:
            at, until = ((storm.at(hour) - day.begins).total_seconds() for hour in (leaves, returns))
            if shift.starts_at < at < shift.ends_at:
                found.append((at, until - at))
    return replace(shift, absences=tuple(found)) if found else shift


def _rises(curve: Curve) -> tuple[float, float]:
    """The hours from a curve's beginning to its height."""
    return curve[0][0], max(curve, key=lambda point: point[1])[0]


def _shift(city: City, crew: Crew, agent_id: str, begins: float, dice: Random, habits: Random) -> Shift:
    early, late = city.work.login_minutes
    starts_at = max(0.0, begins + SECONDS_PER_MINUTE * dice.uniform(early, late))
    ends_at = begins + SECONDS_PER_HOUR * crew.hours
    return Shift(
        agent_id=agent_id,
        queues=crew.queues,
        helps=crew.helps,
        starts_at=starts_at,
        ends_at=ends_at,
        pauses=tuple(sorted(_breaks(city, crew, begins, dice, habits) + _errands(city, starts_at, ends_at, dice))),
    )


def _breaks(city: City, crew: Crew, begins: float, dice: Random, habits: Random) -> list[tuple[float, float]]:
    """Each agent's own usual times within the stagger, a little off on every day."""
    found = []
    stagger = habits.uniform(-0.5, 0.5) * city.work.break_stagger_minutes
    for pause in city.work.breaks:
        minutes_in = pause.after_hours * 60 + stagger + dice.gauss(0, BREAK_VARIATION_MINUTES)
        minutes = max(1.0, pause.minutes + dice.gauss(0, BREAK_VARIATION_MINUTES))
        if minutes_in + minutes + KEPT_FREE_MINUTES <= crew.hours * 60:
            found.append((begins + SECONDS_PER_MINUTE * minutes_in, SECONDS_PER_MINUTE * minutes))
    return found


def _errands(city: City, starts_at: float, ends_at: float, dice: Random) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    if not city.work.errands_per_shift:
        return found
    at = starts_at
    while True:
        at += dice.expovariate(city.work.errands_per_shift / (ends_at - starts_at))
        seconds = SECONDS_PER_MINUTE * city.work.errand_minutes * dice.lognormvariate(0, 0.4)
        if at + seconds + SECONDS_PER_MINUTE * KEPT_FREE_MINUTES > ends_at:
            return found
        found.append((at, seconds))
