-- backlog --
-- One row a department (or a type of one) and one for the city: what was open at `as_of`, by when it is due and how old it is.
WITH bounds AS NOT MATERIALIZED (
    SELECT coalesce(:as_of, now()) AS at
), days AS MATERIALIZED (
    SELECT metric.days_before(at, -7, :zone) AS in_7_days, metric.days_before(at, 7, :zone) AS age_7,
           metric.days_before(at, 30, :zone) AS age_30, metric.days_before(at, 90, :zone) AS age_90
    FROM bounds
), counted AS (
    SELECT metric.group_name(grouping(r.department), r.department) AS department, metric.group_name(grouping(r.service_name), r.service_name) AS service_name,
           count(*) AS open,
           count(*) FILTER (WHERE metric.due_state(r.expected_datetime, b.at, days.in_7_days) = 'overdue') AS overdue,
           count(*) FILTER (WHERE metric.due_state(r.expected_datetime, b.at, days.in_7_days) = 'due_next_7_days') AS due_next_7_days,
           count(*) FILTER (WHERE metric.due_state(r.expected_datetime, b.at, days.in_7_days) = 'due_later') AS due_later,
           count(*) FILTER (WHERE metric.due_state(r.expected_datetime, b.at, days.in_7_days) = 'no_target') AS no_target,
           count(*) FILTER (WHERE r.requested_datetime >= days.age_7) AS age_0_7_days,
           count(*) FILTER (WHERE r.requested_datetime < days.age_7 AND r.requested_datetime >= days.age_30) AS age_8_30_days,
           count(*) FILTER (WHERE r.requested_datetime < days.age_30 AND r.requested_datetime >= days.age_90) AS age_31_90_days,
           count(*) FILTER (WHERE r.requested_datetime < days.age_90) AS age_over_90_days,
           min(r.requested_datetime) AS oldest_requested_datetime
    FROM bounds AS b CROSS JOIN days CROSS JOIN LATERAL metric.open_requests(b.at) AS r
    WHERE (cast(:department AS text) IS NULL OR r.department = :department)
    GROUP BY GROUPING SETS ((r.department, r.service_name), (r.department), ())
), wanted AS (
    SELECT * FROM metric.departments_and_city
    UNION ALL SELECT DISTINCT department, service_name, service_name, 0, false FROM counted WHERE service_name <> '*' AND :by_type
)
SELECT metric.shown_group(wanted.department, wanted.is_city) AS department, nullif(wanted.service_name, '*') AS service_name, wanted.name,
       coalesce(open, 0) AS open, coalesce(overdue, 0) AS overdue, coalesce(due_next_7_days, 0) AS due_next_7_days,
       coalesce(due_later, 0) AS due_later, coalesce(no_target, 0) AS no_target,
       coalesce(age_0_7_days, 0) AS age_0_7_days, coalesce(age_8_30_days, 0) AS age_8_30_days,
       coalesce(age_31_90_days, 0) AS age_31_90_days, coalesce(age_over_90_days, 0) AS age_over_90_days,
       oldest_requested_datetime,
       (extract(epoch FROM b.at - oldest_requested_datetime) / 3600)::double precision AS oldest_age_hours
FROM bounds AS b CROSS JOIN wanted
LEFT JOIN counted USING (department, service_name)
ORDER BY wanted.is_city, wanted.position, wanted.department, wanted.service_name;

