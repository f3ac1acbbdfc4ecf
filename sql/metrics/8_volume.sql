-- Contacts offered, by the stream and by imported files, as one history.

-- Since when the stream has counted whole days: the local day after its first contact.
CREATE FUNCTION metric.stream_counts_from(zone text) RETURNS timestamptz STABLE LANGUAGE sql AS $$
    SELECT date_trunc('day', min(interval_start), zone) + interval '1 day' FROM contact_interval
$$;

-- One row a queue and local day from the one in which from_at lies; whole: the day is over.
CREATE FUNCTION metric.volume_by_day(zone text, as_of timestamptz, from_at timestamptz DEFAULT '-infinity')
RETURNS TABLE (queue text, day date, contacts double precision, source text, whole boolean) STABLE LANGUAGE sql AS $$
    WITH streamed AS (
        SELECT queue, (interval_start AT TIME ZONE zone)::date AS day, sum(contacts)::double precision AS contacts
        FROM contact_interval
        WHERE interval_start >= greatest(date_trunc('day', from_at, zone), metric.stream_counts_from(zone)) AND interval_start < as_of
        GROUP BY 1, 2
    ), imported AS (
        -- the finest files of a day are believed, and added up
        SELECT DISTINCT ON (queue, day) queue, day, contacts FROM (
            SELECT queue, (starts_at AT TIME ZONE zone)::date AS day, minutes, sum(contacts) AS contacts
            FROM volume
            WHERE starts_at >= date_trunc('day', from_at, zone) AND starts_at < coalesce(metric.stream_counts_from(zone), 'infinity')
              AND starts_at < as_of
            GROUP BY 1, 2, 3
        ) AS v
        ORDER BY queue, day, minutes
    ), every_queue AS (
        SELECT queue, day, contacts, 'stream' AS source FROM streamed
        UNION ALL
        SELECT queue, day, contacts, 'import' FROM imported
    ), told_in_total AS (
        SELECT day FROM every_queue WHERE queue = '*'
    )
    SELECT queue, day, contacts, source, day < (as_of AT TIME ZONE zone)::date FROM every_queue
    UNION ALL
    SELECT '*', day, sum(contacts), min(source), day < (as_of AT TIME ZONE zone)::date
    FROM every_queue WHERE day NOT IN (SELECT day FROM told_in_total) GROUP BY day
$$;

-- One row a queue and half hour.
CREATE FUNCTION metric.volume_by_half_hour(from_at timestamptz, to_at timestamptz, zone text)
RETURNS TABLE (queue text, interval_start timestamptz, contacts double precision) STABLE LANGUAGE sql AS $$
    SELECT queue, date_bin('30 minutes', interval_start, '2000-01-01 00:00:00+00'), sum(contacts)::double precision
    FROM contact_interval
    WHERE interval_start >= greatest(from_at, metric.stream_counts_from(zone)) AND interval_start < to_at
    GROUP BY 1, 2
    UNION ALL
    (
        -- an hour that was counted as one is half in each of its halves
        SELECT DISTINCT ON (queue, half_hour) queue, half_hour, contacts FROM (
            SELECT queue, date_bin('30 minutes', starts_at + half * interval '30 minutes', '2000-01-01 00:00:00+00') AS half_hour, minutes,
                   sum(contacts / (1 + (minutes = 60)::integer)) AS contacts
            FROM volume CROSS JOIN LATERAL generate_series(0, (minutes = 60)::integer) AS half
            WHERE minutes <= 60 AND starts_at >= from_at AND starts_at < least(to_at, coalesce(metric.stream_counts_from(zone), 'infinity'))
            GROUP BY 1, 2, 3
        ) AS v
        ORDER BY queue, half_hour, minutes
    )
$$;
