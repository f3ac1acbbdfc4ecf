"""What an emergency manager changes: incidents, their log, lifelines, and alerts entered by hand. It checks and writes, and draws nothing.

Every change and its line in the audit are one statement: both are kept, or neither. Words are kept as they are typed, on one line; whoever
shows them shows text. Nothing is ever deleted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard.access.changes import written
from dashboard.incident_log import POSITIONS
from dashboard.incident_rows import KINDS, Entry, Incident, parted
from dashboard.lifeline_figures import STATES
from dashboard.writing import NotKept, words
from sql.settings import zone_codes

NAME, WHO, REASON, TEXT, AREA, SHORT = 80, 60, 300, 2_000, 200, 100  # characters
MOST_AREAS = 100
FURTHEST_AHEAD = timedelta(days=14)
CLOCKS_APART = timedelta(minutes=2)  # between a person's watch and ours
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
ALERT_WORDS = {  # those that may be missing
    "headline": ("the headline", REASON),
    "description": ("the description", TEXT),
    "instruction": ("the instruction", TEXT),
    "sender_name": ("who tells of it", SHORT),
    "area_desc": ("the area", TEXT),
}
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a person typed about an incident; `areas` are parted by semicolons."""

    name: str
    level: str
    onset_at: datetime
    areas: str
    reason: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a person typed into the log; it is a message where it says to whom it went or by which way."""

    happened_at: datetime
    position: str
    text: str
    significant: bool
    audience: str
    channel: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a person judged of a lifeline."""

    lifeline: str
    status: str
    reason: str
    next_update_at: datetime | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTyped:
    """An alert as a person typed it.

    Attributes:
        message_type: Alert, Update or Cancel.
        zones: the weather service's codes, parted by commas.
        replaces: the alerts entered by hand that it updates or cancels.
    """

    message_type: str
    event: str
    severity: str
    urgency: str
    certainty: str
    headline: str
    description: str
    instruction: str
    sender_name: str
    area_desc: str
    zones: str
    onset_at: datetime | None
    ends_at: datetime
    replaces: tuple[str, ...]
    who: str


def open_incident(typed: Typed, kind: str, alert_id: str | None, levels: tuple[str, ...], now: datetime) -> int:
    """Open an incident.

    Args:
        typed: what is known of it.
        kind: one of `KINDS`.
        alert_id: of the alert that suggested it; None: by hand.
        levels: those of the city.
        now: the instant.

    Returns:
        Its number.

    Raises:
        NotKept: something is missing or cannot be, or there is one of that name or of that alert.
        NoAnswer: the database is away.
    """
    if kind not in KINDS:
        raise NotKept(f"Not kept: the kind {kind!r} is not known. Choose one.")
    if typed.level not in levels:
        raise NotKept(f"Not kept: the level {typed.level!r} is not one of ACTIVATION_LEVELS. Choose one.")
    row = written("write-incident-opened", _checked(typed, now) | {"kind": kind, "alert_id": alert_id})
    if row is None:
        raise NotKept(
            f"Not kept: there is an incident called {typed.name.strip()!r}, or somebody else has opened one for this alert. Look again."
        )
    return int(row[0])


def change_incident(seen: Incident, typed: Typed, ended_at: datetime | None, others: tuple[str, ...], now: datetime) -> None:
    """Change an incident that still is as it was seen, end it (`ended_at`), or open it again.

    Args:
        seen: as the person saw it.
        typed: as it is to be.
        ended_at: when it ended; None: it runs.
        others: the names of the other incidents.
        now: the instant.

    Raises:
        NotKept: something is missing or cannot be, or somebody else changed it meanwhile.
        NoAnswer: the database is away.
    """
    checked = _checked(typed, now)
    if checked["name"] in others:
        raise NotKept(f"Not kept: there is another incident called {checked['name']!r}. Write another name.")
    if ended_at is not None and ended_at <= typed.onset_at:
        raise NotKept("Not kept: its end is not after its onset. Choose a later end.")
    if ended_at is not None and ended_at > now + CLOCKS_APART:
        raise NotKept("Not kept: its end lies ahead. Close it when it is over.")
    as_seen = (seen.name, seen.level, seen.onset_at, parted(seen.areas), seen.ended_at)
    if (checked["name"], checked["level"], checked["onset_at"], checked["areas"], ended_at) == as_seen:
        raise NotKept("Not kept: nothing is different.")
    before = {
        "seen_name": seen.name,
        "seen_level": seen.level,
        "seen_onset_at": seen.onset_at,
        "seen_ended_at": seen.ended_at,
        "seen_areas": parted(seen.areas),
    }
    if written("write-incident-change", {"incident_id": seen.incident_id, "ended_at": ended_at, **before, **checked}) is None:
        raise NotKept(f"Not kept: somebody else changed {seen.name!r} meanwhile. Look at it as it is now, then change it.")


def _checked(typed: Typed, now: datetime) -> dict[str, object]:
    areas = [words(one, "the area", AREA) for one in parted(typed.areas)]
    if len(areas) > MOST_AREAS:
        raise NotKept(f"Not kept: {len(areas)} areas. Name at most {MOST_AREAS}.")
    if typed.onset_at > now + FURTHEST_AHEAD:
        raise NotKept(f"Not kept: its onset lies more than {FURTHEST_AHEAD.days} days ahead. Choose an earlier one.")
    return {
        "name": words(typed.name, "the name", NAME),
        "level": words(typed.level, "the level", NAME),
        "onset_at": typed.onset_at.astimezone(UTC),
        "areas": areas,
        "reason": words(typed.reason, "the reason", REASON),
        "who": words(typed.who, "your name", WHO),
    }


