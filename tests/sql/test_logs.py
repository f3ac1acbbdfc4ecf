"""The log: no text from outside forges a line, no secret stands in one, and JSON has its fields."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies

from sql.logs import CONTINUED, LONGEST_CHARACTERS, Harmless, ObjectFormatter, TextFormatter, secrets_of
from sql.settings import PROJECT, Settings
from tests.servers import without_settings

FORGED = "a post\n2026-11-26 08:00:00,000 CRITICAL sql: all is lost\r\x1b[2Jgone\u2028x\u202e\x85y\ud800"
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    caught = (type(error), error, None) if error else None
    return logging.LogRecord("streams.posts", logging.WARNING, __file__, 1, message, args, caught)


def test_text_from_outside_is_one_line_and_its_control_characters_are_seen() -> None:
    line = TextFormatter(Harmless()).format(record("refused %s", FORGED))
    assert len(line.splitlines()) == 1
    assert line.endswith(
        r"WARNING streams.posts: refused a post\n2026-11-26 08:00:00,000 CRITICAL sql: all is lost\r\x1b[2Jgone\u2028x\u202e\x85y\ud800"
    )


def test_the_message_of_an_error_cannot_begin_a_line() -> None:
    first, *rest = TextFormatter(Harmless()).format(record("failed", error=ValueError(FORGED))).splitlines()
    assert first.endswith("WARNING streams.posts: failed")
    assert rest
    assert all(line.startswith(CONTINUED) for line in rest)


def test_a_json_line_has_its_fields_in_utc_and_nothing_that_moves_a_cursor() -> None:
    line = ObjectFormatter("consume", Harmless()).format(record("refused %s", FORGED, error=ValueError("a\nb")))
    assert len(line.splitlines()) == 1
    found = json.loads(line)
    assert set(found) == {"time", "level", "logger", "message", "process", "exc_info"}
    assert (found["level"], found["logger"], found["process"]) == ("WARNING", "streams.posts", "consume")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(found["time"])).total_seconds()) < 60
    assert datetime.fromisoformat(found["time"]).utcoffset() == datetime.now(UTC).utcoffset()
    assert r"a post\n2026" in found["message"]
    assert not set(found["message"]) & set(LINE_ENDS + "\x1b\u202e")
    assert found["exc_info"][-2:] == ["ValueError: a", "b"]


@given(strategies.text())
def test_any_text_is_one_line_and_can_be_encoded(text: str) -> None:
    for formatter in (TextFormatter(Harmless()), ObjectFormatter("p", Harmless())):
        line = formatter.format(record("%s", text))
        assert len((line + "|").splitlines()) == 1
        line.encode()


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://ann:hunter2@db:5432/city", "hunter2"),
        ("postgresql+psycopg://ann:hun@ter/2?x@db/city", "hun"),
        ("postgresql://ann:hun@ter/2?x@db/city", "ter/2"),
        ("kafka: sasl://u%40x:p%2Fhunter@h", "hunter"),
        ("https://city.example/v2?api_key=hunter2&x=1", "hunter2"),
        ("https://hooks.example/in?X=1&sig=hunter2", "hunter2"),
        ("GET /api/stream?page=live&key=hunter2", "hunter2"),
        ("Authorization: Bearer hunter2.hunter2-x_y/z+=", "hunter2"),
        ("authorization: basic aHVudGVyMjpodW50ZXIy", "aHVudGVy"),
        ("host=db password=hunter2 user=x", "hunter2"),
        ("{'sasl_plain_password': 'hunter2', 'x': 1}", "hunter2"),
        ('{"access_token": "hunter2"}', "hunter2"),
    ],
    ids=lambda value: value[:30],
)
def test_what_looks_like_a_secret_is_hidden(text: str, hidden: str) -> None:
    assert hidden in text
    for formatter in (TextFormatter(Harmless()), ObjectFormatter("p", Harmless())):
        for one in (record("asked %s", text), record("failed", error=RuntimeError(text))):
            line = formatter.format(one)
            assert hidden not in line
            assert "***" in line


def test_what_is_no_secret_stays() -> None:
    for text in (
        "postgresql://db:5432/city",
        "https://mastodon.example/tags/storm",
        "write to city@example.org",
        "311.contacts/3: offsets 5 to 9 are no longer in Kafka",
        "unexpected token: '}'",
        "Kafka at 127.0.0.1:9092,127.0.0.1:9093 cannot be reached",
    ):
        assert Harmless()(text) == text


def test_the_secrets_of_the_settings_are_hidden_wherever_they_stand() -> None:
    chosen = Settings(
        _env_file=None,
        database_url="postgresql://ann:pass%2Fword-of-ann@db/city",
        social_hash_key="a-key-of-the-city-311",
        metrics_token="metrics-token-0123",
    )  # type: ignore[call-arg]
    harmless = Harmless(secrets_of(chosen))
    for secret in ("pass%2Fword-of-ann", "pass/word-of-ann", "a-key-of-the-city-311", "metrics-token-0123"):
        assert secret not in repr(chosen)
        assert harmless(f"it was {secret}, said the server") == "it was ***, said the server"


def test_a_long_message_is_cut_between_words_and_quickly() -> None:
    cut = Harmless()("word " * LONGEST_CHARACTERS)
    assert cut.endswith("more characters")
    assert len(cut) < LONGEST_CHARACTERS + 50
    assert len(Harmless()("://a:" * 200_000)) < 2 * LONGEST_CHARACTERS


PROGRAM = """
import logging, threading, warnings
from sql import logs
logs.configure("test")
logging.getLogger("streams.x").info("told %s", "info")
logging.getLogger("streams.x").debug("told debug")
logging.getLogger("urllib3").debug("https://u:hunter2@h")
logging.getLogger("urllib3").info("a library")
warnings.warn("mind\\nthis")
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start(); thread.join()
raise RuntimeError("postgresql://ann:hunter2@db\\nforged")
"""


@pytest.mark.parametrize("shape", ["text", "json"])
def test_a_process_logs_in_one_way_whatever_happens(shape: str) -> None:
    environment = without_settings({"PATH": "/usr/bin", "PYTHONPATH": str(PROJECT)}) | {"LOG_FORMAT": shape, "LOG_LEVEL": "info"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 1
    said = done.stderr
    assert "hunter2" not in said
    assert ("told info" in said, "told debug" in said, "a library" in said) == (True, False, False)
    if shape == "json":
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["level"] for line in lines] == ["INFO", "WARNING", "CRITICAL", "CRITICAL"]
        assert r"mind\nthis" in lines[1]["message"]
        assert lines[2]["message"] == "worker ended by an error that nobody expected"
        assert lines[3]["exc_info"][-1] == "forged"
        assert {line["process"] for line in lines} == {"test"}
    else:
        assert r"mind\nthis" in said
        begun = [line for line in said.splitlines() if not line.startswith(CONTINUED)]
        assert [line.split()[2] for line in begun] == ["INFO", "WARNING", "CRITICAL", "CRITICAL"]
