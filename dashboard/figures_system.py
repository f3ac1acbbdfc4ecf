"""From a snapshot to what each part of the System screen shows: feeds, consumers, refusals, migrations, and the snapshot itself. Pure.

It tells whoever runs the system whether every feed is alive, how far behind the consumers are, and what was refused and why.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dashboard import wording
from dashboard.figure import Figure, definition_of, stamp
from dashboard.figures import strip
from dashboard.freshness import NEVER, Source
from dashboard.rows import ConsumerPartition, FeedNow
from dashboard.snapshot import Snapshot
from dashboard.verdict import Status, Verdict
from dashboard.watch_figures import table

CONSUMER_CADENCE_SECONDS = 5.0  # a consumer notes where it stands every second; a busy one may take longer
SNAPSHOT_CADENCE_SECONDS = 2.0
PLANT_CADENCE_SECONDS = 10.0
ONE_UNIT_SECONDS = 59.5  # from here on an age has two numbers, and no unit of its own
LAG_WATCH_SECONDS, LAG_ACT_SECONDS = 30.0, 300.0
REASON_LENGTH = 110


def system_figures(snapshot: Snapshot, verdict: Verdict) -> dict[str, Figure]:
    """Every part of the System screen by its key."""
    return {
        "system_strip": strip(snapshot, verdict, "System"),
        "feeds_live": _feeds_tile(snapshot),
        "lag": _lag_tile(snapshot),
        "refused": _refused_tile(snapshot),
        "lost": _lost_tile(snapshot),
        "snapshot": _snapshot_tile(snapshot),
        "watch": table(snapshot.watch, snapshot.zone),
        "feeds": feeds_board(snapshot),
        "consumers": consumers_board(snapshot),
        "refusals": _refusals_board(snapshot),
        "migrations": _migrations_board(snapshot),
    }


def _read_stamp(snapshot: Snapshot) -> Figure:
    return stamp(NEVER if snapshot.plant is None else Source(snapshot.plant.at, PLANT_CADENCE_SECONDS))


def _feeds(snapshot: Snapshot) -> Sequence[FeedNow]:
    return snapshot.live.feeds if snapshot.live else ()


def _feeds_tile(snapshot: Snapshot) -> Figure:
    feeds = _feeds(snapshot)
    alive = [feed for feed in feeds if Source(feed.as_of, feed.cadence_seconds).freshness(snapshot.at) == "live"]
    behind = [feed.name for feed in feeds if feed not in alive]
    return {
        "label": "Feeds live",
        "value": wording.count(len(alive)) if feeds else None,
        "of": f"of {len(feeds)}",
        "status": "watch" if behind else "ok",
        "compare": f"behind: {wording.listed(behind[:3])}" if behind else "all of them",
        "empty": "No feed has been seen yet",
        **definition_of(snapshot, "age"),
        **stamp(NEVER if snapshot.live is None else Source(snapshot.live.at, SNAPSHOT_CADENCE_SECONDS)),
    }


def _lag_status(lag_seconds: float | None) -> Status:
    if lag_seconds is None:
        return "none"
    return "act" if lag_seconds >= LAG_ACT_SECONDS else "watch" if lag_seconds >= LAG_WATCH_SECONDS else "ok"


def _lag_tile(snapshot: Snapshot) -> Figure:
    partitions = snapshot.plant.consumers if snapshot.plant else ()
    behind = sum(one.lag_messages or 0 for one in partitions)
    worst = max((one.lag_seconds or 0 for one in partitions), default=0.0)
    figure = {"label": "Consumer lag", "value": None, "empty": "Nothing has been consumed yet", **definition_of(snapshot, "lag_seconds")}
    if partitions:
        noted = [one.checked_at for one in partitions if one.checked_at is not None]
        figure |= stamp(Source(max(noted, default=None), CONSUMER_CADENCE_SECONDS))
        value, _, unit = wording.age(worst).partition(" ") if worst < ONE_UNIT_SECONDS else (wording.age(worst), "", "")
        figure |= {
            "value": value,
            "unit": unit,
            "status": _lag_status(worst),
            "compare": f"{wording.plural(behind, 'event')} waiting, act from {wording.wait(LAG_ACT_SECONDS)}",
        }
        return figure
    return figure | {"status": "none"} | _read_stamp(snapshot)


def _refused_tile(snapshot: Snapshot) -> Figure:
    refusals = snapshot.plant.refusals if snapshot.plant else ()
    taken = sum(feed.events for feed in _feeds(snapshot))
    refused = sum(one.refused for one in refusals)
    return {
        "label": "Refused events",
        "value": wording.count(refused) if snapshot.plant else None,
        "status": "ok" if refused == 0 else "watch",
        "compare": f"beside {wording.count(taken)} taken in" if refused else "none",
        **_read_stamp(snapshot),
    }


def _lost_tile(snapshot: Snapshot) -> Figure:
    total = snapshot.live.total if snapshot.live else None
    return {
        "label": "Lost track of",
        "value": wording.count(total.lost_track_of) if total else None,
        "status": "none",
        "words": {"none": ""},
        "compare": "contacts, not counted as waiting",
        **definition_of(snapshot, "lost_track_of"),
        **stamp(NEVER if snapshot.live is None else Source(snapshot.live.at, SNAPSHOT_CADENCE_SECONDS)),
    }


def _snapshot_tile(snapshot: Snapshot) -> Figure:
    live, history = snapshot.live, snapshot.history
    figure: Figure = {"label": "Snapshot", "status": "none", "value": None, "empty": snapshot.trouble or "Not read yet", **stamp(NEVER)}
    if live is None:
        return figure
    slow = f", day and trend {1000 * history.load_seconds:.0f} ms" if history else ""
    return figure | {
        "value": f"{1000 * live.load_seconds:.0f}",
        "unit": "ms",
        "status": "act" if snapshot.trouble else "ok",
        "words": {"ok": "To read"},
        "compare": snapshot.trouble or f"live figures{slow}",
        **stamp(Source(live.at, SNAPSHOT_CADENCE_SECONDS)),
    }


def _column(title: str, width: str, kind: str = "text", **more: Any) -> Figure:
    return {"title": title, "width": width, "kind": kind, **more}


def feeds_board(snapshot: Snapshot) -> Figure:
    """One row a feed and topic; its age is counted in the browser."""
    rows = [
        {
            "key": f"{feed.feed} {feed.topic}",
            "status": "ok",
            "cells": [
                feed.name,
                feed.feed,
                feed.topic or "",
                None,
                wording.age(feed.cadence_seconds),
                wording.count(feed.events),
                wording.count(feed.refused),
            ],
            **stamp(Source(feed.as_of, feed.cadence_seconds)),
        }
        for feed in _feeds(snapshot)
    ]
    columns = [
        _column("Feed", "1.2fr", "name"),
        _column("Source", "1.2fr"),
        _column("Topic", "1fr"),
        _column("Complete up to", "200px", "age"),
        _column("Cadence", "100px", "num"),
        _column("Events", "120px", "num"),
        _column("Refused", "100px", "num"),
    ]
    return {"title": "Feeds", "columns": columns, "rows": rows, "empty": "No feed has been seen yet: start a source and a consumer"}


def consumers_board(snapshot: Snapshot) -> Figure:
    """One row a topic: its partitions together, and the one that is furthest behind."""
    partitions = snapshot.plant.consumers if snapshot.plant else ()
    topics = dict.fromkeys(one.topic for one in partitions)
    rows = [_topic_row(topic, [one for one in partitions if one.topic == topic], snapshot) for topic in topics]
    columns = [
        _column("Topic", "1fr", "name"),
        _column("Partitions", "110px", "num"),
        _column("Events behind", "140px", "num"),
        _column("Event time behind", "170px", "num"),
        _column("Furthest behind", "1fr"),
        _column("Newest event", "130px", "num"),
        _column("Consumers", "110px", "num"),
        _column("Last word", "160px", "age"),
    ]
    return {"title": "Consumers", "columns": columns, "rows": rows, "empty": "Nothing has been consumed yet: python -m streams consume"}


def _topic_row(topic: str, partitions: list[ConsumerPartition], snapshot: Snapshot) -> Figure:
    worst = max(partitions, key=lambda one: (one.lag_seconds or 0, one.lag_messages or 0))
    behind = sum(one.lag_messages or 0 for one in partitions)
    newest = max((one.newest_event_at for one in partitions if one.newest_event_at), default=None)
    noted = [one.checked_at for one in partitions if one.checked_at is not None]
    lag = worst.lag_seconds or 0
    where = f"partition {worst.partition}: {wording.plural(worst.lag_messages or 0, 'event')}, {wording.age(lag)}" if behind else "none"
    return {
        "key": topic,
        "status": _lag_status(lag),
        "cells": [
            topic,
            wording.count(len(partitions)),
            wording.count(behind),
            wording.age(lag),
            where,
            _local_time(newest, snapshot),
            wording.count(len({one.consumer for one in partitions if one.consumer})),
            None,
        ],
        **stamp(Source(min(noted, default=None), CONSUMER_CADENCE_SECONDS)),
    }


def _local_time(at: datetime | None, snapshot: Snapshot) -> str | None:
    if at is None:
        return None
    local = at.astimezone(snapshot.zone)
    return f"{local:%H:%M:%S}" if local.date() == snapshot.local.date() else f"{local:%b} {local.day} {local:%H:%M}"


def _refusals_board(snapshot: Snapshot) -> Figure:
    rows = [
        {
            "key": f"{one.topic} {one.reason}",
            "status": "ok",
            "cells": [
                one.reason if len(one.reason) <= REASON_LENGTH else one.reason[: REASON_LENGTH - 3] + "...",
                one.topic,
                wording.count(one.refused),
                _local_time(one.oldest_refused_at, snapshot),
                _local_time(one.newest_refused_at, snapshot),
            ],
        }
        for one in (snapshot.plant.refusals if snapshot.plant else ())
    ]
    columns = [
        _column("Reason", "1fr", "name"),
        _column("Topic", "150px"),
        _column("Events", "90px", "num"),
        _column("First", "130px", "num"),
        _column("Newest", "130px", "num"),
    ]
    return {"title": "Refused events, by reason", "columns": columns, "rows": rows, "empty": "Nothing is refused"}


def _migrations_board(snapshot: Snapshot) -> Figure:
    migrations = snapshot.plant.migrations if snapshot.plant else ()
    rows = [
        {"key": one.version, "status": "ok", "cells": [one.version, one.description or "", _local_time(one.applied_at, snapshot)]}
        for one in migrations[:8]
    ]
    columns = [_column("Version", "130px", "name"), _column("What it brought", "1fr"), _column("Applied", "140px", "num")]
    return {"title": "Last migrations", "columns": columns, "rows": rows, "empty": "No migration was applied: python -m sql migrate"}
