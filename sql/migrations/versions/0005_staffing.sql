-- Demand forecasts as they were issued, volumes from elsewhere, schedules, overrides and scenarios.

-- What a planner promises beside the service level.
ALTER TABLE service_target
    ADD COLUMN max_occupancy numeric CHECK (max_occupancy > 0 AND max_occupancy <= 1),
    ADD COLUMN shrinkage numeric NOT NULL DEFAULT 0.30 CHECK (shrinkage >= 0 AND shrinkage < 1),
    ADD COLUMN hourly_cost numeric CHECK (hourly_cost >= 0);
COMMENT ON COLUMN service_target.shrinkage IS 'Share of the paid time that is not spent with contacts or waiting for them: breaks, training, sickness.';

CREATE TABLE volume_import (
    import_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_name   text NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    imported_by text NOT NULL
);
COMMENT ON TABLE volume_import IS 'A file of contact volumes from another system.';

CREATE TABLE volume (
    queue     text NOT NULL,               -- '*' is all of them together
    starts_at timestamptz NOT NULL,
    minutes   integer NOT NULL CHECK (minutes IN (15, 30, 60, 1440)),  -- 1440: a local day, also when it has 23 or 25 hours
    contacts  double precision NOT NULL CHECK (contacts >= 0),
    import_id bigint NOT NULL REFERENCES volume_import,
    PRIMARY KEY (queue, minutes, starts_at)
);
COMMENT ON TABLE volume IS 'Contacts that another system counted; where the stream has counted a day itself, the stream is believed.';

CREATE TABLE forecast_run (
    run_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind              text NOT NULL CHECK (kind IN ('full', 'today', 'hindcast')),
    made_at           timestamptz NOT NULL,       -- when it was issued; of a hindcast the instant it pretends to
    first_day         date NOT NULL,              -- the first local day that it forecasts
    reason            text NOT NULL,              -- why now, in words
    data_until        timestamptz,                -- the newest count that it knew
    weather_issued_at timestamptz,                -- of the weather forecast that it used; NULL: none, past years stood in
    weather_stale     boolean NOT NULL DEFAULT false,
    storms_seen       integer NOT NULL DEFAULT 0, -- in the history of all queues together
    notes             jsonb NOT NULL DEFAULT '[]',-- sentences for the screen: what changed and why, which baseline was better
    seconds           double precision
);
CREATE INDEX forecast_run_made_at ON forecast_run (made_at DESC);
COMMENT ON TABLE forecast_run IS 'One row a forecast that was ever issued. A hindcast was made afterwards with what was known at its instant.';

CREATE TABLE forecast_day (
    run_id    bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    queue     text NOT NULL,
    model     text NOT NULL,                 -- 'demand', 'seasonal naive' or 'four-week median'
    day       date NOT NULL,
    lead_days integer NOT NULL CHECK (lead_days >= 1),
    yhat      double precision NOT NULL,
    quantiles double precision[],            -- at metric.quantile_levels(); NULL: a baseline
    planned   boolean NOT NULL,              -- the plan uses this model for the queue
    storm     boolean NOT NULL,              -- by the weather that was expected
    -- what the next run learns from: logarithms of 1 + contacts
    base      double precision,
    level     double precision,
    boost     double precision,
    recent    double precision,
    snow_load double precision,
    log_yhat  double precision,
    PRIMARY KEY (run_id, queue, model, day)
);
CREATE INDEX forecast_day_day ON forecast_day (day, queue);
COMMENT ON TABLE forecast_day IS 'What each run expected of each local day, beside what the baselines did; queue ''*'' is all of them together.';

CREATE TABLE forecast_interval (
    run_id         bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    queue          text NOT NULL,
    interval_start timestamptz NOT NULL,     -- of half an hour
    yhat           double precision NOT NULL,
    quantiles      double precision[] NOT NULL,  -- of the contacts that will come, at metric.quantile_levels()
    PRIMARY KEY (run_id, queue, interval_start)
);
CREATE INDEX forecast_interval_newest ON forecast_interval (interval_start, queue, run_id DESC);
COMMENT ON TABLE forecast_interval IS 'Contacts expected in each half hour. A run of today alone replaces the rest of its day; the others'' later days go on holding.';

