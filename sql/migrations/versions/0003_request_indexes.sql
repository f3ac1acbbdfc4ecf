-- Indexes that keep the questions about requests as fast after many years as in the first month.

-- What was opened and closed in a period, and what was still open at an instant long ago, from the index alone.
DROP INDEX request_requested;
CREATE INDEX request_requested ON request (requested_datetime) INCLUDE (department, service_name, closed_at, reopened);
DROP INDEX request_closed;
CREATE INDEX request_closed ON request (closed_at) INCLUDE (department, service_name, requested_datetime, expected_datetime, reopened)
    WHERE closed_at IS NOT NULL;

-- The few that were reopened, lest all others be read to find them.
CREATE INDEX request_requested_again ON request (requested_datetime) WHERE reopened;
CREATE INDEX request_closed_again ON request (closed_at) WHERE reopened AND closed_at IS NOT NULL;

-- No question looks an address up: what was asked for again is found by one reading of the weeks that matter.
DROP INDEX request_address;
