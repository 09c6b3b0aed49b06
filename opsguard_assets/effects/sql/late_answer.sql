-- Keeps an answer that came after the lease had ended. It changes no state: somebody else has taken the effect up.
INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
SELECT effect_id, :at, :actor, state, state, :words FROM effects
WHERE effect_id = :effect_id
