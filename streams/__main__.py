"""The command line of the streams: `python -m streams --help`. It parses, wires and prints; the work is done elsewhere."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kafka.errors import KafkaError
from tqdm import tqdm

from sql.child import AlreadyRunning
from sql.engine import DatabaseUnavailable
from sql.plain_errors import one_line
from sql.settings import InvalidSetting, settings
from streams.broker import BrokerUnavailable
from streams.follow import InvalidCheckpoint
from streams.records import UnreadableFile, lines
from streams.replay import Summary, WrongFile
from streams.replay import run as replay_file
from streams.sources import Source
from streams.sources.kinds import FOLLOWED_KINDS, KINDS, REQUEST_KINDS, mapping_of, source_of
from streams.sources.mapping import InvalidMapping

if TYPE_CHECKING:
    from streams.poll.rounds import Rounds

TERMINATED = 143
READABLE_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
SENTENCES = (
    *(AlreadyRunning, BrokerUnavailable, DatabaseUnavailable, InvalidCheckpoint, InvalidMapping, InvalidSetting, UnreadableFile),
    WrongFile,
)
plain_errors = one_line(*SENTENCES, failures=(KafkaError,))


class Speed(click.ParamType["float | None"]):
    """`max`, or how many recorded seconds go by in one real second."""

    name = "N|max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """None for `max`, else a number above 0."""
        if value is None or value == "max":
            return None
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is neither `max` nor a number above 0.", param, ctx)
        return speed


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("-v", "--verbose", is_flag=True, help="Also say what the Kafka client says, and what is only for information.")
def main(verbose: bool) -> None:
    """The events of the 311 dashboard: from the sources to Kafka, and from Kafka into Postgres."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not verbose:  # it reports every attempt; what matters is said by us, once
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """The two options of everything that reads a source."""
    name = click.option(
        "--source", "name", metavar="NAME", help="The feed's name in every event, such as asterisk/pbx2.", callback=_feed_name
    )
    mapping = click.option(
        "--mapping", metavar="NAME|FILE", help="A TOML file with the site's own names and words; of requests also: boston, philadelphia, …"
    )
    return name(mapping(command))


def _source(kind: str, name: str | None, mapping: str | None) -> Source:
    if mapping is not None and kind not in REQUEST_KINDS and not Path(mapping).is_file():
        raise click.BadParameter(f"file {mapping!r} does not exist.", param_hint="--mapping")
    return source_of(kind, name=name, mapping=mapping_of(kind, mapping))


def _feed_name(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    if name is not None and (not name.isprintable() or not 0 < len(name) <= 100):
        raise click.BadParameter(f"{name!r}: 1 to 100 printable characters are expected.")
    return name


@main.command()
@click.option("--until-idle", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="End when nothing came for so long.")
@plain_errors
def consume(until_idle: float | None) -> None:
    """Bring events from Kafka into Postgres, until stopped."""
    from streams import consumer

    try:
        committed, refused = consumer.run(until_idle_seconds=until_idle)
    except consumer.TooManyRefused as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{committed:,} events committed, {refused:,} of them refused")


@main.command(short_help="Publish the events of a recorded file.")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=READABLE_FILE)
@click.option("--speed", type=Speed(), default="max", show_default=True, help="Recorded seconds in one real second, or as fast as it goes.")
@click.option(
    "--start", type=click.Choice(["now", "as-recorded"]), default="as-recorded", show_default=True, help="When the recording begins."
)
@source_options
@plain_errors
def replay(kind: str, file: Path, speed: float | None, start: str, name: str | None, mapping: str | None) -> None:
    """Publish the events of a recorded FILE (plain or .gz). Replayed twice, they count once.

    With --start now the recording is moved in time, and its contacts and requests are new ones.
    """
    signal.signal(signal.SIGTERM, _terminated)
    watched = sys.stderr.isatty()
    source = _source(kind, name, mapping)
    total = sum(1 for _ in lines(file)) if watched and kind not in ("connect", "open311", "nws-forecast") else None
    with tqdm(total=total, desc=file.name, unit=" records", unit_scale=True, disable=not watched) as bar:
        summary = replay_file(file, source, speed=speed, start_now=start == "now", progress=bar.update)
    click.echo(_sentence(summary))


