"""A CSV for spreadsheets: a text that looks like a formula stays a text."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from dashboard import csv_export


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    assert csv_export.text(pd.DataFrame({"a": [text]})).splitlines()[1].lstrip('"').startswith("'")


def test_numbers_instants_and_quotes_stay_what_they_are() -> None:
    frame = pd.DataFrame(
        {"=n": [-1, 2], "at": pd.to_datetime([datetime(2026, 1, 1, tzinfo=UTC)] * 2, utc=True), "words": ['say "a, b"', None]}
    )
    assert csv_export.text(frame).splitlines() == [
        "'=n,at,words",
        '-1,2026-01-01T00:00:00+0000,"say ""a, b"""',
        "2,2026-01-01T00:00:00+0000,",
    ]
