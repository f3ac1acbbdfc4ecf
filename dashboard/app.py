"""The server: the pages, the stream, and the loader that lives as long as the server does. It draws nothing."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from dashboard import bundles, health, map_areas, plain, stream
from dashboard.access import sign_in
from dashboard.access.gate import Gate
from dashboard.loader import loader
from dashboard.wall_theme import WallTheme

log = logging.getLogger(__name__)

PAGE = Path(__file__).resolve().parent / "page.py"
WARM_AFTER_SECONDS = 20.0  # imports, caches and the first pages are there by then


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Read the database while the server runs."""
    restore = stream.end_with_the_server()
    loader().start()
    freezing = asyncio.create_task(_freeze_what_is_warm())
    try:
        yield {}
    finally:
        freezing.cancel()
        restore()
        await asyncio.to_thread(loader().stop)


async def _freeze_what_is_warm() -> None:
    """Collections of rubbish then look at what came later only: the modules alone are some hundred thousand objects."""
    await asyncio.sleep(WARM_AFTER_SECONDS)
    gc.collect()
    gc.freeze()


app = st.App(
    PAGE,
    lifespan=lifespan,
    routes=[
        Route(stream.PATH, stream.stream),
        Route(bundles.PATH, bundles.serve),
        Route(map_areas.PATH, map_areas.serve),
        *plain.ROUTES,
        *health.ROUTES,
    ],
    middleware=[Middleware(Gate), Middleware(WallTheme)],
    secrets=sign_in.streamlit_secrets(),
)
