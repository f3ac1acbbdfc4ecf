"""The simulated weather: the same whenever it is asked for, believable, and told as a weather service tells it."""

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sql.weather_files import read
from streams import events
from streams.events import WeatherForecast, WeatherObserved
from streams.simulator.arrivals import arrivals, id_prefix
from streams.simulator.city import DEFAULT_CITY, load_city
from streams.simulator.city_file import InvalidCity
from streams.simulator.days import Day
from streams.simulator.weather import Sky
from streams.simulator.weather_city import load_weather
from streams.simulator.weather_felt import Felt
from streams.simulator.weather_telling import MM_AN_INCH, weather_tellings
from streams.simulator.years import write

CITY = load_city()
assert CITY.weather is not None
WEATHER = CITY.weather
SEED = 311
WINTER_STORM, SUMMER_STORM = date(2026, 11, 28), date(2026, 7, 11)
PLANTED = load_city(storms=(WINTER_STORM, SUMMER_STORM))
ISSUED_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DECADES = Sky(WEATHER, SEED).days(date(2000, 1, 1), 20 * 365)


def told(starts: datetime, ends: datetime, seed: int = SEED) -> list[tuple[datetime, bytes]]:
    return [(one.at, events.encode(one.event)) for one in weather_tellings(PLANTED, WEATHER, seed, starts, ends)]


def forecast_at(at: datetime) -> WeatherForecast:
    found = next(weather_tellings(PLANTED, WEATHER, SEED, at)).event.data
    assert isinstance(found, WeatherForecast)
    return found


def snow_on(forecast: WeatherForecast, on: date) -> float:
    """Inches."""
    days = {hour.hour_start.astimezone(CITY.zone).date() for hour in forecast.hours}
    assert on in days
    return sum(hour.snow_mm or 0 for hour in forecast.hours if hour.hour_start.astimezone(CITY.zone).date() == on) / MM_AN_INCH


def test_whichever_days_are_asked_for_they_are_the_same_and_another_seed_is_other_weather() -> None:
    first, days = date(2023, 12, 20), 500
    whole = Sky(WEATHER, SEED).days(first, days)
    for number in (0, 11, 12, 13, 377, 499):  # around a new year too
        one = Sky(WEATHER, SEED).days(first + timedelta(days=number), 1)
        assert [one.high_f[0], one.snow_in[0], one.depth_in[0], one.gust_mph[0]] == [
            whole.high_f[number], whole.snow_in[number], whole.depth_in[number], whole.gust_mph[number],
        ]  # fmt: skip
    assert not np.array_equal(Sky(WEATHER, SEED + 1).days(first, days).high_f, whole.high_f)


def test_winters_differ_and_have_storms_of_three_to_twenty_inches() -> None:
    sky = Sky(WEATHER, SEED)
    winters = [[storm.snow_in for storm in sky.storms(year) if storm.snow_in] for year in range(1980, 2020)]
    counts = [len(winter) for winter in winters]
    assert min(counts) == 0
    assert max(counts) >= 4
    assert 1.5 < np.mean(counts) < 4
    assert all(3 <= inches <= 20 for winter in winters for inches in winter)
    months = {storm.begins.month for year in range(1980, 2020) for storm in sky.storms(year) if storm.snow_in}
    assert months == {11, 12, 1, 2, 3}


def test_every_second_year_has_a_tropical_storm_with_gusts_above_fifty() -> None:
    sky = Sky(WEATHER, SEED)
    tropical = {year: [storm for storm in sky.storms(year) if not storm.snow_in] for year in range(2000, 2020)}
    assert [len(storms) for storms in tropical.values()] in ([0, 1] * 10, [1, 0] * 10)
    for storm in (storm for storms in tropical.values() for storm in storms):
        assert storm.gust_mph > 50
        assert storm.begins.month in (8, 9, 10)
        around = sky.days(storm.begins.date(), 3)
        assert around.gust_mph.max() > 50
        assert around.rain_in.sum() > 2


def test_the_climate_is_that_of_the_mid_atlantic() -> None:
    highs = DECADES.high_f
    assert -10 < DECADES.low_f.min() < 15
    assert 93 < highs.max() < 110
    assert 30 < DECADES.rain_in.sum() / 20 < 55
    assert 10 < DECADES.snow_in.sum() / 20 < 45
    assert (DECADES.low_f < highs).all()
    assert (DECADES.wind_mph < DECADES.gust_mph).all()
    season = np.cos(2 * np.pi * (np.arange(highs.size) % 365.25 - 200) / 365.25)
    left = highs - np.polyval(np.polyfit(season, highs, 1), season)
    assert 0.45 < np.corrcoef(left[1:], left[:-1])[0, 1] < 0.8
    assert (DECADES.high_f[DECADES.snow_in >= 6] < 40).all()
    assert (DECADES.depth_in[DECADES.snow_in >= 6] >= 6).all()


