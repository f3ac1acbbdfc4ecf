"""A wall open in a real browser for hours at ten times the usual rate: does memory grow, is a refresh missed, is a timer left over?

`make soak HOURS=2`. Every minute a line of figures goes to a file that begins anew when it is long, so that it runs for a month as well. A
slope comes with its standard error; it is called flat when zero lies within two of them, or when it is too small to matter.
"""

import contextlib
import math
import platform
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import psycopg
from playwright.sync_api import CDPSession, Error

from streams.events import RequestSnapshot
from tests import request_samples
from tests.bench import walls, whole_city
from tests.bench.processes import load, rss_megabytes
from tests.bench.surge import USUAL_EVENTS_A_SECOND
from tests.bench.wall_watch import Wall, opened
from tests.bench.whole_city import City

TIMES = 10.0
PAGE = "/?wall=live"
REQUESTS = 1500
SAMPLE_SECONDS = 60.0
WARM_MINUTES = 5  # left out of the slopes: caches fill, and what is warm is frozen
MISSED_SECONDS = 6.0  # the page's own heartbeat is 5 s, and the stream comes every second
LOG_LINES = 50_000  # a month has 43,200 minutes
SMALL_SLOPES = {"server_mb": 2.0, "consumer_mb": 1.0, "heap_mb": 1.0, "nodes": 20.0, "listeners": 5.0, "timers": 1.0}  # an hour
# Timers that are set and not cleared, and the figures' numbers that the page has seen, counted from before any script runs.
COUNTERS = """(() => {
  const running = (window.soakTimers = new Set()), set = window.setInterval, clear = window.clearInterval
  window.setInterval = (...all) => { const id = set(...all); running.add(id); return id }
  window.clearInterval = (id) => { running.delete(id); return clear(id) }
  const seen = (window.soakSeen = { messages: 0, gaps: 0, longest: 0, last: 0 }), Source = window.EventSource
  window.EventSource = class extends Source {
    constructor(...all) {
      super(...all)
      this.addEventListener("message", () => {
        const now = performance.now(), waited = seen.last ? now - seen.last : 0
        seen.last = now; seen.messages += 1; seen.longest = Math.max(seen.longest, waited)
        if (waited > 1000 * MISSED) seen.gaps += 1
      })
    }
  }
})()""".replace("MISSED", str(MISSED_SECONDS))
TAKE_SEEN = "() => { const s = { ...window.soakSeen, timers: window.soakTimers.size }; window.soakSeen.longest = 0; return s }"


@dataclass(frozen=True)
class Minute:
    """What was found in one minute. Megabytes; `longest` is the longest pause between two messages of the stream, in seconds."""

    hours: float
    server_mb: float
    consumer_mb: float
    heap_mb: float
    nodes: float
    listeners: float
    timers: float
    messages: int
    gaps: int
    longest: float
    changes: int


@dataclass(frozen=True)
class Slope:
    """How one figure moved: by the hour, with the standard error of that."""

    name: str
    first: float
    last: float
    an_hour: float
    error: float

    @property
    def flat(self) -> bool:
        """Whether it does not grow, as far as can be told, or by less than matters."""
        return self.an_hour - 2 * self.error <= 0 or self.an_hour <= SMALL_SLOPES[self.name]


def slope(name: str, hours: Sequence[float], values: Sequence[float]) -> Slope:
    """The line of least squares through the values.

    The error takes neighbouring minutes that resemble each other for fewer than they are (by the correlation of one with the next).
    """
    count = len(values)
    if count < 4:
        return Slope(name, values[0], values[-1], 0.0, math.inf)
    middle, mean = math.fsum(hours) / count, math.fsum(values) / count
    spread = math.fsum((hour - middle) ** 2 for hour in hours)
    an_hour = math.fsum((hour - middle) * (value - mean) for hour, value in zip(hours, values, strict=True)) / spread
    left = [value - mean - an_hour * (hour - middle) for hour, value in zip(hours, values, strict=True)]
    squares = math.fsum(one * one for one in left)
    alike = math.fsum(left[at] * left[at + 1] for at in range(count - 1)) / squares if squares else 0.0
    inflation = (1 + max(0.0, alike)) / max(0.05, 1 - max(0.0, alike))
    return Slope(name, values[0], values[-1], an_hour, math.sqrt(squares / (count - 2) / spread * inflation))


