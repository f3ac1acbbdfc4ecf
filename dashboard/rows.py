"""What the screens read, as typed rows: one class a named query, made from its frame. A missing column is an error that names it.

Missing numbers and times are None here, never NaN, so that nothing behind this module can turn them into a figure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_type_hints

import pandas as pd

ALL_QUEUES = "all"  # the row of queue-now that adds up every queue


class UnexpectedFrame(Exception):
    """A named query answered without a column that the screens need."""


@dataclass(frozen=True, slots=True)
class QueueNow:
    """One queue (or all of them) at an instant; shares are 0 to 1, None is no data."""

    queue: str
    name: str
    channel: str | None
    position: int
    waiting_now: int
    longest_wait_now_seconds: float | None
    lost_track_of: int
    agents_available: int
    offered_30m: int
    answered_30m: int
    abandoned_30m: int
    service_level_30m: float | None
    offered_today: int
    answered_today: int
    abandoned_today: int
    service_level_today: float | None
    abandon_share_today: float | None
    average_speed_of_answer_today_seconds: float | None
    answer_threshold_seconds: float | None
    service_level_target: float | None
    longest_wait_limit_seconds: float | None
    wrap_up_limit_seconds: float | None
    feed: str | None
    feed_as_of: datetime | None
    cadence_seconds: float | None


@dataclass(frozen=True, slots=True)
class AgentNow:
    """One agent who is not offline, in `state` since `since`; `queues` are those served, None is not told."""

    agent_id: str
    state: str
    since: datetime
    source: str | None
    queues: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class LanguageNow:
    """The people who wait and speak one language; None is not told."""

    language: str | None
    waiting_now: int
    longest_wait_now_seconds: float | None


@dataclass(frozen=True, slots=True)
class TrendMinute:
    """The whole city at one past minute."""

    at: datetime
    waiting: float | None
    longest_wait_seconds: float | None
    service_level_30m: float | None
    available: float | None


@dataclass(frozen=True, slots=True)
class UsualNow:
    """What this weekday and time usually brings: 10th and 90th percentiles over `weeks` weeks."""

    offered_so_far: int
    usual_offered_so_far: float | None
    usual_offered_lower: float | None
    usual_offered_upper: float | None
    usual_waiting_lower: float | None
    usual_waiting_upper: float | None
    usual_available_lower: float | None
    usual_available_upper: float | None
    weeks: int


@dataclass(frozen=True, slots=True)
class FeedNow:
    """One source of events, and up to when it has told everything (None: never)."""

    feed: str
    name: str
    topic: str | None
    cadence_seconds: float
    as_of: datetime | None
    newest_event_at: datetime | None
    ingested_at: datetime | None
    events: int
    refused: int


@dataclass(frozen=True, slots=True)
class ConsumerPartition:
    """How far one partition was consumed."""

    topic: str
    partition: int
    next_offset: int
    high_watermark: int | None
    lag_messages: int | None
    lag_seconds: float | None
    newest_event_at: datetime | None
    moved_at: datetime | None
    checked_at: datetime | None
    consumer: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The refused events of one topic that share a reason."""

    topic: str
    reason: str
    refused: int
    oldest_refused_at: datetime | None
    newest_refused_at: datetime | None


@dataclass(frozen=True, slots=True)
class Defect:
    """How many requests have one defect, and what is done with them."""

    defect: str
    requests: int
    share: float | None
    what_is_done: str


@dataclass(frozen=True, slots=True)
class GeocodeSuspect:
    """A point that collects requests of many addresses; `is_known`: it is a default geocode already."""

    lat: float
    long: float
    requests: int
    addresses: int
    share: float | None
    is_known: bool


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    version: str
    description: str | None
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Definition:
    """What one metric means."""

    name: str
    version: str
    unit: str | None
    definition: str


Row = TypeVar("Row")


def read(kind: type[Row], frame: pd.DataFrame) -> tuple[Row, ...]:
    """The rows of a frame as `kind`, in the frame's order; further columns are left out.

    Raises:
        UnexpectedFrame: a column is missing, or a value is missing where there must be one.
    """
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]  # every class is hashable
    missing = [name for name in hints if name not in frame.columns]
    if missing:
        raise UnexpectedFrame(
            f"{kind.__name__} lacks the column {', '.join(missing)}: the database's queries and these screens are not of one version."
        )
    columns = [_column(kind, name, hints[name], frame[name].tolist()) for name in hints]
    return tuple(kind(*values) for values in zip(*columns, strict=True))


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _column(kind: type[Any], name: str, hint: Any, values: Iterable[Any]) -> list[Any]:
    optional = hint not in (str, int, float, bool, datetime)
    plain = hint.__args__[0] if optional else hint
    out = [None if _missing(value) else _plain(plain, value) for value in values]
    if not optional and None in out:
        raise UnexpectedFrame(f"{kind.__name__}: {name} is missing in row {out.index(None) + 1} of {len(out)}.")
    return out


def _missing(value: Any) -> bool:
    return not isinstance(value, list) and bool(pd.isna(value))


def _plain(kind: type[Any], value: Any) -> Any:
    if kind is datetime:
        return pd.Timestamp(value).to_pydatetime()
    return tuple(value) if isinstance(value, list) else kind(value)
