"""A part of the city on a wall: its own sums and verdict, nothing of the whole beside it, and editions that a page can follow."""

from dataclasses import replace

import pytest

from dashboard.edition import first, follow
from dashboard.queue_editions import MOST_KEPT, QueueEditions, of_queues
from tests.dashboard import sample

BUSY = sample.snapshot(sample.BUSY)


def test_a_part_is_its_queues_added_up() -> None:
    part = of_queues(BUSY, {"general", "spanish"})
    assert part.live is not None
    assert part.live.total is not None
    one, two = part.live.queues
    assert part.live.total.waiting_now == one.waiting_now + two.waiting_now == 18
    assert part.live.total.longest_wait_now_seconds == 277.0
    cases = [(row.service_level_30m or 0, row.answered_30m + row.abandoned_30m) for row in (one, two)]
    assert part.live.total.service_level_30m == pytest.approx(
        sum(level * count for level, count in cases) / sum(count for _, count in cases)
    )


def test_an_agent_who_serves_two_queues_is_one_person() -> None:
    assert BUSY.live is not None
    agents = tuple(replace(agent, queues=("general", "spanish")) for agent in BUSY.live.agents)
    part = of_queues(replace(BUSY, live=replace(BUSY.live, agents=agents)), {"general", "spanish"})
    assert part.live is not None
    assert part.live.total is not None
    assert part.live.total.agents_available == sum(agent.state == "available" for agent in agents)
    assert of_queues(BUSY, {"chat"}).live.agents == ()  # type: ignore[union-attr]


def test_nothing_of_the_whole_city_stands_beside_a_part() -> None:
    figures = QueueEditions().of(first(BUSY), {"spanish"}).figures
    assert figures["waiting"]["value"] == "7"
    assert "usual" not in figures["waiting"]["compare"]
    assert figures["waiting"]["band"] is None
    assert figures["offered"]["words"] == {"none": ""}
    assert [row["name"] for row in figures["queues"]["rows"]] == ["Spanish"]
    assert figures["strip"]["headline"] == "Overwhelmed"  # of this part, every queue must act


def test_unknown_queues_are_the_whole() -> None:
    whole = first(BUSY)
    assert QueueEditions().of(whole, {"gone"}) is whole


def test_a_part_follows_the_whole_and_its_numbers() -> None:
    editions, whole = QueueEditions(), first(BUSY)
    before = editions.of(whole, ["spanish"])
    assert editions.of(whole, ["spanish"]) is before
    later = follow(whole, sample.snapshot(sample.BUSY, waiting_now=99))
    after = editions.of(later, ["spanish"])
    assert after.number == later.number
    assert "strip" not in after.since(before.number)
    assert QueueEditions().of(later, ["spanish"]).number == later.number  # made anew, it is no older than what a page has seen


def test_no_address_fills_the_memory() -> None:
    editions = QueueEditions()
    assert BUSY.live is not None
    rows = tuple(replace(BUSY.live.queues[0], queue=f"q{i}") for i in range(2 * MOST_KEPT))
    whole = first(replace(BUSY, live=replace(BUSY.live, queues=rows)))
    for i in range(2 * MOST_KEPT):
        editions.of(whole, [f"q{i}"])
    assert len(editions._kept) == MOST_KEPT