@pytest.mark.parametrize(
    ("on", "snow_in", "gust_mph"), [(WINTER_STORM, 8.0, (30, 60)), (SUMMER_STORM, 0.0, (60, 65))], ids=["winter", "summer"]
)
def test_a_planted_storm_is_of_the_season(on: date, snow_in: float, gust_mph: tuple[float, float]) -> None:
    day = Sky(WEATHER, SEED, (on,)).days(on, 1)
    assert day.snow_in[0] == pytest.approx(snow_in, abs=0.3)
    assert gust_mph[0] <= day.gust_mph[0] <= gust_mph[1]
    assert Sky(WEATHER, SEED).days(on, 1).snow_in[0] == 0


def test_a_planted_storm_changes_its_own_days_and_their_ids_alone() -> None:
    for days, changes in ((-2, False), (-1, True), (0, True), (1, True), (4, True), (7, False)):
        day = Day(CITY, WINTER_STORM + timedelta(days=days))
        assert (id_prefix(PLANTED, SEED, day) != id_prefix(CITY, SEED, day)) is changes, days
        assert (len(arrivals(PLANTED, SEED, day)) != len(arrivals(CITY, SEED, day))) is changes, days


def test_snow_keeps_people_at_home_and_then_makes_them_call() -> None:
    planted = Felt(PLANTED, SEED).days(WINTER_STORM - timedelta(days=1), 7)
    without = Felt(CITY, SEED).days(WINTER_STORM - timedelta(days=1), 7)
    general, counter, streets = (planted[queue] / without[queue] for queue in ("general", "walkin", "streets"))
    assert 1.05 < general[0] < 1.25  # the day before, people ask about it
    assert 0.85 < general[1] < 1  # the snow day
    assert 1.3 < general[2] < 1.8  # the day after
    assert list(general[2:6]) == sorted(general[2:6], reverse=True)
    assert general[6] == 1
    assert counter[1] < 0.6
    assert streets[2] > general[2]


@pytest.mark.parametrize(
    ("measure", "value", "queue", "above"),
    [("high_f", 99.0, "general", 1.05), ("low_f", 2.0, "permits", 1.2), ("gust_mph", 65.0, "streets", 1.5)],
    ids=["heat", "deep cold", "gusts"],
)
def test_heat_cold_and_gusts_make_people_call(
    monkeypatch: pytest.MonkeyPatch, measure: str, value: float, queue: str, above: float
) -> None:
    on = date(2026, 5, 13)
    ordinary = Felt(CITY, SEED).on(queue, on)
    days = Sky.days

    def changed(sky: Sky, first: date, count: int) -> object:
        found = days(sky, first, count)
        getattr(found, measure)[-2] = value  # the last is the day after, whose weather people ask about
        return found

    monkeypatch.setattr(Sky, "days", changed)
    assert Felt(CITY, SEED).on(queue, on) > above * ordinary


def test_issues_come_every_few_hours_and_measurements_every_morning_the_same_whenever_it_starts() -> None:
    starts, ends = ISSUED_AT - timedelta(days=3), ISSUED_AT + timedelta(days=3)
    whole = told(starts, ends)
    assert [at for at, _ in whole] == sorted(at for at, _ in whole)
    for later in (starts + timedelta(minutes=1), starts + timedelta(hours=29.5)):
        assert told(later, ends) == [one for one in whole if one[0] >= later]
    decoded = [events.decode(value) for _, value in whole]
    issued = [event for event in decoded if isinstance(event.data, WeatherForecast)]
    measured = [event for event in decoded if isinstance(event.data, WeatherObserved)]
    assert [event.time for event in issued] == [starts + number * timedelta(hours=3) for number in range(48)]
    assert len({event.id for event in decoded}) == len(decoded)
    assert [event.time.astimezone(CITY.zone).hour for event in measured] == [6] * 6
    for event in measured:
        assert isinstance(event.data, WeatherObserved)
        assert event.data.day == event.time.astimezone(CITY.zone).date() - timedelta(days=1)
    for event in issued:
        assert isinstance(event.data, WeatherForecast)
        hours = [hour.hour_start for hour in event.data.hours]
        assert hours == [event.time + number * timedelta(hours=1) for number in range(7 * 24)]


