-- incidents --
-- One row an incident as it stood at `as_of`, those that run first, then the newest onset first.
SELECT i.*, extract(epoch FROM coalesce(cast(:as_of AS timestamptz), now()) - i.onset_at)::double precision / 3600 AS hour
FROM metric.incidents(coalesce(cast(:as_of AS timestamptz), now())) AS i
ORDER BY i.ended_at IS NOT NULL, i.onset_at DESC, i.incident_id DESC;

-- incident-changes --
-- One row a change of an incident by `as_of`, in order: what it was after it, who changed it and why.
SELECT change_id, changed_at, changed_by, reason, name, level, onset_at, ended_at, areas
FROM incident_change WHERE incident_id = :incident_id AND changed_at <= coalesce(cast(:as_of AS timestamptz), now())
ORDER BY changed_at, change_id;

-- storm-contacts --
-- One row an hour of the storm clock in [from, to), counted from `from`: contacts queued, answered, given up and still waiting as known at `as_of`; only hours that are over by then have counts.
WITH bounds AS (
    SELECT cast(:from AS timestamptz) AS from_at, cast(:to AS timestamptz) AS to_at, coalesce(cast(:as_of AS timestamptz), now()) AS as_of
), hour AS (
    SELECT n AS number, b.from_at + make_interval(hours => n) AS starts_at, b.from_at + make_interval(hours => n + 1) AS ends_at,
           b.from_at + make_interval(hours => n + 1) <= b.as_of AS is_over
    FROM bounds AS b CROSS JOIN generate_series(0, ceil(extract(epoch FROM b.to_at - b.from_at) / 3600)::integer - 1) AS n
), seen AS (
    SELECT floor(extract(epoch FROM c.queued_at - b.from_at) / 3600)::integer AS number, count(*)::double precision AS contacts,
           count(*) FILTER (WHERE c.outcome = 'answered') AS answered, count(*) FILTER (WHERE c.outcome = 'abandoned') AS abandoned,
           count(*) FILTER (WHERE c.outcome = 'waiting') AS waiting, max(c.wait_seconds)::double precision AS longest_wait_seconds
    FROM bounds AS b CROSS JOIN LATERAL metric.contacts(b.as_of) AS c
    WHERE c.queued_at >= b.from_at AND c.queued_at < least(b.to_at, b.as_of)
    GROUP BY 1
), stream AS MATERIALIZED (
    SELECT coalesce(metric.stream_counts_from(:zone), 'infinity') AS counts_from
), piece AS MATERIALIZED (
    SELECT v.* FROM bounds AS b CROSS JOIN stream CROSS JOIN LATERAL metric.volume_pieces(b.from_at, least(b.to_at, b.as_of), :zone) AS v
    WHERE v.ends_at <= b.as_of AND v.starts_at < stream.counts_from
), told AS (
    SELECT hour.number, sum(v.contacts * metric.overlap(v.starts_at, v.ends_at, hour.starts_at, hour.ends_at)) AS contacts
    FROM piece AS v JOIN hour ON hour.starts_at < v.ends_at AND hour.ends_at > v.starts_at
    GROUP BY hour.number
)
SELECT hour.number, hour.starts_at, CASE WHEN hour.is_over THEN coalesce(told.contacts, seen.contacts, CASE WHEN known.is_known THEN 0 END) END AS contacts,
       CASE WHEN hour.is_over AND told.contacts IS NULL THEN coalesce(seen.answered, 0) END::double precision AS answered,
       CASE WHEN hour.is_over AND told.contacts IS NULL THEN coalesce(seen.abandoned, 0) END::double precision AS abandoned,
       CASE WHEN hour.is_over AND told.contacts IS NULL THEN coalesce(seen.waiting, 0) END::double precision AS waiting,
       CASE WHEN hour.is_over THEN seen.longest_wait_seconds END AS longest_wait_seconds
FROM hour LEFT JOIN seen USING (number) LEFT JOIN told USING (number)
CROSS JOIN stream CROSS JOIN LATERAL (SELECT hour.starts_at >= stream.counts_from AS is_known) AS known
ORDER BY hour.number;

