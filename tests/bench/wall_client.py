"""A wall display without a browser: it speaks Streamlit's protocol over a websocket, asks for the page's refresh at a set pace, and
listens to the stream of figures, so that many of them fit on one machine. It draws nothing.

`python -m tests.bench.wall_client URL COUNT SECONDS` runs many in one process and prints what they measured as one line of JSON.
"""

import asyncio
import contextlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import click
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

REFRESH_SECONDS = 2.0
OPEN_SECONDS = 60.0
SMALL_BYTES = 300  # that a script has finished is a short message: longer ones need not be read to know it
LEARNING_REFRESHES = 2  # what a browser keeps is learned from the first ones
STREAM = re.compile(rb"/api/stream\?[^\"'\\\x00-\x1f ]+")
LARGEST_MESSAGE_BYTES = 50_000_000


@dataclass
class Measured:
    """What the walls of one process saw. Seconds; `missed` are refreshes that were due while the one before was not answered."""

    refresh: list[float] = field(default_factory=list)
    stream_delay: list[float] = field(default_factory=list)
    missed: int = 0
    failed: int = 0
    opened: int = 0
    messages: int = 0
    bytes: int = 0


class WallClient:
    """One display: opens a page, then refreshes it every so often."""

    def __init__(self, url: str, measured: Measured, counting: asyncio.Event, number: int) -> None:
        self._measured, self._counting = measured, counting
        self._from = (f"127.0.{number // 200}.{number % 200 + 2}", 0)  # an address of its own, as displays have: a sticky proxy goes by it
        where = urlsplit(url)
        self._host, self._path, self._query = where.netloc, where.path.strip("/"), where.query
        self._fragments: dict[str, float] = {}  # what the page asks to be refreshed, and how often by itself
        self._page_hash = ""
        self._hashes: set[str] = set()
        self._stream = ""
        self._refreshes = 0

    async def run(self, until: asyncio.Event, refresh_seconds: float) -> None:
        """Open the page and refresh it until told to end."""
        headers = {"Origin": f"http://{self._host}"}
        try:
            async with connect(
                f"ws://{self._host}/_stcore/stream",
                additional_headers=headers,
                subprotocols=["streamlit"],  # type: ignore[list-item]
                max_size=LARGEST_MESSAGE_BYTES,
                ping_interval=None,
                local_addr=self._from,
            ) as socket:
                await self._ask(socket)
                await asyncio.wait_for(self._finished(socket), OPEN_SECONDS)
                self._measured.opened += 1
                listening = asyncio.create_task(self._listen())
                try:
                    await self._refresh(socket, until, refresh_seconds)
                finally:
                    listening.cancel()
                    with contextlib.suppress(asyncio.CancelledError, OSError):
                        await listening
        except (OSError, TimeoutError, RuntimeError) as error:
            self._measured.failed += 1
            sys.stderr.write(f"{type(error).__name__}: {error}\n")

    async def _refresh(self, socket: ClientConnection, until: asyncio.Event, every: float) -> None:
        """Ask for the figures at the set pace, and for what the page refreshes more slowly at its own."""
        due = time.monotonic() + every
        figures, *slower = sorted(self._fragments, key=lambda one: self._fragments[one])
        later = {one: time.monotonic() + self._fragments[one] for one in slower}
        while not until.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            began = time.monotonic()
            await self._ask(socket, figures)
            await asyncio.wait_for(self._finished(socket), OPEN_SECONDS)
            took = time.monotonic() - began
            self._refreshes += 1
            if self._counting.is_set():
                self._measured.refresh.append(took)
                self._measured.missed += int(took // every)
            due += every * (1 + took // every)
            for one in slower:
                if later[one] <= time.monotonic():
                    later[one] += self._fragments[one]
                    await self._ask(socket, one)
                    await asyncio.wait_for(self._finished(socket), OPEN_SECONDS)

    async def _ask(self, socket: ClientConnection, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_name, state.query_string = self._path, self._query
        state.cached_message_hashes.extend(self._hashes)
        if fragment:
            state.fragment_id, state.page_script_hash, state.is_auto_rerun = fragment, self._page_hash, True
        await socket.send(message.SerializeToString())

    async def _finished(self, socket: ClientConnection) -> None:
        """Take messages until the script, or the fragment, has run."""
        while True:
            data = await socket.recv()
            assert isinstance(data, bytes)
            self._measured.messages += 1
            self._measured.bytes += len(data)
            if len(data) > SMALL_BYTES and self._refreshes >= LEARNING_REFRESHES:
                continue
            if self._take(data):
                return

    def _take(self, data: bytes) -> bool:
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash or self._page_hash
        elif kind == "auto_rerun":
            self._fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "script_finished":
            return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN and self._has_drawn()
        elif message.metadata.cacheable:
            self._hashes.add(message.hash)
        if not self._stream and (found := STREAM.search(data)):
            self._stream = found.group().decode()
        return False

    def _has_drawn(self) -> bool:
        if not self._fragments:
            raise RuntimeError("the page has run and asks for no refresh: it is no wall")
        return True

    async def _listen(self) -> None:
        """The server-sent events, as the browser's EventSource takes them."""
        host, port = self._host.split(":")
        while self._stream:
            reader, writer = await asyncio.open_connection(host, int(port), limit=LARGEST_MESSAGE_BYTES, local_addr=self._from)
            try:
                writer.write(f"GET {self._stream} HTTP/1.1\r\nHost: {self._host}\r\nAccept: text/event-stream\r\n\r\n".encode())
                while line := await reader.readline():
                    if line.startswith(b"data: "):
                        self._note(json.loads(line[6:]))
            finally:
                writer.close()

    def _note(self, message: dict[str, Any]) -> None:
        if self._counting.is_set():
            self._measured.stream_delay.append(max(0.0, time.time() - float(message["now"])))


async def run_many(url: str, count: int, *, first: int, warm_seconds: float, seconds: float, refresh_seconds: float) -> Measured:
    """So many walls, opened one after the other within the warm-up; what is measured after it."""
    measured, counting, until = Measured(), asyncio.Event(), asyncio.Event()
    tasks = []
    for number in range(first, first + count):
        tasks.append(asyncio.create_task(WallClient(url, measured, counting, number).run(until, refresh_seconds)))
        await asyncio.sleep(0.7 * warm_seconds / count)
    await asyncio.sleep(0.3 * warm_seconds)
    measured.messages = measured.bytes = 0
    counting.set()
    await asyncio.sleep(seconds)
    counting.clear()
    until.set()
    _, late = await asyncio.wait(tasks, timeout=OPEN_SECONDS)
    for task in late:
        task.cancel()
    return measured


@click.command()
@click.argument("url")
@click.argument("count", type=int)
@click.argument("seconds", type=float)
@click.option("--first", type=int, default=0, help="The number of the first: each has an address of its own by it.")
@click.option("--warm-seconds", type=float, default=20.0, show_default=True)
@click.option("--refresh-seconds", type=float, default=REFRESH_SECONDS, show_default=True)
def main(url: str, count: int, seconds: float, first: int, warm_seconds: float, refresh_seconds: float) -> None:
    """Open the page at URL COUNT times and refresh each of them; what is seen within SECONDS counts."""
    began = time.process_time()
    measured = asyncio.run(run_many(url, count, first=first, warm_seconds=warm_seconds, seconds=seconds, refresh_seconds=refresh_seconds))
    found = vars(measured) | {"cpu_seconds": time.process_time() - began, "pid": os.getpid()}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
