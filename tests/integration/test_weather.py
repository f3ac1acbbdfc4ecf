"""Weather through the broker, the sink and the tables: every issue once, whatever the order, the number and the batches."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from sql import intake, queries
from sql.__main__ import main as sql_command
from sql.engine import connect, engine
from sql.settings import settings
from streams import broker, consumer, events, sink
from streams.fold import Batch, Position
from streams.publisher import Publisher
from streams.sources.nws_forecast import CADENCE_SECONDS
from tests.event_strategies import EPOCH, WEATHER_EVENTS, batches, records
from tests.servers import Services

PLACE = Position("t", 0)
GRID = "PHI/49,75"
ISSUES = (
    "SELECT f.grid, f.issued_at, f.version, f.source, h.hour_start, h.temperature_celsius, h.snow_mm "
    "FROM weather_forecast AS f JOIN weather_forecast_hour AS h USING (forecast_id) ORDER BY 1, 2, 5"
)
DAYS = "SELECT * FROM weather_day ORDER BY station, day"
FEEDS = "SELECT feed, as_of FROM metric.feeds ORDER BY feed"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(url=database, autocommit=True) as opened:
        sink.prepare(opened)
        empty(opened)
        yield opened


def empty(connection: psycopg.Connection[Any]) -> None:
    connection.execute(b"TRUNCATE weather_forecast, weather_forecast_hour, weather_day, feed, feed_partition, stream_offset, dead_letter")
    sink.offsets(connection, [PLACE], consumer="test")


def rows(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def forecast(issued_at: datetime, hours: int, *, snow: float = 1.0, first: datetime = EPOCH) -> events.Event:
    told = tuple(events.ForecastHour(first + timedelta(hours=n), -1.0, snow) for n in range(hours))
    return events.event(events.WeatherForecast(GRID, told), source=f"nws/{GRID}", event_id=f"{issued_at}", at=issued_at)


def write(connection: psycopg.Connection[Any], many: list[events.Event], sizes: list[int]) -> None:
    for batch in batches(many, sizes):
        sink.write(connection, batch, intake.read(connection))


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    many=st.lists(WEATHER_EVENTS, min_size=1, max_size=12),
    sizes=st.lists(st.integers(1, 6), max_size=4),
    dice=st.randoms(use_true_random=False),
)
def test_any_order_and_any_batches_give_the_same_rows(
    connection: psycopg.Connection[Any], many: list[events.Event], sizes: list[int], dice: Any
) -> None:
    empty(connection)
    write(connection, many, [])
    once = [rows(connection, query) for query in (ISSUES, DAYS, FEEDS)]
    empty(connection)
    again = many + many
    dice.shuffle(again)
    write(connection, again, sizes)
    assert [rows(connection, query) for query in (ISSUES, DAYS, FEEDS)] == once


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["shorter last", "longer last"])
def test_of_one_issue_told_twice_the_longer_telling_holds_whole(connection: psycopg.Connection[Any], order: tuple[int, int]) -> None:
    whole, cut_off = forecast(EPOCH, 6, snow=1.0), forecast(EPOCH, 4, snow=2.0, first=EPOCH + timedelta(hours=4))
    told = [whole, cut_off]
    write(connection, [told[number] for number in order], [1])
    assert rows(connection, "SELECT hour_start, snow_mm FROM weather_forecast_hour ORDER BY 1") == [
        (EPOCH + timedelta(hours=n), 1.0) for n in range(6)
    ]


def test_what_a_person_loaded_goes_before_what_a_feed_tells(connection: psycopg.Connection[Any]) -> None:
    connection.execute(b"INSERT INTO weather_day (station, day, snow_mm, source) VALUES ('KPHL', '2026-01-25', 254, 'file.csv')")
    write(connection, [events.event(events.WeatherObserved("KPHL", date(2026, 1, 25), 1.0), source="s", event_id="e", at=EPOCH)], [])
    assert rows(connection, "SELECT snow_mm, source FROM weather_day") == [(254.0, "file.csv")]


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        pytest.param((EPOCH, EPOCH), None, id="an hour told twice is one"),
        pytest.param((EPOCH + timedelta(minutes=30),), "weather_forecast_hour_hour_start_check", id="no full hour is refused"),
    ],
)
def test_hours_that_no_source_of_ours_sends(connection: psycopg.Connection[Any], hours: tuple[datetime, ...], says: str | None) -> None:
    event = events.event(events.WeatherForecast(GRID, tuple(map(events.ForecastHour, hours))), source="s", event_id="e", at=EPOCH)
    batch = Batch({PLACE: 0})
    batch.add(PLACE, records([event, forecast(EPOCH + timedelta(hours=1), 2)]))
    assert sink.write_or_refuse(connection, batch, intake.read(connection)) == (says is not None)
    assert [says in reason for (reason,) in rows(connection, "SELECT reason FROM dead_letter")] == ([True] if says else [])
    assert rows(connection, "SELECT count(*) FROM weather_forecast_hour") == [(2 if says else 3,)]


def test_a_commit_says_that_the_weather_changed(connection: psycopg.Connection[Any], database: str) -> None:
    with connect(url=database, autocommit=True) as listener:
        listener.execute("LISTEN city311")
        write(connection, [forecast(EPOCH, 2)], [])
        assert [notice.payload for notice in listener.notifies(timeout=2, stop_after=1)] == ["weather,feeds"]


def test_through_the_broker_shuffled_and_twice(in_process: None, services: Services, tmp_path: Path) -> None:
    """Forecasts and a station's file end in the days as they were known; the feed is as old as its newest issue."""
    noon = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    issued = [noon - timedelta(hours=88 + 6 * n) for n in range(4)]
    told = [forecast(at, 96, snow=float(number + 1), first=at) for number, at in enumerate(issued)]
    again = told + told
    random.Random(5).shuffle(again)
    with Publisher(services.kafka.address) as publisher:
        for event in again:
            publisher.send(event)
        publisher.heartbeat(source=f"nws/{GRID}", topic=events.WEATHER, at=issued[0], cadence_seconds=CADENCE_SECONDS, name="Forecast")
    assert consumer.run(until_idle_seconds=1)[1] == 0
    file = tmp_path / "station.csv"
    day = (issued[3].astimezone(settings().zone)).date()
    file.write_text(f"date,snow_in\n{day},10\n")
    result = CliRunner().invoke(sql_command, ["load", "observations", str(file), "--station", "KPHL"])
    assert result.output.startswith("1 days of KPHL loaded, 1 of them new or changed; the file has no snow_depth_mm"), result.output
    with engine().connect() as reader:
        hours = queries.frame("weather-hours", reader, grid=GRID)
        assert (len(hours), set(hours["snow_mm"]), set(hours["state"]), set(hours["issued_at"])) == (96, {1.0}, {"stale"}, {issued[0]})
        assert queries.frame("weather-hours", reader, grid=GRID, as_of=issued[2])["snow_mm"].tolist() == [3.0] * 96
        (feed,) = queries.frame("feeds", reader).itertuples()
        assert (feed.feed, feed.as_of, feed.state, feed.events) == (f"nws/{GRID}", issued[0], "stale", 8)
        days = queries.frame("weather-by-day", reader, station="KPHL", grid=GRID)
        assert days.loc[days["observed"], ["day", "snow_mm"]].to_numpy().tolist() == [[day, 254.0]]
        assert days["day"].is_monotonic_increasing
        expected = sum(1 for at in hours["hour_start"] if at.tz_convert(settings().zone).date() == days["day"].iloc[-1])
        assert days["snow_mm"].iloc[-1] == days["hours"].iloc[-1] == expected


def test_quiet_topics_get_one_partition(services: Services, in_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fetch of a partition without events waits at the broker, and holds up those with events."""
    monkeypatch.setenv("TOPIC_PREFIX", "test-quiet.")
    monkeypatch.setenv("TOPIC_PARTITIONS", "3")
    settings.cache_clear()
    names = broker.ensure_topics(services.kafka.address)
    with closing(broker.admin(services.kafka.address)) as client:
        found = {topic["name"].removeprefix("test-quiet."): len(topic["partitions"]) for topic in client.describe_topics(names)}
        client.delete_topics(names)
    assert found == {topic: 1 if topic in events.QUIET_TOPICS else 3 for topic in events.TOPICS}
