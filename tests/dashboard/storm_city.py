"""A city in a storm, written through the sink as consumers write it, and by people: what is known until an instant, and what comes after it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg

from sql import intake
from streams import events, sink
from streams.fold import Batch, Position, Record

ONSET = datetime(2026, 1, 23, 15, 0, tzinfo=UTC)
WEEKS = 5
ZONE_CODE = "PAZ071"
PLACES = ((39.955, -75.165), (40.02, -75.14), (40.08, -75.02))


def told(first: datetime, last: datetime, *, salt: str, busy: float = 1.0) -> Iterator[tuple[str, events.Event]]:
    """What happens in [first, last): topic and event, a contact each two minutes, a request each six, searches, posts, and forecasts."""
    minutes = int((last - first).total_seconds() // 60)
    for minute in range(0, minutes, max(1, round(2 / busy))):
        at = first + timedelta(minutes=minute)
        name = f"{salt}-{minute}"
        yield one(events.ContactQueued(name, "general", language="en"), at, name)
        if minute % 10 == 4:
            yield one(events.ContactLeftQueue(name, "abandoned", "general", 95), at + timedelta(seconds=95), name)
        else:
            yield one(events.ContactAnswered(name, "ann", "general", 12), at + timedelta(seconds=12), name)
            yield one(events.ContactEnded(name, "general", 200, 0, 20), at + timedelta(seconds=232), name)
    for minute in range(0, minutes, max(1, round(6 / busy))):
        at = first + timedelta(minutes=minute, seconds=30)
        name, (lat, long) = f"{salt}-r{minute}", PLACES[minute // 6 % 3]
        kind = ("Unplowed street", "Tree down", "Pothole")[minute % 3]
        request = events.RequestSnapshot(
            service_request_id=name, status="open", requested_datetime=at, updated_datetime=at, service_name=kind, lat=lat, long=long
        )
        yield one(request, at, name)
        if minute % 12 == 0:
            closed = at + timedelta(hours=5)
            yield one(
                events.RequestSnapshot(
                    service_request_id=name, status="closed", requested_datetime=at, updated_datetime=closed, service_name=kind, lat=lat, long=long
                ),
                closed,
                name + "-closed",
            )  # fmt: skip
    for minute in range(0, minutes, max(1, round(20 / busy))):
        at = first + timedelta(minutes=minute, seconds=40)
        yield one(events.SearchPerformed(f"{salt}-s{minute}", "plow map", minute // 20 % 2), at, f"{salt}-s{minute}")
        post = events.SocialPosted(f"{salt}-p{minute}", "When will our street be plowed?", "hash", language="en")
        yield one(post, at, f"{salt}-p{minute}")


def alert(
    name: str, sent: datetime, ends: datetime, *refers_to: str, kind: str = "Alert", onset: datetime = ONSET
) -> tuple[str, events.Event]:
    """A winter storm warning."""
    data = events.WeatherAlert(
        alert_id=name, event="Winter Storm Warning", status="Actual", message_type=kind, onset_at=onset, expires_at=ends, ends_at=ends,
        severity="Severe", headline="Heavy snow", zones=(ZONE_CODE,), refers_to=refers_to,
    )  # fmt: skip
    return one(data, sent, name)


def forecast(grid: str, issued: datetime, millimetres: float) -> tuple[str, events.Event]:
    """An issue of the weather forecast for the two days of the storm."""
    begins = issued.replace(minute=0, second=0, microsecond=0)
    hours = tuple(events.ForecastHour(begins + timedelta(hours=n), -3.0, millimetres, millimetres / 10, 20.0, 40.0) for n in range(60))
    return one(events.WeatherForecast(grid, hours), issued, f"{grid}-{issued.isoformat()}")


def write(url: str, many: Iterable[tuple[str, events.Event]]) -> None:
    """Write events in one batch, in their order."""
    listed = list(many)
    places = [Position(topic, 0) for topic in sorted({topic for topic, _ in listed})]
    with psycopg.connect(url, autocommit=True) as connection:
        sink.prepare(connection)
        begin = sink.offsets(connection, places, consumer="test")
        batch = Batch(dict(begin))
        for place in places:
            those = [event for topic, event in listed if topic == place.topic]
            batch.add(place, [Record(*place, begin[place] + n, None, events.encode(event)) for n, event in enumerate(those)])
        sink.write(connection, batch, intake.read(connection))


def weeks_before() -> Iterator[tuple[str, events.Event]]:
    """The same days of the weeks before, without a storm."""
    for week in range(1, WEEKS + 1):
        begins = ONSET - timedelta(weeks=week)
        yield from told(begins - timedelta(hours=16), begins + timedelta(hours=40), salt=f"week{week}")


def one(data: events.Data, at: datetime, name: str) -> tuple[str, events.Event]:
    return events.topic_of(data), events.event(data, source="storm", event_id=name + at.isoformat(), at=at)
