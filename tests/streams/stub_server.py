"""What the servers on 127.0.0.1 that stand for vendors share: how they fail, in every way that is asked of them, and how they are run."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

AnyServer = TypeVar("AnyServer", bound=ThreadingHTTPServer)


class StubServer(ThreadingHTTPServer):
    """A server on a free port."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Whoever asked has gone; that is no failure of the server."""


class StubHandler(BaseHTTPRequestHandler):
    """Answers and failures; what a whole answer is, its heirs say."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    json_kind = "application/json"

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """As http.server calls it."""
        self.respond()

    def respond(self) -> None:
        """Answer a question, or fail as asked."""
        raise NotImplementedError

    def whole(self) -> bytes:
        """An answer without a fault."""
        raise NotImplementedError

    def problem(self) -> tuple[bytes, str]:
        """The body of an error, and its type."""
        return b"[]", self.json_kind

    def fail(self, fault: str) -> None:
        """Answer with a fault; whoever asked may go away meanwhile."""
        with contextlib.suppress(OSError):
            self.fail_as(fault)

    def fail_as(self, fault: str) -> None:
        """The faults that every server knows; an heir adds its own."""
        whole = self.whole()
        if fault.isdigit():
            body, kind = self.problem()
            self.answer(int(fault), body, kind, **({"Retry-After": "7"} if fault == "429" else {}))
        elif fault == "html":
            self.answer(200, b"<!DOCTYPE html><html><body>We are mending our server.</body></html>", "text/html")
        elif fault == "html called json":
            self.answer(200, b"<html><body>We are mending our server.</body></html>")
        elif fault == "another json":
            self.answer(200, b'{"message": "rate limit exceeded"}')
        elif fault == "half":
            self.answer(200, whole[: len(whole) // 2], length=len(whole))
            self.close_connection = True
        elif fault == "nothing":
            self.close_connection = True
        elif fault == "slow":
            self.answer(200, b"", length=1000)
            for _ in range(100):
                self.wfile.write(b" ")
                time.sleep(0.02)
        else:
            raise AssertionError(f"no such fault: {fault}")

    def answer(self, status: int, body: bytes, kind: str | None = None, *, length: int | None = None, **headers: str) -> None:
        """Send an answer; `length` is what it says of its length."""
        self.send_response(status)
        self.send_header("Content-Type", kind or self.json_kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """The server, for as long as the block lasts."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
