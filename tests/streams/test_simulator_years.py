"""The simulated past as files: the same every time, complete on days of 23 and 25 hours, and without a break where the events begin."""

import time
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from streams.__main__ import main
from streams.simulator.arrivals import arrivals
from streams.simulator.city import load_city
from streams.simulator.days import Day
from streams.simulator.years import half_hours, write

CITY = load_city()
SEED = 311
ONE_DAY = timedelta(days=1)
SEAM = date(2026, 9, 14)  # a Monday


def by_day(first: date, until: date, seed: int = SEED) -> dict[date, Counter[str]]:
    found: dict[date, Counter[str]] = defaultdict(Counter)
    for queue, starts_at, contacts in half_hours(CITY, seed, first=first, until=until):
        found[datetime.fromisoformat(starts_at).date()][queue] += contacts
    return found


def test_the_files_are_the_same_every_time_and_others_with_another_seed(tmp_path: Path) -> None:
    first, until = date(2026, 1, 5), date(2026, 1, 25)
    paths = {}
    for name, seed in {"one": SEED, "again": SEED, "other": SEED + 1}.items():
        paths[name] = write(CITY, seed, tmp_path / name, first=first, until=until)
    for file in ("volume", "observations"):
        one, again, other = (getattr(paths[name], file).read_bytes() for name in ("one", "again", "other"))
        assert one == again
        assert one != other


def test_a_day_is_the_same_whichever_days_are_written_with_it() -> None:
    first = date(2026, 2, 2)
    longer = by_day(first, first + timedelta(days=6))
    assert by_day(first + ONE_DAY, first + timedelta(days=3)) == {on: longer[on] for on in (first + ONE_DAY, first + 2 * ONE_DAY)}


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2026, 9, 16), 48), (date(2026, 3, 8), 46), (date(2026, 11, 1), 50)],
    ids=["ordinary", "clocks go forward", "clocks go back"],
)
def test_a_day_has_all_its_half_hours_once(on: date, expected: int) -> None:
    starts = [starts_at for queue, starts_at, _ in half_hours(CITY, SEED, first=on, until=on + ONE_DAY) if queue == "general"]
    instants = [datetime.fromisoformat(starts_at) for starts_at in starts]
    assert len(set(instants)) == len(starts) == expected
    assert all(after - before == timedelta(minutes=30) for before, after in pairwise(instants))
    assert instants[0] == datetime.combine(on, datetime.min.time(), CITY.zone)


def test_a_queue_has_rows_while_it_is_open_and_none_else() -> None:
    found: dict[tuple[date, str], list[str]] = defaultdict(list)
    for queue, starts_at, _ in half_hours(CITY, SEED, first=date(2026, 11, 25), until=date(2026, 11, 30)):
        found[datetime.fromisoformat(starts_at).date(), queue].append(starts_at[11:16])
    wednesday, thanksgiving, saturday, sunday = (date(2026, 11, day) for day in (25, 26, 28, 29))
    assert (found[wednesday, "walkin"][0], found[wednesday, "walkin"][-1]) == ("08:30", "16:30")
    assert (found[wednesday, "trash"][0], found[wednesday, "trash"][-1]) == ("07:00", "19:30")
    assert all((on, "walkin") not in found for on in (thanksgiving, saturday, sunday))
    assert (sunday, "trash") not in found
    assert len(found[thanksgiving, "general"]) == 48


def test_there_is_no_break_where_the_events_begin() -> None:
    """The same days once as events and once as counts; and the weeks before beside the weeks after."""
    days = [SEAM + number * ONE_DAY for number in range(28)]
    counted = by_day(SEAM, SEAM + timedelta(days=28))
    told: Counter[str] = Counter()
    told_by_weekday: Counter[int] = Counter()
    for on in days:
        for _, contact in arrivals(CITY, SEED, Day(CITY, on)):
            # Nearly everybody is answered, and then comes to the second queue.
            names = [contact.queue, *([contact.passed_on_to.queue] if contact.passed_on_to is not None else [])]
            told.update(names)
            told_by_weekday[on.weekday()] += len(names)
    for queue in CITY.queues:
        assert sum(day[queue] for day in counted.values()) == pytest.approx(told[queue], rel=0.05), queue
    for weekday in range(7):
        whole = sum(sum(counted[on].values()) for on in days if on.weekday() == weekday)
        assert whole == pytest.approx(told_by_weekday[weekday], rel=0.05), weekday
    before = by_day(SEAM - timedelta(days=28), SEAM)
    assert sum(told.values()) == pytest.approx(sum(sum(day.values()) for day in before.values()), rel=0.08)  # seasons and weather


