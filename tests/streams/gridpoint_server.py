"""Answers of api.weather.gov, and a server on 127.0.0.1 that gives them, or fails in every way that is asked of it."""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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


class Server(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True

    def __init__(self, habits: Habits) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.habits = habits
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        habits = self.server.habits
        habits.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
        fault = habits.faults.popleft() if habits.faults else None
        if fault is not None:
            with contextlib.suppress(OSError):
                self._fail(fault)
            return
        etag = f'"{habits.issued_at.isoformat()}"'
        if habits.tells_changes and self.headers.get("If-None-Match") == etag:
            self._send(304, b"", etag=etag)
        else:
            self._send(200, habits.body(), etag=etag if habits.tells_changes else None)

    def _fail(self, fault: str) -> None:
        whole = self.server.habits.body()
        if fault.isdigit():
            problem = {"title": "Not Found", "detail": "There is no such\ngrid."}
            self._send(
                int(fault), json.dumps(problem).encode(), kind="application/problem+json", retry_after="7" if fault == "429" else None
            )
        elif fault == "html":
            self._send(200, b"<!DOCTYPE html><html><body>We are mending our server.</body></html>", kind="text/html")
        elif fault == "html called json":
            self._send(200, b"<html><body>We are mending our server.</body></html>")
        elif fault == "another json":
            self._send(200, b'{"message": "rate limit exceeded"}')
        elif fault == "half":
            self._send(200, whole[: len(whole) // 2], length=len(whole))
            self.close_connection = True
        elif fault == "half an object":
            self._send(200, whole[: len(whole) // 2])
        elif fault == "nothing":
            self.close_connection = True
        elif fault == "slow":
            self._send(200, b"", length=1000)
            for _ in range(100):
                self.wfile.write(b" ")
                time.sleep(0.02)
        elif fault == "large":
            self._send(200, whole + b" " * 100_000)
        elif fault == "88 hours old":
            self._send(200, json.dumps(answer(issued_at=self.server.habits.issued_at - timedelta(hours=88))).encode())
        else:
            raise AssertionError(f"no such fault: {fault}")

    def _send(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "application/geo+json",
        length: int | None = None,
        retry_after: str | None = None,
        etag: str | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (("Retry-After", retry_after), ("ETag", etag)):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(habits: Habits) -> Iterator[Server]:
    """The server, for as long as the block lasts."""
    with Server(habits) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
