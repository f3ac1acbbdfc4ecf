"""One cycle: from what was learned to rows in the database, whole or not at all. `full` for all days, `today` for the rest of this one."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, text

from forecasting import outlook, scenarios, staffing, store
from forecasting.days import HALF_HOUR, TOTAL, day_of, midnight
from forecasting.learning import Learned, weather_ahead
from forecasting.outlook import Days, Weather
from sql import queries
from sql.queries import statement

CHANGE_WORTH_A_NOTE = 0.05
MOST_NOTES = 4
PRIOR_CONTACTS = 200.0  # today's counts correct the rest of today by (200 + seen) ÷ (200 + expected); with 50 it is worse than nothing


def full(connection: Connection, learned: Learned, zone: ZoneInfo, reason: str, began: float, *, afterwards: bool = False) -> int:
    """Write a forecast of all days, with staffing and the scenario without a storm.

    Args:
        connection: In a transaction that the caller commits.
        learned: What is known.
        zone: The city's.
        reason: Why now, in words.
        began: `time.perf_counter()` when the cycle began.
        afterwards: It is made for an instant of the past, to be set beside what came: a hindcast, which no plan is made of.

    Returns:
        The id of the run.
    """
    weather = weather_ahead(learned)
    expected = outlook.days(learned.fitted, learned.days, weather)
    changed = _what_changed(connection, learned, expected, weather)
    rows = outlook.intervals(learned.fitted, expected, learned.days, weather.storm, zone)
    run_id = store.write_run(
        connection,
        kind="hindcast" if afterwards else "full",
        made_at=learned.at,
        first_day=learned.first_day.date(),
        reason=reason,
        data_until=learned.at,
        weather=learned.expected,
        storms_seen=learned.storms_seen,
        notes=[*changed, *learned.notes],
        seconds=time.perf_counter() - began,
    )
    write_days(connection, run_id, learned, expected, weather)
    store.write_intervals(connection, "forecast_interval", run_id, rows)
    _write_without_storm(connection, run_id, learned, zone)
    if afterwards:
        return run_id
    staffing.write(connection, run_id, rows, learned.at)
    today(connection, learned.at, zone, quiet=True)
    staffing.carry(connection, learned.at, zone)
    connection.execute(text("SELECT pg_notify('city311', 'forecast')"))
    return run_id


def write_days(connection: Connection, run_id: int, learned: Learned, expected: dict[str, Days], weather: Weather) -> None:
    """The days of every queue."""
    for queue, days in expected.items():
        one = learned.fitted[queue]
        store.write_days(connection, run_id, learned.days, queue, days, one.baselines, one.planned, weather.storm)


def today(connection: Connection, at: datetime, zone: ZoneInfo, *, quiet: bool = False) -> int | None:
    """Correct the rest of today by what came so far; None where there is nothing to correct.

    Args:
        connection: In a transaction that the caller commits.
        at: Now.
        zone: The city's.
        quiet: Part of a full run: the screens are told by that.
    """
    seen = store.today(connection, at, zone)
    day = day_of(at, zone)
    bounds = {"from": midnight(day, zone), "to": midnight(day + timedelta(days=1), zone)}
    standing = queries.frame("forecast-of-day", connection, **bounds, as_of=at)
    if standing.empty or seen.empty:
        return None
    counted = seen.groupby("queue")["contacts"].sum()
    until = seen["interval_start"].max() + HALF_HOUR
    expected = standing[standing["interval_start"] < until].groupby("queue")["yhat"].sum()
    overall = correction(float(counted.sum()), float(expected.drop(TOTAL, errors="ignore").sum()))
    rest = standing[standing["interval_start"] >= until].copy()
    factors = {TOTAL: overall}
    for queue in rest["queue"].unique():
        if queue != TOTAL:
            factors[queue] = overall * correction(float(counted.get(queue, 0.0)), overall * float(expected.get(queue, 0.0)))
    factor = rest["queue"].map(factors).to_numpy(dtype="float64")
    rest["yhat"] *= factor
    rest["quantiles"] = [np.asarray(values) * by for values, by in zip(rest["quantiles"], factor, strict=True)]
    if rest.empty:
        return None
    hoped = expected.drop(TOTAL, errors="ignore").sum()
    note = (
        f"Today {counted.sum():,.0f} contacts came until {until.tz_convert(zone):%H:%M}, and {hoped:,.0f} were expected: "
        f"the rest of today is taken {100 * (overall - 1):+.0f}%."
    )
    run_id = store.write_run(
        connection,
        kind="today",
        made_at=at,
        first_day=day,
        reason="today's counts so far",
        data_until=until.to_pydatetime(),
        notes=[note],
    )
    store.write_intervals(connection, "forecast_interval", run_id, rest)
    if not quiet:
        staffing.carry(connection, at, zone)
        connection.execute(text("SELECT pg_notify('city311', 'forecast')"))
    return run_id


def correction(seen: float, expected: float) -> float:
    """By what the rest of a day is multiplied."""
    return (PRIOR_CONTACTS + seen) / (PRIOR_CONTACTS + expected)


def _write_without_storm(connection: Connection, run_id: int, learned: Learned, zone: ZoneInfo) -> None:
    scenario_id = int(connection.execute(text(statement("write-scenario-of-run")), {"run_id": run_id}).scalar_one())
    scenarios.answer(connection, scenario_id, run_id, learned, scenarios.without_storm(learned), zone)


def _what_changed(connection: Connection, learned: Learned, expected: dict[str, Days], weather: Weather) -> list[str]:
    """Sentences on the days whose total differs much from the newest run before, the largest first."""
    queue = TOTAL if TOTAL in expected else next(iter(expected))
    before = queries.frame("forecast-newest-days", connection, queue=queue, as_of=learned.at).set_index("day")["yhat"]
    found = []
    for number, day in enumerate(learned.days):
        old, new = before.get(day.date()), float(expected[queue].planned[number])
        if old is None or not old > 0 or abs(new / old - 1) < CHANGE_WORTH_A_NOTE:
            continue
        snow = float(weather.line["snow_inches"][number])
        why = f", with {snow:.1f} in of snow expected" if snow >= 1 else ", a storm day" if weather.storm[number] else ""
        found.append((abs(new / old - 1), f"{day:%a, %b} {day.day}: {100 * (new / old - 1):+.0f}% against the forecast before{why}."))
    return [sentence for _, sentence in sorted(found, reverse=True)[:MOST_NOTES]]