-- storm-expected --
-- One row an hour of the storm clock in [from, to): contacts that the forecasts issued before the hour expected, with their 80 % band, and what the same runs expected without a storm; `afterwards` where the forecast was made afterwards with what was known then.
WITH bounds AS (
    SELECT cast(:from AS timestamptz) AS from_at, cast(:to AS timestamptz) AS to_at, coalesce(cast(:as_of AS timestamptz), now()) AS as_of
), hour AS (
    SELECT n AS number, b.from_at + make_interval(hours => n) AS starts_at, b.from_at + make_interval(hours => n + 1) AS ends_at
    FROM bounds AS b CROSS JOIN generate_series(0, ceil(extract(epoch FROM b.to_at - b.from_at) / 3600)::integer - 1) AS n
), expected_piece AS MATERIALIZED (
    SELECT e.* FROM bounds AS b CROSS JOIN LATERAL metric.expected_pieces(b.from_at, b.to_at, b.as_of) AS e
), calm_piece AS MATERIALIZED (
    SELECT e.* FROM bounds AS b CROSS JOIN LATERAL metric.no_storm_pieces(b.from_at, b.to_at, b.as_of) AS e
), expected AS (
    SELECT hour.number, sum(e.yhat * share.of) AS expected, sum(e.low * share.of) AS expected_low, sum(e.high * share.of) AS expected_high,
           bool_or(e.afterwards) AS afterwards, max(e.made_at) AS made_at, sum(share.of) AS half_hours
    FROM expected_piece AS e JOIN hour ON hour.starts_at < e.ends_at AND hour.ends_at > e.starts_at
    CROSS JOIN LATERAL (SELECT metric.overlap(e.starts_at, e.ends_at, hour.starts_at, hour.ends_at) AS of) AS share
    GROUP BY hour.number
), calm AS (
    SELECT hour.number, sum(e.yhat * share.of) AS no_storm, sum(share.of) AS half_hours
    FROM calm_piece AS e JOIN hour ON hour.starts_at < e.ends_at AND hour.ends_at > e.starts_at
    CROSS JOIN LATERAL (SELECT metric.overlap(e.starts_at, e.ends_at, hour.starts_at, hour.ends_at) AS of) AS share
    GROUP BY hour.number
)
SELECT hour.number, hour.starts_at, e.expected, e.expected_low, e.expected_high, c.no_storm, coalesce(e.afterwards, false) AS afterwards, e.made_at
FROM hour
LEFT JOIN (SELECT * FROM expected WHERE half_hours > 1.99) AS e USING (number)
LEFT JOIN (SELECT * FROM calm WHERE half_hours > 1.99) AS c USING (number)
ORDER BY hour.number;