CREATE TABLE staffing_input (
    run_id                   bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    queue                    text NOT NULL,
    handle_seconds           double precision NOT NULL CHECK (handle_seconds > 0),
    patience_seconds         double precision CHECK (patience_seconds > 0),  -- NULL: nobody was seen to give up, Erlang C
    patience_note            text NOT NULL,
    answer_threshold_seconds double precision NOT NULL,
    service_level_target     double precision NOT NULL,
    max_occupancy            double precision,
    shrinkage                double precision NOT NULL,
    hourly_cost              double precision,
    PRIMARY KEY (run_id, queue)
);
COMMENT ON TABLE staffing_input IS 'What the staffing of a run rests on, by queue.';

CREATE TABLE staffing_capacity (
    run_id   bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    queue    text NOT NULL,
    agents   integer NOT NULL CHECK (agents >= 0),
    contacts double precision NOT NULL,      -- the most that may come in half an hour so that these agents meet the target
    PRIMARY KEY (run_id, queue, agents)
);
COMMENT ON TABLE staffing_capacity IS 'Erlang A turned round: how many contacts in half an hour so many agents can serve within the target.';

CREATE TABLE schedule_upload (
    upload_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_name   text NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    uploaded_by text NOT NULL
);
COMMENT ON TABLE schedule_upload IS 'A schedule that a planner uploaded.';

CREATE TABLE schedule (
    upload_id      bigint NOT NULL REFERENCES schedule_upload,
    queue          text NOT NULL,
    interval_start timestamptz NOT NULL,     -- of half an hour
    agents         integer NOT NULL CHECK (agents >= 0),
    PRIMARY KEY (queue, interval_start, upload_id)
);
COMMENT ON TABLE schedule IS 'People scheduled to take contacts, in each half hour. For a queue''s local day the newest upload that names it holds, whole.';

CREATE TABLE forecast_override (
    override_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue        text NOT NULL,              -- '*' is every queue
    from_at      timestamptz NOT NULL,
    to_at        timestamptz NOT NULL CHECK (to_at > from_at),
    factor       double precision NOT NULL CHECK (factor > 0 AND factor <= 20),
    reason       text NOT NULL CHECK (reason <> ''),
    made_by      text NOT NULL CHECK (made_by <> ''),
    made_at      timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    withdrawn_by text
);
COMMENT ON TABLE forecast_override IS 'A person knows better: the forecast of a time is multiplied, with a reason. Never deleted, only withdrawn.';

CREATE TABLE scenario (
    scenario_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('no storm', 'snow', 'hurricane')),
    snow_inches double precision CHECK (snow_inches BETWEEN 0 AND 60),
    gust_mph    double precision CHECK (gust_mph BETWEEN 0 AND 200),
    rain_inches double precision CHECK (rain_inches BETWEEN 0 AND 30),
    onset_at    timestamptz,
    hours       double precision CHECK (hours > 0 AND hours <= 120),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    asked_by    text NOT NULL,
    answered_at timestamptz,
    run_id      bigint REFERENCES forecast_run ON DELETE CASCADE,  -- whose models answered
    message     text                         -- why there is no answer
);
CREATE INDEX scenario_unanswered ON scenario (asked_at) WHERE answered_at IS NULL;
COMMENT ON TABLE scenario IS 'A weather that a planner asks about. The forecasting service answers: it holds the models. ''no storm'' comes with every run.';

CREATE TABLE scenario_interval (
    scenario_id    bigint NOT NULL REFERENCES scenario ON DELETE CASCADE,
    queue          text NOT NULL,
    interval_start timestamptz NOT NULL,
    yhat           double precision NOT NULL,
    quantiles      double precision[] NOT NULL,
    PRIMARY KEY (scenario_id, queue, interval_start)
);
COMMENT ON TABLE scenario_interval IS 'Contacts expected in each half hour under a scenario.';

CREATE TABLE staffing_carry (
    queue          text NOT NULL,
    interval_start timestamptz NOT NULL,
    run_id         bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    computed_at    timestamptz NOT NULL,
    waiting_at_end double precision NOT NULL,
    abandoned      double precision NOT NULL,
    service_level  double precision CHECK (service_level BETWEEN 0 AND 1),
    PRIMARY KEY (queue, interval_start)
);
COMMENT ON TABLE staffing_carry IS 'What waits over from one half hour to the next where demand outruns the schedule: the newest forecast against the newest schedule, not steady state.';
