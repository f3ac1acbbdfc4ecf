-- intake-version --
-- Which loading of areas, departments and targets holds; whoever holds the row keeps the next one waiting.
SELECT version FROM intake_version FOR SHARE;

-- intake-areas --
-- One row an area: its kind, name and GeoJSON geometry.
SELECT kind, area, geometry FROM area ORDER BY kind, area;

-- intake-departments --
-- One row a type of request for which a department is loaded.
SELECT service_name, department FROM service WHERE department IS NOT NULL ORDER BY service_name;

-- intake-promises --
-- One row a due day that was promised, newest first; `*` is any department or type.
SELECT department, service_name, greatest(valid_from, timestamptz '1900-01-01 00:00:00+00') AS valid_from, due_days, day_kind FROM request_target WHERE due_days IS NOT NULL
ORDER BY department, service_name, valid_from DESC;

-- intake-requests --
-- One row a request after the id `after`, in order: what decides on its place, department and due day, and which it has.
SELECT service_request_id, updated_datetime, snapshot_version, requested_datetime, service_name, department_told, agency_responsible, expected_told,
       lat, long, usable_location, department, expected_datetime, cell, areas, location_defect
FROM request WHERE service_request_id > %(after)s ORDER BY service_request_id LIMIT %(most)s;

-- write-intake --
-- Give a request another place, department and due day, unless a newer snapshot came meanwhile, which has the right ones.
UPDATE request SET department = %(department)s, expected_datetime = %(expected_datetime)s, cell = %(cell)s, areas = %(areas)s,
                   location_defect = %(location_defect)s
WHERE service_request_id = %(service_request_id)s AND updated_datetime = %(updated_datetime)s AND snapshot_version = %(snapshot_version)s;

-- write-departments --
-- Keep departments that requests have now and that were never seen before.
INSERT INTO department (department, name) SELECT DISTINCT department, department FROM request ON CONFLICT DO NOTHING;

-- write-intake-version --
-- Say that areas, departments or targets were loaded.
UPDATE intake_version SET version = version + 1;