-- flow --
-- One row an ISO week and department (or a type of one), and one for the city: opened, closed, and the difference, of the weeks that [from, to) touches.
WITH bounds AS (
    SELECT date_trunc('week', coalesce(:from, (SELECT min(requested_datetime) FROM request)), :zone) AS starts_at,
           coalesce(:to, now()) AS ends_at
), week AS (
    SELECT metric.days_before(b.starts_at, -7 * number, :zone) AS starts_at, metric.days_before(b.starts_at, -7 * (number + 1), :zone) AS ends_at
    FROM bounds AS b CROSS JOIN generate_series(0, least(extract(day FROM b.ends_at - b.starts_at)::integer / 7 + 1, 5300)) AS number
    WHERE metric.days_before(b.starts_at, -7 * number, :zone) < b.ends_at
), edge AS MATERIALIZED (
    -- a row's week is its place among the beginnings
    SELECT array_agg(starts_at ORDER BY starts_at) AS edges, min(starts_at) AS starts_at, max(ends_at) AS ends_at FROM week
), moved AS (
    SELECT r.requested_datetime AS at, r.department, r.service_name, 1 AS opened, 0 AS closed
    FROM edge JOIN request AS r ON r.requested_datetime >= edge.starts_at AND r.requested_datetime < edge.ends_at
    UNION ALL
    SELECT c.closed_at, c.department, c.service_name, 0, 1
    FROM edge CROSS JOIN LATERAL metric.closings(edge.starts_at, edge.ends_at) AS c
), counted AS (
    SELECT edge.edges[width_bucket(at, edge.edges)] AS starts_at, metric.group_name(grouping(department), department) AS department,
           metric.group_name(grouping(service_name), service_name) AS service_name, sum(opened) AS opened, sum(closed) AS closed
    FROM edge CROSS JOIN moved
    WHERE (cast(:department AS text) IS NULL OR department = :department)
    GROUP BY GROUPING SETS ((1, department, service_name), (1, department), (1))
), wanted AS (
    SELECT * FROM metric.departments_and_city
    UNION ALL SELECT DISTINCT department, service_name, service_name, 0, false FROM counted WHERE service_name <> '*' AND :by_type
)
SELECT to_char(week.starts_at AT TIME ZONE :zone, 'IYYY"-W"IW') AS week, to_char(week.starts_at AT TIME ZONE :zone, 'YYYY-MM-DD') AS week_start,
       metric.shown_group(wanted.department, wanted.is_city) AS department, nullif(wanted.service_name, '*') AS service_name, wanted.name,
       coalesce(opened, 0)::bigint AS opened, coalesce(closed, 0)::bigint AS closed, (coalesce(opened, 0) - coalesce(closed, 0))::bigint AS net_flow
FROM week CROSS JOIN wanted
LEFT JOIN counted USING (starts_at, department, service_name)
ORDER BY week.starts_at, wanted.is_city, wanted.position, wanted.department, wanted.service_name;

-- due-cohort --
-- One row a department (or a type of one) and one for the city: of the requests due in [from, to), how many were closed by then; beside it the closed cohort, for comparison.
WITH bounds AS NOT MATERIALIZED (
    SELECT coalesce(:as_of, now()) AS at, coalesce(cast(:from AS timestamptz), '-infinity') AS starts_at,
           least(coalesce(cast(:to AS timestamptz), 'infinity'), coalesce(:as_of, now())) AS ends_at
), judged AS (
    SELECT r.department, r.service_name, 1 AS due,
           CASE WHEN metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, b.at) <= r.expected_datetime THEN 1 ELSE 0 END AS due_closed_on_time,
           CASE WHEN r.expected_datetime < r.requested_datetime THEN 1 ELSE 0 END AS due_before_requested,
           0 AS closed, 0 AS closed_with_target, 0 AS closed_on_time
    FROM bounds AS b JOIN request AS r ON r.expected_datetime >= b.starts_at AND r.expected_datetime < b.ends_at AND r.requested_datetime < b.at
    WHERE (cast(:department AS text) IS NULL OR r.department = :department)
    UNION ALL
    SELECT c.department, c.service_name, 0, 0, 0, 1, CASE WHEN c.expected_datetime IS NOT NULL THEN 1 ELSE 0 END,
           CASE WHEN c.closed_at <= c.expected_datetime THEN 1 ELSE 0 END
    FROM bounds AS b CROSS JOIN LATERAL metric.closings(b.starts_at, b.ends_at) AS c
    WHERE (cast(:department AS text) IS NULL OR c.department = :department)
), counted AS (
    SELECT metric.group_name(grouping(department), department) AS department, metric.group_name(grouping(service_name), service_name) AS service_name,
           sum(due) AS due,
           sum(due_closed_on_time) AS due_closed_on_time, sum(due_before_requested) AS due_before_requested, sum(closed) AS closed,
           sum(closed_with_target) AS closed_with_target, sum(closed_on_time) AS closed_on_time
    FROM judged
    GROUP BY GROUPING SETS ((department, service_name), (department), ())
), wanted AS (
    SELECT * FROM metric.departments_and_city
    UNION ALL SELECT DISTINCT department, service_name, service_name, 0, false FROM counted WHERE service_name <> '*' AND :by_type
)
SELECT metric.shown_group(wanted.department, wanted.is_city) AS department, nullif(wanted.service_name, '*') AS service_name, wanted.name,
       coalesce(due, 0)::bigint AS due, coalesce(due_closed_on_time, 0)::bigint AS due_closed_on_time,
       metric.due_cohort_on_time(due_closed_on_time, due) AS due_cohort_on_time,
       metric.on_time_target(wanted.department, wanted.service_name, b.at) AS on_time_target,
       coalesce(due_before_requested, 0)::bigint AS due_before_requested,
       coalesce(closed, 0)::bigint AS closed, coalesce(closed_with_target, 0)::bigint AS closed_with_target,
       coalesce(closed_on_time, 0)::bigint AS closed_on_time,
       metric.share(closed_on_time, closed_with_target) AS closed_cohort_on_time
