"""One child process: started so that it ends with its parent, kept running, ended in time, and found when its parent was killed.

Also the small files by which the servers are found (private, written in one piece) and the locks that keep two launches
apart. It knows no service.
"""

import contextlib
import ctypes
import fcntl
import math
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOCALHOST = "127.0.0.1"
LOG_KEPT_BYTES = 10_000_000
STEADY_AFTER_SECONDS = 60.0  # a child that lived so long begins its back-off anew
LONGEST_PAUSE_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1
_WISHES_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_started: list[subprocess.Popen[bytes]] = []  # by this process, and not known to have ended


class AlreadyRunning(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back what the handlers of wishes to end would raise. They run in the main thread alone, whichever thread a signal reaches."""
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _WISHES_TO_END}
    held = (
        [number for number, handler in handlers.items() if callable(handler)]
        if threading.current_thread() is threading.main_thread()
        else []
    )
    for number in held:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, handlers[number])
        for wish in came:
            signal.raise_signal(wish)


def _ends_with_parent(parent: int, signal_number: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None  # an orphan is then found and ended by the next start
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel was asked
            os._exit(1)

    return ask_the_kernel


def start(
    command: Sequence[str | Path],
    *,
    directory: Path,
    log: Path | None,
    environment: Mapping[str, str] | None = None,
    account: pwd.struct_passwd | None = None,
    signal_when_parent_dies: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own.

    On Linux it gets a signal when the *thread* that called this ends, however it ends: call it from the main one. A signal that asks this
    process to end meanwhile is held back until the child is known to `end_started`.

    Args:
        directory: Where it runs.
        log: The file that its output is appended to (a large one is moved to `….1` first). None: the parent's own output.
        environment: All of its environment; None: the parent's.
        account: Whom to become first (only root can).
    """
    identity: dict[str, object] = {}
    if account is not None:
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with contextlib.ExitStack() as files:
        output = files.enter_context(_log_file(log)) if log else None
        files.enter_context(_undisturbed())
        process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
            [str(part) for part in command],
            cwd=directory,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            preexec_fn=_ends_with_parent(os.getpid(), signal_when_parent_dies),  # noqa: PLW1509 (one call, no lock, no memory)
            **identity,
        )
        _started[:] = [*(one for one in _started if one.poll() is None), process]
        return process


def end_started() -> None:
    """End what `start` began and nobody ended: a wish to end may come before whoever started a child could note it."""
    for process in _started:
        if process.poll() is None:
            end(process, (signal.SIGTERM, 10.0))


def _log_file(path: Path) -> contextlib.AbstractContextManager[object]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_KEPT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def end(child: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    """Ask a child to end: each signal in turn, with how many seconds to wait for it; at last SIGKILL for its whole group.

    Returns when it has ended.
    """
    try:
        for signal_number, seconds in steps:
            if child.poll() is not None:
                break
            child.send_signal(signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
    finally:  # also when the wait is interrupted: whoever presses Ctrl-C again wants an end now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # also what a dead child may have left in its group
        child.wait()


@dataclass
class Kept:
    """A child that is started again, with a growing pause, whenever it ends by itself."""

    name: str
    command: tuple[str, ...]
    directory: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = math.inf
    failures: int = 0

    def start(self) -> None:
        """Start it now."""
        self.started_at, self.start_at = time.monotonic(), math.inf
        self.process = start(self.command, directory=self.directory, log=self.log)

    def tend(self) -> str | None:
        """Look after it; what there is to say, if anything."""
        now = time.monotonic()
        if now >= self.start_at:
            self.start()
        if self.process is None or self.process.poll() is None:
            return None
        status, self.process = self.process.returncode, None
        self.failures = 1 if now - self.started_at > STEADY_AFTER_SECONDS else self.failures + 1
        pause = min(2.0 ** (self.failures - 1), LONGEST_PAUSE_SECONDS)
        self.start_at = now + pause
        return f"{self.name} ended with status {status} ({last_words(self.log)}); it starts again in {pause:.0f} s."

    def stop(self) -> None:
        """End it."""
        self.start_at = math.inf
        if self.process is not None:
            end(self.process, (signal.SIGTERM, 10.0))
            self.process = None


def last_words(log: Path) -> str:
    """The last line of a log, cut to a length that can be read, and where the rest is."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"{lines[-1][:200]}; see {log}" if lines else f"it said nothing in {log}"


def running_in(directory: Path) -> list[int]:
    """The processes whose working directory is `directory`, lowest number first; empty where the kernel does not tell (not Linux)."""
    wanted = os.path.realpath(directory)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((entry / "cwd").readlink()) == wanted:
                found.append(int(entry.name))
    return sorted(found)


def end_orphans(directory: Path, *steps: tuple[signal.Signals, float]) -> list[int]:
    """End what a killed launcher left running in `directory`: each signal in turn, with how many seconds to wait for it, at last SIGKILL.

    Returns:
        Those that were running. Call it only while holding the lock of `directory`, so that what runs there is nobody's.
    """
    orphans = left = running_in(directory)
    for signal_number, seconds in (*steps, (signal.SIGKILL, 5.0)):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        until = time.monotonic() + seconds
        while left and time.monotonic() < until:
            time.sleep(0.05)
            left = running_in(directory)
        if not left:
            break
    return orphans


def free_port(*preferred: int | None) -> int:
    """A port on 127.0.0.1 that nobody listens on: the first of `preferred` that is free, else any."""
    for port in (*preferred, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOCALHOST, port))
            return int(probe.getsockname()[1])
    raise OSError(f"no free port on {LOCALHOST}")


def remembered_port(file: Path) -> int | None:
    """The port that `file` names, if it does."""
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return None


@contextlib.contextmanager
def only_one(directory: Path, *, what: str) -> Iterator[None]:
    """Hold the lock of a directory; the kernel gives it back however this process ends.

    Raises:
        AlreadyRunning: another process holds it; `what` says in the message what is running.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AlreadyRunning(f"{what} is already running (it uses {directory}).") from None
    try:
        yield
    finally:
        os.close(handle)
