"""Which days a city is not itself."""

import pandas as pd
import pytest

from forecasting.special_days import special_days


def names(day: str, country: str = "US") -> set[str]:
    found = special_days(country, pd.Timestamp(day).year, pd.Timestamp(day).year)
    return set(found.loc[found["ds"] == day, "holiday"])


@pytest.mark.parametrize(
    ("day", "name"),
    [
        pytest.param("2026-11-26", "Thanksgiving Day", id="thanksgiving"),
        pytest.param("2026-11-27", "Friday after Thanksgiving", id="the_friday_after_it"),
        pytest.param("2026-12-24", "Christmas Eve", id="christmas_eve"),
        pytest.param("2026-12-28", "after Christmas", id="between_the_years"),
        pytest.param("2026-12-31", "New Year's Eve", id="new_years_eve"),
        pytest.param("2026-05-25", "Memorial Day", id="a_monday_holiday"),
        pytest.param("2026-05-26", "day after a Monday holiday", id="the_tuesday_after_it"),
        pytest.param("2027-07-05", "Independence Day", id="observed_on_the_monday_after"),
        pytest.param("2027-07-04", "Independence Day", id="kept_on_its_sunday_too"),
        pytest.param("2023-11-10", "Veterans Day", id="observed_on_the_friday_before"),
        pytest.param("2023-11-11", "Veterans Day on a weekend", id="its_saturday_is_another_kind_of_day"),
    ],
)
def test_a_day_has_a_name(day, name):
    assert name in names(day)


@pytest.mark.parametrize("day", ["2026-11-25", "2026-12-23", "2026-07-07", "2026-02-03"])
def test_an_ordinary_day_has_none(day):
    assert names(day) == set()


def test_a_state_has_holidays_of_its_own():
    assert "Lee Jackson Day" in names("2018-01-12", "US-VA")
    assert names("2018-01-12", "US-NY") == set()


def test_in_order_once_each_and_without_a_zone():
    found = special_days("US", 2016, 2020)
    assert not found.duplicated().any()
    assert found["ds"].is_monotonic_increasing
    assert found["ds"].dt.tz is None
    assert set(found["ds"].dt.year) == {2016, 2017, 2018, 2019, 2020}
