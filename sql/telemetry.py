"""What a process tells Prometheus: groups of metrics, each declared once with its name, kind, labels and meaning, and who may read them.

It counts nothing itself and asks nobody. `docs/monitoring.md` lists every metric, and a test holds the two together.
"""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.gc_collector import GCCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
QUICK_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SLOW_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0)
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")  # what a proxy adds

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each counter began: as many lines again, and nobody asks


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is declared.

    Attributes:
        name: as Prometheus stores it, with the unit, and `_total` where it only grows.
        kind: what it is.
        labels: their values come from a bounded set: topics, partitions, feeds that are configured, words of the code.
        meaning: one sentence, with the unit.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


class Group:
    """The metrics that belong together, because the same processes tell them.

    Attributes:
        who: the processes that tell them.
        metrics: what was declared, in that order.
        registry: where their values are.
    """

    def __init__(self, who: str) -> None:
        self.who = who
        self.metrics: list[Metric] = []
        self.registry = CollectorRegistry()

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """Declare what only grows; the name ends in `_total`."""
        self.metrics.append(Metric(name, "counter", labels, meaning))
        return Counter(name, meaning, labels, registry=self.registry)

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """Declare what goes up and down, or an instant in seconds since 1970."""
        self.metrics.append(Metric(name, "gauge", labels, meaning))
        return Gauge(name, meaning, labels, registry=self.registry)

    def histogram(self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
        """Declare a distribution; `buckets` are its upper bounds."""
        self.metrics.append(Metric(name, "histogram", labels, meaning))
        return Histogram(name, meaning, labels, registry=self.registry, buckets=buckets)


PROCESS = Group("every process")
PROCESS_INFO = PROCESS.gauge("city311_process_info", "1, with what the process does in the label.", "process")
PROCESS_LOG_MESSAGES = PROCESS.counter("city311_process_log_messages_total", "Messages written to the log, by their level.", "level")
ProcessCollector(registry=PROCESS.registry)
PlatformCollector(registry=PROCESS.registry)
GCCollector(registry=PROCESS.registry)


def exposition(groups: Iterable[Group]) -> bytes:
    """The values of the process itself and of these groups, in Prometheus' text format."""
    return b"".join(generate_latest(group.registry) for group in (PROCESS, *groups))


def may_read(headers: Mapping[str, str], client: str | None, token: str | None) -> bool:
    """Whether a request may have the metrics: it bears the token or, where none is set, comes from this machine.

    What a proxy passes on comes from elsewhere, whoever its last step is.

    Args:
        headers: of the request, their names in small letters.
        client: the address of whoever asks.
        token: METRICS_TOKEN.
    """
    if token:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    if client is None or any(name in headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