-- storm-usual --
-- One row an hour of the storm clock in [from, to) and kind (contacts, requests, posts, searches): the median, 10th and 90th percentile of the same weekday and hour in the eight weeks before that lie in no incident, and of how many weeks.
WITH week AS MATERIALIZED (
    SELECT * FROM metric.quiet_weeks(cast(:from AS timestamptz), cast(:to AS timestamptz), :zone) WHERE number > 0
), hour AS (
    SELECT week.number AS week, n AS number, week.starts_at + make_interval(hours => n) AS starts_at, week.starts_at + make_interval(hours => n + 1) AS ends_at
    FROM week CROSS JOIN LATERAL generate_series(0, ceil(extract(epoch FROM cast(:to AS timestamptz) - cast(:from AS timestamptz)) / 3600)::integer - 1) AS n
), piece AS MATERIALIZED (
    SELECT week.number AS week, week.starts_at AS clock, v.* FROM week CROSS JOIN LATERAL metric.volume_pieces(week.starts_at, week.ends_at, :zone) AS v
), known AS MATERIALIZED (
    SELECT 'contacts' AS kind, least((SELECT min(starts_at) FROM volume WHERE minutes <= 60), metric.stream_counts_from(:zone)) AS from_at
    UNION ALL SELECT 'requests', metric.requests_known_from()
    UNION ALL SELECT 'posts', (SELECT min(posted_at) FROM social_post)
    UNION ALL SELECT 'searches', (SELECT min(performed_at) FROM search)
), happened AS (
    SELECT 'contacts' AS kind, v.week, n AS number,
           sum(v.contacts * metric.overlap(v.starts_at, v.ends_at, v.clock + make_interval(hours => n), v.clock + make_interval(hours => n + 1))) AS count
    FROM piece AS v CROSS JOIN LATERAL generate_series(
        floor(extract(epoch FROM v.starts_at - v.clock) / 3600)::integer, ceil(extract(epoch FROM v.ends_at - v.clock) / 3600)::integer - 1
    ) AS n
    GROUP BY 2, 3
    UNION ALL
    SELECT 'requests', week.number, floor(extract(epoch FROM r.requested_datetime - week.starts_at) / 3600)::integer, count(*)
    FROM week JOIN request AS r ON r.requested_datetime >= week.starts_at AND r.requested_datetime < week.ends_at GROUP BY 2, 3
    UNION ALL
    SELECT 'posts', week.number, floor(extract(epoch FROM p.posted_at - week.starts_at) / 3600)::integer, count(*)
    FROM week JOIN social_post AS p ON p.posted_at >= week.starts_at AND p.posted_at < week.ends_at GROUP BY 2, 3
    UNION ALL
    SELECT 'searches', week.number, floor(extract(epoch FROM s.performed_at - week.starts_at) / 3600)::integer, count(*)
    FROM week JOIN search AS s ON s.performed_at >= week.starts_at AND s.performed_at < week.ends_at GROUP BY 2, 3
)
SELECT known.kind, hour.number, percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(h.count, 0)) AS usual,
       percentile_cont(0.1) WITHIN GROUP (ORDER BY coalesce(h.count, 0)) AS usual_low, percentile_cont(0.9) WITHIN GROUP (ORDER BY coalesce(h.count, 0)) AS usual_high,
       count(*) AS weeks
FROM hour JOIN week ON week.number = hour.week JOIN known ON known.from_at <= week.starts_at
LEFT JOIN happened AS h ON h.kind = known.kind AND h.week = hour.week AND h.number = hour.number
GROUP BY known.kind, hour.number
ORDER BY known.kind, hour.number;

-- storm-counts --
-- One row an hour of the storm clock in [from, to) and kind (requests, posts, searches) that is over by `as_of`: how many there were.
WITH bounds AS (
    SELECT cast(:from AS timestamptz) AS from_at, cast(:to AS timestamptz) AS to_at, coalesce(cast(:as_of AS timestamptz), now()) AS as_of
), span AS (
    SELECT b.*, floor(extract(epoch FROM least(b.to_at, b.as_of) - b.from_at) / 3600)::integer AS hours FROM bounds AS b
), happened AS (
    SELECT 'requests' AS kind, r.requested_datetime AS at FROM span JOIN request AS r ON r.requested_datetime >= span.from_at AND r.requested_datetime < span.as_of
    UNION ALL SELECT 'posts', p.posted_at FROM span JOIN social_post AS p ON p.posted_at >= span.from_at AND p.posted_at < span.as_of
    UNION ALL SELECT 'searches', s.performed_at FROM span JOIN search AS s ON s.performed_at >= span.from_at AND s.performed_at < span.as_of
), counted AS (
    SELECT h.kind, floor(extract(epoch FROM h.at - span.from_at) / 3600)::integer AS number, count(*) AS count
    FROM span CROSS JOIN happened AS h GROUP BY 1, 2
)
SELECT kind.kind, n AS number, coalesce(counted.count, 0) AS count
FROM span CROSS JOIN (VALUES ('requests'), ('posts'), ('searches')) AS kind (kind) CROSS JOIN generate_series(0, span.hours - 1) AS n
LEFT JOIN counted ON counted.kind = kind.kind AND counted.number = n
ORDER BY kind.kind, n;

