"""Which column of a weather table is which measure, and in which unit: by names as weather services and people write them. No I/O.

It never guesses at values: what the names leave open is for `sql.weather_files` to ask for.
"""

import re
from datetime import date
from typing import Literal, NamedTuple, get_args

Units = Literal["us", "metric"]
SYSTEMS: tuple[Units, ...] = get_args(Units)

FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)  # on which anybody can have measured; any other is a slip of the pen
DAY_NAMES = ("date", "day", "ds", "datetime", "time", "local_day", "valid_date", "observation_date")
# Of several names that a file has, the first one counts that has values.
NAMES: dict[str, tuple[str, ...]] = {
    "snow_mm": ("snow", "snowfall", "snow_fall", "new_snow", "fresh_snow", "snowfall_sum", "snowfall_amount", "total_snow", "snow_total"),
    "snow_depth_mm": ("snow_depth", "snwd", "snowdepth", "depth_of_snow", "snow_on_ground", "snow_on_the_ground"),
    "precipitation_mm": (
        *("precipitation", "prcp", "precip", "precipitation_sum", "precipitation_amount", "total_precipitation"),
        *("rain", "rainfall", "rain_sum"),
    ),
    "temperature_max_celsius": (
        *("temperature_max", "tmax", "temp_max", "max_temp", "tempmax", "max_temperature", "maximum_temperature", "temperature_2m_max"),
        *("t_max", "high", "temp_high", "high_temp"),
    ),
    "temperature_min_celsius": (
        *("temperature_min", "tmin", "temp_min", "min_temp", "tempmin", "min_temperature", "minimum_temperature", "temperature_2m_min"),
        *("t_min", "low", "temp_low", "low_temp"),
    ),
    "wind_kmh": (
        *("wind", "awnd", "avg_wind_spd", "avg_wind_speed", "average_wind_speed", "mean_wind_speed", "avg_wind", "wind_avg", "wind_mean"),
        *("wind_speed", "windspeed", "wind_spd", "wspd", "wind_speed_10m_mean"),
    ),
    "gust_kmh": (
        *("gust", "wsfg", "wsf5", "wind_gust", "windgust", "gusts", "wind_gusts", "max_gust", "gust_max", "peak_gust", "wind_gust_max"),
        *("max_wind_gust", "wind_gusts_10m_max", "wpgt", "max_wind_spd", "max_wind_speed", "max_wind", "wind_max", "wind_speed_max"),
        *("wind_speed_10m_max", "wsf2"),
    ),
}
MEASURES = tuple(NAMES)
NAMES_OF_NOAA = frozenset(("awnd", "wsfg", "wsf5", "wsf2"))  # whose metric wind is in m/s


class Unit(NamedTuple):
    """A unit: metric value = value × factor + offset; the system is None where people of both use it."""

    symbol: str
    factor: float
    offset: float = 0.0
    system: Units | None = None


_INCH, _MM, _CM = Unit("in", 25.4, 0.0, "us"), Unit("mm", 1.0, 0.0, "metric"), Unit("cm", 10.0, 0.0, "metric")
_FAHRENHEIT, _CELSIUS = Unit("°F", 5 / 9, -160 / 9, "us"), Unit("°C", 1.0, 0.0, "metric")
_MPH, _KMH = Unit("mph", 1.609344, 0.0, "us"), Unit("km/h", 1.0, 0.0, "metric")
_METRES_A_SECOND, _KNOTS = Unit("m/s", 3.6, 0.0, "metric"), Unit("kn", 1.852)
_AMOUNTS = {
    **dict.fromkeys(("in", "inch", "inches"), _INCH),
    **dict.fromkeys(("mm", "millimeters", "millimetres"), _MM),
    **dict.fromkeys(("cm", "centimeters", "centimetres"), _CM),
}
_TEMPERATURES = {
    **dict.fromkeys(("f", "degf", "deg_f", "fahrenheit", "degrees_fahrenheit"), _FAHRENHEIT),
    **dict.fromkeys(("c", "degc", "deg_c", "celsius", "degrees_celsius"), _CELSIUS),
}
_SPEEDS = {
    **dict.fromkeys(("mph", "mi_h", "miles_per_hour"), _MPH),
    **dict.fromkeys(("kmh", "km_h", "kph", "kilometers_per_hour"), _KMH),
    **dict.fromkeys(("ms", "m_s", "mps", "meters_per_second"), _METRES_A_SECOND),
    **dict.fromkeys(("kn", "kt", "kts", "knots"), _KNOTS),
}


class Column(NamedTuple):
    """A recognised column.

    Attributes:
        header: as the file writes it.
        name: as it is known, without the unit.
        unit: as the header says it; None: it does not.
    """

    header: str
    name: str
    unit: Unit | None


def units_of(measure: str) -> dict[str, Unit]:
    """How the units of a measure are written at the end of a header."""
    if measure.endswith("_celsius"):
        return _TEMPERATURES
    return _SPEEDS if measure.endswith("_kmh") else _AMOUNTS


def unit_of(measure: str, name: str, system: Units) -> Unit:
    """The unit that a system uses for a measure whose header says none."""
    if measure.endswith("_celsius"):
        return _FAHRENHEIT if system == "us" else _CELSIUS
    if measure.endswith("_kmh"):
        return _MPH if system == "us" else _METRES_A_SECOND if name in NAMES_OF_NOAA else _KMH
    return _INCH if system == "us" else _MM


def plain(header: str) -> str:
    """A header without case, blanks and signs: `Snow depth (in)` is `snow_depth_in`."""
    return re.sub(r"[^a-z0-9]+", "_", header.replace("°", "").lower()).strip("_")


def day_column(headers: list[str]) -> str | None:
    """The column of the day, None if there is none."""
    known = {plain(header): header for header in reversed(headers)}
    return next((known[name] for name in DAY_NAMES if name in known), None)


def candidates(measure: str, headers: list[str]) -> list[Column]:
    """The columns that can be a measure, the best first."""
    suffixes = units_of(measure)
    found = [column for header in headers if (column := _column(header, NAMES[measure], suffixes)) is not None]
    return sorted(found, key=lambda column: NAMES[measure].index(column.name))


def _column(header: str, names: tuple[str, ...], suffixes: dict[str, Unit]) -> Column | None:
    text = plain(header)
    if text in names:
        return Column(header, text, None)
    for suffix, unit in suffixes.items():
        if text.endswith(f"_{suffix}") and text.removesuffix(f"_{suffix}") in names:
            return Column(header, text.removesuffix(f"_{suffix}"), unit)
    return None
