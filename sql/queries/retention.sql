-- retention-horizons --
-- One row a rule of retention that has ever run: what is older than `before` is gone.
SELECT what, before, ran_at, rows FROM retention ORDER BY what;

-- write-retention-horizon --
-- From now on nothing older than `before` is counted or written by anybody; consumers wait for the instant that this takes.
WITH known AS (
    INSERT INTO retention AS r (what, before) VALUES (:what, :before)
    ON CONFLICT (what) DO UPDATE SET before = greatest(r.before, excluded.before), ran_at = now()
    RETURNING before
)
SELECT before FROM known;

-- write-retention-lock --
-- Keep out whoever writes contacts and agents' states until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('city311 retention'), 0);

-- write-retention-rows --
-- Add what was done to what was done before.
UPDATE retention SET rows = rows + :rows, ran_at = now() WHERE what = :what;

-- retention-contacts --
-- How many contacts are older than `before`.
SELECT count(*) AS rows FROM contact WHERE coalesce(queued_at, answered_at, left_at, ended_at) < :before;

-- write-retention-contacts --
-- Delete the oldest contacts, at most `most` of them; `after` is the newest of the batch before.
WITH old AS (
    SELECT ctid, queued_at FROM contact WHERE queued_at >= coalesce(cast(:after AS timestamptz), '-infinity') AND queued_at < :before
    ORDER BY queued_at LIMIT :most
), begun AS (
    SELECT ctid FROM contact WHERE queued_at IS NULL AND coalesce(answered_at, left_at, ended_at) < :before AND cast(:after AS text) IS NULL LIMIT :most
), gone AS (
    DELETE FROM contact WHERE ctid = ANY(ARRAY(SELECT ctid FROM old UNION ALL SELECT ctid FROM begun)) RETURNING 1
)
SELECT (SELECT count(*) FROM gone) AS rows, CASE WHEN (SELECT count(*) FROM old) = :most THEN (SELECT max(queued_at)::text FROM old) END AS next;

-- retention-surveys --
-- How many answers to surveys name a contact that is older than `before`.
SELECT count(*) AS rows FROM survey WHERE contact_id IS NOT NULL AND answered_at < :before;

