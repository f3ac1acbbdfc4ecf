"""`simulate` and `simulate-history`: a city that does not exist, live or as files of its past."""

import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sql.health import served
from sql.settings import settings
from sql.stopping import on_signal
from streams import telemetry
from streams.commands import plain_errors

if TYPE_CHECKING:
    from streams.simulator.city import Scenario

storm_option = click.option(
    "--storm",
    "storms",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    metavar="DATE",
    help="Put a storm on this day: 8 inches of snow, in summer a tropical storm. May be given several times.",
)

SCHEDULED_DAYS = 14
FASTEST = 1_000_000.0  # simulated seconds in one real second
MOST_WEEKS = 52.0 * 20
ACKNOWLEDGED_WITHIN_SECONDS = 30.0  # it tells every five seconds until when all was told


def _scenarios(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> "tuple[Scenario, ...]":
    from streams.simulator.city import Scenario

    found = []
    for value in values:
        kind, words = (*value.split("@", 1), "")[:2]
        try:
            at = datetime.fromisoformat(words)
        except ValueError:
            at = None
        if kind not in ("snow", "hurricane") or at is None or at.tzinfo is None:
            raise click.BadParameter(f"{value!r} is no snow@TIME or hurricane@TIME; the time has an offset, as 2026-11-26T10:05:00+00:00.")
        found.append(Scenario(kind, at.astimezone(UTC)))  # type: ignore[arg-type]
    return tuple(found)


scenario_option = click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="KIND@TIME",
    callback=_scenarios,
    help="Press five days of a storm into the 20 minutes after this instant: snow@TIME or hurricane@TIME. May be given several times.",
)


@click.command(short_help="Publish the events of a simulated city, until stopped.")
@click.option("--seed", type=int, default=311, show_default=True, help="The same seed gives the same city.")
@click.option(
    "--history-weeks", type=click.FloatRange(min=0, max=MOST_WEEKS), default=0.0, show_default=True, help="Weeks of past to publish first."
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True, max=FASTEST),
    default=1.0,
    show_default=True,
    help="Simulated seconds in one real second.",
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="End at this time of the city; without it, never."
)
@storm_option
@scenario_option
@click.option(
    "--tell",
    type=click.Choice(["all", "present", "past"]),
    default="all",
    show_default=True,
    help="The past and then the present; or the present at once, from the city's midnight on; or only the past before that, politely.",
)
@plain_errors
def simulate(
    seed: int,
    history_weeks: float,
    speed: float,
    until: datetime | None,
    storms: tuple[datetime, ...],
    scenarios: "tuple[Scenario, ...]",
    tell: Literal["all", "present", "past"],
) -> None:
    """Publish the events of a simulated city: its contact centre, what residents ask for, and its weather."""
    from streams.simulator import run

    planted = tuple(storm.date() for storm in storms)
    if tell == "past":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _tell_past(seed, history_weeks, planted, scenarios)
        return
    ends = until and until.replace(tzinfo=settings().zone)
    on_signal(_interrupt)
    try:
        with served("simulate", (telemetry.PUBLISHER,), _unready):
            run(
                seed=seed,
                history_weeks=history_weeks,
                speed=speed,
                until=ends,
                storms=planted,
                scenarios=scenarios,
                present_first=tell == "present",
            )
    except KeyboardInterrupt:  # it runs until it is stopped: that is no failure
        return


def _interrupt() -> None:
    raise KeyboardInterrupt


def _unready() -> str | None:
    """Why the simulator is not ready: Kafka has not had everything that happened for some time."""
    silent = telemetry.acknowledged.silent_seconds
    if telemetry.acknowledged.has_beaten and silent <= ACKNOWLEDGED_WITHIN_SECONDS:
        return None
    return f"Kafka has not acknowledged what the city tells for {silent:.0f} s."


def _tell_past(seed: int, history_weeks: float, storms: tuple[date, ...], scenarios: "tuple[Scenario, ...]") -> None:
    from streams.simulator import past

    try:
        past.run(seed=seed, history_weeks=history_weeks, storms=storms, scenarios=scenarios, say=_say_past)
    except past.PresentNotBegun as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.ClickException("stopped before all of the past was told; a new start goes on where this one stood") from None


def _say_past(words: str) -> None:
    click.echo(f"the city's past: {words}")


@click.command(name="simulate-history", short_help="Write years of a simulated city's past as files.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="Where to; made if it is not there."
)
@click.option("--years", type=click.FloatRange(min=0.1, max=50), default=3.0, show_default=True, help="How long.")
@click.option("--seed", type=int, default=311, show_default=True, help="The same seed gives the same city.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The first day that is not written; the city's today unless given.")
@storm_option
@scenario_option
@plain_errors
def simulate_history(
    output: Path, years: float, seed: int, until: datetime | None, storms: tuple[datetime, ...], scenarios: "tuple[Scenario, ...]"
) -> None:
    """Write DIR/volume.csv (contacts by queue and half hour), DIR/observations.csv (the weather) and DIR/schedule.csv (people planned).

    The first two are the past of the city that `simulate` plays with the same seed and storms; the plan is of the two weeks after.
    """
    from streams.simulator import roster
    from streams.simulator.city import DEFAULT_CITY, load_city
    from streams.simulator.years import write

    chosen = settings()
    planted = tuple(storm.date() for storm in storms)
    city = load_city(chosen.simulator_city or DEFAULT_CITY, timezone=chosen.city_timezone, storms=planted, scenarios=scenarios)
    ends = until.date() if until else datetime.now(chosen.zone).date()
    written = write(city, seed, output, first=ends - timedelta(days=round(365.25 * years)), until=ends)
    click.echo(f"{written.half_hours:,} half hours of {written.days:,} days written to {written.volume}")
    if written.observations is not None:
        click.echo(f"{written.days:,} days of weather written to {written.observations}")
    lines = roster.write(city, output, first=ends, days=SCHEDULED_DAYS)
    click.echo(f"{lines:,} lines of a schedule of {SCHEDULED_DAYS} days written to {output / roster.SCHEDULE_FILE}")
