"""Whose turn it is on a wall: by the clock, alike on every wall, also over a change of summer time; an incident or an Act stops it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from dashboard.edition import first
from dashboard.wall_setup import setup_of
from dashboard.wall_turn import acting_pages, running_incident, turn
from tests.dashboard import sample

SETUP = setup_of({"wall": "live,map,emergency", "every": "30"})
AT = datetime(2026, 11, 24, 19, 30, 0, tzinfo=UTC)  # a multiple of 90 s since 1970, so the first page has just come


@pytest.mark.parametrize("change", ["2026-03-08T06:59:00+00:00", "2026-11-01T05:59:00+00:00"], ids=["spring", "autumn"])
def test_pages_come_in_turn_and_stay_equally_long_over_a_change_of_summer_time(change: str) -> None:
    begins = datetime.fromisoformat(change)
    pages = [turn(SETUP, begins + timedelta(seconds=second), None).page for second in range(180)]
    changes = [second for second, (before, after) in enumerate(pairwise(pages), 1) if before != after]
    assert [later - earlier for earlier, later in pairwise(changes)] == [30] * (len(changes) - 1)
    order = [pages[second] for second in changes]
    assert {("live", "map"), ("map", "emergency"), ("emergency", "live")} >= set(pairwise(order))
    assert len(set(order)) == 3


def test_every_wall_turns_in_the_same_instant_and_knows_when() -> None:
    now = turn(SETUP, AT, None)
    assert now.ends_at == AT.timestamp() + 30
    assert turn(SETUP, AT + timedelta(seconds=29.9), None) == now
    assert turn(SETUP, AT + timedelta(seconds=30), None).page != now.page
    assert now.place.endswith(" of 3")


def test_one_page_stays() -> None:
    only = turn(setup_of({"wall": "map"}), AT, None)
    assert (only.page, only.place, only.ends_at, only.why) == ("map", "", None, "")


@pytest.mark.parametrize("wall", ["live,map", "live,map,emergency"])
def test_an_incident_pins_emergency_and_says_so(wall: str) -> None:
    pinned = turn(setup_of({"wall": wall}), AT, "Winter Storm Hale", {"live"})
    assert pinned.page == "emergency"
    assert pinned.why == "Pinned while Winter Storm Hale is active"
    assert pinned.ends_at is None


def test_a_page_that_says_act_stays_and_says_so() -> None:
    held = turn(SETUP, AT, None, {"emergency", "live"})
    assert (held.page, held.why, held.ends_at) == ("live", "Live stays while it says Act", None)
    assert turn(setup_of({"wall": "map,emergency"}), AT, None, {"live"}).why == ""


def test_a_display_may_keep_turning() -> None:
    setup = setup_of({"wall": "live,map", "pin": "no"})
    assert turn(setup, AT, "Winter Storm Hale", {"live"}).ends_at is not None


def test_live_acts_when_a_queue_must_act_and_its_feed_speaks() -> None:
    assert acting_pages(first(sample.snapshot(sample.BUSY))) == {"live"}
    assert acting_pages(first(sample.snapshot())) == set()
    later = replace(sample.snapshot(sample.BUSY), at=sample.NOW + timedelta(hours=2))
    assert acting_pages(first(later)) == set()


def test_without_a_reading_no_incident_runs() -> None:
    assert running_incident(first(sample.snapshot())) is None
