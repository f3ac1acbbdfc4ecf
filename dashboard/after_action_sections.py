"""The boards of an after-action packet: forecast against actual, peaks, what was in force, said and judged, the log. Pure."""

from datetime import timedelta

import pandas as pd

from dashboard import wording
from dashboard.after_action_rows import Packet
from dashboard.emergency_boards import LIFELINE_STATUS
from dashboard.ics_period import moment
from dashboard.incident_figures import storm_clock
from dashboard.paper_blocks import Cell, Column, Marked, Section, Tile, clipped, plain
from dashboard.verdict import FEWEST_CASES

STEPS_HOURS = ((36, 1), (120, 3), (10_000, 6))  # up to so many hours: a row each
LONGEST_WORDS = 60  # letters of a person, a position, an audience; what was said is in full
CLEARLY = 0.10  # less than this share more or less is "as expected"
HOUR = timedelta(hours=1)
OUTCOMES = {"replaced": "replaced", "cancelled": "cancelled", "over": "over", "lapsed": "not renewed", "holds": "in force"}
AGAINST = (
    Column("Hours", strong=True),
    Column("Local time"),
    Column("Seen", "right"),
    Column("Expected", "right"),
    Column("80% band", "right"),
    Column("Error", "right"),
    Column("Inside", "right"),
    Column("No storm", "right"),
    Column("Gave up", "right"),
    Column("Requests", "right"),
    Column("Posts", "right"),
    Column("Searches", "right"),
)
PEAKS = (Column("", strong=True), Column("Most in an hour", "right"), Column("When"), Column("Of usual then", "right"))
ALERTS = (Column("Alert", share=1, strong=True), Column("Kind"), Column("Sent"), Column("Until"), Column("What came of it"))
MESSAGES = (
    Column("Sent", strong=True),
    Column("Clock"),
    Column("To", share=0.5),
    Column("By", share=0.4),
    Column("What was said", share=2),
)
LEVELS = (Column("When", strong=True), Column("Clock"), Column("Level", share=0.6), Column("By", share=0.5), Column("Why", share=1))
LIFELINES = (Column("When", strong=True), Column("Lifeline"), Column("Status"), Column("By", share=0.4), Column("Why", share=1))
LOG = (Column("No."), Column("Happened", strong=True), Column("Recorded"), Column("Who, position", share=0.55), Column("What", share=2))


def scored(packet: Packet) -> pd.DataFrame:
    """The hours since the onset of which both the contacts and the forecast are known."""
    storm = packet.storm
    return storm[storm["contacts"].notna() & storm["expected"].notna()]


def headline(packet: Packet) -> str:
    """The answer: did what came match what was expected?"""
    both = scored(packet)
    expected = float(both["expected"].sum())
    if expected < 1:
        return "No forecast to hold it against"
    change = float(both["contacts"].sum()) / expected - 1
    if abs(change) < CLEARLY:
        return "Contacts came as expected"
    return f"{wording.percent(abs(change))}% {'more' if change > 0 else 'fewer'} contacts than expected"


def sentence(packet: Packet) -> str:
    """The headline's reason."""
    both = scored(packet)
    if both.empty:
        return "No hour since the onset has both contacts and a forecast that was made before it."
    seen, expected = wording.count(both["contacts"].sum()), wording.count(both["expected"].sum())
    return f"**{seen} contacts** in {wording.plural(len(both), 'hour')} since the onset, {expected} were expected of them."


