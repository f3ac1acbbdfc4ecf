"""The fields of an Amazon Connect event, read one by one and checked; their case differs between versions, so it does not count."""

import re
from datetime import UTC, datetime
from typing import Any

from streams.sources import LONG_AGO, Unreadable, shown

LONGEST_TEXT = 94  # two contact ids, a "/" and the mark of a replay are one of ours
LONGEST_SECONDS = 31_536_000

# What names a person or can reach one; it is never published, not even with an event that cannot be read.
PERSONAL = frozenset(
    (
        "customerendpoint",
        "contactdetails",
        "attributes",
        "customerid",
        "firstname",
        "lastname",
        "username",
        "name",
        "description",
        "references",
    )
)
WITHHELD = "(withheld)"

_CONTROL = re.compile(r"[\x00-\x1f]")


def lower_keys(value: Any) -> Any:
    """The same JSON value with every key in lower case."""
    if isinstance(value, dict):
        return {key.lower(): lower_keys(member) for key, member in value.items()}
    if isinstance(value, list):
        return [lower_keys(member) for member in value]
    return value


def without_personal(value: Any) -> Any:
    """The same JSON value with everything personal withheld."""
    if isinstance(value, dict):
        return {key: WITHHELD if key.lower() in PERSONAL else without_personal(member) for key, member in value.items()}
    if isinstance(value, list):
        return [without_personal(member) for member in value]
    return value


class Fields:
    """One JSON object. Field names are given as the vendor writes them; a missing field and a null are the same."""

    def __init__(self, members: dict[str, Any], path: str = "") -> None:
        self._members = members
        self._path = path

    def part(self, field: str) -> "Fields":
        """An object inside; empty if it is missing.

        Raises:
            Unreadable: it is something else.
        """
        value = self._members.get(field.lower())
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self._expected(field, value, "an object")
        return Fields(value, f"{self._path}{field}.")

    def parts(self, field: str) -> list["Fields"]:
        """The objects of a list inside; none if it is missing.

        Raises:
            Unreadable: it is no list of objects.
        """
        value = self._members.get(field.lower())
        if value is None:
            value = []
        if not isinstance(value, list) or not all(isinstance(member, dict) for member in value):
            raise self._expected(field, value, "a list of objects")
        return [Fields(member, f"{self._path}{field}[{index}].") for index, member in enumerate(value)]

    def has(self, field: str) -> bool:
        """Whether the field is there and not null."""
        return self._members.get(field.lower()) is not None

    def text(self, field: str) -> str:
        """A text that must be there.

        Raises:
            Unreadable: it is missing or cannot be a name.
        """
        value = self.optional_text(field)
        if value is None:
            raise self._expected(field, self._members.get(field.lower()), "a text")
        return value

    def optional_text(self, field: str) -> str | None:
        """A text, or None when it is missing or empty.

        Raises:
            Unreadable: it is no text, too long, or has control characters.
        """
        value = self._members.get(field.lower())
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or _CONTROL.search(value):
            raise self._expected(field, value, f"a text of at most {LONGEST_TEXT} characters")
        return value

    def last_part_of_arn(self, field: str) -> str | None:
        """What stands behind the last "/" of an ARN, or None when it is missing.

        Raises:
            Unreadable: it is no text, or that part cannot be a name.
        """
        value = self._members.get(field.lower())
        if value is None or value == "":
            return None
        last = value.rsplit("/", 1)[-1] if isinstance(value, str) else ""
        if not last or len(last) > LONGEST_TEXT or _CONTROL.search(last):
            raise self._expected(field, value, "an ARN")
        return last

    def is_own_queue(self, field: str) -> bool:
        """Whether an ARN is that of an agent's own queue, `…/queue/agent/ID`."""
        value = self._members.get(field.lower())
        return isinstance(value, str) and "/queue/agent/" in value.lower()

    def optional_instant(self, field: str) -> datetime | None:
        """An instant, or None when it is missing.

        Raises:
            Unreadable: it is no ISO 8601 time with an offset, or lies before 1970.
        """
        value = self._members.get(field.lower())
        if value is None or value == "":
            return None
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None or (at := at.astimezone(UTC)) <= LONG_AGO:
                raise ValueError
            return at
        except (TypeError, ValueError, OverflowError):
            raise self._expected(field, value, "an ISO 8601 time with Z or an offset") from None

    def instant(self, field: str) -> datetime:
        """An instant that must be there.

        Raises:
            Unreadable: it is missing or no ISO 8601 time with an offset.
        """
        at = self.optional_instant(field)
        if at is None:
            raise self._expected(field, None, "an ISO 8601 time with Z or an offset")
        return at

    def optional_seconds(self, field: str) -> float | None:
        """A duration in seconds, or None when it is missing.

        Raises:
            Unreadable: it is no number, negative, or longer than a year.
        """
        value = self._members.get(field.lower())
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST_SECONDS:
            raise self._expected(field, value, f"seconds from 0 to {LONGEST_SECONDS}")
        return float(value)

    def _expected(self, field: str, value: Any, expected: str) -> Unreadable:
        is_what = "missing" if value is None else shown(value if isinstance(value, str) else repr(value))
        return Unreadable(f"{self._path}{field} is {is_what}: {expected} is expected")
