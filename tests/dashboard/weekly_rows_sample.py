"""One department's weeks, calm unless told otherwise."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.weekly_rows import Action, CallWeek, RequestWeek, Review, SearchTerm, Span, SurveyWeek, TypeTested
from dashboard.weekly_week import parse

WEEK = parse("2026-W47")
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)

CALM = RequestWeek(
    week="2026-W47",
    department="streets",
    name="Streets",
    due=200,
    due_closed_on_time=170,
    due_cohort_on_time=0.85,
    on_time_target=0.8,
    opened=210,
    closed=205,
    net_flow=5,
    open=400.0,
    open_change=5.0,
    weeks_to_clear=2.0,
    reopen_eligible=180,
    reopened=9,
    reopen_share=0.05,
    closed_without_work=20,
    closed_without_work_share=20 / 205,
    usual_weeks=26,
    on_time_signal="none",
    on_time_lower=0.78,
    on_time_upper=0.9,
    opened_signal="none",
    opened_lower=180.0,
    opened_upper=240.0,
    open_change_signal="none",
    open_change_lower=-30.0,
    open_change_upper=30.0,
    reopen_signal="none",
    reopen_lower=0.02,
    reopen_upper=0.08,
    without_work_signal="none",
    without_work_lower=0.05,
    without_work_upper=0.12,
    open_usual_lower=380.0,
    open_usual_upper=420.0,
)
CALLS = CallWeek(
    week="2026-W47",
    offered=6000,
    answered=5700,
    abandoned=250,
    answered_within=4800,
    service_level=4800 / 5950,
    service_level_target=0.8,
    abandon_share=250 / 6000,
    hours_below_target=12.0,
    hours_judged=70,
    usual_weeks=26,
    offered_signal="none",
    offered_lower=5500.0,
    offered_upper=6500.0,
    service_level_signal="none",
    service_level_lower=0.76,
    service_level_upper=0.84,
    abandon_signal="none",
    abandon_lower=0.03,
    abandon_upper=0.06,
    hours_below_signal="none",
    hours_below_lower=4.0,
    hours_below_upper=20.0,
)
SURVEYS = SurveyWeek("2026-W47", 56, 33, 33 / 56, 3.6, 5.0, "none", 0.4, 0.73)
RISING = TypeTested("Tree emergencies", 780, 230, 8, 28.7, 27.2, 1e-38)


def weeks(**changes: Any) -> tuple[RequestWeek, ...]:
    """Twenty-seven weeks; `changes` are of the newest."""
    return (*(replace(CALM, week=f"2026-W{20 + number}") for number in range(26)), replace(CALM, **changes))


def named(name: str, **changes: Any) -> tuple[RequestWeek, ...]:
    """The weeks of a department of that name."""
    return tuple(replace(row, department=name, name=name) for row in weeks(**changes))


def review(*departments: tuple[RequestWeek, ...], **changes: Any) -> Review:
    """A review of these departments; `changes` replace its other parts."""
    made = Review(
        week=WEEK,
        city_name="Springfield",
        zone=ZONE,
        at=NOW,
        span=Span(datetime(2024, 1, 1, tzinfo=UTC), WEEK.ends_at(ZONE), None, None, "abc1234"),
        city=named("City", on_time_target=None),
        departments=departments or (weeks(),),
        city_year_ago=replace(CALM, due_cohort_on_time=0.8),
        calls=(CALLS, CALLS),
        calls_year_ago=None,
        types_tested=40,
        rising=(),
        surveys=(SURVEYS, SURVEYS),
        searches=SearchTerm(None, 100, 20),
        terms=(SearchTerm("snow routes", 12, 9),),
        actions=(Action(1, "2026-11-09", "2026-W46", "Hire two clerks", "Streets", "2026-11-20", None),),
    )
    return replace(made, **changes)
