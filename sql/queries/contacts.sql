-- service-level --
-- One row a queue and one for all: what became of the contacts offered in [from, to), as known at `as_of`.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS as_of, cast(:from AS timestamptz) AS starts_at, cast(:to AS timestamptz) AS ends_at
), measured AS (
    SELECT c.*, t.threshold, t.short, t.target, b.as_of,
           c.outcome = 'waiting' AND c.queued_at <= b.as_of - make_interval(secs => :given_up_after) AS lost
    FROM bounds AS b
    CROSS JOIN LATERAL metric.contacts(b.as_of) AS c
    LEFT JOIN LATERAL (
        SELECT coalesce(:threshold, answer_threshold_seconds) AS threshold, coalesce(:short_abandon, short_abandon_seconds) AS short,
               service_level_target AS target
        FROM metric.target(c.queue, c.queued_at)
    ) AS t ON true
    WHERE c.queued_at >= coalesce(b.starts_at, '-infinity') AND c.queued_at < coalesce(b.ends_at, 'infinity')
), counted AS (
    SELECT coalesce(queue, 'all') AS queue,
           grouping(queue) AS is_all,
           count(*) AS offered,
           count(*) FILTER (WHERE outcome = 'answered') AS answered,
           count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
           count(*) FILTER (WHERE outcome = 'transferred') AS transferred,
           count(*) FILTER (WHERE outcome = 'callback') AS callback,
           count(*) FILTER (WHERE outcome = 'timeout') AS timeout,
           count(*) FILTER (WHERE outcome = 'closed') AS closed,
           count(*) FILTER (WHERE outcome = 'waiting' AND NOT lost) AS waiting_now,
           count(*) FILTER (WHERE lost) AS lost_track_of,
           count(*) FILTER (WHERE outcome = 'answered' AND wait_seconds <= threshold) AS answered_within,
           count(*) FILTER (WHERE outcome = 'abandoned' AND wait_seconds <= threshold) AS abandoned_within,
           count(*) FILTER (WHERE outcome = 'callback' AND wait_seconds <= threshold) AS callback_within,
           count(*) FILTER (WHERE outcome = 'abandoned' AND wait_seconds <= short) AS abandoned_short,
           sum(wait_seconds) FILTER (WHERE outcome = 'answered') AS answered_wait_seconds,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY wait_seconds::double precision) FILTER (WHERE outcome = 'abandoned') AS median_abandon_wait_seconds,
           max(wait_seconds)::double precision AS longest_wait_seconds,
           max(extract(epoch FROM as_of - queued_at)) FILTER (WHERE outcome = 'waiting' AND NOT lost)::double precision AS longest_wait_now_seconds,
           count(*) FILTER (WHERE ended) AS ended,
           count(*) FILTER (WHERE ended AND talk_seconds > 0) AS talked,
           sum(talk_seconds) FILTER (WHERE ended) AS talk_seconds,
           sum(handle_seconds) FILTER (WHERE ended) AS handle_seconds,
           min(threshold) AS least_threshold, max(threshold) AS largest_threshold, min(short) AS least_short, max(short) AS largest_short
    FROM measured
    GROUP BY GROUPING SETS ((queue), ())
), agent_time AS (
    SELECT sum(seconds) FILTER (WHERE state IN ('on_contact', 'wrap_up')) AS busy, sum(seconds) FILTER (WHERE state = 'available') AS available
    FROM bounds AS b CROSS JOIN LATERAL metric.agent_seconds(b.starts_at, b.ends_at, b.as_of, make_interval(secs => :lost_after))
    WHERE b.starts_at IS NOT NULL AND b.ends_at IS NOT NULL
)
SELECT counted.queue,
       offered, answered, abandoned, transferred, callback, timeout, closed, waiting_now, lost_track_of,
       metric.service_level(answered_within, answered, abandoned) AS service_level,
       metric.service_level_net_short(answered_within, answered, abandoned, abandoned_short) AS service_level_net_short,
       metric.service_level_late_abandon(answered_within, answered, abandoned, abandoned_within) AS service_level_late_abandon,
       metric.service_level_answered_only(answered_within, answered) AS service_level_answered_only,
       metric.service_level_removed(answered_within, abandoned_within, callback_within, answered, abandoned, callback) AS service_level_removed,
       metric.abandon_share(abandoned, offered) AS abandon_share,
       metric.average_speed_of_answer_seconds(answered_wait_seconds, answered) AS average_speed_of_answer_seconds,
       median_abandon_wait_seconds,
       metric.average_talk_seconds(talk_seconds, ended) AS average_talk_seconds,
       metric.average_talk_seconds(talk_seconds, talked) AS average_positive_talk_seconds,
       metric.average_handle_seconds(handle_seconds, ended) AS average_handle_seconds,
       longest_wait_seconds,
       longest_wait_now_seconds,
       CASE WHEN is_all = 1 THEN metric.occupancy(coalesce(busy, 0), coalesce(available, 0)) END AS occupancy,
       answered_within, abandoned_within, abandoned_short,
       (CASE WHEN least_threshold = largest_threshold THEN least_threshold END)::double precision AS answer_threshold_seconds,
       (CASE WHEN least_short = largest_short THEN least_short END)::double precision AS short_abandon_seconds