-- storm-now --
-- One row: the hour before `as_of` (contacts, answered, given up, requests, posts, searches), what waits then (of imported counts only contacts are known), open requests then and an hour before, and the same sums since `onset`; NULL where nothing of a kind was ever told.
WITH bounds AS (
    SELECT cast(:onset AS timestamptz) AS onset_at, coalesce(cast(:as_of AS timestamptz), now()) AS as_of
), contacts AS (
    SELECT count(*) FILTER (WHERE c.queued_at >= b.as_of - interval '1 hour' AND c.queued_at < b.as_of) AS contacts_hour,
           count(*) FILTER (WHERE c.queued_at >= b.as_of - interval '1 hour' AND c.queued_at < b.as_of AND c.outcome = 'answered') AS answered_hour,
           count(*) FILTER (WHERE c.queued_at >= b.as_of - interval '1 hour' AND c.queued_at < b.as_of AND c.outcome = 'abandoned') AS abandoned_hour,
           count(*) FILTER (WHERE c.queued_at >= b.onset_at) AS contacts_since, count(*) FILTER (WHERE c.queued_at >= b.onset_at AND c.outcome = 'abandoned') AS abandoned_since,
           count(*) FILTER (WHERE c.outcome = 'waiting' AND c.queued_at > b.as_of - make_interval(secs => :given_up_after)) AS waiting_now,
           max(extract(epoch FROM b.as_of - c.queued_at)) FILTER (WHERE c.outcome = 'waiting' AND c.queued_at > b.as_of - make_interval(secs => :given_up_after))::double precision
               AS longest_wait_now_seconds
    FROM bounds AS b CROSS JOIN LATERAL metric.contacts(b.as_of) AS c
    WHERE c.queued_at >= least(b.onset_at, b.as_of - interval '1 day')
), told AS (
    SELECT sum(v.contacts * metric.overlap(v.starts_at, v.ends_at, b.as_of - interval '1 hour', b.as_of)) AS contacts_hour,
           sum(v.contacts * metric.overlap(v.starts_at, v.ends_at, b.onset_at, b.as_of)) FILTER (WHERE b.onset_at < b.as_of) AS contacts_since
    FROM bounds AS b CROSS JOIN LATERAL metric.volume_pieces(least(b.onset_at, b.as_of - interval '1 hour'), b.as_of, :zone) AS v
    WHERE v.ends_at <= b.as_of AND v.starts_at < coalesce(metric.stream_counts_from(:zone), 'infinity')
), requests AS (
    SELECT count(*) FILTER (WHERE r.requested_datetime >= b.as_of - interval '1 hour') AS requests_hour,
           count(*) FILTER (WHERE r.requested_datetime >= b.onset_at) AS requests_since
    FROM bounds AS b JOIN request AS r ON r.requested_datetime >= least(b.onset_at, b.as_of - interval '1 hour') AND r.requested_datetime < b.as_of
), others AS (
    SELECT (SELECT count(*) FROM bounds AS b JOIN social_post AS p ON p.posted_at >= b.as_of - interval '1 hour' AND p.posted_at < b.as_of) AS posts_hour,
           (SELECT count(*) FROM bounds AS b JOIN search AS s ON s.performed_at >= b.as_of - interval '1 hour' AND s.performed_at < b.as_of) AS searches_hour,
           (SELECT count(*) FROM bounds AS b JOIN search AS s ON s.performed_at >= b.onset_at AND s.performed_at < b.as_of AND s.answers = 0) AS searches_without_answer_since,
           (SELECT count(*) FROM bounds AS b CROSS JOIN LATERAL metric.open_requests(b.as_of)) AS open_requests,
           (SELECT count(*) FROM bounds AS b CROSS JOIN LATERAL metric.open_requests(b.as_of - interval '1 hour')) AS open_requests_hour_ago
)
SELECT b.as_of, coalesce(told.contacts_hour::bigint, contacts.contacts_hour) AS contacts_hour, contacts.answered_hour, contacts.abandoned_hour,
       coalesce(told.contacts_since::bigint, contacts.contacts_since) AS contacts_since, contacts.abandoned_since, contacts.waiting_now,
       contacts.longest_wait_now_seconds, metric.share(contacts.abandoned_hour, contacts.contacts_hour) AS abandon_share_hour,
       CASE WHEN known.requests THEN requests.requests_hour END AS requests_hour, CASE WHEN known.requests THEN requests.requests_since END AS requests_since,
       CASE WHEN known.posts THEN others.posts_hour END AS posts_hour, CASE WHEN known.searches THEN others.searches_hour END AS searches_hour,
       others.searches_without_answer_since, CASE WHEN known.requests THEN others.open_requests END AS open_requests, others.open_requests_hour_ago
