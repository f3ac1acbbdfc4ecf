"""Starts the whole dashboard, or only its servers, in the foreground; watches over it, and ends everything that it started.

It starts the parts as processes of their own and looks into none of them; what the demo shows, `launch_demo` says.
"""

import contextlib
import math
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import click
import psycopg
from sqlalchemy.exc import SQLAlchemyError

import launch_demo
from sql import child
from sql.embedded import EmbeddedPostgres, EmbeddedPostgresFailed
from sql.engine import DatabaseUnavailable, connect, engine, first_line
from sql.reference import InvalidFile
from sql.settings import InvalidSetting, settings
from streams import broker
from streams.embedded import EmbeddedKafka, EmbeddedKafkaFailed

HISTORY_WEEKS = 5.0
LOOK_EVERY_SECONDS = 0.2
ASK_EVERY_SECONDS = 1.0  # whether what is waited for is there: asking takes time from those who make it
QUICK_CADENCE_SECONDS = 60.0  # of a feed that tells whether the present is reached; the weather's does not
SERVERS_WITHIN_SECONDS = 120.0
DASHBOARD_WITHIN_SECONDS = 60.0
MOVING_WITHIN_SECONDS = 120.0
PORTS_TRIED = 50
ONE_WISH_SECONDS = 1.0  # make and timeout pass on a signal that we got already

Unavailable = (DatabaseUnavailable, broker.BrokerUnavailable)
KnownFailure = (*Unavailable, child.AlreadyRunning, EmbeddedPostgresFailed, EmbeddedKafkaFailed, InvalidFile, InvalidSetting)


