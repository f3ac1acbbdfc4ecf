-- watch-alerts --
-- One row an alert of our own that fires at `as_of`, or began within the 24 hours before it: those that fire first, then the newest.
WITH bounds AS (
    SELECT coalesce(:as_of, now()) AS at
), seen AS (
    SELECT a.rule, a.subject, a.severity, a.text, a.value, a.fired_at, CASE WHEN a.cleared_at <= b.at THEN a.cleared_at END AS cleared_at,
           CASE WHEN a.cleared_at <= b.at THEN a.cleared_text END AS cleared_text, a.runbook, a.watch_alert_id, b.at
    FROM bounds AS b JOIN watch_alert AS a ON a.fired_at <= b.at
)
SELECT rule, subject, severity, text, value, fired_at, cleared_at, cleared_text, runbook
FROM seen
WHERE cleared_at IS NULL OR fired_at > at - interval '24 hours' OR cleared_at > at - interval '24 hours'
ORDER BY cleared_at IS NOT NULL, fired_at DESC, watch_alert_id DESC
LIMIT 500;

-- watch-undelivered --
-- One row a message about an alert of our own that a receiver did not get at the first attempt in the last 7 days and has not got yet, or never will, newest first.
SELECT d.receiver, d.what, a.rule, a.subject, a.text, a.fired_at, d.attempts, d.error, d.not_before, d.dropped_at
FROM watch_delivery AS d JOIN watch_alert AS a USING (watch_alert_id)
WHERE d.sent_at IS NULL AND d.attempts > 0 AND a.fired_at > coalesce(:as_of, now()) - interval '7 days' AND a.fired_at <= coalesce(:as_of, now())
ORDER BY a.fired_at DESC, d.watch_alert_id DESC, d.receiver
LIMIT 200;

-- watch-states --
-- One row a rule and subject that was judged: how it stands, since when, and when its open alert fired; an open alert without a standing fires.
SELECT rule, subject, coalesce(s.state, 'firing') AS state, coalesce(s.since, a.fired_at) AS since, s.value,
       coalesce(s.evaluated_at, a.fired_at) AS evaluated_at, a.fired_at
FROM watch_state AS s
FULL JOIN (SELECT rule, subject, fired_at FROM watch_alert WHERE cleared_at IS NULL) AS a USING (rule, subject)
ORDER BY rule, subject;

-- watch-now --
-- One row: when the rules were last judged (NULL: never), how many there are, how many alerts fire, and how many messages were not taken yet at the first attempt.
SELECT (SELECT max(evaluated_at) FROM watch_state) AS judged_at,
       (SELECT count(DISTINCT rule) FROM watch_state) AS rules,
       (SELECT count(*) FROM watch_alert WHERE cleared_at IS NULL) AS firing,
       (SELECT count(*) FROM watch_delivery WHERE sent_at IS NULL AND dropped_at IS NULL AND attempts > 0) AS not_taken;

-- write-watch-lock --
-- Become the one watcher, for as long as the session lasts; false: another process is.
SELECT pg_try_advisory_lock(hashtext('city311 watch'), 0) AS taken;

-- write-watch-states --
-- Keep how each rule stands with each subject.
INSERT INTO watch_state AS s (rule, subject, state, since, value, evaluated_at)
SELECT told.*, :evaluated_at
FROM unnest(cast(:rule AS text[]), cast(:subject AS text[]), cast(:state AS text[]), cast(:since AS timestamptz[]), cast(:value AS float8[])) AS told
ON CONFLICT (rule, subject) DO UPDATE
SET state = excluded.state, since = excluded.since, value = excluded.value, evaluated_at = excluded.evaluated_at;

-- write-watch-states-gone --
-- Forget rules and subjects that are in the file no more.
DELETE FROM watch_state AS s
USING unnest(cast(:rule AS text[]), cast(:subject AS text[])) AS gone (rule, subject)
WHERE s.rule = gone.rule AND s.subject = gone.subject;

-- write-watch-fired --
-- An alert begins; no row if it is open already.
INSERT INTO watch_alert (rule, subject, severity, text, value, runbook, fired_at)
VALUES (:rule, :subject, :severity, :text, :value, :runbook, :at)
ON CONFLICT (rule, subject) WHERE cleared_at IS NULL DO NOTHING
RETURNING watch_alert_id;

-- write-watch-cleared --
-- An alert ends; whoever was to hear of its beginning hears of its end.
WITH ended AS (
    UPDATE watch_alert SET cleared_at = greatest(:at, fired_at), cleared_text = :text WHERE rule = :rule AND subject = :subject AND cleared_at IS NULL
    RETURNING watch_alert_id
)
INSERT INTO watch_delivery (watch_alert_id, what, receiver, not_before)
SELECT d.watch_alert_id, 'cleared', d.receiver, :at FROM ended JOIN watch_delivery AS d USING (watch_alert_id) WHERE d.what = 'fired';

-- write-watch-deliveries --
-- The receivers that are to hear that an alert began.
INSERT INTO watch_delivery (watch_alert_id, what, receiver, not_before)
SELECT :watch_alert_id, 'fired', receiver, :at FROM unnest(cast(:receivers AS text[])) AS receiver;

-- write-watch-told --
-- Tell the screens that an alert began or ended.
SELECT pg_notify('city311', 'watch');

-- write-watch-due --
-- The next message that is due for a receiver, locked until the transaction ends; an end comes only after its beginning is settled.
SELECT d.watch_alert_id, d.what, d.receiver, d.attempts, d.quiet, a.rule, a.subject, a.severity, a.text, a.value, a.runbook,
       a.fired_at, a.cleared_at, a.cleared_text, began.dropped_at IS NOT NULL AS beginning_dropped
FROM watch_delivery AS d
JOIN watch_alert AS a USING (watch_alert_id)
JOIN watch_delivery AS began ON began.watch_alert_id = d.watch_alert_id AND began.receiver = d.receiver AND began.what = 'fired'
WHERE d.receiver = :receiver AND d.sent_at IS NULL AND d.dropped_at IS NULL AND d.not_before <= :at
  AND (d.what = 'fired' OR began.sent_at IS NOT NULL OR began.dropped_at IS NOT NULL)
ORDER BY d.not_before, d.watch_alert_id
LIMIT 1
FOR UPDATE OF d SKIP LOCKED;

-- write-watch-settled --
-- What became of a message: sent, dropped, or put off until `not_before`.
UPDATE watch_delivery
SET attempts = :attempts, quiet = :quiet, not_before = coalesce(:not_before, not_before), sent_at = :sent_at, dropped_at = :dropped_at, error = :error
WHERE watch_alert_id = :watch_alert_id AND what = :what AND receiver = :receiver;

-- write-watch-receivers-gone --
-- Drop what waits for receivers that are in the rule file no more; one row each.
UPDATE watch_delivery SET dropped_at = :at, error = 'the receiver is no longer in the rule file'
WHERE sent_at IS NULL AND dropped_at IS NULL AND NOT receiver = ANY(cast(:receivers AS text[]))
RETURNING receiver;
