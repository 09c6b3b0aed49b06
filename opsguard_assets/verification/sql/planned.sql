-- Returns all planned messages.
SELECT effect_id, key, target, state, answer FROM effects WHERE kind = 'message' ORDER BY effect_id
