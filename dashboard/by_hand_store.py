"""Keeps what people tell of queues by hand: in the database, or, while that is away, in the folder of state, from where it comes later.

A lost database is when such entries are needed most. Each entry waits as a file of its own, so that none is lost or kept twice when several
processes share the folder, or one is killed half-way.
"""

import logging
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from dashboard import data
from dashboard.by_hand import ByHand, newest
from dashboard.rows import read
from dashboard.writing import execute
from sql.queries import frame
from sql.settings import settings
from sql.whole_file import write_whole

log = logging.getLogger(__name__)

FOLDER, ENDING = "by_hand", ".json"
MOST_WAITING = 500

_told_here: dict[str, ByHand] = {}  # by queue: a replica may be behind what this process wrote


class NoRoom(Exception):
    """The entry could be kept nowhere; the message is one sentence for a person."""


def keep(entry: ByHand) -> bool:
    """Keep an entry; whether the database has it already. Otherwise it waits in the folder of state.

    Raises:
        NoRoom: neither takes it.
    """
    try:
        _write(entry)
        kept = True
    except data.NoAnswer as error:
        _put_aside(entry, str(error))
        kept = False
    _told_here[entry.queue] = entry
    return kept


def known(connection: Connection) -> tuple[ByHand, ...]:
    """Of each queue the newest entry of the last day. What waited for the database is brought to it first."""
    for file, entry in waiting():
        try:
            _write(entry)
        except data.NoAnswer as error:
            log.debug("%s waits on: %s", file.name, error)
            continue
        file.unlink(missing_ok=True)
    kept = read(ByHand, frame("queues-by-hand", connection))
    return newest(kept, tuple(_told_here.values()), tuple(entry for _, entry in waiting()))


def waiting() -> list[tuple[Path, ByHand]]:
    """The entries that no database took yet; a file that cannot be read is named in the log and stays."""
    found = []
    for file in sorted(_folder().glob(f"*{ENDING}"))[:MOST_WAITING] if _folder().is_dir() else []:
        try:
            found.append((file, msgspec.json.decode(file.read_bytes(), type=ByHand)))
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s is no entry by hand and is left out: %s", file, error)
    return found


def _folder() -> Path:
    return settings().state_dir / FOLDER


def _write(entry: ByHand) -> None:  # whoever typed it was asked then
    execute("write-queue-by-hand", {name: getattr(entry, name) for name in ByHand.__slots__})


def _put_aside(entry: ByHand, why: str) -> None:
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sum(1 for _ in folder.glob(f"*{ENDING}")) >= MOST_WAITING:
            raise NoRoom(f"{why} {MOST_WAITING} entries wait for it already in {folder}, more are not kept.")
        write_whole(folder / f"{entry.entry_id}{ENDING}", msgspec.json.encode(entry))
    except OSError as error:
        raise NoRoom(f"{why} Nor can it wait in {folder} ({error.strerror}).") from error
