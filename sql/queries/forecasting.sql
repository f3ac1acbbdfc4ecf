-- forecast-past --
-- One row a run, queue, model and day of the last year: what was expected, its parts, and what came.
SELECT f.queue, f.model, r.first_day AS origin, f.day AS ds, f.lead_days, c.contacts AS y, f.yhat, f.storm, f.base, f.level, f.boost, f.recent,
       f.snow_load, f.log_yhat
FROM forecast_run AS r
JOIN forecast_day AS f USING (run_id)
LEFT JOIN (SELECT queue, day, contacts FROM metric.volume_by_day(:zone, coalesce(cast(:as_of AS timestamptz), now())) WHERE whole) AS c
    ON c.queue = f.queue AND c.day = f.day
WHERE r.kind <> 'today' AND r.made_at < coalesce(cast(:as_of AS timestamptz), now())
  AND f.day >= (coalesce(cast(:as_of AS timestamptz), now()) AT TIME ZONE :zone)::date - 364
  AND r.run_id IN (  -- the newest run of a local day: a day with many runs is no better known
      SELECT max(run_id) FROM forecast_run WHERE kind <> 'today' AND made_at < coalesce(cast(:as_of AS timestamptz), now()) GROUP BY first_day
  )
ORDER BY r.first_day, f.queue, f.model, f.day;

-- forecast-due --
-- What the forecasting service must look at: the newest runs, the newest weather forecast, a grave alert that came after the newest full run and is no mere renewal, and whether scenarios wait.
SELECT (SELECT max(made_at) FROM forecast_run WHERE kind = 'full') AS full_at,
       (SELECT max(made_at) FROM forecast_run WHERE kind IN ('full', 'today')) AS any_at,
       (SELECT weather_issued_at FROM forecast_run WHERE kind = 'full' ORDER BY run_id DESC LIMIT 1) AS weather_known_at,
       (SELECT max(issued_at) FROM weather_forecast WHERE grid = :grid) AS weather_issued_at,
       (SELECT a.event FROM metric.alerts(now()) AS a JOIN alert AS m USING (alert_id)
        WHERE m.received_at > (SELECT max(made_at) FROM forecast_run WHERE kind = 'full') AND (a.severity IN ('Severe', 'Extreme') OR metric.is_grave_event(a.event))
          AND NOT EXISTS (SELECT FROM alert AS earlier WHERE earlier.alert_id = ANY(m.refers_to) AND earlier.event = m.event)
        ORDER BY m.received_at DESC LIMIT 1) AS alert_event,
       (SELECT count(*) FROM scenario WHERE answered_at IS NULL AND asked_at > now() - interval '10 minutes') AS scenarios_waiting,
       (SELECT count(DISTINCT first_day) FROM forecast_run WHERE kind <> 'today') AS origins;

-- staffing-targets --
-- One row a queue: what is promised, and its mean handle time of the last weeks.
SELECT q.queue, t.answer_threshold_seconds::double precision, t.service_level_target::double precision, t.short_abandon_seconds::double precision,
       t.max_occupancy::double precision, t.shrinkage::double precision, t.hourly_cost::double precision, h.handle_seconds
FROM queue AS q
CROSS JOIN LATERAL metric.target(q.queue, coalesce(cast(:as_of AS timestamptz), now())) AS t
LEFT JOIN LATERAL (
    SELECT (sum(i.handle_seconds) / nullif(sum(i.ended), 0))::double precision AS handle_seconds FROM contact_interval AS i
    WHERE i.queue = q.queue AND i.interval_start >= coalesce(cast(:as_of AS timestamptz), now()) - make_interval(days => 28)
      AND i.interval_start < coalesce(cast(:as_of AS timestamptz), now())
) AS h ON true
ORDER BY q.queue;

-- staffing-waits --
-- One row a contact that was answered or gave up in the last weeks: how long it waited. At most `most` a queue, the newest.
SELECT q.queue, c.wait_seconds::double precision AS wait_seconds, c.outcome = 'abandoned' AS abandoned
FROM queue AS q
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM coalesce(c.answered_at, c.left_at) - c.queued_at) AS wait_seconds,
           CASE WHEN c.answered_at IS NULL THEN 'abandoned' ELSE 'answered' END AS outcome
    FROM contact AS c
    WHERE c.queue = q.queue AND c.queued_at >= coalesce(cast(:as_of AS timestamptz), now()) - make_interval(days => 28)
      AND c.queued_at < coalesce(cast(:as_of AS timestamptz), now())
      AND (c.answered_at IS NOT NULL OR (c.left_at IS NOT NULL AND c.left_reason = 'abandoned'))
    ORDER BY c.queued_at DESC LIMIT :most
) AS c
WHERE c.wait_seconds >= 0;

