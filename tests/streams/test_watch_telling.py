"""When a message is sent, put off or dropped; and the way out by apprise: bounded in time, and silent about addresses."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams import events
from streams.watch.posts import ApprisePost, InvalidAddress, address_of, body, event_of, title
from streams.watch.quiet_hours import QuietHours, quiet_hours
from streams.watch.rules import Receiver
from streams.watch.store import Due
from streams.watch.telling import Drop, PutOff, Send, decide, pause_after
from tests.streams.notify_server import NotifyServer, taking
from tests.streams.watch_series import rule

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = QuietHours(datetime(2026, 1, 1, 22).time(), datetime(2026, 1, 1, 6).time())  # noqa: DTZ001 (only the times of the clock)
AT_NIGHT = datetime(2026, 1, 15, 4, 0, tzinfo=UTC)  # 23:00 in New York
MORNING = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
RECEIVER = Receiver(name="night", url_env="NIGHT_URL", quiet_hours=NIGHT, quiet_hours_except=("act",))
DUE = Due(
    watch_alert_id=7,
    what="fired",
    receiver="night",
    attempts=0,
    quiet=False,
    rule="long-wait",
    subject="general",
    severity="watch",
    text="General: 11:40",
    value=700.0,
    runbook="somebody-waits-too-long",
    fired_at=AT_NIGHT,
    cleared_at=None,
    cleared_text=None,
    beginning_dropped=False,
)
CLEARED = replace(DUE, cleared_at=AT_NIGHT + timedelta(minutes=9), cleared_text="Cleared after 9 min; now 1:00.")
UNBOUND = replace(RECEIVER, quiet_hours=None)
QUIET_RULE = rule(quiet_hours=quiet_hours("20:00-07:30"))
DAY = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)

DECISIONS = {
    "by day": (DUE, None, RECEIVER, DAY, Send()),
    "at night, only to be watched": (DUE, None, RECEIVER, AT_NIGHT, PutOff(MORNING)),
    "at night, to be acted on": (replace(DUE, severity="act"), None, RECEIVER, AT_NIGHT, Send()),
    "at night, to be acted on, but nothing is excepted": (
        replace(DUE, severity="act"),
        None,
        replace(RECEIVER, quiet_hours_except=()),
        AT_NIGHT,
        PutOff(MORNING),
    ),
    "in the rule's own hours": (DUE, QUIET_RULE, UNBOUND, AT_NIGHT, PutOff(MORNING + timedelta(minutes=90))),
    "in both, until the later end": (DUE, QUIET_RULE, RECEIVER, AT_NIGHT, PutOff(MORNING + timedelta(minutes=90))),
    "at the end of the quiet hours, still firing": (replace(DUE, quiet=True), None, RECEIVER, MORNING, Send()),
    "at their end, cleared meanwhile": (replace(CLEARED, quiet=True), None, RECEIVER, MORNING, Drop("it cleared within the quiet hours")),
    "its end, when nothing was sent of its beginning": (
        replace(CLEARED, what="cleared", beginning_dropped=True),
        None,
        RECEIVER,
        MORNING,
        Drop("of the alert's beginning nothing was sent"),
    ),
    "its end at night, when its beginning was sent": (replace(CLEARED, what="cleared"), None, RECEIVER, AT_NIGHT, PutOff(MORNING)),
    "cleared before the first attempt, without quiet hours": (CLEARED, None, RECEIVER, MORNING, Send()),
    "the topic at night": (DUE, QUIET_RULE, None, AT_NIGHT, Send()),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_what_is_done_with_a_message(case: str) -> None:
    due, of, receiver, at, decision = DECISIONS[case]
    assert decide(due, of, receiver, at, NEW_YORK) == decision


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-06:00", "2026-01-14T21:59:59-05:00", None),
        ("22:00-06:00", "2026-01-14T22:00:00-05:00", "2026-01-15T06:00:00-05:00"),
        ("22:00-06:00", "2026-01-15T05:59:59-05:00", "2026-01-15T06:00:00-05:00"),
        ("22:00-06:00", "2026-01-15T06:00:00-05:00", None),
        ("12:00-13:00", "2026-01-15T12:30:00-05:00", "2026-01-15T13:00:00-05:00"),
        ("22:00-06:00", "2026-03-07T23:00:00-05:00", "2026-03-08T06:00:00-04:00"),
        ("22:00-02:30", "2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00"),
        ("22:00-06:00", "2026-10-31T23:00:00-04:00", "2026-11-01T06:00:00-05:00"),
        ("22:00-01:30", "2026-11-01T01:10:00-04:00", "2026-11-01T01:30:00-04:00"),
        ("22:00-01:30", "2026-11-01T01:10:00-05:00", "2026-11-01T01:30:00-05:00"),
        ("22:00-02:00", "2026-11-01T01:50:00-04:00", "2026-11-01T02:00:00-05:00"),
    ],
    ids=[
        "before",
        "first",
        "last",
        "over",
        "within a day",
        "spring: an hour less",
        "spring: an end that is not there",
        "autumn: an hour more",
        "autumn: the first of two",
        "autumn: the second of two",
        "autumn: through both",
    ],
)
def test_quiet_hours_go_by_the_citys_clock(hours: str, now: str, until: str | None) -> None:
    found = quiet_hours(hours)
    assert found is not None
    assert found.until(utc(now), NEW_YORK) == (utc(until) if until else None)


def test_quiet_hours_of_every_minute_of_the_days_of_change_end_later_than_now() -> None:
    hours = [quiet_hours(words) for words in ("22:00-06:00", "00:30-02:30", "22:00-01:30", "01:00-01:59", "02:00-03:00")]
    for begins in (utc("2026-03-07T12:00:00-05:00"), utc("2026-10-31T12:00:00-04:00")):
        for minute in range(0, 36 * 60, 5):
            now = begins + timedelta(minutes=minute)
            for one in hours:
                assert one is not None
                until = one.until(now, NEW_YORK)
                assert until is None or now < until <= now + timedelta(hours=10)


def test_pauses_grow_and_are_bounded() -> None:
    assert [pause_after(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 7, 500)] == [30, 60, 120, 240, 480, 900, 900, 900]


@pytest.fixture
def server() -> Iterator[NotifyServer]:
    with taking() as started:
        yield started


def test_a_receiver_gets_what_happened_since_when_and_what_to_do(server: NotifyServer) -> None:
    post = ApprisePost(RECEIVER, server.url())
    assert post.send(DUE) is None
    assert post.send(replace(CLEARED, what="cleared")) is None
    fired, cleared = server.came
    assert (fired["title"], fired["type"], cleared["title"], cleared["type"]) == (
        "City 311, watch: long-wait",
        "warning",
        "City 311, cleared: long-wait",
        "success",
    )
    assert fired["message"] == "General: 11:40\nSince 23:00 on Wed, Jan 14.\nWhat to do: docs/runbook.md#somebody-waits-too-long"
    assert cleared["message"] == "General: 11:40\nSince 23:00 on Wed, Jan 14.\nCleared after 9 min; now 1:00."


def test_the_words_of_a_message() -> None:
    assert title(replace(DUE, severity="act")) == "City 311, act: long-wait"
    assert body(CLEARED).startswith("General: 11:40\n")


@pytest.mark.parametrize("fault", ["500", "403", "gone"])
def test_a_failure_is_told_without_the_address(fault: str, server: NotifyServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="urllib3")  # as it is in use: the command never logs finer
    server.answers = [fault]
    url = server.url("secret-token") if fault != "gone" else "json://user:secret-token@127.0.0.1:1/secret-token"
    said = ApprisePost(RECEIVER, url).send(DUE)
    assert said == ("the receiver did not take it" if fault == "gone" else f"the receiver did not take it (error {fault})")
    assert "secret-token" not in caplog.text


def test_an_address_comes_from_the_environment_else_from_the_file_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("streams.watch.posts.PROJECT", tmp_path)
    monkeypatch.delenv("NIGHT_URL", raising=False)
    assert address_of(RECEIVER) is None
    (tmp_path / ".env").write_text("NIGHT_URL=json://a\n")
    assert address_of(RECEIVER) == "json://a"
    monkeypatch.setenv("NIGHT_URL", "json://b")
    assert address_of(RECEIVER) == "json://b"


def test_an_address_that_apprise_does_not_know_is_refused_by_the_name_of_its_variable(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidAddress, match=r"^NIGHT_URL: the address of night is none that apprise knows") as refused:
        ApprisePost(RECEIVER, "carrier-pigeon://secret-token@roof")
    assert "secret-token" not in str(refused.value) + caplog.text


def test_a_receiver_that_hangs_is_left_in_time_and_not_asked_again_before_it_ends(server: NotifyServer) -> None:
    server.answers = ["hang"]
    post = ApprisePost(RECEIVER, server.url() + "?rto=60", limit_seconds=0.3)
    began = time.monotonic()
    assert post.send(DUE) == "no answer within 0.3 s"
    assert post.send(DUE) == "the attempt before has not ended yet"
    assert time.monotonic() - began < 5
    server.let_go.set()
    assert post._running is not None
    post._running.join(10)
    assert ApprisePost(RECEIVER, server.url()).send(DUE) is None


def test_the_event_of_a_message_has_one_id_however_often_it_is_made() -> None:
    event = event_of(replace(CLEARED, what="cleared"))
    assert event == event_of(replace(CLEARED, what="cleared"))
    assert (event.id, event.time) == ("watch-7-cleared", CLEARED.cleared_at)
    assert b'"type":"city311.watch.alert.v1"' in events.encode(event)
    with pytest.raises(events.InvalidEvent):  # nobody of ours reads it
        events.decode(events.encode(event))
