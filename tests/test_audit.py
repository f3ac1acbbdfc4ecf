"""`make lint` and known vulnerabilities: one fails it, and a source that cannot be reached does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sql.settings import PROJECT

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}


def audited(tmp_path: Path, told: str, *, status: int = 0) -> subprocess.CompletedProcess[str]:
    """What becomes of what pip-audit would print."""
    (tmp_path / "told").write_text(told)
    auditor = tmp_path / "pip-audit"
    auditor.write_text(f"#!/bin/sh\ncat {tmp_path / 'told'}\necho Traceback >&2\nexit {status}\n")
    auditor.chmod(0o700)
    command = [sys.executable, PROJECT / ".ci" / "audit", auditor, "requirements.txt"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("packages", "status", "says"),
    [
        pytest.param([GOOD], 0, "requirements.txt: no known vulnerability in 1 packages.", id="none"),
        pytest.param([GOOD, UNKNOWN], 0, "no known vulnerability in 1 packages; 1 could not be checked.", id="one that nobody knows"),
        pytest.param([GOOD, BAD], 1, "bad 2: PYSEC-1, mended in 3", id="a known one"),
        pytest.param([UNKNOWN, UNKNOWN], 0, "could not be checked for known vulnerabilities", id="all unknown: nobody was asked"),
    ],
)
def test_what_is_known_of_the_packages(tmp_path: Path, packages: list[dict[str, object]], status: int, says: str) -> None:
    done = audited(tmp_path, json.dumps({"dependencies": packages}), status=status)
    assert (done.returncode, says in done.stdout + done.stderr) == (status, True)


@pytest.mark.parametrize("told", ["", "{}", "no JSON"])
def test_a_source_that_cannot_be_reached_is_one_line_and_no_failure(tmp_path: Path, told: str) -> None:
    done = audited(tmp_path, told, status=1)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert "could not be checked" in done.stdout
