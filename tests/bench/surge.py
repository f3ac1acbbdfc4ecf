"""A surge of twenty times the usual rate for ten minutes: how old Live's figures are throughout, and when nothing waits any more after it."""

import time
from dataclasses import dataclass, replace

from tests.bench import walls, whole_city
from tests.bench.faults import true_age
from tests.bench.processes import load
from tests.bench.wall_watch import Sample, opened

# The simulated city's busiest hour brings about one event a second, a city as large as New York about five.
USUAL_EVENTS_A_SECOND = 5.0
TIMES, MINUTES = 20.0, 10.0
CALM_SECONDS = 20.0
NOTHING_WAITS_EVENTS = 50  # what is on its way at any moment
WATCHED_AFTER_SECONDS = 120.0
WANTED_AGE_SECONDS, WANTED_LAG_SECONDS = 5.0, 60.0
WAITING = "SELECT count(*) FROM contact WHERE answered_at IS NULL AND left_at IS NULL AND ended_at IS NULL"
LAG = "SELECT coalesce(sum(greatest(high_watermark - next_offset, 0)), 0)::bigint FROM stream_offset"


@dataclass(frozen=True)
class Surge:
    """What was found. Seconds; `age` is how far back the newest figure on the wall lies."""

    events_a_second: float
    minutes: float
    age_before_p95: float
    age_p95: float
    age_largest: float
    largest_lag_events: int
    lag_zero_after: float | None
    lost: int
    doubled: int
    load: str

    @property
    def holds(self) -> bool:
        """Whether it was as wanted."""
        quick = self.lag_zero_after is not None and self.lag_zero_after <= WANTED_LAG_SECONDS
        return quick and self.age_p95 <= WANTED_AGE_SECONDS and not self.lost and not self.doubled


def measure(times: float = TIMES, minutes: float = MINUTES, usual: float = USUAL_EVENTS_A_SECOND) -> Surge:
    """Let the rate rise `times` over for so many minutes, with a wall open in a browser, on a database with a past."""
    with whole_city.running() as city:
        walls.fill(city)
        others = int(city.ask(WAITING)[0])  # of the past: they stand in the wall's number too
        feed = city.feed(rate=usual, run="surge")
        try:
            with opened(city.url) as wall:
                wall.watch(CALM_SECONDS)
                before = wall.watch(CALM_SECONDS)
                feed.tell(f"rate {usual * times}")
                during: list[Sample] = []
                lags: list[int] = []
                until = time.monotonic() + 60 * minutes
                while time.monotonic() < until:
                    during += wall.watch(1.0)
                    lags.append(int(city.ask(LAG)[0]))
                said = load()
                feed.tell(f"rate {usual}")
                zero = _nothing_waits(city)
            exact = whole_city.drained(city, feed.tell("totals"), "surge", 60)
        finally:
            feed.end()
    ages, calm = _ages(feed, during, others), _ages(feed, before, others)
    return Surge(
        usual * times, minutes, _p95(calm), _p95(ages), ages[-1], max(lags, default=0), zero, exact["lost"], exact["doubled"], said
    )


def _ages(feed: whole_city.Feed, samples: list[Sample], others: int) -> list[float]:
    shown = [replace(one, waiting=one.waiting - others) for one in samples if one.waiting is not None]
    return sorted(true_age(feed, one) for one in shown) or [float("inf")]


def _nothing_waits(city: whole_city.City) -> float | None:
    """Seconds until next to nothing waits between Kafka and the tables; None: not within two minutes."""
    began = time.monotonic()
    while (took := time.monotonic() - began) < WATCHED_AFTER_SECONDS:
        if int(city.ask(LAG)[0]) <= NOTHING_WAITS_EVENTS:
            return took
        time.sleep(0.2)
    return None


def _p95(values: list[float]) -> float:
    return values[min(len(values) - 1, int(0.95 * len(values)))]


def line(found: Surge) -> str:
    """One line of the output."""
    zero = "not within two minutes" if found.lag_zero_after is None else f"{found.lag_zero_after:.1f} s after it"
    return (
        f"  {found.events_a_second:,.0f} events/s for {found.minutes:g} min: age of Live's figure 95 % {found.age_p95:.2f} s, largest "
        f"{found.age_largest:.1f} s (before: 95 % {found.age_before_p95:.2f} s); at most {found.largest_lag_events} events waited, next to none "
        f"{zero}; {found.lost} lost, {found.doubled} doubled; {found.load}"
    )
