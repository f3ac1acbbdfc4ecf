"""Every command with any arguments ends with status 0, 1 or 2 and a sentence, never with a traceback, also when nothing that it needs is there."""

import signal
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, Phase, given, settings as hypothesis_settings, strategies as st

from sql import engine
from sql.settings import settings
from tests import hostile

LONGEST_SECONDS = 30
PARTS = ("sql", "streams", "forecasting", "dashboard")
LEFT_OUT = {"forecasting serve", "streams simulate-history"}  # one waits for a database that is away, one makes years of files
FILES = {"nothing": "", "lines": "a,b\n1,2\n", "toml": '[[queue]]\nqueue = "a"\nname = "A"\n', "json": '{"features": []}', "nul": "a\0b\n"}
WORDS = ("", " ", "-", "--", "x", "2026-01-25", "2026-01-25T12:00:00Z", "2026-W04", "0001-01-01", "9999-12-31", "9999-W53", "é" * 200)
NUMBERS = ("0", "-1", "1", "2.5", "1e308", "-1e308", "nan", "inf", "1e-320", "9" * 30, "9" * 5_000, "1_0", "٣", "0x1")
TEXTS = st.sampled_from([*WORDS, *NUMBERS, *hostile.ALL.values(), "/dev/null", "http://127.0.0.1:1", "ws://[", "https://", "\udcff"])


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The commands below one, with the words that call them."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(leaf for part in PARTS for leaf in leaves(import_module(f"{part}.__main__").main, part) if leaf[0] not in LEFT_OUT)


def values(parameter: click.Parameter, folder: Path) -> st.SearchStrategy[str]:
    """What may be given for a parameter: often what it wants, so that the command itself is reached."""
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return st.sampled_from([str(choice) for choice in kind.choices]) | TEXTS
    if isinstance(kind, click.Path):
        there = [str(folder / name) for name in FILES]
        return st.sampled_from([*there, str(folder), str(folder / "away" / "file"), str(folder / "out.pdf"), "/proc/1/mem"]) | TEXTS
    if isinstance(kind, (click.types.IntParamType, click.types.FloatParamType)):
        return st.sampled_from(NUMBERS) | st.integers(-3, 400).map(str) | TEXTS
    return TEXTS


@st.composite
def arguments(draw: st.DrawFn, command: click.Command, folder: Path) -> list[str]:
    """The arguments of a call: what is required mostly there, options now and then, rubbish seldom."""
    found: list[str] = []
    for parameter in command.params:
        if draw(st.integers(0, 9)) < (9 if parameter.required else 4):
            value = draw(values(parameter, folder))
            if isinstance(parameter, click.Option):
                found += [draw(st.sampled_from(parameter.opts)), *([] if parameter.is_flag else [value])]
            else:
                found.append(value)
    return found + draw(st.lists(TEXTS, max_size=1)) if draw(st.integers(0, 9)) == 0 else found


def ended(name: str, given_: list[str]) -> Result:
    """The end of a command, or a failure of the test when it takes too long."""
    part, *words = name.split()

    def too_long(*_: Any) -> None:
        raise AssertionError(f"{name} {given_} takes longer than {LONGEST_SECONDS} s")

    before = [(number, signal.getsignal(number)) for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)]
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    try:
        return CliRunner().invoke(import_module(f"{part}.__main__").main, [*words, *given_])
    finally:
        signal.alarm(0)
        for number, handler in before:
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with files, in a process whose database and broker are where nobody is."""
    home = tmp_path_factory.mktemp("commands")
    for name, content in FILES.items():
        (home / name).write_text(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/b")
        patch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
        patch.setenv("STATE_DIR", str(home / "state"))
        patch.chdir(home)
        settings.cache_clear()
        engine.close()
        yield home
    settings.cache_clear()
    engine.close()


@pytest.mark.parametrize("name", COMMANDS)
@hypothesis_settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_arguments_end_with_a_sentence(name: str, folder: Path, data: st.DataObject) -> None:
    given_ = data.draw(arguments(COMMANDS[name], folder))
    done = ended(name, given_)
    assert done.exception is None or isinstance(done.exception, SystemExit), (given_, done.exception)
    assert done.exit_code in (0, 1, 2), (given_, done.output)
    assert "Traceback" not in done.output
    assert done.exit_code == 0 or done.output.strip()


def test_a_log_whose_name_is_no_text_is_followed_as_any_other(folder: Path) -> None:
    done = ended("streams follow connect", [str(folder / "\udcff"), "--source", "acd"])
    assert done.exit_code == 1
    assert "Kafka at 127.0.0.1:1 cannot be reached" in done.output


@pytest.mark.parametrize("number", ["1e308", "nan", "inf", "-1", "0", "1e-320", "9" * 400])
@pytest.mark.parametrize("option", ["--calls", "--handle-seconds", "--interval-minutes", "--patience-seconds", "--threshold", "--target"])
def test_staff_with_any_number_ends(option: str, number: str) -> None:
    usual = {"--calls": "100", "--handle-seconds": "300"} | {option: number}
    done = ended("forecasting staff", [word for pair in usual.items() for word in pair])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1, 2)


def test_every_command_is_here() -> None:
    assert {"sql load", "streams poll open311", "forecasting staff", "dashboard ics-214"} <= set(COMMANDS)
    assert len(COMMANDS) > 25
