"""Is this storm worse than planned? The rules that turn what is known at an instant into statuses, a headline and its reason. Pure.

The limits have no hysteresis: a screen shows what is; `python -m streams watch` raises alarms.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dashboard import wording
from dashboard.emergency_rows import Emergency, Usual
from dashboard.verdict import FEWEST_CASES, FEWEST_WEEKS, Status, worst

ABOVE_BAND_ACTS = 1.25  # times the upper end of the forecast's 80 % band
GIVE_UP_WATCH, GIVE_UP_ACT = 0.10, 0.15  # of the contacts of an hour
ABOVE_USUAL_WATCHES, MORE_THAN_USUAL = 1.25, 5  # times and number above the usual upper limit
WAIT_WATCH_SECONDS, WAIT_ACT_SECONDS = 300.0, 900.0

Headline = Literal["As planned", "Worse than planned", "No incident", "Over"]


@dataclass(frozen=True, slots=True)
class StormVerdict:
    """The headline with its status and reason (`**bold**` is what to read first), and the status of each figure."""

    headline: Headline
    status: Literal["ok", "watch", "act"]
    why: str
    contacts: Status
    give_up: Status
    wait: Status
    requests: Status
    posts: Status
    searches: Status


def contacts_status(known: Emergency) -> Status:
    """The last hour's contacts against the forecast's band; without a forecast against the usual."""
    high = known.expected.expected_high
    if high is None:
        return above_usual(known.now.contacts_hour, known.usual.get("contacts"))
    if known.now.contacts_hour < FEWEST_CASES:
        return "ok" if known.now.contacts_hour <= high else "none"
    return "act" if known.now.contacts_hour > ABOVE_BAND_ACTS * high else "watch" if known.now.contacts_hour > high else "ok"


def give_up_status(known: Emergency) -> Status:
    """The share of the last hour's contacts that gave up; too few contacts are no reason."""
    share = known.now.abandon_share_hour
    if share is None or known.now.contacts_hour < FEWEST_CASES:
        return "none"
    return "act" if share >= GIVE_UP_ACT else "watch" if share >= GIVE_UP_WATCH else "ok"


def wait_status(seconds: float | None) -> Status:
    """The longest wait of those who wait now; nobody waiting is ok."""
    if seconds is None:
        return "ok"
    return "act" if seconds >= WAIT_ACT_SECONDS else "watch" if seconds >= WAIT_WATCH_SECONDS else "ok"


def above_usual(count: int | None, usual: Usual | None) -> Status:
    """A count of an hour against what is usual; it is watched, never acted on. None where too few weeks are known."""
    if count is None or usual is None or usual.weeks < FEWEST_WEEKS:
        return "none"
    high = count > ABOVE_USUAL_WATCHES * usual.usual_high and count >= usual.usual_high + MORE_THAN_USUAL
    return "watch" if high else "ok"


def judge(known: Emergency) -> StormVerdict:
    """The verdict on what is known."""
    now = known.now
    contacts, give_up = contacts_status(known), give_up_status(known)
    wait = wait_status(now.longest_wait_now_seconds)
    others = (
        above_usual(now.requests_hour, known.usual.get("requests")),
        above_usual(now.posts_hour, known.usual.get("posts")),
        above_usual(now.searches_hour, known.usual.get("searches")),
    )
    state = worst(contacts, give_up, wait)
    if known.incident is None:
        headline: Headline = "No incident"
        silent = bool(known.alert_feeds and known.alerts_unheard)
        status: Literal["ok", "watch", "act"] = "watch" if known.suggested or silent else "ok"
        why = _calm(known)
    else:
        headline = "Over" if known.incident.ended_at else "Worse than planned" if state in ("watch", "act") else "As planned"
        status = "ok" if known.incident.ended_at else "act" if state == "act" else "watch" if state == "watch" else "ok"
        why = _why(known, contacts)
    return StormVerdict(headline, status, why, contacts, give_up, wait, *others)


def _calm(known: Emergency) -> str:
    unheard = known.alerts_unheard
    if known.suggested:
        return f"{wording.bold(wording.listed(list(known.suggested)))} in force: open an incident from it on the page Incident"
    if not len(known.alerts):
        return f"No alert is known: {unheard}" if unheard else "No alert is in force"
    return f"{wording.plural(len(known.alerts), 'alert')} in force, none of them grave{'; ' * bool(unheard)}{unheard}"


def _why(known: Emergency, contacts: Status) -> str:
    incident = known.incident
    assert incident is not None
    found = f"{wording.bold(incident.name)}, {incident.level.lower()}. {_contacts_words(known, contacts)}"
    place = worst_district(known.districts)
    return f"{found}; {wording.bold(place)} is worst" if place else found


def _contacts_words(known: Emergency, status: Status) -> str:
    now, expected = known.now.contacts_hour, known.expected.expected
    if expected is None or expected < 1:
        usual = known.usual.get("contacts")
        if usual is None or usual.usual < 1:
            return f"{wording.plural(now, 'contact')} in the last hour"
        return f"Contacts are {now / usual.usual:.1f} times the usual"
    change = round(100 * (now / expected - 1))
    if status == "ok" and abs(change) < 100:
        return "Contacts are as this storm was expected to bring"
    more = "over" if change >= 0 else "under"
    return f"Contacts are {abs(change)}% {more} what was expected of it"


def worst_district(districts: pd.DataFrame) -> str | None:
    """The district whose requests stand out most; None: none does."""
    loud = districts[districts["stands_out"].astype(bool)]
    return None if loud.empty else str(loud.sort_values("ratio", ascending=False, kind="stable")["name"].iloc[0])
