-- sink-begin --
-- Make the temporary tables of one connection, emptied at every commit.
CREATE TEMPORARY TABLE contact_batch (
    contact_id text, queue text, channel text, language text, agent_id text, source text,
    queued_at timestamptz, queued_at_reported boolean, answered_at timestamptz, left_at timestamptz, left_reason text,
    ended_at timestamptz, talk_seconds numeric(12, 3), hold_seconds numeric(12, 3), wrap_up_seconds numeric(12, 3)
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE agent_batch (
    agent_id text, changed_at timestamptz, state text, queues text[], source text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE request_batch (
    service_request_id text, status text, requested_datetime timestamptz, updated_datetime timestamptz, snapshot_version text,
    expected_told timestamptz, expected_datetime timestamptz, service_code text, service_name text, agency_responsible text,
    department_told text, department text, description text, status_notes text, service_notice text, address text, address_id text,
    zipcode text, lat double precision, long double precision, usable_location boolean, cell text, areas jsonb, location_defect text,
    media_url text, channel text, language text, jurisdiction_id text, source text, first_requested timestamptz,
    last_requested timestamptz, seen_open timestamptz[], seen_closed timestamptz[]
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE survey_batch (
    survey_id text, answered_at timestamptz, score integer, scale integer, service_request_id text, contact_id text, channel text,
    language text, source text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE search_batch (
    search_id text, performed_at timestamptz, term text, answers integer, channel text, language text, source text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE forecast_batch (
    grid text, issued_at timestamptz, version text COLLATE "C", source text, hour_start timestamptz, temperature_celsius double precision,
    snow_mm double precision, precipitation_mm double precision, wind_kmh double precision, gust_kmh double precision
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE weather_day_batch (
    station text, day date, snow_mm double precision, snow_depth_mm double precision, precipitation_mm double precision,
    temperature_max_celsius double precision, temperature_min_celsius double precision, wind_kmh double precision,
    gust_kmh double precision, source text, told_at timestamptz, version text COLLATE "C"
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE alert_batch (
    alert_id text, source text, sent_at timestamptz, effective_at timestamptz, onset_at timestamptz, expires_at timestamptz, ends_at timestamptz,
    status text, message_type text, event text, severity text, certainty text, urgency text, response text, headline text, description text,
    instruction text, sender_name text, area_desc text, zones jsonb, refers_to jsonb, geometry jsonb, parameters jsonb, version text COLLATE "C"
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE social_post_batch (
    post_id text, source text, posted_at timestamptz, author_hash text, text text, language text, topics text[], question boolean,
    rumor boolean, verified boolean, reposts integer, in_reply_to text, url text, latitude double precision, longitude double precision,
    version text COLLATE "C"
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE social_repost_batch (
    repost_id text, post_id text, reposted_at timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE social_reply_batch (
    reply_id text, post_id text, replied_at timestamptz, source text COLLATE "C"
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE feed_batch (
    feed text, name text, cadence_seconds numeric, topic text, partition integer,
    newest_event_at timestamptz, heartbeat_at timestamptz, events bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE dead_letter_batch (
    topic text, partition integer, "offset" bigint, key bytea, value bytea, reason text, refused_id text, source text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE offset_batch (
    topic text, partition integer, first_offset bigint, next_offset bigint, newest_event_at timestamptz
) ON COMMIT DELETE ROWS;

-- sink-horizon --
-- Let no retention run move its horizon until this batch is committed, nor this batch begin while one does.
SELECT pg_advisory_xact_lock_shared(hashtext('city311 retention'), 0);

-- sink-contacts --
-- Fold the batch into the contacts and add what changed to the quarter hours; rows that stay as they were cost nothing more, and contacts of before the horizon, whose rows are deleted, are not counted again.
WITH changed AS (
    INSERT INTO contact AS c
    SELECT * FROM contact_batch
    WHERE queued_at IS NULL OR queued_at >= coalesce((SELECT before FROM retention WHERE what = 'contacts'), '-infinity')
    ORDER BY contact_id
    ON CONFLICT (contact_id) DO UPDATE SET
        queue = least(c.queue, excluded.queue),
        channel = least(c.channel, excluded.channel),
        language = least(c.language, excluded.language),
        agent_id = least(c.agent_id, excluded.agent_id),
        source = least(c.source, excluded.source),
        queued_at = CASE WHEN c.queued_at_reported = excluded.queued_at_reported THEN least(c.queued_at, excluded.queued_at)
                         WHEN c.queued_at_reported THEN c.queued_at ELSE excluded.queued_at END,
        queued_at_reported = c.queued_at_reported OR excluded.queued_at_reported,
        answered_at = least(c.answered_at, excluded.answered_at),
        left_at = least(c.left_at, excluded.left_at),
        left_reason = CASE WHEN excluded.left_at < c.left_at THEN excluded.left_reason
                           WHEN excluded.left_at > c.left_at THEN c.left_reason
                           ELSE least(c.left_reason, excluded.left_reason) END,
        ended_at = greatest(c.ended_at, excluded.ended_at),
        talk_seconds = greatest(c.talk_seconds, excluded.talk_seconds),
        hold_seconds = greatest(c.hold_seconds, excluded.hold_seconds),
        wrap_up_seconds = greatest(c.wrap_up_seconds, excluded.wrap_up_seconds)
    RETURNING old AS before, new AS after
), delta AS (
    SELECT m.interval_start, m.queue, m.outcome, m.wait_bound_seconds, sum(v.sign) AS contacts, sum(v.sign * m.wait_seconds) AS wait_seconds,
           sum(v.sign * m.ended) AS ended, sum(v.sign * m.talked) AS talked, sum(v.sign * m.talk_seconds) AS talk_seconds,
           sum(v.sign * m.handle_seconds) AS handle_seconds
    FROM changed
    CROSS JOIN LATERAL (VALUES (-1, changed.before), (1, changed.after)) AS v (sign, c)
    CROSS JOIN LATERAL metric.interval_measure(v.c) AS m
    GROUP BY m.interval_start, m.queue, m.outcome, m.wait_bound_seconds
)
INSERT INTO contact_interval AS i (interval_start, queue, outcome, wait_bound_seconds, contacts, wait_seconds, ended, talked, talk_seconds, handle_seconds)
SELECT * FROM delta
WHERE contacts <> 0 OR wait_seconds <> 0 OR ended <> 0 OR talked <> 0 OR talk_seconds <> 0 OR handle_seconds <> 0
ORDER BY interval_start, queue, outcome, wait_bound_seconds
ON CONFLICT (interval_start, queue, outcome, wait_bound_seconds) DO UPDATE SET
    contacts = i.contacts + excluded.contacts,
    wait_seconds = i.wait_seconds + excluded.wait_seconds,
    ended = i.ended + excluded.ended,
    talked = i.talked + excluded.talked,
    talk_seconds = i.talk_seconds + excluded.talk_seconds,
    handle_seconds = i.handle_seconds + excluded.handle_seconds;

-- sink-queues --
-- Keep every queue that is seen for the first time, and which feed told of it last.
WITH seen AS (
    SELECT queue, min(channel) AS channel, max(source) AS feed FROM contact_batch WHERE queue IS NOT NULL GROUP BY queue
), new_queue AS (
    INSERT INTO queue (queue, name, channel) SELECT queue, queue, coalesce(channel, 'phone') FROM seen ORDER BY queue ON CONFLICT DO NOTHING
)
INSERT INTO queue_feed AS f (queue, feed) SELECT queue, feed FROM seen ORDER BY queue
ON CONFLICT (queue) DO UPDATE SET feed = excluded.feed WHERE f.feed <> excluded.feed;

-- sink-agents --
-- Add the changes of state; of two at one instant the one that comes first in the order of states holds.
WITH new_agent AS (
    INSERT INTO agent (agent_id) SELECT DISTINCT agent_id FROM agent_batch ORDER BY agent_id ON CONFLICT DO NOTHING
)
INSERT INTO agent_state_change AS c (agent_id, changed_at, state, queues, source)
SELECT DISTINCT ON (agent_id, changed_at) agent_id, changed_at, state, queues, source
FROM agent_batch ORDER BY agent_id, changed_at, metric.state_order(state), queues NULLS LAST, source
ON CONFLICT (agent_id, changed_at) DO UPDATE SET state = excluded.state, queues = excluded.queues, source = excluded.source
WHERE (metric.state_order(excluded.state), coalesce(excluded.queues, '{~}'), excluded.source)
    < (metric.state_order(c.state), coalesce(c.queues, '{~}'), c.source);

-- sink-requests --
-- Keep of each request the newest snapshot, and add the instants at which it was seen open or closed; what says nothing new changes nothing.
INSERT INTO request AS r (
    service_request_id, status, requested_datetime, updated_datetime, snapshot_version, expected_told, expected_datetime, service_code,
    service_name, agency_responsible, department_told, department, description, status_notes, service_notice, address, address_id,
    zipcode, lat, long, usable_location, cell, areas, location_defect, media_url, channel, language, jurisdiction_id, source,
    first_requested, last_requested, seen_open, seen_closed
)
SELECT * FROM request_batch ORDER BY service_request_id
ON CONFLICT (service_request_id) DO UPDATE SET
    (
        status, requested_datetime, updated_datetime, snapshot_version, expected_told, expected_datetime, service_code, service_name,
        agency_responsible, department_told, department, description, status_notes, service_notice, address, address_id, zipcode, lat,
        long, usable_location, cell, areas, location_defect, media_url, channel, language, jurisdiction_id, source
    ) = (
        SELECT
            status, requested_datetime, updated_datetime, snapshot_version, expected_told, expected_datetime, service_code,
            service_name, agency_responsible, department_told, department, description, status_notes, service_notice, address,
            address_id, zipcode, lat, long, usable_location, cell, areas, location_defect, media_url, channel, language,
            jurisdiction_id, source
        FROM (SELECT excluded.* UNION ALL SELECT r.*) AS either
        ORDER BY updated_datetime DESC, snapshot_version DESC LIMIT 1
    ),
    first_requested = least(r.first_requested, excluded.first_requested),
    last_requested = greatest(r.last_requested, excluded.last_requested),
    seen_open = instants_of_both(r.seen_open, excluded.seen_open),
    seen_closed = instants_of_both(r.seen_closed, excluded.seen_closed)
WHERE (excluded.updated_datetime, excluded.snapshot_version) > (r.updated_datetime, r.snapshot_version)
   OR excluded.first_requested < r.first_requested OR excluded.last_requested > r.last_requested
   OR NOT r.seen_open @> excluded.seen_open OR NOT r.seen_closed @> excluded.seen_closed;

-- sink-departments --
-- Keep every department and type of request that is seen for the first time.
WITH new_department AS (
    INSERT INTO department (department, name) SELECT DISTINCT department, department FROM request_batch ORDER BY department ON CONFLICT DO NOTHING
)
INSERT INTO service (service_name) SELECT DISTINCT service_name FROM request_batch ORDER BY service_name ON CONFLICT DO NOTHING;

-- sink-surveys --
-- Keep the answers to surveys, each once.
INSERT INTO survey SELECT * FROM survey_batch ORDER BY survey_id ON CONFLICT DO NOTHING;

-- sink-searches --
-- Keep the searches, each once.
INSERT INTO search SELECT * FROM search_batch ORDER BY search_id ON CONFLICT DO NOTHING;

-- sink-forecasts --
-- Keep every issue of a forecast; of two tellings of one issue the one with the greater version holds.
INSERT INTO weather_forecast AS f (grid, issued_at, version, source)
SELECT DISTINCT grid, issued_at, version, source FROM forecast_batch ORDER BY grid, issued_at
ON CONFLICT (grid, issued_at) DO UPDATE SET version = excluded.version, source = excluded.source WHERE excluded.version > f.version;

-- sink-forecast-hours-gone --
-- Forget the hours of a telling that does not hold any more.
DELETE FROM weather_forecast_hour AS h
USING weather_forecast AS f
WHERE h.forecast_id = f.forecast_id
  AND (f.grid, f.issued_at, f.version) IN (SELECT grid, issued_at, version FROM forecast_batch)
  AND NOT EXISTS (SELECT FROM forecast_batch AS b WHERE (b.grid, b.issued_at, b.hour_start) = (f.grid, f.issued_at, h.hour_start));

-- sink-forecast-hours --
-- Keep the hours of those tellings that hold; what stays as it was costs nothing more.
INSERT INTO weather_forecast_hour AS h (forecast_id, hour_start, temperature_celsius, snow_mm, precipitation_mm, wind_kmh, gust_kmh)
SELECT f.forecast_id, b.hour_start, b.temperature_celsius, b.snow_mm, b.precipitation_mm, b.wind_kmh, b.gust_kmh
FROM forecast_batch AS b JOIN weather_forecast AS f USING (grid, issued_at, version)
ORDER BY f.forecast_id, b.hour_start
ON CONFLICT (forecast_id, hour_start) DO UPDATE SET
    (temperature_celsius, snow_mm, precipitation_mm, wind_kmh, gust_kmh)
    = (excluded.temperature_celsius, excluded.snow_mm, excluded.precipitation_mm, excluded.wind_kmh, excluded.gust_kmh)
WHERE (h.temperature_celsius, h.snow_mm, h.precipitation_mm, h.wind_kmh, h.gust_kmh)
    IS DISTINCT FROM (excluded.temperature_celsius, excluded.snow_mm, excluded.precipitation_mm, excluded.wind_kmh, excluded.gust_kmh);

-- sink-weather-days --
-- Keep of each station's day the newest telling; what a person loaded from a file goes before it.
INSERT INTO weather_day AS d SELECT * FROM weather_day_batch ORDER BY station, day
ON CONFLICT (station, day) DO UPDATE SET
    snow_mm = excluded.snow_mm, snow_depth_mm = excluded.snow_depth_mm, precipitation_mm = excluded.precipitation_mm,
    temperature_max_celsius = excluded.temperature_max_celsius, temperature_min_celsius = excluded.temperature_min_celsius,
    wind_kmh = excluded.wind_kmh, gust_kmh = excluded.gust_kmh, source = excluded.source, told_at = excluded.told_at, version = excluded.version
WHERE (excluded.told_at, excluded.version) > (d.told_at, d.version);

-- sink-alerts --
-- Keep every message of the weather service; of two tellings of one message the one with the greater version holds, and what a person entered stays.
INSERT INTO alert AS a (
    alert_id, source, sent_at, effective_at, onset_at, expires_at, ends_at, status, message_type, event, severity, certainty, urgency, response,
    headline, description, instruction, sender_name, area_desc, zones, refers_to, geometry, parameters, version
)
SELECT alert_id, source, sent_at, effective_at, onset_at, expires_at, ends_at, status, message_type, event, severity, certainty, urgency, response,
       headline, description, instruction, sender_name, area_desc, ARRAY(SELECT jsonb_array_elements_text(zones)),
       ARRAY(SELECT jsonb_array_elements_text(refers_to)), geometry, parameters, version
FROM alert_batch ORDER BY alert_id
ON CONFLICT (alert_id) DO UPDATE SET
    source = excluded.source, sent_at = excluded.sent_at, effective_at = excluded.effective_at, onset_at = excluded.onset_at,
    expires_at = excluded.expires_at, ends_at = excluded.ends_at, status = excluded.status, message_type = excluded.message_type,
    event = excluded.event, severity = excluded.severity, certainty = excluded.certainty, urgency = excluded.urgency, response = excluded.response,
    headline = excluded.headline, description = excluded.description, instruction = excluded.instruction, sender_name = excluded.sender_name,
    area_desc = excluded.area_desc, zones = excluded.zones, refers_to = excluded.refers_to, geometry = excluded.geometry,
    parameters = excluded.parameters, version = excluded.version
WHERE excluded.version > a.version AND a.entered_by IS NULL;

-- sink-social-posts --
-- Keep every public post; of two tellings of one post the one with the greater version holds, and a text that was forgotten stays so.
INSERT INTO social_post AS p (
    post_id, source, posted_at, author_hash, text, language, topics, question, rumor, verified, reposts, in_reply_to, url, latitude, longitude,
    version
)
SELECT * FROM social_post_batch ORDER BY post_id
ON CONFLICT (post_id) DO UPDATE SET
    source = excluded.source, posted_at = excluded.posted_at, author_hash = excluded.author_hash, text = excluded.text,
    language = excluded.language, topics = excluded.topics, question = excluded.question, rumor = excluded.rumor, verified = excluded.verified,
    reposts = excluded.reposts, in_reply_to = excluded.in_reply_to, url = excluded.url, latitude = excluded.latitude,
    longitude = excluded.longitude, version = excluded.version
WHERE excluded.version > p.version AND p.text IS NOT NULL;

-- sink-social-reposts --
-- Keep the reposts, each once; of two tellings of one the earlier holds.
INSERT INTO social_repost AS r (repost_id, post_id, reposted_at)
SELECT repost_id, post_id, reposted_at FROM social_repost_batch ORDER BY repost_id
ON CONFLICT (repost_id) DO UPDATE SET post_id = excluded.post_id, reposted_at = excluded.reposted_at
WHERE (excluded.reposted_at, excluded.post_id COLLATE "C") < (r.reposted_at, r.post_id COLLATE "C");

-- sink-social-replies --
-- Keep the city's answers, each once; of two tellings of one the earlier holds.
INSERT INTO social_reply AS r (reply_id, post_id, replied_at, source)
SELECT reply_id, post_id, replied_at, source FROM social_reply_batch ORDER BY reply_id
ON CONFLICT (reply_id) DO UPDATE SET post_id = excluded.post_id, replied_at = excluded.replied_at, source = excluded.source
WHERE (excluded.replied_at, excluded.post_id COLLATE "C", excluded.source) < (r.replied_at, r.post_id COLLATE "C", r.source COLLATE "C");

-- sink-feeds --
-- Note how far each feed has come in each partition.
WITH described AS (
    INSERT INTO feed AS f (feed, name, cadence_seconds)
    SELECT feed, coalesce(max(name), feed), coalesce(max(cadence_seconds), 60) FROM feed_batch GROUP BY feed ORDER BY feed
    ON CONFLICT (feed) DO UPDATE SET name = excluded.name, cadence_seconds = excluded.cadence_seconds
    WHERE excluded.name <> excluded.feed AND (f.name, f.cadence_seconds) <> (excluded.name, excluded.cadence_seconds)
)
INSERT INTO feed_partition AS p (feed, topic, partition, newest_event_at, heartbeat_at, ingested_at, events)
SELECT feed, topic, partition, newest_event_at, heartbeat_at, clock_timestamp(), events FROM feed_batch ORDER BY feed, topic, partition
ON CONFLICT (feed, topic, partition) DO UPDATE SET
    -- What lies in the future was told by a wrong clock: once that is set right, what it says then holds.
    newest_event_at = CASE WHEN p.newest_event_at > clock_timestamp() + interval '1 minute'
                           THEN coalesce(excluded.newest_event_at, excluded.heartbeat_at, p.newest_event_at)
                           ELSE greatest(p.newest_event_at, excluded.newest_event_at) END,
    heartbeat_at = CASE WHEN p.heartbeat_at > clock_timestamp() + interval '1 minute' THEN coalesce(excluded.heartbeat_at, p.heartbeat_at)
                        ELSE greatest(p.heartbeat_at, excluded.heartbeat_at) END,
    ingested_at = excluded.ingested_at,
    events = p.events + excluded.events;

-- sink-dead-letters --
-- Keep what was refused, each once.
INSERT INTO dead_letter (topic, partition, "offset", key, value, reason, refused_id, source)
SELECT topic, partition, "offset", key, value, reason, refused_id, source FROM dead_letter_batch ORDER BY topic, partition, "offset"
ON CONFLICT DO NOTHING;

-- sink-offsets --
-- Move the offsets from where this consumer began to read to the next one; a row that is missing in the answer was moved by somebody else.
UPDATE stream_offset AS o SET
    next_offset = b.next_offset,
    newest_event_at = greatest(o.newest_event_at, b.newest_event_at),
    moved_at = clock_timestamp(),
    checked_at = clock_timestamp(),
    high_watermark = greatest(o.high_watermark, b.next_offset)
FROM offset_batch AS b
WHERE o.topic = b.topic AND o.partition = b.partition AND o.next_offset = b.first_offset
RETURNING o.topic, o.partition;

-- sink-offsets-of --
-- Where to go on reading; a partition never read before begins at 0.
WITH wanted AS (
    SELECT unnest(%(topics)s::text[]) AS topic, unnest(%(partitions)s::int[]) AS partition
), made AS (
    INSERT INTO stream_offset (topic, partition, next_offset, consumer)
    SELECT topic, partition, 0, %(consumer)s FROM wanted ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE SET consumer = excluded.consumer, checked_at = clock_timestamp()
    RETURNING topic, partition, next_offset
)
SELECT topic, partition, next_offset FROM made;

-- sink-watermarks --
-- Write down the broker's ends of the partitions, so that lag can be read without asking the broker.
UPDATE stream_offset AS o SET high_watermark = w.high_watermark, checked_at = clock_timestamp(), consumer = %(consumer)s
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(watermarks)s::bigint[]) AS w (topic, partition, high_watermark)
WHERE o.topic = w.topic AND o.partition = w.partition;
