"""Rules played over a series: a word a minute, judged every 15 s as the watcher does, and what fires and clears at which minute."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.watch.judging import Key, Reading, Standing, judge_all
from streams.watch.metrics import METRICS
from streams.watch.rules import Rule

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
STEP = timedelta(seconds=15)
LONGEST_GAP = 4 * STEP
DOWN = "down"  # the watcher does not run in this minute
RESTARTED = "!"  # after a value: it starts again in this minute, and judges only in its last quarter

Happening = tuple[int, str, str]


def rule(**changes: Any) -> Rule:
    """A rule: the longest wait is above 600 for 5 minutes, and clears at 300 after 2."""
    plain = Rule(
        name="r",
        metric=METRICS["longest_wait_now_seconds"],
        subjects=("*",),
        above=True,
        threshold=600,
        clear_at=300,
        for_minutes=5,
        clear_minutes=2,
        least_cases=0,
        no_data="ignore",
        severity="watch",
        quiet_hours=None,
        quiet_hours_except=("act",),
        send_to=(),
        text="{subject}: {value}, above {threshold} for {minutes} min.",
        no_data_text="",
        runbook="a",
    )
    return replace(plain, **changes)


def minutes(series: str) -> Iterable[str]:
    """`0x3 700x2 - 0.4/12 down`: a value three times, another twice, no data, a value of twelve cases, a minute without a watcher."""
    for word in series.split():
        value, _, times = word.partition("x")
        yield from [value] * int(times or 1)


def reading(word: str, name: str = "General") -> Reading:
    """The reading of a word; `-/0` has no value and no cases."""
    value, _, cases = word.partition("/")
    return Reading(name, None if value == "-" else float(value), int(cases) if cases else None)


def play(of: Rule, series: str, *, subject: str = "general", starts_at: datetime = NOON) -> list[Happening]:
    """What happened: (minute, fired or cleared, the text), in order."""
    standings: dict[Key, Standing] = {}
    happened: list[Happening] = []
    for minute, word in enumerate(minutes(series)):
        for step in range(4):
            if word == DOWN or (word.endswith(RESTARTED) and step < 3):
                continue
            now = starts_at + timedelta(minutes=minute) + step * STEP
            judged = judge_all(
                [of], standings, {of.metric.name: {subject: reading(word.removesuffix(RESTARTED))}}, now, longest_gap=LONGEST_GAP
            )
            standings = judged.standings
            happened += [(minute, "fired", one.text) for one in judged.fired] + [(minute, "cleared", one.text) for one in judged.cleared]
    return happened
