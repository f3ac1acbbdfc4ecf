"""Weather that may come."""

import numpy as np
import pandas as pd
import pytest

from forecasting.weather_effects import AMOUNTS, DAYS_BEFORE, MEASURES, daily
from forecasting.weather_scenarios import WeatherError, around

FIRST_DAY = pd.Timestamp("2026-01-20")
SIZE = 400


def weather(*, ahead: int = 7, snow_on: int | None = None) -> pd.DataFrame:
    """Four years of seasons with snow each 5 January, and a forecast of `ahead` days with 10 inches on one of them."""
    days = pd.date_range("2022-01-01", FIRST_DAY + pd.Timedelta(days=ahead - 1))
    warm = 12 - 14 * np.cos(days.day_of_year / 365 * 2 * np.pi)
    frame = pd.DataFrame(
        {"day": days, "temperature_max_celsius": warm + 5, "temperature_min_celsius": warm - 5, "wind_kmh": 10.0, "gust_kmh": 25.0}
    )
    frame["snow_mm"] = np.where((days.month == 1) & (days.day == 28) & (days < FIRST_DAY), 100.0, 0.0)
    frame["precipitation_mm"] = np.where(days.day % 5 == 0, 8.0, 0.0)
    if snow_on is not None:
        frame.loc[frame["day"] == FIRST_DAY + pd.Timedelta(days=snow_on), "snow_mm"] = 254.0
    return daily(frame)


USUAL_ERROR = WeatherError()


def scenarios(
    table: pd.DataFrame, *, days: int = 7, size: int = SIZE, seed: int = 1, error: WeatherError = USUAL_ERROR
) -> dict[str, np.ndarray]:
    return around(table, FIRST_DAY, days, size, np.random.default_rng(seed), error)


def test_the_same_chance_gives_the_same_weather():
    table = weather(snow_on=3)
    first, again, other = scenarios(table), scenarios(table), scenarios(table, seed=2)
    for name in MEASURES:
        np.testing.assert_array_equal(first[name], again[name])
    assert (first["snow_mm"] != other["snow_mm"]).any()


def test_the_days_before_are_as_they_were():
    table = weather(snow_on=3)
    found = scenarios(table)
    before = table[table["day"] < FIRST_DAY].tail(DAYS_BEFORE)
    for name in MEASURES:
        assert found[name].shape == (SIZE, DAYS_BEFORE + 7)
        np.testing.assert_array_equal(found[name][:, :DAYS_BEFORE], np.tile(before[name], (SIZE, 1)))


def test_without_error_every_scenario_is_the_forecast():
    table = weather(snow_on=3)
    found = scenarios(table, error=WeatherError(0, 0, 0, 0, 0))
    for name in MEASURES:
        np.testing.assert_allclose(found[name], np.tile(table[name].tail(DAYS_BEFORE + 7), (SIZE, 1)))


def test_a_forecast_is_less_sure_the_further_ahead():
    found = scenarios(weather())["temperature_max_celsius"][:, DAYS_BEFORE:]
    apart = found.std(axis=0)
    assert apart[0] == pytest.approx(1.1, rel=0.15)
    assert apart[4] == pytest.approx(2.8, rel=0.15)
    assert found.mean(axis=0) == pytest.approx(weather().tail(7)["temperature_max_celsius"].to_numpy(), abs=0.4)


def test_snow_keeps_its_mean_and_comes_a_day_early_or_late_now_and_then():
    found = scenarios(weather(snow_on=3), size=4000)["snow_mm"][:, DAYS_BEFORE:]
    assert found.sum(axis=1).mean() == pytest.approx(254.0, rel=0.06)
    days_with_snow = (found > 0).mean(axis=0)
    assert days_with_snow == pytest.approx([0, 0, 0.075, 0.85, 0.075, 0, 0], abs=0.02)


def test_no_amount_and_no_wind_is_negative():
    found = scenarios(weather(snow_on=0))
    assert all((found[name] >= 0).all() for name in (*AMOUNTS, "wind_kmh", "gust_kmh"))


def test_beyond_a_week_past_years_stand_in_whole_days_in_a_row():
    found = scenarios(weather(ahead=14), days=14)
    later = found["snow_mm"][:, DAYS_BEFORE + 7 :]
    assert set(np.unique(later)) == {0.0, 100.0}
    assert 0.1 < (later.max(axis=1) > 0).mean() < 0.9
    table = weather(ahead=14)
    rows = {
        tuple(row) for row in np.lib.stride_tricks.sliding_window_view(table.loc[table["day"] < FIRST_DAY, "temperature_max_celsius"], 7)
    }
    assert {tuple(row) for row in found["temperature_max_celsius"][:, DAYS_BEFORE + 7 :]} <= rows


def test_the_end_of_a_year_is_near_the_beginning_of_the_next():
    table = weather()
    found = around(table[table["day"] < "2026-01-01"], pd.Timestamp("2026-01-01"), 2, SIZE, np.random.default_rng(1), WeatherError())
    assert found["temperature_max_celsius"][:, DAYS_BEFORE:].max() < 6  # none of another season


def test_what_will_be_is_not_known_to_the_scenarios_beyond_the_forecast():
    table = weather(ahead=14)
    other = table.assign(snow_mm=table["snow_mm"].where(table["day"] < FIRST_DAY + pd.Timedelta(days=7), 999.0))
    for name, values in scenarios(table, days=14).items():
        np.testing.assert_array_equal(values, scenarios(other, days=14)[name])


def test_without_any_weather_known_there_is_none():
    days = pd.date_range("2025-06-01", FIRST_DAY - pd.Timedelta(days=1))
    unknown = daily(pd.DataFrame({"day": days} | dict.fromkeys(MEASURES, np.nan)))
    found = scenarios(unknown, days=14)
    assert all((found[name] == 0).all() for name in AMOUNTS)
    assert np.isnan(found["temperature_max_celsius"]).all()
