"""How far off a forecast may be."""

import numpy as np
import pandas as pd
import pytest

from forecasting.bands import LEVELS, calibrate, group_of, quantiles
from tests.forecasting.past_forecasts import FIRST, after, past_forecasts

TENTH, MIDDLE, NINTH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
WEEK = np.arange(1, 8)


def band(past: pd.DataFrame, *, contacts: float = 3000.0, load: float = 0.0) -> np.ndarray:
    return quantiles(np.full(7, np.log1p(contacts)), np.full(7, load), WEEK, calibrate(past, after(past)))


def width(found: np.ndarray) -> np.ndarray:
    return np.log1p(found[:, NINTH]) - np.log1p(found[:, TENTH])


@pytest.mark.parametrize("contacts", [15.0, 300.0, 12_000.0])
@pytest.mark.parametrize("sigma", [0.05, 0.25])
def test_it_covers_four_days_of_five(contacts, sigma):
    shares = []
    for seed in range(8):
        found = band(past_forecasts(contacts=contacts, sigma=np.hypot(sigma, 1 / np.sqrt(contacts)), seed=seed), contacts=contacts)
        came = (
            past_forecasts(origins=300, contacts=contacts, sigma=np.hypot(sigma, 1 / np.sqrt(contacts)), seed=100 + seed)["y"]
            .to_numpy()
            .reshape(-1, 7)
        )
        shares.append(((came >= found[:, TENTH]) & (came <= found[:, NINTH])).mean())
    assert 0.76 < np.mean(shares) < 0.84


def test_quantiles_ascend_and_none_is_negative():
    found = quantiles(
        np.log1p(np.array([0.0, 1.0, 40.0])), np.array([0.0, 3.0, 0.0]), np.array([1, 6, 30]), calibrate(past_forecasts(), FIRST)
    )
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found >= 0).all()


def test_it_is_wider_under_snow():
    past = past_forecasts()
    assert (width(band(past, load=2.0)) > 1.1 * width(band(past))).all()


def test_storms_that_missed_widen_it_and_storms_that_hit_narrow_it():
    usual = band(past_forecasts(), load=2.0)
    missed = band(past_forecasts(snow_every=6, snow_sigma=0.35), load=2.0)
    hit = band(past_forecasts(snow_every=6, snow_sigma=0.05), load=2.0)
    assert width(hit).mean() < width(usual).mean() < width(missed).mean()


def test_one_storm_that_hit_does_not_make_the_next_one_certain():
    calm, usual = band(past_forecasts()), band(past_forecasts(), load=2.0)
    hit = band(past_forecasts(snow_every=60, snow_sigma=0.02), load=2.0)
    assert (width(hit) - width(calm)).mean() > 0.6 * (width(usual) - width(calm)).mean()


def test_a_small_count_is_less_certain_than_a_large_one():
    past = past_forecasts()
    assert (width(band(past, contacts=20.0)) > 2 * width(band(past))).all()


def test_a_cold_start_has_a_band():
    found = quantiles(np.full(14, np.log1p(500.0)), np.zeros(14), np.arange(1, 15), calibrate(past_forecasts().iloc[:0], FIRST))
    assert np.isfinite(found).all()
    assert (found[:, TENTH] < 450).all()
    assert found[:, MIDDLE] == pytest.approx(500.0)
    assert (found[:, NINTH] > 550).all()


def test_errors_that_were_not_known_yet_teach_nothing():
    past = past_forecasts()
    origin = FIRST + pd.Timedelta(days=7 * 30)
    other = past.assign(y=past["y"].where(past["ds"] < origin, 0.0))
    for before, same in zip(calibrate(past, origin), calibrate(other, origin), strict=True):
        np.testing.assert_array_equal(before.standardised, same.standardised)
        assert (before.sigma, before.widening) == (same.sigma, same.widening)


def test_errors_of_more_than_a_year_ago_are_forgotten():
    past = past_forecasts(origins=60)
    late = after(past) + pd.Timedelta(days=400)
    assert all(not len(errors.standardised) for errors in calibrate(past, late))


@pytest.mark.parametrize(("lead", "group"), [(1, 0), (3, 0), (4, 1), (7, 1), (8, 2), (14, 2), (28, 2)])
def test_lead_times_are_grouped(lead, group):
    assert group_of(lead) == group


def test_scenarios_that_agree_are_one_and_those_that_differ_widen_it():
    errors = calibrate(past_forecasts(), FIRST + pd.Timedelta(days=364))
    one = np.full(7, np.log1p(3000.0))
    alone = quantiles(one, np.zeros(7), WEEK, errors)
    same = quantiles(np.tile(one, (50, 1)), np.zeros((50, 7)), WEEK, errors)
    apart = quantiles(one + np.linspace(-0.4, 0.4, 50)[:, None], np.zeros((50, 7)), WEEK, errors)
    inner = slice(LEVELS.index(0.1), LEVELS.index(0.9) + 1)
    np.testing.assert_allclose(same[:, inner], alone[:, inner], rtol=0.02)
    assert (width(apart) > 1.5 * width(alone)).all()