def note(incident: Incident, noted: Noted, now: datetime) -> None:
    """Add an entry, or a message to residents, to an incident's log.

    Raises:
        NotKept: something is missing or cannot be.
        NoAnswer: the database is away.
    """
    is_message = bool(noted.audience.strip() or noted.channel.strip())
    if noted.happened_at > now + CLOCKS_APART:
        raise NotKept("Not kept: it has not happened yet. Choose an earlier time, or leave it empty for now.")
    params = {
        "happened_at": noted.happened_at.astimezone(UTC),
        "kind": "message" if is_message else "entry",
        "text": words(noted.text, "what happened", TEXT),
        "significant": noted.significant,
        "audience": words(noted.audience, "to whom the message went", SHORT) if is_message else None,
        "channel": words(noted.channel, "by which way the message went", SHORT) if is_message else None,
        "concerns": None,
    }
    written("write-log-entry", params | _noted_by(incident, noted.position, noted.who))


def correct(incident: Incident, entry: Entry, text: str, position: str, who: str) -> None:
    """Add the right wording of an entry; the entry itself stays.

    Raises:
        NotKept: something is missing, it says the same, or the entry is not of this incident.
        NoAnswer: the database is away.
    """
    corrected = words(text, "the right wording", TEXT)
    if corrected == (entry.corrected_text or entry.text):
        raise NotKept("Not kept: it says the same. Write the right wording.")
    _add_to(entry, incident, "correction", corrected, position, who)


def promote(incident: Incident, entry: Entry, why: str, position: str, who: str) -> None:
    """Mark an entry as significant.

    Raises:
        NotKept: something is missing, or it is marked already.
        NoAnswer: the database is away.
    """
    if entry.significant:
        raise NotKept("Not kept: it is marked as significant already.")
    _add_to(entry, incident, "promotion", words(why, "why it is significant", TEXT), position, who)


def _add_to(entry: Entry, incident: Incident, kind: str, text: str, position: str, who: str) -> None:
    params = {"happened_at": None, "kind": kind, "text": text, "significant": kind == "promotion", "audience": None, "channel": None}
    if written("write-log-entry", params | {"concerns": entry.entry_id} | _noted_by(incident, position, who)) is None:
        raise NotKept("Not kept: the entry is not of this incident. Look again.")


def _noted_by(incident: Incident, position: str, who: str) -> dict[str, object]:
    if position not in POSITIONS:
        raise NotKept("Not kept: your position is missing. Choose one.")
    return {"incident_id": incident.incident_id, "position": position, "who": words(who, "your name", WHO)}


def judge(incident: Incident, judged: Judged, now: datetime) -> None:
    """Keep what a person judges of a lifeline.

    Raises:
        NotKept: something is missing or cannot be.
        NoAnswer: the database is away.
    """
    if judged.status not in STATES:
        raise NotKept("Not kept: its status is missing. Choose one.")
    if judged.next_update_at is not None and judged.next_update_at <= now:
        raise NotKept("Not kept: the next update does not lie ahead. Choose a later time.")
    params = {
        "incident_id": incident.incident_id,
        "lifeline": judged.lifeline,
        "status": judged.status,
        "reason": words(judged.reason, "the reason", REASON),
        "next_update_at": None if judged.next_update_at is None else judged.next_update_at.astimezone(UTC),
        "who": words(judged.who, "your name", WHO),
    }
    written("write-lifeline", params)


def enter_alert(typed: AlertTyped, now: datetime) -> None:
    """Keep an alert that a person entered, or an update or a cancellation of one.

    Raises:
        NotKept: something is missing or cannot be.
        NoAnswer: the database is away.
    """
    if typed.message_type != "Alert" and not typed.replaces:
        raise NotKept("Not kept: which alert is meant is missing. Choose one that was entered by hand.")
    if typed.message_type != "Cancel" and typed.ends_at <= now:
        raise NotKept("Not kept: it ends before now. Choose a later end.")
    if typed.onset_at is not None and typed.ends_at <= typed.onset_at:
        raise NotKept("Not kept: its end is not after its onset. Choose a later end.")
    try:
        zones = zone_codes(typed.zones)
    except ValueError as error:
        raise NotKept(f"Not kept: {error}.") from None
    params = {
        name: words(text, what, longest) if (text := getattr(typed, name)).strip() else None
        for name, (what, longest) in ALERT_WORDS.items()
    }
    written(
        "write-alert",
        params
        | {
            "message_type": typed.message_type,
            "event": words(typed.event, "the event", SHORT),
            "severity": typed.severity,
            "urgency": typed.urgency,
            "certainty": typed.certainty,
            "zones": list(zones),
            "onset_at": None if typed.onset_at is None else typed.onset_at.astimezone(UTC),
            "expires_at": typed.ends_at.astimezone(UTC),
            "ends_at": typed.ends_at.astimezone(UTC),
            "refers_to": list(typed.replaces),
            "who": words(typed.who, "your name", WHO),
        },
    )
