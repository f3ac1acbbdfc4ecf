"""A recorded-like snapshot, built from frames as the named queries give them. NOW is a Tuesday, 14:32 in New York."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.rows import (
    AgentNow,
    ConsumerPartition,
    Defect,
    Definition,
    FeedNow,
    GeocodeSuspect,
    LanguageNow,
    Migration,
    QueueNow,
    Refusal,
    TrendMinute,
    UsualNow,
    read,
)
from dashboard.snapshot import History, Live, Plant, Quality, Snapshot, split_total

NOW = datetime(2026, 11, 24, 19, 32, 8, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
NAN = float("nan")
FEED_AGES = {"sim/phone": 2.0, "sim/agents": 4.0, "sim/chat": 20.0}
CADENCES = {"sim/phone": 10.0, "sim/agents": 15.0, "sim/chat": 60.0}


def seconds_ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def queue_row(queue: str, name: str, **changes: Any) -> dict[str, Any]:
    """A calm queue; `changes` replace columns."""
    feed = changes.pop("feed", "sim/phone")
    age = FEED_AGES.get(feed)
    row = {
        "queue": queue,
        "name": name,
        "channel": "phone",
        "position": 1,
        "waiting_now": 1,
        "longest_wait_now_seconds": 14.0,
        "lost_track_of": 0,
        "agents_available": 2,
        "offered_30m": 60,
        "answered_30m": 56,
        "abandoned_30m": 2,
        "service_level_30m": 0.93,
        "offered_today": 400,
        "answered_today": 380,
        "abandoned_today": 16,
        "service_level_today": 0.9,
        "abandon_share_today": 0.04,
        "average_speed_of_answer_today_seconds": 18.0,
        "answer_threshold_seconds": 20.0,
        "service_level_target": 0.8,
        "longest_wait_limit_seconds": 120.0,
        "wrap_up_limit_seconds": 120.0,
        "feed": feed,
        "feed_as_of": None if age is None else seconds_ago(age),
        "cadence_seconds": CADENCES.get(feed, NAN),
        "a_later_column": "is left out",
    }
    return row | changes


def idle_row(queue: str, name: str, **changes: Any) -> dict[str, Any]:
    """A queue into which nobody has come today."""
    zeros = dict.fromkeys(
        ("waiting_now", "offered_30m", "answered_30m", "abandoned_30m", "offered_today", "answered_today", "abandoned_today"), 0
    )
    nothing = dict.fromkeys(
        (
            "longest_wait_now_seconds",
            "service_level_30m",
            "service_level_today",
            "abandon_share_today",
            "average_speed_of_answer_today_seconds",
        ),
        NAN,
    )
    return queue_row(queue, name, **(zeros | nothing | changes))


def total_row(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """The row of all queues, as the query adds it up."""
    added = {
        key: sum(row[key] for row in rows)
        for key in ("waiting_now", "offered_30m", "answered_30m", "abandoned_30m", "offered_today", "answered_today", "abandoned_today")
    }
    longest = max(
        (row["longest_wait_now_seconds"] for row in rows if row["longest_wait_now_seconds"] == row["longest_wait_now_seconds"]), default=NAN
    )
    unfed = {"feed": None, "feed_as_of": None, "cadence_seconds": NAN, "channel": None, "position": 0}
    return queue_row("all", "All queues") | added | {"longest_wait_now_seconds": longest, "agents_available": 7} | unfed | changes


CALM = [
    queue_row("general", "General"),
    queue_row("spanish", "Spanish", position=2),
    queue_row("chat", "Chat & text", position=3, channel="chat", feed="sim/chat", offered_today=60),
]
BUSY = [
    queue_row("general", "General", waiting_now=11, longest_wait_now_seconds=68.0, service_level_30m=0.74, agents_available=1),
    queue_row(
        "spanish", "Spanish", waiting_now=7, longest_wait_now_seconds=277.0, service_level_30m=0.41, agents_available=0, offered_today=200
    ),
    queue_row("trash", "Trash & recycling", offered_30m=20, answered_30m=17, abandoned_30m=1, service_level_30m=16 / 18),
    idle_row("walkin", "Walk-in center"),
    queue_row("chat", "Chat & text", feed="sim/chat", channel="chat"),
]


def agents(states: dict[str, int] | None = None) -> pd.DataFrame:
    """One row an agent; every second one in wrap-up has been there too long."""
    rows = []
    for state, number in (states or {"on_contact": 21, "wrap_up": 4, "available": 7, "away": 3}).items():
        for i in range(number):
            since = seconds_ago(150 + i if state == "wrap_up" and i % 2 else 30)
            rows.append(
                {"agent_id": f"SIP/{state[:2]}{i:02}", "state": state, "since": since, "queues": ["general"], "source": "sim/agents"}
            )
    return pd.DataFrame(rows, columns=["agent_id", "state", "since", "queues", "source"])


def feeds() -> pd.DataFrame:
    """Calls, agents, chat."""
    names = {"sim/phone": "Calls", "sim/agents": "Agents", "sim/chat": "Chat & text"}
    return pd.DataFrame(
        {
            "feed": feed,
            "name": names[feed],
            "topic": "311.agents" if feed == "sim/agents" else "311.contacts",
            "cadence_seconds": CADENCES[feed],
            "as_of": seconds_ago(age),
            "newest_event_at": seconds_ago(age),
            "ingested_at": seconds_ago(age),
            "events": 4000,
            "refused": 7 if feed == "sim/phone" else 0,
        }
        for feed, age in FEED_AGES.items()
    )


def live(rows: list[dict[str, Any]] | None = None, **total: Any) -> Live:
    """The moving part; `total` replaces columns of the row of all."""
    rows = CALM if rows is None else rows
    queues, all_row = split_total(read(QueueNow, pd.DataFrame([*rows, total_row(rows, **total)])))
    languages = pd.DataFrame(
        {"language": ["English", "Spanish", "not told"], "waiting_now": [17, 7, 1], "longest_wait_now_seconds": [68.0, 277.0, 9.0]}
    )
    return Live(
        at=NOW,
        queues=queues,
        total=all_row,
        agents=read(AgentNow, agents()),
        languages=read(LanguageNow, languages),
        feeds=read(FeedNow, feeds()),
        load_seconds=0.018,
    )


def intervals(weeks: int = 8, day: datetime | None = None) -> pd.DataFrame:
    """One row a quarter hour of the local day of `day` (default NOW): busiest at 11 and at 15 o'clock; counts end with NOW."""
    local = (day or NOW).astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    start = pd.date_range(local, pd.Timestamp(local) + pd.DateOffset(days=1), freq="15min", inclusive="left", tz=ZONE)
    hour = (start.hour + start.minute / 60).to_numpy()
    usual = 8 + 84 * 2.718 ** -(((hour - 11) / 2.3) ** 2) + 92 * 2.718 ** -(((hour - 15.3) / 2.5) ** 2)
    past = start <= pd.Timestamp(day or NOW)
    frame = pd.DataFrame({"interval_start": start.tz_convert("UTC"), "offered": usual * 1.2})
    frame["offered"] = frame["offered"].where(past)
    frame["usual_offered"], frame["usual_lower"], frame["usual_upper"], frame["usual_weeks"] = usual, usual * 0.85, usual * 1.15, weeks
    if not weeks:
        frame[["usual_offered", "usual_lower", "usual_upper"]] = NAN
    return frame


