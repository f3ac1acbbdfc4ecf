"""A city with a past to forecast from: 400 days of counts by half hour, which fall on a snow day and rise after it, and their weather."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import psycopg

DAYS = 400
SNOW_DAYS = (60, 130, 380)  # days before today
WEEKDAY_CONTACTS = 600.0


def fill(connection: psycopg.Connection[Any], now: datetime, zone: ZoneInfo, queues: Mapping[str, float], *, station: str = "") -> None:
    """Write the counts until `now` and the weather until yesterday, the same every time.

    Args:
        connection: to a migrated database; the caller commits.
        now: the end of the counts.
        zone: the city's.
        queues: each with its share of the contacts.
        station: whose weather it is.
    """
    rng = np.random.default_rng(311)
    today = pd.Timestamp(now.astimezone(zone).date())
    for number, queue in enumerate(queues):
        connection.execute("INSERT INTO queue (queue, name, position) VALUES (%s, %s, %s)", (queue, queue, number))
    imported = connection.execute("INSERT INTO volume_import (file_name, imported_by) VALUES ('f', 't') RETURNING import_id").fetchone()
    assert imported
    with connection.cursor() as cursor, cursor.copy("COPY volume (queue, starts_at, minutes, contacts, import_id) FROM STDIN") as copy:
        for before in range(DAYS, -1, -1):
            day = today - timedelta(days=before)
            level = WEEKDAY_CONTACTS * (0.5 if day.day_of_week >= 5 else 1.0) * _snow_effect(before)
            starts = pd.date_range(day.tz_localize(zone), (day + timedelta(days=1)).tz_localize(zone), freq="30min", inclusive="left")
            shape = np.exp(-(((np.asarray(starts.hour) * 2 - 26) / 9.0) ** 2)) + 0.05
            for queue, share in queues.items():
                for start, mean in zip(starts, level * share * shape / shape.sum(), strict=True):
                    if start < pd.Timestamp(now):
                        copy.write_row((queue, start.to_pydatetime(), 30, int(rng.poisson(mean)), imported[0]))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO weather_day (station, day, snow_mm, precipitation_mm, temperature_max_celsius, temperature_min_celsius, wind_kmh, source)"
            " VALUES (%s, %s, %s, 0, %s, %s, 10, 'file')",
            [
                (station, (today - timedelta(days=n)).date(), 200.0 if n in SNOW_DAYS else 0.0, _warmest(n), _warmest(n) - 6)
                for n in range(1, DAYS + 1)
            ],
        )


def _warmest(before: int) -> float:
    return 8.0 - 6 * float(np.cos(2 * np.pi * before / 365))


def _snow_effect(before: int) -> float:
    since = [snow - before for snow in SNOW_DAYS if 0 <= snow - before <= 1]
    return 1.0 if not since else (0.6, 1.8)[min(since)]
