"""`python -m forecasting import-volume FILE`: years of counts from another system, beside what the stream has counted since."""

import getpass
from pathlib import Path

import click
from sqlalchemy import text

from forecasting import volume_files
from forecasting.commands.plain_errors import plain_errors
from forecasting.days import TOTAL
from sql.engine import engine
from sql.queries import statement
from sql.settings import settings

READABLE_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
CHUNK = 50_000


@click.command("import-volume", short_help="Take in years of counts from another system.")
@click.argument("file", type=READABLE_FILE)
@click.option("--column", default="contacts", show_default=True, metavar="NAME", help="The column with the counts.")
@click.option("--date-column", metavar="NAME", help="The column with the times; unset: interval_start, date and the like.")
@click.option("--queue-column", metavar="NAME", help="The column with the queue; unset: every row is of --queue.")
@click.option("--queue", default=TOTAL, show_default=True, metavar="NAME", help="Of a file of one queue; * is all together.")
@click.option("--minutes", type=click.Choice([str(m) for m in volume_files.MINUTES]), help="Of an interval; unset: as in the file.")
@plain_errors
def import_volume(file: Path, column: str, date_column: str | None, queue_column: str | None, queue: str, minutes: str | None) -> None:
    """Take in a CSV file of counts a day, hour, half or quarter of an hour, of one queue, of each, or of all together.

    Times without an offset are the city's. Importing again replaces the counts of the same intervals. From the first
    whole day that the stream has counted itself, the stream is believed.
    """
    found = volume_files.read(
        file,
        column=column,
        zone=settings().zone,
        date_column=date_column,
        queue_column=queue_column,
        queue=queue,
        minutes=int(minutes) if minutes else None,
    )
    frame = found.frame
    with engine().begin() as connection:
        who = {"file_name": file.name, "imported_by": getpass.getuser()}
        import_id = connection.execute(text(statement("write-volume-import")), who).scalar_one()
        changed = 0
        for start in range(0, len(frame), CHUNK):
            part = frame.iloc[start : start + CHUNK]
            rows = {
                "queues": part["queue"].tolist(),
                "starts": part["starts_at"].dt.to_pydatetime().tolist(),
                "contacts": part["contacts"].tolist(),
                "minutes": found.minutes,
                "import_id": import_id,
            }
            changed += connection.execute(text(statement("write-volume")), rows).rowcount
    queues = frame["queue"].nunique()
    first, last = (at.tz_convert(settings().zone).date() for at in (frame["starts_at"].iloc[0], frame["starts_at"].max()))
    click.echo(f"{len(frame):,} counts of {queues} queue{'s' if queues != 1 else ''}, {first} to {last}: {changed:,} new or changed")
