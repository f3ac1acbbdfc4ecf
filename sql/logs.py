"""How every process writes its log: a line a message to stderr, as text or as JSON, in which no text from outside can forge a line.

It also hides what looks like a secret. That is the second line of defence: the first is not to log any. What a level is for, and which
messages there are, is for those who log.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from pythonjsonlogger.json import JsonFormatter

from sql.settings import Settings, settings
from sql.telemetry import PROCESS_LOG_MESSAGES

log = logging.getLogger(__name__)

OURS = ("sql", "streams", "forecasting", "dashboard")
LONGEST_CHARACTERS = 10_000
SHORTEST_SECRET_CHARACTERS = 10  # a shorter one may be a word, and would be hidden wherever it stands
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
CONTINUED = "    "  # no message begins so: the lines of a traceback cannot be taken for others
HIDDEN = "***"

# Whatever ends a line, moves the cursor, turns the direction of writing, or cannot be written at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NAMES = r"\w{0,40}(?:password|passwd|secret|token|api[_-]?key|signature)"
_SECRETS = (
    re.compile(r"(://)[^\s/:@]{1,100}:\S{0,300}(?=@)"),  # a name and password before a host, whatever is in them
    re.compile(r"(://)[^\s/?#@]{1,300}(?=@)"),
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{6,4000}"),
    re.compile(rf"(?i)(\b{_NAMES}[\"']?\s?=\s?[\"']?)[^\s\"'&,;]{{1,4000}}"),
    re.compile(rf"(?i)([\"']{_NAMES}[\"']\s?:\s?[\"'])[^\"']{{1,4000}}"),
    re.compile(r"(?i)([?&](?:key|sig|code|auth)=)[^\s&#\"']{1,4000}"),
)


class Harmless:
    """Makes text harmless for a log: control characters as escapes, secrets hidden, and cut to a length."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Take the secrets that are known, which are hidden wherever they stand."""
        long_enough = {one for one in known if len(one) >= SHORTEST_SECRET_CHARACTERS}
        self._known = sorted(long_enough, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text as it may be written."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        whole = len(text)
        if whole > LONGEST_CHARACTERS:  # between two words: half a secret looks like none
            text = text[: text.rfind(" ", 0, LONGEST_CHARACTERS) if " " in text[:LONGEST_CHARACTERS] else LONGEST_CHARACTERS]
        left_out = whole - len(text)
        for pattern in _SECRETS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
        text = _CONTROLS.sub(_escaped, text)
        return f"{text} … {left_out:,} more characters" if left_out > 0 else text


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def secrets_of(chosen: Settings) -> list[str]:
    """The values of the settings that are never shown, and the passwords in them."""
    values = [str(getattr(chosen, name)) for name, field in type(chosen).model_fields.items() if not field.repr and getattr(chosen, name)]
    passwords = [urlsplit(value).password or "" for value in values if "://" in value]
    return [*values, *passwords, *map(unquote, passwords)]


class TextFormatter(logging.Formatter):
    """A line a message; a traceback follows it, indented."""

    def __init__(self, harmless: Harmless) -> None:
        super().__init__(TEXT)
        self._harmless = harmless

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = f"{self.formatTime(record)} {record.levelname} {self._harmless(record.name)}: {self._harmless(record.getMessage())}"
        more = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        more += [self.formatStack(record.stack_info)] if record.stack_info else []
        return "\n".join([line, *(CONTINUED + self._harmless(one) for text in more for one in text.splitlines())])


class ObjectFormatter(JsonFormatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, `process`, and the lines of a traceback as `exc_info`."""

    def __init__(self, process: str, harmless: Harmless) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"process": process},
            timestamp="time",
            exc_info_as_array=True,
            stack_info_as_array=True,
            json_ensure_ascii=False,
        )
        self._harmless = harmless

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The fields, each harmless."""
        return {str(name): self._cleaned(value) for name, value in log_data.items()}

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._harmless(value)
        if isinstance(value, (list, tuple)):
            return [self._cleaned(one) for one in value]
        if isinstance(value, dict):
            return {self._cleaned(str(name)): self._cleaned(one) for name, one in value.items()}
        return value


class _ToStderr(logging.StreamHandler[Any]):
    """Writes to whatever stderr is at that moment, and counts."""

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _: Any) -> None:
        """It is always stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        PROCESS_LOG_MESSAGES.labels(record.levelname.lower() if record.levelno in _COUNTED else "other").inc()
        super().emit(record)


_COUNTED = {logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL}


def configure(process: str, *, level: int = logging.WARNING, libraries: int = logging.WARNING) -> None:
    """Set up the log of this process, unless somebody else has: then it stays as it is.

    Args:
        process: what the process does, such as `consume`; JSON tells it.
        level: from which level on our own messages are written, unless LOG_LEVEL says so.
        libraries: from which level on those of libraries are; LOG_LEVEL says nothing about them, because theirs may hold whole addresses.

    Raises:
        InvalidSetting: a setting cannot be used.
    """
    chosen = settings()
    root = logging.getLogger()
    if any(not isinstance(handler, _ToStderr) for handler in root.handlers):
        return
    harmless, handler = Harmless(secrets_of(chosen)), _ToStderr()
    handler.setFormatter(ObjectFormatter(process, harmless) if chosen.log_format == "json" else TextFormatter(harmless))
    root.handlers[:] = [handler]
    root.setLevel(libraries)
    ours = getattr(logging, chosen.log_level.upper()) if chosen.log_level else level
    for name in OURS:
        logging.getLogger(name).setLevel(ours)
    logging.captureWarnings(True)
    sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("ended by an error that nobody expected", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread else "a thread"
        log.critical("%s ended by an error that nobody expected", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
