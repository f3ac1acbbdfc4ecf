"""`python -m forecasting run` and `serve`: one cycle, or one after the other."""

import logging
from datetime import UTC, datetime

import click
from tqdm import tqdm

from forecasting.commands.plain_errors import Refused, plain_errors
from sql import logs
from sql.engine import engine
from sql.health import served
from sql.settings import settings
from sql.stopping import ended_by_signal


@click.command(short_help="Forecast once: fit, forecast, and keep it.")
@click.option("--reason", default="by hand", show_default=True, metavar="WORDS", help="Why now; the screen shows it.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%dT%H:%M"]),
    metavar="T",
    help="Forecast as at this time of the city, with what was known then: kept as a hindcast, to be set beside what came.",
)
@plain_errors
def run(reason: str, as_of: datetime | None) -> None:
    """One cycle: fit every queue, forecast 14 days by half hour with staffing, and keep all of it with its issue time."""
    from forecasting.demand import NothingToLearnFrom
    from forecasting.serve import run_afterwards, run_once

    zone = settings().zone
    at = None if as_of is None else as_of.replace(tzinfo=zone).astimezone(UTC)
    if at is not None and at > datetime.now(UTC):
        raise click.BadParameter(f"{as_of:%Y-%m-%dT%H:%M} lies ahead: name a time that is over.", param_hint="--as-of")
    try:
        learned, run_id = run_once(zone, reason) if at is None else run_afterwards(at, zone)
    except NothingToLearnFrom as error:
        raise Refused(str(error)) from None
    click.echo(f"forecast {run_id}: {len(learned.fitted)} queues, {learned.days[0]:%Y-%m-%d} to {learned.days[-1]:%Y-%m-%d}")
    for note in learned.notes:
        click.echo(f"  {note}")


@click.command("hindcast", short_help="Make the forecasts of the past year afterwards, to know their errors.")
@plain_errors
def hindcast_command() -> None:
    """Forecast from 36 origins of the past year with what was known then and the weather that came: bands and weights learn from them."""
    from forecasting import hindcast, workers

    with workers.processes() as pool:
        told = hindcast.each(engine(), datetime.now(UTC), settings().zone, pool)
        kept = sum(tqdm(told, total=len(hindcast.DAYS_BACK), desc="origins", unit="origin", disable=None))
    click.echo(f"{kept} origins kept")


@click.command(short_help="Forecast on schedule, until stopped.")
@plain_errors
def serve() -> None:
    """Forecast every few hours and when the weather changes the picture; correct today every 15 minutes; answer scenarios at once."""
    from forecasting import telemetry
    from forecasting.serve import State, serve as go_on

    logs.configure("serve", level=logging.INFO)
    stop, state = ended_by_signal(), State()
    with served("serve", telemetry.GROUPS, state.unready):
        go_on(stop, state)