FROM counted CROSS JOIN agent_time
LEFT JOIN queue ON queue.queue = counted.queue AND is_all = 0
ORDER BY is_all, queue.position, counted.queue;

-- intervals --
-- One row a quarter hour and queue, and one for all queues, from the roll-ups; an interval without contacts has no row.
WITH bin AS (
    SELECT i.interval_start, i.queue, i.outcome, i.wait_bound_seconds, i.contacts, i.wait_seconds, i.ended, i.talk_seconds, i.handle_seconds,
           t.threshold
    FROM contact_interval AS i
    LEFT JOIN LATERAL (
        SELECT coalesce(:threshold, answer_threshold_seconds) AS threshold FROM metric.target(i.queue, i.interval_start)
    ) AS t ON true
    WHERE i.interval_start >= coalesce(cast(:from AS timestamptz), '-infinity') AND i.interval_start < coalesce(cast(:to AS timestamptz), 'infinity')
      AND i.contacts <> 0
), counted AS (
    SELECT interval_start, coalesce(queue, 'all') AS queue, grouping(queue) AS is_all,
           sum(contacts)::bigint AS offered,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'answered'), 0)::bigint AS answered,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'abandoned'), 0)::bigint AS abandoned,
           coalesce(sum(contacts) FILTER (WHERE outcome IN ('transferred', 'callback', 'timeout', 'closed')), 0)::bigint AS left_otherwise,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'waiting'), 0)::bigint AS still_waiting,
           coalesce(sum(contacts) FILTER (WHERE outcome = 'answered' AND wait_bound_seconds <= threshold), 0)::bigint AS answered_within,
           sum(wait_seconds) FILTER (WHERE outcome = 'answered') AS answered_wait_seconds,
           sum(ended) AS ended, sum(talk_seconds) AS talk_seconds, sum(handle_seconds) AS handle_seconds,
           min(threshold) AS least_threshold, max(threshold) AS largest_threshold
    FROM bin
    GROUP BY GROUPING SETS ((interval_start, queue), (interval_start))
)
SELECT interval_start, counted.queue, offered, answered, abandoned, left_otherwise, still_waiting,
       metric.service_level(answered_within, answered, abandoned) AS service_level,
       metric.abandon_share(abandoned, offered) AS abandon_share,
       metric.average_speed_of_answer_seconds(answered_wait_seconds, answered) AS average_speed_of_answer_seconds,
       metric.average_talk_seconds(talk_seconds, ended) AS average_talk_seconds,
       metric.average_handle_seconds(handle_seconds, ended) AS average_handle_seconds,
       answered_within,
       (CASE WHEN least_threshold = largest_threshold THEN least_threshold END)::double precision AS answer_threshold_seconds
FROM counted LEFT JOIN queue ON queue.queue = counted.queue AND is_all = 0
ORDER BY interval_start, is_all, queue.position, counted.queue;
