"""Reads a table of a weather station's days, as weather services publish them, into metric columns. It writes no table.

    read(path: Path, *, units: Literal["us", "metric"] | None = None) -> pandas.DataFrame

gives one row a local day, in order, with the columns of the table `weather_day`: `day` (datetime64, no time zone), `snow_mm`,
`snow_depth_mm`, `precipitation_mm`, `temperature_max_celsius`, `temperature_min_celsius`, `wind_kmh`, `gust_kmh` (float64, NaN: not known).
A file is taken whole or refused whole with `InvalidFile`, which names the lines.
"""

import math
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from sql.csv_files import Row, table
from sql.reference import InvalidFile
from sql.weather_columns import FIRST_DAY, LAST_DAY, MEASURES, NAMES, SYSTEMS, Column, Unit, Units, candidates, day_column, plain, unit_of

DAY_FORMATS = ("%Y%m%d", "%m/%d/%Y", "%m/%d/%y")
MISSING = frozenset(("", "m", "na", "n/a", "nan", "null", "none", "-", "--", "-9999", "-9999.0", "9999", "9999.0", "99.99", "999.9"))
TRACE = frozenset(("t", "trace"))  # of snow or rain: more than nothing, less than can be measured
# Metric; beyond these no station on earth has measured, so the unit or the column must be another.
RANGES = {
    "snow_mm": (0, 3_000),
    "snow_depth_mm": (0, 15_000),
    "precipitation_mm": (0, 2_000),
    "temperature_max_celsius": (-95, 60),
    "temperature_min_celsius": (-95, 60),
    "wind_kmh": (0, 330),
    "gust_kmh": (0, 420),
}
WARMEST_CITY_CELSIUS = 50.0
DAYS_OF_A_YEAR_IN_FAHRENHEIT = 200  # of so many days one is warmer than 50 °F, wherever people live
MOST_LINES_NAMED = 5


def read(path: Path, *, units: Units | None = None) -> pd.DataFrame:
    """The days of a station's file.

    Columns are known by many names (`sql.weather_columns`), in any case, with or without a unit at their end: `snow`, `SNOW`, `snow_in`,
    `Snowfall (cm)`, `tmax_f`, `awnd_mph`, `WSF5`. Further columns do no harm. Where names do not say a unit, `units` does; without it
    those that do say one, and where none does the temperatures.

    Args:
        path: A CSV file with a header, plain or gzip.
        units: `us` (inches, °F, mph) or `metric` (mm, °C, km/h; NOAA's own AWND and WSF in m/s), of columns that do not say theirs.

    Returns:
        One row a local day, ascending, days that are not in the file left out; columns as the module says. `attrs["recognised"]` is
        measure → header of the file, `attrs["missing"]` the measures that it has not.

    Raises:
        InvalidFile: it cannot be read, has no column of days or none of weather, or rows that cannot be right (the first lines are named).
    """
    headers, rows = table(path)
    if not rows:
        raise InvalidFile(f"{path} has no rows: a header and one row a day are expected")
    day_header = day_column(headers)
    found = {measure: _with_values(candidates(measure, headers), rows) for measure in MEASURES}
    columns = {measure: column for measure, column in found.items() if column is not None}
    if day_header is None or not columns:
        raise InvalidFile(_not_recognised(path, headers, day_header, columns))
    system = units or _system(path, columns, rows)
    measured = {measure: column.unit or unit_of(measure, column.name, system) for measure, column in columns.items()}
    frame = _frame(path, rows, day_header, columns, measured)
    frame.attrs = {
        "recognised": {measure: column.header for measure, column in columns.items()},
        "missing": [measure for measure in MEASURES if measure not in columns],
    }
    return frame


def _with_values(columns: list[Column], rows: list[Row]) -> Column | None:
    """The first column that says anything; of columns that are all empty the first."""
    for column in columns:
        if any(row.fields[column.header].lower() not in MISSING for row in rows):
            return column
    return columns[0] if columns else None


