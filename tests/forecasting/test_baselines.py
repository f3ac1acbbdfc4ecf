"""What a forecast must beat."""

import numpy as np
import pandas as pd
import pytest

from forecasting.baselines import four_week_median, seasonal_naive


def history(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"ds": pd.date_range("2026-03-02", periods=len(values)), "y": np.asarray(values, dtype="float64")})


FIVE_WEEKS = history([100 * week + day for week in (9, 1, 2, 5, 3) for day in range(7)])


def test_the_newest_week_again_and_again():
    assert seasonal_naive(FIVE_WEEKS, 9).tolist() == [300, 301, 302, 303, 304, 305, 306, 300, 301]


def test_the_median_of_the_newest_four_weeks():
    assert four_week_median(FIVE_WEEKS, 8).tolist() == [250, 251, 252, 253, 254, 255, 256, 250]


@pytest.mark.parametrize("forecast", [seasonal_naive, four_week_median])
def test_weekdays_stay_in_step_when_the_history_ends_within_a_week(forecast):
    weekdays = pd.date_range("2026-03-02", periods=45).day_of_week.to_numpy(dtype="float64")
    assert forecast(history(weekdays.tolist()), 7).tolist() == [(weekdays[-1] + ahead) % 7 for ahead in range(1, 8)]


def test_a_day_that_nobody_counted():
    gap = FIVE_WEEKS.assign(y=FIVE_WEEKS["y"].where(FIVE_WEEKS.index != 34))  # the newest Sunday
    assert np.isnan(seasonal_naive(gap, 7)[6])
    assert four_week_median(gap, 7)[6] == 206


def test_a_history_of_three_days_knows_three_weekdays():
    for forecast in (seasonal_naive, four_week_median):
        found = forecast(history([5, 6, 7]), 7)
        assert np.isnan(found[:4]).all()
        assert found[4:].tolist() == [5, 6, 7]
