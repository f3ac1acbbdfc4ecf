"""What a planner changes: schedules, overrides of the forecast, and the weather that is asked about. It writes, and draws nothing.

Every change and its line in the audit are one statement, which also tells the forecasting service: all of it is kept, or nothing.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.data import NoAnswer
from dashboard.editing import NotKept
from dashboard.staffing_upload import Slot
from sql.engine import DatabaseUnavailable, engine, first_line
from sql.queries import statement

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
    return _written("write-schedule", params) or 0


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
    _written("write-override", params)


def withdraw(override_id: int, who: str) -> None:
    """Withdraw an override that still holds.

    Raises:
        NotKept: the name is missing, or somebody else withdrew it meanwhile.
        NoAnswer: the database is away.
    """
    if _written("write-override-withdrawal", {"override_id": override_id, "who": words(who, "your name", NAME)}) is None:
        raise NotKept("Not kept: somebody else has withdrawn it meanwhile.")


def ask_scenario(asked: Asked, who: str) -> int:
    """Ask the forecasting service about a weather; its number, under which the answer will stand.

    Raises:
        NoAnswer: the database is away.
    """
    params = {name: getattr(asked, name) for name in ("name", "kind", "snow_inches", "gust_mph", "rain_inches", "onset_at", "hours")}
    return _written("write-scenario", params | {"who": who}) or 0


def words(typed: str, what: str, longest: int) -> str:
    """What a person typed on one line, without what cannot be seen; in any language.

    Raises:
        NotKept: nothing was typed, or too much.
    """
    categories = ((sign, unicodedata.category(sign)) for sign in typed)
    seen = "".join(" " if category in ("Cc", "Zl", "Zp") else sign for sign, category in categories if category != "Cs")
    kept = " ".join(seen.split())
    if not kept:
        raise NotKept(f"Not kept: {what} is missing.")
    if len(kept) > longest:
        raise NotKept(f"Not kept: {what} has {len(kept)} characters. Write at most {longest}.")
    return kept


def _written(name: str, params: Mapping[str, object]) -> int | None:
    """Run a writing statement; the number of the row that it wrote, None: none."""
    try:
        with engine().begin() as connection:
            row = connection.execute(text(statement(name)), params).first()
            return None if row is None else int(row[0])
    except DatabaseUnavailable as error:
        raise NoAnswer(f"Not kept: {error}") from error
    except SQLAlchemyError as error:
        raise NoAnswer(f"Not kept: the database answered with an error: {first_line(error)}") from error
