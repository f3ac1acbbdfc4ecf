"""The command line of the database's side: `python -m sql --help`."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from sql import accounts, areas, feeds, grants, logs, observations, reference, reports, retention
from sql.engine import DatabaseUnavailable, connect, database_url, engine, first_line
from sql.migrate import migrate as migrate_to_newest
from sql.rebuild import rebuild as rebuild_intervals
from sql.settings import InvalidSetting, settings
from sql.weather_columns import SYSTEMS, Units


def plain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """One line instead of a traceback, for everything that a person can put right."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except reports.InvalidRequest as error:
            raise click.UsageError(str(error)) from None
        except (DatabaseUnavailable, InvalidSetting, reference.InvalidFile, accounts.AccountsFailed, feeds.NotRetired) as error:
            raise click.ClickException(str(error)) from None
        except (psycopg.Error, SQLAlchemyError) as error:
            raise click.ClickException(first_line(error)) from None

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.pass_context
@plain_errors
def main(context: click.Context) -> None:
    """The database of the 311 dashboard: its schema, its reports, and what people load into it."""
    logs.configure(context.invoked_subcommand or "sql")


@main.command()
@plain_errors
def migrate() -> None:
    """Bring the database to the newest schema and the newest definitions of the metrics."""
    connect().close()
    done = migrate_to_newest(database_url())
    click.echo("\n".join(done) if done else "nothing to do: the schema is the newest")


@main.command(name="accounts")
@click.option(
    "--files",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where each account's file with its DATABASE_URL stands or is written; without it no password is set.",
)
@plain_errors
def accounts_command(files: Path | None) -> None:
    """Make or mend the database's accounts, one a part, each with the rights that it needs; for whoever may make accounts.

    Passwords are read from the files or made and written there, and shown nowhere. `docs/deploy.md` says what each account may do.
    """
    with connect(autocommit=True) as connection:
        made = accounts.establish(connection, database_url(), files=files)
    for name, purpose in grants.ACCOUNTS.items():
        click.echo(f"{name}{' (new)' if name in made.new else ''}: {purpose}")
    for path in made.written:
        click.echo(f"written: {path}")


@main.command(name="report")
@click.argument("name", type=click.Choice(list(reports.REPORTS)))
@click.option("--from", "starts", metavar="T", help="Begin of the period, included.")
@click.option("--to", "ends", metavar="T", help="End of the period, not included.")
@click.option("--as-of", metavar="T", help="As it was known at this instant; without it, now.")
@click.option("--threshold", type=click.FloatRange(min=0), metavar="SECONDS", help="Answer threshold; without it, each queue's own target.")
@click.option("--short-abandon", type=click.FloatRange(min=0), metavar="SECONDS", help="Short-abandon limit; without it, each queue's own.")
@click.option("--by", type=click.Choice(["department", "type"]), default="department", help="For requests: a row for each type too.")
@click.option("--format", "shape", type=click.Choice(list(reports.FORMATS)), default="table", show_default=True)
@plain_errors
def report_command(
    name: str,
    starts: str | None,
    ends: str | None,
    as_of: str | None,
    threshold: float | None,
    short_abandon: float | None,
    by: str,
    shape: str,
) -> None:
    """Print a report. T is ISO 8601; without an offset it is the city's local time."""
    zone = settings().zone
    request = reports.Request(
        starts_at=reports.instant(starts, zone) if starts else None,
        ends_at=reports.instant(ends, zone) if ends else None,
        as_of=reports.instant(as_of, zone) if as_of else None,
        threshold_seconds=threshold,
        short_abandon_seconds=short_abandon,
        by_type=by == "type",
    )
    with engine().connect() as connection:
        found = reports.report(name, connection, request)
    click.echo(reports.FORMATS[shape](found))


