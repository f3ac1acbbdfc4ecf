"""`python -m dashboard weekly-review`: a week's review as a PDF or CSV file, without a browser, so that it can be scheduled and mailed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pandas import DataFrame
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dashboard import weekly_csv, weekly_rows, written_file
from dashboard.rows import UnexpectedFrame
from dashboard.weekly_week import NoSuchWeek, Week, last_full, reviewable
from sql.engine import DatabaseUnavailable, engine, first_line
from sql.queries import frame
from sql.settings import InvalidSetting, settings

SHAPES = ("pdf", "csv")


@click.command("weekly-review")
@click.option("--week", "wanted", metavar="WEEK", help="An ISO week such as 2026-W47; without it, the last one that is over.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE", help="Where to write it.")
@click.option("--format", "shape", type=click.Choice(SHAPES), help="pdf or csv; without it, as FILE ends, else pdf.")
def weekly_review(wanted: str | None, output: Path, shape: str | None) -> None:
    """Write the weekly review of a week to a file.

    Exit status: 0 written, 1 not written (the database is away, FILE cannot be written), 2 wrong use (there is no such week).
    """
    now = datetime.now(UTC)
    chosen = shape or ("csv" if output.suffix.lower() == ".csv" else "pdf")
    try:
        with engine(read=True).connect() as connection:
            review = review_of(connection, wanted, now)
    except NoSuchWeek as error:
        raise click.BadParameter(str(error), param_hint="--week") from None
    except (DatabaseUnavailable, InvalidSetting, UnexpectedFrame) as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database answered with an error: {first_line(error)}") from None
    written_file.write(output, _made(review, chosen))
    click.echo(f"wrote {output}: {review.week.name}, {review.week.long}")


def review_of(connection: Connection, wanted: str | None, now: datetime) -> weekly_rows.Review:
    """The review of a week of that name; without one, of the last that is over.

    Raises:
        NoSuchWeek: there is no such week, or nothing is known of it.
        UnexpectedFrame: the queries are of another version.
        SQLAlchemyError: the database answers with an error.
    """

    def ask(name: str, **params: Any) -> DataFrame:
        return frame(name, connection, **params)

    zone = settings().zone
    span = weekly_rows.span(ask)
    week: Week = reviewable(wanted or last_full(now, zone).name, span.starts_at, span.ends_at, now, zone)
    return weekly_rows.review(ask, week, city_name=settings().city_name, zone=zone, at=now)


def _made(review: weekly_rows.Review, shape: str) -> bytes:
    if shape == "csv":
        return weekly_csv.text(review).encode()
    from dashboard import weekly_report  # Typst and the chart engine take a second to load

    return weekly_report.pdf(review)