FROM bounds AS b CROSS JOIN contacts CROSS JOIN told CROSS JOIN requests CROSS JOIN others
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM request WHERE requested_datetime < b.as_of) AS requests, EXISTS (SELECT FROM social_post WHERE posted_at < b.as_of) AS posts,
           EXISTS (SELECT FROM search WHERE performed_at < b.as_of) AS searches
) AS known;

-- storm-searches --
-- One row a search term that residents looked up since `from` and that found no answer at least once, the most frequent first, at most `most`.
SELECT metric.folded(s.term) AS term, count(*) AS searches, count(*) FILTER (WHERE s.answers = 0) AS without_answer, max(s.performed_at) AS newest_at
FROM search AS s
WHERE s.performed_at >= cast(:from AS timestamptz) AND s.performed_at < coalesce(cast(:as_of AS timestamptz), now())
GROUP BY 1 HAVING count(*) FILTER (WHERE s.answers = 0) > 0
ORDER BY without_answer DESC, term LIMIT coalesce(cast(:most AS integer), 20);

-- storm-weather --
-- One row an hour in [from, to): the newest forecast for the grid that was issued when the hour began, and by `as_of`; of days without one what the station measured, once they are over, in equal parts. Snow and rain in millimetres an hour.
WITH bounds AS (
    SELECT cast(:from AS timestamptz) AS from_at, cast(:to AS timestamptz) AS to_at, coalesce(cast(:as_of AS timestamptz), now()) AS as_of
), forecast AS MATERIALIZED (
    SELECT h.hour_start, h.temperature_celsius, h.snow_mm, h.precipitation_mm, h.wind_kmh, h.gust_kmh, h.issued_at, false AS measured
    FROM bounds AS b CROSS JOIN LATERAL metric.forecast_hours(:grid, b.from_at, b.to_at, b.as_of) AS h
), measured AS (
    SELECT slot, NULL::double precision, d.snow_mm / 24, d.precipitation_mm / 24, d.wind_kmh, d.gust_kmh, NULL::timestamptz, true
    FROM bounds AS b
    JOIN weather_day AS d ON d.station = :station AND (d.day + 1)::timestamp AT TIME ZONE :zone <= b.as_of AND (d.day + 1)::timestamp AT TIME ZONE :zone > b.from_at
    CROSS JOIN LATERAL generate_series(d.day::timestamp AT TIME ZONE :zone, (d.day + 1)::timestamp AT TIME ZONE :zone - interval '1 hour', interval '1 hour') AS slot
    WHERE slot >= b.from_at AND slot < b.to_at
      AND NOT EXISTS (SELECT FROM forecast WHERE (forecast.hour_start AT TIME ZONE :zone)::date = d.day)
)
SELECT w.*, w.hour_start < b.as_of AS is_past
FROM bounds AS b CROSS JOIN (SELECT * FROM forecast UNION ALL SELECT * FROM measured) AS w
ORDER BY w.hour_start;

-- activity-log --
-- One row an entry of an incident's log as recorded by `as_of`, the newest first: an entry that was corrected carries its newest wording beside its own, one that was promoted is significant.
WITH told AS (
    SELECT * FROM activity_log WHERE incident_id = :incident_id AND recorded_at <= coalesce(cast(:as_of AS timestamptz), now())
)
SELECT e.entry_id, e.recorded_at, e.happened_at, e.recorded_by, e.position, e.kind, e.text, e.audience, e.channel,
       e.significant OR EXISTS (SELECT FROM told AS p WHERE p.concerns = e.entry_id AND p.kind = 'promotion') AS significant,
       c.text AS corrected_text, c.recorded_by AS corrected_by, c.recorded_at AS corrected_at
FROM told AS e
LEFT JOIN LATERAL (SELECT * FROM told AS c WHERE c.concerns = e.entry_id AND c.kind = 'correction' ORDER BY c.entry_id DESC LIMIT 1) AS c ON true
WHERE e.kind IN ('entry', 'message')
ORDER BY e.happened_at DESC, e.entry_id DESC;

