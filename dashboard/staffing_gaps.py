"""Where people are missing in a plan: the half hours, the gaps that they make up, and whom to call in by hour. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.staffing_rows import HALF_HOUR

ACT_UNDER_CHANCE = 0.2  # under one in five the target is as good as missed


@dataclass(frozen=True, slots=True)
class Lack:
    """So many people of a queue."""

    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Half hours in a row in which people are missing; `lacks` are the queues of its worst half hour, the largest first."""

    day: date
    starts_at: datetime
    ends_at: datetime
    most: int
    people_hours: float
    worst_at: datetime
    chance: float | None
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An hour in which people are to be called in: as many as its worse half hour lacks, by queue."""

    starts_at: datetime
    people: int
    chance: float | None
    lacks: tuple[Lack, ...]


def missing(plan: pd.DataFrame) -> pd.DataFrame:
    """The rows of the plan to come in which people are missing."""
    return plan[(plan["short"] > 0) & ~plan["over"]]


def lacks(rows: pd.DataFrame) -> tuple[Lack, ...]:
    """Who lacks how many at most, the largest first."""
    worst = rows.groupby("name", sort=False)["short"].max().sort_values(ascending=False, kind="stable")
    return tuple(Lack(str(name), int(people)) for name, people in worst.items())


def gaps(plan: pd.DataFrame) -> list[Gap]:
    """The gaps of a plan, in the order of time."""
    short = missing(plan)
    if short.empty:
        return []
    totals = short.groupby("interval_start", sort=True).agg(day=("day", "first"), short=("short", "sum"), chance=("chance_met", "min"))
    starts = totals.index.to_series()
    begins = (starts.diff() != pd.Timedelta(HALF_HOUR)) | (totals["day"] != totals["day"].shift())
    found = []
    for _, part in totals.groupby(begins.cumsum()):
        worst = part.index[int(part["short"].to_numpy().argmax())]
        found.append(
            Gap(
                day=part["day"].iloc[0],
                starts_at=part.index[0].to_pydatetime(),
                ends_at=(part.index[-1] + HALF_HOUR).to_pydatetime(),
                most=int(part["short"].max()),
                people_hours=float(part["short"].sum()) / 2,
                worst_at=worst.to_pydatetime(),
                chance=None if part["chance"].isna().all() else float(part["chance"].min()),
                lacks=lacks(short[short["interval_start"] == worst]),
            )
        )
    return found


def largest(found: Iterable[Gap], most: int) -> list[Gap]:
    """The gaps that cost the most people-hours, the worst first."""
    return sorted(found, key=lambda one: (-one.people_hours, one.starts_at))[:most]


def calls(plan: pd.DataFrame) -> list[Call]:
    """Whom to call in, hour by hour, in the order of time."""
    short = missing(plan)
    hours = short["interval_start"].dt.floor("h")
    found = []
    for hour, rows in short.groupby(hours, sort=True):
        wanted = lacks(rows)
        chance = rows["chance_met"].min()
        at = pd.Timestamp(str(hour)).to_pydatetime()
        found.append(Call(at, sum(one.people for one in wanted), None if pd.isna(chance) else float(chance), wanted))
    return found


def called(wanted: Sequence[Lack], most: int | None = None) -> str:
    """General 9, Spanish 3, others 4: the first `most` by name, the others added up."""
    shown = list(wanted if most is None or len(wanted) <= most + 1 else wanted[:most])
    rest = wanted[len(shown) :]
    others = [f"others {sum(one.people for one in rest)}"] if rest else []
    return ", ".join([*(f"{one.name} {one.people}" for one in shown), *others])


def span(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """07:00 to 09:30 of the city's clock; a gap that lasts until midnight ends at 24:00."""
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    last = "24:00" if end.date() > start.date() and end - timedelta(days=1) <= start and f"{end:%H:%M}" == "00:00" else f"{end:%H:%M}"
    return f"{start:%H:%M} to {last}"
