"""`watch`: judge the rules of alerts over and over, or check a file of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sql.health import served
from sql.stopping import ended_by_signal
from streams import telemetry
from streams.commands import plain_errors

if TYPE_CHECKING:
    from streams.watch.rules import RuleFile

RULE_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command(short_help="Alerts of our own: judge rules over the metrics, until stopped.")
@click.option("--rules", type=RULE_FILE, metavar="FILE", help="The rules; WATCH_RULES unless given, else those that come with it.")
@click.option("--once", is_flag=True, help="One round and one attempt at what is to be sent; exit status 1 if something was not taken.")
@click.option("--check", type=RULE_FILE, metavar="FILE", help="Only check a file of rules; exit status 1 if it has a fault.")
@plain_errors
def watch(rules: Path | None, once: bool, check: Path | None) -> None:
    """Judge the rules of alerts every WATCH_EVERY_SECONDS, until stopped; each alert is told once when it fires and once when it clears."""
    from sql.settings import settings
    from streams.watch.posts import InvalidAddress
    from streams.watch.rules import SHIPPED, InvalidRules
    from streams.watch.watcher import watcher_of

    if check is not None and (once or rules is not None):
        raise click.UsageError("--check goes alone: it judges nothing.")
    stop = ended_by_signal()
    try:
        file = _checked(check or rules or settings().watch_rules or SHIPPED, may_be_without_database=check is not None)
        watching = watcher_of(file)
    except (InvalidRules, InvalidAddress) as error:
        raise click.ClickException(str(error)) from None
    if check is not None:
        click.echo(f"{check}: {len(file.rules)} rules, {len(file.receivers)} receiver{'' if len(file.receivers) == 1 else 's'}, no fault")
    elif once:
        judged, told = watching.once()
        click.echo(f"{len(judged.fired)} fired, {len(judged.cleared)} cleared, {told.sent} sent, {told.failed} not taken")
        if told.failed:
            raise SystemExit(1)
    else:
        with served("watch", (telemetry.WATCHER,), watching.unready):
            watching.run(stop)


def _checked(path: Path, *, may_be_without_database: bool) -> "RuleFile":
    from sql.engine import DatabaseUnavailable, engine
    from streams.watch.reading import known_subjects
    from streams.watch.rules import read
    from streams.watch.runbook import anchors

    try:
        with engine(read=True).connect() as connection:
            subjects = known_subjects(connection)
    except DatabaseUnavailable:
        if not may_be_without_database:
            raise
        click.echo("The names of queues, departments and feeds are not checked: there is no database.", err=True)
        subjects = None
    return read(path, anchors=anchors(), subjects=subjects)
