"""The city's file and its days: what is refused, which hours and holidays there are, and what a clock change does."""

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sql.settings import PROJECT, InvalidSetting, settings
from streams.simulator.agents import shifts
from streams.simulator.arrivals import arrivals, closings, opening
from streams.simulator.city import DEFAULT_CITY, InvalidCity, load_city
from streams.simulator.days import Day, day_of

CITY = load_city()
ORDINARY, SHORT, LONG = date(2026, 3, 3), date(2026, 3, 7), date(2026, 10, 31)  # the clocks change in the nights after the last two


def test_the_city_that_comes_with_it_has_names_places_targets_and_17_languages() -> None:
    from sql.reference import KINDS, _checked, _entries

    for kind, table in KINDS.items():
        path = PROJECT / "streams" / "simulator" / f"{kind}.toml"
        entries = [_checked(table, entry, path.name, settings().zone) for entry in _entries(table, path)]
        assert {entry["queue"] for entry in entries} <= {"*", *CITY.queues}
        if kind == "queues":
            assert {entry["queue"]: entry["channel"] for entry in entries} == CITY.channels
    assert set(CITY.channels.values()) == {"phone", "walk_in", "chat"}
    assert len(CITY.languages) == 17
    for queue in CITY.queues.values():
        assert set(queue.languages or ()) <= set(CITY.languages)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "Philadelphia"', 'name = "Philadelphia"\ntimezone = "Mars"', "timezone is not this file's to say; it comes from the setting CITY_TIMEZONE"),
        ('day_begins = "04:00"', 'day_begins = "4"', "day_begins"),
        ("talk_seconds = 198", "talk_secs = 198", "talk_secs"),
        ("patience_seconds = 210", "patience_seconds = 0", "$.queues[...].patience_seconds"),
        ('profile = "typed"', 'profile = "hasty"', "[queues.chat] has profile 'hasty'; there are round_the_clock, office, counter, typed"),
        ('open = "07:00-22:00"', 'open = "22:00-06:00"', "the hours must lie within one day that begins at 04:00"),
        ('queues = ["chat"]', 'queues = ["fax"]', "crew C serves 'fax'; there is no [queues.fax]"),
        ('letter = "S"', 'letter = "G"', "two crews have the letter G"),
        ('overflows_to = "general"', 'overflows_to = "spanish"', "sends people to 'spanish'; there is no such other queue"),
        ("surge_minutes = [30, 80]", "surge_minutes = [80, 30]", "demand.surge_minutes is [80.0, 30.0]; the smaller number stands first"),
        ("month = 1\nday = 1", "month = 1", "holiday \"New Year's Day\" needs `day`, or `weekday` and `nth`"),
        ('walk_in = { source = "sim/walk-in", name = "Walk-in", cadence_seconds = 15 }', "", "is of channel 'walk_in'; there is no [feeds] entry"),
        ("[feeds]", "[feeds", "is not TOML"),
        ('queue_names = "queues.toml"', 'queue_names = "nowhere.toml"', "nowhere.toml cannot be read: No such file or directory"),
    ],
    ids=lambda value: None if "\n" in value or len(value) > 30 else value,
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_entry_and_what_would_be_right(tmp_path: Path, old: str, new: str, said: str) -> None:
    shutil.copy(DEFAULT_CITY.with_name("queues.toml"), tmp_path)
    content = DEFAULT_CITY.read_text()
    assert old in content
    path = tmp_path / "city.toml"
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(InvalidCity) as refused:
        load_city(path)
    assert said in str(refused.value)
    assert isinstance(refused.value, InvalidSetting)  # the command lines say it in one line


def test_holidays_of_a_year() -> None:
    days = (date(2026, 1, 1) + timedelta(days=number) for number in range(365))
    assert [f"{day:%m-%d}" for day in days if Day(CITY, day).holiday] == [
        "01-01", "01-19", "02-16", "05-25", "06-19", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "hours"), [(ORDINARY, 24), (SHORT, 23), (LONG, 25)], ids=["ordinary", "clocks go forward", "clocks go back"]
)
def test_days_follow_each_other_without_gap_or_overlap(on: date, hours: int) -> None:
    day = Day(CITY, on)
    assert day.seconds == hours * 3600
    assert Day(CITY, on + timedelta(days=1)).begins == day.ends
    for instant, expected in ((day.begins, on), (day.ends - timedelta(seconds=1), on), (day.ends, on + timedelta(days=1))):
        assert day_of(CITY, instant) == expected
    assert day.seconds_at("04:00") == 0
    assert day.seconds_at("03:59") == day.seconds - 60
    assert day.clock_hours(3600) == 5


def test_another_time_zone_moves_the_day() -> None:
    assert Day(load_city(timezone="Asia/Tokyo"), ORDINARY).begins == datetime(2026, 3, 2, 19, tzinfo=UTC)


def test_closed_queues_get_nobody_and_send_away_those_who_are_left() -> None:
    holiday, sunday = Day(CITY, date(2026, 11, 26)), Day(CITY, date(2026, 11, 22))
    for day in (holiday, sunday):
        assert opening(CITY, day, "walkin") is None
        assert opening(CITY, day, "general") == (0, day.seconds)
        queued = Counter(contact.queue for _, contact in arrivals(CITY, 1, day))
        assert not queued["walkin"]
        assert queued["general"] > 50
    ordinary = Day(CITY, ORDINARY)
    opens, closes = opening(CITY, ordinary, "walkin") or (0, 0)
    assert (opens, closes) == (4.5 * 3600, 13 * 3600)
    assert (closes + 1800, "walkin") in closings(CITY, ordinary)
    times = [at for at, contact in arrivals(CITY, 1, ordinary) if contact.queue == "walkin"]
    assert opens <= min(times) < max(times) < closes


def test_people_work_their_shifts_with_breaks_inside_them() -> None:
    day = Day(CITY, ORDINARY)
    found = shifts(CITY, 1, day)
    assert 50 <= len(found) <= 66
    assert len({shift.agent_id for shift in found}) == len(found)
    for shift in found:
        assert 0 <= shift.starts_at < shift.ends_at <= day.seconds + 3600
        assert all(shift.starts_at < at and at + seconds <= shift.ends_at for at, seconds in shift.pauses)
        assert sum(seconds for _, seconds in shift.pauses) < 0.3 * (shift.ends_at - shift.starts_at)
    assert len({round(shift.pauses[0][0] / 60) for shift in found if shift.pauses}) > 30  # not all at once
    assert len(shifts(CITY, 1, Day(CITY, date(2026, 11, 26)))) < len(found) * 0.75  # Thanksgiving
    assert {shift.agent_id for shift in found} != {shift.agent_id for shift in shifts(CITY, 2, day)}  # others stay away


def test_the_fingerprint_in_the_ids_changes_with_the_seed_and_with_anything_in_the_city(tmp_path: Path) -> None:
    shutil.copy(DEFAULT_CITY.with_name("queues.toml"), tmp_path)
    changed = tmp_path / "city.toml"
    changed.write_text(DEFAULT_CITY.read_text().replace("talk_seconds = 198", "talk_seconds = 199"))
    found = [CITY.fingerprint(1), CITY.fingerprint(2), load_city(changed).fingerprint(1), load_city(timezone="Asia/Tokyo").fingerprint(1)]
    assert len(set(found)) == 4
    assert load_city().fingerprint(1) == found[0]
