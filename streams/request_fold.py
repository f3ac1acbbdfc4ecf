"""Snapshots of service requests folded into one row a request: the newest snapshot holds, and every status that was seen keeps its instant.

Like the fold of contacts it depends neither on order nor on number. It talks to nobody; `sql/queries/sink.sql` goes on with it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec

from streams import events
from streams.events import RequestSnapshot

_SECONDS_CUT_OFF = timedelta(minutes=1)  # servers that cut seconds date an update up to so long before the request
_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class RequestRow:
    """What some snapshots of one request say together."""

    newest: RequestSnapshot
    updated_at: datetime
    version: str
    source: str
    first_requested: datetime
    last_requested: datetime
    seen_open: set[datetime] = field(default_factory=set)
    seen_closed: set[datetime] = field(default_factory=set)


def row_of(event: events.RequestSnapshotEvent) -> RequestRow:
    """The row of one snapshot."""
    data = event.data
    closed = data.status == "closed"
    updated = data.updated_datetime or data.closed_datetime or data.requested_datetime
    if not data.closed_datetime and data.requested_datetime - _SECONDS_CUT_OFF < updated < data.requested_datetime:
        updated = data.requested_datetime
    row = RequestRow(data, updated, version_of(data, event.source), event.source, data.requested_datetime, data.requested_datetime)
    if closed:
        row.seen_closed.add(data.closed_datetime or updated)
    elif updated > data.requested_datetime:
        row.seen_open.add(updated)
    return row


def version_of(data: RequestSnapshot, source: str) -> str:
    """What decides between snapshots of one instant: a closed one before an open one, else any rule that is always the same."""
    digest = blake2b(source.encode() + b"\0" + _encoder.encode(data), digest_size=8).hexdigest()
    return f"{data.status == 'closed':d}{digest}"


def merge(row: RequestRow, other: RequestRow) -> RequestRow:
    """Both together; `row` is changed."""
    if (other.updated_at, other.version) > (row.updated_at, row.version):
        row.newest, row.updated_at, row.version, row.source = other.newest, other.updated_at, other.version, other.source
    row.first_requested = min(row.first_requested, other.first_requested)
    row.last_requested = max(row.last_requested, other.last_requested)
    row.seen_open |= other.seen_open
    row.seen_closed |= other.seen_closed
    return row
