"""Asterisk's queue_log: every verb, every written rule, and that nothing ever raises or gets lost."""

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st

from streams import events
from streams.sources.asterisk import IGNORED_VERBS, QueueLog
from streams.sources.mapping import Mapping
from streams.sources.queue_log import by_second, by_time, in_time_order
from tests.streams.queue_log_lines import NOON, NOW, Said, agents_said, contacts_said, line, queue_log, read, said

ENTER = line(0, "ENTERQUEUE", "", "2155550100", 1)
CONNECT = line(12, "CONNECT", 12, "b1", 3, agent="ann")
COMPLETE = line(72, "COMPLETEAGENT", 12, 60, 1, agent="ann")
QUEUED: Said = (0, "c1", "queued general")
ANSWERED: Said = (12, "c1", "answered ann 12")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([ENTER], [QUEUED], id="ENTERQUEUE"),
        pytest.param([ENTER, CONNECT], [QUEUED, ANSWERED], id="CONNECT"),
        pytest.param([ENTER, CONNECT, COMPLETE], [QUEUED, ANSWERED, (72, "c1", "ended 60")], id="COMPLETEAGENT"),
        pytest.param(
            [ENTER, CONNECT, line(72, "COMPLETECALLER", 12, 60, 1, agent="ann")],
            [QUEUED, ANSWERED, (72, "c1", "ended 60")],
            id="COMPLETECALLER",
        ),
        pytest.param([ENTER, line(9, "ABANDON", 1, 1, 9)], [QUEUED, (9, "c1", "left abandoned 9")], id="ABANDON"),
        pytest.param([ENTER, line(90, "EXITWITHTIMEOUT", 1, 1, 90)], [QUEUED, (90, "c1", "left timeout 90")], id="EXITWITHTIMEOUT"),
        pytest.param(
            [ENTER, line(90, "EXITWITHTIMEOUT", 1)], [QUEUED, (90, "c1", "left timeout -")], id="EXITWITHTIMEOUT before Asterisk 1.6"
        ),
        pytest.param([ENTER, line(2, "EXITEMPTY", 1, 1, 2)], [QUEUED, (2, "c1", "left closed 2")], id="EXITEMPTY"),
        pytest.param(
            [ENTER, line(7, "EXITWITHKEY", 1, 1, 1, 7)], [QUEUED, (7, "c1", "left callback 7")], id="EXITWITHKEY that books a callback"
        ),
        pytest.param(
            [ENTER, line(7, "EXITWITHKEY", 2, 1, 1, 7)], [QUEUED, (7, "c1", "left transferred 7")], id="EXITWITHKEY of another key"
        ),
        pytest.param(
            [ENTER, line(7, "EXITWITHKEY", 2, 1)], [QUEUED, (7, "c1", "left transferred -")], id="EXITWITHKEY before Asterisk 1.6"
        ),
        pytest.param([ENTER, line(7, "WITHDRAW", 1, 1, 7, "")], [QUEUED, (7, "c1", "left transferred 7")], id="WITHDRAW"),
        pytest.param(
            [ENTER, CONNECT, line(42, "TRANSFER", "88", "internal", 12, 30, 1, agent="ann")],
            [QUEUED, ANSWERED, (42, "c1", "ended 30")],
            id="TRANSFER",
        ),
        pytest.param(
            [ENTER, CONNECT, line(42, "TRANSFER", "88", "internal", agent="ann")],
            [QUEUED, ANSWERED, (42, "c1", "ended 30")],
            id="TRANSFER before Asterisk 1.4, its talk by the clock",
        ),
        pytest.param(
            [ENTER, CONNECT, line(42, "BLINDTRANSFER", "88", "internal", 12, 30, 1, agent="ann")],
            [QUEUED, ANSWERED, (42, "c1", "ended 30")],
            id="BLINDTRANSFER",
        ),
        pytest.param(
            [ENTER, CONNECT, line(42, "ATTENDEDTRANSFER", "BRIDGE", "b9", 12, 30, 1, agent="ann")],
            [QUEUED, ANSWERED, (42, "c1", "ended 30")],
            id="ATTENDEDTRANSFER by bridge",
        ),
        pytest.param(
            [ENTER, CONNECT, line(42, "ATTENDEDTRANSFER", "LINK", "Local/1", "Local/2", 12, 30, 1, agent="ann")],
            [QUEUED, ANSWERED, (42, "c1", "ended 30")],
            id="ATTENDEDTRANSFER by link, with one field more",
        ),
        pytest.param(
            [ENTER, line(42, "BLINDTRANSFER", "88", "internal", 42, 0, 1)],
            [QUEUED, (42, "c1", "left transferred 42")],
            id="a transfer without a CONNECT before it",
        ),
        pytest.param([ENTER, line(8, "RINGNOANSWER", 5000, agent="ann")], [QUEUED], id="RINGNOANSWER changes no contact"),
        pytest.param(
            [ENTER, line(5, "QUEUESTART", call="NONE", queue="NONE")],
            [QUEUED, (5, "c1", "left closed -")],
            id="QUEUESTART while somebody waits",
        ),
        pytest.param(
            [ENTER, CONNECT, line(50, "QUEUESTART", call="NONE", queue="NONE")],
            [QUEUED, ANSWERED, (50, "c1", "ended -")],
            id="QUEUESTART while somebody talks",
        ),
    ],
)
def test_contacts(lines: list[bytes], expected: list[Said]) -> None:
    assert contacts_said(read(*lines, source=queue_log(callback_keys="19"))) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [
                ENTER,
                line(90, "EXITWITHTIMEOUT", 1, 1, 90),
                line(90, "ENTERQUEUE", "", "", 1, queue="overflow"),
                line(95, "ABANDON", 1, 1, 5, queue="overflow"),
            ],
            [QUEUED, (90, "c1", "left timeout 90"), (90, "c1/2", "queued overflow"), (95, "c1/2", "left abandoned 5")],
            id="a second queue after a time-out",
        ),
        pytest.param(
            [ENTER, line(60, "EXITWITHTIMEOUT", 1, 1, 60), line(61, "ENTERQUEUE", "", "", 1), line(70, "CONNECT", 9, "b", 1, agent="ann")],
            [QUEUED, (60, "c1", "left timeout 60"), (61, "c1/2", "queued general"), (70, "c1/2", "answered ann 9")],
            id="the same queue again",
        ),
        pytest.param(
            [ENTER, line(30, "ENTERQUEUE", "", "", 1, queue="spanish"), line(40, "ABANDON", 1, 1, 10, queue="spanish")],
            [QUEUED, (30, "c1", "left transferred -"), (30, "c1/2", "queued spanish"), (40, "c1/2", "left abandoned 10")],
            id="a second queue, and the first wait never ended",
        ),
        pytest.param(
            [ENTER, CONNECT, line(50, "ENTERQUEUE", "", "", 1, queue="permits")],
            [QUEUED, ANSWERED, (50, "c1", "ended -"), (50, "c1/2", "queued permits")],
            id="a second queue, and the talk never ended",
        ),
        pytest.param(
            [
                ENTER,
                CONNECT,
                line(42, "BLINDTRANSFER", "88", "i", 12, 30, 1, agent="ann"),
                line(42, "ENTERQUEUE", "", "", 1, queue="permits"),
            ],
            [QUEUED, ANSWERED, (42, "c1", "ended 30"), (42, "c1/2", "queued permits")],
            id="an agent sends the call to a second queue",
        ),
        pytest.param([ENTER, ENTER, CONNECT, CONNECT], [QUEUED, QUEUED, ANSWERED, ANSWERED], id="the same line twice is the same wait"),
        pytest.param(
            [COMPLETE], [(12, "c1", "answered ann 12"), (72, "c1", "ended 60")], id="an end whose answer was never read tells of the answer"
        ),
        pytest.param([line(12, "CONNECT", 12, "b", 1, agent="ann"), ENTER], [ANSWERED, QUEUED], id="a later line first is the same wait"),
        pytest.param([line(9, "ABANDON", 1, 1, 9)], [(9, "c1", "left abandoned 9")], id="an abandon whose beginning was never read"),
        pytest.param(
            [line(42, "TRANSFER", "88", "i", 12, 30, 1, agent="ann")],
            [(12, "c1", "answered ann 12"), (42, "c1", "ended 30")],
            id="a transfer of a call of which nothing was read",
        ),
    ],
)
def test_calls_with_several_waits_or_lines_missing(lines: list[bytes], expected: list[Said]) -> None:
    assert contacts_said(read(*lines)) == expected


