-- Returns an effect by its key.
SELECT effect_id, state, idempotency_key, answer
FROM effects
WHERE kind = :kind AND key = :key
