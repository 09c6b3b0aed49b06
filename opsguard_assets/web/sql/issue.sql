-- Adds the tokens of one link, one per purpose.
INSERT INTO link_tokens (token_sha256, purpose, subject, recipient, created_at, expires_at)
SELECT digest, purpose, :subject, :recipient, :at, :expires_at
FROM unnest(CAST(:digests AS bytea[]), CAST(:purposes AS text[])) AS each (digest, purpose)
