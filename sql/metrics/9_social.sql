-- Public posts: which of them count, and the weeks with which a period is compared. What is posted is known from `posted_at` on.

-- The id by which a repetition without structure (`RT @…`) finds the posts whose words it repeats; `streams.social.posts.text_id` is the same.
CREATE FUNCTION metric.social_text_id(words text) RETURNS text
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT 'text-' || left(encode(sha256(convert_to(btrim(regexp_replace($1, '\s+', ' ', 'g')), 'UTF8')), 'hex'), 20)
$$;

-- One row a post in [starts_at, ends_at) that counts: not one with which an author repeats, word for word, what he posted within the day before.
-- `topics` has `other` where a post asks or tells something of the city that has no topic.
CREATE FUNCTION metric.social_posts(starts_at timestamptz, ends_at timestamptz)
RETURNS TABLE (
    post_id text, source text, posted_at timestamptz, text text, language text, topics text[], question boolean, rumor boolean,
    verified boolean, reposts integer, url text, latitude double precision, longitude double precision
)
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT p.post_id, p.source, p.posted_at, p.text, p.language,
           CASE WHEN p.topics = '{}' AND (p.question OR p.rumor) THEN '{other}' ELSE p.topics END,
           p.question, p.rumor, p.verified, p.reposts, p.url, p.latitude, p.longitude
    FROM (
        SELECT s.*, lag(s.posted_at) OVER (PARTITION BY s.author_hash, s.text ORDER BY s.posted_at, s.post_id) AS posted_before
        FROM social_post AS s WHERE s.posted_at >= $1 - interval '24 hours' AND s.posted_at < $2
    ) AS p
    WHERE p.posted_at >= $1
      AND (p.author_hash IS NULL OR p.text IS NULL OR p.posted_before IS NULL OR p.posted_before < p.posted_at - interval '24 hours')
$$;

-- How often a post was reposted by `as_of`: as its service told, or as many reposts as came, whichever is more.
CREATE FUNCTION metric.social_reposts(post_id text, words text, posted_at timestamptz, told integer, as_of timestamptz) RETURNS bigint
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT greatest($4, count(*)) FROM social_repost AS r
    WHERE r.reposted_at <= $5 AND (r.post_id = $1
       OR (r.post_id = metric.social_text_id($2) AND r.reposted_at >= $3 AND r.reposted_at < $3 + interval '30 days'))
$$;

-- When the city first answered a post, as known at `as_of`; NULL: it did not.
CREATE FUNCTION metric.social_answered_at(post_id text, as_of timestamptz) RETURNS timestamptz
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT min(r.replied_at) FROM social_reply AS r WHERE r.post_id = $1 AND r.replied_at <= $2
$$;

-- The same as `metric.quiet_weeks`, of the weeks of which there are posts.
CREATE FUNCTION metric.comparable_social_weeks(from_at timestamptz, to_at timestamptz, zone text)
RETURNS TABLE (number integer, starts_at timestamptz, ends_at timestamptz) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT week.* FROM metric.quiet_weeks($1, $2, $3) AS week
    WHERE week.number = 0 OR week.starts_at >= (SELECT min(posted_at) FROM social_post)
$$;
