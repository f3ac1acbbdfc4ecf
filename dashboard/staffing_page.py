"""What the Staffing page asks, and its view as it stands in the address. It draws nothing.

The plan is asked again when anything that it is made of has changed, so that whoever uploads a schedule sees it at once, and
many readers cost the database one plan.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data, staffing_rows
from dashboard.rows import read
from dashboard.staffing_rows import ASKED, FORECAST, NO_STORM, Scenario, Staffing
from dashboard.staffing_scores import Score
from sql.queries import frame
from sql.settings import settings

CHANCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
USUAL_CHANCE = 0.8
SHOWN = (FORECAST, NO_STORM, ASKED)
MOST_KEPT = 60
SCORES_KEPT_SECONDS, PLAN_KEPT_SECONDS = 300.0, 600.0


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest of everything that a plan is made of: while these are the same, so is the plan."""

    run_id: int | None
    upload_id: int | None
    override_id: int | None
    withdrawn_at: datetime | None
    no_storm_id: int | None
    carried_at: datetime | None


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: a queue or all (None), the chance, the picked day, the asked scenario, and by which weather."""

    queue: str | None
    chance: float
    day: date | None
    scenario_id: int | None
    shown: str


def view_of(params: Mapping[str, str]) -> View:
    """The view in an address; what cannot be read there is the usual."""
    try:
        chance = min(CHANCES, key=lambda one: abs(one - float(params.get("chance", USUAL_CHANCE))))
    except ValueError:
        chance = USUAL_CHANCE
    try:
        day = date.fromisoformat(params.get("day", ""))
    except ValueError:
        day = None
    number = params.get("scenario", "")
    scenario_id = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None
    shown = params.get("weather", FORECAST if scenario_id is None else ASKED)
    return View(params.get("queue") or None, chance, day, scenario_id, shown if shown in SHOWN else FORECAST)


def ask(name: str, **params: Any) -> pd.DataFrame:
    """A named query, asked now.

    Raises:
        NoAnswer: the database is away, or it answered with an error.
    """
    return data.ask(lambda connection: frame(name, connection, **params))


@st.cache_data(ttl=PLAN_KEPT_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def _plan(newest: Newest, half_hour: datetime, chance: float, scenario_id: int | None) -> pd.DataFrame:
    """The plan while nothing has changed and no half hour has ended."""
    return staffing_rows.plan(ask, half_hour, settings().zone, chance, scenario_id)


@st.cache_data(ttl=SCORES_KEPT_SECONDS, max_entries=4, show_spinner=False)
def _scores(run_id: int | None) -> tuple[Score, ...]:
    return read(Score, ask("forecast-scores", weeks=staffing_rows.SCORED_WEEKS))


def whole(at: datetime, view: View) -> Staffing:
    """Everything that the page shows.

    Raises:
        NoAnswer: the database is away, or it answered with an error.
        UnexpectedFrame: its queries are of another version.
    """
    zone = settings().zone
    newest = read(Newest, ask("staffing-newest"))[0]
    asked = None if view.scenario_id is None else staffing_rows.scenario(ask, view.scenario_id)
    from_at, to_at = staffing_rows.period(at, zone)
    half_hour = datetime.fromtimestamp(math.floor(at.timestamp() / 1800) * 1800, at.tzinfo)
    plans = {FORECAST: _plan(newest, half_hour, view.chance, None)}
    if newest.no_storm_id is not None:
        plans[NO_STORM] = _plan(newest, half_hour, view.chance, newest.no_storm_id)
    if answered(asked):
        plans[ASKED] = _plan(newest, half_hour, view.chance, view.scenario_id)
    return Staffing(
        at=at,
        zone=zone,
        queues=read(staffing_rows.Queue, ask("staffing-queues")),
        plans=plans,
        asked=asked,
        basis=read(staffing_rows.Basis, ask("staffing-basis")),
        runs=staffing_rows.runs(ask),
        uploads=read(staffing_rows.Upload, ask("schedule-uploads", most=staffing_rows.MOST_UPLOADS)),
        overrides=read(staffing_rows.Override, ask("overrides", **{"from": from_at - 28 * (to_at - from_at) / 14, "to": to_at})),
        effects=read(staffing_rows.Effect, ask("override-effects")),
        scores=_scores(newest.run_id),
        carry=ask("staffing-carry", **{"from": from_at, "to": to_at}),
        came=ask("volume-by-half-hour", **{"from": from_at, "to": half_hour}),
        weather=staffing_rows.weather(ask, settings().weather_grid),
    )


def answered(one: Scenario | None) -> bool:
    """Whether a scenario has numbers."""
    return one is not None and one.answered_at is not None and one.message is None
