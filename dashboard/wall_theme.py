"""A display's `theme=dark|light`: Streamlit takes it as `embed_options=dark_theme|light_theme`, so an address without that is completed.

The browser is sent on once, before the page is loaded; every other request passes as it came.
"""

from urllib.parse import parse_qsl, urlencode

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.wall_setup import THEMES

OPTION = "embed_options"


class WallTheme:
    """ASGI middleware that completes the address of a display."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a browser on whose address names a theme that Streamlit would not see."""
        where = completed(scope["query_string"].decode("latin-1")) if scope["type"] == "http" and scope["method"] == "GET" else None
        if where is None or scope["path"].rstrip("/") != scope.get("root_path", "").rstrip("/"):
            await self._app(scope, receive, send)
            return
        # Relative, so that it holds behind every proxy.
        await RedirectResponse(f"?{where}", status_code=307)(scope, receive, send)


def completed(query: str) -> str | None:
    """The query with Streamlit's word for its theme; None: it is complete, or no display's."""
    params = dict(parse_qsl(query, keep_blank_values=True))
    theme = params.get("theme")
    if "wall" not in params or theme not in THEMES or OPTION in params:
        return None
    return f"{query}&{urlencode({OPTION: f'{theme}_theme'})}"
