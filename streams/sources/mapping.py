"""The mapping file: a site's own names for what its telephone system calls queues and agents. Reads one TOML file, nothing else."""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from sql.toml_files import parsed
from streams import events


class InvalidMapping(Exception):
    """A mapping file cannot be used."""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site's mapping file says.

    Attributes:
        queues: the system's id or name of a queue → the name to use.
        agents: the system's id of an agent → the name to use.
        channels: a queue, by the name used → phone, walk_in, chat, text, email or task.
        languages: a queue, by the name used → the language of those who wait in it.
        ignored_verbs: verbs of queue_log, written by the site's own dialplan, that mean nothing here.
    """

    queues: dict[str, events.Name] = {}
    agents: dict[str, events.Name] = {}
    channels: dict[str, events.Name] = {}
    languages: dict[str, events.Name] = {}
    ignored_verbs: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...] = ()


NO_MAPPING = Mapping()


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file.

    Raises:
        InvalidMapping: the file cannot be read, is no TOML, or says something that is not in `Mapping`.
    """
    try:
        return msgspec.convert(parsed(path.read_text("utf-8")), Mapping)
    except OSError as error:
        raise InvalidMapping(f"The mapping file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidMapping(f"The mapping file {path} is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise InvalidMapping(
            f"The mapping file {path}: {error}. It may have [queues], [agents], [channels], [languages], ignored_verbs."
        ) from None
