-- Ends a doubt, once: a person says whether the effect happened. Returns its number; no row where it is not in doubt.
WITH resolved AS (
    UPDATE effects SET state = :state, answer = :words, settled_at = :at, settled_by = :actor
    WHERE effect_id = :effect_id AND state = 'unknown'
    RETURNING effect_id
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, :at, :actor, 'unknown', :state, :words FROM resolved
)
SELECT effect_id FROM resolved