JOIN, JOIN_SPANISH = line(0, "ADDMEMBER", "", agent="ann"), line(1, "ADDMEMBER", "", agent="ann", queue="spanish")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([JOIN], [(0, "ann", "available general")], id="ADDMEMBER"),
        pytest.param([line(0, "ADDMEMBER", "PAUSED", agent="ann")], [(0, "ann", "away general")], id="ADDMEMBER paused"),
        pytest.param(
            [JOIN, line(5, "REMOVEMEMBER", agent="ann")], [(0, "ann", "available general"), (5, "ann", "offline")], id="REMOVEMEMBER"
        ),
        pytest.param(
            [JOIN, JOIN_SPANISH, line(5, "REMOVEMEMBER", agent="ann")],
            [(0, "ann", "available general"), (1, "ann", "available general,spanish"), (5, "ann", "available spanish")],
            id="REMOVEMEMBER of one queue of two",
        ),
        pytest.param([line(0, "AGENTLOGIN", "SIP/1", queue="NONE", agent="ann")], [(0, "ann", "available")], id="AGENTLOGIN"),
        pytest.param(
            [line(0, "AGENTCALLBACKLOGIN", "1@in", queue="NONE", agent="ann")], [(0, "ann", "available")], id="AGENTCALLBACKLOGIN"
        ),
        pytest.param(
            [JOIN, line(5, "AGENTLOGOFF", "SIP/1", 5, queue="NONE", agent="ann")],
            [(0, "ann", "available general"), (5, "ann", "offline general")],
            id="AGENTLOGOFF",
        ),
        pytest.param(
            [JOIN, line(5, "AGENTCALLBACKLOGOFF", "1@in", 5, "", queue="NONE", agent="ann")],
            [(0, "ann", "available general"), (5, "ann", "offline general")],
            id="AGENTCALLBACKLOGOFF",
        ),
        pytest.param(
            [JOIN, line(5, "PAUSE", "lunch", agent="ann"), line(9, "UNPAUSE", agent="ann")],
            [(0, "ann", "available general"), (5, "ann", "away general"), (9, "ann", "available general")],
            id="PAUSE and UNPAUSE",
        ),
        pytest.param(
            [JOIN, JOIN_SPANISH, line(5, "PAUSE", agent="ann")],
            [(0, "ann", "available general"), (1, "ann", "available general,spanish"), (5, "ann", "available spanish")],
            id="PAUSE in one queue of two is not away",
        ),
        pytest.param(
            [JOIN, JOIN_SPANISH, line(5, "PAUSEALL", queue="NONE", agent="ann"), line(9, "UNPAUSEALL", queue="NONE", agent="ann")],
            [
                (0, "ann", "available general"),
                (1, "ann", "available general,spanish"),
                (5, "ann", "away general,spanish"),
                (9, "ann", "available general,spanish"),
            ],
            id="PAUSEALL and UNPAUSEALL",
        ),
        pytest.param(
            [JOIN, CONNECT, COMPLETE],
            [(0, "ann", "available general"), (12, "ann", "on_contact general"), (72, "ann", "available general")],
            id="a call",
        ),
        pytest.param(
            [CONNECT, line(20, "PAUSE", agent="ann"), COMPLETE],
            [(12, "ann", "on_contact general"), (72, "ann", "away general")],
            id="paused while talking is on_contact, then away",
        ),
        pytest.param(
            [CONNECT, line(20, "REMOVEMEMBER", agent="ann"), COMPLETE],
            [(12, "ann", "on_contact general"), (20, "ann", "on_contact"), (72, "ann", "offline")],
            id="removed while talking is offline after the call",
        ),
        pytest.param(
            [CONNECT, line(20, "AGENTLOGOFF", "", 8, queue="NONE", agent="ann"), COMPLETE],
            [(12, "ann", "on_contact general"), (20, "ann", "offline general")],
            id="logged off while talking is offline",
        ),
        pytest.param(
            [
                CONNECT,
                line(13, "CONNECT", 1, "b", 1, call="c2", agent="ann"),
                COMPLETE,
                line(80, "COMPLETEAGENT", 1, 67, 1, call="c2", agent="ann"),
            ],
            [(12, "ann", "on_contact general"), (80, "ann", "available general")],
            id="two calls at once",
        ),
        pytest.param(
            [CONNECT, line(30, "RINGNOANSWER", 5000, agent="ann")], [(12, "ann", "on_contact general")], id="RINGNOANSWER changes no agent"
        ),
        pytest.param(
            [CONNECT, line(50, "QUEUESTART", call="NONE", queue="NONE")],
            [(12, "ann", "on_contact general"), (50, "ann", "available general")],
            id="QUEUESTART ends every call",
        ),
        pytest.param(
            [CONNECT, line(50, "ENTERQUEUE", "", "", 1, queue="permits")],
            [(12, "ann", "on_contact general"), (50, "ann", "available general")],
            id="the caller queues again, so the agent is free",
        ),
        pytest.param(
            [CONNECT, *(line(7 * 3600 + n, "DID", "311", call=f"d{n}") for n in range(3))],
            [(12, "ann", "on_contact general"), (7 * 3600 + 1, "ann", "available general")],
            id="a call with no end is forgotten after hours, and the agent is free",
        ),
    ],
)
def test_agents(lines: list[bytes], expected: list[Said]) -> None:
    assert agents_said(read(*lines)) == expected


