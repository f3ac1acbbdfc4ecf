"""Live, late, stale, unknown: one rule here and in the browser."""

import re
from datetime import timedelta

import pytest

from dashboard import freshness
from dashboard.bundles import HERE
from dashboard.freshness import Freshness, Source, carrying, oldest
from tests.dashboard import sample


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0, "live"),
        (20, "live"),
        (21, "late"),
        (50, "late"),
        (51, "stale"),
        (200, "stale"),
        (201, "unknown"),
        (None, "unknown"),
        (-60, "live"),
        (-61, "unknown"),
    ],
)
def test_state_by_cadence(age: float | None, state: Freshness) -> None:
    assert freshness.freshness(age, 10) == state


def test_the_browser_counts_by_the_same_limits() -> None:
    script = (HERE / "common.js").read_text()
    told = dict(re.findall(r"\b([A-Z_]+_(?:CADENCES|SECONDS)) = (\d+)", script))
    names = ("LATE_AFTER_CADENCES", "STALE_AFTER_CADENCES", "UNKNOWN_AFTER_CADENCES", "CLOCK_AHEAD_SECONDS")
    assert {name: int(told[name]) for name in names} == {name: getattr(freshness, name) for name in names}


def source(age: float, cadence: float = 10) -> Source:
    return Source(sample.NOW - timedelta(seconds=age), cadence)


def test_a_sum_is_as_fresh_as_the_feeds_that_carry_most_of_it() -> None:
    phone, chat = source(3), source(900)
    assert carrying({"phone": (phone, 900), "chat": (chat, 100)}, sample.NOW) == "phone"
    assert carrying({"phone": (phone, 700), "chat": (chat, 300)}, sample.NOW) == "chat"
    assert carrying({"phone": (phone, 0), "chat": (chat, 0)}, sample.NOW) == "phone"
    assert carrying({}, sample.NOW) is None


def test_a_clock_ahead_is_not_the_freshest() -> None:
    ahead, phone = source(-3600), source(30)
    assert carrying({"phone": (phone, 50), "ahead": (ahead, 50)}, sample.NOW) == "ahead"
    assert oldest([phone, ahead], sample.NOW) == ahead


def test_the_oldest_is_told_by_its_own_cadence() -> None:
    hourly, often = source(1800, 3600), source(60, 10)
    assert oldest([hourly, often], sample.NOW) == often
