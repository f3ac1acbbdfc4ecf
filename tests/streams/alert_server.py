"""Alerts as api.weather.gov gives them, and a server on 127.0.0.1 that lists them, or fails in every way that is asked of it."""

import json
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.streams.stub_server import StubHandler, StubServer, running

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
ZONES = ("PAZ071", "PAC101")
SQUARE = {"type": "Polygon", "coordinates": [[[-75.2, 39.9], [-75.1, 39.9], [-75.1, 40.0], [-75.2, 39.9]]]}


def told_at(at: datetime | None) -> str | None:
    return at and at.isoformat()


def feature(alert_id: str, *, sent: datetime = NOON, refers_to: tuple[str, ...] = (), **changed: Any) -> dict[str, Any]:
    """One message: a Winter Storm Warning that expires after 8 hours and ends after 24, unless `changed` (a datetime is written as text)."""
    properties: dict[str, Any] = {
        "@id": f"https://api.weather.gov/alerts/{alert_id}",
        "@type": "wx:Alert",
        "id": alert_id,
        "areaDesc": "Philadelphia",
        "geocode": {"SAME": ["042101"], "UGC": ["PAZ071"]},
        "affectedZones": ["https://api.weather.gov/zones/forecast/PAZ071"],
        "references": [
            {"@id": f"https://api.weather.gov/alerts/{one}", "identifier": one, "sender": "w-nws.webmaster@noaa.gov", "sent": told_at(NOON)}
            for one in refers_to
        ],
        "sent": sent,
        "effective": sent,
        "onset": sent + timedelta(hours=6),
        "expires": sent + timedelta(hours=8),
        "ends": sent + timedelta(hours=24),
        "status": "Actual",
        "messageType": "Update" if refers_to else "Alert",
        "category": "Met",
        "severity": "Severe",
        "certainty": "Likely",
        "urgency": "Expected",
        "event": "Winter Storm Warning",
        "sender": "w-nws.webmaster@noaa.gov",
        "senderName": "NWS Mount Holly NJ",
        "headline": "Winter Storm Warning issued January 25 at 7:00AM EST",
        "description": "* WHAT...Heavy snow.\n\n* WHERE...Philadelphia.",
        "instruction": "If you must travel, keep an extra flashlight.",
        "response": "Prepare",
        "parameters": {"VTEC": ["/O.NEW.KPHI.WS.W.0001.260125T1800Z-260126T1200Z/"], "BLOCKCHANNEL": ["EAS", "NWEM"]},
    }
    geometry = changed.pop("geometry", None)
    properties |= changed
    written = {name: told_at(value) if isinstance(value, datetime) else value for name, value in properties.items()}
    return {"id": properties["@id"], "type": "Feature", "geometry": geometry, "properties": written}


def collection(*features: Any, updated: Any = NOON) -> dict[str, Any]:
    """An answer of the service."""
    told = {"updated": told_at(updated) if isinstance(updated, datetime) else updated}
    title = "Current watches, warnings, and advisories"
    return {"@context": {}, "type": "FeatureCollection", "features": list(features), "title": title} | told


@dataclass
class Habits:
    """What the server has: features by list, how new it says they are, and what it does to the next questions (None: nothing)."""

    zones: list[Any] = field(default_factory=lambda: [feature("urn:oid:1")])
    area: list[Any] = field(default_factory=lambda: [feature("urn:oid:1")])
    updated: Any = NOON
    tells_changes: bool = True
    faults: deque[str | None] = field(default_factory=deque)
    asked: list[dict[str, str]] = field(default_factory=list)

    def body(self, question: str) -> bytes:
        """The answer to a question (zone or area)."""
        return json.dumps(collection(*(self.area if question == "area" else self.zones), updated=self.updated)).encode()


class Server(StubServer):
    """The server."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(_Handler)
        self.habits = habits


class _Handler(StubHandler):
    server: Server
    json_kind = "application/geo+json"

    def respond(self) -> None:
        habits = self.server.habits
        habits.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
        fault = habits.faults.popleft() if habits.faults else None
        if fault is not None:
            self.fail(fault)
            return
        etag = f'"{self.question} {habits.updated}"'
        if habits.tells_changes and self.headers.get("If-None-Match") == etag:
            self.answer(304, b"", ETag=etag)
        else:
            self.answer(200, self.whole(), **({"ETag": etag} if habits.tells_changes else {}))

    @property
    def question(self) -> str:
        (name,) = parse_qs(urlsplit(self.path).query)
        return name

    def whole(self) -> bytes:
        return self.server.habits.body(self.question)

    def problem(self) -> tuple[bytes, str]:
        return json.dumps({"title": "Bad Request", "detail": "There is no such\nzone."}).encode(), "application/problem+json"

    def fail_as(self, fault: str) -> None:
        if fault == "half an object":
            self.answer(200, self.whole()[: len(self.whole()) // 2])
        elif fault == "an empty body":
            self.answer(200, b"")
        else:
            super().fail_as(fault)


def serving(habits: Habits) -> AbstractContextManager[Server]:
    """The server, for as long as the block lasts."""
    return running(Server(habits))
