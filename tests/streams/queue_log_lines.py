"""Lines of a queue_log for tests, and what a source made of them in a form that reads well in an assertion."""

from collections.abc import Iterable
from datetime import UTC, datetime

from streams import events
from streams.sources.asterisk import QueueLog
from streams.sources.mapping import NO_MAPPING, Mapping

NOON = 1_764_072_000  # 2025-11-25 12:00:00 UTC
NOW = datetime(2025, 11, 26, tzinfo=UTC)

Said = tuple[float, str, str]


def line(after_seconds: float, verb: str, *data: object, call: str = "c1", queue: str = "general", agent: str = "NONE") -> bytes:
    """A line written so many seconds after noon."""
    return "|".join([f"{NOON + after_seconds:.6f}".rstrip("0").rstrip("."), call, queue, agent, verb, *map(str, data)]).encode()


def queue_log(*, callback_keys: str = "", mapping: Mapping = NO_MAPPING) -> QueueLog:
    """A source whose clock stands still."""
    return QueueLog("asterisk/test", callback_keys=callback_keys, mapping=mapping, clock=lambda: NOW)


def said(found: Iterable[events.Event]) -> list[Said]:
    """Seconds after noon, who, and what, of each event."""
    return [(event.time.timestamp() - NOON, *_what(event.data)) for event in found]


def contacts_said(found: Iterable[events.Event]) -> list[Said]:
    """The same of contacts alone."""
    return said(event for event in found if not isinstance(event, events.AgentStateChangedEvent))


def agents_said(found: Iterable[events.Event]) -> list[Said]:
    """The same of agents alone."""
    return said(event for event in found if isinstance(event, events.AgentStateChangedEvent))


def read(*lines: bytes, source: QueueLog | None = None) -> list[events.Event]:
    """The events of some lines."""
    source = source or queue_log()
    return [event for one in lines for event in source.read(one)]


def _what(data: events.Data) -> tuple[str, str]:
    if isinstance(data, events.ContactQueued):
        return data.contact_id, f"queued {data.queue}"
    if isinstance(data, events.ContactAnswered):
        return data.contact_id, f"answered {data.agent_id} {_seconds(data.wait_seconds)}"
    if isinstance(data, events.ContactLeftQueue):
        return data.contact_id, f"left {data.reason} {_seconds(data.wait_seconds)}"
    if isinstance(data, events.ContactEnded):
        return data.contact_id, f"ended {_seconds(data.talk_seconds)}"
    if isinstance(data, events.AgentStateChanged):
        return data.agent_id, f"{data.state} {','.join(data.queues or ())}".strip()
    if isinstance(data, events.SourceUnreadable):
        return "unreadable", data.reason
    return "heartbeat", ""


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
