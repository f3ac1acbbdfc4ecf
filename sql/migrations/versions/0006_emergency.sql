-- Alerts, social posts, incidents and their clock, the activity log, approved answers, lifelines, and the watcher's own alerts.

CREATE TABLE alert (
    alert_id     text COLLATE "C" PRIMARY KEY,   -- CAP identifier
    source       text NOT NULL,
    sent_at      timestamptz NOT NULL,           -- by the sender's clock
    effective_at timestamptz,
    onset_at     timestamptz,                    -- of the event
    expires_at   timestamptz,                    -- of the message
    ends_at      timestamptz,                    -- of the event; NULL: until further notice, or not told
    status       text NOT NULL,                  -- Actual, Exercise, System, Test, Draft
    message_type text NOT NULL,                  -- Alert, Update, Cancel, Ack, Error
    event        text NOT NULL,
    severity     text,
    certainty    text,
    urgency      text,
    response     text,
    headline     text,
    description  text,
    instruction  text,
    sender_name  text,
    area_desc    text,
    zones        text[] NOT NULL DEFAULT '{}',   -- UGC codes: zones and counties
    refers_to    text[] NOT NULL DEFAULT '{}',   -- identifiers of the messages that this one replaces
    geometry     jsonb,                          -- GeoJSON; NULL: the zones' shapes stand in
    parameters   jsonb NOT NULL DEFAULT '{}',
    version      text COLLATE "C" NOT NULL,      -- decides between two tellings of one message
    received_at  timestamptz NOT NULL DEFAULT now(),  -- the first time
    entered_by   text                            -- a person who entered it while the feed was gone
);
CREATE INDEX alert_sent_at ON alert (sent_at DESC);
CREATE INDEX alert_refers_to ON alert USING gin (refers_to);
COMMENT ON TABLE alert IS 'One row a CAP message. Every message is kept; which alerts hold at an instant follows from references, expiry and end.';

