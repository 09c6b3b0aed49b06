-- Prolongs a lease before something is sent under it that certainly did not happen before: a new hand-over begins,
-- and what was said of the one before counts no more. Returns the number; no row where the lease was lost.
UPDATE effects SET due_at = :until, sent_at = :now, answer = NULL
WHERE effect_id = :effect_id AND state = 'sending' AND lease = CAST(:lease AS uuid)
RETURNING effect_id
