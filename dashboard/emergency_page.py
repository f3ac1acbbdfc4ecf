"""What the Emergency screen asks the database, as of an instant, and its view as it stands in the address. It draws nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Connection

from dashboard import data
from dashboard.ahead import PlannedHalfHour
from dashboard.alert_feeds import AlertFeed
from dashboard.emergency_rows import Clock, Emergency, Expected, Incident, StormNow, Usual, clock_of, shown
from dashboard.incident_page import number_in
from dashboard.incident_rows import Entry, Lifeline
from dashboard.rows import read
from sql.queries import frame
from sql.settings import settings

HOUR = timedelta(hours=1)
KINDS = ("contacts", "requests", "posts", "searches")
STAFF_HOURS, CHANCE = 12, 0.8
MOST_TERMS = 20
DISTRICT = "district"
REPLAY_STEP_MINUTES = 5
KEPT_SECONDS, MOST_KEPT = 600.0, 500
ANY = {"department": None, "service_name": None, "channel": None, "state": "all"}


class Reader:
    """Reads an `Emergency`; what is usual does not move, and is asked once an hour of the clock."""

    def __init__(self) -> None:
        self._usual: tuple[tuple[datetime, datetime], pd.DataFrame] | None = None

    def __call__(self, connection: Connection, asked: Incident | None = None, as_of: datetime | None = None) -> Emergency:
        """Everything as it was known at `as_of`; None: now.

        Args:
            connection: open; all is read in its transaction.
            asked: which incident; None: the running one that began last, if any. Before it was opened only its name and clock are used.
            as_of: the instant.
        """
        at = as_of or data.now()
        incidents = read(Incident, frame("incidents", connection, as_of=at))
        incident = shown(incidents, asked)
        clock = clock_of(incident, at)
        onset = incident.onset_at if incident else at - timedelta(days=1)
        since: dict[str, Any] = {"from": min(onset, at - HOUR), "to": at} | ANY
        last_hour: dict[str, Any] = {"from": at - HOUR, "to": at, "as_of": at}
        about = incident.incident_id if incident else None
        zones = list(settings().alert_zone_codes) or None
        found = {
            "alerts": frame("alerts-active", connection, as_of=at, zones=zones),
            "shapes": frame("alert-shapes", connection, as_of=at, zones=zones),
            "bars": frame(
                "alert-history",
                connection,
                **{"from": clock.starts_at, "to": clock.ends_at},
                as_of=at,
                zones=zones,
            ),
            "weather": frame("storm-weather", connection, **{"from": clock.starts_at, "to": clock.ends_at}, as_of=at),
            "types": frame("hot-groups", connection, kind=None, **since),
            "districts": frame("hot-groups", connection, kind=DISTRICT, **since),
            "cells": frame("hot-spots", connection, **since),
            "topics": frame("social-topics", connection, **{"from": since["from"], "to": at}, as_of=at),
            "searches": frame("storm-searches", connection, **{"from": since["from"]}, as_of=at, most=MOST_TERMS),
        }
        expected = read(Expected, frame("storm-expected", connection, **last_hour))
        usual = read(Usual, frame("storm-usual", connection, **{"from": at - HOUR, "to": at}))
        suggestions = frame("incident-suggestions", connection, as_of=at, zones=zones) if incident is None else None
        return Emergency(
            at=at,
            incident=incident,
            running=sum(one.ended_at is None for one in incidents),
            clock=clock,
            now=read(StormNow, frame("storm-now", connection, onset=onset, as_of=at))[0],
            expected=expected[0],
            usual={one.kind: one for one in usual},
            hours=self._hours(connection, clock, at),
            log=read(Entry, frame("activity-log", connection, incident_id=about, as_of=at)),
            lifelines=read(Lifeline, frame("lifelines", connection, incident_id=about, **{"from": since["from"]}, as_of=at)),
            staff=_staff(connection, at),
            suggested=() if suggestions is None else tuple(str(one) for one in suggestions["event"].drop_duplicates()),
            alert_feeds=read(AlertFeed, frame("alert-feeds", connection)) if as_of is None else None,
            **found,
        )

    def _hours(self, connection: Connection, clock: Clock, at: datetime) -> pd.DataFrame:
        key = (clock.starts_at, clock.ends_at)
        if self._usual is None or self._usual[0] != key:
            self._usual = key, frame("storm-usual", connection, **{"from": clock.starts_at, "to": clock.ends_at})
        hours = storm_hours(connection, *key, at, self._usual[1])
        hours.insert(0, "hour", hours["number"] + clock.first)
        return hours


def storm_hours(
    connection: Connection, starts_at: datetime, ends_at: datetime, at: datetime, usual: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What is known at an instant of each whole hour of [starts_at, ends_at), in order.

    Args:
        usual: of the same hours, as `storm-usual` gives it; None: it is asked for.

    Returns:
        number (from 0, int), starts_at, contacts, answered, abandoned, waiting (NaN: not over or not known), expected, expected_low,
        expected_high, no_storm (NaN: no forecast), afterwards (bool), usual, usual_low, usual_high, and requests, posts, searches with
        `KIND_usual`, `KIND_usual_low`, `KIND_usual_high`; all float64.
    """
    span: Mapping[str, Any] = {"from": starts_at, "to": ends_at}
    contacts = frame("storm-contacts", connection, **span, as_of=at)
    expected = frame("storm-expected", connection, **span, as_of=at).drop(columns=["starts_at", "made_at"])
    counts = frame("storm-counts", connection, **span, as_of=at)
    if usual is None:
        usual = frame("storm-usual", connection, **span)
    hours = contacts.merge(expected, on="number")
    for kind in KINDS:
        of_kind = usual[usual["kind"] == kind].set_index("number")
        prefix = "" if kind == "contacts" else f"{kind}_"
        for name in ("usual", "usual_low", "usual_high"):
            hours[prefix + name] = hours["number"].map(of_kind[name]).astype("float64")
        if kind != "contacts":
            hours[kind] = hours["number"].map(counts[counts["kind"] == kind].set_index("number")["count"]).astype("float64")
    return hours


