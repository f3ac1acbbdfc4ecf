"""What the Staffing page reads: the plan by half hour, what it rests on, and how good it was. It asks through a function and draws nothing.

The plan is a frame, one row a queue and half hour, with the columns of the query staffing-plan and of `prepared`.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.rows import read
from dashboard.staffing_scores import Score

DAYS = 14
SCORED_WEEKS = 8
HALF_HOUR = timedelta(minutes=30)
MOST_RUNS, MOST_UPLOADS = 3, 5

Ask = Callable[..., pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its name."""

    queue: str
    name: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What the staffing of a queue rests on; shares are 0 to 1, a cost is in dollars an hour."""

    queue: str
    handle_seconds: float
    patience_seconds: float | None
    patience_note: str
    answer_threshold_seconds: float
    service_level_target: float
    max_occupancy: float | None
    shrinkage: float
    hourly_cost: float | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A run of the forecast: when, why, on what data and weather."""

    run_id: int
    kind: str
    made_at: datetime
    reason: str
    data_until: datetime | None
    weather_issued_at: datetime | None
    weather_stale: bool
    storms_seen: int


@dataclass(frozen=True, slots=True)
class Run(Issued):
    """A run, and its sentences for the screen."""

    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """A schedule that was uploaded."""

    upload_id: int
    file_name: str
    uploaded_at: datetime
    uploaded_by: str
    first_at: datetime | None
    last_at: datetime | None
    queues: int


@dataclass(frozen=True, slots=True)
class Override:
    """An override of the forecast; `queue` is "*" for every queue."""

    override_id: int
    queue: str
    from_at: datetime
    to_at: datetime
    factor: float
    reason: str
    made_by: str
    made_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What an override did: contacts that came, and the error of the forecast with it and without."""

    override_id: int
    half_hours: int
    contacts: float
    error_with: float
    error_without: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A weather that somebody asked about; `message` says why there is no answer."""

    scenario_id: int
    name: str
    kind: str
    snow_inches: float | None
    gust_mph: float | None
    rain_inches: float | None
    onset_at: datetime | None
    hours: float | None
    asked_at: datetime
    asked_by: str
    answered_at: datetime | None
    run_id: int | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Weather:
    """The newest weather forecast: when it was issued, and what its age is called."""

    issued_at: datetime
    age_seconds: float
    state: str


@dataclass(frozen=True, slots=True)
class Staffing:
    """Everything that the page shows, read at `at`. `plans` has the plan by what is shown: "forecast", "no storm", the asked scenario."""

    at: datetime
    zone: ZoneInfo
    queues: tuple[Queue, ...]
    plans: dict[str, pd.DataFrame]
    asked: Scenario | None
    basis: tuple[Basis, ...]
    runs: tuple[Run, ...]
    uploads: tuple[Upload, ...]
    overrides: tuple[Override, ...]
    effects: tuple[Effect, ...]
    scores: tuple[Score, ...]
    carry: pd.DataFrame
    came: pd.DataFrame
    weather: Weather | None

    @property
    def run(self) -> Run | None:
        """The newest run."""
        return self.runs[0] if self.runs else None

    def days(self) -> list[date]:
        """The fourteen local days of the page."""
        return days(self.at, self.zone)


_BY_HALF_HOUR = (
    *("interval_start", "yhat", "low", "high", "required", "required_low", "required_high"),
    *("unscheduled", "scheduled", "short", "day", "slot", "over", "chance"),
)
FORECAST, NO_STORM, ASKED = "forecast", "no storm", "asked"


def days(at: datetime, zone: ZoneInfo) -> list[date]:
    """Today and the thirteen days after it."""
    today = at.astimezone(zone).date()
    return [today + timedelta(days=number) for number in range(DAYS)]


