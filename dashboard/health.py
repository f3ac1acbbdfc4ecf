"""The routes by which machines ask how the dashboard is: /health/live, /health/ready and /metrics. They show no figure of the city.

Ready is a dashboard that has read the live figures lately. One that is not goes on showing the last good ones with their age, so it is no
reason to end it: that is what live is for.
"""

import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.runtime import exists, get_instance
from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY, GaugeStat

from dashboard import telemetry
from dashboard.loader import loader
from dashboard.snapshot import Snapshot
from sql import health
from sql.settings import settings
from sql.telemetry import CONTENT_TYPE, exposition, may_read

OPEN_PATHS = (health.LIVE, health.READY)  # whoever keeps the process running asks without a name
METRICS_PATH = health.METRICS  # has a check of its own: `may_read`
READY_WITHIN_SECONDS = 15.0
PARTS = ("live", "history", "ahead", "watch", "emergency", "plant", "quality")


def unready(snapshot: Snapshot, now: float) -> str | None:
    """Why the dashboard is not ready, in words that name no address: whoever asks need not have signed in.

    Args:
        snapshot: the newest.
        now: in seconds since 1970.
    """
    if snapshot.live is None:
        return "The live figures have not been read yet."
    age = now - snapshot.live.at.timestamp()
    if age <= READY_WITHIN_SECONDS:
        return None
    if snapshot.trouble_since is not None:
        return f"The database has not answered since {snapshot.trouble_since:%Y-%m-%dT%H:%M:%SZ}; the screens show the last good figures."
    return f"The live figures were last read {age:.0f} s ago."


async def live(request: Request) -> Response:
    """That the process serves."""
    return Response(b'{"status": "live"}\n', media_type="application/json")


async def ready(request: Request) -> Response:
    """Whether the figures are being read."""
    status, body = health.answer(unready(loader().edition.snapshot, time.time()))
    return Response(body, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    """What Prometheus asks for."""
    if not may_read(dict(request.headers), request.client and request.client.host, settings().metrics_token):
        telemetry.REFUSED_REQUESTS.labels("metrics").inc()
        return PlainTextResponse(f"{health.REFUSED}\n", status_code=403)
    return Response(await run_in_threadpool(_exposition), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})


def _exposition() -> bytes:
    tell_ages(loader().edition.snapshot, time.time())
    telemetry.SESSIONS.set(_sessions())
    return exposition(telemetry.GROUPS)


def tell_ages(snapshot: Snapshot, now: float) -> None:
    """Set how old each part of a snapshot is at an instant, in seconds since 1970."""
    for name in PARTS:
        part = getattr(snapshot, name)
        telemetry.PART_AGE_SECONDS.labels(name).set(float("nan") if part is None else now - part.at.timestamp())


def _sessions() -> int:
    if not exists():
        return 0
    stats = get_instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])[ACTIVE_SESSIONS_FAMILY]
    return sum(stat.value for stat in stats if isinstance(stat, GaugeStat))


ROUTES = [Route(health.LIVE, live), Route(health.READY, ready), Route(METRICS_PATH, metrics)]
