"""A server on 127.0.0.1 that takes what apprise's `json://` sends, and fails in the ways that it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.streams.stub_server import StubHandler, StubServer, running


class NotifyServer(StubServer):
    """What came, and what to do with the next ones: a status, or `hang` until `let_go`."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.came: list[dict[str, Any]] = []
        self.arrived = threading.Event()
        self.let_go = threading.Event()
        self.answers: list[str] = []

    def url(self, path: str = "") -> str:
        """The address for apprise."""
        return f"json://127.0.0.1:{self.server_port}/{path}"


class _Handler(StubHandler):
    server: NotifyServer

    def do_POST(self) -> None:  # noqa: N802 (so http.server calls it)
        """Keep what came, and answer as told."""
        self.server.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.arrived.set()
        answer = self.server.answers.pop(0) if self.server.answers else "200"
        if answer == "hang":
            self.server.let_go.wait(60)
            self.close_connection = True
            return
        self.answer(int(answer), b"{}")

    def whole(self) -> bytes:
        """Unused: nobody asks it anything."""
        return b"{}"


@contextmanager
def taking() -> Iterator[NotifyServer]:
    """A server, for as long as the block lasts."""
    with running(NotifyServer()) as server:
        try:
            yield server
        finally:
            server.let_go.set()