@pytest.mark.parametrize("verb", sorted(IGNORED_VERBS))
def test_known_verbs_without_meaning_are_counted(verb: bytes) -> None:
    source = queue_log()
    assert source.read(line(0, verb.decode(), "x")) == []
    assert source.ignored == {verb.decode(): 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(b"no bars at all", "1 fields: TIME|CALL|QUEUE|AGENT|VERB are expected", id="no fields"),
        pytest.param(b"yesterday|c|q|a|CONNECT|1", "time is 'yesterday': seconds since 1970", id="time of another kind"),
        pytest.param(b"-5|c|q|a|CONNECT|1", "time is '-5'", id="time before 1970"),
        pytest.param(b"99999999999|c|q|a|CONNECT|1", "time is '99999999999'", id="time in milliseconds"),
        pytest.param(b"2025-13-01 00:00:00|c|q|a|CONNECT|1", "time is '2025-13-01 00:00:00'", id="month 13"),
        pytest.param(line(3 * 86_400, "ENTERQUEUE"), "time is 2025-11-28T12:00:00Z: a time more than a day ahead", id="time in the future"),
        pytest.param(line(0, "ENTERQUEUE", call=""), "call is ''", id="no call"),
        pytest.param(line(0, "ENTERQUEUE", call="a\tb"), "call is 'a\\tb'", id="control character"),
        pytest.param(line(0, "ENTERQUEUE", queue="NONE"), "queue is 'NONE': this verb needs one", id="no queue"),
        pytest.param(line(0, "ENTERQUEUE", queue="q" * 101), "queue is 'qqq", id="queue too long"),
        pytest.param(b"1764072000|c|caf\xe9|NONE|ENTERQUEUE", "queue is 'caf\\\\xe9': UTF-8 is expected", id="not UTF-8"),
        pytest.param(line(0, "CONNECT", 1), "agent is 'NONE': this verb needs one", id="no agent"),
        pytest.param(line(0, "CONNECT", "soon", agent="ann"), "hold time is 'soon': seconds from 0 to 31536000", id="hold time no number"),
        pytest.param(line(0, "CONNECT", agent="ann"), "hold time is ''", id="hold time missing"),
        pytest.param(line(0, "COMPLETEAGENT", 1, "nan", agent="ann"), "call time is 'nan'", id="call time no number"),
        pytest.param(line(0, "COMPLETEAGENT", 1, -4, agent="ann"), "call time is '-4'", id="call time negative"),
        pytest.param(line(0, "ABANDON", 1, 1, 99_999_999), "wait is '99999999'", id="wait of three years"),
        pytest.param(line(0, "EXITWITHKEY"), "key is ''", id="no key"),
        pytest.param(line(0, "TRANSFER", "88", "i", "x", 3, agent="ann"), "hold time is 'x'", id="transfer with a broken time"),
        pytest.param(line(0, "CONNECTED", 1), "verb is 'CONNECTED': not a verb of queue_log that is known here", id="unknown verb"),
        pytest.param(line(0, ""), "verb is ''", id="no verb"),
    ],
)
def test_what_cannot_be_read_is_kept_with_its_reason(bad: bytes, reason: str) -> None:
    [event] = queue_log().read(bad, "queue_log:7")
    assert isinstance(event.data, events.SourceUnreadable)
    assert event.data.reason.startswith(reason)
    assert (event.data.line, event.data.position) == (bad, "queue_log:7")


