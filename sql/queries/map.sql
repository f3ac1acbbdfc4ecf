-- map-choices --
-- One row a thing that the map can be narrowed to: departments, types, channels of the last 28 days, kinds of areas, and incidents.
SELECT 'department' AS choice, department AS value, name AS label, NULL::timestamptz AS starts_at, NULL::timestamptz AS ends_at FROM department
UNION ALL SELECT 'service_name', service_name, service_name, NULL, NULL FROM service
UNION ALL SELECT DISTINCT 'channel', channel, channel, NULL::timestamptz, NULL::timestamptz FROM request
    WHERE channel IS NOT NULL AND requested_datetime >= metric.days_before(coalesce(:as_of, now()), 28, :zone) AND requested_datetime < coalesce(:as_of, now())
UNION ALL SELECT DISTINCT 'areas', kind, kind, NULL::timestamptz, NULL::timestamptz FROM area
UNION ALL SELECT 'incident', name, name, onset_at, ended_at FROM incident
ORDER BY choice, label;

-- hot-groups --
-- One row an area of a kind (without one: a type): its requests in [from, to) against the same weekdays and hours of the last eight weeks, and whether that is more than chance allows (Benjamini–Hochberg, 1 %).
WITH week AS MATERIALIZED (
    SELECT * FROM metric.comparable_weeks(cast(:from AS timestamptz), cast(:to AS timestamptz), :zone)
), known AS (
    SELECT count(*) FILTER (WHERE number > 0) AS weeks FROM week
), by_week AS (
    SELECT week.number, CASE WHEN cast(:kind AS text) IS NULL THEN r.service_name ELSE r.areas ->> cast(:kind AS text) END AS name, count(*) AS requests
    FROM week JOIN request AS r ON r.requested_datetime >= week.starts_at AND r.requested_datetime < week.ends_at
    WHERE metric.is_wanted(r, :department, :service_name, :channel, :state, week.ends_at)
    GROUP BY 1, 2
), counted AS (
    SELECT name, coalesce(max(requests) FILTER (WHERE number = 0), 0) AS requests, coalesce(sum(requests) FILTER (WHERE number > 0), 0) AS before,
           array_agg(requests) FILTER (WHERE number > 0) AS by_week
    FROM by_week WHERE name IS NOT NULL GROUP BY name
), judged AS (
    SELECT name, requests, (before / nullif(weeks, 0))::double precision AS usual, metric.chance_beside(requests, by_week, weeks) AS p
    FROM counted CROSS JOIN known
), ranked AS (
    SELECT judged.*, row_number() OVER (ORDER BY p, name) AS rank, count(p) OVER () AS groups FROM judged
), adjusted AS (
    SELECT ranked.*, least(min(p * groups / rank) OVER (ORDER BY rank ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), 1) AS p_adjusted FROM ranked
)
SELECT name, requests, usual, (requests + 2) / (usual + 2) AS ratio, p, coalesce(requests >= 5 AND p_adjusted <= 0.01, false) AS stands_out
FROM adjusted
ORDER BY p, name;

-- cell-requests --
-- One row a request of a cell in [from, to), newest first, at most `most`.
SELECT r.service_request_id, r.service_name, r.department, r.requested_datetime, r.expected_datetime,
       metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, cast(:to AS timestamptz)) AS closed_at,
       (extract(epoch FROM coalesce(metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, cast(:to AS timestamptz)), :to)
                           - r.requested_datetime) / 86400)::double precision AS age_days,
       r.address, r.zipcode, r.channel, r.status_notes
FROM request AS r
WHERE r.requested_datetime >= cast(:from AS timestamptz) AND r.requested_datetime < cast(:to AS timestamptz) AND r.cell = :cell
  AND metric.is_wanted(r, :department, :service_name, :channel, :state, cast(:to AS timestamptz))
ORDER BY r.requested_datetime DESC, r.service_request_id
LIMIT :most;
