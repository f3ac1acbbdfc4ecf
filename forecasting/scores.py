"""How good a forecast was: WAPE and its floor, bias, coverage of the 80 % band, pinball loss. No I/O."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BAND = (0.1, 0.9)
PINBALL_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of some forecasts; shares are 0 to 1, None is no data.

    Attributes:
        n: forecasts that have an outcome.
        wape: Σ|y − ŷ| ÷ Σy.
        wape_floor: the same for a perfect forecast of a Poisson count of that size.
        bias: Σ(ŷ − y) ÷ Σy; above 0 too many were expected.
        coverage: share of outcomes in the 80 % band.
        pinball: mean pinball loss at 10, 50 and 90 %, as a share of the mean outcome.
    """

    n: int
    wape: float | None
    wape_floor: float | None
    bias: float | None
    coverage: float | None
    pinball: float | None


def scores(y: Numbers, yhat: Numbers, quantiles: dict[float, Numbers] | None = None) -> Scores:
    """Score forecasts against what came; pairs of which one is missing are left out.

    Args:
        y: What came.
        yhat: What was expected, of the same length.
        quantiles: Level → forecast of that quantile; coverage and pinball need 0.1, 0.5 and 0.9.
    """
    known = ~(np.isnan(y) | np.isnan(yhat))
    y, yhat = y[known], yhat[known]
    total = float(y.sum())
    if not total > 0:
        return Scores(len(y), None, None, None, None, None)
    cover = loss = None
    if quantiles is not None:
        at = {level: values[known] for level, values in quantiles.items()}
        low, high = (at[level] for level in BAND)
        cover = float(np.mean((y >= low) & (y <= high)))
        loss = float(np.mean([pinball(y, at[level], level).mean() for level in PINBALL_LEVELS]) / y.mean())
    wape = float(np.abs(y - yhat).sum()) / total
    return Scores(len(y), wape, poisson_floor(y), float((yhat - y).sum()) / total, cover, loss)


def pinball(y: Numbers, quantile: Numbers, level: float) -> Numbers:
    """The pinball loss of each forecast of a quantile, in the unit of y."""
    return np.maximum(level * (y - quantile), (level - 1) * (y - quantile))


def poisson_floor(mean: Numbers) -> float:
    """The WAPE that remains when the mean of each Poisson count is known: Σ√(2 × mean ÷ π) ÷ Σmean."""
    return float(np.sqrt(2 * mean / np.pi).sum() / mean.sum())
