"""The demand of a day, on series whose effects are known."""

import logging
import warnings

import numpy as np
import pandas as pd
import pytest

from forecasting import demand
from forecasting.blend import USUAL_WEIGHTS, combine
from forecasting.demand import PARTS, DailyDemand, Explained
from forecasting.weather_effects import DAYS_BEFORE, MEASURES, daily, effects
from tests.forecasting.planted import FIRST_STORM, ON_THE_DAY, START, STORM_EVERY, THE_DAY_AFTER, series, weather

DAYS = 9 * STORM_EVERY  # nine storms


@pytest.fixture(scope="module")
def stormy() -> DailyDemand:
    return demand.fit(series(DAYS), weather(DAYS), "US")


def explain(model: DailyDemand, snow_mm: list[float], *, scenarios: int = 0) -> Explained:
    """The days after the history, mild but for this snow."""
    mild = {"temperature_max_celsius": 17.0, "temperature_min_celsius": 11.0, "wind_kmh": 5.0, "gust_kmh": 20.0}
    measures = {name: np.full(DAYS_BEFORE + len(snow_mm), mild.get(name, 0.0)) for name in MEASURES}
    measures["snow_mm"][DAYS_BEFORE:] = snow_mm
    if scenarios:
        measures = {name: np.tile(values, (scenarios, 1)) for name, values in measures.items()}
    return model.explain(pd.date_range(model.first_day, periods=len(snow_mm)), effects(measures))


def expected(found: Explained) -> np.ndarray:
    return np.expm1(combine(found, USUAL_WEIGHTS))


def test_it_finds_the_storm_that_was_planted(stormy):
    calm, storm = expected(explain(stormy, [0.0] * 7)), expected(explain(stormy, [0.0, 0.0, 203.2, 0.0, 0.0, 0.0, 0.0]))
    ratio = storm / calm
    assert ratio[:2] == pytest.approx([1, 1], abs=0.03)
    assert ratio[2] == pytest.approx(ON_THE_DAY, rel=0.15)
    assert ratio[3] == pytest.approx(THE_DAY_AFTER, rel=0.15)
    assert ratio[5:] == pytest.approx([1, 1], abs=0.1)


def test_it_finds_the_week_that_was_planted(stormy):
    calm = expected(explain(stormy, [0.0] * 7))
    weekday = pd.date_range(stormy.first_day, periods=7).day_of_week
    assert calm == pytest.approx(np.where(weekday >= 5, 600, 1000), rel=0.06)


def test_a_regressor_that_never_was_anything_is_left_out(stormy):
    assert {name for name in stormy.coefficients if name.startswith("snow")} == {f"snow_{lag}_days_ago" for lag in range(5)}
    assert not {"heat", "cold", "rain", "wind"} & set(stormy.coefficients)


def test_storms_are_counted(stormy):
    assert stormy.storms_seen == sum(1 for day in range(DAYS) if day % STORM_EVERY == FIRST_STORM)
    assert stormy.largest_snow_mm == pytest.approx(203.2)


def test_with_few_storms_the_effect_is_shrunk():
    days = FIRST_STORM + STORM_EVERY - 1  # one storm
    one = demand.fit(series(days), weather(days), "US")
    assert one.storms_seen == 1
    after_it = explain(one, [203.2, 0.0]).base[1] - one.calendar.of(pd.date_range(one.first_day, periods=2))[1]
    assert after_it == pytest.approx(one.coefficients["snow_1_days_ago"] * np.log(17) / 2)
    assert after_it > 0.05


def test_from_traces_of_snow_nothing_is_made_of_a_storm():
    table = weather(DAYS).assign(snow_mm=lambda frame: frame["snow_mm"] * 0.02)  # a sixth of an inch
    model = demand.fit(series(DAYS), table, "US")
    assert model.storms_seen == 0
    np.testing.assert_allclose(explain(model, [600.0, 0.0, 0.0]).base, explain(model, [0.0, 0.0, 0.0]).base)


