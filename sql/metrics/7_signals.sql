-- Real, or noise: the natural process limits of a weekly figure (an XmR chart), and whether its newest value is a signal. A series is
-- in time order, the judged value last; NULLs are weeks without data and are left out.

-- From the up to 26 values before the judged one, and at least 8: their mean, and that ± 2.66 times their mean moving range, cut off
-- at what is possible (0 and 1 for a share). One row; without enough values it says only how many there are.
CREATE FUNCTION metric.limits(series double precision[], least_possible double precision DEFAULT NULL, most_possible double precision DEFAULT NULL)
RETURNS TABLE (weeks integer, mean double precision, lower double precision, upper double precision, moving_range double precision)
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH before AS (
        SELECT value, place FROM unnest(series[:cardinality(series) - 1]) WITH ORDINALITY AS one (value, place)
        WHERE value IS NOT NULL ORDER BY place DESC LIMIT 26
    ), step AS (
        SELECT value, abs(value - lag(value) OVER (ORDER BY place)) AS moved FROM before
    ), chart AS (
        SELECT count(*)::integer AS weeks, avg(value) AS mean, avg(moved) AS moving_range FROM step
    )
    SELECT chart.weeks, known.mean, known.lower, known.upper, known.moving_range
    FROM chart LEFT JOIN LATERAL (
        SELECT chart.mean, greatest(chart.mean - 2.66 * chart.moving_range, least_possible) AS lower,
               least(chart.mean + 2.66 * chart.moving_range, most_possible) AS upper, chart.moving_range
        WHERE chart.weeks >= 8
    ) AS known ON true
$$;

-- What the newest value says beside those before it: 'above' or 'below' the limits; 'run_above' or 'run_below', the eighth in a row on
-- one side of the mean; 'near_above' or 'near_below', one of three of the last four that are nearer to a limit than to the mean;
-- 'none' of these, which is noise; 'too_few' values to say; or 'no_data'.
CREATE FUNCTION metric.signal(series double precision[]) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH chart AS (
        SELECT mean, 2.66 * moving_range AS reach, 1e-9 * greatest(abs(mean), 1e-6) AS nothing FROM metric.limits(series)
    ), newest AS (
        SELECT value, row_number() OVER (ORDER BY place DESC) AS back FROM unnest(series) WITH ORDINALITY AS one (value, place)
        WHERE value IS NOT NULL ORDER BY place DESC LIMIT 8
    ), counted AS (
        SELECT max(value) FILTER (WHERE back = 1) AS judged,
               count(*) FILTER (WHERE value > mean + nothing) AS high, count(*) FILTER (WHERE value < mean - nothing) AS low,
               count(*) FILTER (WHERE back <= 4 AND value > mean + reach / 2 + nothing) AS near_upper,
               count(*) FILTER (WHERE back <= 4 AND value < mean - reach / 2 - nothing) AS near_lower
        FROM chart CROSS JOIN newest
    )
    SELECT CASE
        WHEN series[cardinality(series)] IS NULL THEN 'no_data'
        WHEN mean IS NULL THEN 'too_few'
        WHEN judged > mean + reach + nothing THEN 'above'
        WHEN judged < mean - reach - nothing THEN 'below'
        WHEN high = 8 THEN 'run_above'
        WHEN low = 8 THEN 'run_below'
        WHEN near_upper >= 3 AND judged > mean + reach / 2 + nothing THEN 'near_above'
        WHEN near_lower >= 3 AND judged < mean - reach / 2 - nothing THEN 'near_below'
        ELSE 'none'
    END
    FROM chart CROSS JOIN counted
$$;

-- One row a week, the newest (number 0) ending at `ends_at`; so many weeks, and at most 65. Each week is seven calendar days of the city.
CREATE FUNCTION metric.weeks_until(ends_at timestamptz, weeks integer, zone text)
RETURNS TABLE (number integer, starts_at timestamptz, ends_at timestamptz)
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT back, metric.days_before($1, 7 * (back + 1), $3), metric.days_before($1, 7 * back, $3)
    FROM generate_series(0, least(coalesce($2, 27), 65) - 1) AS back
$$;

-- What happened to requests in [starts_at, ends_at): one row an opening, a closing or a reopening, with its change of how many are open.
-- The changes add up from `open` at the beginning to `open` at the end: one closed before it was requested, by a clock that is behind,
-- was never open, so its opening and its closing change nothing.
CREATE FUNCTION metric.request_events(starts_at timestamptz, ends_at timestamptz)
RETURNS TABLE (department text, at timestamptz, opened integer, closed integer, change integer, status_notes text)
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT r.department, r.requested_datetime, 1, 0, ((r.closed_at > r.requested_datetime) IS NOT FALSE)::integer, NULL::text FROM request AS r
    WHERE r.requested_datetime >= starts_at AND r.requested_datetime < ends_at AND NOT r.reopened
    UNION ALL
    SELECT r.department, r.closed_at, 0, 1, -(r.closed_at > r.requested_datetime)::integer, r.status_notes FROM request AS r
    WHERE r.closed_at >= starts_at AND r.closed_at < ends_at AND NOT r.reopened
    UNION ALL
    SELECT again.department, again.at, again.opened, again.closed, again.change, again.status_notes
    FROM (
        SELECT r.department, r.status_notes, moved.*
        FROM (
            SELECT * FROM request
            WHERE reopened AND seen_open[cardinality(seen_open)] >= starts_at AND least(requested_datetime, seen_closed[1]) < ends_at
            UNION ALL SELECT * FROM request
            WHERE reopened AND seen_open[cardinality(seen_open)] < starts_at AND closed_at >= starts_at AND closed_at < ends_at
            UNION ALL SELECT * FROM request
            WHERE reopened AND seen_open[cardinality(seen_open)] < starts_at AND (closed_at >= starts_at AND closed_at < ends_at) IS NOT TRUE
              AND requested_datetime >= starts_at AND requested_datetime < ends_at
        ) AS r
        CROSS JOIN LATERAL (
            SELECT r.requested_datetime, 1, 0, 1
            UNION ALL SELECT r.closed_at, 0, 1, 0 WHERE r.closed_at IS NOT NULL
            UNION ALL SELECT greatest(r.closed_at, r.requested_datetime), 0, 0, -1 WHERE r.closed_at IS NOT NULL
            UNION ALL SELECT each.*
            FROM metric.reopenings(r.seen_open, r.seen_closed) AS x CROSS JOIN LATERAL (
                VALUES (x.closed_at, 0, 1, 0), (greatest(x.closed_at, r.requested_datetime), 0, 0, -1),
                       (greatest(x.reopened_at, r.requested_datetime), 0, 0, 1)
            ) AS each
        ) AS moved (at, opened, closed, change)
    ) AS again
    WHERE again.at >= starts_at AND again.at < ends_at
$$;

-- Of a scale with four steps or more the two best scores are satisfied, of a shorter one the best.
CREATE FUNCTION metric.is_satisfied(score integer, scale integer) RETURNS boolean
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT score >= CASE WHEN scale >= 4 THEN scale - 1 ELSE scale END $$;

-- A search's words without what makes no difference: case, and blanks at the ends or repeated.
CREATE FUNCTION metric.folded(term text) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT lower(regexp_replace(trim(term), '\s+', ' ', 'g')) $$;
