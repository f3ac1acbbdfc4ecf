"""Asks an ASGI application without a server: one request at a time, no redirect followed."""

import asyncio
from typing import Any

import httpx

HOME = "http://testserver"


class Client:
    """Speaks to one application as a browser at HOME would, but sends no header of its own that says so."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=HOME) as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)
