"""The form by which a person enters a queue whose feed is lost: plain HTML, no script, no refresh that takes away what is typed. Pure."""

from collections.abc import Mapping
from datetime import datetime
from html import escape

from dashboard.by_hand import is_lost
from dashboard.by_hand_form import WHO
from dashboard.edition import Edition
from dashboard.plain_page import ENTRY_PATH, PATH, document, status
from dashboard.rows import QueueNow
from dashboard.snapshot import queue_source

HEADING = "A queue by hand"
EXPLAINED = (
    "Figures by hand stand on the walls and on the plain page in place of a queue whose feed is silent, marked with your name, until the "
    "feed speaks again. They are part of no metric. Enter them anew every ten minutes."
)


def form(edition: Edition, now: datetime, typed: Mapping[str, str] | None = None, refused: str = "") -> str:
    """The form, with what was typed and why it was not kept.

    Args:
        edition: the newest: which queues there are, and whose feeds are lost.
        now: the clock.
        typed: the fields as they were typed.
        refused: a sentence; empty: nothing was refused.
    """
    live = edition.snapshot.live
    queues = sorted(live.queues, key=lambda row: not is_lost(queue_source(row), now)) if live else []
    said = f'<p class="said act" role="alert">{status("act", refused)}</p>' if refused else ""
    values = typed or {}
    lost = [row for row in queues if is_lost(queue_source(row), now)]
    none = "" if lost else "<p>Every queue's feed speaks: there is nothing to enter.</p>"
    fields = (
        _choice(queues, values.get("queue", ""), now)
        + _field("waiting", "How many wait", values, 'inputmode="numeric" required')
        + _field("longest", "Longest wait, as 4:37", values, 'placeholder="m:ss"')
        + _field("free", "Free agents", values, 'inputmode="numeric"')
        + _field("who", "Your name, for the record", values, f'maxlength="{WHO}" required')
    )
    body = (
        f"<h1>{HEADING}</h1><p>{EXPLAINED}</p>{said}{none}"
        f'<form method="post" action="{ENTRY_PATH}" autocomplete="off">{fields}<p><button type="submit">Keep it</button></p></form>'
        f'<p><a href="{PATH}">Back to the plain page</a></p>'
    )
    return document(HEADING, body)


def sentence(words: str) -> str:
    """A page that says one thing."""
    return document(HEADING, f'<h1>{HEADING}</h1><p class="said">{escape(words)}</p><p><a href="{PATH}">Back to the plain page</a></p>')


def _choice(queues: list[QueueNow], chosen: str, now: datetime) -> str:
    options = []
    for row in queues:
        mark = " selected" if row.queue == chosen else ""
        silent = ": its feed is silent" if is_lost(queue_source(row), now) else ""
        options.append(f'<option value="{escape(row.queue)}"{mark}>{escape(row.name)}{silent}</option>')
    return f'<p><label for="queue">Queue</label> <select id="queue" name="queue" required>{"".join(options)}</select></p>'


def _field(name: str, label: str, values: Mapping[str, str], more: str) -> str:
    return f'<p><label for="{name}">{label}</label> <input id="{name}" name="{name}" value="{escape(values.get(name, ""))}" {more}></p>'
