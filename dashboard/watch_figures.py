"""Alerts of our own on the screens: the words on a wall's head, the board on top of the desks, the table of the page System. Pure."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard import wording
from dashboard.figure import Figure, stamp
from dashboard.freshness import Source
from dashboard.watch import Watch, WatchAlert

CADENCE_SECONDS = 30.0  # rules are judged every 15 s
ROWS_ON_DESKS = 3


def alarm(watch: Watch | None, at: datetime) -> Figure | None:
    """What the head of every wall says: how many alerts fire and the gravest, or that nobody judges the rules; None: nothing."""
    if watch is None:
        return None
    if watch.silent(at):
        return {"status": "unknown", "text": "Alert rules are not judged"}
    firing = watch.firing
    if not firing:
        return None
    first = firing[0]
    about = "" if first.subject in ("*", "all") else f", {first.subject}"
    return {"status": first.severity, "text": f"{wording.plural(len(firing), 'alert')}: {first.rule.replace('-', ' ')}{about}"}


def desk_board(watch: Watch | None, at: datetime, zone: ZoneInfo) -> Figure | None:
    """The alerts that fire, for the top of the pages for a desk; None: there are none."""
    if watch is None or not (watch.firing or watch.silent(at)):
        return None
    rows: list[Figure] = [
        {"key": f"{one.rule}/{one.subject}", "status": one.severity, "name": one.text, "since": since(one, zone)} for one in watch.firing
    ]
    if watch.silent(at):
        rows.insert(
            0, {"key": "silent", "status": "unknown", "name": "Alert rules are not judged: start `python -m streams watch`", "since": ""}
        )
    more = len(rows) - ROWS_ON_DESKS
    note = f"{wording.plural(more, 'more alert')} on the page System" if more > 0 else ""
    columns = [
        {"key": "name", "kind": "name", "title": "Alerts", "width": "1fr"},
        {"key": "since", "kind": "text", "title": "Since", "width": "180px"},
    ]
    aged = stamp(Source(watch.now.judged_at, CADENCE_SECONDS))
    return {"title": "", "columns": columns, "rows": rows[:ROWS_ON_DESKS], "note": note, "empty": "", **aged}


def since(alert: WatchAlert, zone: ZoneInfo) -> str:
    """Tue 14:32, or with its end."""
    begun = f"{alert.fired_at.astimezone(zone):%a %H:%M}"
    return begun if alert.cleared_at is None else f"{begun} to {alert.cleared_at.astimezone(zone):%H:%M}"


def table(watch: Watch | None, zone: ZoneInfo) -> Figure:
    """Every alert that fires or fired within the last day, for the page System."""
    alerts: Sequence[WatchAlert] = watch.alerts if watch else ()
    rows = [
        {
            "key": f"{one.rule}/{one.subject}/{one.fired_at.isoformat()}",
            "status": "ok" if one.cleared_at else one.severity,
            "cells": [one.text, "Cleared" if one.cleared_at else one.severity.capitalize(), since(one, zone), one.runbook],
        }
        for one in alerts
    ]
    columns = [
        {"title": "Alert", "width": "1fr", "kind": "name"},
        {"title": "Now", "width": "110px", "kind": "text"},
        {"title": "Since", "width": "180px", "kind": "text"},
        {"title": "In docs/runbook.md", "width": "260px", "kind": "text"},
    ]
    judged = watch.now.judged_at if watch else None
    failed = f", {wording.plural(watch.now.not_taken, 'message')} not delivered yet" if watch and watch.now.not_taken else ""
    told = "never judged: start `python -m streams watch`" if judged is None else f"by {watch.now.rules if watch else 0} rules{failed}"
    return {
        "title": f"Alerts of the last day, {told}",
        "columns": columns,
        "rows": rows,
        "empty": "None fired",
        **stamp(Source(judged, CADENCE_SECONDS)),
    }
