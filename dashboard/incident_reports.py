"""The reports on an incident as buttons: each is made when somebody clicks, as of that moment. It keeps nothing."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import streamlit as st

from dashboard import after_action, data, ics_209, ics_214, situation_report
from dashboard.incident_rows import Incident

PDF, TEXT = "application/pdf", "text/plain"
REPORTS: tuple[tuple[str, str, ModuleType, str], ...] = (
    ("Situation report", "situation-report", situation_report, "pdf"),
    ("The same as text", "situation-report", situation_report, "txt"),
    ("ICS-214", "ics-214", ics_214, "pdf"),
    ("ICS-209", "ics-209", ics_209, "pdf"),
    ("After-action packet", "after-action", after_action, "pdf"),
)


def buttons(incident: Incident) -> None:
    """A row of downloads, and the way to the storm clock and the replay.

    Drawn once, apart from what is drawn anew: a button may be clicked a moment after its file is gone.
    """
    boxes = st.columns([1, 1, 1, 1, 1, 1], gap="small")
    for box, (label, name, report, shape) in zip(boxes, REPORTS, strict=False):
        box.download_button(
            label,
            _made(report, incident.incident_id, shape),
            f"{name}-{incident.incident_id}.{shape}",
            PDF if shape == "pdf" else TEXT,
            on_click="ignore",
            width="stretch",
            key=f"incident_report_{name}_{shape}",
        )
    boxes[5].link_button("Replay", f"/emergency?incident={incident.incident_id}&hour=0", width="stretch")


def _made(report: ModuleType, incident_id: int, shape: str) -> Callable[[], bytes | str]:
    def make() -> bytes | str:
        found: Any = data.ask(lambda connection: report.read(connection, incident_id))
        made: bytes | str = report.pdf(found) if shape == "pdf" else report.text(found)
        return made

    return make
