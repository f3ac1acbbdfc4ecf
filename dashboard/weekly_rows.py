"""What the weekly review reads, as typed rows, and all of it together as one review. It asks through a function that it is given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pandas import DataFrame as Frame

from dashboard.rows import read
from dashboard.weekly_week import Week

SHOWN_WEEKS = 12
CITY = "city"  # the row that adds up every department


class Ask(Protocol):
    """Asks a named query: the frame as `sql.queries.frame` gives it."""

    def __call__(self, name: str, **params: Any) -> Frame:
        """One row a result row."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when anything is known, and by which version of the metrics."""

    requests_from: datetime | None
    requests_to: datetime | None
    contacts_from: datetime | None
    contacts_to: datetime | None
    metrics_version: str | None

    @property
    def starts_at(self) -> datetime | None:
        """The first instant of which anything is known."""
        return min((at for at in (self.requests_from, self.contacts_from) if at is not None), default=None)

    @property
    def ends_at(self) -> datetime | None:
        """The last one."""
        return max((at for at in (self.requests_to, self.contacts_to) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class RequestWeek:
    """A department (or the city) in one week; shares are 0 to 1, None is no data. Signals and limits are of the newest week alone."""

    week: str
    department: str
    name: str
    due: int
    due_closed_on_time: int
    due_cohort_on_time: float | None
    on_time_target: float | None
    opened: int
    closed: int
    net_flow: int
    open: float | None
    open_change: float | None
    weeks_to_clear: float | None
    reopen_eligible: int
    reopened: int
    reopen_share: float | None
    closed_without_work: int
    closed_without_work_share: float | None
    usual_weeks: int | None
    on_time_signal: str | None
    on_time_lower: float | None
    on_time_upper: float | None
    opened_signal: str | None
    opened_lower: float | None
    opened_upper: float | None
    open_change_signal: str | None
    open_change_lower: float | None
    open_change_upper: float | None
    reopen_signal: str | None
    reopen_lower: float | None
    reopen_upper: float | None
    without_work_signal: str | None
    without_work_lower: float | None
    without_work_upper: float | None
    open_usual_lower: float | None
    open_usual_upper: float | None


@dataclass(frozen=True, slots=True)
class CallWeek:
    """The call centre in one week."""

    week: str
    offered: int
    answered: int
    abandoned: int
    answered_within: int
    service_level: float | None
    service_level_target: float | None
    abandon_share: float | None
    hours_below_target: float | None
    hours_judged: int
    usual_weeks: int | None
    offered_signal: str | None
    offered_lower: float | None
    offered_upper: float | None
    service_level_signal: str | None
    service_level_lower: float | None
    service_level_upper: float | None
    abandon_signal: str | None
    abandon_lower: float | None
    abandon_upper: float | None
    hours_below_signal: str | None
    hours_below_lower: float | None
    hours_below_upper: float | None

    @property
    def answered_or_abandoned(self) -> int:
        """What a service level is of."""
        return self.answered + self.abandoned


@dataclass(frozen=True, slots=True)
class SurveyWeek:
    """What residents said in one week."""

    week: str
    answers: int
    satisfied: int
    satisfaction: float | None
    mean_score: float | None
    scale: float | None
    satisfaction_signal: str | None
    satisfaction_lower: float | None
    satisfaction_upper: float | None


@dataclass(frozen=True, slots=True)
class TypeTested:
    """A type of request against its usual week."""

    service_name: str
    requests: int
    baseline_requests: int
    baseline_weeks: int
    usual: float
    ratio: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """Words that residents looked up; None is all searches."""

    term: str | None
    searches: int
    searches_without_answer: int


@dataclass(frozen=True, slots=True)
class Action:
    """What a weekly review decided; days are ISO dates."""

    action_id: int
    decided_on: str
    decided_week: str
    what: str
    owner: str
    due_on: str
    done_on: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that one week's review shows. `departments` holds each one's weeks, oldest first, in their fixed order."""

    week: Week
    city_name: str
    zone: ZoneInfo
    at: datetime
    span: Span
    city: tuple[RequestWeek, ...]
    departments: tuple[tuple[RequestWeek, ...], ...]
    city_year_ago: RequestWeek | None
    calls: tuple[CallWeek, ...]
    calls_year_ago: CallWeek | None
    types_tested: int
    rising: tuple[TypeTested, ...]
    surveys: tuple[SurveyWeek, ...]
    searches: SearchTerm
    terms: tuple[SearchTerm, ...]
    actions: tuple[Action, ...]


Row = TypeVar("Row")


def span(ask: Ask) -> Span:
    """From when to when anything is known."""
    return read(Span, ask("weekly-span"))[0]


def actions(ask: Ask, week: Week) -> tuple[Action, ...]:
    """The actions that a week's review goes through."""
    return read(Action, ask("review-actions", week_start=week.monday.isoformat()))


def _request_weeks(ask: Ask, to: datetime, **weeks: int) -> tuple[RequestWeek, ...]:
    """The two answers about requests side by side; of reopenings fewer weeks are asked, for they cost most."""
    reopened = ask("weekly-reopened", to=to, **weeks)
    both = ask("weekly-requests", to=to, **weeks).merge(reopened, on=["week", "department"], how="left", validate="one_to_one")
    return read(RequestWeek, both.fillna({"reopen_eligible": 0, "reopened": 0}))


def review(ask: Ask, week: Week, *, city_name: str, zone: ZoneInfo, at: datetime) -> Review:
    """Ask everything that a week's review shows.

    Args:
        ask: asks a named query.
        week: one that is over.
        city_name: for the title.
        zone: the city's.
        at: when it is asked.

    Raises:
        UnexpectedFrame: the database's queries are of another version.
        Whatever `ask` raises.
    """
    to, ago = week.ends_at(zone), week.year_ago.ends_at(zone)
    requests = _request_weeks(ask, to)
    by_department: dict[str, list[RequestWeek]] = {}
    for row in requests:
        by_department.setdefault(row.department, []).append(row)
    city = tuple(by_department.pop(CITY, []))
    tested = ask("rising-types", as_of=to)
    searches = read(SearchTerm, ask("weekly-searches", to=to))
    return Review(
        week=week,
        city_name=city_name,
        zone=zone,
        at=at,
        span=span(ask),
        city=city,
        departments=tuple(tuple(rows) for rows in by_department.values()),
        city_year_ago=next((row for row in _request_weeks(ask, ago, weeks=1) if row.department == CITY), None),
        calls=read(CallWeek, ask("weekly-calls", to=to)),
        calls_year_ago=next(iter(read(CallWeek, ask("weekly-calls", to=ago, weeks=1))), None),
        types_tested=len(tested),
        rising=read(TypeTested, tested[tested["rising"].astype(bool)]),
        surveys=read(SurveyWeek, ask("weekly-satisfaction", to=to)),
        searches=next((row for row in searches if row.term is None), SearchTerm(None, 0, 0)),
        terms=tuple(row for row in searches if row.term is not None),
        actions=actions(ask, week),
    )
