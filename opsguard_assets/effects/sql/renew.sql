-- Prolongs a lease before something is sent under it. Returns the number; no row where the lease was lost.
UPDATE effects SET due_at = :until
WHERE effect_id = :effect_id AND state = 'sending' AND lease = CAST(:lease AS uuid)
RETURNING effect_id