-- scenarios-waiting --
-- The scenarios that were asked for and not answered yet, the oldest first.
SELECT scenario_id, name, kind, snow_inches, gust_mph, rain_inches, onset_at, hours FROM scenario
WHERE answered_at IS NULL AND asked_at > now() - interval '10 minutes' ORDER BY scenario_id;

-- write-forecast-run --
-- A new forecast, empty.
INSERT INTO forecast_run (kind, made_at, first_day, reason, data_until, weather_issued_at, weather_stale, storms_seen, notes, seconds)
VALUES (:kind, :made_at, :first_day, :reason, :data_until, :weather_issued_at, :weather_stale, :storms_seen, cast(:notes AS jsonb), :seconds)
RETURNING run_id;

-- write-forecast-day --
-- What a run expects of a day, by one model.
INSERT INTO forecast_day (run_id, queue, model, day, lead_days, yhat, quantiles, planned, storm, base, level, boost, recent, snow_load, log_yhat)
VALUES (:run_id, :queue, :model, :day, :lead_days, :yhat, :quantiles, :planned, :storm, :base, :level, :boost, :recent, :snow_load, :log_yhat);

-- write-staffing-input --
-- What the staffing of a queue rests on.
INSERT INTO staffing_input (run_id, queue, handle_seconds, patience_seconds, patience_note, answer_threshold_seconds, service_level_target,
                            max_occupancy, shrinkage, hourly_cost)
VALUES (:run_id, :queue, :handle_seconds, :patience_seconds, :patience_note, :answer_threshold_seconds, :service_level_target,
        :max_occupancy, :shrinkage, :hourly_cost);

-- write-staffing-capacity --
-- How many contacts so many agents can serve within the target.
INSERT INTO staffing_capacity (run_id, queue, agents, contacts)
SELECT :run_id, :queue, told.* FROM unnest(cast(:agents AS integer[]), cast(:contacts AS double precision[])) AS told;

-- write-scenario-of-run --
-- The scenario without a storm that comes with a run.
INSERT INTO scenario (name, kind, asked_by, run_id) VALUES ('No storm', 'no storm', 'forecasting', :run_id) RETURNING scenario_id;

-- write-scenario-answer --
-- A scenario is answered, or cannot be; whoever waits for it is told.
WITH answered AS (
    UPDATE scenario SET answered_at = now(), run_id = :run_id, message = :message WHERE scenario_id = :scenario_id RETURNING scenario_id
)
SELECT pg_notify('city311', 'scenario'), scenario_id FROM answered;

-- write-carry-cleared --
-- What waits over is computed anew as a whole.
DELETE FROM staffing_carry;

-- write-carry --
-- What waits over at the end of a half hour.
INSERT INTO staffing_carry (queue, interval_start, run_id, computed_at, waiting_at_end, abandoned, service_level)
VALUES (:queue, :interval_start, :run_id, now(), :waiting_at_end, :abandoned, :service_level);

-- write-volume-import --
-- A file of volumes.
INSERT INTO volume_import (file_name, imported_by) VALUES (:file_name, :imported_by) RETURNING import_id;

-- write-volume --
-- Counts of a file; counts of the same intervals are replaced.
INSERT INTO volume AS v (queue, starts_at, minutes, contacts, import_id)
SELECT told.queue, told.starts_at, :minutes, told.contacts, :import_id
FROM unnest(cast(:queues AS text[]), cast(:starts AS timestamptz[]), cast(:contacts AS double precision[])) AS told (queue, starts_at, contacts)
ON CONFLICT (queue, minutes, starts_at) DO UPDATE SET contacts = excluded.contacts, import_id = excluded.import_id
WHERE v.contacts <> excluded.contacts;

-- forecast-of-day --
-- One row a queue and half hour of a time by the newest full run: what was expected before its own day's counts corrected it.
SELECT DISTINCT ON (f.queue, f.interval_start) f.queue, f.interval_start, f.yhat, f.quantiles
FROM forecast_interval AS f JOIN forecast_run AS r USING (run_id)
WHERE f.interval_start >= :from AND f.interval_start < :to AND r.kind = 'full' AND r.made_at <= :as_of
ORDER BY f.queue, f.interval_start, f.run_id DESC;

-- forecast-newest-days --
-- The days of one queue by the plan of the newest full run.
SELECT day, yhat FROM forecast_day
WHERE run_id = (SELECT max(run_id) FROM forecast_run WHERE kind = 'full' AND made_at < coalesce(cast(:as_of AS timestamptz), now()))
  AND queue = :queue AND planned;

-- hindcast-days --
-- The first days of the hindcasts that are kept: none of them is made twice.
SELECT DISTINCT first_day FROM forecast_run WHERE kind = 'hindcast' ORDER BY first_day;
