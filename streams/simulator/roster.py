"""The schedule of the simulated city's crews as a planner would upload it: people by queue, day and half hour. It publishes nothing.

It is the plan: who falls ill or cannot come in through the snow is not in it. An agent of several queues is planned for one of them.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import groupby
from pathlib import Path

from streams.simulator.city import City
from streams.simulator.city_file import WEEKDAYS
from streams.simulator.days import ONE_DAY, Day

SCHEDULE_FILE = "schedule.csv"
COLUMNS = ("queue", "date", "start", "end", "people")
HALVES_A_DAY = 48
HALF_HOUR_MINUTES = 30

People = Counter[tuple[str, date, int]]  # by queue, local date and half hour of its clock


def write(city: City, directory: Path, *, first: date, days: int) -> int:
    """Write `schedule.csv`; how many lines it has.

    Args:
        city: the city.
        directory: where to.
        first: the first local date.
        days: how many.
    """
    people = planned(city, first=first, days=days)
    lines = 0
    with (directory / SCHEDULE_FILE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for queue in city.queues:
            for number in range(days):
                spans = list(_spans(people, queue, first + timedelta(days=number)))
                for start, end, count in spans or [(0, HALVES_A_DAY, 0)]:  # a day without anybody is planned so
                    writer.writerow((queue, (first + timedelta(days=number)).isoformat(), _clock(start), _clock(end), count))
                    lines += 1
    return lines


def planned(city: City, *, first: date, days: int) -> People:
    """The people of each queue and half hour; shifts that began on the evening before count too."""
    found: People = Counter()
    for number in range(-1, days):
        day = Day(city, first + timedelta(days=number))
        for crew in city.crews:
            share = city.work.holiday_share if day.holiday and not crew.works_on_holidays else 1.0
            for place, clock in enumerate(crew.starts):
                # Of a crew that is mostly off, the share that comes in is spread over its shifts.
                if WEEKDAYS[day.date.weekday()] in crew.days and int((place + 1) * share) > int(place * share):
                    starts = time.fromisoformat(clock)
                    on = day.date if starts >= city.begins_at else day.date + ONE_DAY  # the city's day may begin in the early morning
                    _plan(found, crew.queues[place % len(crew.queues)], on, starts, crew.hours)
    return found


def _plan(found: People, queue: str, on: date, starts: time, hours: float) -> None:
    """One agent's shift, of the half hours that it covers whole."""
    minutes = 60 * starts.hour + starts.minute
    for half in range(-(-minutes // HALF_HOUR_MINUTES), int(minutes + 60 * hours) // HALF_HOUR_MINUTES):
        found[queue, on + timedelta(days=half // HALVES_A_DAY), half % HALVES_A_DAY] += 1


def _spans(people: People, queue: str, day: date) -> Iterator[tuple[int, int, int]]:
    """Half hours in a row with the same people: the first, the one after the last, and how many."""
    for count, halves in groupby(range(HALVES_A_DAY), key=lambda half: people[queue, day, half]):
        listed = list(halves)
        if count:
            yield listed[0], listed[-1] + 1, count


def _clock(half: int) -> str:
    return f"{half // 2:02}:{30 * (half % 2):02}"
