"""By when a request is due: days of the calendar or business days, over week-ends, holidays and changes of the clocks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from sql.due import DayKind, due_at
from sql.intake import holidays_of
from sql.settings import InvalidSetting

ZONE = ZoneInfo("America/New_York")
HOLIDAYS = {date(2026, 11, 26)}  # Thanksgiving


@pytest.mark.parametrize(
    ("requested", "days", "kind", "due"),
    [
        pytest.param("2026-11-24T10:00", 3, "calendar", "2026-11-27T10:00", id="calendar days take holidays as they are"),
        pytest.param("2026-11-24T10:00", 3, "business", "2026-11-30T10:00", id="business days pass over a holiday and a week-end"),
        pytest.param("2026-11-28T10:00", 1, "business", "2026-11-30T10:00", id="from a Saturday the first business day is Monday"),
        pytest.param("2026-11-28T10:00", 0, "business", "2026-11-30T10:00", id="the same day, which is none"),
        pytest.param("2026-11-27T23:30", 0, "business", "2026-11-27T23:30", id="the same day, late in the evening"),
        pytest.param("2026-10-31T09:00", 1, "calendar", "2026-11-01T09:00", id="the same clock time over a day of 25 hours"),
        pytest.param("2026-10-31T01:30", 1, "calendar", "2026-11-01T01:30", id="a clock time that comes twice is its first occurrence"),
        pytest.param("2026-03-07T02:30", 1, "calendar", "2026-03-08T03:30", id="a clock time that is skipped is an hour later"),
    ],
)
def test_a_due_day(requested: str, days: int, kind: DayKind, due: str) -> None:
    at = datetime.fromisoformat(requested).replace(tzinfo=ZONE)
    assert due_at(at.astimezone(UTC), days, kind, zone=ZONE, holidays=HOLIDAYS).astimezone(ZONE).isoformat()[:16] == due


def test_a_local_evening_is_not_the_next_day_of_utc() -> None:
    friday = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 21:00 in the city
    assert due_at(friday, 1, "business", zone=ZONE) == datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "day", "expected"),
    [("US", date(2026, 11, 26), True), ("US-PA", date(2026, 11, 27), True), ("US", date(2026, 11, 27), False)],
)
def test_holidays_of_a_country_or_state(words: str, day: date, expected: bool) -> None:
    assert (day in holidays_of(words)) == expected


@pytest.mark.parametrize("words", ["XX", "US-XX"])
def test_unknown_holidays_are_refused_by_name(words: str) -> None:
    with pytest.raises(InvalidSetting, match=f"HOLIDAYS is '{words}'"):
        holidays_of(words)
