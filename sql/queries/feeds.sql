-- feed-topics --
-- One row a topic of a feed (`topic` NULL: all of its topics), locked: what is heard of it is told after the transaction.
SELECT DISTINCT p.topic, metric.freshness(extract(epoch FROM now() - f.as_of), feed.cadence_seconds) AS state
FROM (SELECT topic FROM feed_partition WHERE feed = :feed FOR UPDATE) AS p
JOIN metric.feeds AS f ON f.feed = :feed AND f.topic = p.topic
JOIN feed ON feed.feed = f.feed
WHERE p.topic = coalesce(:topic, p.topic)
ORDER BY p.topic;

-- feed-names --
-- One row a feed that was ever heard.
SELECT DISTINCT feed FROM feed_partition ORDER BY feed;

-- write-feed-topic-retired --
-- Forget how far a feed had come in a topic, and note who retired it; what it told stays.
WITH gone AS (
    DELETE FROM feed_partition WHERE feed = :feed AND topic = :topic RETURNING *
)
INSERT INTO audit (who, what, subject, before) SELECT :who, 'feed', :feed, jsonb_agg(to_jsonb(gone) ORDER BY partition) FROM gone;

-- write-feed-retired --
-- Forget the name of a feed of which no topic is left, and which queues it told of; 1 row if it was so.
WITH gone AS (
    DELETE FROM feed WHERE feed = :feed AND NOT EXISTS (SELECT FROM feed_partition WHERE feed = :feed) RETURNING feed
), queues AS (
    DELETE FROM queue_feed WHERE feed IN (SELECT feed FROM gone)
)
SELECT feed FROM gone;

-- feed-alerts --
-- One row an open alert of our own about a feed.
SELECT rule FROM watch_alert WHERE subject = :feed AND cleared_at IS NULL ORDER BY rule;

-- write-feed-unjudged --
-- Forget how rules stood with a feed.
DELETE FROM watch_state WHERE subject = :feed;
