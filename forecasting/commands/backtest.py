"""`python -m forecasting backtest`: how good the forecasts of a series would have been, beside the baselines. It asks no database."""

import json
from pathlib import Path
from typing import Any

import click
import pandas as pd
from tqdm import tqdm

from forecasting.commands.plain_errors import Refused, plain_errors
from forecasting.scores import Scores, scores
from sql.settings import settings

READABLE_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
DAY = click.DateTime(formats=["%Y-%m-%d"])
GROUPS = ("all days", "storm days")
COLUMNS = ("WAPE %", "÷ floor", "bias %", "80 % band covers", "pinball %", "days")


@click.command(short_help="Say how good the forecasts of a series would have been.")
@click.option(
    "--volume", type=READABLE_FILE, required=True, metavar="FILE", help="CSV with one row a day, hour, half or quarter of an hour."
)
@click.option("--column", required=True, metavar="NAME", help="The column with the counts.")
@click.option("--date-column", metavar="NAME", help="The column with the days or times; unset: date, ds, hour and the like.")
@click.option("--weather", "weather_file", type=READABLE_FILE, metavar="FILE", help="A station's days; may be the same file.")
@click.option("--units", type=click.Choice(["us", "metric"]), help="Of a weather file whose columns do not say theirs.")
@click.option("--test-from", type=DAY, required=True, metavar="DAY", help="The first origin, and the first day scored.")
@click.option("--test-to", type=DAY, required=True, metavar="DAY", help="The last day scored.")
@click.option("--horizon", type=click.IntRange(1, 28), default=7, show_default=True, metavar="DAYS", help="Days ahead.")
@click.option("--every", type=click.IntRange(1, 56), default=7, show_default=True, metavar="DAYS", help="Days between origins.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@plain_errors
def backtest(
    volume: Path,
    column: str,
    date_column: str | None,
    weather_file: Path | None,
    units: str | None,
    test_from: pd.Timestamp,
    test_to: pd.Timestamp,
    horizon: int,
    every: int,
    shape: str,
) -> None:
    """Forecast a series from each origin, knowing only what was known then, and set the model beside its baselines.

    Two rows are the model's: with the weather that came, and with a forecast of it as wrong as such forecasts are. A storm day has 4 inches
    of snow or more, or is one of the three days after, or has a gust of 50 mph or more. With DASK_SCHEDULER set, the fits spread over that
    cluster.
    """
    from forecasting import backtest as backtests, volume_files
    from forecasting.workers import ClusterUnavailable

    if test_to < test_from:
        raise Refused(f"--test-to {test_to:%Y-%m-%d} is before --test-from {test_from:%Y-%m-%d}")
    chosen = settings()
    history = volume_files.by_day(volume_files.read(volume, column=column, zone=chosen.zone, date_column=date_column), chosen.zone)
    series = backtests.Series(history, _weather(weather_file, units, history), chosen.holidays)
    try:
        count = backtests.fits(series, pd.Timestamp(test_from), pd.Timestamp(test_to), every)
        with tqdm(total=count, desc="fits", unit="fit", disable=None) as bar:
            rows = backtests.run(
                series,
                pd.Timestamp(test_from),
                pd.Timestamp(test_to),
                horizon=horizon,
                every=every,
                each=bar.update,
                scheduler=chosen.dask_scheduler,
            )
    except backtests.NothingToTest as error:
        raise Refused(f"{volume}: {error}") from None
    except ClusterUnavailable as error:
        raise Refused(str(error)) from None
    found = {name: {group: _scores(part, group) for group in GROUPS} for name, part in rows.groupby("model", sort=False)}
    seconds = float(rows.loc[rows["seconds"] > 0, "seconds"].median())
    if shape == "json":
        click.echo(
            json.dumps(
                {"models": {str(name): _json(groups) for name, groups in found.items()}, "seconds_per_fit_median": seconds}, indent=2
            )
        )
        return
    click.echo(f"{column} of {volume.name}: {test_from:%Y-%m-%d} to {test_to:%Y-%m-%d}, {horizon} days ahead, every {every} days\n")
    for group in GROUPS:
        click.echo(_table(group, {str(name): groups[group] for name, groups in found.items()}))
    click.echo(f"{seconds:.2f} s a fit and forecast (median)")


def _weather(path: Path | None, units: Any, history: pd.DataFrame) -> pd.DataFrame:
    """The weather of the history's days and of the station's others; a day that the file does not know has the usual one, without snow."""
    from forecasting.weather_effects import MEASURES, daily
    from sql import weather_files

    bare = pd.DataFrame({"day": history["ds"]} | dict.fromkeys(MEASURES, float("nan")))
    if path is None:
        return daily(bare)
    known = weather_files.read(path, units=units)
    missing = ~bare["day"].isin(known["day"])
    if missing.all():
        first, last = (f"{day:%Y-%m-%d}" for day in (known["day"].iloc[0], known["day"].iloc[-1]))
        raise Refused(f"{path} knows the weather of no day of the counts: its days are {first} to {last}")
    if missing.any():
        click.echo(
            f"{path} does not know {missing.sum()} of {len(bare)} days of the counts: they are taken as usual for the season, without snow",
            err=True,
        )
    return daily(pd.concat([bare[missing], known], ignore_index=True))


def _scores(part: pd.DataFrame, group: str) -> Scores:
    chosen = part[part["storm"]] if group == "storm days" else part
    levels = {float(name): chosen[name].to_numpy() for name in chosen.columns if name.startswith("0.")}
    has_band = bool(levels) and chosen["0.5"].notna().any()
    return scores(chosen["y"].to_numpy(dtype="float64"), chosen["yhat"].to_numpy(dtype="float64"), levels if has_band else None)


def _json(groups: dict[str, Scores]) -> dict[str, Any]:
    names = {"all days": "all", "storm days": "storm"}
    return {
        names[group]: {
            "n": score.n,
            "wape": score.wape,
            "wape_floor": score.wape_floor,
            "bias": score.bias,
            "coverage_80": score.coverage,
            "pinball": score.pinball,
        }
        for group, score in groups.items()
    }


def _table(group: str, found: dict[str, Scores]) -> str:
    rows = [(group, *COLUMNS)]
    for name, score in found.items():
        ratio = score.wape / score.wape_floor if score.wape is not None and score.wape_floor else None
        rows.append(
            (
                name,
                _percent(score.wape),
                _number(ratio),
                _percent(score.bias),
                _percent(score.coverage),
                _percent(score.pinball),
                str(score.n),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
