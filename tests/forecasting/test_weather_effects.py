"""What weather does to demand, as numbers."""

import numpy as np
import pandas as pd
import pytest

from forecasting.weather_effects import (
    DAYS_BEFORE,
    MEASURES,
    RAW,
    REGRESSORS,
    SNOW,
    daily,
    effects,
    snow_load,
    storm_days,
    table,
)

MILD = {"temperature_max_celsius": 17.0, "temperature_min_celsius": 11.0, "wind_kmh": 5.0, "gust_kmh": 20.0}


def weather(days: int = 30, **columns: dict[int, float]) -> pd.DataFrame:
    """Mild dry days from a Thursday on; some measures are different on some of them."""
    frame = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=days)} | {name: MILD.get(name, 0.0) for name in MEASURES})
    for name, values in columns.items():
        for day, value in values.items():
            frame.loc[day, name] = value
    return frame


def test_snow_counts_on_its_day_and_the_four_after_each_by_itself():
    found = table(weather(snow_mm={10: 254.0}))
    for lag, name in enumerate(SNOW):
        expected = np.zeros(30)
        expected[10 + lag] = np.log1p(20)  # 10 inches
        np.testing.assert_allclose(found[name], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("column", "value", "name", "expected"),
    [
        pytest.param("temperature_max_celsius", 35.0, "heat", 1.0, id="95_F_is_one_ten_above_85"),
        pytest.param("precipitation_mm", 25.4, "rain", np.log(5), id="an_inch_of_rain"),
        pytest.param("wind_kmh", 18 * 1.609344, "wind", 1.0, id="18_mph_is_one_ten_above_8"),
        pytest.param("snow_depth_mm", 254.0, "snow_depth_inches", 10.0, id="ten_inches_lie"),
    ],
)
def test_a_measure_is_felt_on_its_day(column, value, name, expected):
    found = table(weather(**{column: {12: value}}))[name].to_numpy()
    assert found[12] == pytest.approx(expected)
    assert np.delete(found, 12) == pytest.approx(np.zeros(29))


def test_a_mean_of_5_degrees_is_five_tens_of_heating_and_two_of_cold_that_day_and_the_next():
    found = table(weather(temperature_max_celsius={12: -10.0}, temperature_min_celsius={12: -20.0}))
    assert found.loc[12, ["heating", "cold"]].tolist() == pytest.approx([5.0, 2.0])
    assert found.loc[13, ["heating_yesterday", "cold_yesterday"]].tolist() == pytest.approx([5.0, 2.0])
    assert found.loc[13, "temperature_change"] == pytest.approx(57.2 - 5)


def test_mild_dry_days_have_no_effect():
    assert (table(weather())[list(REGRESSORS)] == 0).all(axis=None)


def test_scenarios_are_felt_as_each_by_itself():
    rng = np.random.default_rng(3)
    many = {name: rng.gamma(0.5, 20.0, (4, DAYS_BEFORE + 6)) for name in MEASURES}
    together = effects(many)
    assert set(together) == {*REGRESSORS, *RAW}
    for number in range(4):
        alone = effects({name: values[number] for name, values in many.items()})
        for name, values in alone.items():
            assert values.shape == (6,)
            np.testing.assert_allclose(together[name][number], values)


def test_the_load_is_the_largest_snow_of_five_days():
    load = snow_load(table(weather(snow_mm={10: 25.4, 12: 254.0})))
    assert load[10:12] == pytest.approx(np.log1p(2))
    assert load[12:17] == pytest.approx(np.log1p(20))
    assert load[17] == 0


def test_storm_days_are_four_inches_and_three_days_after_or_a_gust():
    found = storm_days(weather(snow_mm={5: 101.6, 20: 101.5}, gust_kmh={15: 80.5, 25: 80.4}))
    assert [day for day, storm in enumerate(found) if storm] == [5, 6, 7, 8, 15]


def test_nothing_is_a_storm_where_no_weather_is_known():
    unknown = daily(weather().assign(**dict.fromkeys(MEASURES, np.nan)))
    assert not storm_days(unknown).any()
    assert (table(unknown)[list(REGRESSORS)] == 0).all(axis=None)


def test_a_day_that_is_missing_is_dry_and_between_its_neighbours():
    broken = weather(temperature_max_celsius={9: 10.0, 11: 20.0}).drop(index=10)
    found = daily(broken).set_index("day")
    assert len(found) == 30
    gap = found.loc["2026-01-11"]
    assert (gap["snow_mm"], gap["precipitation_mm"], gap["temperature_max_celsius"]) == (0.0, 0.0, 15.0)


def test_a_long_gap_is_like_other_years():
    days = pd.date_range("2024-01-01", "2026-02-28")
    warm = 15 + 10 * np.sin(days.day_of_year / 365 * 2 * np.pi)
    frame = pd.DataFrame({"day": days, "temperature_max_celsius": warm})
    frame.loc[(frame["day"] >= "2025-06-01") & (frame["day"] <= "2025-06-20"), "temperature_max_celsius"] = np.nan
    assert daily(frame)["temperature_max_celsius"].to_numpy() == pytest.approx(warm, abs=0.5)


def test_gusts_stand_in_for_the_mean_wind():
    frame = weather()[["day", "gust_kmh"]]
    assert daily(frame)["wind_kmh"].tolist() == [10.0] * 30