FROM bounds AS b CROSS JOIN wanted
LEFT JOIN counted USING (department, service_name)
ORDER BY wanted.is_city, wanted.position, wanted.department, wanted.service_name;

-- time-to-close --
-- One row a department (or a type of one) and one for the city: how long requests of the last 28 days take to close, counting those still open (Kaplan–Meier). No hours where a share was not reached.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS at, metric.days_before(coalesce(:as_of, now()), 28, :zone) AS starts_at
), cohort AS MATERIALIZED (
    SELECT r.department, r.service_name, coalesce(known.closed_at, b.at) - r.requested_datetime AS lasted, known.closed_at IS NULL AS is_open,
           coalesce(known.closed_at < r.requested_datetime, false) AS is_left_out
    FROM bounds AS b JOIN request AS r ON r.requested_datetime >= b.starts_at AND r.requested_datetime < b.at
    CROSS JOIN LATERAL (SELECT metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, b.at) AS closed_at) AS known
    WHERE (cast(:department AS text) IS NULL OR r.department = :department)
), levelled AS (
    SELECT CASE WHEN level < 2 THEN department ELSE '*' END AS department, CASE WHEN level < 1 THEN service_name ELSE '*' END AS service_name,
           lasted, is_open
    FROM cohort CROSS JOIN generate_series(CASE WHEN :by_type THEN 0 ELSE 1 END, 2) AS level
    WHERE NOT is_left_out
), counted AS MATERIALIZED (
    SELECT metric.group_name(grouping(department), department) AS department, metric.group_name(grouping(service_name), service_name) AS service_name,
           count(*) FILTER (WHERE NOT is_left_out) AS n, count(*) FILTER (WHERE NOT is_open AND NOT is_left_out) AS closed,
           count(*) FILTER (WHERE is_open) AS censored, count(*) FILTER (WHERE is_left_out) AS closed_before_requested
    FROM cohort GROUP BY GROUPING SETS ((department, service_name), (department), ())
), at_risk AS (
    -- in the order in which they end, of one instant the closed before the censored: each leaves one less at risk
    SELECT department, service_name, lasted, is_open, (counted.n + 1 - row_number() OVER w)::double precision AS many
    FROM levelled JOIN counted USING (department, service_name)
    WINDOW w AS (PARTITION BY department, service_name ORDER BY lasted, is_open)
), survival AS (
    -- the product of what each closing leaves, as a sum of logarithms
    SELECT department, service_name, lasted, sum(CASE WHEN is_open THEN 0 WHEN many = 1 THEN '-infinity' ELSE ln((many - 1) / many) END) OVER w AS log_surviving
    FROM at_risk
    WINDOW w AS (PARTITION BY department, service_name ORDER BY lasted, is_open ROWS UNBOUNDED PRECEDING)
), reached AS (
    SELECT department, service_name, min(lasted) FILTER (WHERE log_surviving <= ln(0.5 + 1e-9::double precision)) AS median_lasted,
           min(lasted) FILTER (WHERE log_surviving <= ln(0.1 + 1e-9::double precision)) AS p90_lasted
    FROM survival GROUP BY department, service_name
), wanted AS (
    SELECT * FROM metric.departments_and_city
    UNION ALL SELECT DISTINCT department, service_name, service_name, 0, false FROM counted WHERE service_name <> '*' AND :by_type
)
SELECT metric.shown_group(wanted.department, wanted.is_city) AS department, nullif(wanted.service_name, '*') AS service_name, wanted.name,
       coalesce(n, 0) AS n, coalesce(closed, 0) AS closed, coalesce(censored, 0) AS censored,
       coalesce(closed_before_requested, 0) AS closed_before_requested,
       (extract(epoch FROM median_lasted) / 3600)::double precision AS time_to_close_median_hours,
       (extract(epoch FROM p90_lasted) / 3600)::double precision AS time_to_close_p90_hours
