"""`python -m dashboard`: start the server of the screens; `weekly-review` and the reports on an incident write a file instead.

The server listens on this machine only, unless told otherwise.
"""

import os
import socket
import sys

import click

from dashboard.schedule_command import load_schedule
from dashboard.situation_commands import COMMANDS
from dashboard.tokens import CONFIG_FILE
from dashboard.weekly_command import weekly_review
from sql.settings import InvalidSetting, settings


def _refuse_taken_port(address: str, port: int) -> None:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise click.BadParameter(
            f"{address!r} is no address of this machine ({error.strerror}); use 127.0.0.1.", param_hint="--address"
        ) from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as error:
            raise click.ClickException(
                f"Port {port} of {address} cannot be used ({error.strerror}). Choose another: --port {port + 1}."
            ) from None


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", type=click.IntRange(1, 65535), help="The port; DASHBOARD_PORT if not given.")
@click.option("--address", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.pass_context
def main(context: click.Context, port: int | None, address: str) -> None:
    """Serve the screens: Live at /, then /emergency, /map, /departments, /incident, /staffing, /weekly, /system, /definitions and /plain.

    The database may come later, or go away and come back: the screens say so and go on by themselves.
    """
    if context.invoked_subcommand is None:
        _serve(port, address)


for command in (weekly_review, load_schedule, *COMMANDS):
    main.add_command(command)


def _serve(port: int | None, address: str) -> None:
    try:
        port = port or settings().dashboard_port
    except InvalidSetting as error:
        raise click.ClickException(str(error)) from None
    _refuse_taken_port(address, port)
    os.chdir(CONFIG_FILE.parent.parent)  # Streamlit looks for its configuration where it was started
    from dashboard.app import app

    sys.argv = [str(CONFIG_FILE.parent.parent / "dashboard" / "__main__.py")]
    app.run(config={"server.port": port, "server.address": address})


if __name__ == "__main__":
    main(prog_name="python -m dashboard")
