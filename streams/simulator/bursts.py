"""What happens now and then in the simulated city: a type of request rises, or a neighborhood stands out. It opens no request."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from streams.simulator.request_city import Requests

ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Burst:
    """So many more requests of a type on a date; `neighborhood` is the place in the city's list, None: all over the city."""

    type: str
    extra: float
    neighborhood: int | None
    name: str


def bursts_on(requests: Requests, seed: int, on: date) -> list[Burst]:
    """What goes on on a date: each week has at most one beginning, and some go on into the next week."""
    monday = on - timedelta(days=on.weekday())
    found = []
    for week in (monday - ONE_WEEK, monday):
        begun = _of_week(requests, seed, week, on)
        if begun is not None:
            found.append(begun)
    return found


def _of_week(requests: Requests, seed: int, monday: date, on: date) -> Burst | None:
    dice = Random(f"{seed}/{monday}/burst")
    kinds = [kind for kind in requests.bursts.kinds if not kind.months or monday.month in kind.months]
    if dice.random() >= requests.bursts.chance_per_week or not kinds:
        return None
    begins = monday + timedelta(days=dice.randrange(ONE_WEEK.days))
    kind = dice.choices(kinds, [kind.weight for kind in kinds])[0]
    places = requests.types[kind.type].places
    weights = [neighborhood.weights.get(places, 0.0) for neighborhood in requests.neighborhoods]
    neighborhood = dice.choices(range(len(weights)), weights)[0] if kind.in_one_neighborhood else None
    day = (on - begins).days
    if not 0 <= day < len(kind.extra_per_day):
        return None
    return Burst(kind.type, kind.extra_per_day[day], neighborhood, kind.name)
