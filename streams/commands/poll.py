"""`poll`: ask a server for what is new, over and over, and publish it."""

from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

import click

from sql.health import served
from sql.stopping import ended_by_signal
from streams import telemetry
from streams.commands import feed_name, plain_errors, source_options

if TYPE_CHECKING:
    from streams.poll.rounds import Rounds


@click.group(short_help="Ask a server for what is new, over and over, and publish it.")
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

    stop = ended_by_signal()
    try:
        polling = poller(
            url, jurisdiction=jurisdiction, every=every, since=since, api_key_env=api_key_env, name=name, mapping=mapping, stop=stop
        )
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _run(polling, "open311", once=once)


@poll.command(name="nws-forecast")
@click.option("--grid", metavar="OFFICE/X,Y", help="The grid square, such as PHI/49,75; WEATHER_GRID unless given.")
@click.option("--url", default="https://api.weather.gov", show_default=True, help="The weather service.")
@click.option("--every", type=click.FloatRange(min=1), default=900.0, show_default=True, help="Seconds from one round to the next.")
@click.option("--once", is_flag=True, help="One round; exit status 1 if it was not complete.")
@click.option("--source", "name", metavar="NAME", help="The feed's name in every event; nws/OFFICE/X,Y unless given.", callback=feed_name)
@plain_errors
def poll_nws_forecast(grid: str | None, url: str, every: float, once: bool, name: str | None) -> None:
    """Publish every issue of the National Weather Service's forecast for a grid square, until stopped."""
    from streams.poll.asking import InvalidAddress
    from streams.poll.forecasts import forecasts

    stop = ended_by_signal()
    try:
        polling = forecasts(grid, url=url, every=every, name=name, stop=stop)
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _run(polling, "nws-forecast", once=once)


@poll.command(name="nws-alerts")
@click.option("--zones", metavar="CODES", help="Zones and counties, such as PAZ071,PAC101; ALERT_ZONES unless given.")
@click.option("--area", metavar="CODE", help="The state whose list is asked too, such as PA; ALERT_AREA unless given.")
@click.option("--url", default="https://api.weather.gov", show_default=True, help="The weather service.")
@click.option("--every", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds from one round to the next.")
@click.option("--once", is_flag=True, help="One round; exit status 1 if it was not complete.")
@click.option("--source", "name", metavar="NAME", help="The feed's name in every event; nws/alerts unless given.", callback=feed_name)
@plain_errors
def poll_nws_alerts(zones: str | None, area: str | None, url: str, every: float, once: bool, name: str | None) -> None:
    """Publish the National Weather Service's alerts for the city's zones, until stopped."""
    from streams.poll.alerts import alerts
    from streams.poll.asking import InvalidAddress

    stop = ended_by_signal()
    try:
        polling = alerts(zones, area, url=url, every=every, name=name, stop=stop)
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _run(polling, "nws-alerts", once=once)


def _run(polling: "Rounds", kind: str, *, once: bool) -> None:
    with nullcontext() if once else served(f"poll {kind}", (telemetry.PUBLISHER, telemetry.POLLER), polling.unready):
        complete = polling.run(once=once)
    click.echo(f"{polling.events:,} events published, {polling.unreadable:,} records unreadable, {polling.rounds:,} complete rounds")
    if once and not complete:
        raise click.ClickException(f"The round is not complete: {polling.failure}")
