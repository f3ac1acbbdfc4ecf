"""Reads the National Weather Service's gridpoint forecasts: one answer of api.weather.gov, a JSON object, becomes one issue. No I/O.

Layers come in intervals of any length; they are spread over hours: amounts divided, levels repeated. An issue is known by its grid and the
service's own update time, so the same issue served again is the same event. What else the service sends is read over.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from streams import events
from streams.sources import LONG_AGO, Envelopes, Horizon, Unreadable, shown, utc_now
from streams.sources.open311 import document

CADENCE_SECONDS = 6 * 3600.0  # offices issue several times a day; after two of these the forecast is late, after five stale
HOUR = timedelta(hours=1)
LONGEST_REACH = timedelta(days=16)
GRID = re.compile(r"[A-Z]{3}/\d{1,4},\d{1,4}")
_DURATION = re.compile(r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?")

Interval = tuple[datetime, datetime]


class Layer(NamedTuple):
    """One layer of the answer.

    Attributes:
        name: as the service calls it.
        is_amount: it is divided over its hours; otherwise every hour has it.
        least, largest: what it can be.
    """

    name: str
    is_amount: bool
    least: float
    largest: float


LAYERS = {
    "temperature_celsius": Layer("temperature", False, -100, 70),
    "snow_mm": Layer("snowfallAmount", True, 0, 20_000),
    "precipitation_mm": Layer("quantitativePrecipitation", True, 0, 20_000),
    "wind_kmh": Layer("windSpeed", False, 0, 500),
    "gust_kmh": Layer("windGust", False, 0, 500),
}
# How the service writes units, without what stands before the colon: value × factor + offset is ours.
UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "celsius": {"degC": (1, 0), "degF": (5 / 9, -160 / 9), "K": (1, -273.15)},
    "mm": {"mm": (1, 0), "cm": (10, 0), "m": (1000, 0), "in": (25.4, 0), "[in_i]": (25.4, 0), "kg_m-2": (1, 0)},
    "kmh": {"km_h-1": (1, 0), "m_s-1": (3.6, 0), "kt": (1.852, 0), "kn": (1.852, 0), "mi_h-1": (1.609344, 0)},
}


class NwsForecast:
    """The forecasts of api.weather.gov. It remembers nothing from one answer to the next."""

    def __init__(self, name: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            clock: now; a forecast issued more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = f"Forecast {name.removeprefix('nws/')}"[:100]
        self.ignored: Counter[str] = Counter()
        self._horizon = Horizon(clock)
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of one answer; blanks have none."""
        line = line.strip()
        if not line:
            return []
        try:
            told = properties(line)
            issued_at = self._horizon.check(_instant(told.get("updateTime"), "updateTime"), "updateTime")
            forecast = events.WeatherForecast(grid_of(told), _hours(told))
        except Unreadable as error:
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at)
        self._last_at = max(self._last_at, issued_at)
        return self._envelopes.seal(f"{forecast.grid} {issued_at.isoformat()}".encode(), [(forecast, issued_at)])

    def recognises(self, line: bytes) -> bool:
        """Whether it is an answer with a grid and an update time."""
        try:
            told = properties(line.strip())
        except Unreadable:
            return False
        return "gridId" in told and "updateTime" in told

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""


def properties(line: bytes) -> dict[str, Any]:
    """What an answer says: the properties of a GeoJSON feature, or the object itself, as JSON-LD has it.

    Raises:
        Unreadable: it is no JSON object.
    """
    whole = document(line)
    inner = whole.get("properties")
    return inner if isinstance(inner, dict) else whole


def grid_of(told: dict[str, Any]) -> str:
    """The grid square that the answer is of, `OFFICE/X,Y`.

    Raises:
        Unreadable: it does not say.
    """
    grid = f"{told.get('gridId')}/{told.get('gridX')},{told.get('gridY')}"
    if not GRID.fullmatch(grid):
        raise Unreadable(f"gridId, gridX, gridY are {shown(grid)}: an office and two numbers are expected")
    return grid


def interval(text: Any) -> Interval:
    """The instants between which a value holds: `2024-02-20T11:00:00+00:00/PT6H`, or with another time after the slash.

    Raises:
        Unreadable: it is none, or has no length.
    """
    start, slash, end = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not slash:
        raise Unreadable(
            f"validTime is {_quoted(text)}: a time, a slash and a duration are expected, such as 2024-02-20T11:00:00+00:00/PT6H"
        )
    try:
        begins = _instant(start, "validTime")
        ends = begins + _duration(end) if end.startswith("P") else _instant(end, "validTime")
    except OverflowError:
        raise Unreadable(f"validTime is {_quoted(text)}: it reaches beyond the calendar") from None
    if ends <= begins:
        raise Unreadable(f"validTime is {_quoted(text)}: it has no length")
    return begins, ends


