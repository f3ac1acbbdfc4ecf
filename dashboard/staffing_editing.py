"""What a planner changes: schedules, overrides of the forecast, and the weather that is asked about. It writes, and draws nothing.

Every change and its line in the audit are one statement, which also tells the forecasting service: all of it is kept, or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from dashboard.access.changes import written
from dashboard.staffing_upload import Slot
from dashboard.writing import NotKept, words

LARGEST_FACTOR = 20.0
LONGEST_OVERRIDE = timedelta(days=60)
NAME, REASON, FILE = 60, 200, 120  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a person typed; `queue` is "*" for every queue."""

    queue: str
    from_at: datetime
    to_at: datetime
    factor: float
    reason: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A weather to ask about; what does not belong to its kind is None."""

    name: str
    kind: str
    snow_inches: float | None
    gust_mph: float | None
    rain_inches: float | None
    onset_at: datetime
    hours: float


def keep_schedule(slots: Sequence[Slot], file_name: str, who: str) -> int:
    """Keep a whole schedule.

    Returns:
        The number of the upload.

    Raises:
        NotKept: the name is missing.
        NoAnswer: the database is away.
    """
    params = {
        "file_name": words(file_name, "the file's name", FILE),
        "who": words(who, "your name", NAME),
        "queue": [slot.queue for slot in slots],
        "interval_start": [slot.interval_start.astimezone(UTC) for slot in slots],
        "agents": [slot.agents for slot in slots],
    }
    return _number_of(written("write-schedule", params))


def add_override(typed: Override) -> None:
    """Keep an override of the forecast.

    Raises:
        NotKept: something is missing or cannot be.
        NoAnswer: the database is away.
    """
    reason, who = words(typed.reason, "the reason", REASON), words(typed.who, "your name", NAME)
    if typed.to_at <= typed.from_at:
        raise NotKept("Not kept: its end is not after its beginning.")
    if typed.to_at - typed.from_at > LONGEST_OVERRIDE:
        raise NotKept(f"Not kept: it lasts more than {LONGEST_OVERRIDE.days} days. Choose an earlier end.")
    if not 0 < typed.factor <= LARGEST_FACTOR:
        raise NotKept(f"Not kept: {100 * typed.factor:g}% of the forecast. Write more than 0 and at most {100 * LARGEST_FACTOR:g}.")
    params = {"queue": typed.queue, "from": typed.from_at, "to": typed.to_at, "factor": typed.factor, "reason": reason, "who": who}
    written("write-override", params)


def withdraw(override_id: int, who: str) -> None:
    """Withdraw an override that still holds.

    Raises:
        NotKept: the name is missing, or somebody else withdrew it meanwhile.
        NoAnswer: the database is away.
    """
    if written("write-override-withdrawal", {"override_id": override_id, "who": words(who, "your name", NAME)}) is None:
        raise NotKept("Not kept: somebody else has withdrawn it meanwhile.")


def ask_scenario(asked: Asked, who: str) -> int:
    """Ask the forecasting service about a weather; its number, under which the answer will stand.

    Raises:
        NoAnswer: the database is away.
    """
    params = {name: getattr(asked, name) for name in ("name", "kind", "snow_inches", "gust_mph", "rain_inches", "onset_at", "hours")}
    return _number_of(written("write-scenario", params | {"who": who}))


def _number_of(row: Row[Any] | None) -> int:
    return 0 if row is None else int(row[0])
