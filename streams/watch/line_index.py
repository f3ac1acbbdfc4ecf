"""Where in a TOML file each table begins and each key stands, because tomllib tells the values alone. It judges nothing."""

import re
from dataclasses import dataclass, field

_TABLE = re.compile(r"\s*\[\[\s*([A-Za-z0-9_-]+)\s*\]\]")
_KEY = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")
_LONG_QUOTES = ('"""', "'''")


@dataclass
class LineIndex:
    """The lines of a file, from 1 on."""

    tables: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def of(self, table: str, number: int, key: str | None = None) -> int:
        """The line of a key, else of its table, else of the whole array, else the first.

        Args:
            table: Its name.
            number: Which of that name, from 0 on.
            key: None: where the table begins.
        """
        begins = self.tables.get((table, number), self.keys.get(("", 0, table), 1))
        return begins if key is None else self.keys.get((table, number, key), begins)


def line_index(text: str) -> LineIndex:
    """Read the places of a file that tomllib could read."""
    found, counts = LineIndex(), dict[str, int]()
    table, number, long_quote = "", 0, ""
    for line, words in enumerate(text.splitlines(), 1):
        if long_quote:
            long_quote = "" if long_quote in words else long_quote
            continue
        if header := _TABLE.match(words):
            table = header[1]
            number = counts[table] = counts.get(table, -1) + 1
            found.tables[table, number] = line
        elif key := _KEY.match(words):
            found.keys.setdefault((table, number, key[1]), line)
        long_quote = next((quote for quote in _LONG_QUOTES if words.count(quote) == 1), "")
    return found