def _duration(text: str) -> timedelta:
    """A duration of weeks, days, hours, minutes and seconds, as ISO 8601 writes it; months and years have no fixed length."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise Unreadable(f"validTime lasts {shown(text)}: a duration such as PT6H, P1D or P7DT14H is expected")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _instant(value: Any, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None and at.tzinfo is not None and LONG_AGO < (at := at.astimezone(UTC)) <= events.LATEST:
            return at
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"{field} is {_quoted(value)}: an ISO 8601 time with an offset, after 1970, is expected")


def _hours(told: dict[str, Any]) -> tuple[events.ForecastHour, ...]:
    """The hours of all layers, in order.

    Raises:
        Unreadable: a layer is broken or in an unknown unit, or none has a value.
    """
    series = {field: _by_hour(layer, told.get(layer.name), field.rpartition("_")[2]) for field, layer in LAYERS.items()}
    starts = sorted(set().union(*series.values()))
    if not starts:
        raise Unreadable(f"there is nothing in it: none of {', '.join(layer.name for layer in LAYERS.values())} has a value")
    if starts[-1] - starts[0] >= LONGEST_REACH:
        raise Unreadable(
            f"it tells of {starts[0]:%Y-%m-%dT%H:%MZ} to {starts[-1]:%Y-%m-%dT%H:%MZ}: more than {LONGEST_REACH.days} days cannot be right"
        )
    return tuple(events.ForecastHour(start, **{field: values.get(start) for field, values in series.items()}) for start in starts)


def _by_hour(layer: Layer, told: Any, measure: str) -> dict[datetime, float]:
    """What a layer says of each hour: of an amount the sum of its parts, of a level the mean weighted by how much of the hour it holds."""
    sums: dict[datetime, float] = defaultdict(float)
    covered: dict[datetime, float] = defaultdict(float)
    for (begins, ends), value in _values(layer, told, measure):
        for start, share_of_hour in _spread(begins, ends):
            sums[start] += value * (share_of_hour * (HOUR / (ends - begins)) if layer.is_amount else share_of_hour)
            covered[start] += share_of_hour
    return {start: round(total if layer.is_amount else total / covered[start], 6) for start, total in sums.items()}


def _values(layer: Layer, told: Any, measure: str) -> Iterator[tuple[Interval, float]]:
    """The intervals of a layer that have a value, in our unit."""
    values = told.get("values") if isinstance(told, dict) else None
    if not values:
        return
    if not isinstance(values, list):
        raise Unreadable(f"{layer.name} has no list of values")
    unit = str(told.get("uom"))
    conversion = UNITS[measure].get(unit.rpartition(":")[2])
    if conversion is None:
        raise Unreadable(f"{layer.name} is in {shown(unit)}: one of {', '.join(UNITS[measure])} is expected")
    factor, offset = conversion
    for one in values:
        value = one.get("value") if isinstance(one, dict) else one
        if isinstance(one, dict) and value is None:
            continue
        if not isinstance(one, dict) or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Unreadable(f"{layer.name} has the value {_quoted(value)}: a number is expected")
        ours = max(-1e9, min(value, 1e9)) * factor + offset
        if not layer.least <= ours <= layer.largest:
            raise Unreadable(f"{layer.name} is {value} {unit}: that cannot be right")
        yield interval(one.get("validTime")), ours


def _spread(begins: datetime, ends: datetime) -> Iterator[tuple[datetime, float]]:
    """The hours that an interval touches, each with the part of it that the interval covers."""
    if ends - begins > LONGEST_REACH:
        raise Unreadable(f"validTime lasts {ends - begins}: more than {LONGEST_REACH.days} days cannot be right")
    start = begins.replace(minute=0, second=0, microsecond=0)
    while start < ends:
        yield start, (min(ends, start + HOUR) - max(begins, start)) / HOUR
        start += HOUR


def _quoted(value: Any) -> str:
    """A value as it is quoted in a reason."""
    return shown(value) if isinstance(value, str) else shown(msgspec.json.encode(value))
