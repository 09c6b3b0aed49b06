-- Settles effects that nothing outside has to hear of, in the transaction that plans them.
-- Returns the numbers of those that were still planned.
WITH settled AS (
    UPDATE effects SET state = :state, answer = :words, settled_at = :at, settled_by = :actor
    WHERE effect_id = ANY (:effect_ids) AND state = 'planned'
    RETURNING effect_id
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, :at, :actor, 'planned', :state, :words FROM settled
)
SELECT effect_id FROM settled
