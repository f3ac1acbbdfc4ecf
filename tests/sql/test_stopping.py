"""The orderly end: a wish at first, and an end in time whatever hangs."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sql.settings import PROJECT

WITHIN_SECONDS = 30.0
GOES_ON = """
import multiprocessing, sys, threading, time
from sql.stopping import end_within, ended_by_signal, on_signal

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    child.start()
    on_signal(lambda: print("asked", flush=True), within_seconds=4.0)
    threading.Thread(target=time.sleep, args=(600,)).start()  # not a daemon: the interpreter would wait for it
    print(child.pid, flush=True)
    while True:
        time.sleep(600)
"""
ENDS = """
from sql.stopping import ended_by_signal
stop = ended_by_signal()
print("up", flush=True)
stop.wait()
print("finished what was on its way", flush=True)
"""


def started(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_what_heeds_the_wish_finishes_by_itself(number: signal.Signals) -> None:
    with started(ENDS) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        said, complained = process.communicate(timeout=WITHIN_SECONDS)
    assert (process.returncode, said, complained) == (0, "finished what was on its way\n", "")


def test_what_goes_on_is_ended_in_time_with_its_children(tmp_path: Path) -> None:
    program = tmp_path / "goes_on.py"
    program.write_text(GOES_ON)
    command = [sys.executable, str(program)]
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        assert is_running(child)
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=WITHIN_SECONDS)
    assert (process.returncode, said) == (0, "asked\n")
    assert "ended now" in complained
    until = time.monotonic() + WITHIN_SECONDS
    while is_running(child):
        assert time.monotonic() < until
        time.sleep(0.05)


LONG_SUM = """
import hashlib
from sql.stopping import on_signal
on_signal(lambda: None, within_seconds=0.3)
print("up", flush=True)
hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2**31 - 1)  # half an hour, without a moment at which a handler of Python's could run
"""


def test_a_long_sum_keeps_nobody_waiting() -> None:
    with started(LONG_SUM) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode == 0