def tiles(packet: Packet) -> tuple[Tile, ...]:
    """Contacts, the forecast's error, how often the band held, and who gave up."""
    storm, both = packet.storm, scored(packet)
    known = storm[storm["contacts"].notna()]
    total = float(both["contacts"].sum())
    wrong = float((both["contacts"] - both["expected"]).abs().sum())
    held = int(inside(both).sum())
    enough = len(both) >= FEWEST_CASES
    hours = wording.plural(len(both), "hour")
    gave_up = known["abandoned"].dropna()
    told = float(known.loc[gave_up.index, "contacts"].sum())
    return (
        Tile(
            "Contacts since the onset",
            wording.count(known["contacts"].sum()) if len(known) else None,
            "none",
            "",
            wording.plural(len(known), "whole hour"),
        ),
        Tile("Mean error by hour", f"{wording.percent(wrong / total)}%" if total else None, "none", "", f"of the contacts, {hours}"),
        Tile(
            "Inside the 80% band",
            f"{wording.percent(held / len(both))}%" if len(both) else None,
            "none",
            "",
            f"{held} of {hours}{'' if enough else ', too few to judge'}",
        ),
        Tile(
            "Gave up waiting",
            f"{wording.percent(gave_up.sum() / told)}%" if told else None,
            "none",
            "",
            f"{wording.count(gave_up.sum())} of {wording.count(told)} contacts",
        ),
    )