def test_an_unreadable_line_is_dated_by_the_line_before_it() -> None:
    found = read(ENTER, b"x")
    assert found[1].time == found[0].time


def test_the_number_of_the_caller_is_never_published() -> None:
    broken = ENTER.replace(b"general", b"NONE")
    for event in read(ENTER, broken, b"1764072000|c|q\x01|NONE|ENTERQUEUE||2155550100|1"):
        assert b"2155550100" not in events.encode(event)
        assert not isinstance(event.data, events.SourceUnreadable) or b"2155550100" not in event.data.line


@pytest.mark.parametrize("blank", [b"", b"\n", b"  \r\n"], ids=["empty", "newline", "blanks"])
def test_a_blank_line_is_nothing(blank: bytes) -> None:
    assert queue_log().read(blank) == []


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        pytest.param(b"915148808", datetime(1999, 1, 1, 0, 0, 8, tzinfo=UTC), id="epoch"),
        pytest.param(b"915148808.25", datetime(1999, 1, 1, 0, 0, 8, 250_000, tzinfo=UTC), id="epoch with decimals"),
        pytest.param(
            b"2025-11-02 01:30:00.5", datetime(2025, 11, 2, 5, 30, 0, 500_000, tzinfo=UTC), id="wall clock, the first of two half past ones"
        ),
        pytest.param(b"2025-07-01 12:00:00", datetime(2025, 7, 1, 16, 0, tzinfo=UTC), id="wall clock in summer"),
    ],
)
def test_times(time: bytes, expected: datetime) -> None:
    source = QueueLog("asterisk/test", zone=ZoneInfo("America/New_York"), clock=lambda: NOW)
    [event] = source.read(time + b"|c|q|NONE|ENTERQUEUE|||1")
    assert event.time == expected


