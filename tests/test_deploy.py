"""The files of a deployment: units that systemd accepts, a compose file, and in both no command that is not there."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from dashboard.__main__ import main as dashboard
from forecasting.__main__ import main as forecasting
from sql import grants
from sql.__main__ import main as sql
from sql.settings import PROJECT
from streams.__main__ import main as streams

DEPLOY = PROJECT / "docs" / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
PYTHON = "/opt/city311/.venv/bin/python"
PARTS = {"sql": sql, "streams": streams, "forecasting": forecasting, "dashboard": dashboard}
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "StateDirectory": "city311",
    "User": "city311",
}


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Section to key to values; a key may come again and again."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(key, []).append(value)
    return found


def assert_is_ours(words: list[str]) -> None:
    """`streams consume --until-idle 1`: a part, a command of it, and options that it has; what is filled in later is taken on trust."""
    part, *rest = words
    command: click.Command = PARTS[part]
    while rest and isinstance(command, click.Group) and not rest[0].startswith("-"):
        if rest[0].startswith("$"):
            return
        assert rest[0] in command.commands, f"{part} has no command {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known, f"{' '.join(words)}: an option is not known"


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_runs_a_command_that_is_there_with_its_own_account_and_no_more_rights(path: Path) -> None:
    service = unit(path)["Service"]
    (command,) = service["ExecStart"]
    words = shlex.split(command)
    if words[0] == PYTHON:
        assert words[1] == "-m"
        assert_is_ours(words[2:])
    else:
        assert words[:2] == ["/bin/sh", "-c"]
        assert words[2].startswith("umask 077 && pg_dump ")
    assert {key: service.get(key) for key in HARDENED} == {key: [value] for key, value in HARDENED.items()}
    assert service["Type"] == ["oneshot"] or service["Restart"] == ["always"]
    accounts = {f"/etc/city311/{name.removeprefix(grants.PREFIX)}.env" for name in grants.ACCOUNTS}
    assert len(accounts & set(service["EnvironmentFile"])) == 1, "each process has one account"


def test_a_command_that_is_not_there_is_found() -> None:
    with pytest.raises(AssertionError, match="no command consum"):
        assert_is_ours(["streams", "consum"])
    with pytest.raises(AssertionError, match="an option"):
        assert_is_ours(["streams", "consume", "--until"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_accepts_a_unit(path: Path, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:  # then at least its form
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read(path)
        assert "Unit" in parser
        return
    for one in UNITS:  # with a program that every machine has
        (tmp_path / one.name).write_text(one.read_text().replace(PYTHON, "/bin/true"))
    done = subprocess.run([verify, "verify", "--man=no", str(tmp_path / path.name)], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "city311" in line and "RUNTIME_DIR" not in line]
    assert complaints == []


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def test_the_compose_file_runs_commands_that_are_there() -> None:
    ours = {name: service for name, service in compose()["services"].items() if service["image"] == "city311"}
    assert {"accounts", "migrate", "consume", "watch", "forecasting", "dashboard", "retain"} <= set(ours)
    for service in ours.values():
        assert_is_ours(service["command"])
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_the_compose_file_holds_no_password_and_serves_this_machine_alone() -> None:
    words = (DEPLOY / "compose.yaml").read_text()
    assert not re.search(r"password\s*[:=]\s*\S", words, re.IGNORECASE)
    for service in compose()["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_commands_of_the_page_are_there() -> None:
    page = (PROJECT / "docs" / "deploy.md").read_text()
    named = re.findall(r"python -m ((?:sql|streams|forecasting|dashboard)[^`\n|#;]*)", page)
    assert len(named) > 8
    for words in named:
        assert_is_ours(shlex.split(words.strip()))


def test_the_page_names_every_file_and_every_account() -> None:
    page = (PROJECT / "docs" / "deploy.md").read_text()
    assert [path.name for path in UNITS if path.name not in page] == []
    assert [name for name in grants.ACCOUNTS if name not in page] == []
    assert [path.name for path in DEPLOY.iterdir() if path.name not in page] == []
