"""Reads Amazon Connect: contact events (as EventBridge delivers them, or their bare detail) and agent events (as Kinesis does). No I/O.

Every event tells all that it knows, dated by its own timestamps, so events may come in any order, twice, or not at all.
Addresses, attributes and names of people are read over and never published. The written rules are in docs/connectors.md.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from streams import events
from streams.sources import LONG_AGO, Envelopes, Horizon, Unreadable, shown, utc_now
from streams.sources.connect_agents import AGENT_EVENT_TYPES, agent_state
from streams.sources.connect_fields import LONGEST_SECONDS, Fields, lower_keys, without_personal
from streams.sources.mapping import NO_MAPPING, Mapping

CONTACT_EVENT_DETAIL_TYPE = "amazon connect contact event"
CONTACT_EVENT_TYPES = frozenset(
    (
        *("INITIATED", "CONNECTED_TO_SYSTEM", "QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED", "COMPLETED"),
        *("CONTACT_DATA_UPDATED", "PAUSED", "RESUMED", "AMD_DISABLED", "WEBRTC_API"),
    )
)
NOT_FROM_RESIDENTS = frozenset(("OUTBOUND", "EXTERNAL_OUTBOUND", "MONITOR", "CAMPAIGN_PREVIEW", "AGENT_REPLY"))
CHANNELS = {"VOICE": "phone", "CHAT": "chat", "TASK": "task", "EMAIL": "email"}
# Why a contact that no agent took was disconnected, when it was not the resident's doing.
LEFT_REASONS: dict[str, events.LeftReason] = {"CONTACT_FLOW_DISCONNECT": "closed", "EXPIRED": "timeout", "TRANSFERRED": "transferred"}
# How a contact began, when that tells how the one before it left its queue.
PREDECESSOR_LEFT: dict[str, events.LeftReason] = {"QUEUE_TRANSFER": "transferred", "CALLBACK": "callback"}

Told = list[tuple[events.Data, datetime]]


class Connect:
    """One Amazon Connect instance. It remembers nothing from one event to the next."""

    def __init__(self, name: str, *, mapping: Mapping = NO_MAPPING, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            mapping: the site's names, by the last part of a queue's or an agent's ARN.
            clock: now; an event more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = f"Amazon Connect {name.removeprefix('connect/')}"[:100]
        self.ignored: Counter[str] = Counter()
        self._mapping = mapping
        self._horizon = Horizon(clock)
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The events of one JSON document; blanks have none."""
        line = line.strip()
        if not line:
            return []
        try:
            told = self._meaning(_document(line))
            for _, at in told:
                self._horizon.check(at, "a timestamp")
        except Unreadable as error:
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at, kept=_kept(line))
        if told:
            self._last_at = max(self._last_at, *(at for _, at in told))
        return self._envelopes.seal(line, told)

    def recognises(self, line: bytes) -> bool:
        """Whether it is a JSON object with an event type and a contact or an agent, or any event of Amazon Connect."""
        try:
            document = _document(line.strip())
            body = _body(document)
        except Unreadable:
            return False
        return document.get("source") == "aws.connect" or ("eventtype" in body and ("contactid" in body or "agentarn" in body))

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""

    def _meaning(self, document: dict[str, Any]) -> Told:
        body = Fields(_body(document))
        detail_type = document.get("detail-type")
        if isinstance(detail_type, str) and detail_type.lower() != CONTACT_EVENT_DETAIL_TYPE:
            self.ignored[detail_type[:100]] += 1
            return []
        event_type = body.text("eventType").upper()
        if event_type in AGENT_EVENT_TYPES:
            return [agent_state(body, event_type, self._mapping)]
        if event_type not in CONTACT_EVENT_TYPES:
            raise Unreadable(f"eventType is {shown(event_type)}: not an event of Amazon Connect that is known here")
        told = self._contact(body, event_type, Fields(document).optional_instant("time") if "detail" in document else None)
        if not told:
            self.ignored[event_type] += 1
        return told

    def _contact(self, body: Fields, event_type: str, delivered_at: datetime | None) -> Told:
        contact_id = _contact_id(body.text("contactId"), body.optional_text("initialContactId"))
        method = (body.optional_text("initiationMethod") or "").upper()
        queue_info, agent_info = body.part("queueInfo"), body.part("agentInfo")
        if method in NOT_FROM_RESIDENTS or (queue_info.optional_text("queueType") or "").upper() == "AGENT":
            return []
        queue = self._queue(queue_info)
        enqueued_at = queue_info.optional_instant("enqueueTimestamp")
        connected_at = agent_info.optional_instant("connectedToAgentTimestamp")
        told = self._predecessor(body, event_type, method, delivered_at)
        queued_at = enqueued_at or (_dated(delivered_at, event_type, "queueInfo.enqueueTimestamp") if event_type == "QUEUED" else None)
        if queued_at and queue:
            channel = self._mapping.channels.get(queue) or _channel(body.optional_text("channel"))
            told.append((events.ContactQueued(contact_id, queue, channel, self._mapping.languages.get(queue)), queued_at))
        elif event_type == "QUEUED":
            raise Unreadable("queueInfo.queueArn is missing: a queued contact needs a queue")
        if event_type == "CONNECTED_TO_AGENT":
            connected_at = connected_at or _dated(delivered_at, event_type, "agentInfo.connectedToAgentTimestamp")
        if connected_at:
            waited = _lasted(enqueued_at, connected_at) if enqueued_at else None
            told.append((events.ContactAnswered(contact_id, self._agent(agent_info), queue, waited), connected_at))
        if event_type in ("DISCONNECTED", "COMPLETED"):
            told += self._end(body, event_type, contact_id, queue, connected_at, delivered_at)
        return told

    def _end(
        self,
        body: Fields,
        event_type: str,
        contact_id: str,
        queue: str | None,
        connected_at: datetime | None,
        delivered_at: datetime | None,
    ) -> Told:
        agent_info = body.part("agentInfo")
        wrap_up_from = agent_info.optional_instant("afterContactWorkStartTimestamp")
        wrap_up_until = agent_info.optional_instant("afterContactWorkEndTimestamp")
        ended_at = body.optional_instant("disconnectTimestamp")
        if ended_at is None and event_type == "DISCONNECTED":
            ended_at = _dated(delivered_at, event_type, "disconnectTimestamp")
        ended_at = ended_at or wrap_up_from
        if ended_at is None:
            return []
        hold = agent_info.optional_seconds("agentInitiatedHoldDuration")
        hold = agent_info.optional_seconds("customerHoldDuration") if hold is None else hold
        wrap_up = agent_info.optional_seconds("afterContactWorkDuration")
        if wrap_up is None and wrap_up_from and wrap_up_until:
            wrap_up = _lasted(wrap_up_from, wrap_up_until)
        together = _lasted(connected_at, ended_at) if connected_at else None
        talk = None if together is None else max(0.0, together - (hold or 0))
        told: Told = [(events.ContactEnded(contact_id, queue, talk, hold, wrap_up), ended_at)]
        reason = LEFT_REASONS.get((body.optional_text("disconnectReason") or "").upper())
        if reason and queue and not connected_at:
            told.append((events.ContactLeftQueue(contact_id, reason, queue), ended_at))
        return told

    def _predecessor(self, body: Fields, event_type: str, method: str, delivered_at: datetime | None) -> Told:
        """How the contact before this one left its queue, if this one's beginning tells."""
        reason, previous = PREDECESSOR_LEFT.get(method), body.optional_text("previousContactId")
        at = body.optional_instant("initiationTimestamp") or (delivered_at if event_type == "INITIATED" else None)
        if reason is None or previous is None or at is None:
            return []
        return [(events.ContactLeftQueue(_contact_id(previous, body.optional_text("initialContactId")), reason), at)]

    def _queue(self, queue_info: Fields) -> str | None:
        queue = queue_info.last_part_of_arn("queueArn")
        return queue and self._mapping.queues.get(queue, queue)

    def _agent(self, agent_info: Fields) -> str | None:
        agent = agent_info.last_part_of_arn("agentArn")
        return agent and self._mapping.agents.get(agent, agent)