def history(weeks: int = 8) -> History:
    """The day, the last 40 minutes, and what is usual."""
    minutes = pd.DataFrame(
        {
            "at": [seconds_ago(60 * back) for back in range(39, -1, -1)],
            "waiting": [float(5 + back % 4) for back in range(40)],
            "longest_wait_seconds": [float(10 + back) for back in range(40)],
            "service_level_30m": [NAN, *(0.9 for _ in range(39))],
            "available": [7.0] * 40,
        }
    )
    usual = pd.DataFrame(
        [
            {
                "offered_so_far": 1200,
                "usual_offered_so_far": 1130.0 if weeks else NAN,
                "usual_offered_lower": 1010.0 if weeks else NAN,
                "usual_offered_upper": 1260.0 if weeks else NAN,
                "usual_waiting_lower": 6.0 if weeks else NAN,
                "usual_waiting_upper": 14.0 if weeks else NAN,
                "usual_available_lower": 5.0 if weeks else NAN,
                "usual_available_upper": 11.0 if weeks else NAN,
                "weeks": weeks,
            }
        ]
    )
    return History(at=NOW, intervals=intervals(weeks), trend=read(TrendMinute, minutes), usual=read(UsualNow, usual)[0], load_seconds=0.04)


def plant() -> Plant:
    """Two topics, one behind; one reason to refuse; one migration."""
    consumers = pd.DataFrame(
        [
            {
                "topic": topic,
                "partition": partition,
                "next_offset": 4000,
                "high_watermark": 4000 + behind,
                "lag_messages": behind,
                "lag_seconds": float(behind),
                "newest_event_at": seconds_ago(2),
                "moved_at": seconds_ago(2),
                "checked_at": seconds_ago(1),
                "consumer": "city311-1",
            }
            for topic, partition, behind in (("311.agents", 0, 0), ("311.contacts", 0, 0), ("311.contacts", 1, 45))
        ]
    )
    refusals = pd.DataFrame(
        [
            {
                "topic": "311.contacts",
                "reason": "<b>bad</b> JSON",
                "refused": 7,
                "oldest_refused_at": seconds_ago(90000),
                "newest_refused_at": seconds_ago(60),
            }
        ]
    )
    migrations = pd.DataFrame([{"version": "0001", "description": "Contacts", "applied_at": seconds_ago(86400)}])
    return Plant(
        at=NOW,
        consumers=read(ConsumerPartition, consumers),
        refusals=read(Refusal, refusals),
        migrations=read(Migration, migrations),
        load_seconds=0.01,
    )


def quality() -> Quality:
    """Two defects, and a point that nobody has named yet."""
    return Quality(
        at=NOW,
        defects=(Defect("no_location", 2_400, 0.2, "On no map."), Defect("id_used_twice", 0, 0.0, "The newest is used.")),
        suspects=(GeocodeSuspect(39.9526, -75.1652, 900, 320, 0.08, False),),
    )


def definitions() -> dict[str, Definition]:
    """Two metrics."""
    frame = pd.DataFrame(
        {
            "name": ["waiting_now", "service_level"],
            "version": [1, 1],
            "unit": ["contacts", "share"],
            "definition": ["Queued and neither answered nor gone.", "Answered within the threshold of *all* <answered> and abandoned."],
        }
    )
    return {row.name: row for row in read(Definition, frame)}


def snapshot(rows: list[dict[str, Any]] | None = None, *, weeks: int = 8, at: datetime = NOW, **total: Any) -> Snapshot:
    """Everything; `total` replaces columns of the row of all queues."""
    whole = Snapshot(
        at=at,
        city="City 311",
        zone=ZONE,
        live=live(rows, **total),
        history=history(weeks),
        plant=plant(),
        quality=quality(),
        definitions=definitions(),
    )
    return replace(whole, at=at)
