"""Forecasts that a series' past may have seen, with errors of a known size."""

import numpy as np
import pandas as pd

from forecasting.demand import PARTS

FIRST = pd.Timestamp("2025-01-05")


def past_forecasts(
    *, origins: int = 52, contacts: float = 3000.0, sigma: float = 0.08, snow_every: int = 0, snow_sigma: float = 0.0, seed: int = 5
) -> pd.DataFrame:
    """Weekly origins, seven days each; the base is right but for noise of `sigma` in log, and the parts say nothing of it.

    Args:
        origins: how many.
        contacts: a day.
        sigma: of an ordinary day's error.
        snow_every: every so many origins it snows, on all seven days; 0: never.
        snow_sigma: of a snowy day's error.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    days = np.arange(7 * origins)
    origin, base = days // 7, np.full(7 * origins, np.log1p(contacts))
    snows = (origin % snow_every == 0) if snow_every else np.zeros(7 * origins, dtype=bool)
    noise = rng.normal(0, 1, 7 * origins) * np.where(snows, snow_sigma, sigma)
    parts = {part: rng.normal(0, 0.05, 7 * origins) for part in PARTS}
    return pd.DataFrame(
        {"origin": FIRST + pd.to_timedelta(7 * origin, "D"), "ds": FIRST + pd.to_timedelta(days, "D"), "lead_days": days % 7 + 1}
        | {"y": np.round(np.expm1(base + noise)), "base": base, **parts, "snow_load": 2.0 * snows, "log_yhat": base}
    )


def after(past: pd.DataFrame) -> pd.Timestamp:
    """The first day after all of them."""
    return past["ds"].max() + pd.Timedelta(days=1)