class Stopped(BaseException):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or the terminal was closed."""


class Tended(Protocol):
    """What is looked after while it runs."""

    def tend(self) -> str | None:
        """Do what is due; what there is to say, if anything."""


class Progress:
    """One line that says what is waited for: rewritten while a person watches, one line a thing where nobody does."""

    def __init__(self) -> None:
        self._watched = sys.stdout.isatty()
        self._began = time.monotonic()
        self._last = ""
        self.end_wished = False

    def waiting_for(self, what: str) -> None:
        """Say what is waited for; what stands behind a comma is detail that changes as it goes on."""
        if self._watched:
            mark = "|/-\\"[int(time.monotonic() * 5) % 4]
            click.echo(f"\r\x1b[K{mark} waiting for {what} ({time.monotonic() - self._began:.0f} s)", nl=False)
        elif what.partition(",")[0] != self._last:
            self._last = what.partition(",")[0]
            click.echo(f"waiting for {what}")

    def end_if_wished(self) -> None:
        """Raise what a signal raised: Python drops it where it comes at a bad moment, such as within a fork.

        Raises:
            Stopped: somebody asked for the end.
        """
        if self.end_wished:
            raise Stopped

    def going_on(self, what: str) -> None:
        """Say what goes on beside: rewritten while a person watches, else a line for each new word."""
        if self._watched:
            click.echo(f"\r\x1b[K{what}", nl=False)
        elif what != self._last:
            click.echo(what)
        self._last = what

    def say(self, text: str) -> None:
        """A line that stays."""
        click.echo(f"\r\x1b[K{text}" if self._watched else text)


@dataclass
class Server:
    """A server: one that the settings name, one that another process embeds, or an embedded one of our own."""

    name: str
    embedded: EmbeddedPostgres | EmbeddedKafka | None
    ask: Callable[[], str]
    progress: Progress
    ours: bool = False

    def start(self, *, share: bool) -> None:
        """Start it if it is ours to start. With `share`, one that another process embeds will do."""
        if self.embedded is None:
            return
        self.progress.waiting_for(f"{self.name} to start")
        try:
            self.embedded.start(self.progress.waiting_for)
            self.ours = True
        except child.AlreadyRunning:
            if not share:
                raise

    def wait_ready(self) -> str:
        """Where it is, once it answers."""
        if self.ours and self.embedded:
            self.embedded.wait_ready(self.progress.waiting_for)
        until = time.monotonic() + (SERVERS_WITHIN_SECONDS if self.embedded else 0)
        while True:
            try:
                return self.ask()
            except Unavailable:
                if time.monotonic() > until:
                    raise
            self.progress.waiting_for(f"{self.name} to answer")
            time.sleep(LOOK_EVERY_SECONDS)

    def tend(self) -> None:
        """Bring it back if it is ours and ended by itself."""
        if self.ours and self.embedded and self.embedded.process and self.embedded.process.poll() is not None:
            status = self.embedded.process.returncode
            self.progress.say(f"{self.name} ended with status {status} (its log is {self.embedded.log}); it starts again.")
            self.embedded.stop()
            self.embedded.start(self.progress.waiting_for)
            self.wait_ready()

    def stop(self) -> None:
        """End it if it is ours."""
        if self.ours and self.embedded:
            self.progress.waiting_for(f"{self.name} to end")
            self.embedded.stop()


def postgres(progress: Progress) -> Server:
    """The Postgres of this project."""

    def ask() -> str:
        with connect() as connection:
            return f"{connection.info.host}:{connection.info.port}"

    chosen = settings()
    return Server("Postgres", None if chosen.database_url else EmbeddedPostgres(chosen.state_dir), ask, progress)


def kafka(progress: Progress) -> Server:
    """The Kafka of this project."""

    def ask() -> str:
        servers = broker.bootstrap_servers()
        broker.ensure_topics(servers)
        return servers

    chosen = settings()
    return Server("Kafka", None if chosen.kafka_bootstrap_servers else EmbeddedKafka(chosen.state_dir), ask, progress)


@contextlib.contextmanager
def in_foreground() -> Iterator[tuple[Progress, contextlib.ExitStack]]:
    """A progress line, and a stack of what to end: newest first, when a signal comes or something fails.

    A signal is exit status 0, a known failure one sentence and 1. A second Ctrl-C kills whatever is being waited for.
    """
    progress, asked_at = Progress(), -math.inf

    def stop(*_: object) -> None:
        nonlocal asked_at
        if time.monotonic() - asked_at > ONE_WISH_SECONDS:
            asked_at = time.monotonic()
            progress.end_wished = True
            raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with contextlib.ExitStack() as undo:
            undo.callback(child.end_started)
            yield progress, undo
    except Stopped:
        progress.say("Ended; the data is kept.")
    except KnownFailure as error:
        progress.say(f"Error: {error}")
        sys.exit(1)
    except (psycopg.Error, SQLAlchemyError) as error:
        progress.say(f"Error: {first_line(error)}.")
        sys.exit(1)


def dashboard_answers(port: int) -> bool:
    """Whether the dashboard serves its pages."""
    try:
        with urllib.request.urlopen(f"http://{child.LOCALHOST}:{port}/_stcore/health", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


class Told(NamedTuple):
    """How far the stream has come.

    Attributes:
        events: in the tables.
        live: whether all those that speak often are up to date.
    """

    events: int
    live: bool


def told_so_far() -> Told:
    """How far the stream has come, as the database knows it."""
    from sql.queries import frame

    with contextlib.suppress(DatabaseUnavailable, SQLAlchemyError), engine(read=True).connect() as connection:
        feeds = frame("feeds", connection)
        quick = feeds[feeds["cadence_seconds"] <= QUICK_CADENCE_SECONDS]
        return Told(int(feeds["events"].sum()), bool(len(quick) and (quick["state"] == "live").all()))
    return Told(0, False)


def wait_until(ready: Callable[[], str | None], parts: Sequence[Tended], progress: Progress, within_seconds: float) -> bool:
    """Wait until `ready` says None rather than what is waited for, and look after the parts; False if it took too long."""
    until, ask_at, what = time.monotonic() + within_seconds, -math.inf, ""
    while True:
        progress.end_if_wished()
        if (now := time.monotonic()) >= ask_at:
            if (still := ready()) is None:
                return True
            what, ask_at = still, now + ASK_EVERY_SECONDS
        for message in filter(None, (part.tend() for part in parts)):
            progress.say(message)
        if now > until:
            return False
        progress.waiting_for(what)
        time.sleep(LOOK_EVERY_SECONDS)


def free_dashboard_port(progress: Progress) -> int:
    """The port of the settings, or the next free one."""
    wanted = settings().dashboard_port
    port = child.free_port(*range(wanted, min(wanted + PORTS_TRIED, 65536)))
    if port != wanted:
        progress.say(f"Port {wanted} is in use, so the dashboard takes {port}; DASHBOARD_PORT sets another.")
    return port


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def main() -> None:
    """Start the 311 dashboard, or only the servers that it stands on. Ctrl-C ends what was started; the data is kept."""


@main.command()
@click.option(
    "--history-weeks",
    default=HISTORY_WEEKS,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Weeks of past, told meanwhile.",
)
def demo(history_weeks: float) -> None:
    """Everything: Postgres, Kafka, a simulated city, the consumer, the dashboard, the city's past and the forecasts."""
    with in_foreground() as (progress, undo):
        state = settings().state_dir
        state.mkdir(parents=True, exist_ok=True)
        undo.enter_context(child.only_one(state, what="The demo"))
        launch_demo.settle_city(progress.say, undo)
        storms = launch_demo.settle_storms(state / "demo-storms", datetime.now(settings().zone).date())
        scenarios = launch_demo.settle_scenarios(state / "demo-scenarios", settings().scenario, datetime.now(settings().zone))
        servers = [postgres(progress), kafka(progress)]
        for server in servers:
            undo.callback(server.stop)
            server.start(share=True)
        servers[0].wait_ready()
        progress.waiting_for("the database's schema")
        launch_demo.make_tables()
        servers[1].wait_ready()
        port = free_dashboard_port(progress)
        planted = [*(f"--storm={storm}" for storm in storms), *(f"--scenario={scenario}" for scenario in scenarios)]
        dashboard = launch_demo.python_part("The dashboard", "dashboard", f"--port={port}")
        consumer = launch_demo.python_part("The consumer", "streams", "consume")
        simulator = launch_demo.python_part("The simulator", "streams", "simulate", "--tell=present", *planted)
        watcher = launch_demo.python_part("The watcher", "streams", "watch", out_of_the_way=True)
        past = launch_demo.Past(planted, history_weeks=history_weeks)
        for stop in (past.stop, watcher.stop, simulator.stop, consumer.stop, dashboard.stop):
            undo.callback(stop)
        for part in (simulator, consumer, dashboard):
            part.start()
        progress.waiting_for("the city's names")
        launch_demo.load_names(storms)
        announce(dashboard, [consumer, simulator], port, progress)
        watcher.start()
        look_after(servers, [dashboard, consumer, simulator, watcher, past], progress, doing=past.doing)


