"""`python -m dashboard situation-report`, `ics-214`, `ics-209`, `after-action`: the reports on an incident as files, without a browser.

Each is as of an instant, so that it can be made again later with the same words. Nothing is sent anywhere.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dashboard import written_file
from dashboard.ics_period import NoSuchPeriod
from dashboard.rows import UnexpectedFrame
from sql.engine import DatabaseUnavailable, engine, first_line
from sql.reports import InvalidRequest, instant
from sql.settings import InvalidSetting, settings

SHAPES = (".pdf", ".txt")
Made = TypeVar("Made")
Command = Callable[..., None]


def _without_a_browser() -> None:
    """Streamlit, whose cache the screens' readers use, says at its import that it runs without a server: here that is meant."""
    from streamlit import logger

    logger.set_log_level("ERROR")


def _options(command: Command) -> Command:
    for option in (
        click.option(
            "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE", help="FILE.pdf or FILE.txt."
        ),
        click.option("--as-of", metavar="T", help="As it was known at this instant; without it, now."),
        click.option("--incident", "incident_id", type=click.IntRange(min=1), metavar="ID", help="Which; without it, the running one."),
    ):
        command = option(command)
    return command


def _period(command: Command) -> Command:
    command = click.option("--to", "ends", metavar="T", help="End of the operational period, not included.")(command)
    return click.option("--from", "starts", metavar="T", help="Begin of the operational period; without it, the running one.")(command)


@click.command("situation-report")
@_options
def situation_report(incident_id: int | None, as_of: str | None, output: Path) -> None:
    """Write the situation report of an incident: two pages, or plain text for an e-mail.

    T is ISO 8601; without an offset it is the city's local time. Exit status: 0 written, 1 not written, 2 wrong use.
    """
    _without_a_browser()
    from dashboard import situation_report as report

    at = _instant(as_of, "--as-of")
    _write(output, lambda connection: report.read(connection, incident_id, at), report.pdf, report.text)


@click.command("ics-214")
@_options
@_period
@click.option("--position", metavar="NAME", help="Of this ICS position alone, such as Operations; without it, of all.")
def ics_214(incident_id: int | None, as_of: str | None, output: Path, starts: str | None, ends: str | None, position: str | None) -> None:
    """Write ICS 214, the activity log of an operational period.

    T is ISO 8601; without an offset it is the city's local time. Exit status: 0 written, 1 not written, 2 wrong use.
    """
    _without_a_browser()
    from dashboard import ics_214 as form

    at = _instant(as_of, "--as-of")
    bounds: dict[str, Any] = {"starts_at": _instant(starts, "--from"), "ends_at": _instant(ends, "--to", ahead=True)}
    _write(output, lambda connection: form.read(connection, incident_id, at, position=position, **bounds), form.pdf, form.text)


@click.command("ics-209")
@_options
@_period
def ics_209(incident_id: int | None, as_of: str | None, output: Path, starts: str | None, ends: str | None) -> None:
    """Write ICS 209, the incident status summary, with what the system knows; the rest is marked to fill in.

    T is ISO 8601; without an offset it is the city's local time. Exit status: 0 written, 1 not written, 2 wrong use.
    """
    _without_a_browser()
    from dashboard import ics_209 as form

    at = _instant(as_of, "--as-of")
    bounds: dict[str, Any] = {"starts_at": _instant(starts, "--from"), "ends_at": _instant(ends, "--to", ahead=True)}
    _write(output, lambda connection: form.read(connection, incident_id, at, **bounds), form.pdf, form.text)


@click.command("after-action")
@_options
def after_action(incident_id: int | None, as_of: str | None, output: Path) -> None:
    """Write the after-action packet of an incident: curves, forecast against actual, the log in full; as text without the curves.

    T is ISO 8601; without an offset it is the city's local time. Exit status: 0 written, 1 not written, 2 wrong use.
    """
    _without_a_browser()
    from dashboard import after_action as packet

    at = _instant(as_of, "--as-of")
    _write(output, lambda connection: packet.read(connection, incident_id, at), packet.pdf, packet.text)


COMMANDS = (situation_report, ics_214, ics_209, after_action)


def _instant(words: str | None, option: str, *, ahead: bool = False) -> datetime | None:
    """An instant that was typed; only an end of a period may lie ahead."""
    if words is None:
        return None
    try:
        at = instant(words, settings().zone).astimezone(UTC)
    except InvalidRequest as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    except InvalidSetting as error:
        raise click.ClickException(str(error)) from None
    if not ahead and at > datetime.now(UTC):
        raise click.BadParameter(f"{words} lies ahead: nothing is known of it yet; name an instant that is past", param_hint=option)
    return at


def _write(output: Path, read: Callable[[Connection], Made], pdf: Callable[[Made], bytes], text: Callable[[Made], str]) -> None:
    """Read, make the shape that the file's name ends with, and write it whole."""
    from dashboard.situation_rows import NoSuchIncident

    shape = output.suffix.lower()
    if shape not in SHAPES:
        raise click.BadParameter(f"{output.name!r} ends neither in .pdf nor in .txt: its ending says what to write", param_hint="--output")
    try:
        with engine(read=True).connect() as connection:
            found = read(connection)
    except NoSuchIncident as error:
        raise click.BadParameter(str(error), param_hint="--incident") from None
    except NoSuchPeriod as error:
        raise click.UsageError(str(error)) from None
    except (DatabaseUnavailable, InvalidSetting, UnexpectedFrame) as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database answered with an error: {first_line(error)}") from None
    written_file.write(output, pdf(found) if shape == ".pdf" else text(found).encode())
    click.echo(f"wrote {output}")
