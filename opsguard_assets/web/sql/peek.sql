-- Returns a token that has not expired.
SELECT purpose, subject, recipient, expires_at, used_at, result
FROM link_tokens
WHERE token_sha256 = :digest AND expires_at > :at
