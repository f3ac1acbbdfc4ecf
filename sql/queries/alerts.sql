-- alerts-active --
-- One row an alert that holds at `as_of` (now unless given) in one of the zones (all unless given), the gravest first; `lapsed` ones expired without renewal before the end of their event.
SELECT * FROM metric.alerts(coalesce(cast(:as_of AS timestamptz), now()), cast(:zones AS text[]));

-- alert-feeds --
-- One row a feed that brings alerts (of the weather's topic, and not one that only ever told forecasts or measurements), and up to when it is complete, now.
SELECT DISTINCT ON (feed.name, f.feed) feed.name, f.as_of, feed.cadence_seconds::double precision
FROM metric.feeds AS f JOIN feed USING (feed)
WHERE f.topic LIKE '%311.weather'
  AND (EXISTS (SELECT FROM alert WHERE alert.source = f.feed)
       OR NOT EXISTS (SELECT FROM weather_forecast AS w WHERE w.source = f.feed) AND NOT EXISTS (SELECT FROM weather_day AS d WHERE d.source = f.feed))
ORDER BY feed.name, f.feed, f.as_of DESC NULLS LAST;

-- alert-shapes --
-- One row a shape of an alert that holds at `as_of`: its own, else those of its zones as areas of the kind `alert_zone` whose name is the zone's code; without either it has none.
SELECT a.alert_id, a.event, a.severity, coalesce(a.geometry, z.geometry) AS geometry
FROM metric.alerts(coalesce(cast(:as_of AS timestamptz), now()), cast(:zones AS text[])) AS a
LEFT JOIN area AS z ON a.geometry IS NULL AND z.kind = 'alert_zone' AND z.area = ANY(a.zones)
WHERE coalesce(a.geometry, z.geometry) IS NOT NULL;

-- alert-history --
-- One row a real Alert or Update that held in [from, to) as known at `as_of`, by chain (one event through its updates) and time; `outcome` is replaced, cancelled, over, lapsed or holds, `held_until` when it ended (NULL: not yet).
WITH asked AS (
    SELECT coalesce(cast(:as_of AS timestamptz), now()) AS as_of, coalesce(cast(:from AS timestamptz), '-infinity') AS starts_at,
           coalesce(cast(:to AS timestamptz), 'infinity') AS ends_at, cast(:zones AS text[]) AS zones
), judged AS (
    SELECT m.*, metric.alert_until(m) AS until, r.replaced_by, r.message_type AS replaced_type, c.chain_id, c.first_sent_at, asked.as_of,
           CASE WHEN r.replaced_at < metric.alert_until(m) THEN greatest(r.replaced_at, m.sent_at) END AS replaced_at
    FROM asked
    CROSS JOIN LATERAL metric.alert_messages(asked.as_of, asked.zones) AS m
    JOIN metric.alert_chains((SELECT as_of FROM asked), (SELECT zones FROM asked), (SELECT starts_at FROM asked)) AS c ON c.alert_id = m.alert_id
    LEFT JOIN metric.alert_replaced((SELECT as_of FROM asked), (SELECT zones FROM asked), (SELECT starts_at FROM asked)) AS r ON r.alert_id = m.alert_id
    WHERE m.message_type IN ('Alert', 'Update') AND m.sent_at < asked.ends_at
), ended AS (
    SELECT judged.*,
           CASE WHEN replaced_at IS NOT NULL THEN CASE replaced_type WHEN 'Cancel' THEN 'cancelled' ELSE 'replaced' END
                WHEN until <= as_of THEN 'over'
                WHEN expires_at <= as_of THEN 'lapsed'
                ELSE 'holds' END AS outcome,
           coalesce(replaced_at, CASE WHEN until <= as_of THEN greatest(until, sent_at) END) AS held_until
    FROM judged
)
SELECT alert_id, chain_id, first_sent_at, event, severity, urgency, certainty, headline, area_desc, zones, message_type, sent_at, onset_at,
       expires_at, ends_at, until, outcome, held_until, CASE WHEN replaced_at IS NOT NULL THEN replaced_by END AS ended_by, source, entered_by
FROM ended
WHERE held_until IS NULL OR held_until > (SELECT starts_at FROM asked)
ORDER BY first_sent_at, chain_id, sent_at, alert_id;

-- incident-suggestions --
-- One row a hazard for which a grave alert holds at `as_of` in the zones and no incident stands: its gravest alert, the kind of incident and when it would begin. Nothing is opened by itself.
WITH asked AS (
    SELECT coalesce(cast(:as_of AS timestamptz), now()) AS as_of
), grave AS (
    SELECT a.*, metric.incident_kind(a.event) AS kind, coalesce(a.onset_at, a.effective_at, a.sent_at) AS proposed_onset_at
    FROM asked CROSS JOIN LATERAL metric.alerts(asked.as_of, cast(:zones AS text[])) AS a
    WHERE a.severity IN ('Severe', 'Extreme') OR metric.is_grave_event(a.event)
), standing AS (
    SELECT i.kind, opener.event, chain.alert_id
    FROM asked JOIN incident AS i ON i.opened_at <= asked.as_of AND coalesce(i.ended_at, 'infinity') > asked.as_of
    LEFT JOIN alert AS opener ON opener.alert_id = i.alert_id
    LEFT JOIN metric.alert_chain_members((SELECT as_of FROM asked), NULL, (SELECT as_of FROM asked)) AS chain ON chain.member = i.alert_id
), wanting AS (
    SELECT g.*, CASE g.kind WHEN 'other' THEN g.event ELSE '' END AS hazard,
           array_position(ARRAY['hurricane', 'flood', 'snow', 'heat', 'other'], g.kind) AS place
    FROM grave AS g
    WHERE NOT EXISTS (
        SELECT FROM standing AS s
        WHERE s.alert_id = g.alert_id OR CASE g.kind WHEN 'other' THEN s.event = g.event ELSE s.kind = g.kind END)
)
SELECT DISTINCT ON (place, hazard)
       alert_id, kind, event, severity, urgency, certainty, headline, area_desc, zones, proposed_onset_at, until, lapsed, first_sent_at, source, entered_by
FROM wanting
ORDER BY place, hazard, array_position(ARRAY['Extreme', 'Severe', 'Moderate', 'Minor'], severity) NULLS LAST, proposed_onset_at, alert_id;

-- write-alert --
-- Keep an alert that a person enters while the feed is gone, or an Update or Cancel of one that was entered (`refers_to`; a feed's alert is never replaced by hand), and note who did it.
WITH added AS (
    INSERT INTO alert (
        alert_id, source, sent_at, effective_at, onset_at, expires_at, ends_at, status, message_type, event, severity, certainty, urgency,
        headline, description, instruction, sender_name, area_desc, zones, refers_to, version, entered_by
    )
    SELECT 'manual/' || gen_random_uuid(), 'manual', now(), now(), cast(:onset_at AS timestamptz), cast(:expires_at AS timestamptz),
           cast(:ends_at AS timestamptz), 'Actual', coalesce(:message_type, 'Alert'), :event, :severity, :certainty, :urgency, :headline,
           :description, :instruction, :sender_name, :area_desc, coalesce(cast(:zones AS text[]), '{}'),
           ARRAY(SELECT entered.alert_id FROM alert AS entered WHERE entered.source = 'manual' AND entered.alert_id = ANY(cast(:refers_to AS text[])) ORDER BY 1),
           '', :who
    RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, after) SELECT :who, 'alert', alert_id, to_jsonb(added) FROM added
)
SELECT alert_id FROM added;
