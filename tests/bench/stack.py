"""Servers of its own for a measurement, as durable as in a real deployment, in a temporary folder."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from sql.migrate import migrate
from sql.settings import PROJECT
from streams import broker, events
from tests import servers


@dataclass(frozen=True)
class Stack:
    """A migrated database and empty topics."""

    database: str
    servers: str
    prefix: str
    environment: dict[str, str]

    def check_rebuilt(self) -> None:
        """A measurement of wrong figures is worth nothing."""
        subprocess.run(
            [sys.executable, "-m", "sql", "rebuild", "--check"], env=self.environment, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL
        )


@contextlib.contextmanager
def running() -> Iterator[Stack]:
    """Servers for as long as the block lasts."""
    with servers.running("city311-bench-", {"track_commit_timestamp": "on"}) as started:
        migrate(started.postgres.url)
        broker.ensure_topics(started.kafka.address, events.TOPICS)
        environment = servers.without_settings(os.environ) | {
            "DATABASE_URL": started.postgres.url,
            "KAFKA_BOOTSTRAP_SERVERS": started.kafka.address,
            "STATE_DIR": str(started.state_dir / "processes"),
            "PYTHONPATH": str(PROJECT),
        }
        yield Stack(started.postgres.url, started.kafka.address, "", environment)
