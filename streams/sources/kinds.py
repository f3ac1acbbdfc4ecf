"""The kinds of source by the words of the command line, each with the name that its events carry unless another is given."""

from collections.abc import Callable
from datetime import datetime

from sql.settings import settings
from streams.sources import Source, utc_now
from streams.sources.asterisk import QueueLog
from streams.sources.cloudevents import CloudEvents
from streams.sources.connect import Connect
from streams.sources.mapping import NO_MAPPING, Mapping

DEFAULT_NAMES = {"asterisk": "asterisk/pbx1", "connect": "connect/instance1", "cloudevents": "cloudevents"}
KINDS = tuple(DEFAULT_NAMES)
FOLLOWED_KINDS = ("asterisk", "connect")


def source_of(kind: str, *, name: str | None = None, mapping: Mapping = NO_MAPPING, clock: Callable[[], datetime] = utc_now) -> Source:
    """A new source of a kind of KINDS, with the settings of this process.

    Args:
        kind: one of KINDS.
        name: the CloudEvents source; by default that of the kind.
        mapping: the site's names.
        clock: now.
    """
    name = name or DEFAULT_NAMES[kind]
    if kind == "asterisk":
        chosen = settings()
        return QueueLog(name, zone=chosen.zone, callback_keys=chosen.asterisk_callback_keys, mapping=mapping, clock=clock)
    if kind == "connect":
        return Connect(name, mapping=mapping, clock=clock)
    return CloudEvents(name, clock=clock)
