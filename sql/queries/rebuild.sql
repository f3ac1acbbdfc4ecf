-- rebuild-span --
-- One row: from when on there are contacts to count or roll-ups of them, and after what; before the horizon of retention there are no rows to count.
SELECT date_bin('15 minutes', greatest(
           least((SELECT min(queued_at) FROM contact), (SELECT min(interval_start) FROM contact_interval)),
           (SELECT max(before) FROM retention WHERE what = 'contacts')
       ), timestamptz '2000-01-01 00:00:00+00') AS begins,
       greatest((SELECT max(queued_at) FROM contact), (SELECT max(interval_start) FROM contact_interval)) AS last;

-- rebuild-compare --
-- One row a quarter hour, queue, outcome and wait from begins to before ends (both on a quarter hour) whose roll-up differs from a count of the rows.
WITH counted AS (
    SELECT m.interval_start, m.queue, m.outcome, m.wait_bound_seconds, count(*) AS contacts, sum(m.wait_seconds) AS wait_seconds,
           sum(m.ended)::bigint AS ended, sum(m.talked)::bigint AS talked, sum(m.talk_seconds) AS talk_seconds, sum(m.handle_seconds) AS handle_seconds
    FROM contact AS c CROSS JOIN LATERAL metric.interval_measure(c) AS m
    WHERE c.queued_at >= :begins AND c.queued_at < :ends
    GROUP BY m.interval_start, m.queue, m.outcome, m.wait_bound_seconds
)
SELECT interval_start, queue, outcome, wait_bound_seconds, r.contacts AS rolled_up, w.contacts AS counted
FROM (SELECT * FROM contact_interval
      WHERE interval_start >= :begins AND interval_start < :ends
        AND (contacts <> 0 OR wait_seconds <> 0 OR ended <> 0 OR talked <> 0 OR talk_seconds <> 0 OR handle_seconds <> 0)) AS r
FULL JOIN counted AS w USING (interval_start, queue, outcome, wait_bound_seconds)
WHERE (r.contacts, r.wait_seconds, r.ended, r.talked, r.talk_seconds, r.handle_seconds)
    IS DISTINCT FROM (w.contacts, w.wait_seconds, w.ended, w.talked, w.talk_seconds, w.handle_seconds)
ORDER BY interval_start, queue, outcome, wait_bound_seconds;

-- rebuild-emptied --
-- Empty the roll-up from begins to before ends.
DELETE FROM contact_interval WHERE interval_start >= :begins AND interval_start < :ends;

-- rebuild-intervals --
-- Count the rows of contact from begins to before ends anew into the emptied roll-up.
INSERT INTO contact_interval (interval_start, queue, outcome, wait_bound_seconds, contacts, wait_seconds, ended, talked, talk_seconds, handle_seconds)
SELECT m.interval_start, m.queue, m.outcome, m.wait_bound_seconds, count(*), sum(m.wait_seconds), sum(m.ended), sum(m.talked),
       sum(m.talk_seconds), sum(m.handle_seconds)
FROM contact AS c CROSS JOIN LATERAL metric.interval_measure(c) AS m
WHERE c.queued_at >= :begins AND c.queued_at < :ends
GROUP BY m.interval_start, m.queue, m.outcome, m.wait_bound_seconds;
