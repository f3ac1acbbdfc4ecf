"""Events a second into Postgres: one consumer of ours, quixstreams' PostgreSQLSink on the same topic, and a bare COPY of the same rows."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from sql.settings import PROJECT
from streams import events
from tests.bench.stack import Stack
from tests.contact_samples import contacts, encoded, publish

CONTACTS = 200_000
QUIX_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Rate:
    """One way in: `events_a_second` between its first and its last commit."""

    name: str
    events_a_second: float


def measure(stack: Stack, count: int = CONTACTS) -> list[Rate]:
    """Publish `count` contacts once, and bring them into the tables each way, one after the other."""
    sent = publish(stack.servers, stack.prefix, encoded(contacts(count)))
    ours = _rate(
        "this project's sink: decode, fold, roll-ups, offsets",
        stack,
        [sys.executable, "-m", "streams", "consume", "--until-idle", "1"],
        "SELECT coalesce(sum(next_offset), 0) FROM stream_offset",
        sent,
    )
    stack.check_rebuilt()
    copied = Rate("bare COPY of the same contacts into the same indexed tables (rows)", _copy(stack))
    quix = Rate("quixstreams PostgreSQLSink: upsert, no roll-up", _quix(stack, sent))
    return [ours, copied, quix]


def _rate(name: str, stack: Stack, command: list[str], progress: str, total: int) -> Rate:
    process = subprocess.Popen(command, env=stack.environment, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        with psycopg.connect(stack.database, autocommit=True) as connection:
            seen = list(_progress(lambda: int(connection.execute(progress.encode()).fetchone()[0]), total, process))  # type: ignore[index]
    finally:
        process.kill() if process.poll() is None else None
        _, errors = process.communicate()
    if len(seen) < 2 or seen[-1][1] < total * 0.99:
        raise RuntimeError(f"{name} brought {seen[-1][1] if seen else 0} of {total} events: {errors[-2000:]}")
    (began, first), (ended, last) = seen[0], seen[-1]
    return Rate(name, (last - first) / (ended - began))


def _progress(ask: Callable[[], int], total: int, process: "subprocess.Popen[str]") -> Iterator[tuple[float, int]]:
    """(when, how many) at each change, from the first commit to the last."""
    before = 0
    while before < total:
        now = ask()
        if now != before:
            before = now
            yield time.perf_counter(), now
        elif process.poll() is not None:
            return
        time.sleep(POLL_SECONDS)


def _quix(stack: Stack, sent: int) -> float:
    command = [str(QUIX_PYTHON), "-m", "tests.bench.quix_sink", stack.servers, stack.prefix + events.CONTACTS, stack.database, str(sent)]
    done = subprocess.run(command, env=stack.environment, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"quixstreams failed: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["events"] != sent:
        raise RuntimeError(f"quixstreams brought {found['events']} of {sent} events")
    return float(found["events_a_second"])


def _copy(stack: Stack) -> float:
    """COPY the contacts of our run, as text, into an empty table with the same columns and indexes."""
    with psycopg.connect(stack.database, autocommit=True) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY contact TO STDOUT") as out:
            rows = b"".join(bytes(block) for block in out)
        count = rows.count(b"\n")
        cursor.execute("CREATE TABLE contact_copy (LIKE contact INCLUDING ALL)")
        began = time.perf_counter()
        with cursor.copy("COPY contact_copy FROM STDIN") as into:
            into.write(rows)
        return count / (time.perf_counter() - began)