-- activity-log-record --
-- One row that was ever added to an incident's log, in the order in which they were recorded: entries, messages, corrections, promotions, with what each concerns.
SELECT entry_id, recorded_at, happened_at, recorded_by, position, kind, text, significant, audience, channel, concerns
FROM activity_log WHERE incident_id = :incident_id AND recorded_at <= coalesce(cast(:as_of AS timestamptz), now())
ORDER BY recorded_at, entry_id;

-- approved-answers --
-- One row an approved answer in the version that held at `as_of`, by topic and question, with whether its review is overdue.
SELECT DISTINCT ON (topic, question, answer_id) answer_id, version_id, topic, question, answer, search_words, owner, source, verified_at, review_by,
       saved_at, saved_by, review_by < coalesce(cast(:as_of AS timestamptz), now()) AS overdue
FROM (
    SELECT DISTINCT ON (answer_id) * FROM approved_answer WHERE saved_at <= coalesce(cast(:as_of AS timestamptz), now())
    ORDER BY answer_id, saved_at DESC, version_id DESC
) AS newest
WHERE NOT retired
ORDER BY topic, question, answer_id;

-- lifelines --
-- One row a lifeline, in their order: what a person judged of it last in an incident by `as_of`, and its requests since `from` and before that.
SELECT line.lifeline, line.position, coalesce(s.status, 'unknown') AS status, s.reason, s.next_update_at, s.set_at, s.set_by, coalesce(r.requests, 0) AS requests,
       r.open_requests, (SELECT count(*) FROM lifeline_type AS t WHERE t.lifeline = line.lifeline) AS types
FROM (VALUES (1, 'Safety and security'), (2, 'Food, hydration, shelter'), (3, 'Health and medical'), (4, 'Energy'), (5, 'Communications'), (6, 'Transportation'),
             (7, 'Hazardous materials'), (8, 'Water systems')) AS line (position, lifeline)
LEFT JOIN LATERAL (
    SELECT * FROM lifeline_status AS s WHERE s.incident_id = :incident_id AND s.lifeline = line.lifeline AND s.set_at <= coalesce(cast(:as_of AS timestamptz), now())
    ORDER BY s.set_at DESC, s.status_id DESC LIMIT 1
) AS s ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS requests,
           count(*) FILTER (WHERE metric.closed_as_of(r.closed_at, r.reopened, r.seen_open, r.seen_closed, coalesce(cast(:as_of AS timestamptz), now())) IS NULL) AS open_requests
    FROM lifeline_type AS t JOIN request AS r USING (service_name)
    WHERE t.lifeline = line.lifeline AND r.requested_datetime >= cast(:from AS timestamptz) AND r.requested_datetime < coalesce(cast(:as_of AS timestamptz), now())
) AS r ON true
ORDER BY line.position;

-- write-incident-opened --
-- Open an incident, and note who did; no row if there is one of that name, or the alert has one that runs.
WITH opened AS (
    INSERT INTO incident (name, kind, level, onset_at, areas, alert_id, opened_at, opened_by)
    SELECT :name, :kind, :level, cast(:onset_at AS timestamptz), cast(:areas AS text[]), cast(:alert_id AS text), now(), :who
    WHERE NOT EXISTS (SELECT FROM incident AS i WHERE i.alert_id = cast(:alert_id AS text) AND i.ended_at IS NULL)
    ON CONFLICT (name) DO NOTHING RETURNING *
), changed AS (
    INSERT INTO incident_change (incident_id, changed_by, reason, name, level, onset_at, areas)
    SELECT incident_id, :who, :reason, name, level, onset_at, areas FROM opened
), noted AS (
    INSERT INTO audit (who, what, subject, after) SELECT :who, 'incident', incident_id::text, to_jsonb(opened) FROM opened
)
SELECT incident_id, pg_notify('city311', 'incident') FROM opened;

