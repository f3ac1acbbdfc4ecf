"""The server-sent events: each edition goes to every open page the moment it is made. It reads the newest edition and nothing else.

The gate has asked before who may read it; a stream ends as soon as its reader may no more.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from dashboard import telemetry
from dashboard.access import gate, session
from dashboard.access.visitor import Visitor
from dashboard.edition import PAGES, message
from dashboard.loader import Loader, loader
from dashboard.queue_editions import EDITIONS
from sql.stopping import END_WITHIN_SECONDS, end_within

PATH = "/api/stream"
PING_SECONDS = 1.0  # an idle stream still tells the server's clock
RETRY_MILLISECONDS = 1000

_ended = asyncio.Event()


def address(page: str, queues: Collection[str] = ()) -> str:
    """Where a page gets its figures from: those that its reader may see, of these queues alone or of all."""
    alone = f"&queue={quote(','.join(queues), safe='')}" if queues else ""
    return f"{PATH}?page={for_reader(page)}{alone}"


def for_reader(page: str) -> str:
    """A page in PAGES as its reader may see it: with who each agent is, or without."""
    visitor = session.present()
    named = f"{page}{gate.NAMED}"
    return named if named in PAGES and visitor is not None and visitor.sees_agents else page


async def stream(request: Request) -> Response:
    """The figures of one page: all of them at once, then those that change."""
    keys = PAGES.get(request.query_params.get("page", ""))
    if keys is None:
        return PlainTextResponse(f"No such page: page= must be one of {', '.join(PAGES)}.", status_code=404)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    queues = tuple(filter(None, request.query_params.get("queue", "").split(",")))
    messages = _messages(loader(), keys, queues, request.scope[gate.VISITOR])
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)


async def _messages(source: Loader, keys: frozenset[str], queues: Collection[str], reader: Visitor) -> AsyncIterator[str]:
    rang, loop = asyncio.Event(), asyncio.get_running_loop()

    def ring() -> None:
        loop.call_soon_threadsafe(rang.set)

    end = source.listen(ring)
    seen = 0
    telemetry.STREAMS.inc()
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        while not _ended.is_set() and session.still_holds(reader):
            rang.clear()
            edition = EDITIONS.of(source.edition, queues) if queues else source.edition
            yield f"data: {message(edition, time.time(), seen, keys)}\n\n"
            seen = edition.number
            try:
                await asyncio.wait_for(rang.wait(), PING_SECONDS)
            except TimeoutError:
                continue
    finally:
        telemetry.STREAMS.dec()
        end()


def end_with_the_server() -> Callable[[], None]:
    """Let a stop signal end the open streams first: the server waits for its responses, and these have no end of their own."""
    loop = asyncio.get_running_loop()
    _ended.clear()
    before: dict[int, Any] = {}

    def stop(number: int, stack: Any) -> None:
        end_within(END_WITHIN_SECONDS)
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
