-- Service requests, surveys, searches, and what people edit about them.

CREATE TABLE department (
    department text PRIMARY KEY,
    name       text NOT NULL,
    position   integer NOT NULL DEFAULT 1000
);
COMMENT ON TABLE department IS 'One row a department that was ever seen; names and places are for people to edit.';

CREATE TABLE service (
    service_name           text PRIMARY KEY,
    department             text,                             -- of requests that name none
    left_out_of_reopening  boolean NOT NULL DEFAULT false    -- a booking or a work log: asked for again by design
);
COMMENT ON TABLE service IS 'One row a type of request that was ever seen, with what people say of it.';

CREATE TABLE request_target (
    department      text NOT NULL DEFAULT '*',
    service_name    text NOT NULL DEFAULT '*',
    valid_from      timestamptz NOT NULL,
    due_days        integer CHECK (due_days BETWEEN 0 AND 3650),
    day_kind        text NOT NULL DEFAULT 'calendar' CHECK (day_kind IN ('calendar', 'business')),
    on_time_target  numeric CHECK (on_time_target BETWEEN 0 AND 1),
    PRIMARY KEY (department, service_name, valid_from)
);
COMMENT ON TABLE request_target IS 'What was promised, by type or department and from when on: the day for requests whose source names none, and the share.';

CREATE TABLE closing_phrase (
    phrase text PRIMARY KEY CHECK (phrase <> '')
);
COMMENT ON TABLE closing_phrase IS 'Words in the notes of a closing that mean: closed without work.';

CREATE TABLE area (
    kind     text NOT NULL,
    area     text NOT NULL,
    geometry jsonb NOT NULL,
    PRIMARY KEY (kind, area)
);
COMMENT ON TABLE area IS 'The city''s areas by kind (districts, zip codes, neighborhoods), as GeoJSON geometries.';

CREATE TABLE intake_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL
);
INSERT INTO intake_version (version) VALUES (1);
COMMENT ON TABLE intake_version IS 'Counts up whenever areas, departments or targets are loaded: a consumer that holds older ones reads them again.';

CREATE TABLE incident (
    incident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    kind        text NOT NULL CHECK (kind IN ('snow', 'hurricane', 'heat', 'flood', 'other')),
    onset_at    timestamptz NOT NULL,
    ended_at    timestamptz CHECK (ended_at > onset_at)
);
COMMENT ON TABLE incident IS 'Storms and the like; their days are no baseline for others.';

-- Two sets of instants as one, in order.
CREATE FUNCTION instants_of_both(a timestamptz[], b timestamptz[]) RETURNS timestamptz[]
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE WHEN a @> b THEN a ELSE ARRAY(SELECT DISTINCT unnest(a || b) ORDER BY 1) END
$$;

-- When a request was closed for good, as far as is known: the first close after it was last seen open; NULL: it is open. Both in order.
CREATE FUNCTION closed_for_good(seen_open timestamptz[], seen_closed timestamptz[]) RETURNS timestamptz
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT min(at) FROM unnest(seen_closed) AS at WHERE at >= seen_open[cardinality(seen_open)]
$$;

