"""Files of counts from other systems: what is read, and what is refused with its line."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from forecasting.commands.plain_errors import Refused
from forecasting.volume_files import Volumes, by_day, read

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def volumes(tmp_path):
    def volumes(text: str, **options) -> Volumes:
        path = tmp_path / "counts.csv"
        path.write_text(text)
        return read(path, **{"column": "contacts", "zone": NEW_YORK} | options)

    return volumes


def hours(day: str, clock: range | list[int], contacts: int = 10) -> str:
    return "".join(f"{day} {hour:02}:00,{contacts}\n" for hour in clock)


def test_days(volumes):
    found = volumes("date,contacts\n2026-03-07,100\n2026-03-08,120.5\n2026-03-09,\n2026-03-10,90\n")
    assert found.minutes == 1440
    assert set(found.frame["queue"]) == {"*"}
    assert found.frame["starts_at"].tolist()[:2] == [datetime(2026, 3, 7, 5, tzinfo=UTC), datetime(2026, 3, 8, 5, tzinfo=UTC)]
    days = by_day(found, NEW_YORK)
    assert days["ds"].dt.strftime("%m-%d").tolist() == ["03-07", "03-08", "03-09", "03-10"]
    np.testing.assert_array_equal(days["y"], [100, 120.5, np.nan, 90])


@pytest.mark.parametrize(("minutes", "each"), [(15, 4), (30, 2), (60, 1)], ids=["quarters", "half_hours", "hours"])
def test_parts_of_hours_add_up_to_days(volumes, minutes, each):
    lines = [f"2026-01-{day:02}T{hour:02}:{part * minutes:02},3" for day in (5, 6) for hour in range(24) for part in range(each)]
    found = volumes("interval_start,contacts\n" + "\n".join(lines))
    assert found.minutes == minutes
    assert len(found.frame) == 48 * each
    assert by_day(found, NEW_YORK)["y"].tolist() == [72 * each] * 2


def test_the_hour_that_comes_twice_counts_twice(volumes):
    text = (
        "hour,contacts\n" + hours("2026-10-31", range(24)) + hours("2026-11-01", [0, 1, 1, *range(2, 24)]) + hours("2026-11-02", range(24))
    )
    found = volumes(text)
    assert not found.frame["starts_at"].duplicated().any()
    assert by_day(found, NEW_YORK)["y"].tolist() == [240, 250, 240]


def test_the_hour_that_never_comes_is_not_missed(volumes):
    text = "hour,contacts\n" + hours("2026-03-07", range(24)) + hours("2026-03-08", [0, 1, *range(3, 24)]) + hours("2026-03-09", range(24))
    assert by_day(volumes(text), NEW_YORK)["y"].tolist() == [240, 230, 240]


def test_an_offset_is_believed(volumes):
    found = volumes(
        "interval_start,contacts\n2026-11-01T01:00:00-04:00,7\n2026-11-01T01:00:00-05:00,9\n2026-11-01T07:00:00Z,1\n", minutes=60
    )
    assert found.frame["contacts"].tolist() == [7, 9, 1]
    assert found.frame["starts_at"].dt.hour.tolist() == [5, 6, 7]


def test_a_first_and_last_day_of_which_hours_are_missing_are_left_out(volumes):
    text = "hour,contacts\n" + hours("2026-01-05", range(15, 24)) + hours("2026-01-06", range(24)) + hours("2026-01-07", range(11))
    found = by_day(volumes(text), NEW_YORK)
    assert found["ds"].dt.day.tolist() == [6]


def test_queues(volumes):
    found = volumes(
        "date,queue,contacts\n2026-01-05,Water,5\n2026-01-05,Streets,7\n2026-01-06,Water,6\n2026-01-06,Streets,8\n", queue_column="queue"
    )
    assert found.frame[["queue", "contacts"]].to_numpy().tolist() == [["Streets", 7], ["Streets", 8], ["Water", 5], ["Water", 6]]
    assert by_day(found, NEW_YORK)["y"].tolist() == [12, 14]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param("Date,contacts\n01/05/2026,5\n01/06/2026,6\n", {}, id="american_days"),
        pytest.param("timestamp,contacts\n20260105,5\n20260106,6\n", {}, id="days_without_dashes"),
        pytest.param("when,n,contacts\n2026-01-05,x,5\n2026-01-06,x,6\n", {"date_column": "when"}, id="a_named_column_of_days"),
        pytest.param("date,Calls\n2026-01-05,5\n\n2026-01-06,6\n", {"column": "Calls"}, id="a_named_column_of_counts_and_an_empty_line"),
        pytest.param('date,contacts\n2026-01-05,"5"\n2026-01-06,6.0\n', {}, id="quotes"),
        pytest.param("\ufeffdate,contacts\n2026-01-05,5\n2026-01-06,6\n", {}, id="a_byte_order_mark"),
        pytest.param("date,contacts\n2026-01-06,6\n2026-01-05,5\n", {}, id="out_of_order"),
    ],
)
def test_what_is_read(volumes, text, options):
    assert by_day(volumes(text, **options), NEW_YORK)["y"].tolist() == [5, 6]


def test_thousands(volumes):
    assert volumes('date,contacts\n2026-01-05,"1,234"\n2026-01-06,6\n').frame["contacts"].tolist() == [1234, 6]


def test_gzip(tmp_path):
    path = tmp_path / "counts.csv.gz"
    path.write_bytes(gzip.compress(b"date,contacts\n2026-01-05,5\n2026-01-06,6\n"))
    assert by_day(read(path, column="contacts", zone=NEW_YORK), NEW_YORK)["y"].tolist() == [5, 6]


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        pytest.param("date,contacts\n2026-01-05,5\nyesterday,6\n", {}, "line 3: 'yesterday' is no time", id="no_time"),
        pytest.param("date,contacts\n0001-01-01T00:00:00+23:59,5\n", {}, "line 2: '0001-01-01T00:00:00+23:59' is no time", id="year_1"),
        pytest.param("date,contacts\n2026-01-05,5\n2026-01-06,-6\n", {}, "line 3: '-6' is no count", id="below_0"),
        pytest.param("date,contacts\n2026-01-05,many\n", {}, "line 2: 'many' is no count", id="no_number"),
        pytest.param("date,contacts\n2026-01-05,inf\n", {}, "line 2: 'inf' is no count", id="without_end"),
        pytest.param("date,contacts\n2026-01-05,5,6\n", {}, "line 2: 3 columns, and the header has 2", id="too_many_columns"),
        pytest.param(
            "date,calls\n2026-01-05,5\n", {}, "no column contacts: it has date, calls. Name one with --column", id="no_such_column"
        ),
        pytest.param("x,contacts\n2026-01-05,5\n", {}, "--date-column", id="no_column_of_days"),
        pytest.param("date,contacts\n2026-01-05,5\n", {"queue_column": "queue"}, "no column queue", id="no_column_of_queues"),
        pytest.param("date,contacts\n2026-01-05,\n", {}, "no counts in column contacts", id="no_counts"),
        pytest.param("date,contacts\n2026-01-05,5\n", {}, "--minutes", id="one_interval"),
        pytest.param("time,contacts\n2026-01-05 08:00,5\n2026-01-05 08:20,5\n", {}, "20 minutes long", id="an_odd_length"),
        pytest.param("", {}, "no column", id="empty"),
        pytest.param('date,contacts\n2026-01-05,"5\n', {}, "no CSV", id="an_open_quote"),
    ],
)
def test_what_is_refused(volumes, text, options, says):
    with pytest.raises(Refused) as refused:
        volumes(text, **options)
    message = str(refused.value)
    assert says in message
    assert "counts.csv" in message
    assert "\n" not in message


def test_the_first_five_wrong_lines_are_named_and_the_others_counted(volumes):
    with pytest.raises(Refused, match=r"line 2: .*line 6: .*and 4 more. Nothing was taken"):
        volumes("date,contacts\n" + "x,1\n" * 9)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", gzip.compress(b"date,contacts\n" * 99)[:-9]], ids=["other_bytes", "a_torn_gzip"])
def test_bytes_that_are_no_text(tmp_path, content):
    path = Path(tmp_path / "counts.csv")
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"counts\.csv"):
        read(path, column="contacts", zone=NEW_YORK)
