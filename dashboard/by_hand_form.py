"""What a person typed about a queue whose feed is lost: checked, every refusal one sentence. Pure; it keeps nothing."""

import re
import uuid
from collections.abc import Mapping
from datetime import datetime

from dashboard import wording
from dashboard.by_hand import ByHand, is_lost
from dashboard.rows import QueueNow
from dashboard.snapshot import Live, queue_source
from dashboard.writing import NotKept, words

FIELDS = ("queue", "waiting", "longest", "free", "who")
WHO = 60  # characters
MOST = 9_999
LONGEST_SECONDS = 86_400
_WAIT = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,4}):([0-5][0-9])")
_REPEATED = 40  # characters of a value that a sentence repeats


def checked(typed: Mapping[str, str], live: Live | None, now: datetime) -> ByHand:
    """The entry that a person means.

    Args:
        typed: FIELDS by name; `longest` is m:ss or h:mm:ss, it and `free` may be empty.
        live: what is known of the queues.
        now: the instant at which it was told.

    Raises:
        NotKept: something is missing or cannot be, or the queue's feed speaks.
    """
    queue = _queue(typed.get("queue", ""), live, now)
    waiting = _count(typed.get("waiting", ""), "how many wait")
    if waiting is None:
        raise NotKept("Not kept: how many wait is missing. Write 0 if nobody does.")
    longest = _seconds(typed.get("longest", ""))
    if waiting == 0 and longest:
        raise NotKept(f"Not kept: nobody waits, and yet the longest wait is {wording.wait(longest)}. Mend one of the two.")
    free = _count(typed.get("free", ""), "how many agents are free")
    who = words(typed.get("who", ""), "your name", WHO)
    return ByHand(str(uuid.uuid4()), queue.queue, waiting, longest if waiting else None, free, now, who)


def _queue(name: str, live: Live | None, now: datetime) -> QueueNow:
    queues = live.queues if live else ()
    found = next((row for row in queues if row.queue == name), None)
    if found is None:
        there = f"Choose one of {wording.listed([row.name for row in queues])}." if queues else "None is known yet."
        raise NotKept(f"Not kept: there is no queue {_repeated(name)!r}. {there}" if name else f"Not kept: the queue is missing. {there}")
    source = queue_source(found)
    if not is_lost(source, now):
        age = wording.age(source.age_seconds(now) or 0)
        raise NotKept(
            f"Not kept: the feed of {found.name} is not lost, it spoke {age} ago. Figures by hand stand only where a feed is silent."
        )
    return found


def _count(words_: str, what: str) -> int | None:
    number = words_.strip()
    if not number:
        return None
    if not (number.isascii() and number.isdigit() and len(number) <= 6 and int(number) <= MOST):
        raise NotKept(f"Not kept: {what} is {_repeated(number)!r}. Write a whole number, 0 to {MOST:,}.")
    return int(number)


def _seconds(words_: str) -> float | None:
    wait = words_.strip()
    if not wait:
        return None
    found = _WAIT.fullmatch(wait)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, LONGEST_SECONDS + 1)
    total = 3600 * hours + 60 * minutes + seconds
    if total > LONGEST_SECONDS:
        raise NotKept(f"Not kept: the longest wait is {_repeated(wait)!r}. Write minutes and seconds, such as 4:37, at most 24 hours.")
    return float(total)


def _repeated(typed: str) -> str:
    return typed if len(typed) <= _REPEATED else typed[:_REPEATED] + "…"
