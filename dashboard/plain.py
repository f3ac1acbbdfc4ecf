"""The routes of the plain page and of the form on it: they work while the database, the broker or Streamlit's own scripts do not."""

from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard import by_hand_store, data, plain_entry_page, plain_page
from dashboard.by_hand import newest
from dashboard.by_hand_form import FIELDS, checked
from dashboard.loader import current, loader
from dashboard.plain_page import ENTRY_PATH, PATH
from dashboard.writing import NotKept

MOST_BYTES = 4_096
LONGEST_REPEATED = 200  # characters of a field that the form shows again
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def may_enter(request: Request) -> bool:
    """Whether whoever asks may enter figures by hand: everybody who may see the page."""
    return True


async def show(request: Request) -> Response:
    """The plain page."""
    edition = current()
    return HTMLResponse(await run_in_threadpool(plain_page.page, edition, data.now()), headers=HEADERS)


async def show_form(request: Request) -> Response:
    """The form."""
    if not may_enter(request):
        return _sentence("You may not enter figures by hand: ask a supervisor.", 403)
    return HTMLResponse(plain_entry_page.form(current(), data.now()), headers=HEADERS)


async def take(request: Request) -> Response:
    """What was typed into the form: kept, or refused with a sentence and the form as it was."""
    if not same_origin(request):
        return _sentence("Not kept: it did not come from the form of this page. Open the plain page and enter it there.", 403)
    if not may_enter(request):
        return _sentence("Not kept: you may not enter figures by hand. Ask a supervisor.", 403)
    typed = await _typed(request)
    if typed is None:
        return _sentence("Not kept: it is no form of this page, or longer than one. Open the plain page and enter it there.", 413)
    edition = current()
    try:
        entry = checked(typed, edition.snapshot.live, data.now())
        in_database = await run_in_threadpool(by_hand_store.keep, entry)
    except (NotKept, by_hand_store.NoRoom) as error:
        again = {name: value[:LONGEST_REPEATED] for name, value in typed.items()}
        return HTMLResponse(plain_entry_page.form(edition, data.now(), again, str(error)), status_code=422, headers=HEADERS)
    await run_in_threadpool(lambda: loader().publish(by_hand=newest(current().snapshot.by_hand, (entry,))))
    if in_database:
        return RedirectResponse(PATH, status_code=303, headers=HEADERS)
    return _sentence("It is shown now. The database does not answer: the entry waits on this server, and is brought to it later.", 202)


def same_origin(request: Request) -> bool:
    """Whether a form comes from a page of this server, as the browser says; a browser that says nothing is refused."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


async def _typed(request: Request) -> dict[str, str] | None:
    """The form's fields; None: it is no form, or too long."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=4 * len(FIELDS))
    except ValueError:
        return None
    return {name: fields.get(name, [""])[-1] for name in FIELDS}


def _sentence(words: str, status: int) -> Response:
    return HTMLResponse(plain_entry_page.sentence(words), status_code=status, headers=HEADERS)


ROUTES = (
    Route(PATH, show),
    Route(ENTRY_PATH, show_form, methods=["GET"]),
    Route(ENTRY_PATH, take, methods=["POST"]),
)
