"""Tellings of weather alerts folded into one row a message, and the lines that are copied into the database.

Like the other folds it depends neither on order nor on number: of two tellings of one message the one with the greater version holds. It
talks to nobody, and which alerts hold is decided in `sql/metrics/9_alerts.sql`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from streams.events import WeatherAlert, WeatherAlertEvent

_encode = msgspec.json.Encoder(order="deterministic").encode


class Telling(NamedTuple):
    """One telling of a message."""

    version: str
    source: str
    sent_at: datetime
    data: WeatherAlert


class Alerts:
    """What the events of a batch tell of weather alerts."""

    def __init__(self) -> None:
        self.tellings: dict[str, Telling] = {}

    def __len__(self) -> int:
        return len(self.tellings)

    def add(self, event: WeatherAlertEvent) -> None:
        """Fold one event."""
        telling = Telling(_version(event), event.source, event.time, event.data)
        before = self.tellings.get(event.data.alert_id)
        if before is None or telling.version > before.version:
            self.tellings[event.data.alert_id] = telling

    def clear(self) -> None:
        """Forget all of it."""
        self.tellings.clear()


def _version(event: WeatherAlertEvent) -> str:
    """What decides between two tellings of one message: the one sent later; else any rule that stays the same."""
    digest = blake2b(event.source.encode() + b"\0" + _encode(event.data), digest_size=8).hexdigest()
    return f"{event.time.timestamp():020.6f}{digest}"


def alert_rows(tellings: Iterable[Telling]) -> Iterator[tuple[Any, ...]]:
    """One row a message, in the columns of `alert_batch`; its arrays are JSON."""
    for version, source, sent_at, told in tellings:
        yield (
            told.alert_id, source, sent_at, told.effective_at, told.onset_at, told.expires_at, told.ends_at, told.status, told.message_type,
            told.event, told.severity, told.certainty, told.urgency, told.response, told.headline, told.description, told.instruction,
            told.sender_name, told.area_desc, _json(told.zones), _json(told.refers_to), told.geometry, _json(told.parameters), version,
        )  # fmt: skip


def _json(value: Any) -> str:
    return _encode(value).decode()
