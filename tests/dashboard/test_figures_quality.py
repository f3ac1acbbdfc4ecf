"""What System says of the requests' data: only defects that there are, each with what is done, and proposed default geocodes."""

from dataclasses import replace

from dashboard.figures_quality import DEFECTS, quality_figures
from sql import queries
from tests.dashboard import sample


def test_only_defects_that_some_request_has_are_shown_in_words() -> None:
    board = quality_figures(sample.snapshot())["defects"]
    assert [row["cells"] for row in board["rows"]] == [["No location", "2,400", "20.0%", "On no map."]]


def test_a_point_that_nobody_named_is_to_be_looked_at() -> None:
    board = quality_figures(sample.snapshot())["suspects"]
    assert [(row["status"], row["cells"][0], row["cells"][3]) for row in board["rows"]] == [("watch", "39.9526, -75.1652", "8.0%")]
    assert "DEFAULT_GEOCODES" in board["rows"][0]["cells"][4]


def test_nothing_read_yet_is_no_rows_and_an_unknown_age() -> None:
    shown = quality_figures(replace(sample.snapshot(), quality=None))
    assert [(len(board["rows"]), board["as_of"]) for board in shown.values()] == [(0, None), (0, None)]


def test_every_defect_that_the_query_counts_has_words() -> None:
    assert all(f"'{defect}'" in queries.statement("data-quality") for defect in DEFECTS)
