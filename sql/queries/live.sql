-- queue-now --
-- One row a queue in its fixed place and one for all: waiting now, the last 30 minutes, today so far, the promise, and the age of its feed. Live, today comes from the roll-ups; as of a past instant, from the rows.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS as_of, cast(:as_of AS timestamptz) IS NULL AS live,
           date_trunc('day', coalesce(:as_of, now()), :zone) AS midnight
), promise AS (
    SELECT queue.queue, t.*
    FROM bounds AS b CROSS JOIN queue
    LEFT JOIN LATERAL (
        SELECT answer_threshold_seconds AS threshold, service_level_target AS target, longest_wait_limit_seconds, wrap_up_limit_seconds
        FROM metric.target(queue.queue, b.as_of)
    ) AS t ON true
), recent AS (
    SELECT c.queue,
           count(*) FILTER (WHERE outcome = 'waiting' AND c.queued_at > b.as_of - make_interval(secs => :given_up_after)) AS waiting_now,
           max(extract(epoch FROM b.as_of - c.queued_at))
               FILTER (WHERE outcome = 'waiting' AND c.queued_at > b.as_of - make_interval(secs => :given_up_after)) AS longest_wait_now_seconds,
           count(*) FILTER (WHERE outcome = 'waiting' AND c.queued_at <= b.as_of - make_interval(secs => :given_up_after)) AS lost_track_of,
           count(*) FILTER (WHERE in_window) AS offered_30m,
           count(*) FILTER (WHERE in_window AND outcome = 'answered') AS answered_30m,
           count(*) FILTER (WHERE in_window AND outcome = 'abandoned') AS abandoned_30m,
           count(*) FILTER (WHERE in_window AND outcome = 'answered' AND wait_seconds <= p.threshold) AS within_30m,
           sum(wait_seconds) FILTER (WHERE in_window AND outcome = 'answered') AS answered_wait_seconds_30m
    FROM bounds AS b
    CROSS JOIN LATERAL metric.contacts(b.as_of) AS c
    CROSS JOIN LATERAL (SELECT c.queued_at > b.as_of - interval '30 minutes' AS in_window) AS w
    JOIN promise AS p ON p.queue = c.queue
    WHERE c.queued_at > b.as_of - make_interval(secs => :given_up_after) - interval '1 day'
    GROUP BY c.queue
), today AS (
    SELECT i.queue,
           sum(contacts) AS offered,
           sum(contacts) FILTER (WHERE outcome = 'answered') AS answered,
           sum(contacts) FILTER (WHERE outcome = 'abandoned') AS abandoned,
           sum(contacts) FILTER (WHERE outcome = 'answered' AND wait_bound_seconds <= p.threshold) AS within,
           sum(wait_seconds) FILTER (WHERE outcome = 'answered') AS answered_wait_seconds
    FROM bounds AS b
    JOIN contact_interval AS i ON i.interval_start >= b.midnight AND i.interval_start <= b.as_of
    JOIN promise AS p ON p.queue = i.queue
    WHERE b.live
    GROUP BY i.queue
    UNION ALL
    SELECT c.queue,
           count(*),
           count(*) FILTER (WHERE outcome = 'answered'),
           count(*) FILTER (WHERE outcome = 'abandoned'),
           count(*) FILTER (WHERE outcome = 'answered' AND wait_seconds <= p.threshold),
           sum(wait_seconds) FILTER (WHERE outcome = 'answered')
    FROM bounds AS b
    CROSS JOIN LATERAL metric.contacts(b.as_of) AS c
    JOIN promise AS p ON p.queue = c.queue
    WHERE NOT b.live AND c.queued_at >= b.midnight
    GROUP BY c.queue
), free AS (
    SELECT agent.agent_id, agent.queues
    FROM bounds AS b CROSS JOIN LATERAL metric.agents(b.as_of, make_interval(secs => :lost_after)) AS agent
    WHERE agent.state = 'available'
), free_by_queue AS (
    SELECT queue, count(*) AS agents_available FROM free CROSS JOIN LATERAL unnest(free.queues) AS queue GROUP BY queue
), counted AS (
    SELECT queue.queue, grouping(queue.queue) AS is_all,
           coalesce(sum(waiting_now), 0)::bigint AS waiting_now,
           max(longest_wait_now_seconds)::double precision AS longest_wait_now_seconds,
           coalesce(sum(lost_track_of), 0)::bigint AS lost_track_of,
           CASE WHEN grouping(queue.queue) = 1 THEN (SELECT count(*) FROM free) ELSE coalesce(sum(agents_available), 0)::bigint END AS agents_available,
           coalesce(sum(offered_30m), 0)::bigint AS offered_30m,
           coalesce(sum(answered_30m), 0)::bigint AS answered_30m,
           coalesce(sum(abandoned_30m), 0)::bigint AS abandoned_30m,
           metric.service_level(sum(within_30m), coalesce(sum(answered_30m), 0), coalesce(sum(abandoned_30m), 0)) AS service_level_30m,
           coalesce(sum(today.offered), 0)::bigint AS offered_today,
           coalesce(sum(today.answered), 0)::bigint AS answered_today,
           coalesce(sum(today.abandoned), 0)::bigint AS abandoned_today,
           metric.service_level(coalesce(sum(today.within), 0), coalesce(sum(today.answered), 0), coalesce(sum(today.abandoned), 0)) AS service_level_today,
           metric.abandon_share(coalesce(sum(today.abandoned), 0), sum(today.offered)) AS abandon_share_today,
           metric.average_speed_of_answer_seconds(sum(today.answered_wait_seconds), sum(today.answered)) AS average_speed_of_answer_today_seconds
    FROM queue
    LEFT JOIN recent ON recent.queue = queue.queue
    LEFT JOIN today ON today.queue = queue.queue
    LEFT JOIN free_by_queue ON free_by_queue.queue = queue.queue
    GROUP BY GROUPING SETS ((queue.queue), ())
)
SELECT coalesce(counted.queue, 'all') AS queue, coalesce(queue.name, 'All queues') AS name, queue.channel, coalesce(queue.position, 0) AS position,
       waiting_now, longest_wait_now_seconds, lost_track_of, agents_available,
       offered_30m, answered_30m, abandoned_30m, service_level_30m,
       offered_today, answered_today, abandoned_today, service_level_today, abandon_share_today, average_speed_of_answer_today_seconds,
       t.answer_threshold_seconds::double precision, t.service_level_target::double precision,
       t.longest_wait_limit_seconds::double precision, t.wrap_up_limit_seconds::double precision,
       feed.feed, feed.as_of AS feed_as_of, feed.cadence_seconds::double precision
