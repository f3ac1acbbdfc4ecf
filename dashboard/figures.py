"""From a snapshot and its verdict to what each part of the Live screen shows, as small JSON-ready values. Pure; it draws nothing.

A figure carries `as_of` (seconds since 1970; None: never) and `cadence`, from which the browser counts its age by itself.
"""

from collections.abc import Sequence
from typing import Protocol

from dashboard import ahead_figures, wording
from dashboard.charts import outlook
from dashboard.figure import Figure, definition_of, stamp, threshold_words
from dashboard.figures_boards import agents_by_state, nobody, queue_board
from dashboard.freshness import Source
from dashboard.rows import QueueNow, TrendMinute, UsualNow
from dashboard.snapshot import Snapshot, agents_source, contacts_carrier, contacts_source, contacts_taken_in, longest_wait_seconds
from dashboard.verdict import FEWEST_CASES, FEWEST_WEEKS, Verdict
from dashboard.watch_figures import alarm

LANGUAGES_SHOWN = 4
COMPARE_LENGTH = 22  # characters that fit beside the status on a tile


def live_figures(snapshot: Snapshot, verdict: Verdict) -> dict[str, Figure]:
    """Every part of the Live screen by its key."""
    live = snapshot.live
    total = live.total if live else None
    contacts, agents = contacts_source(live, snapshot.at), agents_source(live, snapshot.at)
    return {
        "strip": strip(snapshot, verdict, "Live") | {"before": verdict.last_known},
        "waiting": _waiting(snapshot, verdict, total, contacts),
        "longest": _longest(snapshot, verdict, total, contacts),
        "level": _level(snapshot, verdict, total, contacts),
        "free": _free(snapshot, verdict, total, agents),
        "offered": _offered(snapshot, total, contacts),
        "answer": _answer(snapshot, total, contacts),
        "abandoned": _abandoned(snapshot, total, contacts),
        "languages": _languages(snapshot, contacts),
        "queues": queue_board(snapshot, verdict),
        "next": _next(snapshot, contacts),
        "ahead": ahead_figures.figure(snapshot),
        "agents": agents_by_state(snapshot, total, agents, named=False),
        "agents_named": agents_by_state(snapshot, total, agents, named=True),
    }


class Said(Protocol):
    """What the head of a screen says first."""

    @property
    def headline(self) -> str:
        """Two or three words."""

    @property
    def status(self) -> str:
        """Its status."""

    @property
    def why(self) -> str:
        """One sentence; `**bold**` is what to read first."""


def strip(snapshot: Snapshot, verdict: Said, place: str) -> Figure:
    """The head of a screen: verdict, why, feeds, the city's clock."""
    live = snapshot.live
    carrier, source = contacts_carrier(live, snapshot.at)
    names = {feed.feed: feed.name for feed in (live.feeds if live else ())}
    offset = snapshot.local.utcoffset()
    away, taken_in = snapshot.trouble if live is not None else None, contacts_taken_in(live, carrier).as_of
    return {
        "headline": verdict.headline,
        "status": verdict.status,
        "why": verdict.why,
        "away": f"{away} Figures are from {wording.clock(live.at.astimezone(snapshot.zone))}" if away and live else "",
        "place": f"{snapshot.city} · {place}",
        "utc_offset_seconds": offset.total_seconds() if offset else 0,
        "feeds": [{"name": feed.name, **stamp(Source(feed.as_of, feed.cadence_seconds))} for feed in (live.feeds if live else ())],
        "carrier": names.get(carrier or "", "the feeds"),
        "taken_in": None if taken_in is None else taken_in.timestamp(),
        "alarm": alarm(snapshot.watch, snapshot.at),
        **stamp(source),
    }


def _tile(snapshot: Snapshot, metric: str, source: Source, label: str) -> Figure:
    return {"label": label, "value": None, "status": "none", **definition_of(snapshot, metric), **stamp(source)}


def _trend(snapshot: Snapshot, column: str, newest: float | None, factor: float = 1) -> list[float]:
    """The last 40 minutes without the gaps, ending in the figure that stands on the tile."""
    minutes: Sequence[TrendMinute] = snapshot.history.trend if snapshot.history else ()
    past = [getattr(minute, column) for minute in minutes[:-1]]
    return [round(value * factor, 3) for value in (*past, newest) if value is not None]


