"""Faults, each put into the running stack in turn while a wall is open in a real browser: when it lives again, and what it said meanwhile.

A fault ends when what was broken answers again; a wall lives again once it shows a mark (tests/bench/feeder.py) of after that, and all feeds
live. While a fault lasts, the age that the wall tells is held against the true one. Afterwards the tables are held against what was sent.
"""

import itertools
import os
import re
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import whole_city
from tests.bench.processes import load, wait_until
from tests.bench.wall_watch import Sample, Wall, opened
from tests.bench.whole_city import City, Feed

WALL = "/?wall=live"
RUN = "fault"
RATE = 20.0  # events a second meanwhile
CALM_SECONDS, LIVE_SECONDS, FLOOD_SECONDS = 2.0, 120.0, 300.0
DRAINED_SECONDS = 60.0
BEHIND_SECONDS = 2.0  # a figure may be older than the age it tells by so much
ROUNDING_SECONDS = 1.5  # ages are told in whole seconds, once a second
BACKLOG_EVENTS, GARBAGE_EVENTS = 1_000_000, 100_000
JUMP_SECONDS = 3600.0
PATIENT = {"CONTACT_GIVEN_UP_AFTER_SECONDS": "86400"}  # the marks wait for as long as all rounds take
FAKETIME = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
SPANS = re.compile(r"\d+:\d\d(:\d\d)?")
TAKEN = "SELECT coalesce(sum(next_offset), 0) FROM stream_offset"
SMALL_DISK, FILL_BLOCK = "700m", b"\0" * 2**20


@dataclass
class Stage:
    """What a fault is put into."""

    city: City
    feed: Feed
    wall: Wall
    notes: list[str] = field(default_factory=list)
    refused_before: int = 0
    taken_before: int = 0


Step = Callable[[Stage], None]


@dataclass(frozen=True)
class Fault:
    """`begin` breaks, `end` mends and returns once what was broken answers; `before` and `after` make and undo what it needs."""

    name: str
    begin: Step
    end: Step
    lasts_seconds: float = 12.0
    before: Step = lambda stage: None
    after: Step = lambda stage: None
    small_disk: bool = False


@dataclass(frozen=True)
class Found:
    """What one fault did. Seconds; `behind` is how much older the figure was than the age it told, at worst."""

    name: str
    recovery: float | None
    mending: float
    behind: float
    frozen_seconds: float
    said: tuple[str, ...]
    lost: int
    doubled: int
    load: str
    notes: tuple[str, ...]


def _kill(which: str) -> Step:
    return lambda stage: getattr(stage.city, which).kill()


def _start_consumer(stage: Stage) -> None:
    before = stage.city.ask(TAKEN)
    stage.city.consumer.start()
    wait_until(lambda: stage.city.ask(TAKEN) != before, "the consumer's first commit", 60)


def _kill_server(which: str) -> Step:
    def kill(stage: Stage) -> None:
        process = getattr(stage.city, which).process
        process.kill()
        process.wait()

    return kill


def _restart_server(which: str) -> Step:
    return lambda stage: stage.city.restart(getattr(stage.city, which))


def _ways(names: tuple[str, ...], does: str) -> Step:
    def act(stage: Stage) -> None:
        for name in names:
            getattr(stage.city.ways[name], does)()

    return act


