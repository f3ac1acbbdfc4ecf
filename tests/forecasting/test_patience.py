"""Patience from censored waits: the estimate, what is said without abandons, and whether exponential fits."""

import numpy as np
import pytest

from forecasting.erlang import InvalidLoad
from forecasting.patience import UnequalLength, estimated, exponential_fit, kaplan_meier


def observed(seed: int, contacts: int, mean_seconds: float, *, shape: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Waits that an answer ends after a time of its own; shape 1 is exponential patience."""
    dice = np.random.default_rng(seed)
    patience = mean_seconds * dice.weibull(shape, contacts)
    answered_after = dice.exponential(60, contacts) * (dice.random(contacts) < 0.7)  # three in ten are answered at once
    return np.minimum(patience, answered_after), patience < answered_after


def test_all_waiting_counts_not_only_that_of_the_abandons() -> None:
    found = estimated([10, 20, 30, 40], [False, True, False, True])
    assert found.mean_seconds == 50
    assert found.standard_error_seconds == pytest.approx(50 / 2**0.5)
    # 2 events in 100 s: the exact interval of a Poisson mean of 2 is 0.2422 to 7.2247
    assert (found.lower_seconds, found.upper_seconds) == (pytest.approx(100 / 7.2247, rel=1e-4), pytest.approx(100 / 0.2422, rel=1e-3))
    assert (found.abandons, found.contacts) == (2, 4)


@pytest.mark.parametrize("limit", [0.0, 5.0, 30.0], ids="short abandons up to {:g} s".format)
def test_the_mean_is_found_again_and_its_interval_holds_it(limit: float) -> None:
    held = 0
    for seed in range(200):
        found = estimated(*observed(seed, 1_000, 150), short_abandon_seconds=limit)
        held += found.lower_seconds <= 150 <= found.upper_seconds
    assert held >= 184  # of 200 at 95 %: fewer come about once in a thousand
    many = estimated(*observed(7, 200_000, 150), short_abandon_seconds=limit)
    assert many.mean_seconds == pytest.approx(150, rel=0.02)


def test_misdialled_calls_shorten_the_patience_unless_they_are_left_out() -> None:
    waits, gave_up = observed(3, 20_000, 150)
    waits, gave_up = np.concatenate([waits, np.full(2_000, 2.0)]), np.concatenate([gave_up, np.full(2_000, True)])
    assert estimated(waits, gave_up).mean_seconds < 120
    assert estimated(waits, gave_up, short_abandon_seconds=5).mean_seconds == pytest.approx(150, rel=0.05)


def test_without_abandons_there_is_only_a_lower_bound_and_it_is_said() -> None:
    found = estimated([100.0] * 50, [False] * 50)
    assert (found.mean_seconds, found.standard_error_seconds, found.upper_seconds) == (None, None, np.inf)
    assert found.lower_seconds == pytest.approx(5_000 / -np.log(0.025))
    assert found.sentence == "nobody of 50 who waited gave up: the mean patience is above 1355 s; plan with Erlang C"


def test_without_waits_nothing_is_known() -> None:
    found = estimated([0.0, 0.0], [False, False])
    assert (found.mean_seconds, found.lower_seconds, found.contacts) == (None, 0, 0)
    assert found.sentence == "nobody waited: nothing is known of their patience"


def test_the_sentence_of_an_estimate() -> None:
    assert estimated([10, 20, 30, 40], [False, True, False, True]).sentence == (
        "mean patience 50 s (14 to 413 s), from 2 who gave up among 4 who waited"
    )


def test_the_curve_of_kaplan_and_meier_by_hand() -> None:
    seconds, surviving, waiting = kaplan_meier([5, 8, 8, 12, 20], [True, True, False, False, True])
    assert seconds.tolist() == [5, 8, 20]
    assert surviving.tolist() == pytest.approx([4 / 5, 4 / 5 * 3 / 4, 0])
    assert waiting.tolist() == [5, 4, 1]


def test_exponential_patience_fits() -> None:
    fits = [exponential_fit(*observed(seed, 3_000, 150)) for seed in range(60)]
    assert max(fit.largest_gap for fit in fits) < 0.1
    assert sum(fit.p_value < 0.05 for fit in fits) <= 9  # of 60 at 5 %: more come about once in a thousand


@pytest.mark.parametrize("shape", [0.5, 2.0], ids=["many give up early", "many give up late"])
def test_another_patience_does_not(shape: float) -> None:
    fit = exponential_fit(*observed(1, 3_000, 150, shape=shape))
    assert fit.p_value < 0.001
    assert fit.largest_gap > 0.05


def test_too_few_abandons_are_not_judged() -> None:
    assert exponential_fit([10.0] * 39, [True] * 39) is None


def test_abandons_after_one_and_the_same_wait_do_not_fit() -> None:
    assert exponential_fit([10.0] * 40, [True] * 40).largest_gap > 0.5


def test_a_negative_wait_and_missing_marks_are_refused() -> None:
    with pytest.raises(InvalidLoad, match="a wait is -1: it must be 0 or a number above 0"):
        estimated([-1.0], [True])
    with pytest.raises(UnequalLength, match="2 waits, but 1 marks of who gave up: there must be one for each"):
        estimated([1.0, 2.0], [True])
