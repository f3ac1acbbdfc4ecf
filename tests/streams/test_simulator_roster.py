"""The plan of the simulated crews: who is planned when, over midnight and on holidays, and that a planner could upload it."""

import csv
from datetime import date, timedelta
from pathlib import Path

from streams.simulator import roster
from streams.simulator.city import DEFAULT_CITY, load_city

CITY = load_city(DEFAULT_CITY, timezone="America/New_York")
TUESDAY = date(2026, 12, 1)


def hours(queue: str, day: date, people: roster.People) -> float:
    return sum(people[queue, day, half] for half in range(roster.HALVES_A_DAY)) / 2


def test_a_working_day_has_its_crews_and_a_sunday_fewer() -> None:
    people = roster.planned(CITY, first=TUESDAY, days=7)
    assert people["general", TUESDAY, 20] >= 8
    assert hours("general", TUESDAY, people) > 2 * hours("general", TUESDAY + timedelta(days=5), people)


def test_a_shift_past_midnight_is_of_both_days_also_on_the_first() -> None:
    people = roster.planned(CITY, first=TUESDAY, days=1)
    assert people["general", TUESDAY, 2] >= 1  # 01:00: who came at 19:00 on the evening before
    assert people["general", TUESDAY, 46] >= 1


def test_a_holiday_has_those_who_work_on_holidays_and_the_share_that_comes_in() -> None:
    christmas, week_before = date(2026, 12, 25), date(2026, 12, 18)
    planned, usual = (
        sum(hours(queue, day, roster.planned(CITY, first=day, days=1)) for queue in CITY.queues) for day in (christmas, week_before)
    )
    assert CITY.work.holiday_share - 0.05 < planned / usual < CITY.work.holiday_share + 0.2


def test_the_file_is_a_schedule_whose_lines_do_not_overlap(tmp_path: Path) -> None:
    lines = roster.write(CITY, tmp_path, first=TUESDAY, days=14)
    with (tmp_path / roster.SCHEDULE_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == lines
    assert set(rows[0]) == set(roster.COLUMNS)
    assert {(row["queue"], row["date"]) for row in rows} == {
        (queue, (TUESDAY + timedelta(days=n)).isoformat()) for queue in CITY.queues for n in range(14)
    }
    ends: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (row["queue"], row["date"])
        assert ends.get(key, "00:00") <= row["start"] < row["end"] <= "24:00"
        ends[key] = row["end"]
