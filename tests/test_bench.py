"""The measurements' own logic: ages in words, slopes with their errors, what counts as frozen. No server, no browser."""

import math
import random

import pytest

from tests.bench import faults, soak
from tests.bench.faults import Found
from tests.bench.wall_watch import Sample, seconds_in


class Marks:
    """A feed whose marks are four a second from instant 1,000 on."""

    @staticmethod
    def at(marks: int) -> float:
        return 1000 + marks * 0.25


def sample(at: float, waiting: int | None, age: str, fresh: str = "live", banner: str = "") -> Sample:
    return Sample(at, waiting, age, fresh, "", "Keeping up", "", "All feeds live", banner)


@pytest.mark.parametrize(
    ("words", "seconds"), [("7 s", 7), ("late 1:05", 65), ("12 s old", 12), ("for 2 h 05 min", 7500), ("", None), ("usual 3", None)]
)
def test_an_age_in_words_is_read(words: str, seconds: float | None) -> None:
    assert seconds_in(words) == seconds


def test_a_figure_that_looks_live_and_is_not_counts_as_frozen() -> None:
    # The number says: known until 1,010; ten seconds later the wall still tells 1 s.
    frozen = [sample(1020 + tenth / 10, 40, "1 s") for tenth in range(11)]
    assert faults.frozen(Marks(), frozen) == pytest.approx(1.0)  # type: ignore[arg-type]
    told = [sample(1020 + tenth / 10, 40, "late 10 s", "late") for tenth in range(11)]
    assert faults.frozen(Marks(), told) == 0  # type: ignore[arg-type]
    under_a_banner = [sample(1020 + tenth / 10, 40, "1 s", banner="Nothing from the server") for tenth in range(11)]
    assert faults.frozen(Marks(), under_a_banner) == 0  # type: ignore[arg-type]


def test_a_fault_that_never_ended_stands_in_the_summary() -> None:
    rounds = [Found("cut", recovery, 0.1, 0, 0, (), 0, 0, "load 1.0", ()) for recovery in (1.0, None)]
    assert "1.0 NEVER" in faults.summary(rounds)[1]


def test_a_slope_is_found_with_an_error_that_holds_it() -> None:
    dice = random.Random(311)
    hours = [minute / 60 for minute in range(120)]
    grows = soak.slope("heap_mb", hours, [20 + 3 * hour + dice.gauss(0, 0.5) for hour in hours])
    assert abs(grows.an_hour - 3) < 3 * grows.error < 1
    assert not grows.flat
    level = soak.slope("heap_mb", hours, [20 + dice.gauss(0, 0.5) for _ in hours])
    assert level.flat


def test_minutes_that_resemble_each_other_widen_the_error() -> None:
    hours = [minute / 60 for minute in range(120)]
    waves = [math.sin(hour * 3) for hour in hours]
    dice = random.Random(311)
    shuffled = dice.sample(waves, len(waves))
    assert soak.slope("heap_mb", hours, waves).error > 2 * soak.slope("heap_mb", hours, shuffled).error


def test_three_minutes_tell_no_slope() -> None:
    assert soak.slope("heap_mb", [0, 1, 2], [1, 2, 3]).error == math.inf