def _sentence(summary: Summary) -> str:
    rate = summary.events / summary.seconds if summary.seconds else 0
    return (
        f"{summary.events:,} events published, {summary.unreadable:,} records unreadable, {summary.ignored:,} without meaning here, "
        f"{summary.seconds:.1f} s ({rate:,.0f} events/s)"
    )


def _terminated(*_: object) -> None:
    raise SystemExit(TERMINATED)


@main.command(short_help="Publish what is written to a log, until stopped.")
@click.argument("kind", type=click.Choice(FOLLOWED_KINDS))
@click.argument("file", type=click.Path(dir_okay=False, readable=True, path_type=Path))
@click.option(
    "--from-end/--from-start", default=False, help="The first time, leave out what FILE holds already; by default all of it is read."
)
@click.option(
    "--heartbeat-seconds", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="How often to tell that nothing is new."
)
@source_options
@plain_errors
def follow(kind: str, file: Path, from_end: bool, heartbeat_seconds: float, name: str | None, mapping: str | None) -> None:
    """Publish what is written to the log FILE, until stopped: through rotation and restarts, without loss or repeats."""
    from streams.follow import Follower

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    source = _source(kind, name, mapping)
    follower = Follower(file, source, state_dir=settings().state_dir, from_end=from_end, heartbeat_seconds=heartbeat_seconds, stop=stop)
    follower.run()
    click.echo(f"{follower.events:,} events published, {follower.unreadable:,} lines unreadable")


@main.group(short_help="Ask a server for what is new, over and over, and publish it.")
def poll() -> None:
    """Ask a server for what is new, over and over, and publish it."""


