"""The metrics that a rule may name: the unit, what the subjects are, and the named query that holds the definition. No I/O.

A metric is never computed here: `streams.watch.reading` takes it from the query that the screens read too. `docs/watch.md` lists them.
"""

from dataclasses import dataclass
from typing import Literal

Subjects = Literal["queue", "department", "feed", "topic", "none"]
Unit = Literal["contacts", "seconds", "share", "people", "cadences", "events", "requests", "weeks", "minutes"]

TOTAL = "all"
NO_DATA = "no data"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: what a rule calls it.
        unit: of its values; a share is 0 to 1.
        subjects: of what there is one value each; `none`: there is only the total.
        query: the named query that it comes from.
        total: whether `subjects = "all"` has a value.
        cases: what `least_cases` counts; empty: the metric counts nothing.
    """

    name: str
    unit: Unit
    subjects: Subjects
    query: str
    total: bool = True
    cases: str = ""


METRICS = {
    one.name: one
    for one in (
        Metric(name="waiting_now", unit="contacts", subjects="queue", query="queue-now"),
        Metric(name="longest_wait_now_seconds", unit="seconds", subjects="queue", query="queue-now", cases="contacts waiting"),
        Metric(name="service_level_30m", unit="share", subjects="queue", query="queue-now", cases="contacts answered or abandoned"),
        Metric(name="abandon_share_30m", unit="share", subjects="queue", query="service-level", cases="contacts offered"),
        Metric(name="agents_available", unit="people", subjects="queue", query="queue-now"),
        Metric(name="chance_of_target_next_2h", unit="share", subjects="queue", query="staffing-next"),
        Metric(name="forecast_age_minutes", unit="minutes", subjects="none", query="forecast-runs"),
        Metric(name="feed_age_cadences", unit="cadences", subjects="feed", query="feeds", total=False),
        Metric(name="consumer_lag_events", unit="events", subjects="topic", query="consumers"),
        Metric(name="consumer_lag_seconds", unit="seconds", subjects="topic", query="consumers"),
        Metric(name="refused_events", unit="events", subjects="topic", query="refusals"),
        Metric(name="refused_share", unit="share", subjects="feed", query="feeds", cases="events taken in or refused"),
        Metric(name="unanswered_question_seconds", unit="seconds", subjects="none", query="social-topics"),
        Metric(name="open_requests", unit="requests", subjects="department", query="backlog"),
        Metric(name="overdue_requests", unit="requests", subjects="department", query="backlog"),
        Metric(name="overdue_share", unit="share", subjects="department", query="backlog", cases="open requests"),
        Metric(name="weeks_to_clear", unit="weeks", subjects="department", query="weeks-to-clear", cases="open requests"),
    )
}


def in_words(value: float | None, unit: Unit) -> str:
    """A value as an alert says it: 4:37, 54%, 1,042."""
    if value is None:
        return NO_DATA
    if unit == "seconds":
        return _duration(value)
    if unit == "share":
        return f"{_percent(value)}%"
    if unit == "minutes":
        return f"{value:,.0f} min"
    return f"{value:,.1f}".removesuffix(".0")


def _duration(seconds: float) -> str:
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _percent(share: float) -> int:
    """Only a full share is 100, only none at all is 0: as on the screens."""
    whole = round(100 * share)
    if whole == 100 and share < 1:
        return 99
    return 1 if whole == 0 and share > 0 else whole
