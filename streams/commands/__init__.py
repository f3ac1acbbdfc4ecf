"""The commands of `python -m streams`, a module a group, and what they share: plain errors, the name of a source."""

from collections.abc import Callable
from pathlib import Path

import click
from kafka.errors import KafkaError

from sql.child import AlreadyRunning
from sql.engine import DatabaseUnavailable
from sql.plain_errors import one_line
from sql.settings import InvalidSetting
from streams.broker import BrokerUnavailable
from streams.follow import InvalidCheckpoint
from streams.records import UnreadableFile
from streams.replay import WrongFile
from streams.sources import Source
from streams.sources.kinds import REQUEST_KINDS, mapping_of, source_of
from streams.sources.mapping import InvalidMapping

SENTENCES = (
    *(AlreadyRunning, BrokerUnavailable, DatabaseUnavailable, InvalidCheckpoint, InvalidMapping, InvalidSetting, UnreadableFile),
    WrongFile,
)
plain_errors = one_line(*SENTENCES, failures=(KafkaError,))


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """The two options of everything that reads a source."""
    name = click.option(
        "--source", "name", metavar="NAME", help="The feed's name in every event, such as asterisk/pbx2.", callback=feed_name
    )
    mapping = click.option(
        "--mapping", metavar="NAME|FILE", help="A TOML file with the site's own names and words; of requests also: boston, philadelphia, …"
    )
    return name(mapping(command))


def source_named(kind: str, name: str | None, mapping: str | None) -> Source:
    """The source of a kind, with the options of `source_options`.

    Raises:
        click.BadParameter: the mapping's file is not there.
    """
    if mapping is not None and kind not in REQUEST_KINDS and not Path(mapping).is_file():
        raise click.BadParameter(f"file {mapping!r} does not exist.", param_hint="--mapping")
    return source_of(kind, name=name, mapping=mapping_of(kind, mapping))


def feed_name(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """The value of a `--source`.

    Raises:
        click.BadParameter: it cannot be a feed's name.
    """
    if name is not None and (not name.isprintable() or not 0 < len(name) <= 100):
        raise click.BadParameter(f"{name!r}: 1 to 100 printable characters are expected.")
    return name
