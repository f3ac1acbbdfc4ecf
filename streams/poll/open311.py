"""Puts together what polls a GeoReport server, from the words of the command line and the settings. It asks nothing itself."""

import os
import random
import threading
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sql.settings import settings
from streams.poll.asking import InvalidAddress
from streams.poll.georeport import GeoReport, base_url
from streams.poll.poller import Poller
from streams.sources import utc_now
from streams.sources.kinds import mapping_of
from streams.sources.open311 import Open311
from streams.sources.request_mapping import NO_REQUEST_MAPPING, RequestMapping

FIRST_TIME = timedelta(days=90)


def poller(
    url: str,
    *,
    jurisdiction: str | None,
    every: float,
    since: datetime | None,
    api_key_env: str | None,
    name: str | None,
    mapping: str | None,
    stop: threading.Event,
) -> Poller:
    """A poller with the settings of this process.

    Args:
        url: the server's address.
        jurisdiction: the jurisdiction_id to ask for.
        every: seconds from one round to the next.
        since: the day on which to begin the first time, by the city's clock; without one 90 days ago.
        api_key_env: the environment variable that holds the key.
        name: the CloudEvents source; by default `open311/` and the jurisdiction, or the server.
        mapping: a mapping's name or file.
        stop: ends it.

    Raises:
        InvalidAddress: the address or the name of the key's variable cannot be used.
        InvalidMapping: the mapping cannot be used.
    """
    chosen = settings()
    name = name or f"open311/{jurisdiction or urlsplit(base_url(url)).netloc.rpartition('@')[2]}"[:100]
    words = mapping_of("open311", mapping)
    source = Open311(
        name, zone=chosen.zone, jurisdiction_id=jurisdiction, mapping=words if isinstance(words, RequestMapping) else NO_REQUEST_MAPPING
    )
    server = GeoReport(url, jurisdiction_id=jurisdiction, api_key=_key(api_key_env), pause=stop.wait, dice=random.Random())
    began = since.replace(tzinfo=chosen.zone) if since else utc_now() - FIRST_TIME
    return Poller(server, source, state_dir=chosen.state_dir, every_seconds=every, since=began, stop=stop)


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InvalidAddress(f"--api-key-env: the environment variable {variable} is not set; put the key of the interface into it")
    return key
