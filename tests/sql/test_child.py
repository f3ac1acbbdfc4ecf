"""Children end with their parent, in time, with all they started; what a killed parent left is found."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sql import child
from sql.settings import PROJECT
from sql.whole_file import write_whole

PYTHON = sys.executable
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def eventually(condition: Callable[[], bool], *, within_seconds: float = 10) -> bool:
    until = time.monotonic() + within_seconds
    while not (done := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return done


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_stubborn_child_is_killed_after_its_time(tmp_path):
    log = tmp_path / "log"
    stubborn = child.start((PYTHON, "-c", STUBBORN), directory=tmp_path, log=log)
    assert eventually(lambda: log.read_text() == "up\n")
    began = time.monotonic()
    child.end(stubborn, (signal.SIGTERM, 0.3))
    assert stubborn.returncode == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - began < 5


def test_what_a_child_started_ends_with_it(tmp_path):
    log = tmp_path / "log"
    code = "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    parent = child.start((PYTHON, "-c", code), directory=tmp_path, log=log)
    assert eventually(lambda: log.read_text().endswith("\n"))
    grandchild = int(log.read_text())
    child.end(parent, (signal.SIGTERM, 5))
    assert eventually(lambda: not alive(grandchild))


def test_a_child_that_was_being_started_when_the_wish_to_end_came_is_ended(tmp_path):
    code = f"""
from pathlib import Path
from random import Random
from sql import child
from sql.settings import PROJECT
import os, signal, threading

class Stopped(Exception):
    pass

def stop(*_):
    raise Stopped

signal.signal(signal.SIGTERM, stop)
here, dice, wishes = Path({str(tmp_path)!r}), Random(311), 0
for _ in range(40):
    wish = threading.Timer(dice.uniform(0, 0.004), os.kill, (os.getpid(), signal.SIGTERM))
    try:
        wish.start()
        child.start(("sleep", "60"), directory=here, log=None)
        wish.join()
    except Stopped:
        wishes += 1
    wish.join()
child.end_started()
print(wishes, child.running_in(here))
"""
    done = subprocess.run([PYTHON, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "40 []\n", done.stdout + done.stderr


def test_a_child_does_not_outlive_a_killed_parent(tmp_path):
    code = f"""
from pathlib import Path
from sql import child
from sql.settings import PROJECT
import time
started = child.start(("sleep", "60"), directory=Path({str(tmp_path)!r}), log=None)
print(started.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        grandchild = int(parent.stdout.readline())
        assert alive(grandchild)
        parent.kill()
    assert eventually(lambda: not alive(grandchild))


def test_orphans_are_found_by_their_folder_and_ended(tmp_path):
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as orphan:
        assert child.running_in(tmp_path) == [orphan.pid]
        assert child.running_in(tmp_path / "..") == []
        assert child.end_orphans(tmp_path, (signal.SIGTERM, 5.0)) == [orphan.pid]
        assert orphan.wait(5) == -signal.SIGTERM
    assert child.end_orphans(tmp_path) == []


def test_a_child_that_dies_is_started_again_after_growing_pauses(tmp_path):
    kept = child.Kept("The part", (PYTHON, "-c", "print('no such thing'); raise SystemExit(3)"), directory=tmp_path, log=tmp_path / "log")
    kept.start()
    said: list[str] = []
    until = time.monotonic() + 20
    while len(said) < 2 and time.monotonic() < until:
        if message := kept.tend():
            said.append(message)
        time.sleep(0.02)
    kept.stop()
    log = tmp_path / "log"
    assert said == [f"The part ended with status 3 (no such thing; see {log}); it starts again in {pause} s." for pause in (1, 2)]


def test_a_stopped_child_stays_stopped(tmp_path):
    kept = child.Kept("The part", ("sleep", "60"), directory=tmp_path, log=tmp_path / "log")
    kept.start()
    assert kept.tend() is None
    kept.stop()
    assert kept.tend() is None
    assert kept.process is None


def test_a_port_in_use_gives_the_next_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert child.free_port(port, port) not in (0, port)
    assert child.free_port(port) == port


def test_one_folder_has_one_owner_even_after_a_kill(tmp_path):
    code = f"""
from pathlib import Path
from sql import child
from sql.settings import PROJECT
import time
with child.only_one(Path({str(tmp_path)!r}), what="It"):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(child.AlreadyRunning, match="It is already running"), child.only_one(tmp_path, what="It"):
            pass
        owner.kill()
    with child.only_one(tmp_path, what="It"):
        pass


def test_a_private_file_is_replaced_whole(tmp_path):
    file = tmp_path / "secret"
    for text in ("first", "second"):
        write_whole(file, text.encode())
        assert file.read_text() == text
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_large_log_is_moved_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "LOG_KEPT_BYTES", 3)
    log = tmp_path / "log"
    for word in ("first", "second"):
        child.start(("echo", word), directory=tmp_path, log=log).wait()
    assert log.read_text() == "second\n"
    assert (tmp_path / "log.1").read_text() == "first\n"
