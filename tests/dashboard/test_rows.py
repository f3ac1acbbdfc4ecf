"""Frames become typed rows, or an error that names what is missing."""

import pandas as pd
import pytest

from dashboard.rows import LanguageNow, QueueNow, UnexpectedFrame, read
from tests.dashboard import sample


def test_missing_values_are_none_and_never_nan() -> None:
    row = read(QueueNow, pd.DataFrame([sample.idle_row("a", "A", feed=None, feed_as_of=pd.NaT)]))[0]
    assert row.service_level_30m is None
    assert row.feed_as_of is None
    assert row.waiting_now == 0
    assert isinstance(row.waiting_now, int)


def test_an_empty_frame_gives_no_rows() -> None:
    assert read(LanguageNow, pd.DataFrame({"language": [], "waiting_now": [], "longest_wait_now_seconds": []})) == ()


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UnexpectedFrame, match="QueueNow lacks the column waiting_now"):
        read(QueueNow, pd.DataFrame([sample.queue_row("a", "A")]).drop(columns="waiting_now"))


def test_a_missing_count_is_named_with_its_row() -> None:
    with pytest.raises(UnexpectedFrame, match="LanguageNow: waiting_now is missing in row 2 of 2"):
        read(LanguageNow, pd.DataFrame({"language": ["a", "b"], "waiting_now": [1, None], "longest_wait_now_seconds": [1.0, 1.0]}))
