"""A gridpoint forecast of api.weather.gov: intervals become hours, units become ours, and what is broken is refused with its reason."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streams import events
from streams.replay import Clock
from streams.sources.nws_forecast import LAYERS, NwsForecast, interval
from tests.event_strategies import WEATHER_EVENTS
from tests.streams.gridpoint_server import GRID, NOON, answer, layer

START = "2026-01-25T12:00:00+00:00"


def source() -> NwsForecast:
    return NwsForecast("nws/test", clock=lambda: NOON)


def read(told: dict[str, Any] | bytes) -> events.Event:
    (event,) = source().read(told if isinstance(told, bytes) else json.dumps(told).encode(), "here")
    return event


def hours(**layers: Any) -> dict[int, events.ForecastHour]:
    """The hours of a forecast, by hours from NOON."""
    event = read(answer(**layers))
    assert isinstance(event, events.WeatherForecastEvent), event
    assert events.decode(events.encode(event)) == event
    return {round((hour.hour_start - NOON).total_seconds() / 3600): hour for hour in event.data.hours}


def test_an_issue_is_one_event_dated_by_the_services_clock() -> None:
    event = read(answer())
    assert isinstance(event, events.WeatherForecastEvent)
    assert (event.data.grid, event.time, len(event.data.hours), event.source) == (GRID, NOON, 24, "nws/test")


def test_the_same_issue_is_the_same_event_however_it_is_written() -> None:
    told = answer()
    later = told["properties"] | {"generatedAt": "2026-01-25T13:00:00+00:00", "updateTime": "2026-01-25T07:00:00-05:00"}
    ids = {read(told).id, read(json.dumps(told, indent=2).encode()).id, read(later).id}
    assert len(ids) == 1
    assert read(answer(issued_at=NOON + timedelta(seconds=1))).id not in ids
    assert read(answer(grid="PHI/49,76")).id not in ids


def test_amounts_are_divided_and_levels_repeated() -> None:
    found = hours(
        snowfallAmount=layer("mm", (f"{START}/PT6H", 60.0)),
        quantitativePrecipitation=layer("mm", (f"{START}/PT4H", 8.0)),
        temperature=layer("degC", (f"{START}/PT2H", -3.5), ("2026-01-25T14:00:00+00:00/PT6H", None)),
        windSpeed=layer("km_h-1", (f"{START}/PT1H", 11.112)),
        windGust=layer("km_h-1", (f"{START}/P1D", 70.0)),
    )
    assert list(found) == list(range(24))
    assert [found[n].snow_mm for n in (0, 5, 6)] == [10.0, 10.0, None]
    assert [found[n].precipitation_mm for n in (3, 4)] == [2.0, None]
    assert [found[n].temperature_celsius for n in (0, 1, 2)] == [-3.5, -3.5, None]
    assert [found[n].wind_kmh for n in (0, 1)] == [11.112, None]
    assert found[23].gust_kmh == 70.0


def test_an_interval_that_begins_within_an_hour_gives_each_hour_its_part() -> None:
    found = hours(
        snowfallAmount=layer("mm", ("2026-01-25T12:30:00+00:00/PT1H", 10.0)),
        temperature=layer("degC", (f"{START}/PT30M", 0.0), ("2026-01-25T12:30:00+00:00/PT1H", 4.0)),
    )
    assert [found[n].snow_mm for n in (0, 1)] == [5.0, 5.0]
    assert [found[n].temperature_celsius for n in (0, 1)] == [2.0, 4.0]


@given(
    st.lists(st.tuples(st.integers(1, 30), st.none() | st.floats(0, 300)), min_size=1, max_size=8).filter(
        lambda parts: any(value is not None for _, value in parts)
    )
)
def test_no_snow_is_lost_or_made(parts: list[tuple[int, float | None]]) -> None:
    at, values = NOON, []
    for length, amount in parts:
        values.append((f"{at.isoformat()}/PT{length}H", amount))
        at += timedelta(hours=length)
    found = hours(snowfallAmount=layer("mm", *values))
    assert sum(hour.snow_mm or 0 for hour in found.values()) == pytest.approx(sum(amount or 0 for _, amount in parts), abs=1e-3)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT6H", timedelta(hours=6)),
        ("P1D", timedelta(days=1)),
        ("P7DT14H", timedelta(days=7, hours=14)),
        ("PT30M", timedelta(minutes=30)),
        ("P1W", timedelta(weeks=1)),
        ("2026-01-25T15:00:00+00:00", timedelta(hours=3)),
    ],
)
def test_how_long_a_value_holds(text: str, length: timedelta) -> None:
    assert interval(f"{START}/{text}") == (NOON, NOON + length)


@pytest.mark.parametrize(
    ("name", "uom", "value", "field", "expected"),
    [
        ("temperature", "degC", -3.5, "temperature_celsius", -3.5),
        ("temperature", "degF", 14.0, "temperature_celsius", -10.0),
        ("temperature", "K", 273.15, "temperature_celsius", 0.0),
        ("snowfallAmount", "cm", 2.0, "snow_mm", 20.0),
        ("snowfallAmount", "m", 0.1, "snow_mm", 100.0),
        ("quantitativePrecipitation", "in", 1.0, "precipitation_mm", 25.4),
        ("windSpeed", "m_s-1", 10.0, "wind_kmh", 36.0),
        ("windGust", "kt", 40.0, "gust_kmh", 74.08),
    ],
    ids=lambda value: str(value),
)
def test_a_known_unit_becomes_ours(name: str, uom: str, value: float, field: str, expected: float) -> None:
    assert getattr(hours(**{name: layer(uom, (f"{START}/PT1H", value))})[0], field) == pytest.approx(expected)


def broken(**changed: Any) -> dict[str, Any]:
    told = answer()
    return told | {"properties": told["properties"] | changed}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param(broken(updateTime=None), "updateTime is 'null': an ISO 8601 time with an offset", id="no update time"),
        pytest.param(
            broken(updateTime="2026-01-25T12:00:00"), "updateTime is '2026-01-25T12:00:00': an ISO 8601", id="a time without an offset"
        ),
        pytest.param(broken(updateTime="2026-01-27T12:00:00Z"), "a time more than a day ahead cannot be right", id="from the future"),
        pytest.param(broken(gridX=None), "gridId, gridX, gridY are 'PHI/None,75'", id="no grid"),
        pytest.param(
            broken(windGust=layer("furlong", (f"{START}/PT1H", 1))), "windGust is in 'wmoUnit:furlong': one of km_h-1", id="an unknown unit"
        ),
        pytest.param(
            broken(windGust={"values": [{"validTime": f"{START}/PT1H", "value": 1}]}), "windGust is in 'None': one of km_h-1", id="no unit"
        ),
        pytest.param(broken(windGust=layer("degC", (f"{START}/PT1H", 1))), "windGust is in 'wmoUnit:degC'", id="another measure's unit"),
        pytest.param(
            broken(temperature=layer("degC", (f"{START}/PT1H", 999))), "temperature is 999 wmoUnit:degC: that cannot be right", id="too hot"
        ),
        pytest.param(broken(snowfallAmount=layer("mm", (f"{START}/PT1H", -1))), "snowfallAmount is -1 wmoUnit:mm", id="less than nothing"),
        pytest.param(
            broken(windGust={"uom": "wmoUnit:km_h-1", "values": [{"validTime": f"{START}/PT1H", "value": "10"}]}),
            "windGust has the value '10': a number is expected",
            id="a number as text",
        ),
        pytest.param(broken(windGust={"uom": "wmoUnit:km_h-1", "values": [7]}), "windGust has the value '7'", id="no interval at all"),
        pytest.param(
            broken(windGust=layer("km_h-1", (START, 1))), f"validTime is '{START}': a time, a slash and a duration", id="no duration"
        ),
        pytest.param(broken(windGust=layer("km_h-1", (f"{START}/P1M", 1))), "validTime lasts 'P1M': a duration such as", id="a month"),
        pytest.param(broken(windGust=layer("km_h-1", (f"{START}/PT", 1))), "validTime lasts 'PT'", id="an empty duration"),
        pytest.param(broken(windGust=layer("km_h-1", (f"{START}/PT0H", 1))), "it has no length", id="no length"),
        pytest.param(broken(windGust=layer("km_h-1", (f"{START}/P400D", 1))), "more than 16 days cannot be right", id="more than a year"),
        pytest.param(
            broken(windGust=layer("km_h-1", ("2026-03-25T12:00:00Z/PT1H", 1))), "more than 16 days cannot be right", id="a value far off"
        ),
        pytest.param(
            broken(windGust=layer("km_h-1", ("date:now:hour +0 hours / PT3H", 1))),
            "validTime is 'date:now:hour +0 hours ': an ISO",
            id="a template",
        ),
        pytest.param(broken(temperature={"values": []}, snowfallAmount=None), "there is nothing in it", id="nothing in it"),
        pytest.param(b"[1]", "a JSON object is expected", id="a list"),
        pytest.param(b"<html>", "not JSON", id="a web page"),
    ],
)
def test_what_is_broken_is_refused_with_its_reason_and_kept(told: dict[str, Any] | bytes, reason: str) -> None:
    event = read(told)
    assert isinstance(event, events.SourceUnreadableEvent)
    assert reason in event.data.reason
    assert (event.data.line[:1], event.data.position) in ((b"{", "here"), (b"[", "here"), (b"<", "here"))
    assert event == read(told)


@given(WEATHER_EVENTS, WEATHER_EVENTS)
def test_a_recording_moved_to_now_keeps_whole_hours_and_days(first: events.Event, second: events.Event) -> None:
    clock = Clock(None, start_now=True)
    clock.begin(first.time)
    moved = clock.shift(second)
    shift = moved.time - second.time
    assert abs(first.time + shift - datetime.now(UTC)) < timedelta(seconds=5)
    assert moved.id.startswith("e@")
    if isinstance(second, events.WeatherForecastEvent) and isinstance(moved, events.WeatherForecastEvent):
        by = [after.hour_start - before.hour_start for before, after in zip(second.data.hours, moved.data.hours, strict=True)]
        assert {one % timedelta(hours=1) for one in by} == {timedelta(0)}
        assert all(abs(one - shift) <= timedelta(minutes=30) for one in by)
        assert [hour.snow_mm for hour in moved.data.hours] == [hour.snow_mm for hour in second.data.hours]
    elif isinstance(second, events.WeatherObservedEvent) and isinstance(moved, events.WeatherObservedEvent):
        assert abs(moved.data.day - second.data.day - shift) <= timedelta(days=1)
        assert moved.data.snow_mm == second.data.snow_mm


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.just(START + "/PT1H"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["uom", "values", "value", "validTime"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*(layer.name for layer in LAYERS.values()), "updateTime", "gridX"]), JSON, max_size=3))
def test_any_answer_is_a_forecast_that_can_be_sent_or_refused(changed: dict[str, Any]) -> None:
    event = read(broken(**changed))
    assert events.decode(events.encode(event)) == event


@pytest.mark.parametrize(
    ("line", "expected"), [(json.dumps(answer()).encode(), True), (b'{"gridId": 1}', False), (b"", False), (b"[]", False)]
)
def test_an_answer_is_told_from_something_else(line: bytes, expected: bool) -> None:
    assert source().recognises(line) is expected


@pytest.mark.reference
def test_a_real_answer(reference_data: Path) -> None:
    """The stored answer has templates for times: real ones are put in their place."""
    base = datetime(2024, 2, 20, 11, tzinfo=UTC)
    template = re.compile(r"date:now(?::hour)? ([+-]\d+) hours / ")
    text = template.sub(
        lambda found: f"{(base + timedelta(hours=int(found[1]))).isoformat()}/",
        (reference_data / "weather/nws_gridpoint_forecast.json").read_text(),
    )
    event = read(text.encode())
    assert isinstance(event, events.WeatherForecastEvent)
    told = json.loads(text)["properties"]
    assert (event.data.grid, event.time) == ("FGZ/74,89", datetime(2024, 2, 20, 17, 13, 54, tzinfo=UTC))
    assert [hour.hour_start for hour in event.data.hours] == [base + timedelta(hours=n) for n in range(len(event.data.hours))]
    for field, name in (("snow_mm", "snowfallAmount"), ("precipitation_mm", "quantitativePrecipitation")):
        whole = sum(value["value"] or 0 for value in told[name]["values"])
        assert sum(getattr(hour, field) or 0 for hour in event.data.hours) == pytest.approx(whole, abs=0.01)
    assert max(hour.gust_kmh or 0 for hour in event.data.hours) == max(value["value"] for value in told["windGust"]["values"])
