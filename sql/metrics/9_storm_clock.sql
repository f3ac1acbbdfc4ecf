-- Incidents as they stood at an instant, and what happened on their clock: hours from the onset, each beside what is usual without a storm.

-- One row an incident that had been opened by an instant, as it stood then; `ended_at` only where it had ended.
CREATE FUNCTION metric.incidents(as_of timestamptz) RETURNS TABLE (
    incident_id bigint, name text, kind text, level text, onset_at timestamptz, ended_at timestamptz, areas text[], alert_id text,
    opened_at timestamptz, opened_by text, changed_at timestamptz, changed_by text
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT i.incident_id, coalesce(c.name, i.name), i.kind, coalesce(c.level, i.level), coalesce(c.onset_at, i.onset_at),
           CASE WHEN ended.at <= as_of THEN ended.at END, coalesce(c.areas, i.areas), i.alert_id, i.opened_at, i.opened_by, c.changed_at, c.changed_by
    FROM incident AS i
    LEFT JOIN LATERAL (
        SELECT * FROM incident_change AS c WHERE c.incident_id = i.incident_id AND c.changed_at <= as_of
        ORDER BY c.changed_at DESC, c.change_id DESC LIMIT 1
    ) AS c ON true
    CROSS JOIN LATERAL (SELECT CASE WHEN c.change_id IS NULL THEN i.ended_at ELSE c.ended_at END AS at) AS ended
    WHERE i.opened_at <= as_of
$$;

-- Contacts offered in [from_at, to_at), as pieces of time with a count: the quarter hours of the stream, before it the imported files.
CREATE FUNCTION metric.volume_pieces(from_at timestamptz, to_at timestamptz, zone text)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, contacts double precision) STABLE ROWS 500 LANGUAGE sql AS $$
    WITH stream AS MATERIALIZED (
        SELECT coalesce(metric.stream_counts_from(zone), 'infinity') AS from_at
    ), told AS MATERIALIZED (
        SELECT v.* FROM volume AS v
        WHERE v.starts_at > from_at - interval '1 hour' AND v.starts_at < least(to_at, (SELECT stream.from_at FROM stream)) AND v.minutes <= 60
    ), judged AS (
        -- of an hour the total that was told, else its queues; the finest file is believed
        SELECT t.*, min(t.minutes) OVER (PARTITION BY t.queue, hour) AS finest, bool_or(t.queue = '*') OVER (PARTITION BY hour) AS in_total
        FROM told AS t CROSS JOIN LATERAL (SELECT date_bin('1 hour', t.starts_at, '2000-01-01 00:00:00+00') AS hour) AS h
    )
    SELECT i.interval_start, i.interval_start + interval '15 minutes', sum(i.contacts)::double precision
    FROM contact_interval AS i
    WHERE i.interval_start > from_at - interval '15 minutes' AND i.interval_start >= (SELECT stream.from_at FROM stream) AND i.interval_start < to_at
    GROUP BY i.interval_start
    UNION ALL
    SELECT j.starts_at, j.starts_at + make_interval(mins => j.minutes), sum(j.contacts)
    FROM judged AS j WHERE j.minutes = j.finest AND (j.queue = '*' OR NOT j.in_total)
    GROUP BY j.starts_at, j.minutes
$$;

-- What share of [starts_at, ends_at) lies in [from_at, to_at).
CREATE FUNCTION metric.overlap(starts_at timestamptz, ends_at timestamptz, from_at timestamptz, to_at timestamptz) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT greatest(extract(epoch FROM least(ends_at, to_at) - greatest(starts_at, from_at)) / extract(epoch FROM ends_at - starts_at), 0)::double precision
$$;

-- The newest forecast that had been issued when a half hour began (and by `as_of`), all queues together, with its 80 % band as the sum of the
-- queues' bands; where none had, a forecast that was made afterwards with what was known then (hindcast).
CREATE FUNCTION metric.expected_pieces(from_at timestamptz, to_at timestamptz, as_of timestamptz)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, yhat double precision, low double precision, high double precision, afterwards boolean, made_at timestamptz)
STABLE LANGUAGE sql AS $$
    SELECT slot, slot + interval '30 minutes', sum(f.yhat * coalesce(o.factor, 1)), sum(metric.quantile_at(f.quantiles, 0.1) * coalesce(o.factor, 1)),
           sum(metric.quantile_at(f.quantiles, 0.9) * coalesce(o.factor, 1)), bool_or(f.afterwards), max(f.made_at)
    FROM generate_series(date_bin('30 minutes', from_at, '2000-01-01 00:00:00+00'), to_at - interval '1 microsecond', interval '30 minutes') AS slot
    CROSS JOIN (SELECT queue FROM queue UNION SELECT DISTINCT v.queue FROM volume AS v WHERE v.queue <> '*') AS q
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT f.yhat, f.quantiles, false AS afterwards, r.made_at FROM forecast_interval AS f JOIN forecast_run AS r USING (run_id)
            WHERE f.interval_start = slot AND f.queue = q.queue AND r.made_at <= least(as_of, slot) AND r.kind <> 'hindcast'
            ORDER BY f.run_id DESC LIMIT 1
        ) AS issued
        UNION ALL
        SELECT * FROM (
            SELECT f.yhat, f.quantiles, true, r.made_at FROM forecast_interval AS f JOIN forecast_run AS r USING (run_id)
            WHERE f.interval_start = slot AND f.queue = q.queue AND r.made_at <= least(as_of, slot) AND r.kind = 'hindcast'
            ORDER BY r.made_at DESC, f.run_id DESC LIMIT 1
        ) AS told_afterwards
        LIMIT 1
    ) AS f
    LEFT JOIN LATERAL (
        SELECT exp(sum(ln(o.factor))) AS factor FROM forecast_override AS o
        WHERE o.queue IN (q.queue, '*') AND slot >= o.from_at AND slot < o.to_at AND o.made_at <= least(as_of, slot)
          AND (o.withdrawn_at IS NULL OR o.withdrawn_at > least(as_of, slot))
    ) AS o ON true
    GROUP BY slot
$$;

-- The same without a storm: the scenario that came with the newest run issued when the half hour began.
CREATE FUNCTION metric.no_storm_pieces(from_at timestamptz, to_at timestamptz, as_of timestamptz)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, yhat double precision) STABLE LANGUAGE sql AS $$
    WITH issued AS MATERIALIZED (
        SELECT s.scenario_id, r.made_at, r.kind = 'hindcast' AS afterwards FROM scenario AS s JOIN forecast_run AS r USING (run_id)
        WHERE s.kind = 'no storm' AND s.message IS NULL AND r.made_at <= least(as_of, to_at) AND r.made_at > from_at - interval '16 days'
    )
    SELECT slot, slot + interval '30 minutes', sum(f.yhat)
    FROM generate_series(date_bin('30 minutes', from_at, '2000-01-01 00:00:00+00'), to_at - interval '1 microsecond', interval '30 minutes') AS slot
    CROSS JOIN LATERAL (
        SELECT issued.scenario_id FROM issued WHERE issued.made_at <= slot ORDER BY issued.afterwards, issued.made_at DESC LIMIT 1
    ) AS s
    JOIN scenario_interval AS f ON f.scenario_id = s.scenario_id AND f.interval_start = slot AND f.queue <> '*'  -- the total of the others
    GROUP BY slot
$$;
