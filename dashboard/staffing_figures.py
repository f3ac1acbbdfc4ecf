"""From a plan to the words of the Staffing page: verdict, four tiles, what the run knew. Pure; the boards: dashboard/staffing_boards.py."""

from datetime import date, datetime

import pandas as pd

from dashboard import wording
from dashboard.figure import Figure, stamp
from dashboard.freshness import NEVER, Source
from dashboard.staffing_gaps import ACT_UNDER_CHANCE, gaps, largest, span
from dashboard.staffing_rows import FORECAST, NO_STORM, Run, Staffing, by_half_hour, first, of_queue
from dashboard.staffing_scores import FEWEST_DAYS, LEADS, Accuracy, of_lead

CADENCE_SECONDS = 43_200.0  # the whole forecast is made once a day, and the page says when it is older than that
TILE_LEAD = "4-7"
DEFINED_AS = {"short": "people_short", "worst": "people_short", "chance": "chance_of_target", "error": "forecast_error"}  # by tile


def day_words(day: date) -> str:
    """Thu, Nov 27."""
    return f"{day:%a}, {day:%b} {day.day}"


def aged(staffing: Staffing) -> Figure:
    """What the age of the plan is counted from: when the newest whole run was made."""
    full = next((run for run in staffing.runs if run.kind == "full"), staffing.run)
    return stamp(Source(full.made_at, CADENCE_SECONDS) if full else NEVER)


def at_words(at: datetime, staffing: Staffing) -> str:
    """Fri, Nov 27, 10:30 of the city's clock."""
    local = at.astimezone(staffing.zone)
    return f"{day_words(local.date())}, {local:%H:%M}"


def verdict(staffing: Staffing, plan: pd.DataFrame) -> tuple[str, str]:
    """The answer in two or three words, and why in one sentence."""
    if plan.empty:
        return "No forecast yet.", "`python -m forecasting serve` makes one every day, `python -m forecasting run` one now."
    found, halves = gaps(plan), by_half_hour(plan)
    ahead = halves[~halves["over"]]
    unscheduled = _unscheduled(plan)
    if ahead["scheduled"].isna().all():
        if ahead.empty:
            return "No schedule yet", "Upload one below."
        peak = first(ahead, "required")
        people = wording.plural(int(peak["required"]), "person is", "people are")
        return "No schedule yet", f"{people} required at most, {at_words(peak['interval_start'], staffing)}. Upload one below."
    rest = f" No schedule for {unscheduled}." if unscheduled else ""
    if not found:
        return "Enough people", f"in every half hour that has a schedule.{rest}"
    number, worst = int((ahead["short"] > 0).sum()), largest(found, 1)[0]
    when = f"{day_words(worst.day)}, {span(worst.starts_at, worst.ends_at, staffing.zone)}"
    return f"Short on {wording.plural(number, 'half hour')}", f"of the next 14 days: {when} needs up to {worst.most} more people.{rest}"


def _unscheduled(plan: pd.DataFrame) -> str:
    """Dec 5 to Dec 7: the days of which no queue has a schedule; empty: none."""
    known = plan.groupby("day")["known"].any()
    days: list[date] = sorted(known.index[~known])
    if not days:
        return ""
    if (days[-1] - days[0]).days + 1 == len(days) and len(days) > 1:
        return f"{days[0]:%b} {days[0].day} to {days[-1]:%b} {days[-1].day}"
    return wording.listed([f"{day:%b} {day.day}" for day in days])


def tiles(staffing: Staffing, plan: pd.DataFrame, queue: str | None, goal: float) -> dict[str, Figure]:
    """Half hours short, the worst of them, the lowest chance, and how good the forecast was."""
    halves = by_half_hour(plan)
    ahead = halves[~halves["over"] & halves["scheduled"].notna()]
    return {
        "short": _short(staffing, ahead, queue) | aged(staffing),
        "worst": _worst(staffing, ahead) | aged(staffing),
        "chance": _chance(staffing, plan, goal) | aged(staffing),
        "error": _error(of_lead(staffing.scores, queue, TILE_LEAD)) | aged(staffing),
    }


def _short(staffing: Staffing, ahead: pd.DataFrame, queue: str | None) -> Figure:
    figure: Figure = {"label": "Half hours short", "value": None, "status": "none", "empty": "No schedule yet"}
    if ahead.empty:
        return figure
    needed = ahead[(ahead["required"] > 0) | (ahead["scheduled"] > 0)]
    number = int((ahead["short"] > 0).sum())
    figure |= {"value": wording.count(number), "of": f"of {wording.count(len(needed))}", "status": "watch" if number else "ok"}
    without = staffing.plans.get(NO_STORM)
    if without is None:
        return figure | {"compare": "with a schedule"}
    calm = by_half_hour(of_queue(without, queue))
    return figure | {"compare": f"{wording.count(int(((calm['short'] > 0) & ~calm['over']).sum()))} without a storm"}


def _worst(staffing: Staffing, ahead: pd.DataFrame) -> Figure:
    figure: Figure = {"label": "Worst half hour", "value": None, "status": "none", "empty": "No schedule yet"}
    if ahead.empty:
        return figure
    worst = first(ahead, "short")
    if not worst["short"]:
        return figure | {"value": "0", "unit": "short", "status": "ok", "words": {"ok": "Enough"}, "compare": "in every half hour"}
    chance = worst["chance"]
    words = "" if pd.isna(chance) else f": {wording.percent(chance)}% chance of the target"
    status = "act" if chance < ACT_UNDER_CHANCE else "watch"
    return figure | {
        "value": wording.count(worst["short"]),
        "unit": "short",
        "status": status,
        "compare": f"{at_words(worst['interval_start'], staffing)}{words}",
    }


