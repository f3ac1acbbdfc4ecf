"""Reads a file of contact volumes, as another system exported them: one row an interval, a total or a queue. It writes no table."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from forecasting.commands.plain_errors import Refused
from forecasting.days import TOTAL, midnight
from sql.csv_files import table
from sql.reference import InvalidFile
from sql.weather_columns import FIRST_DAY, LAST_DAY

DATE_NAMES = ("interval_start", "ds", "date", "day", "datetime", "timestamp", "time", "hour", "start", "starts_at")
MINUTES = (15, 30, 60, 1440)
DAY_MINUTES = 1440
FORMATS = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%Y%m%d")
MOST_LINES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Volumes:
    """A file's counts.

    Attributes:
        frame: one row a queue and interval, in order: `queue` ('*': all), `starts_at` (UTC), `contacts` (float64).
        minutes: how long each interval is; 1440 is a local day.
    """

    frame: pd.DataFrame
    minutes: int


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    queue: str
    when: datetime  # with a zone
    contacts: float


def read(
    path: Path,
    *,
    column: str,
    zone: ZoneInfo,
    date_column: str | None = None,
    queue_column: str | None = None,
    queue: str = TOTAL,
    minutes: int | None = None,
) -> Volumes:
    """Read a CSV file, plain or gzip.

    Args:
        path: The file; its first line names the columns.
        column: The column with the counts. An empty field is an interval that nobody counted.
        zone: The zone of times without an offset. Of a local time that comes twice the first row is the first one.
        date_column: The column with the intervals' starts; None: the first of `DATE_NAMES` that is there.
        queue_column: The column with the queue's name; None: every row is of `queue`.
        queue: '*' is all queues together.
        minutes: How long an interval is; None: as far as the nearest two starts are apart.

    Raises:
        Refused: the file, a column or a row cannot be used; the first lines are named, and nothing of the file is taken.
    """
    rows = _rows(path, column=column, zone=zone, date_column=date_column, queue_column=queue_column, queue=queue)
    length = minutes or _length(path, rows)
    if length not in MINUTES:
        possible = ", ".join(map(str, MINUTES))
        raise Refused(f"{path}: its intervals are {length} minutes long; {possible} (a day) are possible. Say it with --minutes")
    starts = pd.to_datetime([_start(row, length, zone) for row in rows], utc=True)
    frame = pd.DataFrame({"queue": [row.queue for row in rows], "starts_at": starts, "contacts": [row.contacts for row in rows]})
    # Two rows of one hour are the hour that a clock change repeats where the zone of the file has no offset, or two sources: both count.
    frame = frame.groupby(["queue", "starts_at"])["contacts"].sum().reset_index()
    return Volumes(frame, length)


def by_day(volumes: Volumes, zone: ZoneInfo) -> pd.DataFrame:
    """The counts of each local day, of every queue together.

    Returns:
        One row a day from the first to the last, in order: `ds` (datetime64, no time zone), `y` (NaN: nobody counted). A first or last day
        of which less than its hours were counted is left out.
    """
    local = volumes.frame["starts_at"].dt.tz_convert(zone)
    day = local.dt.tz_localize(None).dt.normalize()
    total = volumes.frame["contacts"].groupby(day.to_numpy()).sum()
    if volumes.minutes < DAY_MINUTES and len(total) > 2:
        counted = volumes.frame["starts_at"].groupby(day.to_numpy()).nunique() * volumes.minutes
        part = counted < DAY_MINUTES - 2 * 60
        ends = [at for at in (total.index[0], total.index[-1]) if part[at]]
        total = total.drop(index=ends)
    days = pd.date_range(total.index[0], total.index[-1], name="ds")
    return total.reindex(days).rename("y").reset_index()


def _rows(path: Path, *, column: str, zone: ZoneInfo, date_column: str | None, queue_column: str | None, queue: str) -> list[_Row]:
    try:
        headers, lines = table(path)
    except InvalidFile as error:
        raise Refused(str(error)) from None
    when = date_column or next((name for name in DATE_NAMES for header in headers if header.lower() == name), None)
    when = next((header for header in headers if when is not None and header.lower() == when.lower()), when)
    for name, option in ((when or "a date", "--date-column"), (column, "--column"), (queue_column, "--queue-column")):
        if name is not None and name not in headers:
            raise Refused(f"{path} has no column {name}: it has {', '.join(headers)}. Name one with {option}")
    rows: list[_Row] = []
    wrong: list[str] = []
    for number, fields in lines:
        try:
            count = _count(fields[column])
            if count is not None:
                rows.append(_Row(number, fields[queue_column] if queue_column else queue, _instant(fields[str(when)], zone), count))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f"; and {len(wrong) - MOST_LINES_NAMED} more" if len(wrong) > MOST_LINES_NAMED else ""
        raise Refused(f"{path}: {'; '.join(wrong[:MOST_LINES_NAMED])}{more}. Nothing was taken")
    if not rows:
        raise Refused(f"{path} has no counts in column {column}")
    return rows


def _count(text: str) -> float | None:
    if text.lower() in ("", "na", "n/a", "nan", "null", "none"):
        return None
    try:
        count = float(text.replace(",", ""))
    except ValueError:
        count = -1.0
    if not 0 <= count < float("inf"):
        raise ValueError(f"{text!r} is no count: a number from 0 on is expected")
    return count


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = next((read for form in FORMATS if (read := _by(text, form)) is not None), None)  # type: ignore[assignment]
    if found is None or not FIRST_DAY <= found.date() <= LAST_DAY:
        raise ValueError(f"{text!r} is no time: one such as 2026-01-25 or 2026-01-25T08:30 is expected")
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _by(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 (the zone is the caller's)
    except ValueError:
        return None


def _length(path: Path, rows: list[_Row]) -> int:
    """How far apart the nearest starts of a queue are, in minutes."""
    at = pd.to_datetime([row.when for row in rows], utc=True)
    starts = pd.DataFrame({"queue": [row.queue for row in rows], "at": at}).drop_duplicates()
    apart = starts.sort_values(["queue", "at"]).groupby("queue")["at"].diff().dropna().dt.total_seconds() / 60
    if apart.empty:
        raise Refused(f"{path} has one interval only: say how long it is with --minutes")
    usual = int(apart.median())
    return DAY_MINUTES if usual >= DAY_MINUTES - 60 else usual


def _start(row: _Row, minutes: int, zone: ZoneInfo) -> datetime:
    """The interval's start in UTC; a day begins at the city's midnight, whatever the time of day in the file."""
    if minutes == DAY_MINUTES:
        day: date = row.when.date() if row.when.tzinfo is zone else row.when.astimezone(zone).date()
        return midnight(day, zone).astimezone(UTC)
    at = row.when.astimezone(UTC)
    return at - timedelta(seconds=at.timestamp() % (minutes * 60))
