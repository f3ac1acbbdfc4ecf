"""The last good figures, kept on disk every few seconds: a start without a database begins from them. It asks no database.

Kept are figures, and the hashes of displays' tokens, so that walls are let in; no agent's id, nothing of the activity log. A file of
another version of the screens, of another city, or one that cannot be read is left aside with a line in the log.
"""

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd

from dashboard.ahead import Ahead
from dashboard.by_hand import ByHand
from dashboard.emergency_rows import Emergency
from dashboard.rows import Definition, Display
from dashboard.snapshot import History, Live, Snapshot
from sql.settings import settings
from sql.whole_file import write_whole

log = logging.getLogger(__name__)

FILE = "last_good.msgpack"
EVERY_SECONDS = 10.0
NOBODY = "agent"  # stands for every agent's id


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a snapshot is worth keeping."""

    city: str
    zone: str
    live: Live
    history: History | None
    ahead: Ahead | None
    emergency: Emergency | None
    by_hand: tuple[ByHand, ...]
    displays: tuple[Display, ...] | None
    definitions: Mapping[str, Definition]

    def parts(self) -> dict[str, Any]:
        """The parts of a snapshot by name."""
        names = ("live", "history", "ahead", "emergency", "by_hand", "displays", "definitions")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class _Frame:
    """A data frame as it lies in the file: its columns with their types and values."""

    columns: list[str]
    types: list[str]
    values: list[list[Any]]


class Keeper:
    """Writes the newest good snapshot, not more often than every EVERY_SECONDS."""

    def __init__(self) -> None:
        self._due = 0.0
        self._newest: datetime | None = None
        self._failed = False

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot whose figures were read since the last time; a folder that takes none is told once."""
        live = snapshot.live
        if live is None or snapshot.trouble or live.at == self._newest or time.monotonic() < self._due:
            return
        self._due, self._newest = time.monotonic() + EVERY_SECONDS, live.at
        try:
            settings().state_dir.mkdir(parents=True, exist_ok=True)
            write_whole(settings().state_dir / FILE, packed(snapshot))
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("the last good figures cannot be kept in %s: %s", settings().state_dir, error.strerror)
            self._failed = True


def packed(snapshot: Snapshot) -> bytes:
    """The file of a snapshot that has live figures."""
    live, storm = snapshot.live, snapshot.emergency
    assert live is not None
    nameless = replace(live, agents=tuple(replace(agent, agent_id=NOBODY) for agent in live.agents))
    kept = Kept(
        city=snapshot.city,
        zone=snapshot.zone.key,
        live=nameless,
        history=snapshot.history,
        ahead=snapshot.ahead,
        emergency=None if storm is None else replace(storm, log=()),
        by_hand=snapshot.by_hand,
        displays=snapshot.displays,
        definitions=snapshot.definitions,
    )
    return _schema() + msgspec.msgpack.encode(kept, enc_hook=_encoded)


def read(snapshot: Snapshot) -> Kept | None:
    """What was kept last of this city; None: nothing that can be used.

    Args:
        snapshot: that of the start, which says which city it is.
    """
    file = settings().state_dir / FILE
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("the last good figures in %s cannot be read: %s", file, error.strerror)
        return None
    schema = _schema()
    if not content.startswith(schema):
        log.warning("%s is of another version of the screens: its figures are left aside", file)
        return None
    try:
        kept = msgspec.msgpack.decode(content[len(schema) :], type=Kept, dec_hook=_decoded)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, IndexError) as error:
        log.warning("%s is damaged: its figures are left aside (%s)", file, error)
        return None
    if (kept.city, kept.zone) != (snapshot.city, snapshot.zone.key):
        log.warning("%s is of %s, not of %s: its figures are left aside", file, kept.city, snapshot.city)
        return None
    return kept


def _schema() -> bytes:
    """What the file's classes look like: another version of the screens has another one."""
    shape = msgspec.json.schema(Kept, schema_hook=lambda kind: {"title": kind.__name__})
    return hashlib.sha256(msgspec.json.encode(shape)).digest()


def _encoded(value: Any) -> Any:
    if not isinstance(value, pd.DataFrame):
        raise NotImplementedError(f"{type(value).__name__} is not kept")
    columns = [value[name] for name in value.columns]
    values = [[None if not isinstance(one, (list, dict)) and pd.isna(one) else _plain(one) for one in column] for column in columns]
    return _Frame([str(name) for name in value.columns], [str(column.dtype) for column in columns], values)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _decoded(kind: type, value: Any) -> Any:
    if kind is not pd.DataFrame:
        raise NotImplementedError(f"{kind.__name__} is not kept")
    found = msgspec.convert(value, _Frame)
    columns = dict(zip(found.columns, found.values, strict=True))
    types: dict[str, Any] = dict(zip(found.columns, found.types, strict=True))
    frame = pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in columns.items()}, columns=pd.Index(found.columns))
    for name, kind_ in types.items():
        frame[name] = pd.to_datetime(frame[name], utc=True).astype(kind_) if kind_.startswith("datetime") else frame[name].astype(kind_)
    return frame
