"""Polls one GeoReport server in rounds: what is new, what was opened lately, what was updated, and what is known to be open.

How far it was read is written down only after Kafka has the events, so a crash can repeat events (their ids are the same, and
the tables do not change) but never lose one. It tells that it is alive only after a round that was complete.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from streams import events
from streams.broker import bootstrap_servers
from streams.poll import checkpoint
from streams.poll.asking import Stopped
from streams.poll.checkpoint import Checkpoint, Known
from streams.poll.georeport import GeoReport, Record
from streams.poll.rounds import Rounds
from streams.poll.windows import REQUESTED, UPDATED, Windows, looked_up
from streams.publisher import Publisher
from streams.sources import utc_now
from streams.sources.open311 import Open311

log = logging.getLogger(__name__)

OVERLAP = timedelta(hours=1)  # servers show a request some time after its own time
WINDOW = timedelta(days=7)  # far below GeoReport's 90 days, so that a long past is written down in pieces
LATELY = timedelta(days=7)
REREAD_EVERY = timedelta(hours=1)
REREAD_OPEN_EVERY_IF_UPDATES_ARE_TOLD = timedelta(days=1)
IDS_A_QUESTION, CHARACTERS_A_QUESTION = 50, 1_500
MOST_IDS_A_ROUND = 5_000
TOLD_KEPT = 200_000


class Poller(Rounds):
    """One server, one source, one process."""

    def __init__(
        self,
        server: GeoReport,
        source: Open311,
        *,
        state_dir: Path,
        every_seconds: float,
        since: datetime,
        stop: threading.Event,
        clock: Callable[[], datetime] = utc_now,
        servers: Callable[[], str] = bootstrap_servers,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            server: whom to ask.
            source: how to read its records.
            state_dir: where the checkpoint is kept.
            every_seconds: from the beginning of a round to that of the next.
            since: where to begin the first time.
            stop: ends `run` in an orderly way.
            clock: now.
            servers: where Kafka is, asked again for every round.
        """
        super().__init__(source.name, state_dir=state_dir, every_seconds=every_seconds, stop=stop, servers=servers)
        self._server = server
        self._source = source
        self._clock = clock
        self._checkpoint = Checkpoint(server.shown_url, since.astimezone(UTC))
        self._windows = Windows(server)
        self._told: dict[str, None] = {}  # ids of events that Kafka has
        self._sent: dict[str, None] = {}  # … and of those it may not have yet
        self._seen: dict[str, Known | None] = {}  # what they say of the requests known to be open; None: closed
        self._tells_updates: bool | None = None
        self._looks_up = True
        self._newest_update: datetime | None = None

    def _begin(self) -> None:
        self._checkpoint = checkpoint.read(self._home, self._server.shown_url, Checkpoint) or self._checkpoint
        self._windows = Windows(self._server, longest_answer=self._checkpoint.longest_answer)

    def _round(self, publisher: Publisher) -> None:
        self._sent, self._seen = {}, {}
        began = self._clock()
        self._read_new(publisher, began)
        self._read_lately(publisher, began)
        self._read_updates(publisher, began)
        self._read_open(publisher, began)
        publisher.heartbeat(
            source=self._source.name, topic=events.REQUESTS, at=began, cadence_seconds=self._every_seconds, name=self._source.title
        )
        publisher.flush()

    def _read_new(self, publisher: Publisher, began: datetime) -> None:
        """From where it was read to until now, in windows that are written down one by one."""
        first = end = min(self._checkpoint.read_until, began)
        while True:
            start, end = end - OVERLAP, min(end + WINDOW, began)
            self._take(publisher, self._windows.read(REQUESTED, start, end), began)
            all_lately = end == began and first <= began - LATELY
            self._settle(publisher, read_until=end, reread_at=began if all_lately else None)
            if end == began:
                return

    def _read_lately(self, publisher: Publisher, began: datetime) -> None:
        """What was opened lately, again: some of it shows late, is reopened, or gets another target."""
        if self._checkpoint.reread_at is None or began - self._checkpoint.reread_at >= REREAD_EVERY:
            self._take(publisher, self._windows.read(REQUESTED, began - LATELY, began), began)
            self._settle(publisher, reread_at=began)

    def _read_updates(self, publisher: Publisher, began: datetime) -> None:
        if self._tells_updates is None and self._newest_update is not None:
            known = min(self._newest_update, began) - timedelta(seconds=1)
            self._tells_updates = self._windows.tells_updates(ahead=began + timedelta(days=1), known=known)
            log.info("%s %s `updated_after`", self._server.shown_url, "heeds" if self._tells_updates else "does not heed")
        if self._tells_updates:
            start = (self._checkpoint.updated_until or began) - OVERLAP
            self._take(publisher, self._windows.read(UPDATED, start, began), began)
            self._settle(publisher, updated_until=began)

    def _read_open(self, publisher: Publisher, began: datetime) -> None:
        """Those known to be open that were not looked at for some time, the longest first: by id, or by when they were requested."""
        pause = REREAD_OPEN_EVERY_IF_UPDATES_ARE_TOLD if self._tells_updates else REREAD_EVERY
        before = (began - pause).timestamp()
        due = sorted((known.looked_at, one) for one, known in self._checkpoint.open.items() if known.looked_at <= before)
        ids = [one for _, one in due[:MOST_IDS_A_ROUND]]
        for batch in _batches(ids) if self._looks_up else ():
            found = looked_up(self._server, batch)
            if found is None:
                self._looks_up = False
                log.info("%s does not look up by id", self._server.shown_url)
                break
            self._take(publisher, [found], began)
            self._looked_at(batch, began)
            self._settle(publisher)
        left = [(known.requested, one) for one in ids if (known := self._checkpoint.open.get(one)) and known.looked_at <= before]
        for start, end, many in _spans(left):
            self._take(publisher, self._windows.read(REQUESTED, start, end), began)
            self._looked_at(many, began)
            self._settle(publisher)

    def _looked_at(self, ids: Iterable[str], began: datetime) -> None:
        """What the server did not give this time is asked for again later."""
        for one in ids:
            known = self._checkpoint.open.get(one)
            if known is not None:
                self._seen.setdefault(one, Known(known.requested, int(began.timestamp())))

    def _take(self, publisher: Publisher, answers: Iterable[list[Record]], began: datetime) -> None:
        for answer in answers:
            for record in answer:
                for event in self._source.read(msgspec.json.encode(record, order="deterministic"), self._server.shown_url):
                    self._publish(publisher, event, int(began.timestamp()))
            if self._stop.is_set():
                raise Stopped

    def _publish(self, publisher: Publisher, event: events.Event, looked_at: int) -> None:
        if isinstance(event, events.RequestSnapshotEvent):
            snapshot = event.data
            is_open = snapshot.status == "open"
            known = Known(int(snapshot.requested_datetime.timestamp()), looked_at)
            self._seen[snapshot.service_request_id] = known if is_open else None
            self._newest_update = max(self._newest_update or event.time, event.time)
        if event.id in self._told or event.id in self._sent:
            return
        publisher.send(event, topic=events.REQUESTS)
        self._sent[event.id] = None
        self.events += 1
        self.unreadable += isinstance(event, events.SourceUnreadableEvent)

    def _settle(
        self,
        publisher: Publisher,
        *,
        read_until: datetime | None = None,
        updated_until: datetime | None = None,
        reread_at: datetime | None = None,
    ) -> None:
        """Wait until Kafka has all of it, then write down how far that is."""
        publisher.flush()
        self._told |= self._sent
        if len(self._told) > TOLD_KEPT:
            self._told = dict.fromkeys(list(self._told)[-TOLD_KEPT // 2 :])
        still_open = {one: known for one, known in (self._checkpoint.open | self._seen).items() if known is not None}
        self._sent, self._seen = {}, {}
        before = self._checkpoint
        self._checkpoint = Checkpoint(
            url=before.url,
            read_until=max(before.read_until, read_until or before.read_until),
            updated_until=updated_until or before.updated_until,
            reread_at=reread_at or before.reread_at,
            longest_answer=self._windows.longest_answer,
            open=still_open,
        )
        checkpoint.write(self._home, self._checkpoint)


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids that fit into one question. One with a comma would be two: it is found by its time alone."""
    batch: list[str] = []
    for one in ids:
        if len(batch) == IDS_A_QUESTION or sum(map(len, batch)) + len(one) > CHARACTERS_A_QUESTION:
            yield batch
            batch = []
        if "," not in one:
            batch.append(one)
    if batch:
        yield batch


def _spans(requested: Iterable[tuple[int, str]]) -> Iterator[tuple[datetime, datetime, list[str]]]:
    """Windows of at most a week in which the requests lie, with their ids."""
    first, last, ids = 0, 0, list[str]()
    for at, one in sorted(requested):
        if ids and at - first > WINDOW.total_seconds():
            yield datetime.fromtimestamp(first - 1, UTC), datetime.fromtimestamp(last + 1, UTC), ids
            ids = []
        first, last = at if not ids else first, at
        ids.append(one)
    if ids:
        yield datetime.fromtimestamp(first - 1, UTC), datetime.fromtimestamp(last + 1, UTC), ids
