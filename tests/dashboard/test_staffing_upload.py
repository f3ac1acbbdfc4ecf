"""A schedule is checked whole: every refusal names its line, and nothing of a file that has one is kept."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from dashboard.staffing_upload import LARGEST_BYTES, PROBLEMS_SHOWN, Refused, Slot, parse

ZONE = ZoneInfo("America/New_York")
QUEUES = {"general", "spanish"}
HEADER = "queue,date,start,end,people\n"
GOOD = "general,2026-11-27,09:00,10:00,12\n"


def read(text: str) -> list[Slot]:
    return parse(text.encode(), QUEUES, ZONE)


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(Refused) as caught:
        parse(text if isinstance(text, bytes) else text.encode(), QUEUES, ZONE)
    return caught.value.problems


def test_shifts_become_half_hours_of_the_citys_clock() -> None:
    assert read(HEADER + GOOD) == [
        Slot("general", datetime(2026, 11, 27, 14, tzinfo=UTC), 12),
        Slot("general", datetime(2026, 11, 27, 14, 30, tzinfo=UTC), 12),
    ]


@pytest.mark.parametrize(
    ("text", "half_hours"),
    [
        pytest.param(HEADER + "general,2026-11-27,00:00,24:00,1", 48, id="a whole day"),
        pytest.param(HEADER + "general,2026-11-01,00:00,24:00,1", 50, id="a day of 25 hours"),
        pytest.param(HEADER + "general,2026-03-08,00:00,24:00,1", 46, id="a day of 23 hours"),
        pytest.param(HEADER + "general,2026-11-01,00:00,01:30,1\ngeneral,2026-11-01,01:30,03:00,1", 8, id="a repeated time is its first"),
        pytest.param("\ufeff" + HEADER + GOOD, 2, id="with a byte order mark"),
        pytest.param(
            HEADER.replace("queue", " Queue ") + "\n\n general , 2026-11-27,9:00,10:00, 0 \n,,,,\n", 2, id="blanks and blank lines"
        ),
        pytest.param(HEADER + '"general","2026-11-27","09:00","10:00","12"\r\n', 2, id="quoted, from Windows"),
        pytest.param(HEADER + GOOD + GOOD.replace("general", "spanish"), 4, id="two queues at once"),
        pytest.param(HEADER + GOOD + "general,2026-11-27,10:00,10:30,3", 3, id="one after the other"),
    ],
)
def test_what_is_kept(text: str, half_hours: int) -> None:
    found = read(text)
    assert len(found) == half_hours
    assert len({(slot.queue, slot.interval_start) for slot in found}) == half_hours


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("trash,2026-11-27,09:00,10:00,12", "there is no queue 'trash': the queues are general, spanish", id="unknown queue"),
        pytest.param("General,2026-11-27,09:00,10:00,12", "there is no queue 'General'", id="another case"),
        pytest.param("general,11/27/2026,09:00,10:00,12", "'11/27/2026' is not a day: write for example 2026-11-27", id="American day"),
        pytest.param("general,2026-02-30,09:00,10:00,12", "'2026-02-30' is not a day", id="no such day"),
        pytest.param("general,2026-11-27,9am,10:00,12", "start '9am' is not a time", id="no time"),
        pytest.param("general,2026-11-27,09:00,25:00,12", "end '25:00' is not a time", id="hour 25"),
        pytest.param("general,2026-11-27,09:00,24:30,12", "end '24:30' is not a time", id="after midnight"),
        pytest.param("general,2026-11-27,09:15,10:00,12", "start 09:15 is not on the half hour: write 09:00 or :30", id="quarter past"),
        pytest.param("general,2026-11-27,10:00,09:00,12", "end 09:00 is not after start 10:00", id="backwards"),
        pytest.param("general,2026-11-27,22:00,06:00,12", "a shift past midnight is two lines", id="past midnight"),
        pytest.param("general,2026-11-27,09:00,09:00,12", "end 09:00 is not after start 09:00", id="no time at all"),
        pytest.param("general,2026-11-27,24:00,24:00,12", "24:00 can only be an end", id="24:00 as a start"),
        pytest.param(
            "general,2026-03-08,02:30,04:00,12", "2026-03-08 02:30 did not happen in America/New_York", id="skipped by the clocks"
        ),
        pytest.param("general,2026-11-27,09:00,10:00,12.5", "people '12.5' is not a whole number", id="half a person"),
        pytest.param("general,2026-11-27,09:00,10:00,-1", "people '-1' is not a whole number", id="fewer than nobody"),
        pytest.param("general,2026-11-27,09:00,10:00,١٢", "is not a whole number", id="other digits"),
        pytest.param("general,2026-11-27,09:00,10:00,5001", "people 5001 is more than 5,000", id="too many"),
        pytest.param("general,2026-11-27,09:00,10:00,", "people is blank", id="blank"),
        pytest.param("general,,09:00,,12", "date and end are blank", id="two blanks"),
        pytest.param("general,2026-11-27,09:00,10:00", "4 columns instead of 5", id="a column less"),
        pytest.param("general,2026-11-27,09:00,10:00,12,x", "6 columns instead of 5", id="a column more"),
        pytest.param("general,2026-11-27,09:30,11:00,3", "overlaps line 2 (2026-11-27 09:00 to 10:00)", id="overlap"),
        pytest.param("general,2026-11-27,09:00,10:00,12", "overlaps line 2", id="twice the same"),
    ],
)
def test_what_is_refused_with_its_line(line: str, says: str) -> None:
    problems = refused(HEADER + GOOD + line + "\n" + GOOD.replace("general", "spanish"))
    assert len(problems) == 1
    assert problems[0].startswith("Line 3: ")
    assert says in problems[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "Line 1: the columns must be queue,date,start,end,people.", id="empty"),
        pytest.param(HEADER.encode(), "Line 2: no shift stands under the columns.", id="only columns"),
        pytest.param(b"queue,day,start,end,people\n", "Line 1: the columns must be", id="another column"),
        pytest.param(b"queue;date;start;end;people\n", "Line 1: columns are parted by semicolons: part them by commas.", id="semicolons"),
        pytest.param(HEADER.encode() + b"g\xe9n\xe9ral,", "Line 2: not UTF-8 text. Save the file as CSV UTF-8.", id="Latin 1"),
        pytest.param(b"PK\x03\x04\0\0", "Line 1: not text. Save the file as CSV UTF-8.", id="a workbook"),
        pytest.param(HEADER.encode() + b'"general,2026', "not CSV", id="a quote that does not end"),
        pytest.param(b"x" * (LARGEST_BYTES + 1), "The file has 5.0 MB: at most 5 MB can be read.", id="too large"),
    ],
)
def test_a_file_that_cannot_be_read(content: bytes, says: str) -> None:
    problems = refused(content)
    assert len(problems) == 1
    assert says in problems[0]


def test_every_line_that_is_wrong_is_told_in_order_and_the_first_ten_are_shown() -> None:
    with pytest.raises(Refused) as caught:
        read(HEADER + "".join("nobody,2026-11-27,09:00,10:00,1\n" if n % 2 else GOOD for n in range(30)))
    lines = [int(problem.split(":")[0].removeprefix("Line ")) for problem in caught.value.problems]
    assert lines == list(range(3, 32))
    assert len(str(caught.value).splitlines()) == PROBLEMS_SHOWN + 1
    assert str(caught.value).endswith("And 19 more lines.")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEADER + text).encode("utf-8", "ignore")))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    try:
        found = len(parse(content, QUEUES, ZONE))
    except Refused as error:
        found = len(error.problems)
    assert found > 0
