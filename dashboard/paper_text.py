"""A report as plain text for an e-mail: never wider than 78 columns, and no sign that a mailer would take for anything but text. Pure."""

import textwrap
from collections.abc import Sequence

from dashboard.paper_blocks import Cell, Column, Marked, Section, Sheet, unbold

WIDTH = 78
GAP = 2
MOST_FIXED, LEAST_SHARED = 22, 20  # characters of a column
LONGEST_WORD = 15  # that a column is never too narrow for
LABEL = 20


def text(sheet: Sheet) -> str:
    """The whole report."""
    parts = [
        [sheet.kind.upper(), *_wrapped(sheet.subject)],
        ["", *_wrapped(sheet.title), *_wrapped(unbold(sheet.why))],
        ["", *(line for name, words in sheet.facts for line in _pair(name, words))],
    ]
    if sheet.tiles:
        parts.append(["", *(line for one in sheet.tiles for line in _pair(one.label, _tile(one.value, one.word, one.against, one.beside)))])
    parts += [["", *section(one)] for one in sheet.sections.values()]
    if sheet.reading:
        parts.append(["", *_headed("How to read this"), *(line for name, words in sheet.reading for line in _wrapped(f"{name}: {words}"))])
    parts.append(["", *_wrapped(sheet.footer)])
    return "\n".join(line.rstrip() for part in parts for line in part) + "\n"


def section(one: Section) -> list[str]:
    """A section's lines, its heading underlined."""
    lines = _headed(one.title)
    if one.nothing:
        lines += _wrapped(one.nothing)
    if one.rows:
        lines += table(one.columns, one.rows)
    for words in one.lines:
        lines += _wrapped(f"- {words}", after="  ")
    if one.note:
        lines += _wrapped(one.note)
    return lines


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """A table's lines, its head first; a cell that is too long goes on in the next line."""
    cells = [[_said(cell) for cell in row] for row in rows]
    widths = _widths(columns, cells)
    lines = _row([column.title for column in columns], columns, widths)
    lines.append((" " * GAP).join("-" * width for width in widths))
    for row in cells:
        lines += _row(row, columns, widths)
    return lines


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is; together with the gaps they fill no more than a line."""
    natural = [
        max([len(row[place]) for row in cells] + [max((len(word) for word in column.title.split()), default=1)] + [1])
        for place, column in enumerate(columns)
    ]
    shared = [place for place, column in enumerate(columns) if column.share]
    room = WIDTH - GAP * (len(columns) - 1)
    fixed = {place: min(natural[place], MOST_FIXED) for place in range(len(columns)) if place not in shared}
    least = sum(min(natural[place], LEAST_SHARED) for place in shared)
    words = {place: max((len(word) for row in cells for word in row[place].split()), default=1) for place in fixed}
    spare = [place for place in fixed if fixed[place] > min(words[place], LONGEST_WORD)]
    while spare and sum(fixed.values()) > room - least:
        fixed[max(spare, key=lambda place: fixed[place])] -= 1
        spare = [place for place in spare if fixed[place] > min(words[place], LONGEST_WORD)]
    widths = fixed | _divided(columns, natural, shared, room - sum(fixed.values()))
    return [widths[place] for place in range(len(columns))]


def _divided(columns: Sequence[Column], natural: Sequence[int], places: Sequence[int], room: int) -> dict[int, int]:
    """What is left of a line, by the columns' shares; what one does not need goes to the others."""
    if not places:
        return {}
    total = sum(columns[place].share for place in places)
    small = next((place for place in places if natural[place] <= room * columns[place].share / total), None)
    if small is None:
        return {place: int(room * columns[place].share / total) for place in places}
    rest = [place for place in places if place != small]
    return {small: natural[small]} | _divided(columns, natural, rest, room - natural[small])


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> list[str]:
    parts = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for number in range(max(len(part) for part in parts)):
        said = [part[number] if number < len(part) else "" for part in parts]
        placed = [
            one.rjust(width) if column.side == "right" else one.ljust(width)
            for one, column, width in zip(said, columns, widths, strict=True)
        ]
        lines.append((" " * GAP).join(placed))
    return lines


def _said(cell: Cell) -> str:
    return cell.words if isinstance(cell, Marked) else cell


def _tile(value: str | None, word: str, against: str, beside: Sequence[str]) -> str:
    first = f"{value or '–'}{f' [{word}]' if word else ''}"
    return "; ".join(filter(None, [first, against, *beside]))


def _headed(words: str) -> list[str]:
    lines = _wrapped(words.upper())
    return [*lines, "-" * min(WIDTH, max(len(line) for line in lines))] if lines else []


def _pair(name: str, words: str) -> list[str]:
    return textwrap.wrap(f"{name + ':':<{LABEL}} {words}", WIDTH, subsequent_indent=" " * (LABEL + 1), break_on_hyphens=False)


def _wrapped(words: str, after: str = "") -> list[str]:
    return textwrap.wrap(words, WIDTH, subsequent_indent=after, break_on_hyphens=False)