FROM bounds AS b
CROSS JOIN counted
LEFT JOIN queue ON queue.queue = counted.queue
LEFT JOIN LATERAL metric.target(coalesce(counted.queue, '*'), b.as_of) AS t ON true
LEFT JOIN LATERAL (
    SELECT f.feed, f.as_of, feed.cadence_seconds
    FROM queue_feed JOIN metric.feeds AS f USING (feed) JOIN feed USING (feed)
    -- One source may tell of agents too; these being heard says nothing of its contacts.
    WHERE queue_feed.queue = counted.queue AND f.topic LIKE '%311.contacts'
    ORDER BY f.as_of DESC NULLS LAST LIMIT 1
) AS feed ON true
ORDER BY is_all, queue.position, queue.queue;

-- agents-now --
-- One row an agent who is not offline, with the state, since when, and the queues served.
SELECT agent.agent_id, agent.state, agent.since, agent.queues, agent.source
FROM metric.agents(coalesce(:as_of, now()), make_interval(secs => :lost_after)) AS agent
WHERE agent.state <> 'offline'
ORDER BY agent.agent_id;

-- waiting-by-language --
-- One row a language in which somebody waits now, most first.
SELECT coalesce(c.language, 'not told') AS language, count(*) AS waiting_now,
       max(extract(epoch FROM coalesce(:as_of, now()) - c.queued_at))::double precision AS longest_wait_now_seconds
FROM metric.contacts(coalesce(:as_of, now())) AS c
WHERE c.outcome = 'waiting' AND c.queued_at > coalesce(:as_of, now()) - make_interval(secs => :given_up_after)
GROUP BY c.language
ORDER BY waiting_now DESC, language;