FROM wanted
LEFT JOIN counted USING (department, service_name)
LEFT JOIN reached USING (department, service_name)
ORDER BY wanted.is_city, wanted.position, wanted.department, wanted.service_name;

-- weeks-to-clear --
-- One row a department (or a type of one) and one for the city: how many weeks the open requests would take at the pace of the last 28 days.
WITH bounds AS NOT MATERIALIZED (
    SELECT coalesce(:as_of, now()) AS at, metric.days_before(coalesce(:as_of, now()), 28, :zone) AS starts_at
), counted AS (
    SELECT metric.group_name(grouping(department), department) AS department, metric.group_name(grouping(service_name), service_name) AS service_name,
           sum(open) AS open, sum(closed) AS closed
    FROM (
        SELECT r.department, r.service_name, 1 AS open, 0 AS closed FROM bounds AS b CROSS JOIN LATERAL metric.open_requests(b.at) AS r
        WHERE (cast(:department AS text) IS NULL OR r.department = :department)
        UNION ALL
        SELECT c.department, c.service_name, 0, 1 FROM bounds AS b CROSS JOIN LATERAL metric.closings(b.starts_at, b.at) AS c
        WHERE (cast(:department AS text) IS NULL OR c.department = :department)
    ) AS moved
    GROUP BY GROUPING SETS ((department, service_name), (department), ())
), wanted AS (
    SELECT * FROM metric.departments_and_city
    UNION ALL SELECT DISTINCT department, service_name, service_name, 0, false FROM counted WHERE service_name <> '*' AND :by_type
)
SELECT metric.shown_group(wanted.department, wanted.is_city) AS department, nullif(wanted.service_name, '*') AS service_name, wanted.name,
       coalesce(open, 0)::bigint AS open, coalesce(closed, 0)::bigint AS closed_28_days, metric.weeks_to_clear(open, closed) AS weeks_to_clear
FROM wanted
LEFT JOIN counted USING (department, service_name)
ORDER BY wanted.is_city, wanted.position, wanted.department, wanted.service_name;

-- reopened --
-- One row a department (or a type of one) and one for the city: of the closings in [from, to), how many were followed within 30 days by a reopening or by the same type at the same address; and how many were closed without work.
WITH bounds AS (
    SELECT coalesce(cast(:from AS timestamptz), '-infinity') AS starts_at,
           least(coalesce(cast(:to AS timestamptz), 'infinity'), coalesce(:as_of, now())) AS ends_at, coalesce(:as_of, now()) AS at
), judged AS (
    SELECT c.*, EXISTS (SELECT FROM closing_phrase WHERE strpos(lower(c.status_notes), lower(closing_phrase.phrase)) > 0) AS is_without_work
    FROM bounds AS b CROSS JOIN LATERAL metric.judged_closings(b.starts_at, b.ends_at, b.at, :zone) AS c
    WHERE (cast(:department AS text) IS NULL OR c.department = :department)
), counted AS (
    SELECT metric.group_name(grouping(department), department) AS department, metric.group_name(grouping(service_name), service_name) AS service_name,
           count(*) AS closed, count(*) FILTER (WHERE is_eligible) AS eligible, count(*) FILTER (WHERE is_followed) AS reopened,
           count(*) FILTER (WHERE is_without_work) AS closed_without_work
    FROM judged
    GROUP BY GROUPING SETS ((department, service_name), (department), ())
), wanted AS (
    SELECT * FROM metric.departments_and_city
    UNION ALL SELECT DISTINCT department, service_name, service_name, 0, false FROM counted WHERE service_name <> '*' AND :by_type
)
SELECT metric.shown_group(wanted.department, wanted.is_city) AS department, nullif(wanted.service_name, '*') AS service_name, wanted.name,
       coalesce(closed, 0) AS closed, coalesce(eligible, 0) AS eligible, coalesce(reopened, 0) AS reopened,
       metric.share(reopened, eligible) AS reopen_share,
       coalesce(closed_without_work, 0) AS closed_without_work, metric.share(closed_without_work, closed) AS closed_without_work_share
FROM wanted
LEFT JOIN counted USING (department, service_name)
ORDER BY wanted.is_city, wanted.position, wanted.department, wanted.service_name;

