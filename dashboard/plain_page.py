"""The plain page: the newest figures as one HTML document of large tables, without a script or a connection that stays. Pure.

It is for the day on which all else fails, and for whoever reads with another program than a wall's browser. Every word from outside is
escaped here.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path

from dashboard import emergency_boards, wording
from dashboard.edition import Edition
from dashboard.emergency_verdict import judge
from dashboard.figure import threshold_words
from dashboard.figures_boards import queue_row
from dashboard.freshness import Freshness, Source
from dashboard.rows import QueueNow
from dashboard.snapshot import Snapshot, agents_source, contacts_source, queue_source, told_by_hand
from dashboard.tokens import MODES, Mode, colours
from dashboard.watch_figures import alarm

REFRESH_SECONDS = 5
PATH, ENTRY_PATH = "/plain", "/plain/entry"
SHAPES = {"ok": "○", "watch": "▲", "act": "■", "none": "◇", "late": "◔", "stale": "▨", "unknown": "?", "live": "○", "hand": "✎"}
WORDS = {
    "ok": "OK",
    "watch": "Watch",
    "act": "Act",
    "none": "No target",
    "late": "Late",
    "stale": "Stale",
    "unknown": "Unknown",
    "live": "Live",
}
_TONES = {"watch": "watch", "act": "act", "late": "age", "stale": "age", "unknown": "age"}
CSS_FILE = Path(__file__).resolve().parent / "static" / "plain.css"


def page(edition: Edition, now: datetime) -> str:
    """The document.

    Args:
        edition: the newest.
        now: the instant at which it is written; every age is told by it.
    """
    snapshot = edition.snapshot
    body = [
        _head(edition, now),
        _wrong(snapshot, now),
        _queues(edition, now),
        _city(edition, now),
        _emergency(snapshot, now),
        _feeds(snapshot, now),
    ]
    again = f"this page asks again every {REFRESH_SECONDS} s. Where that time stands still, nothing here is live."
    foot = f"<p>Written by the server at {_clock(now, snapshot)}; {again}</p>"
    return document(f"{snapshot.city}, plain", "".join(body) + foot, refresh=REFRESH_SECONDS)


def document(title: str, body: str, *, refresh: int | None = None) -> str:
    """A whole document around a body that is escaped already; `refresh` in seconds, None: it stays as it is."""
    again = "" if refresh is None else f'<meta http-equiv="refresh" content="{refresh}">'
    dark, light = (_variables(mode) for mode in MODES)
    look = f":root{{color-scheme:dark light;{dark}}}@media(prefers-color-scheme:light){{:root{{{light}}}}}{_style()}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{again}'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{look}</style></head><body>{body}</body></html>'
    )


@cache
def _style() -> str:
    return CSS_FILE.read_text(encoding="utf-8")


def _variables(mode: Mode) -> str:
    return "".join(f"--{name.replace('_', '-')}:{colour};" for name, colour in colours(mode).items())


def status(name: str, words: str | None = None) -> str:
    """A status as shape, word and colour."""
    tone = _TONES.get(name, "")
    return (
        f'<span class="{tone} b"><span aria-hidden="true">{SHAPES.get(name, SHAPES["none"])}</span> {escape(words or WORDS[name])}</span>'
    )


def table(titles: Sequence[str], rows: Sequence[tuple[bool, Sequence[str]]], wide: Sequence[int]) -> str:
    """A table whose cells are escaped already.

    Args:
        titles: of the columns.
        rows: whether it is old, and its cells.
        wide: the columns of words.
    """
    style = [' class="w"' if number in wide else "" for number in range(len(titles))]
    head = "".join(f'<th scope="col"{style[number]}>{escape(title)}</th>' for number, title in enumerate(titles))
    lines = []
    for old, cells in rows:
        inner = "".join(f"<td{style[number]}>{cell}</td>" for number, cell in enumerate(cells))
        lines.append(f'<tr class="old">{inner}</tr>' if old else f"<tr>{inner}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _clock(at: datetime, snapshot: Snapshot) -> str:
    return f"{at.astimezone(snapshot.zone):%H:%M:%S}"


def _rich(words: str) -> str:
    """The one mark of our own sentences, `**bold**`."""
    parts = escape(words).split("**")
    return "".join(f"<b>{part}</b>" if number % 2 else part for number, part in enumerate(parts))


def _aged(source: Source, now: datetime) -> tuple[Freshness, str]:
    state, age = source.freshness(now), source.age_seconds(now)
    told = "never seen" if age is None else "clock ahead" if age < 0 and state == "unknown" else wording.age(age)
    return state, escape(told) if state == "live" else f"{status(state)} {escape(told)}"


def _head(edition: Edition, now: datetime) -> str:
    snapshot, verdict = edition.snapshot, edition.verdict
    local = now.astimezone(snapshot.zone)
    head = f"<p>{escape(snapshot.city)} · {wording.day(local)}, {wording.clock(local)}</p>"
    shown = {"ok": "ok", "watch": "watch", "act": "act"}.get(verdict.status, "unknown")
    return f"{head}<h1>{status(shown, verdict.headline)}</h1><p>{_rich(verdict.why)}</p>"


def _wrong(snapshot: Snapshot, now: datetime) -> str:
    """What does not work, a sentence each."""
    said = []
    if snapshot.trouble:
        since = "" if snapshot.trouble_since is None else f" since {_clock(snapshot.trouble_since, snapshot)}"
        said.append(f"No answer from the database{since}: {snapshot.trouble}{_read_at(snapshot, now)}")
    firing = alarm(snapshot.watch, now)
    if firing is not None:
        said.append(str(firing["text"]))
    return "".join(f'<p class="said age">{escape(words)}</p>' for words in said)


def _read_at(snapshot: Snapshot, now: datetime) -> str:
    if snapshot.live is None:
        return ""
    age = wording.age((now - snapshot.live.at).total_seconds())
    return f" The figures are as of {_clock(snapshot.live.at, snapshot)}, {age} ago."


def _queues(edition: Edition, now: datetime) -> str:
    live = edition.snapshot.live
    if live is None or not live.queues:
        return "<h2>Queues</h2><p>No queue has been seen yet.</p>"
    thresholds = {row.answer_threshold_seconds for row in live.queues}
    within = threshold_words(thresholds.pop() if len(thresholds) == 1 else None)
    titles = ("Queue", "Status", "Waiting", "Longest", f"Answered {within}, 30 min", "Free", "As of")
    link = f'<p><a href="{ENTRY_PATH}">Enter a queue by hand while its feed is lost</a></p>'
    return f"<h2>Queues</h2>{table(titles, [_queue(edition, row, now) for row in live.queues], (1, 6))}{link}"


def _queue(edition: Edition, row: QueueNow, now: datetime) -> tuple[bool, list[str]]:
    """One queue; of a lost feed what it told last, with its age: this page withdraws nothing."""
    judged = edition.verdict.queues[row.queue]
    figure = queue_row(edition.snapshot, row, judged, agents_known=True)
    cells = [escape(wording.NOTHING if cell["text"] is None else f"{cell['text']}{cell.get('unit', '')}") for cell in figure["cells"]]
    entry = told_by_hand(edition.snapshot, row)
    if entry is not None:
        told = f"{SHAPES['hand']} {escape(str(figure['by_hand']))}, {_aged(entry.source, now)[1]}"
        return False, [escape(row.name), status(str(figure["status"])), *cells, told]
    freshness, aged = _aged(queue_source(row), now)
    lost = freshness in ("stale", "unknown")
    was = f", was {WORDS[judged.status]}" if judged.status in ("act", "watch") else ""
    state = status(freshness, WORDS[freshness] + was) if lost else status(judged.status)
    return lost, [escape(row.name), state, *cells, aged]


def _city(edition: Edition, now: datetime) -> str:
    live = edition.snapshot.live
    total = live.total if live else None
    if total is None:
        return ""
    contacts, agents = _aged(contacts_source(live, now), now)[1], _aged(agents_source(live, now), now)[1]
    longest = wording.NOTHING if total.longest_wait_now_seconds is None else wording.wait(total.longest_wait_now_seconds)
    level = wording.NOTHING if total.service_level_30m is None else f"{wording.percent(total.service_level_30m)}%"
    abandoned = wording.NOTHING if total.abandon_share_today is None else f"{wording.percent(total.abandon_share_today)}%"
    rows = [
        ("Waiting now", wording.count(total.waiting_now), contacts),
        ("Longest wait now", longest, contacts),
        (f"Answered {threshold_words(total.answer_threshold_seconds)}, last 30 min", level, contacts),
        ("Offered today", wording.count(total.offered_today), contacts),
        ("Abandoned today", abandoned, contacts),
        ("Free agents", wording.count(total.agents_available), agents),
    ]
    return f"<h2>All queues</h2>{table(('What', 'Value', 'As of'), [(False, list(row)) for row in rows], (2,))}"


def _emergency(snapshot: Snapshot, now: datetime) -> str:
    known = snapshot.emergency
    if known is None:
        return "<h2>Emergency</h2><p>Nothing is known yet.</p>"
    verdict = judge(known)
    freshness, aged = _aged(Source(known.at, emergency_boards.CADENCE_SECONDS), now)
    said = status(verdict.status if freshness in ("live", "late") else freshness, verdict.headline)
    as_of = f"As of {_clock(known.at, snapshot)}, {aged}."
    return f"<h2>Emergency</h2><p>{said}: {_rich(verdict.why)}. {as_of}</p>"


def _feeds(snapshot: Snapshot, now: datetime) -> str:
    feeds = snapshot.live.feeds if snapshot.live else ()
    if not feeds:
        return "<h2>Feeds</h2><p>No feed has been seen yet.</p>"
    rows = []
    for feed in feeds:
        source = Source(feed.as_of, feed.cadence_seconds)
        state, age = source.freshness(now), source.age_seconds(now)
        told = "never" if age is None or feed.as_of is None else f"{wording.age(age)}, {_clock(feed.as_of, snapshot)}"
        rows.append(
            (state in ("stale", "unknown"), [escape(feed.name), status(state), told, f"every {wording.seconds(feed.cadence_seconds)}"])
        )
    return f"<h2>Feeds</h2>{table(('Feed', 'State', 'Last told', 'Expected'), rows, (1,))}"
