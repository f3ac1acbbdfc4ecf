"""The watcher's rows: how rules stand, alerts, and the messages that wait to be sent. Only named queries; it decides nothing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select, text

from sql import queries
from sql.queries import statement
from streams.watch.judging import Judged, Key, Standing
from streams.watch.rules import Rule


@dataclass(frozen=True)
class Due:
    """A message that is due, with the alert that it tells of."""

    watch_alert_id: int
    what: str
    receiver: str
    attempts: int
    quiet: bool
    rule: str
    subject: str
    severity: str
    text: str
    value: float | None
    runbook: str
    fired_at: datetime
    cleared_at: datetime | None
    cleared_text: str | None
    beginning_dropped: bool

    @property
    def happened_at(self) -> datetime:
        """When that happened of which it tells."""
        return self.cleared_at if self.what == "cleared" and self.cleared_at else self.fired_at


def take_lock(connection: Connection) -> bool:
    """Become the one watcher until the session of `connection` ends; False: another process is."""
    with connection.begin():
        return bool(connection.execute(text(statement("write-watch-lock"))).scalar_one())


def now(connection: Connection) -> datetime:
    """The instant of the transaction, by the database's clock."""
    found: datetime = connection.execute(select(func.now())).scalar_one()
    return found


def standings(connection: Connection) -> dict[Key, Standing]:
    """How every rule stands with every subject."""
    rows = queries.frame("watch-states", connection).to_dict("records")
    return {
        (row["rule"], row["subject"]): Standing(
            row["state"], _instant(row["since"]), _number(row["value"]), _instant(row["evaluated_at"]), _perhaps(row["fired_at"])
        )
        for row in rows
    }


def write(connection: Connection, judged: Judged, at: datetime, receivers_of: Callable[[Rule], Collection[str]]) -> None:
    """Keep a round: standings, alerts, and who is to be told; all in the transaction of `connection`.

    Args:
        connection: In a transaction.
        judged: What became of the rules.
        at: The instant of the round.
        receivers_of: Who is told of a rule.
    """
    for cleared in judged.cleared:
        _execute(connection, "write-watch-cleared", rule=cleared.rule, subject=cleared.subject, text=cleared.text, at=at)
    for fired in judged.fired:
        rule = fired.rule
        begun = {"rule": rule.name, "subject": fired.subject, "severity": rule.severity, "text": fired.text, "value": fired.value}
        number = connection.execute(text(statement("write-watch-fired")), {**begun, "runbook": rule.runbook, "at": at}).scalar()
        if number is not None:
            _execute(connection, "write-watch-deliveries", watch_alert_id=number, receivers=list(receivers_of(rule)), at=at)
    _write_standings(connection, judged.standings, at)
    if judged.gone:
        rules, subjects = zip(*judged.gone, strict=True)
        _execute(connection, "write-watch-states-gone", rule=list(rules), subject=list(subjects))
    if judged.fired or judged.cleared:
        _execute(connection, "write-watch-told")


def _write_standings(connection: Connection, judged: dict[Key, Standing], at: datetime) -> None:
    columns: dict[str, list[Any]] = {
        "rule": [rule for rule, _ in judged],
        "subject": [subject for _, subject in judged],
        "state": [one.state for one in judged.values()],
        "since": [one.since for one in judged.values()],
        "value": [one.value for one in judged.values()],
    }
    _execute(connection, "write-watch-states", **columns, evaluated_at=at)


def next_due(connection: Connection, receiver: str, at: datetime) -> Due | None:
    """The next message that is due for a receiver; nobody else gets it before the transaction ends."""
    row = connection.execute(text(statement("write-watch-due")), {"receiver": receiver, "at": at}).mappings().first()
    return Due(**row) if row is not None else None


def settle(
    connection: Connection,
    due: Due,
    *,
    attempts: int,
    quiet: bool,
    not_before: datetime | None = None,
    sent_at: datetime | None = None,
    dropped_at: datetime | None = None,
    error: str | None = None,
) -> None:
    """Write down what became of a message."""
    key = {"watch_alert_id": due.watch_alert_id, "what": due.what, "receiver": due.receiver}
    became = {"attempts": attempts, "quiet": quiet, "not_before": not_before, "sent_at": sent_at, "dropped_at": dropped_at, "error": error}
    _execute(connection, "write-watch-settled", **key, **became)


def drop_receivers_gone(connection: Connection, receivers: Collection[str], at: datetime) -> list[str]:
    """Drop what waits for anybody else than `receivers`; the names of those who are no more."""
    found = connection.execute(text(statement("write-watch-receivers-gone")), {"receivers": list(receivers), "at": at})
    return sorted({row.receiver for row in found})


def _execute(connection: Connection, name: str, **params: Any) -> None:
    connection.execute(text(statement(name)), params)


def _instant(value: pd.Timestamp) -> datetime:
    return value.to_pydatetime()


def _perhaps(value: Any) -> datetime | None:
    return None if pd.isna(value) else _instant(value)


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
