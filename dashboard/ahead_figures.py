"""The panel of the next two hours on the Live screen: its heading, people short by half hour, and the forecast on the day's chart. Pure."""

import copy
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from dashboard import wording
from dashboard.ahead import CADENCE_SECONDS, HALF_HOUR, SHOWN, Ahead, Together, still_to_come, together, troubled
from dashboard.charts import DayChart, Size
from dashboard.figure import Figure, definition_of, stamp
from dashboard.freshness import NEVER, Source
from dashboard.snapshot import Snapshot
from dashboard.tokens import Mode, colours

USUAL_MINUTES = 150
LINE_LENGTH = 21  # characters that fit under the half hours
ACT_UNDER_CHANCE = 0.2
NO_FORECAST = "No forecast yet: the band is the usual {day}"
NO_FORECAST_OF_PART = "No forecast yet"
OLD_FORECAST = "No forecast: the newest is {age} old"


def source(ahead: Ahead | None) -> Source:
    """What the forecast is as fresh as."""
    made_at = ahead.made_at if ahead else None
    return NEVER if made_at is None else Source(made_at, CADENCE_SECONDS)


def usable(snapshot: Snapshot) -> bool:
    """Whether there is a forecast of now that is not too old to be shown."""
    return bool(still_to_come(snapshot.ahead, snapshot.at)) and source(snapshot.ahead).freshness(snapshot.at) != "unknown"


def label(snapshot: Snapshot, usual: str) -> str:
    """The heading: who will be missing and from when; without a schedule or a forecast what is usual."""
    if not usable(snapshot):
        return usual
    halves = together(still_to_come(snapshot.ahead, snapshot.at))[:SHOWN]
    lacking = [one for one in halves if one.short]
    if lacking:
        most = max(one.short or 0 for one in lacking)
        return f"Next two hours: **{most} short from {_clock(lacking[0].starts_at, snapshot)}**"
    return "Next two hours: **enough people**" if all(one.short is not None for one in halves) else usual


def figure(snapshot: Snapshot) -> Figure:
    """The half hours with the people short and the chance; without a forecast the sentence that says so."""
    aged = stamp(source(snapshot.ahead)) | definition_of(snapshot, "people_short")
    if not usable(snapshot):
        made_at = snapshot.ahead.made_at if snapshot.ahead else None
        day = snapshot.local.strftime("%A")
        seconds = (snapshot.at - made_at).total_seconds() if made_at else 0
        part = snapshot.live is not None and snapshot.live.is_part
        nothing = NO_FORECAST_OF_PART if part else NO_FORECAST.format(day=day)
        said = nothing if made_at is None else OLD_FORECAST.format(age=wording.age(seconds))
        return {"titles": [], "rows": [], "line": said, "status": "none", **aged}
    coming = still_to_come(snapshot.ahead, snapshot.at)
    halves = together(coming)[:SHOWN]
    planned = any(one.short is not None for one in halves)
    rows = [_row(one, snapshot, planned=planned) for one in halves]
    titles = ["From", "Short", "Chance"] if planned else ["From", "People", ""]
    status = "act" if any(row["status"] == "act" for row in rows) else "watch" if any(row["status"] == "watch" for row in rows) else "ok"
    line = _line(troubled(coming)) if planned else "No schedule"
    return {"titles": titles, "rows": rows, "line": line, "status": status, **aged}


def _row(one: Together, snapshot: Snapshot, *, planned: bool) -> Figure:
    chance = None if one.chance is None else f"{wording.percent(one.chance)}%"
    status = "ok" if not one.short else "act" if one.chance is not None and one.chance < ACT_UNDER_CHANCE else "watch"
    if not planned:
        return {"from": _clock(one.starts_at, snapshot), "short": wording.count(one.required), "chance": "", "status": "ok"}
    return {
        "from": _clock(one.starts_at, snapshot),
        "short": None if one.short is None else wording.count(one.short),
        "chance": chance,
        "status": status,
    }


def _line(lacks: list[tuple[str, int]]) -> str:
    """Spanish 3, General 1; where that does not fit the worst alone, or how many queues."""
    if not lacks:
        return ""
    for shown in range(len(lacks), 0, -1):
        words = ", ".join(f"{name} {people}" for name, people in lacks[:shown])
        if shown < len(lacks):
            words += f", {len(lacks) - shown} more"
        if len(words) <= LINE_LENGTH:
            return words
    return wording.plural(len(lacks), "queue")


def _clock(at: datetime, snapshot: Snapshot) -> str:
    return wording.clock(at.astimezone(snapshot.zone))


