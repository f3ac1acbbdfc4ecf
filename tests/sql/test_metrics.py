"""The definitions of `metrics.md`, held against golden figures and against each other."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, text

from sql import queries
from sql.rebuild import rebuild
from sql.reports import Request, report

NOON = datetime(2025, 12, 16, 17, 0, tzinfo=UTC)  # a Tuesday, 12:00 in New York


def add(connection: Connection, count: int = 1, *, queued_at: datetime = NOON, queue: str = "general", **columns: Any) -> None:
    """`count` contacts with the same columns; `answered_after` and the like are seconds from the queueing."""
    times = {
        name.replace("_after", "_at"): queued_at + timedelta(seconds=value) for name, value in columns.items() if name.endswith("_after")
    }
    row = {name: value for name, value in columns.items() if not name.endswith("_after")} | times | {"queue": queue, "queued_at": queued_at}
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO queue (queue, name) VALUES ('{queue}', '{queue}') ON CONFLICT DO NOTHING"))
    connection.execute(
        text(
            f"INSERT INTO contact (contact_id, source, {names}) SELECT gen_random_uuid(), 's', {', '.join(f':{n}' for n in row)} FROM generate_series(1, :n)"
        ),
        row | {"n": count},
    )


def service_level(connection: Connection, **request: Any) -> pd.Series:
    asked = {"starts_at": NOON - timedelta(hours=1), "ends_at": NOON + timedelta(hours=1)} | request
    found = report("service-level", connection, Request(**asked))
    return found.set_index("queue").loc["all"]


def test_golden_vector_1(connection: Connection) -> None:
    add(connection, 860, answered_after=20, ended_after=120, talk_seconds=100)
    add(connection, 140, answered_after=20.001)
    add(connection, 10, left_after=5, left_reason="abandoned")
    add(connection, 10, left_after=20, left_reason="abandoned")
    add(connection, 40, left_after=20.001, left_reason="abandoned")
    found = service_level(connection, threshold_seconds=20, short_abandon_seconds=5)
    assert (found.offered, found.answered, found.abandoned) == (1060, 1000, 60)
    shares = (
        "service_level",
        "service_level_net_short",
        "service_level_late_abandon",
        "service_level_answered_only",
        "service_level_removed",
    )
    assert [round(found[name], 4) for name in shares] == [0.8113, 0.8190, 0.8269, 0.8600, 0.8302]


def test_nothing_offered_is_no_data(connection: Connection) -> None:
    found = service_level(connection)
    assert found.offered == 0
    assert all(
        math.isnan(found[name])
        for name in ("service_level", "abandon_share", "average_speed_of_answer_seconds", "median_abandon_wait_seconds")
    )


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        pytest.param({}, "waiting_now", id="still waiting"),
        pytest.param({"answered_after": 5}, "answered", id="answered"),
        pytest.param({"left_after": 5, "left_reason": "callback"}, "callback", id="callback booked"),
        pytest.param({"left_after": 5, "left_reason": "callback", "answered_after": 600}, "callback", id="called back later"),
        pytest.param({"left_after": 500, "left_reason": "closed", "answered_after": 10}, "answered", id="answered, closed afterwards"),
        pytest.param({"ended_after": 33}, "abandoned", id="an abandon that nobody reported"),
    ],
)
def test_outcome(connection: Connection, columns: dict[str, Any], outcome: str) -> None:
    add(connection, **columns)
    found = service_level(connection, as_of=NOON + timedelta(minutes=30))
    counts = found[["answered", "abandoned", "transferred", "callback", "timeout", "closed", "waiting_now", "lost_track_of"]]
    assert counts[outcome] == 1
    assert counts.sum() == found.offered == 1


def test_a_contact_without_an_end_is_lost_track_of_after_the_set_time(connection: Connection) -> None:
    add(connection)
    hours = [0.5, 0.99, 1.01]
    found = [service_level(connection, as_of=NOON + timedelta(hours=hour)) for hour in hours]
    assert [(row.waiting_now, row.lost_track_of) for row in found] == [(1, 0), (1, 0), (0, 1)]


def test_as_of_a_past_instant_only_what_was_known_then_counts(connection: Connection) -> None:
    add(connection, answered_after=30, ended_after=90, talk_seconds=60)
    then = [service_level(connection, as_of=NOON + timedelta(seconds=s)) for s in (10, 40, 100)]
    assert [(row.offered, row.waiting_now, row.answered) for row in then] == [(1, 1, 0), (1, 0, 1), (1, 0, 1)]
    assert then[0].longest_wait_now_seconds == 10
    assert math.isnan(then[1].average_talk_seconds)
    assert then[2].average_talk_seconds == 60


def test_the_period_is_half_open(connection: Connection) -> None:
    add(connection, queued_at=NOON)
    add(connection, queued_at=NOON + timedelta(minutes=15))
    found = service_level(connection, starts_at=NOON, ends_at=NOON + timedelta(minutes=15))
    assert found.offered == 1


def test_a_queue_s_own_target_goes_before_the_one_for_every_queue_from_its_day_on(connection: Connection) -> None:
    add(connection, answered_after=25, queue="general")
    add(connection, answered_after=25, queue="spanish")
    connection.execute(text("INSERT INTO service_target VALUES ('spanish', :at, 30, 0.9)"), {"at": NOON - timedelta(days=1)})
    found = report("service-level", connection, Request()).set_index("queue")
    assert list(found.service_level[["general", "spanish", "all"]]) == [0, 1, 0.5]
    assert math.isnan(found.answer_threshold_seconds["all"])
    add(connection, answered_after=25, queue="spanish", queued_at=NOON - timedelta(days=2))
    assert report("service-level", connection, Request()).set_index("queue").service_level["spanish"] == 0.5


def test_roll_ups_answer_every_listed_threshold_as_the_rows_do(connection: Connection) -> None:
    for number in range(200):
        wait = (number * 37) % 700
        ends = (
            {"answered_after": wait, "ended_after": wait + 60, "talk_seconds": 60}
            if number % 5
            else {"left_after": wait, "left_reason": "abandoned"}
        )
        add(connection, queued_at=NOON + timedelta(seconds=number * 20), queue=f"q{number % 2}", **ends)
    rebuild(connection)
    for threshold in (5, 10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 300, 600):
        rolled_up = report("intervals", connection, Request(threshold_seconds=threshold)).set_index(["interval_start", "queue"])
        for at in rolled_up.index.get_level_values(0).unique():
            rows = report(
                "service-level", connection, Request(starts_at=at, ends_at=at + timedelta(minutes=15), threshold_seconds=threshold)
            )
            rows = rows.set_index("queue")
            same = [
                "offered",
                "answered",
                "abandoned",
                "service_level",
                "abandon_share",
                "average_speed_of_answer_seconds",
                "average_talk_seconds",
            ]
            pd.testing.assert_frame_equal(rolled_up.loc[at][same], rows[same], check_names=False, check_dtype=False)


def test_a_rebuild_mends_the_months_that_differ_and_leaves_the_others(connection: Connection) -> None:
    months = [NOON - timedelta(days=28 * number) for number in range(4)]
    for at in months:
        add(connection, queued_at=at, answered_after=10)
    assert rebuild(connection).differing == 4
    connection.execute(text("UPDATE contact_interval SET contacts = 7 WHERE interval_start <= :at"), {"at": months[2]})
    connection.execute(text("DELETE FROM contact_interval WHERE interval_start > :at"), {"at": months[1]})
    written = text("SELECT interval_start, ctid FROM contact_interval WHERE interval_start > :begins AND interval_start <= :ends")
    untouched = connection.execute(written, {"begins": months[2], "ends": months[1]}).all()
    assert rebuild(connection, check_only=True).differing == 3
    found = rebuild(connection)
    assert (found.differing, found.contacts) == (3, 4)
    assert found.differences["rolled_up"].tolist()[:2] == [7, 7]
    assert found.differences["counted"].tolist() == [1, 1, 1]
    assert connection.execute(written, {"begins": months[2], "ends": months[1]}).all() == untouched
    assert rebuild(connection, check_only=True).differences.empty


def test_today_live_from_the_roll_ups_is_today_from_the_rows(connection: Connection) -> None:
    now = connection.execute(text("SELECT now()")).scalar_one()
    midnight = connection.execute(text("SELECT date_trunc('day', now(), 'America/New_York')")).scalar_one()
    for number in range(50):
        wait = (now - midnight).total_seconds() * number / 1000  # answered by now, whatever time of the day it is
        add(connection, queued_at=midnight + (now - midnight) * number / 60, answered_after=wait, queue=f"q{number % 3}")
    rebuild(connection)
    live, past = queries.frame("queue-now", connection), queries.frame("queue-now", connection, as_of=now)
    pd.testing.assert_frame_equal(live, past)
    assert live.set_index("queue").offered_today["all"] == 50


def test_waiting_now_and_free_agents_by_queue(connection: Connection) -> None:
    add(connection, 2, queue="general")
    add(connection, queue="spanish", queued_at=NOON - timedelta(seconds=100))
    states = [("ann", "available", ["general", "spanish"]), ("bob", "available", ["general"]), ("cy", "wrap_up", ["general"])]
    for name, state, serves in states:
        connection.execute(text("INSERT INTO agent VALUES (:n)"), {"n": name})
        connection.execute(
            text("INSERT INTO agent_state_change VALUES (:n, :at, :state, :serves, 's')"),
            {"n": name, "at": NOON, "state": state, "serves": serves},
        )
    found = queries.frame("queue-now", connection, as_of=NOON + timedelta(seconds=20)).set_index("queue")
    assert list(found.waiting_now[["general", "spanish", "all"]]) == [2, 1, 3]
    assert list(found.longest_wait_now_seconds[["general", "spanish", "all"]]) == [20, 120, 120]
    assert list(found.agents_available[["general", "spanish", "all"]]) == [2, 1, 2]
    later = queries.frame("queue-now", connection, as_of=NOON + timedelta(hours=13)).set_index("queue")
    assert later.agents_available["all"] == 0, "of agents nobody heard anything for 12 hours"


def test_occupancy_is_of_agents_time(connection: Connection) -> None:
    connection.execute(text("INSERT INTO agent VALUES ('ann')"))
    for seconds, state in ((0, "available"), (600, "on_contact"), (1200, "wrap_up"), (1500, "away"), (2000, "offline")):
        connection.execute(
            text("INSERT INTO agent_state_change VALUES ('ann', :at, :state, NULL, 's')"),
            {"at": NOON + timedelta(seconds=seconds), "state": state},
        )
    add(connection)
    found = service_level(connection, starts_at=NOON, ends_at=NOON + timedelta(hours=1), as_of=NOON + timedelta(hours=1))
    assert found.occupancy == pytest.approx(900 / 1500)
    half = service_level(
        connection, starts_at=NOON + timedelta(seconds=300), ends_at=NOON + timedelta(seconds=900), as_of=NOON + timedelta(hours=1)
    )
    assert half.occupancy == pytest.approx(300 / 600)


@pytest.mark.parametrize(("day", "slots"), [("2026-03-08", 92), ("2025-11-02", 100), ("2025-11-18", 96)])
def test_a_day_has_all_its_quarter_hours_and_they_add_up(connection: Connection, day: str, slots: int) -> None:
    midnight = connection.execute(text("SELECT cast(:day AS timestamp) AT TIME ZONE 'America/New_York'"), {"day": day}).scalar_one()
    for number in range(slots):
        add(connection, number % 4, queued_at=midnight + timedelta(minutes=15 * number), answered_after=1)
    add(connection, queued_at=midnight - timedelta(seconds=1), answered_after=1)
    rebuild(connection)
    found = queries.frame("day-intervals", connection, as_of=midnight + timedelta(minutes=15 * slots - 1))
    assert len(found) == slots
    assert found.offered.sum() == sum(number % 4 for number in range(slots))


def test_usual_is_of_the_same_weekday_and_of_known_weeks_only(connection: Connection) -> None:
    for week, count in ((1, 4), (2, 8), (3, 6)):
        add(connection, count, queued_at=NOON - timedelta(weeks=week), answered_after=10)
    add(connection, 50, queued_at=NOON - timedelta(days=1), answered_after=10)
    rebuild(connection)
    found = queries.frame("day-intervals", connection, as_of=NOON).set_index("interval_start").loc[NOON]
    assert (found.usual_offered, found.usual_weeks) == (6, 3)
    assert found.usual_lower == pytest.approx(4.4)
    usual = queries.frame("usual-now", connection, as_of=NOON + timedelta(minutes=15)).iloc[0]
    assert (usual.usual_offered_so_far, usual.weeks) == (6, 3)


@pytest.mark.parametrize(
    ("age", "state"),
    [(19, "live"), (21, "late"), (51, "stale"), (201, "unknown"), (-30, "live"), (-90, "unknown")],
    ids=lambda value: str(value),
)
def test_a_feed_s_age_gives_its_state(connection: Connection, age: float, state: str) -> None:
    connection.execute(text("INSERT INTO feed VALUES ('f', 'Calls', 10)"))
    for partition, behind in ((0, 0), (1, age)):
        connection.execute(
            text("INSERT INTO feed_partition VALUES ('f', 't', :p, NULL, :at, now(), 1)"),
            {"p": partition, "at": NOON - timedelta(seconds=behind if age >= 0 else age)},
        )
    found = queries.frame("feeds", connection, as_of=NOON).iloc[0]
    assert (found.age_seconds, found.state) == (age, state)


def test_a_queue_is_as_fresh_as_its_contacts_though_its_source_tells_of_agents(connection: Connection) -> None:
    connection.execute(text("INSERT INTO feed VALUES ('acd', 'Calls', 2)"))
    connection.execute(text("INSERT INTO queue (queue, name, channel, position) VALUES ('general', 'General', 'phone', 1)"))
    connection.execute(text("INSERT INTO queue_feed VALUES ('general', 'acd')"))
    silent_since = NOON - timedelta(seconds=100)
    for topic, heard_at in (("city.311.contacts", silent_since), ("city.311.agents", NOON)):
        connection.execute(text("INSERT INTO feed_partition VALUES ('acd', :t, 0, NULL, :at, now(), 1)"), {"t": topic, "at": heard_at})
    found = queries.frame("queue-now", connection, as_of=NOON).set_index("queue").loc["general"]
    assert (found.feed, found.feed_as_of) == ("acd", silent_since)


@pytest.mark.parametrize(("heartbeats", "taken_in"), [(True, 300), (False, 1)], ids=["its oldest partition", "its newest event"])
def test_what_was_taken_in_last_is_told_of_the_partition_that_a_feed_is_as_fresh_as(
    connection: Connection, heartbeats: bool, taken_in: float
) -> None:
    connection.execute(text("INSERT INTO feed VALUES ('f', 'Calls', 10)"))
    for partition, age in ((0, 1), (1, 300)):
        row = {"p": partition, "at": NOON - timedelta(seconds=age), "beat": NOON - timedelta(seconds=age) if heartbeats else None}
        connection.execute(text("INSERT INTO feed_partition VALUES ('f', 't', :p, :at, :beat, :at, 1)"), row)
    found = queries.frame("feeds", connection, as_of=NOON).iloc[0]
    assert found.ingested_at == NOON - timedelta(seconds=taken_in)
