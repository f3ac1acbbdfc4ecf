"""Weeks of the city's calendar."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard.weekly_week import NoSuchWeek, choices, last_full, parse, reviewable

NEW_YORK = ZoneInfo("America/New_York")
FROM, TO = datetime(2025, 1, 15, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)


def test_a_week_has_a_name_days_and_ends() -> None:
    week = parse("2011-W35")
    assert (week.name, week.monday, week.sunday) == ("2011-W35", date(2011, 8, 29), date(2011, 9, 4))
    assert (week.days, week.long) == ("Aug 29 to Sep 4", "August 29 to September 4, 2011")
    assert parse("2026-W53").long == "December 28, 2026 to January 3, 2027"


def test_a_week_in_which_the_clocks_go_back_has_an_hour_more() -> None:
    week = parse("2025-W44")
    assert (week.ends_at(NEW_YORK).astimezone(UTC) - week.starts_at(NEW_YORK).astimezone(UTC)).total_seconds() == 169 * 3600


@pytest.mark.parametrize(("words", "ago"), [("2011-W35", "2010-W35"), ("2026-W53", "2025-W52"), ("2021-W52", "2020-W52")])
def test_the_same_week_a_year_ago(words: str, ago: str) -> None:
    assert parse(words).year_ago.name == ago


@pytest.mark.parametrize(
    "words", ["2011-W54", "2025-W53", "2011-W00", "2011", "W35", "", "0000-W01", "9999-W52", "2011-W35; DROP", "²011-W35"]
)
def test_what_is_no_week(words: str) -> None:
    with pytest.raises(NoSuchWeek, match=r"no ISO week|no week"):
        parse(words)


@pytest.mark.parametrize(
    ("now", "week"),
    [
        pytest.param(datetime(2026, 11, 23, 4, 59, tzinfo=UTC), "2026-W46", id="still Sunday in the city"),
        pytest.param(datetime(2026, 11, 23, 5, tzinfo=UTC), "2026-W47", id="Monday in the city"),
    ],
)
def test_the_last_full_week_is_of_the_city_s_calendar(now: datetime, week: str) -> None:
    assert last_full(now, NEW_YORK).name == week


def test_the_weeks_to_choose_from_are_over_and_have_data() -> None:
    found = [week.name for week in choices(FROM, TO, NOW, NEW_YORK)]
    assert (found[0], found[-1], len(found)) == ("2026-W47", "2025-W03", 97)
    assert choices(None, None, NOW, NEW_YORK) == []
    assert choices(TO, TO, NOW, NEW_YORK) == [], "the running week is no choice"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param("2026-W48", "is not over: take 2026-W47", id="running"),
        pytest.param("2024-W50", "the data are of 2025-W03 to 2026-W48", id="before the data"),
        pytest.param("yesterday", "write for example", id="none"),
    ],
)
def test_a_week_that_cannot_be_reviewed(words: str, why: str) -> None:
    with pytest.raises(NoSuchWeek, match=why):
        reviewable(words, FROM, TO, NOW, NEW_YORK)
