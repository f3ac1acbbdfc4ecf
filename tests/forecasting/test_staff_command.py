"""`python -m forecasting staff`: what it prints, as text and as JSON, and what it refuses."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from forecasting.__main__ import main
from sql.settings import PROJECT

CHECK_VALUES = ["--calls", "100", "--interval-minutes", "30", "--handle-seconds", "300", "--target", "0.8", "--threshold", "20"]


def run(*options: str) -> Result:
    return CliRunner().invoke(main, ["staff", *options], prog_name="python -m forecasting")


def test_erlang_a_and_c_side_by_side() -> None:
    said = json.loads(run(*CHECK_VALUES, "--patience-seconds", "150", "--format", "json").stdout)
    assert (said["model"], said["agents_required"], said["agents_scheduled"]) == ("erlang_a", 19, 19)
    assert (said["erlang_a"]["agents_required"], said["erlang_c"]["agents_required"]) == (19, 21)
    assert said["service_level"] == said["erlang_a"]["service_level"] == pytest.approx(0.8183, abs=5e-5)
    assert said["abandon_share"] == pytest.approx(0.0566, abs=5e-5)
    assert said["erlangs"] == pytest.approx(100 * 300 / 1800)
    assert [row["agents"] for row in said["table"]] == list(range(17, 24))
    assert said["table"][2]["erlang_a"]["service_level"] == said["service_level"]


def test_without_patience_erlang_c_alone() -> None:
    options = ["--calls", "100", "--handle-seconds", "180", "--max-occupancy", "0.85", "--shrinkage", "0.3", "--format", "json"]
    said = json.loads(run(*options).stdout)
    assert (said["model"], said["agents_required"], said["agents_scheduled"], said["erlang_a"]) == ("erlang_c", 14, 20, None)
    assert said["service_level"] == pytest.approx(0.8884, abs=5e-5)
    assert said["occupancy"] == pytest.approx(0.714, abs=5e-4)
    assert [row["agents"] for row in said["table"]] == [12, 13, 14, 15, 16]


def test_the_text() -> None:
    text = run(*CHECK_VALUES, "--patience-seconds", "150", "--shrinkage", "0.3").stdout
    assert text.startswith(
        "100 contacts in 30 minutes, 300 s each: 16.67 erlangs\nTarget: 80% of all answered within 20 s; shrinkage 30%\n"
    )
    rows = [line.split() for line in text.splitlines()]
    assert ["people", "required", "19", "21"] in rows
    assert ["people", "scheduled", "28", "30"] in rows
    assert ["service", "level", "81.8%", "82.6%"] in rows
    assert ["19", "81.8%", "5.7%", "82.8%", "8.5", "s"] in rows


def test_an_overload_that_grows_on_is_null_in_json_and_said_in_words() -> None:
    options = ["--calls", "12", "--handle-seconds", "300", "--threshold", "600", "--target", "0.1"]
    assert "grows on" in run(*options).stdout
    said = json.loads(run(*options, "--format", "json").stdout)
    assert said["table"][1]["erlang_c"]["average_wait_seconds"] is None
    assert said["table"][1]["erlang_c"]["service_level"] == 0


def test_without_calls_nobody_is_needed_and_there_are_no_data() -> None:
    said = json.loads(run("--calls", "0", "--handle-seconds", "300", "--patience-seconds", "100", "--format", "json").stdout)
    assert (said["agents_required"], said["service_level"], said["occupancy"]) == (0, None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "80"], "the target is 80: it must be a share above 0 and below 1, such as 0.8 for 80 %."),
        (["--handle-seconds", "0"], "the mean handle time in seconds is 0: it must be a number above 0."),
        (["--patience-seconds", "-1"], "the mean patience in seconds is -1: it must be a number above 0."),
        (["--interval-minutes", "nan"], "the interval in seconds is nan: it must be a number above 0."),
        (["--calls", "-3"], "the number of contacts is -3: it must be 0 or a number above 0."),
        (["--calls", "2000001"], "2000001 contacts are 333333.5 erlangs: up to 50,000 are computed."),
        (["--shrinkage", "30"], "the shrinkage is 30: it must be a share from 0 to below 1, such as 0.3 for 30 %."),
        (["--max-occupancy", "0"], "the maximum occupancy is 0: it must be a share above 0 and up to 1, such as 0.85."),
        (["--threshold", "soon"], "Invalid value for '--threshold': 'soon' is not a valid float."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_told_in_one_line_with_the_value(options: list[str], message: str) -> None:
    result = run(*CHECK_VALUES, *options)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: {message}"
    assert result.stdout == ""


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "forecasting", "staff", *CHECK_VALUES]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True)
    assert "people required" in done.stdout
    assert done.stderr == ""
