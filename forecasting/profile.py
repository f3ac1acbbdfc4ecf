"""How a day's contacts spread over its half hours: by kind of day, with the usual shape of a storm day where enough were seen. No I/O."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.weather_effects import Numbers

SLOTS = 48  # half hours of a clock day
DAYS = 70  # the newest so many days are the example
SMOOTHING = np.array([0.25, 0.5, 0.25])
KINDS = ("weekday", "Saturday", "Sunday or holiday")
ENOUGH_STORM_DAYS = 4.0  # a storm day's shape counts half after so many
SATURDAY, SUNDAY = 5, 6
LEAST_EXPECTED = 1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """The shares of one queue.

    Attributes:
        shares: one row a kind of day, one column a clock half hour; each row adds up to 1.
        storm: what a storm day multiplies each half hour with, before the shares are made to add up again.
        dispersion: variance ÷ mean of a half hour's count, when the day's total is known; 1 is Poisson.
    """

    shares: Numbers
    storm: Numbers
    dispersion: float

    def of(self, starts: pd.DatetimeIndex, *, special: bool, storm: bool) -> Numbers:
        """The share of each half hour of one local day; they add up to 1 over 23, 24 or 25 hours.

        Args:
            starts: The half hours of the day, in the city's time.
            special: The day is a holiday or the like.
            storm: The day is a storm day.
        """
        slot = np.asarray(starts.hour * 2 + starts.minute // 30)
        share = self.shares[kind_of(starts[0].day_of_week, special=special)][slot] * (self.storm[slot] if storm else 1.0)
        total = share.sum()
        return share / total if total > 0 else np.full(len(share), 1 / len(share))


def kind_of(weekday: int, *, special: bool) -> int:
    """Which of `KINDS` a day is."""
    return 2 if special or weekday == SUNDAY else 1 if weekday == SATURDAY else 0


def learn(counts: pd.DataFrame, special: pd.DatetimeIndex, storms: pd.DatetimeIndex) -> Profile:
    """The profile of one queue.

    Args:
        counts: One row a half hour: `at` (the city's time), `contacts`; whole days.
        special: Holidays and the like, as days without a time zone.
        storms: Storm days, as days without a time zone.
    """
    rows = counts.assign(day=counts["at"].dt.tz_localize(None).dt.normalize(), slot=counts["at"].dt.hour * 2 + counts["at"].dt.minute // 30)
    table = rows.pivot_table(index="day", columns="slot", values="contacts", aggfunc="sum", fill_value=0.0)
    table = table.reindex(columns=range(SLOTS), fill_value=0.0)
    days = pd.DatetimeIndex(table.index)
    values = table.to_numpy(dtype="float64")
    kinds = np.array([kind_of(day.day_of_week, special=day in special) for day in days])
    stormy = np.asarray(days.isin(storms))
    recent = np.asarray(days > days.max() - pd.Timedelta(days=DAYS)) & ~stormy
    whole = _share(values[recent].sum(axis=0))
    shares = np.stack([_shrunk(values[recent & (kinds == kind)], whole) for kind in range(len(KINDS))])
    expected = values.sum(axis=1, keepdims=True) * shares[kinds]
    return Profile(shares, _storm_shape(values, expected, stormy), _dispersion(values[recent], expected[recent]))


def even() -> Profile:
    """Nothing is known of the hours: every half hour is alike."""
    return Profile(np.full((len(KINDS), SLOTS), 1 / SLOTS), np.ones(SLOTS), 1.0)


def _shrunk(values: Numbers, whole: Numbers) -> Numbers:
    """The shares of some days, with one day's worth of all days beside them."""
    typical = values.sum(axis=1).mean() if len(values) else 1.0
    return _share(values.sum(axis=0) + typical * whole)


def _share(total: Numbers) -> Numbers:
    around = np.convolve(np.concatenate([total[-1:], total, total[:1]]), SMOOTHING, mode="valid")
    return around / around.sum() if around.sum() > 0 else np.full(SLOTS, 1 / SLOTS)


def _storm_shape(values: Numbers, expected: Numbers, stormy: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Numbers:
    if not stormy.any():
        return np.ones(SLOTS)
    trust = stormy.sum() / (stormy.sum() + ENOUGH_STORM_DAYS)
    seen, usual = values[stormy].sum(axis=0), expected[stormy].sum(axis=0)
    wide = np.ones(5) / 5  # two and a half hours: storm days are few
    ratio = np.convolve(seen, wide, mode="same") / np.maximum(np.convolve(usual, wide, mode="same"), LEAST_EXPECTED)
    return np.asarray(ratio**trust)


def _dispersion(values: Numbers, expected: Numbers) -> float:
    busy = expected >= LEAST_EXPECTED
    if not busy.any():
        return 1.0
    return max(1.0, float(np.mean((values[busy] - expected[busy]) ** 2 / expected[busy])))