def inside(hours: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the contacts of each hour lay in the forecast's band."""
    return (hours["contacts"] >= hours["expected_low"]) & (hours["contacts"] <= hours["expected_high"])


def step_of(packet: Packet) -> int:
    """How many hours a row of the table has."""
    return next(step for most, step in STEPS_HOURS if len(packet.storm) <= most)


def against(packet: Packet) -> Section:
    """Forecast against actual, since the onset; the error is what was seen less what was expected."""
    step, storm = step_of(packet), packet.storm
    rows = [_against(packet, group, step) for _, group in storm.groupby(storm["hour"] // step)]
    note = (
        "Error: seen less expected, of the expected; in an hour of which either is not known there is none. Inside: hours in the 80% band."
    )
    afterwards = int(storm["afterwards"].astype(bool).sum())
    if afterwards:
        note += f" The forecast of {wording.plural(afterwards, 'hour')} was made afterwards, with what was known before."
    heading = f"Was the forecast right? By {'hour' if step == 1 else f'{step} hours'}"
    return Section(heading, AGAINST, tuple(rows), note=note, empty="No hour is over yet.")


def _against(packet: Packet, group: pd.DataFrame, step: int) -> tuple[Cell, ...]:
    both = group[group["contacts"].notna() & group["expected"].notna()]
    first = int(group["hour"].min())
    expected = float(both["expected"].sum())
    band = wording.NOTHING
    if step == 1 and len(both):
        band = wording.both(both["expected_low"].sum(), both["expected_high"].sum())
    error = wording.NOTHING
    if expected >= 1:
        error = f"{wording.change(100 * (float(both['contacts'].sum()) / expected - 1))}%"
    zone = packet.situation.zone
    return (
        f"+{first} h" if step == 1 else f"+{first} to +{int(group['hour'].max()) + 1} h",
        moment(group["starts_at"].min().to_pydatetime(), zone),
        _sum(group["contacts"]),
        _sum(group["expected"]),
        band,
        error,
        f"{int(inside(both).sum())} of {len(both)}" if len(both) else wording.NOTHING,
        *(_sum(group[name]) for name in ("no_storm", "abandoned", "requests", "posts", "searches")),
    )


def _sum(values: "pd.Series[float]") -> str:
    return wording.count(values.sum()) if len(values) and values.notna().all() else wording.NOTHING


def peaks(packet: Packet) -> Section:
    """The highest hour of each count since the onset."""
    rows = []
    storm = packet.storm
    for kind, name in (
        ("contacts", "Contacts"),
        ("requests", "Requests opened"),
        ("posts", "Posts"),
        ("searches", "Searches"),
        ("abandoned", "Gave up"),
    ):
        known = storm[kind].dropna()
        if known.empty or known.max() <= 0:
            continue
        row = storm[storm[kind] == known.max()].iloc[0]
        usual = None if kind == "abandoned" else row["usual" if kind == "contacts" else f"{kind}_usual"]
        ratio = wording.NOTHING if usual is None or pd.isna(usual) or usual < 1 else f"{row[kind] / usual:.1f} ×"
        when = f"+{int(row['hour'])} h, {moment(row['starts_at'].to_pydatetime(), packet.situation.zone)}"
        rows.append((name, wording.count(row[kind]), when, ratio))
    return Section("When was the peak?", PEAKS, tuple(rows), empty="Nothing was counted since the onset.")


def alerts(packet: Packet) -> Section:
    """Every message of an alert that held in the incident's time."""
    zone = packet.situation.zone
    rows: list[tuple[Cell, ...]] = []
    for one in packet.alerts.to_dict("records"):
        held = one["held_until"]
        outcome = OUTCOMES.get(str(one["outcome"]), str(one["outcome"]))
        rows.append(
            (
                plain(str(one["event"])),
                str(one["message_type"]),
                moment(one["sent_at"].to_pydatetime(), zone),
                moment(one["until"].to_pydatetime(), zone),
                outcome if pd.isna(held) else f"{outcome} {moment(held.to_pydatetime(), zone)}",
            )
        )
    return Section("Which alerts were in force?", ALERTS, tuple(rows), empty="No alert was in force.")


def messages(packet: Packet) -> Section:
    """Every message to residents and others, in order, in its newest wording."""
    found = packet.situation
    rows = tuple(
        (
            moment(one.happened_at, found.zone),
            storm_clock(found.incident.onset_at, one.happened_at),
            clipped(one.audience or "", LONGEST_WORDS),
            clipped(one.channel or "", LONGEST_WORDS),
            plain(one.text if one.corrected_text is None else f"{one.corrected_text} (corrected)"),
        )
        for one in reversed(found.entries)
        if one.kind == "message"
    )
    return Section("What did we tell residents, and when?", MESSAGES, rows, empty="No message is in the log.")


def levels(packet: Packet) -> Section:
    """Every change of the incident."""
    found = packet.situation
    rows = tuple(
        (
            moment(one.changed_at, found.zone),
            storm_clock(found.incident.onset_at, one.changed_at),
            plain(one.level) + (", ended" if one.ended_at is not None else ""),
            clipped(one.changed_by, LONGEST_WORDS),
            plain(one.reason),
        )
        for one in found.changes
    )
    return Section("Which level, and since when?", LEVELS, rows, empty="No change is kept.")


def lifelines(packet: Packet) -> Section:
    """What was judged of each lifeline, in order."""
    zone = packet.situation.zone
    rows: list[tuple[Cell, ...]] = [
        (
            moment(one.set_at, zone),
            one.lifeline,
            Marked(LIFELINE_STATUS[one.status], one.status.capitalize()),
            clipped(one.set_by or "", LONGEST_WORDS),
            plain(one.reason or ""),
        )
        for one in packet.lifelines
        if one.set_at is not None
    ]
    return Section(
        "How did the community lifelines stand over time?", LIFELINES, tuple(rows), empty="Nobody judged a lifeline in this incident."
    )


def log(packet: Packet) -> Section:
    """Every row that was ever added to the log, in the order in which it was recorded."""
    zone = packet.situation.zone
    rows = tuple(
        (
            str(one["entry_id"]),
            moment(one["happened_at"].to_pydatetime(), zone),
            moment(one["recorded_at"].to_pydatetime(), zone),
            plain(f"{clipped(str(one['recorded_by']), LONGEST_WORDS)}, {clipped(str(one['position']), LONGEST_WORDS)}"),
            plain(_what(one)),
        )
        for one in packet.record.to_dict("records")
    )
    return Section("The log in full", LOG, rows, empty="Nothing is in the log.")


def _what(one: dict[object, object]) -> str:
    concerns = "" if one["concerns"] is None or pd.isna(one["concerns"]) else f" {int(one['concerns'])}"  # type: ignore[call-overload]
    if one["kind"] == "correction":
        return f"Correction of{concerns}: {one['text']}"
    if one["kind"] == "promotion":
        return f"Made{concerns} significant: {one['text']}"
    mark = "Significant. " if one["significant"] else ""
    return f"{mark}To {one['audience']} by {one['channel']}: {one['text']}" if one["kind"] == "message" else f"{mark}{one['text']}"
