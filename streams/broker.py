"""Where the Kafka is, how it is spoken to, what its topics are called, and that they exist. It sends and reads no event."""

import logging
import os
import re
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any, Self

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from sql.settings import InvalidSetting, Settings, settings
from streams import events
from streams.embedded import address_file

REQUEST_TIMEOUT_MILLISECONDS = 10_000
CONNECT_TIMEOUT_SECONDS = 3.0
_REASON = re.compile(r"(?:Connection|Bootstrap (?:connection|attempt) to \S+) failed: (.+?)(?: \(backoff .*\))?$")  # in the client's log
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


def client_options(servers: str) -> dict[str, Any]:
    """What every client of Kafka is made with: the brokers, TLS, and our name and password there.

    Args:
        servers: Where Kafka is.

    Raises:
        InvalidSetting: the settings do not go together; the message names them, and never a password.
    """
    chosen = settings()
    protocol = chosen.kafka_security_protocol
    options: dict[str, Any] = {"bootstrap_servers": servers.split(",")}
    if complaint := _complaint(chosen):
        raise InvalidSetting(f"KAFKA_SECURITY_PROTOCOL is {protocol}, {complaint}. Mend it in the environment or in .env.")
    if protocol == "PLAINTEXT":
        return options
    options["security_protocol"] = protocol
    if protocol.startswith("SASL"):
        options |= {"sasl_mechanism": chosen.kafka_sasl_mechanism, "sasl_plain_username": chosen.kafka_sasl_username}
        options["sasl_plain_password"] = chosen.kafka_sasl_password
    if protocol.endswith("SSL"):
        options |= {name: str(path) for name, path in _files(chosen).items() if path}
    return options


def _files(chosen: Settings) -> dict[str, Path | None]:
    return {"ssl_cafile": chosen.kafka_ssl_cafile, "ssl_certfile": chosen.kafka_ssl_certfile, "ssl_keyfile": chosen.kafka_ssl_keyfile}


def _complaint(chosen: Settings) -> str | None:
    """What does not fit the protocol, as the end of a sentence."""
    protocol, files = chosen.kafka_security_protocol, _files(chosen)
    has_password, given = protocol.startswith("SASL"), [f"KAFKA_{name.upper()}" for name, path in files.items() if path]
    if protocol != "PLAINTEXT" and not chosen.kafka_bootstrap_servers:
        return "and KAFKA_BOOTSTRAP_SERVERS is not set: the embedded Kafka speaks PLAINTEXT alone"
    if has_password and not (chosen.kafka_sasl_username and chosen.kafka_sasl_password):
        return "which needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
    if not has_password and (chosen.kafka_sasl_username or chosen.kafka_sasl_password):
        return "which knows no KAFKA_SASL_USERNAME and no password: take SASL_SSL"
    if protocol == "SASL_PLAINTEXT" and chosen.kafka_sasl_mechanism == "PLAIN":
        return "over which the mechanism PLAIN would show the password to everybody on the way: take SASL_SSL or a SCRAM mechanism"
    if not protocol.endswith("SSL") and given:
        return f"which knows no {given[0]}: take SSL or SASL_SSL"
    if bool(chosen.kafka_ssl_certfile) != bool(chosen.kafka_ssl_keyfile):
        return "and of KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE only one is set: a certificate needs its key"
    missing = [f"KAFKA_{name.upper()} is {str(path)!r}" for name, path in files.items() if path and not os.access(path, os.R_OK)]
    return f"but {missing[0]}, which is no file that can be read here" if missing else None


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
        InvalidSetting: the settings of its security do not go together.
    """
    options = client_options(servers)
    require(servers)
    try:
        with _FirstReason() as heard:
            return KafkaAdminClient(
                **options,
                request_timeout_ms=REQUEST_TIMEOUT_MILLISECONDS,
                bootstrap_timeout_ms=REQUEST_TIMEOUT_MILLISECONDS,
                client_id="city311",
            )
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"Kafka at {servers} cannot be used: {_why(heard.words or str(error))}.") from None


def _why(words: str) -> str:
    """The client's words as a reason that helps, with the settings to look at."""
    protocol = settings().kafka_security_protocol
    # Over TLS the client may lose the broker's own answer, as the broker closes the connection after it: whichever comes says the same.
    refused = "authentication failed" in words.lower() or words.endswith("socket disconnected")
    if protocol.startswith("SASL") and (refused or "sasl" in words.lower()):
        reason = "it closed the connection when it was shown the password: authentication failed" if refused else words
        return f"{reason}. See KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM"
    return f"{words}. See KAFKA_SSL_CAFILE and KAFKA_SSL_CERTFILE" if "certificate" in words.lower() else words


class _FirstReason(logging.Handler):
    """Why the client could not enter: it says so in its log alone, and raises a time-out."""

    _said_by = logging.getLogger("kafka.net.manager")

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first reason that it says: the last one is only that the time is up."""
        if not self.words and (found := _REASON.match(" ".join(record.getMessage().split()))):
            self.words = found[1].removesuffix(".")

    def __enter__(self) -> Self:
        self._before = self._said_by.level, self._said_by.propagate
        self._said_by.setLevel(logging.WARNING)
        self._said_by.propagate = False  # what it says goes into our own sentence
        self._said_by.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._said_by.removeHandler(self)
        level, self._said_by.propagate = self._before
        self._said_by.setLevel(level)


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
