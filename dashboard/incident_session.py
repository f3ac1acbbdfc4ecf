"""What a browser's session remembers between two drawings of the Incident page: what came of a change, what a form began from, who types.

It holds no rule and writes nothing to the database.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import data
from dashboard.access.session import remember
from dashboard.incident_rows import IncidentDesk
from dashboard.writing import NotKept

KEPT = "incident_kept"  # the newest desk
SAID = "incident_said"  # what came of the last change, by form
ROUND = "incident_round"  # every change that was kept begins an empty form: nothing is added twice
BEGAN = "incident_began"  # what each form was drawn from

Thing = TypeVar("Thing")


def kept() -> IncidentDesk | None:
    """The newest desk that was read; None: none was yet."""
    desk: IncidentDesk | None = st.session_state.get(KEPT)
    return desk


def form_key(form: str, version: object = "") -> str:
    """The key of a form: another one after each change that was kept, and for another version of what it shows."""
    return f"incident_{form}_{version}_{st.session_state.get(ROUND, 0)}"


def began_from(form: str, current: Thing, version: Callable[[Thing], object]) -> tuple[Thing, str]:
    """What a form shows and its key. While its button is pressed, that is what it was drawn from: the reader saw no newer one.

    Args:
        form: its name.
        current: the newest.
        version: tells two versions of it apart.
    """
    held = st.session_state.setdefault(BEGAN, {})
    if form in held:
        key = form_key(form, version(held[form]))
        if st.session_state.get(f"{key}_send") or st.session_state.get(f"{key}_end"):
            return held[form], key
    held[form] = current
    return current, form_key(form, version(current))


def write(form: str, who: str, change: Callable[[], object], told: str) -> None:
    """Make a change and say what came of it; when it was kept, empty the forms and draw the page anew."""
    try:
        change()
    except NotKept as error:
        say(form, str(error), refused=True)
        st.session_state.get(BEGAN, {}).pop(form, None)  # what was seen may be older than what is: the next drawing begins from the newest
        st.rerun()
    except data.NoAnswer as error:
        say(form, str(error), refused=True)
        return
    remember(who)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    say(form, told)
    st.rerun()


def say(form: str, told: str, *, refused: bool = False) -> None:
    """Remember what a form is to say, and whether that is why nothing was kept."""
    st.session_state[SAID] = {form: (told, refused)}


def has_said(form: str) -> bool:
    """Whether a form is to stay open: it has something to say, and drawing the page anew would close it."""
    return form in st.session_state.get(SAID, {})


def is_refused(form: str) -> bool:
    """Whether what was typed into a form was not kept."""
    refused: bool = st.session_state.get(SAID, {}).get(form, ("", False))[1]
    return refused


def said(form: str) -> None:
    """What came of the last change, each sentence on its line, as text."""
    for line in st.session_state.get(SAID, {}).get(form, ("", False))[0].splitlines():
        st.text(line)


def instant(day: date | None, at: time | None, zone: ZoneInfo, *, now: datetime, seen: datetime | None = None) -> datetime:
    """A day and a time of the city's clock as an instant; without a time it is now.

    Args:
        day: the day; None: today.
        at: to the minute; None: now.
        zone: the city's.
        now: the instant.
        seen: what the boxes showed before: unless another minute was chosen, it stays to the second.

    Raises:
        NotKept: a day without a time, other than today.
    """
    today = now.astimezone(zone).date()
    if at is None:
        if day not in (None, today):
            raise NotKept("Not kept: the time is missing. Choose one.")
        return now
    chosen = datetime.combine(day or today, at, zone)
    if seen is not None and seen.astimezone(zone).replace(second=0, microsecond=0, fold=0) == chosen.replace(fold=0):
        return seen
    return chosen
