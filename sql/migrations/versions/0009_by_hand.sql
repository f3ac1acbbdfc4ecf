-- What people tell of queues by hand while their feed is lost.

CREATE TABLE queue_by_hand (
    entry_id             uuid PRIMARY KEY,          -- made where it was typed: one that comes twice is kept once
    queue                text NOT NULL,
    waiting              integer NOT NULL CHECK (waiting >= 0),
    longest_wait_seconds double precision CHECK (longest_wait_seconds >= 0),  -- NULL: nobody waits, or not told
    agents_available     integer CHECK (agents_available >= 0),               -- NULL: not told
    entered_at           timestamptz NOT NULL,      -- when it was typed; the database may have come later
    entered_by           text NOT NULL CHECK (entered_by <> ''),
    kept_at              timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX queue_by_hand_newest ON queue_by_hand (queue, entered_at DESC);
COMMENT ON TABLE queue_by_hand IS 'What a person told of a queue whose feed was lost: shown in its place until the feed speaks again, and part of no metric or roll-up.';
CREATE TRIGGER queue_by_hand_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON queue_by_hand FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
