"""The Departments board folds what is quiet into one line, and only if that makes the board shorter."""

from dataclasses import replace

import pytest

from dashboard import departments_figures, departments_verdict
from dashboard.departments_rows import Standings
from tests.dashboard import sample
from tests.dashboard.test_departments import CALM, NEW_YORK

QUIET = {"open": 0, "overdue": 0, "due_next_7_days": 0, "due_later": 0, "no_target": 0, "due": 0, "on_time": None, "open_by_week": ()}


@pytest.mark.parametrize(
    ("quiet", "busy", "names"),
    [
        pytest.param(
            3, 1, ["busy 0", "3 more types with nothing open and nothing due", "quiet 0", "quiet 1", "quiet 2", "All types"], id="three"
        ),
        pytest.param(2, 1, ["busy 0", "quiet 0", "quiet 1", "All types"], id="two take no more room than the line"),
        pytest.param(3, 0, ["quiet 0", "quiet 1", "quiet 2", "All types"], id="nothing else would be left"),
    ],
)
def test_types_with_nothing_open_and_nothing_due_are_one_line(quiet: int, busy: int, names: list[str]) -> None:
    parts = [replace(CALM, service_name=f"quiet {n}", name=f"quiet {n}", **QUIET) for n in range(quiet)]
    parts += [replace(CALM, service_name=f"busy {n}", name=f"busy {n}") for n in range(busy)]
    standings = Standings(sample.NOW, NEW_YORK, replace(CALM, name="Streets"), tuple(parts))
    rows = departments_figures.board(standings, departments_verdict.ranked(standings.parts), sample.NOW, {})["rows"]
    assert [row["name"] for row in rows] == names
    is_folded = any(row.get("fold") for row in rows)
    assert [row["name"] for row in rows if row.get("folded")] == ([f"quiet {n}" for n in range(quiet)] if is_folded else [])


@pytest.mark.parametrize("changes", [{"open": 1}, {"due": 1}], ids=["one is open", "one was due"])
def test_what_has_something_open_or_due_is_not_quiet(changes: dict[str, int]) -> None:
    assert departments_figures.is_quiet(replace(CALM, **QUIET))
    assert not departments_figures.is_quiet(replace(CALM, **QUIET | changes))