def _no_usual(snapshot: Snapshot) -> str:
    """Why no usual stands beside a figure; of a part of the city none is ever told."""
    return "" if snapshot.live and snapshot.live.is_part else "no usual yet"


def _usual(snapshot: Snapshot) -> UsualNow | None:
    usual = snapshot.history.usual if snapshot.history else None
    return usual if usual is not None and usual.weeks >= FEWEST_WEEKS else None


def _waiting(snapshot: Snapshot, verdict: Verdict, total: QueueNow | None, source: Source) -> Figure:
    figure = _tile(snapshot, "waiting_now", source, "Waiting now")
    if total is None:
        return figure
    usual, band = _usual(snapshot), None
    if usual is not None and usual.usual_waiting_lower is not None and usual.usual_waiting_upper is not None:
        band = [usual.usual_waiting_lower, usual.usual_waiting_upper]
    return figure | {
        "value": wording.count(total.waiting_now),
        "status": verdict.waiting,
        "compare": f"usual {wording.both(*band)}" if band else _no_usual(snapshot),
        "spark": _trend(snapshot, "waiting", total.waiting_now),
        "band": band,
    }


def _longest(snapshot: Snapshot, verdict: Verdict, total: QueueNow | None, source: Source) -> Figure:
    figure = _tile(snapshot, "longest_wait_now_seconds", source, "Longest wait now") | {"empty": "Nobody is waiting"}
    if total is None or total.longest_wait_now_seconds is None or snapshot.live is None:
        return figure
    where = max(snapshot.live.queues, key=lambda queue: longest_wait_seconds(queue, snapshot.at) or -1, default=total)
    longest = longest_wait_seconds(where, snapshot.at) or 0
    limit = where.longest_wait_limit_seconds
    judged = verdict.queues.get(where.queue)
    return figure | {
        "value": wording.wait(longest),
        "status": judged.wait if judged else "none",
        "compare": where.name if limit is None else _fitting(f"limit {wording.wait(limit)}, {where.name}", f"limit {wording.wait(limit)}"),
        "spark": _trend(snapshot, "longest_wait_seconds", longest),
        "target": limit,
    }


def _fitting(words: str, shorter: str) -> str:
    """Text is never cut: where the long form has no room, the short one stands."""
    return words if len(words) <= COMPARE_LENGTH else shorter


def _level(snapshot: Snapshot, verdict: Verdict, total: QueueNow | None, source: Source) -> Figure:
    words = threshold_words(total.answer_threshold_seconds if total else None)
    figure = _tile(snapshot, "service_level", source, f"Answered {words}") | {"empty": "No contacts in 30 min"}
    if total is None or total.service_level_30m is None:
        return figure
    cases = total.answered_30m + total.abandoned_30m
    target = total.service_level_target
    few = cases < FEWEST_CASES
    compare = f"{wording.plural(cases, 'contact')} only" if few else f"target {wording.percent(target)}%" if target is not None else ""
    today = "" if total.service_level_today is None else f"\ntoday {wording.percent(total.service_level_today)}%"
    return figure | {
        "value": wording.percent(total.service_level_30m),
        "unit": "%",
        "over": f"last\n30 min{today}",
        "status": verdict.level,
        "words": {"none": "Too few" if few else "No target"},
        "compare": compare,
        "spark": _trend(snapshot, "service_level_30m", total.service_level_30m, 100),
        "target": None if target is None else 100 * target,
    }


def _free(snapshot: Snapshot, verdict: Verdict, total: QueueNow | None, source: Source) -> Figure:
    figure = _tile(snapshot, "agents_available", source, "Free agents") | {"empty": nobody(snapshot.live)}
    live = snapshot.live
    if total is None or live is None or not live.agents:
        return figure
    usual, band = _usual(snapshot), None
    if usual is not None and usual.usual_available_lower is not None and usual.usual_available_upper is not None:
        band = [usual.usual_available_lower, usual.usual_available_upper]
    without = [queue.name for queue in live.queues if queue.waiting_now and not queue.agents_available]
    compare = f"usual {wording.both(*band)}" if band else _no_usual(snapshot)
    if without:
        several = f"none for {wording.plural(len(without), 'queue')}"
        compare = _fitting(f"none for {without[0]}", several) if len(without) == 1 else several
    return figure | {
        "value": wording.count(total.agents_available),
        "of": f"of {wording.count(len(live.agents))}",
        "status": verdict.free,
        "words": {"ok": "Enough" if total.agents_available and not without else "OK"},
        "compare": compare,
        "spark": _trend(snapshot, "available", total.agents_available),
        "band": band,
    }


