"""How good a forecast was."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from forecasting.scores import pinball, poisson_floor, scores

Y = np.array([100.0, 50.0, 0.0, 50.0])
YHAT = np.array([90.0, 60.0, 5.0, 45.0])
BAND = {0.1: np.array([80.0, 55.0, 0.0, 40.0]), 0.5: YHAT, 0.9: np.array([100.0, 70.0, 10.0, 49.0])}


def test_by_hand():
    found = scores(Y, YHAT, BAND)
    assert found.n == 4
    assert found.wape == pytest.approx(30 / 200)
    assert found.bias == pytest.approx(0.0)
    assert found.coverage == 0.5  # an end of the band belongs to it
    tenth = (0.1 * 20 + 0.9 * 5 + 0 + 0.1 * 10) / 4
    half = 30 / 2 / 4
    ninth = (0 + 0.1 * 20 + 0.1 * 10 + 0.9 * 1) / 4
    assert found.pinball == pytest.approx((tenth + half + ninth) / 3 / 50)


def test_pairs_of_which_one_is_missing_are_left_out():
    more = scores(np.append(Y, [np.nan, 7.0]), np.append(YHAT, [7.0, np.nan]), {k: np.append(v, [1.0, 1.0]) for k, v in BAND.items()})
    assert more == scores(Y, YHAT, BAND)


@pytest.mark.parametrize(
    "y", [pytest.param([], id="no_forecasts"), pytest.param([np.nan], id="no_outcomes"), pytest.param([0.0], id="nothing_came")]
)
def test_nothing_to_divide_by_is_no_data(y):
    found = scores(np.array(y), np.ones(len(y)))
    assert (found.wape, found.wape_floor, found.bias, found.coverage, found.pinball) == (None,) * 5


def test_without_a_band_there_is_no_coverage():
    found = scores(Y, YHAT)
    assert (found.coverage, found.pinball) == (None, None)
    assert found.wape is not None


@pytest.mark.parametrize("mean", [20.0, 200.0, 5000.0])
def test_the_floor_is_the_error_of_a_forecast_that_knows_the_mean(mean):
    came = np.random.default_rng(1).poisson(mean, 20_000).astype("float64")
    assert scores(came, np.full(len(came), mean)).wape == pytest.approx(poisson_floor(np.full(9, mean)), rel=0.03)


@given(st.integers(1, 99), st.integers(0, 2**32 - 1))
def test_the_pinball_loss_is_least_at_the_quantile(percent, seed):
    y = np.random.default_rng(seed).normal(100, 20, 501)
    level = percent / 100
    best = pinball(y, np.quantile(y, level, method="inverted_cdf"), level).sum()
    for other in (np.quantile(y, max(level - 0.1, 0)), np.quantile(y, min(level + 0.1, 1)), y.mean()):
        assert best <= pinball(y, other, level).sum() + 1e-9
