"""What the files of a simulated city are made of: the kinds of values, a feed, and reading TOML. It knows no queue and no request."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sql.settings import InvalidSetting
from sql.toml_files import parsed

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Text = Annotated[str, Meta(min_length=1, max_length=100)]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Hours = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Weights = Annotated[dict[str, Positive], Meta(min_length=1)]
Week = tuple[NotNegative, NotNegative, NotNegative, NotNegative, NotNegative, NotNegative, NotNegative]  # Monday first


class InvalidCity(InvalidSetting):
    """A city's file cannot be used; the message names the file, the entry and what would be right."""


class Feed(Struct, frozen=True, forbid_unknown_fields=True):
    """A source of events: what it calls itself, its name on the screens, and how often it is expected to speak."""

    source: Text
    name: Text
    cadence_seconds: Positive


def hours_of(clock: str) -> float:
    """HH:MM as hours since midnight."""
    hours, minutes = clock.split(":")
    return int(hours) + int(minutes) / 60


def document(path: Path) -> dict[str, Any]:
    """The contents of a TOML file.

    Raises:
        InvalidCity: it cannot be read, or is no TOML.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidCity(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidCity(f"{path} is not TOML: {error}") from None
