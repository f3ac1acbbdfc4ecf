"""Rules as series: what fires at which minute with which words, and what must not fire."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from streams.watch.judging import Reading, Standing, judge_all
from streams.watch.metrics import METRICS
from streams.watch.rules import SHIPPED, read
from streams.watch.runbook import anchors
from tests.streams.watch_series import LONGEST_GAP, NOON, STEP, play, rule

SHIPPED_RULES = {one.name: one for one in read(SHIPPED, anchors=anchors(), subjects=None).rules}
SPRING = datetime(2026, 3, 8, 6, 55, tzinfo=UTC)  # 01:55 in New York; five minutes later it is 03:00
AUTUMN = datetime(2026, 11, 1, 5, 55, tzinfo=UTC)  # 01:55, for the first time

FIRES = {
    "after five minutes": (rule(), "0x2 700x6 900x2", [(7, "fired", "General: 11:40, above 10:00 for 5 min.")]),
    "at once": (rule(for_minutes=0), "0 700", [(1, "fired", "General: 11:40, above 10:00 for 0 min.")]),
    "once, however long": (rule(), "700x60", [(5, "fired", "General: 11:40, above 10:00 for 5 min.")]),
    "and clears after two minutes": (
        rule(),
        "700x6 100x5",
        [(5, "fired", "General: 11:40, above 10:00 for 5 min."), (8, "cleared", "Cleared after 3 min; now 1:40.")],
    ),
    "and again after it cleared": (
        rule(for_minutes=1, clear_minutes=0),
        "700x2 0 700x2",
        [
            (1, "fired", "General: 11:40, above 10:00 for 1 min."),
            (2, "cleared", "Cleared after 1 min; now 0:00."),
            (4, "fired", "General: 11:40, above 10:00 for 1 min."),
        ],
    ),
    "below": (
        rule(metric=METRICS["service_level_30m"], above=False, threshold=0.5, clear_at=0.65, text="{value} under {threshold}"),
        "0.8x2 0.4x6",
        [(7, "fired", "40% under 50%")],
    ),
    "no data where they are a fault": (
        rule(no_data="fire", no_data_text="{subject} tells nothing for {minutes} min"),
        "1x2 -x6",
        [(7, "fired", "General tells nothing for 5 min")],
    ),
    "held over minutes without data, which do not count": (
        rule(no_data="hold"),
        "700x3 -x10 700x4",
        [(15, "fired", "General: 11:40, above 10:00 for 5 min.")],
    ),
    "through a restart of a moment": (rule(), "700x2 700! 700x3", [(5, "fired", "General: 11:40, above 10:00 for 5 min.")]),
    "after a long absence only once the minutes were seen": (
        rule(),
        "700x3 downx10 700x6",
        [(18, "fired", "General: 11:40, above 10:00 for 5 min.")],
    ),
    "once, though the watcher was away while it fired": (
        rule(),
        "700x6 downx30 700x30",
        [(5, "fired", "General: 11:40, above 10:00 for 5 min.")],
    ),
    "and clears later when the watcher was away in between": (
        rule(),
        "700x6 100 downx10 100x3",
        [(5, "fired", "General: 11:40, above 10:00 for 5 min."), (19, "cleared", "Cleared after 14 min; now 1:40.")],
    ),
    "and does not clear by the values between": (rule(), "700x6 400x30", [(5, "fired", "General: 11:40, above 10:00 for 5 min.")]),
    "and does not flutter": (
        rule(),
        "700x6 100 700 100 700 100 700",
        [(5, "fired", "General: 11:40, above 10:00 for 5 min.")],
    ),
    "and clears when data end and are not missed": (
        rule(no_data="ignore"),
        "700x6 -x3",
        [(5, "fired", "General: 11:40, above 10:00 for 5 min."), (8, "cleared", "Cleared after 3 min; now no data.")],
    ),
    "and holds when data end": (rule(no_data="hold"), "700x6 -x60", [(5, "fired", "General: 11:40, above 10:00 for 5 min.")]),
    "and clears when too few cases are left": (
        rule(least_cases=5),
        "700/9x6 700/2x3",
        [(5, "fired", "General: 11:40, above 10:00 for 5 min."), (8, "cleared", "Cleared after 3 min; now 11:40.")],
    ),
}
MUST_NOT_FIRE = {
    "a short spike": (rule(), "0x2 900x5 0x10"),
    "spikes that never last": (rule(), "900x4 0 900x4 0 900x4 0"),
    "exactly at the threshold": (rule(), "600x30"),
    "between": (rule(), "400x30"),
    "no data": (rule(), "-x30"),
    "no data held": (rule(no_data="hold"), "-x30"),
    "an idle queue, whose share is no data": (
        rule(metric=METRICS["service_level_30m"], above=False, threshold=0.5, clear_at=0.5),
        "-/0x30",
    ),
    "an idle queue, even where no data fire": (rule(no_data="fire", no_data_text="x", least_cases=1), "-/0x30"),
    "fewer cases than count": (rule(least_cases=20), "900/19x30"),
    "a breach interrupted by minutes without data": (rule(no_data="ignore"), "900x4 - 900x4 - 900x4"),
    "a breach that was not watched for most of its time": (rule(), "900x4 downx5 900x4"),
    "a breach before and after a longer absence": (rule(), "900x3 downx60 900x3"),
}
SHIPPED_FIRE = {
    "long-wait": ("300x5 1500x6", (10, "General: somebody has waited 25:00. The longest wait has been above 20:00 for 5 min.")),
    "low-service-level": ("0.9/40x5 0.42/40x16", (20, "General: 42% of the last 30 minutes were answered in time, below 50% for 15 min.")),
    "many-abandon": (
        "0.1/40x5 0.25/40x11",
        (15, "General: 25% of the contacts of the last 30 minutes gave up, above 20% for 10 min."),
    ),
    "short-ahead": (
        "0.9x5 0.15x16",
        (20, "General: within two hours the chance to meet the target falls to 15%, below 30% for 15 min."),
    ),
    "unanswered-question": ("600x5 7300x6", (10, "A question on social media has had no answer for 2 h 01 min, longer than 2 h 00 min.")),
    "silent-feed": ("1x5 6x3", (7, "General: silent for 6 times as long as it may be; its figures are old.")),
    "consumer-behind": (
        "0x5 25000x6",
        (10, "25,000 events wait in Kafka, more than 20,000 for 5 min: the screens are behind."),
    ),
    "events-refused": ("0x5 101x6", (10, "General: 101 events were refused and wait to be looked at.")),
    "old-forecast": ("10x5 130x6", (10, "The newest forecast is 130 min old; it should be at most 120 min.")),
    "many-overdue": (
        "0.2/80x5 0.45/80x61",
        (65, "General: 45% of the open requests are past their day, above 40% for 60 min."),
    ),
    "slow-to-clear": (
        "5/80x5 30.5/80x61",
        (65, "General: at the pace of the last four weeks the open requests would take 30.5 weeks, more than 26."),
    ),
}
SHIPPED_MUST_NOT_FIRE = {
    "long-wait": ["1500x4 0x10", "1199x60", "-x60"],
    "low-service-level": ["0.1/40x14 0.9/40x9", "0.1/19x60", "-/0x600"],
    "many-abandon": ["0.9/19x60", "0.2/40x60", "-/0x600"],
    "short-ahead": ["0.1x14 0.9x5", "-x600"],
    "unanswered-question": ["7300x4 60x9", "7200x60", "-x60"],
    "silent-feed": ["6 1x5", "4.9x60"],
    "consumer-behind": ["90000x4 10x10", "- 0x60"],
    "events-refused": ["100x600"],
    "old-forecast": ["-x600", "119x60"],
    "many-overdue": ["0.9/49x120", "0.41/80x59 0.39/80x60"],
    "slow-to-clear": ["99/49x120", "-/0x120"],
}


@pytest.mark.parametrize("case", FIRES)
def test_it_fires(case: str) -> None:
    of, series, happened = FIRES[case]
    assert play(of, series) == happened


@pytest.mark.parametrize("case", MUST_NOT_FIRE)
def test_it_must_not_fire(case: str) -> None:
    of, series = MUST_NOT_FIRE[case]
    assert play(of, series) == []


@pytest.mark.parametrize("starts_at", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_a_changed_clock_is_no_shorter_and_no_longer_time(starts_at: datetime) -> None:
    assert [(minute, what) for minute, what, _ in play(rule(), "0x3 700x70", starts_at=starts_at)] == [(8, "fired")]
    assert play(rule(), "0x3 700x5 0x60", starts_at=starts_at) == []


def subject_of(name: str) -> str:
    return "all" if SHIPPED_RULES[name].subjects == ("all",) else "general"


@pytest.mark.parametrize("name", SHIPPED_RULES)
def test_a_rule_that_comes_with_it_fires(name: str) -> None:
    series, (minute, text) = SHIPPED_FIRE[name]
    assert play(SHIPPED_RULES[name], series, subject=subject_of(name)) == [(minute, "fired", text)]


@pytest.mark.parametrize(("name", "series"), [(name, one) for name in SHIPPED_RULES for one in SHIPPED_MUST_NOT_FIRE[name]])
def test_a_rule_that_comes_with_it_must_not_fire(name: str, series: str) -> None:
    assert play(SHIPPED_RULES[name], series, subject=subject_of(name)) == []


WORDS = st.sampled_from(["0", "400", "700", "-", "700/1", "0/1", "down"])


@given(
    series=st.lists(st.tuples(WORDS, st.integers(1, 7)), min_size=1, max_size=12),
    no_data=st.sampled_from(["ignore", "hold", "fire"]),
    for_minutes=st.integers(0, 5),
    clear_minutes=st.integers(0, 5),
)
def test_whatever_comes_it_fires_and_clears_in_turn(
    series: list[tuple[str, int]], no_data: str, for_minutes: int, clear_minutes: int
) -> None:
    of = rule(no_data=no_data, no_data_text="x", least_cases=2, for_minutes=for_minutes, clear_minutes=clear_minutes)
    happened = [what for _, what, _ in play(of, " ".join(f"{word}x{times}" for word, times in series))]
    assert happened == ["fired", "cleared"] * (len(happened) // 2) + ["fired"] * (len(happened) % 2)


def test_a_rule_that_leaves_the_file_clears_its_alert_and_is_forgotten() -> None:
    standing = Standing("firing", NOON, 700, NOON, fired_at=NOON)
    quiet = Standing("clear", NOON, 1, NOON)
    before = {("gone", "general"): standing, ("gone", "spanish"): quiet}
    judged = judge_all([], before, {}, NOON + STEP, longest_gap=LONGEST_GAP)
    assert [(one.rule, one.subject) for one in judged.cleared] == [("gone", "general")]
    assert sorted(judged.gone) == [("gone", "general"), ("gone", "spanish")]
    assert judged.standings == {}


def test_each_subject_stands_for_itself_and_none_is_forgotten_when_it_is_read_no_more() -> None:
    of = rule(for_minutes=0, no_data="hold")
    read_now = {of.metric.name: {"a": Reading("A", 700), "b": Reading("B", 1), "all": Reading("All", 700)}}
    first = judge_all([of], {}, read_now, NOON, longest_gap=LONGEST_GAP)
    assert [one.subject for one in first.fired] == ["a"]
    then = judge_all([of], first.standings, {of.metric.name: {"b": Reading("B", 1)}}, NOON + STEP, longest_gap=LONGEST_GAP)
    assert then.standings["r", "a"].state == "firing"
    assert then.cleared == []


def test_named_subjects_and_the_total_are_judged_alone() -> None:
    of = rule(for_minutes=0, subjects=("b", "all"))
    read_now = {of.metric.name: {name: Reading(name, 700) for name in ("a", "b", "all")}}
    assert [one.subject for one in judge_all([of], {}, read_now, NOON, longest_gap=LONGEST_GAP).fired] == ["b", "all"]


def test_a_clock_that_goes_back_counts_no_minutes() -> None:
    pending = Standing("pending", NOON - timedelta(hours=1), 700, NOON)
    judged = judge_all(
        [rule()], {("r", "general"): pending}, {rule().metric.name: {"general": Reading("G", 700)}}, NOON - STEP, longest_gap=LONGEST_GAP
    )
    assert judged.fired == []
    assert judged.standings["r", "general"].since == NOON - STEP


def test_what_a_feed_calls_itself_cannot_break_a_line_or_fill_a_place() -> None:
    read_now = {rule().metric.name: {"x": Reading("A\x1b[2J\n{value}", 700)}}
    fired = judge_all([rule(for_minutes=0)], {}, read_now, NOON, longest_gap=LONGEST_GAP).fired
    assert fired[0].text == "A [2J {value}: 11:40, above 10:00 for 0 min."
