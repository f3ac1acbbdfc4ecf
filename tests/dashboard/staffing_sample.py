"""A planner's fortnight in the real tables: eight queues, a run of the forecast, how good the last ones were. Built in SQL, the same every time."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

DAYS, WEEKS_SCORED = 14, 4
QUEUES = (
    ("general", "General", 1900.0, 300.0),
    ("spanish", "Spanish", 420.0, 330.0),
    ("trash", "Trash & recycling", 520.0, 240.0),
    ("streets", "Streets & snow", 380.0, 280.0),
    ("permits", "Permits", 160.0, 420.0),
    ("water", "Water", 240.0, 310.0),
    ("chat", "Chat & text", 320.0, 520.0),
    ("walkin", "Walk-in center", 60.0, 600.0),
)  # queue, name, contacts on a usual weekday, seconds to handle one
NOTES = json.dumps(
    [
        "Saturday is 9% higher than in yesterday's forecast: 6 inches of snow are now expected.",
        "Permits: the four-week median was better over the last eight weeks (8.1% against 9.4%), so the plan uses it.",
        "One storm in the history: the effect of snow is halved.",
    ]
)
SPREAD = (-2.33, -1.645, -1.282, -0.842, -0.524, -0.253, 0.0, 0.253, 0.524, 0.842, 1.282, 1.645, 2.33)  # normal scores of the levels


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The beginning of the city's day."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def fill(connection: psycopg.Connection[Any], now: datetime, zone: ZoneInfo, *, storm_day: int | None = 3) -> int:
    """A full run made an hour ago for today and the thirteen days after it, its `no storm`, and what the runs of four weeks said.

    Args:
        connection: to an empty, migrated database, in a transaction; it is committed.
        now: the instant that the plan is looked at.
        zone: the city's.
        storm_day: which day of the fortnight is a storm, with nearly twice the contacts.

    Returns:
        The run.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO queue (queue, name, channel, position) VALUES (%s, %s, 'phone', %s) ON CONFLICT (queue) DO NOTHING",
            [(queue, name, place) for place, (queue, name, _, _) in enumerate(QUEUES, start=1)],
        )
    first_day = now.astimezone(zone).date()
    run = _run(connection, "full", now - timedelta(hours=1), first_day.isoformat(), now)
    _inputs(connection, run)
    _intervals(connection, "forecast_interval", run, run, now, zone, storm_day)
    scenario = connection.execute(
        "INSERT INTO scenario (name, kind, asked_by, answered_at, run_id) VALUES ('No storm', 'no storm', 'forecasting', %s, %s)"
        " RETURNING scenario_id",
        (now - timedelta(hours=1), run),
    ).fetchone()
    assert scenario is not None
    _intervals(connection, "scenario_interval", int(scenario[0]), run, now, zone, None)
    _scored(connection, now, zone)
    connection.commit()
    return run


def _run(connection: psycopg.Connection[Any], kind: str, made_at: datetime, first_day: str, data_until: datetime) -> int:
    found = connection.execute(
        "INSERT INTO forecast_run (kind, made_at, first_day, reason, data_until, weather_issued_at, storms_seen, notes, seconds)"
        " VALUES (%s, %s, %s, 'the daily run', %s, %s, 1, %s, 41.5) RETURNING run_id",
        (
            kind,
            made_at,
            first_day,
            data_until - timedelta(hours=1),
            made_at - timedelta(hours=2),
            NOTES,
        ),
    ).fetchone()
    assert found is not None
    return int(found[0])


def _inputs(connection: psycopg.Connection[Any], run: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO staffing_input VALUES (%s, %s, %s, 180, 'estimated from 412 abandons', 30, 0.8, 0.85, 0.3, 31.5)",
            [(run, queue, handle) for queue, _, _, handle in QUEUES],
        )
        # not Erlang A, but as steep: n people take a little less than n erlangs
        cursor.executemany(
            "INSERT INTO staffing_capacity SELECT %s, %s, n, CASE WHEN n = 0 THEN 0 ELSE 1800 / %s * least(0.85 * n, n - 0.45 * sqrt(n)) END"
            " FROM generate_series(0, 250) AS n",
            [(run, queue, handle) for queue, _, _, handle in QUEUES],
        )


