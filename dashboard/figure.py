"""What all parts of the screens share: a figure is small and JSON-ready, carries its age, and links to its definition. Pure."""

from typing import Any
from urllib.parse import quote

from dashboard import wording
from dashboard.freshness import Source
from dashboard.snapshot import Snapshot

Figure = dict[str, Any]


def stamp(source: Source) -> Figure:
    """What the browser counts an age from."""
    return {"as_of": None if source.as_of is None else source.as_of.timestamp(), "cadence": source.cadence_seconds}


def aged_like(figure: Figure) -> Figure:
    """The age of another figure."""
    return {"as_of": figure["as_of"], "cadence": figure["cadence"]}


def definition_of(snapshot: Snapshot, metric: str) -> Figure:
    """The link to a metric's definition and its text."""
    known = snapshot.definitions.get(metric)
    return {"href": f"/definitions?metric={quote(metric)}", "definition": known.definition if known else ""}


def threshold_words(threshold_seconds: float | None) -> str:
    """As in "within 20 s"; "in time", where the queues' thresholds differ."""
    return "in time" if threshold_seconds is None else f"within {wording.seconds(threshold_seconds)}"
