"""Small multiples of open requests for the weekly review, for a desk and for paper. Pure: it knows neither Streamlit nor Typst."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import altair as alt
import pandas as pd

from dashboard.charts import FONT
from dashboard.tokens import Mode, colours
from dashboard.weekly_rows import SHOWN_WEEKS
from dashboard.weekly_verdict import Judged

MOST_CHARTS = 4
FEWEST_OPEN = 30  # of fewer a line is noise
ROOM = 1.15  # above the highest value


class Sheet(NamedTuple):
    """Sizes in px of type, lines, the point at the end, and one small chart with the space to the next."""

    label: float
    title: float
    line: float
    point: float
    width: int
    height: int
    gap: int


DESK = Sheet(label=13, title=14, line=2, point=50, width=230, height=176, gap=60)
PAGE = Sheet(label=9, title=9.5, line=1.4, point=22, width=104, height=58, gap=42)


def chosen(departments: Sequence[Judged]) -> list[Judged]:
    """The departments that matter most: those in their rank that have a backlog to speak of."""
    return [one for one in departments if (one.row.open or 0) >= FEWEST_OPEN][:MOST_CHARTS]


def backlog_frame(departments: Sequence[Judged]) -> pd.DataFrame:
    """One row a department and week of the last twelve, oldest first: department, week (−11 to 0), open, lower and upper of the usual."""
    rows = []
    for one in departments:
        shown = one.weeks[-SHOWN_WEEKS:]
        for back, row in enumerate(reversed(shown)):
            if row.open is not None:
                usual = {"lower": one.row.open_usual_lower, "upper": one.row.open_usual_upper}
                rows.append({"department": one.row.name, "week": -back, "open": row.open, **usual})
    frame = pd.DataFrame(rows, columns=["department", "week", "open", "lower", "upper"])
    frame = frame.astype({"open": "float64", "lower": "float64", "upper": "float64"})
    return frame.sort_values(["week"], kind="stable") if len(frame) else frame


def backlogs(departments: Sequence[Judged], mode: Mode, sheet: Sheet) -> dict[str, Any] | None:
    """Open requests at each week's end, a small chart a department, each on its own scale from 0; None when there is none to draw."""
    frame = backlog_frame(departments)
    names = [one.row.name for one in departments if one.row.name in set(frame["department"])]
    if not names:
        return None
    charts = [_one(name, frame[frame["department"] == name], mode, sheet) for name in names]
    tone = colours(mode)
    axis = {"labelColor": tone["text2"], "labelFontSize": sheet.label, "labelFontWeight": 400, "domain": False, "ticks": False}
    dressed = (
        alt.hconcat(*charts, spacing=sheet.gap, bounds="flush")
        .configure(background="transparent", font=FONT, padding=4)
        .configure_view(stroke=None)
        .configure_axis(**axis, labelPadding=6)
        .configure_axisX(grid=False, domain=True, domainColor=tone["text3"])
        .configure_axisY(grid=True, gridColor=tone["line"], gridWidth=1)
        .configure_title(color=tone["text"], fontSize=sheet.title, fontWeight=600, anchor="start", offset=10)
        .configure_legend(disable=True)
    )
    spec: dict[str, Any] = dressed.to_dict()
    return spec


def _one(name: str, frame: pd.DataFrame, mode: Mode, sheet: Sheet) -> alt.LayerChart:
    tone = colours(mode)
    top = ROOM * max(1.0, float(frame[["open", "upper"]].max().max()))
    step = _step(top)
    ticks = [step * number for number in range(int(top / step) + 1)]
    labels = "datum.value == 0 ? 'this week' : '11 weeks ago'"
    x = alt.X(
        "week:Q",
        title=None,
        scale=alt.Scale(domain=[1 - SHOWN_WEEKS, 0], nice=False),
        axis=alt.Axis(values=[1 - SHOWN_WEEKS, 0], labelExpr=labels, labelFlush=True),
    )

    def y(column: str) -> alt.Y:
        axis = alt.Axis(values=ticks, format=",d")
        return alt.Y(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, top], nice=False), axis=axis)

    base = alt.Chart(frame).encode(x=x)
    end = base.transform_filter("datum.week == 0").mark_point(color=tone["data"], filled=True, size=sheet.point, opacity=1)
    layers = [base.mark_line(color=tone["data"], strokeWidth=sheet.line).encode(y=y("open")), end.encode(y=y("open"))]
    if frame["lower"].notna().all():
        band = pd.DataFrame({"week": [1 - SHOWN_WEEKS, 0], "lower": [frame["lower"].iloc[0]] * 2, "upper": [frame["upper"].iloc[0]] * 2})
        layers.insert(0, alt.Chart(band).mark_area(color=tone["usual"], opacity=0.28).encode(x=x, y=y("lower"), y2="upper:Q"))
    return cast(alt.LayerChart, alt.layer(*layers).properties(width=sheet.width, height=sheet.height, title=name))


def _step(top: float) -> float:
    """The distance of two round lines under the top."""
    size = 10.0 ** math.floor(math.log10(top) - 1)
    return next(step for step in (size * factor for factor in (2, 2.5, 4, 5, 10, 15, 20, 25, 40)) if top / step < 3)