class Browser:
    """The wall's browser, and what it holds."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._session: CDPSession = wall.page.context.new_cdp_session(wall.page)
        self._session.send("Performance.enable")

    def measure(self) -> dict[str, float]:
        """Heap, nodes and listeners after a collection of what is not used any more; timers and messages of the stream."""
        self._session.send("HeapProfiler.collectGarbage")
        found = {one["name"]: float(one["value"]) for one in self._session.send("Performance.getMetrics")["metrics"]}
        seen: dict[str, Any] = self._wall.page.evaluate(TAKE_SEEN)
        return {
            "heap_mb": found["JSHeapUsedSize"] / 1e6,
            "nodes": found["Nodes"],
            "listeners": found["JSEventListeners"],
            "timers": float(seen["timers"]),
            "messages": seen["messages"],
            "gaps": seen["gaps"],
            "longest": seen["longest"] / 1000,
        }


def run(hours: float, *, log: Path, say: Callable[[str], None], times: float = TIMES, page: str = PAGE) -> list[Minute]:
    """Watch for so many hours; the minutes that the log has room for."""
    minutes: list[Minute] = []
    with whole_city.running() as city, contextlib.ExitStack() as undo:
        walls.fill(city)
        _requests(city)
        feed = city.feed(rate=USUAL_EVENTS_A_SECOND * times, mark_seconds=2.0, run="soak")
        undo.callback(feed.end)
        wall = undo.enter_context(opened(city.url + page, COUNTERS))
        browser, began = Browser(wall), time.monotonic()
        while (passed := time.monotonic() - began) < 3600 * hours:
            shown = wall.watch(min(SAMPLE_SECONDS, 3600 * hours - passed))
            try:
                found = browser.measure()
            except Error as error:  # the page loads itself anew, as it does when it cannot go on
                say(f"the browser could not be asked: {str(error).splitlines()[0]}")
                continue
            minutes.append(
                Minute(
                    hours=(time.monotonic() - began) / 3600,
                    server_mb=rss_megabytes(city.dashboard.pid),
                    consumer_mb=rss_megabytes(city.consumer.pid),
                    changes=len({one.offered for one in shown}),
                    **found,  # type: ignore[arg-type]
                )
            )
            del minutes[:-LOG_LINES]
            _note(log, minutes[-1])
    return minutes


def _requests(city: City) -> None:
    """A day of requests all over the city, so that a wall with a map has one to draw."""
    now = datetime.now(UTC)
    told = [
        RequestSnapshot(
            f"soak-{number}",
            "open",
            now - timedelta(days=number / REQUESTS),
            service_name=f"Type {number % 20}",
            department="Streets",
            lat=39.92 + number % 37 / 300,
            long=-75.22 + number % 41 / 300,
        )
        for number in range(REQUESTS)
    ]
    with psycopg.connect(city.postgres.url, autocommit=True) as connection:
        request_samples.write(connection, told)


def _note(log: Path, minute: Minute) -> None:
    """One line more; a log of more than a month begins anew, and the one before stays beside it."""
    if log.exists() and log.stat().st_size > 200 * LOG_LINES:
        log.rename(log.with_suffix(".before"))
    fresh = not log.exists()
    with log.open("a") as lines:
        if fresh:
            lines.write(",".join(one.name for one in fields(Minute)) + "\n")
        lines.write(",".join(f"{value:.4f}" if isinstance(value, float) else str(value) for value in asdict(minute).values()) + "\n")


def verdict(minutes: Sequence[Minute]) -> list[str]:
    """What the minutes say, without those of the warm-up."""
    steady = [one for one in minutes if one.hours * 60 > WARM_MINUTES] or list(minutes)
    hours = [one.hours for one in steady]
    lines = [f"  {len(steady)} minutes after a warm-up of {WARM_MINUTES}"]
    for name in SMALL_SLOPES:
        found = slope(name, hours, [float(getattr(one, name)) for one in steady])
        word = "flat" if found.flat else "GROWS"
        lines.append(f"  {name:12} {found.first:9.1f} → {found.last:9.1f}   {found.an_hour:+8.2f} ± {found.error:.2f} an hour   {word}")
    still = sum(one.changes < 2 for one in steady)
    longest = max(one.longest for one in steady)
    lines.append(
        f"  stream: {steady[-1].messages:,} messages, {steady[-1].gaps} pauses over {MISSED_SECONDS:g} s (longest {longest:.1f} s); "
        f"{still} minutes in which the wall's figure stood still; {load()}"
    )
    return lines


@click.command()
@click.option("--hours", type=click.FloatRange(min=0.05, max=24 * 40), default=2.0, show_default=True, help="How long; 720 is a month.")
@click.option("--times", type=float, default=TIMES, show_default=True, help="How many times the usual rate.")
@click.option(
    "--page", default=PAGE, show_default=True, help="Which wall, for example `/?wall=live,map,emergency`; Live is one of its pages."
)
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), default=Path(".city311/soak.csv"), show_default=True)
def main(hours: float, times: float, page: str, log: Path) -> None:
    """Watch a wall in a real browser, and say whether anything grows. Ctrl-C ends it early, and says so far."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    click.echo(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {hours:g} h at {times:g} times the usual rate, {page}; {log}"
    )
    try:
        run(hours, log=log, say=click.echo, times=times, page=page)
    except KeyboardInterrupt:
        click.echo("ended early")
    minutes = read(log) if log.exists() else []
    click.echo("\n".join(verdict(minutes)) if minutes else "  not one minute was over")


def read(log: Path) -> list[Minute]:
    """The minutes of a log."""
    rows = [line.split(",") for line in log.read_text().splitlines()[1:]]
    kinds = [int if one.name in ("messages", "gaps", "changes") else float for one in fields(Minute)]
    return [Minute(*(kind(value) for kind, value in zip(kinds, row, strict=True))) for row in rows]


if __name__ == "__main__":
    main()
