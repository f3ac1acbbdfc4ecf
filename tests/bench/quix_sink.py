"""The same topic through quixstreams' PostgreSQLSink (upsert, one row an event, no roll-up): what ours is held against.

Run in the environment of requirements-bench.txt: `quix_sink.py SERVERS TOPIC DATABASE_URL COUNT`.
"""

import json
import sys
import tempfile
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

from quixstreams import Application
from quixstreams.sinks.community.postgresql import PostgreSQLSink


class TimedSink(PostgreSQLSink):
    """Remembers when how many rows were committed."""

    commits: ClassVar[list[tuple[float, int]]] = []

    def write(self, batch: Any) -> None:
        super().write(batch)
        self.commits.append((time.perf_counter(), batch.size))


def flat(event: dict[str, Any]) -> dict[str, Any]:
    """One row an event: the envelope's and the data's fields beside each other."""
    data = {name: float(value) if name.endswith("_seconds") else value for name, value in event["data"].items()}
    return {"type": event["type"], "id": event["id"], "source": event["source"], "time": event["time"], **data}


def main(servers: str, topic: str, url: str, count: int) -> None:
    """Bring `count` events into the table `quix_contact`."""
    to = urlsplit(url)
    sink = TimedSink(
        host=to.hostname or "127.0.0.1",
        port=to.port or 5432,
        dbname=to.path.strip("/"),
        user=to.username or "",
        password=to.password or "",
        table_name="quix_contact",
        primary_key_columns=["contact_id", "type"],
        upsert_on_primary_key=True,
    )
    app = Application(
        broker_address=servers,
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        commit_every=10_000,
        commit_interval=5.0,
        loglevel="WARNING",
        state_dir=tempfile.mkdtemp(prefix="city311-bench-"),
    )
    app.dataframe(app.topic(topic, value_deserializer="json", key_deserializer="str")).apply(flat).sink(sink)
    app.run(count=count, timeout=20)
    total = sum(size for _, size in sink.commits)
    (began, first), (ended, _) = sink.commits[0], sink.commits[-1]
    sys.stdout.write(json.dumps({"events": total, "events_a_second": (total - first) / (ended - began)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