-- day-intervals --
-- One row a quarter hour of the city's day: what was offered, and what is usual on this weekday (the last eight weeks). Quarter hours to come have no counts.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS as_of, date_trunc('day', coalesce(:as_of, now()), :zone) AS midnight
), slot AS (
    SELECT s.interval_start, (s.interval_start AT TIME ZONE :zone)::time AS clock, b.as_of, (b.midnight AT TIME ZONE :zone)::date AS day
    FROM bounds AS b
    CROSS JOIN LATERAL generate_series(b.midnight, date_trunc('day', b.midnight + interval '36 hours', :zone) - interval '15 minutes', interval '15 minutes')
        AS s (interval_start)
), past_day AS (
    SELECT past.day, (past.day::timestamp AT TIME ZONE :zone) AS starts_at, ((past.day + 1)::timestamp AT TIME ZONE :zone) AS ends_at
    FROM bounds AS b
    CROSS JOIN LATERAL (SELECT (b.midnight AT TIME ZONE :zone)::date - 7 * week AS day FROM generate_series(1, 8) AS week) AS past
), past_slot AS (
    SELECT past_day.day, (i.interval_start AT TIME ZONE :zone)::time AS clock, sum(i.contacts) / count(DISTINCT i.interval_start) AS offered
    FROM past_day JOIN contact_interval AS i ON i.interval_start >= past_day.starts_at AND i.interval_start < past_day.ends_at
    WHERE i.contacts <> 0
    GROUP BY past_day.day, clock
), known_day AS (
    SELECT DISTINCT day FROM past_slot
), usual AS (
    SELECT clock.clock,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(past_slot.offered, 0)::double precision) AS usual_offered,
           percentile_cont(0.1) WITHIN GROUP (ORDER BY coalesce(past_slot.offered, 0)::double precision) AS usual_lower,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY coalesce(past_slot.offered, 0)::double precision) AS usual_upper,
           count(*) AS usual_weeks
    FROM (SELECT DISTINCT clock FROM slot) AS clock
    CROSS JOIN known_day
    LEFT JOIN past_slot ON past_slot.day = known_day.day AND past_slot.clock = clock.clock
    GROUP BY clock.clock
), seen AS (
    SELECT i.interval_start, i.outcome, i.wait_bound_seconds, i.contacts, t.answer_threshold_seconds AS threshold
    FROM bounds AS b
    JOIN contact_interval AS i ON i.interval_start >= b.midnight AND i.interval_start <= b.as_of
    LEFT JOIN LATERAL metric.target(i.queue, i.interval_start) AS t ON true
), counted AS (
    SELECT interval_start, sum(contacts) AS offered,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'answered'), 0) AS answered,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'abandoned'), 0) AS abandoned,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'answered' AND wait_bound_seconds <= threshold), 0) AS within
    FROM seen GROUP BY interval_start
)
SELECT slot.interval_start,
       CASE WHEN slot.interval_start <= slot.as_of THEN coalesce(counted.offered, 0) END::double precision AS offered,
       CASE WHEN slot.interval_start <= slot.as_of THEN coalesce(counted.answered, 0) END::double precision AS answered,
       CASE WHEN slot.interval_start <= slot.as_of THEN coalesce(counted.abandoned, 0) END::double precision AS abandoned,
       metric.service_level(counted.within, counted.answered, counted.abandoned) AS service_level,
       usual.usual_offered, usual.usual_lower, usual.usual_upper, coalesce(usual.usual_weeks, 0) AS usual_weeks
FROM slot
LEFT JOIN counted USING (interval_start)
LEFT JOIN usual ON usual.clock = slot.clock
ORDER BY slot.interval_start;

