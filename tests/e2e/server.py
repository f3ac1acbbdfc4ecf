"""The dashboard as a process of its own, and a browser for it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from sql.settings import PROJECT

START_SECONDS = 40.0
BROWSERS = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader"]  # a map is drawn without a graphics card; the page is put together by the processor


def browser_path() -> str | None:
    """The browser: CHROMIUM, else one that is installed, else None (Playwright's own)."""
    return os.environ.get("CHROMIUM") or next((found for name in BROWSERS if (found := shutil.which(name))), None)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dashboard:
    """`python -m dashboard` on a port of 127.0.0.1; it can be killed and started again on the same port."""

    def __init__(self, environment: dict[str, str], log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", "--port", str(self.port)], cwd=PROJECT, env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log.read_text()
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the dashboard did not answer within {START_SECONDS:g} s:\n{self.log.read_text()}")

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> tuple[int, float]:
        """SIGTERM; its exit status and the seconds that it took."""
        assert self._process is not None
        started = time.monotonic()
        self._process.terminate()
        status = self._process.wait(timeout=20)
        self._process = None
        return status, time.monotonic() - started
