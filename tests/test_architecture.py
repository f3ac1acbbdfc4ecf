"""The rules that hold the house together: who may import whom, and that every setting is told to the person who may set it."""

import ast
import re
from pathlib import Path

import pytest

from sql.settings import PROJECT, Settings

PARTS = ("sql", "streams", "dashboard", "forecasting")
MAY_IMPORT = {"sql": {"sql"}, "streams": {"streams", "sql"}, "dashboard": {"dashboard", "sql"}, "forecasting": {"forecasting", "sql"}}
FILES = [file for part in PARTS for file in sorted((PROJECT / part).rglob("*.py"))]


def parts_imported(file: Path) -> set[str]:
    """The parts that a module imports, wherever in it, also by name in `importlib.import_module("…")`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and isinstance(node.args[0], ast.Constant):
            found.add(str(node.args[0].value).partition(".")[0])
    return found & {*PARTS, "launch", "tests"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_a_part_imports_only_itself_and_sql(file):
    part = file.relative_to(PROJECT).parts[0]
    assert parts_imported(file) <= MAY_IMPORT[part]


def test_the_rule_can_fail(tmp_path):
    module = tmp_path / "module.py"
    late = "def late():\n    from streams.events import decode\n    import forecasting.demand\n"
    module.write_text(late + "    importlib.import_module('dashboard.app')\n")
    assert parts_imported(module) == {"streams", "forecasting", "dashboard"}


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_a_setting_is_described_and_has_a_row_in_the_readme(setting):
    assert Settings.model_fields[setting].description
    rows = re.findall(r"^\|\s*`([A-Z0-9_]+)`\s*\|", (PROJECT / "README.md").read_text(), re.MULTILINE)
    assert setting.upper() in rows


def test_the_readme_names_no_setting_that_is_not_there():
    rows = re.findall(r"^\|\s*`([A-Z0-9_]+)`\s*\|", (PROJECT / "README.md").read_text(), re.MULTILINE)
    assert {row.lower() for row in rows} <= set(Settings.model_fields)


def test_the_example_settings_exist():
    named = re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_everything_that_is_installed_is_pinned_by_its_hash():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for requirement in re.split(r"\n(?=[a-z])", (PROJECT / name).read_text()):
            assert re.match(r"[a-zA-Z0-9._-]+(\[[a-z,]+\])?==\S+", requirement), requirement.splitlines()[0]
            assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


def test_make_help_has_a_line_for_each_command():
    makefile = (PROJECT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    described = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert described == phony
    assert {"help", "demo", "services", "test", "lint", "bench", "install", "screenshots"} <= described