def _not_recognised(path: Path, headers: list[str], day_header: str | None, columns: dict[str, Column]) -> str:
    recognised = [f"{column.header} as {measure}" for measure, column in columns.items()]
    recognised += [f"{day_header} as the day"] if day_header else []
    missing = [f"{measure} ({', '.join(NAMES[measure][:3])}, …)" for measure in MEASURES if measure not in columns]
    missing = ["the day (date, day, ds)", *missing] if day_header is None else missing
    return (
        f"{path}: a column of days and at least one of weather are needed. Recognised: {', '.join(recognised) or 'nothing'}. "
        f"Missing: {', '.join(missing)}. The file has {', '.join(headers)}"
    )


def _system(path: Path, columns: dict[str, Column], rows: list[Row]) -> Units:
    """The system of those columns that do not say their unit: that of the others, else the one in which the temperatures can be."""
    open_columns = [column for column in columns.values() if column.unit is None]
    said = {column.unit.system for column in columns.values() if column.unit is not None and column.unit.system is not None}
    if not open_columns:
        return "metric"
    if len(said) == 1:
        return said.pop()
    highest = columns.get("temperature_max_celsius") or columns.get("temperature_min_celsius")
    if not said and highest is not None:
        values = [value for row in rows if (value := _number(row.fields[highest.header])) is not None]
        if values and max(values) > WARMEST_CITY_CELSIUS:
            return "us"
        if len(values) >= DAYS_OF_A_YEAR_IN_FAHRENHEIT:
            return "metric"
    names = ", ".join(column.header for column in open_columns)
    raise InvalidFile(f"{path}: in which units are {names}? Say it with --units {' or '.join(SYSTEMS)}")


def _frame(path: Path, rows: list[Row], day_header: str, columns: dict[str, Column], measured: dict[str, Unit]) -> pd.DataFrame:
    wrong: list[str] = []
    lines: dict[date, int] = {}
    values: dict[str, list[float]] = {measure: [] for measure in MEASURES}
    for row in rows:
        try:
            day = _day(row.fields[day_header], day_header)
            if day in lines:
                raise ValueError(f"a second row of {day} (the first is line {lines[day]}); keep one station's rows")
            found = {measure: _value(row, column, measure, measured[measure]) for measure, column in columns.items()}
        except ValueError as error:
            wrong.append(f"line {row.line}: {error}")
            continue
        lines[day] = row.line
        for measure in MEASURES:
            values[measure].append(found.get(measure, math.nan))
    if wrong:
        more = f"; and {len(wrong) - MOST_LINES_NAMED} more" if len(wrong) > MOST_LINES_NAMED else ""
        raise InvalidFile(f"{path}: {'; '.join(wrong[:MOST_LINES_NAMED])}{more}. Nothing was loaded")
    days = pd.Series(list(lines), dtype="datetime64[ns]")
    frame = pd.DataFrame({"day": days} | {name: pd.Series(value, dtype="float64") for name, value in values.items()})
    return frame.sort_values("day", ignore_index=True)


def _day(text: str, header: str) -> date:
    """A day as ISO 8601 (a time after it is read over) or as Americans write it."""
    day = _written_day(text)
    if day is not None and FIRST_DAY <= day <= LAST_DAY:
        return day
    raise ValueError(f"{header} is {text!r}; a day such as 2026-01-25 or 1/25/2026 is expected")


def _written_day(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        pass
    for form in DAY_FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and text.lower() not in MISSING else None


def _value(row: Row, column: Column, measure: str, unit: Unit) -> float:
    """The value of a field in the measure's metric unit, NaN when it is missing."""
    text = row.fields[column.header]
    if text.lower() in MISSING:
        return math.nan
    if text.lower() in TRACE and measure in ("snow_mm", "snow_depth_mm", "precipitation_mm"):
        return 0.0
    number = _number(text)
    if number is None:
        raise ValueError(f"{column.header} is {text!r}; a number is expected")
    value = number * unit.factor + unit.offset
    least, largest = RANGES[measure]
    if not least <= value <= largest:
        raise ValueError(f"{column.header} is {text} {unit.symbol}; that cannot be {plain(measure)}: is the unit another?")
    return round(value, 4)
