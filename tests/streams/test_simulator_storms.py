"""The simulated city's storms: alerts that fold to what holds, posts, requests where it hits, calls, and people who cannot come in."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from streams import events
from streams.events import ContactQueued, RequestSnapshot, SearchPerformed, SocialPosted, SocialReplied, WeatherAlert, WeatherForecast
from streams.simulator.agents import shifts
from streams.simulator.city import DEFAULT_CITY, City, Scenario, load_city
from streams.simulator.city_file import InvalidCity
from streams.simulator.days import Day
from streams.simulator.emergency_city import load_emergency
from streams.simulator.emergency_telling import emergency_tellings
from streams.simulator.request_telling import request_tellings
from streams.simulator.storms import ENDS_HOUR, StormClock, hit_by, storms_around
from streams.simulator.telling import Told, tellings
from streams.simulator.weather_telling import weather_tellings
from streams.social.topics import rules

SEED = 311
WINTER, SUMMER = date(2026, 11, 17), date(2026, 7, 14)  # both on a Tuesday
CALM = load_city()
STORMY = load_city(storms=(WINTER, SUMMER))
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # a Tuesday at 10:00
STORMS = pytest.mark.parametrize("on", [WINTER, SUMMER], ids=["snow", "hurricane"])
KINDS = pytest.mark.parametrize("kind", ["snow", "hurricane"])


def storm_on(city: City, on: date) -> StormClock:
    (found,) = (storm for storm in storms_around(city, SEED, on, on) if storm.onset.astimezone(city.zone).date() == on)
    return found


@cache
def told_around(on: date) -> tuple[Told, ...]:
    """Alerts and posts from three days before a storm to five days after its onset."""
    assert STORMY.emergency is not None
    first, last = Day(STORMY, on - timedelta(days=3)).begins, Day(STORMY, on + timedelta(days=5)).begins
    return tuple(emergency_tellings(STORMY, STORMY.emergency, SEED, first, last))


@cache
def pressed(kind: str) -> City:
    return load_city(scenarios=(Scenario(kind, NOW),))  # type: ignore[arg-type]


@cache
def told_pressed(kind: str) -> tuple[Told, ...]:
    city = pressed(kind)
    assert city.emergency is not None
    return tuple(emergency_tellings(city, city.emergency, SEED, NOW, NOW + timedelta(minutes=40)))


def alerts(told: Iterable[Told]) -> list[tuple[datetime, WeatherAlert]]:
    return [(one.event.time, one.event.data) for one in told if isinstance(one.event.data, WeatherAlert)]


def posts(told: Iterable[Told]) -> list[tuple[datetime, SocialPosted]]:
    return [(one.at, one.event.data) for one in told if isinstance(one.event.data, SocialPosted) and one.event.data.repost_of is None]


def holding(messages: list[tuple[datetime, WeatherAlert]], at: datetime) -> list[str]:
    """The events of the alerts that hold at an instant: sent, not replaced by what was sent, and not over."""
    sent = [alert for sent_at, alert in messages if sent_at <= at]
    replaced = {earlier for alert in sent for earlier in alert.refers_to}
    return sorted(
        one.event for one in sent if one.alert_id not in replaced and one.message_type != "Cancel" and one.ends_at and one.ends_at > at
    )


def opened(city: City, starts: datetime, ends: datetime) -> list[RequestSnapshot]:
    assert city.requests is not None
    told = request_tellings(city, city.requests, SEED, starts, ends, known_until=starts)
    snapshots = (one.event.data for one in told if isinstance(one.event.data, RequestSnapshot) and not one.again)
    return [one for one in snapshots if one.requested_datetime >= starts and one.updated_datetime == one.requested_datetime]


def queued(city: City, starts: datetime, ends: datetime) -> list[str]:
    told = tellings(city, SEED, starts, ends)
    return [one.event.data.contact_id for one in told if isinstance(one.event.data, ContactQueued) and not one.again]


@STORMS
def test_a_watch_becomes_a_warning_is_extended_lowered_and_cancelled(on: date) -> None:
    messages, storm = alerts(told_around(on)), storm_on(STORMY, on)
    first = messages[0]
    assert timedelta(hours=44) < storm.onset - first[0] <= timedelta(hours=48)
    expected = {
        WINTER: {
            -40: ["Winter Storm Watch"], -1: ["Winter Storm Warning"], 6: ["Snow Squall Warning", "Winter Storm Warning"],
            10: ["Winter Storm Warning"], 16: ["Winter Weather Advisory"], 19: [],
        },
        SUMMER: {
            -40: ["Tropical Storm Watch"], -20: ["Flood Watch", "Tropical Storm Warning"],
            6: ["Flash Flood Warning", "Flood Watch", "Tropical Storm Warning"], 13: ["Flood Advisory", "Flood Watch", "Tropical Storm Warning"],
            21: [],
        },
    }[on]  # fmt: skip
    assert {hour: holding(messages, storm.at(hour)) for hour in expected} == expected
    ends = [alert.ends_at for _, alert in messages if alert.event.endswith(("Storm Warning",)) and alert.message_type == "Update"]
    assert ends[1] > ends[0]  # type: ignore[operator] # it was extended


@STORMS
def test_every_alert_refers_to_all_before_it_in_its_chain_and_is_for_the_city_or_a_district(on: date) -> None:
    messages = alerts(told_around(on))
    sent: dict[str, datetime] = {}
    for sent_at, alert in messages:
        assert alert.status == "Actual"
        assert (alert.message_type == "Alert") == (not alert.refers_to)
        assert all(sent[earlier] < sent_at for earlier in alert.refers_to)
        assert alert.zones == ("SIMZ001",)
        assert alert.effective_at == sent_at
        assert sent_at <= alert.expires_at  # type: ignore[operator]
        words = [alert.headline, alert.description, *(text for texts in alert.parameters.values() for text in texts)]
        assert all(text and "{" not in text for text in words)
        sent[alert.alert_id] = sent_at
    assert len(sent) == len(messages)
    shapes = [json.loads(alert.geometry) for _, alert in messages if alert.geometry]
    drawn = json.loads((DEFAULT_CITY.with_name("districts.geojson")).read_text())["features"]
    assert shapes
    assert all(shape in [feature["geometry"] for feature in drawn] for shape in shapes)


@STORMS
def test_whenever_it_starts_it_tells_the_same_and_in_order(on: date) -> None:
    whole = told_around(on)
    assert STORMY.emergency is not None
    assert [one.at for one in whole] == sorted(one.at for one in whole)
    ids = [one.event.id for one in whole]
    assert len(ids) == len(set(ids))
    for hours in (0.01, 40, 90):
        starts, ends = whole[0].at + timedelta(hours=hours), Day(STORMY, on + timedelta(days=5)).begins
        again = list(emergency_tellings(STORMY, STORMY.emergency, SEED, starts, ends))
        assert again == [one for one in whole if one.at >= starts]
    assert all(events.decode(events.encode(one.event)) == one.event for one in whole[::5])
    assert told_around(on) != tuple(emergency_tellings(STORMY, STORMY.emergency, SEED + 1, whole[0].at, whole[-1].at))


@STORMS
def test_posts_follow_the_storm_before_during_and_after_and_most_of_what_is_asked_is_answered_some_never(on: date) -> None:
    storm, told = storm_on(STORMY, on), told_around(on)
    by_day = Counter(at.astimezone(STORMY.zone).date() for at, _ in posts(told))
    usual = by_day[on - timedelta(days=3)]
    assert 30 < usual < 110
    assert by_day[on - timedelta(days=1)] > 1.5 * usual
    assert by_day[on] > 3 * usual
    assert by_day[on + timedelta(days=4)] < 1.5 * usual
    written = {post.post_id: (at, post) for at, post in posts(told) if storm.begins <= at < storm.ends}
    replied = {
        one.event.data.post_id: one.at for one in told if isinstance(one.event.data, SocialReplied) and one.event.data.post_id in written
    }
    asked = [post_id for post_id, (_, post) in written.items() if "?" in post.text]
    assert 0.25 < sum(post_id in replied for post_id in asked) / len(asked) < 0.75
    assert all(replied[post_id] > written[post_id][0] for post_id in replied)
    authors = [post.author_hash for _, post in written.values()]
    assert all(author and len(author) == 32 for author in authors)
    assert 0.6 < len(set(authors)) / len(authors) < 1
    languages = Counter(post.language for _, post in written.values())
    assert 0.04 < languages["es"] / languages.total() < 0.2


def test_what_is_written_is_a_natural_mix_that_the_rules_of_topics_read_for_the_most_part() -> None:
    assert STORMY.emergency is not None
    right = Counter[bool]()
    for topic, sentences in STORMY.emergency.sentences.items():
        for language in ("en", "es"):
            for sentence in getattr(sentences, language):
                reading = rules().read(sentence.format(street="Alder Street", place="Marsh End", number=1200), language)
                found = not reading.topics if topic == "chatter" else reading.rumor if topic == "rumors" else topic in reading.topics
                right[found] += 1
    assert right.total() > 120
    assert 0.7 < right[True] / right.total() < 1
    storm = storm_on(STORMY, WINTER)
    after = [post for at, post in posts(told_around(WINTER)) if storm.at(15) < at < storm.at(45)]
    read = Counter(topic for post in after for topic in rules().read(post.text, post.language).topics)
    assert read.most_common(1)[0][0] == "plowing"
    assert len([topic for topic, count in read.items() if count > 2]) >= 6


@STORMS
def test_requests_rise_in_the_areas_that_are_hit_and_of_the_types_that_a_storm_makes(on: date) -> None:
    storm = storm_on(STORMY, on)
    assert STORMY.emergency is not None
    assert STORMY.requests is not None
    starts, ends = Day(STORMY, on).begins, Day(STORMY, on + timedelta(days=3)).begins
    with_it, without = opened(STORMY, starts, ends), opened(CALM, starts, ends)
    ids = {one.service_request_id for one in without}
    assert ids < {one.service_request_id for one in with_it}  # all others stay what they are
    more = [one for one in with_it if one.service_request_id not in ids]
    assert 0.2 < len(more) / len(without) < 1.2
    kind = STORMY.emergency.kinds[storm.kind]
    assert {one.service_name for one in more} == set(kind.requests)
    hit = [STORMY.requests.neighborhoods[number].point for number in hit_by(storm, kind, STORMY.requests, SEED)]

    def is_near(one: RequestSnapshot) -> bool:
        return any(abs((one.lat or 0) - lat) < 0.025 and abs((one.long or 0) - long) < 0.03 for lat, long in hit)

    def near_share(many: list[RequestSnapshot]) -> float:
        located = [one for one in many if one.lat is not None]
        return sum(map(is_near, located)) / len(located)

    assert near_share(more) > 1.3 * near_share(without)
    searched = {
        one.event.data.term
        for one in request_tellings(STORMY, STORMY.requests, SEED, starts, ends, known_until=starts)
        if isinstance(one.event.data, SearchPerformed)
    }
    assert set(kind.terms) <= searched


@STORMS
def test_a_share_of_the_people_cannot_come_in_and_callers_come_before_and_after(on: date) -> None:
    def at_work(city: City, days: int) -> int:
        return len(shifts(city, SEED, Day(city, on + timedelta(days=days))))

    kept_away = 1 - at_work(STORMY, 0) / at_work(CALM, 0)
    assert 0.12 < kept_away < 0.45
    assert at_work(STORMY, -1) == at_work(CALM, -1)
    assert at_work(STORMY, 3) == at_work(CALM, 3)
    calls = {}
    for days in (-1, 1):
        day = Day(CALM, on + timedelta(days=days))
        calls[days] = len(queued(STORMY, day.begins, day.ends)) / len(queued(CALM, day.begins, day.ends))
    assert 1.04 < calls[-1] < 1.3
    assert 1.1 < calls[1] < 2.2


@KINDS
def test_a_pressed_storm_passes_within_twenty_minutes(kind: str) -> None:
    told = told_pressed(kind)
    (storm,) = (storm for storm in storms_around(pressed(kind), SEED, NOW.date(), NOW.date()) if storm.pressed)
    assert (storm.begins, storm.ends) == (NOW, NOW + timedelta(minutes=20))
    assert abs(storm.hour(storm.at(ENDS_HOUR / 2)) - ENDS_HOUR / 2) < 0.1
    messages = [(at, alert) for at, alert in alerts(told) if at >= NOW]
    assert messages[0][0] < NOW + timedelta(seconds=30)
    assert "Watch" in messages[0][1].event
    assert messages[-1][1].message_type == "Cancel"
    assert messages[-1][0] < NOW + timedelta(minutes=14)
    assert any("Warning" in event for event in holding(messages, storm.at(3)))
    assert holding(messages, storm.ends) == []
    by_minutes = Counter(int((at - NOW) / timedelta(minutes=5)) for at, _ in posts(told))
    assert by_minutes[2] > 100
    assert by_minutes[5] < by_minutes[2] / 20
    delays = [
        (one.at - posted) / timedelta(minutes=1)
        for posted, post in posts(told)
        for one in told
        if isinstance(one.event.data, SocialReplied) and one.event.data.post_id == post.post_id and "p-P" in post.post_id
    ]
    assert 3 < sorted(delays)[len(delays) // 2] < 10


@KINDS
def test_a_pressed_storm_changes_nothing_that_was_told_before_and_then_more_call_while_fewer_answer(kind: str) -> None:
    before = [NOW - timedelta(hours=2), NOW]
    as_told = [[(one.at, events.encode(one.event)) for one in tellings(city, SEED, *before)] for city in (CALM, pressed(kind))]
    assert as_told[0] == as_told[1]
    calm, stormy = (queued(city, NOW + timedelta(minutes=12), NOW + timedelta(minutes=18)) for city in (CALM, pressed(kind)))
    assert 1.25 < len(stormy) / len(calm) < 3.5
    after = [len(queued(city, NOW + timedelta(minutes=22), NOW + timedelta(minutes=60))) for city in (CALM, pressed(kind))]
    assert after[0] == pytest.approx(after[1], abs=5)
    states = [
        (one.event.time, one.event.data.agent_id, one.event.data.state)
        for one in tellings(pressed(kind), SEED, NOW, NOW + timedelta(minutes=40))
        if isinstance(one.event.data, events.AgentStateChanged) and not one.again
    ]
    gone = {agent for at, agent, state in states if state == "offline" and at < NOW + timedelta(minutes=12)}
    back = {agent for at, agent, state in states if agent in gone and state != "offline" and at > NOW + timedelta(minutes=12)}
    assert 0.1 < len(gone) / len(shifts(CALM, SEED, Day(CALM, NOW.date()))) < 0.45
    assert len(back) > 0.7 * len(gone)


@KINDS
def test_a_pressed_storm_is_in_the_forecasts_from_its_beginning_on_and_felt_on_the_days_after(kind: str) -> None:
    city = pressed(kind)
    assert city.weather is not None
    issues = [
        (one.at, one.event.data)
        for one in weather_tellings(city, city.weather, SEED, NOW - timedelta(hours=3), NOW + timedelta(hours=4))
        if isinstance(one.event.data, WeatherForecast)
    ]

    def falls(forecast: WeatherForecast) -> float:
        hours = [hour for hour in forecast.hours if hour.hour_start < NOW + timedelta(hours=2)]
        return max((hour.snow_mm if kind == "snow" else hour.precipitation_mm) or 0 for hour in hours)

    assert [at for at, _ in issues if NOW <= at < NOW + timedelta(minutes=20)]  # out of turn
    assert all(falls(forecast) < 20 for at, forecast in issues if at < NOW)
    assert all(falls(forecast) > 40 for at, forecast in issues if NOW <= at < NOW + timedelta(hours=1))
    today, tomorrow = Day(CALM, NOW.date()), Day(CALM, NOW.date() + timedelta(days=1))
    assert len(queued(city, tomorrow.begins, tomorrow.ends)) > 1.1 * len(queued(CALM, tomorrow.begins, tomorrow.ends))
    assert queued(city, today.begins, NOW) == queued(CALM, today.begins, NOW)


def test_a_pressed_storm_makes_requests_of_its_own() -> None:
    city = pressed("snow")
    with_it, without = (opened(one, NOW, NOW + timedelta(minutes=20)) for one in (city, CALM))
    assert len(with_it) > len(without) + 500
    assert {one.service_request_id for one in without} < {one.service_request_id for one in with_it}


def test_a_city_without_emergencies_or_weather_has_none(tmp_path: Path) -> None:
    for name in ("queues.toml", "requests.toml", "weather.toml"):
        shutil.copy(DEFAULT_CITY.with_name(name), tmp_path)
    line = next(line for line in DEFAULT_CITY.read_text().splitlines() if line.startswith("emergency_file"))
    (tmp_path / "city.toml").write_text(DEFAULT_CITY.read_text().replace(line, ""))
    city = load_city(tmp_path / "city.toml", storms=(WINTER,), scenarios=(Scenario("snow", NOW),))
    assert (city.emergency, city.scenarios) == (None, ())
    assert storms_around(city, SEED, WINTER, WINTER) == []
    assert city.fingerprint(SEED) == CALM.fingerprint(SEED)
    assert city.fingerprint(SEED) == STORMY.fingerprint(SEED) == pressed("snow").fingerprint(SEED)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('profile = "typed"', 'profile = "never"', "posts.profile is 'never'; there are round_the_clock"),
        ('hit = ["Cobble Park"', 'hit = ["Nowhere"', "[kinds.snow] hits 'Nowhere'; there is no such neighborhood"),
        ('"Shoveling" = 190', '"Skiing" = 190', "has requests of 'Skiing'; there is no such type"),
        ("chatter = 40", "weather = 40", "has the topic 'weather'; posts.toml has no sentences for it"),
        ("[-24, 1.5]", "[-48, 1.5]", "pressed.minutes goes back"),
        ('message = "Alert"', 'message = "Update"', "a chain begins with an Alert"),
        ('message = "Cancel"', 'message = "Over"', "Invalid enum value 'Over'"),
        ("posts_curve = [[-48, 0.4], [-24, 1.0]", "posts_curve = [[-48, 0.4], [-50, 1.0]", "posts_curve goes back"),
        ("districts.geojson", "posts.toml", "is no GeoJSON of named polygons"),
    ],
    ids=["profile", "neighborhood", "type", "topic", "minutes", "chain", "message", "curve", "districts"],
)
def test_a_wrong_file_is_refused_with_the_entry_and_what_would_be_right(tmp_path: Path, old: str, new: str, said: str) -> None:
    for name in ("posts.toml", "districts.geojson"):
        shutil.copy(DEFAULT_CITY.with_name(name), tmp_path)
    content = DEFAULT_CITY.with_name("emergency.toml").read_text()
    assert old in content
    path = tmp_path / "emergency.toml"
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(InvalidCity) as refused:
        load_emergency(path, CALM.requests, CALM.profiles)
    assert said in str(refused.value)
