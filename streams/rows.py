"""Reads the rows of a CSV file, plain or gzip, as numbered JSON records: an object of column and value each. It understands none of them.

A row that cannot be parted into columns becomes a list of the reason and its text, for whoever reads it to refuse. A stray quote
costs the row in which it stands, never those that follow.
"""

import csv
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams import records

ENCODINGS = ("utf-8", "latin-1", "windows-1252")
MOST_LINES_OF_A_ROW = 1_000
_BOM = "\ufeff"

NumberedLine = tuple[int, str]


class Layout(NamedTuple):
    """How a file is written.

    Attributes:
        encoding: one of ENCODINGS.
        fallback_encoding: for lines that are not so written; None: they are refused.
        delimiter: what parts the columns.
    """

    encoding: str = "utf-8"
    fallback_encoding: str | None = None
    delimiter: str = ","


class NotParted(Exception):
    """Text is no row of the file; the message says why."""


def header(path: Path, layout: Layout) -> list[str]:
    """The names of the columns, none of an empty file.

    Raises:
        UnreadableFile: see `records.lines`.
    """
    return _Table(path, layout).header


def rows(path: Path, layout: Layout) -> Iterator[records.Numbered]:
    """The rows after the header, each numbered by its first line; rows of nothing but blanks are left out.

    Raises:
        UnreadableFile: see `records.lines`.
    """
    table = _Table(path, layout)
    while (line := table.take()) is not None:
        try:
            fields = table.row(line)
        except NotParted as error:
            yield line[0], msgspec.json.encode([str(error), _as_it_stands(line[1])])
            continue
        if "".join(fields).strip():
            yield line[0], msgspec.json.encode(dict(zip(table.header, fields, strict=True)))


class _Table:
    def __init__(self, path: Path, layout: Layout) -> None:
        self._lines = records.lines(path)
        self._layout = layout
        self._given_back: deque[NumberedLine] = deque()
        self.header: list[str] = []
        line = self.take()
        if line is not None:
            whole, _ = self._whole((line[0], line[1].removeprefix(_BOM)))
            self.header = _distinct(self._parted(whole) or [])

    def take(self) -> NumberedLine | None:
        """The next line that is not empty."""
        while (line := self._next()) is not None and not line[1].strip():
            pass
        return line

    def row(self, first: NumberedLine) -> list[str]:
        """The fields of the row that begins with a line.

        Raises:
            NotParted: it has not the columns of the header.
        """
        whole, others = self._whole(first)
        fields = self._parted(whole)
        if others and (fields is None or len(fields) != len(self.header)):
            self._given_back.extendleft(reversed(others))  # a stray quote has taken them in: they are rows of their own
            whole = first[1]
            fields = self._parted(whole, strict=True)
            if fields is None:
                raise NotParted("the row opens a quote that is not closed")
        if fields is None:
            raise NotParted("the row has quotes or line ends where none can be, or is too long")
        if len(fields) != len(self.header):
            raise NotParted(f"the row has {len(fields)} columns, and the header {len(self.header)}")
        if not whole.isascii() and not _is_text(whole):
            raise NotParted(f"the row is not {self._layout.encoding}: set `encoding` or `fallback_encoding` in the mapping")
        return fields

    def _next(self) -> NumberedLine | None:
        if self._given_back:
            return self._given_back.popleft()
        number, line = next(self._lines, (0, b""))
        return (number, self._decoded(line)) if number else None

    def _whole(self, first: NumberedLine) -> tuple[str, list[NumberedLine]]:
        """The row that begins with a line, and the lines after it that a quote has taken in."""
        others: list[NumberedLine] = []
        quotes = first[1].count('"')
        while quotes % 2 and len(others) < MOST_LINES_OF_A_ROW and (line := self._next()) is not None:
            others.append(line)
            quotes += line[1].count('"')
        return "\n".join([first[1], *(text for _, text in others)]), others

    def _parted(self, text: str, *, strict: bool = False) -> list[str] | None:
        """The fields of one row, None if it is none; unless `strict`, also of one whose quotes are not quite right."""
        for strictly in (True,) if strict or text.count('"') % 2 else (True, False):
            with suppress(csv.Error):
                found = list(csv.reader([text], delimiter=self._layout.delimiter, strict=strictly))
                return found[0] if len(found) == 1 else None
        return None

    def _decoded(self, line: bytes) -> str:
        if line.isascii():
            return line.decode("ascii")
        try:
            return line.decode(self._layout.encoding)
        except UnicodeDecodeError:
            if self._layout.fallback_encoding is None:
                return line.decode("utf-8", "surrogateescape")
            return line.decode(self._layout.fallback_encoding, "replace")


def _distinct(names: list[str]) -> list[str]:
    """The names of the columns: those without one by their place, and a second of the same name with a mark."""
    found: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        name = _as_it_stands(name.strip()) or f"column {place}"
        if name in found:
            name += " (again)"
        if name in found:  # by its place, which no other has
            name += f" (column {place})"
        while name in found:
            name += "'"
        found[name] = None
    return list(found)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_it_stands(text: str) -> str:
    """The text, with bytes that could not be read written out."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
