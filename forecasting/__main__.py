"""The command line of demand and staffing: `python -m forecasting --help`. It only gathers the commands."""

import click

from forecasting.commands.backtest import backtest
from forecasting.commands.import_volume import import_volume
from forecasting.commands.run import hindcast_command, run, serve
from forecasting.commands.staff import staff


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def main() -> None:
    """Demand and staffing of the 311 contact centre."""


for command in (backtest, hindcast_command, import_volume, run, serve, staff):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m forecasting")
