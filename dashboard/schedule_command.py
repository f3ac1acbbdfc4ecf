"""`python -m dashboard load-schedule`: a schedule from a file, checked as on the screen, so that a nightly export can bring it."""

from pathlib import Path

import click

from dashboard.data import NoAnswer, ask
from dashboard.staffing_editing import keep_schedule
from dashboard.staffing_upload import Refused, parse
from dashboard.wording import plural
from dashboard.writing import NotKept
from sql.queries import frame
from sql.settings import InvalidSetting, settings


@click.command("load-schedule")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--by", "who", required=True, metavar="NAME", help="Who brings it, for the record.")
def load_schedule(file: Path, who: str) -> None:
    """Keep the schedule in FILE (CSV: queue,date,start,end,people), whole or not at all.

    Exit status: 0 kept, 1 not kept (a line is wrong, the database is away), 2 wrong use.
    """
    try:
        queues = ask(lambda connection: frame("staffing-queues", connection))["queue"].astype(str).tolist()
        slots = parse(file.read_bytes(), queues, settings().zone)
        keep_schedule(slots, file.name, who)
    except (NoAnswer, NotKept, Refused, InvalidSetting) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read ({error.strerror}).") from None
    first, last = (one.interval_start.astimezone(settings().zone) for one in (slots[0], slots[-1]))
    number = plural(len({slot.queue for slot in slots}), "queue")
    click.echo(f"kept {plural(len(slots), 'half hour')} of {number}, {first:%Y-%m-%d} to {last:%Y-%m-%d}")
