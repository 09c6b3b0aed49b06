-- Settles planned effects of a kind whose payload holds some values, unless it also holds one of some others.
-- Returns their numbers. Planned effects are few, and the index of what is due finds them.
WITH settled AS (
    UPDATE effects SET state = 'superseded', answer = :words, settled_at = :at, settled_by = :actor
    WHERE kind = :kind AND state = 'planned' AND payload @> CAST(:holding AS jsonb)
    AND NOT EXISTS (SELECT FROM jsonb_array_elements(CAST(:unless AS jsonb)) AS other WHERE payload @> other.value)
    RETURNING effect_id
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, :at, :actor, 'planned', 'superseded', :words FROM settled
)
SELECT effect_id FROM settled
