"""From what is known of the requests to what the Map says on a wall: which types and districts stand out, in large type. Pure.

It is the reading of the Emergency screen, of the last day or since the onset: a map on a wall asks no question of its own, and while the
database is away it is still there, with its age.
"""

from dataclasses import dataclass

import pandas as pd

from dashboard import map_figures, wording
from dashboard.emergency_figures import NEVER_SEEN, NOTHING
from dashboard.emergency_rows import Emergency
from dashboard.figure import Figure
from dashboard.figures import strip
from dashboard.snapshot import Snapshot

ROWS = 4
TITLES = {"wm_map": "Requests, times the usual", "wm_types": "What", "wm_areas": "Where"}
KEYS = ("wm_strip", *TITLES)
CARRIER: Figure = {"carrier": "the service requests", "taken_in": None}


@dataclass(frozen=True, slots=True)
class MapSaid:
    """What stands out, as the head of a screen says it."""

    headline: str
    status: str
    why: str


def wall_figures(snapshot: Snapshot, aged: Figure) -> dict[str, Figure]:
    """Every part of the map on a wall by its key.

    Args:
        snapshot: what is known.
        aged: what its figures count their age from (`dashboard.figure.stamp`).
    """
    known = snapshot.emergency
    if known is None:
        nothing = MapSaid("Not known", "unknown", "Nothing is known yet")
        parts = {key: NOTHING | NEVER_SEEN | {"label": title, "title": title, "subject": title} for key, title in TITLES.items()}
        return {"wm_strip": strip(snapshot, nothing, "Map") | NEVER_SEEN | CARRIER} | parts
    since = "since the onset" if known.clock.is_storm else "of the last 24 hours"
    return {
        "wm_strip": strip(snapshot, _said(known), "Map") | CARRIER | aged,
        "wm_map": {"subject": TITLES["wm_map"], "label": f"**Requests {since}**, times the usual", **aged},
        "wm_types": _board(known.types, TITLES["wm_types"]) | aged,
        "wm_areas": _board(known.districts, TITLES["wm_areas"]) | aged,
    }


def _said(known: Emergency) -> MapSaid:
    if known.now.open_requests is None:
        return MapSaid("Not known", "unknown", "**No requests are told**: no feed brings any")
    why = map_figures.verdict(known.types, known.districts if len(known.districts) else None)
    loud = sum(int(frame["stands_out"].sum()) for frame in (known.types, known.districts) if len(frame))
    if loud:
        return MapSaid("Above usual", "watch", why)
    judged = any(frame["p"].notna().any() for frame in (known.types, known.districts) if len(frame))
    return MapSaid("As usual", "ok", why) if judged else MapSaid("No usual yet", "none", "Too few quiet weeks are known to compare with")


def _board(found: pd.DataFrame, title: str) -> Figure:
    """What stands out first, then the most frequent."""
    seen = found[found["requests"] > 0] if len(found) else found
    ordered = seen.sort_values(["stands_out", "requests"], ascending=False, kind="stable").head(ROWS) if len(seen) else seen
    rows = [
        {
            "key": str(row["name"]),
            "status": "watch" if row["stands_out"] else "ok",
            "name": str(row["name"]),
            "requests": wording.count(row["requests"]),
            "ratio": None if pd.isna(row["usual"]) else f"{row['ratio']:.1f}",
        }
        for row in ordered.to_dict("records")
    ]
    columns = [
        {"key": "name", "kind": "name", "title": title, "width": "minmax(0, 1fr)"},
        {"key": "requests", "kind": "num", "title": "Requests", "width": "auto", "strong": True},
        {"key": "ratio", "kind": "num", "title": "Of usual", "unit": " ×", "width": "auto"},
    ]
    return {"title": "", "columns": columns, "rows": rows, "empty": "No requests are told"}
