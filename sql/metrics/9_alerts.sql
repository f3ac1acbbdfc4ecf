-- Which weather alerts hold at an instant: it follows from what the messages refer to, when they expire and when their events end.

-- The zones that were asked for and their whole states (`PAC000`), for an alert may name no more than that; NULL stays NULL.
CREATE FUNCTION metric.zones_and_states(wanted text[]) RETURNS text[] IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE WHEN wanted IS NOT NULL THEN wanted || ARRAY(SELECT DISTINCT left(zone, 2) || 'C000' FROM unnest(wanted) AS zone) END
$$;

-- Until when a message holds unless another one replaces it: the end of its event, else its own; told neither, a day, the longest that one may stand.
CREATE FUNCTION metric.alert_until(a alert) RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT coalesce(a.ends_at, a.expires_at, a.sent_at + interval '24 hours')
$$;

-- How long before a message its event may have been told of for the first time.
CREATE FUNCTION metric.longest_alert_chain() RETURNS interval IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT interval '60 days' $$;

-- The messages that were real, known by an instant, and for one of the zones (NULL: any) or for no zone at all. An exercise, a test or a draft
-- neither holds nor ends anything.
CREATE FUNCTION metric.alert_messages(as_of timestamptz, wanted text[]) RETURNS SETOF alert STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT a.* FROM alert AS a CROSS JOIN (SELECT metric.zones_and_states(alert_messages.wanted) AS zones) AS asked
    WHERE a.sent_at <= alert_messages.as_of AND a.status = 'Actual' AND (asked.zones IS NULL OR a.zones = '{}' OR a.zones && asked.zones)
$$;

-- What ended each message that would hold beyond `after` and is replaced: the first Update or Cancel, by `as_of`, that refers to it, or to a
-- message that does; of an Update and a Cancel sent at once (the event goes on in a part of the zones) the Update counts.
CREATE FUNCTION metric.alert_replaced(as_of timestamptz, wanted text[], after timestamptz)
RETURNS TABLE (alert_id text, replaced_by text, message_type text, replaced_at timestamptz) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH RECURSIVE started AS MATERIALIZED (
        SELECT m.alert_id, m.sent_at FROM metric.alert_messages($1, $2) AS m WHERE metric.alert_until(m) > $3
    ), known AS MATERIALIZED (
        SELECT m.alert_id, m.message_type, m.sent_at, m.refers_to FROM metric.alert_messages($1, $2) AS m
        WHERE m.sent_at >= (SELECT min(started.sent_at) FROM started) - interval '1 day'  -- clocks that disagree
    ), refers AS MATERIALIZED (
        SELECT k.alert_id AS later, earlier FROM known AS k CROSS JOIN unnest(k.refers_to) AS earlier
    ), followed AS (
        SELECT refers.earlier, refers.later FROM refers JOIN started ON started.alert_id = refers.earlier
        UNION
        SELECT followed.earlier, refers.later FROM followed JOIN refers ON refers.earlier = followed.later
    )
    SELECT DISTINCT ON (followed.earlier) followed.earlier, k.alert_id, k.message_type, k.sent_at
    FROM followed JOIN known AS k ON k.alert_id = followed.later
    WHERE k.message_type IN ('Update', 'Cancel') AND followed.earlier <> followed.later
    ORDER BY followed.earlier, k.sent_at, k.message_type DESC, k.alert_id
$$;

