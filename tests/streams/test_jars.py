"""The jars of the embedded Kafka come from a repository that may be slow, absent, interrupted or wrong: what is used is what was pinned."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jgo.maven import MavenContext

from streams import jars

COORDINATE = "org.example:thing:1.0"
INSIDE = Path("org/example/thing/1.0/thing-1.0.jar")
BYTES = b"the bytes of a jar" * 1000


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A Maven repository on 127.0.0.1 with one jar, which is pinned. Gives its folder; the cache is `tmp_path / "cache"`."""
    folder = tmp_path / "remote"
    (folder / INSIDE).parent.mkdir(parents=True)
    (folder / INSIDE).write_bytes(BYTES)
    lock = tmp_path / "kafka.lock"
    lock.write_text(f"# pinned\n{hashlib.sha256(BYTES).hexdigest()}  {COORDINATE}\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    remote = {"test": f"http://127.0.0.1:{server.server_port}"}
    monkeypatch.setattr(jars, "LOCK", lock)
    monkeypatch.setattr(jars, "_repository", lambda cache: MavenContext(repo_cache=cache, local_repos=[], remote_repos=remote, timeout=5))
    monkeypatch.setattr(jars, "LONGEST_PAUSE_SECONDS", 0)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def test_a_jar_is_fetched_once(repository, tmp_path):
    said: list[str] = []
    [first] = jars.fetched(tmp_path / "cache", said.append)
    [second] = jars.fetched(tmp_path / "cache", said.append)
    assert first == second
    assert first.read_bytes() == BYTES
    assert said == ["the download of Kafka, file 1 of 1"]


@pytest.mark.parametrize("left", [b"", BYTES[:500], b"x" * len(BYTES)], ids=["empty", "cut short", "of the right length"])
def test_what_an_interrupted_download_left_is_fetched_again(repository, tmp_path, left):
    path = tmp_path / "cache" / INSIDE
    path.parent.mkdir(parents=True)
    path.write_bytes(left)
    assert jars.fetched(tmp_path / "cache") == [path]
    assert path.read_bytes() == BYTES


def test_other_bytes_than_the_pinned_ones_are_never_used(repository, tmp_path):
    (repository / INSIDE).write_bytes(b"something else")
    with pytest.raises(jars.JarsUnavailable, match=r"thing:1\.0 cannot be fetched: its SHA-256 is [0-9a-f]{64}, but kafka.lock says"):
        jars.fetched(tmp_path / "cache")
    assert not (tmp_path / "cache" / INSIDE).exists()


def test_a_repository_that_comes_back_is_asked_again(repository, tmp_path):
    away = repository / "away.jar"
    (repository / INSIDE).rename(away)
    said: list[str] = []

    def back_at_the_second_attempt(what: str) -> None:
        said.append(what)
        if "attempt 2" in what:
            away.rename(repository / INSIDE)

    [path] = jars.fetched(tmp_path / "cache", back_at_the_second_attempt)
    assert path.read_bytes() == BYTES
    assert len(said) == 2


def test_the_lock_file_pins_kafka_and_a_log_binding():
    pinned = {jar.coordinate: jar.sha256 for jar in jars.pinned()}
    assert jars.KAFKA in pinned
    assert jars.LOG_BINDING in pinned
    assert all(len(sha256) == 64 for sha256 in pinned.values())
