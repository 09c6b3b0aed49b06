-- Uses a token up, unless it is used up or has expired; returns whose it is. A second user waits for the first one here.
UPDATE link_tokens
SET used_at = :at, result = '{}'
WHERE token_sha256 = :digest AND used_at IS NULL AND expires_at > :at
RETURNING purpose, subject, recipient, expires_at, used_at, result
