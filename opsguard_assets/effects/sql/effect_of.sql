-- Returns an effect as a worker would see it, whatever its state.
SELECT effect_id, kind, key, idempotency_key, target, payload, state AS found_in, attempts, planned_at,
       sent_at AS sent_before, answer, COALESCE(CAST(lease AS text), '') AS lease
FROM effects
WHERE effect_id = :effect_id