CREATE TABLE social_post (
    post_id       text COLLATE "C" PRIMARY KEY,
    source        text NOT NULL,
    posted_at     timestamptz NOT NULL,
    author_hash   text,                          -- keyed: a name is never stored
    text          text,                          -- NULL: past its retention
    language      text,
    topics        text[] NOT NULL DEFAULT '{}',  -- of the classifier; empty: none that the city answers
    question      boolean NOT NULL DEFAULT false,
    rumor         boolean NOT NULL DEFAULT false,-- to be checked by a person
    verified      boolean NOT NULL DEFAULT false,-- by an account that the settings list
    reposts       integer NOT NULL DEFAULT 0 CHECK (reposts >= 0),
    in_reply_to   text,
    url           text,
    latitude      double precision,
    longitude     double precision,
    version       text COLLATE "C" NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX social_post_posted_at ON social_post (posted_at);
COMMENT ON TABLE social_post IS 'One row a public post; of reposts only the number. Nothing is ever dispatched by itself because of one.';

CREATE TABLE social_repost (
    repost_id   text COLLATE "C" PRIMARY KEY,
    post_id     text NOT NULL,
    reposted_at timestamptz NOT NULL
);
CREATE INDEX social_repost_post ON social_repost (post_id, reposted_at);
COMMENT ON TABLE social_repost IS 'One row a repost of which a feed told: counted, never shown as a post of its own.';

CREATE TABLE social_reply (
    reply_id   text COLLATE "C" PRIMARY KEY,
    post_id    text NOT NULL,                    -- the post that was answered; it may come later or never
    replied_at timestamptz NOT NULL,
    source     text NOT NULL
);
CREATE INDEX social_reply_post ON social_reply (post_id, replied_at);
COMMENT ON TABLE social_reply IS 'One row an answer of the city to a post.';

ALTER TABLE incident
    ADD COLUMN level     text NOT NULL DEFAULT 'Monitoring' CHECK (level <> ''),
    ADD COLUMN areas     text[] NOT NULL DEFAULT '{}',       -- names of areas, or alert zones
    ADD COLUMN alert_id  text,                               -- the alert from whose suggestion it was opened
    ADD COLUMN opened_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN opened_by text NOT NULL DEFAULT 'a file';
UPDATE incident SET opened_at = onset_at;
ALTER TABLE incident ALTER COLUMN opened_at DROP DEFAULT;
COMMENT ON TABLE incident IS 'Storms and the like, on their clock: hours from the onset. Their days are no baseline for others. The newest state; incident_change has the earlier ones.';

CREATE TABLE incident_change (
    change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    changed_by  text NOT NULL CHECK (changed_by <> ''),
    reason      text NOT NULL DEFAULT '',
    name        text NOT NULL,
    level       text NOT NULL,
    onset_at    timestamptz NOT NULL,
    ended_at    timestamptz,
    areas       text[] NOT NULL
);
CREATE INDEX incident_change_newest ON incident_change (incident_id, changed_at DESC, change_id DESC);
COMMENT ON TABLE incident_change IS 'What an incident was after each change, and who changed it: how it stood at any instant.';
CREATE TRIGGER incident_change_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE activity_log (
    entry_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    happened_at timestamptz NOT NULL,
    recorded_by text NOT NULL CHECK (recorded_by <> ''),
    position    text NOT NULL CHECK (position <> ''),        -- ICS position: Planning, Operations, Public information …
    kind        text NOT NULL CHECK (kind IN ('entry', 'message', 'correction', 'promotion')),
    text        text NOT NULL CHECK (text <> ''),
    significant boolean NOT NULL DEFAULT false,
    audience    text,                                        -- of a message: to whom
    channel     text,                                        -- of a message: by which way
    concerns    bigint REFERENCES activity_log,              -- the entry that is corrected or promoted
    CHECK ((concerns IS NOT NULL) = (kind IN ('correction', 'promotion'))),
    CHECK ((audience IS NOT NULL AND channel IS NOT NULL) OR kind <> 'message')
);
CREATE INDEX activity_log_incident ON activity_log (incident_id, recorded_at);
COMMENT ON TABLE activity_log IS 'What was done, said and decided in an incident, by whom, in which position. Rows are only ever added: a correction is a new row.';
CREATE TRIGGER activity_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activity_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE approved_answer (
    version_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    answer_id   bigint NOT NULL,                             -- the same through all versions
    topic       text NOT NULL CHECK (topic <> ''),           -- of the classifier, or a type of requests
    question    text NOT NULL CHECK (question <> ''),
    answer      text NOT NULL CHECK (answer <> ''),
    search_words text[] NOT NULL DEFAULT '{}',               -- what residents look up when they ask this
    owner       text NOT NULL CHECK (owner <> ''),           -- who must keep it true
    source      text NOT NULL CHECK (source <> ''),          -- where it comes from
    verified_at timestamptz NOT NULL,
    review_by   timestamptz NOT NULL CHECK (review_by > verified_at),
    retired     boolean NOT NULL DEFAULT false,
    saved_at    timestamptz NOT NULL DEFAULT now(),
    saved_by    text NOT NULL CHECK (saved_by <> '')
);
CREATE SEQUENCE approved_answer_number OWNED BY approved_answer.answer_id;
CREATE INDEX approved_answer_newest ON approved_answer (answer_id, saved_at DESC, version_id DESC);
COMMENT ON TABLE approved_answer IS 'What phone, walk-in, web and social say alike. Each version is a row; the newest of an answer holds.';
CREATE TRIGGER approved_answer_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approved_answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE lifeline_type (
    lifeline     text NOT NULL,
    service_name text NOT NULL,
    PRIMARY KEY (lifeline, service_name)
);
COMMENT ON TABLE lifeline_type IS 'Which types of requests tell of which of FEMA''s community lifelines.';

CREATE TABLE lifeline_status (
    status_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id    bigint NOT NULL REFERENCES incident,
    lifeline       text NOT NULL,
    status         text NOT NULL CHECK (status IN ('stable', 'stabilizing', 'unstable', 'unknown')),
    reason         text NOT NULL CHECK (reason <> ''),
    next_update_at timestamptz,
    set_at         timestamptz NOT NULL DEFAULT now(),
    set_by         text NOT NULL CHECK (set_by <> '')
);
CREATE INDEX lifeline_status_newest ON lifeline_status (incident_id, lifeline, set_at DESC);
COMMENT ON TABLE lifeline_status IS 'What a person judged of a lifeline in an incident; the newest holds, none is unknown.';
CREATE TRIGGER lifeline_status_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lifeline_status FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE watch_state (
    rule         text NOT NULL,
    subject      text NOT NULL,                  -- a queue, a department, a feed, a topic; 'all' is the total
    state        text NOT NULL CHECK (state IN ('clear', 'pending', 'firing', 'clearing')),
    since        timestamptz NOT NULL,           -- of the state
    value        double precision,               -- the newest; NULL: no data
    evaluated_at timestamptz NOT NULL,
    PRIMARY KEY (rule, subject)
) WITH (fillfactor = 50);
COMMENT ON TABLE watch_state IS 'Where each rule of the watcher stands, so that a restart fires nothing twice.';

CREATE TABLE watch_alert (
    watch_alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule           text NOT NULL,
    subject        text NOT NULL,
    severity       text NOT NULL CHECK (severity IN ('watch', 'act')),
    text           text NOT NULL,
    value          double precision,
    runbook        text NOT NULL,                -- the paragraph of docs/runbook.md
    fired_at       timestamptz NOT NULL,
    cleared_at     timestamptz CHECK (cleared_at >= fired_at),
    cleared_text   text
);
CREATE UNIQUE INDEX watch_alert_fires_once ON watch_alert (rule, subject) WHERE cleared_at IS NULL;
CREATE INDEX watch_alert_fired_at ON watch_alert (fired_at DESC);
COMMENT ON TABLE watch_alert IS 'Alerts of our own: a rule that fired, for what, and when it cleared.';

CREATE TABLE watch_delivery (
    watch_alert_id bigint NOT NULL REFERENCES watch_alert,
    what           text NOT NULL CHECK (what IN ('fired', 'cleared')),
    receiver       text NOT NULL,                -- its name in the rule file, or the topic; never an address
    attempts       integer NOT NULL DEFAULT 0,
    not_before     timestamptz NOT NULL,         -- the end of quiet hours, or the next attempt
    quiet          boolean NOT NULL DEFAULT false, -- it was put off by quiet hours
    sent_at        timestamptz,
    dropped_at     timestamptz,                  -- it will not be sent; the error says why
    error          text,                         -- why the newest attempt failed, without secrets
    PRIMARY KEY (watch_alert_id, what, receiver),
    CHECK (sent_at IS NULL OR dropped_at IS NULL)
);
CREATE INDEX watch_delivery_unsent ON watch_delivery (receiver, not_before) WHERE sent_at IS NULL AND dropped_at IS NULL;
COMMENT ON TABLE watch_delivery IS 'To whom an alert of our own is to be sent, and whether it was: written in the transaction of the alert, sent afterwards.';

CREATE INDEX volume_starts_at ON volume (starts_at);  -- a storm looks at some days of many years
