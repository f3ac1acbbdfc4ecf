"""What stands beside the map: which areas and types stand out, in words, with links that carry the whole view. Pure."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import pandas as pd

from dashboard import wording
from dashboard.figure import Figure, stamp
from dashboard.freshness import Source
from dashboard.map_view import INCIDENT, LENGTHS, PERIODS, STATES, View

CADENCE_SECONDS = 60.0
SHOWN_ROWS = 7
CAVEAT = "Reporting rates differ between neighborhoods: a quiet cell may be one whose residents do not call."


def address(query: Mapping[str, str], **changes: str | None) -> str:
    """The map's address with some parameters changed; None takes one out."""
    kept = {name: value for name, value in query.items() if name not in changes and name != "cell"}
    return "/map?" + urlencode(kept | {name: value for name, value in changes.items() if value})


def board(found: pd.DataFrame, title: str, asked_at: datetime, links: Mapping[str, str]) -> Figure:
    """What stands out first, then the most frequent, at most seven rows.

    Args:
        found: as `hot-groups` gives it.
        title: of the board and of that column.
        asked_at: when the database was asked.
        links: name to address; a name without one is no link.
    """
    seen = found[(found["requests"] > 0) | found["stands_out"]]
    ordered = seen.sort_values(["stands_out", "requests"], ascending=False, kind="stable").head(SHOWN_ROWS)
    rows = [
        {
            "key": str(row["name"]),
            "status": "watch" if row["stands_out"] else "ok",
            "name": str(row["name"]),
            "href": links.get(str(row["name"])),
            "requests": wording.count(row["requests"]),
            "usual": None if pd.isna(row["usual"]) else f"{row['usual']:.1f}",
            "ratio": None if pd.isna(row["usual"]) else f"{row['ratio']:.1f} ×",
            "verdict": _chance(row["requests"], row["p"], bool(row["stands_out"])),
        }
        for row in ordered.to_dict("records")
    ]
    columns = [
        {"key": "name", "kind": "name", "title": "Name", "width": "minmax(180px, 1.4fr)"},
        {"key": "requests", "kind": "num", "title": "Requests", "width": "92px", "strong": True},
        {"key": "usual", "kind": "num", "title": "Usual", "width": "74px"},
        {"key": "ratio", "kind": "num", "title": "Ratio", "width": "78px"},
        {"key": "verdict", "kind": "text", "title": "More than chance?", "width": "minmax(150px, 1fr)"},
    ]
    out = int(seen["stands_out"].sum()) if len(seen) else 0
    heading = f"{title}: **{out or 'none'} {'stands' if out == 1 else 'stand'} out**"
    return {"title": heading, "columns": columns, "rows": rows, "empty": "No requests", **stamp(Source(asked_at, CADENCE_SECONDS))}


def _chance(requests: float, p: float, stands_out: bool) -> str:
    if pd.isna(p):
        return "No usual yet"
    if stands_out:
        return "Yes: under 1 in a million" if p < 1e-6 else f"Yes: 1 in {1 / p:,.0f}"
    return "Too few to say" if requests < 5 else "No"


def verdict(types: pd.DataFrame, areas: pd.DataFrame | None) -> str:
    """What stands out, in one sentence; `**bold**` is what to read first.

    Args:
        types: the types of request, as `hot-groups` gives them.
        areas: the areas, likewise; None: none are loaded.
    """
    found = [(noun, frame[frame["stands_out"]]) for noun, frame in (("type", types), ("area", areas)) if frame is not None]
    loud = [(noun, frame.sort_values("requests", ascending=False, kind="stable")) for noun, frame in found if len(frame)]
    if not loud:
        judged = any(frame["p"].notna().any() for frame in (types, areas) if frame is not None)
        return (
            "**Nothing stands out**: no type and no area has more requests than chance allows"
            if judged
            else "**No usual yet** to compare with"
        )
    noun, first = loud[0]
    top = first.iloc[0]
    others = [wording.plural(len(first) - 1, f"more {noun}")] if len(first) > 1 else []
    others += [wording.plural(len(frame), other) for other, frame in loud[1:]]
    also = f"; also {wording.listed(others)}" if others else ""
    return (
        f"{wording.bold(str(top['name']) + ' stands out')}: {wording.count(top['requests'])}, usually {wording.count(top['usual'])}{also}"
    )


def heading(view: View, zone_time: datetime) -> str:
    """What the map shows, in a sentence: which requests, and of when."""
    parts = [STATES[view.state] if view.state != "all" else "Requests"]
    if view.service_name:
        parts.append(f"of the type {view.service_name.replace('*', '')}")
    if view.department:
        parts.append(f"of {view.department.replace('*', '')}")
    if view.channel:
        parts.append(f"by {view.channel.replace('*', '')}")
    when = view.period.removeprefix(INCIDENT) if view.period.startswith(INCIDENT) else PERIODS[view.period].lower()
    began = view.starts_at.astimezone(zone_time.tzinfo)
    since, until = (f"{wording.day(one)}, {wording.clock(one)}" for one in (began, zone_time))
    if view.period in LENGTHS:
        return f"{' '.join(parts)} in the {when}, until {until}"
    return f"{' '.join(parts)}{f' of {when},' if view.period.startswith(INCIDENT) else ''} from {since} until {until}"
