"""`python -m dashboard displays …`: tokens of displays without a browser. Only what the page Displays does too."""

from urllib.parse import urlencode

import click

from dashboard import data, display_editing
from dashboard.access.displays import PARAMETER
from dashboard.writing import NotKept
from sql.settings import InvalidSetting, settings

WHO = click.option("--by", "who", required=True, metavar="NAME", help="Who does it, for the record.")


@click.group()
def displays() -> None:
    """Tokens with which screens on walls open their pages."""


@displays.command()
@click.argument("name")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, display_editing.LONGEST_DAYS), help="How long it holds.")
@WHO
def add(name: str, days: int, who: str) -> None:
    """Make a token for the display that hangs at NAME, and print the address to open there: it is shown only now."""
    try:
        token, expires_at = display_editing.add(name, days, who)
    except (data.NoAnswer, NotKept, InvalidSetting) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{address(token)}\nholds until {expires_at.astimezone(settings().zone):%Y-%m-%d %H:%M}")


def address(token: str, wall: str = "live,emergency,map") -> str:
    """What a display opens."""
    base = settings().public_url or f"http://127.0.0.1:{settings().dashboard_port}"
    return f"{base}/?{urlencode({'wall': wall, PARAMETER: token}, safe=',')}"


@displays.command("list")
def list_() -> None:
    """Every display's number, name and state."""
    try:
        found = data.ask(data.displays)
    except (data.NoAnswer, InvalidSetting) as error:
        raise click.ClickException(str(error)) from None
    zone, now = settings().zone, data.now()
    for one in found:
        until = f"{one.expires_at.astimezone(zone):%Y-%m-%d %H:%M}"
        state = "revoked" if one.revoked_at else "expired" if one.expires_at <= now else "holds"
        click.echo(f"{one.display_id}\t{state}\tuntil {until}\t{one.name}")


@displays.command()
@click.argument("number", type=int)
@WHO
def revoke(number: int, who: str) -> None:
    """End the token of display NUMBER; its screen is closed within seconds."""
    try:
        display_editing.revoke(number, who)
    except (data.NoAnswer, NotKept, InvalidSetting) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"revoked {number}")
