"""What a browser is told when it may not have what it asked for: one page, one sentence, what to do. Plain HTML, nothing is loaded."""

from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from dashboard.access.roles import PAGES, named
from dashboard.access.sign_in import LOGOUT
from dashboard.access.visitor import Visitor

TRY_AGAIN_SECONDS = 10  # a display that nobody stands before tries by itself
PAGE = Template(Path(__file__).with_name("refusal.html").read_text(encoding="utf-8"))
SIGN_OUT = f'<a href="{LOGOUT}">Sign out</a>'


def _page(status: int, title: str, text: str, *, links: str = "", again: bool = False) -> Response:
    refresh = f'<meta http-equiv="refresh" content="{TRY_AGAIN_SECONDS}">' if again else ""
    html = PAGE.substitute(refresh=refresh, title=escape(title), text=escape(text), links=links)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def not_signed_in() -> Response:
    """For a request that no person made by hand."""
    return PlainTextResponse("Sign in first: load the page again.", 401, headers={"Cache-Control": "no-store"})


def not_allowed(visitor: Visitor, path: str) -> Response:
    """For somebody whose roles do not include it."""
    if visitor.kind == "display":
        return _page(403, "Not on a display", "A display's token opens the pages of a wall and nothing else.")
    who = f"You are signed in as {visitor.name}."
    if not visitor.roles:
        text = f"{who} No role belongs to your groups; whoever runs this can give you one."
        return _page(403, "No role yet", text, links=f"<p>{SIGN_OUT}</p>")
    roles = PAGES.get(path.strip("/"))
    needed = f"This is for: {named(roles)}." if roles else "This is for administrators."
    text = f"{who} {needed} Your roles: {named(visitor.roles)}."
    return _page(403, "Not for your roles", text, links=f'<p><a href="/">The Live screen</a> · {SIGN_OUT}</p>')


def no_display() -> Response:
    """For a display whose token is none, or not any more."""
    text = "This display's token has expired or was revoked, or it never was one. Whoever runs this makes another on the page Displays."
    return _page(403, "This display may not", text, again=True)


def not_ready() -> Response:
    """For a display whose token cannot be looked up yet."""
    text = "The database does not answer, so this display's token cannot be checked. This page tries again by itself."
    return _page(503, "Not ready yet", text, again=True)


def not_this_machine(why: str) -> Response:
    """For a request from elsewhere while nobody signs in."""
    text = (
        f"Sign-in is off, so only browsers on this machine are served, and this request comes from elsewhere: {why}. "
        "Turn sign-in on (docs/access.md), or set WITHOUT_SIGN_IN to the words that the README gives."
    )
    return _page(403, "Only on this machine", text)
