"""What of the Staffing page can be had as CSV: the plan, the gaps, whom to call in, the scores, and a schedule to begin from. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import csv_export
from dashboard.staffing_gaps import called, calls, gaps
from dashboard.staffing_rows import HALF_HOUR, Staffing
from dashboard.staffing_scores import accuracies
from dashboard.staffing_upload import COLUMNS

PLAN = [
    "queue",
    "name",
    "interval_start",
    "date",
    "start",
    "yhat",
    "low",
    "median",
    "high",
    "factor",
    "required",
    "scheduled",
    "short",
    "chance_met",
]


def plan_text(plan: pd.DataFrame, zone: ZoneInfo) -> str:
    """One row a queue and half hour, in the city's time and in UTC."""
    local = plan["interval_start"].dt.tz_convert(zone)
    told = plan.assign(date=local.dt.strftime("%Y-%m-%d"), start=local.dt.strftime("%H:%M"))
    whole = told[PLAN].round({"yhat": 2, "low": 2, "median": 2, "high": 2, "factor": 4, "chance_met": 4})
    return csv_export.text(whole.astype({"required": "Int64", "scheduled": "Int64", "short": "Int64"}))


def gaps_text(plan: pd.DataFrame, zone: ZoneInfo) -> str:
    """One row a gap, in the order of time."""
    rows = [
        {
            "date": one.day.isoformat(),
            "start": _clock(one.starts_at, zone),
            "end": _clock(one.ends_at, zone),
            "most_short": one.most,
            "people_hours": one.people_hours,
            "lowest_chance": None if one.chance is None else round(one.chance, 4),
            "worst_at": _clock(one.worst_at, zone),
            "by_queue": called(one.lacks),
        }
        for one in gaps(plan)
    ]
    columns = ["date", "start", "end", "most_short", "people_hours", "lowest_chance", "worst_at", "by_queue"]
    return csv_export.text(pd.DataFrame(rows, columns=pd.Index(columns)))


def calls_text(plan: pd.DataFrame, zone: ZoneInfo) -> str:
    """One row an hour and queue: how many to call in."""
    rows = [
        {"date": _date(one.starts_at, zone), "hour": _clock(one.starts_at, zone), "queue": lack.name, "people": lack.people}
        for one in calls(plan)
        for lack in one.lacks
    ]
    return csv_export.text(pd.DataFrame(rows, columns=pd.Index(["date", "hour", "queue", "people"])))


def scores_text(staffing: Staffing) -> str:
    """One row a queue ("*" is all), lead time and kind of day."""
    queues: Sequence[str | None] = [None, *(one.queue for one in staffing.queues)]
    rows = [
        {
            "queue": queue or "*",
            "lead_days": one.lead_days,
            "storm": one.storm,
            "days": one.n,
            "wape": one.wape,
            "wape_over_floor": one.over_floor,
            "bias": one.bias,
            "coverage_80": one.coverage,
            "seasonal_naive_wape": one.naive,
            "four_week_median_wape": one.median,
        }
        for queue in queues
        for one in accuracies(staffing.scores, queue)
    ]
    columns = ["queue", "lead_days", "storm", "days", "wape", "wape_over_floor", "bias", "coverage_80", "seasonal_naive_wape"]
    return csv_export.text(pd.DataFrame(rows, columns=pd.Index([*columns, "four_week_median_wape"])).round(5))


def template_text(plan: pd.DataFrame, zone: ZoneInfo, example: date) -> str:
    """A schedule in the form that can be uploaded: the people that the plan requires; without a plan one line as an example."""
    rows: list[tuple[str, str, str, str, int]] = []
    for queue, of_one in plan[plan["required"] > 0].groupby("queue", sort=False) if len(plan) else []:
        rows += _shifts(str(queue), of_one, zone)
    rows = rows or [("general", example.isoformat(), "07:00", "19:30", 12)]
    return csv_export.text(pd.DataFrame(rows, columns=pd.Index(list(COLUMNS))))


def _shifts(queue: str, rows: pd.DataFrame, zone: ZoneInfo) -> list[tuple[str, str, str, str, int]]:
    """Half hours in a row with the same people are one line."""
    starts = rows["interval_start"]
    begins = (
        (starts.diff() != pd.Timedelta(HALF_HOUR)) | (rows["required"] != rows["required"].shift()) | (rows["day"] != rows["day"].shift())
    )
    found = []
    for _, part in rows.groupby(begins.cumsum()):
        first, end = part["interval_start"].iloc[0].to_pydatetime(), part["interval_start"].iloc[-1].to_pydatetime() + HALF_HOUR
        last = "24:00" if _date(end, zone) != _date(first, zone) else _clock(end, zone)
        found.append((queue, _date(first, zone), _clock(first, zone), last, int(part["required"].iloc[0])))
    return found


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _date(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"
