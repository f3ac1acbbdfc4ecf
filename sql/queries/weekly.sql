-- weekly-span --
-- One row: from when to when requests, contacts, surveys and searches are known, and which version of the metrics answers.
SELECT metric.requests_known_from() AS requests_from,
       (SELECT max(requested_datetime) FROM request WHERE requested_datetime <= now()) AS requests_to,
       (SELECT min(interval_start) FROM contact_interval) AS contacts_from,
       (SELECT max(interval_start) + interval '15 minutes' FROM contact_interval) AS contacts_to,
       (SELECT max(answered_at) FROM survey) AS surveys_to,
       (SELECT max(performed_at) FROM search) AS searches_to,
       left(obj_description(to_regnamespace('metric'), 'pg_namespace'), 7) AS metrics_version;

-- weekly-requests --
-- One row a week (of so many before `to`) and department, and one for the city: due, opened, closed, open, closed without work; the newest week also with its usual limits and whether it is a signal.
WITH bounds AS (
    SELECT coalesce(cast(:to AS timestamptz), date_trunc('week', now(), :zone)) AS ends_at,
           date_trunc('day', metric.requests_known_from(), :zone) AS data_from
), week AS MATERIALIZED (
    SELECT w.*, coalesce(w.starts_at >= b.data_from, false) AS is_whole, coalesce(w.ends_at > b.data_from, false) AS is_known
    FROM bounds AS b CROSS JOIN LATERAL metric.weeks_until(b.ends_at, :weeks, :zone) AS w
), edge AS MATERIALIZED (
    -- the beginnings of the weeks and of the four before them, oldest first: a row's week is its place among them
    SELECT array_agg(w.starts_at ORDER BY w.starts_at) AS edges, min(w.starts_at) AS counted_from, max(w.ends_at) AS ends_at
    FROM bounds AS b CROSS JOIN LATERAL metric.weeks_until(b.ends_at, (SELECT count(*)::integer + 4 FROM week), :zone) AS w
), span AS MATERIALIZED (
    SELECT min(starts_at) AS starts_at FROM week
), moved AS (
    -- each is counted by itself first, so that few rows are left to add up
    SELECT width_bucket(e.at, edge.edges) AS place, e.department, 0 AS due, 0 AS on_time, sum(e.opened) AS opened, sum(e.closed) AS closed,
           count(*) FILTER (WHERE e.closed = 1 AND EXISTS (
               SELECT FROM closing_phrase WHERE strpos(lower(e.status_notes), lower(closing_phrase.phrase)) > 0)) AS without_work,
           sum(e.change) AS change
    FROM edge CROSS JOIN LATERAL metric.request_events(edge.counted_from, edge.ends_at) AS e
    GROUP BY 1, 2
    UNION ALL
    SELECT width_bucket(r.expected_datetime, edge.edges), r.department, count(*),
           count(*) FILTER (WHERE metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, now()) <= r.expected_datetime), 0, 0, 0, 0
    FROM edge CROSS JOIN span
    JOIN request AS r ON r.expected_datetime >= span.starts_at AND r.expected_datetime < edge.ends_at AND r.requested_datetime < now()
    GROUP BY 1, 2
), counted AS MATERIALIZED (
    SELECT edge.edges[place] AS starts_at, metric.group_name(grouping(department), department) AS department, sum(due)::bigint AS due,
           sum(on_time)::bigint AS on_time, sum(opened)::bigint AS opened, sum(closed)::bigint AS closed, sum(without_work)::bigint AS without_work,
           sum(change)::bigint AS change
    FROM moved CROSS JOIN edge
    GROUP BY GROUPING SETS ((edge.edges[place], department), (edge.edges[place]))
), open_after AS (
    SELECT metric.group_name(grouping(department), department) AS department, count(*) AS open
    FROM bounds AS b CROSS JOIN LATERAL metric.open_requests(b.ends_at) GROUP BY GROUPING SETS ((department), ())
), known AS (
    SELECT week.*, wanted.department, wanted.name, wanted.position, wanted.is_city,
           coalesce(due, 0) AS due, coalesce(on_time, 0) AS on_time, coalesce(opened, 0) AS opened, coalesce(counted.closed, 0) AS closed,
           coalesce(without_work, 0) AS without_work, coalesce(change, 0) AS change,
           coalesce(open_after.open, 0) - coalesce(sum(change) OVER (w ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS open,
           coalesce(sum(counted.closed) OVER (w ROWS 3 PRECEDING), 0)
           + CASE WHEN row_number() OVER w < 4 THEN (
                 SELECT coalesce(sum(earlier.closed), 0) FROM counted AS earlier
                 WHERE earlier.department = wanted.department AND earlier.starts_at < (SELECT starts_at FROM span)
                   AND earlier.starts_at >= metric.days_before(week.ends_at, 28, :zone)) ELSE 0 END AS closed_28_days
    FROM week CROSS JOIN metric.departments_and_city AS wanted
    LEFT JOIN counted USING (starts_at, department)
    LEFT JOIN open_after USING (department)
    WINDOW w AS (PARTITION BY wanted.department ORDER BY week.starts_at)
), figure AS (
    SELECT known.*,
           CASE WHEN is_whole THEN metric.due_cohort_on_time(on_time, due) END AS on_time_share,
           CASE WHEN is_whole THEN opened::double precision END AS opened_whole,
           CASE WHEN is_whole THEN change::double precision END AS open_change,
           CASE WHEN is_whole THEN metric.share(without_work, closed) END AS without_work_share
    FROM known
), chart AS (
    SELECT department,
           array_agg(on_time_share ORDER BY starts_at) AS on_time, array_agg(opened_whole ORDER BY starts_at) AS opened,
           array_agg(open_change ORDER BY starts_at) AS change,
           array_agg(without_work_share ORDER BY starts_at) AS without_work,
           count(*) FILTER (WHERE number > 0 AND is_known) AS open_weeks,
           percentile_cont(0.1) WITHIN GROUP (ORDER BY open::double precision) FILTER (WHERE number > 0 AND is_known) AS open_lower,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY open::double precision) FILTER (WHERE number > 0 AND is_known) AS open_upper
    FROM figure GROUP BY department
)
SELECT to_char(f.starts_at AT TIME ZONE :zone, 'IYYY"-W"IW') AS week, to_char(f.starts_at AT TIME ZONE :zone, 'YYYY-MM-DD') AS week_start,
       metric.shown_group(f.department, f.is_city) AS department, f.name, f.is_whole, f.is_known,
       f.due, f.on_time AS due_closed_on_time, f.on_time_share AS due_cohort_on_time,
       metric.on_time_target(f.department, '*', f.starts_at) AS on_time_target,
       f.opened, f.closed, f.opened - f.closed AS net_flow,
       (CASE WHEN f.is_known THEN f.open END)::double precision AS open, f.open_change,
       CASE WHEN f.is_known THEN metric.weeks_to_clear(f.open, f.closed_28_days) END AS weeks_to_clear,
       f.without_work AS closed_without_work, f.without_work_share AS closed_without_work_share,
       CASE WHEN f.number = 0 THEN metric.signal(chart.on_time) END AS on_time_signal,
       on_time_limits.weeks AS usual_weeks, on_time_limits.lower AS on_time_lower, on_time_limits.upper AS on_time_upper,
       CASE WHEN f.number = 0 THEN metric.signal(chart.opened) END AS opened_signal,
       opened_limits.lower AS opened_lower, opened_limits.upper AS opened_upper,
       CASE WHEN f.number = 0 THEN metric.signal(chart.change) END AS open_change_signal,
       change_limits.lower AS open_change_lower, change_limits.upper AS open_change_upper,
       CASE WHEN f.number = 0 THEN metric.signal(chart.without_work) END AS without_work_signal,
       without_work_limits.lower AS without_work_lower, without_work_limits.upper AS without_work_upper,
       CASE WHEN f.number = 0 AND open_weeks >= 8 THEN open_lower END AS open_usual_lower,
       CASE WHEN f.number = 0 AND open_weeks >= 8 THEN open_upper END AS open_usual_upper
FROM figure AS f JOIN chart USING (department)
LEFT JOIN LATERAL metric.limits(chart.on_time, 0, 1) AS on_time_limits ON f.number = 0
LEFT JOIN LATERAL metric.limits(chart.opened, 0) AS opened_limits ON f.number = 0
LEFT JOIN LATERAL metric.limits(chart.change) AS change_limits ON f.number = 0
LEFT JOIN LATERAL metric.limits(chart.without_work, 0, 1) AS without_work_limits ON f.number = 0
ORDER BY f.starts_at, f.is_city, f.position, f.department;

-- weekly-reopened --
-- One row a week (of so many before `to`) and department, and one for the city: of the closings whose 30 days ended in the week, how many were reopened or followed by the same type at the same address; the newest week also with its usual limits and whether it is a signal.
WITH bounds AS (
    SELECT coalesce(cast(:to AS timestamptz), date_trunc('week', now(), :zone)) AS ends_at,
           date_trunc('day', metric.requests_known_from(), :zone) AS data_from
), week AS MATERIALIZED (
    -- a closing counts in the week in which its 30 days end, so that each week is judged with the same patience
    SELECT w.number, w.starts_at, metric.days_before(w.starts_at, 30, :zone) AS closed_from, metric.days_before(w.ends_at, 30, :zone) AS closed_to,
           coalesce(metric.days_before(w.starts_at, 30, :zone) >= b.data_from, false) AS is_whole
    FROM bounds AS b CROSS JOIN LATERAL metric.weeks_until(b.ends_at, coalesce(cast(:weeks AS integer), 13), :zone) AS w
), edge AS MATERIALIZED (
    SELECT array_agg(closed_from ORDER BY closed_from) AS edges, array_agg(starts_at ORDER BY closed_from) AS weeks,
           min(closed_from) AS closed_from, max(closed_to) AS closed_to
    FROM week
), counted AS (
    SELECT edge.weeks[width_bucket(c.closed_at, edge.edges)] AS starts_at, metric.group_name(grouping(c.department), c.department) AS department,
           count(*) AS eligible, count(*) FILTER (WHERE c.is_followed) AS reopened
    FROM edge CROSS JOIN LATERAL metric.judged_closings(edge.closed_from, edge.closed_to, 'infinity', :zone) AS c
    WHERE c.is_eligible
    GROUP BY GROUPING SETS ((1, c.department), (1))
), figure AS (
    SELECT week.*, wanted.department, wanted.position, wanted.is_city, coalesce(eligible, 0) AS eligible, coalesce(reopened, 0) AS reopened,
           CASE WHEN is_whole THEN metric.share(reopened, eligible) END AS reopen_share
    FROM week CROSS JOIN metric.departments_and_city AS wanted LEFT JOIN counted USING (starts_at, department)
), chart AS (
    SELECT department, array_agg(reopen_share ORDER BY starts_at) AS reopened FROM figure GROUP BY department
)
SELECT to_char(f.starts_at AT TIME ZONE :zone, 'IYYY"-W"IW') AS week, metric.shown_group(f.department, f.is_city) AS department,
       f.eligible AS reopen_eligible, f.reopened, f.reopen_share,
       CASE WHEN f.number = 0 THEN metric.signal(chart.reopened) END AS reopen_signal, limits.lower AS reopen_lower, limits.upper AS reopen_upper
FROM figure AS f JOIN chart USING (department)
LEFT JOIN LATERAL metric.limits(chart.reopened, 0, 1) AS limits ON f.number = 0
ORDER BY f.starts_at, f.is_city, f.position, f.department;

-- weekly-calls --
-- One row a week (of so many before `to`): contacts offered, service level against each queue's own threshold, abandoned, and the hours below the target; the newest week also with its usual limits and whether it is a signal.
WITH bounds AS (
    SELECT coalesce(cast(:to AS timestamptz), date_trunc('week', now(), :zone)) AS ends_at,
           date_trunc('day', (SELECT min(interval_start) FROM contact_interval), :zone) AS data_from
), week AS MATERIALIZED (
    SELECT w.*, coalesce(w.starts_at >= b.data_from, false) AS is_whole
    FROM bounds AS b CROSS JOIN LATERAL metric.weeks_until(b.ends_at, :weeks, :zone) AS w
), change AS (
    SELECT '-infinity'::timestamptz AS valid_from UNION SELECT valid_from FROM service_target
), promise AS MATERIALIZED (
    -- each queue's promise between two changes of any, so that it is looked up so often and not for every row
    SELECT every.queue, change.valid_from, lead(change.valid_from, 1, 'infinity') OVER (PARTITION BY every.queue ORDER BY change.valid_from) AS valid_until,
           target.answer_threshold_seconds AS threshold, target.service_level_target AS target
    FROM (SELECT queue FROM queue UNION SELECT '*') AS every CROSS JOIN change
    LEFT JOIN LATERAL metric.target(every.queue, change.valid_from) AS target ON true
), hour AS MATERIALIZED (
    SELECT date_trunc('hour', i.interval_start, :zone) AS hour_start, sum(i.contacts) AS offered,
           coalesce(sum(i.contacts) FILTER (WHERE i.outcome = 'answered'), 0) AS answered,
           coalesce(sum(i.contacts) FILTER (WHERE i.outcome = 'abandoned'), 0) AS abandoned,
           coalesce(sum(i.contacts) FILTER (WHERE i.outcome = 'answered' AND i.wait_bound_seconds <= promise.threshold), 0) AS answered_within
    FROM contact_interval AS i
    LEFT JOIN promise ON promise.queue = i.queue AND i.interval_start >= promise.valid_from AND i.interval_start < promise.valid_until
    WHERE i.interval_start >= (SELECT min(starts_at) FROM week) AND i.interval_start < (SELECT max(ends_at) FROM week) AND i.contacts <> 0
    GROUP BY 1
), judged AS (
    SELECT hour.*, metric.service_level(answered_within, answered, abandoned) AS service_level, promise.target::double precision AS target
    FROM hour LEFT JOIN promise ON promise.queue = '*' AND hour.hour_start >= promise.valid_from AND hour.hour_start < promise.valid_until
), counted AS (
    SELECT date_trunc('week', hour_start, :zone) AS starts_at, sum(offered)::bigint AS offered, sum(answered)::bigint AS answered,
           sum(abandoned)::bigint AS abandoned, sum(answered_within)::bigint AS answered_within,
           count(*) FILTER (WHERE service_level < target) AS hours_below, count(*) FILTER (WHERE service_level IS NOT NULL AND target IS NOT NULL) AS hours
    FROM judged GROUP BY 1
), figure AS (
    SELECT week.*, coalesce(offered, 0) AS offered, coalesce(answered, 0) AS answered, coalesce(abandoned, 0) AS abandoned,
           coalesce(answered_within, 0) AS answered_within, hours_below, coalesce(hours, 0) AS hours,
           CASE WHEN is_whole THEN offered::double precision END AS offered_whole,
           CASE WHEN is_whole THEN metric.service_level(answered_within, answered, abandoned) END AS service_level,
           CASE WHEN is_whole THEN metric.abandon_share(abandoned, offered) END AS abandon_share,
           CASE WHEN is_whole AND hours > 0 THEN hours_below::double precision END AS hours_below_target
    FROM week LEFT JOIN counted USING (starts_at)
), chart AS (
    SELECT array_agg(offered_whole ORDER BY starts_at) AS offered, array_agg(service_level ORDER BY starts_at) AS service_level,
           array_agg(abandon_share ORDER BY starts_at) AS abandon_share, array_agg(hours_below_target ORDER BY starts_at) AS hours_below
    FROM figure
)
SELECT to_char(f.starts_at AT TIME ZONE :zone, 'IYYY"-W"IW') AS week, to_char(f.starts_at AT TIME ZONE :zone, 'YYYY-MM-DD') AS week_start, f.is_whole,
       f.offered, f.answered, f.abandoned, f.answered_within, f.service_level, promise.target::double precision AS service_level_target,
       f.abandon_share, f.hours_below_target, f.hours AS hours_judged,
       CASE WHEN f.number = 0 THEN metric.signal(chart.offered) END AS offered_signal, offered_limits.lower AS offered_lower,
       offered_limits.upper AS offered_upper, offered_limits.weeks AS usual_weeks,
       CASE WHEN f.number = 0 THEN metric.signal(chart.service_level) END AS service_level_signal,
       level_limits.lower AS service_level_lower, level_limits.upper AS service_level_upper,
       CASE WHEN f.number = 0 THEN metric.signal(chart.abandon_share) END AS abandon_signal,
       abandon_limits.lower AS abandon_lower, abandon_limits.upper AS abandon_upper,
       CASE WHEN f.number = 0 THEN metric.signal(chart.hours_below) END AS hours_below_signal,
       hours_limits.lower AS hours_below_lower, hours_limits.upper AS hours_below_upper
FROM figure AS f CROSS JOIN chart
LEFT JOIN promise ON promise.queue = '*' AND f.starts_at >= promise.valid_from AND f.starts_at < promise.valid_until
LEFT JOIN LATERAL metric.limits(chart.offered, 0) AS offered_limits ON f.number = 0
LEFT JOIN LATERAL metric.limits(chart.service_level, 0, 1) AS level_limits ON f.number = 0
LEFT JOIN LATERAL metric.limits(chart.abandon_share, 0, 1) AS abandon_limits ON f.number = 0
LEFT JOIN LATERAL metric.limits(chart.hours_below, 0) AS hours_limits ON f.number = 0
ORDER BY f.starts_at;

-- weekly-satisfaction --
-- One row a week (of so many before `to`): how many surveys were answered and how many residents were satisfied; the newest week also with its usual limits and whether it is a signal.
WITH week AS MATERIALIZED (
    SELECT w.* FROM metric.weeks_until(coalesce(cast(:to AS timestamptz), date_trunc('week', now(), :zone)), :weeks, :zone) AS w
), counted AS (
    SELECT date_trunc('week', answered_at, :zone) AS starts_at, count(*) AS answers, count(*) FILTER (WHERE metric.is_satisfied(score, scale)) AS satisfied,
           avg(score) AS mean_score, min(scale) AS least_scale, max(scale) AS largest_scale
    FROM survey WHERE answered_at >= (SELECT min(starts_at) FROM week) AND answered_at < (SELECT max(ends_at) FROM week)
    GROUP BY 1
), figure AS (
    SELECT week.*, coalesce(answers, 0) AS answers, coalesce(satisfied, 0) AS satisfied, metric.share(satisfied, answers) AS satisfaction,
           -- of different scales there is no mean
           CASE WHEN least_scale = largest_scale THEN mean_score::double precision END AS mean_score,
           CASE WHEN least_scale = largest_scale THEN least_scale END AS scale
    FROM week LEFT JOIN counted USING (starts_at)
), chart AS (
    SELECT array_agg(satisfaction ORDER BY starts_at) AS satisfaction FROM figure
)
SELECT to_char(f.starts_at AT TIME ZONE :zone, 'IYYY"-W"IW') AS week, to_char(f.starts_at AT TIME ZONE :zone, 'YYYY-MM-DD') AS week_start,
       f.answers, f.satisfied, f.satisfaction, f.mean_score, f.scale::double precision AS scale,
       CASE WHEN f.number = 0 THEN metric.signal(chart.satisfaction) END AS satisfaction_signal,
       limits.lower AS satisfaction_lower, limits.upper AS satisfaction_upper
FROM figure AS f CROSS JOIN chart
LEFT JOIN LATERAL metric.limits(chart.satisfaction, 0, 1) AS limits ON f.number = 0
ORDER BY f.starts_at;

-- weekly-searches --
-- One row a term that residents looked up in vain in the week that ends at `to`, at least five times lest it tell of one person; the first row, without a term, counts all searches.
WITH bounds AS (
    SELECT coalesce(cast(:to AS timestamptz), date_trunc('week', now(), :zone)) AS ends_at
), asked AS (
    SELECT metric.folded(term) AS term, answers FROM bounds AS b
    JOIN search ON performed_at >= metric.days_before(b.ends_at, 7, :zone) AND performed_at < b.ends_at
), counted AS (
    SELECT term, grouping(term) AS is_all, count(*) AS searches, count(*) FILTER (WHERE answers = 0) AS searches_without_answer
    FROM asked GROUP BY GROUPING SETS ((term), ())
)
SELECT term, searches, searches_without_answer, metric.share(searches_without_answer, searches) AS share
FROM counted WHERE is_all = 1 OR (searches_without_answer >= 5 AND term <> '')
ORDER BY is_all DESC, searches_without_answer DESC, term;
