-- feeds --
-- One row a feed: up to when it is complete by its source's clock, how old that is, and what was refused of it.
SELECT f.feed, feed.name, f.topic, feed.cadence_seconds::double precision, f.as_of, f.newest_event_at, f.heartbeat_at, f.ingested_at, f.events,
       coalesce(refused.refused, 0) AS refused,
       age.seconds::double precision AS age_seconds,
       metric.freshness(age.seconds, feed.cadence_seconds) AS state
FROM metric.feeds AS f
JOIN feed USING (feed)
CROSS JOIN LATERAL (SELECT extract(epoch FROM coalesce(:as_of, now()) - f.as_of) AS seconds) AS age
LEFT JOIN (SELECT source, topic, count(*) AS refused FROM dead_letter WHERE replayed_at IS NULL GROUP BY source, topic) AS refused
       ON refused.source = f.feed AND refused.topic = f.topic
ORDER BY f.topic DESC, feed.name, f.feed;

-- consumers --
-- One row a partition: what is in the tables, what the broker holds, and the lag between them in events and in seconds of event time.
SELECT topic, partition, next_offset, high_watermark,
       greatest(coalesce(high_watermark, next_offset) - next_offset, 0) AS lag_messages,
       (CASE WHEN coalesce(high_watermark, next_offset) > next_offset
             THEN greatest(extract(epoch FROM coalesce(:as_of, now()) - newest_event_at), 0) ELSE 0 END)::double precision AS lag_seconds,
       newest_event_at, moved_at, checked_at, consumer
FROM stream_offset
ORDER BY topic, partition;

-- refusals --
-- One row a topic and reason: what was refused and not yet brought back.
SELECT topic, reason, count(*) AS refused, min(refused_at) AS oldest_refused_at, max(refused_at) AS newest_refused_at
FROM dead_letter
WHERE replayed_at IS NULL
GROUP BY topic, reason
ORDER BY refused DESC, reason
LIMIT 50;

-- migrations --
-- What was applied to the schema, newest first.
SELECT version, description, applied_at FROM migration ORDER BY applied_at DESC, version DESC;

-- metric-definitions --
-- What each figure means.
SELECT name, version, unit, definition FROM metric.definition;

-- dead-letters --
-- The refused events, newest first.
SELECT dead_letter_id, topic, partition, "offset", reason, refused_at, replayed_at, octet_length(value) AS bytes, source
FROM dead_letter
WHERE (:include_replayed OR replayed_at IS NULL)
ORDER BY dead_letter_id DESC
LIMIT :most;

-- dead-letter --
-- One refused event, whole.
SELECT dead_letter_id, topic, partition, "offset", key, value, reason, source, refused_at, replayed_at FROM dead_letter WHERE dead_letter_id = :dead_letter_id;

-- feeds-left-off --
-- One row a feed and topic: until when all of it is in the tables, and in how many partitions it was seen.
SELECT feed, topic, min(greatest(newest_event_at, heartbeat_at)) AS as_of, count(greatest(newest_event_at, heartbeat_at)) AS partitions
FROM feed_partition
WHERE feed = ANY(:sources) AND topic = ANY(:topics)
GROUP BY feed, topic;

-- dead-letters-waiting --
-- The numbers of the refused events that were not yet sent again, oldest first.
SELECT dead_letter_id FROM dead_letter WHERE replayed_at IS NULL ORDER BY dead_letter_id;

-- write-dead-letters-replayed --
-- Note that refused events were sent again.
UPDATE dead_letter SET replayed_at = now() WHERE dead_letter_id = ANY(:ids);