-- write-retention-surveys --
-- Take from old answers to surveys of whose contact they are.
WITH old AS (
    SELECT ctid FROM survey WHERE contact_id IS NOT NULL AND answered_at < :before LIMIT :most
), changed AS (
    UPDATE survey SET contact_id = NULL WHERE ctid = ANY(ARRAY(SELECT ctid FROM old)) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most THEN '' END AS next FROM changed;

-- retention-agents --
-- How many changes of agents' states are older than `before`.
SELECT count(*) AS rows FROM agent_state_change WHERE changed_at < :before;

-- write-retention-agents --
-- Delete the oldest changes of agents' states, at most `most`.
WITH old AS (
    SELECT ctid FROM agent_state_change WHERE changed_at < :before ORDER BY changed_at LIMIT :most
), gone AS (
    DELETE FROM agent_state_change WHERE ctid = ANY(ARRAY(SELECT ctid FROM old)) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most THEN '' END AS next FROM gone;

-- write-retention-agents-gone --
-- Forget agents of whom nothing is left.
DELETE FROM agent WHERE NOT EXISTS (SELECT FROM agent_state_change AS change WHERE change.agent_id = agent.agent_id);

-- retention-requests --
-- How many requests that did not change since `before` have words of a person, an address or a picture.
SELECT count(*) AS rows FROM request
WHERE updated_datetime < :before
  AND (num_nonnulls(description, service_notice, address, address_id, media_url) > 0 OR status_notes IS DISTINCT FROM metric.kept_of_notes(status_notes));

-- write-retention-requests --
-- Of the requests after `after`, in order, at most `most`: take words, address and picture from those that did not change since `before`; of the notes stay the phrases that mean: closed without work.
WITH looked_at AS MATERIALIZED (
    SELECT service_request_id FROM request WHERE service_request_id > coalesce(cast(:after AS text), '') ORDER BY service_request_id LIMIT :most
), changed AS (
    UPDATE request AS r SET description = NULL, service_notice = NULL, address = NULL, address_id = NULL, media_url = NULL,
                            status_notes = metric.kept_of_notes(r.status_notes)
    FROM looked_at AS l
    WHERE r.service_request_id = l.service_request_id AND r.updated_datetime < :before
      AND (num_nonnulls(r.description, r.service_notice, r.address, r.address_id, r.media_url) > 0
           OR r.status_notes IS DISTINCT FROM metric.kept_of_notes(r.status_notes))
    RETURNING 1
)
SELECT (SELECT count(*) FROM changed) AS rows, (SELECT max(service_request_id) FROM looked_at) AS next;

-- retention-searches --
-- How many searches are older than `before`.
SELECT count(*) AS rows FROM search WHERE performed_at < :before;

-- write-retention-searches --
-- Delete the oldest searches, at most `most`.
WITH gone AS (
    DELETE FROM search WHERE ctid = ANY(ARRAY(SELECT ctid FROM search WHERE performed_at < :before ORDER BY performed_at LIMIT :most)) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most THEN '' END AS next FROM gone;

-- retention-dead-letters --
-- How many refused events came before `before`.
SELECT count(*) AS rows FROM dead_letter WHERE refused_at < :before;

-- write-retention-dead-letters --
-- Delete the oldest refused events, at most `most`.
WITH gone AS (
    DELETE FROM dead_letter WHERE ctid = ANY(ARRAY(SELECT ctid FROM dead_letter WHERE refused_at < :before ORDER BY refused_at LIMIT :most)) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most THEN '' END AS next FROM gone;

-- retention-weather-forecasts --
-- How many forecasts of the weather were issued before `before`.
SELECT count(*) AS rows FROM weather_forecast WHERE issued_at < :before;

-- write-retention-weather-forecasts --
-- Delete the oldest forecasts of the weather with their hours, at most `most` / 100.
WITH gone AS (
    DELETE FROM weather_forecast WHERE forecast_id = ANY(
        ARRAY(SELECT forecast_id FROM weather_forecast WHERE issued_at < :before ORDER BY forecast_id LIMIT :most / 100)
    ) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most / 100 THEN '' END AS next FROM gone;

-- retention-forecasts --
-- How many forecasts of contacts were made before `before`.
SELECT count(*) AS rows FROM forecast_run WHERE made_at < :before AND run_id < (SELECT max(run_id) FROM forecast_run WHERE kind = 'full');

-- write-retention-forecasts --
-- Delete the oldest forecasts of contacts with all that belongs to them, at most `most` / 250; the newest full one stays.
WITH gone AS (
    DELETE FROM forecast_run WHERE run_id = ANY(ARRAY(
        SELECT run_id FROM forecast_run WHERE made_at < :before AND run_id < (SELECT max(run_id) FROM forecast_run WHERE kind = 'full')
        ORDER BY run_id LIMIT :most / 250
    )) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most / 250 THEN '' END AS next FROM gone;

-- retention-audit --
-- How many changes were noted before `before`.
SELECT count(*) AS rows FROM audit WHERE changed_at < :before;

-- write-retention-audit-leave --
-- Say within the transaction that it is retention that deletes from the audit.
SELECT set_config('city311.retention', 'audit', true);

-- write-retention-audit --
-- Delete the oldest noted changes, at most `most`.
WITH gone AS (
    DELETE FROM audit WHERE audit_id = ANY(ARRAY(SELECT audit_id FROM audit WHERE changed_at < :before ORDER BY audit_id LIMIT :most)) RETURNING 1
)
SELECT count(*) AS rows, CASE WHEN count(*) = :most THEN '' END AS next FROM gone;

-- retention-social-texts --
-- How many texts of posts came before `before`.
SELECT count(*) AS rows FROM social_post WHERE text IS NOT NULL AND received_at < :before;

-- retention-oldest-text --
-- When the oldest post came whose text is kept; NULL: there is none.
SELECT min(received_at) AS received_at FROM social_post WHERE text IS NOT NULL;
