"""What a report is made of, whether it becomes pages or plain text: pairs, tables, lines, all of them words. Pure.

A word of a person or a feed is text here and nothing else: no sign of it starts a line, a page or a markup.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Data = dict[str, Any]
_DROPPED = ("Cc", "Cf", "Cs", "Co", "Cn")  # control signs, such as those that turn the direction of a text
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
TO_FILL_IN = "[to fill in]"
MARK_WORDS = {"ok": "OK", "watch": "Watch", "act": "Act"}


@dataclass(frozen=True, slots=True)
class Marked:
    """A cell that begins with the mark of a status: ok, watch, act, none, nodata or unknown; its words say the same."""

    mark: str
    words: str


Cell = str | Marked


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `share` is its part of the width that is left, 0: as wide as what it holds."""

    title: str
    side: Literal["left", "right"] = "left"
    share: float = 0.0
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table, lines, a note under it; `empty` stands there where neither has a row."""

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    lines: tuple[str, ...] = ()
    note: str = ""
    empty: str = ""

    @property
    def nothing(self) -> str:
        """The sentence that stands where there is nothing; "": there is something."""
        return "" if self.rows or self.lines else self.empty


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure: value (None: none), the status with its word, what it is held against, further lines."""

    label: str
    value: str | None
    status: str
    word: str
    against: str
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report in the order in which it is read.

    Attributes:
        kind: which report it is, as its first words.
        subject: what it is about.
        title: the answer.
        why: a sentence on it; what stands between `**` is read first.
        facts: names and what they are.
        chart: drawn as SVG; None: nothing to draw, or a text.
        sections: by a name, in order.
        reading: terms and what they mean.
    """

    kind: str
    subject: str
    title: str
    why: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]
    chart: str | None
    chart_title: str
    sections: dict[str, Section]
    reading: tuple[tuple[str, str], ...]
    footer: str
    more: Data = field(default_factory=dict)


def plain(words: str) -> str:
    """A text in one line, without signs that cannot be seen."""
    seen = (sign for sign in words if sign.isspace() or sign in _JOINERS or unicodedata.category(sign) not in _DROPPED)
    return " ".join("".join(seen).split())


def clipped(words: str, most: int) -> str:
    """A text in one line of at most so many characters."""
    line = plain(words)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def named(count: int, one: str, many: str | None = None) -> str:
    """`2 more alerts in the log`-like notes: how many more there are, "" for none."""
    return "" if count <= 0 else f"{count:,} more {one if count == 1 else many or one + 's'}"


def bold_parts(words: str) -> list[Data]:
    """A sentence in parts, each with whether it is read first."""
    return [{"bold": number % 2 == 1, "text": part} for number, part in enumerate(words.split("**")) if part]


def unbold(words: str) -> str:
    """The same without the marks."""
    return words.replace("**", "")


def section_data(one: Section) -> Data:
    """A section as a template reads it."""
    return {
        "title": one.title,
        "columns": [{"title": c.title, "side": c.side, "share": c.share, "strong": c.strong} for c in one.columns],
        "rows": [[_cell_data(cell) for cell in row] for row in one.rows],
        "lines": list(one.lines),
        "note": one.note,
        "empty": one.nothing,
    }


def _cell_data(cell: Cell) -> Data:
    return {"mark": cell.mark, "text": cell.words} if isinstance(cell, Marked) else {"mark": "", "text": cell}


def sheet_data(sheet: Sheet) -> Data:
    """A report as a template reads it."""
    return {
        "kind": sheet.kind,
        "subject": sheet.subject,
        "title": sheet.title,
        "why": bold_parts(sheet.why),
        "facts": pairs(sheet.facts),
        "tiles": [
            {
                "label": one.label,
                "value": one.value,
                "of": "",
                "status": one.status,
                "word": one.word,
                "against": one.against,
                "beside": list(one.beside),
            }
            for one in sheet.tiles
        ],
        "chart": sheet.chart,
        "chart_title": sheet.chart_title,
        "sections": {name: section_data(one) for name, one in sheet.sections.items()},
        "reading": pairs(sheet.reading),
        "footer": sheet.footer,
    } | sheet.more


def pairs(many: Sequence[tuple[str, str]]) -> list[Data]:
    """Names and words as a template reads them."""
    return [{"name": name, "words": words} for name, words in many]