def period(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From today's local midnight to the midnight fourteen days later."""
    shown = days(at, zone)
    return midnight(shown[0], zone), midnight(shown[-1] + timedelta(days=1), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a local day, in UTC."""
    return datetime.combine(day, datetime.min.time(), zone).astimezone(ZoneInfo("UTC"))


def prepared(plan: pd.DataFrame, at: datetime, zone: ZoneInfo) -> pd.DataFrame:
    """The plan with what every part of the page needs.

    Returns:
        Further columns: day (the local date), slot (half hour of the local clock, 0 to 47), short (people, 0 when enough, NaN without a
        schedule), known (there is a schedule), over (the half hour has ended).
    """
    local = plan["interval_start"].dt.tz_convert(zone)
    known = plan["scheduled"].notna()
    return plan.assign(
        day=local.dt.date,
        slot=local.dt.hour * 2 + local.dt.minute // 30,
        known=known,
        short=(plan["required"] - plan["scheduled"]).clip(lower=0).where(known & plan["required"].notna()),
        over=plan["interval_start"] + HALF_HOUR <= at,
    )


def of_queue(plan: pd.DataFrame, queue: str | None) -> pd.DataFrame:
    """The rows of one queue, or of all."""
    return plan if queue is None else plan[plan["queue"] == queue]


def by_half_hour(plan: pd.DataFrame) -> pd.DataFrame:
    """All queues of a plan together, one row a half hour, in order.

    People of one queue are no help to another: short is the sum of what each queue lacks. Bands are added up, the careful side.

    Returns:
        Columns interval_start, day, slot, over, yhat, low, high, required, required_low, required_high, scheduled (NaN: no queue has a
        schedule), short (NaN likewise), chance (the lowest of the queues), unscheduled (queues that need people and have no schedule).
    """
    if plan.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in _BY_HALF_HOUR}).astype({"over": "bool"})
    needs = plan.assign(
        unscheduled=(~plan["known"] & (plan["required"].fillna(1) > 0)).astype(int),
        chance=plan["chance_met"].where(plan["required"].fillna(1) > 0),
    )
    grouped = needs.groupby("interval_start", sort=True)
    sums = grouped[["yhat", "low", "high", "required", "required_low", "required_high", "unscheduled"]].sum()
    known = grouped[["scheduled", "short"]].sum(min_count=1)
    return (
        sums.join(known)
        .join(grouped.agg(day=("day", "first"), slot=("slot", "first"), over=("over", "first"), chance=("chance", "min")))
        .reset_index()
    )


def runs(ask: Ask) -> tuple[Run, ...]:
    """The newest runs, the newest first."""
    found = ask("forecast-runs", most=MOST_RUNS)
    notes = [tuple(str(one) for one in (many if isinstance(many, Sequence) else ())) for many in found["notes"]]
    return tuple(Run(**asdict(row), notes=note) for row, note in zip(read(Issued, found), notes, strict=True))


def scenario(ask: Ask, scenario_id: int) -> Scenario | None:
    """A scenario; None when there is none of that number."""
    found = read(Scenario, ask("scenario", scenario_id=scenario_id))
    return found[0] if found else None


def weather(ask: Ask, grid: str) -> Weather | None:
    """The newest weather forecast; None when there is none, or no grid is set."""
    found = read(Weather, ask("weather-hours", grid=grid)) if grid else ()
    return found[0] if found else None


def plan(ask: Ask, at: datetime, zone: ZoneInfo, chance: float, scenario_id: int | None = None) -> pd.DataFrame:
    """The fortnight by queue and half hour, prepared."""
    from_at, to_at = period(at, zone)
    which: dict[str, Any] = {} if scenario_id is None else {"scenario_id": scenario_id}
    return prepared(ask("staffing-plan", **{"from": from_at, "to": to_at, "chance": chance}, **which), at, zone)


def first(frame: pd.DataFrame, column: str, *, least: bool = False) -> "pd.Series[Any]":
    """The row with the largest (or least) value of a column; of equals the earliest."""
    return frame.sort_values(column, ascending=least, kind="stable", na_position="last").iloc[0]


def came(counts: pd.DataFrame, queue: str | None) -> pd.DataFrame:
    """Contacts that came by half hour, of a queue or of all: interval_start and contacts."""
    chosen = counts[counts["queue"] != "*"] if queue is None else counts[counts["queue"] == queue]
    return chosen.groupby("interval_start", sort=True)[["contacts"]].sum().reset_index()


def waiting_over(carry: pd.DataFrame, queue: str | None) -> pd.DataFrame:
    """Who waits over by half hour, of a queue or of all: interval_start and waiting_at_end."""
    return of_queue(carry, queue).groupby("interval_start", sort=True)[["waiting_at_end"]].sum().reset_index()
