-- Service requests: which were open when, when they were closed and reopened, and how they are counted. Instants are compared as
-- half-open: open at T is requested before T and not closed before T.

-- The same clock time so many calendar days earlier (or later, if negative).
CREATE FUNCTION metric.days_before(at timestamptz, days integer, zone text) RETURNS timestamptz
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT ((at AT TIME ZONE zone) - make_interval(days => days)) AT TIME ZONE zone $$;

-- Whether a request was open at an instant, by what was seen before it; of two at one instant the close counts.
CREATE FUNCTION metric.is_open_at(seen_open timestamptz[], seen_closed timestamptz[], at timestamptz) RETURNS boolean
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT coalesce((SELECT max(o) FROM unnest(seen_open) AS o WHERE o < at) > (SELECT max(c) FROM unnest(seen_closed) AS c WHERE c < at),
                    (SELECT max(c) FROM unnest(seen_closed) AS c WHERE c < at) IS NULL)
$$;

-- When a request that was reopened was closed for good, as known at an instant; NULL: it was open then.
CREATE FUNCTION metric.closed_again_as_of(seen_open timestamptz[], seen_closed timestamptz[], at timestamptz) RETURNS timestamptz
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT min(c) FROM unnest(seen_closed) AS c WHERE c < at AND c >= coalesce((SELECT max(o) FROM unnest(seen_open) AS o WHERE o < at), '-infinity')
$$;

-- When a request was closed, as known at an instant; NULL: it was open then. Nearly all were not reopened since, and cost no more than a comparison.
CREATE FUNCTION metric.closed_as_of(closed_at timestamptz, reopened boolean, seen_open timestamptz[], seen_closed timestamptz[], at timestamptz)
RETURNS timestamptz
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE WHEN reopened AND seen_open[cardinality(seen_open)] >= at THEN metric.closed_again_as_of(seen_open, seen_closed, at)
                WHEN closed_at < at THEN closed_at END
$$;

-- One row a closing that was followed by a reopening.
CREATE FUNCTION metric.reopenings(seen_open timestamptz[], seen_closed timestamptz[]) RETURNS TABLE (closed_at timestamptz, reopened_at timestamptz)
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT change.at, change.next_at
    FROM (
        SELECT at, is_closed, lead(at) OVER (ORDER BY at, is_closed) AS next_at
        FROM (
            SELECT at, is_closed, lag(is_closed, 1, false) OVER (ORDER BY at, is_closed) AS was_closed
            FROM (SELECT o, false FROM unnest(seen_open) AS o UNION ALL SELECT c, true FROM unnest(seen_closed) AS c) AS seen (at, is_closed)
        ) AS seen
        WHERE is_closed <> was_closed
    ) AS change
    WHERE change.is_closed AND change.next_at IS NOT NULL
$$;

