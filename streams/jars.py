"""The jars of the embedded Kafka: fetched by jgo, and used only if their SHA-256 sums are those of `kafka.lock` beside this module.

`python -m streams.jars` writes that file anew (after a change of KAFKA or LOG_BINDING). It starts nothing.
"""

import fcntl
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import MavenContext
from requests import RequestException

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"  # Kafka logs through slf4j, and without a binding it says nothing
LOCK = Path(__file__).with_name("kafka.lock")
FETCH_ATTEMPTS = 5
TIMEOUT_SECONDS = 30
LONGEST_PAUSE_SECONDS = 15.0

Progress = Callable[[str], None]


class JarsUnavailable(Exception):
    """A jar cannot be fetched, or is not the one that was pinned."""


@dataclass(frozen=True)
class Jar:
    """One pinned file: its Maven coordinate `group:artifact:version`, and the SHA-256 sum of its bytes in hex."""

    coordinate: str
    sha256: str


def pinned() -> list[Jar]:
    """The jars of the lock file, in the order of the class path."""
    lines = (line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#"))
    return [Jar(coordinate, sha256) for sha256, coordinate in lines]


def fetched(cache: Path, progress: Progress = lambda text: None) -> list[Path]:
    """The pinned jars on this machine, each checked; what is missing or damaged is fetched (again).

    Args:
        cache: A Maven repository folder that only this project uses.
        progress: Told what is being fetched.

    Raises:
        JarsUnavailable: the network gave up, or gave other bytes than the pinned ones.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:  # two first starts at once share one download
        fcntl.flock(lock, fcntl.LOCK_EX)
        repository = _repository(cache)
        jars = pinned()
        return [_fetched(repository, jar, progress, f"Kafka, file {number} of {len(jars)}") for number, jar in enumerate(jars, start=1)]


def _repository(cache: Path) -> MavenContext:
    return MavenContext(repo_cache=cache, local_repos=[], timeout=TIMEOUT_SECONDS)


def _fetched(repository: MavenContext, jar: Jar, progress: Progress, what: str) -> Path:
    group, name, version = jar.coordinate.split(":")
    artifact = repository.project(group, name).at_version(version).artifact()
    path = artifact.cached_path
    assert path is not None
    if path.exists() and _sha256(path) == jar.sha256:
        return path
    reason = ""
    for attempt in range(1, FETCH_ATTEMPTS + 1):
        path.unlink(missing_ok=True)  # a download that was interrupted; never a reason to stop
        progress(f"the download of {what}{reason and f' (attempt {attempt}: {reason})'}")
        try:
            artifact.resolve()
            found = _sha256(path)
        except (RequestException, RuntimeError, OSError) as error:
            reason = f"{type(error).__name__}: {error}".partition(" (Caused by")[0][:160]
        else:
            if found == jar.sha256:
                return path
            reason = f"its SHA-256 is {found}, but {LOCK.name} says {jar.sha256}"
        time.sleep(min(2.0**attempt, LONGEST_PAUSE_SECONDS) if attempt < FETCH_ATTEMPTS else 0)
    path.unlink(missing_ok=True)
    raise JarsUnavailable(f"{jar.coordinate} cannot be fetched: {reason}. See to the network and start again; what is whole is kept.")


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def pin(cache: Path) -> list[Jar]:
    """Resolve KAFKA and what it needs, fetch it all, and write the lock file.

    It trusts what it fetches: read the difference before committing it.
    """
    context = _repository(cache)
    # The binding is not resolved with Kafka: its parent's versions would win over Kafka's own.
    kafka, needed = context.resolver.resolve([context.create_dependency(KAFKA)])
    artifacts = [dependency.artifact for dependency in (*kafka, *(one for one in needed if one.scope in ("compile", "runtime")))]
    artifacts.append(context.create_dependency(LOG_BINDING).artifact)
    jars = [Jar(f"{one.groupId}:{one.artifactId}:{one.version}", _sha256(one.resolve())) for one in artifacts]
    part = LOCK.with_suffix(".part")
    head = f"# {KAFKA} and what it needs, by SHA-256. Written by `python -m streams.jars`.\n"
    part.write_text(head + "".join(f"{jar.sha256}  {jar.coordinate}\n" for jar in jars))
    part.replace(LOCK)
    return jars


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        sys.stdout.write(f"{len(pin(Path(empty)))} jars pinned in {LOCK}\n")
