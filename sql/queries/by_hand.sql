-- queues-by-hand --
-- One row a queue of which a person told something in the last day: the newest.
SELECT DISTINCT ON (queue) entry_id::text AS entry_id, queue, waiting, longest_wait_seconds, agents_available, entered_at, entered_by
FROM queue_by_hand WHERE entered_at > now() - interval '1 day'
ORDER BY queue, entered_at DESC, entry_id;

-- write-queue-by-hand --
-- Keep what a person told of a queue while its feed was lost, and note it; an entry that is there already is no second one.
WITH kept AS (
    INSERT INTO queue_by_hand (entry_id, queue, waiting, longest_wait_seconds, agents_available, entered_at, entered_by)
    VALUES (cast(:entry_id AS uuid), :queue, :waiting, :longest_wait_seconds, :agents_available, :entered_at, :entered_by)
    ON CONFLICT (entry_id) DO NOTHING RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, after) SELECT entered_by, 'queue_by_hand', queue, to_jsonb(kept) FROM kept
)
SELECT entry_id, pg_notify('city311', 'queues') FROM kept;
