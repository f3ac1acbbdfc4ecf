"""The command line of demand and staffing: `python -m forecasting --help`. It only gathers the commands."""

import click

from forecasting.commands.backtest import backtest
from forecasting.commands.import_volume import import_volume
from forecasting.commands.plain_errors import plain_errors
from forecasting.commands.run import hindcast_command, run, serve
from forecasting.commands.staff import staff
from sql import logs


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.pass_context
@plain_errors
def main(context: click.Context) -> None:
    """Demand and staffing of the 311 contact centre."""
    logs.configure(context.invoked_subcommand or "forecasting")


for command in (backtest, hindcast_command, import_volume, run, serve, staff):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m forecasting")
