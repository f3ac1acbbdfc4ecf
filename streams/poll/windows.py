"""What to ask a GeoReport server, so that nothing is left out: windows of time, halved as long as an answer may be cut off.

Servers cut their answers at a number of rows that nobody tells (1,000 in the standard, 50 or 100 often). An answer that is clearly
shorter than the longest one this server ever gave cannot be cut off; any other is asked for again, page by page where the server has
pages, else in two halves. It publishes nothing and keeps nothing but that longest answer.
"""

import logging
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from streams.poll.georeport import GeoReport, Record, Refused

log = logging.getLogger(__name__)

SMALLEST_CAP = 5  # no server cuts off after fewer rows
WHOLE_SHARE = 0.8  # of the longest answer: some servers leave out rows after cutting off
PAGE_SIZE = 1_000
MOST_PAGES = 10_000
NARROWEST = timedelta(seconds=4)
DAYS_ALONE = timedelta(days=1)
EDGE = timedelta(seconds=1)  # a server may leave out what lies on the edge of a window
NOTHING_NEW_QUESTIONS = 60  # halving down to one second takes fewer


class By(NamedTuple):
    """By which time records are asked for: the two parameters."""

    after: str
    before: str


REQUESTED = By("start_date", "end_date")
UPDATED = By("updated_after", "updated_before")

_Window = tuple[datetime, datetime]


class Windows:
    """The questions to one server.

    Attributes:
        longest_answer: the most different records that it gave in one answer.
    """

    def __init__(self, server: GeoReport, *, longest_answer: int = 0) -> None:
        """Begin.

        Args:
            server: whom to ask.
            longest_answer: what an earlier process had found.
        """
        self._server = server
        self.longest_answer = longest_answer
        self._takes_page_size = True
        self._has_pages = True  # until it is seen that it has none
        self._narrowest = NARROWEST
        self._warned = False

    def read(self, by: By, start: datetime, end: datetime) -> Iterator[list[Record]]:
        """All records of a window, answer by answer; a record may come more than once.

        Raises:
            ServerFailed: the server gave no usable answer.
            Stopped: the process is to end.
        """
        waiting = [(start, end)]
        seen: set[str] = set()
        nothing_new = 0
        while waiting:
            window = waiting.pop()
            answer = self._ask(by, window)
            yield answer
            ids = set(map(identity, answer))
            fresh, seen = len(ids - seen), seen | ids
            if self._is_whole(answer, ids):
                continue
            narrow = window[1] - window[0] <= self._narrowest
            if (by is REQUESTED or narrow) and (yield from self._pages(by, window, ids, len(answer))):
                continue
            nothing_new = 0 if fresh else nothing_new + 1
            if narrow:
                self._warn(window, len(answer))
                continue
            if nothing_new > NOTHING_NEW_QUESTIONS:  # it heeds the day alone; if that was known, it heeds nothing
                self._warn(window, len(answer))
                waiting = waiting if self._narrowest < DAYS_ALONE else []
                self._narrowest, nothing_new = DAYS_ALONE, 0
                continue
            middle = window[0] + (window[1] - window[0]) / 2
            waiting += [(middle - EDGE, window[1]), (window[0], middle + EDGE)]

    def tells_updates(self, *, ahead: datetime, known: datetime) -> bool:
        """Whether the server heeds `updated_after`: it has nothing from the future, and does have what is known.

        Args:
            ahead: an instant after which nothing can have been updated.
            known: an instant after which something was.

        Raises:
            ServerFailed: the server gave no usable answer.
            Stopped: the process is to end.
        """
        try:
            return not self._answer({"updated_after": _written(ahead)}) and bool(self._answer({"updated_after": _written(known)}))
        except Refused:
            return False

    def _is_whole(self, answer: list[Record], ids: set[str]) -> bool:
        """Whether it cannot have been cut off. Rows that came twice count on the side of caution."""
        self.longest_answer = max(self.longest_answer, len(ids))
        return len(answer) < max(SMALLEST_CAP, WHOLE_SHARE * self.longest_answer)

    def _pages(self, by: By, window: _Window, seen: set[str], rows: int) -> Generator[list[Record], None, bool]:
        """The second and later pages. True: they are all, and in an order that held, for no record came twice."""
        if not self._has_pages or len(seen) < rows:
            return False
        for page in range(2, MOST_PAGES):
            try:
                answer = self._ask(by, window, page)
            except Refused:
                self._has_pages = False
                return False
            fresh = set(map(identity, answer)) - seen
            if answer and not fresh:  # the first page again: it has no pages; the last page again: that was the last
                self._has_pages = page > 2
                return self._has_pages
            yield answer
            if not answer:
                return True
            if len(fresh) < len(answer):
                return False
            seen = seen | fresh
        return False

    def _ask(self, by: By, window: _Window, page: int | None = None) -> list[Record]:
        asked = {by.after: _written(window[0]), by.before: _written(window[1] + EDGE)}
        if page is not None:
            asked["page"] = str(page)
        if self._takes_page_size:
            try:
                return self._answer(asked | {"page_size": str(PAGE_SIZE)})
            except Refused as error:
                if error.status != 400 or page is not None:
                    raise
                self._takes_page_size = False
        return self._answer(asked)

    def _answer(self, asked: dict[str, str]) -> list[Record]:
        try:
            return self._server.ask(**asked)
        except Refused as error:
            if error.finds_nothing:
                return []
            raise

    def _warn(self, window: _Window, rows: int) -> None:
        if not self._warned:
            log.warning(
                "%s gives no more than %s requests at once, and between %s and %s there may be others that it does not give: "
                "it has no pages and does not heed shorter windows",
                self._server.shown_url,
                rows,
                *map(_written, window),
            )
        self._warned = True


def looked_up(server: GeoReport, ids: list[str]) -> list[Record] | None:
    """The records of some ids, as far as the server has them; None: it does not look up by id.

    Raises:
        ServerFailed: the server gave no usable answer.
        Stopped: the process is to end.
    """
    try:
        found = server.ask(service_request_id=",".join(ids))
    except Refused as error:
        if error.status not in (400, 404):
            raise
        if len(ids) == 1:
            return []
        halves = [looked_up(server, half) for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :])]  # one that is gone spoils them all
        return [record for half in halves for record in half or ()] if None not in halves else None
    return found if {identity(record) for record in found} <= set(ids) else None


def identity(record: Record) -> str:
    """What tells a record from the others: its id, or all of it where it has none."""
    told = record.get("service_request_id")
    return str(told) if told else msgspec.json.encode(record, order="deterministic").decode()


def _written(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
