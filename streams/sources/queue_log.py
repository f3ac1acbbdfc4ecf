"""The shape of a line of Asterisk's queue_log: its fields, checked one by one, and the order in which lines of the same second happened.

It knows nothing of calls or agents; what the verbs mean is `asterisk`'s job.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from streams.sources import LONG_AGO, Unreadable, shown

FIELDS_NEEDED = 5  # TIME|CALL|QUEUE|AGENT|VERB
LONGEST_SECONDS = 31_536_000
LONGEST_NAME = 100
LONGEST_CALL_ID = 170  # leaves room for the number of the wait and for the mark of a replay
LATEST_EPOCH_SECONDS = 4_102_444_800  # 2100
NOBODY = frozenset((b"", b"NONE"))
CALLER_ID_FIELD = 6
WITHHELD = b"(withheld)"

_EPOCH = re.compile(rb"(\d{1,10})(?:\.(\d{1,9}))?")
_WALL_CLOCK = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_SECONDS = re.compile(rb"\d{1,9}(?:\.\d{1,9})?")
_CONTROL = re.compile(r"[\x00-\x1f]")
_LEAVES = frozenset((b"EXITWITHTIMEOUT", b"EXITWITHKEY", b"EXITEMPTY", b"WITHDRAW"))
_TRANSFERS = frozenset((b"TRANSFER", b"BLINDTRANSFER", b"ATTENDEDTRANSFER"))
_CALLER_GOES = frozenset((b"ABANDON", b"COMPLETECALLER"))
_CALL_GOES_ON = _LEAVES | _TRANSFERS | {b"COMPLETEAGENT"}
_STEP = {b"ENTERQUEUE": 0, b"CONNECT": 1, **dict.fromkeys(_CALLER_GOES | _CALL_GOES_ON, 2)}  # within one wait

Numbered = tuple[int, bytes]


class Line(NamedTuple):
    """One line of a queue_log.

    Attributes:
        at: when it was written.
        epoch: the same instant in seconds since 1970.
        call: the call's id, as it is in our contact ids ("/" parts the waits of a call there, so it is "_" here).
        queue: the queue, None where the log says NONE.
        agent: the agent, None where the log says NONE.
        verb: what happened.
        data: the fields after the verb.
    """

    at: datetime
    epoch: float
    call: str
    queue: str | None
    agent: str | None
    verb: bytes
    data: list[bytes]


def parse(line: bytes, zone: tzinfo) -> Line:
    """The fields of one line; a wall-clock time is in `zone`, and the first of two when clocks go back.

    Raises:
        Unreadable: a field is missing or impossible.
    """
    fields = line.split(b"|")
    if len(fields) < FIELDS_NEEDED:
        raise Unreadable(f"{len(fields)} fields: TIME|CALL|QUEUE|AGENT|VERB are expected, parted by |")
    at = instant(fields[0], zone)
    return Line(
        at=at,
        epoch=at.timestamp(),
        call=name(fields[1], "call", LONGEST_CALL_ID).replace("/", "_"),
        queue=None if fields[2] in NOBODY else name(fields[2], "queue"),
        agent=None if fields[3] in NOBODY else name(fields[3], "agent"),
        verb=fields[4],
        data=fields[5:],
    )


def instant(value: bytes, zone: tzinfo) -> datetime:
    """The time field: seconds since 1970, or a date and time in `zone`.

    Raises:
        Unreadable: it is neither, or no real time.
    """
    if (match := _EPOCH.fullmatch(value)) and int(match[1]) <= LATEST_EPOCH_SECONDS:
        whole = datetime.fromtimestamp(int(match[1]), UTC)
        return whole.replace(microsecond=int(match[2].ljust(6, b"0")[:6])) if match[2] else whole
    if match := _WALL_CLOCK.fullmatch(value):
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        microsecond = int((match[7] or b"0").ljust(6, b"0")[:6])
        try:
            at = datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            if at >= LONG_AGO:
                return at
    raise Unreadable(f"time is {shown(value)}: seconds since 1970 or YYYY-mm-dd HH:MM:SS is expected")


def name(value: bytes, field: str, longest: int = LONGEST_NAME) -> str:
    """A field that names something.

    Raises:
        Unreadable: it is empty, too long, not UTF-8, or has control characters.
    """
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{field} is {shown(value)}: UTF-8 is expected") from None
    if not text or len(text) > longest or _CONTROL.search(text):
        raise Unreadable(f"{field} is {shown(value)}: 1 to {longest} characters, none of them a control character, are expected")
    return text


def seconds(data: list[bytes], index: int, field: str) -> float:
    """A duration among the fields after the verb.

    Raises:
        Unreadable: it is missing, no number, or longer than a year.
    """
    value = data[index] if -len(data) <= index < len(data) else b""
    if _SECONDS.fullmatch(value) and (number := float(value)) <= LONGEST_SECONDS:
        return number
    raise Unreadable(f"{field} is {shown(value)}: seconds from 0 to {LONGEST_SECONDS} are expected")


def without_caller_id(line: bytes) -> bytes:
    """The line with the number of the caller withheld, for the verb that has one: it is personal, and never leaves the source."""
    fields = line.split(b"|")
    if len(fields) > CALLER_ID_FIELD and fields[4] == b"ENTERQUEUE" and fields[CALLER_ID_FIELD]:
        fields[CALLER_ID_FIELD] = WITHHELD
    return b"|".join(fields)


def in_time_order(lines: Iterable[bytes], zone: tzinfo) -> bool:
    """Whether no line is older than one before it; lines without a readable time do not count."""
    newest = LONG_AGO
    for line in lines:
        at = _time_of(line, zone)
        if at is None:
            continue
        if at < newest:
            return False
        newest = at
    return True


def by_second(lines: Iterable[Numbered], zone: tzinfo) -> Iterator[Numbered]:
    """Numbered lines that are in time order, with those of the same instant in the order in which they can have happened."""
    held: list[Numbered] = []
    instant_held: datetime | None = None
    for numbered in lines:
        at = _time_of(numbered[1], zone)
        if at is not None and at != instant_held:
            yield from _arranged(held)
            held, instant_held = [], at
        held.append(numbered)
    yield from _arranged(held)


def by_time(lines: Iterable[Numbered], zone: tzinfo) -> Iterator[Numbered]:
    """Numbered lines sorted by time, then by what can have happened first, then by their text, all in memory.

    A line without a readable time stays behind the one that it stood behind.
    """
    keyed: list[tuple[datetime, bool, bytes, int]] = []
    last = LONG_AGO
    for number, line in lines:
        at = _time_of(line, zone)
        last = at or last
        keyed.append((last, at is None, line, number))
    keyed.sort()
    return by_second(((number, line) for _, _, line, number in keyed), zone)


def _arranged(held: list[Numbered]) -> Iterable[Numbered]:
    """Lines of one instant: a restart, then each call's lines, then the rest as it stood.

    Of one call, what ends an older wait comes first; then waits that began and ended within the second and let the call go
    on; then the one that goes on; and last the one in which the caller hung up.
    """
    if len(held) <= 1:
        return held
    split = [(line.split(b"|"), (number, line)) for number, line in held]
    ends: dict[tuple[bytes, bytes], int] = {}
    for fields, _ in split:
        if len(fields) > FIELDS_NEEDED and _lasted(fields) < 1:
            wait = (fields[1], fields[2])
            if fields[4] in _CALLER_GOES:
                ends[wait] = 2
            elif fields[4] in _CALL_GOES_ON:
                ends.setdefault(wait, 0)

    def order(item: tuple[list[bytes], Numbered]) -> tuple[int, bytes, int, int, bytes, int, bytes]:
        fields, (_, line) = item
        verb = fields[4].rstrip() if len(fields) >= FIELDS_NEEDED else b""
        if verb not in _STEP:
            return (0 if verb == b"QUEUESTART" else 2, b"", 0, 0, b"", 0, b"")
        older = _lasted(fields) >= 1
        return (1, fields[1], 0 if older else 1, 0 if older else ends.get((fields[1], fields[2]), 1), fields[2], _STEP[verb], line)

    split.sort(key=order)
    return [numbered for _, numbered in split]


def _lasted(fields: list[bytes]) -> float:
    """How many seconds before this line its wait began, by the line's own account; 0 if it does not say."""
    verb, data = fields[4], fields[5:]
    if verb == b"ABANDON" or verb in _LEAVES:
        parts = data[3:4] if verb == b"EXITWITHKEY" else data[2:3]
    elif verb in _TRANSFERS:
        parts = data[-3:-1] if verb == b"ATTENDEDTRANSFER" else data[2:4]
    else:
        parts = data[:1] if verb == b"CONNECT" else data[:2] if verb in _STEP and verb != b"ENTERQUEUE" else []
    return sum(float(part) for part in parts if _SECONDS.fullmatch(part))


def _time_of(line: bytes, zone: tzinfo) -> datetime | None:
    value, separator, _ = line.partition(b"|")
    try:
        return instant(value, zone) if separator else None
    except Unreadable:
        return None
