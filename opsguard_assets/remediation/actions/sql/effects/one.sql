-- Returns an effect by its number.
SELECT effect_id, state, idempotency_key, answer
FROM effects
WHERE effect_id = :effect_id
