"""The simulator through a real Kafka into a real Postgres: it goes on where it left off, and telling again changes nothing."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from sql import observations
from sql.engine import engine
from sql.settings import PROJECT, settings
from streams import consumer, simulator
from streams.broker import bootstrap_servers
from streams.events import (
    AgentStateChanged,
    ContactQueued,
    RequestSnapshot,
    SearchPerformed,
    SocialPosted,
    SocialReplied,
    SurveyAnswered,
    WeatherAlert,
    WeatherForecast,
    WeatherObserved,
)
from streams.publisher import Publisher
from streams.simulator import backlog, past, present
from streams.simulator.backlog import Backlog, Considerate
from streams.simulator.city import load_city
from streams.simulator.days import Day, day_of
from streams.simulator.emergency_telling import emergency_tellings
from streams.simulator.left_off import left_off_at
from streams.simulator.storms import storms_around
from streams.simulator.telling import Told
from streams.simulator.whole_city import Starts, all_feeds, all_tellings, contact_feeds
from streams.simulator.years import write

SEED = 5
WHOLE_CITY = load_city()
assert WHOLE_CITY.requests is not None
CITY = msgspec.structs.replace(  # which begins all at once, because there are few days here, and forgets soon
    WHOLE_CITY, requests=msgspec.structs.replace(WHOLE_CITY.requests, begins_weeks_earlier=0, remembered_days=12)
)
FEEDS = all_feeds(CITY)
SOURCES = [spoken.feed.source for spoken in FEEDS]


def ask(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.fixture(autouse=True)
def small_city(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "load_city", lambda *_, **__: CITY)
    monkeypatch.setattr(past, "load_city", lambda *_, **__: CITY)


def told_from(starts: datetime, until: datetime) -> list[Told]:
    """Everything, from a beginning before which nothing is known."""
    return list(all_tellings(CITY, SEED, Starts(starts, starts), until))


def newest_of(told: list[Told]) -> dict[str, RequestSnapshot]:
    """The snapshot of each request that holds."""
    data = [one.event.data for one in told if isinstance(one.event.data, RequestSnapshot)]
    return {
        one.service_request_id: one for one in sorted(data, key=lambda one: (one.updated_datetime or one.requested_datetime, one.status))
    }


def test_it_goes_on_where_it_left_off_and_the_tables_hold_what_happened(in_process: None, database: str) -> None:
    now = datetime.now(UTC)
    begins = Day(CITY, day_of(CITY, now - timedelta(days=3))).begins
    first_end, end = begins + timedelta(hours=30), begins + timedelta(hours=50)
    assert left_off_at(SOURCES) is None

    simulator.run(seed=SEED, history_weeks=3 / 7, until=first_end)
    consumer.run(until_idle_seconds=2)
    assert left_off_at(SOURCES) == first_end
    goes_on = first_end - simulator.OVERLAP
    found = simulator.begins_at(CITY, now=now, history_weeks=3 / 7)
    assert found == Starts(goes_on, goes_on, goes_on, weather=goes_on, emergency=goes_on)
    today = Day(CITY, day_of(CITY, now)).begins
    found = simulator.begins_at(CITY, now=now, history_weeks=0)
    assert found == Starts(today, today, goes_on, weather=today, emergency=today)  # a gap stays a gap

    before = ask(database, "SELECT count(*) FROM contact")[0][0]
    simulator.run(seed=SEED, history_weeks=3 / 7, until=end)
    events, refused = consumer.run(until_idle_seconds=2)
    assert refused == 0
    assert left_off_at(SOURCES) == end

    told = told_from(begins, end)
    queued = {one.event.data.contact_id for one in told if isinstance(one.event.data, ContactQueued)}
    assert events < len(told)  # the first 30 hours did not come again
    assert before < len(queued)
    assert {row[0] for row in ask(database, "SELECT contact_id FROM contact WHERE queued_at_reported")} == queued
    states = {(one.event.data.agent_id, one.event.time) for one in told if isinstance(one.event.data, AgentStateChanged)}
    assert ask(database, "SELECT count(*) FROM agent_state_change")[0][0] == len(states)
    assert ask(database, "SELECT count(*) FROM dead_letter")[0][0] == 0
    names = dict(ask(database, "SELECT feed, name FROM feed"))
    assert names == {spoken.feed.source: spoken.feed.name for spoken in FEEDS}

    newest = newest_of(told)
    rows = ask(database, "SELECT service_request_id, status, updated_datetime, requested_datetime FROM request")
    assert {row[0]: row[1:] for row in rows} == {
        request_id: (one.status, one.updated_datetime, one.requested_datetime) for request_id, one in newest.items()
    }
    assert sum(row[3] < begins - timedelta(days=7) for row in rows) > 1_000  # open since long ago
    kinds = {
        "survey": SurveyAnswered,
        "search": SearchPerformed,
        "weather_forecast": WeatherForecast,
        "weather_day": WeatherObserved,
        "alert": WeatherAlert,
        "social_reply": SocialReplied,
        "social_post UNION ALL SELECT count(*) FROM social_repost": SocialPosted,
    }
    for table, kind in kinds.items():
        assert sum(row[0] for row in ask(database, f"SELECT count(*) FROM {table}")) == len(
            {one.event.id for one in told if isinstance(one.event.data, kind)}
        )


def test_telling_again_from_the_beginning_changes_nothing(in_process: None, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    until = Day(CITY, day_of(CITY, datetime.now(UTC) - timedelta(days=1))).begins + timedelta(hours=9)

    def tables() -> list[list[tuple[Any, ...]]]:
        return [
            ask(database, "SELECT * FROM contact ORDER BY contact_id"),
            ask(database, "SELECT * FROM contact_interval WHERE contacts <> 0 ORDER BY 1, 2, 3, 4"),
            ask(database, "SELECT * FROM agent_state_change ORDER BY 1, 2"),
            ask(database, "SELECT * FROM request ORDER BY 1"),
            ask(database, "SELECT * FROM survey ORDER BY 1"),
            ask(database, "SELECT * FROM search ORDER BY 1"),
            ask(database, "SELECT grid, issued_at, version FROM weather_forecast ORDER BY 1, 2"),
            ask(database, "SELECT * FROM weather_day ORDER BY 1, 2"),
        ]

    simulator.run(seed=SEED, history_weeks=1 / 7, until=until)
    consumer.run(until_idle_seconds=2)
    first = tables()
    assert len(first[0]) > 100
    monkeypatch.setattr(simulator, "left_off_at", lambda sources: None)  # as if the feeds were not known
    simulator.run(seed=SEED, history_weeks=1 / 7, until=until)
    events, _ = consumer.run(until_idle_seconds=2)
    assert events > 1_000
    assert tables() == first


@contextmanager
def consuming(environment: dict[str, str]) -> Iterator[None]:
    """A consumer at work beside, until the end."""
    process = subprocess.Popen([sys.executable, "-m", "streams", "consume"], env=environment, cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def eventually(condition: Callable[[], bool], within_seconds: float = 60.0) -> bool:
    until = time.monotonic() + within_seconds
    while not (done := condition()) and time.monotonic() < until:
        time.sleep(0.1)
    return done


def test_the_past_is_told_beside_the_present_and_the_tables_hold_what_one_telling_would(
    in_process: None, database: str, environment: dict[str, str]
) -> None:
    now = datetime.now(UTC)
    begins = present.present_begins(CITY, now)
    until = now - timedelta(hours=1)
    feeds = "SELECT feed, as_of, heartbeat_at FROM metric.feeds ORDER BY feed"
    with consuming(environment):
        simulator.run(seed=SEED, history_weeks=0, until=until, present_first=True)
        assert eventually(lambda: left_off_at(SOURCES) == until)
        fresh = ask(database, feeds)
        said: list[str] = []
        past.run(seed=SEED, history_weeks=2 / 7, say=said.append)
        assert said[-1] == "what was asked for before that"
        with Backlog(bootstrap_servers()) as waiting:
            assert eventually(lambda: waiting.waiting(waiting.ends()) == 0)
        assert ask(database, feeds) == fresh  # old events make no feed look older, or newer
        past.run(seed=SEED, history_weeks=2 / 7, say=said.append)
        assert len(said) == 2  # nothing is left

    midnight = datetime.combine(now.astimezone(CITY.zone).date(), datetime.min.time(), CITY.zone)
    first = (midnight - timedelta(days=2)).astimezone(UTC)
    assert first < begins
    told = list(all_tellings(CITY, SEED, Starts(first, first), until))
    queued = {one.event.data.contact_id for one in told if isinstance(one.event.data, ContactQueued)}
    assert {row[0] for row in ask(database, "SELECT contact_id FROM contact WHERE queued_at_reported")} == queued
    states = {(one.event.data.agent_id, one.event.time) for one in told if isinstance(one.event.data, AgentStateChanged)}
    assert set(ask(database, "SELECT agent_id, changed_at FROM agent_state_change")) == states
    rows = ask(database, "SELECT service_request_id, status, updated_datetime, requested_datetime FROM request")
    assert {row[0]: row[1:] for row in rows} == {
        request_id: (one.status, one.updated_datetime, one.requested_datetime) for request_id, one in newest_of(told).items()
    }
    kinds = {
        "survey": SurveyAnswered,
        "search": SearchPerformed,
        "weather_forecast": WeatherForecast,
        "weather_day": WeatherObserved,
        "alert": WeatherAlert,
        "social_reply": SocialReplied,
        "social_post UNION ALL SELECT count(*) FROM social_repost": SocialPosted,
    }
    for table, kind in kinds.items():
        events_of = {one.event.id for one in told if isinstance(one.event.data, kind)}
        assert sum(row[0] for row in ask(database, f"SELECT count(*) FROM {table}")) == len(events_of)
    assert ask(database, "SELECT count(*) FROM dead_letter")[0][0] == 0


def test_what_gives_way_waits_while_nobody_consumes(in_process: None, database: str, environment: dict[str, str]) -> None:
    told = told_from(datetime(2026, 9, 14, 12, tzinfo=UTC), datetime(2026, 9, 14, 15, tzinfo=UTC))
    assert len(told) > 6 * backlog.PIECE_EVENTS
    servers = bootstrap_servers()
    with Publisher(servers) as publisher, Backlog(servers) as waiting:
        most = 0

        def tell() -> None:
            sink = Considerate(publisher, waiting)
            for one in told:
                sink.send(one.event)
            sink.flush()

        telling = threading.Thread(target=tell)
        telling.start()
        assert eventually(lambda: publisher.sent >= backlog.PIECE_EVENTS)
        telling.join(2.0)
        assert telling.is_alive()
        assert publisher.sent == backlog.PIECE_EVENTS  # nobody reads them, so nothing more is told
        with consuming(environment), Backlog(servers) as beside:
            while telling.is_alive():
                most = max(most, beside.waiting(beside.ends()) or 0)
                telling.join(0.02)
    assert publisher.sent == len(told)
    assert most <= backlog.PIECE_EVENTS + backlog.MOST_WAITING_EVENTS


@pytest.mark.parametrize("value", ["rain@2026-11-24T15:00:00+00:00", "snow@soon", "snow@2026-11-24T15:00:00", "snow"])
def test_a_scenario_that_is_none_is_one_sentence(environment: dict[str, str], value: str) -> None:
    command = [sys.executable, "-m", "streams", "simulate", "--scenario", value]
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"{value!r} is no snow@TIME or hurricane@TIME" in done.stderr


def test_without_a_telling_of_the_present_the_past_is_one_sentence(in_process: None, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "streams", "simulate", "--tell", "past", "--history-weeks", "1"]
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "start `simulate --tell present` first" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_alerts_of_a_storm_fold_to_what_holds_and_its_posts_get_topics(in_process: None, database: str) -> None:
    storm = date(2026, 11, 17)
    city = load_city(storms=(storm,))
    assert city.emergency is not None
    starts = Day(city, storm - timedelta(days=3)).begins
    with Publisher(bootstrap_servers()) as publisher:
        for one in emergency_tellings(city, city.emergency, SEED, starts, starts + timedelta(days=6)):
            publisher.send(one.event)
    _, refused = consumer.run(until_idle_seconds=2)
    assert refused == 0
    (clock,) = (one for one in storms_around(city, SEED, storm, storm) if one.onset.astimezone(city.zone).date() == storm)
    hours: dict[float, list[str]] = {
        -50: [],
        -40: ["Winter Storm Watch"],
        -1: ["Winter Storm Warning"],
        6: ["Snow Squall Warning", "Winter Storm Warning"],
        16: ["Winter Weather Advisory"],
        19: [],
    }
    with psycopg.connect(database) as connection:
        for hour, holds in hours.items():
            found = connection.execute("SELECT event FROM metric.alerts(%s, ARRAY['SIMZ001']) ORDER BY event", (clock.at(hour),)).fetchall()
            assert [event for (event,) in found] == holds, hour
    topics = dict(ask(database, "SELECT topic, count(*) FROM social_post CROSS JOIN unnest(topics) AS topic GROUP BY topic"))
    assert len(topics) >= 8
    assert topics["plowing"] > 50
    assert ask(database, "SELECT count(*) FROM social_post WHERE rumor")[0][0] > 5


def test_in_a_database_that_knows_no_requests_and_weather_their_past_is_told_and_the_contacts_go_on(
    in_process: None, database: str
) -> None:
    now = datetime.now(UTC)
    left_off = now - timedelta(hours=3)
    with psycopg.connect(database) as connection:
        for feed, topic in contact_feeds(CITY):
            connection.execute(
                "INSERT INTO feed_partition (feed, topic, partition, heartbeat_at, ingested_at) VALUES (%s, %s, 0, %s, now())",
                (feed.source, settings().topic_prefix + topic, left_off),
            )
    found = simulator.begins_at(WHOLE_CITY, now=now, history_weeks=1)
    assert WHOLE_CITY.requests is not None
    first = now - timedelta(weeks=1 + WHOLE_CITY.requests.begins_weeks_earlier)
    assert (found.contacts, found.requests_known_until) == (left_off - simulator.OVERLAP, None)
    assert found.requests == Day(CITY, day_of(CITY, first)).begins
    assert found.weather == Day(CITY, day_of(CITY, now - timedelta(weeks=1))).begins


def test_the_file_of_observations_is_taken_and_goes_before_what_is_told(in_process: None, database: str, tmp_path: Path) -> None:
    written = write(WHOLE_CITY, SEED, tmp_path, first=date(2026, 1, 1), until=date(2026, 2, 1))
    assert written.observations is not None
    with engine().begin() as connection:
        assert observations.load(written.observations, connection, station="sim/airport") == (31, 31, [])
    assert ask(database, "SELECT count(*), count(told_at), sum(snow_mm) > 0 FROM weather_day") == [(31, 0, True)]


def test_a_feed_that_is_behind_in_one_partition_holds_all_back(in_process: None, database: str) -> None:
    rows = [("sim/phone", "311.contacts", 0, 10), ("sim/phone", "311.contacts", 1, 4), ("sim/agents", "311.agents", 0, 9)]
    with psycopg.connect(database) as connection:
        for feed, topic, partition, minute in rows:
            connection.execute(
                "INSERT INTO feed_partition (feed, topic, partition, heartbeat_at, ingested_at) VALUES (%s, %s, %s, %s, now())",
                (feed, settings().topic_prefix + topic, partition, datetime(2026, 1, 5, 12, minute, tzinfo=UTC)),
            )
    assert left_off_at(["sim/phone", "sim/agents"]) == datetime(2026, 1, 5, 12, 4, tzinfo=UTC)
    assert left_off_at(["sim/phone", "sim/chat"]) is None
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO feed_partition (feed, topic, partition, heartbeat_at, ingested_at) VALUES ('sim/chat', %s, 0, now(), now())",
            (settings().topic_prefix + "311.contacts",),
        )
    assert left_off_at(["sim/phone", "sim/chat"]) is None  # of its partition 1 nothing is known yet


def test_a_database_without_the_schema_is_one_sentence(in_process: None, empty_database: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "streams", "simulate", "--until", "2026-01-01T00:00"]
    done = subprocess.run(
        command, env=environment | {"DATABASE_URL": empty_database}, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "run `python -m sql migrate` first" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_city_is_one_sentence(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "streams", "simulate"]
    done = subprocess.run(
        command, env=environment | {"SIMULATOR_CITY": "nowhere.toml"}, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (1, "Error: nowhere.toml cannot be read: No such file or directory")
