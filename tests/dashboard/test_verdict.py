"""When a verdict must come, when it must not, and that a status falls later than it rises."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dashboard.figures import live_figures
from dashboard.snapshot import Snapshot
from dashboard.verdict import Status, free_status, judge, level_status, wait_status, waiting_status
from tests.dashboard import sample


def test_calm_city_keeps_up_without_a_colour() -> None:
    verdict = judge(sample.snapshot())
    assert (verdict.headline, verdict.status) == ("Keeping up", "ok")
    assert verdict.why == "3 waiting, the oldest 0:14, 7 agents free"


def test_one_queue_past_its_limit_is_falling_behind_and_is_named_first() -> None:
    verdict = judge(sample.snapshot(sample.BUSY, service_level_30m=0.78))
    assert (verdict.headline, verdict.status) == ("Falling behind", "act")
    assert verdict.why == "**Spanish**: 7 waiting, the oldest 4:37, nobody free"
    assert verdict.queues["spanish"].status == "act"
    assert verdict.queues["general"].status == "watch"  # 74 % against 80 %


def test_most_contacts_in_queues_that_must_act_is_overwhelmed() -> None:
    rows = [sample.queue_row(q, q.title(), longest_wait_now_seconds=200.0) for q in ("general", "spanish")] + [
        sample.queue_row("trash", "Trash")
    ]
    verdict = judge(sample.snapshot(rows))
    assert verdict.headline == "Overwhelmed"
    assert verdict.why.endswith("1 more queue must act")


def test_service_level_of_all_under_target_is_falling_behind_even_when_each_queue_is_small() -> None:
    rows = [sample.queue_row(f"q{i}", f"Q{i}", answered_30m=12, abandoned_30m=0, offered_30m=12, service_level_30m=0.7) for i in range(4)]
    verdict = judge(sample.snapshot(rows, service_level_30m=0.7))
    assert (verdict.headline, verdict.status) == ("Falling behind", "watch")
    assert verdict.why == "**All queues**: 70% answered within 20 s in the last 30 min, target 80%"


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        pytest.param([sample.idle_row("a", "A"), sample.idle_row("b", "B")], {"service_level_30m": sample.NAN}, id="nobody has called"),
        pytest.param(
            [sample.queue_row("a", "A", answered_30m=5, abandoned_30m=5, service_level_30m=0.1)],
            {"service_level_30m": 0.1},
            id="ten cases only",
        ),
        pytest.param([sample.queue_row("a", "A", service_level_30m=0.8)], {"service_level_30m": 0.8}, id="exactly on target"),
        pytest.param([sample.queue_row("a", "A", longest_wait_now_seconds=89.9)], {}, id="just under three quarters of the limit"),
        pytest.param(
            [
                sample.queue_row(
                    "a",
                    "A",
                    service_level_30m=0.1,
                    longest_wait_now_seconds=900.0,
                    service_level_target=sample.NAN,
                    longest_wait_limit_seconds=sample.NAN,
                )
            ],
            {"service_level_target": sample.NAN},
            id="no target was set",
        ),
    ],
)
def test_no_alarm(rows: list[dict[str, Any]], total: dict[str, Any]) -> None:
    verdict = judge(sample.snapshot(rows, **total))
    assert (verdict.headline, verdict.status) == ("Keeping up", "ok")


def test_a_queue_of_a_silent_feed_gives_no_alarm_and_is_named() -> None:
    rows = [
        *sample.CALM,
        sample.queue_row(
            "old",
            "Old queue",
            feed="gone",
            feed_as_of=sample.seconds_ago(9000),
            cadence_seconds=10.0,
            longest_wait_now_seconds=9000.0,
            offered_today=10,
        ),
    ]
    verdict = judge(sample.snapshot(rows))
    assert verdict.status == "ok"
    assert verdict.why.endswith("Not known: **Old queue**")
    assert not verdict.queues["old"].known


@pytest.mark.parametrize(
    "as_of",
    [
        pytest.param(None, id="never seen"),
        pytest.param(sample.seconds_ago(600), id="silent for 60 cadences"),
        pytest.param(sample.NOW + timedelta(minutes=5), id="clock ahead"),
    ],
)
def test_main_feed_not_known_is_not_known(as_of: Any) -> None:
    rows = [sample.queue_row(q, q.title(), longest_wait_now_seconds=500.0, feed_as_of=as_of) for q in ("general", "spanish")]
    verdict = judge(sample.snapshot(rows))
    assert (verdict.headline, verdict.status) == ("Not known", "unknown")
    assert "**Calls**" in verdict.why


def test_once_the_feed_is_silent_the_verdict_says_what_it_was_and_no_status_follows_the_clock() -> None:
    before = judge(sample.snapshot(sample.BUSY))
    later = sample.NOW + timedelta(seconds=80)
    rows = [row | {"longest_wait_now_seconds": row["longest_wait_now_seconds"] + 80} for row in sample.BUSY]
    silent = judge(replace(sample.snapshot(rows), at=later), before)
    assert silent.why == "Nothing from **Calls** for 1:22. Before that: falling behind"
    assert {queue: one.status for queue, one in silent.queues.items() if queue != "chat"} == {
        queue: one.status for queue, one in before.queues.items() if queue != "chat"
    }


@pytest.mark.parametrize(
    ("topic", "ingested", "says"),
    [
        pytest.param("city.311.contacts", 1, "Catching up with **Calls**, 1:32 behind. Before that", id="its contacts come in"),
        pytest.param("city.311.contacts", 92, "Nothing from **Calls** for 1:32. Before that", id="nothing comes in"),
        pytest.param("city.311.agents", 1, "Nothing from **Calls** for 1:32. Before that", id="only its agents are heard"),
    ],
)
def test_a_feed_that_piled_up_is_caught_up_with_and_not_silent(topic: str, ingested: float, says: str) -> None:
    live = sample.live([sample.queue_row(q, q.title(), feed_as_of=sample.seconds_ago(92)) for q in ("general", "spanish")])
    feeds = tuple(replace(row, topic=topic, ingested_at=sample.seconds_ago(ingested)) for row in live.feeds if row.name == "Calls")
    snapshot = replace(sample.snapshot(), live=replace(live, feeds=feeds))
    verdict = judge(snapshot, judge(sample.snapshot()))
    assert verdict.why.startswith(says)
    taken_in = None if "agents" in topic else sample.seconds_ago(ingested).timestamp()
    assert (
        live_figures(snapshot, verdict)["strip"] | {"taken_in": taken_in, "before": "Keeping up"}
        == live_figures(snapshot, verdict)["strip"]
    )


def test_nothing_read_yet_is_not_known_and_says_why() -> None:
    empty = Snapshot(at=sample.NOW, city="City 311", zone=sample.ZONE, trouble="No database: start it.")
    assert judge(empty).why == "**No figures yet**: No database: start it."


def test_without_an_agents_feed_nobody_is_said_to_be_free_or_not() -> None:
    snapshot = sample.snapshot(sample.BUSY)
    assert snapshot.live is not None
    silent = replace(snapshot, live=replace(snapshot.live, agents=(), feeds=tuple(f for f in snapshot.live.feeds if f.name != "Agents")))
    assert "free" not in judge(silent).why
    assert judge(silent).free == "none"


@pytest.mark.parametrize(
    ("longest", "before", "expected"),
    [
        (None, "act", "ok"),
        (89, "none", "ok"),
        (90, "ok", "watch"),
        (119, "ok", "watch"),
        (120, "ok", "act"),
        (95, "act", "act"),
        (89, "act", "watch"),
        (60, "watch", "watch"),
        (59, "watch", "ok"),
    ],
)
def test_wait_status_falls_later_than_it_rises(longest: float | None, before: Status, expected: Status) -> None:
    assert wait_status(longest, 120, before) == expected


@pytest.mark.parametrize(
    ("level", "before", "expected"),
    [
        (0.79, "ok", "watch"),
        (0.81, "watch", "watch"),
        (0.82, "watch", "ok"),
        (0.81, "ok", "ok"),
        (0.39, "ok", "act"),
        (0.45, "act", "act"),
        (0.49, "act", "watch"),
    ],
)
def test_level_status_falls_later_than_it_rises(level: float, before: Status, expected: Status) -> None:
    assert level_status(level, 100, 0.8, before) == expected


def test_a_target_of_all_can_still_be_reached() -> None:
    assert level_status(1.0, 100, 1.0, "watch") == "ok"


def test_waiting_status_needs_a_usual_and_clearly_more_than_it() -> None:
    usual, few = sample.history().usual, sample.history(weeks=3).usual
    assert waiting_status(100, few, "none") == "none"
    assert waiting_status(17, usual, "ok") == "ok"
    assert waiting_status(18, usual, "ok") == "watch"
    assert waiting_status(15, usual, "watch") == "watch"
    assert waiting_status(14, usual, "watch") == "ok"


def test_nobody_free_matters_only_while_people_wait_too_long() -> None:
    assert free_status(0, "ok", "ok") == "ok"
    assert free_status(0, "watch", "ok") == "watch"
    assert free_status(1, "watch", "watch") == "watch"
    assert free_status(2, "watch", "watch") == "ok"


def test_a_bad_half_hour_is_watched_and_not_acted_on_while_nobody_waits_long() -> None:
    rows = [sample.queue_row(q, q.title(), service_level_30m=0.26) for q in ("general", "spanish", "trash")]
    verdict = judge(sample.snapshot(rows, service_level_30m=0.6))
    assert (verdict.headline, verdict.status) == ("Falling behind", "watch")
    assert {one.status for one in verdict.queues.values()} == {"watch"}


def test_a_figure_that_swings_around_its_limit_does_not_flap() -> None:
    verdict, seen = judge(sample.snapshot()), []
    for longest in (119, 121, 118, 122, 100, 121, 92):
        rows = [sample.queue_row("general", "General", longest_wait_now_seconds=float(longest)), *sample.CALM[1:]]
        verdict = judge(sample.snapshot(rows), verdict)
        seen.append(verdict.queues["general"].status)
    assert seen == ["watch", "act", "act", "act", "act", "act", "act"]
