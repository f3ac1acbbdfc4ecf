"""Answers of api.weather.gov, and a server on 127.0.0.1 that gives them, or fails in every way that is asked of it."""

import json
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.streams.stub_server import StubHandler, StubServer, running

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
GRID = "PHI/49,75"


def layer(uom: str, *values: tuple[str, float | None]) -> dict[str, Any]:
    """A layer of the answer: (validTime, value)."""
    return {"uom": f"wmoUnit:{uom}", "values": [{"validTime": valid, "value": value} for valid, value in values]}


def answer(*, issued_at: datetime = NOON, grid: str = GRID, **layers: Any) -> dict[str, Any]:
    """A gridpoint forecast, as GeoJSON; unless layers are given, a day of cold and six hours of snow."""
    office, _, square = grid.partition("/")
    x, _, y = square.partition(",")
    start = issued_at.replace(minute=0).isoformat()
    told = layers or {"temperature": layer("degC", (f"{start}/P1D", -3.0)), "snowfallAmount": layer("mm", (f"{start}/PT6H", 60.0))}
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": []},
        "properties": {
            "@id": f"https://api.weather.gov/gridpoints/{grid}",
            "updateTime": issued_at.isoformat(),
            "gridId": office,
            "gridX": x,
            "gridY": y,
            "iceAccumulation": {"values": []},
            **told,
        },
    }


@dataclass
class Habits:
    """What the server has, and what it does to the next questions (`faults`, one each; None: nothing)."""

    issued_at: datetime = NOON
    grid: str = GRID
    tells_changes: bool = True
    faults: deque[str | None] = field(default_factory=deque)
    asked: list[dict[str, str]] = field(default_factory=list)
    layers: dict[str, Any] = field(default_factory=dict)

    def body(self) -> bytes:
        """The answer."""
        return json.dumps(answer(issued_at=self.issued_at, grid=self.grid, **self.layers)).encode()


class Server(StubServer):
    """The server."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(_Handler)
        self.habits = habits
        self.url = self.address


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
        etag = f'"{habits.issued_at.isoformat()}"'
        if habits.tells_changes and self.headers.get("If-None-Match") == etag:
            self.answer(304, b"", ETag=etag)
        else:
            self.answer(200, habits.body(), **({"ETag": etag} if habits.tells_changes else {}))

    def whole(self) -> bytes:
        return self.server.habits.body()

    def problem(self) -> tuple[bytes, str]:
        return json.dumps({"title": "Not Found", "detail": "There is no such\ngrid."}).encode(), "application/problem+json"

    def fail_as(self, fault: str) -> None:
        if fault == "half an object":
            self.answer(200, self.whole()[: len(self.whole()) // 2])
        elif fault == "large":
            self.answer(200, self.whole() + b" " * 100_000)
        elif fault == "88 hours old":
            self.answer(200, json.dumps(answer(issued_at=self.server.habits.issued_at - timedelta(hours=88))).encode())
        else:
            super().fail_as(fault)


def serving(habits: Habits) -> AbstractContextManager[Server]:
    """The server, for as long as the block lasts."""
    return running(Server(habits))
