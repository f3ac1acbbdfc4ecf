"""Servers on 127.0.0.1 that stand for Mastodon and for Jetstream: they stream what is posted, keep it, and fail when they are asked to."""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.streams.stub_server import StubHandler, StubServer, running

BEGAN = datetime(2026, 1, 25, 12, 0, tzinfo=UTC)
FIRST_ID = 115_000_000_000_000_000
OWN_ID = "77"


class MastodonServer(StubServer):
    """One server with hashtags.

    Attributes:
        statuses: what was posted, with the hashtags of each, in order.
        faults: how the next streams fail: a status of HTTP, `html`, or `cut` in the middle of the next event.
        asked: the paths and parameters of what was asked.
    """

    def __init__(self) -> None:
        super().__init__(_Mastodon)
        self.statuses: list[tuple[int, frozenset[str], dict[str, Any]]] = []
        self.faults: deque[str] = deque()
        self.asked: list[tuple[str, dict[str, list[str]], str | None]] = []
        self.extra: deque[bytes] = deque()
        self.changed = threading.Condition()
        self.streams = 0

    def post(self, text: str, *tags: str, **told: Any) -> str:
        """Post something; the id of it."""
        with self.changed:
            number = FIRST_ID + len(self.statuses) * (60_000 << 16)
            account = {"id": told.pop("account_id", "9"), "acct": told.pop("acct", "jenny"), "username": "jenny"}
            at = BEGAN + timedelta(minutes=len(self.statuses))
            status = {
                "id": str(number),
                "created_at": at.isoformat(),
                "content": f"<p>{text}</p>",
                "account": account,
                "visibility": "public",
            }
            self.statuses.append((number, frozenset(tags), status | told))
            self.changed.notify_all()
        return str(number)

    def say(self, raw: bytes) -> None:
        """Send bytes on the open streams as they are."""
        with self.changed:
            self.extra.append(raw)
            self.changed.notify_all()

    def cut(self) -> None:
        """Cut the open streams in the middle of their next event."""
        self.faults.append("cut")
        with self.changed:
            self.changed.notify_all()

    def wait_for_streams(self, number: int) -> None:
        """Until so many were opened since the start."""
        until = time.monotonic() + 20
        while self.streams < number:
            assert time.monotonic() < until, f"{self.streams} streams"
            time.sleep(0.02)


class _Mastodon(StubHandler):
    server: MastodonServer

    def respond(self) -> None:
        parts = urlsplit(self.path)
        params = parse_qs(parts.query)
        self.server.asked.append((parts.path, params, self.headers.get("Authorization")))
        if parts.path == "/api/v1/streaming/hashtag":
            self.stream(params["tag"][0])
        elif parts.path.startswith("/api/v1/timelines/tag/"):
            self.page(params, tag=parts.path.rpartition("/")[2])
        elif parts.path == "/api/v1/accounts/lookup":
            self.answer(200, json.dumps({"id": OWN_ID, "acct": params["acct"][0]}).encode())
        elif parts.path == f"/api/v1/accounts/{OWN_ID}/statuses":
            self.page(params, account=OWN_ID)
        else:
            self.answer(404, b"{}")

    def page(self, params: dict[str, list[str]], *, tag: str | None = None, account: str | None = None) -> None:
        least, most = int(params.get("since_id", ["0"])[0]), int(params.get("max_id", [str(2**63)])[0])
        found = [
            status
            for number, tags, status in self.server.statuses
            if least < number < most and (tag in tags or status["account"]["id"] == account)
        ]
        self.answer(200, json.dumps(found[::-1][: int(params["limit"][0])]).encode())

    def stream(self, tag: str) -> None:
        faults = self.server.faults
        if faults and faults[0] != "cut":
            self.fail(faults.popleft())
            return
        at, said = len(self.server.statuses), len(self.server.extra)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        self.server.streams += 1
        with contextlib.suppress(OSError):
            self.send(b":)\n\n")
            while True:
                with self.server.changed:
                    self.server.changed.wait(0.1)
                    new = self.server.statuses[at:]
                    raw = list(self.server.extra)[said:]
                    at, said = at + len(new), said + len(raw)
                for piece in raw:
                    self.send(piece)
                for _, tags, status in new:
                    if tag in tags:
                        whole = b"event: update\ndata: " + json.dumps(status).encode() + b"\n\n"
                        if faults and faults[0] == "cut":
                            faults.popleft()
                            self.send(whole[: len(whole) // 2])
                            return
                        self.send(whole)
                self.send(b":thump\n\n")

    def send(self, piece: bytes) -> None:
        self.wfile.write(piece)
        self.wfile.flush()

    def whole(self) -> bytes:
        return b"[]"


@contextmanager
def mastodon() -> Iterator[MastodonServer]:
    """A Mastodon server, for as long as the block lasts."""
    with running(MastodonServer()) as server:
        yield server


class JetstreamServer:
    """Everything that is posted, by a websocket from a cursor on.

    Attributes:
        messages: what was posted, as it is sent, each with its time.
        faults: how the next connections fail: a status of HTTP, or a number of messages after which it is cut.
        asked: the parameters of each connection.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[int, bytes | str]] = []
        self.faults: deque[str | int] = deque()
        self.asked: list[dict[str, list[str]]] = []
        self.url = ""
        self._ending = threading.Event()

    def post(self, text: str, *, at: datetime, did: str = "did:plc:jenny", collection: str = "app.bsky.feed.post", **record: Any) -> str:
        """Post something; its address."""
        microseconds, rkey = round(at.timestamp() * 1e6), f"k{len(self.messages)}"
        told = {"text": text, "createdAt": at.isoformat()} | record
        commit = {"operation": "create", "collection": collection, "rkey": rkey, "record": told, "cid": rkey}
        self.messages.append((microseconds, json.dumps({"did": did, "time_us": microseconds, "kind": "commit", "commit": commit})))
        return f"at://{did}/{collection}/{rkey}"

    def say(self, message: bytes | str, *, at: datetime) -> None:
        """Send a message as it is."""
        self.messages.append((round(at.timestamp() * 1e6), message))

    def handle(self, connection: ServerConnection) -> None:
        """One connection, as websockets calls it."""
        assert connection.request is not None
        params = parse_qs(urlsplit(connection.request.path).query)
        self.asked.append(params)
        least = int(params.get("cursor", ["0"])[0])
        most = self.faults.popleft() if self.faults and isinstance(self.faults[0], int) else None
        at = sent = 0
        with contextlib.suppress(ConnectionClosed, OSError):
            while not self._ending.is_set():
                for when, message in self.messages[at:]:
                    at += 1
                    if when >= least:
                        connection.send(message)
                        sent += 1
                    if sent == most:
                        connection.socket.close()
                        return
                time.sleep(0.02)

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """A status in place of a connection, where that is asked for."""
        if self.faults and isinstance(self.faults[0], str):
            status = int(self.faults.popleft())
            return Response(
                status, HTTPStatus(status).phrase, Headers({"Retry-After": "0.2", "Content-Length": "0", "Connection": "close"}), b""
            )
        return None

    def end(self) -> None:
        """Let go of the connections."""
        self._ending.set()


@contextmanager
def jetstream() -> Iterator[JetstreamServer]:
    """A Jetstream, for as long as the block lasts."""
    told = JetstreamServer()
    with serve(told.handle, "127.0.0.1", 0, process_request=told.refuse) as server:
        told.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            told.end()
            server.shutdown()
            thread.join()