def _staff(connection: Connection, at: datetime) -> tuple[PlannedHalfHour, ...]:
    """The plan of the next hours, as it stood at the instant."""
    begins = at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
    found = frame(
        "staffing-plan", connection, **{"from": begins, "to": begins + STAFF_HOURS * HOUR}, as_of=at, chance=CHANCE, scenario_id=None
    )
    return read(PlannedHalfHour, found.assign(made_at=pd.Timestamp(at)))


@st.cache_data(ttl=KEPT_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def replayed(incident: Incident, at: datetime) -> Emergency:
    """An incident as it was known at an instant of the past.

    Raises:
        NoAnswer: the database is away.
    """
    return data.ask(lambda connection: Reader()(connection, incident, at))


@st.cache_data(ttl=30.0, max_entries=4, show_spinner=False)
def known_incidents() -> tuple[Incident, ...]:
    """Every incident as it stands now, those that run first.

    Raises:
        NoAnswer: the database is away.
    """
    return data.ask(lambda connection: read(Incident, frame("incidents", connection)))


@dataclass(frozen=True, slots=True)
class View:
    """What the address asks for: an incident (None: the running one), an hour of its clock (None: now), and one to set beside it."""

    incident_id: int | None
    hour: float | None
    beside_id: int | None


def view_of(params: Mapping[str, str]) -> View:
    """The view in an address; what cannot be read there is left out."""
    return View(number_in(params.get("incident")), _number(params.get("hour")), number_in(params.get("beside")))


def _number(words: str | None) -> float | None:
    try:
        number = float(words) if words else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 100_000 else None


def instant(incident: Incident, hour: float, now: datetime) -> datetime:
    """The instant of an hour of an incident's clock, on the steps of a replay, never after now."""
    steps = round(hour * 60 / REPLAY_STEP_MINUTES)
    return min(incident.onset_at + timedelta(minutes=steps * REPLAY_STEP_MINUTES), now)