-- rising-types --
-- One row a type: its requests of the last seven complete days at `as_of` against the earlier weeks that lie in no incident, and the chance of so many if nothing had changed. Flagged at 5 and more with a Benjamini–Hochberg chance of at most 1 %.
WITH bounds AS (
    SELECT date_trunc('day', coalesce(:as_of, now()), :zone) AS ends_at,
           date_trunc('day', metric.requests_known_from(), :zone) AS data_from
), span AS (
    SELECT number, metric.days_before(b.ends_at, 7 * (number + 1), :zone) AS starts_at, metric.days_before(b.ends_at, 7 * number, :zone) AS ends_at
    FROM bounds AS b CROSS JOIN generate_series(0, 8) AS number
    WHERE metric.days_before(b.ends_at, 7 * (number + 1), :zone) >= b.data_from
), compared AS (
    SELECT * FROM span
    WHERE number = 0 OR NOT EXISTS (
        SELECT FROM incident WHERE incident.onset_at < span.ends_at AND coalesce(incident.ended_at, 'infinity') > span.starts_at)
), weeks AS (
    SELECT count(*) FILTER (WHERE number > 0) AS n FROM compared
), by_week AS (
    SELECT compared.number, r.service_name, count(*) AS requests
    FROM compared JOIN request AS r ON r.requested_datetime >= compared.starts_at AND r.requested_datetime < compared.ends_at
    GROUP BY compared.number, r.service_name
), type AS (
    SELECT service_name, coalesce(max(requests) FILTER (WHERE number = 0), 0) AS requests,
           coalesce(sum(requests) FILTER (WHERE number > 0), 0)::bigint AS baseline_requests,
           coalesce(sum(requests ^ 2) FILTER (WHERE number > 0), 0)::double precision AS baseline_squares
    FROM by_week GROUP BY service_name
), modelled AS (
    SELECT type.*, weeks.n, CASE WHEN baseline_requests = 0 THEN 0.5 / weeks.n ELSE baseline_requests::double precision / weeks.n END AS mean
    FROM type CROSS JOIN weeks WHERE weeks.n >= 4
), judged AS (
    SELECT modelled.*, phi.phi, metric.chance_of_at_least(requests, mean, phi.phi * mean * (1 + 1.0 / n)) AS p
    FROM modelled
    CROSS JOIN LATERAL (SELECT CASE WHEN baseline_requests = 0 THEN 1 ELSE greatest(1, (baseline_squares - n * mean ^ 2) / mean / (n - 1)) END AS phi) AS phi
), ranked AS (
    SELECT judged.*, row_number() OVER (ORDER BY p, service_name) AS rank, count(*) OVER () AS types FROM judged
)
SELECT service_name, requests, baseline_requests, n AS baseline_weeks, mean::double precision AS usual,
       (requests / mean)::double precision AS ratio, phi::double precision AS dispersion, p::double precision AS p,
       adjusted::double precision AS p_adjusted, requests >= 5 AND adjusted <= 0.01 AS rising
FROM (SELECT ranked.*, least(min(p * types / rank) OVER (ORDER BY rank ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), 1) AS adjusted FROM ranked) AS tested
ORDER BY adjusted, p, service_name;

-- hot-spots --
-- One row an H3 cell: its requests in [from, to) against the same weekdays and hours of the last eight weeks that lie in no incident, the ratio shrunk towards 1; then a row for each reason why requests are on no map. Open and overdue are as at the end of each period.
WITH bounds AS (
    SELECT coalesce(cast(:from AS timestamptz), metric.days_before(coalesce(cast(:to AS timestamptz), now()), 1, :zone)) AS starts_at,
           coalesce(cast(:to AS timestamptz), now()) AS ends_at
), week AS MATERIALIZED (
    SELECT compared.* FROM bounds AS b CROSS JOIN LATERAL metric.comparable_weeks(b.starts_at, b.ends_at, :zone) AS compared
), counted AS (
    SELECT r.cell, r.location_defect, count(*) FILTER (WHERE week.number = 0) AS requests, count(*) FILTER (WHERE week.number > 0) AS before
    FROM week JOIN request AS r ON r.requested_datetime >= week.starts_at AND r.requested_datetime < week.ends_at
    WHERE metric.is_wanted(r, :department, :service_name, :channel, :state, week.ends_at)
    GROUP BY r.cell, r.location_defect
), usual AS (
    SELECT counted.*, (before::double precision / nullif((SELECT count(*) FROM week WHERE number > 0), 0)) AS usual FROM counted
)
SELECT cell, location_defect, requests, usual, (requests + 2) / (usual + 2) AS ratio
FROM usual WHERE requests > 0 OR (cell IS NOT NULL AND usual > 0)
ORDER BY cell IS NULL, requests DESC, cell, location_defect;

