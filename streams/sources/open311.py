"""Reads Open311: one GeoReport v2 service request, a JSON object, becomes one snapshot of it. No I/O.

Field names are kept. It is liberal where real servers are (numbers as texts, "" for null, a place at 0/0), and never lets a
record pass whose id, status or dates cannot be right. What else a server sends is read over.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from streams import events
from streams.sources import LONG_AGO, Envelopes, Unreadable, shown, utc_now
from streams.sources.connect_fields import WITHHELD
from streams.sources.request_fields import (
    LONGEST_TEXT,
    Instants,
    dated,
    is_default,
    place,
    request_id,
    status,
    url,
    words,
)
from streams.sources.request_mapping import NO_REQUEST_MAPPING, RequestMapping

# GeoReport has open and closed alone; these are what servers say besides.
STATUS_WORDS: dict[str, events.RequestStatus] = {
    **dict.fromkeys(("open", "new", "submitted", "received", "acknowledged", "assigned", "pending", "reopened"), "open"),
    **dict.fromkeys(("in progress", "in process", "investigating", "planned", "scheduled", "action scheduled", "on hold"), "open"),
    **dict.fromkeys(("closed", "resolved", "completed", "complete", "fixed", "archived", "no further action"), "closed"),
    **dict.fromkeys(("duplicate", "rejected", "cancelled", "canceled", "not responsible", "unable to fix", "internal referral"), "closed"),
}
SHAPE = frozenset(("service_request_id", "requested_datetime", "service_code", "token"))
PERSONAL = frozenset(("email", "phone", "first_name", "last_name", "device_id", "account_id"))


class Open311:
    """The requests of one GeoReport server. It remembers nothing from one record to the next."""

    def __init__(
        self,
        name: str,
        *,
        zone: tzinfo,
        jurisdiction_id: str | None = None,
        mapping: RequestMapping = NO_REQUEST_MAPPING,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            zone: where a time without an offset is, unless the mapping says.
            jurisdiction_id: of records that do not tell theirs; unless given, the mapping's.
            mapping: the city's own words; columns and constants do not count here.
            clock: now; a request, update or close more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = f"Open311 {name.removeprefix('open311/')}"[:100]
        self.ignored: Counter[str] = Counter()
        self._jurisdiction_id = jurisdiction_id or mapping.jurisdiction_id
        self._instants = Instants(mapping.zone or zone, mapping.date_formats, clock)
        self._missing = frozenset(word.casefold() for word in mapping.missing)
        self._default_geocodes = mapping.default_geocodes
        self._statuses = mapping.status_words(STATUS_WORDS)
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of one service request; blanks have none. How the JSON is laid out does not change the event's id."""
        line = line.strip()
        if not line:
            return []
        record: dict[str, Any] | None = None
        try:
            record = document(line)
            line = msgspec.json.encode(record, order="deterministic")
            snapshot = self._snapshot(record)
        except Unreadable as error:
            kept = line if record is None else _kept(record)
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at, kept=kept)
        at = dated(snapshot)
        self._last_at = max(self._last_at, at)
        return self._envelopes.seal(line, [(snapshot, at)])

    def recognises(self, line: bytes) -> bool:
        """Whether it is a JSON object with one of the fields that every service request has."""
        try:
            return not SHAPE.isdisjoint(document(line.strip()))
        except Unreadable:
            return False

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""

    def _snapshot(self, record: dict[str, Any]) -> events.RequestSnapshot:
        told = {field: value for field, value in record.items() if not self._is_missing(value)}
        if "service_request_id" not in told and "token" in told:
            raise Unreadable(f"service_request_id is missing: the server has given no more than a token yet, {shown(str(told['token']))}")
        identity = request_id(told.get("service_request_id"))
        requested = self._instants.happened(told.get("requested_datetime"), "requested_datetime")
        if requested is None:
            raise Unreadable("requested_datetime is missing: an ISO 8601 time is expected")
        point = place(told.get("lat"), told.get("long"))
        return events.RequestSnapshot(
            service_request_id=identity,
            status=status(told.get("status"), self._statuses),
            requested_datetime=requested,
            updated_datetime=self._instants.happened(told.get("updated_datetime"), "updated_datetime"),
            expected_datetime=self._instants.told(told.get("expected_datetime"), "expected_datetime"),
            service_code=words(told.get("service_code")),
            service_name=words(told.get("service_name")),
            agency_responsible=words(told.get("agency_responsible")),
            description=words(told.get("description"), LONGEST_TEXT),
            status_notes=words(told.get("status_notes"), LONGEST_TEXT),
            service_notice=words(told.get("service_notice"), LONGEST_TEXT),
            address=words(told.get("address")),
            address_id=words(told.get("address_id")),
            zipcode=words(told.get("zipcode")),
            lat=point and point[0],
            long=point and point[1],
            media_url=url(told.get("media_url")),
            closed_datetime=self._instants.happened(told.get("closed_datetime"), "closed_datetime"),
            usable_location=point is None or not is_default(point, self._default_geocodes),
            channel=words(told.get("channel")),
            language=words(told.get("language")),
            department=words(told.get("department")),
            jurisdiction_id=words(told.get("jurisdiction_id")) or self._jurisdiction_id,
        )

    def _is_missing(self, value: Any) -> bool:
        if isinstance(value, str):
            return not value or value.isspace() or (bool(self._missing) and value.strip().casefold() in self._missing)
        return value is None


def document(line: bytes) -> dict[str, Any]:
    """The object of one record.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Unreadable(f"a JSON object is expected, not {shown(line)}")
    return found


def _kept(record: dict[str, Any]) -> bytes:
    """What is kept of a record that cannot be read: all of it but what names or reaches a person."""
    return msgspec.json.encode({field: WITHHELD if field.lower() in PERSONAL else value for field, value in record.items()})