def with_forecast(chart: DayChart | None, snapshot: Snapshot, mode: Mode, size: Size) -> DayChart | None:
    """The day's chart with the forecast on it: dashed, with its band, from the last count on; as it was, where there is no forecast.

    The chart counts quarter hours, so a half hour is halved; it stands in the middle of its time.
    """
    if chart is None or not usable(snapshot) or snapshot.history is None:
        return chart
    points = _points(chart, snapshot)
    if len(points) < 2:
        return chart
    spec: dict[str, Any] = copy.deepcopy(chart.spec)
    top = float(points["expected_upper"].max()) * 1.25
    _reach(spec, top)
    encoding = spec["layer"][0]["encoding"]
    x, y = encoding["x"], encoding["y"]
    dataset = spec["layer"][0].get("data", spec.get("data"))

    def layer(mark: dict[str, Any], condition: str, **channels: Any) -> dict[str, Any]:
        return {"data": dataset, "mark": mark, "transform": [{"filter": condition}], "encoding": {"x": x, **channels}}

    tone, known = colours(mode), "isValid(datum.expected)"
    dash = [1.5 * size.line, 1.7 * size.line]
    word = {"type": "text", "text": "forecast", "color": tone["data"], "fontSize": size.mark, "fontWeight": 500}
    word |= {"align": "right", "baseline": "bottom", "dy": -4}
    curve = {"interpolate": "monotone", "color": tone["data"]}
    band = layer({"type": "area", "opacity": 0.22, **curve}, known, y=y | {"field": "expected_lower"}, y2={"field": "expected_upper"})
    line = layer({"type": "line", "strokeWidth": 0.75 * size.line, "strokeDash": dash, **curve}, known, y=y | {"field": "expected"})
    placed = layer(word, "datum.word == 'forecast'", y=y | {"field": "height"})
    spec["layer"] = [spec["layer"][0], band, line, *spec["layer"][1:], placed]
    named = pd.DataFrame({"minute": [points["minute"].max()], "height": [points["expected_upper"].max()], "word": ["forecast"]})
    data = _usual_to_the_left(chart.data, spec)
    return DayChart(spec=spec, data=pd.concat([data, points, named], ignore_index=True))


def _points(chart: DayChart, snapshot: Snapshot) -> pd.DataFrame:
    """Minute since midnight, expected and its band in contacts a quarter hour, within the chart, from the last count on."""
    assert snapshot.history is not None
    midnight = snapshot.history.intervals["interval_start"].iloc[0]
    last = float(chart.data["minute"].max())
    rows = [
        {
            "minute": (one.starts_at + HALF_HOUR / 2 - midnight) / timedelta(minutes=1),
            "expected": one.yhat / 2,
            "expected_lower": one.low / 2,
            "expected_upper": one.high / 2,
        }
        for one in together(still_to_come(snapshot.ahead, snapshot.at))
    ]
    seen = chart.data.dropna(subset=["offered"]).tail(1)
    counted = dict.fromkeys(("expected", "expected_lower", "expected_upper"), float(seen["offered"].iloc[0]) if len(seen) else 0.0)
    first = [{"minute": float(seen["minute"].iloc[0]), **counted}] if len(seen) else []
    begins = float(seen["minute"].iloc[0]) if len(seen) else float("-inf")
    inside = [row for row in rows if begins < row["minute"] <= last]
    return pd.DataFrame([*first, *inside], columns=pd.Index(["minute", "expected", "expected_lower", "expected_upper"])).astype("float64")


def _reach(spec: dict[str, Any], top: float) -> None:
    """Raise the axis of every layer so that the forecast fits, to a height that rarely changes."""
    for one in spec["layer"]:
        y = one.get("encoding", {}).get("y", {})
        if y.get("scale", {}).get("domain", [0, top])[1] < top:
            step = 10 ** (len(str(int(top))) - 1)
            reached = next(step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * factor >= top)
            y["scale"]["domain"] = [0, reached]
            if y.get("axis"):
                y["axis"]["values"] = [0, reached / 2]


def _words_of(one: dict[str, Any]) -> str:
    mark = one.get("mark")
    return str(mark.get("text", "")) if isinstance(mark, dict) else ""


def _usual_to_the_left(data: pd.DataFrame, spec: dict[str, Any]) -> pd.DataFrame:
    """Ahead of now the forecast has the room: the word of the usual day goes to the beginning, or away if the word today is there."""
    rest = data[data["word"] != "usual"]
    first = float(rest["minute"].min())
    beginning = rest[rest["minute"] <= first + USUAL_MINUTES]
    if not len(data[data["word"] == "usual"]) or "today" in set(beginning["word"]):
        return rest
    for one in spec["layer"]:
        if _words_of(one).startswith("usual "):
            one["mark"] |= {"text": "usual", "align": "left", "baseline": "bottom", "dy": -4}
    height = beginning[["offered", "usual_upper"]].max().max()
    return pd.concat([rest, pd.DataFrame({"minute": [first], "height": [height], "word": ["usual"]})], ignore_index=True)
