"""Several weathers beside each other: people-hours, cost, chance, half hours that miss; and those that a planner may ask about. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import wording
from dashboard.figure import Figure
from dashboard.staffing_editing import Asked
from dashboard.staffing_figures import aged, percent, shown_words
from dashboard.staffing_gaps import ACT_UNDER_CHANCE
from dashboard.staffing_rows import ASKED, FORECAST, NO_STORM, Basis, Staffing, by_half_hour, of_queue

SATURDAY = 5
SNOW_PRESET = {"snow_inches": 12.0, "hours": 12.0, "gust_mph": 30.0}
# Gusts at the coast for winds in the middle of each category of the Saffir–Simpson scale, and a slow storm's rain.
HURRICANES: Mapping[int, tuple[float, float]] = {1: (105, 5), 2: (125, 7), 3: (145, 9), 4: (170, 11), 5: (200, 13)}  # mph, inches
CHART_DAYS = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a weather asks of the half hours to come.

    Attributes:
        people_hours: required.
        short_hours: people-hours that are missing, None: no schedule.
        most: required at once.
        cost: dollars, with the shrinkage paid; None: some queue has no hourly cost.
        chance: the lowest.
        missed: half hours in which somebody is missing.
    """

    people_hours: float
    short_hours: float | None
    most: int
    cost: float | None
    chance: float | None
    missed: int | None


def alike(plans: Mapping[str, pd.DataFrame], queue: str | None) -> dict[str, pd.DataFrame]:
    """The plans of a queue (or all) over the same half hours to come, those that each of them knows."""
    chosen = {shown: of_queue(plan, queue) for shown, plan in plans.items()}
    chosen = {shown: plan[~plan["over"]] for shown, plan in chosen.items() if len(plan)}
    if not chosen:
        return {}
    common = set.intersection(*({*plan["interval_start"]} for plan in chosen.values()))
    return {shown: plan[plan["interval_start"].isin(list(common))] for shown, plan in chosen.items()}


def outcome(plan: pd.DataFrame, basis: tuple[Basis, ...]) -> Outcome:
    """What a plan asks for."""
    halves = by_half_hour(plan)
    known = halves[halves["short"].notna()]
    hours = plan.groupby("queue")["required"].sum() / 2
    rates = {one.queue: None if one.hourly_cost is None else one.hourly_cost / (1 - one.shrinkage) for one in basis}
    costs = [rates.get(str(queue)) for queue in hours.index]
    cost = None if any(one is None for one in costs) else sum(float(one or 0) * value for one, value in zip(costs, hours, strict=True))
    chance = halves["chance"].min()
    return Outcome(
        people_hours=float(hours.sum()),
        short_hours=float(known["short"].sum()) / 2 if len(known) else None,
        most=int(halves["required"].max()) if len(halves) else 0,
        cost=cost,
        chance=None if pd.isna(chance) else float(chance),
        missed=int((known["short"] > 0).sum()) if len(known) else None,
    )


COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "kind": "name", "title": "Weather", "width": "minmax(210px, 1fr)"},
    {"key": "hours", "kind": "num", "title": "People-hours", "width": "116px"},
    {"key": "more", "kind": "num", "title": "Beside no storm", "width": "128px"},
    {"key": "most", "kind": "num", "title": "Most at once", "width": "110px"},
    {"key": "cost", "kind": "num", "title": "Cost", "width": "110px"},
    {"key": "short", "kind": "num", "title": "Hours to call in", "width": "128px", "strong": True},
    {"key": "missed", "kind": "num", "title": "Half hours short", "width": "130px"},
    {"key": "chance", "kind": "num", "unit": "%", "title": "Lowest chance", "width": "116px"},
]


def board(staffing: Staffing, queue: str | None) -> Figure:
    """One row a weather: no storm, the forecast, the one that was asked about."""
    found = {shown: outcome(plan, staffing.basis) for shown, plan in alike(staffing.plans, queue).items()}
    calm = found.get(NO_STORM)
    rows = [_row(shown_words(shown, staffing), found[shown], calm) for shown in (NO_STORM, FORECAST, ASKED) if shown in found]
    priced = all(one.hourly_cost is not None for one in staffing.basis)
    note = "" if priced or not rows else "No cost: a queue has no hourly cost in its targets."
    asked = staffing.asked
    if asked is not None and ASKED in found and staffing.run is not None and asked.run_id is not None:
        full = next((run for run in staffing.runs if run.kind == "full"), staffing.run)
        if asked.run_id < full.run_id:
            note = f"{note} {asked.name} was answered by an older forecast than the one shown: ask again.".strip()
    return {"title": "", "columns": COLUMNS, "rows": rows, "empty": "No forecast yet", "note": note, **aged(staffing)}


def _row(name: str, one: Outcome, calm: Outcome | None) -> Figure:
    status = "ok" if not one.missed else "act" if one.chance is not None and one.chance < ACT_UNDER_CHANCE else "watch"
    return {
        "key": name,
        "name": name,
        "status": "none" if one.missed is None else status,
        "hours": wording.count(one.people_hours),
        "more": None if calm is None or calm is one else wording.change(one.people_hours - calm.people_hours),
        "most": wording.count(one.most),
        "cost": None if one.cost is None else f"${wording.count(one.cost)}",
        "short": None if one.short_hours is None else wording.count(one.short_hours),
        "missed": None if one.missed is None else wording.count(one.missed),
        "chance": percent(one.chance),
    }


def chart_days(staffing: Staffing, picked: date) -> tuple[date, int]:
    """The days that the chart beside each other shows: from the day of the onset, else around the picked day."""
    days = staffing.days()
    onset = staffing.asked.onset_at.astimezone(staffing.zone).date() if staffing.asked and staffing.asked.onset_at else picked
    first = max(days[0], min(onset, days[-1] - timedelta(days=CHART_DAYS - 1)))
    return first, CHART_DAYS


def next_saturday(at: datetime, zone: ZoneInfo) -> datetime:
    """The next Saturday, 18:00 of the city's clock."""
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=(SATURDAY - local.weekday()) % 7)
    found = datetime.combine(day, time(18), zone)
    return found if found > at else datetime.combine(day + timedelta(days=7), time(18), zone)


def snow(inches: float, gust_mph: float, onset_at: datetime, hours: float) -> Asked:
    """A snowstorm; `onset_at` in the city's time."""
    name = f"Snow {inches:g} in from {onset_at:%a} {onset_at:%b} {onset_at.day}, {onset_at:%H:%M}"
    return Asked(name=name, kind="snow", snow_inches=inches, gust_mph=gust_mph, rain_inches=None, onset_at=onset_at, hours=hours)


def hurricane(category: int, onset_at: datetime, hours: float) -> Asked:
    """A hurricane of a category from 1 to 5; `onset_at` in the city's time."""
    gust_mph, rain_inches = HURRICANES[category]
    name = f"Hurricane {category} from {onset_at:%a} {onset_at:%b} {onset_at.day}, {onset_at:%H:%M}"
    return Asked(name=name, kind="hurricane", snow_inches=None, gust_mph=gust_mph, rain_inches=rain_inches, onset_at=onset_at, hours=hours)
