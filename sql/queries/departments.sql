-- open-by-week --
-- One row a week (of so many before `to`) and department, and one for the city: how many requests were open at its end, as in the weekly review.
WITH bounds AS (
    SELECT coalesce(cast(:to AS timestamptz), date_trunc('week', now(), :zone)) AS ends_at,
           date_trunc('day', metric.requests_known_from(), :zone) AS data_from
), week AS MATERIALIZED (
    SELECT w.*, coalesce(w.ends_at > b.data_from, false) AS is_known FROM bounds AS b CROSS JOIN LATERAL metric.weeks_until(b.ends_at, :weeks, :zone) AS w
), edge AS MATERIALIZED (
    SELECT array_agg(starts_at ORDER BY starts_at) AS edges, min(ends_at) AS counted_from, max(ends_at) AS ends_at FROM week
), moved AS (
    -- each part is counted by itself first, so that few rows are left to add up
    SELECT width_bucket(e.at, edge.edges) AS place, e.department, sum(e.change) AS change
    FROM edge CROSS JOIN LATERAL metric.request_events(edge.counted_from, edge.ends_at) AS e
    GROUP BY 1, 2
), changed AS (
    SELECT edge.edges[place] AS starts_at, metric.group_name(grouping(department), department) AS department, sum(change)::bigint AS change
    FROM moved CROSS JOIN edge
    GROUP BY GROUPING SETS ((1, department), (1))
), open_after AS (
    SELECT metric.group_name(grouping(department), department) AS department, count(*) AS open
    FROM bounds AS b CROSS JOIN LATERAL metric.open_requests(b.ends_at) GROUP BY GROUPING SETS ((department), ())
)
SELECT to_char(week.starts_at AT TIME ZONE :zone, 'IYYY"-W"IW') AS week, metric.shown_group(wanted.department, wanted.is_city) AS department,
       CASE WHEN week.is_known THEN coalesce(open_after.open, 0) - coalesce(sum(change) OVER later, 0) END::double precision AS open
FROM week CROSS JOIN metric.departments_and_city AS wanted
LEFT JOIN changed USING (starts_at, department)
LEFT JOIN open_after USING (department)
WINDOW later AS (PARTITION BY wanted.department ORDER BY week.starts_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
ORDER BY week.starts_at, wanted.is_city, wanted.position, wanted.department;

-- requests-of --
-- One row a request of a department (and type) as it was at `as_of`: the open ones by when they are due, or those closed last. At most `most`.
WITH bounds AS NOT MATERIALIZED (
    SELECT coalesce(:as_of, now()) AS at, metric.days_before(coalesce(:as_of, now()), 28, :zone) AS closed_from
), seen AS (
    -- three parts, each with an index of its own: one condition for all of them would read every request
    SELECT r.*, b.at, b.closed_from FROM bounds AS b JOIN request AS r ON r.closed_at IS NULL AND NOT r.reopened AND r.requested_datetime < b.at
    WHERE cast(:state AS text) <> 'closed'
    UNION ALL
    SELECT r.*, b.at, b.closed_from FROM bounds AS b JOIN request AS r ON r.closed_at IS NULL AND r.reopened AND r.requested_datetime < b.at
    UNION ALL
    SELECT r.*, b.at, b.closed_from FROM bounds AS b
    JOIN request AS r ON r.closed_at >= CASE WHEN cast(:state AS text) = 'closed' THEN b.closed_from ELSE b.at END AND r.requested_datetime < b.at
), wanted AS (
    SELECT service_request_id, service_name, requested_datetime, expected_datetime, address, zipcode, channel, status_notes, at, closed_from,
           metric.closed_as_of(closed_at, reopened, seen_open, seen_closed, at) AS closed_at
    FROM seen
    WHERE department = :department AND (cast(:service_name AS text) IS NULL OR service_name = :service_name)
)
SELECT service_request_id, service_name, requested_datetime, expected_datetime, closed_at,
       (extract(epoch FROM coalesce(closed_at, at) - requested_datetime) / 86400)::double precision AS age_days,
       address, zipcode, channel, status_notes
FROM wanted
WHERE CASE cast(:state AS text) WHEN 'closed' THEN closed_at >= closed_from WHEN 'overdue' THEN closed_at IS NULL AND expected_datetime < at
                                ELSE closed_at IS NULL END
ORDER BY CASE WHEN cast(:state AS text) = 'closed' THEN closed_at END DESC, expected_datetime NULLS LAST, requested_datetime, service_request_id
LIMIT :most;