@poll.command(name="open311")
@click.option("--url", required=True, help="The GeoReport v2 server, such as https://city.example/open311/v2.")
@click.option("--jurisdiction", metavar="ID", help="The jurisdiction_id to ask for.")
@click.option("--every", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds from one round to the next.")
@click.option("--once", is_flag=True, help="One round; exit status 1 if it was not complete.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Where to begin the first time; 90 days ago unless given.")
@click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the key of the interface.")
@source_options
@plain_errors
def poll_open311(
    url: str,
    jurisdiction: str | None,
    every: float,
    once: bool,
    since: datetime | None,
    api_key_env: str | None,
    name: str | None,
    mapping: str | None,
) -> None:
    """Publish the service requests of a GeoReport v2 server, until stopped. It goes on where it left off."""
    from streams.poll.asking import InvalidAddress
    from streams.poll.open311 import poller

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        polling = poller(
            url, jurisdiction=jurisdiction, every=every, since=since, api_key_env=api_key_env, name=name, mapping=mapping, stop=stop
        )
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _told(polling, complete=polling.run(once=once), once=once)


@poll.command(name="nws-forecast")
@click.option("--grid", metavar="OFFICE/X,Y", help="The grid square, such as PHI/49,75; WEATHER_GRID unless given.")
@click.option("--url", default="https://api.weather.gov", show_default=True, help="The weather service.")
@click.option("--every", type=click.FloatRange(min=1), default=900.0, show_default=True, help="Seconds from one round to the next.")
@click.option("--once", is_flag=True, help="One round; exit status 1 if it was not complete.")
@click.option("--source", "name", metavar="NAME", help="The feed's name in every event; nws/OFFICE/X,Y unless given.", callback=_feed_name)
@plain_errors
def poll_nws_forecast(grid: str | None, url: str, every: float, once: bool, name: str | None) -> None:
    """Publish every issue of the National Weather Service's forecast for a grid square, until stopped."""
    from streams.poll.asking import InvalidAddress
    from streams.poll.forecasts import forecasts

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        polling = forecasts(grid, url=url, every=every, name=name, stop=stop)
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _told(polling, complete=polling.run(once=once), once=once)


def _told(polling: "Rounds", *, complete: bool, once: bool) -> None:
    click.echo(f"{polling.events:,} events published, {polling.unreadable:,} records unreadable, {polling.rounds:,} complete rounds")
    if once and not complete:
        raise click.ClickException(f"The round is not complete: {polling.failure}")


storm_option = click.option(
    "--storm",
    "storms",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    metavar="DATE",
    help="Put a storm on this day: 8 inches of snow, in summer a tropical storm. May be given several times.",
)


@main.command(short_help="Publish the events of a simulated city, until stopped.")
@click.option("--seed", type=int, default=311, show_default=True, help="The same seed gives the same city.")
@click.option("--history-weeks", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Weeks of past to publish first.")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Simulated seconds in one real second."
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="End at this time of the city; without it, never."
)
@storm_option
@plain_errors
def simulate(seed: int, history_weeks: float, speed: float, until: datetime | None, storms: tuple[datetime, ...]) -> None:
    """Publish the events of a simulated city: its contact centre, what residents ask for, and its weather."""
    from streams.simulator import run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ends = until and until.replace(tzinfo=settings().zone)
    try:
        run(seed=seed, history_weeks=history_weeks, speed=speed, until=ends, storms=tuple(storm.date() for storm in storms))
    except KeyboardInterrupt:  # it runs until it is stopped: that is no failure
        return


@main.command(name="simulate-history", short_help="Write years of a simulated city's past as files.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="Where to; made if it is not there."
)
@click.option("--years", type=click.FloatRange(min=0.1, max=50), default=3.0, show_default=True, help="How long.")
@click.option("--seed", type=int, default=311, show_default=True, help="The same seed gives the same city.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The first day that is not written; the city's today unless given.")
@storm_option
@plain_errors
def simulate_history(output: Path, years: float, seed: int, until: datetime | None, storms: tuple[datetime, ...]) -> None:
    """Write DIR/volume.csv (contacts by queue and half hour) and DIR/observations.csv (the weather's days).

    They are the past of the city that `simulate` plays with the same seed and storms.
    """
    from streams.simulator.city import DEFAULT_CITY, load_city
    from streams.simulator.years import write

    chosen = settings()
    city = load_city(chosen.simulator_city or DEFAULT_CITY, timezone=chosen.city_timezone, storms=tuple(storm.date() for storm in storms))
    ends = until.date() if until else datetime.now(chosen.zone).date()
    written = write(city, seed, output, first=ends - timedelta(days=round(365.25 * years)), until=ends)
    click.echo(f"{written.half_hours:,} half hours of {written.days:,} days written to {written.volume}")
    if written.observations is not None:
        click.echo(f"{written.days:,} days of weather written to {written.observations}")


@main.group(name="dead-letters", short_help="List, show or send again the refused events.")
def dead_letters() -> None:
    """The events that were refused, each whole and with its reason."""


@dead_letters.command(name="list")
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="How many to show, newest first.")
@click.option("--all", "include_replayed", is_flag=True, help="Also those that were sent again.")
@plain_errors
def list_(most: int, include_replayed: bool) -> None:
    """List the refused events."""
    from streams.dead_letters import listed

    frame = listed(most=most, include_replayed=include_replayed)
    click.echo(frame.to_string(index=False, na_rep="") if len(frame) else "no refused events")


@dead_letters.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="Only its bytes, as they came.")
@plain_errors
def show(number: int, raw: bool) -> None:
    """Show one refused event."""
    from streams.dead_letters import NoSuchDeadLetter
    from streams.dead_letters import show as find

    try:
        letter = find(number)
    except NoSuchDeadLetter as error:
        raise click.ClickException(str(error)) from None
    if raw:
        click.echo(letter.value or b"")
        return
    click.echo(f"dead letter  {letter.dead_letter_id}")
    click.echo(f"reason       {letter.reason}")
    click.echo(f"where        {letter.topic} partition {letter.partition} offset {letter.offset}")
    for title, value in (("source", letter.source), ("key", letter.key), ("value", letter.value)):
        if value is not None:
            click.echo(f"{title:<12} {value.decode('utf-8', 'backslashreplace') if isinstance(value, bytes) else value}")


@dead_letters.command(name="replay")
@click.argument("numbers", type=int, nargs=-1, metavar="[ID]...")
@plain_errors
def replay_dead_letters(numbers: tuple[int, ...]) -> None:
    """Send refused events again: those named, else all that were not sent again yet. Lines of a source are left."""
    from streams import dead_letters as letters

    try:
        sent, left = letters.replay(numbers)
    except letters.NoSuchDeadLetter as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{sent:,} events sent again, {left:,} unreadable lines left: mend the source, or `show --raw` and `replay` them")


if __name__ == "__main__":
    main()