def test_a_site_has_its_own_names() -> None:
    mapping = Mapping(
        queues={"q-es": "spanish"},
        agents={"SIP/7": "ann"},
        languages={"spanish": "es"},
        channels={"spanish": "text"},
        ignored_verbs=("SURVEY",),
    )
    source = queue_log(mapping=mapping)
    found = read(
        line(0, "ENTERQUEUE", queue="q-es"), line(1, "CONNECT", 1, "b", 1, queue="q-es", agent="SIP/7"), line(2, "SURVEY", 5), source=source
    )
    assert found[0].data == events.ContactQueued("c1", "spanish", "text", "es")
    assert said(found[1:]) == [(1, "c1", "answered ann 1"), (1, "ann", "on_contact spanish")]


def test_a_call_that_seems_to_last_for_years_ends_without_a_talk_time() -> None:
    told = read(line(-86_400 * 400, "CONNECT", 12, "b1", 3, agent="ann"), line(0, "BLINDTRANSFER", "88", "internal", agent="ann"))
    ended = [event.data for event in told if isinstance(event, events.ContactEndedEvent)]
    assert [data.talk_seconds for data in ended] == [None]


def test_a_slash_in_a_call_id_does_not_look_like_a_second_wait() -> None:
    assert contacts_said(read(line(0, "ENTERQUEUE", call="a/b"))) == [(0, "a_b", "queued general")]


def test_the_same_line_is_the_same_event_and_other_sources_have_others() -> None:
    ids = [event.id for event in read(ENTER, CONNECT)]
    assert ids == [event.id for event in read(ENTER, CONNECT)]
    assert len(set(ids)) == 3
    assert QueueLog("asterisk/other").read(ENTER)[0].id != ids[0]


