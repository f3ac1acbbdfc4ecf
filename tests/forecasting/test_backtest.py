"""`python -m forecasting backtest`: through the command line, and what an origin may know."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from forecasting import backtest
from forecasting.__main__ import main
from forecasting.backtest import ISSUED_WEATHER_MODEL, MODEL, NothingToTest, Series
from forecasting.bands import LEVELS
from forecasting.baselines import FOUR_WEEK_MEDIAN, SEASONAL_NAIVE
from sql.settings import PROJECT
from tests.forecasting.planted import START, series, weather, write

DAYS = 500
TEST_FROM, TEST_TO = START + pd.Timedelta(days=400), START + pd.Timedelta(days=498)
MODELS = [MODEL, ISSUED_WEATHER_MODEL, SEASONAL_NAIVE, FOUR_WEEK_MEDIAN]


@pytest.fixture(autouse=True)
def one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits in this process: another one takes seconds to start."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})


@pytest.fixture
def storms_csv(tmp_path: Path) -> Path:
    return write(tmp_path / "storms.csv", series(DAYS), weather(DAYS))


def options(file: Path, *more: str, to: pd.Timestamp = TEST_TO) -> list[str]:
    return ["--volume", str(file), "--column", "contacts", "--test-from", f"{TEST_FROM:%Y-%m-%d}", "--test-to", f"{to:%Y-%m-%d}", *more]


def run(*said: str) -> Result:
    return CliRunner().invoke(main, ["backtest", *said], prog_name="python -m forecasting")


def forecast(table: Series, *, horizon: int = 7) -> pd.DataFrame:
    """From one origin tested and those that warm up, eight weeks apart."""
    return backtest.run(
        table, TEST_FROM, TEST_FROM + pd.Timedelta(days=horizon - 1), horizon=horizon, every=56, each=lambda: None, scheduler=None
    )


def test_on_a_stormy_series_it_beats_the_baselines_and_is_quiet(storms_csv):
    command = [
        sys.executable,
        "-m",
        "forecasting",
        "backtest",
        *options(storms_csv, "--weather", str(storms_csv), "--every", "28", "--horizon", "28"),
    ]
    done = subprocess.run([*command, "--format", "json"], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert list(said["models"]) == MODELS
    assert said["seconds_per_fit_median"] > 0
    ours = said["models"][MODEL]
    for name in (SEASONAL_NAIVE, FOUR_WEEK_MEDIAN):
        other = said["models"][name]
        assert ours["all"]["wape"] < other["all"]["wape"]
        assert ours["storm"]["wape"] < 0.5 * other["storm"]["wape"]
        assert (other["all"]["coverage_80"], other["all"]["pinball"]) == (None, None)
    assert {groups["all"]["n"] for groups in said["models"].values()} == {99}
    assert {groups["storm"]["n"] for groups in said["models"].values()} == {8}  # two storms, each with three days after
    assert ours["all"]["wape"] < 0.06  # the noise that was planted is 0.032
    assert 0.6 < ours["all"]["coverage_80"] <= 1


def test_the_text_without_weather(storms_csv):
    done = run(*options(storms_csv, "--every", "56", to=TEST_FROM + pd.Timedelta(days=20)))
    assert done.exit_code == 0, done.output
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    assert rows[0] == [
        f"contacts of storms.csv: {TEST_FROM:%Y-%m-%d} to {TEST_FROM + pd.Timedelta(days=20):%Y-%m-%d}, 7 days ahead, every 56 days"
    ]
    named = [row[0] for row in rows if row[0] in ("all days", "storm days", *MODELS)]
    assert named == ["all days", *MODELS, "storm days", *MODELS]
    of_storms = done.stdout.partition("storm days")[2].splitlines()
    assert all(line.split()[-1] == "0" and line.split()[-2] == "-" for line in of_storms[1:5])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param(
            ["--test-from", "2030-01-01", "--test-to", "2030-02-01"], "its counts are of 2023-01-02 to 2024-05-15", id="after_the_history"
        ),
        pytest.param(
            ["--test-from", "2023-01-20", "--test-to", "2023-03-01"],
            "18 days are known before 2023-01-20, and 28 are needed",
            id="too_early",
        ),
        pytest.param(
            ["--test-from", "2024-03-01", "--test-to", "2024-02-01"], "--test-to 2024-02-01 is before --test-from", id="backwards"
        ),
        pytest.param(["--column", "calls"], "no column calls", id="no_such_column"),
    ],
)
def test_what_cannot_be_tested_is_said_in_one_line(storms_csv, said, message):
    done = run(*options(storms_csv), *said)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_weather_of_other_years_is_refused_and_of_some_days_is_said(storms_csv, tmp_path):
    old = tmp_path / "old.csv"
    old.write_text("date,snow_in,tmax_f\n1999-01-01,1,30\n1999-01-02,0,31\n")
    assert "knows the weather of no day of the counts" in run(*options(storms_csv, "--weather", str(old))).stderr
    some = write(tmp_path / "some.csv", series(DAYS), weather(DAYS)[:495])
    done = run(*options(storms_csv, "--weather", str(some), "--every", "56"))
    assert done.exit_code == 0
    assert "does not know 5 of 500 days" in done.stderr


def test_an_origin_never_sees_the_future():
    history, table = series(DAYS), weather(DAYS)
    beyond = TEST_FROM + pd.Timedelta(days=7)
    other = Series(
        history.assign(y=history["y"].where(history["ds"] < TEST_FROM, 7.0 * history["y"])),
        table.assign(snow_mm=table["snow_mm"].where(table["day"] < beyond, 400.0)),
        "US",
    )
    columns = ["model", "origin", "ds", "yhat", *map(str, LEVELS)]
    before, same = (forecast(one)[columns] for one in (Series(history, table, "US"), other))
    assert len(before) == 7 * len(MODELS)
    pd.testing.assert_frame_equal(before, same)


def test_an_origin_does_see_the_day_before_it():
    history, table = series(DAYS), weather(DAYS)
    changed = history.assign(y=history["y"].where(history["ds"] != TEST_FROM - pd.Timedelta(days=1), 2000.0))
    before, other = (forecast(Series(one, table, "US")) for one in (history, changed))
    assert (before["yhat"] != other["yhat"]).any()


def test_the_table():
    found = forecast(Series(series(DAYS), weather(DAYS), "US"), horizon=14)
    assert found["model"].unique().tolist() == MODELS
    assert found.groupby("model")["lead_days"].apply(list).tolist() == [list(range(1, 15))] * 4
    assert (found["ds"] == found["origin"] + pd.to_timedelta(found["lead_days"] - 1, "D")).all()
    ours = found[found["model"].isin(MODELS[:2])]
    assert (np.diff(ours[list(map(str, LEVELS))], axis=1) >= 0).all()
    assert np.isfinite(ours["yhat"]).all()
    assert found.loc[found["model"].isin(MODELS[2:]), "0.5"].isna().all()


def test_the_fits_that_are_announced_are_made():
    table, made = Series(series(DAYS), weather(DAYS), "US"), []
    to = TEST_FROM + pd.Timedelta(days=60)
    backtest.run(table, TEST_FROM, to, horizon=7, every=56, each=lambda: made.append(1), scheduler=None)
    assert len(made) == backtest.fits(table, TEST_FROM, to, 56) > 3


def test_no_origin_lies_after_the_last_day_known():
    table = Series(series(DAYS), weather(DAYS), "US")
    assert backtest.fits(table, TEST_FROM, pd.Timestamp("2031-01-01"), 14) == backtest.fits(
        table, TEST_FROM, TEST_TO + pd.Timedelta(days=1), 14
    )


def test_a_series_that_nobody_counted():
    table = Series(series(DAYS).assign(y=np.nan), weather(DAYS), "US")
    with pytest.raises(NothingToTest, match="it has no counts"):
        backtest.fits(table, TEST_FROM, TEST_TO, 7)


@pytest.mark.reference
def test_new_york_beats_the_baselines_on_days_with_and_without_a_storm(reference_data):
    file = reference_data / "volume" / "nyc_311_daily_weather.csv"
    said = ["--volume", str(file), "--column", "requests", "--weather", str(file), "--test-from", "2017-01-03", "--test-to", "2017-03-27"]
    done = run(*said, "--every", "14", "--horizon", "14", "--format", "json")
    models = json.loads(done.stdout)["models"]
    assert models[MODEL]["storm"]["n"] >= 4
    for name in (SEASONAL_NAIVE, FOUR_WEEK_MEDIAN):
        for group in ("all", "storm"):
            assert models[MODEL][group]["wape"] < models[name][group]["wape"]
