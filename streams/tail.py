"""Reads a growing log line by line through rotation and restarts, and knows its place to the byte. It understands no line.

Rotation is a rename and a new file, or a copy and the file cut to nothing (`copytruncate`), compressed or not. A place is
found again by the file's first bytes, wherever the file has gone; rotated files have the log's name and a number or a date.
"""

import contextlib
import glob
import gzip
import hashlib
import logging
import os
import re
import stat
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from streams.records import LONGEST_LINE_BYTES

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
HEAD_BYTES = 256
ROTATED_QUIET_SECONDS = 1.0  # its writer may hold the old file for a moment


class Place(Struct, frozen=True):
    """How far a log was read.

    Attributes:
        device: the disk of the file.
        inode: the file's number on it.
        offset: the first byte that was not read, always the beginning of a line.
        head: a digest of the first `head_bytes` bytes.
        head_bytes: at most HEAD_BYTES, and never more than were read.
        modified_ns: when the file was last written.
    """

    device: int
    inode: int
    offset: int
    head: str
    head_bytes: int
    modified_ns: int


class Tail:
    """One log that is followed.

    Attributes:
        at_end: whether the last look found nothing more to read, here or in a newer file.
    """

    def __init__(self, path: Path, place: Place | None, *, from_end: bool = False) -> None:
        """Begin where an earlier reader stopped; without a place at the end or at the beginning.

        Args:
            path: the log; it may not be there yet.
            place: where an earlier reader stopped.
            from_end: without a place, leave out what is in the file already.
        """
        self._path = path
        self._file: BinaryIO | None = None
        self._reading = path
        self._offset = 0
        self._head = b""
        self._quiet_since: float | None = None
        self.at_end = False
        if place is not None:
            self._go_on_from(place)
        else:
            self._open(path, _end_of_last_line(path) if from_end and path.exists() else 0)

    @property
    def position(self) -> str:
        """Where it is, for people: the file and the byte."""
        return f"{self._reading.name}@{self._offset}"

    @property
    def place(self) -> Place | None:
        """Where it is, for the next reader; None before there was a file."""
        if self._file is None:
            return None
        status = os.fstat(self._file.fileno())
        return Place(status.st_dev, status.st_ino, self._offset, _digest(self._head), len(self._head), status.st_mtime_ns)

    def read(self) -> list[tuple[str, bytes]]:
        """The next lines without their ends, each with its position; none when there are none now.

        A line without an end is left until the end is written, or its writer has gone to another file.

        Raises:
            OSError: the file cannot be read.
        """
        self.at_end = False
        if self._file is None:
            self._open(self._path, 0)
        elif self._was_cut(self._file):
            self._go_on_after_cut()
        if self._file is None:
            return []
        chunk = _chunk(self._file, self._offset)
        whole = chunk.rfind(b"\n") + 1
        if whole == 0 and len(chunk) >= LONGEST_LINE_BYTES:
            whole = len(chunk)  # no line is so long: it goes on in pieces, for whoever reads them to refuse
        if whole == 0:
            return self._at_end_of(self._file, chunk)
        self._quiet_since = None
        return self._taken(chunk[:whole])

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _taken(self, whole: bytes) -> list[tuple[str, bytes]]:
        lines = []
        for line in re.findall(rb"[^\n]*\n|[^\n]+", whole):
            lines.append((self.position, line.rstrip(b"\r\n")))
            self._offset += len(line)
        if len(self._head) < HEAD_BYTES and self._file is not None:
            self._head = _start_of(self._file, min(self._offset, HEAD_BYTES))
        return lines

    def _at_end_of(self, opened: BinaryIO, rest: bytes) -> list[tuple[str, bytes]]:
        """Stay here, unless the log goes on in another file and this one has been quiet for a moment."""
        if not self._was_renamed(opened):
            self._quiet_since, self.at_end = None, True
            return []
        now = time.monotonic()
        self._quiet_since = now if self._quiet_since is None else self._quiet_since
        if now - self._quiet_since < ROTATED_QUIET_SECONDS:
            return []
        lines = self._taken(rest) if rest else []
        self._open(self._next_after(os.fstat(opened.fileno()).st_mtime_ns), 0)
        return lines

    def _was_renamed(self, opened: BinaryIO) -> bool:
        """Whether the log goes on in another file; while there is no newer one, its writer still has this one."""
        ours = os.fstat(opened.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return self._next_after(ours.st_mtime_ns) != self._path
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def _was_cut(self, opened: BinaryIO) -> bool:
        """Whether the file was cut to nothing under us; it may have grown again."""
        if isinstance(opened, gzip.GzipFile):
            return False
        return os.fstat(opened.fileno()).st_size < self._offset or _start_of(opened, len(self._head)) != self._head

    def _go_on_after_cut(self) -> None:
        copy = self._find(_digest(self._head), len(self._head), self._offset)
        if copy is None:
            log.warning("%s was cut and has no copy: what was written between the last look and the cut is lost", self._path)
            self._open(self._path, 0)
        else:
            self._open(copy, self._offset)

    def _go_on_from(self, place: Place) -> None:
        """Open the file of a place, wherever it is now; where it is gone, the first one that came after it."""
        candidates = (self._path, *self._rotated())
        found = next((path for path in candidates if _is_at(path, place)), None) or self._find(place.head, place.head_bytes, place.offset)
        if found is not None:
            self._open(found, place.offset)
            return
        if place.head_bytes:
            log.warning("%s: the file that was read last is gone, and what was not read of it is lost", self._path)
        # Of a file of which nothing was read, the packed copy has the same age and is all new.
        self._open(self._next_after(place.modified_ns - (place.offset == 0)), 0)

    def _find(self, head: str, head_bytes: int, offset: int) -> Path | None:
        """The newest rotated file that begins so and is long enough."""
        return next((path for path in self._rotated() if head_bytes and _begins(path, head, head_bytes, offset)), None)

    def _next_after(self, modified_ns: int) -> Path:
        """The file in which the log goes on after one that was last written at an instant."""
        newest_first = [path for path in self._rotated() if path.stat().st_mtime_ns > modified_ns]
        return newest_first[-1] if newest_first else self._path

    def _rotated(self) -> Iterator[Path]:
        """What the log was called before, newest first; a file that is being compressed, as long as it is there."""
        name = re.compile(re.escape(self._path.name) + r"[.-]\d[\d._T-]*(\.gz)?")
        dated = []
        for path in self._path.parent.glob(f"{glob.escape(self._path.name)}*"):
            if name.fullmatch(path.name) and not (path.suffix == ".gz" and path.with_suffix("").exists()):
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    if stat.S_ISREG(status.st_mode):
                        dated.append((status.st_mtime_ns, path))
        return (path for _, path in sorted(dated, reverse=True))

    def _open(self, path: Path, offset: int) -> None:
        """Go to a file; while it is not there, have none."""
        self.close()
        with contextlib.suppress(FileNotFoundError):
            self._file = _opened(path)
            self._reading, self._offset, self._quiet_since = path, offset, None
            self._head = _start_of(self._file, min(offset, HEAD_BYTES))


def _opened(path: Path) -> BinaryIO:
    """A rotated file may be gzip; the log itself is taken as it is, so that a garbled first line is only a garbled line."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _chunk(opened: BinaryIO, offset: int) -> bytes:
    """What comes next; of a damaged packed file nothing, so that the log goes on behind it."""
    try:
        opened.seek(offset)
        chunk = opened.read(CHUNK_BYTES)
        while b"\n" not in chunk and len(chunk) < LONGEST_LINE_BYTES and (more := opened.read(CHUNK_BYTES)):
            chunk += more
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        log.warning("%s is damaged behind byte %s, and the rest of it is lost: %s", opened.name, offset, error)
        return b""
    return chunk


def _start_of(opened: BinaryIO, length: int) -> bytes:
    opened.seek(0)
    return opened.read(length)


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()


def _is_at(path: Path, place: Place) -> bool:
    """Whether a file is the place's own, by its number and its beginning."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    return (status.st_dev, status.st_ino) == (place.device, place.inode) and _begins(path, place.head, place.head_bytes, place.offset)


def _begins(path: Path, head: str, head_bytes: int, offset: int) -> bool:
    try:
        with _opened(path) as opened:
            if _digest(_start_of(opened, head_bytes)) != head:
                return False
            return opened.seek(offset) == offset if path.suffix == ".gz" else path.stat().st_size >= offset
    except (OSError, EOFError, zlib.error):  # not ours to read, half compressed, or gone meanwhile
        return False


def _end_of_last_line(path: Path) -> int:
    with path.open("rb") as opened:
        end = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, end - LONGEST_LINE_BYTES))
        return end - len(opened.read().rpartition(b"\n")[2])
