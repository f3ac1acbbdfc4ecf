"""What a forecast must beat: last week's same weekday, and the median of the last four. No I/O."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SEASONAL_NAIVE, FOUR_WEEK_MEDIAN = "seasonal naive", "four-week median"
WEEK, WEEKS = 7, 4


def seasonal_naive(history: pd.DataFrame, days: int) -> NDArray[np.float64]:
    """The newest known value of the same weekday, for so many days after the history; NaN where it is not known.

    Args:
        history: One row a day without gaps, in order: `ds`, `y`.
        days: How many days to forecast.
    """
    return _same_weekdays(history, days)[:, -1]


def four_week_median(history: pd.DataFrame, days: int) -> NDArray[np.float64]:
    """The median of the newest four values of the same weekday, for so many days after the history."""
    values = _same_weekdays(history, days)
    some = ~np.isnan(values).all(axis=1)
    found = np.full(days, np.nan)
    found[some] = np.nanmedian(values[some], axis=1)
    return found


def _same_weekdays(history: pd.DataFrame, days: int) -> NDArray[np.float64]:
    """The newest four values of each future day's weekday, the newest last; NaN where the history is too short."""
    known = history["y"].to_numpy(dtype="float64")
    tail = np.concatenate([np.full(WEEK * WEEKS, np.nan), known])[-WEEK * WEEKS :].reshape(WEEKS, WEEK)
    return tail.T[np.arange(days) % WEEK]
