-- How old a feed is, by its source's own clock, and what to call that.

-- live, late (older than 2 cadences), stale (5), unknown (20, never seen, or a clock that runs ahead by more than a minute).
CREATE FUNCTION metric.freshness(age_seconds numeric, cadence_seconds numeric) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE
        WHEN age_seconds IS NULL OR age_seconds < -60 OR age_seconds > 20 * cadence_seconds THEN 'unknown'
        WHEN age_seconds > 5 * cadence_seconds THEN 'stale'
        WHEN age_seconds > 2 * cadence_seconds THEN 'late'
        ELSE 'live'
    END
$$;

-- One row a feed and topic. `as_of` is the instant up to which it is complete: its oldest partition if the source sends
-- heartbeats to all of them, else its newest event; `ingested_at` is when anything of that partition was taken in last.
CREATE VIEW metric.feeds AS
SELECT feed, topic,
       CASE WHEN bool_or(heartbeat_at IS NOT NULL)
            THEN min(greatest(newest_event_at, heartbeat_at)) ELSE max(newest_event_at) END AS as_of,
       max(newest_event_at) AS newest_event_at,
       max(heartbeat_at) AS heartbeat_at,
       CASE WHEN bool_or(heartbeat_at IS NOT NULL)
            THEN (array_agg(ingested_at ORDER BY greatest(newest_event_at, heartbeat_at)))[1] ELSE max(ingested_at) END AS ingested_at,
       sum(events)::bigint AS events
FROM feed_partition
GROUP BY feed, topic;
