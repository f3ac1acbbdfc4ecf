"""Who works on a simulated day: each agent's shift, breaks and errands, drawn from the crews of the city. It serves nobody itself."""

from random import Random

from streams.simulator.centre import Shift
from streams.simulator.city import City, Crew
from streams.simulator.city_file import WEEKDAYS
from streams.simulator.days import Day

SECONDS_PER_HOUR = 3600
SECONDS_PER_MINUTE = 60
BREAK_VARIATION_MINUTES = 2.0  # how far a day's break may be from the agent's usual length and time
KEPT_FREE_MINUTES = 10.0  # before the end of a shift nobody begins a break


def shifts(city: City, seed: int, day: Day) -> list[Shift]:
    """The shifts of a day, the same for the same city, seed and date.

    Returns:
        One for each agent who comes to work, in the order of the crews.
    """
    weekday = WEEKDAYS[day.date.weekday()]
    found = []
    for crew in city.crews:
        if weekday not in crew.days:
            continue
        for number, starts in enumerate(crew.starts, 1):
            agent_id = f"{crew.letter}{number:02}"
            dice = Random(f"{seed}/{day.date}/agent/{agent_id}")
            if _comes(city, crew, day, dice):
                found.append(_shift(city, crew, agent_id, day.seconds_at(starts), dice, Random(f"{seed}/agent/{agent_id}")))
    return found


def _comes(city: City, crew: Crew, day: Day, dice: Random) -> bool:
    draw = dice.random()
    if day.holiday and not crew.works_on_holidays:
        return draw < city.work.holiday_share
    return draw >= city.work.absent_share


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
