"""The keys of a rule file, and what is wrong with a single value: each check says what would be right, or nothing. Pure."""

import re
from collections.abc import Callable
from string import Formatter
from typing import Any

from streams.watch.metrics import METRICS
from streams.watch.quiet_hours import quiet_hours

Check = Callable[[Any], str | None]
Keys = dict[str, Check]

PLACES = ("subject", "value", "threshold", "minutes")
LONGEST_MINUTES = 7 * 24 * 60
LONGEST_TEXT = 500
LARGEST = 1e12


def _words(most: int) -> Check:
    def check(value: Any) -> str | None:
        right = isinstance(value, str) and value.isprintable() and 0 < len(value.strip()) <= most
        return None if right else f"write 1 to {most} printable characters in quotes"

    return check


def _number(value: Any) -> str | None:
    right = isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
    return None if right else "write a number"


def _minutes(value: Any) -> str | None:
    return None if _number(value) is None and 0 <= value <= LONGEST_MINUTES else f"write minutes from 0 to {LONGEST_MINUTES:,}"


def _count(value: Any) -> str | None:
    return None if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else "write a whole number from 0 on"


def _one_of(*choices: str) -> Check:
    return lambda value: None if isinstance(value, str) and value in choices else f"it is one of {', '.join(choices)}"


def _list_of(check: Check) -> Check:
    def all_right(value: Any) -> str | None:
        if not isinstance(value, list):
            return 'write a list of names: ["…", "…"]'
        return next((said for one in value if (said := check(one))), None)

    return all_right


def _subjects(value: Any) -> str | None:
    right = _words(200)(value) is None or (isinstance(value, list) and value and _list_of(_words(200))(value) is None)
    return None if right else 'write "*" for each, "all" for the total, or a list of names'


def _variable(value: Any) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", value):
        return None
    return "write the NAME of the environment variable that holds the address, never the address"


def _quiet(value: Any) -> str | None:
    return None if isinstance(value, str) and quiet_hours(value) else "write HH:MM-HH:MM of the city's clock, such as 22:00-06:00"


def _template(value: Any) -> str | None:
    if said := _words(LONGEST_TEXT)(value):
        return said
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        return "a brace is not closed; a brace that is meant is written twice"
    for _, name, form, conversion in parts:
        if name is not None and (name not in PLACES or form or conversion):
            return f"the places are {', '.join('{' + place + '}' for place in PLACES)}"
    return None


_SEVERITY = _one_of("watch", "act")
RECEIVER: Keys = {"name": _words(100), "url_env": _variable, "quiet_hours": _quiet, "quiet_hours_except": _list_of(_SEVERITY)}
REQUIRED = ("name", "metric", "for_minutes", "severity", "text", "runbook")
RULE: Keys = {
    "name": _words(100),
    "metric": _one_of(*METRICS),
    "subjects": _subjects,
    "above": _number,
    "below": _number,
    "clear_at": _number,
    "for_minutes": _minutes,
    "clear_minutes": _minutes,
    "least_cases": _count,
    "no_data": _one_of("ignore", "hold", "fire"),
    "no_data_text": _template,
    "severity": _SEVERITY,
    "quiet_hours": _quiet,
    "quiet_hours_except": _list_of(_SEVERITY),
    "send_to": _list_of(_words(100)),
    "text": _template,
    "runbook": _words(200),
}
