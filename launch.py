"""Starts the whole dashboard, or only its servers, in the foreground; watches over it, and ends everything that it started.

The only place that knows all parts. It starts them as processes of their own and looks into none of them.
"""

import contextlib
import math
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import SQLAlchemyError

from sql import child
from sql.embedded import EmbeddedPostgres, EmbeddedPostgresFailed
from sql.engine import DatabaseUnavailable, connect, engine
from sql.settings import DEMO_SETTINGS, PROJECT, InvalidSetting, settings
from streams import broker
from streams.embedded import EmbeddedKafka, EmbeddedKafkaFailed

HISTORY_WEEKS = 5.0
DEMO_FILES = PROJECT / "streams" / "simulator"
DEMO_CITY = (  # what `python -m sql load` reads, and what it brings
    ("queues", "queues.toml"),
    ("departments", "departments.toml"),
    ("targets", "targets.toml"),
    ("areas", "districts.geojson", "--kind=district"),
)
DEMO_CITY_HALL = "39.9526,-75.1652"  # where the simulated CRM puts what it knows no place of
LOOK_EVERY_SECONDS = 0.2
SERVERS_WITHIN_SECONDS = 120.0
DASHBOARD_WITHIN_SECONDS = 60.0
MOVING_WITHIN_SECONDS = 300.0
PORTS_TRIED = 50
ONE_WISH_SECONDS = 1.0  # make and timeout pass on a signal that we got already

# Where the simulated city may lie, so that somewhere it is always mid-morning; the first is the one of the story.
DEMO_ZONES = (
    "America/New_York", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Auckland", "Australia/Sydney", "Asia/Tokyo",
    "Asia/Bangkok", "Asia/Karachi", "Asia/Dubai", "Europe/Athens", "Europe/Paris", "Europe/London", "Atlantic/Azores", "America/Sao_Paulo",
)  # fmt: skip
BUSY_FROM, BUSY_UNTIL = 9, 12  # hours of the day
SATURDAY = 5

Answer = TypeVar("Answer")
Unavailable = (DatabaseUnavailable, broker.BrokerUnavailable)
KnownFailure = (*Unavailable, child.AlreadyRunning, EmbeddedPostgresFailed, EmbeddedKafkaFailed, InvalidSetting)


