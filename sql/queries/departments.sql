-- requests-of --
-- One row a request of a department (and type) as it was at `as_of`: the open ones by when they are due, or those closed last. At most `most`.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS at
), wanted AS (
    SELECT r.service_request_id, r.service_name, r.department, r.requested_datetime, r.expected_datetime, r.address, r.zipcode, r.channel, r.status_notes,
           metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, b.at) AS closed_at, r.reopened, b.at
    FROM bounds AS b JOIN request AS r ON r.requested_datetime < b.at
    WHERE r.department = :department AND (cast(:service_name AS text) IS NULL OR r.service_name = :service_name)
      AND CASE WHEN :state = 'closed' THEN r.closed_at >= metric.days_before(b.at, 28, :zone) ELSE r.closed_at IS NULL OR r.closed_at >= b.at END
)
SELECT service_request_id, service_name, requested_datetime, expected_datetime, closed_at,
       (extract(epoch FROM coalesce(closed_at, at) - requested_datetime) / 86400)::double precision AS age_days,
       address, zipcode, channel, status_notes
FROM wanted
WHERE CASE :state WHEN 'closed' THEN closed_at IS NOT NULL WHEN 'overdue' THEN closed_at IS NULL AND expected_datetime < at ELSE closed_at IS NULL END
ORDER BY CASE WHEN :state = 'closed' THEN closed_at END DESC, expected_datetime NULLS LAST, requested_datetime, service_request_id
LIMIT :most;
