"""`simulate` and `simulate-history`: a city that does not exist, live or as files of its past."""

import signal
from datetime import datetime, timedelta
from pathlib import Path

import click

from sql.settings import settings
from streams.commands import plain_errors

storm_option = click.option(
    "--storm",
    "storms",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    metavar="DATE",
    help="Put a storm on this day: 8 inches of snow, in summer a tropical storm. May be given several times.",
)


@click.command(short_help="Publish the events of a simulated city, until stopped.")
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


@click.command(name="simulate-history", short_help="Write years of a simulated city's past as files.")
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