-- live-trend --
-- The last 40 minutes, a row a minute: how many waited and how long the oldest had, the service level of the 30 minutes before, and the free agents, each as it was known then.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS as_of
), minute AS (
    SELECT b.as_of - make_interval(mins => back) AS at FROM bounds AS b CROSS JOIN generate_series(39, 0, -1) AS back
), wait AS MATERIALIZED (
    SELECT c.queued_at, c.outcome, c.wait_ended_at, c.wait_seconds <= t.answer_threshold_seconds AS within
    FROM bounds AS b CROSS JOIN LATERAL metric.contacts(b.as_of) AS c
    CROSS JOIN LATERAL metric.target(c.queue, b.as_of) AS t
    WHERE c.queued_at > b.as_of - greatest(interval '70 minutes', make_interval(secs => :given_up_after))
), level AS (
    SELECT minute.at,
           count(*) FILTER (WHERE wait.wait_ended_at IS NULL OR wait.wait_ended_at > minute.at) AS waiting,
           max(extract(epoch FROM minute.at - wait.queued_at)) FILTER (WHERE wait.wait_ended_at IS NULL OR wait.wait_ended_at > minute.at) AS longest,
           metric.service_level(
               count(*) FILTER (WHERE wait.outcome = 'answered' AND wait.within AND wait.wait_ended_at <= minute.at AND wait.queued_at > minute.at - interval '30 minutes'),
               count(*) FILTER (WHERE wait.outcome = 'answered' AND wait.wait_ended_at <= minute.at AND wait.queued_at > minute.at - interval '30 minutes'),
               count(*) FILTER (WHERE wait.outcome = 'abandoned' AND wait.wait_ended_at <= minute.at AND wait.queued_at > minute.at - interval '30 minutes')
           ) AS service_level_30m
    FROM minute JOIN wait ON wait.queued_at <= minute.at
    GROUP BY minute.at
), span AS MATERIALIZED (
    SELECT change.state, change.changed_at,
           lead(change.changed_at) OVER (PARTITION BY change.agent_id ORDER BY change.changed_at) AS until
    FROM bounds AS b
    JOIN agent_state_change AS change ON change.changed_at > b.as_of - interval '4 hours' AND change.changed_at <= b.as_of
), free AS (
    SELECT minute.at, count(*) AS available
    FROM minute JOIN span ON span.state = 'available' AND span.changed_at <= minute.at AND (span.until IS NULL OR span.until > minute.at)
    GROUP BY minute.at
)
SELECT minute.at, coalesce(level.waiting, 0) AS waiting, coalesce(level.longest, 0)::double precision AS longest_wait_seconds,
       level.service_level_30m, free.available::double precision AS available
FROM minute LEFT JOIN level USING (at) LEFT JOIN free USING (at)
ORDER BY minute.at;

-- usual-now --
-- One row: offered so far today beside the same weekday until the same time, and the waiting and free agents that are usual at this time (10th to 90th percentile of the last eight weeks).
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS as_of, date_trunc('day', coalesce(:as_of, now()), :zone) AS midnight
), past AS (
    SELECT (((b.as_of AT TIME ZONE :zone) - make_interval(days => 7 * week)) AT TIME ZONE :zone) AS at,
           (((b.midnight AT TIME ZONE :zone) - make_interval(days => 7 * week)) AT TIME ZONE :zone) AS midnight
    FROM bounds AS b CROSS JOIN generate_series(1, 8) AS week
), known AS (
    SELECT past.at, past.midnight FROM past
    WHERE EXISTS (SELECT FROM contact_interval AS i WHERE i.interval_start >= past.midnight AND i.interval_start < past.midnight + interval '1 day')
), week AS (
    SELECT known.at,
           (SELECT coalesce(sum(i.contacts * greatest(least(extract(epoch FROM known.at - i.interval_start) / 900, 1), 0)), 0)
            FROM contact_interval AS i WHERE i.interval_start >= known.midnight AND i.interval_start < known.at) AS offered,
           (SELECT count(*) FROM contact AS c
            WHERE c.queued_at > known.at - interval '1 hour' AND c.queued_at <= known.at
              AND coalesce(metric.wait_ended_at(c.answered_at, c.left_at, c.ended_at) > known.at, true)) AS waiting,
           (SELECT nullif(count(*), 0) FROM metric.agents(known.at, make_interval(secs => :lost_after)) AS a) AS staffed,
           (SELECT count(*) FROM metric.agents(known.at, make_interval(secs => :lost_after)) AS a WHERE a.state = 'available') AS available
    FROM known
)
SELECT (SELECT coalesce(sum(i.contacts), 0)::bigint FROM bounds AS b JOIN contact_interval AS i ON i.interval_start >= b.midnight AND i.interval_start <= b.as_of)
           AS offered_so_far,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY offered::double precision) AS usual_offered_so_far,
       percentile_cont(0.1) WITHIN GROUP (ORDER BY offered::double precision) AS usual_offered_lower,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY offered::double precision) AS usual_offered_upper,
       percentile_cont(0.1) WITHIN GROUP (ORDER BY waiting::double precision) AS usual_waiting_lower,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY waiting::double precision) AS usual_waiting_upper,
       percentile_cont(0.1) WITHIN GROUP (ORDER BY CASE WHEN staffed IS NOT NULL THEN available END::double precision) AS usual_available_lower,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY CASE WHEN staffed IS NOT NULL THEN available END::double precision) AS usual_available_upper,
       count(*) AS weeks
FROM week;
