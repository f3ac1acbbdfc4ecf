"""The headline figures of the weekly review, each described once: its name, its columns, and what is bad about it. Pure.

The tiles of the page, the figures on paper and the CSV are all made of this list, so they cannot disagree.
"""

from dataclasses import dataclass
from typing import Literal

from dashboard import wording
from dashboard.verdict import FEWEST_CASES, Status
from dashboard.weekly_rows import CallWeek, RequestWeek, SurveyWeek
from dashboard.weekly_verdict import BETTER_HIGH, UNKNOWN_SIGNALS, WORSE_LOW
from dashboard.weekly_words import no_usual_yet, percent, usual_count, usual_percent, whole_percent

AnyWeek = RequestWeek | CallWeek | SurveyWeek
HIGH, LOW = frozenset(BETTER_HIGH), frozenset(WORSE_LOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure: `value` and the others name columns of a row; `signal` is the stem of its signal and limits.

    `bad` says on which side trouble lies: a real change to the other side is no trouble.
    """

    metric: str
    label: str
    empty: str
    value: str
    signal: str
    cases: str
    noun: str
    unit: Literal["%", ""] = "%"
    part: str | None = None
    target: str | None = None
    bad: Literal["low", "high", "neither"] = "high"

    def of(self, row: AnyWeek) -> float | None:
        """The value: a share of 0 to 1 or a count; None is no data."""
        found: float | None = getattr(row, self.value)
        return None if found is None or (not self.number_of(row) and self.metric != "open") else float(found)

    def number_of(self, row: AnyWeek) -> int:
        """How many cases it is of."""
        return int(getattr(row, self.cases) or 0)

    def signal_of(self, row: AnyWeek) -> str | None:
        """What the newest value says, as `metric.signal` puts it."""
        found: str | None = getattr(row, f"{self.signal}_signal")
        return found

    def limits_of(self, row: AnyWeek) -> tuple[float, float] | None:
        """Its usual range."""
        lower, upper = getattr(row, f"{self.signal}_lower"), getattr(row, f"{self.signal}_upper")
        return None if lower is None or upper is None else (lower, upper)

    def band_of(self, row: AnyWeek) -> tuple[float, float] | None:
        """The band behind its twelve weeks: its usual range, or for what is judged by its change, where it usually lies."""
        if self.metric == "open" and isinstance(row, RequestWeek):
            return None if row.open_usual_lower is None or row.open_usual_upper is None else (row.open_usual_lower, row.open_usual_upper)
        return self.limits_of(row)

    def target_of(self, row: AnyWeek) -> float | None:
        """What was promised."""
        found: float | None = getattr(row, self.target) if self.target else None
        return found

    def written(self, value: float) -> str:
        """The value in words, without its unit."""
        return percent(value) if self.unit else wording.count(value)

    def status_of(self, row: AnyWeek) -> Status:
        """OK, Watch, Act; none where there is no verdict."""
        value, signal, target = self.of(row), self.signal_of(row), self.target_of(row)
        if value is None or self.number_of(row) < FEWEST_CASES:
            return "none"
        if self.bad == "low" and signal in LOW:
            return "act" if signal == "below" else "watch"
        if self.bad == "low" and target is not None:
            return "watch" if value < target else "ok"
        if signal in UNKNOWN_SIGNALS:
            return "none"
        return "watch" if self.bad == "high" and signal in HIGH else "ok"

    def words_of(self, row: AnyWeek) -> dict[str, str]:
        """The word beside a mark, where the mark's own would say too much."""
        signal = self.signal_of(row)
        if self.bad == "neither":
            return {
                "ok": "More than usual" if signal in HIGH else "Less than usual" if signal in LOW else "As usual",
                "none": "No usual yet",
            }
        none = "Too few" if self.number_of(row) < FEWEST_CASES else "No usual yet" if signal in UNKNOWN_SIGNALS else "No target"
        better = signal in (LOW if self.bad == "high" else HIGH)
        grows = self.metric == "open" and isinstance(row, RequestWeek) and (row.open_change or 0) > 0
        return {"ok": ("Grew less" if grows else "Better than usual") if better else "OK", "none": none}

    def against(self, row: AnyWeek) -> str:
        """What it is held against: target and usual range."""
        if 0 < self.number_of(row) < FEWEST_CASES:
            return f"{self.counted(self.number_of(row))} only"
        target, limits = self.target_of(row), self.limits_of(row)
        if self.metric == "open" and isinstance(row, RequestWeek):
            moved = "" if row.open_change is None else f"{wording.change(row.open_change)} in the week"
            usual = usual_count(*limits, signed=True) if limits else "" if moved else no_usual_yet(row.usual_weeks)
            return ", ".join(words for words in (moved, usual) if words)
        usual = "" if limits is None else usual_percent(*limits) if self.unit else usual_count(*limits)
        if target is not None:
            return f"target {whole_percent(target)}%, {usual or 'no usual yet'}"
        weeks = getattr(row, "usual_weeks", None)
        return usual or ("fewer than 8 weeks before" if self.signal in ("reopen", "satisfaction") else no_usual_yet(weeks))

    def out_of(self, row: AnyWeek) -> str:
        """Of how many: 1,188 of 1,488 due."""
        if isinstance(row, RequestWeek) and self.metric == "open":
            return f"{wording.count(row.opened)} opened, {wording.count(row.closed)} closed"
        if isinstance(row, CallWeek) and self.metric == "offered":
            return f"{wording.count(row.answered)} answered"
        counted = self.counted(self.number_of(row))
        return f"of {counted}" if self.part is None else f"{wording.count(getattr(row, self.part))} of {counted}"

    def counted(self, cases: int) -> str:
        """1,488 due, 1 closing, 30 surveys."""
        return f"{wording.count(cases)} due" if self.noun == "due" else wording.plural(cases, self.noun)


REQUESTS = (
    Measure(
        metric="due_cohort_on_time",
        label="Closed by the day promised",
        empty="Nothing was due in the week",
        value="due_cohort_on_time",
        signal="on_time",
        cases="due",
        part="due_closed_on_time",
        noun="due",
        target="on_time_target",
        bad="low",
    ),
    Measure(
        metric="open",
        label="Open at the week's end",
        empty="No request is known yet",
        value="open",
        signal="open_change",
        cases="open",
        noun="open request",
        unit="",
    ),
    Measure(
        metric="reopen_share",
        label="Reopened within 30 days",
        empty="No closing of 30 days before",
        value="reopen_share",
        signal="reopen",
        cases="reopen_eligible",
        part="reopened",
        noun="closing",
    ),
    Measure(
        metric="closed_without_work_share",
        label="Closed without work",
        empty="Nothing was closed in the week",
        value="closed_without_work_share",
        signal="without_work",
        cases="closed",
        part="closed_without_work",
        noun="closing",
    ),
)
CALLS = (
    Measure(
        metric="offered",
        label="Contacts offered",
        empty="No contact in the week",
        value="offered",
        signal="offered",
        cases="offered",
        noun="contact",
        unit="",
        bad="neither",
    ),
    Measure(
        metric="service_level",
        label="Answered in time",
        empty="No contact in the week",
        value="service_level",
        signal="service_level",
        cases="answered_or_abandoned",
        part="answered_within",
        noun="contact",
        target="service_level_target",
        bad="low",
    ),
    Measure(
        metric="abandon_share",
        label="Gave up before an answer",
        empty="No contact in the week",
        value="abandon_share",
        signal="abandon",
        cases="offered",
        part="abandoned",
        noun="contact",
    ),
    Measure(
        metric="hours_below_target",
        label="Hours below target",
        empty="No contact in the week",
        value="hours_below_target",
        signal="hours_below",
        cases="hours_judged",
        noun="hour",
        unit="",
    ),
)
SATISFACTION = Measure(
    metric="satisfaction",
    label="Satisfied residents",
    empty="Nobody answered a survey",
    value="satisfaction",
    signal="satisfaction",
    cases="answers",
    part="satisfied",
    noun="survey",
    bad="low",
)
