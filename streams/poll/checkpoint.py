"""What a poller writes down, so that the next one goes on where it stood: one small file, replaced in one piece. It asks nobody."""

import hashlib
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from streams.follow import InvalidCheckpoint


class Known(msgspec.Struct, frozen=True):
    """A request that was open when it was last looked at; both in seconds since 1970."""

    requested: int
    looked_at: int


class Checkpoint(msgspec.Struct, frozen=True):
    """Everything requested before `read_until` has been published.

    Attributes:
        url: the server.
        read_until: how far its requests were read, by the time of the request.
        updated_until: how far its updates were read; None: it does not tell them.
        reread_at: when those opened lately were read again.
        longest_answer: the most requests that it gave at once.
        open: the requests that were open, by id.
    """

    url: str
    read_until: datetime
    updated_until: datetime | None = None
    reread_at: datetime | None = None
    longest_answer: int = 0
    open: dict[str, Known] = {}


class ForecastCheckpoint(msgspec.Struct, frozen=True):
    """The newest issue of a forecast that has been published.

    Attributes:
        url: the server and the grid.
        issued_at: when it was issued.
        etag, last_modified: what the server wants to be asked with, whether there is another one.
    """

    url: str
    issued_at: datetime
    etag: str | None = None
    last_modified: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """The newest answer of one list that has been published.

    Attributes:
        updated: how new it says it is; None: none could be believed yet.
        etag, last_modified: what the server wants to be asked with, whether there is another one.
        alerts: the ids of the messages in it.
        told: the ids of the events that were published of it.
    """

    updated: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    alerts: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class AlertCheckpoint(msgspec.Struct, frozen=True):
    """What of each list (its question, such as `area=PA`) has been published; `url` is the server."""

    url: str
    lists: dict[str, Seen] = {}


C = TypeVar("C", Checkpoint, ForecastCheckpoint, AlertCheckpoint)


def home_of(state_dir: Path, feed: str) -> Path:
    """The folder of a feed: its name, with a mark where that had to be changed, so that no two feeds share one."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", feed)[:60]
    same = plain == feed and feed.strip(".") != ""
    return state_dir / "poll" / (plain if same else f"{plain}-{hashlib.sha256(feed.encode()).hexdigest()[:8]}")


def read(home: Path, url: str, kind: type[C]) -> C | None:
    """The checkpoint in a folder, None if there is none yet.

    Args:
        home: the folder.
        url: the server that is asked.
        kind: what the feed writes down.

    Raises:
        InvalidCheckpoint: it is damaged, or of another server than `url`.
        OSError: it cannot be read.
    """
    file = home / "checkpoint.json"
    try:
        checkpoint = msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise InvalidCheckpoint(f"{file} is damaged ({error}): delete it to begin anew; what is read twice does no harm.") from None
    if checkpoint.url != url:
        raise InvalidCheckpoint(f"{file} is of {checkpoint.url}, not of {url}: give this feed another --source, or delete the file.")
    return checkpoint


def write(home: Path, checkpoint: Checkpoint | ForecastCheckpoint | AlertCheckpoint) -> None:
    """Replace the checkpoint in a folder.

    Raises:
        OSError: it cannot be written.
    """
    part = home / "checkpoint.part"
    with part.open("wb") as opened:
        opened.write(msgspec.json.encode(checkpoint))
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(home / "checkpoint.json")
