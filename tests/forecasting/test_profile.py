"""How a day spreads over its half hours."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from forecasting.days import half_hours
from forecasting.profile import SLOTS, Profile, even, kind_of, learn

NEW_YORK = ZoneInfo("America/New_York")
NOTHING = pd.DatetimeIndex([])
SHORT, LONG, ORDINARY = pd.Timestamp("2026-03-08"), pd.Timestamp("2026-11-01"), pd.Timestamp("2026-06-03")
SLOT = np.arange(SLOTS)
OFFICE = np.where((SLOT >= 16) & (SLOT < 36), 20.0, 1.0)
EVENING = np.where((SLOT >= 32) & (SLOT < 44), 12.0, 2.0)


def counts(first: str, days: int, *, storms: pd.DatetimeIndex = NOTHING, seed: int | None = None) -> pd.DataFrame:
    """Office hours on weekdays, evenings on other days, and mornings three times as busy in a storm."""
    frames = []
    for day in pd.date_range(first, periods=days):
        at = half_hours(day, NEW_YORK)
        slot = np.asarray(at.hour * 2 + at.minute // 30)
        mean = np.where(day.day_of_week < 5, OFFICE[slot], EVENING[slot]) * np.where((day in storms) & (slot < 24), 3.0, 1.0)
        frames.append(
            pd.DataFrame({"at": at, "contacts": mean if seed is None else np.random.default_rng(seed + day.toordinal()).poisson(mean)})
        )
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(("day", "number"), [(SHORT, 46), (ORDINARY, 48), (LONG, 50)], ids=["23_hours", "24_hours", "25_hours"])
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("storm", [False, True])
def test_the_shares_add_up_whatever_the_clock_does(day, number, special, storm):
    storms = pd.date_range("2026-05-04", periods=6)
    profile = learn(counts("2026-04-01", 60, storms=storms), NOTHING, storms)
    starts = half_hours(day, NEW_YORK)
    share = profile.of(starts, special=special, storm=storm)
    assert len(starts) == len(share) == number
    assert share.sum() == pytest.approx(1)
    assert (share > 0).all()
    assert even().of(starts, special=special, storm=storm) == pytest.approx(np.full(number, 1 / number))


def test_the_half_hours_of_a_day_are_those_of_the_city():
    starts = half_hours(LONG, NEW_YORK)
    assert [str(at.time()) for at in starts[[0, 2, 4, 6, -1]]] == ["00:00:00", "01:00:00", "01:00:00", "02:00:00", "23:30:00"]
    assert (np.diff(starts.tz_convert("UTC")) == pd.Timedelta(minutes=30)).all()


def test_weekdays_and_other_days_have_shapes_of_their_own():
    profile = learn(counts("2026-04-01", 60), NOTHING, NOTHING)
    noon, evening = 24, 40
    weekday, saturday, holiday = profile.shares
    assert weekday[noon] > 8 * weekday[evening]
    for other in (saturday, holiday):
        assert other[evening] > 3 * other[noon]


@pytest.mark.parametrize(
    ("weekday", "special", "kind"), [(0, False, 0), (4, False, 0), (5, False, 1), (6, False, 2), (2, True, 2), (5, True, 2)]
)
def test_kinds_of_days(weekday, special, kind):
    assert kind_of(weekday, special=special) == kind


def test_a_storm_has_a_shape_of_its_own_the_more_the_more_were_seen():
    mornings = []
    for number in (0, 1, 4, 16):
        storms = pd.date_range("2026-04-20", periods=number)
        profile = learn(counts("2026-04-01", 60, storms=storms), NOTHING, storms)
        starts = half_hours(ORDINARY, NEW_YORK)
        ordinary, stormy = (profile.of(starts, special=False, storm=storm)[:22].sum() for storm in (False, True))
        mornings.append(stormy / ordinary)
    assert mornings[0] == pytest.approx(1)
    assert mornings == sorted(mornings)
    assert mornings[-1] > 1.3


def test_a_storm_does_not_change_the_ordinary_shape():
    storms = pd.date_range("2026-05-18", periods=4)
    np.testing.assert_allclose(
        learn(counts("2026-04-01", 60, storms=storms), NOTHING, storms).shares,
        learn(counts("2026-04-01", 60), NOTHING, NOTHING).shares,
        rtol=0.05,
    )


def test_only_the_newest_weeks_are_the_example():
    old = counts("2025-01-01", 60).assign(contacts=50.0)
    both = pd.concat([old, counts("2026-04-01", 75)], ignore_index=True)
    np.testing.assert_allclose(learn(both, NOTHING, NOTHING).shares, learn(counts("2026-04-01", 75), NOTHING, NOTHING).shares)


def test_counts_that_come_at_random_have_a_dispersion_of_one():
    assert learn(counts("2026-04-01", 60, seed=1), NOTHING, NOTHING).dispersion == pytest.approx(1, abs=0.25)
    bursts = counts("2026-04-01", 60, seed=1)
    assert learn(bursts.assign(contacts=4 * bursts["contacts"]), NOTHING, NOTHING).dispersion == pytest.approx(4, rel=0.3)


def test_a_queue_without_contacts_is_even():
    profile = learn(counts("2026-04-01", 14).assign(contacts=0.0), NOTHING, NOTHING)
    assert isinstance(profile, Profile)
    np.testing.assert_allclose(profile.shares, even().shares)
    assert profile.dispersion == 1
