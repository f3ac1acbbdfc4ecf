"""The fold of events into rows, in memory."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from streams import events
from streams.fold import ANSWERED, ENDED, LEFT, QUEUED, REASON, REPORTED, TALK, Batch, Position, Record
from tests.event_strategies import EPOCH, EVENTS, records

PLACE = Position("t", 0)


def folded(many: list[events.Event]) -> Batch:
    batch = Batch({PLACE: 0})
    batch.add(PLACE, records(many))
    return batch


def at(seconds: float, data: events.Data) -> events.Event:
    return events.event(data, source="s", event_id="e", at=EPOCH + timedelta(seconds=seconds))


@given(st.lists(EVENTS, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(many: list[events.Event], dice: object) -> None:
    again = many + many[: len(many) // 2]
    dice.shuffle(again)  # type: ignore[attr-defined]
    assert folded(again).contacts == folded(many).contacts


@given(st.lists(EVENTS, min_size=2, max_size=12))
def test_halves_cover_the_same_offsets_and_records(many: list[events.Event]) -> None:
    whole = folded(many)
    early, late = whole.halves()
    assert early.records + late.records == whole.records
    assert early.spans[PLACE].first_offset == 0
    assert early.spans[PLACE].next_offset == late.spans[PLACE].first_offset
    assert late.spans[PLACE].next_offset == whole.spans[PLACE].next_offset == len(many)


def test_a_reported_beginning_goes_before_one_that_was_worked_out() -> None:
    answered = at(30, events.ContactAnswered("c", wait_seconds=31))
    queued = at(0, events.ContactQueued("c", "general"))
    assert folded([answered]).contacts["c"][QUEUED] == EPOCH - timedelta(seconds=1)
    for order in ([answered, queued], [queued, answered]):
        row = folded(order).contacts["c"]
        assert (row[QUEUED], row[REPORTED], row[ANSWERED]) == (EPOCH, True, EPOCH + timedelta(seconds=30))


def test_the_earliest_end_of_a_wait_gives_its_reason() -> None:
    row = folded(
        [
            at(9, events.ContactLeftQueue("c", "abandoned")),
            at(5, events.ContactLeftQueue("c", "callback")),
            at(7, events.ContactLeftQueue("c", "timeout")),
        ]
    ).contacts["c"]
    assert (row[LEFT], row[REASON]) == (EPOCH + timedelta(seconds=5), "callback")


def test_a_contact_ended_twice_keeps_the_largest_of_each_duration() -> None:
    row = folded(
        [at(50, events.ContactEnded("c", talk_seconds=20)), at(60, events.ContactEnded("c", wrap_up_seconds=10, talk_seconds=19))]
    ).contacts["c"]
    assert row[ENDED] == EPOCH + timedelta(seconds=60)
    assert row[TALK] == 20


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(b"", "truncated", id="empty"),
        pytest.param(b"\xff\xfe", "malformed", id="no text"),
        pytest.param(b"[]", "Expected `object`", id="no object"),
        pytest.param(b'{"type":"city311.contact.teleported.v1"}', "teleported", id="unknown type"),
    ],
)
def test_what_is_no_event_is_refused_whole(value: bytes, reason: str) -> None:
    batch = Batch({PLACE: 7})
    batch.add(PLACE, [Record("t", 0, 7, b"key", value)])
    assert [(letter.record.value, reason in letter.reason) for letter in batch.dead_letters] == [(value, True)]
    assert batch.spans[PLACE].next_offset == 8


def test_an_unreadable_line_keeps_its_own_bytes_and_reason() -> None:
    batch = folded([at(0, events.unreadable(b"\xff|garbage", "no time"))])
    assert [(letter.value, letter.reason, letter.source) for letter in batch.dead_letters] == [(b"\xff|garbage", "no time", "s")]


def test_a_heartbeat_tells_the_age_of_a_feed_and_is_no_event_of_it() -> None:
    batch = folded([at(3, events.ContactQueued("c", "general")), at(8, events.FeedHeartbeat(10, "Calls"))])
    feed = batch.feeds["s", "t", 0]
    assert (feed.events, feed.newest_event_at, feed.heartbeat_at, feed.name) == (
        1,
        EPOCH + timedelta(seconds=3),
        EPOCH + timedelta(seconds=8),
        "Calls",
    )


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_impossible_time_of_a_request_is_a_refusal_and_stops_nobody(at: str) -> None:
    good = events.encode(events.event(events.RequestSnapshot("1", "open", EPOCH), source="s", event_id="e", at=EPOCH))
    broken = good.replace(b'"requested_datetime":"' + f"{EPOCH:%Y-%m-%dT%H:%M:%SZ}".encode(), b'"requested_datetime":"' + at.encode())
    assert broken != good
    batch = Batch({PLACE: 0})
    batch.add(PLACE, [Record("t", 0, 0, None, broken), Record("t", 0, 1, None, good)])
    assert [letter.record.offset for letter in batch.dead_letters] == [0]
    assert list(batch.requests) == ["1"]
