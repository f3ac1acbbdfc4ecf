"""What all screens show at one moment, ready to be sent: the figures of every part, which of them are new, and the charts. Pure.

An edition is immutable and numbered; a page or a stream that has seen number N needs only the figures that changed after N.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard import emergency_charts, emergency_clock, emergency_figures, map_wall_figures
from dashboard.ahead import PlannedHalfHour
from dashboard.ahead_figures import usable, with_forecast
from dashboard.charts import WALL, DayChart, day
from dashboard.charts_on_demand import ChartsOnDemand
from dashboard.display_figures import display
from dashboard.figure import Figure, aged_like
from dashboard.figures import live_figures
from dashboard.figures_quality import quality_figures
from dashboard.figures_system import system_figures
from dashboard.snapshot import Snapshot
from dashboard.tokens import Mode
from dashboard.verdict import Verdict, judge

BOOT = secrets.token_hex(4)  # numbers of editions count from 1 again in each process: this tells the processes apart
DAY_CHART_HEIGHT, SENTENCE_HEIGHT = 212, 30  # px, of the chart on the wall, and of the sentence under it that there is no forecast
STORM_CHART_HEIGHT = 152


@dataclass(frozen=True, slots=True)
class Edition:
    """All figures of one moment; `changed[key]` is the number of the edition that brought the figure in its present form."""

    number: int
    snapshot: Snapshot
    verdict: Verdict
    figures: Mapping[str, Figure]
    changed: Mapping[str, int]
    charts: Mapping[Mode, DayChart | None] = field(default_factory=dict)
    storm_charts: Mapping[Mode, DayChart | None] = field(default_factory=dict)
    _written: dict[tuple[int, frozenset[str] | None], str] = field(default_factory=dict, repr=False, compare=False)

    def written_since(self, number: int, keys: frozenset[str] | None = None) -> str:
        """The same figures as JSON: written once, however many displays of one page wait for them."""
        found = self._written.get((number, keys))
        if found is None:
            found = self._written[number, keys] = _json(self.since(number, keys))
        return found

    def since(self, number: int, keys: frozenset[str] | None = None) -> dict[str, Figure]:
        """The figures that changed after an edition, of these keys or of all."""
        return {key: self.figures[key] for key, at in self.changed.items() if at > number and (keys is None or key in keys)}


LIVE_KEYS = frozenset(
    {"strip", "waiting", "longest", "level", "free", "offered", "answer", "abandoned", "languages", "queues", "next", "ahead", "agents"}
)
SYSTEM_KEYS = frozenset(
    {
        "system_strip",
        "feeds_live",
        "lag",
        "refused",
        "lost",
        "snapshot",
        "watch",
        "feeds",
        "consumers",
        "refusals",
        "defects",
        "suspects",
        "migrations",
    }
)
EMERGENCY_KEYS = frozenset({"em_strip", *emergency_figures.KEYS})
DISPLAY_KEYS = frozenset({"display", *map_wall_figures.KEYS})
WALL_KEYS = LIVE_KEYS | EMERGENCY_KEYS | DISPLAY_KEYS
AGENTS, AGENTS_NAMED = frozenset({"agents"}), frozenset({"agents_named"})
# By the page that a stream is for; a page that is `-named` is for those to whom agents are told apart.
PAGES: Mapping[str, frozenset[str]] = {
    "live": LIVE_KEYS,
    "live-named": LIVE_KEYS - AGENTS | AGENTS_NAMED,
    "map": DISPLAY_KEYS,
    "emergency": EMERGENCY_KEYS,
    "system": SYSTEM_KEYS,
    "wall": WALL_KEYS,
    "wall-named": WALL_KEYS - AGENTS | AGENTS_NAMED,
}


def first(snapshot: Snapshot) -> Edition:
    """The edition before anything was read: every figure is there, and unknown."""
    return _edition(1, snapshot, judge(snapshot), {}, {}, _charts(snapshot), _storm_charts(snapshot))


def follow(before: Edition, snapshot: Snapshot) -> Edition:
    """The next edition. Charts are drawn again only when the day was read again or its forecast is another."""
    history = before.snapshot.history
    same = snapshot.history is history and _halves(snapshot) == _halves(before.snapshot)
    drawn = before.charts if same else _charts(snapshot)
    storm = before.storm_charts if snapshot.emergency is before.snapshot.emergency else _storm_charts(snapshot)
    return _edition(before.number + 1, snapshot, judge(snapshot, before.verdict), before.figures, before.changed, drawn, storm)


def _edition(
    number: int,
    snapshot: Snapshot,
    verdict: Verdict,
    figures_before: Mapping[str, Figure],
    changed_before: Mapping[str, int],
    drawn: Mapping[Mode, DayChart | None],
    storms: Mapping[Mode, DayChart | None],
) -> Edition:
    figures = live_figures(snapshot, verdict) | system_figures(snapshot, verdict) | quality_figures(snapshot)
    storm = emergency_figures.wall_figures(snapshot)
    figures |= storm | map_wall_figures.wall_figures(snapshot, aged_like(storm["em_map"])) | {"display": display(snapshot)}
    changed = {key: changed_before[key] if figures_before.get(key) == figure else number for key, figure in figures.items()}
    return Edition(number=number, snapshot=snapshot, verdict=verdict, figures=figures, changed=changed, charts=drawn, storm_charts=storms)


def _halves(snapshot: Snapshot) -> tuple[PlannedHalfHour, ...]:
    return snapshot.ahead.halves if snapshot.ahead else ()


def _minute(at: datetime) -> datetime:
    """The `now` of a chart: a finer one is not seen, and would be new data for every browser each time."""
    return at.replace(second=0, microsecond=0)


def _charts(snapshot: Snapshot) -> Mapping[Mode, DayChart | None]:
    if snapshot.history is None:
        return {}
    intervals = snapshot.history.intervals
    height = DAY_CHART_HEIGHT if usable(snapshot) else DAY_CHART_HEIGHT - SENTENCE_HEIGHT

    def draw(mode: Mode) -> DayChart | None:
        return with_forecast(day(intervals, _minute(snapshot.at), snapshot.zone, mode, WALL, height), snapshot, mode, WALL)

    return ChartsOnDemand(draw)


def _storm_charts(snapshot: Snapshot) -> Mapping[Mode, DayChart | None]:
    known = snapshot.emergency
    if known is None:
        return {}
    now = known.clock.hour(_minute(known.at))
    said = emergency_clock.messages(known)
    return ChartsOnDemand(lambda mode: emergency_charts.contacts(known.hours, known.clock, now, mode, WALL, STORM_CHART_HEIGHT, said=said))


def message(edition: Edition, now: float, since: int = 0, keys: frozenset[str] | None = None) -> str:
    """What a stream sends: the changed figures, the server's clock (seconds since 1970), and which edition of which process it is."""
    head = _json({"boot": BOOT, "seq": edition.number, "now": now})
    return f'{head[:-1]},"figures":{edition.written_since(since, keys)}}}'


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