def _intervals(
    connection: psycopg.Connection[Any], table: str, identity: int, run: int, now: datetime, zone: ZoneInfo, storm_day: int | None
) -> None:
    start = midnight(now, zone)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""
            INSERT INTO {table}
            WITH slot AS MATERIALIZED (
                SELECT slot, extract(dow FROM local) AS weekday, extract(epoch FROM local::time)::double precision / 3600 AS hour,
                       local::date - (%(start)s AT TIME ZONE %(zone)s)::date AS day
                FROM generate_series(%(start)s, %(start)s + %(days)s * interval '1 day' + interval '2 hours', interval '30 minutes') AS slot
                CROSS JOIN LATERAL (SELECT slot AT TIME ZONE %(zone)s AS local) AS l
            ), y AS MATERIALIZED (
                SELECT slot, CASE WHEN day = %(storm_day)s THEN 1.8 ELSE 1 END::double precision AS storm,
                       %(daily)s::double precision / 17 * (0.1 + exp(-power((hour - 10.2) / 2.4, 2)) + 0.9 * exp(-power((hour - 15.2) / 2.6, 2)))
                       * CASE WHEN hour >= 7 AND hour < 20 THEN 1 ELSE 0 END
                       * CASE WHEN weekday IN (0, 6) THEN 0.35 ELSE 1 END * CASE WHEN day = %(storm_day)s THEN 1.9 ELSE 1 END AS yhat
                FROM slot WHERE day < %(days)s
            )
            SELECT %(identity)s, %(queue)s, slot, yhat,
                   ARRAY(SELECT greatest(0, yhat + score * (0.13 * yhat * storm + sqrt(yhat))) FROM unnest(%(spread)s::double precision[]) AS score)
            FROM y
            """,
            [
                {
                    "identity": identity,
                    "queue": queue,
                    "daily": daily,
                    "spread": list(SPREAD),
                    "storm_day": storm_day,
                    "start": start,
                    "zone": zone.key,
                    "days": DAYS,
                }
                for queue, _, daily, _ in QUEUES
            ],
        )


def _scored(connection: psycopg.Connection[Any], now: datetime, zone: ZoneInfo) -> None:
    """Four weeks of imported daily volumes and, of each day, what a run a week before said of it beside the baselines."""
    today = now.astimezone(zone).date()
    upload = connection.execute(
        "INSERT INTO volume_import (file_name, imported_by) VALUES ('history.csv', 'test') RETURNING import_id"
    ).fetchone()
    assert upload is not None
    connection.execute(
        """
        INSERT INTO volume
        SELECT q.queue, ((%(today)s::date - back)::timestamp AT TIME ZONE %(zone)s), 1440, round(q.daily * (1 + 0.06 * sin(back * 1.7))), %(upload)s
        FROM unnest(%(queues)s::text[], %(daily)s::double precision[]) AS q (queue, daily) CROSS JOIN generate_series(1, %(days)s) AS back
        """,
        {
            "today": today.isoformat(),
            "zone": zone.key,
            "upload": upload[0],
            "queues": [queue for queue, _, _, _ in QUEUES],
            "daily": [daily for _, _, daily, _ in QUEUES],
            "days": 7 * WEEKS_SCORED,
        },
    )
    for lead in (1, 5, 10):
        first = today - timedelta(days=7 * WEEKS_SCORED)
        run = _run(connection, "hindcast", now - timedelta(days=7 * WEEKS_SCORED + lead), first.isoformat(), now)
        connection.execute(
            """
            INSERT INTO forecast_day (run_id, queue, model, day, lead_days, yhat, quantiles, planned, storm)
            SELECT %(run)s, v.queue, m.model, (v.starts_at AT TIME ZONE %(zone)s)::date, %(lead)s, expected.yhat,
                   CASE WHEN m.model = 'demand'
                        THEN ARRAY(SELECT expected.yhat + v.contacts * 0.045 * (1 + %(lead)s / 10.0) * s FROM unnest(%(spread)s::double precision[]) AS s) END,
                   m.model = 'demand', extract(day FROM v.starts_at) = 7
            FROM volume AS v
            CROSS JOIN (VALUES ('demand', 0.07), ('seasonal naive', 0.14), ('four-week median', 0.12)) AS m (model, off)
            CROSS JOIN LATERAL (
                SELECT v.contacts * (1 + m.off * (1 + %(lead)s / 10.0) * cos(extract(epoch FROM v.starts_at) / 86400 * 2.3)) AS yhat
            ) AS expected
            """,
            {"run": run, "zone": zone.key, "lead": lead, "spread": list(SPREAD)},
        )


def schedule(connection: psycopg.Connection[Any], now: datetime, zone: ZoneInfo, *, share: float = 1.0, days: int = DAYS - 2) -> None:
    """A schedule from 07:00 to 20:00 that is enough on usual days but for the lunch and the storm; the last days have none.

    Args:
        share: of the people that the median would need.
        days: how many days it names.
    """
    upload = connection.execute(
        "INSERT INTO schedule_upload (file_name, uploaded_at, uploaded_by) VALUES ('november.csv', %s, 'Ann') RETURNING upload_id",
        (now - timedelta(days=1),),
    ).fetchone()
    assert upload is not None
    connection.execute(
        """
        INSERT INTO schedule (upload_id, queue, interval_start, agents)
        SELECT %(upload)s, p.queue, p.interval_start,
               round(%(share)s * CASE WHEN extract(hour FROM local) IN (12, 13) THEN 0.85 ELSE 1.02 END * ceil(no_storm.agents))
        FROM metric.plan(%(now)s, %(start)s, %(start)s + interval '14 days', %(zone)s, 0.8) AS p
        CROSS JOIN LATERAL (SELECT p.interval_start AT TIME ZONE %(zone)s AS local) AS l
        JOIN scenario_interval AS s ON s.queue = p.queue AND s.interval_start = p.interval_start
        CROSS JOIN LATERAL (
            SELECT min(c.agents) AS agents FROM staffing_capacity AS c WHERE c.queue = p.queue AND c.contacts >= s.quantiles[10]
        ) AS no_storm
        WHERE extract(hour FROM local) BETWEEN 7 AND 19 AND local::date < (%(start)s AT TIME ZONE %(zone)s)::date + %(days)s
        """,
        {"upload": upload[0], "now": now, "start": midnight(now, zone), "zone": zone.key, "share": share, "days": days},
    )
    connection.commit()
