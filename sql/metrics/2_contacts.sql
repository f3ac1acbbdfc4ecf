-- What became of a contact, as known at an instant; and how it is counted in its quarter of an hour.

-- Whichever came first, the answer or another end of the wait, is the outcome. A contact that ended without either gave up
-- and nobody reported it.
CREATE FUNCTION metric.outcome(answered_at timestamptz, left_at timestamptz, left_reason text, ended_at timestamptz) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE
        WHEN answered_at IS NOT NULL AND (left_at IS NULL OR answered_at <= left_at) THEN 'answered'
        WHEN left_at IS NOT NULL THEN left_reason
        WHEN ended_at IS NOT NULL THEN 'abandoned'
        ELSE 'waiting'
    END
$$;

CREATE FUNCTION metric.wait_ended_at(answered_at timestamptz, left_at timestamptz, ended_at timestamptz) RETURNS timestamptz
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT coalesce(least(answered_at, left_at), ended_at) $$;

-- Two clocks may disagree; a wait is never negative.
CREATE FUNCTION metric.wait_seconds(queued_at timestamptz, wait_ended_at timestamptz) RETURNS numeric
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT greatest(extract(epoch FROM wait_ended_at - queued_at), 0) $$;

-- The smallest of the listed thresholds that the wait does not exceed; a wait of exactly T is within T.
CREATE FUNCTION metric.wait_bound_seconds(wait_seconds numeric) RETURNS real
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT (CASE
        WHEN wait_seconds <= 5 THEN 5 WHEN wait_seconds <= 10 THEN 10 WHEN wait_seconds <= 15 THEN 15 WHEN wait_seconds <= 20 THEN 20
        WHEN wait_seconds <= 30 THEN 30 WHEN wait_seconds <= 40 THEN 40 WHEN wait_seconds <= 45 THEN 45 WHEN wait_seconds <= 60 THEN 60
        WHEN wait_seconds <= 90 THEN 90 WHEN wait_seconds <= 120 THEN 120 WHEN wait_seconds <= 180 THEN 180
        WHEN wait_seconds <= 300 THEN 300 WHEN wait_seconds <= 600 THEN 600 ELSE 'Infinity'::real
    END)::real
$$;

-- One row a contact queued by `as_of`, with what was known of it then.
CREATE FUNCTION metric.contacts(as_of timestamptz) RETURNS TABLE (
    contact_id text, queue text, channel text, language text, agent_id text, queued_at timestamptz, outcome text,
    wait_ended_at timestamptz, wait_seconds numeric, ended boolean, talk_seconds numeric, handle_seconds numeric
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT c.contact_id, c.queue, c.channel, c.language,
           CASE WHEN c.answered_at <= as_of THEN c.agent_id END,
           c.queued_at,
           metric.outcome(k.answered_at, k.left_at, c.left_reason, k.ended_at),
           metric.wait_ended_at(k.answered_at, k.left_at, k.ended_at),
           metric.wait_seconds(c.queued_at, metric.wait_ended_at(k.answered_at, k.left_at, k.ended_at)),
           coalesce(k.ended_at IS NOT NULL AND c.talk_seconds IS NOT NULL
                    AND metric.outcome(k.answered_at, k.left_at, c.left_reason, k.ended_at) = 'answered', false),
           c.talk_seconds,
           c.talk_seconds + coalesce(c.hold_seconds, 0) + coalesce(c.wrap_up_seconds, 0)
    FROM contact AS c
    CROSS JOIN LATERAL (SELECT
        CASE WHEN c.answered_at <= as_of THEN c.answered_at END AS answered_at,
        CASE WHEN c.left_at <= as_of THEN c.left_at END AS left_at,
        CASE WHEN c.ended_at <= as_of THEN c.ended_at END AS ended_at
    ) AS k
    WHERE c.queued_at <= as_of AND c.queue IS NOT NULL
$$;

-- Where a contact is counted in contact_interval, and with what: one row, or none while its queue or its beginning is unknown.
CREATE FUNCTION metric.interval_measure(c contact) RETURNS TABLE (
    interval_start timestamptz, queue text, outcome text, wait_bound_seconds real, wait_seconds numeric,
    ended bigint, talked bigint, talk_seconds numeric, handle_seconds numeric
) IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT date_bin('15 minutes', c.queued_at, timestamptz '2000-01-01 00:00:00+00'),
           c.queue,
           k.outcome,
           metric.wait_bound_seconds(k.wait_seconds),
           coalesce(k.wait_seconds, 0),
           k.ended::int,
           (k.ended AND c.talk_seconds > 0)::int,
           CASE WHEN k.ended THEN c.talk_seconds ELSE 0 END,
           CASE WHEN k.ended THEN c.talk_seconds + coalesce(c.hold_seconds, 0) + coalesce(c.wrap_up_seconds, 0) ELSE 0 END
    FROM (SELECT
        metric.outcome(c.answered_at, c.left_at, c.left_reason, c.ended_at) AS outcome,
        metric.wait_seconds(c.queued_at, metric.wait_ended_at(c.answered_at, c.left_at, c.ended_at)) AS wait_seconds,
        c.ended_at IS NOT NULL AND c.talk_seconds IS NOT NULL
            AND metric.outcome(c.answered_at, c.left_at, c.left_reason, c.ended_at) = 'answered' AS ended
    ) AS k
    WHERE c.queued_at IS NOT NULL AND c.queue IS NOT NULL
$$;

-- The promise that held for a queue at an instant: the queue's own, else the one for every queue.
CREATE FUNCTION metric.target(of_queue text, at timestamptz) RETURNS SETOF service_target
STABLE PARALLEL SAFE LANGUAGE sql ROWS 1 AS $$
    SELECT * FROM service_target
    WHERE service_target.queue IN (of_queue, '*') AND valid_from <= at
    ORDER BY service_target.queue = '*', valid_from DESC
    LIMIT 1
$$;