-- One row a request that was open at an instant. Four parts, each with an index of its own; one that was reopened before the instant and not
-- closed before it was open, and only of those reopened later must be looked up what was seen when.
CREATE FUNCTION metric.open_requests(at timestamptz) RETURNS TABLE (
    department text, service_name text, requested_datetime timestamptz, expected_datetime timestamptz
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT r.department, r.service_name, r.requested_datetime, r.expected_datetime
    FROM request AS r WHERE r.closed_at IS NULL AND NOT r.reopened AND r.requested_datetime < at
    UNION ALL
    SELECT r.department, r.service_name, r.requested_datetime, r.expected_datetime
    FROM request AS r
    WHERE r.closed_at IS NULL AND r.reopened AND r.requested_datetime < at
      AND (r.seen_open[cardinality(r.seen_open)] < at OR metric.is_open_at(r.seen_open, r.seen_closed, at))
    UNION ALL
    SELECT r.department, r.service_name, r.requested_datetime, r.expected_datetime
    FROM request AS r
    -- "IS TRUE" keeps the planner, which does not know how near `at` is, to the index of closings: few were closed since
    WHERE r.closed_at >= at AND (r.requested_datetime < at) IS TRUE AND NOT r.reopened
    UNION ALL
    SELECT r.department, r.service_name, r.requested_datetime, r.expected_datetime
    FROM request AS r
    WHERE r.closed_at >= at AND (r.requested_datetime < at) IS TRUE AND r.reopened
      AND (r.seen_open[cardinality(r.seen_open)] < at OR metric.is_open_at(r.seen_open, r.seen_closed, at))
$$;

-- One row a closing in [starts_at, ends_at): those that held, and those that were followed by a reopening.
CREATE FUNCTION metric.closings(starts_at timestamptz, ends_at timestamptz) RETURNS TABLE (
    service_request_id text, department text, service_name text, closed_at timestamptz, reopened_at timestamptz,
    expected_datetime timestamptz, status_notes text, address_key text
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT r.service_request_id, r.department, r.service_name, r.closed_at, NULL::timestamptz, r.expected_datetime, r.status_notes, r.address_key
    FROM request AS r WHERE r.closed_at >= starts_at AND r.closed_at < ends_at
    UNION ALL
    SELECT r.service_request_id, r.department, r.service_name, again.closed_at, again.reopened_at, r.expected_datetime, r.status_notes, r.address_key
    FROM request AS r CROSS JOIN LATERAL metric.reopenings(r.seen_open, r.seen_closed) AS again
    WHERE r.reopened AND r.seen_open[cardinality(r.seen_open)] > starts_at AND r.seen_closed[1] < ends_at
      AND again.closed_at >= starts_at AND again.closed_at < ends_at
$$;

-- The same closings, each with whether it can be told if it was followed, and whether it was: within 30 days, and before `at`, by a reopening or
-- by a request of the same type at the same place. Types that are asked for again by design are not eligible.
CREATE FUNCTION metric.judged_closings(starts_at timestamptz, ends_at timestamptz, at timestamptz, zone text) RETURNS TABLE (
    department text, service_name text, closed_at timestamptz, status_notes text, is_eligible boolean, is_followed boolean
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH closing AS MATERIALIZED (
        SELECT c.*, NOT coalesce(service.left_out_of_reopening, false) AND (c.address_key IS NOT NULL OR c.reopened_at IS NOT NULL) AS is_eligible
        FROM metric.closings($1, $2) AS c LEFT JOIN service USING (service_name)
    )
    SELECT c.department, c.service_name, c.closed_at, c.status_notes, c.is_eligible,
           c.is_eligible AND (
               coalesce(c.reopened_at <= metric.days_before(c.closed_at, -30, $4) AND c.reopened_at < $3, false)
               OR (c.service_request_id, c.closed_at) IN (
                   -- one reading of what was asked for in those weeks: to look each address up would read all over the history
                   SELECT first.service_request_id, first.closed_at FROM closing AS first
                   WHERE EXISTS (
                       SELECT FROM request AS later
                       WHERE later.requested_datetime > $1 AND later.requested_datetime <= metric.days_before($2, -31, $4)
                         AND later.requested_datetime < $3
                         AND later.address_key = first.address_key AND later.service_name = first.service_name
                         AND later.requested_datetime > first.closed_at
                         AND later.requested_datetime <= metric.days_before(first.closed_at, -30, $4))))
    FROM closing AS c
$$;

-- Overdue, due within the next seven days, due later, or without a target: the four add up to the open ones.
CREATE FUNCTION metric.due_state(expected_datetime timestamptz, at timestamptz, in_seven_days timestamptz) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE WHEN expected_datetime IS NULL THEN 'no_target' WHEN expected_datetime < at THEN 'overdue'
                WHEN expected_datetime < in_seven_days THEN 'due_next_7_days' ELSE 'due_later' END
$$;

-- The share that was promised to be on time, of a type, a department, or the whole city (both '*'), at an instant.
CREATE FUNCTION metric.on_time_target(of_department text, of_service text, at timestamptz) RETURNS double precision
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT on_time_target::double precision FROM request_target
    WHERE department IN (of_department, '*') AND service_name IN (of_service, '*') AND valid_from <= at AND on_time_target IS NOT NULL
    ORDER BY service_name = '*', department = '*', valid_from DESC
    LIMIT 1
$$;

-- Due cohort: closed by the day promised ÷ all that were due.
CREATE FUNCTION metric.due_cohort_on_time(closed_on_time numeric, due numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(closed_on_time, due) $$;

-- Open ÷ a week's closings (the last 28 days ÷ 4).
CREATE FUNCTION metric.weeks_to_clear(open_requests numeric, closed_28_days numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT (open_requests / nullif(closed_28_days / 4, 0))::double precision $$;

-- P(Y >= count) for a negative binomial of this mean and variance (a Poisson where the variance is not larger than the mean).
CREATE FUNCTION metric.chance_of_at_least(count bigint, mean double precision, variance double precision) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    is_poisson constant boolean := variance <= mean * (1 + 1e-9);
    size constant double precision := CASE WHEN is_poisson THEN NULL ELSE mean * mean / (variance - mean) END;
    failure constant double precision := CASE WHEN is_poisson THEN NULL ELSE 1 - mean / variance END;
    k double precision := count;
    log_term double precision;
    term double precision;
    total double precision := 0;
BEGIN
    IF count <= 0 THEN
        RETURN 1;
    END IF;
    log_term := CASE WHEN is_poisson THEN k * ln(mean) - mean - lgamma(k + 1)
                     ELSE lgamma(k + size) - lgamma(k + 1) - lgamma(size) + size * ln(mean / variance) + k * ln(failure) END;
    IF log_term < -700 AND k > mean THEN
        RETURN 0;
    END IF;
    term := exp(greatest(log_term, -700));
    LOOP
        total := total + term;
        term := term * CASE WHEN is_poisson THEN mean / (k + 1) ELSE (k + size) / (k + 1) * failure END;
        k := k + 1;
        EXIT WHEN k > mean AND term < total * 1e-16;
    END LOOP;
    RETURN least(total, 1);
END
$$;

-- What a group of requests is called while it is counted: '*' is all of them.
CREATE FUNCTION metric.group_name(is_all integer, name text) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT CASE WHEN is_all = 1 THEN '*' ELSE name END $$;

-- And what it is called in an answer.
CREATE FUNCTION metric.shown_group(department text, is_city boolean) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT CASE WHEN is_city THEN 'city' ELSE department END $$;

-- One row a department in its fixed place, and one for the city, which has a row in every answer even if there is nothing to count.
CREATE VIEW metric.departments_and_city AS
SELECT department, '*' AS service_name, name, position, false AS is_city FROM department
UNION ALL SELECT '*', '*', 'City', 0, true;

-- Whether a request is one that a map asks for, as it was at an instant; NULL asks for all. `state` is open, overdue, or all.
CREATE FUNCTION metric.is_wanted(r request, of_department text, of_service text, of_channel text, state text, at timestamptz) RETURNS boolean
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT (of_department IS NULL OR r.department = of_department) AND (of_service IS NULL OR r.service_name = of_service)
       AND (of_channel IS NULL OR r.channel = of_channel)
       AND (coalesce(state, 'all') = 'all'
            OR (metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, at) IS NULL
                AND (state = 'open' OR coalesce(r.expected_datetime < at, false))))
$$;

-- From when on requests are known as a whole. Whoever begins brings in what is open, however old: before the first closing that is known only
-- those are there that nobody had closed, and nothing can be said of a share or of what was usual.
CREATE FUNCTION metric.requests_known_from() RETURNS timestamptz
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT greatest((SELECT min(requested_datetime) FROM request), (SELECT min(closed_at) FROM request WHERE closed_at IS NOT NULL))
$$;

-- A period (number 0) and the same weekdays and hours of the last eight weeks: as many weeks apart as it is long, lest it be compared with
-- itself, and only those that lie in no incident.
CREATE FUNCTION metric.quiet_weeks(from_at timestamptz, to_at timestamptz, zone text)
RETURNS TABLE (number integer, starts_at timestamptz, ends_at timestamptz) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH step AS (
        SELECT min(back) AS weeks FROM generate_series(1, 8) AS back WHERE $2 <= metric.days_before($1, -7 * back, $3)
    ), span AS (
        SELECT back, metric.days_before($1, 7 * back, $3) AS first, metric.days_before($2, 7 * back, $3) AS last
        FROM step CROSS JOIN generate_series(0, 8) AS back WHERE back = 0 OR back % step.weeks = 0
    )
    SELECT back, first, last FROM span
    WHERE back = 0 OR NOT EXISTS (SELECT FROM incident WHERE incident.onset_at < span.last AND coalesce(incident.ended_at, 'infinity') > span.first)
$$;

-- The same as `metric.quiet_weeks`, of the weeks of which there are requests.
CREATE FUNCTION metric.comparable_weeks(from_at timestamptz, to_at timestamptz, zone text)
RETURNS TABLE (number integer, starts_at timestamptz, ends_at timestamptz) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT week.* FROM metric.quiet_weeks($1, $2, $3) AS week
    WHERE week.number = 0 OR week.starts_at >= (SELECT metric.requests_known_from())
$$;

-- The chance of a count or more if nothing had changed, beside the counts of earlier weeks (weeks without any are left out of `before`, but not
-- out of `weeks`): a negative binomial of their mean and over-dispersion, as for rising types; NULL with fewer than four weeks.
CREATE FUNCTION metric.chance_beside(count bigint, before bigint[], weeks bigint) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT metric.chance_of_at_least(count, mean, spread.phi * mean * (1 + 1.0 / nullif(weeks, 0)))
    FROM (
        SELECT coalesce(sum(b ^ 2), 0)::double precision AS squares, coalesce(nullif(sum(b), 0), 0.5)::double precision / nullif(weeks, 0) AS mean, sum(b) > 0 AS is_known
        FROM unnest(before) AS b
    ) AS known
    CROSS JOIN LATERAL (
        SELECT CASE WHEN is_known THEN greatest(1, (squares - weeks * mean ^ 2) / mean / nullif(weeks - 1, 0)) ELSE 1 END AS phi
    ) AS spread
    WHERE weeks >= 4
$$;

-- What is kept of the notes of a closing once their words are too old: the phrases that mean closed without work.
CREATE FUNCTION metric.kept_of_notes(notes text) RETURNS text STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT string_agg(phrase, '; ' ORDER BY phrase) FROM closing_phrase WHERE strpos(lower(notes), lower(phrase)) > 0
$$;