CREATE TABLE request (
    service_request_id  text PRIMARY KEY,
    status              text NOT NULL CHECK (status IN ('open', 'closed')),
    requested_datetime  timestamptz NOT NULL,
    updated_datetime    timestamptz NOT NULL,     -- of the snapshot that holds
    snapshot_version    text COLLATE "C" NOT NULL, -- decides between two snapshots of one instant
    expected_told       timestamptz,              -- by the source
    expected_datetime   timestamptz,              -- by the source, else by request_target
    service_code        text,
    service_name        text NOT NULL,
    agency_responsible  text,
    department_told     text,
    department          text NOT NULL,            -- as told, else the agency, else the type's
    description         text,
    status_notes        text,
    service_notice      text,
    address             text,
    address_key         text GENERATED ALWAYS AS (nullif(regexp_replace(upper(trim(address)), '\s+', ' ', 'g'), '')) STORED,
    address_id          text,
    zipcode             text,
    lat                 double precision,
    long                double precision,
    usable_location     boolean NOT NULL,         -- the source does not say that the point is not the place
    cell                text,                     -- H3, resolution 8; none without a place that can be used
    areas               jsonb NOT NULL DEFAULT '{}', -- kind to area
    location_defect     text CHECK (location_defect IN ('no_location', 'outside_city', 'default_geocode')),
    media_url           text,
    channel             text,
    language            text,
    jurisdiction_id     text,
    source              text NOT NULL,
    first_requested     timestamptz NOT NULL,     -- the earliest and the latest opening that any snapshot told:
    last_requested      timestamptz NOT NULL,     -- if they differ, one id stands for two requests
    seen_open           timestamptz[] NOT NULL DEFAULT '{}',  -- after the opening; in order, as are those below
    seen_closed         timestamptz[] NOT NULL DEFAULT '{}',
    closed_at           timestamptz GENERATED ALWAYS AS (
        CASE WHEN cardinality(seen_open) = 0 THEN seen_closed[1] ELSE closed_for_good(seen_open, seen_closed) END
    ) STORED,
    reopened            boolean GENERATED ALWAYS AS (  -- seen open after it was seen closed
        coalesce(seen_closed[1] < seen_open[cardinality(seen_open)], false)
    ) STORED
) WITH (fillfactor = 85);
CREATE INDEX request_requested ON request (requested_datetime);
CREATE INDEX request_closed ON request (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX request_expected ON request (expected_datetime) WHERE expected_datetime IS NOT NULL;
CREATE INDEX request_open ON request (department, service_name) INCLUDE (requested_datetime, expected_datetime) WHERE closed_at IS NULL AND NOT reopened;
CREATE INDEX request_open_again ON request (requested_datetime) WHERE closed_at IS NULL AND reopened;
CREATE INDEX request_address ON request (address_key, service_name, requested_datetime) WHERE address_key IS NOT NULL;
CREATE INDEX request_reopened ON request ((seen_open[cardinality(seen_open)])) WHERE reopened;
COMMENT ON TABLE request IS 'One row a service request: the newest snapshot of it, and every instant at which it was seen open or closed.';

CREATE TABLE survey (
    survey_id          text PRIMARY KEY,
    answered_at        timestamptz NOT NULL,
    score              integer NOT NULL,
    scale              integer NOT NULL CHECK (scale >= 2 AND score BETWEEN 1 AND scale),
    service_request_id text,
    contact_id         text,
    channel            text,
    language           text,
    source             text NOT NULL
);
CREATE INDEX survey_answered_at ON survey (answered_at);
COMMENT ON TABLE survey IS 'What residents said of the service: score of scale, the worst being 1.';

CREATE TABLE search (
    search_id    text PRIMARY KEY,
    performed_at timestamptz NOT NULL,
    term         text NOT NULL,
    answers      integer NOT NULL CHECK (answers >= 0),
    channel      text,
    language     text,
    source       text NOT NULL
);
CREATE INDEX search_performed_at ON search (performed_at);
COMMENT ON TABLE search IS 'What residents looked up, and how many answers they got.';

CREATE TABLE review_action (
    action_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_on date NOT NULL,             -- the Monday of the week in whose review it was decided
    what       text NOT NULL CHECK (what <> ''),
    owner      text NOT NULL CHECK (owner <> ''),
    due_on     date NOT NULL,
    done_on    date
);
COMMENT ON TABLE review_action IS 'What the weekly review decided: carried over from week to week until it is done.';

CREATE TABLE audit (
    audit_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    changed_at timestamptz NOT NULL DEFAULT now(),
    who        text NOT NULL,
    what       text NOT NULL,             -- the table
    subject    text NOT NULL,             -- the row
    before     jsonb,
    after      jsonb
);
CREATE INDEX audit_subject ON audit (what, subject, changed_at);
COMMENT ON TABLE audit IS 'Every change that a person made on a screen; rows are only ever added.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
