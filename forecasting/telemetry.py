"""The metrics of `python -m forecasting serve`, each declared once. It measures nothing; `docs/monitoring.md` explains them."""

import time

from sql.telemetry import SLOW_SECONDS, Group

FORECASTING = Group("`forecasting serve`")
CYCLES = FORECASTING.counter("city311_forecast_cycles_total", "Forecasts of all days that were made.")
FAILURES = FORECASTING.counter(
    "city311_forecast_failures_total",
    "What could not be done, because of the `database`, or because there is `nothing to learn from`.",
    "cause",
)
CYCLE_SECONDS = FORECASTING.histogram(
    "city311_forecast_cycle_seconds", "Seconds that a forecast of all days took: fit, forecast, staffing, scenarios.", buckets=SLOW_SECONDS
)
FIT_SECONDS = FORECASTING.gauge("city311_forecast_fit_seconds", "Seconds that the last fit of all queues took.")
QUEUES = FORECASTING.gauge("city311_forecast_queues", "Queues in the last forecast, with the total of all.")
AGE_SECONDS = FORECASTING.gauge(
    "city311_forecast_age_seconds", "Seconds since the last forecast of all days; NaN: this process has made none yet."
)
TODAY_CORRECTIONS = FORECASTING.counter(
    "city311_forecast_today_corrections_total", "How often the rest of today was corrected by what came."
)
GROUPS = (FORECASTING,)

AGE_SECONDS.set(float("nan"))


def tell_made(made_at: float) -> None:
    """Take when a forecast of all days was made, in seconds since 1970."""
    AGE_SECONDS.set_function(lambda: time.time() - made_at)
    CYCLES.inc()
