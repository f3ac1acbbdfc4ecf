"""What people change in the weekly review: its actions.

Every change and its line in the audit are one statement: both are kept, or neither. Words are kept as they are typed; whoever shows
them shows text. Nothing is ever deleted.
"""

from dataclasses import dataclass
from datetime import date

from dashboard.access.changes import written
from dashboard.weekly_rows import Action
from dashboard.weekly_week import Week
from dashboard.writing import NotKept, words

LONGEST = {"what": 200, "owner": 60, "who": 60}  # characters
ASKED = {"what": "what is to be done", "owner": "who does it", "who": "your name"}
FURTHEST_DAYS = 3 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person typed; `done_on` is set when it is done."""

    what: str
    owner: str
    due_on: date | None
    who: str
    done_on: date | None = None


def add(week: Week, change: Change) -> None:
    """Keep a new action of a week's review.

    Raises:
        NotKept: something is missing or cannot be.
        NoAnswer: the database is away.
    """
    written("write-action", {"decided_on": week.monday.isoformat()} | _checked(change, week.monday))


def edit(seen: Action, change: Change) -> None:
    """Change an action that still is as it was seen.

    Raises:
        NotKept: something is missing or cannot be, or somebody else changed it meanwhile.
        NoAnswer: the database is away.
    """
    checked = _checked(change, date.fromisoformat(seen.decided_on))
    before = {"seen_what": seen.what, "seen_owner": seen.owner, "seen_due_on": seen.due_on, "seen_done_on": seen.done_on}
    done_on = None if change.done_on is None else change.done_on.isoformat()
    if written("write-action-change", {"action_id": seen.action_id, "done_on": done_on, **before, **checked}) is None:
        raise NotKept(f"Somebody else changed {seen.what!r} meanwhile: look at it again, then change it.")


def _checked(change: Change, monday: date) -> dict[str, str]:
    typed = {name: words(getattr(change, name), ASKED[name], longest) for name, longest in LONGEST.items()}
    if change.due_on is None:
        raise NotKept("Not kept: by when is missing. Choose a day.")
    if change.due_on < monday:
        raise NotKept(f"Not kept: {change.due_on.isoformat()} is before the week that decided it, which began on {monday.isoformat()}.")
    if (change.due_on - monday).days > FURTHEST_DAYS:
        raise NotKept(f"Not kept: {change.due_on.isoformat()} is more than three years away. Choose an earlier day.")
    if change.done_on is not None and change.done_on < monday:
        raise NotKept(f"Not kept: it cannot be done on {change.done_on.isoformat()}, before the week that decided it.")
    return typed | {"due_on": change.due_on.isoformat()}