def test_a_forecast_is_the_weather_that_comes_and_worse_the_farther_ahead_it_looks() -> None:
    sky = Sky(WEATHER, SEED, PLANTED.storms)
    errors: dict[int, list[float]] = {lead: [] for lead in range(7)}
    for number in range(40):
        at = ISSUED_AT + timedelta(days=5 * number - 100)
        for lead, hour in enumerate(forecast_at(at).hours[12::24]):
            local = hour.hour_start.astimezone(CITY.zone)
            truth = sky.hours(local.date(), 1).temperature_f[local.hour]
            assert hour.temperature_celsius is not None
            errors[lead].append(hour.temperature_celsius * 1.8 + 32 - truth)
    spread = [float(np.std(errors[lead])) for lead in range(7)]
    assert spread[0] < 2
    assert spread[6] > 2 * spread[0]
    assert abs(np.mean(np.concatenate(list(errors.values())))) < 1


def test_the_storm_is_seen_days_ahead_and_better_and_better() -> None:
    seen = [snow_on(forecast_at(ISSUED_AT + timedelta(hours=3 * number)), WINTER_STORM) for number in range(29)]
    assert all(3 < inches < 17 for inches in seen)
    assert max(abs(after - before) for before, after in pairwise(seen)) < 3.5  # no issue overturns the one before
    assert abs(seen[-1] - 8) < 2.5


def test_the_clock_change_does_no_harm() -> None:
    for at in (datetime(2026, 3, 5, 12, tzinfo=UTC), datetime(2026, 10, 29, 12, tzinfo=UTC)):
        assert len({hour.hour_start for hour in forecast_at(at).hours}) == 7 * 24


def test_the_file_of_observations_says_what_is_told_in_the_morning(tmp_path: Path) -> None:
    first = WINTER_STORM - timedelta(days=20)
    written = write(PLANTED, SEED, tmp_path, first=first, until=WINTER_STORM + timedelta(days=10))
    assert written.observations is not None
    frame = read(written.observations).set_index("day")
    assert frame.attrs["missing"] == []
    assert frame.loc[str(WINTER_STORM), "snow_mm"] == pytest.approx(8 * 25.4, abs=8)
    for event in weather_tellings(
        PLANTED, WEATHER, SEED, Day(CITY, WINTER_STORM).begins, Day(CITY, WINTER_STORM + timedelta(days=5)).begins
    ):
        data = event.event.data
        if isinstance(data, WeatherObserved):
            row = frame.loc[str(data.day)]
            for name in frame.columns:
                assert getattr(data, name) == pytest.approx(row[name], abs=0.011), name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('grid = "SIM/1,1"', 'grid = "somewhere"', "$.grid"),
        ("[effects.walkin]", "[effects.fax]", "[effects.fax] is of no queue; there are general, spanish"),
        ('[effects."*"]', "[effects.walkin2]", "[effects.walkin2] is of no queue"),
        ("hours = [9, 24]", "hours = [24, 9]", "snow_storms.hours is [24, 9]; the smaller number stands first"),
        ("a_winter = [10, 12, 26, 28, 16, 8]", "a_winter = [0]", "write [1] for a climate without snow storms"),
        ("wet_share = 0.30", "wet_share = 30", "$.climate.wet_share"),
        ("8 = 4, 9 = 5", "13 = 4, 9 = 5", "months"),
        ("carries_over = 0.7", "carries_on = 0.7", "carries_on"),
    ],
    ids=["grid", "queue", "other queue", "range", "no winters", "share", "month", "unknown"],
)
def test_a_wrong_file_is_refused_with_the_entry_and_what_would_be_right(tmp_path: Path, old: str, new: str, said: str) -> None:
    content = DEFAULT_CITY.with_name("weather.toml").read_text()
    assert old in content
    path = tmp_path / "weather.toml"
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(InvalidCity) as refused:
        load_weather(path, CITY.queues)
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)


def test_a_city_without_weather_feels_none_and_tells_none(tmp_path: Path) -> None:
    for name in ("queues.toml", "requests.toml"):
        shutil.copy(DEFAULT_CITY.with_name(name), tmp_path)
    path = tmp_path / "city.toml"
    content = DEFAULT_CITY.read_text()
    line = next(line for line in content.splitlines() if line.startswith("weather_file"))
    path.write_text(content.replace(line, ""))
    city = load_city(path, storms=(WINTER_STORM,))
    assert city.weather is None
    assert Felt(city, SEED).on("general", WINTER_STORM) == 1
    written = write(city, SEED, tmp_path, first=WINTER_STORM, until=WINTER_STORM + timedelta(days=2))
    assert written.observations is None
    assert written.half_hours > 100
