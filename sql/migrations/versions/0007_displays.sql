-- Displays that open the pages of a wall with a token of their own.

CREATE TABLE display (
    display_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL,          -- where it hangs
    token_sha256 text NOT NULL UNIQUE,   -- of the token, in hexadecimal; the token itself is kept nowhere
    made_by      text NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_by   text,
    revoked_at   timestamptz,
    CHECK (expires_at > made_at)
);
COMMENT ON TABLE display IS 'Screens on a wall: each opens the pages of a wall, and nothing else, until its token expires or is revoked.';