def _offered(snapshot: Snapshot, total: QueueNow | None, source: Source) -> Figure:
    figure = _tile(snapshot, "offered", source, "Offered today")
    if total is None:
        return figure
    figure |= {"value": wording.count(total.offered_today), "words": {"none": _no_usual(snapshot).capitalize()}}
    if snapshot.live and snapshot.live.is_part:
        return figure
    usual = snapshot.history.usual if snapshot.history else None
    if usual is None or usual.weeks < FEWEST_WEEKS or usual.usual_offered_so_far is None:
        weeks = usual.weeks if usual else 0
        return figure | {"compare": f"{wording.plural(weeks, snapshot.local.strftime('%A'))} so far"}
    lower, upper = usual.usual_offered_lower or 0, usual.usual_offered_upper or 0
    word = "More than usual" if total.offered_today > upper else "Less than usual" if total.offered_today < lower else "As usual"
    days = f"{usual.weeks} {snapshot.local.strftime('%A')}s"
    return figure | {
        "status": "ok",
        "aside": f"beside {days}",
        "words": {"ok": f"{word} {wording.count(usual.usual_offered_so_far)}"},
        "compare": f"usual {wording.both(lower, upper)}",
    }


def _answer(snapshot: Snapshot, total: QueueNow | None, source: Source) -> Figure:
    figure = _tile(snapshot, "average_speed_of_answer_seconds", source, "Speed of answer") | {
        "aside": "today",
        "empty": "Nobody answered yet",
    }
    if total is None or total.average_speed_of_answer_today_seconds is None:
        return figure
    return figure | {
        "value": wording.wait(total.average_speed_of_answer_today_seconds),
        "compare": f"mean of {wording.count(total.answered_today)}",
    }


def _abandoned(snapshot: Snapshot, total: QueueNow | None, source: Source) -> Figure:
    figure = _tile(snapshot, "abandon_share", source, "Abandoned") | {"aside": "today", "empty": "Nobody has called yet"}
    if total is None or total.abandon_share_today is None:
        return figure
    return figure | {
        "value": wording.percent(total.abandon_share_today),
        "unit": "%",
        "compare": f"{wording.count(total.abandoned_today)} of {wording.count(total.offered_today)}",
    }


def _languages(snapshot: Snapshot, source: Source) -> Figure:
    figure = _tile(snapshot, "waiting_now", source, "Waiting by language") | {"empty": "Nobody is waiting", "cells": []}
    rows = [row for row in (snapshot.live.languages if snapshot.live else ()) if row.waiting_now]
    cells = [
        {"word": _language(row.language), "value": wording.count(row.waiting_now), "note": wording.wait(row.longest_wait_now_seconds or 0)}
        for row in (rows if len(rows) <= LANGUAGES_SHOWN else rows[: LANGUAGES_SHOWN - 1])
    ]
    rest = rows[len(cells) :]
    if rest:
        longest = max(row.longest_wait_now_seconds or 0 for row in rest)
        cells.append({"word": "others", "value": wording.count(sum(row.waiting_now for row in rest)), "note": wording.wait(longest)})
    return figure | {"cells": cells}


def _language(language: str | None) -> str:
    return (language or "not told").capitalize() if language in (None, "not told") else language


def _next(snapshot: Snapshot, source: Source) -> Figure:
    frame = snapshot.history.intervals if snapshot.history else None
    part = snapshot.live is not None and snapshot.live.is_part
    label = ahead_figures.label(snapshot, "Next two hours" if part else outlook(frame, snapshot.at))
    return {"label": label, "subject": "Today by quarter hour", **definition_of(snapshot, "usual"), **stamp(source)}