-- data-quality --
-- One row a defect: how many requests of [from, to) have it, of how many, and what is done with them.
WITH judged AS (
    SELECT r.* FROM request AS r
    WHERE r.requested_datetime >= coalesce(cast(:from AS timestamptz), '-infinity') AND r.requested_datetime < coalesce(cast(:to AS timestamptz), 'infinity')
), counted AS (
    SELECT count(*) AS of_requests,
           count(*) FILTER (WHERE location_defect = 'no_location') AS no_location,
           count(*) FILTER (WHERE location_defect = 'outside_city') AS outside_city,
           count(*) FILTER (WHERE location_defect = 'default_geocode') AS default_geocode,
           count(*) FILTER (WHERE expected_datetime IS NULL) AS no_target,
           count(*) FILTER (WHERE expected_datetime < requested_datetime) AS due_before_requested,
           count(*) FILTER (WHERE expected_datetime > requested_datetime + interval '3 years') AS due_after_years,
           count(*) FILTER (WHERE closed_at < requested_datetime) AS closed_before_requested,
           count(*) FILTER (WHERE closed_at = requested_datetime) AS closed_at_once,
           count(*) FILTER (WHERE requested_datetime > now()) AS requested_in_future,
           count(*) FILTER (WHERE last_requested - first_requested > interval '1 minute') AS id_used_twice,
           count(*) FILTER (WHERE service_name = 'not told') AS no_type,
           count(*) FILTER (WHERE department = 'not told') AS no_department
    FROM judged
)
SELECT defect.defect, defect.requests, counted.of_requests, metric.share(defect.requests, counted.of_requests) AS share, defect.what_is_done
FROM counted CROSS JOIN LATERAL (VALUES
    (1, 'no_location', no_location, 'On no map and in no area; counted in words above every map.'),
    (2, 'outside_city', outside_city, 'On no map and in no area; counted in words above every map.'),
    (3, 'default_geocode', default_geocode, 'A point that stands for no known place: on no map and in no area; counted in words above every map.'),
    (4, 'no_target', no_target, 'Open ones are shown as without target; in no on-time share.'),
    (5, 'due_before_requested', due_before_requested, 'Counted as promised, and named beside the on-time share.'),
    (6, 'due_after_years', due_after_years, 'A day more than three years later stands for none; counted as promised, as due later.'),
    (7, 'closed_before_requested', closed_before_requested, 'Left out of the time to close, and counted beside it.'),
    (8, 'closed_at_once', closed_at_once, 'Closed in the second of the request: kept, with a time to close of 0.'),
    (9, 'requested_in_future', requested_in_future, 'In no count before its time comes.'),
    (10, 'id_used_twice', id_used_twice, 'Snapshots of one id tell of different beginnings: the newest snapshot is used.'),
    (11, 'no_type', no_type, 'Shown as not told.'),
    (12, 'no_department', no_department, 'Shown as not told; load a department for its type.')
) AS defect (position, defect, requests, what_is_done)
ORDER BY defect.position;

-- geocode-suspects --
-- One row a point of [from, to) that collects far too many requests of different addresses to be a place: propose it as a default geocode.
WITH point AS (
    SELECT round(lat::numeric, 4)::double precision AS lat, round(long::numeric, 4)::double precision AS long, count(*) AS requests,
           count(DISTINCT address_key) AS addresses, bool_or(location_defect = 'default_geocode') AS is_known
    FROM request
    WHERE lat IS NOT NULL AND requested_datetime >= coalesce(cast(:from AS timestamptz), '-infinity')
      AND requested_datetime < coalesce(cast(:to AS timestamptz), 'infinity')
    GROUP BY 1, 2
)
SELECT lat, long, requests, addresses, metric.share(requests, (SELECT sum(requests) FROM point)) AS share, is_known
FROM point
WHERE requests >= 30 AND addresses >= 10 AND requests > 0.01 * (SELECT sum(requests) FROM point)
ORDER BY requests DESC;
