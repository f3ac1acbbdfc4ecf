-- Contacts, agents, feeds, offsets and refusals.

CREATE TABLE migration (
    version     text PRIMARY KEY,
    description text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migration IS 'When which change of the schema was applied.';

CREATE TABLE queue (
    queue    text PRIMARY KEY,
    name     text NOT NULL,
    channel  text NOT NULL DEFAULT 'phone',
    position integer NOT NULL DEFAULT 1000  -- the fixed place on a wall
);
COMMENT ON TABLE queue IS 'One row a queue that was ever seen; names and places are for people to edit.';

CREATE TABLE service_target (
    queue                       text NOT NULL,  -- '*' is every queue without a row of its own
    valid_from                  timestamptz NOT NULL,
    answer_threshold_seconds    numeric NOT NULL CHECK (answer_threshold_seconds >= 0),
    service_level_target        numeric CHECK (service_level_target BETWEEN 0 AND 1),
    short_abandon_seconds       numeric NOT NULL DEFAULT 5 CHECK (short_abandon_seconds >= 0),
    longest_wait_limit_seconds  numeric CHECK (longest_wait_limit_seconds > 0),
    wrap_up_limit_seconds       numeric CHECK (wrap_up_limit_seconds > 0),
    PRIMARY KEY (queue, valid_from)
);
COMMENT ON TABLE service_target IS 'What was promised, by queue and from when on.';
INSERT INTO service_target (queue, valid_from, answer_threshold_seconds, service_level_target, longest_wait_limit_seconds, wrap_up_limit_seconds)
VALUES ('*', '-infinity', 20, 0.80, 120, 120);

CREATE TABLE contact (
    contact_id         text PRIMARY KEY,   -- one wait in one queue; waits of one call share what stands before the first '/'
    queue              text,
    channel            text,
    language           text,
    agent_id           text,               -- who answered
    source             text NOT NULL,
    queued_at          timestamptz,
    queued_at_reported boolean NOT NULL DEFAULT false,  -- false: told only by a later event's wait
    answered_at        timestamptz,
    left_at            timestamptz,
    left_reason        text CHECK (left_reason IN ('abandoned', 'transferred', 'callback', 'timeout', 'closed')),
    ended_at           timestamptz,
    talk_seconds       numeric(12, 3),
    hold_seconds       numeric(12, 3),
    wrap_up_seconds    numeric(12, 3)
) WITH (fillfactor = 80);
CREATE INDEX contact_queued_at ON contact (queued_at);
COMMENT ON TABLE contact IS 'One row a wait in a queue: the fold of its events, whatever their order and number.';

CREATE TABLE contact_interval (
    queue              text NOT NULL,
    interval_start     timestamptz NOT NULL,  -- quarter of an hour in which the contacts were queued
    outcome            text NOT NULL,
    wait_bound_seconds real NOT NULL,         -- the smallest listed threshold that the wait does not exceed
    contacts           bigint NOT NULL,
    wait_seconds       numeric NOT NULL,
    ended              bigint NOT NULL,       -- answered and ended, with a known talk time
    talked             bigint NOT NULL,       -- of these, those who talked longer than 0 s
    talk_seconds       numeric NOT NULL,
    handle_seconds     numeric NOT NULL,
    PRIMARY KEY (interval_start, queue, outcome, wait_bound_seconds)
) WITH (fillfactor = 70);
COMMENT ON TABLE contact_interval IS 'The contacts of a quarter of an hour, counted by outcome and by wait; equal to a count of the rows of contact.';

CREATE TABLE agent (
    agent_id text PRIMARY KEY
);
COMMENT ON TABLE agent IS 'Every agent that was ever seen, by the id that the source gave: no names.';

CREATE TABLE agent_state_change (
    agent_id   text NOT NULL,
    changed_at timestamptz NOT NULL,
    state      text NOT NULL CHECK (state IN ('on_contact', 'wrap_up', 'away', 'available', 'offline')),
    queues     text[],
    source     text NOT NULL,
    PRIMARY KEY (agent_id, changed_at)
);
CREATE INDEX agent_state_change_changed_at ON agent_state_change (changed_at);
COMMENT ON TABLE agent_state_change IS 'When an agent went into which state; the state holds until the next row.';

CREATE TABLE feed (
    feed            text PRIMARY KEY,  -- the CloudEvents source
    name            text NOT NULL,
    cadence_seconds numeric NOT NULL DEFAULT 60 CHECK (cadence_seconds > 0)
);
COMMENT ON TABLE feed IS 'A source of events, its name, and how often it is expected to speak.';

CREATE TABLE feed_partition (
    feed            text NOT NULL,
    topic           text NOT NULL,
    partition       integer NOT NULL,
    newest_event_at timestamptz,           -- by the source's clock
    heartbeat_at    timestamptz,           -- the source looked, and had nothing newer
    ingested_at     timestamptz NOT NULL,
    events          bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (feed, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE feed_partition IS 'How far each feed has come, by partition: a feed is only as fresh as its oldest partition.';

CREATE TABLE queue_feed (
    queue text PRIMARY KEY,
    feed  text NOT NULL
);
COMMENT ON TABLE queue_feed IS 'The feed that last told of a queue.';

CREATE TABLE stream_offset (
    topic           text NOT NULL,
    partition       integer NOT NULL,
    next_offset     bigint NOT NULL,   -- the first offset that is not in the tables yet
    high_watermark  bigint,            -- the broker's end of the partition when last asked
    newest_event_at timestamptz,       -- newest event that is in the tables
    moved_at        timestamptz NOT NULL DEFAULT now(),
    checked_at      timestamptz NOT NULL DEFAULT now(),
    consumer        text,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE stream_offset IS 'What was consumed; it moves in the same transaction as the rows, and is the only truth.';

CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    key            bytea,
    value          bytea,
    reason         text NOT NULL,
    refused_id     text,                  -- the same unreadable line of the same source is kept once
    source         text,
    refused_at     timestamptz NOT NULL DEFAULT now(),
    replayed_at    timestamptz,
    UNIQUE (topic, partition, "offset")
);
CREATE UNIQUE INDEX dead_letter_refused_id ON dead_letter (refused_id) WHERE refused_id IS NOT NULL;
CREATE INDEX dead_letter_refused_at ON dead_letter (refused_at);
COMMENT ON TABLE dead_letter IS 'Every event that was refused, whole, with the reason.';