@given(
    st.lists(st.sampled_from([ENTER, CONNECT, COMPLETE, JOIN, line(73, "ENTERQUEUE", queue="spanish"), b"?"]), max_size=8),
    st.integers(0, 8),
)
def test_going_on_from_a_state_is_like_never_having_stopped(lines: list[bytes], cut: int) -> None:
    before = queue_log()
    found = read(*lines[:cut], source=before)
    after = queue_log()
    after.restore(before.state())
    assert found + read(*lines[cut:], source=after) == read(*lines)


def test_a_state_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a state of a queue_log"):
        queue_log().restore(b"{}")


FIELD = st.one_of(st.binary(max_size=12), st.sampled_from([b"", b"NONE", b"1", b"1764072000", b"\x00", b"q" * 300]))
LIKE_A_LINE = st.builds(
    lambda time, fields, verb, data: b"|".join([time, *fields, verb, *data]),
    st.sampled_from([b"1764072000", b"1764072001.5", b"2025-11-25 12:00:00", b"4102444799", b"x"]),
    st.lists(FIELD, min_size=3, max_size=3),
    st.sampled_from([*queue_log()._verbs, *IGNORED_VERBS, b"NEW"]),
    st.lists(FIELD, max_size=6),
)


@given(st.lists(st.binary(max_size=80) | LIKE_A_LINE, max_size=6))
@example([b"1764072000|\xff|q|a|CONNECT|1"])
def test_any_bytes_become_events_or_an_unreadable_line(lines: list[bytes]) -> None:
    source = queue_log()
    for one in lines:
        ignored = source.ignored.total()
        found = source.read(one)
        for event in found:
            assert events.decode(events.encode(event)) == event
        meant_nothing = not one.strip() or source.ignored.total() > ignored or _verb(one) in source._verbs
        assert found or meant_nothing, "a line was lost"


def _verb(one: bytes) -> bytes:
    fields = one.rstrip(b"\r\n").split(b"|")
    return fields[4] if len(fields) > 4 else b""


@st.composite
def calls(draw: st.DrawFn, *, pause_seconds: int = 0) -> list[bytes]:
    """The lines of a few calls, each through one to three queues, in the order in which Asterisk writes them.

    Between a wait that took no time and the next one the call does something else for at least `pause_seconds`.
    """
    lines: list[tuple[int, bytes]] = []
    for number in range(draw(st.integers(1, 3))):
        call, at = f"call{number}", draw(st.integers(0, 30))
        for _ in range(draw(st.integers(1, 3))):
            queue = draw(st.sampled_from(["a", "b"]))
            waited, talked = draw(st.sampled_from([0, 1, 2, 3, 40])), draw(st.sampled_from([0, 1, 50]))
            lines.append((at, line(at, "ENTERQUEUE", "", "", 1, call=call, queue=queue)))
            at += waited
            how = draw(st.sampled_from(["EXITWITHTIMEOUT", "EXITEMPTY", "COMPLETEAGENT", "BLINDTRANSFER"]))
            if how in ("COMPLETEAGENT", "BLINDTRANSFER"):
                lines.append((at, line(at, "CONNECT", waited, "b", 1, call=call, queue=queue, agent="ann")))
                at += talked
                data = (waited, talked, 1) if how == "COMPLETEAGENT" else ("8", "in", waited, talked, 1)
                lines.append((at, line(at, how, *data, call=call, queue=queue, agent="ann")))
                took = waited + talked
            else:
                lines.append((at, line(at, how, 1, 1, waited, call=call, queue=queue)))
                took = waited
            at += draw(st.integers(0, 5)) if took else pause_seconds
    return [one for _, one in sorted(lines, key=lambda pair: pair[0])]


def told_in_order(lines: list[bytes]) -> list[events.Event]:
    numbered = list(enumerate(lines, start=1))
    ordered = by_second(numbered, UTC) if in_time_order(lines, UTC) else by_time(numbered, UTC)
    return read(*(one for _, one in ordered))


@given(calls(), st.randoms(use_true_random=False))
def test_any_order_of_the_lines_gives_the_same_contacts(lines: list[bytes], dice: object) -> None:
    shuffled = lines[:]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(contacts_said(told_in_order(shuffled))) == set(contacts_said(told_in_order(lines)))


