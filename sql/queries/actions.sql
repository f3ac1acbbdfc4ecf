-- review-actions --
-- One row an action that the weekly reviews up to the week of `week_start` decided and that was not done before that week; the oldest due first.
SELECT action_id, to_char(decided_on, 'YYYY-MM-DD') AS decided_on, what, owner, to_char(due_on, 'YYYY-MM-DD') AS due_on,
       to_char(done_on, 'YYYY-MM-DD') AS done_on, to_char(decided_on, 'IYYY"-W"IW') AS decided_week
FROM review_action
WHERE decided_on <= coalesce(cast(:week_start AS date), 'infinity') AND (done_on IS NULL OR done_on >= coalesce(cast(:week_start AS date), '-infinity'))
ORDER BY done_on IS NOT NULL, due_on, action_id;

-- write-action --
-- Keep a new action of a weekly review, and who added it.
WITH added AS (
    INSERT INTO review_action (decided_on, what, owner, due_on)
    VALUES (cast(:decided_on AS date), :what, :owner, cast(:due_on AS date))
    RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, after) SELECT :who, 'review_action', action_id::text, to_jsonb(added) FROM added
)
SELECT action_id FROM added;

-- write-action-change --
-- Change an action if it still is as the person saw it, and note who changed it, what it was and what it is; no row if somebody else was quicker.
WITH seen AS (
    SELECT * FROM review_action
    WHERE action_id = :action_id AND what = :seen_what AND owner = :seen_owner AND due_on = cast(:seen_due_on AS date)
      AND done_on IS NOT DISTINCT FROM cast(:seen_done_on AS date)
    FOR UPDATE
), changed AS (
    UPDATE review_action AS a SET what = :what, owner = :owner, due_on = cast(:due_on AS date), done_on = cast(:done_on AS date)
    FROM seen WHERE a.action_id = seen.action_id
    RETURNING a.*
), noted AS (
    INSERT INTO audit (who, what, subject, before, after)
    SELECT :who, 'review_action', changed.action_id::text, to_jsonb(seen), to_jsonb(changed) FROM seen JOIN changed USING (action_id)
)
SELECT action_id FROM changed;
