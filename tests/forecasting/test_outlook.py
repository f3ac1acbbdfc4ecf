"""From fitted models to days and half hours that add up."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from forecasting import baselines, demand, outlook
from forecasting.bands import LEVELS, calibrate
from forecasting.blend import USUAL_WEIGHTS
from forecasting.outlook import MODEL, TOTAL, Fitted, Weather, interval_quantiles
from forecasting.profile import SLOTS, Profile
from forecasting.weather_effects import DAYS_BEFORE, MEASURES, effects
from tests.forecasting.past_forecasts import FIRST, past_forecasts
from tests.forecasting.planted import series, weather

NEW_YORK = ZoneInfo("America/New_York")
KNOWN_DAYS = 56
CONTACTS = {"Water": 300.0, "Streets": 900.0, TOTAL: 1500.0}  # the total's model knows better than the sum
PEAK = np.where((np.arange(SLOTS) >= 16) & (np.arange(SLOTS) < 34), 5.0, 1.0)


def fitted(contacts: float, planned: str = MODEL, **baseline: float) -> Fitted:
    history = series(KNOWN_DAYS, snow=False, contacts=contacts, noise=0.0)
    shares = np.tile(PEAK / PEAK.sum(), (3, 1))
    model = demand.fit(history, weather(KNOWN_DAYS, snow=False), "US")
    named = outlook.baselines_of(history, 10) | {name: np.full(10, value) for name, value in baseline.items()}
    return Fitted(model, dict(USUAL_WEIGHTS), calibrate(past_forecasts(), FIRST), Profile(shares, np.ones(SLOTS), 1.5), named, planned)


def mild(days: int, *, storm_on: int | None = None) -> Weather:
    measures = {name: np.zeros((5, DAYS_BEFORE + days)) for name in MEASURES}
    line = {name: values[0] for name, values in measures.items()}
    storm = np.zeros(days, dtype=bool)
    if storm_on is not None:
        storm[storm_on] = True
    return Weather(effects(line), effects(measures), storm, np.arange(days) < 7)


@pytest.fixture(scope="module")
def queues() -> dict[str, Fitted]:
    return {queue: fitted(contacts) for queue, contacts in CONTACTS.items()}


@pytest.fixture(scope="module")
def wanted(queues) -> pd.DatetimeIndex:
    return pd.date_range(queues[TOTAL].model.first_day, periods=10)


def test_queues_add_up_to_the_total_each_day(queues, wanted):
    found = outlook.days(queues, wanted, mild(10))
    for name in ("yhat", "planned"):
        assert getattr(found["Water"], name) + getattr(found["Streets"], name) == pytest.approx(getattr(found[TOTAL], name))
    assert found[TOTAL].yhat[0] == pytest.approx(1500)
    assert found["Streets"].yhat == pytest.approx(3 * found["Water"].yhat)


def test_half_hours_add_up_to_the_day_and_queues_to_the_total(queues, wanted):
    found = outlook.days(queues, wanted, mild(10))
    table = outlook.intervals(queues, found, wanted, np.zeros(10), NEW_YORK)
    assert len(table) == 3 * 10 * 48 + 3 * 0
    local = table["interval_start"].dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.normalize()
    for queue, one in found.items():
        by_day = table[table["queue"] == queue].groupby(local)["yhat"].sum()
        assert by_day.to_numpy() == pytest.approx(one.planned)
    wide = table.pivot_table(index="interval_start", columns="queue", values="yhat")
    assert (wide["Water"] + wide["Streets"]).to_numpy() == pytest.approx(wide[TOTAL].to_numpy())


def test_quantiles_ascend_around_the_forecast(queues, wanted):
    found = outlook.days(queues, wanted, mild(10))
    table = outlook.intervals(queues, found, wanted, np.zeros(10), NEW_YORK)
    for one in found.values():
        assert one.quantiles.shape == (10, len(LEVELS))
        assert (np.diff(one.quantiles, axis=1) > 0).all()
        assert one.quantiles[:, LEVELS.index(0.5)] == pytest.approx(one.yhat, rel=0.03)
    of_intervals = np.stack(table["quantiles"].to_list())
    assert (np.diff(of_intervals, axis=1) >= 0).all()
    assert (of_intervals >= 0).all()
    assert of_intervals[:, LEVELS.index(0.5)].sum() == pytest.approx(table["yhat"].sum(), rel=0.03)


def test_one_queue_is_its_own_total():
    alone = {"Water": fitted(300.0)}
    wanted = pd.date_range(alone["Water"].model.first_day, periods=5)
    assert outlook.days(alone, wanted, mild(5))["Water"].yhat[0] == pytest.approx(300)


def test_the_plan_follows_the_better_baseline_but_not_into_a_storm():
    one = fitted(300.0, baselines.SEASONAL_NAIVE, **{baselines.SEASONAL_NAIVE: 444.0})
    wanted = pd.date_range(one.model.first_day, periods=5)
    found = outlook.days({"Water": one}, wanted, mild(5, storm_on=3))["Water"]
    assert found.planned[[0, 1, 2, 4]] == pytest.approx(444)
    assert found.planned[3] == pytest.approx(found.yhat[3])
    assert found.quantiles[:, LEVELS.index(0.5)] == pytest.approx(found.planned, rel=0.03)


def test_a_baseline_that_knows_no_value_is_not_followed():
    one = fitted(300.0, baselines.SEASONAL_NAIVE, **{baselines.SEASONAL_NAIVE: float("nan")})
    found = outlook.days({"Water": one}, pd.date_range(one.model.first_day, periods=5), mild(5))["Water"]
    assert found.planned == pytest.approx(found.yhat)


@pytest.mark.parametrize("mean", [4.0, 40.0, 400.0])
@pytest.mark.parametrize("dispersion", [1.0, 3.0])
def test_a_half_hour_varies_by_itself(mean, dispersion):
    sure, share = np.full(len(LEVELS), mean * 48), np.full(48, 1 / 48)
    found = interval_quantiles(sure, share, dispersion)[0]
    rng = np.random.default_rng(1)
    simulated = rng.gamma(mean / dispersion, dispersion, 200_000)
    inner = [LEVELS.index(level) for level in (0.1, 0.5, 0.9)]
    assert found[inner] == pytest.approx(np.quantile(simulated, [0.1, 0.5, 0.9]), rel=0.06, abs=0.35)


def test_an_unsure_day_makes_its_half_hours_unsure():
    tenth, ninth = LEVELS.index(0.1), LEVELS.index(0.9)
    sure, unsure = (
        interval_quantiles(48 * 400 * np.linspace(1 - spread, 1 + spread, len(LEVELS)), np.full(48, 1 / 48), 1.0)[0]
        for spread in (0.0, 0.3)
    )
    assert unsure[ninth] - unsure[tenth] > 2 * (sure[ninth] - sure[tenth])


def test_the_baselines_are_named():
    history = series(KNOWN_DAYS, snow=False, noise=0.0)
    found = outlook.baselines_of(history, 10)
    assert set(found) == {baselines.SEASONAL_NAIVE, baselines.FOUR_WEEK_MEDIAN}
    assert all(values[:7] == pytest.approx(history["y"].tail(7).to_numpy()) for values in found.values())