def _kept(line: bytes) -> bytes:
    """What is kept of an event that cannot be read: all of it but what is personal; of what is no JSON, all."""
    try:
        return msgspec.json.encode(without_personal(msgspec.json.decode(line)))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return line


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = lower_keys(msgspec.json.decode(line))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Unreadable(f"a JSON object is expected, not {shown(line)}")
    return document


def _body(document: dict[str, Any]) -> dict[str, Any]:
    body = document.get("detail", document)
    if not isinstance(body, dict):
        raise Unreadable("detail is not an object")
    return body


def _contact_id(contact: str, initial: str | None) -> str:
    contact, initial = contact.replace("/", "_"), initial and initial.replace("/", "_")
    return contact if initial is None or initial == contact else f"{initial}/{contact}"


def _channel(channel: str | None) -> str:
    return CHANNELS.get((channel or "VOICE").upper(), (channel or "").lower())


def _dated(delivered_at: datetime | None, event_type: str, field: str) -> datetime:
    if delivered_at is None:
        raise Unreadable(f"{field} is missing, and there is no envelope with a time: {event_type} cannot be dated")
    return delivered_at


def _lasted(begins: datetime, ends: datetime) -> float | None:
    """Seconds from one to the other, None where a broken clock makes them more than a year."""
    seconds = max(0.0, (ends - begins).total_seconds())
    return seconds if seconds <= LONGEST_SECONDS else None
