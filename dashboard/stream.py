"""The server-sent events: each edition goes to every open page the moment it is made. It reads the newest edition and nothing else.

Who may read the stream is who was given the page: its address carries a key that only a page's script hands out, so that whatever guards
the pages guards the figures too.
"""

import asyncio
import hmac
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from dashboard.edition import PAGES, message
from dashboard.loader import Loader, loader
from dashboard.queue_editions import EDITIONS

PATH = "/api/stream"
KEY = secrets.token_urlsafe(18)  # a new one with each process
PING_SECONDS = 1.0  # an idle stream still tells the server's clock
RETRY_MILLISECONDS = 1000

_ended = asyncio.Event()


def address(page: str, queues: Collection[str] = ()) -> str:
    """Where a page gets its figures from: of these queues alone, or of all."""
    alone = f"&queue={quote(','.join(queues), safe='')}" if queues else ""
    return f"{PATH}?page={page}{alone}&key={KEY}"


async def stream(request: Request) -> Response:
    """The figures of one page: all of them at once, then those that change."""
    if not hmac.compare_digest(request.query_params.get("key", "").encode(), KEY.encode()):
        return PlainTextResponse("This stream is for a page that this server has sent. Load the page again.", status_code=403)
    keys = PAGES.get(request.query_params.get("page", ""))
    if keys is None:
        return PlainTextResponse(f"No such page: page= must be one of {', '.join(PAGES)}.", status_code=404)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    queues = tuple(filter(None, request.query_params.get("queue", "").split(",")))
    return StreamingResponse(_messages(loader(), keys, queues), media_type="text/event-stream", headers=headers)


async def _messages(source: Loader, keys: frozenset[str], queues: Collection[str] = ()) -> AsyncIterator[str]:
    rang, loop = asyncio.Event(), asyncio.get_running_loop()

    def ring() -> None:
        loop.call_soon_threadsafe(rang.set)

    end = source.listen(ring)
    seen = 0
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        while not _ended.is_set():
            rang.clear()
            edition = EDITIONS.of(source.edition, queues) if queues else source.edition
            yield f"data: {message(edition, time.time(), seen, keys)}\n\n"
            seen = edition.number
            try:
                await asyncio.wait_for(rang.wait(), PING_SECONDS)
            except TimeoutError:
                continue
    finally:
        end()


def end_with_the_server() -> Callable[[], None]:
    """Let a stop signal end the open streams first: the server waits for its responses, and these have no end of their own."""
    loop = asyncio.get_running_loop()
    _ended.clear()
    before: dict[int, Any] = {}

    def stop(number: int, stack: Any) -> None:
        loop.call_soon_threadsafe(_ended.set)
        if callable(before[number]):
            before[number](number, stack)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.getsignal(number)
        signal.signal(number, stop)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
