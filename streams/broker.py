"""Where the Kafka is, what its topics are called, and that they exist. It sends and reads no event."""

import socket
from collections.abc import Collection
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from sql.settings import settings
from streams import events
from streams.embedded import address_file

REQUEST_TIMEOUT_MILLISECONDS = 10_000
CONNECT_TIMEOUT_SECONDS = 3.0
# Kept by when they came, never by their own time: weeks of past are published at once.
_TOPIC_SETTINGS = {"message.timestamp.type": "LogAppendTime"}


class BrokerUnavailable(Exception):
    """Kafka cannot be used now; the message is one sentence that says why and what to do."""


def bootstrap_servers() -> str:
    """Where Kafka is: the setting, else the running embedded broker's address.

    Raises:
        BrokerUnavailable: neither is there.
    """
    chosen = settings()
    if chosen.kafka_bootstrap_servers:
        return chosen.kafka_bootstrap_servers
    try:
        return address_file(chosen.state_dir).read_text().strip()
    except FileNotFoundError:
        raise BrokerUnavailable("No Kafka: start `make demo` or `make services`, or set KAFKA_BOOTSTRAP_SERVERS.") from None
    except PermissionError as error:
        raise BrokerUnavailable(f"{error.filename} is another user's, who runs that Kafka: set KAFKA_BOOTSTRAP_SERVERS.") from None


def topic_name(topic: str) -> str:
    """What a topic of `events.TOPICS` is called on the broker: with the setting TOPIC_PREFIX before it."""
    return settings().topic_prefix + topic


def require(servers: str) -> None:
    """Find out quickly that a broker is there at all, before a client begins to try for minutes.

    Raises:
        BrokerUnavailable: none of the servers takes a connection.
    """
    reason = "no address"
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT_SECONDS).close()
            return
        except ValueError:
            reason = "an address is HOST:PORT"
        except OSError as error:
            reason = error.strerror or str(error)
    raise BrokerUnavailable(f"Kafka at {servers} cannot be reached: {reason}. Is it running?")


def admin(servers: str) -> Any:
    """An admin client of a broker that is there; close it.

    Raises:
        BrokerUnavailable: it cannot be reached or used.
    """
    require(servers)
    try:
        return KafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=REQUEST_TIMEOUT_MILLISECONDS, client_id="city311")
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"Kafka at {servers} cannot be used: {error}.") from None


def ensure_topics(servers: str, topics: Collection[str] = events.TOPICS) -> list[str]:
    """Create those topics that are missing, with the setting TOPIC_PARTITIONS, the quiet ones with 1. An existing topic stays as it is.

    Every fetch of a partition without events waits at the broker: quiet partitions cost the busy ones latency.

    Args:
        servers: Where Kafka is.
        topics: Without the prefix.

    Returns:
        The names (with the prefix) of those that it created.

    Raises:
        BrokerUnavailable: Kafka cannot be used, or refuses to create a topic.
    """
    client = admin(servers)
    try:
        there = set(client.list_topics())
        missing = [topic for topic in topics if topic_name(topic) not in there]
        return [topic_name(topic) for topic in missing if _created(client, topic)]
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"Kafka at {servers} did not create the topics {', '.join(map(topic_name, topics))}: {error}.") from None
    finally:
        client.close()


def _created(client: Any, topic: str) -> bool:
    partitions = 1 if topic in (*events.QUIET_TOPICS, events.ALERTS) else settings().topic_partitions
    wanted = {"num_partitions": partitions, "replication_factor": -1, "configs": _TOPIC_SETTINGS}
    try:
        client.create_topics({topic_name(topic): wanted}, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another process was quicker
        return False
    return True