@given(calls(pause_seconds=1))
def test_a_replay_gives_what_following_the_log_gave(lines: list[bytes]) -> None:
    assert set(contacts_said(told_in_order(lines))) == set(contacts_said(read(*lines)))


@given(calls())
def test_lines_that_come_twice_change_nothing(lines: list[bytes]) -> None:
    assert set(contacts_said(told_in_order(lines + lines))) == set(contacts_said(told_in_order(lines)))


@pytest.mark.parametrize(
    ("lines", "contact"),
    [
        pytest.param(
            [
                line(5, "ENTERQUEUE", queue="b"),
                line(5, "EXITEMPTY", 1, 1, 0, queue="b"),
                line(5, "ENTERQUEUE", queue="a"),
                line(9, "ABANDON", 1, 1, 4, queue="a"),
            ],
            (9, "c1/2", "left abandoned 4"),
            id="an empty queue is passed through before a wait begins",
        ),
        pytest.param(
            [
                ENTER,
                line(5, "EXITWITHTIMEOUT", 1, 1, 5),
                line(5, "ENTERQUEUE"),
                line(5, "EXITEMPTY", 1, 1, 0),
                line(5, "ENTERQUEUE", queue="z"),
            ],
            (5, "c1/3", "queued z"),
            id="the same queue twice in the second in which the call left it",
        ),
        pytest.param(
            [
                line(5, "ENTERQUEUE", queue="z"),
                line(5, "EXITEMPTY", 1, 1, 0, queue="z"),
                line(5, "ENTERQUEUE", queue="a"),
                line(5, "ABANDON", 1, 1, 0, queue="a"),
            ],
            (5, "c1/2", "left abandoned 0"),
            id="the caller hangs up last",
        ),
    ],
)
def test_several_waits_in_one_second(lines: list[bytes], contact: Said) -> None:
    assert contact in contacts_said(read(*lines))
    for shuffled in (lines[::-1], sorted(lines), sorted(lines, key=lambda one: one[::-1])):
        assert set(contacts_said(told_in_order(shuffled))) == set(contacts_said(read(*lines)))


def test_lines_sorted_as_text_are_read_in_the_order_of_events() -> None:
    lines = [line(0, "CONNECT", 0, "b", 0, agent="ann"), line(0, "ENTERQUEUE"), line(0, "COMPLETEAGENT", 0, 0, 1, agent="ann")]
    assert contacts_said(told_in_order(sorted(lines))) == [(0, "c1", "queued general"), (0, "c1", "answered ann 0"), (0, "c1", "ended 0")]


def test_lines_without_a_time_keep_their_place() -> None:
    lines = [line(5, "DID"), b"?", line(1, "DID"), b"!"]
    assert [number for number, _ in by_time(enumerate(lines), UTC)] == [2, 3, 0, 1]
    assert [number for number, _ in by_second(enumerate([lines[2], b"?", lines[0]]), UTC)] == [0, 1, 2]


def test_memory_is_bounded_by_hours_not_by_calls() -> None:
    source = queue_log()
    for number in range(20_000):
        source.read(line(number * 10, "ENTERQUEUE", call=f"c{number}"))
    assert len(source._calls.calls) < 6 * 360 + 100


def test_one_line_with_a_broken_time_does_not_clear_the_memory() -> None:
    source = queue_log()
    read(ENTER, line(80_000, "DID"), CONNECT, line(80_001, "DID"), source=source)
    assert contacts_said(read(COMPLETE, source=source)) == [(72, "c1", "ended 60")]


@pytest.mark.reference
def test_a_month_of_real_calls(reference_data: Path) -> None:
    with gzip.open(reference_data / "calls" / "queue_log_1999-01.txt.gz") as opened:
        found = read(*opened, source=QueueLog("asterisk/test"))
    kinds = Counter(type(event.data) for event in found)
    assert kinds[events.ContactQueued] == 30_140
    assert kinds[events.ContactAnswered] == kinds[events.ContactEnded] == 27_060
    assert Counter(event.data.reason for event in found if isinstance(event.data, events.ContactLeftQueue)) == {"abandoned": 3_080}
    assert events.SourceUnreadable not in kinds


def test_noon_is_noon() -> None:
    assert datetime.fromtimestamp(NOON, UTC) == datetime(2025, 11, 25, 12, tzinfo=UTC)