@main.command()
@click.option("--check", is_flag=True, help="Only compare; exit status 1 when a roll-up is not equal to its rows.")
@plain_errors
def rebuild(check: bool) -> None:
    """Count the quarter hours anew from the contacts where they differ, and say what differed."""
    with engine().begin() as connection:
        found = rebuild_intervals(connection, check_only=check)
    if not found.differences.empty:
        click.echo(found.differences.head(20).to_string(index=False))
    click.echo(f"{found.differing} roll-ups differed; {found.contacts} contacts are counted")
    if check and not found.differences.empty:
        sys.exit(1)


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@plain_errors
def retain(dry_run: bool) -> None:
    """Delete what is older than the settings say (`docs/retention.md`); what was counted stays. Run it every night."""
    chosen, now = settings(), datetime.now(UTC)
    if dry_run:
        with engine().connect() as connection:
            for taken in retention.would_take(connection, chosen, now):
                click.echo(f"would be: {_taken(taken)}")
    else:
        retention.retain(engine(), chosen, now, lambda taken: click.echo(_taken(taken)))


@main.command(name="retire-feed")
@click.argument("feed")
@click.option("--topic", metavar="NAME", help="Only of this topic, such as one that has another prefix now.")
@click.option("--by", "who", required=True, metavar="NAME", help="Who does it, for the record.")
@plain_errors
def retire_feed(feed: str, topic: str | None, who: str) -> None:
    """Miss FEED no more, a source that has ended for good: screens and alerts forget it. What it told stays."""
    with engine().begin() as connection:
        retired = feeds.retire(connection, feed, who, topic)
    click.echo(f"{feed} is missed no more in {', '.join(retired.topics)}{'' if retired.whole else '; it has other topics, which are'}")
    if retired.cleared:
        click.echo(f"alerts cleared: {', '.join(retired.cleared)}")


def _taken(taken: retention.Taken) -> str:
    rule = taken.rule
    if taken.before is None:
        return f"0 {rule.done}: {rule.setting} says for ever"
    return f"{taken.rows:,} {rule.done} before {taken.before.astimezone(settings().zone):%Y-%m-%d} ({rule.setting})"


@main.command()
@click.argument("kind", type=click.Choice([*reference.KINDS, "areas", "observations"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", "area_kind", metavar="NAME", help="Areas: what they are, such as `district`; without it, the file's name.")
@click.option("--name-property", metavar="NAME", help="Areas: which property of the file is an area's name.")
@click.option("--station", metavar="NAME", help="Observations: the weather station that they are of; without it, WEATHER_STATION.")
@click.option("--units", type=click.Choice(SYSTEMS), help="Observations: of columns that do not say theirs; without it, by the others.")
@plain_errors
def load(kind: str, file: Path, area_kind: str | None, name_property: str | None, station: str | None, units: Units | None) -> None:
    """Load what people edit (areas: GeoJSON; everything else: TOML), and weather observations (CSV).

    The requests that are in the tables already get their place, department and due day anew.
    """
    if kind != "areas" and (area_kind or name_property):
        raise click.UsageError("--kind and --name-property are for areas")
    if kind != "observations" and (station or units):
        raise click.UsageError("--station and --units are for observations")
    if kind == "observations":
        click.echo(_observations(file, station, units))
        return
    with engine().begin() as connection:
        if kind == "areas":
            count = areas.load(file, connection, kind=area_kind or file.stem, name_property=name_property)
        else:
            count = reference.load(kind, file, connection, settings().zone)
    click.echo(f"{count} {kind if kind != 'areas' else 'areas of the kind ' + (area_kind or file.stem)} loaded")
    if kind == "areas" or kind in reference.AT_INTAKE:
        _reapply()


def _observations(file: Path, station: str | None, units: Units | None) -> str:
    station = (station or settings().weather_station).strip()
    if not 0 < len(station) <= observations.LONGEST_NAME or not station.isprintable():
        raise click.UsageError(
            f"name the weather station with --station or WEATHER_STATION, in 1 to {observations.LONGEST_NAME} characters"
        )
    with engine().begin() as connection:
        loaded = observations.load(file, connection, station=station, units=units)
    missing = f"; the file has no {', '.join(loaded.missing)}" if loaded.missing else ""
    return f"{loaded.days:,} days of {station} loaded, {loaded.changed:,} of them new or changed{missing}"


def _reapply() -> None:
    from tqdm import tqdm

    from sql.reapply import reapply

    with connect(autocommit=True) as connection, tqdm(desc="requests", unit=" requests", unit_scale=True, disable=None) as bar:
        changed = reapply(connection, bar.update)
    if changed:
        click.echo(f"{changed:,} requests have another place, department or due day now")


if __name__ == "__main__":
    main(prog_name="python -m sql")
