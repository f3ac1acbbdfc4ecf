"""How much each part of the demand model counts: learned from the series' own past forecasts, shrunk to what did well elsewhere. No I/O."""

import numpy as np
import pandas as pd

from forecasting.demand import PARTS, Explained
from forecasting.weather_effects import Numbers

# Chosen on New York 2017 and a Philadelphia request type 2018-19; docs/forecasting.md says how.
USUAL_WEIGHTS = {"level": 0.8, "boost": 0.6, "recent": 0.25}
LARGEST_WEIGHT = 1.3
PRIOR_STRENGTH = 10.0
HALF_LIFE_DAYS = 182.0
LARGE_ERROR = 0.15  # in log; larger errors count in proportion, not squared
DAY_WEIGHT = 2 / 7

PAST_COLUMNS = ("origin", "ds", "lead_days", "y", "base", *PARTS, "snow_load", "log_yhat")


def combine(explained: Explained, weights: dict[str, float]) -> Numbers:
    """The forecast, as log(1 + contacts): the base and the weighted parts, within the limit."""
    added = sum((weights[name] * explained.parts[name] for name in PARTS), np.zeros_like(explained.base))
    return np.minimum(explained.base + added, explained.limit)


def learned_weights(past: pd.DataFrame, origin: pd.Timestamp) -> dict[str, float]:
    """The weights that would have served the series best so far.

    Args:
        past: Forecasts made before, one row an origin and day, with the columns of `PAST_COLUMNS` (`origin` is the first day forecast;
            base and parts in log).
        origin: The first day to forecast; only outcomes of days before it are used.

    Returns:
        One weight a part, between 0 and 1.3.
    """
    prior = np.array([USUAL_WEIGHTS[name] for name in PARTS])
    known = past[(past["ds"] < origin) & past["y"].notna()]
    x = known[list(PARTS)].to_numpy(dtype="float64")
    error = np.log1p(known["y"].to_numpy(dtype="float64")) - known["base"].to_numpy(dtype="float64")
    age = (origin - known["origin"]).dt.days.to_numpy(dtype="float64")
    repeats = known.groupby("ds")["ds"].transform("size").to_numpy(dtype="float64")
    robust = np.minimum(1.0, LARGE_ERROR / np.maximum(np.abs(error - x @ prior), 1e-9)) / LARGE_ERROR**2
    weight = DAY_WEIGHT / np.maximum(repeats, 1) * 0.5 ** (age / HALF_LIFE_DAYS) * robust
    left = np.eye(len(PARTS)) * PRIOR_STRENGTH + (x * weight[:, None]).T @ x
    right = PRIOR_STRENGTH * prior + (x * weight[:, None]).T @ error
    found = np.clip(np.linalg.solve(left, right), 0.0, LARGEST_WEIGHT)
    return dict(zip(PARTS, found.tolist(), strict=True))
