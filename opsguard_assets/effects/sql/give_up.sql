-- Ends what could not be handed over in time, also where its target is not asked at the moment. The time counts from
-- when it was due first.
-- Returns the numbers of what has failed.
WITH late AS (
    SELECT effect_id, CAST(:words AS text) || COALESCE('; last answer: ' || answer, '') AS words FROM effects
    WHERE kind = :kind AND state = 'planned' AND COALESCE(first_due_at, planned_at) < :before
    FOR UPDATE SKIP LOCKED
),
failed AS (
    UPDATE effects AS e SET state = 'failed', answer = late.words, settled_at = :at, settled_by = :actor
    FROM late
    WHERE e.effect_id = late.effect_id
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, :at, :actor, 'planned', 'failed', words FROM late
)
SELECT effect_id FROM late
