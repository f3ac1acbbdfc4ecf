"""What the Weekly review page asks, and which week it is of. It draws nothing."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pandas import DataFrame

from dashboard import answers, data, weekly_rows
from dashboard.weekly_rows import Review, Span
from dashboard.weekly_week import NoSuchWeek, Week, choices, last_full, reviewable
from sql.queries import frame
from sql.settings import settings

NEVER_KEPT = frozenset({"review-actions"})  # whoever changes an action sees it at once


@dataclass(frozen=True, slots=True)
class Choice:
    """The week that is shown, those that could be, and why it is another than the one asked for."""

    week: Week
    weeks: tuple[Week, ...]
    note: str


class Asker:
    """Asks the named queries for one drawing of the page; `oldest` is when the oldest of its answers was given."""

    def __init__(self) -> None:
        self.oldest: datetime | None = None

    def __call__(self, name: str, **params: Any) -> DataFrame:
        """The frame of a named query.

        Raises:
            NoAnswer: the database is away, or it answered with an error.
        """
        if name in NEVER_KEPT:
            return data.ask(lambda connection: frame(name, connection, **params))
        answer = answers.ask(name, **params)
        self.oldest = answer.at if self.oldest is None else min(self.oldest, answer.at)
        return answer.frame


def choose(span: Span, wanted: str | None, now: datetime) -> Choice | None:
    """The week of that name, else the newest of which something is known; None while nothing is known.

    Args:
        span: from when to when anything is known.
        wanted: as it stands in the URL.
        now: the clock.
    """
    zone = settings().zone
    weeks = tuple(choices(span.starts_at, span.ends_at, now, zone))
    if not weeks:
        return None
    newest = weeks[0]
    note = ""
    if wanted:
        try:
            week = reviewable(wanted, span.starts_at, span.ends_at, now, zone)
            return Choice(week, weeks if week in weeks else (*weeks, week), "")
        except NoSuchWeek as error:
            said = str(error)
            note = f"{said[0].upper()}{said[1:]}. Shown is {newest.name}."
    elif newest != last_full(now, zone):
        note = f"Nothing is known of {last_full(now, zone).name}, the last full week. Shown is the newest with data."
    return Choice(newest, weeks, note)


def read(asker: Asker, week: Week) -> Review:
    """Everything that the page shows of a week.

    Raises:
        NoAnswer: the database is away, or it answered with an error.
        UnexpectedFrame: its queries are of another version.
    """
    review = weekly_rows.review(asker, week, city_name=settings().city_name, zone=settings().zone, at=data.now())
    return replace(review, at=asker.oldest or review.at)
