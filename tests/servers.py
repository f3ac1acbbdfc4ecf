"""A real Postgres and a real Kafka in a temporary folder, for tests and for measurements."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sql.embedded import EmbeddedPostgres
from sql.settings import Settings
from streams.embedded import EmbeddedKafka


@dataclass(frozen=True)
class Services:
    """The running servers. A test that stops one must start it again and wait until it is ready."""

    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    state_dir: Path


@contextmanager
def running(prefix: str, postgres_settings: dict[str, str]) -> Iterator[Services]:
    """Both servers, ready, for as long as the block lasts; the folder goes with them."""
    state_dir = Path(tempfile.mkdtemp(prefix=prefix))
    state_dir.chmod(0o711)  # ours: Postgres's account must be able to pass through
    postgres, kafka = EmbeddedPostgres(state_dir, extra_settings=postgres_settings), EmbeddedKafka(state_dir)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, state_dir, ignore_errors=True)
        undo.callback(lambda: shutil.rmtree(postgres.home, ignore_errors=True))
        undo.callback(postgres.stop)
        postgres.start()
        undo.callback(kafka.stop)
        kafka.start()
        postgres.wait_ready()
        kafka.wait_ready()
        yield Services(postgres, kafka, state_dir)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which none of our settings is set."""
    names = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in environment.items() if name.upper() not in names}