-- write-incident-change --
-- Change an incident if it still is as the person saw it: its level, name, onset, areas or end; no row if somebody else was quicker, or has taken the name.
WITH seen AS (
    SELECT * FROM incident WHERE incident_id = :incident_id AND level = :seen_level AND ended_at IS NOT DISTINCT FROM cast(:seen_ended_at AS timestamptz)
      AND name = :seen_name AND onset_at = cast(:seen_onset_at AS timestamptz) AND areas = cast(:seen_areas AS text[])
      AND NOT EXISTS (SELECT FROM incident AS other WHERE other.name = :name AND other.incident_id <> :incident_id) FOR UPDATE
), after AS (
    UPDATE incident AS i SET name = :name, level = :level, onset_at = cast(:onset_at AS timestamptz), ended_at = cast(:ended_at AS timestamptz),
           areas = cast(:areas AS text[])
    FROM seen WHERE i.incident_id = seen.incident_id RETURNING i.*
), changed AS (
    INSERT INTO incident_change (incident_id, changed_by, reason, name, level, onset_at, ended_at, areas)
    SELECT incident_id, :who, :reason, name, level, onset_at, ended_at, areas FROM after
), noted AS (
    INSERT INTO audit (who, what, subject, before, after)
    SELECT :who, 'incident', after.incident_id::text, to_jsonb(seen), to_jsonb(after) FROM seen JOIN after USING (incident_id)
)
SELECT incident_id, pg_notify('city311', 'incident') FROM after;

-- write-log-entry --
-- Add an entry, an outbound message, a correction or a promotion to an incident's log; no row if the entry that it concerns is not of this incident.
WITH added AS (
    INSERT INTO activity_log (incident_id, happened_at, recorded_by, position, kind, text, significant, audience, channel, concerns)
    SELECT :incident_id, coalesce(cast(:happened_at AS timestamptz), now()), :who, :position, :kind, :text, coalesce(:significant, false), :audience, :channel,
           cast(:concerns AS bigint)
    WHERE cast(:concerns AS bigint) IS NULL OR EXISTS (
        SELECT FROM activity_log WHERE entry_id = cast(:concerns AS bigint) AND incident_id = :incident_id AND kind IN ('entry', 'message'))
    RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, before, after)
    SELECT added.recorded_by, 'activity_log', added.entry_id::text, to_jsonb(before), to_jsonb(added)
    FROM added LEFT JOIN activity_log AS before ON before.entry_id = added.concerns
)
SELECT entry_id, pg_notify('city311', 'incident') FROM added;

-- write-answer --
-- Keep a version of an approved answer; without `answer_id` it is a new one. No row if somebody else saved, or is saving, a newer version than the one that was seen.
WITH added AS (
    INSERT INTO approved_answer (answer_id, topic, question, answer, search_words, owner, source, verified_at, review_by, retired, saved_by)
    SELECT coalesce(cast(:answer_id AS bigint), nextval('approved_answer_number')), :topic, :question, :answer, cast(:search_words AS text[]), :owner, :source,
           cast(:verified_at AS timestamptz), cast(:review_by AS timestamptz), coalesce(:retired, false), :who
    WHERE cast(:answer_id AS bigint) IS NULL OR (
        pg_try_advisory_xact_lock(hashtext('approved_answer'), cast(:answer_id AS integer))
        AND cast(:seen_version_id AS bigint) = (SELECT max(version_id) FROM approved_answer WHERE answer_id = cast(:answer_id AS bigint)))
    RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, before, after)
    SELECT added.saved_by, 'approved_answer', added.answer_id::text, to_jsonb(before), to_jsonb(added)
    FROM added LEFT JOIN approved_answer AS before ON before.version_id = cast(:seen_version_id AS bigint) AND before.answer_id = added.answer_id
)
SELECT answer_id, version_id, pg_notify('city311', 'incident') FROM added;

-- write-lifeline --
-- Keep what a person judges of a lifeline.
WITH added AS (
    INSERT INTO lifeline_status (incident_id, lifeline, status, reason, next_update_at, set_by)
    VALUES (:incident_id, :lifeline, :status, :reason, cast(:next_update_at AS timestamptz), :who)
    RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, before, after)
    SELECT added.set_by, 'lifeline_status', added.incident_id || ' ' || added.lifeline, to_jsonb(before), to_jsonb(added)
    FROM added LEFT JOIN LATERAL (
        SELECT * FROM lifeline_status AS s WHERE s.incident_id = added.incident_id AND s.lifeline = added.lifeline ORDER BY s.set_at DESC, s.status_id DESC LIMIT 1
    ) AS before ON true
)
SELECT status_id, pg_notify('city311', 'incident') FROM added;
