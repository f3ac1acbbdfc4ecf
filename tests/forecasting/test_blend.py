"""How much each part of the model counts."""

import numpy as np
import pandas as pd
import pytest

from forecasting.blend import LARGEST_WEIGHT, PAST_COLUMNS, USUAL_WEIGHTS, combine, learned_weights
from forecasting.demand import PARTS, Explained
from tests.forecasting.past_forecasts import FIRST, after, past_forecasts


def explained(base: float, limit: float = 99.0, **parts: float) -> Explained:
    return Explained(np.array([base]), {name: np.array([parts.get(name, 0.0)]) for name in PARTS}, np.zeros(1), limit)


def with_outcomes(past: pd.DataFrame, weights: dict[str, float]) -> pd.DataFrame:
    """The same forecasts, as if the parts with these weights had been right but for the noise that is there."""
    log_y = np.log1p(past["y"]) + sum(weights[name] * past[name] for name in PARTS)
    return past.assign(y=np.expm1(log_y))


def test_the_parts_are_added_by_weight():
    assert combine(explained(7.0, level=0.2, boost=-0.1), {"level": 0.5, "boost": 1.0, "recent": 1.0}) == pytest.approx([7.0])


def test_never_beyond_the_limit():
    assert combine(explained(7.0, 7.1, level=0.5), USUAL_WEIGHTS) == pytest.approx([7.1])


def test_without_a_past_the_usual_weights():
    nothing = past_forecasts(origins=1).iloc[:0]
    assert set(PAST_COLUMNS) == set(nothing.columns)
    assert learned_weights(nothing, FIRST) == pytest.approx(USUAL_WEIGHTS)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("right", [0.0, 1.2])
def test_the_weights_go_towards_those_that_would_have_been_right(part, right):
    true = {**USUAL_WEIGHTS, part: right}
    past = with_outcomes(past_forecasts(origins=104, sigma=0.02), true)
    found = learned_weights(past, after(past))
    assert abs(found[part] - right) < 0.7 * abs(USUAL_WEIGHTS[part] - right)


def test_a_few_forecasts_change_little():
    past = with_outcomes(past_forecasts(origins=2, sigma=0.02), dict.fromkeys(PARTS, 0.0))
    assert learned_weights(past, after(past)) == pytest.approx(USUAL_WEIGHTS, abs=0.1)


def test_no_weight_turns_a_part_round_or_trusts_it_beyond_bounds():
    for true in (-3.0, 4.0):
        past = with_outcomes(past_forecasts(origins=104), dict.fromkeys(PARTS, true))
        assert all(0 <= weight <= LARGEST_WEIGHT for weight in learned_weights(past, after(past)).values())


def test_outcomes_from_the_origin_on_are_not_looked_at():
    past = past_forecasts()
    origin = FIRST + pd.Timedelta(days=7 * 30)
    other = past.assign(y=past["y"].where(past["ds"] < origin, 9e6))
    assert learned_weights(other, origin) == learned_weights(past, origin)
    assert learned_weights(other, after(past)) != learned_weights(past, after(past))


def test_a_day_forecast_twice_counts_once():
    past = past_forecasts(origins=20)
    twice = pd.concat([past, past], ignore_index=True)
    assert learned_weights(twice, after(past)) == pytest.approx(learned_weights(past, after(past)))