def test_the_shape_of_the_day_is_that_of_the_events() -> None:
    days = [SEAM + number * ONE_DAY for number in range(5)]
    told: Counter[int] = Counter()
    for on in days:
        day = Day(CITY, on)
        told.update(int(day.clock_hours(at)) for at, contact in arrivals(CITY, SEED, day) if contact.queue == "general")
    counted: Counter[int] = Counter()
    for queue, starts_at, contacts in half_hours(CITY, SEED, first=SEAM, until=SEAM + timedelta(days=5)):
        counted[int(starts_at[11:13])] += contacts * (queue == "general")
    for hour in range(8, 18):
        assert counted[hour] == pytest.approx(told[hour], rel=0.15), hour


def test_years_vary_as_a_city_does() -> None:
    found = by_day(date(2023, 7, 1), date(2026, 7, 1))
    totals = {on: sum(day.values()) for on, day in found.items()}
    assert len(totals) == 1096
    tuesdays = [total for on, total in totals.items() if on.weekday() == 1]
    assert np.var(tuesdays) > 10 * np.mean(tuesdays)  # far more than chance
    assert totals[date(2025, 12, 25)] < 0.5 * np.median([total for on, total in totals.items() if on.weekday() == 3])
    first, third = (
        sum(total for on, total in totals.items() if on < date(2024, 7, 1)),
        sum(total for on, total in totals.items() if on >= date(2025, 7, 1)),
    )
    assert 1.0 < third / first < 1.15
    mondays, sundays = (np.mean([total for on, total in totals.items() if on.weekday() == day]) for day in (0, 6))
    assert mondays > 3 * sundays


def test_after_a_snow_storm_more_people_call() -> None:
    """The same days with the storm and without it: nothing else differs."""
    storm = date(2026, 2, 10)
    stormy = load_city(storms=(storm,))
    first, until = storm - ONE_DAY, storm + timedelta(days=7)
    ratios = []
    for on in (first + number * ONE_DAY for number in range((until - first).days)):
        with_it, without = (
            sum(contacts for *_, contacts in half_hours(city, SEED, first=on, until=on + ONE_DAY)) for city in (stormy, CITY)
        )
        ratios.append(with_it / without)
    assert 1.02 < ratios[0] < 1.25  # people ask about it
    assert 0.7 < ratios[1] < 1.0
    assert 1.25 < ratios[2] < 1.8
    assert ratios[2] > ratios[3] > ratios[4] > ratios[5] > 1
    assert ratios[7] == pytest.approx(1, abs=0.02)


def test_three_years_take_seconds(tmp_path: Path) -> None:
    begins = time.process_time()
    written = write(CITY, SEED, tmp_path, first=date(2023, 11, 24), until=date(2026, 11, 24))
    assert time.process_time() - begins < 10
    with written.volume.open() as lines:
        assert next(lines) == "queue,interval_start,contacts\n"
        assert sum(1 for _ in lines) == written.half_hours > 200_000


def test_the_command_writes_the_days_before_the_one_that_is_named(tmp_path: Path) -> None:
    command = ["simulate-history", f"--output={tmp_path / 'new'}", "--years=0.1", "--until=2026-11-24", "--storm=2026-11-20"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "37 days of weather written to" in done.output
    lines = (tmp_path / "new" / "observations.csv").read_text().splitlines()
    assert lines[0] == "date,snow_in,snwd_in,prcp_in,tmax_f,tmin_f,awnd_mph,wsfg_mph"
    assert (lines[1][:10], lines[-1][:10]) == ("2026-10-18", "2026-11-23")
    assert "\n2026-11-20,8,8," in "\n".join(lines)


def test_where_it_cannot_be_written_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = CliRunner().invoke(main, ["simulate-history", f"--output={tmp_path / 'taken' / 'below'}", "--years=0.1"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert "Traceback" not in done.output
