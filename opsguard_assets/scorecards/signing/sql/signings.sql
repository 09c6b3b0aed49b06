-- Returns the chain.
SELECT place, client_id, month, number, digest, signed_by, signed_at, reason, previous, link
FROM scorecard_signings
ORDER BY place
