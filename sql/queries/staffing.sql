-- staffing-newest --
-- One row: the newest run, schedule, override, scenario without a storm and carry, so that a reader knows whether anything changed.
SELECT (SELECT max(run_id) FROM forecast_run WHERE kind <> 'hindcast') AS run_id,
       (SELECT max(upload_id) FROM schedule_upload) AS upload_id,
       (SELECT max(override_id) FROM forecast_override) AS override_id,
       (SELECT max(withdrawn_at) FROM forecast_override) AS withdrawn_at,
       (SELECT max(s.scenario_id) FROM scenario AS s JOIN forecast_run AS r USING (run_id)
        WHERE s.kind = 'no storm' AND s.answered_at IS NOT NULL AND s.message IS NULL AND r.kind <> 'hindcast') AS no_storm_id,
       (SELECT max(computed_at) FROM staffing_carry) AS carried_at;

-- staffing-queues --
-- One row a queue that has a name or was ever staffed, in the order of the screens.
SELECT queue, coalesce(name, queue) AS name
FROM queue FULL JOIN (SELECT DISTINCT queue FROM staffing_input) AS staffed USING (queue)
ORDER BY position NULLS LAST, queue;

-- staffing-plan --
-- One row a queue and half hour, by the forecast or by a scenario: contacts expected with the 80 % band, people required so that the target is met with the chance asked for, people scheduled, and the chance that these meet it.
SELECT p.*, coalesce(q.name, p.queue) AS name
FROM metric.plan(coalesce(:as_of, now()), :from, :to, :zone, :chance, cast(:scenario_id AS bigint)) AS p LEFT JOIN queue AS q USING (queue)
ORDER BY q.position NULLS LAST, p.queue, p.interval_start;

-- staffing-next --
-- The same of the time from now on, for the Live screen, with when the newest run behind it was made.
SELECT p.*, coalesce(q.name, p.queue) AS name, r.made_at
FROM metric.plan(
    coalesce(:as_of, now()), date_bin('30 minutes', coalesce(:as_of, now()), '2000-01-01 00:00:00+00'),
    date_bin('30 minutes', coalesce(:as_of, now()), '2000-01-01 00:00:00+00') + interval '5 hours', :zone, 0.8
) AS p
JOIN forecast_run AS r USING (run_id) LEFT JOIN queue AS q USING (queue)
ORDER BY q.position NULLS LAST, p.queue, p.interval_start;

-- staffing-basis --
-- One row a queue: handle time, patience, target, occupancy, shrinkage and cost that the newest full run rests on.
SELECT i.*, r.made_at FROM staffing_input AS i JOIN forecast_run AS r USING (run_id)
WHERE run_id = (SELECT max(run_id) FROM forecast_run WHERE kind = 'full' AND made_at <= coalesce(:as_of, now()))
ORDER BY queue;

-- forecast-runs --
-- The newest runs, the newest first: when, why, on what data and weather, and their notes.
SELECT run_id, kind, made_at, first_day, reason, data_until, weather_issued_at, weather_stale, storms_seen, notes, seconds
FROM forecast_run WHERE kind <> 'hindcast' AND made_at <= coalesce(:as_of, now()) ORDER BY run_id DESC LIMIT :most;

-- forecast-scores --
-- One row a model, lead time group and kind of day: how good the forecasts of the last weeks were, beside the baselines. Sums, so that shares can be made of any selection.
WITH counted AS (
    SELECT queue, day, contacts
    FROM metric.volume_by_day(:zone, coalesce(:as_of, now()), coalesce(:as_of, now()) - make_interval(days => 7 * cast(:weeks AS integer) + 1))
    WHERE day >= (coalesce(:as_of, now()) AT TIME ZONE :zone)::date - 7 * cast(:weeks AS integer) AND whole
)
SELECT f.queue, f.model, CASE WHEN f.lead_days <= 3 THEN '1-3' WHEN f.lead_days <= 7 THEN '4-7' ELSE '8-14' END AS lead_days, f.storm,
       count(*) AS n, sum(abs(c.contacts - f.yhat)) AS absolute_error, sum(f.yhat - c.contacts) AS error, sum(c.contacts) AS contacts,
       sum(sqrt(2 * c.contacts / pi())) AS poisson_error,
       count(*) FILTER (WHERE f.quantiles IS NOT NULL) AS with_band,
       count(*) FILTER (WHERE c.contacts BETWEEN metric.quantile_at(f.quantiles, 0.1) AND metric.quantile_at(f.quantiles, 0.9)) AS in_band,
       sum((SELECT sum(greatest(l * (c.contacts - q), (l - 1) * (c.contacts - q)))
            FROM (SELECT l, metric.quantile_at(f.quantiles, l) AS q FROM unnest(ARRAY[0.1, 0.5, 0.9]::double precision[]) AS l) AS at) / 3) AS pinball
