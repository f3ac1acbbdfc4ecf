"""What an Amazon Connect agent event says of one agent: the one state that holds, and since when. No I/O, no memory.

A state is dated by its own start, never by the event's delivery, so a heartbeat only repeats what was told. The exceptions
are the changes that have no start of their own: logging in or out, and coming back from a contact to a status set before it.
"""

from datetime import datetime
from typing import NamedTuple

from streams import events
from streams.sources.connect_fields import Fields
from streams.sources.mapping import Mapping

AGENT_EVENT_TYPES = frozenset(("LOGIN", "LOGOUT", "STATE_CHANGE", "HEART_BEAT", "ENABLED"))
IN_CONTACT = frozenset(("CONNECTED", "CONNECTED_ONHOLD", "PAUSED"))
AFTER_CONTACT = "ENDED"
QUEUES_TOLD = 200
STATE_OF_TYPE: dict[str, events.AgentState] = {"ROUTABLE": "available", "CUSTOM": "away", "OFFLINE": "offline"}
# Older events have no AgentStatus.Type; these two names cannot be changed in an instance.
STATE_OF_NAME: dict[str, events.AgentState] = {"AVAILABLE": "available", "OFFLINE": "offline"}


class _Snapshot(NamedTuple):
    state: events.AgentState
    since: datetime | None
    by_contact: bool


def agent_state(body: Fields, event_type: str, mapping: Mapping) -> tuple[events.AgentStateChanged, datetime]:
    """The agent's state and the instant from which it holds.

    Raises:
        Unreadable: a field that is needed is missing or impossible.
    """
    agent = body.last_part_of_arn("AgentARN") or body.text("AgentARN")
    event_at = body.instant("EventTimestamp")
    now = _snapshot(body.part("CurrentAgentSnapshot"))
    before = _snapshot(body.part("PreviousAgentSnapshot"))
    if event_type == "LOGOUT":
        state: events.AgentState = "offline"
        at = now.since if now.state == "offline" and now.since else event_at
    else:
        state = now.state
        at = _since(now, before, event_type, event_at)
    queues = _queues(body.part("CurrentAgentSnapshot"), mapping)
    return events.AgentStateChanged(mapping.agents.get(agent, agent), state, queues), at


def _since(now: _Snapshot, before: _Snapshot, event_type: str, event_at: datetime) -> datetime:
    if now.since is None:
        return event_at
    if event_type == "LOGIN" and now.state != "offline":
        return event_at  # the status may have been set before an earlier log-off
    if event_type == "STATE_CHANGE" and before.since is not None and before.state != now.state:
        back_from_contact = before.by_contact and not now.by_contact
        if back_from_contact or now.since <= before.since:
            return max(event_at, now.since)
    return now.since


def _snapshot(snapshot: Fields) -> _Snapshot:
    contacts = snapshot.parts("Contacts")
    states = [(contact.optional_text("State") or "").upper() for contact in contacts]
    begun = [
        contact.optional_instant("ConnectedToAgentTimestamp") or contact.optional_instant("StateStartTimestamp")
        for contact, state in zip(contacts, states, strict=True)
        if state in IN_CONTACT
    ]
    if begun:
        return _Snapshot("on_contact", min((at for at in begun if at), default=None), by_contact=True)
    ended = [
        contact.optional_instant("StateStartTimestamp") for contact, state in zip(contacts, states, strict=True) if state == AFTER_CONTACT
    ]
    if ended:
        return _Snapshot("wrap_up", max((at for at in ended if at), default=None), by_contact=True)
    status = snapshot.part("AgentStatus")
    return _Snapshot(_status(status), status.optional_instant("StartTimestamp"), by_contact=False)


def _status(status: Fields) -> events.AgentState:
    by_type = STATE_OF_TYPE.get((status.optional_text("Type") or "").upper())
    if by_type:
        return by_type
    name = status.optional_text("Name")
    return STATE_OF_NAME.get(name.upper(), "away") if name else "offline"


def _queues(snapshot: Fields, mapping: Mapping) -> tuple[str, ...] | None:
    """The queues of the routing profile; an agent's own queue is not one that residents wait in."""
    profile = snapshot.part("Configuration").part("RoutingProfile")
    if not profile.has("InboundQueues"):
        return None
    names = set()
    for queue in profile.parts("InboundQueues"):
        last = queue.last_part_of_arn("ARN")
        if last and not queue.is_own_queue("ARN"):
            names.add(mapping.queues.get(last, last))
    return tuple(sorted(names)[:QUEUES_TOLD])
