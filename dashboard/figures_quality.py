"""What the System screen shows of the requests' data: their defects, what is done with them, and proposed default geocodes. Pure."""

from dashboard import wording
from dashboard.figure import Figure, stamp
from dashboard.freshness import NEVER, Source
from dashboard.snapshot import Snapshot

QUALITY_CADENCE_SECONDS = 120.0
# Columns of the query data-quality, in words.
DEFECTS = {
    "no_location": "No location",
    "outside_city": "Outside the city",
    "default_geocode": "At a default geocode",
    "no_target": "Without a due day",
    "due_before_requested": "Due before it was requested",
    "due_after_years": "Due after more than three years",
    "closed_before_requested": "Closed before it was requested",
    "closed_at_once": "Closed in the second of the request",
    "requested_in_future": "Requested in the future",
    "id_used_twice": "One id, two requests",
    "no_type": "Without a type",
    "no_department": "Without a department",
}


def quality_figures(snapshot: Snapshot) -> dict[str, Figure]:
    """The two boards by their keys."""
    return {"defects": _defects_board(snapshot), "suspects": _suspects_board(snapshot)}


def _share(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f}%"


def _stamp(snapshot: Snapshot) -> Figure:
    return stamp(NEVER if snapshot.quality is None else Source(snapshot.quality.at, QUALITY_CADENCE_SECONDS))


def _defects_board(snapshot: Snapshot) -> Figure:
    found = [one for one in (snapshot.quality.defects if snapshot.quality else ()) if one.requests]
    rows = [
        {
            "key": one.defect,
            "status": "ok",
            "cells": [DEFECTS.get(one.defect, one.defect), wording.count(one.requests), _share(one.share), one.what_is_done],
        }
        for one in found
    ]
    columns = [
        {"title": "Requests, last 90 days", "width": "320px", "kind": "name"},
        {"title": "Requests", "width": "110px", "kind": "num"},
        {"title": "Share", "width": "90px", "kind": "num"},
        {"title": "What is done with them", "width": "1fr", "kind": "text"},
    ]
    return {
        "title": "Defects of requests",
        "columns": columns,
        "rows": rows,
        "empty": "No request of the last 90 days has a defect",
        **_stamp(snapshot),
    }


def _suspects_board(snapshot: Snapshot) -> Figure:
    suspects = snapshot.quality.suspects if snapshot.quality else ()
    rows = [
        {
            "key": f"{one.lat} {one.long}",
            "status": "ok" if one.is_known else "watch",
            "cells": [
                f"{one.lat:.4f}, {one.long:.4f}",
                wording.count(one.requests),
                wording.count(one.addresses),
                _share(one.share),
                "Left out of every map" if one.is_known else "Add it to DEFAULT_GEOCODES if it stands for no place",
            ],
        }
        for one in suspects
    ]
    columns = [
        {"title": "Point that collects far too many requests", "width": "320px", "kind": "name"},
        {"title": "Requests", "width": "110px", "kind": "num"},
        {"title": "Addresses", "width": "110px", "kind": "num"},
        {"title": "Of the located", "width": "130px", "kind": "num"},
        {"title": "What to do", "width": "1fr", "kind": "text"},
    ]
    return {
        "title": "Default geocodes",
        "columns": columns,
        "rows": rows,
        "empty": "No point collects far too many requests",
        **_stamp(snapshot),
    }
