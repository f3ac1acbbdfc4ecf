"""A small HTTP server beside the work of a process: /health/live, /health/ready and /metrics, where METRICS_PORT is set.

It only asks the work how it is, never does any, and ends with it. The dashboard has these addresses among its own routes.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sql.settings import InvalidSetting, settings
from sql.telemetry import CONTENT_TYPE, PROCESS_INFO, Group, exposition, may_read

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
REQUEST_WITHIN_SECONDS = 5.0
REFUSED = "The metrics are for whoever bears METRICS_TOKEN or, where it is not set, asks from this machine."

Unready = Callable[[], str | None]
"""Why a process is not ready, as one sentence; None: it is."""


def answer(unready: str | None) -> tuple[HTTPStatus, bytes]:
    """Status and body of /health/ready."""
    if unready is None:
        return HTTPStatus.OK, b'{"status": "ready"}\n'
    return HTTPStatus.SERVICE_UNAVAILABLE, json.dumps({"status": "not ready", "reason": unready}).encode() + b"\n"


class Pulse:
    """When something last went well, told from one thread and asked from others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._at: float | None = None

    def beat(self) -> None:
        """It went well now."""
        self._at = self._clock()

    @property
    def silent_seconds(self) -> float:
        """For how long it has not gone well: since the last time, else since the beginning."""
        return self._clock() - (self._began if self._at is None else self._at)

    @property
    def has_beaten(self) -> bool:
        """Whether it ever went well."""
        return self._at is not None


@contextmanager
def served(process: str, groups: tuple[Group, ...], unready: Unready) -> Iterator[int | None]:
    """Serve a process's health for as long as the block lasts, where METRICS_PORT is set.

    Args:
        process: what it does, such as `consume`.
        groups: its metrics.
        unready: asked in another thread; it must be quick and wait for nothing.

    Yields:
        The port; None: nothing is served.

    Raises:
        InvalidSetting: the port or the address cannot be used.
    """
    chosen = settings()
    PROCESS_INFO.clear()
    PROCESS_INFO.labels(process).set(1)
    if chosen.metrics_port is None:
        yield None
        return
    try:
        server = _Server(chosen.metrics_address, chosen.metrics_port, groups, unready, chosen.metrics_token)
    except OSError as error:
        raise InvalidSetting(
            f"METRICS_PORT: port {chosen.metrics_port} of {chosen.metrics_address} cannot be used ({error.strerror or error}). "
            "Give each process a port of its own."
        ) from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, port: int, groups: tuple[Group, ...], unready: Unready, token: str | None) -> None:
        self.groups, self.unready, self.token = groups, unready, token
        self.address_family, *_, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        super().__init__((str(where[0]), int(where[1])), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked has gone: there is nobody to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_WITHIN_SECONDS
    server_version, sys_version = "city311", ""
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Answer a question."""
        path = self.path.partition("?")[0]
        if path == LIVE:
            self._send(HTTPStatus.OK, b'{"status": "live"}\n', "application/json")
        elif path == READY:
            self._send(*answer(self.server.unready()), "application/json")
        elif path != METRICS:
            self._send(HTTPStatus.NOT_FOUND, f"Here are {LIVE}, {READY} and {METRICS}.\n".encode(), "text/plain")
        elif may_read({name.lower(): value for name, value in self.headers.items()}, self.client_address[0], self.server.token):
            self._send(HTTPStatus.OK, exposition(self.server.groups), CONTENT_TYPE)
        else:
            self._send(HTTPStatus.FORBIDDEN, f"{REFUSED}\n".encode(), "text/plain")

    def do_HEAD(self) -> None:
        """The same without a body."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is http.server's)
        """Probes ask every few seconds: that is no news."""

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
