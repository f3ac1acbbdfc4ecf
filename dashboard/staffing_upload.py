"""A schedule as CSV, checked whole: `queue,date,start,end,people`, the city's clock, half hours. Pure: it reads text and keeps nothing.

Either every line can be kept, or none is: what is wrong is told with the number of its line.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard.staffing_rows import HALF_HOUR

COLUMNS = ("queue", "date", "start", "end", "people")
LARGEST_BYTES = 5_000_000
MOST_PEOPLE = 5_000
MOST_HALF_HOURS = 500_000
PROBLEMS_SHOWN = 10
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_QUEUES_NAMED = 12


class Refused(Exception):
    """A schedule cannot be kept; `problems` are sentences, each with its line."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        more = len(problems) - PROBLEMS_SHOWN
        super().__init__("\n".join([*problems[:PROBLEMS_SHOWN], *([f"And {more} more lines."] if more > 0 else [])]))


@dataclass(frozen=True, slots=True)
class Slot:
    """People who take contacts of a queue in one half hour."""

    queue: str
    interval_start: datetime
    agents: int


@dataclass(frozen=True, slots=True)
class _Shift:
    line: int
    queue: str
    starts_at: datetime
    ends_at: datetime
    people: int
    words: str


def parse(content: bytes, queues: Collection[str], zone: ZoneInfo) -> list[Slot]:
    """The half hours of a schedule.

    Args:
        content: the file.
        queues: the queues that there are.
        zone: of the times in it; a repeated local time is its first occurrence.

    Returns:
        One a queue and half hour, in the order of the file.

    Raises:
        Refused: anything in it cannot be kept.
    """
    rows = _rows(content)
    shifts: list[_Shift] = []
    problems: list[str] = []
    for line, cells in rows:
        try:
            shifts.append(_shift(line, cells, queues, zone))
        except ValueError as error:
            problems.append(f"Line {line}: {error}.")
    if sum(int((one.ends_at - one.starts_at) / HALF_HOUR) for one in shifts) > MOST_HALF_HOURS:
        raise Refused([f"The file has more than {MOST_HALF_HOURS:,} half hours: upload fewer days at a time."])
    problems += _overlaps(shifts)
    if problems:
        raise Refused(sorted(problems, key=lambda one: int(re.findall(r"\d+", one)[0])))
    return [slot for one in shifts for slot in _slots(one)]


def _rows(content: bytes) -> list[tuple[int, list[str]]]:
    """The lines below the header that are not blank, each with its number."""
    if len(content) > LARGEST_BYTES:
        raise Refused([f"The file has {len(content) / 1e6:.1f} MB: at most {LARGEST_BYTES / 1e6:g} MB can be read."])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Refused([f"Line {line}: not UTF-8 text. Save the file as CSV UTF-8."]) from None
    if "\0" in text:
        raise Refused([f"Line {text[: text.index(chr(0))].count(chr(10)) + 1}: not text. Save the file as CSV UTF-8."])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise Refused([f"Line {reader.line_num}: not CSV ({error})."]) from None
    header = tuple(cell.lower() for cell in found[0][1]) if found else ()
    if header != COLUMNS:
        is_parted = len(header) == 1 and ";" in header[0]
        told = "columns are parted by semicolons: part them by commas" if is_parted else f"the columns must be {','.join(COLUMNS)}"
        raise Refused([f"Line {found[0][0] if found else 1}: {told}."])
    if len(found) == 1:
        raise Refused(["Line 2: no shift stands under the columns."])
    return found[1:]


def _shift(line: int, cells: list[str], queues: Collection[str], zone: ZoneInfo) -> _Shift:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} columns instead of {len(COLUMNS)}: {','.join(COLUMNS)}")
    blank = [name for name, cell in zip(COLUMNS, cells, strict=True) if not cell]
    if blank:
        raise ValueError(f"{' and '.join(blank)} is blank" if len(blank) == 1 else f"{' and '.join(blank)} are blank")
    queue, day_words, start_words, end_words, people_words = cells
    if queue not in queues:
        raise ValueError(f"there is no queue {queue!r}: the queues are {_named(queues)}")
    day = _day(day_words)
    start, end = _clock(start_words, "start"), _clock(end_words, "end")
    if start >= timedelta(hours=24):
        raise ValueError(f"start {start_words} is not on {day_words}: 24:00 can only be an end")
    if end <= start:
        raise ValueError(f"end {end_words} is not after start {start_words}: a shift past midnight is two lines, the first until 24:00")
    starts_at, ends_at = _instant(day, start, zone), _instant(day, end, zone)
    return _Shift(line, queue, starts_at, ends_at, _people(people_words), f"{day_words} {start_words} to {end_words}")


def _named(queues: Iterable[str]) -> str:
    known = sorted(queues)
    more = len(known) - _QUEUES_NAMED
    return ", ".join(known[:_QUEUES_NAMED]) + (f" and {more} more" if more > 0 else "")


def _day(words: str) -> date:
    try:
        if len(words) != 10:
            raise ValueError
        return date.fromisoformat(words)
    except ValueError:
        raise ValueError(f"{words!r} is not a day: write for example 2026-11-27") from None


def _clock(words: str, name: str) -> timedelta:
    """The time since midnight by the clock."""
    found = _CLOCK.fullmatch(words)
    since = timedelta(hours=int(found[1]), minutes=int(found[2])) if found else timedelta(days=2)
    if since > timedelta(hours=24):
        raise ValueError(f"{name} {words!r} is not a time: write for example 07:30, or 24:00 for the end of the day")
    if since % HALF_HOUR:
        raise ValueError(f"{name} {words} is not on the half hour: write {int(since / timedelta(hours=1)):02}:00 or :30")
    return since


def _instant(day: date, since: timedelta, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, time.min) + since
    at = local.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"{day.isoformat()} {local:%H:%M} did not happen in {zone.key}: the clocks were put forward over it")
    return at


def _people(words: str) -> int:
    if not re.fullmatch(r"\d{1,9}", words, re.ASCII):
        raise ValueError(f"people {words!r} is not a whole number")
    if int(words) > MOST_PEOPLE:
        raise ValueError(f"people {words} is more than {MOST_PEOPLE:,}")
    return int(words)


def _overlaps(shifts: Iterable[_Shift]) -> list[str]:
    """One sentence a line that overlaps an earlier one of its queue."""
    taken: dict[tuple[str, datetime], _Shift] = {}
    found = []
    for one in sorted(shifts, key=lambda shift: shift.line):
        slots = [(slot.queue, slot.interval_start) for slot in _slots(one)]
        before = next((taken[slot] for slot in slots if slot in taken), None)
        if before is not None:
            found.append(f"Line {one.line}: {one.queue} {one.words} overlaps line {before.line} ({before.words}).")
        taken.update((slot, one) for slot in slots if slot not in taken)
    return found


def _slots(one: _Shift) -> list[Slot]:
    number = int((one.ends_at - one.starts_at) / HALF_HOUR)
    return [Slot(one.queue, one.starts_at + HALF_HOUR * place, one.people) for place in range(number)]
