"""The curves of an after-action packet on the storm clock: what held and was said; requests, posts, searches beside the usual. Pure.

The x axis is hours from the onset and nothing else, the same on every chart.
"""

from typing import Any, cast

import altair as alt
import pandas as pd

from dashboard.after_action_rows import Packet
from dashboard.charts import FONT, DayChart
from dashboard.emergency_rows import Clock
from dashboard.paper_blocks import clipped
from dashboard.situation_chart import PAGE, drawn
from dashboard.situation_sections import level_changes
from dashboard.tokens import colours

DATASET = "hours"
CHART_HEIGHT_PX, LANE_HEIGHT_PX = 44, 14
ROOM = 1.15  # above the highest value
MOST_LANES = 8
LETTERS = 40
TIMELINE = "Alerts in force; below them messages, then changes of the level"
LETTER_PX = 5.0  # of the small type, about
KIND_NAMES = {"requests": "Requests opened an hour", "posts": "Posts an hour", "searches": "Searches an hour"}


def counts_svg(packet: Packet, kind: str) -> str | None:
    """One kind an hour against the usual; None: nothing was counted.

    Args:
        packet: what is known.
        kind: requests, posts or searches.
    """
    hours = packet.hours
    data = pd.DataFrame({"hour": hours["hour"] + 0.5, "seen": hours[kind], "usual": hours[f"{kind}_usual"]}).astype("float64")
    top = data[["seen", "usual"]].max().max()
    if pd.isna(top) or top <= 0:
        return None
    tone, x = colours("light"), _x(packet.clock)
    base = alt.Chart(alt.NamedData(name=DATASET)).encode(x=x)

    def line(column: str, **marked: Any) -> alt.Chart:
        axis = alt.Axis(values=[0, float(top)], format=",.0f")
        y = alt.Y(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, float(top) * ROOM], nice=False), axis=axis)
        return cast(alt.Chart, base.transform_filter(f"isValid(datum.{column})").mark_line(**marked).encode(y=y))

    layers = [
        line("usual", color=tone["usual"], strokeWidth=PAGE.line * 0.8),
        line("seen", color=tone["data"], strokeWidth=PAGE.line * 1.4),
    ]
    return drawn(_dressed(cast(alt.LayerChart, alt.layer(*layers)), data, CHART_HEIGHT_PX), DATASET)


def timeline_svg(packet: Packet) -> str | None:
    """Alerts as bars from when until when, messages and changes of the level as marks; None: there were none."""
    rows = [*_alerts(packet), *_said(packet)]
    if not rows:
        return None
    data = pd.DataFrame(rows)
    tone, clock = colours("light"), packet.clock
    lanes = list(dict.fromkeys(data["lane"]))
    base = alt.Chart(alt.NamedData(name=DATASET)).encode(
        x=_x(clock), y=alt.Y("lane:N", title=None, sort=lanes, axis=alt.Axis(labels=False, grid=False))
    )
    bars = base.transform_filter("datum.kind == 'alert'").mark_bar(color=tone["usual"], opacity=0.45, height=10).encode(x2="until:Q")
    marks = base.transform_filter("datum.kind == 'said'").mark_point(
        color=tone["data"], filled=True, shape="triangle-up", size=34, opacity=1
    )
    words = base.mark_text(align="left", dx=3, fontSize=PAGE.mark - 1, color=tone["text"]).encode(x=alt.X("word_at:Q"), text="text:N")
    return drawn(_dressed(cast(alt.LayerChart, alt.layer(bars, marks, words)), data, LANE_HEIGHT_PX * len(lanes)), DATASET)


def _alerts(packet: Packet) -> list[dict[str, Any]]:
    """A bar an event, through its updates, in the order in which they were told."""
    clock, rows = packet.clock, []
    for chain_id, chain in packet.alerts.groupby("chain_id", sort=False):
        last = chain.iloc[-1]
        begins = clock.hour(chain["onset_at"].fillna(chain["sent_at"]).min().to_pydatetime())
        ends = last["held_until"] if pd.notna(last["held_until"]) else last["until"]
        left = max(float(clock.first), begins)
        right = min(float(clock.last), clock.hour(ends.to_pydatetime()))
        if right > left:
            place = _word_at(left, clipped(str(last["event"]), LETTERS), clock)
            rows.append(
                {
                    "lane": f"alert {chain_id}",
                    "kind": "alert",
                    "hour": left,
                    "until": right,
                    "text": clipped(str(last["event"]), LETTERS),
                    "word_at": place,
                }
            )
    return rows[:MOST_LANES]


def _word_at(hour: float, words: str, clock: Clock) -> float:
    """Where words begin so that they end on the chart."""
    wide = len(words) * LETTER_PX / 480 * (clock.last - clock.first)
    return max(float(clock.first), min(hour, clock.last - wide))


def _said(packet: Packet) -> list[dict[str, Any]]:
    """Messages and changes of the level, each kind in a lane of its own."""
    clock = packet.clock
    messages = [clock.hour(one.happened_at) for one in packet.situation.entries if one.kind == "message"]
    levels = [clock.hour(one.changed_at) for one in level_changes(packet.situation.changes)]
    return [
        {"lane": lane, "kind": "said", "hour": hour, "until": hour, "text": "", "word_at": hour}
        for lane, hours in (("messages", messages), ("levels", levels))
        for hour in hours
        if clock.first <= hour <= clock.last
    ]


def _x(clock: Clock) -> alt.X:
    label = "datum.value == 0 ? 'onset' : (datum.value > 0 ? '+' : '\N{MINUS SIGN}') + abs(datum.value) + ' h'"
    return alt.X(
        "hour:Q",
        title=None,
        scale=alt.Scale(domain=[clock.first, clock.last], nice=False),
        axis=alt.Axis(values=clock.ticks, labelExpr=label, labelFlush=True),
    )


def _dressed(chart: alt.LayerChart, data: pd.DataFrame, height: int) -> DayChart:
    tone = colours("light")
    axis = {
        "labelColor": tone["text2"],
        "labelFontSize": PAGE.label,
        "labelFontWeight": 400,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    }
    dressed = (
        chart.configure(background="transparent", font=FONT)
        .configure_view(stroke=None)
        .configure_axis(**axis)
        .configure_axisX(grid=False, domain=True, domainColor=tone["text3"])
        .configure_axisY(grid=True, gridColor=tone["line"], gridWidth=1)
        .configure_legend(disable=True)
    )
    return DayChart(spec=dressed.properties(width="container", height=height).to_dict(), data=data)
