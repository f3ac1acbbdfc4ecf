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
