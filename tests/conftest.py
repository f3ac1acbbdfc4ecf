"""A real Postgres and a real Kafka for the whole session, and for each test a database and topics of its own.

They live in a temporary folder of state, apart from what `make demo` keeps. What is missing fails; nothing here skips.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import hypothesis
import psycopg
import pytest

from sql import engine as database_engine
from sql.migrate import migrate
from sql.settings import PROJECT, settings
from streams import broker, events
from tests import servers
from tests.servers import Services
from tests.tcp_proxy import TcpProxy

# How long an example takes says something about the machine, which others use too, and nothing about the code.
hypothesis.settings.register_profile("shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared machine")

REFERENCE_DATA = PROJECT.parent / "shared" / "data"
TEMPLATE = "migrated_template"
# A test loses nothing that a crash of the machine could take; a killed server still keeps what it committed.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_connections": "200"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the reference data where that folder is not there."""
    if REFERENCE_DATA.is_dir():
        return
    left_out = [item for item in items if item.get_closest_marker("reference")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The line that says what was left out."""
    if not REFERENCE_DATA.is_dir():
        terminalreporter.write_line("Tests marked `reference` were left out: the data they compare with, ../shared/data, is not there.")


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Postgres and Kafka, started once."""
    with servers.running("city311-test-", NOT_DURABLE) as started:
        yield started


@pytest.fixture(scope="session")
def migrated_template(services: Services) -> str:
    """The name of a database that was migrated once and holds nothing else."""
    url = _create(services, TEMPLATE)
    migrate(url)
    return TEMPLATE


def _create(services: Services, name: str, template: str = "template0") -> str:
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return services.postgres.url.rsplit("/", 1)[0] + f"/{name}"


def _drop(services: Services, url: str) -> None:
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[1]}" WITH (FORCE)')


@pytest.fixture
def empty_database(services: Services) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    url = _create(services, f"test_{uuid.uuid4().hex[:12]}")
    yield url
    _drop(services, url)


@pytest.fixture
def database(services: Services, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database that only this test uses."""
    url = _create(services, f"test_{uuid.uuid4().hex[:12]}", migrated_template)
    yield url
    _drop(services, url)


@pytest.fixture
def topics(services: Services) -> Iterator[str]:
    """A fresh TOPIC_PREFIX; the topics with it exist, and only this test uses them. The servers: `services.kafka.address`."""
    prefix = f"test-{uuid.uuid4().hex[:12]}."
    with closing(broker.admin(services.kafka.address)) as client:
        partitions = {topic: 1 if topic in events.QUIET_TOPICS else settings().topic_partitions for topic in events.TOPICS}
        client.create_topics({prefix + topic: {"num_partitions": count} for topic, count in partitions.items()}, wait_for_metadata=True)
    yield prefix
    with closing(broker.admin(services.kafka.address)) as client:  # another one: the test may have restarted the broker
        client.delete_topics([prefix + topic for topic in events.TOPICS])


@pytest.fixture
def environment(services: Services, database: str, topics: str, tmp_path: Path) -> dict[str, str]:
    """The whole environment of a subprocess that works on this test's database and topics, with a folder of state of its own."""
    ours = {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": services.kafka.address,
        "TOPIC_PREFIX": topics,
        "STATE_DIR": str(tmp_path / "state"),
        "PYTHONPATH": str(PROJECT),
    }
    return servers.without_settings(os.environ) | ours


@pytest.fixture
def in_process(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process itself works on the test's database and topics: settings, engine and broker are theirs until the test ends."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    database_engine.close()
    yield
    database_engine.close()
    settings.cache_clear()


@pytest.fixture
def database_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process looks for its database where nobody is: HOST:PORT/NAME."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/b")
    settings.cache_clear()
    database_engine.close()
    yield "127.0.0.1:1/b"
    monkeypatch.undo()
    settings.cache_clear()
    database_engine.close()


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[str, int], TcpProxy]]:
    """Makes a proxy to HOST, PORT that can cut, hang and restore."""
    with ExitStack() as proxies:
        yield lambda host, port: proxies.enter_context(TcpProxy(host, port))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real records and reference figures, for tests marked `reference`."""
    assert REFERENCE_DATA.is_dir(), f"{REFERENCE_DATA} is needed: mark the test `reference`"
    return REFERENCE_DATA
