"""The fortnight as a heat table: a row a day, a cell a half hour of the city's clock; a day can be picked. The figure itself is pure."""

import time
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any, cast

import pandas as pd
import streamlit as st

from dashboard import wording
from dashboard.bundles import component
from dashboard.edition import BOOT
from dashboard.figure import Figure
from dashboard.staffing_figures import day_words
from dashboard.tokens import RATIO

KEY = "staffing_heat"
STEPS = ((1, 3, 6), (1, 5, 15), (1, 10, 30))  # people missing, from which a colour begins: the first whose last step is rare
COARSER_ABOVE = (12, 40)  # people missing at most, above which the next of them is taken
RAMP = (6, 7, 9)  # of the ten steps of RATIO
INKS = (("text", "text"), ("text", "ground"), ("panel", "ground"))  # light, dark: at least 4.5 to 1 on their step
HALF_HOURS, WIDEST_WITH_EVERY_HOUR = 48, 34


def figure(halves: pd.DataFrame, days: list[date], picked: date) -> Figure:
    """The heat table of a plan.

    Args:
        halves: as `staffing_rows.by_half_hour` gives it.
        days: the rows.
        picked: the day that is shown in detail.
    """
    shown = halves[(halves["required"] > 0) | (halves["scheduled"] > 0)]
    if shown.empty:
        return {"rows": [], "hours": [], "legend": [], "steps": [], "empty": "Nobody is required in these two weeks"}
    first, last = int(shown["slot"].min()) // 2 * 2, int(shown["slot"].max())
    slots = range(first, last + 1)
    steps = steps_for(float(halves["short"].max()))
    times: dict[tuple[date, int], list[dict[str, Any]]] = {}
    for row in cast(list[dict[str, Any]], halves.to_dict("records")):
        times.setdefault((row["day"], int(row["slot"])), []).append(row)
    cells = {key: _cell(found, steps) for key, found in times.items()}
    rows = [
        {
            "day": day.isoformat(),
            "name": day_words(day),
            "picked": day == picked,
            "cells": [cells.get((day, slot), ["", "", ""]) for slot in slots],
        }
        for day in days
    ]
    kinds = {cell[0] for row in rows for cell in row["cells"]}  # type: ignore[attr-defined]  # the cells of a row
    bounds = [f"{low} to {high - 1} short" for low, high in pairwise(steps)] + [f"{steps[-1]} or more short"]
    marks = [(str(place), words) for place, words in reversed(list(enumerate(bounds, start=1)))]
    legend = [
        *marks,
        ("", "enough"),
        *([("none", "no schedule")] if "none" in kinds else []),
        *([("over", "over")] if "over" in kinds else []),
    ]
    colours = [
        {"light": RATIO["light"][place], "dark": RATIO["dark"][place], "light_ink": light, "dark_ink": dark}
        for place, (light, dark) in zip(RAMP, INKS, strict=True)
    ]
    every = 2 if len(slots) <= WIDEST_WITH_EVERY_HOUR else 4
    hours = [f"{slot // 2:02}:00" if slot % every == 0 else "" for slot in slots]
    return {"rows": rows, "hours": hours, "legend": legend, "steps": colours, "empty": ""}


def steps_for(most: float) -> tuple[int, ...]:
    """From how many people missing each colour begins, where `most` are missing at once."""
    return STEPS[sum(most > bound for bound in COARSER_ABOVE)]


def _cell(rows: list[dict[str, Any]], steps: tuple[int, ...]) -> list[str]:
    """Kind, number and words of a half hour; one that the clock shows twice is as bad as its worse time."""
    row = max(rows, key=lambda one: -1 if pd.isna(one["short"]) else one["short"])
    clock = f"{int(row['slot']) // 2:02}:{'30' if row['slot'] % 2 else '00'}"
    if all(one["over"] for one in rows):
        return ["over", "", f"{clock}: over"]
    required = int(row["required"])
    if pd.isna(row["scheduled"]) or (not row["short"] and row["unscheduled"]):
        return ["none", "", f"{clock}: {required} required, no schedule"] if required else ["", "", f"{clock}: nobody required"]
    short = int(row["short"])
    chance = "" if pd.isna(row["chance"]) else f", {wording.percent(row['chance'])}% lowest chance of the target"
    words = f"{clock}: {required} required, {int(row['scheduled'])} scheduled{f', {short} short' if short else ''}{chance}"
    step = sum(short >= least for least in steps)
    return [str(step) if step else "", str(short) if short else "", words]


def show(shown: Figure, height: int, pick: Callable[[str], None]) -> None:
    """Draw the heat table.

    Args:
        shown: as `figure` gives it.
        height: px.
        pick: is told the day that somebody clicked on, as ISO 8601.
    """
    at = time.time()
    message = {"boot": f"{BOOT}-desk-{KEY}", "seq": int(at * 1000), "now": at, "figures": {KEY: shown}}

    def picked() -> None:
        told = st.session_state.get(KEY)
        if told is not None and told.day:
            pick(str(told.day))

    data = {"part": KEY, "message": message, "height": height, "size": "desk"}
    component("heat")(key=KEY, data=data, height=height, on_day_change=picked)
