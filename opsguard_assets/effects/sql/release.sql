-- Gives back effects that were claimed with others and not handed over: they are planned, as before.
WITH released AS (
    UPDATE effects
    SET state = 'planned', due_at = :now, attempts = attempts - 1, lease = NULL, worker = NULL
    WHERE effect_id = ANY (:effect_ids) AND state = 'sending' AND lease = CAST(:lease AS uuid)
    RETURNING effect_id
)
INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
SELECT effect_id, :now, :actor, 'sending', 'planned', 'given back: it was not its turn' FROM released
