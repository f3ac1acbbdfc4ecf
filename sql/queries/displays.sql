-- displays --
-- Every display's token, the newest first: until when it holds, and whether it was revoked.
SELECT display_id, name, token_sha256, made_by, made_at, expires_at, revoked_by, revoked_at FROM display ORDER BY display_id DESC;

-- write-display --
-- A new display's token, of which only the hash is kept.
WITH added AS (
    INSERT INTO display (name, token_sha256, made_by, expires_at)
    VALUES (:name, :token_sha256, :who, :expires_at)
    RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, after)
    SELECT :who, 'display', display_id::text, to_jsonb(added) - 'token_sha256' FROM added
)
SELECT display_id FROM added;

-- write-display-revoked --
-- Ends a display's token; no row: it was ended already.
WITH revoked AS (
    UPDATE display SET revoked_by = :who, revoked_at = now() WHERE display_id = :display_id AND revoked_at IS NULL RETURNING *
), noted AS (
    INSERT INTO audit (who, what, subject, after)
    SELECT :who, 'display', display_id::text, to_jsonb(revoked) - 'token_sha256' FROM revoked
)
SELECT display_id FROM revoked;