-- The chain of each message that would hold beyond `after`, one row a member: all that they refer to and all that refers to them, also through
-- a message that never came.
CREATE FUNCTION metric.alert_chain_members(as_of timestamptz, wanted text[], after timestamptz)
RETURNS TABLE (alert_id text, member text, sent_at timestamptz) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH RECURSIVE started AS MATERIALIZED (
        SELECT m.alert_id, m.sent_at FROM metric.alert_messages($1, $2) AS m WHERE metric.alert_until(m) > $3
    ), known AS MATERIALIZED (
        SELECT m.alert_id, m.sent_at, m.refers_to FROM metric.alert_messages($1, $2) AS m
        WHERE m.sent_at >= (SELECT min(started.sent_at) FROM started) - metric.longest_alert_chain()
    ), link AS MATERIALIZED (
        SELECT k.alert_id AS one, other FROM known AS k CROSS JOIN unnest(k.refers_to) AS other
        UNION ALL
        SELECT other, k.alert_id FROM known AS k CROSS JOIN unnest(k.refers_to) AS other
    ), chain AS (
        SELECT started.alert_id, started.alert_id AS member FROM started
        UNION
        SELECT chain.alert_id, link.other FROM chain JOIN link ON link.one = chain.member
    )
    SELECT chain.alert_id, chain.member, k.sent_at FROM chain JOIN known AS k ON k.alert_id = chain.member
$$;

-- The same chains, one row a message; a chain is called by its first message known.
CREATE FUNCTION metric.alert_chains(as_of timestamptz, wanted text[], after timestamptz)
RETURNS TABLE (alert_id text, chain_id text, first_sent_at timestamptz) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT DISTINCT ON (c.alert_id) c.alert_id, c.member, c.sent_at FROM metric.alert_chain_members($1, $2, $3) AS c ORDER BY c.alert_id, c.sent_at, c.member
$$;

-- One row an alert that holds at `as_of` in one of the zones (NULL: anywhere), the gravest first. `until` is the end that counts; `lapsed`: the
-- message expired before its event ends, and nobody renewed it.
CREATE FUNCTION metric.alerts(as_of timestamptz, wanted text[] DEFAULT NULL) RETURNS TABLE (
    alert_id text, event text, severity text, urgency text, certainty text, response text, headline text, description text, instruction text,
    sender_name text, area_desc text, zones text[], message_type text, sent_at timestamptz, effective_at timestamptz, onset_at timestamptz,
    expires_at timestamptz, ends_at timestamptz, until timestamptz, lapsed boolean, entered_by text, geometry jsonb, parameters jsonb,
    source text, chain_id text, first_sent_at timestamptz
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT m.alert_id, m.event, m.severity, m.urgency, m.certainty, m.response, m.headline, m.description, m.instruction,
           m.sender_name, m.area_desc, m.zones, m.message_type, m.sent_at, m.effective_at, m.onset_at,
           m.expires_at, m.ends_at, metric.alert_until(m), coalesce(m.expires_at <= $1, false), m.entered_by, m.geometry, m.parameters,
           m.source, c.chain_id, c.first_sent_at
    FROM metric.alert_messages($1, $2) AS m JOIN metric.alert_chains($1, $2, $1) AS c ON c.alert_id = m.alert_id
    WHERE m.message_type IN ('Alert', 'Update') AND metric.alert_until(m) > $1
      AND NOT EXISTS (SELECT FROM metric.alert_replaced($1, $2, $1) AS r WHERE r.alert_id = m.alert_id)
    ORDER BY array_position(ARRAY['Extreme', 'Severe', 'Moderate', 'Minor'], m.severity) NULLS LAST, m.sent_at DESC, m.alert_id
$$;

-- The kind of incident that an alert's event is, by its words.
CREATE FUNCTION metric.incident_kind(event text) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE
        WHEN event ~* 'hurricane|tropical|typhoon|storm surge' THEN 'hurricane'
        WHEN event ~* 'flood|hydrologic' THEN 'flood'
        WHEN event ~* 'snow|winter|blizzard|ice storm|sleet|freezing rain' THEN 'snow'
        WHEN event ~* 'heat' THEN 'heat'
        ELSE 'other'
    END
$$;

-- Events that may call for an incident whatever severity the sender gave them.
CREATE FUNCTION metric.is_grave_event(event text) RETURNS boolean IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT event ~* '(hurricane|tropical storm|storm surge|winter storm|blizzard|ice storm|tornado|flash flood|flood|extreme heat|excessive heat|extreme wind) warning'
        OR event ~* 'evacuation|civil (emergency|danger)|shelter in place|hazardous materials|nuclear|earthquake warning|tsunami warning'
$$;
