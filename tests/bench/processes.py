"""A child process of a measurement: started, ended by its id, and what it costs, read from /proc."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sql import child
from sql.settings import PROJECT

STOP_SECONDS = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """One child. It can be started again after it ended; `stop` ends it however it is."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.command, self.environment = list(command), dict(environment)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running child."""
        if self._child is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._child.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it; its words go to the log."""
        self._child = child.start(self.command, directory=PROJECT, log=self.log, environment=self.environment)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that is not enough."""
        if self._child is None:
            return
        self._child.send_signal(signal.SIGCONT)
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
            self._child = None
        except subprocess.TimeoutExpired:
            self.kill()

    def last_words(self, characters: int = 1500) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all its threads, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_megabytes(pid: int) -> float:
    """Memory of a process that lies in RAM, without what was only reserved."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def load() -> str:
    """The machine's load average of the last minute, as it stands beside a figure."""
    return f"load {os.getloadavg()[0]:.1f}"


def wait_until(condition: Callable[[], bool], what: str, seconds: float, every: float = 0.05) -> None:
    """Wait for `condition()` to be true.

    Raises:
        TimeoutError: it was not within `seconds`; the message says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(every)
