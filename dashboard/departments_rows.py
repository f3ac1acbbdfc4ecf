"""How each department, or each type of one, stands at an instant: the reports on requests, joined. It asks through a function."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pandas as pd

CITY = "city"  # the row that adds up every department
ON_TIME_WEEKS, TREND_WEEKS, PATIENCE_DAYS = 4, 12, 30
SIDE_BY_SIDE = 3  # questions at once: the database has more than one processor, and a page must not take all of its connections

Ask = Callable[..., pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Standing:
    """One department (`service_name` None) or one type of one; shares are 0 to 1, None is no data.

    Attributes:
        ages: open requests by age: up to 7, 30, 90 days, and older.
        oldest_age_hours: of the oldest open one.
        net_flow: opened less closed in the last full week.
        open_by_week: open at the end of each of the last full weeks, oldest first; of a type none.
        due: due in the last four full weeks; of these `due_closed_on_time`.
        median_hours, p90_hours: by when a half, and nine tenths, of the last 28 days' requests are closed; None: not reached.
        eligible: closings of four weeks whose 30 days are over; of these `reopened`.
    """

    department: str
    service_name: str | None
    name: str
    open: int
    overdue: int
    due_next_7_days: int
    due_later: int
    no_target: int
    ages: tuple[int, int, int, int]
    oldest_age_hours: float | None
    opened: int
    closed: int
    net_flow: int
    open_by_week: tuple[float, ...]
    weeks_to_clear: float | None
    due: int
    due_closed_on_time: int
    on_time: float | None
    on_time_target: float | None
    recent: int
    median_hours: float | None
    p90_hours: float | None
    eligible: int
    reopen_share: float | None
    closed_recently: int
    without_work_share: float | None

    @property
    def is_city(self) -> bool:
        """Whether it adds up every department."""
        return self.department == CITY


@dataclass(frozen=True, slots=True)
class Standings:
    """All of them at an instant: `whole` is the city or the chosen department, `parts` are its departments or types."""

    at: datetime
    zone: ZoneInfo
    whole: Standing
    parts: tuple[Standing, ...]


def monday_of(at: datetime, zone: ZoneInfo) -> datetime:
    """The beginning of the local week that an instant lies in."""
    local = at.astimezone(zone)
    return datetime.combine((local - timedelta(days=local.weekday())).date(), datetime.min.time(), zone)


def read(ask: Ask, at: datetime, zone: ZoneInfo, department: str | None = None, *, is_now: bool) -> Standings | None:
    """How the departments, or the types of one, stand.

    Args:
        ask: asks a named query: `ask(name, **parameters)`; it is called from several threads at once.
        at: the instant.
        zone: the city's.
        department: None: all departments of the city.
        is_now: ask of now rather than of `at`, so that all readers share the answers.

    Returns:
        None when there is no such department, or nothing is known yet.

    Raises:
        NoAnswer: by `ask`.
    """
    monday = monday_of(at, zone)
    by_type = department is not None
    which = {"by_type": by_type, "department": department}  # the types of the other departments would cost the most and be thrown away
    as_of = {} if is_now else {"as_of": at}
    weeks = {"from": monday - timedelta(weeks=ON_TIME_WEEKS), "to": monday}
    patient = {"from": monday - timedelta(weeks=ON_TIME_WEEKS, days=PATIENCE_DAYS), "to": monday - timedelta(days=PATIENCE_DAYS)}
    of_last_week = {"from": monday - timedelta(weeks=1), "to": monday}
    found = _side_by_side(
        ask,
        {
            "reopened": which | as_of | patient,
            "time-to-close": which | as_of,
            "due-cohort": which | as_of | weeks,
            "open-by-week": {"weeks": TREND_WEEKS, "to": monday},
            "backlog": which | as_of,
            "weeks-to-clear": which | as_of,
            "flow": which | of_last_week,
        },
    )
    frames = [
        found["backlog"],
        found["weeks-to-clear"].drop(columns=["open"]),
        found["time-to-close"].rename(columns={"closed": "closed_in_time", "n": "recent"}),
        found["due-cohort"].drop(columns=["closed"]),
        found["flow"],
        found["reopened"].rename(columns={"closed": "closed_recently"}),
    ]
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.merge(frame.drop(columns=["name"]), on=["department", "service_name"], how="outer", suffixes=("", "_"))
    trend = _open_by_week(found["open-by-week"])
    rows = tuple(_standing(row, trend) for row in cast(list[dict[str, object]], joined.to_dict("records")))
    order = {(row["department"], row["service_name"]): n for n, row in enumerate(frames[0].to_dict("records"))}
    if department is None:
        whole = next((row for row in rows if row.is_city), None)
        parts = [row for row in rows if not row.is_city and row.service_name is None]
    else:
        whole = next((row for row in rows if row.department == department and row.service_name is None), None)
        parts = [row for row in rows if row.department == department and row.service_name is not None]
    if whole is None or not parts:
        return None
    parts.sort(key=lambda row: order.get((row.department, row.service_name), len(order)))
    return Standings(at, zone, whole, tuple(parts))


def _side_by_side(ask: Ask, questions: dict[str, dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """The answers by question. The longest are asked first, so that none of them is waited for at the end."""
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="departments") as threads:
        answers = threads.map(lambda name: ask(name, **questions[name]), questions)
        return dict(zip(questions, answers, strict=True))


def _open_by_week(weekly: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    known = weekly.dropna(subset=["open"])
    return {str(department): tuple(map(float, rows["open"])) for department, rows in known.groupby("department", sort=False)}


def _standing(row: dict[str, object], trend: dict[str, tuple[float, ...]]) -> Standing:
    def number(name: str) -> float | None:
        value = row.get(name)
        return None if value is None or pd.isna(value) else float(value)  # type: ignore[call-overload, arg-type]

    def count(name: str) -> int:
        return int(number(name) or 0)

    service_name = row["service_name"]
    whole = service_name is None or pd.isna(service_name)  # type: ignore[call-overload]
    department = str(row["department"])
    return Standing(
        department=department,
        service_name=None if whole else str(service_name),
        name=str(row["name"] if isinstance(row["name"], str) else service_name or department),
        open=count("open"),
        overdue=count("overdue"),
        due_next_7_days=count("due_next_7_days"),
        due_later=count("due_later"),
        no_target=count("no_target"),
        ages=(count("age_0_7_days"), count("age_8_30_days"), count("age_31_90_days"), count("age_over_90_days")),
        oldest_age_hours=number("oldest_age_hours"),
        opened=count("opened"),
        closed=count("closed"),
        net_flow=count("net_flow"),
        open_by_week=trend.get(department, ()) if whole else (),
        weeks_to_clear=number("weeks_to_clear"),
        due=count("due"),
        due_closed_on_time=count("due_closed_on_time"),
        on_time=number("due_cohort_on_time"),
        on_time_target=number("on_time_target"),
        recent=count("recent"),
        median_hours=number("time_to_close_median_hours"),
        p90_hours=number("time_to_close_p90_hours"),
        eligible=count("eligible"),
        reopen_share=number("reopen_share"),
        closed_recently=count("closed_recently"),
        without_work_share=number("closed_without_work_share"),
    )
