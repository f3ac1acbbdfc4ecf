"""The city's file and its days: what is refused, which hours and holidays there are, and what a clock change does."""

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sql.reference import KINDS, _checked, _entries
from sql.settings import PROJECT, InvalidSetting, settings
from streams.simulator.agents import shifts
from streams.simulator.arrivals import arrivals, closings, opening
from streams.simulator.city import DEFAULT_CITY, load_city
from streams.simulator.city_file import InvalidCity
from streams.simulator.days import Day, day_of
from streams.simulator.request_city import load_requests
from streams.simulator.whole_city import Starts, all_tellings, request_feeds, weather_feeds

CITY = load_city()
ORDINARY, SHORT, LONG = date(2026, 3, 3), date(2026, 3, 7), date(2026, 10, 31)  # the clocks change in the nights after the last two


def copy_city(to: Path) -> None:
    for name in ("queues.toml", "requests.toml", "weather.toml", "emergency.toml", "posts.toml", "districts.geojson"):
        shutil.copy(DEFAULT_CITY.with_name(name), to)


def entries_of(kind: str) -> dict[str, list[dict[str, Any]]]:
    path = PROJECT / "streams" / "simulator" / f"{kind}.toml"
    return {
        table.entry: [_checked(table, entry, path.name, settings().zone) for entry in many] for table, many in _entries(KINDS[kind], path)
    }


def test_the_city_that_comes_with_it_has_names_places_targets_and_17_languages() -> None:
    queues, targets = entries_of("queues")["queue"], entries_of("targets")["target"]
    assert {entry["queue"]: entry["channel"] for entry in queues} == CITY.channels
    assert {entry["queue"] for entry in targets} <= {"*", *CITY.queues}
    assert set(CITY.channels.values()) == {"phone", "walk_in", "chat"}
    assert len(CITY.languages) == 17
    for queue in CITY.queues.values():
        assert set(queue.languages or ()) <= set(CITY.languages)


def test_the_files_of_departments_and_promises_speak_of_the_same_city() -> None:
    requests = CITY.requests
    assert requests is not None
    departments, promises = entries_of("departments"), entries_of("targets")["request_target"]
    assert {entry["department"] for entry in departments["department"]} == set(requests.departments)
    assert {entry["service"]: entry["department"] for entry in departments["service"]} == {
        name: kind.department for name, kind in requests.types.items()
    }
    phrases = [entry["phrase"] for entry in departments["closed_without_work"]]
    assert all(any(phrase in note.lower() for phrase in phrases) for note in requests.work.without_work_notes)
    assert not any(phrase in note.lower() for phrase in phrases for note in requests.work.done_notes)
    assert {entry["department"] for entry in promises} <= {None, *requests.departments}
    assert {entry["service"] for entry in promises} <= {None, *requests.types}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('weather_file = "weather.toml"', 'weather_file = "nowhere.toml"', "nowhere.toml cannot be read: No such file or directory"),
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
        ('requests_file = "requests.toml"', 'requests_file = "nowhere.toml"', "nowhere.toml cannot be read: No such file or directory"),
    ],
    ids=lambda value: None if "\n" in value or len(value) > 30 else value,
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_entry_and_what_would_be_right(tmp_path: Path, old: str, new: str, said: str) -> None:
    copy_city(tmp_path)
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
    copy_city(tmp_path)
    changed = tmp_path / "city.toml"
    changed.write_text(DEFAULT_CITY.read_text().replace("talk_seconds = 198", "talk_seconds = 199"))
    found = [CITY.fingerprint(1), CITY.fingerprint(2), load_city(changed).fingerprint(1), load_city(timezone="Asia/Tokyo").fingerprint(1)]
    assert len(set(found)) == 4
    assert load_city().fingerprint(1) == found[0]


def test_another_type_of_request_makes_other_requests_and_the_same_contacts(tmp_path: Path) -> None:
    copy_city(tmp_path)
    shutil.copy(DEFAULT_CITY, tmp_path / "city.toml")
    changed = tmp_path / "requests.toml"
    changed.write_text(changed.read_text().replace("per_weekday = 112", "per_weekday = 113"))
    other = load_city(tmp_path / "city.toml")
    assert other.fingerprint(1) == CITY.fingerprint(1)
    assert other.requests_fingerprint(1) != CITY.requests_fingerprint(1)
    assert CITY.requests_fingerprint(1) != CITY.requests_fingerprint(2)


def test_a_city_without_files_of_requests_and_weather_has_none(tmp_path: Path) -> None:
    copy_city(tmp_path)
    path = tmp_path / "city.toml"
    path.write_text(DEFAULT_CITY.read_text().replace('requests_file = "requests.toml"', "").replace('weather_file = "weather.toml"', ""))
    city = load_city(path)
    assert (city.requests, city.weather) == (None, None)
    assert request_feeds(city) == weather_feeds(city) == []
    begins = Day(city, ORDINARY).begins
    told = all_tellings(city, 1, Starts(begins, begins), begins + timedelta(hours=5))
    assert {one.event.source for one in told} <= {feed.source for feed in city.feeds.values()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('department = "Water"', 'department = "Fire"', "[types.'Inlet Cleaning'] is of department 'Fire'; there are Streets, Sanitation"),
        ('places = "green"', 'places = "blue"', "is at places 'blue'; no neighborhood has a weight for them"),
        ("channels = { phone = 36,", "channels = { fax = 36,", "has channel 'fax'; there are phone, app, web, walk_in, social"),
        ('profile = "counter"', 'profile = "hasty"', "[channels] walk_in has profile 'hasty', which is not there or zero all day"),
        ('type = "Salting"', 'type = "Sledding"', "burst 'freezing rain' is of type 'Sledding'; there is no such type"),
        ('hours = "07:00-16:00"', 'hours = "22:00-06:00"', "work.hours is 22:00-06:00; the hours must lie within one day"),
        ("none_share = 0.20", "none_share = 0.99", "[locations] none_share and default_share are more than all requests together"),
        ("house_numbers = [100, 6999]", "house_numbers = [6999, 100]", "house_numbers is [6999, 100]; the smaller number stands first"),
        ("per_weekday = 130", "per_weekday = -1", "$.types[...].per_weekday"),
        ("remembered_days = 91", "remembered_days = 910", "$.remembered_days"),
        ("spread = 0.7", "sprawl = 0.7", "sprawl"),
        ('share = 50, profile = "round_the_clock"', 'share = 50, profile = "round_the_clock", on_working_days_only = true', "[channels] phone stands first and is on_working_days_only"),
        ("same_day_share = 0.03", "same_day_share = 0.99", "has same_day_share and never_share of more than all together"),
        ("late = [20, 22, 24, 21, 13]", "late = [0, 0, 0, 0, 0]", "surveys.late is zero for every score"),
    ],
    ids=["department", "places", "channel", "profile", "burst", "hours", "locations", "numbers", "rate", "days", "unknown", "first channel", "same day", "scores"],
)  # fmt: skip
def test_a_wrong_file_of_requests_is_refused_with_the_entry_and_what_would_be_right(tmp_path: Path, old: str, new: str, said: str) -> None:
    content = DEFAULT_CITY.with_name("requests.toml").read_text()
    assert old in content
    path = tmp_path / "requests.toml"
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(InvalidCity) as refused:
        load_requests(path, CITY.profiles)
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)