def _chance(staffing: Staffing, plan: pd.DataFrame, goal: float) -> Figure:
    figure: Figure = {
        "label": "Lowest chance of meeting the target",
        "value": None,
        "status": "none",
        "empty": "No schedule yet",
    }
    judged = plan[~plan["over"] & plan["chance_met"].notna() & (plan["required"].fillna(1) > 0)] if len(plan) else plan
    if judged.empty:
        return figure
    low = first(judged, "chance_met", least=True)
    chance = float(low["chance_met"])
    return figure | {
        "value": wording.percent(chance),
        "unit": "%",
        "status": "act" if chance < ACT_UNDER_CHANCE else "watch" if chance < goal else "ok",
        "compare": f"goal {wording.percent(goal)}%, {low['name']}, {at_words(low['interval_start'], staffing)}",
    }


def _error(accuracy: Accuracy | None) -> Figure:
    figure: Figure = {
        "label": f"Forecast error, {LEADS[TILE_LEAD]}",
        "value": None,
        "status": "none",
        "empty": "No forecast has been scored yet",
    }
    if accuracy is None or accuracy.wape is None:
        return figure
    naive = "" if accuracy.naive is None else f"same day last week {tenths(accuracy.naive)}%, "
    floor = "" if accuracy.floor is None else f"best possible {tenths(accuracy.floor)}%"
    figure |= {"value": tenths(accuracy.wape), "unit": "%", "compare": f"{naive}{floor}"}
    if not accuracy.enough:
        return figure | {"words": {"none": "Too few"}, "compare": f"{wording.plural(accuracy.n, 'day')} only, of {FEWEST_DAYS}"}
    return figure | {"status": "watch" if accuracy.better else "ok"}


def tenths(share: float | None) -> str | None:
    """12.6 of 0.126; None: no data."""
    return None if share is None else f"{100 * share:.1f}"


def percent(share: float | None) -> str | None:
    """13 of 0.126; None: no data."""
    return None if share is None else wording.percent(share)


def known(staffing: Staffing) -> list[str]:
    """What the run knew and what it says, a sentence each; what is stale first."""
    run = staffing.run
    if run is None:
        return []
    weather = _weather(staffing, run)
    said = [
        f"Forecast made {at_words(run.made_at, staffing)} ({run.reason})"
        + ("" if run.data_until is None else f", on contacts until {at_words(run.data_until, staffing)}")
        + ".",
        weather,
    ]
    if run.storms_seen < 3:
        storms = "no storm" if run.storms_seen == 0 else wording.plural(run.storms_seen, "storm")
        said.append(f"The history has {storms}: what snow does is held back, and a storm may be worse than shown.")
    full = next((one for one in staffing.runs if one.kind == "full"), None)
    notes = dict.fromkeys([*run.notes, *(full.notes if full else ())])
    return [*said, *notes]


def _weather(staffing: Staffing, run: Run) -> str:
    if run.weather_issued_at is None:
        return "Weather: none was known, past years stood in."
    issued = f"Weather: the forecast issued {at_words(run.weather_issued_at, staffing)}"
    stale = run.weather_stale or (staffing.weather is not None and staffing.weather.state in ("stale", "unknown"))
    return f"{issued}. It is stale: a storm since then is not in this plan." if stale else f"{issued}."


def stale_weather(staffing: Staffing) -> str:
    """The sentence about a weather forecast that is too old; empty: it is not."""
    run = staffing.run
    if run is None:
        return ""
    newest = staffing.weather
    if newest is not None and newest.state in ("stale", "unknown"):
        return f"The weather forecast is {wording.age(newest.age_seconds)} old: a storm since then is not in this plan."
    return "The forecast rests on a weather forecast that was stale: a storm since then is not in this plan." if run.weather_stale else ""


def day_sentence(frame: pd.DataFrame, carry: pd.DataFrame, staffing: Staffing, day: date) -> str:
    """How a day looks: the most people short and when, and who waits over."""
    rows = frame.iloc[:-1]
    if rows.empty:
        return ""
    if rows["scheduled"].isna().all():
        return f"No schedule. At most {wording.plural(int(rows['required'].max()), 'person', 'people')} required."
    worst = first(rows, "short")
    if not worst["short"] > 0:
        return "Enough people in every half hour."
    when = f"{worst['interval_start'].astimezone(staffing.zone):%H:%M}"
    waits = carry[carry["interval_start"].isin(list(rows["interval_start"]))]["waiting_at_end"].max()
    over = "" if pd.isna(waits) or waits < 1 else f" Up to {wording.count(waits)} wait over into the next half hour."
    always = (rows["required_low"] > rows["scheduled"]).sum()
    low = " Even the low end of the band is above the schedule then." if worst["required_low"] > worst["scheduled"] and always else ""
    return f"Up to **{int(worst['short'])} short**, worst from {when}.{low}{over}"


def beyond(plan: pd.DataFrame) -> str:
    """The sentence about half hours that need more people than any that was computed; empty: none."""
    number = int(plan["beyond"].fillna(False).astype(bool).sum()) if len(plan) else 0
    if not number:
        return ""
    most = int(plan.loc[plan["beyond"].fillna(False).astype(bool), "required"].max()) - 1
    needs = wording.plural(number, "half hour needs", "half hours need")
    return f"{needs} more than the {most} people up to which the run computed: more are short than shown."


def shown_words(shown: str, staffing: Staffing) -> str:
    """What the plan on the page assumes of the weather."""
    if shown == FORECAST:
        return "As forecast"
    return "No storm" if shown == NO_STORM else staffing.asked.name if staffing.asked else shown
