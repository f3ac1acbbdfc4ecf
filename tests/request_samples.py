"""Requests written through the sink as a consumer would write them, for tests that look at what the screens make of them."""

from collections.abc import Sequence

import psycopg

from sql import intake
from streams import events, sink
from streams.fold import Batch, Position, Record

PLACE = Position(events.REQUESTS, 0)


def write(connection: psycopg.Connection, told: Sequence[events.RequestSnapshot], *, source: str = "crm") -> None:
    """Write snapshots in one batch, in their order, each told at the moment of its request.

    Args:
        connection: a new one in autocommit, to a migrated database; what was written before by another one stays.
        told: what the source says.
        source: its name.
    """
    sink.prepare(connection)
    begin = sink.offsets(connection, [PLACE], consumer="test")[PLACE]
    batch = Batch({PLACE: begin})
    batch.add(PLACE, [_record(one, begin + number, source) for number, one in enumerate(told)])
    sink.write(connection, batch, intake.read(connection))


def _record(one: events.RequestSnapshot, offset: int, source: str) -> Record:
    event = events.event(one, source=source, event_id=f"{source}-{offset}", at=one.requested_datetime)
    return Record(*PLACE, offset, None, events.encode(event))
