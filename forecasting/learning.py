"""Fits every queue from what the database held at an instant: model, weights, errors, profile, better baselines. It writes nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from forecasting import demand, profile, store, weather_scenarios
from forecasting.bands import calibrate
from forecasting.blend import learned_weights
from forecasting.days import TOTAL, day_of
from forecasting.outlook import MODEL, Fitted, Weather, baselines_of
from forecasting.special_days import special_days
from forecasting.weather_effects import DAYS_BEFORE, MEASURES, Numbers, daily, effects, storm_days
from sql.settings import settings

DAYS_AHEAD = 14
SCENARIOS = 100
WEEKS_COMPARED = 8
LEAST_DAYS_COMPARED = 28
LONGEST_LEAD_COMPARED = 7
FEW_STORMS = 3


@dataclass(frozen=True, slots=True)
class Learned:
    """What a cycle works with.

    Attributes:
        at: the instant as of which everything is known.
        first_day: the first day to forecast, today.
        histories: queue → whole days.
        past_weather: gapless days as they were and will be, as `weather_effects.daily` gives them.
        expected: the weather as the store knew it.
        fitted: queue → what was learned.
        notes: sentences for the screen.
    """

    at: datetime
    first_day: pd.Timestamp
    histories: dict[str, pd.DataFrame]
    past_weather: pd.DataFrame
    expected: store.Expected
    fitted: dict[str, Fitted]
    notes: list[str] = field(default_factory=list)

    @property
    def days(self) -> pd.DatetimeIndex:
        """The local days to forecast."""
        return pd.date_range(self.first_day, periods=DAYS_AHEAD)

    @property
    def storms_seen(self) -> int:
        """In the history of all queues together."""
        return self.fitted[TOTAL].model.storms_seen if TOTAL in self.fitted else 0


def learn(connection: Connection, at: datetime, zone: ZoneInfo) -> Learned:
    """Fit everything that is known as of an instant.

    Raises:
        NothingToLearnFrom: no queue has two weeks of counts.
    """
    first_day = pd.Timestamp(day_of(at, zone))
    histories = store.histories(connection, at, zone)
    if not histories:
        raise demand.NothingToLearnFrom(
            "no queue has two weeks of counts: run `python -m forecasting import-volume FILE`, or wait until the stream has counted them"
        )
    expected = store.weather(connection, at)
    weather = gapless(expected.days, histories, first_day)
    past, counts = store.past(connection, at), store.half_hours(connection, at, zone)
    special = pd.DatetimeIndex(special_days(settings().holidays, weather["day"].min().year, first_day.year + 1)["ds"])
    storms = storm_days(weather)
    notes: list[str] = []
    fitted = {}
    for queue, history in histories.items():
        model = demand.fit(history, weather[weather["day"] < first_day], settings().holidays)
        own = past[past["queue"] == queue]
        learned = own[own["model"] == MODEL]
        better, sentence = _better_baseline(own, queue, first_day)
        notes += [sentence] if sentence else []
        fitted[queue] = Fitted(
            model,
            learned_weights(learned, first_day),
            calibrate(learned, first_day),
            profile.learn(counts[queue], special, pd.DatetimeIndex(storms.index[storms])) if queue in counts else profile.even(),
            baselines_of(history, DAYS_AHEAD),
            better,
        )
    notes += _about_weather(expected, fitted)
    return Learned(at, first_day, histories, weather, expected, fitted, notes)


def gapless(days: pd.DataFrame, histories: dict[str, pd.DataFrame], first_day: pd.Timestamp) -> pd.DataFrame:
    """The weather of every day of the histories, and after them as far as it is forecast."""
    start = min(history["ds"].iloc[0] for history in histories.values())
    bare = pd.DataFrame({"day": [start, first_day - pd.Timedelta(days=1)]} | dict.fromkeys(MEASURES, np.nan))
    known = days[days["day"] >= start]
    return daily(pd.concat([bare[~bare["day"].isin(known["day"])], known], ignore_index=True))


def weather_ahead(learned: Learned, asked: pd.DataFrame | None = None) -> Weather:
    """The weather of the days to forecast: the line that is expected, and scenarios around it, the same ones for the same day.

    Args:
        learned: What is known.
        asked: Weather that somebody asks about, as `weather_effects.daily` gives it: then there is no doubt, and no other scenario.
    """
    table = learned.past_weather if asked is None else asked
    rng = np.random.default_rng(learned.first_day.toordinal())
    ensemble = weather_scenarios.around(table, learned.first_day, DAYS_AHEAD, SCENARIOS, rng, weather_scenarios.WeatherError())
    line = _line(table, learned.days, ensemble)
    ensemble = ensemble if asked is None else {name: values[None] for name, values in line.items()}
    shown = pd.DataFrame({"day": learned.days} | {name: values[DAYS_BEFORE:] for name, values in line.items()})
    known = table[(table["day"] < learned.first_day) & (table["day"] >= learned.first_day - pd.Timedelta(days=DAYS_BEFORE))]
    storm = storm_days(pd.concat([known, shown], ignore_index=True)).reindex(learned.days).to_numpy()
    covered = np.asarray(learned.days.isin(table["day"])) | (asked is not None)
    return Weather(effects(line), effects(ensemble), storm, covered)


def _line(table: pd.DataFrame, days: pd.DatetimeIndex, ensemble: dict[str, Numbers]) -> dict[str, Numbers]:
    """What is expected: the forecast where there is one, after it the usual temperatures without snow."""
    known = table.set_index("day").reindex(pd.date_range(days[0] - pd.Timedelta(days=DAYS_BEFORE), days[-1]))
    found = {}
    for name in MEASURES:
        values = known[name].to_numpy(dtype="float64")
        usual = ensemble[name].mean(axis=0) if name.endswith(("celsius", "kmh")) else np.zeros(len(values))
        found[name] = np.where(np.isnan(values), usual, values)
    return found


def _better_baseline(past: pd.DataFrame, queue: str, first_day: pd.Timestamp) -> tuple[str, str | None]:
    """The model for the plan, and a sentence where a baseline has been better over the last eight weeks."""
    since = first_day - pd.Timedelta(weeks=WEEKS_COMPARED)
    recent = past[(past["ds"] >= since) & (past["ds"] < first_day) & past["y"].notna() & (past["lead_days"] <= LONGEST_LEAD_COMPARED)]
    table = recent.assign(error=(recent["yhat"] - recent["y"]).abs()).pivot_table(index=["origin", "ds"], columns="model", values="error")
    table = table.dropna()
    if MODEL not in table or len(table) < LEAST_DAYS_COMPARED:
        return MODEL, None
    wape = table.sum() / recent.drop_duplicates(["origin", "ds"]).set_index(["origin", "ds"])["y"].reindex(table.index).sum()
    best = str(wape.idxmin())
    if best == MODEL:
        return MODEL, None
    name = "All queues" if queue == TOTAL else queue
    off, model_off = (f"{100 * wape[model]:.1f}% off" for model in (best, MODEL))
    return best, (
        f"{name}: over the last eight weeks the {best} was nearer than the model ({off} against {model_off}); "
        "the plan uses it on days without a storm."
    )


def _about_weather(expected: store.Expected, fitted: dict[str, Fitted]) -> list[str]:
    notes = []
    if expected.issued_at is None:
        notes.append("There is no weather forecast: past years at this time of year stand in.")
    elif expected.stale:
        notes.append("The weather forecast is stale: nothing newer came from its source.")
    storms = fitted[TOTAL].model.storms_seen if TOTAL in fitted else 0
    if storms < FEW_STORMS:
        seen = "no snow storm" if storms == 0 else "one snow storm" if storms == 1 else f"{storms} snow storms"
        effect = "shrunk" if storms else "not known"
        notes.append(f"The history holds {seen} of 2 inches or more: the effect of snow is {effect}, and a storm may do more.")
    return notes
