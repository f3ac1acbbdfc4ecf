"""The command line of demand and staffing: `python -m forecasting --help`. It only gathers the commands."""

import click

from forecasting.commands.staff import staff


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def main() -> None:
    """Demand and staffing of the 311 contact centre."""


main.add_command(staff)

if __name__ == "__main__":
    main(prog_name="python -m forecasting")
