"""What residents of the simulated city look up on a day, and what they say when a request of theirs was closed. It tells nothing."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from streams.simulator.arrivals import around_one
from streams.simulator.city import City
from streams.simulator.days import Day
from streams.simulator.openings import Choice, Hours, Request, poisson
from streams.simulator.request_city import Requests, Surveys

SCORES = (1, 2, 3, 4, 5)


class Search(NamedTuple):
    """One search."""

    at: datetime
    term: str
    answers: int
    channel: str
    language: str


class Answer(NamedTuple):
    """What a resident answered to a survey: 1 is the worst and 5 the best."""

    at: datetime
    score: int


def searches_on(city: City, requests: Requests, seed: int, day: Day) -> list[Search]:
    """The searches of a day, in order of time."""
    searches = requests.searches
    dice = Random(f"{seed}/{day.date}/searches")
    hours, languages, channels = Hours(day, city.profiles[searches.profile]), Choice(city.languages), Choice(searches.channels)
    terms = {term.term: term for term in searches.terms if not term.months or day.date.month in term.months}
    words = Choice({name: term.weight for name, term in terms.items()})
    mean = searches.per_day[day.date.weekday()] * (requests.holiday_factor if day.holiday else 1.0)
    found = []
    for _ in range(poisson(dice, mean * around_one(dice, requests.day_variation))):
        at = day.begins + timedelta(seconds=hours.draw(dice))
        term = terms[words.draw(dice)]
        answers = 0 if dice.random() < term.in_vain_share else dice.randint(*term.answers)
        found.append(Search(at, term.term, answers, channels.draw(dice), languages.draw(dice)))
    found.sort(key=lambda search: search.at)
    return found


def answer_to_survey(request: Request, expected_at: datetime | None, surveys: Surveys, dice: Random) -> Answer | None:
    """What the resident says after the last closing; None: nothing, as most."""
    last = request.changes[-1]
    if last.status != "closed" or dice.random() >= surveys.answered_share:
        return None
    at = last.at + timedelta(seconds=int(dice.uniform(*surveys.after_hours) * 3600))
    return Answer(at, dice.choices(SCORES, _weights(request, expected_at, surveys))[0])


def _weights(request: Request, expected_at: datetime | None, surveys: Surveys) -> tuple[float, ...]:
    last = request.changes[-1]
    if len(request.changes) > len(("opened", "closed")):
        return surveys.reopened
    if last.without_work:
        return surveys.without_work
    return surveys.late if expected_at is not None and last.at > expected_at else surveys.on_time