FROM forecast_day AS f
JOIN forecast_run AS r USING (run_id)
JOIN counted AS c ON c.queue = f.queue AND c.day = f.day
WHERE r.made_at <= coalesce(:as_of, now()) AND r.kind <> 'today'
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4;

-- staffing-carry --
-- One row a queue and half hour in which people wait over from the one before: how many, and how many give up.
SELECT queue, interval_start, run_id, computed_at, waiting_at_end, abandoned, service_level FROM staffing_carry
WHERE interval_start >= :from AND interval_start < :to ORDER BY queue, interval_start;

-- schedule-uploads --
-- The uploads of schedules, the newest first: file, when, by whom, and which days.
SELECT u.upload_id, u.file_name, u.uploaded_at, u.uploaded_by, min(s.interval_start) AS first_at, max(s.interval_start) AS last_at,
       count(DISTINCT s.queue) AS queues
FROM schedule_upload AS u LEFT JOIN schedule AS s USING (upload_id) GROUP BY u.upload_id ORDER BY u.upload_id DESC LIMIT :most;

-- overrides --
-- Every override that touches a time, the newest first, withdrawn ones too.
SELECT override_id, queue, from_at, to_at, factor, reason, made_by, made_at, withdrawn_at, withdrawn_by
FROM forecast_override WHERE to_at > :from AND from_at < :to ORDER BY override_id DESC;

-- scenario --
-- A scenario and whether it was answered.
SELECT scenario_id, name, kind, snow_inches, gust_mph, rain_inches, onset_at, hours, asked_at, asked_by, answered_at, run_id, message
FROM scenario WHERE scenario_id = :scenario_id;

-- override-effects --
-- One row an override whose time has begun: contacts that came, and what the forecast of when it was made expected with it and without.
SELECT * FROM metric.override_effect(coalesce(:as_of, now()), :zone) ORDER BY override_id DESC;

-- write-schedule --
-- Keep a whole schedule, who uploaded it, and tell the forecasting service.
WITH upload AS (
    INSERT INTO schedule_upload (file_name, uploaded_by) VALUES (:file_name, :who) RETURNING *
), kept AS (
    INSERT INTO schedule (upload_id, queue, interval_start, agents)
    SELECT upload.upload_id, row.* FROM upload
    CROSS JOIN unnest(cast(:queue AS text[]), cast(:interval_start AS timestamptz[]), cast(:agents AS integer[])) AS row
    RETURNING 1
), noted AS (
    INSERT INTO audit (who, what, subject, after)
    SELECT :who, 'schedule_upload', upload_id::text, to_jsonb(upload) || jsonb_build_object('half_hours', cardinality(cast(:queue AS text[]))) FROM upload
)
SELECT upload_id, pg_notify('city311_forecasting', 'schedule') FROM upload;

-- write-override --
-- Keep an override of the forecast, who made it and why, and tell the forecasting service.
WITH added AS (
    INSERT INTO forecast_override (queue, from_at, to_at, factor, reason, made_by)
    VALUES (:queue, cast(:from AS timestamptz), cast(:to AS timestamptz), :factor, :reason, :who) RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, after) SELECT :who, 'forecast_override', override_id::text, to_jsonb(added) FROM added
)
SELECT override_id, pg_notify('city311_forecasting', 'schedule') FROM added;

-- write-override-withdrawal --
-- Withdraw an override that still holds, and note who did; no row if somebody else was quicker.
WITH seen AS (
    SELECT * FROM forecast_override WHERE override_id = :override_id AND withdrawn_at IS NULL FOR UPDATE
), changed AS (
    UPDATE forecast_override AS o SET withdrawn_at = now(), withdrawn_by = :who FROM seen WHERE o.override_id = seen.override_id RETURNING o.*
), noted AS (
    INSERT INTO audit (who, what, subject, before, after)
    SELECT :who, 'forecast_override', changed.override_id::text, to_jsonb(seen), to_jsonb(changed) FROM seen JOIN changed USING (override_id)
)
SELECT override_id, pg_notify('city311_forecasting', 'schedule') FROM changed;

-- write-scenario --
-- Ask the forecasting service about a weather; it answers in the table.
WITH asked AS (
    INSERT INTO scenario (name, kind, snow_inches, gust_mph, rain_inches, onset_at, hours, asked_by)
    VALUES (:name, :kind, :snow_inches, :gust_mph, :rain_inches, cast(:onset_at AS timestamptz), :hours, :who) RETURNING scenario_id
)
SELECT scenario_id, pg_notify('city311_forecasting', 'scenario') FROM asked;

-- volume-by-day --
-- One row a queue and local day: contacts, by the stream where it counted the whole day, else by the imported files; '*' is all queues together.
SELECT queue, day, contacts, source, whole FROM metric.volume_by_day(:zone, coalesce(:as_of, now())) ORDER BY queue, day;

-- volume-by-half-hour --
-- One row a queue and half hour, from the stream or from imported files of hours or finer.
SELECT queue, interval_start, contacts FROM metric.volume_by_half_hour(:from, :to, :zone) ORDER BY queue, interval_start;