def announce(dashboard: child.Kept, stream: Sequence[child.Kept], port: int, progress: Progress) -> None:
    """Print the address as soon as there is something to see: the city's present."""

    def moving() -> str | None:
        told = told_so_far()
        return None if told.live else f"the city's day so far, {told.events:,} events are in the database"

    def page() -> str | None:
        return None if dashboard_answers(port) else "the dashboard to answer"

    parts = [dashboard, *stream]
    if not wait_until(moving, parts, progress, MOVING_WITHIN_SECONDS):
        progress.say(f"The simulated city is still far behind: {child.last_words(stream[-1].log)}")
    if not wait_until(page, parts, progress, DASHBOARD_WITHIN_SECONDS):
        progress.say(f"The dashboard does not answer yet: {child.last_words(dashboard.log)}")
    progress.say(f"The dashboard is at http://{child.LOCALHOST}:{port} – Ctrl-C ends it.")


def look_after(
    servers: list[Server], parts: Sequence[Tended], progress: Progress, *, doing: Callable[[], str | None] = lambda: None
) -> None:
    """Bring back what ends by itself, until somebody asks for the end; meanwhile say what goes on beside, if anything."""
    ask_at = -math.inf
    while True:
        progress.end_if_wished()
        for server in servers:
            server.tend()
        for message in filter(None, (part.tend() for part in parts)):
            progress.say(message)
        if (now := time.monotonic()) >= ask_at:
            ask_at = now + ASK_EVERY_SECONDS
            if (what := doing()) is not None:
                progress.going_on(what)
        time.sleep(LOOK_EVERY_SECONDS)


@main.command()
def services() -> None:
    """Only the embedded Postgres and Kafka; every other command finds them while they run."""
    with in_foreground() as (progress, undo):
        servers = [postgres(progress), kafka(progress)]
        for server in servers:
            undo.callback(server.stop)
            server.start(share=False)
        for server in servers:
            where = server.wait_ready()
            progress.say(f"{server.name} is at {where}{'' if server.ours else ' (from the settings: nothing was started)'}.")
        if any(server.ours for server in servers):
            progress.say("Ctrl-C ends it.")
            look_after(servers, [], progress)


if __name__ == "__main__":
    main(prog_name="python launch.py")
