"""A month of real calls through the real broker into the real database: every figure equal to the reference."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sql.settings import PROJECT

MONTH = ["--from", "1999-01-01T00:00:00Z", "--to", "1999-02-01T00:00:00Z", "--threshold", "20", "--short-abandon", "5", "--format", "json"]
NAMES = {  # of the reference file, and of the report
    "offered": "offered",
    "answered": "answered",
    "abandoned": "abandoned",
    "abandon_rate": "abandon_share",
    "sl20_strict": "service_level",
    "sl20_removed": "service_level_removed",
    "sl20_answered_only": "service_level_answered_only",
    "sl20_late_abandon": "service_level_late_abandon",
    "sl20_net_short5": "service_level_net_short",
    "asa": "average_speed_of_answer_seconds",
    "talk_mean_positive": "average_positive_talk_seconds",
    "talk_mean_all": "average_talk_seconds",
    "median_abandon_wait": "median_abandon_wait_seconds",
}


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", *arguments], env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.reference
def test_the_month_shuffled_then_once_more_in_order(reference_data: Path, environment: dict[str, str], tmp_path: Path) -> None:
    recorded = reference_data / "calls" / "queue_log_1999-01.txt.gz"
    lines = gzip.decompress(recorded.read_bytes()).splitlines(keepends=True)
    random.Random(311).shuffle(lines)
    shuffled = tmp_path / "shuffled.txt"
    shuffled.write_bytes(b"".join(lines))
    truth = json.loads((reference_data / "calls" / "queue_log_1999-01.truth.json").read_text())
    for file in (shuffled, recorded):
        run(environment, "streams", "replay", "asterisk", str(file), "--speed", "max")
        run(environment, "streams", "consume", "--until-idle", "2")
        found: dict[str, Any] = json.loads(run(environment, "sql", "report", "service-level", *MONTH))[-1]
        assert found["queue"] == "all"
        assert {name: round(found[ours], 4) for name, ours in NAMES.items()} == truth
        assert "0 roll-ups differed; 30140 contacts" in run(environment, "sql", "rebuild", "--check")
