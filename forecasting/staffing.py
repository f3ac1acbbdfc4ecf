"""What the staffing of a run rests on, and what waits over where demand outruns the schedule: computed here, kept in the database."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from forecasting import store
from forecasting.days import HALF_HOUR, TOTAL, half_hour_of
from forecasting.erlang import Work
from forecasting.patience import estimated
from forecasting.required import Target, capacity
from forecasting.transient import carried_over
from sql import queries

HALF_HOUR_SECONDS = HALF_HOUR.total_seconds()
MOST_WAITS = 50_000  # a queue, the newest
USUAL_HANDLE_SECONDS = 300.0  # of a queue that has not ended a contact yet
LEAST_ABANDONS = 20  # fewer say too little of how patient people are
CARRY_DAYS = 7
ANY_CHANCE = 0.8  # the people required are not looked at here
ROOM = 1.3  # above the highest half hour expected
WORTH_KEEPING = 0.05  # of a person who waits over


def write(connection: Connection, run_id: int, intervals: pd.DataFrame, at: datetime) -> None:
    """Targets, handle time, patience and capacity of every queue of a run.

    Args:
        connection: In a transaction that the caller commits.
        run_id: The run.
        intervals: Its half hours, as `outlook.intervals` gives them.
        at: As of when.
    """
    targets = queries.frame("staffing-targets", connection, as_of=at)
    waits = queries.frame("staffing-waits", connection, as_of=at, most=MOST_WAITS)
    highest = intervals.assign(most=[values[-1] for values in intervals["quantiles"]]).groupby("queue")["most"].max()
    row: Any
    for row in targets.itertuples(index=False):
        if row.queue not in highest or np.isnan(row.service_level_target):
            continue
        own = waits[waits["queue"] == row.queue]
        patience = estimated(own["wait_seconds"], own["abandoned"].astype(bool), short_abandon_seconds=row.short_abandon_seconds)
        patient = patience.mean_seconds if patience.abandons >= LEAST_ABANDONS else None
        handle = USUAL_HANDLE_SECONDS if np.isnan(row.handle_seconds) else row.handle_seconds
        occupancy = None if np.isnan(row.max_occupancy) else row.max_occupancy
        work = Work(handle, patient, HALF_HOUR_SECONDS)
        target = Target(row.service_level_target, row.answer_threshold_seconds, occupancy or 1.0)
        agents, contacts = _capacity(highest[row.queue] * ROOM, work, target)
        store.execute(
            connection,
            "write-staffing-input",
            {
                "run_id": run_id,
                "queue": row.queue,
                "handle_seconds": handle,
                "patience_seconds": patient,
                "patience_note": patience.sentence,
                "answer_threshold_seconds": row.answer_threshold_seconds,
                "service_level_target": row.service_level_target,
                "max_occupancy": occupancy,
                "shrinkage": row.shrinkage,
                "hourly_cost": None if np.isnan(row.hourly_cost) else row.hourly_cost,
            },
        )
        store.execute(
            connection,
            "write-staffing-capacity",
            {"run_id": run_id, "queue": row.queue, "agents": agents.tolist(), "contacts": np.round(contacts, 6).tolist()},
        )


def _capacity(most: float, work: Work, target: Target) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The capacity of 0, 1, 2, … people, up to those who can take the most that is expected."""
    until = max(4, int(1.2 * float(work.erlangs(most))) + 4)
    while True:
        agents = np.arange(until + 1)
        contacts = np.asarray(capacity(agents, work, target), dtype="float64")
        if contacts[-1] >= most:
            enough = int(np.searchsorted(contacts, most)) + 1
            return agents[: enough + 1], contacts[: enough + 1]
        until = int(until * 1.5) + 4


def carry(connection: Connection, at: datetime, zone: ZoneInfo) -> None:
    """What waits over from half hour to half hour in the next week, where a schedule is known: exact, not steady state.

    Args:
        connection: In a transaction that the caller commits.
        at: Now.
        zone: The city's.
    """
    from_at = half_hour_of(at)
    until = from_at + timedelta(days=CARRY_DAYS)
    plan = queries.frame("staffing-plan", connection, **{"as_of": at, "from": from_at, "to": until, "chance": ANY_CHANCE})
    basis = queries.frame("staffing-basis", connection, as_of=at).set_index("queue")
    rests: dict[str, dict[str, Any]] = basis.to_dict("index")  # type: ignore[assignment]
    store.execute(connection, "write-carry-cleared", {})
    for queue, rows in plan[plan["scheduled"].notna()].groupby("queue"):
        if queue == TOTAL or queue not in rests:
            continue
        store.execute(connection, "write-carry", _carried(str(queue), rows, rests[str(queue)]))


def _carried(queue: str, rows: pd.DataFrame, basis: dict[str, Any]) -> list[dict[str, object]]:
    patience = None if pd.isna(basis["patience_seconds"]) else float(basis["patience_seconds"])
    work = Work(float(basis["handle_seconds"]), patience, HALF_HOUR_SECONDS)
    target = Target(float(basis["service_level_target"]), float(basis["answer_threshold_seconds"]))
    found = carried_over(rows["yhat"].to_numpy(dtype="float64"), rows["scheduled"].to_numpy(dtype="int64"), work, target)
    return [
        {
            "queue": queue,
            "interval_start": start,
            "run_id": int(run_id),
            "waiting_at_end": float(found.waiting_at_end[number]),
            "abandoned": float(found.abandoned[number]),
            "service_level": float(np.clip(found.service_level[number], 0, 1)) if np.isfinite(found.service_level[number]) else None,
        }
        for number, (start, run_id) in enumerate(zip(rows["interval_start"], rows["run_id"], strict=True))
        if found.waiting_at_end[number] > WORTH_KEEPING
    ]
