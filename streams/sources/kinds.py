"""The kinds of source by the words of the command line, each with the name that its events carry unless another is given."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sql.settings import settings
from streams.social.authors import Authors
from streams.sources import Source, utc_now
from streams.sources.asterisk import QueueLog
from streams.sources.cloudevents import CloudEvents
from streams.sources.connect import Connect
from streams.sources.mapping import NO_MAPPING, InvalidMapping, Mapping, read_mapping
from streams.sources.nws_alerts import NwsAlerts
from streams.sources.nws_forecast import NwsForecast
from streams.sources.open311 import Open311
from streams.sources.request_mapping import NO_REQUEST_MAPPING, RequestMapping, find_mapping, read_request_mapping, shipped
from streams.sources.request_table import RequestTable
from streams.sources.social_posts import SocialPosts

DEFAULT_NAMES = {
    "asterisk": "asterisk/pbx1",
    "connect": "connect/instance1",
    "cloudevents": "cloudevents",
    "open311": "open311/server1",
    "requests": "requests/table1",
    "nws-forecast": "nws/forecast1",
    "nws": "nws/alerts1",
    "social": "social/posts1",
}
KINDS = tuple(DEFAULT_NAMES)
FOLLOWED_KINDS = ("asterisk", "connect")
REQUEST_KINDS = ("open311", "requests")

AnyMapping = Mapping | RequestMapping


def mapping_of(kind: str, named: str | None) -> AnyMapping | None:
    """The mapping that was named for a kind of KINDS, None when none was.

    Args:
        kind: one of KINDS.
        named: a TOML file; for requests also the name of one that comes with the project.

    Raises:
        InvalidMapping: there is none, or it cannot be used.
    """
    if kind in REQUEST_KINDS:
        return read_request_mapping(find_mapping(named)) if named else None
    return read_mapping(Path(named)) if named else None


def source_of(kind: str, *, name: str | None = None, mapping: AnyMapping | None = None, clock: Callable[[], datetime] = utc_now) -> Source:
    """A new source of a kind of KINDS, with the settings of this process.

    Args:
        kind: one of KINDS.
        name: the CloudEvents source; by default that of the kind.
        mapping: the site's or the city's names, as `mapping_of` gives it for the kind.
        clock: now.

    Raises:
        InvalidMapping: a table of requests has no columns named.
    """
    name = name or DEFAULT_NAMES[kind]
    site = mapping if isinstance(mapping, Mapping) else NO_MAPPING
    city = mapping if isinstance(mapping, RequestMapping) else NO_REQUEST_MAPPING
    if kind == "asterisk":
        chosen = settings()
        return QueueLog(name, zone=chosen.zone, callback_keys=chosen.asterisk_callback_keys, mapping=site, clock=clock)
    if kind == "connect":
        return Connect(name, mapping=site, clock=clock)
    if kind == "open311":
        return Open311(name, zone=settings().zone, mapping=city, clock=clock)
    if kind == "requests":
        if not city.columns:
            raise InvalidMapping(
                f"A table of requests needs a mapping with [columns]: --mapping {', '.join(shipped())}, or a TOML file of your own."
            )
        return RequestTable(name, mapping=city, zone=settings().zone, clock=clock)
    if kind == "nws-forecast":
        return NwsForecast(name, clock=clock)
    if kind == "nws":
        return NwsAlerts(name, clock=clock)
    if kind == "social":
        return SocialPosts(name, Authors.of(settings()), zone=settings().zone, clock=clock)
    return CloudEvents(name, clock=clock)
