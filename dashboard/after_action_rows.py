"""What the after-action packet of an incident knows at an instant: all of its clock, alerts, lifelines over time, its full log.

It is read in one transaction; nothing that came after the instant is in it. It judges nothing and draws nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection

from dashboard.emergency_page import storm_hours
from dashboard.emergency_rows import HOURS_BEFORE, Clock
from dashboard.incident_rows import Lifeline, rows
from dashboard.situation_rows import Situation, read_situation, told
from sql.queries import frame
from sql.settings import settings

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
MOST_LIFELINE_CHANGES = 500


@dataclass(frozen=True, slots=True)
class Packet:
    """Everything that the packet says.

    Attributes:
        situation: as of the packet's instant.
        clock: from hours before the onset to the end of the incident, or to the instant.
        hours: one row an hour of the clock that was over, as `storm_hours` gives it, with `hour`, its beginning on the clock.
        alerts: as `alert-history` gives it, of the clock's time.
        lifelines: what was judged of each, the oldest first.
        record: as `activity-log-record` gives it: every row that was ever added.
    """

    situation: Situation
    clock: Clock
    hours: pd.DataFrame
    alerts: pd.DataFrame
    lifelines: tuple[Lifeline, ...]
    record: pd.DataFrame

    @property
    def storm(self) -> pd.DataFrame:
        """The hours from the onset on."""
        return self.hours[self.hours["hour"] >= 0]


def read_packet(connection: Connection, incident_id: int | None, as_of: datetime | None = None) -> Packet:
    """Everything on an incident, as it was known at an instant.

    Args:
        connection: open; all is read in its transaction.
        incident_id: which incident; None: the running one that began last.
        as_of: the instant; None: now.

    Raises:
        NoSuchIncident: there is no such incident.
    """
    situation = read_situation(connection, incident_id, as_of)
    incident, at = situation.incident, situation.at
    ends_at = min(incident.ended_at or at, at)
    last = max(1, -int((incident.onset_at - ends_at) // HOUR))  # the hour of the end counts whole
    clock = Clock(incident.onset_at, -HOURS_BEFORE, last, is_storm=True)
    hours = told(storm_hours(connection, clock.starts_at, clock.ends_at, at), situation.known.now)
    hours.insert(0, "hour", hours["number"] + clock.first)
    about = {"incident_id": incident.incident_id, "as_of": at}
    zones = list(settings().alert_zone_codes) or None
    span = {"from": clock.starts_at, "to": clock.ends_at}
    return Packet(
        situation=situation,
        clock=clock,
        hours=hours,
        alerts=frame("alert-history", connection, **span, as_of=at, zones=zones),
        lifelines=tuple(reversed(tuple(_judged(connection, incident.incident_id, at)))),
        record=frame("activity-log-record", connection, **about),
    )


def _judged(connection: Connection, incident_id: int, at: datetime) -> Iterator[Lifeline]:
    """Every judgement of a lifeline, the newest first: the board is asked again as of just before each."""
    for _ in range(MOST_LIFELINE_CHANGES):
        # Requests are counted from the instant on, that is none of them: only the judgement is asked for.
        board = rows(Lifeline, frame("lifelines", connection, incident_id=incident_id, **{"from": at}, as_of=at))
        newest = max((one.set_at for one in board if one.set_at is not None), default=None)
        if newest is None:
            return
        yield from (one for one in board if one.set_at == newest)
        at = newest - MOMENT