def _signal_postgres(number: signal.Signals) -> Step:
    """To the server and each of its processes: a stopped postmaster alone does not stop the sessions."""

    def send(stage: Stage) -> None:
        server = stage.city.postgres.process
        assert server is not None
        for pid in (server.pid, *_children(server.pid)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    return send


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _fill_disk(stage: Stage) -> None:
    with (stage.city.postgres.home / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(FILL_BLOCK):
                pass
        except OSError:
            stage.notes.append("the database's file system was full")


def _empty_disk(stage: Stage) -> None:
    (stage.city.postgres.home / "filler").unlink()
    server = stage.city.postgres
    if server.process is None or server.process.poll() is not None:
        stage.notes.append("Postgres had ended itself")
        stage.city.restart(server)
    server.wait_ready()


def _browser_clock(seconds: float) -> Step:
    script = f"() => {{ const real = (window.realNow ??= Date.now.bind(Date)); Date.now = () => real() + {1000 * seconds:g} }}"
    return lambda stage: stage.wall.page.evaluate(script)


def _clock_file(stage: Stage) -> Path:
    return stage.city.folder / "clock"


def _with_false_clock(stage: Stage) -> None:
    library = next((one for one in FAKETIME if Path(one).exists()), None)
    if library is None:
        raise RuntimeError("libfaketime is not installed: as root, `apt-get install faketime`")
    _set_clock(0)(stage)
    stage.city.dashboard.kill()
    stage.city.dashboard.environment |= {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(_clock_file(stage)),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    stage.city.start_dashboard()


def _with_true_clock(stage: Stage) -> None:
    for name in ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_CACHE_DURATION", "FAKETIME_DONT_FAKE_MONOTONIC"):
        stage.city.dashboard.environment.pop(name, None)
    stage.city.dashboard.kill()
    stage.city.start_dashboard()


def _set_clock(seconds: float) -> Step:
    return lambda stage: (_clock_file(stage).write_text(f"{seconds:+g}"), None)[1]


def _tell(word: str) -> Step:
    return lambda stage: (stage.feed.tell(word), None)[1]


def _flood(stage: Stage) -> None:
    """Garbage as fast as it goes; a consumer that stops because of it is started again, as a service would be."""
    stage.refused_before = _refused(stage)
    stage.feed.send(f"garbage {GARBAGE_EVENTS}")


def _after_flood(stage: Stage) -> None:
    """The flood ends when all of it was taken away."""
    stage.feed.heard()
    starts = 0

    def taken() -> bool:
        nonlocal starts
        if not stage.city.consumer.runs:
            starts += 1
            stage.city.consumer.start()
        return _refused(stage) - stage.refused_before >= GARBAGE_EVENTS

    wait_until(taken, "all garbage to be taken away", FLOOD_SECONDS, every=0.1)
    stage.notes.append(f"flood of {GARBAGE_EVENTS:,}: the consumer stopped itself and was started again {starts} times")


def _refused(stage: Stage) -> int:
    return int(stage.city.ask("SELECT count(*) FROM dead_letter")[0])


def _going_on(stage: Stage) -> None:
    """A consumer that takes garbage away for as long as it comes."""
    stage.city.consumer.kill()
    stage.city.consumer.environment["REFUSED_SHARE_LIMIT"] = "1"
    _start_consumer(stage)


def _stopping_again(stage: Stage) -> None:
    stage.city.consumer.kill()
    del stage.city.consumer.environment["REFUSED_SHARE_LIMIT"]
    _start_consumer(stage)


def _backlog(stage: Stage) -> None:
    stage.city.consumer.kill()
    stage.taken_before = int(stage.city.ask(TAKEN)[0])
    began = time.monotonic()
    stage.feed.tell(f"backlog {BACKLOG_EVENTS}")
    stage.notes.append(f"publishing them took {time.monotonic() - began:.0f} s")


def _take_backlog(stage: Stage) -> None:
    """It ends when the consumer has caught up."""
    stage.city.consumer.start()
    began = time.monotonic()
    wait_until(lambda: int(stage.city.ask(TAKEN)[0]) - stage.taken_before >= BACKLOG_EVENTS, "the backlog", 300, every=0.2)
    stage.notes.append(f"taking them up took {time.monotonic() - began:.0f} s")


DATABASE_WAYS, BROKER_WAYS = ("dashboard-postgres", "consumer-postgres"), ("consumer-kafka", "publisher-kafka")
FAULTS = (
    Fault("consumer SIGKILL", _kill("consumer"), _start_consumer),
    Fault("broker SIGKILL", _kill_server("kafka"), _restart_server("kafka")),
    Fault("Postgres SIGKILL", _kill_server("postgres"), _restart_server("postgres")),
    Fault("Postgres takes connections and never answers", _ways(DATABASE_WAYS, "hang"), _ways(DATABASE_WAYS, "restore"), 25.0),
    Fault("Postgres SIGSTOP", _signal_postgres(signal.SIGSTOP), _signal_postgres(signal.SIGCONT), 25.0),
    Fault("the database's disk is full", _fill_disk, _empty_disk, 20.0, small_disk=True),
    Fault("dashboard – Postgres cut", _ways(("dashboard-postgres",), "cut"), _ways(("dashboard-postgres",), "restore")),
    Fault("consumer – Postgres cut", _ways(("consumer-postgres",), "cut"), _ways(("consumer-postgres",), "restore")),
    Fault("consumer – Kafka cut", _ways(("consumer-kafka",), "cut"), _ways(("consumer-kafka",), "restore")),
    Fault("publisher – Kafka cut", _ways(("publisher-kafka",), "cut"), _ways(("publisher-kafka",), "restore")),
    Fault("Kafka silent to both", _ways(BROKER_WAYS, "hang"), _ways(BROKER_WAYS, "restore"), 25.0),
    Fault("browser – dashboard cut", _ways(("browser-dashboard",), "cut"), _ways(("browser-dashboard",), "restore")),
    Fault("browser – dashboard silent", _ways(("browser-dashboard",), "hang"), _ways(("browser-dashboard",), "restore"), 25.0),
    Fault("dashboard SIGKILL", _kill("dashboard"), lambda stage: stage.city.start_dashboard()),
    Fault("browser's clock an hour ahead", _browser_clock(JUMP_SECONDS), _browser_clock(0)),
    Fault("browser's clock an hour behind", _browser_clock(-JUMP_SECONDS), _browser_clock(0)),
    Fault("server's clock an hour ahead", _set_clock(JUMP_SECONDS), _set_clock(0), before=_with_false_clock, after=_with_true_clock),
    Fault("server's clock an hour behind", _set_clock(-JUMP_SECONDS), _set_clock(0), before=_with_false_clock, after=_with_true_clock),
    Fault("a source's clock an hour ahead", _tell(f"skew {JUMP_SECONDS:g}"), _tell("skew 0")),
    Fault("garbage flood, the consumer stops itself", _flood, _after_flood, 2.0),
    Fault("garbage flood, REFUSED_SHARE_LIMIT=1", _flood, _after_flood, 2.0, before=_going_on, after=_stopping_again),
    Fault("a backlog of a million events", _backlog, _take_backlog, 2.0),
)


def measure(names: tuple[str, ...] = (), *, rounds: int = 1) -> Iterator[Found]:
    """Each fault in turn, `rounds` times; those whose name holds one of `names`, or all."""
    chosen = [fault for fault in FAULTS if not names or any(name in fault.name for name in names)]
    for small_disk in (False, True):
        faults = [fault for fault in chosen if fault.small_disk is small_disk]
        if not faults:
            continue
        small = {"max_wal_size": "128MB", "min_wal_size": "32MB"} if small_disk else {}
        with whole_city.running(settings=PATIENT, postgres_settings=small, tmpfs=SMALL_DISK if small_disk else "") as city:
            feed = city.feed(rate=RATE, run=RUN)
            try:
                with opened(f"{city.url}{WALL}") as wall:
                    for fault in faults:
                        for _ in range(rounds):
                            stage = Stage(city, feed, wall)
                            try:
                                yield _one(fault, stage)
                            except TimeoutError as error:  # it did not come back; the next fault waits for a wall that lives
                                yield Found(fault.name, None, 0, 0, 0, (), 0, 0, load(), (*stage.notes, str(error)))
            finally:
                feed.end()


def _one(fault: Fault, stage: Stage) -> Found:
    try:
        fault.before(stage)
        return _injected(fault, stage)
    finally:
        fault.after(stage)


def _injected(fault: Fault, stage: Stage) -> Found:
    if _until_live(stage, time.time()) is None:
        raise TimeoutError(f"{fault.name}: the wall did not live before it: {_words(stage.wall.watch(1))}")
    stage.wall.watch(CALM_SECONDS)
    began = time.time()
    fault.begin(stage)
    during = stage.wall.watch(max(0.0, began + fault.lasts_seconds - time.time()))
    mending_at = time.time()
    fault.end(stage)
    ended = time.time()
    during += stage.wall.samples()
    lived = _until_live(stage, ended)
    totals = stage.feed.tell("totals")
    exact = whole_city.drained(stage.city, totals, RUN, DRAINED_SECONDS)
    stage.feed.tell("go")
    told = [one for one in during if one.at >= began]
    return Found(
        fault.name,
        None if lived is None else max(0.0, lived - ended),
        ended - mending_at,
        max((_behind(stage.feed, one) for one in told), default=0.0),
        frozen(stage.feed, told),
        _words(told),
        exact["lost"],
        exact["doubled"],
        load(),
        tuple(stage.notes),
    )


def _until_live(stage: Stage, since: float) -> float | None:
    """When the wall first showed a mark of after an instant, with all feeds live; None: not in time."""
    deadline = time.time() + LIVE_SECONDS
    wanted = stage.feed.due(since)
    while time.time() < deadline:
        for one in stage.wall.watch(0.3):
            if (
                one.at >= since
                and (one.waiting or 0) >= wanted
                and one.fresh == "live"
                and "All feeds live" in one.feeds
                and not one.banner
            ):
                return one.at
        if not stage.city.consumer.runs:
            stage.notes.append(f"the consumer had ended: {stage.city.consumer.last_words(200)!r}")
            stage.city.consumer.start()
    return None


def true_age(feed: Feed, one: Sample) -> float:
    """How long ago the first mark fell due that is not in the number; 0: all are."""
    return max(0.0, one.at - feed.at(one.waiting or 0))


def _behind(feed: Feed, one: Sample) -> float:
    """By how much the figure is older than the wall says; 0 where it says that it does not know, or that it hears nothing."""
    if one.waiting is None or one.banner or one.fresh in ("unknown", "gone"):
        return 0.0
    return max(0.0, true_age(feed, one) - (one.told_age or 0.0))


def frozen(feed: Feed, samples: list[Sample]) -> float:
    """For how long the wall looked live with a figure older than it said."""
    steps = [min(1.0, after.at - one.at) for one, after in itertools.pairwise(samples) if _looks_live(feed, one)]
    return sum(steps)


def _looks_live(feed: Feed, one: Sample) -> bool:
    return one.says_live and _behind(feed, one) > BEHIND_SECONDS + ROUNDING_SECONDS


def _words(samples: list[Sample]) -> tuple[str, ...]:
    """What the wall said, in the order in which it first did: state, head, feeds, banner."""
    said: dict[str, None] = {}
    for one in samples:
        banner = SPANS.sub("m:ss", one.banner)[:160]
        words = f"{one.fresh}, {one.headline!r}, {one.feeds!r}" + (f", banner {banner!r}" if banner else "")
        said.setdefault(words)
    return tuple(said)


def line(found: Found) -> str:
    """One round of one fault, with what the wall said meanwhile."""
    lived = "did not live again" if found.recovery is None else f"lives {found.recovery:.1f} s after"
    said = "".join(f"\n      {words}" for words in (*found.said, *found.notes))
    honest = f"at most {found.behind:.1f} s older than it told, {found.frozen_seconds:.1f} s frozen"
    return f"  {found.name}: {lived}, {honest}, {found.lost} lost, {found.doubled} doubled; {found.load}{said}"


def summary(found: list[Found]) -> list[str]:
    """A line a fault: its recoveries, and the worst of everything else over its rounds."""
    lines = [f"  {'fault':46} {'live after':>22} {'mended in':>10} {'behind':>8} {'frozen':>8} {'lost':>5} {'doubled':>8}"]
    for name in dict.fromkeys(one.name for one in found):
        rounds = [one for one in found if one.name == name]
        recovered = [one.recovery for one in rounds if one.recovery is not None]
        times = " ".join(f"{one:.1f}" for one in recovered) + (" NEVER" if len(recovered) < len(rounds) else "")
        lines.append(
            f"  {name:46} {times + ' s':>22} {statistics.median(one.mending for one in rounds):8.1f} s {max(one.behind for one in rounds):6.1f} s"
            f" {max(one.frozen_seconds for one in rounds):6.1f} s {sum(one.lost for one in rounds):5} {sum(one.doubled for one in rounds):8}"
        )
    every = sorted(one.recovery for one in found if one.recovery is not None)
    if every:
        p95 = every[min(len(every) - 1, int(0.95 * len(every)))]
        lines.append(f"  all: median {statistics.median(every):.1f} s, 95th percentile {p95:.1f} s of {len(found)}")
    return lines
