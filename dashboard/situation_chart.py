"""Contacts an hour on the storm clock, drawn for paper by the wall's own chart. Pure."""

import pandas as pd

from dashboard import emergency_charts, typst_paper
from dashboard.charts import DayChart, Size
from dashboard.emergency_rows import Clock

PAGE = Size(label=9, line=1.3, mark=9)
AXIS_PX = 34
WIDTH_PX = 520  # as wide as the page's text in points, so that a px of type is a point of it


def contacts_svg(hours: pd.DataFrame, clock: Clock, now_hour: float, height: int) -> str | None:
    """The chart as SVG; None: nothing is known to draw.

    Args:
        hours: as `Emergency.hours`.
        clock: the hours that are shown.
        now_hour: the instant on that clock.
        height: px.
    """
    chart = emergency_charts.contacts(hours, clock, now_hour, "light", PAGE, height)
    return None if chart is None else drawn(chart)


def drawn(chart: DayChart, name: str = emergency_charts.DATASET) -> str:
    """A specification with its data, as SVG; the axes of all are as wide, so that one clock stands under the other."""
    data = chart.data.astype(object).where(chart.data.notna(), None)
    config = chart.spec.get("config", {})
    config = config | {"axisY": config.get("axisY", {}) | {"minExtent": AXIS_PX, "maxExtent": AXIS_PX}}
    spec = chart.spec | {"width": WIDTH_PX - AXIS_PX, "padding": 4, "config": config}
    return typst_paper.svg(spec | {"autosize": {"type": "pad"}, "datasets": {name: data.to_dict("records")}})
