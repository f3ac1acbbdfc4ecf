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
SELECT department, service_name, valid_from, due_days, day_kind FROM request_target WHERE due_days IS NOT NULL
ORDER BY department, service_name, valid_from DESC;

-- intake-requests --
-- One row a request: what decides on its place, department and due day, and which it has.
SELECT service_request_id, requested_datetime, service_name, department_told, agency_responsible, expected_told, lat, long, usable_location,
       department, expected_datetime, cell, areas, location_defect
FROM request ORDER BY service_request_id;

-- write-intake --
-- Give requests another place, department and due day.
UPDATE request AS r SET department = w.department, expected_datetime = w.expected_datetime, cell = w.cell, areas = w.areas, location_defect = w.location_defect
FROM intake_batch AS w WHERE w.service_request_id = r.service_request_id;

-- write-intake-version --
-- Say that areas, departments or targets were loaded.
UPDATE intake_version SET version = version + 1;
