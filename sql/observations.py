"""Loads the days that a weather station measured from its file. Loading again changes only what differs; nothing is deleted."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, text

from sql.queries import statement
from sql.weather_columns import MEASURES, Units
from sql.weather_files import read

LONGEST_NAME = 100


class Loaded(NamedTuple):
    """What a loading did.

    Attributes:
        days: in the file.
        changed: of these, new or other than before.
        missing: the measures that the file has not; what was known of them stays.
    """

    days: int
    changed: int
    missing: list[str]


def load(path: Path, connection: Connection, *, station: str, units: Units | None = None) -> Loaded:
    """Load a station's file; what a person loads goes before what feeds tell.

    Args:
        path: A CSV file: see `sql.weather_files.read`.
        connection: Open, in a transaction that the caller commits.
        station: The name under which its days are kept.
        units: Of columns that do not say theirs.

    Raises:
        InvalidFile: it cannot be read, or a row is wrong; nothing was loaded.
    """
    frame = read(path, units=units)
    missing: list[str] = frame.attrs["missing"]
    told = {measure: [None if pd.isna(value) else value for value in frame[measure]] for measure in MEASURES}
    changed = connection.execute(
        text(statement("write-observations")),
        {
            "station": station,
            "source": path.name,
            "day": [day.date() for day in frame["day"]],
            "columns": [measure for measure in MEASURES if measure not in missing],
            **told,
        },
    ).rowcount
    return Loaded(len(frame), changed, missing)
