-- Single-use tokens behind links and buttons; only their digests are kept.
CREATE TABLE link_tokens (
    token_sha256 bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('acknowledge', 'feedback', 'view')),
    subject text NOT NULL,
    recipient text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    result jsonb,
    CHECK (expires_at > created_at),
    CHECK ((used_at IS NULL) = (result IS NULL))
);
CREATE INDEX link_tokens_expiry ON link_tokens (expires_at);
COMMENT ON COLUMN link_tokens.subject IS 'what it may be used for: alert/17 or incident/3';
COMMENT ON COLUMN link_tokens.recipient IS 'who acts by it: a person, or an address';
COMMENT ON COLUMN link_tokens.result IS 'what the first use did; a second use shows it';

-- Requests of Slack that were answered: the same one does nothing twice.
CREATE TABLE slack_requests (
    request_sha256 bytea PRIMARY KEY,
    at timestamptz NOT NULL
);
