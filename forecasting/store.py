"""What the forecasts read from the database and write there. It computes nothing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from forecasting.days import TOTAL, day_of, half_hour_of, midnight
from forecasting.demand import PARTS
from forecasting.outlook import MODEL, Days
from forecasting.weather_effects import MEASURES, Numbers
from sql import queries
from sql.queries import statement

PROFILE_DAYS = 3 * 366
LONGEST_SILENCE_DAYS = 60  # a queue without a contact for so long is not forecast
LEAST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Expected:
    """The weather as it was known at an instant.

    Attributes:
        days: one row a day, as `weather_effects.daily` takes it; observed, then forecast.
        issued_at: of the forecast; None: there is none.
        stale: the forecast is older than its cadence allows.
    """

    days: pd.DataFrame
    issued_at: datetime | None
    stale: bool


def histories(connection: Connection, as_of: datetime, zone: ZoneInfo) -> dict[str, pd.DataFrame]:
    """The whole local days of each queue that is still in use, and of all together.

    Returns:
        Queue → one row a day without gaps: `ds` (datetime64), `y` (NaN: not known).
    """
    rows = queries.frame("volume-by-day", connection, as_of=as_of)
    rows = rows[rows["whole"].astype(bool)]
    today = pd.Timestamp(day_of(as_of, zone))
    found = {}
    for queue, counted in rows.groupby("queue"):
        series = counted.set_index(pd.to_datetime(counted["day"]))["contacts"].astype("float64").sort_index()
        if len(series) < LEAST_DAYS or series.index[-1] < today - pd.Timedelta(days=LONGEST_SILENCE_DAYS):
            continue
        days = pd.date_range(series.index[0], today - pd.Timedelta(days=1), name="ds")
        found[str(queue)] = series.reindex(days).rename("y").reset_index()
    return found


def weather(connection: Connection, as_of: datetime) -> Expected:
    """What was measured, and what was forecast, as known at an instant."""
    rows = queries.frame("weather-by-day", connection, as_of=as_of)
    days = rows.assign(day=pd.to_datetime(rows["day"]))[["day", *MEASURES]]
    hours = queries.frame("weather-hours", connection, as_of=as_of)
    if hours.empty:
        return Expected(days, None, stale=False)
    return Expected(days, hours["issued_at"].iloc[0].to_pydatetime(), stale=hours["state"].iloc[0] in ("stale", "unknown"))


def half_hours(connection: Connection, as_of: datetime, zone: ZoneInfo) -> dict[str, pd.DataFrame]:
    """The half hours of whole days of each queue, and of all together: `at` (the city's time), `contacts`."""
    today = midnight(day_of(as_of, zone), zone)
    rows = queries.frame("volume-by-half-hour", connection, **{"from": today - timedelta(days=PROFILE_DAYS), "to": today})
    rows = rows.assign(at=rows["interval_start"].dt.tz_convert(zone))
    found = {str(queue): counted[["at", "contacts"]] for queue, counted in rows.groupby("queue")}
    if found and TOTAL not in found:
        found[TOTAL] = rows.groupby("at")["contacts"].sum().reset_index()
    return found


def today(connection: Connection, as_of: datetime, zone: ZoneInfo) -> pd.DataFrame:
    """The contacts of today's full half hours so far: `queue`, `interval_start`, `contacts`."""
    return queries.frame("volume-by-half-hour", connection, **{"from": midnight(day_of(as_of, zone), zone), "to": half_hour_of(as_of)})


def past(connection: Connection, as_of: datetime) -> pd.DataFrame:
    """The forecasts of a year by the model and the baselines, with what came.

    Returns:
        One row a run, queue, model and day: `queue`, `model`, `origin`, `ds` (datetime64), `lead_days`, `y`, `yhat` and the columns that
        `blend.learned_weights` and `bands.calibrate` take.
    """
    rows = queries.frame("forecast-past", connection, as_of=as_of)
    for name in ("origin", "ds"):
        rows[name] = pd.to_datetime(rows[name])
    numbers = ["y", "yhat", "base", *PARTS, "snow_load", "log_yhat"]
    rows[numbers] = rows[numbers].astype("float64")
    return rows


def write_run(
    connection: Connection,
    *,
    kind: str,
    made_at: datetime,
    first_day: date,
    reason: str,
    data_until: datetime,
    weather: Expected | None = None,
    storms_seen: int = 0,
    notes: Sequence[str] = (),
    seconds: float | None = None,
) -> int:
    """A new row of forecast_run, of which the schema tells the columns; its id. `weather` is what it rests on, if on any forecast."""
    row = {"kind": kind, "made_at": made_at, "first_day": first_day, "reason": reason, "data_until": data_until}
    row |= {"weather_issued_at": weather and weather.issued_at, "weather_stale": weather is not None and weather.stale}
    row |= {"storms_seen": storms_seen, "notes": json.dumps(list(notes)), "seconds": seconds}
    return int(connection.execute(text(statement("write-forecast-run")), row).scalar_one())


def write_days(
    connection: Connection,
    run_id: int,
    wanted: pd.DatetimeIndex,
    queue: str,
    expected: Days,
    baselines: dict[str, Numbers],
    planned: str,
    storm: NDArray[np.bool_],
) -> None:
    """The days of one queue, by the model and by each baseline."""
    rows = []
    for number, day in enumerate(wanted):
        fixed = {"run_id": run_id, "queue": queue, "day": day.date(), "lead_days": number + 1, "storm": bool(storm[number])}
        learned = {name: float(expected.explained.parts[name][number]) for name in PARTS}
        explained = {
            "base": float(expected.explained.base[number]),
            "snow_load": float(expected.explained.snow_load[number]),
            "log_yhat": float(expected.log_yhat[number]),
        }
        told = {"model": MODEL, "yhat": float(expected.yhat[number]), "quantiles": expected.quantiles[number].tolist()}
        rows.append(fixed | told | learned | explained | {"planned": planned == MODEL})
        for name, values in baselines.items():
            if np.isfinite(values[number]):
                nothing = dict.fromkeys(("quantiles", "base", *PARTS, "snow_load", "log_yhat"))
                rows.append(fixed | {"model": name, "yhat": float(values[number]), "planned": planned == name} | nothing)
    connection.execute(text(statement("write-forecast-day")), rows)


def write_intervals(connection: Connection, table: str, key: int, rows: pd.DataFrame) -> None:
    """Half hours of a run (`forecast_interval`) or of a scenario (`scenario_interval`), by COPY."""
    first = {"forecast_interval": "run_id", "scenario_interval": "scenario_id"}[table]
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table} ({first}, queue, interval_start, yhat, quantiles) FROM STDIN") as copy:
        row: Any
        for row in rows.itertuples(index=False):
            copy.write_row((key, row.queue, row.interval_start, row.yhat, np.round(row.quantiles, 4).tolist()))


def execute(connection: Connection, name: str, rows: Iterable[dict[str, Any]] | dict[str, Any]) -> None:
    """A named statement: once with the values of a dict, also an empty one, or for each of many rows."""
    values = rows if isinstance(rows, dict) else list(rows)
    if values or isinstance(rows, dict):
        connection.execute(text(statement(name)), values)
