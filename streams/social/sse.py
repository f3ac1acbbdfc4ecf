"""Takes server-sent events apart, as the HTML standard writes them, however their bytes are cut. No I/O.

An event that is too long is dropped and counted; nothing that comes makes it fail.
"""

import re
from typing import NamedTuple

LONGEST_EVENT_BYTES = 1_000_000
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """An event of its kind (`message` where none is named); a comment, such as Mastodon's `:thump`, has the kind `:`."""

    kind: str
    data: bytes


class Events:
    """One connection.

    Attributes:
        dropped: events that were too long.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._rest = b""
        self._begun = False
        self._forget()

    def take(self, chunk: bytes) -> list[ServerEvent]:
        """The events that are complete with these bytes."""
        self._rest += chunk
        if not self._begun:
            if _BOM.startswith(self._rest):
                return []
            self._rest, self._begun = self._rest.removeprefix(_BOM), True
        ready = self._rest[:-1] if self._rest.endswith(b"\r") else self._rest  # a \n may follow
        *lines, rest = _LINE_ENDS.split(ready)
        self._rest = rest + self._rest[len(ready) :]
        found = [event for line in lines if (event := self._line(line)) is not None]
        if len(self._rest) > LONGEST_EVENT_BYTES:
            self._rest, self._too_long = b"", True
        return found

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._end()
        if line.startswith(b":"):
            return ServerEvent(":", line[1:].strip())
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._kind = value.decode("utf-8", "replace")
        elif field == b"data":
            self._size += len(value)
            if self._size > LONGEST_EVENT_BYTES:
                self._too_long = True
            else:
                self._data.append(value)
        return None

    def _end(self) -> ServerEvent | None:
        kind, data, too_long = self._kind, b"\n".join(self._data), self._too_long
        has_data = bool(self._data)
        self._forget()
        if too_long:
            self.dropped += 1
            return None
        return ServerEvent(kind or "message", data) if has_data else None

    def _forget(self) -> None:
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0
        self._too_long = False
