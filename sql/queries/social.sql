-- social-topics --
-- One row a topic of posts in [from, to), as known at `as_of`: how many, against the same weekdays and hours of the last eight weeks, the questions among them, those that the city has not answered, and the age of the oldest of these.
WITH period AS (
    SELECT cast(:from AS timestamptz) AS starts_at, known.as_of, least(cast(:to AS timestamptz), known.as_of + interval '1 microsecond') AS ends_at
    FROM (SELECT coalesce(cast(:as_of AS timestamptz), now()) AS as_of) AS known
), week AS MATERIALIZED (
    SELECT w.* FROM period CROSS JOIN LATERAL metric.comparable_social_weeks(period.starts_at, period.ends_at, :zone) AS w
), known AS (
    SELECT count(*) FILTER (WHERE number > 0) AS weeks FROM week
), post AS MATERIALIZED (
    SELECT p.* FROM period CROSS JOIN LATERAL metric.social_posts(period.starts_at, period.ends_at) AS p WHERE p.topics <> '{}'
), told AS (
    SELECT topic, count(*) AS posts, count(*) FILTER (WHERE question) AS questions, count(*) FILTER (WHERE question AND answered_at IS NULL) AS unanswered,
           max(extract(epoch FROM as_of - posted_at)) FILTER (WHERE question AND answered_at IS NULL)::double precision AS oldest_unanswered_seconds,
           count(*) FILTER (WHERE rumor) AS rumors, count(*) FILTER (WHERE verified) AS verified, sum(reposted)::bigint AS reposts
    FROM (
        SELECT unnest(post.topics) AS topic, post.question, post.rumor, post.verified, post.posted_at, period.as_of,
               metric.social_answered_at(post.post_id, period.as_of) AS answered_at,
               metric.social_reposts(post.post_id, post.text, post.posted_at, post.reposts, period.as_of) AS reposted
        FROM post CROSS JOIN period
    ) AS each GROUP BY topic
), before AS (
    SELECT topic, sum(posts) AS posts, array_agg(posts) AS by_week
    FROM (
        SELECT week.number, topic, count(*) AS posts
        FROM week CROSS JOIN LATERAL metric.social_posts(week.starts_at, week.ends_at) AS p CROSS JOIN LATERAL unnest(p.topics) AS topic
        WHERE week.number > 0 GROUP BY 1, 2
    ) AS by_week GROUP BY topic
), judged AS (
    SELECT topic, coalesce(told.posts, 0) AS posts, (coalesce(before.posts, 0) / nullif(known.weeks, 0))::double precision AS usual,
           metric.chance_beside(coalesce(told.posts, 0), before.by_week, known.weeks) AS p, coalesce(told.questions, 0) AS questions,
           coalesce(told.unanswered, 0) AS unanswered, told.oldest_unanswered_seconds, coalesce(told.rumors, 0) AS rumors,
           coalesce(told.verified, 0) AS verified, coalesce(told.reposts, 0) AS reposts
    FROM told FULL JOIN before USING (topic) CROSS JOIN known
)
SELECT topic, posts, usual, (posts + 2) / (usual + 2) AS ratio, p, questions, unanswered, oldest_unanswered_seconds, rumors, verified, reposts
FROM judged
ORDER BY posts DESC, topic;

-- social-unanswered --
-- One row a question or a post with a topic from `from` on that the city had not answered at `as_of`, oldest first, at most `most`; all sources are unverified but those that say so.
SELECT p.post_id, p.posted_at, extract(epoch FROM known.as_of - p.posted_at)::double precision AS age_seconds, p.text, p.topics, p.language, p.question,
       p.rumor, p.verified, metric.social_reposts(p.post_id, p.text, p.posted_at, p.reposts, known.as_of) AS reposts, p.url, p.source, p.latitude, p.longitude
FROM (SELECT coalesce(cast(:as_of AS timestamptz), now()) AS as_of) AS known
CROSS JOIN LATERAL metric.social_posts(coalesce(cast(:from AS timestamptz), '-infinity'), known.as_of + interval '1 microsecond') AS p
WHERE p.topics <> '{}' AND metric.social_answered_at(p.post_id, known.as_of) IS NULL
ORDER BY p.posted_at, p.post_id
LIMIT :most;

-- social-by-hour --
-- One row an hour of the city's clock and topic in [from, to) in which anything was posted by `as_of`.
SELECT date_trunc('hour', p.posted_at, :zone) AS hour_start, topic, count(*) AS posts, count(*) FILTER (WHERE p.question) AS questions
FROM metric.social_posts(
    cast(:from AS timestamptz), least(cast(:to AS timestamptz), coalesce(cast(:as_of AS timestamptz), now()) + interval '1 microsecond')
) AS p CROSS JOIN LATERAL unnest(p.topics) AS topic
GROUP BY 1, 2
ORDER BY 1, 2;

-- intake-social-texts --
-- The posts whose text is kept, in order, after one: what the rules of topics are applied to again.
SELECT post_id, text, language, topics, question, rumor FROM social_post
WHERE post_id > %(after)s AND text IS NOT NULL ORDER BY post_id LIMIT %(most)s;

-- write-social-topics --
-- Give a post the topics of other rules, unless its text changed meanwhile.
UPDATE social_post SET topics = %(topics)s, question = %(question)s, rumor = %(rumor)s WHERE post_id = %(post_id)s AND text = %(text)s;

-- write-social-repeats --
-- Take from the count what repeats a post of its author whose text is about to be forgotten.
UPDATE social_post AS p SET topics = '{}', question = false, rumor = false
FROM social_post AS before
WHERE before.received_at < %(before)s AND before.author_hash = p.author_hash AND before.text = p.text
  AND (before.posted_at, before.post_id) < (p.posted_at, p.post_id) AND before.posted_at >= p.posted_at - interval '24 hours'
  AND (p.topics <> '{}' OR p.question OR p.rumor);

-- write-social-reposts --
-- Keep with a post whose text is about to be forgotten how often its words were repeated, as nobody could tell it afterwards.
UPDATE social_post AS p SET reposts = least(metric.social_reposts(p.post_id, p.text, p.posted_at, p.reposts, now()), 2000000000)
WHERE p.text IS NOT NULL AND p.received_at < %(before)s
  AND metric.social_reposts(p.post_id, p.text, p.posted_at, p.reposts, now()) > p.reposts;

-- write-social-retention --
-- Forget the texts of posts that came before an instant.
UPDATE social_post SET text = NULL WHERE text IS NOT NULL AND received_at < %(before)s;