class Stopped(BaseException):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or the terminal was closed."""


class Progress:
    """One line that says what is waited for: rewritten while a person watches, one line a thing where nobody does."""

    def __init__(self) -> None:
        self._watched = sys.stdout.isatty()
        self._began = time.monotonic()
        self._last = ""

    def waiting_for(self, what: str) -> None:
        """Say what is waited for; what stands behind a comma is detail that changes as it goes on."""
        if self._watched:
            mark = "|/-\\"[int(time.monotonic() * 5) % 4]
            click.echo(f"\r\x1b[K{mark} waiting for {what} ({time.monotonic() - self._began:.0f} s)", nl=False)
        elif what.partition(",")[0] != self._last:
            self._last = what.partition(",")[0]
            click.echo(f"waiting for {what}")

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
            raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with contextlib.ExitStack() as undo:
            yield progress, undo
    except Stopped:
        progress.say("Ended; the data is kept.")
    except KnownFailure as error:
        progress.say(f"Error: {error}")
        sys.exit(1)


def run_once(command: tuple[str, ...], progress: Progress, what: str) -> None:
    """Run a command of a part to its end, or end with its last words."""
    log = settings().state_dir / "logs" / "start.log"
    running = child.start((sys.executable, "-m", *command), directory=PROJECT, log=log)
    try:
        while running.poll() is None:
            progress.waiting_for(what)
            time.sleep(LOOK_EVERY_SECONDS)
        if running.returncode:
            progress.say(f"Error: `python -m {' '.join(command)}` failed: {child.last_words(log)}")
            sys.exit(1)
    finally:
        child.end(running, (signal.SIGTERM, 5.0))


def dashboard_answers(port: int) -> bool:
    """Whether the dashboard serves its pages."""
    try:
        with urllib.request.urlopen(f"http://{child.LOCALHOST}:{port}/_stcore/health", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def events_so_far() -> tuple[int, bool]:
    """How many events are in the tables, and whether some feed is up to date."""
    from sql.queries import frame  # pandas takes half a second, which `services` has no use for

    with contextlib.suppress(DatabaseUnavailable, SQLAlchemyError), engine(read=True).connect() as connection:
        feeds = frame("feeds", connection)
        return int(feeds["events"].sum()), bool((feeds["state"] == "live").any())
    return 0, False


def wait_until(ready: Callable[[], str | None], parts: list[child.Kept], progress: Progress, within_seconds: float) -> bool:
    """Wait until `ready` says None rather than what is waited for, and look after the parts; False if it took too long."""
    until = time.monotonic() + within_seconds
    while (what := ready()) is not None:
        for message in filter(None, (part.tend() for part in parts)):
            progress.say(message)
        if time.monotonic() > until:
            return False
        progress.waiting_for(what)
        time.sleep(LOOK_EVERY_SECONDS)
    return True


def python_part(name: str, *command: str) -> child.Kept:
    """A part that is kept running, with a log of its own."""
    log = settings().state_dir / "logs" / f"{name.split()[-1]}.log"
    return child.Kept(name, (sys.executable, "-m", *command), directory=PROJECT, log=log)


def demo_parts(port: int, history_weeks: float) -> list[child.Kept]:
    """The processes of the demo, in the order of their start."""
    return [
        python_part("The dashboard", "dashboard", f"--port={port}"),
        python_part("The consumer", "streams", "consume"),
        python_part("The simulator", "streams", "simulate", f"--history-weeks={history_weeks:g}"),
    ]


def settle_city(progress: Progress, undo: contextlib.ExitStack) -> None:
    """Let the simulated city lie where it is day, so that a first look shows a centre at work; the choice is kept with the data.

    Who sets CITY_TIMEZONE has chosen already. While the demo runs, every other command reads the same zone.
    """
    kept, told = (settings().state_dir / name for name in ("demo-timezone", DEMO_SETTINGS))
    told.unlink(missing_ok=True)  # of a demo that was killed
    settings.cache_clear()
    chosen = settings().model_fields_set
    ours = {} if "default_geocodes" in chosen else {"DEFAULT_GEOCODES": DEMO_CITY_HALL}
    if "city_timezone" not in chosen:
        zone = kept.read_text().strip() if kept.exists() else busy_zone(datetime.now(UTC))
        kept.write_text(zone + "\n")
        ours["CITY_TIMEZONE"] = zone
        local = datetime.now(ZoneInfo(zone))
        progress.say(f"The simulated city keeps the time of {zone}, where it is {local:%H:%M}; CITY_TIMEZONE sets another.")
    undo.callback(told.unlink, missing_ok=True)
    told.write_text("".join(f"{name}={value}\n" for name, value in ours.items()))
    settings.cache_clear()


def busy_zone(now: datetime) -> str:
    """The first of some time zones in which it is mid-morning of a working day, else mid-morning, else the first."""
    hours = {zone: now.astimezone(ZoneInfo(zone)) for zone in DEMO_ZONES}
    morning = [zone for zone, local in hours.items() if BUSY_FROM <= local.hour < BUSY_UNTIL]
    working = [zone for zone in morning if hours[zone].weekday() < SATURDAY]
    return (working or morning or list(DEMO_ZONES))[0]


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
    "--history-weeks", default=HISTORY_WEEKS, show_default=True, type=click.FloatRange(min=0), help="Weeks of past to fill in first."
)
def demo(history_weeks: float) -> None:
    """Everything: Postgres, Kafka, a simulated city, the consumer and the dashboard."""
    with in_foreground() as (progress, undo):
        state = settings().state_dir
        state.mkdir(parents=True, exist_ok=True)
        undo.enter_context(child.only_one(state, what="The demo"))
        settle_city(progress, undo)
        servers = [postgres(progress), kafka(progress)]
        for server in servers:
            undo.callback(server.stop)
            server.start(share=True)
        servers[0].wait_ready()
        run_once(("sql", "migrate"), progress, "the database's schema")
        port = free_dashboard_port(progress)
        dashboard, *stream = parts = demo_parts(port, history_weeks)
        undo.callback(dashboard.stop)
        dashboard.start()
        for kind, file, *options in DEMO_CITY:
            run_once(("sql", "load", kind, str(DEMO_FILES / file), *options), progress, f"the city's {kind}")
        servers[1].wait_ready()
        for part in stream:
            undo.callback(part.stop)
            part.start()
        announce(parts, port, progress)
        look_after(servers, parts, progress)


def announce(parts: list[child.Kept], port: int, progress: Progress) -> None:
    """Print the address as soon as there is something to see."""

    def page() -> str | None:
        return None if dashboard_answers(port) else "the dashboard to answer"

    def moving() -> str | None:
        events, live = events_so_far()
        return None if live else f"the city's past, {events:,} events are in the database"

    if not wait_until(page, parts, progress, DASHBOARD_WITHIN_SECONDS):
        progress.say(f"The dashboard does not answer yet: {child.last_words(parts[0].log)}")
    if not wait_until(moving, parts, progress, MOVING_WITHIN_SECONDS):
        progress.say(f"The simulated city is still far behind: {child.last_words(parts[-1].log)}")
    progress.say(f"The dashboard is at http://{child.LOCALHOST}:{port} – Ctrl-C ends it.")


def look_after(servers: list[Server], parts: list[child.Kept], progress: Progress) -> None:
    """Bring back what ends by itself, until somebody asks for the end."""
    while True:
        for server in servers:
            server.tend()
        for message in filter(None, (part.tend() for part in parts)):
            progress.say(message)
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
