"""The gate before every route, Streamlit's own included: who asks, and may they? It draws nothing but refusals.

What no rule here opens is for people who signed in. The page's script asks again, by the same tables, before it draws.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import health, telemetry
from dashboard.access import displays, refusals, session, sign_in
from dashboard.access.roles import PAGES
from dashboard.access.visitor import Visitor
from sql.settings import settings
from sql.telemetry import FORWARDED

log = logging.getLogger(__name__)

VISITOR = "city311.visitor"  # where in the scope the visitor is
OPEN = frozenset({sign_in.LOGIN, sign_in.LOGOUT, sign_in.CALLBACK, *health.OPEN_PATHS, "/_stcore/health"})
OWN_CHECK = frozenset({health.METRICS_PATH})  # asks for its own token
FIRST_PAGE = "live"
STREAM = "/api/stream"
NAMED = "-named"  # at the end of a stream's page: agents are told apart in it
# What a page is made of, without any figure: displays load it too.
MADE_OF = (
    "/static/",
    "/app/static/",
    "/component/",
    "/_stcore/bidi-components/",
    "/_stcore/stream",
    "/_stcore/host-config",
    "/api/components/",
    "/api/areas/",
)
MADE_OF_FILES = frozenset({"/favicon.png", "/manifest.json", "/index.html"})
ADMINISTRATIVE = ("/_stcore/metrics", "/_stcore/agent/", "/_stcore/script-health-check")
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Content-Security-Policy": "frame-ancestors 'self'"}
POLICY_VIOLATION = 1008  # the code with which a websocket is closed


def may_reach(visitor: Visitor, path: str, page: str | None) -> bool:
    """Whether a visitor may have what is at a path; the path of a page is the page's.

    Args:
        visitor: who asks.
        path: of the request, decoded.
        page: of the stream, whose figures it asks for.
    """
    if path == STREAM:
        return page is not None and visitor.may_see(page.removesuffix(NAMED)) and (not page.endswith(NAMED) or visitor.sees_agents)
    name = path.strip("/").partition("/")[0] or FIRST_PAGE
    if name in PAGES:
        return visitor.may_see(name)
    if path in MADE_OF_FILES or path.startswith(MADE_OF):
        return True
    if path.startswith(ADMINISTRATIVE):
        return "admin" in visitor.roles
    return visitor.kind != "display" and bool(visitor.roles)


class Gate:
    """ASGI middleware around everything that the dashboard serves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        asked = HTTPConnection(scope)
        path = scope["path"]
        if path in OPEN or path in OWN_CHECK:
            return await self._app(scope, receive, _guarded(send))
        if not sign_in.is_on() and (stranger := _stranger(asked.headers)):
            return await self._refuse(scope, receive, send, refusals.not_this_machine(stranger))
        if displays.PARAMETER in asked.query_params and scope["type"] == "http":
            return await _display(asked)(scope, receive, _guarded(send))
        visitor = session.visitor_of(asked.cookies)
        if visitor is None:
            return await self._refuse(scope, receive, send, _unknown(asked))
        if not may_reach(visitor, path, asked.query_params.get("page")):
            log.info("%s may not reach %s", visitor.kind, path.encode("unicode_escape").decode())
            return await self._refuse(scope, receive, send, refusals.not_allowed(visitor, path))
        session.be(visitor)
        scope[VISITOR] = visitor
        if scope["type"] == "websocket":
            return await self._app(scope, _while_it_holds(visitor, receive, send), send)
        return await self._app(scope, receive, _guarded(send))

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
        telemetry.REFUSED_REQUESTS.labels(_kind(scope)).inc()
        if scope["type"] == "websocket":
            await receive()  # the request to connect
            return await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return await answer(scope, receive, _guarded(send))


def _kind(scope: Scope) -> str:
    """What a request was for, in few words: a label of a metric must not grow with what people ask."""
    if scope["type"] == "websocket":
        return "websocket"
    path = scope["path"]
    return "stream" if path == STREAM else "page" if path.strip("/") in (*PAGES, "") else "other"


def _stranger(headers: Headers) -> str:
    """What shows that a request does not come from this machine: while sign-in is off only its own browsers are served.

    A name that leads here from elsewhere (DNS rebinding) is told by Host, a proxy by what it adds.
    """
    if settings().without_sign_in:
        return ""
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    if not sign_in.is_loopback(host):
        return f"Host is {host[:100]!r}"
    return next((f"{name} is set" for name in FORWARDED if name in headers), "")


def _display(asked: HTTPConnection) -> Response:
    """Take a display's token out of the address and give it to the browser as a cookie that no script reads."""
    token = asked.query_params[displays.PARAMETER]
    rest = [(name, value) for name, value in parse_qsl(asked.url.query, keep_blank_values=True) if name != displays.PARAMETER]
    answer = RedirectResponse(f"{asked.url.path}?{urlencode(rest)}" if rest else asked.url.path, status_code=303)
    if not sign_in.is_on():
        return answer
    if displays.known() is None:
        return refusals.not_ready()
    held = displays.holding(token, time.time())
    if held is None:
        return refusals.no_display()
    lasts = int(held.expires_at.timestamp() - time.time())
    answer.set_cookie(displays.COOKIE, token, max_age=lasts, httponly=True, samesite="lax", secure=sign_in.is_secure())
    return answer


def _unknown(asked: HTTPConnection) -> Response:
    """Somebody who has not signed in: a page leads to the provider, everything else is refused."""
    if displays.COOKIE in asked.cookies:
        return refusals.not_ready() if displays.known() is None else refusals.no_display()
    is_page = asked.scope.get("method") in ("GET", "HEAD") and "text/html" in asked.headers.get("accept", "")
    return RedirectResponse(sign_in.login_address(), status_code=303) if is_page else refusals.not_signed_in()


def _while_it_holds(visitor: Visitor, receive: Receive, send: Send) -> Callable[[], Awaitable[Message]]:
    """What a browser sends over a websocket, until its visitor is none any more."""

    async def held() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and not session.still_holds(visitor):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return message

    return held


def _guarded(send: Send) -> Send:
    """What every answer says to a browser beside itself, and that cookies go over TLS alone where there is TLS."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if sign_in.is_secure():
                message["headers"] = [(name, _secure(value) if name == b"set-cookie" else value) for name, value in message["headers"]]
        await send(message)

    return sent


def _secure(cookie: bytes) -> bytes:
    return cookie if b"; secure" in cookie.lower() else cookie + b"; Secure"
