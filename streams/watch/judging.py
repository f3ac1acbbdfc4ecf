"""What becomes of a rule when a value is read: the state machine, pure. It knows no clock, no database and nobody to tell.

A rule's subject is *clear*, *pending* (in breach, not long enough yet), *firing*, or *clearing* (calm, not long enough yet). An alert fires
on the way from pending to firing and clears on the way from clearing to clear, so each once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from streams.watch.metrics import NO_DATA, TOTAL, in_words
from streams.watch.rules import EACH, Rule

State = Literal["clear", "pending", "firing", "clearing"]
Verdict = Literal["breach", "between", "calm", "unknown"]
Key = tuple[str, str]  # rule, subject
Happened = Literal["fired", "cleared"]


@dataclass(frozen=True)
class Reading:
    """A value of a metric: what its subject is called, the value (None: no data), and of how many cases it is (None: they do not count)."""

    name: str
    value: float | None
    cases: int | None = None


NOTHING_READ = Reading("", None)


@dataclass(frozen=True)
class Standing:
    """Where a rule stands with a subject; `fired_at` while an alert is open."""

    state: State
    since: datetime
    value: float | None
    evaluated_at: datetime
    fired_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """One step of one rule and subject; `left_since` is when the state began that it was in, as far as it was seen."""

    standing: Standing
    happened: Happened | None
    left_since: datetime


@dataclass(frozen=True)
class Fired:
    """An alert that begins."""

    rule: Rule
    subject: str
    text: str
    value: float | None


@dataclass(frozen=True)
class Cleared:
    """An alert that ends."""

    rule: str
    subject: str
    text: str


@dataclass(frozen=True)
class Judged:
    """One round: the new standings, what fired, what cleared, and the standings that are no more."""

    standings: dict[Key, Standing]
    fired: list[Fired]
    cleared: list[Cleared]
    gone: list[Key]


def verdict(rule: Rule, reading: Reading) -> Verdict:
    """What a value alone says."""
    if reading.cases is not None and reading.cases < rule.least_cases:
        return "calm"  # too few to complain of
    if reading.value is None:
        without: dict[str, Verdict] = {"ignore": "calm", "hold": "unknown", "fire": "breach"}
        return without[rule.no_data]
    sign = 1 if rule.above else -1
    if sign * reading.value > sign * rule.threshold:
        return "breach"
    return "calm" if sign * reading.value <= sign * rule.clear_at else "between"


def judge(rule: Rule, before: Standing | None, reading: Reading, now: datetime, *, longest_gap: timedelta) -> Step:
    """One step.

    Args:
        rule: The rule.
        before: Where it stood; None: it was never judged.
        reading: What is read now.
        now: The instant of the reading.
        longest_gap: After a longer pause nobody knows what was in between: minutes begin to count anew, and what fires goes on firing.
    """
    stood = _seen(before, now, longest_gap) if before is not None else Standing("clear", now, None, now)
    unseen = now - stood.evaluated_at
    stood = replace(stood, value=reading.value, evaluated_at=now)
    said = verdict(rule, reading)
    if said == "unknown":  # held: the minutes in which nothing was known count for neither side
        counts = stood.state in ("pending", "clearing")
        return Step(replace(stood, since=stood.since + unseen) if counts else stood, None, stood.since)
    judged = _not_firing if stood.state in ("clear", "pending") else _firing
    standing, happened = judged(rule, stood, said, now)
    return Step(standing, happened, stood.since if stood.state in ("pending", "clearing") else now)


def _seen(before: Standing, now: datetime, longest_gap: timedelta) -> Standing:
    """Where it stands when it is looked at again: after a gap no minutes have been counted."""
    if timedelta(0) <= now - before.evaluated_at <= longest_gap:
        return before
    state: State = {"pending": "clear", "clearing": "firing"}.get(before.state, before.state)  # type: ignore[assignment]
    return replace(before, state=state, since=before.since if state == before.state else now, evaluated_at=now)


def _not_firing(rule: Rule, stood: Standing, said: Verdict, now: datetime) -> tuple[Standing, Happened | None]:
    breached_since = stood.since if stood.state == "pending" else now
    if said != "breach":
        return replace(stood, state="clear", since=stood.since if stood.state == "clear" else now), None
    if now - breached_since < timedelta(minutes=rule.for_minutes):
        return replace(stood, state="pending", since=breached_since), None
    return replace(stood, state="firing", since=now, fired_at=now), "fired"


def _firing(rule: Rule, stood: Standing, said: Verdict, now: datetime) -> tuple[Standing, Happened | None]:
    calm_since = stood.since if stood.state == "clearing" else now
    if said != "calm":
        return replace(stood, state="firing", since=stood.since if stood.state == "firing" else now), None
    if now - calm_since < timedelta(minutes=rule.clear_minutes):
        return replace(stood, state="clearing", since=calm_since), None
    return replace(stood, state="clear", since=now, fired_at=None), "cleared"


def judge_all(
    rules: Iterable[Rule],
    before: Mapping[Key, Standing],
    readings: Mapping[str, Mapping[str, Reading]],
    now: datetime,
    *,
    longest_gap: timedelta,
) -> Judged:
    """Every rule with each of its subjects; a standing of a rule that is no more is given up, and its alert cleared.

    Args:
        rules: Those of the file.
        before: All standings.
        readings: By metric and subject.
        now: The instant of the readings.
        longest_gap: As of `judge`.
    """
    judged = Judged({}, [], [], [])
    for rule in rules:
        read = readings.get(rule.metric.name, {})
        for subject in _subjects_of(rule, read, before):
            reading, stood = read.get(subject, NOTHING_READ), before.get((rule.name, subject))
            step = judge(rule, stood, reading, now, longest_gap=longest_gap)
            judged.standings[rule.name, subject] = step.standing
            if step.happened == "fired":
                judged.fired.append(Fired(rule, subject, _text(rule, subject, reading, now - step.left_since), reading.value))
            elif step.happened == "cleared" and stood is not None:
                judged.cleared.append(Cleared(rule.name, subject, _cleared_text(rule, reading, stood, now)))
    for key in before.keys() - judged.standings.keys():
        judged.gone.append(key)
        if before[key].fired_at is not None:
            judged.cleared.append(Cleared(*key, "Cleared: the rule, or this subject of it, is no longer in the rule file."))
    return judged


def _subjects_of(rule: Rule, read: Mapping[str, Reading], before: Mapping[Key, Standing]) -> list[str]:
    """Each that is read, and each that was judged before: a feed that is no more must not be forgotten while it fires."""
    if EACH not in rule.subjects:
        return list(rule.subjects)
    each = {*read, *(subject for name, subject in before if name == rule.name)} - {TOTAL}
    return sorted(each | {subject for subject in rule.subjects if subject != EACH})


def _text(rule: Rule, subject: str, reading: Reading, lasted: timedelta) -> str:
    template = rule.no_data_text if reading.value is None and rule.no_data_text else rule.text
    return template.format(
        subject=_one_line(reading.name) or subject,
        value=in_words(reading.value, rule.metric.unit),
        threshold=in_words(rule.threshold, rule.metric.unit),
        minutes=_minutes(lasted),
    )


def _cleared_text(rule: Rule, reading: Reading, stood: Standing, now: datetime) -> str:
    said = NO_DATA if reading.value is None else in_words(reading.value, rule.metric.unit)
    return f"Cleared after {_minutes(now - (stood.fired_at or now))} min; now {said}."


def _minutes(lasted: timedelta) -> int:
    return int(lasted.total_seconds() // 60)


def _one_line(name: str) -> str:
    """Names come from feeds: nothing in them may move the cursor of a terminal or begin a line of a mail."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