def test_snow_beyond_what_was_seen_does_not_grow_on(stormy):
    np.testing.assert_allclose(explain(stormy, [2000.0, 0.0]).base, explain(stormy, [1.5 * 203.2, 0.0]).base)
    assert explain(stormy, [0.0, 0.0]).base[1] < explain(stormy, [100.0, 0.0]).base[1] < explain(stormy, [250.0, 0.0]).base[1]


def test_never_above_the_limit(stormy):
    found = explain(stormy, [3000.0] * 14)
    highest = series(DAYS)["y"].max()
    assert (expected(found) < 1.5 * (highest + 1)).all()
    assert (np.expm1(combine(found, dict.fromkeys(PARTS, 50.0))) < 1.5 * (highest + 1)).all()


def test_scenarios_are_explained_as_each_by_itself(stormy):
    alone, many = explain(stormy, [0.0, 50.0, 0.0]), explain(stormy, [0.0, 50.0, 0.0], scenarios=3)
    for number in range(3):
        np.testing.assert_allclose(many.base[number], alone.base)
        for name in PARTS:
            np.testing.assert_allclose(many.parts[name][number], alone.parts[name])


def test_the_last_weeks_are_no_example_under_snow(stormy):
    assert explain(stormy, [203.2, 0.0]).parts["recent"].tolist() == [0.0, 0.0]
    assert (explain(stormy, [0.0, 0.0]).parts["recent"] != 0).all()


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_level_of_late_is_followed_and_fades(factor):
    days = 640  # to the beginning of an October without a holiday
    history = series(days, snow=False)
    history.loc[history.index >= days - 5, "y"] *= factor
    level = explain(demand.fit(history, weather(days, snow=False), "US"), [0.0] * 10).parts["level"] * np.sign(factor - 1)
    assert level[0] > 0.02
    assert (np.diff(level) < 0).all()


def test_the_shorter_the_history_the_more_the_last_weeks_count():
    drawn = [demand.fit(series(days, snow=False), weather(days, snow=False), "US").to_usual for days in (80, 200, 340, 365, 600)]
    assert drawn == sorted(drawn, reverse=True)
    assert 0.5 < drawn[0] < 2 / 3
    assert drawn[3] == drawn[4] == 0


def test_a_short_history_that_has_changed_is_as_the_last_weeks():
    history = series(150, snow=False)
    history.loc[history.index < 110, "y"] *= 0.5
    found = explain(demand.fit(history, weather(150, snow=False), "US"), [0.0] * 7)
    weekday = pd.date_range(START, periods=157)[150:].day_of_week
    assert expected(found) == pytest.approx(np.where(weekday >= 5, 600, 1000), rel=0.12)


@pytest.mark.parametrize("days", [14, 40, 59])
def test_a_short_history_is_as_its_weekdays_were(days):
    model = demand.fit(series(days, snow=False, noise=0.0), weather(days, snow=False), "US")
    weekday = pd.date_range(model.first_day, periods=9).day_of_week
    assert expected(explain(model, [0.0] * 9)) == pytest.approx(np.where(weekday >= 5, 600, 1000))
    assert model.coefficients == {}


def test_a_week_that_nobody_counted_does_no_harm():
    history = series(DAYS)
    history.loc[100:110, "y"] = np.nan
    found = expected(explain(demand.fit(history, weather(DAYS), "US"), [0.0] * 7))
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(890, rel=0.05)


def test_nothing_to_learn_from():
    with pytest.raises(demand.NothingToLearnFrom):
        demand.fit(series(50).assign(y=np.nan), weather(50), "US")


def test_without_weather_no_day_is_another_for_it():
    unknown = daily(pd.DataFrame({"day": pd.date_range(START, periods=DAYS)} | dict.fromkeys(MEASURES, np.nan)))
    model = demand.fit(series(DAYS, snow=False), unknown, "US")
    assert model.coefficients == {}
    np.testing.assert_allclose(explain(model, [500.0] * 7).base, explain(model, [0.0] * 7).base)


def test_a_fit_says_nothing(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = demand.fit(series(260, snow=False), weather(260, snow=False), "US")
        explain(model, [0.0])
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().getEffectiveLevel() < logging.CRITICAL
