"""The command line of the streams: `python -m streams --help`. It wires the commands; the work is done elsewhere."""

import logging

import click

from sql import logs
from streams.commands import plain_errors
from streams.commands.dead_letters import dead_letters
from streams.commands.poll import poll
from streams.commands.recorded import follow, replay
from streams.commands.simulate import simulate, simulate_history
from streams.commands.social import forget_posts, reclassify_posts
from streams.commands.watch import watch


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("-v", "--verbose", is_flag=True, help="Also say what the Kafka client says, and what is only for information.")
@click.pass_context
@plain_errors
def main(context: click.Context, verbose: bool) -> None:
    """The events of the 311 dashboard: from the sources to Kafka, and from Kafka into Postgres."""
    level = logging.INFO if verbose else logging.WARNING
    logs.configure(context.invoked_subcommand or "streams", level=level, libraries=level)
    if not verbose:  # it reports every attempt; what matters is said by us, once
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


@main.command()
@click.option("--until-idle", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="End when nothing came for so long.")
@plain_errors
def consume(until_idle: float | None) -> None:
    """Bring events from Kafka into Postgres, until stopped."""
    from streams import consumer
    from streams.refusals import TooManyRefused

    try:
        committed, refused = consumer.run(until_idle_seconds=until_idle)
    except TooManyRefused as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{committed:,} events committed, {refused:,} of them refused")


for command in (replay, follow, poll, simulate, simulate_history, dead_letters, watch, forget_posts, reclassify_posts):
    main.add_command(command)


if __name__ == "__main__":
    main()
